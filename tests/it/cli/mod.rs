//! Cli stories.
