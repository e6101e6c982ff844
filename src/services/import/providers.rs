//! Definitions of one's own, and the OAuth clients at providers.

use super::compare;
use super::plan::Draft;
use super::report::Outcome;
use super::service::Import;
use crate::catalog::{self, Checked};
use crate::clock::to_unix_millis;
use crate::legacy::{Kind, OldClient, OldDefinition};
use crate::model::provider::text_dialect;
use crate::model::{Provider, ProviderName};
use crate::services::Error;
use crate::store::{CustomProvider, ProviderClientRecord, Reading};
use serde_json::Value;
use std::collections::BTreeSet;

impl Import {
    pub(super) async fn definitions(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for old in &draft.old.definitions {
            let checked = match self.check(old, draft.force) {
                Ok(checked) => checked,
                Err(reason) => {
                    draft
                        .report
                        .tell(Kind::Providers, &old.name, Outcome::Skipped, reason);
                    continue;
                }
            };
            let provider = checked.provider;
            if !seen.insert(provider.name.clone()) {
                let reason = "another definition has the same name";
                draft
                    .report
                    .tell(Kind::Providers, &old.name, Outcome::Skipped, reason);
                continue;
            }
            self.definition(provider, reader, draft).await?;
        }
        Ok(())
    }

    /// The rules of a registration: the catalog's, and nobody else's hosts.
    fn check(&self, old: &OldDefinition, force: bool) -> Result<Checked, String> {
        let checked = read(&old.text)?;
        if holds_control(&serde_json::to_value(&checked.provider).unwrap_or_default()) {
            return Err("it holds a control character inside a text".to_owned());
        }
        if checked.provider.name.as_str() != old.name {
            return Err(format!("it defines `{}`", checked.provider.name));
        }
        match self.catalog.conflicts(&checked.provider).first() {
            Some(conflict) if !force => Err(format!("{conflict}; `--force` takes it over")),
            _ => Ok(checked),
        }
    }

    async fn definition(
        &self,
        provider: Provider,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        let name = provider.name.clone();
        let outcome = match self.known(&name, reader).await? {
            None => Outcome::Imported,
            Some(Some(here)) if here == provider => Outcome::Unchanged,
            Some(_) if draft.force => Outcome::Replaced,
            Some(_) => Outcome::Differs,
        };
        match outcome {
            Outcome::Imported | Outcome::Replaced => {
                let row = self.seal_definition(&provider).await?;
                draft.plan.definitions.push(row);
                draft.report.add(Kind::Providers, outcome);
            }
            Outcome::Unchanged => draft.report.add(Kind::Providers, outcome),
            Outcome::Differs | Outcome::Skipped => {
                let reason = "it is defined in another way here; `--force` takes the old one";
                draft.report.tell(Kind::Providers, name, outcome, reason);
            }
        }
        Ok(())
    }

    /// The definition of one's own that is in use here; `Some(None)` for one that does not read.
    async fn known(
        &self,
        name: &ProviderName,
        reader: &mut Reading,
    ) -> Result<Option<Option<Provider>>, Error> {
        if let Some(row) = reader.find_custom_provider(name).await? {
            let version = to_unix_millis(row.updated_at);
            let opened = self.vaults.open_definition(name, version, &row.sealed);
            let read = match opened.await {
                Ok(json) => serde_json::from_slice(&json).ok(),
                Err(wrong) if wrong.is_integrity() => None,
                Err(wrong) => return Err(wrong.into()),
            };
            return Ok(Some(read));
        }
        if self.catalog.is_custom(name) {
            let found = self.catalog.find(name).ok().flatten();
            return Ok(Some(found.map(|found| Provider::clone(&found))));
        }
        Ok(None)
    }

    async fn seal_definition(&self, provider: &Provider) -> Result<CustomProvider, Error> {
        let json = serde_json::to_vec(provider).map_err(Error::internal)?;
        let version = to_unix_millis(self.now);
        let sealed = self.vaults.seal_definition(&provider.name, version, &json);
        Ok(CustomProvider {
            name: provider.name.clone(),
            sealed: sealed.await?,
            created_by: None,
            created_at: self.now,
            updated_at: self.now,
        })
    }

    pub(super) async fn clients(
        &self,
        reader: &mut Reading,
        draft: &mut Draft<'_>,
    ) -> Result<(), Error> {
        for old in &draft.old.clients {
            let here = reader.find_provider_client(&old.provider).await?;
            let outcome = match &here {
                None => Outcome::Imported,
                Some(row) if self.is_same_client(row, old).await? => Outcome::Unchanged,
                Some(_) if draft.force => Outcome::Replaced,
                Some(_) => Outcome::Differs,
            };
            match outcome {
                Outcome::Imported | Outcome::Replaced => {
                    let write = self.seal_client(here.as_ref(), old).await?;
                    draft.plan.clients.push(write);
                    draft.report.add(Kind::ProviderClients, outcome);
                }
                Outcome::Unchanged => draft.report.add(Kind::ProviderClients, outcome),
                Outcome::Differs | Outcome::Skipped => {
                    let reason = "another OAuth client is set here; `--force` takes the old one";
                    draft
                        .report
                        .tell(Kind::ProviderClients, &old.provider, outcome, reason);
                }
            }
        }
        Ok(())
    }

    async fn is_same_client(
        &self,
        row: &ProviderClientRecord,
        old: &OldClient,
    ) -> Result<bool, Error> {
        let opened = self
            .vaults
            .open_client(&row.provider, row.version, &row.sealed);
        match opened.await {
            Ok(here) => Ok(compare::same_client(&here, &old.client)),
            Err(wrong) if wrong.is_integrity() => Ok(false),
            Err(wrong) => Err(wrong.into()),
        }
    }

    async fn seal_client(
        &self,
        here: Option<&ProviderClientRecord>,
        old: &OldClient,
    ) -> Result<(ProviderClientRecord, Option<i64>), Error> {
        let from_version = here.map(|row| row.version);
        let version = self.next_version(from_version);
        let sealed = self.vaults.seal_client(&old.provider, version, &old.client);
        let record = ProviderClientRecord {
            provider: old.provider.clone(),
            version,
            metadata: serde_json::Map::new(),
            sealed: sealed.await?,
            created_at: here.map_or(self.now, |row| row.created_at),
            updated_at: self.now,
        };
        Ok((record, from_version))
    }
}

/// Reads a definition as 0.5 took them: `api_url` could be a host with a path behind it, which is a
/// URL here.
fn read(text: &str) -> Result<Checked, String> {
    if text.len() > catalog::LARGEST {
        return Err("it is larger than a definition may be".to_owned());
    }
    let read = jsonc_parser::parse_to_serde_value::<Value>(text, &text_dialect());
    let Ok(mut definition) = read else {
        // It says where the text is no JSON.
        return catalog::parse(text).map_err(|wrong| wrong.to_string());
    };
    match definition.get_mut("api_url") {
        Some(Value::Array(entries)) => entries.iter_mut().for_each(spell_out),
        Some(entry) => spell_out(entry),
        None => {}
    }
    catalog::check(definition).map_err(|wrong| wrong.to_string())
}

fn spell_out(entry: &mut Value) {
    if let Value::String(text) = entry
        && text.contains('/')
        && !text.contains("://")
        && !text.starts_with("regex:")
    {
        *text = format!("https://{text}");
    }
}

/// As for a registration: nothing of ours needs one.
fn holds_control(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(char::is_control),
        Value::Array(list) => list.iter().any(holds_control),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.chars().any(char::is_control) || holds_control(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
