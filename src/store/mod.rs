//! SQL, rows and transactions; sees ciphertext only.
