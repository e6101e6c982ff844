//! What of OpenTelemetry's own variables is honoured.

use super::Error;
use super::raw::Raw;
use super::values;
use crate::secret::InjectedValue;
use std::time::Duration;
use url::Url;

/// Where traces and audit events go, if anywhere.
#[derive(Debug, Clone)]
pub struct OtelConfig {
    /// `None`: nothing leaves the host.
    pub endpoint: Option<Url>,
    pub protocol: OtelProtocol,
    /// Headers for the collector; usually secret, so the values are kept as such.
    pub headers: Vec<(String, InjectedValue)>,
    /// Longest time one export may take.
    pub timeout: Duration,
    pub service_name: String,
    pub resource_attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtelProtocol {
    HttpProtobuf,
    Grpc,
}

pub(super) fn read(raw: &Raw) -> Result<OtelConfig, Error> {
    let disabled = values::flag("OTEL_SDK_DISABLED", raw.otel_sdk_disabled.as_deref())?;
    let endpoint = raw
        .otel_exporter_otlp_endpoint
        .as_deref()
        .map(otel_endpoint)
        .transpose()?;
    let headers = pairs(
        "OTEL_EXPORTER_OTLP_HEADERS",
        raw.otel_exporter_otlp_headers.as_deref(),
    )?;
    Ok(OtelConfig {
        endpoint: endpoint.filter(|_| !disabled),
        protocol: match raw.otel_exporter_otlp_protocol.as_deref() {
            None | Some("http/protobuf") => OtelProtocol::HttpProtobuf,
            Some("grpc") => OtelProtocol::Grpc,
            Some(_) => {
                return Err(Error::invalid(
                    "OTEL_EXPORTER_OTLP_PROTOCOL",
                    "write http/protobuf or grpc",
                ));
            }
        },
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, InjectedValue::new(value)))
            .collect(),
        timeout: otel_timeout(raw)?,
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

fn otel_endpoint(text: &str) -> Result<Url, Error> {
    let fix = "write a URL such as https://collector.example.com:4318";
    match text.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(Error::invalid("OTEL_EXPORTER_OTLP_ENDPOINT", fix)),
    }
}

fn otel_timeout(raw: &Raw) -> Result<Duration, Error> {
    let Some(text) = &raw.otel_exporter_otlp_timeout else {
        return Ok(Duration::from_secs(10));
    };
    match text.parse::<u64>() {
        Ok(millis @ 1..=600_000) => Ok(Duration::from_millis(millis)),
        _ => Err(Error::invalid(
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "write milliseconds from 1 to 600000",
        )),
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
