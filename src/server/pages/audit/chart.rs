//! The chart of use over time: bars of an SVG, and the same in words.

use crate::server::pages::render::{clock_time, moment};
use crate::services::{AuditBar, AuditChart};
use time::OffsetDateTime;

/// The height of the highest bar.
const HEIGHT: u64 = 100;
/// From one bar to the next, and how much of that it fills.
const STEP: usize = 10;
const WIDTH: usize = 8;

/// Ready to be drawn.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) width: usize,
    pub(super) height: u64,
    pub(super) bar_width: usize,
    pub(super) bars: Vec<Bar>,
    /// What the bars say, for who cannot see them and for who does not want to count.
    pub(super) summary: String,
    pub(super) first: String,
    pub(super) last: String,
    /// Set where the newest events are not in it yet.
    pub(super) counted_to: Option<String>,
}

/// What went well stands on what did not.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) good: Piece,
    pub(super) bad: Piece,
    pub(super) title: String,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) y: u64,
    pub(super) height: u64,
}

impl Chart {
    pub(super) fn of(chart: &AuditChart) -> Self {
        let label = |at| label(at, chart.is_by_the_hour);
        let highest = chart.bars.iter().map(AuditBar::all).max().unwrap_or(0);
        let bars = chart.bars.iter().enumerate();
        let ends = |bar: Option<&AuditBar>| bar.map(|bar| label(bar.start)).unwrap_or_default();
        Self {
            width: chart.bars.len() * STEP,
            height: HEIGHT,
            bar_width: WIDTH,
            bars: bars
                .map(|(index, bar)| Bar::of(index, bar, highest, &label(bar.start)))
                .collect(),
            summary: summary(chart),
            first: ends(chart.bars.first()),
            last: ends(chart.bars.last()),
            counted_to: chart.counted_to.map(|at| format!("{} UTC", moment(at))),
        }
    }
}

impl Bar {
    fn of(index: usize, bar: &AuditBar, highest: u64, label: &str) -> Self {
        let bad = bar.failure + bar.refused;
        // Whatever happened at all is seen.
        let scaled = |events: u64| match events {
            0 => 0,
            _ => (u128::from(events) * u128::from(HEIGHT) / u128::from(highest.max(1))).max(2),
        };
        let tall = |events| u64::try_from(scaled(events)).unwrap_or(HEIGHT).min(HEIGHT);
        let (all, bad_height) = (tall(bar.all()), tall(bad));
        Self {
            x: index * STEP,
            good: Piece {
                y: HEIGHT - all,
                height: all - bad_height,
            },
            bad: Piece {
                y: HEIGHT - bad_height,
                height: bad_height,
            },
            title: format!("{label}: {}", in_words(bar.all(), bar.failure, bar.refused)),
        }
    }
}

fn label(at: OffsetDateTime, is_by_the_hour: bool) -> String {
    let whole = moment(at);
    let day = whole.split(' ').next().unwrap_or_default();
    if is_by_the_hour {
        format!("{day} {}", clock_time(at))
    } else {
        day.to_owned()
    }
}

fn summary(chart: &AuditChart) -> String {
    let sum = |part: fn(&AuditBar) -> u64| chart.bars.iter().map(part).sum::<u64>();
    let all = sum(AuditBar::all);
    let spans = match (chart.bars.len(), chart.is_by_the_hour) {
        (count, true) => format!("in {count} hours"),
        (count, false) => format!("in {count} days"),
    };
    if all == 0 {
        return format!("No events {spans}");
    }
    let words = in_words(all, sum(|bar| bar.failure), sum(|bar| bar.refused));
    let most = chart.bars.iter().max_by_key(|bar| bar.all());
    let most = most.map_or_else(String::new, |most| {
        let (when, count) = (label(most.start, chart.is_by_the_hour), grouped(most.all()));
        let on = if chart.is_by_the_hour { "at" } else { "on" };
        format!("; most {on} {when}: {count}")
    });
    format!("{words} {spans}{most}")
}

fn in_words(all: u64, failure: u64, refused: u64) -> String {
    let mut text = match all {
        0 => "no events".to_owned(),
        1 => "1 event".to_owned(),
        _ => format!("{} events", grouped(all)),
    };
    for (count, word) in [(failure, "failed"), (refused, "refused")] {
        if count > 0 {
            text = format!("{text}, {} {word}", grouped(count));
        }
    }
    text
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn bar(day: u8, success: u64, refused: u64) -> AuditBar {
        let start = datetime!(2026-11-01 0:00 UTC).replace_day(day).unwrap();
        AuditBar {
            start,
            success,
            failure: 0,
            refused,
        }
    }

    #[test]
    fn the_chart_says_in_words_what_it_draws() {
        let chart = Chart::of(&AuditChart {
            is_by_the_hour: false,
            bars: vec![bar(1, 0, 0), bar(2, 1_234_567, 3), bar(3, 1, 0)],
            counted_to: None,
        });
        assert_eq!(
            chart.summary,
            "1,234,571 events, 3 refused in 3 days; most on 2026-11-02: 1,234,570"
        );
        assert_eq!(chart.bars[0].title, "2026-11-01: no events");
        assert_eq!(chart.bars[2].title, "2026-11-03: 1 event");
        let heights: Vec<_> = chart
            .bars
            .iter()
            .map(|bar| (bar.good.height, bar.bad.height))
            .collect();
        assert_eq!(heights, [(0, 0), (98, 2), (2, 0)]);
    }

    #[test]
    fn a_chart_of_nothing_is_flat() {
        let chart = Chart::of(&AuditChart {
            is_by_the_hour: true,
            bars: vec![bar(1, 0, 0)],
            counted_to: None,
        });
        assert_eq!(chart.summary, "No events in 1 hours");
        assert_eq!(chart.first, "2026-11-01 00:00 UTC");
    }
}
