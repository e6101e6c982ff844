//! Hexadecimal text, lower case out, either case in.

use zeroize::Zeroizing;

/// Writes `bytes` as lower-case hexadecimal digits.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// Reads exactly `2 * N` hexadecimal digits; `None` for anything else.
pub fn decode<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = Zeroizing::new([0; N]);
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(out)
}

/// Reads exactly `2 * N` lower-case hexadecimal digits, the one spelling of each value.
pub fn decode_lower<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    if text.bytes().any(|c| c.is_ascii_uppercase()) {
        return None;
    }
    decode(text)
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let bytes = [0_u8, 1, 0x7f, 0xff];
        assert_eq!(encode(&bytes), "00017fff");
        assert_eq!(*decode::<4>("00017FfF").unwrap(), bytes);
    }

    #[test]
    fn other_lengths_and_digits_are_refused() {
        for text in ["", "0", "000", "00000", "0g00", "+100", "é0"] {
            assert!(decode::<2>(text).is_none(), "{text:?}");
        }
        assert!(decode_lower::<1>("AB").is_none());
        assert!(decode_lower::<1>("ab").is_some());
    }
}
