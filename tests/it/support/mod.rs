//! Support stories.
