//! The environment as text: only the variables of the table, and none that are empty.

use super::Error;
use super::variables::VARIABLES;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// One field for each row of [`VARIABLES`]; a test keeps the two alike.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) authsome_home: Option<String>,
    pub(super) authsome_listen: Option<String>,
    pub(super) authsome_server_base_url: Option<String>,
    pub(super) authsome_daemon_url: Option<String>,
    pub(super) authsome_insecure_http: Option<String>,
    pub(super) authsome_database_url: Option<String>,
    pub(super) authsome_master_key: Option<String>,
    pub(super) authsome_master_key_file: Option<String>,
    pub(super) authsome_passphrase: Option<String>,
    pub(super) authsome_keyring: Option<String>,
    pub(super) authsome_identity: Option<String>,
    pub(super) authsome_identity_private_key: Option<String>,
    pub(super) authsome_upstream_ca_file: Option<String>,
    pub(super) ssl_cert_file: Option<String>,
    pub(super) authsome_private_hosts: Option<String>,
    pub(super) authsome_allowed_origins: Option<String>,
    pub(super) authsome_legacy_proof: Option<String>,
    pub(super) authsome_setup_token_file: Option<String>,
    pub(super) authsome_log: Option<String>,
    pub(super) otel_exporter_otlp_endpoint: Option<String>,
    pub(super) otel_exporter_otlp_traces_endpoint: Option<String>,
    pub(super) otel_exporter_otlp_logs_endpoint: Option<String>,
    pub(super) otel_exporter_otlp_metrics_endpoint: Option<String>,
    pub(super) otel_traces_exporter: Option<String>,
    pub(super) otel_logs_exporter: Option<String>,
    pub(super) otel_metrics_exporter: Option<String>,
    pub(super) otel_exporter_otlp_protocol: Option<String>,
    pub(super) otel_exporter_otlp_headers: Option<String>,
    pub(super) otel_exporter_otlp_timeout: Option<String>,
    pub(super) otel_exporter_otlp_compression: Option<String>,
    pub(super) otel_exporter_otlp_certificate: Option<String>,
    pub(super) otel_metric_export_interval: Option<String>,
    pub(super) otel_service_name: Option<String>,
    pub(super) otel_resource_attributes: Option<String>,
    pub(super) otel_sdk_disabled: Option<String>,
    pub(super) home: Option<String>,
    pub(super) no_color: Option<String>,
    pub(super) term: Option<String>,
    pub(super) columns: Option<String>,
    pub(super) ci: Option<String>,
    pub(super) ssh_connection: Option<String>,
    pub(super) display: Option<String>,
    pub(super) wayland_display: Option<String>,
    pub(super) browser: Option<String>,
}

impl Raw {
    /// Keeps the variables of the table. Others may hold anything, also bytes that are no text.
    pub(super) fn read(
        pairs: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let mut known = BTreeMap::new();
        for (name, value) in pairs {
            let Some(variable) = VARIABLES.iter().find(|v| name == v.name) else {
                continue;
            };
            let value = value.into_string().map_err(|_| Error::NotText {
                name: variable.name,
            })?;
            let value = value.trim();
            if !value.is_empty() {
                // A process can hold a name twice; `getenv` answers with the first.
                known
                    .entry(variable.name.to_owned())
                    .or_insert_with(|| value.to_owned());
            }
        }
        envy::from_iter(known).map_err(Error::Environment)
    }
}

/// Whether a switch of the test run is on.
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "config is the reader of the environment"
)]
pub(super) fn test_switch(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_reader_name_the_same_variables() {
        let fields = serde_json::to_value(Raw::default()).unwrap();
        let mut fields: Vec<String> = fields
            .as_object()
            .unwrap()
            .keys()
            .map(|k| k.to_uppercase())
            .collect();
        let mut table: Vec<_> = VARIABLES.iter().map(|v| v.name.to_owned()).collect();
        fields.sort();
        table.sort();
        assert_eq!(fields, table);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one_and_strangers_are_ignored() {
        use std::os::unix::ffi::OsStringExt;
        let raw = Raw::read([
            ("AUTHSOME_LOG".into(), "  ".into()),
            ("authsome_home".into(), "/lower".into()),
            ("STRANGER".into(), OsString::from_vec(vec![0xff])),
            ("AUTHSOME_HOME".into(), " /h ".into()),
        ])
        .unwrap_or_default();
        assert!(raw.authsome_log.is_none());
        assert_eq!(raw.authsome_home.as_deref(), Some("/h"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_without_being_shown() {
        use std::os::unix::ffi::OsStringExt;
        let pairs = [(
            "AUTHSOME_MASTER_KEY".into(),
            OsString::from_vec(b"top\xffsecret".to_vec()),
        )];
        let error = Raw::read(pairs).err().unwrap();
        assert!(error.to_string().contains("AUTHSOME_MASTER_KEY"));
        assert!(!error.to_string().contains("secret"));
    }
}
