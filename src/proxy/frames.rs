//! Masks what a WebSocket says to the child, frame by frame (RFC 6455 section 5).
//!
//! A message may come in several frames, and a control frame may stand between them; a secret is
//! found across all of that, and every frame keeps its length. What is not a well-formed frame of
//! a server, without extensions, ends the connection: a lenient client could read a secret in it.

use super::forms::Needles;
use super::scrub::Scrubber;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const BINARY: u8 = 2;
const FIRST_CONTROL: u8 = 8;
const LAST_CONTROL: u8 = 10;
const MOST_CONTROL: u64 = 125;

#[derive(Debug, Clone, Copy)]
enum Reading {
    Head,
    Data { left: u64, ends_message: bool },
    Control { left: u64 },
}

/// What goes out in its turn.
#[derive(Debug)]
enum Piece {
    /// As it is: the head of a frame, or a whole control frame.
    Whole(Vec<u8>),
    /// So many bytes of what the scrubber gives.
    Data(u64),
}

/// The state of one direction of one WebSocket.
#[derive(Debug)]
pub(super) struct Frames {
    scrubber: Scrubber,
    reading: Reading,
    /// The frame head so far, or a control frame so far.
    held: Vec<u8>,
    waiting: VecDeque<Piece>,
    in_message: bool,
}

impl Frames {
    pub(super) const fn new(needles: Arc<Needles>) -> Self {
        Self {
            scrubber: Scrubber::new(needles),
            reading: Reading::Head,
            held: Vec::new(),
            waiting: VecDeque::new(),
            in_message: false,
        }
    }

    /// Takes the next bytes and gives those that are safe to send on.
    pub(super) fn push(&mut self, mut input: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        while let Some((first, rest)) = input.split_first() {
            match self.reading {
                Reading::Head => {
                    self.held.push(*first);
                    input = rest;
                    self.judge_head(&mut out)?;
                }
                Reading::Data { left, ends_message } => {
                    let (here, after) = input.split_at(at_most(left, input.len()));
                    self.take_data(here, &mut out);
                    self.go_on_with_data(left - here.len() as u64, ends_message, &mut out);
                    input = after;
                }
                Reading::Control { left } => {
                    let (here, after) = input.split_at(at_most(left, input.len()));
                    self.held.extend_from_slice(here);
                    self.go_on_with_control(left - here.len() as u64, &mut out);
                    input = after;
                }
            }
        }
        Ok(out)
    }

    /// Whether a pause would set something free.
    pub(super) fn has_short_rest(&self) -> bool {
        self.scrubber.has_short_rest()
    }

    /// The stream pauses: gives a short beginning of a secret, which then no longer waits.
    pub(super) fn pause(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let free = self.scrubber.pause();
        self.flow(&free, &mut out);
        out
    }

    /// The stream ends: gives all that waits, but no frame that is not whole up to its payload.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let free = self.scrubber.finish();
        self.flow(&free, &mut out);
        out
    }

    fn judge_head(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let Some((first, length)) = head_of(&self.held)? else {
            return Ok(());
        };
        let (code, is_final) = (first & 0x0f, first & FINAL != 0);
        if (FIRST_CONTROL..=LAST_CONTROL).contains(&code) {
            if !is_final || length > MOST_CONTROL {
                return Err(bad_frame());
            }
            self.go_on_with_control(length, out);
            return Ok(());
        }
        if code > BINARY || (code == CONTINUATION) != self.in_message {
            return Err(bad_frame());
        }
        self.in_message = !is_final;
        let head = std::mem::take(&mut self.held);
        self.waiting.push_back(Piece::Whole(head));
        self.go_on_with_data(length, is_final, out);
        Ok(())
    }

    fn take_data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let length = data.len() as u64;
        match self.waiting.back_mut() {
            Some(Piece::Data(waiting)) => *waiting += length,
            _ => self.waiting.push_back(Piece::Data(length)),
        }
        let free = self.scrubber.push(data);
        self.flow(&free, out);
    }

    fn go_on_with_data(&mut self, left: u64, ends_message: bool, out: &mut Vec<u8>) {
        if left > 0 {
            self.reading = Reading::Data { left, ends_message };
            self.flow(&[], out);
            return;
        }
        self.reading = Reading::Head;
        let free = if ends_message {
            self.scrubber.finish()
        } else {
            bytes::Bytes::new()
        };
        self.flow(&free, out);
    }

    fn go_on_with_control(&mut self, left: u64, out: &mut Vec<u8>) {
        if left > 0 {
            self.reading = Reading::Control { left };
            return;
        }
        self.reading = Reading::Head;
        let mut frame = std::mem::take(&mut self.held);
        // A head of two bytes: the payload of a control frame is short.
        self.scrubber.needles().mask(&mut frame[2..]);
        self.waiting.push_back(Piece::Whole(frame));
        self.flow(&[], out);
    }

    /// Gives what can go now, in the order in which it came.
    fn flow(&mut self, mut free: &[u8], out: &mut Vec<u8>) {
        while let Some(piece) = self.waiting.front_mut() {
            if let Piece::Data(left) = piece {
                let (here, after) = free.split_at(at_most(*left, free.len()));
                out.extend_from_slice(here);
                *left -= here.len() as u64;
                free = after;
                if *left > 0 {
                    return;
                }
            } else if let Piece::Whole(bytes) = piece {
                out.append(bytes);
            }
            self.waiting.pop_front();
        }
    }
}

