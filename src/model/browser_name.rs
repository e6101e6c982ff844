//! Which browser somebody uses, in a few words of our own: enough to know it again in a list.

use std::fmt;

/// `Firefox on Linux`. Holds nothing of what the browser sent: a `User-Agent` may be any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserName {
    program: &'static str,
    system: &'static str,
}

/// What is looked for, in this order: most browsers also claim to be others.
const PROGRAMS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("BSD", "BSD"),
];

impl BrowserName {
    /// What a `User-Agent` header says; `None` for a browser or system that we know no word for.
    pub fn from_user_agent(header: &str) -> Option<Self> {
        let known = |words: &[(&str, &'static str)]| {
            let found = words.iter().find(|(mark, _)| header.contains(mark));
            found.map(|(_, name)| *name)
        };
        Some(Self {
            program: known(PROGRAMS)?,
            system: known(SYSTEMS)?,
        })
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        let (program, system) = text.split_once(" on ")?;
        let word = |words: &[(&str, &'static str)], wanted: &str| {
            let found = words.iter().find(|(_, name)| *name == wanted);
            found.map(|(_, name)| *name)
        };
        Some(Self {
            program: word(PROGRAMS, program)?,
            system: word(SYSTEMS, system)?,
        })
    }
}

impl fmt::Display for BrowserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.program, self.system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_browsers_are_known_by_name_and_nothing_else_is_taken_over() {
        let told = |header| BrowserName::from_user_agent(header).map(|name| name.to_string());
        for (header, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
                "Firefox on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
                "Chrome on an iPhone",
            ),
        ] {
            assert_eq!(told(header).as_deref(), Some(name));
        }
        for header in ["", "curl/8.0", "<script>Chrome/1</script>", "Linux"] {
            assert_eq!(told(header), None, "{header}");
        }
    }

    #[test]
    fn a_stored_name_reads_back_and_a_made_up_one_does_not() {
        for (_, program) in PROGRAMS {
            for (_, system) in SYSTEMS {
                let name = BrowserName { program, system };
                assert_eq!(BrowserName::from_stored(&name.to_string()), Some(name));
            }
        }
        for text in ["", "Chrome", "Chrome on ", "<b> on Linux", "Chrome on Mars"] {
            assert_eq!(BrowserName::from_stored(text), None, "{text}");
        }
    }
}
