//! The certificate authority of one run: made in memory, gone with the run, never on disk.
//!
//! Valid for 24 hours, limited by name constraints to the hosts of the run where these are known
//! (a `regex:` route leaves the names open), and every host has a leaf key of its own (RFC 5280).

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// Before the start, for a child whose clock is behind, and in all.
const SKEW: Duration = Duration::hours(1);
const LIFETIME: Duration = Duration::hours(24);
/// Leaves kept; a `regex:` route could otherwise be made to fill the memory.
const LEAVES: usize = 512;

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaError {
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// Signs one leaf per intercepted host.
pub(super) struct RunAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    not_before: OffsetDateTime,
    provider: Arc<CryptoProvider>,
    leaves: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl std::fmt::Debug for RunAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunAuthority")
            .field("not_before", &self.not_before)
            .finish_non_exhaustive()
    }
}

impl RunAuthority {
    /// `open` says that hosts beside `hosts` may be intercepted too.
    pub(super) fn new(
        now: OffsetDateTime,
        hosts: &BTreeSet<&str>,
        open: bool,
    ) -> Result<Self, CaError> {
        let mut params = CertificateParams::default();
        params.not_before = now - SKEW;
        params.not_after = params.not_before + LIFETIME;
        params.distinguished_name = name("Authsome (this run only)");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = (!open).then(|| constraints(hosts));
        let not_before = params.not_before;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            not_before,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            leaves: Mutex::default(),
        })
    }

    /// The public certificate.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS side that stands for `host` (canonical form) towards the child.
    pub(super) fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, CaError> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = leaves.get(host) {
            return Ok(Arc::clone(known));
        }
        let config = Arc::new(self.make_leaf(host)?);
        if leaves.len() >= LEAVES {
            leaves.clear();
        }
        leaves.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    fn make_leaf(&self, host: &str) -> Result<ServerConfig, CaError> {
        let mut params = CertificateParams::default();
        params.not_before = self.not_before;
        params.not_after = self.not_before + LIFETIME;
        // No common name: some clients would read it as one more host to check.
        params.distinguished_name = name("Authsome");
        params.subject_alt_names = vec![match host.parse::<IpAddr>() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName(host.try_into()?),
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn name(organization: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name
}

fn constraints(hosts: &BTreeSet<&str>) -> NameConstraints {
    let subtree = |host: &&str| match host.parse::<IpAddr>() {
        Ok(ip @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 32)),
        Ok(ip @ IpAddr::V6(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(ip, 128)),
        Err(_) => GeneralSubtree::DnsName((*host).to_owned()),
    };
    let permitted: Vec<_> = hosts.iter().map(subtree).collect();
    let mut excluded = Vec::new();
    if !permitted
        .iter()
        .any(|tree| matches!(tree, GeneralSubtree::IpAddress(_)))
    {
        for any in [
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ] {
            excluded.push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(
                any, 0,
            )));
        }
    }
    if !permitted
        .iter()
        .any(|tree| matches!(tree, GeneralSubtree::DnsName(_)))
    {
        excluded.push(GeneralSubtree::DnsName(String::new()));
    }
    NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    }
}
