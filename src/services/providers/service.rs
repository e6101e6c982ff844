//! Provider definitions: bundled, from the home, and registered.
#![expect(
    clippy::unused_async,
    unused_variables,
    reason = "the signatures land first; the bodies follow"
)]

use crate::model::{ErrorCode, Provider, ProviderName};
use crate::services::{Actor, Error};
use std::sync::Arc;

/// Every definition in use; a custom one hides the bundled one of its name.
#[derive(Debug, Clone, Default)]
pub struct ProviderList {
    pub bundled: Vec<Arc<Provider>>,
    pub custom: Vec<Arc<Provider>>,
}

/// A definition that was taken.
#[derive(Debug, Clone)]
pub struct Registered {
    pub provider: Arc<Provider>,
    /// What an administrator should know, such as a reserved host that was confirmed.
    pub warnings: Vec<String>,
}

/// What `remove` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// A custom definition is gone.
    Removed,
    /// A bundled one is as it was shipped; its connections are revoked.
    Reset,
}

/// Finds, registers and removes definitions.
#[derive(Debug, Clone)]
pub struct Providers {}

impl Providers {
    pub async fn list(&self) -> Result<ProviderList, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// `ProviderNotFound` when there is none.
    pub async fn get(&self, name: &ProviderName) -> Result<Arc<Provider>, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Takes a definition (administrators only). One that exists, or that names a host of a
    /// bundled provider, needs `force`.
    pub async fn register<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        definition: serde_json::Value,
        force: bool,
    ) -> Result<Registered, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }

    /// Removes a custom definition or resets a bundled one, and revokes the connections
    /// (administrators only).
    pub async fn remove<'a>(
        &self,
        actor: impl Into<Actor<'a>>,
        name: &ProviderName,
    ) -> Result<Removed, Error> {
        Err(Error::new(ErrorCode::Internal, "not built yet"))
    }
}
