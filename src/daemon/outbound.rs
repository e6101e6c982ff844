//! The daemon's own way to providers: the public Internet and what the operator opened, over TLS that
//! trusts the machine's roots and the operator's.

use crate::config::Config;
use crate::oauth::{Reach, Transport};
use crate::proxy;
use std::path::PathBuf;

pub(super) fn transport(config: &Config) -> Transport {
    let private = config.private_hosts.clone();
    let reach = Reach::new(move |host, address| match address {
        Some(address) => private.iter().any(|entry| entry.allows(host, address)),
        None => private.iter().any(|entry| entry.names(host)),
    });
    let files = config.root_files();
    let roots: Vec<PathBuf> = files.map(|(_, file)| file.to_owned()).collect();
    Transport::new(move || proxy::trusting(&roots), reach)
}
