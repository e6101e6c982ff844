//! The typed HTTP client of the daemon.
