//! Keys from the terminal, in the words of the keymap. A thread of its own waits for them with poll(2): it wakes for bytes, for
//! the end of an Esc, and for the end of the terminal.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::pace::{Manner, Pace};
use super::parser::{Parser, Typed};
use crate::keymap::Chord;

/// Something the terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key, when it was read, and how it was pressed.
    Key(Chord, Instant, Manner),
    /// Pasted text, and how many bytes there were of which this is the beginning.
    Paste(String, usize),
    /// The terminal is gone.
    Gone,
}

/// How long a lone Esc is held back here, and over a network, where the rest of a sequence may be late.
const ESCAPE: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(150)];

/// Whether the environment speaks of a keyboard at the other end of a network.
#[must_use]
pub fn is_remote(env: &BTreeMap<String, String>) -> bool {
    ["SSH_TTY", "SSH_CONNECTION"].iter().any(|name| env.get(*name).is_some_and(|value| !value.is_empty()))
}

/// Starts reading; the receiver gets everything until the terminal is gone. `remote`: the keyboard is at the other end of a
/// network.
///
/// # Errors
/// The system gives no more threads.
pub fn spawn(remote: bool) -> io::Result<mpsc::Receiver<Input>> {
    let (send, receive) = mpsc::channel(256);
    let escape = ESCAPE[usize::from(remote)];
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let (mut parser, mut pace) = (Parser::new(escape), Pace::default());
        loop {
            let (typed, gone) = match next(&mut parser) {
                Ok(typed) => (typed, false),
                Err(_) => (Vec::new(), true),
            };
            let (at, together) = (Instant::now(), typed.len() > 1);
            let inputs = typed.into_iter().map(|typed| match typed {
                Typed::Key(chord) => Input::Key(chord, at, pace.manner(at, chord, together)),
                Typed::Paste(text, length) => {
                    pace.pasted(at);
                    Input::Paste(text, length)
                }
            });
            for input in inputs.chain(gone.then_some(Input::Gone)) {
                if send.blocking_send(input).is_err() {
                    return;
                }
            }
            if gone {
                return;
            }
        }
    })?;
    Ok(receive)
}

/// Waits for what is typed next; an error once the terminal is gone.
fn next(parser: &mut Parser) -> io::Result<Vec<Typed>> {
    let mut typed = Vec::new();
    let keyboard = rustix::stdio::stdin();
    while typed.is_empty() {
        let patience = parser.patience();
        if !readable(keyboard, patience)? {
            parser.idle(&mut typed);
            continue;
        }
        let mut bytes = [0; 4096];
        match rustix::io::read(keyboard, &mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => parser.feed(&bytes[..n], &mut typed),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(typed)
}

/// Whether there is something to read, within this time; an error once there never will be.
fn readable(keyboard: BorrowedFd<'_>, patience: Option<Duration>) -> io::Result<bool> {
    let limit = patience.and_then(|patience| Timespec::try_from(patience).ok());
    loop {
        let mut waited = [PollFd::new(&keyboard, PollFlags::IN)];
        match poll(&mut waited, limit.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) if waited[0].revents().contains(PollFlags::IN) => return Ok(true),
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            // A signal: the wait begins anew, which makes an Esc a little late at worst.
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
