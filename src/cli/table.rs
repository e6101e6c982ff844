//! Aligned columns for people.

use super::output::Style;
use super::paint::clean;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

/// How a word stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
    Dim,
}

/// Rows under upper-case headings, without lines; wrapped only where a terminal is too narrow.
#[derive(Debug)]
pub(crate) struct Rows {
    table: Table,
}

impl Rows {
    pub(crate) fn new(style: &Style, headings: &[&str]) -> Self {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.force_no_tty();
        if let Some(width) = style.width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        if style.paint().on {
            table.enforce_styling();
        }
        if !headings.is_empty() {
            table.set_header(
                headings
                    .iter()
                    .map(|text| Cell::new(text).fg(Color::DarkGrey)),
            );
        }
        Self { table }
    }

    pub(crate) fn push(&mut self, cells: &[(&str, Tone)]) {
        self.table.add_row(cells.iter().map(|(text, tone)| {
            let text = clean(text).replace(['\n', '\t'], " ");
            match tone {
                Tone::Plain => Cell::new(text),
                Tone::Good => Cell::new(text).fg(Color::Green),
                Tone::Warn => Cell::new(text).fg(Color::Yellow),
                Tone::Bad => Cell::new(text).fg(Color::Red),
                Tone::Dim => Cell::new(text).fg(Color::DarkGrey),
            }
        }));
    }

    /// The lines, each ended, without blanks at their ends.
    pub(crate) fn finish(mut self) -> String {
        let columns = self.table.column_count();
        for index in 0..columns {
            if let Some(column) = self.table.column_mut(index) {
                column.set_padding((0, if index + 1 == columns { 0 } else { 2 }));
            }
        }
        let mut text = self.table.trim_fmt();
        text.push('\n');
        text
    }
}

/// The tone of a status word of the wire contract.
pub(crate) fn tone_of(status: &str) -> Tone {
    match status {
        "connected" | "claimed" | "ok" | "success" | "ready" | "registered" => Tone::Good,
        "expired" | "pending" | "claim_required" | "warn" | "refused" => Tone::Warn,
        "revoked" | "failed" | "failure" | "rejected" | "fail" | "not_ready" => Tone::Bad,
        _ => Tone::Plain,
    }
}
