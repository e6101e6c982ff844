//! Why the cookies of a browser cannot be had.

use std::io;
use std::path::PathBuf;

/// Why a browser's cookies cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no profile of Firefox with cookies was found in {}", shown(.looked))]
    NoProfile { looked: Vec<PathBuf> },
    #[error("the cookies of Firefox at {} cannot be copied", path.display())]
    Copy {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the cookies of Firefox at {} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: sqlx::Error,
    },
    #[error("Firefox has no cookies of {}", domains.join(", "))]
    NoCookies { domains: Vec<String> },
}

fn shown(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}
