//! The pages as a person meets them, in a real browser: a file for each area.

mod agents;
mod audit;
mod entrance;
mod inspection;
mod keyboard;
mod logins;
mod overview;
mod people;
mod providers;
mod settings;
