//! P7 and P8: what a frame and a key in the filter cost, however many rows there are.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rounds::app::{State, screen, update};
use rounds::term::Painter;
use rounds::theme::Theme;
use rounds::tui;

use crate::Scale;
use crate::large::{self, NOW, POLL, console, press};
use crate::table::{Table, ms, quantile};

/// The frame the state looks like.
fn draw(state: &State, theme: &Theme, painter: &mut Painter) {
    let picture = screen(state);
    black_box(painter.frame(tui::render(&picture, theme), tui::caret(&picture)));
}

fn keys<'a>(state: &mut State, keys: impl Iterator<Item = &'a str>) -> Vec<Duration> {
    let (theme, mut painter) = (large::theme(), Painter::default());
    let one = |key| {
        let began = Instant::now();
        press(state, key);
        draw(state, &theme, &mut painter);
        began.elapsed()
    };
    keys.map(one).collect()
}

/// Measures P7.
pub fn frames(scale: Scale) {
    let n = scale.of(2_000);
    let mut table =
        Table::new(&format!("P7 key → bytes of the frame, without the terminal, {n} keys, tasks in 120x40"));
    let mut medians = Vec::new();
    for rows in [100, 10_000, 100_000] {
        let mut state = console(rows);
        let all = keys(&mut state, ["j", "j", "k"].into_iter().cycle().take(n + 20)).split_off(20);
        table.note(&format!("{rows} rows, p50"), ms(quantile(&all, 0.5)));
        table.within(&format!("{rows} rows, p99"), quantile(&all, 0.99), Duration::from_millis(2));
        medians.push(quantile(&all, 0.5).as_secs_f64());
    }
    let ratio = medians[2] / medians[0];
    table.at_most("100,000 rows / 100 rows, p50", ratio, format!("{ratio:.2}"), 1.2, "1.20");
    let mut state = console(100_000);
    let polls: Vec<Duration> = (1..=5)
        .map(|n| {
            let at = NOW + POLL * n;
            let msg = large::read(100_000, at);
            let began = Instant::now();
            update(&mut state, at, msg);
            began.elapsed()
        })
        .collect();
    table.note("a poll of 100,000 rows taken in (judged, listed), median of 5", ms(quantile(&polls, 0.5)));
}

/// Measures P8.
pub fn filter(scale: Scale) {
    let mut table =
        Table::new("P8 key in the filter → bytes of the frame, without the terminal, 100,000 rows in 120x40");
    let rounds = scale.of(20);
    for typed in ["service-0042", "unhealthy", "service:0042", "~s0042u", "9e3 !1a"] {
        let mut state = console(100_000);
        let one: Vec<String> =
            typed.chars().map(|c| if c == ' ' { "space".to_owned() } else { c.to_string() }).collect();
        let back = vec!["backspace"; one.len()];
        let mut all = Vec::new();
        press(&mut state, "/");
        for _ in 0..rounds {
            all.extend(keys(&mut state, one.iter().map(String::as_str).chain(back.iter().copied())));
        }
        let words = format!("{typed:?} typed and taken back, {} keys", all.len());
        table.note(&format!("{words}, p50"), ms(quantile(&all, 0.5)));
        table.within(&format!("{words}, p99"), quantile(&all, 0.99), Duration::from_millis(16));
    }
}
