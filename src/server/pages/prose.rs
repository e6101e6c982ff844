//! Messages made for terminals, as sentences with their `code` set apart.

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// Errors are lower case and without a full stop, and put commands in backticks; pages are prose.
pub(super) fn sentence(text: &str) -> Vec<Piece> {
    let mut letters = text.chars();
    let mut sentence: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    if !sentence.matches('`').count().is_multiple_of(2) {
        return vec![Piece {
            text: sentence,
            is_code: false,
        }];
    }
    sentence
        .split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(at, text)| Piece {
            text: text.to_owned(),
            is_code: at % 2 == 1,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let pieces = sentence(text).into_iter();
        pieces
            .map(|piece| {
                if piece.is_code {
                    format!("<{}>", piece.text)
                } else {
                    piece.text
                }
            })
            .collect()
    }

    #[test]
    fn an_error_reads_as_a_sentence() {
        assert_eq!(shown("it is gone"), "It is gone.");
        assert_eq!(shown("run `authsome ui`"), "Run <authsome ui>.");
        assert_eq!(shown("`a` and `b` are"), "<a> and <b> are.");
        assert_eq!(shown("one ` alone"), "One ` alone.");
        assert_eq!(shown(""), ".");
    }
}
