//! One binary of black-box tests: what a user or an attacker can observe.

mod api;
mod architecture;
mod cli;
mod proxy;
mod security;
mod store;
mod support;
mod vectors;
