//! The shape of the fake value that a child holds in place of a secret.
//!
//! Some programs look at a token before they send it (`gh` wants `ghp_…`), so a fake one is shaped
//! like the real thing. Plain text stands for itself; `{random}` and `{random:N}` become letters
//! and digits, `{hex:N}` lower-case hexadecimal digits, `{digits:N}` digits.

use super::names::ProviderName;
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// Random characters of a `{random}` that says no number.
const DEFAULT_LENGTH: usize = 40;
/// Fewest random characters in all: two runs must never share a placeholder.
const LEAST_RANDOM: usize = 16;
const LONGEST: usize = 512;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Random {
        alphabet: &'static [u8],
        length: usize,
    },
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceholderTemplate(Vec<Piece>);

impl PlaceholderTemplate {
    /// What a provider without a `placeholder` of its own gets.
    pub fn plain(provider: &ProviderName) -> Self {
        Self(vec![
            Piece::Text(format!("{provider}-")),
            Piece::Random {
                alphabet: LETTERS,
                length: DEFAULT_LENGTH,
            },
        ])
    }

    /// Fills it in; `next` gives one random byte each time it is called.
    pub fn fill(&self, mut next: impl FnMut() -> u8) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Random { alphabet, length } => {
                    text.extend((0..*length).map(|_| pick(alphabet, &mut next)));
                }
            }
        }
        text
    }
}

/// The placeholder that stands in a file where a key of `provider` stood: the same one always, so
/// that it is known for what it is by every scan and every run. It is public and opens nothing.
pub fn standing(provider: &ProviderName, template: Option<&str>) -> String {
    let written = template.and_then(|text| text.parse().ok());
    let template = written.unwrap_or_else(|| PlaceholderTemplate::plain(provider));
    let mut rounds = 0_u32..;
    let mut pool = Vec::new().into_iter();
    template.fill(|| {
        pool.next().unwrap_or_else(|| {
            let round = rounds.next().unwrap_or_default();
            let seed = format!("authsome placeholder\n{provider}\n{round}");
            pool = Sha256::digest(seed.as_bytes()).to_vec().into_iter();
            pool.next().unwrap_or_default()
        })
    })
}

/// One character, each as likely as any other: bytes past the last full round are thrown away.
fn pick(alphabet: &[u8], next: &mut impl FnMut() -> u8) -> char {
    let fair = 256 - 256 % alphabet.len();
    // A source stuck at one high byte must not hang us.
    for _ in 0..64 {
        let byte = usize::from(next());
        if byte < fair {
            return char::from(alphabet[byte % alphabet.len()]);
        }
    }
    char::from(alphabet[0])
}

impl FromStr for PlaceholderTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                pieces.push(plain(&rest[..open])?);
            }
            let close = rest
                .find('}')
                .filter(|close| *close > open)
                .ok_or("`{` has no `}`")?;
            pieces.push(random(&rest[open + 1..close])?);
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(plain(rest)?);
        }
        let (mut all, mut chance) = (0, 0);
        for piece in &pieces {
            match piece {
                Piece::Text(text) => all += text.len(),
                Piece::Random { length, .. } => {
                    all += length;
                    chance += length;
                }
            }
        }
        if chance < LEAST_RANDOM || all > LONGEST {
            return Err(format!(
                "it needs at least {LEAST_RANDOM} random characters, as `{{random:{LEAST_RANDOM}}}` gives, and at most {LONGEST} in all"
            ));
        }
        Ok(Self(pieces))
    }
}

fn plain(text: &str) -> Result<Piece, String> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"-_.~!+/=:@|".contains(&c);
    if text.bytes().all(fits) {
        Ok(Piece::Text(text.to_owned()))
    } else {
        Err(
            "only letters, digits and - _ . ~ ! + / = : @ | may stand around the random parts"
                .to_owned(),
        )
    }
}

fn random(inside: &str) -> Result<Piece, String> {
    let (kind, length) = match inside.split_once(':') {
        Some((kind, number)) => (
            kind,
            number.parse().ok().filter(|n| (1..=LONGEST).contains(n)),
        ),
        None => (inside, Some(DEFAULT_LENGTH)),
    };
    let alphabet = match kind {
        "random" => LETTERS,
        "hex" => b"0123456789abcdef",
        "digits" => &b"0123456789"[..],
        _ => return Err("use {random:N}, {hex:N} or {digits:N}".to_owned()),
    };
    let length = length.ok_or("the number after `:` must be 1 to 512")?;
    Ok(Piece::Random { alphabet, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, seed: u8) -> String {
        let mut at = seed;
        template.parse::<PlaceholderTemplate>().unwrap().fill(|| {
            at = at.wrapping_mul(73).wrapping_add(41);
            at
        })
    }

    #[test]
    fn a_placeholder_has_the_shape_of_the_real_thing() {
        let token = fill("ghp_{random:36}", 1);
        assert!(token.starts_with("ghp_") && token.len() == 40, "{token}");
        assert!(token[4..].bytes().all(|c| c.is_ascii_alphanumeric()));
        let uuid = fill("{hex:8}-{hex:4}-{hex:12}", 1);
        assert_eq!((uuid.len(), uuid.matches('-').count()), (26, 2));
        assert_ne!(fill("{random}", 1), fill("{random}", 2));
    }

    #[test]
    fn what_stands_in_a_file_is_the_same_always_and_another_for_each_provider() {
        let provider = |name: &str| name.parse::<ProviderName>().unwrap();
        let openai = standing(&provider("openai"), Some("sk-proj-{random:48}"));
        assert_eq!(
            openai,
            standing(&provider("openai"), Some("sk-proj-{random:48}"))
        );
        assert_eq!(
            openai,
            "sk-proj-S58JMSBPt0nK9KeBgToQDyHMo8lEn9h2iSMztsUQNO0I5QyT"
        );
        assert_ne!(
            openai,
            standing(&provider("acme"), Some("sk-proj-{random:48}"))
        );
        assert!(standing(&provider("acme"), None).starts_with("acme-"));
    }

    #[test]
    fn a_source_that_is_stuck_does_not_hang_it() {
        let template: PlaceholderTemplate = "{digits:16}".parse().unwrap();
        assert_eq!(template.fill(|| 255), "0".repeat(16));
    }

    #[test]
    fn templates_that_could_collide_or_break_a_shell_are_refused() {
        for bad in [
            "",
            "fixed",
            "{random:15}",
            "{random",
            "}{random}",
            "{other}",
            "{random:0}",
            "{random:x}",
            "a b{random}",
            "'{random}",
            "$(x){random}",
            "a\n{random}",
            "é{random}",
            "{random:513}",
        ] {
            assert!(bad.parse::<PlaceholderTemplate>().is_err(), "{bad}");
        }
    }
}
