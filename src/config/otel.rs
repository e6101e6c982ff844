//! What of OpenTelemetry's own variables is honoured.

use super::Error;
use super::raw::Raw;
use super::values;
use crate::secret::InjectedValue;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Where traces, audit events and metrics go, if anywhere.
#[derive(Debug, Clone)]
pub struct OtelConfig {
    /// The whole address of each signal; `None`: that signal does not leave the host.
    pub traces: Option<Url>,
    pub logs: Option<Url>,
    pub metrics: Option<Url>,
    pub protocol: OtelProtocol,
    /// Headers for the collector; usually secret, so the values are kept as such.
    pub headers: Vec<(String, InjectedValue)>,
    /// Longest time one export may take.
    pub timeout: Duration,
    pub gzip: bool,
    /// PEM roots for the collector's certificate, instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub metric_interval: Duration,
    pub service_name: String,
    pub resource_attributes: Vec<(String, String)>,
}

impl OtelConfig {
    /// Whether anything leaves the host at all.
    pub fn is_on(&self) -> bool {
        self.traces.is_some() || self.logs.is_some() || self.metrics.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtelProtocol {
    HttpProtobuf,
    Grpc,
}

pub(super) fn read(raw: &Raw) -> Result<OtelConfig, Error> {
    let protocol = protocol(raw)?;
    let disabled = values::flag("OTEL_SDK_DISABLED", raw.otel_sdk_disabled.as_deref())?;
    let signal = |path, own: Signal<'_>, switch| {
        let url = endpoint(raw, protocol, path, own)?;
        Ok::<_, Error>(url.filter(|_| !disabled).filter(|_| switch))
    };
    let headers = pairs(
        "OTEL_EXPORTER_OTLP_HEADERS",
        raw.otel_exporter_otlp_headers.as_deref(),
    )?;
    Ok(OtelConfig {
        traces: signal(
            "v1/traces",
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                raw.otel_exporter_otlp_traces_endpoint.as_deref(),
            ),
            exporter("OTEL_TRACES_EXPORTER", raw.otel_traces_exporter.as_deref())?,
        )?,
        logs: signal(
            "v1/logs",
            (
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                raw.otel_exporter_otlp_logs_endpoint.as_deref(),
            ),
            exporter("OTEL_LOGS_EXPORTER", raw.otel_logs_exporter.as_deref())?,
        )?,
        metrics: signal(
            "v1/metrics",
            (
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                raw.otel_exporter_otlp_metrics_endpoint.as_deref(),
            ),
            exporter(
                "OTEL_METRICS_EXPORTER",
                raw.otel_metrics_exporter.as_deref(),
            )?,
        )?,
        protocol,
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, InjectedValue::new(value)))
            .collect(),
        timeout: millis(
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            raw.otel_exporter_otlp_timeout.as_deref(),
            Duration::from_secs(10),
        )?,
        gzip: gzip(raw)?,
        ca_file: values::path(
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            raw.otel_exporter_otlp_certificate.as_deref(),
        )?,
        metric_interval: millis(
            "OTEL_METRIC_EXPORT_INTERVAL",
            raw.otel_metric_export_interval.as_deref(),
            Duration::from_mins(1),
        )?,
        service_name: raw
            .otel_service_name
            .clone()
            .unwrap_or_else(|| "authsome".to_owned()),
        resource_attributes: pairs(
            "OTEL_RESOURCE_ATTRIBUTES",
            raw.otel_resource_attributes.as_deref(),
        )?,
    })
}

fn protocol(raw: &Raw) -> Result<OtelProtocol, Error> {
    match raw.otel_exporter_otlp_protocol.as_deref() {
        None | Some("http/protobuf") => Ok(OtelProtocol::HttpProtobuf),
        Some("grpc") => Ok(OtelProtocol::Grpc),
        Some(_) => Err(Error::invalid(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "write http/protobuf or grpc",
        )),
    }
}

fn gzip(raw: &Raw) -> Result<bool, Error> {
    match raw.otel_exporter_otlp_compression.as_deref() {
        None | Some("none") => Ok(false),
        Some("gzip") => Ok(true),
        Some(_) => Err(Error::invalid(
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "write gzip or none",
        )),
    }
}

/// `otlp` or `none`, as OpenTelemetry switches one signal.
fn exporter(name: &'static str, value: Option<&str>) -> Result<bool, Error> {
    match value {
        None | Some("otlp") => Ok(true),
        Some("none") => Ok(false),
        Some(_) => Err(Error::invalid(name, "write otlp or none")),
    }
}

/// A signal's own variable and its value.
type Signal<'a> = (&'static str, Option<&'a str>);

