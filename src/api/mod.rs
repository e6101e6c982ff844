//! Wire types and paths, shared by server and client.
