//! The certificates a child is to trust: the system's, the user's own, and the run's CA.
//!
//! Public certificates only: whatever else a PEM file holds, a private key above all, is left out.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Where systems keep their roots as one file, the most common first.
const SYSTEM: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/openssl@3/cert.pem",
    "/usr/local/etc/openssl@3/cert.pem",
    "/etc/pki/tls/cacert.pem",
];
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// PEM text being put together; each certificate comes once.
#[derive(Debug, Default)]
pub struct Bundle {
    text: String,
    seen: HashSet<String>,
    /// How many certificates each file that was added holds.
    files: HashMap<PathBuf, usize>,
}

impl Bundle {
    /// Adds every certificate of a PEM text, and says how many there were.
    pub fn add(&mut self, pem: &str) -> usize {
        let mut rest = pem;
        let mut count = 0;
        while let Some(begin) = rest.find(BEGIN) {
            let body = &rest[begin + BEGIN.len()..];
            let Some(end) = body.find(END) else { break };
            self.add_one(&body[..end]);
            rest = &body[end + END.len()..];
            count += 1;
        }
        count
    }

    fn add_one(&mut self, body: &str) {
        let lines: Vec<&str> = body.split_ascii_whitespace().collect();
        let base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
        if lines.is_empty() || !lines.iter().all(|line| line.bytes().all(base64)) {
            return;
        }
        if self.seen.insert(lines.concat()) {
            self.text.push_str(BEGIN);
            for line in lines {
                self.text.push('\n');
                self.text.push_str(line);
            }
            self.text.push('\n');
            self.text.push_str(END);
            self.text.push('\n');
        }
    }

    /// Adds the certificates of a file; one that cannot be read adds nothing. The same file is read
    /// once, under however many variables a machine names it.
    pub fn add_file(&mut self, path: &Path) -> usize {
        if let Some(count) = self.files.get(path) {
            return *count;
        }
        let count = std::fs::read_to_string(path).map_or(0, |pem| self.add(&pem));
        self.files.insert(path.to_owned(), count);
        count
    }

    pub fn pem(&self) -> &str {
        &self.text
    }
}

/// The roots of this machine: its bundle file, or else what its trust store holds.
pub fn system_roots() -> Bundle {
    let mut bundle = Bundle::default();
    for path in SYSTEM.map(PathBuf::from) {
        if bundle.add_file(&path) > 0 {
            return bundle;
        }
    }
    for certificate in rustls_native_certs::load_native_certs().certs {
        bundle.add_one(&BASE64_STANDARD.encode(&certificate));
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_taken_and_each_once() {
        let pem = "# a comment\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n\
            -----BEGIN CERTIFICATE-----\nAAAA\r\nBBBB\n-----END CERTIFICATE-----\ntext\n\
            -----BEGIN CERTIFICATE-----\nAAAABBBB\n-----END CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\nunfinished";
        let mut bundle = Bundle::default();
        assert_eq!(bundle.add(pem), 3);
        let whole = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
        assert_eq!(bundle.pem(), whole);
        assert_eq!(bundle.add(""), 0);
        assert_eq!(bundle.add_file(Path::new("/nonexistent")), 0);
    }
}
