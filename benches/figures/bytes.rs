//! P5: bytes a change costs on the way to the terminal. Every picture is compared with one drawn anew.

use std::num::NonZeroU16;

use rounds::app::{Msg, State, screen, update};
use rounds::term::Painter;
use rounds::theme::Theme;
use rounds::tui;
use vt100::Parser;

use crate::large::{self, NOW, POLL, press};
use crate::pty::Program;
use crate::table::{Table, quantile};
use crate::{Scale, large::console};

/// A console, and a terminal that is told only what changed.
pub struct Drawn {
    pub state: State,
    theme: Theme,
    painter: Painter,
    parser: Parser,
}

impl Drawn {
    /// The console as it is, drawn.
    pub fn new(mut state: State, (columns, rows): (u16, u16)) -> Self {
        let now = state.now;
        update(&mut state, now, Msg::Resize(columns, rows));
        let mut drawn =
            Self { state, theme: large::theme(), painter: Painter::default(), parser: terminal(columns, rows) };
        drawn.frame();
        drawn
    }

    /// Draws; gives the bytes.
    pub fn frame(&mut self) -> u64 {
        let picture = screen(&self.state);
        let bytes = self.painter.frame(tui::render(&picture, &self.theme), tui::caret(&picture));
        self.parser.process(&bytes);
        let (columns, rows) = self.state.size;
        let mut anew = terminal(columns, rows);
        anew.process(&Painter::default().frame(tui::render(&picture, &self.theme), tui::caret(&picture)));
        assert!(shown(&self.parser, columns, rows) == shown(&anew, columns, rows), "drawn as if anew");
        bytes.len() as u64
    }

    /// Presses keys one by one, each with its frame; gives the bytes of each.
    pub fn press(&mut self, keys: &str) -> Vec<u64> {
        let one = |key| {
            press(&mut self.state, key);
            self.frame()
        };
        keys.split(' ').map(one).collect()
    }
}

fn terminal(columns: u16, rows: u16) -> Parser {
    let size = |n| NonZeroU16::new(n).expect("not zero");
    Parser::new(size(rows), size(columns), 0)
}

fn shown(parser: &Parser, columns: u16, rows: u16) -> Vec<String> {
    let cell = |(x, y)| {
        let cell = parser.screen().cell(y, x).expect("on the screen");
        let text = if cell.contents().is_empty() { " " } else { cell.contents() };
        let marks = [cell.bold(), cell.dim(), cell.underline(), cell.inverse()];
        format!("{text}{:?}{:?}{marks:?}", cell.fgcolor(), cell.bgcolor())
    };
    (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).map(cell).collect()
}

/// Measures it.
pub fn measure(_: Scale) {
    for size in [(120, 40), (200, 60)] {
        let mut table =
            Table::new(&format!("P5 bytes on the wire, {}x{}, 1,000 tasks, clock hidden, 256 colours", size.0, size.1));
        let mut drawn = Drawn::new(console(1_000), size);
        drawn.press("g j");
        let well = drawn.press(&["j k"; 10].join(" "));
        drawn.press("s s S G k k");
        let moves = drawn.press(&["k"; 20].join(" "));
        table.count("select the row beside, all well: median", quantile(&moves, 0.5), 80, "B");
        table.count("select the row beside, all well: most", quantile(&moves, 1.0), 80, "B");
        table.count("select the row beside, back and forth: most", quantile(&well, 1.0), 80, "B");
        for (view, key) in [("overview", "1"), ("services", "2")] {
            let moves = incident(size, key);
            let most = quantile(&moves, 1.0);
            table.count(
                &format!("the same in the demo's {view}, with its sentence: median"),
                quantile(&moves, 0.5),
                80,
                "B",
            );
            table.count(&format!("the same in the demo's {view}, with its sentence: most"), most, 80, "B");
        }
        table.count("one value changes", one_value(size), 60, "B");
        drawn.press("W g");
        let page = screen::table_rows(&drawn.state);
        drawn.press(&vec!["j"; page - 1].join(" "));
        let scrolled: u64 = drawn.press(&["j"; 30].join(" ")).iter().sum();
        table.count("scroll by 30 lines, a line a key", scrolled, 5_000, "B");
        let pages = drawn.press("pgdn pgdn pgdn pgup");
        table.count("a page: median", quantile(&pages, 0.5), 2_300, "B");
        for (name, key) in [("why", "w"), ("help", "?"), ("detail", "d")] {
            drawn.press("2 g");
            let opened = drawn.press(key)[0];
            let (columns, rows) = screen(&drawn.state).panel.expect("it is open").size;
            let area = u64::from(columns) * u64::from(rows);
            let closed = drawn.press("esc")[0];
            table.count(&format!("open {name} ({columns}x{rows})"), opened, 2 * area, "B");
            table.count(&format!("close {name}"), closed, 2 * area, "B");
        }
        let mut idle = Drawn::new(console(1_000), size);
        update(&mut idle.state, NOW + POLL, large::read(1_000, NOW + POLL));
        let picture = screen(&idle.state);
        let changed = tui::render(&picture, &idle.theme) != tui::render(&screen(&console_at(size)), &idle.theme);
        table.count("a poll that finds nothing new: cells changed", u64::from(changed), 0, "");
    }
}

fn console_at(size: (u16, u16)) -> State {
    Drawn::new(console(1_000), size).state
}

/// The real program on the demo's incident: the cursor goes down row by row.
fn incident((columns, rows): (u16, u16), view: &str) -> Vec<u64> {
    let mut demo = Program::rounds(&["demo", "--no-clock"]).size(columns, rows).start();
    demo.sees("fresh, oldest");
    demo.press(view);
    demo.sees(if view == "1" { "┌ overview" } else { "┌ services" });
    let mut move_down = || {
        let (before, written) = (demo.cursor().expect("a cursor"), demo.written.len());
        demo.press("j");
        demo.frame(|demo| demo.cursor().is_some_and(|now| now > before));
        (demo.written.len() - written) as u64
    };
    (0..4).map(|_| move_down()).collect()
}

/// One service has a task pending more than before.
fn one_value(size: (u16, u16)) -> u64 {
    let mut drawn = Drawn::new(console(1_000), size);
    drawn.press("2");
    // What is first seen is told from the second reading on.
    update(&mut drawn.state, NOW + POLL, large::read(1_000, NOW + POLL));
    drawn.frame();
    let at = NOW + POLL + POLL;
    let mut facts = large::facts(1_000, at);
    let mut service = (*facts.services[4].item).clone();
    service.pending += 1;
    facts.services[4].item = std::sync::Arc::new(service);
    update(&mut drawn.state, at, large::news(facts, at));
    drawn.frame()
}
