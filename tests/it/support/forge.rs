//! Proofs as a forger would make them: every claim, the header and the signature can be chosen.

use authsome::clock::{Clock, SystemClock};
use authsome::crypto::keypair::SigningKeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A proof that is good until something about it is changed.
#[derive(Debug, Clone)]
pub(crate) struct Forgery {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Forgery {
    /// What an honest client would claim.
    pub(crate) fn honest(
        key: &SigningKeyPair,
        handle: &str,
        method: &str,
        url: &str,
        body: &[u8],
    ) -> Self {
        let now = SystemClock.now().unix_timestamp();
        Self {
            header: json!({"alg": "EdDSA", "typ": "JWT"}),
            claims: json!({
                "iss": key.did(), "sub": handle, "aud": "authsome-daemon",
                "iat": now, "exp": now + 60, "jti": fresh_id(key, now),
                "htm": method, "htu": url, "body_sha256": hex(&Sha256::digest(body)),
            }),
        }
    }

    /// The same with one claim changed; `null` takes it away.
    pub(crate) fn with(&self, claim: &str, value: Value) -> Self {
        let mut changed = self.clone();
        let claims = changed.claims.as_object_mut().unwrap();
        if value.is_null() {
            claims.remove(claim);
        } else {
            claims.insert(claim.into(), value);
        }
        changed
    }

    pub(crate) fn headed(&self, header: Value) -> Self {
        Self {
            header,
            claims: self.claims.clone(),
        }
    }

    /// What a signature would cover.
    pub(crate) fn signed_part(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }

    /// The whole token, signed by `key`.
    pub(crate) fn token(&self, key: &SigningKeyPair) -> String {
        let signed = self.signed_part();
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn fresh_id(key: &SigningKeyPair, now: i64) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    hex(&Sha256::digest(format!("{} {now} {number}", key.did()))[..16])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
