//! Hostile patterns (row 34 of the threats): how long a text of 4 KiB takes, each.

use super::Row;
use super::patterns_of_tests::Patterns;
use authsome::catalog;
use authsome::model::pattern::WholePattern;
use std::time::{Duration, Instant};

const COUNT: usize = 10_000;
const TEXT: usize = 4_096;

pub(crate) fn hostile(rows: &mut Vec<Row>) {
    let text = "a".repeat(TEXT);
    let mut taken: Vec<Duration> = Vec::new();
    let mut refused = 0;
    for pattern in Patterns::seeded(34).take(COUNT) {
        let definition = serde_json::json!({"name": "acme", "auth_type": "api_key",
            "api_url": "api.acme.example", "api_key": {"key_pattern": pattern}});
        if catalog::check(definition).is_err() {
            refused += 1;
            continue;
        }
        let compiled = WholePattern::compile(&pattern, false).expect("it was taken");
        let start = Instant::now();
        std::hint::black_box(compiled.is_match(&text));
        taken.push(start.elapsed());
    }
    taken.sort_unstable();
    let at = |part: usize| taken[(taken.len() - 1) * part / 1_000].as_secs_f64() * 1_000.0;
    rows.push(Row {
        name: format!("{COUNT} hostile patterns against 4 KiB, each"),
        measured: format!(
            "p50 {:.3}, p99 {:.3}, longest {:.3} ms",
            at(500),
            at(990),
            at(1_000)
        ),
        target: "< 1 ms each",
        original: "–",
        baseline: format!("{refused} were refused"),
    });
}
