//! Reads, checks and embeds the provider definitions.
