//! What a collector is told of a running Authsome.

mod exporters;
mod whole;
