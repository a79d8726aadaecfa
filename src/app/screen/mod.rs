//! The picture of the state, as plain data: spans of text with roles, no colours and no terminal.
//!
//! ```text
//!  rounds  prod-ehr ▸ 123456789012 us-east-1 ▸ ana@SRE (52m left)   READ-ONLY 03:12:44Z     header
//!  1 overview 2 services 3 instances 4 tasks                                  ✖2 ▲5 ?1      tabs
//!  demo ehr-mongo: …                                                                        banner, in a demo
//! ┌ services 8 ──────────────────────────────────────────────────────────── ecs 4s ┐        pane: title and freshness
//! │  cluster service            run  des …                                         │
//! │✖ ehr     ehr-api             20   28 …                                         │
//! │ ehr/ehr-api ────────────────────────────────────────────────────────────────── │        the sentence under the cursor
//! │ ehr-api 20/28: cannot place 8 tasks, cluster full (asg-ehr 12/12, at max)      │
//! └────────────────────────────────────────────────────────────────────────────────┘
//!  enter open  w why  / filter  : command  ? help                           ecs 4s          footer, prompt or notice
//! ```

mod ages;
mod attempt;
mod columns;
mod footer;
mod freshness;
mod header;
mod panels;
mod sentence;
mod span;
mod tabs;
mod trend;
mod why;

pub use span::{Bar, Line, Span, cut, pad, width};

use super::{Command, State, command};
use crate::keymap::Scope;
use crate::model::Severity;
use crate::theme::Role;

/// Below this the screen only says that it is too small.
pub const SMALLEST: (u16, u16) = (40, 8);

/// A picture of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns and rows it was made for.
    pub size: (u16, u16),
    /// Set where the screen is too small for anything else.
    pub too_small: Option<String>,
    /// Who, where, when.
    pub header: Bar,
    /// What the header is drawn in.
    pub header_role: Option<Role>,
    /// The views and the totals.
    pub tabs: Bar,
    /// What a demo is, and which key to press.
    pub banner: Option<Line>,
    /// The table.
    pub pane: Pane,
    /// A panel over it.
    pub panel: Option<PanelPicture>,
    /// Hints, a notice, or the line being typed.
    pub footer: Bar,
    /// Where the cursor stands in the footer while something is typed, in columns.
    pub caret: Option<u16>,
    /// The attempt whose confirmation is being typed.
    pub asks: Option<u64>,
    /// Draw lines with ASCII characters only.
    pub ascii: bool,
}

/// The framed table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pane {
    /// In the upper border: the title, and the freshness.
    pub title: Bar,
    /// The headings.
    pub heading: Line,
    /// The lines on screen.
    pub lines: Vec<Line>,
    /// At the bottom: what the row under the cursor says, where the table cuts sentences.
    pub below: Vec<Line>,
}

/// A panel: framed text over the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelPicture {
    /// In the upper border.
    pub title: Bar,
    /// The lines on screen.
    pub lines: Vec<Line>,
    /// Columns and rows, border included.
    pub size: (u16, u16),
}

/// The picture of the state.
#[must_use]
pub fn screen(state: &State) -> Screen {
    let (columns, rows) = state.size;
    let ascii = state.options.ascii;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        let words = format!("too small: {columns}x{rows}, needs {}x{}", SMALLEST.0, SMALLEST.1);
        return Screen { size: state.size, too_small: Some(words), ascii, ..Screen::default() };
    }
    let (header, header_role) = header::header(state);
    let (footer, caret) = footer::footer(state);
    Screen {
        size: state.size,
        too_small: None,
        header,
        header_role: Some(header_role),
        tabs: tabs::tabs(state),
        banner: banner(state).map(|words| vec![Span::new(format!(" {}", with_keys(state, words)), Role::Info)]),
        pane: Pane {
            title: freshness::title(state),
            heading: columns::heading(state),
            lines: columns::lines(state),
            below: sentence::lines(state),
        },
        panel: panels::picture(state),
        footer,
        caret,
        asks: state.asks(),
        ascii,
    }
}

/// What a demo is; the lowest screens have no line for it.
fn banner(state: &State) -> Option<&str> {
    state.options.banner.as_deref().filter(|_| state.size.1 > SMALLEST.1)
}

/// Words that name commands as `{why}`, with the keys that invoke them.
fn with_keys(state: &State, words: &str) -> String {
    let named = |words: String, command: &Command| match format!("{{{}}}", command.id) {
        name if words.contains(&name) => words.replace(&name, &state.key(Scope::Table, command.id)),
        _ => words,
    };
    command::all().fold(words.to_owned(), named)
}

/// Rows of the table that fit on screen.
#[must_use]
pub fn table_rows(state: &State) -> usize {
    let rows = pane_rows(state);
    rows - sentence::height(state, rows)
}

/// Lines inside the frame under the headings.
fn pane_rows(state: &State) -> usize {
    // Header, tabs, footer, two borders, the headings.
    let taken = 6 + usize::from(banner(state).is_some());
    usize::from(state.size.1).saturating_sub(taken)
}

/// Indices of the columns that are on screen, from the left.
#[must_use]
pub fn columns_on_screen(state: &State) -> Vec<usize> {
    columns::on_screen(state)
}

/// Lines that section headings may take of the table.
#[must_use]
pub fn section_lines(state: &State) -> usize {
    state.listing.sections
}

/// Lines of the open panel that fit on screen.
#[must_use]
pub fn panel_rows(state: &State) -> usize {
    panels::rows(state)
}

/// Lines the open panel has.
#[must_use]
pub fn panel_length(state: &State) -> usize {
    panels::content(state).map_or(0, |content| content.lines.len())
}

/// The glyph of a severity, as wide as all of them.
fn glyph(severity: Severity, ascii: bool) -> Span {
    let glyph = severity.glyph(ascii);
    let padded = if ascii { format!("{glyph:<6}") } else { glyph.to_owned() };
    Span::new(padded, Role::of(severity))
}

/// Whether the palette is open.
fn palette_open(state: &State) -> bool {
    state.prompt.as_ref().is_some_and(|prompt| prompt.kind.offers())
}