fn at_most(left: u64, here: usize) -> usize {
    usize::try_from(left).map_or(here, |left| left.min(here))
}

/// The first byte of a frame and the length of its payload; `None` until its head is whole.
fn head_of(head: &[u8]) -> io::Result<Option<(u8, u64)>> {
    let [first, second, rest @ ..] = head else {
        return Ok(None);
    };
    if first & RESERVED != 0 || second & MASKED != 0 {
        return Err(bad_frame());
    }
    let wanted = match second {
        126 => 2,
        127 => 8,
        short => return Ok(Some((*first, u64::from(*short)))),
    };
    if rest.len() < wanted {
        return Ok(None);
    }
    let length = rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if length >> 63 != 0 {
        return Err(bad_frame());
    }
    Ok(Some((*first, length)))
}

fn bad_frame() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the upstream sent a WebSocket frame that cannot be checked",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "the-secret-value";

    fn frames() -> Frames {
        Frames::new(Arc::new(Needles::new([SECRET]).unwrap()))
    }

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match u16::try_from(payload.len()).unwrap() {
            short @ 0..126 => bytes.push(short.to_le_bytes()[0]),
            long => {
                bytes.push(126);
                bytes.extend(long.to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    fn through(pieces: &[&[u8]]) -> Vec<u8> {
        let mut frames = frames();
        let mut out = Vec::new();
        for piece in pieces {
            out.extend(frames.push(piece).unwrap());
        }
        out.extend(frames.finish());
        out
    }

    #[test]
    fn a_secret_in_two_frames_with_a_ping_between_is_masked() {
        let sent = [
            frame(0x01, b"so the-sec"),
            frame(0x89, b"the-secret-value"),
            frame(0x80, b"ret-value it is"),
        ];
        let wanted = [
            frame(0x01, b"so *******"),
            frame(0x89, b"****************"),
            frame(0x80, b"********* it is"),
        ];
        assert_eq!(through(&[&sent.concat()]), wanted.concat());
    }

    #[test]
    fn a_message_goes_on_before_the_next_comes() {
        let mut frames = frames();
        let first = frame(0x81, b"it ends in the-secr");
        assert_eq!(frames.push(&first).unwrap(), first);
        let begun = frame(0x02, &[b'x'; 300]);
        assert_eq!(frames.push(&begun[..100]).unwrap(), begun[..100]);
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        for bytes in [
            &[0x81, 0x85][..],
            &[0xc1, 0x05],
            &[0x83, 0x01],
            &[0x8b, 0x01],
            &[0x09, 0x00],
            &[0x89, 0x7e, 0x00, 0x7e],
            &[0x80, 0x01],
            &[0x01, 0x00, 0x01, 0x00],
            &[0x82, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(frames().push(bytes).is_err(), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_comes_out(
            payloads in proptest::collection::vec("(the-|secret|-value|the-secret-value| ){0,30}", 1..5),
            cuts in proptest::collection::vec(0_usize..600, 0..6),
        ) {
            let last = payloads.len() - 1;
            let sent: Vec<u8> = payloads.iter().enumerate().flat_map(|(at, payload)| {
                let first = u8::from(at == 0) | if at == last { FINAL } else { 0 };
                frame(first, payload.as_bytes())
            }).collect();
            let whole = through(&[&sent]);
            prop_assert_eq!(whole.len(), sent.len());
            let mut places: Vec<_> = cuts.iter().map(|cut| cut % sent.len()).collect();
            places.extend([0, sent.len()]);
            places.sort_unstable();
            let pieces: Vec<_> = places.windows(2).map(|p| &sent[p[0]..p[1]]).collect();
            prop_assert_eq!(&whole, &through(&pieces));
        }
    }
}
