//! Row 44: theft of the run's CA.

use crate::proxy::harness::*;
use crate::proxy::runner::Laptop;
use crate::support::upstream::Upstream;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::path::Path;
use std::time::Duration;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;

#[tokio::test]
async fn an_unmatched_host_shows_its_own_certificate() {
    let upstream = Upstream::start();
    let run = run(Vec::new(), Vec::new(), &upstream, |_| {}).await;
    let tcp = run.tunnel(&upstream.authority()).await;
    let own = std::fs::read_to_string(upstream.ca()).unwrap();
    let name = "localhost".try_into().unwrap();
    connector(&own, &[])
        .connect(name, tcp)
        .await
        .expect("the real chain");
    let tcp = run.tunnel(&upstream.authority()).await;
    assert!(run.handshake(tcp, "localhost", &[]).await.is_err());
}

#[tokio::test]
async fn the_leaf_is_for_one_host_for_a_day_with_a_key_of_its_own() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let tls = run.tls(&upstream.authority(), &[]).await;
    let chain = tls.get_ref().1.peer_certificates().unwrap().to_vec();
    let ca = CertificateDer::from_pem_slice(run.proxy.ca_pem().as_bytes()).unwrap();
    assert_ne!(key_of(&chain[0]), key_of(&ca));
    let day = Duration::from_hours(24);
    assert!(verifies(&run, &chain, "localhost", Duration::ZERO));
    assert!(!verifies(&run, &chain, "localhost", day));
    assert!(!verifies(&run, &chain, "other.example", Duration::ZERO));
}

/// The public key of a P-256 certificate: what follows the tag of an uncompressed point.
fn key_of(certificate: &CertificateDer<'_>) -> Vec<u8> {
    let bytes = certificate.as_ref();
    let tag = [0x03, 0x42, 0x00, 0x04];
    let at = bytes
        .windows(4)
        .position(|window| window == tag)
        .expect("a P-256 key");
    bytes[at + 4..at + 68].to_vec()
}

fn verifies(run: &Run, chain: &[CertificateDer<'_>], host: &str, later: Duration) -> bool {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(run.proxy.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
        .build()
        .unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs()) + later);
    let name = host.to_owned().try_into().unwrap();
    verifier
        .verify_server_cert(&chain[0], &chain[1..], &name, &[], now)
        .is_ok()
}

#[tokio::test]
async fn the_ca_may_sign_only_for_the_hosts_of_the_run() {
    let upstream = Upstream::start();
    let run = acme(&upstream).await;
    let ca = CertificateDer::from_pem_slice(run.proxy.ca_pem().as_bytes()).unwrap();
    // The name constraints extension (2.5.29.30), critical, with the one host.
    let bytes = ca.as_ref();
    let extension = [0x06, 0x03, 0x55, 0x1d, 0x1e, 0x01, 0x01, 0xff];
    assert!(bytes.windows(8).any(|window| window == extension));
    assert!(bytes.windows(9).any(|window| window == b"localhost"));
}

/// How a private key of the kind the CA has is spelt: PEM, its base64, and the bytes of both encodings.
const KEYS: [&[u8]; 4] = [
    b"PRIVATE KEY",
    b"MIGHAgEAMBMGByqGSM49",
    &[0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48],
    &[0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20],
];

fn looks_like_a_key(bytes: &[u8]) -> bool {
    KEYS.iter()
        .any(|key| bytes.windows(key.len()).any(|window| window == *key))
}

/// How many files were read below `directory`; none may hold a key of a CA.
fn search(directory: &Path) -> usize {
    let mut read = 0;
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            read += search(&entry.path());
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(!looks_like_a_key(&bytes), "{}", entry.path().display());
            read += 1;
        }
    }
    read
}

#[test]
fn during_a_run_no_file_of_the_home_or_the_run_holds_a_private_key() {
    let laptop = Laptop::new();
    let call = format!("curl -sSf -o /dev/null {}/one", laptop.upstream.api_url());
    let script = format!("{call}; echo \"$SSL_CERT_FILE\"; read go");
    let halted = laptop.halted(&script);
    let bundle = Path::new(halted.first.trim()).to_owned();
    let certificates = std::fs::read(&bundle).unwrap();
    let begin = b"-----BEGIN CERTIFICATE-----";
    assert!(
        certificates
            .windows(begin.len())
            .any(|window| window == begin)
    );
    let run = bundle.parent().unwrap();
    assert!(search(run) >= 1, "{}", run.display());
    assert!(search(laptop.daemon.home()) > 3);
    halted.go_on();
    assert!(!run.exists(), "it goes with the run");
    // What is looked for is what a key looks like.
    let made = rcgen::KeyPair::generate().unwrap();
    assert!(looks_like_a_key(made.serialize_der().as_slice()));
    assert!(looks_like_a_key(made.serialize_pem().as_bytes()));
}
