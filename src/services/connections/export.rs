//! How exported variables are written. Pure; the text it gives holds secrets.

use super::ExportFormat;
use crate::model::export::ExportSource;
use crate::model::{Connection, Credential, Provider};
use crate::secret::{ExportedText, InjectedValue};

/// One variable of an export.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: InjectedValue,
}

/// What `connection` exports. A refresh token has no source, and so can never be among them.
pub(super) fn variables(
    provider: &Provider,
    connection: &Connection,
    credential: &Credential,
) -> Vec<Variable> {
    provider
        .variables()
        .into_iter()
        .filter(|(name, _)| is_variable_name(name))
        .filter_map(|(name, source)| {
            let value = value(&source, provider, connection, credential)?;
            Some(Variable { name, value })
        })
        .collect()
}

fn value(
    source: &ExportSource,
    provider: &Provider,
    connection: &Connection,
    credential: &Credential,
) -> Option<InjectedValue> {
    match source {
        ExportSource::AccessToken | ExportSource::ApiToken | ExportSource::Cookie(_) => {
            source.secret_of(credential).map(InjectedValue::new)
        }
        ExportSource::BaseUrl => connection
            .base_url
            .clone()
            .or_else(|| provider.usual_site().map(str::to_owned))
            .map(InjectedValue::new),
        ExportSource::ApiUrl => connection
            .api_url
            .clone()
            .or_else(|| {
                let here = provider.at_site(connection.base_url.as_deref());
                here.api_url.iter().find_map(|url| plain_url(url))
            })
            .map(InjectedValue::new),
    }
}

/// An `api_url` as a program can use it; a pattern is none.
fn plain_url(api_url: &str) -> Option<String> {
    if api_url.starts_with("regex:") {
        None
    } else if api_url.contains("://") {
        Some(api_url.to_owned())
    } else {
        Some(format!("https://{api_url}"))
    }
}

fn is_variable_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == b'_')
        && bytes.all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// Writes the variables; of two with one name the first stays.
pub(super) fn write(format: ExportFormat, variables: &[Variable]) -> ExportedText {
    let mut seen = std::collections::BTreeSet::new();
    let once: Vec<&Variable> = variables
        .iter()
        .filter(|variable| seen.insert(variable.name.as_str()))
        .collect();
    ExportedText::new(match format {
        ExportFormat::Env => lines(&once, |v| format!("{}={}", v.name, v.value.reveal())),
        ExportFormat::Shell => lines(&once, |v| {
            format!("export {}={}", v.name, shell_quoted(v.value.reveal()))
        }),
        ExportFormat::Json => json(&once),
    })
}

fn lines(variables: &[&Variable], line: impl Fn(&Variable) -> String) -> String {
    variables
        .iter()
        .map(|variable| line(variable))
        .collect::<Vec<_>>()
        .join("\n")
}

fn json(variables: &[&Variable]) -> String {
    let object: serde_json::Map<_, _> = variables
        .iter()
        .map(|v| (v.name.clone(), v.value.reveal().into()))
        .collect();
    serde_json::Value::Object(object).to_string()
}

/// Single quotes, within which a POSIX shell reads everything but the single quote as it is.
fn shell_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn variable(name: &str, value: &str) -> Variable {
        Variable {
            name: name.to_owned(),
            value: InjectedValue::new(value),
        }
    }

    fn through_a_shell(value: &str) -> String {
        let text = write(ExportFormat::Shell, &[variable("X", value)]);
        let output = Command::new("sh")
            .args(["-c", r#"eval "$1"; printf %s "$X""#, "sh", text.reveal()])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_hostile_value_is_data_to_the_shell() {
        let room = tempfile::tempdir().unwrap();
        let proof = room.path().join("P");
        for hostile in [
            format!("x;touch {}", proof.display()),
            format!("$(touch {})", proof.display()),
            format!("'; touch {}; '", proof.display()),
            format!("`touch {}`\"\\", proof.display()),
        ] {
            assert_eq!(through_a_shell(&hostile), hostile);
        }
        assert!(!proof.exists());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_printable_value_round_trips(value in "[ -~]{0,80}") {
            prop_assert_eq!(through_a_shell(&value), value);
        }
    }

    #[test]
    fn a_name_that_is_no_variable_is_left_out() {
        assert!(is_variable_name("GITHUB_TOKEN"));
        for hostile in ["", "1A", "A B", "A;rm", "A=B", "é"] {
            assert!(!is_variable_name(hostile), "{hostile:?}");
        }
    }

    #[test]
    fn each_format_has_its_shape_and_a_name_comes_once() {
        let list = [
            variable("A", "1"),
            variable("B", "it's"),
            variable("A", "2"),
        ];
        assert_eq!(write(ExportFormat::Env, &list).reveal(), "A=1\nB=it's");
        assert_eq!(
            write(ExportFormat::Shell, &list).reveal(),
            "export A='1'\nexport B='it'\\''s'"
        );
        assert_eq!(
            write(ExportFormat::Json, &list).reveal(),
            r#"{"A":"1","B":"it's"}"#
        );
    }
}
