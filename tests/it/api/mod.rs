//! Api stories.
