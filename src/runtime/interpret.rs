//! What the console wants done, done.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use super::event_loop::EventLoop;
use crate::app::Effect;
use crate::report::csv_of_rows;
use crate::term::osc52;
use crate::view::view;

/// Does one thing; true if it is the end.
pub fn interpret(console: &mut EventLoop, effect: Effect) -> bool {
    match effect {
        Effect::Quit => return true,
        Effect::Redraw => {
            console.drawn = None;
            console.terminal.forget();
        }
        Effect::Copy(text) => match osc52(&text, console.wrapping) {
            Some(sequence) => console.terminal.send(&sequence),
            None => console.state.tell("too long for the clipboard of a terminal"),
        },
        Effect::Refresh => console.control.send_modify(|control| control.nudges += 1),
        Effect::Focus(feeds) => console.control.send_modify(|control| control.focus = feeds),
        Effect::Plan { attempt, stack, action, target } => console.acting.plan(attempt, stack, action, target),
        Effect::Act { attempt, confirmation } => {
            let known = console.state.attempts.get(attempt);
            if let Some((stack, plan)) = known.and_then(|known| Some((known.wish.stack, known.plan()?))) {
                let rules = console.state.rules();
                console.acting.act(attempt, stack, Arc::clone(plan), confirmation, rules);
            }
        }
        Effect::Settle => console.acting.settle(),
        Effect::Export(view) => {
            let told = export(console, view).unwrap_or_else(|error| format!("nothing was written: {error}"));
            console.state.tell(told);
        }
    }
    false
}

/// Writes the rows shown to a new file in the working directory; an existing one is never overwritten.
fn export(console: &EventLoop, id: &str) -> io::Result<String> {
    let state = &console.state;
    let Some(view) = view(id) else { return Ok(format!("there is no view {id}")) };
    let stamp = state.clock.rfc3339().replace([':', '-'], "");
    let name = format!("rounds-{id}-{}.csv", stamp.split('.').next().unwrap_or_default());
    let rows: Vec<_> = state.listing.shown.iter().filter_map(|&i| state.listing.rows.get(i)).collect();
    let text = csv_of_rows(view, &rows, state.now);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name)?;
    file.write_all(text.as_bytes())?;
    Ok(format!("{} rows written to {name}", rows.iter().filter(|row| row.exported().is_some()).count()))
}
