//! The environment a child process inherits, without anything that is ours to keep.

use super::clients;
use super::variables::VARIABLES;
use std::ffi::{OsStr, OsString};

/// A snapshot of this process's environment without the secrets of Authsome and its exporters.
#[derive(Clone)]
pub struct ChildEnvironment {
    vars: Vec<(OsString, OsString)>,
}

impl ChildEnvironment {
    /// Takes the environment as it is now.
    pub fn capture() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// What remains of `pairs`; for tests and for an environment that was read before.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self {
            vars: pairs
                .into_iter()
                .filter(|(name, _)| !is_ours(name))
                .collect(),
        }
    }

    /// Every variable a child may see, in the order the process had them.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// One variable, whatever its bytes.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }
}

/// Names only: a value could be anybody's secret.
impl std::fmt::Debug for ChildEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.vars.iter().map(|(name, _)| name))
            .finish()
    }
}

fn is_ours(name: &OsStr) -> bool {
    VARIABLES.iter().any(|v| v.withheld && name == v.name) || clients::is_ours(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_ours_are_withheld_and_everything_else_stays() {
        let pairs = [
            ("AUTHSOME_MASTER_KEY", "m"),
            ("AUTHSOME_IDENTITY_PRIVATE_KEY", "k"),
            ("AUTHSOME_DATABASE_URL", "d"),
            ("AUTHSOME_ACME_CLIENT_SECRET", "s"),
            ("AUTHSOME_HOME", "/h"),
            ("PATH", "/bin"),
        ]
        .map(|(n, v)| (OsString::from(n), OsString::from(v)));
        let child = ChildEnvironment::from_pairs(pairs);
        let names: Vec<_> = child.vars().map(|(n, _)| n.to_owned()).collect();
        assert_eq!(names, ["AUTHSOME_HOME", "PATH"]);
        assert!(!format!("{child:?}").contains("/bin"));
        assert_eq!(child.get("PATH"), Some(OsStr::new("/bin")));
    }
}
