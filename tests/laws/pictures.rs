//! What the picture of an incident shows, in the narrowest terminal there is to expect.

use std::time::Duration;

use rounds::app::screen::table_rows;
use rounds::app::{Msg, State, screen, update};
use rounds::feed::FEEDS;
use rounds::keymap::Chord;
use rounds::model::Severity;
use rounds::table::{Cell, Row};
use rounds::theme::{Role, Theme};
use rounds::time::Timestamp;
use rounds::tui;

use crate::happening::Happening;
use crate::world::{BEGIN, console, recorded};

/// The console in the middle of the incident, in 80×24.
fn incident() -> State {
    let mut state = console(false);
    let now = state.now;
    update(&mut state, now, Msg::Resize(80, 24));
    for read in (0..recorded().len()).map(Happening::Read) {
        let (after, msg) = read.msg();
        let now = recorded()[recorded().len() - 1].at.max(state.now + after);
        update(&mut state, now, msg);
    }
    state
}

fn press(state: &mut State, keys: &str) {
    for key in keys.split(' ') {
        let now = state.now;
        update(state, now, Msg::Key(key.parse::<Chord>().expect("a key").into()));
    }
}

fn text(state: &State) -> String {
    tui::text(&screen(state), &Theme::default())
}

fn cell<'a>(state: &State, row: &'a Row, column: &str) -> &'a Cell {
    let at = state.view().columns.iter().position(|c| c.id == column).expect("a column");
    &row.cells[at]
}

#[test]
fn only_what_runs_is_drawn_as_well_and_faults_are_all_the_rest() {
    let mut state = incident();
    press(&mut state, "4");
    for row in &state.listing.rows {
        let runs = cell(&state, row, "status").searchable() == "RUNNING";
        assert_eq!(runs, row.severity == Severity::Ok, "{row:?}");
    }
    press(&mut state, "f");
    let shown: Vec<&Row> = (0..).map_while(|i| state.listing.row(i)).collect();
    let waiting = shown.iter().filter(|row| cell(&state, row, "status").searchable() == "PROVISIONING");
    assert_eq!(waiting.count(), 8, "the tasks that find no place");
    assert!(shown.iter().all(|row| row.severity > Severity::Ok));
}

#[test]
fn the_tasks_a_problem_leads_to_begin_with_those_that_wait() {
    let mut state = incident();
    press(&mut state, "enter enter");
    let shown = (0..).map_while(|i| state.listing.row(i));
    let first: Vec<String> = shown.take(8).map(|row| cell(&state, row, "status").searchable()).collect();
    assert_eq!(first, ["PROVISIONING"; 8]);
}

#[test]
fn a_silent_instance_is_seen_as_such_and_is_a_fault() {
    let mut state = incident();
    press(&mut state, "3 f");
    let shown = text(&state);
    assert!(shown.contains(" agent "), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.contains(" no ") && line.contains("us-east-1b")).count(), 5, "{shown}");
}

#[test]
fn the_sentence_under_the_cursor_is_whole_and_moving_shifts_no_line() {
    let mut state = incident();
    for view in ["1", "2", "3", "4"] {
        press(&mut state, view);
        let rows = table_rows(&state);
        for _ in 0..state.listing.shown.len() {
            let shown = text(&state);
            let words: Vec<&str> =
                shown.split(|c: char| c.is_whitespace() || c == '│').filter(|w| !w.is_empty()).collect();
            let sentence = state.selected().and_then(|row| row.sentence()).map(ToString::to_string);
            assert!(words.join(" ").contains(&sentence.unwrap_or_default()), "{shown}");
            assert_eq!(table_rows(&state), rows);
            press(&mut state, "j");
        }
    }
}

/// Pieces of the picture in the colour of what is critical, the panel aside.
fn alarming(state: &State) -> usize {
    let picture = screen(state);
    let spans = picture.pane.lines.concat().into_iter().chain(picture.tabs.right).chain(picture.pane.below.concat());
    spans.filter(|span| span.role == Role::Crit).count()
}

#[test]
fn while_the_link_is_down_nothing_is_bright_and_no_duration_grows() {
    let mut state = incident();
    let line = |state: &State| {
        let shown = text(state);
        shown.lines().find(|line| line.contains("▌ECS ")).map(ToOwned::to_owned).expect("the problem")
    };
    assert!(line(&state).contains("1m26s"), "{}", line(&state));
    assert!(alarming(&state) > 0);
    for feed in 0..FEEDS.len() {
        let (_, msg) = Happening::Fail(feed, "no route".to_owned()).msg();
        let now = state.now;
        update(&mut state, now, msg);
    }
    // It was read a second before.
    let before = line(&state);
    assert!(before.contains("1m25s"), "{before}");
    let later = state.now + Duration::from_mins(10);
    update(&mut state, later, Msg::Tick);
    assert_eq!(line(&state), before);
    assert_eq!(alarming(&state), 0, "{}", text(&state));
    assert!(text(&state).contains("ehr/ehr-api (+4 more), as read at 03:12:55Z"), "{}", text(&state));
    press(&mut state, "w");
    assert!(text(&state).contains("(1m25s at 03:12:55Z)"), "{}", text(&state));
}

