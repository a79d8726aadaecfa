//! Bytes of a keyboard, as keys. Late answers of the terminal, reports nobody asked for and halves of sequences are
//! swallowed: no byte of theirs ever becomes a letter.
//!
//! The parser has no clock. It says how long it waits for the next byte ([`Parser::patience`]), and is told when none came.

mod sequence;

use std::time::Duration;

use crate::keymap::{Chord, Key};

const ESC: u8 = 0x1b;
/// What is kept of a paste; the prompts take far less.
pub const MOST_PASTED: usize = 4096;
/// A sequence that is longer is none.
const LONGEST_SEQUENCE: usize = 64;
/// After this long the rest of something that began is not to come any more.
const STRAY: Duration = Duration::from_secs(1);
/// For this long after a lone Esc a `[` or an `O` may be the rest of a sequence that was held up.
const LATE: Duration = Duration::from_millis(600);
/// A paste that stops for this long has been cut off.
const CUT_OFF: Duration = Duration::from_secs(10);
/// The end of a pasted text.
const PASTE_END: &[u8] = b"\x1b[201~";

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A key.
    Key(Chord),
    /// Pasted text, the first 4 KiB of it, and how many bytes there were.
    Paste(String, usize),
}

/// What has begun.
#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// `ESC`.
    Escape,
    /// A lone Esc was told; what comes now may be its tail.
    Told,
    /// `[` or `O`, late after a lone Esc.
    Tail(u8),
    /// `ESC [` and what followed; `late` where the Esc was told already.
    Csi { params: Vec<u8>, late: bool },
    /// `ESC O` and what followed.
    Ss3 { params: Vec<u8>, late: bool },
    /// `ESC [ [`: a function key of the Linux console.
    Linux { late: bool },
    /// The coordinates of an old mouse report: so many bytes more.
    Mouse(u8),
    /// An answer that ends with `ESC \`, the bell or the end of a line; whether its last byte was `ESC`.
    Answer { escape: bool },
    /// The first bytes of a character, after `ESC` or not.
    Utf8 { bytes: Vec<u8>, alt: bool },
    /// A paste.
    Paste(Paste),
}

#[derive(Debug, Default)]
struct Paste {
    kept: Vec<u8>,
    length: usize,
    /// How many bytes of [`PASTE_END`] came.
    matched: usize,
}

/// Turns bytes into what was typed.
#[derive(Debug)]
pub struct Parser {
    state: State,
    escape: Duration,
}

impl Parser {
    /// A parser that takes an Esc for the key when nothing follows for this long.
    #[must_use]
    pub fn new(escape: Duration) -> Self {
        Self { state: State::Ground, escape }
    }

