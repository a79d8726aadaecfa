//! Bytes of a keyboard, in pieces and with pauses, go through the parser into the console.

use std::time::Duration;

use rounds::action::policy::Rules;
use rounds::app::{Effect, Msg, Press, State, screen, update};
use rounds::error::Error;
use rounds::feed::FEEDS;
use rounds::keymap::Chord;
use rounds::term::{Parser, Typed};
use rounds::theme::Theme;
use rounds::tui;

use super::Bytes;
use crate::happening::Happening;
use crate::world::console;

/// Each piece begins with a byte: the upper two bits say what happens before it, the others how long it is.
pub fn run(bytes: &[u8]) {
    let mut state = console(false);
    state.options.rules = Rules { allow: vec!["force-deploy".to_owned()], ..Rules::default() };
    for read in 0..FEEDS.len() {
        let (_, msg) = Happening::Read(read).msg();
        harmless(&mut state, msg);
    }
    let mut bytes = Bytes(bytes);
    let mut parser = Parser::new(Duration::from_millis(25));
    while !bytes.is_empty() {
        let head = bytes.byte();
        match head >> 6 {
            0 => {}
            1 => idle(&mut parser, &mut state),
            2 => {
                while parser.patience().is_some() {
                    idle(&mut parser, &mut state);
                }
            }
            _ => between(&mut bytes, &mut state),
        }
        let mut typed = Vec::new();
        parser.feed(bytes.take(usize::from(head & 0x3f)), &mut typed);
        press(&mut state, typed);
    }
    // Whatever began ends by itself, and keys are taken again.
    for _ in 0..4 {
        idle(&mut parser, &mut state);
    }
    assert_eq!(parser.patience(), None);
    let _ = tui::render(&screen(&state), &Theme::default());
    let quit: Chord = "ctrl-c".parse().expect("a key");
    let now = state.clock;
    // The first may be lost to a sequence of keys that was not ended.
    let mut quits = || update(&mut state, now, Msg::Key(Press::from(quit))).contains(&Effect::Quit);
    assert!(quits() || quits(), "there is always a way out");
}

/// Nothing came for as long as the parser waits, if it waits.
fn idle(parser: &mut Parser, state: &mut State) {
    let mut typed = Vec::new();
    if parser.patience().is_some() {
        parser.idle(&mut typed);
    }
    press(state, typed);
}

/// Something else happens.
fn between(bytes: &mut Bytes<'_>, state: &mut State) {
    let happening = match bytes.byte() {
        kind @ 0..=79 => Happening::Read(usize::from(kind)),
        80..=159 => Happening::Resize(u16::from(bytes.byte()), u16::from(bytes.byte())),
        160..=199 => Happening::Fail(usize::from(bytes.byte()), bytes.text()),
        _ => Happening::Time(u64::from(bytes.number())),
    };
    let (_, msg) = happening.msg();
    harmless(state, msg);
}

fn press(state: &mut State, typed: Vec<Typed>) {
    for typed in typed {
        harmless(
            state,
            match typed {
                Typed::Key(chord) => Msg::Key(chord.into()),
                Typed::Paste(text, length) => {
                    assert!(text.len() <= 3 * 4096 && length < 1 << 40);
                    Msg::Paste(text, length)
                }
            },
        );
    }
}

/// What happens never asks for anything that changes the world: what could confirm it is never planned.
fn harmless(state: &mut State, msg: Msg) {
    let now = state.clock + Duration::from_millis(10);
    for effect in update(state, now, msg) {
        match effect {
            Effect::Quit
            | Effect::Redraw
            | Effect::Copy(_)
            | Effect::Refresh
            | Effect::Focus(_)
            | Effect::Settle
            | Effect::Export(_) => {}
            Effect::Plan { attempt, .. } => {
                let result = Err(Error::unavailable("nothing answers"));
                update(state, now, Msg::Planned { attempt, result });
            }
            Effect::Act { .. } => panic!("it acts"),
        }
    }
}
