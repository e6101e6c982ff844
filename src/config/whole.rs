//! The whole configuration of one process.

use super::raw::Raw;
use super::values::{self, Origin, PrivateHost};
use super::{ClientConfig, Error, Home, OtelConfig, TerminalHints, clients, keys, otel, terminal};
use crate::model::{Handle, MasterKeySource};
use crate::secret::{DatabaseUrl, IdentityKey, Typed};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;

/// Where the daemon listens when nothing says otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7998);

/// Everything the environment decides.
#[derive(Debug, Clone)]
pub struct Config {
    pub home: Home,
    pub listen: SocketAddr,
    pub server_base_url: Option<Url>,
    pub daemon_url: Option<Url>,
    /// Plain `http` to another machine was allowed in so many words.
    pub insecure_http: bool,
    /// `None`: `SQLite` in the home.
    pub database_url: Option<DatabaseUrl>,
    pub master_key: MasterKeySource,
    pub identity: Option<Handle>,
    pub identity_private_key: Option<IdentityKey>,
    pub upstream_ca_file: Option<PathBuf>,
    pub ssl_cert_file: Option<PathBuf>,
    pub private_hosts: Vec<PrivateHost>,
    pub allowed_origins: Vec<Origin>,
    pub legacy_proof: bool,
    pub setup_token_file: Option<PathBuf>,
    pub log: Option<String>,
    pub otel: OtelConfig,
    pub terminal: TerminalHints,
    /// Our OAuth clients, by the names of their variables.
    pub client_variables: BTreeMap<String, Typed>,
}