/// A signal's own endpoint as it is, else the common one, under which HTTP has a path for each.
fn endpoint(
    raw: &Raw,
    protocol: OtelProtocol,
    path: &str,
    (name, own): Signal<'_>,
) -> Result<Option<Url>, Error> {
    if let Some(text) = own {
        return otel_endpoint(name, text).map(Some);
    }
    let Some(text) = raw.otel_exporter_otlp_endpoint.as_deref() else {
        return Ok(None);
    };
    let mut url = otel_endpoint("OTEL_EXPORTER_OTLP_ENDPOINT", text)?;
    if protocol == OtelProtocol::HttpProtobuf {
        let below = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&below);
    }
    Ok(Some(url))
}

fn otel_endpoint(name: &'static str, text: &str) -> Result<Url, Error> {
    let fix = "write a URL such as https://collector.example.com:4318, \
               and put the collector's key into OTEL_EXPORTER_OTLP_HEADERS";
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    text.parse::<Url>()
        .ok()
        .filter(plain)
        .ok_or_else(|| Error::invalid(name, fix))
}

fn millis(name: &'static str, value: Option<&str>, default: Duration) -> Result<Duration, Error> {
    match value.map(str::parse::<u64>) {
        None => Ok(default),
        Some(Ok(millis @ 1..=600_000)) => Ok(Duration::from_millis(millis)),
        Some(_) => Err(Error::invalid(name, "write milliseconds from 1 to 600000")),
    }
}

/// `key=value` pairs separated by commas, percent-encoded as OpenTelemetry wants.
fn pairs(name: &'static str, value: Option<&str>) -> Result<Vec<(String, String)>, Error> {
    values::list(value, |item| {
        let wrong = || Error::invalid(name, "write key=value pairs separated by commas");
        let (key, value) = item.split_once('=').ok_or_else(wrong)?;
        let value = percent_encoding::percent_decode_str(value.trim())
            .decode_utf8()
            .map_err(|_| wrong())?;
        let clean = |text: &str| !text.contains(|c: char| c.is_control());
        if key.trim().is_empty() || !clean(key) || !clean(&value) {
            return Err(wrong());
        }
        Ok((key.trim().to_owned(), value.into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn read(pairs: &[(&str, &str)]) -> Result<super::OtelConfig, String> {
        let all = pairs.iter().copied().chain([("HOME", "/srv/somebody")]);
        Config::from_pairs(all)
            .map(|config| config.otel)
            .map_err(|e| e.to_string())
    }

    fn addresses(pairs: &[(&str, &str)]) -> [Option<String>; 3] {
        let found = read(pairs).unwrap();
        [found.traces, found.logs, found.metrics].map(|url| url.map(String::from))
    }

    #[test]
    fn nothing_leaves_the_host_unless_an_endpoint_is_set() {
        assert!(!read(&[]).unwrap().is_on());
        assert!(
            !read(&[("OTEL_EXPORTER_OTLP_HEADERS", "k=v")])
                .unwrap()
                .is_on()
        );
    }

    #[test]
    fn the_common_endpoint_gets_a_path_for_each_signal_and_an_own_one_is_taken_as_it_is() {
        let found = addresses(&[
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "https://c.example:4318/otlp/",
            ),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs.example/in"),
        ]);
        assert_eq!(
            found[0].as_deref(),
            Some("https://c.example:4318/otlp/v1/traces")
        );
        assert_eq!(found[1].as_deref(), Some("http://logs.example/in"));
        assert_eq!(
            found[2].as_deref(),
            Some("https://c.example:4318/otlp/v1/metrics")
        );
    }

    #[test]
    fn grpc_has_no_paths() {
        let found = addresses(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ]);
        assert_eq!(found[0].as_deref(), Some("http://c.example:4317/"));
    }

    #[test]
    fn one_signal_or_all_can_be_switched_off() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example");
        let found = addresses(&[endpoint, ("OTEL_METRICS_EXPORTER", "none")]);
        assert!(found[0].is_some() && found[1].is_some() && found[2].is_none());
        assert!(
            !read(&[endpoint, ("OTEL_SDK_DISABLED", "true")])
                .unwrap()
                .is_on()
        );
    }

    #[test]
    fn a_key_in_the_endpoint_and_other_nonsense_is_refused_by_the_name_of_the_variable() {
        for (name, value) in [
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "https://user:secretish@c.example",
            ),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "secretish"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "ftp://secretish"),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "unix:/secretish"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "secretish"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "secretish"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
            ("OTEL_TRACES_EXPORTER", "console"),
        ] {
            let refused = read(&[(name, value)]).unwrap_err();
            assert!(
                refused.contains(name) && !refused.contains("secretish"),
                "{refused}"
            );
        }
    }
}
