//! What happens when the program itself is at fault: the terminal is given back, and the report says neither environment nor
//! secrets.

use std::sync::{Mutex, PoisonError};

use color_eyre::config::HookBuilder;

use crate::term;

/// Held while a panic is told.
static TELLING: Mutex<()> = Mutex::new(());

/// Makes panics give the terminal back before they are told.
pub fn install() {
    let hooks = HookBuilder::default()
        .display_env_section(false)
        .theme(color_eyre::config::Theme::new())
        .panic_section(
            "This is a mistake in rounds. If an action was under way, rounds audit show tells what is known of it.",
        )
        .try_into_hooks();
    let Ok((panic, errors)) = hooks else { return };
    // Fails only if a hook is installed already, which then does the same.
    let _ = errors.install();
    std::panic::set_hook(Box::new(move |info| {
        let _telling = TELLING.lock().unwrap_or_else(PoisonError::into_inner);
        term::restore();
        let report = panic.panic_report(info).to_string();
        let _ = std::io::Write::write_all(&mut std::io::stderr(), crate::text::clean_lines(&report).as_bytes());
    }));
}

/// Waits until a panic on another thread has been told: the console ends as soon as the terminal is given back, and the process
/// must not end before the words are out.
pub fn told() {
    drop(TELLING.lock());
}