/// What was read last of a feed, as if read at `at`.
fn read_again(feed: &str, at: Timestamp) -> Msg {
    let mut again = recorded().iter().rfind(|fetched| fetched.feed == feed).expect("it was read").clone();
    again.at = at;
    if let Ok(snapshot) = &mut again.result {
        snapshot.taken_at = at;
    }
    Msg::from(again)
}

#[test]
fn while_ecs_alone_fails_what_rests_on_it_too_is_dimmed_and_does_not_last_longer() {
    let mut state = incident();
    let full = |state: &State| {
        let mut problems = state.world.problems();
        problems.find(|problem| problem.check.rule == "scaling-group-at-maximum").cloned().expect("a full group")
    };
    let before = full(&state);
    assert_eq!(before.check.severity, Severity::Crit);
    let ecs = FEEDS.iter().position(|spec| spec.id == "ecs").expect("it is there");
    let (_, msg) = Happening::Fail(ecs, "no route".to_owned()).msg();
    let now = state.now;
    update(&mut state, now, msg);
    let later = now + Duration::from_mins(10);
    for feed in ["groups", "identity"] {
        update(&mut state, later, read_again(feed, later));
    }
    assert_eq!(full(&state), before);
    assert_eq!(alarming(&state), 0, "{}", text(&state));
}

#[test]
fn a_frozen_screen_tells_since_when_and_only_the_clock_goes_on() {
    let mut state = incident();
    press(&mut state, "p");
    let before = text(&state);
    assert!(before.contains(" FROZEN 03:12:56Z "), "{before}");
    let later = state.clock + Duration::from_mins(10);
    update(&mut state, later, Msg::Tick);
    update(&mut state, later, read_again("ecs", later));
    assert_eq!(text(&state), before.replacen("  03:12:56Z", "  03:22:56Z", 1));
    press(&mut state, "p");
    assert!(
        !text(&state).contains("FROZEN") && text(&state).contains("groups: stale, read 10m01s ago"),
        "{}",
        text(&state)
    );
}

#[test]
fn without_a_clock_neither_time_nor_polls_that_find_nothing_new_change_the_screen() {
    for keys in ["1", "2", "3", "4", "1 w", "2 d", "4 d", "!"] {
        let mut state = incident();
        state.options.clock = false;
        let read = |state: &mut State, now| {
            for spec in FEEDS {
                update(state, now, read_again(spec.id, now));
            }
        };
        // By then every rule that waits has said what it has to say of this.
        let from = state.now + Duration::from_hours(2);
        read(&mut state, from);
        press(&mut state, keys);
        let before = text(&state);
        assert!(before.contains("<1m"), "{before}");
        for second in 1..=120 {
            let now = from + Duration::from_secs(second);
            update(&mut state, now, Msg::Tick);
            if second % 5 == 0 {
                read(&mut state, now);
            }
            assert_eq!(text(&state), before, "{second} s later");
        }
    }
}

#[test]
fn without_a_clock_what_is_not_read_any_more_is_told_by_the_time_it_was_read() {
    let mut state = incident();
    state.options.clock = false;
    let taken_at = state.now;
    for (later, told) in
        [(30, "oldest under 1m"), (70, "ecs: stale, read at 03:12:55Z"), (600, "stale, read at 03:12:55Z")]
    {
        update(&mut state, taken_at + Duration::from_secs(later), Msg::Tick);
        assert!(text(&state).contains(told), "{later} s later: {}", text(&state));
    }
}

#[test]
fn a_first_reading_goes_on_unseen_while_the_screen_is_frozen() {
    let mut state = console(false);
    press(&mut state, "2 p");
    let before = text(&state);
    let ecs = FEEDS.iter().position(|spec| spec.id == "ecs").expect("it is there");
    let (_, msg) = Happening::Reading(ecs, 5).msg();
    update(&mut state, BEGIN, msg);
    assert_eq!(text(&state), before);
    press(&mut state, "p");
    assert!(text(&state).contains("ecs: reading, 5 of 100 things"), "{}", text(&state));
}

#[test]
fn a_feed_that_fails_alone_leaves_bright_what_the_others_read() {
    let mut state = incident();
    let groups = FEEDS.iter().position(|spec| spec.id == "groups").expect("it is there");
    let (_, msg) = Happening::Fail(groups, "denied".to_owned()).msg();
    let now = state.now;
    update(&mut state, now, msg);
    let later = now + Duration::from_secs(5);
    update(&mut state, later, read_again("ecs", later));
    assert!(alarming(&state) > 0, "{}", text(&state));
}
