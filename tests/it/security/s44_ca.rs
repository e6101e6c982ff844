//! Row 44: theft of the run's CA.

use crate::proxy::harness::*;
use crate::support::upstream::Upstream;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
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
