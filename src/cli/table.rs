//! Aligned columns for people.

use super::output::Style;
use super::paint::{Paint, clean};
use super::wrap;
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
    /// The same cells, for a terminal that has no room for the columns.
    cells: Vec<Vec<(String, Tone)>>,
    /// Whether the first row names the columns.
    is_headed: bool,
    width: Option<usize>,
    paint: Paint,
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
        let mut cells = Vec::new();
        if !headings.is_empty() {
            cells.push(
                headings
                    .iter()
                    .map(|text| ((*text).to_owned(), Tone::Dim))
                    .collect(),
            );
            table.set_header(
                headings
                    .iter()
                    .map(|text| Cell::new(text).fg(Color::DarkGrey)),
            );
        }
        Self {
            table,
            cells,
            is_headed: !headings.is_empty(),
            width: style.width.map(usize::from),
            paint: style.paint(),
        }
    }

    pub(crate) fn push(&mut self, cells: &[(&str, Tone)]) {
        let row = cells.iter().map(|(text, tone)| (plain(text), *tone));
        self.cells.push(row.collect());
        self.table.add_row(cells.iter().map(|(text, tone)| {
            let text = plain(text);
            match tone {
                Tone::Plain => Cell::new(text),
                Tone::Good => Cell::new(text).fg(Color::Green),
                Tone::Warn => Cell::new(text).fg(Color::Yellow),
                Tone::Bad => Cell::new(text).fg(Color::Red),
                Tone::Dim => Cell::new(text).fg(Color::DarkGrey),
            }
        }));
    }

    /// A row that goes on with what the row above is about: its first cell is empty in columns, and
    /// says so again where there is no room for them.
    pub(crate) fn push_below(&mut self, about: &str, cells: &[(&str, Tone)]) {
        self.push(cells);
        let row = self.cells.last_mut();
        if let Some((first, _)) = row.and_then(|row| row.first_mut()) {
            *first = plain(about);
        }
    }

    /// The lines, each ended, without blanks at their ends.
    ///
    /// Columns that do not fit a terminal would be cut in the middle of words: then each row is its
    /// cells one after the other, on as many lines as they take.
    pub(crate) fn finish(mut self) -> String {
        if let Some(width) = self.width
            && self.is_too_wide(width)
        {
            return self.in_lines(width);
        }
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

impl Rows {
    /// Facts, a name and its value, are wrapped within the value and always fit.
    fn is_too_wide(&self, width: usize) -> bool {
        const FACTS: usize = 3;
        let columns = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| {
            let cells = self.cells.iter().filter_map(move |row| row.get(at));
            cells.map(|(text, _)| letters(text)).max().unwrap_or(0)
        };
        let natural: usize = (0..columns).map(|at| widest(at) + GAP.len()).sum();
        (self.is_headed || columns > FACTS) && natural > width + GAP.len()
    }

    fn in_lines(&self, width: usize) -> String {
        let mut text = String::new();
        for row in self.cells.iter().skip(usize::from(self.is_headed)) {
            let mut used = 0;
            for (cell, tone) in row.iter().filter(|(cell, _)| !cell.is_empty()) {
                if used > 0 && used + GAP.len() + letters(cell) > width {
                    text.push('\n');
                    used = 0;
                    text.push_str(GAP);
                } else if used > 0 {
                    text.push_str(GAP);
                }
                let room = width.saturating_sub(GAP.len());
                let lines = wrap::in_lines(cell, room);
                for (at, line) in lines.iter().enumerate() {
                    if at > 0 {
                        text.push('\n');
                        text.push_str(GAP);
                        used = 0;
                    }
                    text.push_str(&tone.paint(self.paint, line));
                    used += GAP.len() + letters(line);
                }
            }
            text.push('\n');
        }
        text
    }
}

/// Between two cells of a line.
const GAP: &str = "  ";

fn letters(text: &str) -> usize {
    text.chars().count()
}

fn plain(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

impl Tone {
    fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Good => paint.good(text),
            Self::Warn => paint.warn(text),
            Self::Bad => paint.bad(text),
            Self::Dim => paint.dim(text),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(width: u16) -> Rows {
        Rows {
            table: Table::new(),
            cells: vec![vec![
                ("A".to_owned(), Tone::Dim),
                ("B".to_owned(), Tone::Dim),
            ]],
            is_headed: true,
            width: Some(usize::from(width)),
            paint: Paint { on: false },
        }
    }

    #[test]
    fn without_room_for_columns_a_row_says_whose_it_is_and_cuts_no_word() {
        let mut rows = rows(24);
        rows.push(&[("acme", Tone::Plain), ("default", Tone::Plain)]);
        rows.push_below("acme", &[("", Tone::Plain), ("work", Tone::Plain)]);
        rows.push(&[
            ("place", Tone::Plain),
            ("differs from the connection default", Tone::Plain),
        ]);
        assert_eq!(
            rows.finish(),
            "acme  default\nacme  work\nplace\n  differs from the\n  connection default\n"
        );
    }
}
