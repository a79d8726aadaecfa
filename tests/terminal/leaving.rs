//! However the program ends, the terminal is as it was: [`crate::pty::Console::ends`] looks at that each time.

use crate::pty::Console;
use crate::{Launch, demo, read};

#[test]
fn signals_give_the_terminal_back() {
    for (name, number) in [("HUP", 1), ("INT", 2), ("QUIT", 3), ("TERM", 15)] {
        let mut console = demo();
        assert!(console.screen().alternate_screen() && console.screen().hide_cursor());
        assert!(console.screen().bracketed_paste());
        console.signal(name);
        let end = console.ends();
        assert_eq!(end.code, 128 + number, "SIG{name}");
        assert_eq!(end.text.trim(), "", "SIG{name}");
    }
}

#[test]
fn a_signal_ends_it_whatever_is_open() {
    let mut console = demo();
    console.press("/web").sees("/web").until("the cursor is shown", |c| !c.screen().hide_cursor()).signal("TERM");
    assert_eq!(console.ends().code, 143);
}

#[test]
fn control_c_quits_wherever_it_is_pressed() {
    for (keys, seen) in [("", "overview"), ("w", "why: "), ("/", "esc undoes"), (":", "commands, views")] {
        let mut console = demo();
        console.press(keys).sees(seen).press("\x03");
        assert_eq!(console.ends().code, 0, "{keys:?}");
    }
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let mut console = demo();
    console.press("2").sees("services 8");
    // By SIGHUP, or because nothing can be drawn any more.
    let (code, ..) = console.hang_up();
    assert!([129, 3, 0].contains(&code), "{code}");
}

#[test]
fn no_size_makes_it_fall_over() {
    for (columns, rows) in [(1, 1), (300, 5), (5, 200), (39, 8), (40, 7)] {
        let mut console = Launch::new(&["demo"]).size(columns, rows).start();
        console.until("a first frame", |c| !c.text().trim().is_empty());
        console.press("2jkGg:a\x7f").resize(120, 40).sees("services 8").sees("commands, views").press("\r");
        console.sees("services 8 ").sees("enter keeps, esc undoes").press("\r").sees("w why").press("q");
        assert_eq!(console.ends().code, 0, "{columns}x{rows}");
    }
}

#[test]
fn sizes_change_under_it() {
    let mut console = demo();
    is_whole(console.resize(80, 24), (80, 24));
    is_whole(console.resize(40, 8), (40, 8));
    console.resize(10, 3).sees("too small:").sees_no("overview");
    console.press("w").resize(120, 40).sees("asg-ehr 12/12, at max").press("q").sees_no("why: ");
    is_whole(&mut console, (120, 40));
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

/// Waits until the frame fills a screen of this size.
fn is_whole(console: &mut Console, (columns, rows): (usize, usize)) {
    console.until(&format!("a frame of {columns}x{rows}"), |console| {
        let text = console.text();
        let lines: Vec<&str> = text.lines().collect();
        let is_edge = |line: &&&str, corner| line.ends_with(corner) && line.chars().count() == columns;
        lines.iter().any(|line| is_edge(&line, '┐')) && lines.get(rows - 2).is_some_and(|line| is_edge(&line, '┘'))
    });
}

#[test]
fn a_key_in_the_moment_of_a_change_of_size_is_not_lost() {
    let mut console = demo();
    for round in 0_u16..60 {
        let (key, seen) = if round % 2 == 0 { ("2", "┌ services") } else { ("3", "┌ instances") };
        console.resize(100 + round, 40).press(key).sees(seen);
    }
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_line_without_a_size_is_taken_for_a_usual_terminal() {
    let mut console = read(Launch::new(&["demo"]).size(0, 0));
    console.press("2").sees("services 8").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_change_of_size_right_at_the_start_is_not_missed() {
    let mut console = Launch::new(&["demo"]).size(80, 24).start();
    console.resize(120, 40).until("40 rows", |c| c.text().lines().count() == 40).press("q");
    assert_eq!(console.ends().code, 0);
}
