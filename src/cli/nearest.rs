//! What somebody may have meant by the name of a provider that is not there.

use super::context::Context;
use super::error::CliError;
use crate::model::ErrorCode;

/// The most names that are proposed.
const MOST: usize = 3;
/// The most letters that may be wrong.
const TYPOS: usize = 2;

/// The same error; where a provider was not found, the names that come close are in its hint.
pub(crate) async fn provider(context: &Context, error: CliError) -> CliError {
    if error.code() != Some(ErrorCode::ProviderNotFound) {
        return error;
    }
    let Some(typed) = error.named_provider().map(str::to_owned) else {
        return error;
    };
    let Ok(client) = context.client().await else {
        return error;
    };
    let Ok(known) = client.providers().await else {
        return error;
    };
    let all = known.bundled.iter().chain(&known.custom);
    let names = close_to(&typed, all.map(|one| one.0.name.as_str()));
    if names.is_empty() {
        return error;
    }
    error.hint(format!(
        "did you mean {}? `authsome list` shows them all",
        names.join(" or ")
    ))
}

/// The closest names first: those that begin with what was typed, and those with a typo or two.
fn close_to<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut close: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(typed, name);
            let allowed = TYPOS.min(typed.chars().count() / 3);
            let begins = typed.len() > 2 && name.starts_with(typed);
            (begins || distance <= allowed).then_some((distance, name))
        })
        .collect();
    close.sort_unstable();
    close
        .into_iter()
        .take(MOST)
        .map(|(_, name)| format!("`{name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_and_beginnings_are_close_and_nothing_else_is() {
        let close = |typed: &str| {
            let names = ["openai", "github-mcp", "github-pat", "groq", "x"];
            close_to(typed, names.into_iter()).join(" ")
        };
        assert_eq!(close("opnai"), "`openai`");
        assert_eq!(close("github"), "`github-mcp` `github-pat`");
        assert_eq!(close("acme"), "");
        assert_eq!(close("ab"), "");
    }
}
