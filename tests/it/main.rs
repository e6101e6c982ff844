//! One binary of black-box tests: what a user or an attacker can observe.
//!
//! `cfg(test)` on each room tells the lints that helpers may unwrap, too.

#[cfg(test)]
mod api;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod import;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod security;
#[cfg(test)]
mod services;
#[cfg(test)]
mod store;
#[cfg(test)]
#[expect(
    dead_code,
    reason = "the stories that need the rest come with the daemon"
)]
mod support;
#[cfg(test)]
mod telemetry;
#[cfg(test)]
mod vectors;
