//! The intercepting proxy of one run.
