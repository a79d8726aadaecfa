//! The bytes that turn what the terminal shows into what it is to show, and no others.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::shift::Shift;

/// Everything of a frame is between these, so that no terminal shows half of it (DEC mode 2026; ignored where unknown).
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// Rewriting so many cells between two changes costs no more than moving over them.
const NEAR: u16 = 4;

/// How a cell is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

impl From<&Cell> for Pen {
    fn from(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// Knows what the terminal shows. At first that is nothing but that its cursor is hidden.
#[derive(Debug, Default)]
pub struct Painter {
    /// `None`: nobody knows.
    shown: Option<Buffer>,
    pen: Pen,
    /// Where the next character goes, if that is sure.
    at: Option<(u16, u16)>,
    caret: Option<(u16, u16)>,
    out: String,
}

impl Painter {
    /// Forgets what the terminal shows: the next frame writes every cell.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes of one frame; the cursor is shown at `caret`, and hidden without one.
    pub fn frame(&mut self, next: Buffer, caret: Option<(u16, u16)>) -> Vec<u8> {
        self.out.push_str(BEGIN);
        let mut shown = match self.shown.take().filter(|shown| shown.area == next.area) {
            Some(shown) => shown,
            None => self.blank(next.area),
        };
        let width = next.area.width;
        if let Some(shift) = Shift::between(&shown, &next) {
            // New lines are blank in the colours of the moment.
            self.take_up(PLAIN);
            self.out.push_str(&shift.sequences());
            self.at = None;
            shift.apply(&mut shown);
        }
        distrust_wide(&mut shown, &next);
        let mut erased = None;
        for (x, y, cell) in shown.diff_iter(&next) {
            if erased == Some(y) {
                continue;
            }
            self.go(&next, x, y);
            if is_blank(cell) && width - x > NEAR && (x..width).all(|x| is_blank(&next[(x, y)])) {
                self.take_up(PLAIN);
                self.out.push_str("\x1b[K");
                erased = Some(y);
                continue;
            }
            self.put(cell, width);
        }
        if let Some((x, y)) = caret {
            self.go(&next, x, y);
        }
        if caret.is_some() != self.caret.is_some() {
            self.out.push_str(if caret.is_some() { "\x1b[?25h" } else { "\x1b[?25l" });
        }
        self.caret = caret;
        self.shown = Some(next);
        self.out.push_str(END);
        std::mem::take(&mut self.out).into_bytes()
    }

    /// Erases the whole screen.
    fn blank(&mut self, area: Rect) -> Buffer {
        self.out.push_str("\x1b[0m\x1b[H\x1b[2J");
        (self.pen, self.at) = (PLAIN, Some((0, 0)));
        Buffer::empty(area)
    }

    /// Moves to a cell, over those in between that are near where that is shorter.
    fn go(&mut self, next: &Buffer, x: u16, y: u16) {
        if self.at == Some((x, y)) {
            return;
        }
        if let Some((from, row)) = self.at
            && row == y
            && from < x
        {
            let between = from..x;
            let plain = |x: u16| {
                let cell = &next[(x, y)];
                Pen::from(cell) == self.pen && cell.symbol().len() == 1
            };
            if x - from <= NEAR && between.clone().all(plain) {
                self.out.extend(between.map(|x| next[(x, y)].symbol()));
            } else {
                let _ = write!(self.out, "\x1b[{}C", x - from);
            }
        } else {
            let _ = write!(self.out, "\x1b[{};{}H", y + 1, x + 1);
        }
        self.at = Some((x, y));
    }

    fn put(&mut self, cell: &Cell, width: u16) {
        self.take_up(Pen::from(cell));
        self.out.push_str(cell.symbol());
        // Where a terminal stands after a wide character, or at the end of a line, is not sure.
        self.at = self.at.filter(|(x, _)| cell.symbol().width() == 1 && x + 1 < width).map(|(x, y)| (x + 1, y));
    }

    /// Changes to another pen by the shorter of the ways there.
    fn take_up(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        let from_here = codes(self.pen, pen);
        // Where there is nothing more to say than that all is plain, the parameter can go.
        let anew = if pen == PLAIN { String::new() } else { format!("0;{}", codes(PLAIN, pen)) };
        let shortest = if from_here.len() <= anew.len() { from_here } else { anew };
        let _ = write!(self.out, "\x1b[{shortest}m");
        self.pen = pen;
    }
}

/// What a terminal leaves of a wide character that is half overwritten is its own affair: a line with one is written anew
/// when it changes.
fn distrust_wide(shown: &mut Buffer, next: &Buffer) {
    let width = usize::from(next.area.width).max(1);
    for (old, new) in shown.content.chunks_mut(width).zip(next.content.chunks(width)) {
        if old != new && old.iter().chain(new).any(is_wide) {
            for cell in old {
                cell.set_symbol("");
            }
        }
    }
}

fn is_wide(cell: &Cell) -> bool {
    cell.symbol().len() > 1 && cell.symbol().width() > 1
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && Pen::from(cell) == PLAIN
}

/// What is to be said on the way from one pen to another.
fn codes(from: Pen, to: Pen) -> String {
    let mut all = Vec::new();
    let mut has = from.modifier;
    // One code ends both bold and dim.
    for (ended, code) in [
        (Modifier::BOLD | Modifier::DIM, 22),
        (Modifier::ITALIC, 23),
        (Modifier::UNDERLINED, 24),
        (Modifier::REVERSED, 27),
        (Modifier::CROSSED_OUT, 29),
    ] {
        if has.difference(to.modifier).intersects(ended) {
            all.push(code.to_string());
            has = has.difference(ended);
        }
    }
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if to.modifier.difference(has).contains(modifier) {
            all.push(code.to_string());
        }
    }
    if from.fg != to.fg {
        all.push(color(to.fg, 30));
    }
    if from.bg != to.bg {
        all.push(color(to.bg, 40));
    }
    all.join(";")
}

/// A colour as SGR has it; `base` is 30 for the foreground and 40 for the background.
fn color(color: Color, base: u8) -> String {
    let index = match color {
        Color::Reset => return (base + 9).to_string(),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", base + 8),
        Color::Indexed(n) => n,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match index {
        0..=7 => (base + index).to_string(),
        8..=15 => (base + 52 + index).to_string(),
        _ => format!("{};5;{index}", base + 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::style::Style;

    fn buffer(size: (u16, u16), cells: &[(u16, u16, &str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        for (x, y, text, style) in cells {
            buffer.set_string(x % size.0, y % size.1, text, *style);
        }
        buffer
    }

    fn terminal((width, height): (u16, u16)) -> vt100::Parser {
        let size = |n: u16| std::num::NonZeroU16::new(n).expect("not zero");
        vt100::Parser::new(size(height), size(width), 0)
    }

    /// What a terminal shows: symbol, colours and modifiers of every cell but the second halves of wide ones.
    fn shown(parser: &vt100::Parser, (width, height): (u16, u16)) -> Vec<String> {
        let cell = |x, y| {
            let cell = parser.screen().cell(y, x).expect("it is on the screen");
            if cell.is_wide_continuation() {
                return String::new();
            }
            let marks = [cell.bold(), cell.dim(), cell.underline(), cell.inverse()];
            let text = if cell.contents().is_empty() { " " } else { cell.contents() };
            format!("{text} {:?} {:?} {marks:?}", cell.fgcolor(), cell.bgcolor())
        };
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| cell(x, y)).collect()
    }

    fn any_style() -> impl Strategy<Value = Style> {
        let any_color =
            || prop_oneof![Just(Color::Reset), any::<u8>().prop_map(Color::Indexed), Just(Color::Rgb(1, 2, 3))];
        // Dim is left out: the emulated terminal knows one intensity at a time.
        let bits = Modifier::BOLD | Modifier::UNDERLINED | Modifier::REVERSED;
        (any_color(), any_color(), any::<u16>()).prop_map(move |(fg, bg, m)| {
            Style::new().fg(fg).bg(bg).add_modifier(Modifier::from_bits_truncate(m).intersection(bits))
        })
    }

    type Written = Vec<(u16, u16, String, Style)>;

    fn any_frame() -> impl Strategy<Value = Written> {
        proptest::collection::vec((0_u16..40, 0_u16..12, "[a-c é日│ ]{1,20}", any_style()), 0..12)
    }

    proptest! {
        #[test]
        fn after_any_frames_the_terminal_shows_the_last(frames in proptest::collection::vec(any_frame(), 1..5)) {
            let size = (40, 12);
            let mut painter = Painter::default();
            let mut stepwise = terminal(size);
            let mut afresh = terminal(size);
            for frame in &frames {
                let cells: Vec<(u16, u16, &str, Style)> =
                    frame.iter().map(|(x, y, text, style)| (*x, *y, text.as_str(), *style)).collect();
                stepwise.process(&painter.frame(buffer(size, &cells), None));
                afresh = terminal(size);
                afresh.process(&Painter::default().frame(buffer(size, &cells), None));
            }
            for (cell, (a, b)) in shown(&stepwise, size).iter().zip(&shown(&afresh, size)).enumerate() {
                prop_assert_eq!(a, b, "cell {}", cell);
            }
        }

        #[test]
        fn lines_that_move_end_where_they_belong(
            lines in proptest::collection::vec(("[a-c 日]{0,12}", any_style()), 30),
            tops in proptest::collection::vec(0_usize..20, 2..8),
            fixed in 0_u16..4,
        ) {
            let size = (14, 12);
            let (mut painter, mut stepwise) = (Painter::default(), terminal(size));
            for top in tops {
                let cells: Vec<(u16, u16, &str, Style)> = (0..size.1)
                    .map(|y| {
                        let (text, style) = &lines[if y < fixed { usize::from(y) } else { top + usize::from(y) } % 30];
                        (0, y, text.as_str(), *style)
                    })
                    .collect();
                stepwise.process(&painter.frame(buffer(size, &cells), None));
                let mut afresh = terminal(size);
                afresh.process(&Painter::default().frame(buffer(size, &cells), None));
                prop_assert_eq!(shown(&stepwise, size), shown(&afresh, size));
            }
        }

        #[test]
        fn a_frame_is_what_the_buffer_says(frame in any_frame()) {
            let size = (40, 12);
            let cells: Vec<(u16, u16, &str, Style)> =
                frame.iter().map(|(x, y, text, style)| (*x, *y, text.as_str(), *style)).collect();
            let next = buffer(size, &cells);
            let mut parser = terminal(size);
            parser.process(&Painter::default().frame(next.clone(), None));
            for y in 0..size.1 {
                let mut x = 0;
                while x < size.0 {
                    let (cell, symbol) = (parser.screen().cell(y, x).unwrap(), next[(x, y)].symbol());
                    let contents = if cell.contents().is_empty() { " " } else { cell.contents() };
                    prop_assert_eq!(contents, symbol, "at {},{}", x, y);
                    prop_assert_eq!(cell.bold(), next[(x, y)].modifier.contains(Modifier::BOLD));
                    prop_assert_eq!(cell.inverse(), next[(x, y)].modifier.contains(Modifier::REVERSED));
                    x += u16::try_from(symbol.width().max(1)).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_change_costs_its_cells_and_the_way_to_them() {
        let mut painter = Painter::default();
        let mut at = |text: &str, caret| {
            String::from_utf8(painter.frame(buffer((20, 3), &[(2, 1, text, Style::new())]), caret)).unwrap()
        };
        assert_eq!(at("abc", None), "\x1b[?2026h\x1b[0m\x1b[H\x1b[2J\x1b[2;3Habc\x1b[?2026l");
        assert_eq!(at("abd", None), "\x1b[?2026h\x1b[2;5Hd\x1b[?2026l");
        assert_eq!(at("", None), "\x1b[?2026h\x1b[2;3H\x1b[K\x1b[?2026l");
        assert_eq!(at("", Some((1, 2))), "\x1b[?2026h\x1b[3;2H\x1b[?25h\x1b[?2026l");
        assert_eq!(at("", None), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
    }

    #[test]
    fn a_list_that_scrolls_costs_one_line() {
        let list = |top: u16| {
            let text: Vec<String> = (0..8).map(|y| format!("line {}", top + y)).collect();
            let mut cells: Vec<(u16, u16, &str, Style)> =
                (1..9).map(|y| (0, y, text[usize::from(y) - 1].as_str(), Style::new())).collect();
            cells.extend([(0, 0, "head", Style::new()), (0, 9, "foot", Style::new())]);
            buffer((20, 10), &cells)
        };
        let mut painter = Painter::default();
        let mut at = |top| String::from_utf8(painter.frame(list(top), None)).unwrap();
        at(10);
        assert_eq!(at(11), "\x1b[?2026h\x1b[2H\x1b[M\x1b[9H\x1b[L\x1b[9;1Hline 18\x1b[?2026l");
        assert_eq!(at(9), "\x1b[?2026h\x1b[8H\x1b[2M\x1b[2H\x1b[2L\x1b[2;1Hline 9\x1b[3;1Hline 10\x1b[?2026l");
    }

    #[test]
    fn the_pen_changes_by_the_shorter_way() {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let red = Style::new().fg(Color::Indexed(9));
        let frame = buffer(
            (20, 1),
            &[(0, 0, "a", bold), (1, 0, "b", bold.patch(red)), (2, 0, "c", red), (3, 0, "d", Style::new())],
        );
        let bytes = String::from_utf8(Painter::default().frame(frame, None)).unwrap();
        assert!(bytes.contains("\x1b[1ma\x1b[91mb\x1b[22mc\x1b[md"), "{bytes:?}");
    }
}
