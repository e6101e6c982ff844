//! What the client of 0.5 kept: its settings, the private keys of its identities, and definitions
//! in files.

use super::Error;
use super::copy::Place;
use super::home::{Kind, OldDefinition, OldHome, OldKey};
use crate::crypto::SigningKeyPair;
use crate::model::Handle;
use crate::secret::IdentityKey;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::Path;
use zeroize::Zeroizing;

/// The largest file that is read here (bytes).
const LARGEST: u64 = 64 * 1024;
/// The most files of one directory.
const MOST: usize = 10_000;

pub(super) fn read(place: &Place, into: &mut OldHome) -> Result<(), Error> {
    into.active = active(place)?;
    for name in names(place, "client/identities", ".key")? {
        match key(place, &name) {
            Ok(key) => into.keys.push(key),
            Err(reason) => into.skip(Kind::Keys, &name, reason),
        }
    }
    for name in names(place, "providers", ".json")? {
        let file = format!("providers/{name}.json");
        match text(place, &file) {
            Ok(text) => into.definitions.push(OldDefinition {
                name,
                text: text.as_str().to_owned(),
            }),
            Err(reason) => into.skip(Kind::Providers, &name, reason),
        }
    }
    Ok(())
}

/// Settings that do not read name nobody.
fn active(place: &Place) -> Result<Option<Handle>, Error> {
    let Some(bytes) = place.read(Path::new("client/config.json"), LARGEST)? else {
        return Ok(None);
    };
    let read: Option<Value> = serde_json::from_slice(&bytes).ok();
    let handle = read.as_ref().and_then(|value| value.get("active_identity"));
    Ok(handle
        .and_then(Value::as_str)
        .and_then(|handle| handle.parse().ok()))
}

/// The names of the files with this ending, without it, in order.
fn names(place: &Place, directory: &str, ending: &str) -> Result<Vec<String>, Error> {
    let path = place.home.join(directory);
    let unreadable = |source| Error::Unreadable {
        path: path.clone(),
        source,
    };
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(unreadable(source)),
    };
    let mut names = Vec::new();
    for entry in entries.take(MOST) {
        let name = entry.map_err(unreadable)?.file_name();
        if let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(ending)) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn key(place: &Place, name: &str) -> Result<OldKey, String> {
    let handle: Handle = name.parse().map_err(|_| "its handle is not one we take")?;
    let text = text(place, &format!("client/identities/{name}.key"))?;
    let pair = SigningKeyPair::from_hex(&text).map_err(|_| "it is not a private key")?;
    Ok(OldKey {
        handle,
        did: pair.did(),
        key: IdentityKey::new(pair.to_hex().as_str()),
    })
}

fn text(place: &Place, relative: &str) -> Result<Zeroizing<String>, String> {
    let read = place.read(Path::new(relative), LARGEST);
    let bytes = read
        .map_err(|e| e.to_string())?
        .ok_or("it is not there any more")?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(wrong) => {
            drop(Zeroizing::new(wrong.into_bytes()));
            Err("it is not text".to_owned())
        }
    }
}
