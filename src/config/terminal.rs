//! What the environment says about the person at the terminal.

use super::raw::Raw;

/// How much a terminal can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalStyle {
    Full,
    /// `NO_COLOR`: everything but colours.
    NoColor,
    /// `TERM=dumb`: neither colours nor cursor movement.
    Dumb,
}

/// What the environment says about the person at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalHints {
    pub style: TerminalStyle,
    /// The width of tables, in characters.
    pub columns: Option<u16>,
    /// A build machine: nobody watches a spinner or uses a browser.
    pub ci: bool,
    /// A browser can be opened on this machine and be seen.
    pub can_open_browser: bool,
    /// The browsers the person prefers (`BROWSER`), separated by colons.
    pub browser: Option<String>,
}

pub(super) fn read(raw: &Raw) -> TerminalHints {
    let ci = raw
        .ci
        .as_deref()
        .is_some_and(|text| !matches!(text, "false" | "0"));
    let desktop =
        cfg!(target_os = "macos") || raw.display.is_some() || raw.wayland_display.is_some();
    let far = raw.ssh_connection.is_some() && raw.display.is_none();
    TerminalHints {
        style: if raw.term.as_deref() == Some("dumb") {
            TerminalStyle::Dumb
        } else if raw.no_color.is_some() {
            TerminalStyle::NoColor
        } else {
            TerminalStyle::Full
        },
        columns: raw
            .columns
            .as_deref()
            .and_then(|text| text.parse().ok())
            .filter(|n| *n > 0),
        ci,
        can_open_browser: !ci && !far && (desktop || raw.browser.is_some()),
        browser: raw.browser.clone(),
    }
}
