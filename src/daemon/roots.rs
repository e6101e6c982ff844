//! The files of root certificates that the environment names, looked at before anything needs them:
//! what is wrong with one would show at the first provider only, as a certificate nobody trusts.

use super::Error;
use crate::config::Config;
use crate::proxy;

/// What is wrong with each file that cannot be used.
pub fn unusable_roots(config: &Config) -> Vec<Error> {
    config
        .root_files()
        .filter_map(|(name, path)| {
            let source = proxy::check_root_file(path).err()?;
            Some(Error::Roots {
                name,
                path: path.to_owned(),
                source,
            })
        })
        .collect()
}

/// The same for whoever needs them all; the first that cannot be used is said.
pub fn check_roots(config: &Config) -> Result<(), Error> {
    unusable_roots(config)
        .into_iter()
        .next()
        .map_or(Ok(()), Err)
}
