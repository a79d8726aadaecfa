//! The clipboard through the terminal (OSC 52), which works over SSH where no display server is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest text sent, in bytes: xterm takes about 74 kB of base64 and ignores what is longer.
pub const LONGEST: usize = 74_000 / 4 * 3;

/// What the sequence must be wrapped in to pass through a multiplexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// A terminal reads it itself.
    None,
    /// tmux takes it itself (`set-clipboard on`), or passes it on in an envelope (`allow-passthrough on`). Which of the two is
    /// set cannot be known, so it gets both; what it does not take it drops.
    Tmux,
    /// GNU screen takes device control strings of at most 768 bytes.
    Screen,
}

/// The multiplexer the environment speaks of.
#[must_use]
pub fn wrapping(env: &BTreeMap<String, String>) -> Wrapping {
    let term = env.get("TERM").map_or("", String::as_str);
    if env.get("TMUX").is_some_and(|v| !v.is_empty()) {
        Wrapping::Tmux
    } else if env.get("STY").is_some_and(|v| !v.is_empty()) || term.starts_with("screen") {
        Wrapping::Screen
    } else {
        Wrapping::None
    }
}

/// The sequence that puts `text` on the clipboard; `None` if it is too long for any terminal to take.
#[must_use]
pub fn osc52(text: &str, wrapping: Wrapping) -> Option<String> {
    const SCREEN_PIECE: usize = 700;
    if text.len() > LONGEST {
        return None;
    }
    let encoded = STANDARD.encode(text);
    let plain = format!("\x1b]52;c;{encoded}\x07");
    Some(match wrapping {
        Wrapping::None => plain,
        Wrapping::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        Wrapping::Screen => {
            let bytes: Vec<char> = plain.chars().collect();
            bytes
                .chunks(SCREEN_PIECE)
                .fold(String::new(), |out, piece| out + "\x1bP" + &String::from_iter(piece) + "\x1b\\")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_wrapped_for_each_multiplexer() {
        assert_eq!(osc52("hi", Wrapping::None).as_deref(), Some("\x1b]52;c;aGk=\x07"));
        let both = "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\";
        assert_eq!(osc52("hi", Wrapping::Tmux).as_deref(), Some(both));
        let long = osc52(&"x".repeat(3_000), Wrapping::Screen).unwrap();
        assert!(long.split("\x1b\\").all(|piece| piece.len() <= 768));
        assert_eq!(osc52(&"x".repeat(LONGEST + 1), Wrapping::None), None);
    }

    #[test]
    fn the_environment_tells_the_multiplexer() {
        let env = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(wrapping(&env(&[("TMUX", "/tmp/x"), ("TERM", "screen")])), Wrapping::Tmux);
        assert_eq!(wrapping(&env(&[("TERM", "screen-256color")])), Wrapping::Screen);
        assert_eq!(wrapping(&env(&[("TERM", "xterm")])), Wrapping::None);
    }
}
