//! The one table of environment variables; `docs/environment.md` is written from it.

use std::fmt::Write;

/// Which part of the program reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The daemon.
    Daemon,
    /// The commands of the terminal, `run` among them.
    Client,
    Both,
}

impl Reader {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Client => "client",
            Self::Both => "both",
        }
    }
}

/// One environment variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    /// What holds when it is unset, for people.
    pub default: &'static str,
    pub meaning: &'static str,
    pub reader: Reader,
    /// Whether its value may never be shown.
    pub secret: bool,
    /// Whether a child of `authsome run` never sees it.
    pub withheld: bool,
}

const fn plain(
    name: &'static str,
    reader: Reader,
    default: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable {
        name,
        default,
        meaning,
        reader,
        secret: false,
        withheld: false,
    }
}

const fn secret(
    name: &'static str,
    reader: Reader,
    default: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable {
        secret: true,
        withheld: true,
        ..plain(name, reader, default, meaning)
    }
}

const fn withheld(
    name: &'static str,
    reader: Reader,
    default: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable {
        withheld: true,
        ..plain(name, reader, default, meaning)
    }
}

use Reader::{Both, Client, Daemon};

/// Every variable that Authsome reads, in the order of the documentation.
pub const VARIABLES: &[Variable] = &[
    plain(
        "AUTHSOME_HOME",
        Both,
        "`~/.authsome`",
        "The home directory, an absolute path; made with mode 0700.",
    ),
    plain(
        "AUTHSOME_LISTEN",
        Both,
        "`127.0.0.1:7998`",
        "The address and port the daemon listens on. Anything but a loopback address makes the daemon hosted and needs `AUTHSOME_SERVER_BASE_URL`.",
    ),
    plain(
        "AUTHSOME_SERVER_BASE_URL",
        Daemon,
        "none: local use only",
        "The URL under which people and agents reach a hosted daemon, scheme, host and port only. Must be `https` unless the host is loopback or `AUTHSOME_INSECURE_HTTP` is set.",
    ),
    plain(
        "AUTHSOME_DAEMON_URL",
        Client,
        "`daemon_url` of `config.json`, else `http://` and `AUTHSOME_LISTEN`",
        "The daemon that commands talk to. When it names another machine, no daemon is ever started on this one.",
    ),
    plain(
        "AUTHSOME_INSECURE_HTTP",
        Both,
        "`0`",
        "`1` allows plain `http` URLs for a daemon on another machine. Every released credential then crosses the network unencrypted: set it only where the network encrypts by itself, such as WireGuard or Tailscale.",
    ),
    secret(
        "AUTHSOME_DATABASE_URL",
        Daemon,
        "none: SQLite at `server/store.db`",
        "A `postgres://` URL; the daemon then keeps all its state in PostgreSQL.",
    ),
    secret(
        "AUTHSOME_MASTER_KEY",
        Daemon,
        "none: `server/master.key`",
        "The master key itself, any text. At most one of the variables that name a master key may be set.",
    ),
    withheld(
        "AUTHSOME_MASTER_KEY_FILE",
        Daemon,
        "none",
        "A file that holds the master key, such as a container secret.",
    ),
    secret(
        "AUTHSOME_PASSPHRASE",
        Daemon,
        "none",
        "A passphrase that a person chose, as the master key; derived with the slower parameters.",
    ),
    plain(
        "AUTHSOME_KEYRING",
        Daemon,
        "`0`",
        "`1` keeps the master key in the keyring of the operating system (builds with the `keyring` feature).",
    ),
    plain(
        "AUTHSOME_IDENTITY",
        Client,
        "`active_identity` of `config.json`",
        "The handle of the identity that commands act as.",
    ),
    secret(
        "AUTHSOME_IDENTITY_PRIVATE_KEY",
        Client,
        "none: `identities/<handle>.key`",
        "The private key of that identity, 64 hexadecimal digits, for machines that keep nothing on disk.",
    ),
    plain(
        "AUTHSOME_UPSTREAM_CA_FILE",
        Both,
        "none",
        "A PEM file of further root certificates for providers and upstreams, beside those of the system. Daemon and `run` do not start where it cannot be read or holds no certificate.",
    ),
    plain(
        "SSL_CERT_FILE",
        Both,
        "the system's store",
        "A PEM file of root certificates used instead of the system's store, as other programs read it, together with the directory `SSL_CERT_DIR` where that is set. Daemon and `run` do not start where it cannot be read or holds no certificate.",
    ),
    plain(
        "AUTHSOME_PRIVATE_HOSTS",
        Daemon,
        "none",
        "Providers on private addresses that the daemon may ask for tokens: host names, IP addresses or CIDR blocks, separated by commas. Without it the daemon connects to public addresses alone. `localhost` and loopback addresses that are named here may be asked without TLS.",
    ),
    plain(
        "AUTHSOME_ALLOWED_ORIGINS",
        Daemon,
        "none",
        "Further origins this daemon answers for, such as `https://authsome.internal:8443`, separated by commas.",
    ),
    plain(
        "AUTHSOME_LEGACY_PROOF",
        Daemon,
        "`0`",
        "`1` accepts the path-only proofs of 0.5 clients on a daemon that other machines can reach. They can be relayed to another daemon; leave it off.",
    ),
    withheld(
        "AUTHSOME_SETUP_TOKEN_FILE",
        Daemon,
        "none: the link with one is printed at each start",
        "A file with the token, at least 16 characters, that lets the first administrator of a hosted daemon sign up.",
    ),
    plain(
        "AUTHSOME_LOG",
        Both,
        "`info` for the daemon, `warn` for commands",
        "What to log: a level, or directives such as `info,authsome::proxy=debug`.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Both,
        "none: nothing leaves the host",
        "The OpenTelemetry collector that traces, audit events and metrics are sent to; over HTTP `/v1/traces`, `/v1/logs` and `/v1/metrics` below it.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        Both,
        "below the common endpoint",
        "The whole URL for traces.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        Daemon,
        "below the common endpoint",
        "The whole URL for audit events, which leave as log records.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        Daemon,
        "below the common endpoint",
        "The whole URL for metrics.",
    ),
    plain(
        "OTEL_TRACES_EXPORTER",
        Both,
        "`otlp`",
        "`none` sends no traces.",
    ),
    plain(
        "OTEL_LOGS_EXPORTER",
        Daemon,
        "`otlp`",
        "`none` sends no audit events.",
    ),
    plain(
        "OTEL_METRICS_EXPORTER",
        Daemon,
        "`otlp`",
        "`none` sends no metrics.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        Both,
        "`http/protobuf`",
        "`http/protobuf` or `grpc`.",
    ),
    secret(
        "OTEL_EXPORTER_OTLP_HEADERS",
        Both,
        "none",
        "Headers for the collector, `name=value` separated by commas; usually its key.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        Both,
        "`10000`",
        "How long one export may take, in milliseconds.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        Both,
        "`none`",
        "`gzip` or `none`.",
    ),
    plain(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        Both,
        "the system's store",
        "A PEM file of root certificates for the collector.",
    ),
    plain(
        "OTEL_METRIC_EXPORT_INTERVAL",
        Daemon,
        "`60000`",
        "Time between two exports of metrics, in milliseconds.",
    ),
    plain(
        "OTEL_SERVICE_NAME",
        Both,
        "`authsome`",
        "The name this process reports to the collector.",
    ),
    plain(
        "OTEL_RESOURCE_ATTRIBUTES",
        Both,
        "none",
        "Further attributes to report, `key=value` separated by commas.",
    ),
    plain(
        "OTEL_SDK_DISABLED",
        Both,
        "`false`",
        "`true` turns the export off, whatever else is set.",
    ),
    plain(
        "HOME",
        Both,
        "",
        "The user's home directory, for the default of `AUTHSOME_HOME`.",
    ),
    plain(
        "NO_COLOR",
        Client,
        "none",
        "Any text: no colours, as `--no-color`.",
    ),
    plain("TERM", Client, "none", "`dumb`: no colours and no spinner."),
    plain(
        "COLUMNS",
        Client,
        "the terminal's width",
        "The width of tables, in characters.",
    ),
    plain(
        "CI",
        Client,
        "none",
        "Any text but `false` or `0`: no spinner and no browser; a login asks in the terminal, or prints its link.",
    ),
    plain(
        "SSH_CONNECTION",
        Client,
        "none",
        "Any text: a login asks for a key in the terminal, and prints the link of one at the provider's site, instead of opening a browser on the far machine.",
    ),
    plain(
        "DISPLAY",
        Client,
        "none",
        "Any text: there is a desktop on which a browser can be opened (Linux).",
    ),
    plain("WAYLAND_DISPLAY", Client, "none", "As `DISPLAY`."),
    plain(
        "BROWSER",
        Client,
        "the desktop's",
        "The browser for logins, claims and the dashboard: a program with arguments, `%s` for the address (else added at the end); several are separated by colons, and the first that starts is used. No shell reads it.",
    ),
];