impl Config {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_os_iter(std::env::vars_os())
    }

    /// Reads `pairs` as if they were the whole environment.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        Self::from_os_iter(pairs.into_iter().map(|(n, v)| (n.into(), v.into())))
    }

    fn from_os_iter(pairs: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, Error> {
        let pairs: Vec<_> = pairs.collect();
        let client_variables = clients::read(pairs.iter().cloned());
        let raw = Raw::read(pairs)?;
        let home = home(&raw)?;
        let insecure_http = values::flag(
            "AUTHSOME_INSECURE_HTTP",
            raw.authsome_insecure_http.as_deref(),
        )?;
        let site = |name, text: Option<&str>| {
            text.map(|text| values::site(name, text, insecure_http))
                .transpose()
        };
        Ok(Self {
            listen: match &raw.authsome_listen {
                Some(text) => values::listen_address("AUTHSOME_LISTEN", text)?,
                None => DEFAULT_LISTEN,
            },
            server_base_url: site(
                "AUTHSOME_SERVER_BASE_URL",
                raw.authsome_server_base_url.as_deref(),
            )?,
            daemon_url: site("AUTHSOME_DAEMON_URL", raw.authsome_daemon_url.as_deref())?,
            insecure_http,
            database_url: raw
                .authsome_database_url
                .as_deref()
                .map(database_url)
                .transpose()?,
            master_key: keys::read(&raw, &home)?,
            identity: identity(&raw)?,
            identity_private_key: identity_key(&raw)?,
            upstream_ca_file: values::path(
                "AUTHSOME_UPSTREAM_CA_FILE",
                raw.authsome_upstream_ca_file.as_deref(),
            )?,
            ssl_cert_file: raw.ssl_cert_file.as_deref().map(PathBuf::from),
            private_hosts: values::list(raw.authsome_private_hosts.as_deref(), |item| {
                values::private_host("AUTHSOME_PRIVATE_HOSTS", item)
            })?,
            allowed_origins: values::list(raw.authsome_allowed_origins.as_deref(), |item| {
                values::site("AUTHSOME_ALLOWED_ORIGINS", item, insecure_http)
                    .map(|url| Origin::of(&url))
            })?,
            legacy_proof: values::flag(
                "AUTHSOME_LEGACY_PROOF",
                raw.authsome_legacy_proof.as_deref(),
            )?,
            setup_token_file: values::path(
                "AUTHSOME_SETUP_TOKEN_FILE",
                raw.authsome_setup_token_file.as_deref(),
            )?,
            log: raw.authsome_log.clone(),
            otel: otel::read(&raw)?,
            terminal: terminal::read(&raw),
            client_variables,
            home,
        })
    }

    /// Whether other machines can reach this daemon, so that accounts and claims need a browser.
    pub fn is_hosted(&self) -> bool {
        self.server_base_url.is_some() || !self.listen.ip().is_loopback()
    }

    /// `--host` and `--port` of `daemon serve`, which win over `AUTHSOME_LISTEN`.
    #[must_use]
    pub fn with_listen(mut self, host: Option<IpAddr>, port: Option<u16>) -> Self {
        self.listen = SocketAddr::new(
            host.unwrap_or(self.listen.ip()),
            port.unwrap_or(self.listen.port()),
        );
        self
    }

    /// What a daemon must refuse to start with. Touches the disk only to look for `server/master.key`.
    pub fn check_daemon(&self) -> Result<(), Error> {
        if !self.listen.ip().is_loopback() && self.server_base_url.is_none() {
            return Err(Error::PublicWithoutBaseUrl {
                listen: self.listen,
            });
        }
        if matches!(self.master_key, MasterKeySource::Keyring) && !cfg!(feature = "keyring") {
            return Err(Error::invalid(
                "AUTHSOME_KEYRING",
                "this build cannot use the keyring; unset it, or build with `--features keyring`",
            ));
        }
        let beside = self.home.master_key();
        let other = match &self.master_key {
            MasterKeySource::HomeFile(_) => return Ok(()),
            MasterKeySource::File(path) if *path == beside => return Ok(()),
            other => other.name(),
        };
        if beside.symlink_metadata().is_ok() {
            return Err(Error::TwoMasterKeys {
                first: other.to_owned(),
                second: beside.display().to_string(),
            });
        }
        Ok(())
    }

    /// The daemon that commands talk to: the variable, else `config.json`, else the local one.
    pub fn effective_daemon_url(&self, client: &ClientConfig) -> Result<Url, Error> {
        if let Some(url) = &self.daemon_url {
            return Ok(url.clone());
        }
        match &client.daemon_url {
            Some(url) => values::site(
                "daemon_url in config.json",
                url.as_str(),
                self.insecure_http,
            ),
            None => self.local_daemon_url(),
        }
    }

    /// The files of root certificates that the environment names, each with its variable.
    pub fn root_files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        [
            ("AUTHSOME_UPSTREAM_CA_FILE", &self.upstream_ca_file),
            ("SSL_CERT_FILE", &self.ssl_cert_file),
        ]
        .into_iter()
        .filter_map(|(name, file)| Some((name, file.as_deref()?)))
    }

    /// How a client on this machine reaches a daemon that listens at `listen`.
    pub fn local_daemon_url(&self) -> Result<Url, Error> {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(ip, self.listen.port());
        format!("http://{address}/")
            .parse()
            .map_err(|_| Error::invalid("AUTHSOME_LISTEN", "write an IP address and a port"))
    }

    /// Whether a daemon at `url` is one this machine may start by itself.
    pub fn is_local_daemon(url: &Url) -> bool {
        url.scheme() == "http" && values::is_loopback(url)
    }
}

fn home(raw: &Raw) -> Result<Home, Error> {
    if let Some(text) = &raw.authsome_home {
        return values::absolute_path("AUTHSOME_HOME", text).map(Home::at);
    }
    let home = raw.home.as_deref().ok_or(Error::NoHome)?;
    let home = values::absolute_path("HOME", home)?;
    Ok(Home::at(home.join(".authsome")))
}

fn database_url(text: &str) -> Result<DatabaseUrl, Error> {
    let good = text
        .parse::<Url>()
        .is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"));
    if !good {
        return Err(Error::invalid(
            "AUTHSOME_DATABASE_URL",
            "write postgres://user:password@host/database, special characters percent-encoded, or unset it to use SQLite in the home",
        ));
    }
    Ok(DatabaseUrl::new(text))
}

fn identity(raw: &Raw) -> Result<Option<Handle>, Error> {
    let Some(text) = &raw.authsome_identity else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|e: crate::model::NameError| Error::invalid("AUTHSOME_IDENTITY", e.expected))
}

