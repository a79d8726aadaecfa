//! Any model in any size: it can be drawn, and a terminal then shows what was drawn.

use std::num::NonZeroU16;

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use rounds::app::{screen, update};
use rounds::keymap::{Chord, Key};
use rounds::term::Painter;
use rounds::theme::Theme;
use rounds::tui;
use unicode_width::UnicodeWidthStr;

use super::Bytes;
use crate::happening::Happening;
use crate::world::console;

/// The most frames of one input.
const FRAMES: usize = 12;

/// The first byte chooses ASCII and theme; then what happens, one after the other.
pub fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let choice = bytes.byte();
    let mut state = console(choice & 1 == 1);
    let name = ["dark", "light", "mono"][usize::from(choice >> 1) % 3];
    let (theme, _) = Theme::named(name).expect("built in");
    let mut painter = Painter::default();
    let mut terminal: Option<vt100::Parser> = None;
    let mut frames = 0;
    while !bytes.is_empty() && frames < FRAMES {
        for _ in 0..=bytes.byte() % 8 {
            let (after, msg) = happening(&mut bytes).msg();
            let now = state.clock + after;
            update(&mut state, now, msg);
        }
        let picture = screen(&state);
        let buffer = tui::render(&picture, &theme);
        let (columns, rows) = picture.size;
        assert_eq!(buffer.content.len(), usize::from(columns) * usize::from(rows));
        frames += 1;
        let (Some(wide), Some(high)) = (NonZeroU16::new(columns), NonZeroU16::new(rows)) else { continue };
        let terminal = terminal.get_or_insert_with(|| vt100::Parser::new(high, wide, 0));
        if terminal.screen().size() != (high, wide) {
            terminal.screen_mut().set_size(high, wide);
        }
        terminal.process(&painter.frame(buffer.clone(), tui::caret(&picture)));
        shows(terminal, &buffer);
    }
}

/// One thing that happens.
fn happening(bytes: &mut Bytes<'_>) -> Happening {
    match bytes.byte() {
        0..=79 => Happening::Key(chord(bytes)),
        80..=99 => Happening::Read(usize::from(bytes.byte())),
        100..=139 => {
            let names = (0..=bytes.byte() % 8).map(|_| bytes.text()).collect();
            Happening::Harm(names)
        }
        140..=159 => Happening::Fail(usize::from(bytes.byte()), bytes.text()),
        160..=169 => Happening::Unconnected(bytes.text()),
        170..=179 => Happening::Reading(usize::from(bytes.byte()), usize::from(bytes.byte())),
        180..=199 => Happening::Time(u64::from(bytes.number())),
        200..=214 => Happening::Notice(bytes.text()),
        215..=229 => Happening::Paste(bytes.text()),
        _ => Happening::Resize(u16::from(bytes.byte()), u16::from(bytes.byte() % 61)),
    }
}

/// Most keys are characters, the others those that move.
fn chord(bytes: &mut Bytes<'_>) -> Chord {
    const MOVES: [Key; 10] = [
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::Backspace,
        Key::Down,
        Key::Up,
        Key::Left,
        Key::Right,
        Key::PageDown,
        Key::End,
    ];
    match bytes.byte() {
        byte @ b' '..=b'~' => Chord::plain(Key::Char(char::from(byte))),
        byte @ 128..=191 => Chord::plain(MOVES[usize::from(byte) % MOVES.len()]),
        byte @ 1..=26 => Chord::new(Key::Char(char::from(byte + b'a' - 1)), true, false, false),
        _ => {
            let code = u32::from(bytes.byte()) << 8 | u32::from(bytes.byte());
            Chord::plain(Key::Char(char::from_u32(code).filter(|c| *c != '\u{fffd}').unwrap_or('x')))
        }
    }
}

/// The terminal shows every cell of the buffer; what it takes for several characters may stand in as many cells.
fn shows(terminal: &vt100::Parser, buffer: &Buffer) {
    let area = buffer.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let drawn = &buffer[(x, y)];
            let next = x + u16::try_from(drawn.symbol().width().max(1)).expect("a few columns");
            let cell = |x| terminal.screen().cell(y, x).expect("on the screen");
            let shown: String = (x..next).map(|x| cell(x).contents()).collect();
            assert_eq!(if shown.is_empty() { " " } else { &shown }, drawn.symbol(), "at {x},{y}");
            assert_eq!(cell(x).inverse(), drawn.modifier.contains(Modifier::REVERSED), "at {x},{y}");
            x = next;
        }
    }
}
