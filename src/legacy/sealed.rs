//! The key-value store of 0.5: entries in `Cache`, each a JSON envelope around a sealed value.

use super::Error;
use super::copy::Place;
use super::key::{DataKey, Sealed};
use super::sqlite::{Row, Rows, Table};
use crate::crypto::aead;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::path::{Component, Path};
use zeroize::{Zeroize as _, Zeroizing};

/// Largest value that lives in a file of its own (bytes).
const LARGEST_FILE: u64 = 1 << 20;

pub(super) const TABLE: Table = Table {
    name: "Cache",
    columns: &["key", "value", "filename"],
    order: "store_time",
    most: 200_000,
};

const KEY_COLLECTION: &str = "__vault_meta__";
const KEY_NAME: &str = "__dek__";

/// An entry whose envelope reads.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// The key metadata.
    Key(Value),
    /// Nonce, ciphertext and tag.
    Sealed(Vec<u8>),
}

#[derive(Deserialize)]
struct Envelope {
    collection: String,
    key: String,
    value: Value,
}

/// Takes every entry apart; what cannot be is given with its name and a reason.
pub(super) fn entries(rows: &Rows, place: &Place) -> (Vec<Entry>, Vec<(String, String)>) {
    let mut entries = Vec::new();
    let mut wrong = Vec::new();
    for row in &rows.rows {
        match entry(row, place) {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => {}
            Err(reason) => wrong.push((row.name().to_owned(), reason)),
        }
    }
    (entries, wrong)
}

fn entry(row: &Row, place: &Place) -> Result<Option<Entry>, String> {
    let key = row.text(0).ok_or("its name is not text")?;
    let (collection, name) = key
        .split_once("::")
        .ok_or("its name has no collection, which no version of 0.5 wrote")?;
    if name == "__index__" {
        return Ok(None);
    }
    let text: Cow<'_, str> = match row.text(1) {
        Some(text) => text.into(),
        None if row.is_null(1) && !row.is_null(2) => {
            let file = row.text(2).ok_or("the name of its file is not text")?;
            from_file(place, file)?.into()
        }
        None => return Err("its value is missing, too large or not text".to_owned()),
    };
    let envelope: Envelope =
        serde_json::from_str(&text).map_err(|_| "its value is not the JSON that 0.5 wrote")?;
    if envelope.collection != collection || envelope.key != name {
        return Err("its envelope names another record: it was moved".to_owned());
    }
    let content = if collection == KEY_COLLECTION {
        if name != KEY_NAME {
            return Ok(None);
        }
        Content::Key(envelope.value)
    } else {
        Content::Sealed(ciphertext(&envelope.value)?)
    };
    Ok(Some(Entry {
        name: name.to_owned(),
        content,
    }))
}

fn ciphertext(value: &Value) -> Result<Vec<u8>, String> {
    let Some(text) = value.get("__encrypted_data__").and_then(Value::as_str) else {
        return Err("it is not encrypted, so anybody with the disk may have written it".to_owned());
    };
    if value.get("__encryption_version__").and_then(Value::as_u64) != Some(1) {
        return Err("it is encrypted in another way than 0.5 did".to_owned());
    }
    STANDARD
        .decode(text)
        .map_err(|_| "its ciphertext is not Base64".to_owned())
}

/// A value in a file below `kv_store`, never outside of it.
fn from_file(place: &Place, name: &str) -> Result<String, String> {
    let relative = Path::new(name);
    let inside = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !inside {
        return Err("its file would be outside of the store".to_owned());
    }
    let mut path = Path::new("server/kv_store").to_owned();
    for part in relative.components() {
        path.push(part);
        if place.home.join(&path).is_symlink() {
            return Err("its file is reached through a symbolic link".to_owned());
        }
    }
    let read = place
        .read(&path, LARGEST_FILE)
        .map_err(|e| format!("its file cannot be read: {e}"))?;
    let bytes = read.ok_or("its file is missing")?;
    String::from_utf8(bytes).map_err(|_| "its file is not text".to_owned())
}

/// The key metadata among the entries; the others are left.
pub(super) fn take_key(entries: &mut Vec<Entry>) -> Result<Option<Sealed>, Error> {
    let at = entries
        .iter()
        .position(|entry| matches!(entry.content, Content::Key(_)));
    match at.map(|at| entries.swap_remove(at).content) {
        Some(Content::Key(value)) => Sealed::read(value).map(Some),
        Some(Content::Sealed(_)) | None => Ok(None),
    }
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// The text of a record. It may hold secrets.
pub(super) fn open(key: &DataKey, sealed: &[u8]) -> Result<Zeroizing<String>, &'static str> {
    let (nonce, ciphertext) = sealed
        .split_first_chunk::<{ aead::NONCE }>()
        .ok_or("its ciphertext was cut off")?;
    let opened = aead::open(key, nonce, b"", ciphertext)
        .map_err(|_| "it does not open: it was changed, cut off, or sealed under another key")?;
    let wrapped: Wrapped<'_> = serde_json::from_slice(&opened)
        .map_err(|_| "what is inside is not the JSON that 0.5 wrote")?;
    Ok(Zeroizing::new(match wrapped.data {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(mut text) => {
            let kept = text.clone();
            text.zeroize();
            kept
        }
    }))
}
