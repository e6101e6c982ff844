//! The pages as a person meets them, in a real browser: a file for each area.

mod entrance;
mod inspection;
mod keyboard;
mod logins;
mod providers;
