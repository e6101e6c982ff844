//! Patterns that mean ill: always the same ones for a seed. Nothing else of the tests is used here, so that
//! the benchmark can take them too.

/// Where a generator of numbers stands (xorshift).
#[derive(Debug)]
pub(crate) struct Patterns(u64);

impl Patterns {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or_default();
        of[at]
    }

    /// What a backtracking matcher needs to run for ever: repeats of repeats, of choices that begin alike.
    fn part(&mut self, depth: u64) -> String {
        let inner = if depth == 0 || self.below(4) == 0 {
            self.one_of(&[
                "a",
                "aa",
                ".",
                "[a-z]",
                "[^b]",
                r"\w",
                r"\W",
                "[ab-z0-9_]",
                "(?i:a)",
                "x?",
                "",
                r"\b",
            ])
            .to_owned()
        } else {
            match self.below(4) {
                0 => format!("({})", self.part(depth - 1)),
                1 => format!("(?:{}|{})", self.part(depth - 1), self.part(depth - 1)),
                2 => format!("(?:a|{}|a{})", self.part(depth - 1), self.part(depth - 1)),
                _ => format!("(?:{}{})", self.part(depth - 1), self.part(depth - 1)),
            }
        };
        let count = self.one_of(&[
            "", "*", "+", "?", "*?", "{2}", "{9}", "{3,}", "{0,9}", "{30}", "{99}", "{1,300}",
            "{1000}", "{100000}",
        ]);
        format!("{inner}{count}")
    }
}

impl Iterator for Patterns {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let depth = self.below(5);
        let mut pattern = self.part(depth);
        for _ in 0..self.below(3) {
            pattern.push_str(&self.part(depth / 2));
        }
        Some(match self.below(20) {
            // Not even a pattern, or one of a richer language.
            0 => format!("{pattern})|(?:.*"),
            1 => format!(r"({pattern})\1"),
            2 => format!("(?={pattern})b"),
            3 | 4 => format!("^{pattern}$"),
            _ => pattern,
        })
    }
}