/// The text of `docs/environment.md`.
pub fn environment_page() -> String {
    let mut page = String::from(PAGE_TOP);
    for variable in VARIABLES {
        let default = if variable.default.is_empty() {
            "–"
        } else {
            variable.default
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {}{} |",
            variable.name,
            variable.reader.as_str(),
            default,
            variable.meaning,
            if variable.secret { " **Secret.**" } else { "" },
        );
    }
    page.push_str("\nA child of `authsome run` never sees these: ");
    let withheld: Vec<String> = VARIABLES
        .iter()
        .filter(|v| v.withheld)
        .map(|v| format!("`{}`", v.name))
        .collect();
    page.push_str(&withheld.join(", "));
    page.push_str(".\n");
    page.push_str(PAGE_END);
    page
}

const PAGE_TOP: &str = "\
<!-- Written from src/config/variables.rs; after a change there run
     `AUTHSOME_WRITE_DOCS=1 cargo test --lib environment_page` -->

# Environment variables

Nothing needs to be set on a laptop. A variable that is set to nothing counts as unset. A value
that cannot be read stops the program with an error that names the variable and what would be right;
the value of a secret one is never shown.

`client` is the command line, `daemon` the process it talks to. True and false may be written `1`, `true`,
`yes`, `on` and `0`, `false`, `no`, `off`. systemd's `NOTIFY_SOCKET` is honoured too.

| variable | read by | default | meaning |
|---|---|---|---|
";

const PAGE_END: &str = "
## OAuth clients

The daemon reads its OAuth client at a provider from `AUTHSOME_<PROVIDER>_CLIENT_ID` and
`AUTHSOME_<PROVIDER>_CLIENT_SECRET` (capitals, `_` for `-` and `.`: `AUTHSOME_GOOGLE_DRIVE_CLIENT_ID`), or from the names that a
definition gives as `client_id_env` and `client_secret_env`. They win over what was typed in a browser, and a child of `authsome run` never
sees the ones that begin with `AUTHSOME_`.
";

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_environment_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/environment.md");
        let page = environment_page();
        if super::super::raw::test_switch("AUTHSOME_WRITE_DOCS") {
            fs::write(path, &page).unwrap();
        }
        assert!(
            fs::read_to_string(path).unwrap() == page,
            "docs/environment.md is old; the first line of it says how to write it anew"
        );
    }

    #[test]
    fn every_secret_is_withheld_from_children_and_no_name_is_twice() {
        let mut names: Vec<_> = VARIABLES.iter().map(|v| v.name).collect();
        assert!(VARIABLES.iter().all(|v| v.withheld || !v.secret));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), VARIABLES.len());
    }
}