fn identity_key(raw: &Raw) -> Result<Option<IdentityKey>, Error> {
    let Some(text) = &raw.authsome_identity_private_key else {
        return Ok(None);
    };
    if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(Error::invalid(
            "AUTHSOME_IDENTITY_PRIVATE_KEY",
            "it must be 64 hexadecimal digits, the content of an identities/<handle>.key file",
        ));
    }
    Ok(Some(IdentityKey::new(text.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Config, Error> {
        let home = [("AUTHSOME_HOME", "/tmp/authsome-no-such-home")];
        Config::from_pairs(pairs.iter().chain(&home).copied())
    }

    #[test]
    fn nothing_set_is_a_laptop() {
        let config = Config::from_pairs([("HOME", "/srv/somebody")]).unwrap();
        assert_eq!(config.home.path().to_str(), Some("/srv/somebody/.authsome"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:7998");
        assert!(!config.is_hosted());
        config.check_daemon().unwrap();
        assert!(matches!(config.master_key, MasterKeySource::HomeFile(_)));
        let url = config
            .effective_daemon_url(&ClientConfig::default())
            .unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:7998/");
        assert!(Config::is_local_daemon(&url));
    }

    #[test]
    fn an_error_names_the_variable_and_never_a_secret_value() {
        for (name, value) in [
            ("AUTHSOME_HOME", "relative/secretish"),
            ("AUTHSOME_LISTEN", "secretish"),
            ("AUTHSOME_SERVER_BASE_URL", "secretish"),
            ("AUTHSOME_SERVER_BASE_URL", "https://u:secretish@h"),
            ("AUTHSOME_DAEMON_URL", "http://secretish.example"),
            ("AUTHSOME_INSECURE_HTTP", "secretish"),
            ("AUTHSOME_DATABASE_URL", "mysql://u:secretish@h/d"),
            ("AUTHSOME_MASTER_KEY_FILE", "secretish"),
            ("AUTHSOME_KEYRING", "secretish"),
            ("AUTHSOME_IDENTITY", "../secretish"),
            ("AUTHSOME_IDENTITY_PRIVATE_KEY", "secretish"),
            ("AUTHSOME_UPSTREAM_CA_FILE", "secretish"),
            ("AUTHSOME_PRIVATE_HOSTS", "10.0.0.0/8,http://secretish"),
            ("AUTHSOME_ALLOWED_ORIGINS", "https://a.example,secretish"),
            ("AUTHSOME_LEGACY_PROOF", "secretish"),
            ("AUTHSOME_SETUP_TOKEN_FILE", "secretish"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "secretish"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "secretish"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secretish"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "k=secretish%0d%0a"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "secretish"),
        ] {
            let error = read(&[(name, value)]).expect_err(value);
            let text = format!("{error} {error:?}");
            assert!(text.contains(name), "{name}={value}: {text}");
            assert!(!text.contains("secretish"), "{name}={value}: {text}");
        }
    }

    #[test]
    fn a_debug_print_of_everything_shows_no_secret() {
        let key = "ab".repeat(32).leak();
        let config = read(&[
            ("AUTHSOME_MASTER_KEY", "master-canary"),
            ("AUTHSOME_DATABASE_URL", "postgres://u:db-canary@h/d"),
            ("AUTHSOME_IDENTITY_PRIVATE_KEY", key),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=otel-canary,y=%41"),
        ])
        .unwrap();
        assert_eq!(config.otel.headers[1].1.reveal(), "A");
        let text = format!("{config:?}");
        assert!(!text.contains("canary") && !text.contains(&*key), "{text}");
    }

    #[test]
    fn two_sources_of_the_master_key_are_refused() {
        let all = [
            ("AUTHSOME_MASTER_KEY", "k"),
            ("AUTHSOME_MASTER_KEY_FILE", "/run/secrets/k"),
            ("AUTHSOME_PASSPHRASE", "p"),
            ("AUTHSOME_KEYRING", "1"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(read(&[*one]).is_ok());
            for two in &all[at + 1..] {
                let error = read(&[*one, *two]).unwrap_err().to_string();
                assert!(error.contains(one.0) && error.contains(two.0), "{error}");
            }
        }
    }

    #[test]
    fn a_key_in_the_home_beside_a_set_one_is_refused_at_start() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        let file = Home::at(dir.path()).master_key();
        std::fs::create_dir(dir.path().join("server")).unwrap();
        std::fs::write(&file, "k").unwrap();
        let with = |name: &str, value: &str| {
            Config::from_pairs([("AUTHSOME_HOME", home.as_str()), (name, value)]).unwrap()
        };
        let error = with("AUTHSOME_MASTER_KEY", "k").check_daemon().unwrap_err();
        assert!(matches!(error, Error::TwoMasterKeys { .. }));
        with("AUTHSOME_MASTER_KEY_FILE", file.to_str().unwrap())
            .check_daemon()
            .unwrap();
    }

    #[test]
    fn a_public_listener_needs_its_url() {
        let open = read(&[("AUTHSOME_LISTEN", "0.0.0.0:7998")]).unwrap();
        assert!(open.is_hosted());
        let error = open.check_daemon().unwrap_err().to_string();
        assert!(error.contains("AUTHSOME_SERVER_BASE_URL"), "{error}");
        let url = open.effective_daemon_url(&ClientConfig::default()).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:7998/");
        let base = ("AUTHSOME_SERVER_BASE_URL", "https://authsome.example.com");
        let named = read(&[("AUTHSOME_LISTEN", "[::]:1"), base]).unwrap();
        named.check_daemon().unwrap();
        let moved = read(&[])
            .unwrap()
            .with_listen(Some([10, 0, 0, 1].into()), Some(5));
        assert_eq!(moved.listen.to_string(), "10.0.0.1:5");
        assert!(moved.check_daemon().is_err());
    }

    #[test]
    fn http_to_another_machine_is_said_out_loud() {
        let url = ("AUTHSOME_DAEMON_URL", "http://10.1.2.3:7998");
        assert!(read(&[url]).is_err());
        let config = read(&[url, ("AUTHSOME_INSECURE_HTTP", "1")]).unwrap();
        assert!(!Config::is_local_daemon(&config.daemon_url.unwrap()));
        let saved = ClientConfig {
            daemon_url: Some("http://10.1.2.3/".parse().unwrap()),
            ..ClientConfig::default()
        };
        assert!(read(&[]).unwrap().effective_daemon_url(&saved).is_err());
    }

    #[test]
    fn the_variable_wins_over_the_file() {
        let config = read(&[("AUTHSOME_DAEMON_URL", "https://a.example")]).unwrap();
        let saved = ClientConfig {
            daemon_url: Some("https://b.example/".parse().unwrap()),
            ..ClientConfig::default()
        };
        assert_eq!(
            config.effective_daemon_url(&saved).unwrap().as_str(),
            "https://a.example/"
        );
        let unset = read(&[("AUTHSOME_DAEMON_URL", "")]).unwrap();
        assert_eq!(
            unset.effective_daemon_url(&saved).unwrap().as_str(),
            "https://b.example/"
        );
    }

    #[test]
    fn a_missing_home_says_what_to_set() {
        let error = Config::from_pairs([("PATH", "/bin")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("AUTHSOME_HOME"), "{error}");
    }

    #[test]
    fn the_terminal_is_taken_as_it_is() {
        let terminal = |pairs: &[(&'static str, &'static str)]| read(pairs).unwrap().terminal;
        assert!(terminal(&[("DISPLAY", ":0")]).can_open_browser);
        assert!(!terminal(&[("DISPLAY", ":0"), ("CI", "true")]).can_open_browser);
        let far = [
            ("WAYLAND_DISPLAY", "wayland-0"),
            ("SSH_CONNECTION", "1.2.3.4"),
        ];
        assert!(!terminal(&far).can_open_browser);
        assert_eq!(terminal(&[("COLUMNS", "x")]).columns, None);
        assert_eq!(terminal(&[("COLUMNS", "120")]).columns, Some(120));
    }
}
