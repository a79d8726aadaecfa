//! Laws of the console, held by random sequences of everything that can happen to it: keys, pastes, sizes, time, data from the
//! simulated stack, data from someone who means harm, and faults.
#![expect(clippy::expect_used, clippy::panic, reason = "what a test calls fails by panicking")]

#[path = "laws/acting.rs"]
mod acting;
#[path = "../fuzz/src/bodies/mod.rs"]
mod bodies;
#[path = "laws/corpora.rs"]
mod corpora;
#[path = "laws/happening.rs"]
mod happening;
#[path = "laws/pictures.rs"]
mod pictures;
#[path = "laws/rows.rs"]
mod rows;
#[path = "laws/runs.rs"]
mod runs;
#[path = "laws/sizes.rs"]
mod sizes;
#[path = "laws/world.rs"]
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use rounds::app::screen::Bar;
use rounds::app::{Effect, Msg, Screen, State, screen, update};
use rounds::keymap::Keymap;
use rounds::text::clean;
use rounds::theme::Theme;
use rounds::tui;
use rounds::view::VIEWS;

use happening::{Happening, any_happening, any_news};
use world::{BEGIN, console};

/// Lets things happen one after the other; gives the pictures and the effects.
fn run(state: &mut State, happenings: &[Happening]) -> Vec<(Screen, Vec<Effect>)> {
    let step = |happening: &Happening| {
        let (after, msg) = happening.msg();
        let effects = update(state, state.clock + after, msg);
        (screen(state), effects)
    };
    happenings.iter().map(step).collect()
}

/// The picture as cells, each of which must be harmless, and all of which must be there.
fn drawn(picture: &Screen, theme: &Theme) -> Result<(), TestCaseError> {
    let buffer = tui::render(picture, theme);
    let (columns, rows) = picture.size;
    prop_assert_eq!(buffer.content.len(), usize::from(columns) * usize::from(rows));
    for cell in &buffer.content {
        let symbol = cell.symbol();
        prop_assert!(clean(symbol) == symbol && !symbol.is_empty(), "{:?}", symbol);
        prop_assert!(!picture.ascii || symbol.is_ascii(), "{:?}", symbol);
    }
    Ok(())
}

/// The cursor is on a row that is there and on screen, and knows which.
fn cursor_is_sound(state: &State) -> Result<(), TestCaseError> {
    let (cursor, shown) = (&state.place.cursor, state.listing.shown.len());
    prop_assert!(cursor.index < shown.max(1));
    prop_assert_eq!(&cursor.entry, &state.selected().map(rounds::table::Row::entry));
    prop_assert!(cursor.top <= cursor.index);
    Ok(())
}

