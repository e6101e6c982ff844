//! Seal and open: where plaintext meets ciphertext.
