//! Security stories.