/// How many cases each law is tried on; more if the environment asks for them.
fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn update_is_total_and_deterministic(happenings in vec(any_happening(), 1..40), ascii: bool) {
        let (mut one, mut other) = (console(ascii), console(ascii));
        let pictures = run(&mut one, &happenings);
        prop_assert_eq!(&pictures, &run(&mut other, &happenings));
        let theme = Theme::default();
        for (picture, _) in pictures.iter().step_by(7).chain(pictures.last()) {
            drawn(picture, &theme)?;
        }
    }

    #[test]
    fn any_picture_fits_on_any_screen(
        happenings in vec(any_happening(), 1..12), sizes in vec((1_u16..=300, 1_u16..=120), 4), ascii: bool
    ) {
        let mut state = console(ascii);
        run(&mut state, &happenings);
        for (columns, rows) in sizes.into_iter().chain([(1, 1), (40, 8), (300, 120)]) {
            update(&mut state, BEGIN, Msg::Resize(columns, rows));
            drawn(&screen(&state), &Theme::default())?;
            cursor_is_sound(&state)?;
        }
    }

    #[test]
    fn the_cursor_follows_its_row(happenings in vec(any_happening(), 1..50)) {
        let mut state = console(false);
        for happening in &happenings {
            let before = (state.view().id, state.place.cursor.entry.clone());
            let (after, msg) = happening.msg();
            let now = state.clock + after;
            update(&mut state, now, msg);
            cursor_is_sound(&state)?;
            let chosen = state.place.cursor.chosen;
            let is_there = |entry| (0..).map_while(|i| state.listing.row(i)).any(|row| row.entry() == entry);
            if !happening.moves() && before.0 == state.view().id && before.1.clone().is_some_and(is_there) {
                let stays = chosen && state.place.cursor.entry == before.1;
                prop_assert!(stays || !chosen && state.place.cursor.index == 0, "{:?}", happening);
            }
        }
    }

    #[test]
    fn what_is_pasted_types_at_most(happenings in vec(any_happening(), 0..20), text in "(?s).{0,60}") {
        let mut state = console(false);
        run(&mut state, &happenings);
        let before = (state.view().id, state.panel.clone(), state.behind.len(), state.prompt.is_some());
        let now = state.now;
        prop_assert_eq!(update(&mut state, now, Msg::Paste(text.clone(), text.len())), []);
        prop_assert_eq!(before, (state.view().id, state.panel.clone(), state.behind.len(), state.prompt.is_some()));
        let typed = state.prompt.as_ref().map_or("", |prompt| prompt.text());
        prop_assert!(clean(typed) == typed && typed.chars().count() <= 300);
    }

    #[test]
    fn a_frozen_screen_stays_as_it_is_and_then_is_as_if_it_had_never_been_frozen(
        before in vec(any_news(), 1..16), during in vec(any_news(), 1..16)
    ) {
        let (mut frozen, mut other) = (console(false), console(false));
        let freeze = [Happening::Key("p".parse().expect("a key"))];
        // As long, and nothing.
        let pause = [Happening::Resize(120, 40)];
        run(&mut frozen, &before);
        let still = |state: &State| Screen { header: Bar::default(), ..screen(state) };
        run(&mut frozen, &freeze);
        let at = still(&frozen);
        for happening in &during {
            run(&mut frozen, std::slice::from_ref(happening));
            prop_assert_eq!(&still(&frozen), &at, "{:?}", happening);
        }
        run(&mut frozen, &freeze);
        run(&mut other, &[&before[..], &pause, &during, &pause].concat());
        prop_assert_eq!(&frozen.listing.rows, &other.listing.rows);
        prop_assert_eq!(screen(&frozen), screen(&other));
        let log = |state: &State| state.world.log.clone();
        prop_assert_eq!(log(&frozen), log(&other));
    }

    #[test]
    fn nothing_is_well_before_all_was_read(read in vec(0_usize..4, 0..3)) {
        let mut state = console(false);
        let read: Vec<Happening> = read.into_iter().map(Happening::Read).collect();
        let pictures = run(&mut state, &read);
        let text = pictures.last().map(|(picture, _)| tui::text(picture, &Theme::default())).unwrap_or_default();
        prop_assert!(!text.contains("all well"), "{}", text);
    }
}

#[test]
fn every_key_of_every_keymap_acts_in_every_view() {
    let known = rounds::app::command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for name in rounds::keymap::names() {
        let (keymap, wrong) = Keymap::named(name, &known).expect("it is built in");
        assert_eq!(wrong, []);
        let mut state = world::with(keymap.clone(), false);
        run(&mut state, &world::everything());
        for (view, entry) in VIEWS.iter().flat_map(|view| keymap.entries().iter().map(move |entry| (view, entry))) {
            (state.prompt, state.panel) = (None, None);
            rounds::app::command::invoke(&mut state, "view", view.id);
            for chord in entry.sequence.chords() {
                update(&mut state, BEGIN, Msg::Key((*chord).into()));
            }
            assert!(drawn(&screen(&state), &Theme::default()).is_ok(), "{name}, {}: {}", view.id, entry.sequence);
            assert!(state.pressed.is_empty(), "{name}: {} leaves something pending", entry.sequence);
        }
    }
}
