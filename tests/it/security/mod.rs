//! The rows of `docs/security.md`, each under its number.

mod s48_swapped_records;
mod s49_downgrade;
mod s50_wrong_key;
mod s52_modes_and_links;
