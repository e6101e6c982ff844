//! Proxy stories.
