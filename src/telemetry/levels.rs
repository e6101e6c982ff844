//! Which spans and events are looked at at all.
//!
//! `AUTHSOME_LOG` rules our own modules. Other crates are capped at warnings and never give a
//! span: at lower levels some of them write headers, SQL or whole URLs.

use super::Error;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, Targets, filter_fn};

pub(super) const OURS: &str = "authsome";

/// Reads `AUTHSOME_LOG`, or takes the default of the process.
pub(super) fn parse(log: Option<&str>, default: LevelFilter) -> Result<Targets, Error> {
    match log.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(Targets::new().with_default(default)),
        Some(text) => text.parse().map_err(|source| Error::Level {
            value: super::clean(text).into_owned(),
            source,
        }),
    }
}

/// The filter in front of the log lines.
pub(super) fn for_lines(targets: Targets) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let most = targets
        .iter()
        .map(|(_, level)| level)
        .chain(targets.default_level())
        .max()
        .unwrap_or(LevelFilter::OFF);
    filter_fn(move |meta: &Metadata<'_>| {
        let allowed = is_ours(meta) || (meta.is_event() && *meta.level() <= Level::WARN);
        allowed && targets.would_enable(meta.target(), meta.level())
    })
    .with_max_level_hint(most)
}

/// The filter in front of the trace exporter: our own spans from `debug` up (the hot ones are below
/// `info`, so that they cost nothing while nobody exports them), and our own events from `info` up.
pub(super) fn for_traces() -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    filter_fn(|meta: &Metadata<'_>| {
        let least = if meta.is_span() {
            Level::DEBUG
        } else {
            Level::INFO
        };
        is_ours(meta) && *meta.level() <= least
    })
    .with_max_level_hint(LevelFilter::DEBUG)
}

fn is_ours(meta: &Metadata<'_>) -> bool {
    let target = meta.target();
    target == OURS
        || target
            .strip_prefix(OURS)
            .is_some_and(|rest| rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_directives_are_read_and_nonsense_is_refused() {
        assert!(parse(Some("debug"), LevelFilter::INFO).is_ok());
        assert!(parse(Some("info,authsome::proxy=trace"), LevelFilter::INFO).is_ok());
        assert!(parse(Some("  "), LevelFilter::INFO).is_ok());
        let refused = parse(Some("authsome=verbose"), LevelFilter::INFO).unwrap_err();
        assert!(refused.to_string().contains("AUTHSOME_LOG"), "{refused}");
    }
}