    /// How long to wait for the next byte before [`Self::idle`] is to be called; `None`: for ever.
    #[must_use]
    pub const fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape | State::Tail(_) => Some(self.escape),
            State::Told => Some(LATE),
            State::Paste(_) => Some(CUT_OFF),
            _ => Some(STRAY),
        }
    }

    /// Nothing came for as long as [`Self::patience`] said.
    pub fn idle(&mut self, typed: &mut Vec<Typed>) {
        match std::mem::take(&mut self.state) {
            State::Escape => {
                typed.push(plain(Key::Esc));
                self.state = State::Told;
            }
            State::Tail(byte) => typed.push(plain(Key::Char(char::from(byte)))),
            State::Paste(paste) => typed.push(paste.end()),
            // The half of a sequence is nothing.
            _ => {}
        }
    }

    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8], typed: &mut Vec<Typed>) {
        for &byte in bytes {
            self.byte(byte, typed);
        }
    }

    fn byte(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        let again = |state: &mut Self, typed: &mut Vec<Typed>| {
            state.state = State::Ground;
            state.byte(byte, typed);
        };
        match &mut self.state {
            State::Ground => self.state = ground(byte, false, typed),
            State::Escape => self.state = escaped(byte, typed),
            State::Told if matches!(byte, b'[' | b'O') => self.state = State::Tail(byte),
            State::Tail(b'[') => {
                self.state = State::Csi { params: Vec::new(), late: true };
                self.byte(byte, typed);
            }
            State::Tail(_) => {
                self.state = State::Ss3 { params: Vec::new(), late: true };
                self.byte(byte, typed);
            }
            State::Csi { params, late } => match byte {
                b'[' if params.is_empty() => self.state = State::Linux { late: *late },
                b'$' if params.iter().all(u8::is_ascii_digit) && !params.is_empty() => {
                    self.state = sequence::csi(params, byte, *late, typed);
                }
                0x20..=0x3f if params.len() < LONGEST_SEQUENCE => params.push(byte),
                0x40..=0x7e => self.state = sequence::csi(params, byte, *late, typed),
                _ => again(self, typed),
            },
            State::Ss3 { params, late } => match byte {
                b'0'..=b'9' | b';' if params.len() < LONGEST_SEQUENCE => params.push(byte),
                0x20..=0x7e => self.state = sequence::ss3(params, byte, *late, typed),
                _ => again(self, typed),
            },
            State::Linux { late } => {
                let n = byte.wrapping_sub(b'A');
                if n < 5 && !*late {
                    typed.push(plain(Key::F(n + 1)));
                }
                self.state = State::Ground;
            }
            State::Mouse(left) => {
                *left -= 1;
                if *left == 0 {
                    self.state = State::Ground;
                }
            }
            State::Answer { escape } => {
                let ended = matches!((*escape, byte), (true, b'\\') | (false, 0x07 | b'\r' | b'\n'));
                *escape = byte == ESC;
                if ended {
                    self.state = State::Ground;
                }
            }
            State::Utf8 { bytes, alt } => {
                if byte & 0xc0 != 0x80 {
                    again(self, typed);
                    return;
                }
                bytes.push(byte);
                if let Ok(text) = std::str::from_utf8(bytes) {
                    typed.extend(text.chars().next().map(|c| key(Key::Char(c), false, *alt)));
                    self.state = State::Ground;
                } else if bytes.len() >= 4 {
                    self.state = State::Ground;
                }
            }
            State::Paste(paste) => {
                if paste.ends_with(byte) {
                    let paste = std::mem::take(paste);
                    typed.push(paste.end());
                    self.state = State::Ground;
                }
            }
            State::Told => again(self, typed),
        }
    }
}

impl Paste {
    /// Takes a byte; true if the paste ends with it.
    fn ends_with(&mut self, byte: u8) -> bool {
        if byte == PASTE_END[self.matched] {
            self.matched += 1;
            return self.matched == PASTE_END.len();
        }
        let begun = std::mem::take(&mut self.matched);
        self.keep(&PASTE_END[..begun]);
        if byte == ESC {
            self.matched = 1;
        } else {
            self.keep(&[byte]);
        }
        false
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST_PASTED.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.length += bytes.len();
    }

    fn end(self) -> Typed {
        let text = String::from_utf8_lossy(&self.kept).into_owned();
        Typed::Paste(text, self.length)
    }
}

/// A byte where nothing has begun.
fn ground(byte: u8, alt: bool, typed: &mut Vec<Typed>) -> State {
    let pressed = match byte {
        ESC => return State::Escape,
        0xc2..=0xf4 => return State::Utf8 { bytes: vec![byte], alt },
        // The rest of a character whose beginning was lost.
        0x80.. => return State::Ground,
        b'\r' => key(Key::Enter, false, alt),
        b'\t' => key(Key::Tab, false, alt),
        0x7f => key(Key::Backspace, false, alt),
        0x00 => key(Key::Char(' '), true, alt),
        0x01..=0x1a => key(Key::Char(char::from(byte + b'a' - 1)), true, alt),
        0x1c..=0x1f => key(Key::Char(char::from(byte + 0x40)), true, alt),
        b' '..=b'~' => key(Key::Char(char::from(byte)), false, alt),
    };
    typed.push(pressed);
    State::Ground
}

/// A byte after `ESC`.
fn escaped(byte: u8, typed: &mut Vec<Typed>) -> State {
    match byte {
        b'[' => State::Csi { params: Vec::new(), late: false },
        b'O' => State::Ss3 { params: Vec::new(), late: false },
        b']' | b'P' | b'X' | b'^' | b'_' => State::Answer { escape: false },
        ESC => {
            typed.push(plain(Key::Esc));
            State::Escape
        }
        _ => ground(byte, true, typed),
    }
}

fn plain(code: Key) -> Typed {
    Typed::Key(Chord::plain(code))
}

fn key(code: Key, ctrl: bool, alt: bool) -> Typed {
    Typed::Key(Chord::new(code, ctrl, alt, false))
}

#[cfg(test)]
mod tests;
