//! Authenticated encryption, key derivation, key wrapping and proofs.
