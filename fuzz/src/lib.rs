//! What the fuzz targets call; see `entries`.

pub mod entries;
