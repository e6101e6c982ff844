//! All definitions in use: the bundled ones and those of the home's files, which win.

use super::home::{Broken, FileProblem, HomeFiles, Snapshot};
use super::{Conflict, bundled, conflict};
use crate::model::api_url::ApiUrl;
use crate::model::{Provider, ProviderName};
use std::path::PathBuf;
use std::sync::Arc;

/// Finds and lists definitions; cheap to clone.
///
/// Definitions that came by the API live in the store and are the caller's to put beside these.
#[derive(Debug, Clone)]
pub struct Catalog {
    files: Option<Arc<HomeFiles>>,
}

/// Every definition in use, each list sorted by name.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Without those that a file of the same name hides, also one that cannot be used.
    pub bundled: Vec<Arc<Provider>>,
    /// From files.
    pub custom: Vec<Arc<Provider>>,
    /// Files that could not be used, and warnings about those that are.
    pub problems: Vec<FileProblem>,
}

impl Catalog {
    /// The bundled definitions alone.
    pub fn bundled() -> Self {
        Self { files: None }
    }

    /// The bundled definitions and those in `dir`, which need not exist.
    pub fn with_custom(dir: impl Into<PathBuf>) -> Self {
        Self {
            files: Some(Arc::new(HomeFiles::new(dir.into()))),
        }
    }

    /// One definition: a file's, else the bundled one. Looks at the disk only for a name it does
    /// not know or cannot read, so that it can be asked on every request; [`Catalog::list`] notices
    /// changes. A name whose file cannot be used is an error, never the bundled definition.
    pub fn find(&self, name: &ProviderName) -> Result<Option<Arc<Provider>>, Broken> {
        let bundled = bundled::find(name);
        let Some(files) = &self.files else {
            return Ok(bundled);
        };
        let found = match files.known().find(name) {
            Ok(None) if bundled.is_some() => return Ok(bundled),
            Ok(None) | Err(_) => files.current().find(name)?,
            Ok(found) => found,
        };
        Ok(found.or(bundled))
    }

    /// A bundled definition, whatever hides it.
    pub fn find_bundled(&self, name: &ProviderName) -> Option<Arc<Provider>> {
        bundled::find(name)
    }

    /// Whether `name` is a file's, usable or not.
    pub fn is_custom(&self, name: &ProviderName) -> bool {
        self.files
            .as_ref()
            .is_some_and(|files| !matches!(files.known().find(name), Ok(None)))
    }

    /// Everything, with files read anew where they changed.
    pub fn list(&self) -> Listing {
        let snapshot = self.current();
        let mut problems = snapshot.problems.clone();
        for provider in snapshot.providers.values() {
            problems.extend(self.file_conflicts(provider));
        }
        let (bundled, custom) = in_use(&snapshot);
        Listing {
            bundled,
            custom,
            problems,
        }
    }

    /// The bundled definitions and the custom ones, as [`Catalog::list`] has them, without looking for
    /// what is wrong with them.
    pub fn definitions(&self) -> (Vec<Arc<Provider>>, Vec<Arc<Provider>>) {
        in_use(&self.current())
    }

    fn current(&self) -> Arc<Snapshot> {
        match &self.files {
            Some(files) => files.current(),
            None => Arc::new(Snapshot::default()),
        }
    }

    /// Whoever can write to the home may take a host; it is still said.
    fn file_conflicts(&self, provider: &Provider) -> Vec<FileProblem> {
        let path = format!("{}.json", provider.name);
        self.conflicts(provider)
            .into_iter()
            .filter(|conflict| matches!(conflict, Conflict::Host { .. }))
            .map(|conflict| FileProblem {
                path: PathBuf::from(&path),
                is_warning: true,
                message: conflict.to_string(),
            })
            .collect()
    }

    /// What `custom` would take from bundled providers: their name, or their hosts. Not empty means
    /// that an administrator must confirm.
    pub fn conflicts(&self, custom: &Provider) -> Vec<Conflict> {
        bundled::all()
            .flat_map(|own| conflict::between(custom, &own))
            .collect()
    }

    /// The bundled provider that a host belongs to.
    pub fn host_owner(&self, host: &str) -> Option<ProviderName> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let owns = |entry: &String| entry.parse::<ApiUrl>().is_ok_and(|e| e.matches_host(&host));
        bundled::all()
            .find(|provider| provider.at_site(None).api_url.iter().any(owns))
            .map(|provider| provider.name.clone())
    }
}

fn in_use(snapshot: &Snapshot) -> (Vec<Arc<Provider>>, Vec<Arc<Provider>>) {
    let bundled = bundled::all();
    let bundled = bundled.filter(|provider| matches!(snapshot.find(&provider.name), Ok(None)));
    let custom = snapshot.providers.values().cloned();
    (bundled.collect(), custom.collect())
}
