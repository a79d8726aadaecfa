//! Keys from the terminal, in the words of the keymap. They are read on a thread of their own: reading may block.

use std::thread;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

use crate::keymap::{Chord, Key};

/// Something the terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Chord),
    /// Pasted text.
    Paste(String),
    /// The new size in columns and rows.
    Resize(u16, u16),
    /// The terminal is gone.
    Gone,
}

/// Starts reading; the receiver gets everything until the terminal is gone.
#[must_use]
pub fn spawn() -> mpsc::Receiver<Input> {
    let (send, receive) = mpsc::channel(256);
    thread::spawn(move || {
        loop {
            let input = match event::read() {
                Ok(event) => translate(event),
                Err(_) => Some(Input::Gone),
            };
            let gone = input == Some(Input::Gone);
            if input.is_some_and(|input| send.blocking_send(input).is_err()) || gone {
                return;
            }
        }
    });
    receive
}

fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => chord(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        _ => None,
    }
}

fn chord(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let key = match event.code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert => Key::Insert,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(n) => Key::F(n),
        _ => return None,
    };
    let has = |modifier| event.modifiers.contains(modifier);
    Some(Chord::new(key, has(KeyModifiers::CONTROL), has(KeyModifiers::ALT), has(KeyModifiers::SHIFT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_keymaps_name_them() {
        let pressed = |code, modifiers| chord(KeyEvent::new(code, modifiers)).map(|c| c.to_string());
        for (code, modifiers, name) in [
            (KeyCode::Char('j'), KeyModifiers::NONE, "j"),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('l'), KeyModifiers::CONTROL, "ctrl-l"),
            (KeyCode::PageDown, KeyModifiers::NONE, "pgdn"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "backtab"),
        ] {
            assert_eq!(pressed(code, modifiers).as_deref(), Some(name));
        }
    }
}
