//! Every size a terminal can have, and a terminal that is smaller than what is drawn on it.

use std::num::NonZeroU16;

use proptest::collection::vec;
use proptest::prelude::*;
use rounds::app::screen::{Line, SMALLEST, width};
use rounds::app::{Msg, Screen, State, screen, update};
use rounds::keymap::{Chord, Scope};
use rounds::term::Painter;
use rounds::theme::Theme;
use rounds::tui;
use rounds::view::VIEWS;

use crate::happening::any_happening;
use crate::world::{BEGIN, console, everything, of_two};
use crate::{cases, drawn, run};

/// Consoles that show different things.
fn consoles() -> Vec<State> {
    let shown = |keys: &str| {
        let mut state = console(false);
        run(&mut state, &everything());
        for key in keys.split_whitespace() {
            update(&mut state, BEGIN, Msg::Key(key.parse::<Chord>().expect("a key").into()));
        }
        state
    };
    ["", "w", "2 /", "3 d", ": a", "?", "4 l l l G"].into_iter().map(shown).collect()
}

fn resize(state: &mut State, columns: u16, rows: u16) -> Screen {
    update(state, BEGIN, Msg::Resize(columns, rows));
    screen(state)
}

/// All that are too small, and one of seven of the others; with `SIZES=all` every one.
#[test]
fn a10_every_size_from_nothing_to_200_by_60_is_drawn() {
    let all = std::env::var("SIZES").is_ok_and(|sizes| sizes == "all");
    let mut consoles = consoles();
    let theme = Theme::default();
    for (columns, rows) in (0..=200_u16).flat_map(|columns| (0..=60_u16).map(move |rows| (columns, rows))) {
        let is_small = columns < SMALLEST.0 || rows < SMALLEST.1;
        if is_small || all || (columns * 3 + rows) % 7 == 0 {
            let nth = usize::from(columns + rows * 5) % consoles.len();
            let picture = resize(&mut consoles[nth], columns, rows);
            assert_eq!(picture.too_small.is_some(), is_small, "{columns}x{rows}");
            assert!(drawn(&picture, &theme).is_ok(), "{columns}x{rows}");
        }
    }
    for (columns, rows) in [(u16::MAX, 1), (1, u16::MAX), (u16::MAX, 9), (500, 200)] {
        for state in &mut consoles {
            assert!(drawn(&resize(state, columns, rows), &theme).is_ok(), "{columns}x{rows}");
        }
    }
}

/// Without the column that names the rows nobody knows which is which.
#[test]
fn what_names_the_rows_is_on_screen_in_every_width() {
    for (two, ascii) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut state = if two { of_two(ascii) } else { console(ascii) };
        run(&mut state, &everything());
        for view in VIEWS {
            let key = state.key(Scope::Table, &format!("view {}", view.id));
            update(&mut state, BEGIN, Msg::Key(key.parse::<Chord>().expect("a key").into()));
            assert_eq!(state.view().id, view.id);
            let name = view.columns.iter().find(|column| column.rank == 1).expect("a name").title;
            for columns in SMALLEST.0..=120 {
                let picture = resize(&mut state, columns, SMALLEST.1 + columns % 3 * 8);
                let heading: String = picture.pane.heading.iter().map(|span| span.text.as_str()).collect();
                assert!(heading.contains(name), "{} in {columns} columns: {heading:?}", view.id);
            }
        }
    }
}

fn terminal(columns: u16, rows: u16) -> vt100::Parser {
    let size = |n| NonZeroU16::new(n).expect("not zero");
    vt100::Parser::new(size(rows), size(columns), 0)
}

proptest! {
    #![proptest_config(cases(64))]

    /// The frame is of the size there was; the terminal has another one by the time it comes.
    #[test]
    fn a11_a_frame_for_another_size_is_made_good_by_the_next(
        happenings in vec(any_happening(), 1..8), sizes in vec((1_u16..=120, 1_u16..=50), 2..6)
    ) {
        let mut state = console(false);
        run(&mut state, &happenings);
        let (mut painter, theme) = (Painter::default(), Theme::default());
        let mut shown = terminal(1, 1);
        for (columns, rows) in &sizes {
            // It has the new size already, and gets the old frame.
            shown.screen_mut().set_size(NonZeroU16::new(*rows).expect("a row"), NonZeroU16::new(*columns).expect("a column"));
            let late = screen(&state);
            shown.process(&painter.frame(tui::render(&late, &theme), tui::caret(&late)));
            let picture = resize(&mut state, *columns, *rows);
            if picture.size == late.size {
                painter.forget();
            }
            let frame = tui::render(&picture, &theme);
            shown.process(&painter.frame(frame.clone(), tui::caret(&picture)));
            let mut afresh = terminal(*columns, *rows);
            afresh.process(&Painter::default().frame(frame, tui::caret(&picture)));
            prop_assert_eq!(shown.screen().contents(), afresh.screen().contents());
        }
    }

    /// A line that took another number of columns than was counted would move or overwrite the frame.
    #[test]
    fn c5_whatever_is_in_the_lines_the_frame_stands(
        happenings in vec(any_happening(), 1..12), columns in 40_u16..=200, rows in 8_u16..=60
    ) {
        let mut state = console(false);
        run(&mut state, &happenings);
        let picture = resize(&mut state, columns, rows);
        let bar = |line: &Line| line.iter().map(|span| width(&span.text)).sum::<usize>();
        prop_assert!(bar(&picture.header.left) + bar(&picture.header.right) <= usize::from(columns));
        if picture.panel.is_none() {
            let buffer = tui::render(&picture, &Theme::default());
            let top = 2 + u16::from(picture.banner.is_some());
            for y in top + 1..rows - 2 {
                prop_assert_eq!((buffer[(0, y)].symbol(), buffer[(columns - 1, y)].symbol()), ("│", "│"), "row {}", y);
            }
        }
    }
}
