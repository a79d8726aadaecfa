//! Entering the terminal, and giving it back whatever happens.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, window_size,
};
use crossterm::{Command, cursor};
use ratatui::buffer::Buffer;

use super::output::{Output, write_all};
use super::paint::Painter;

/// Pasted text comes between marks (DEC mode 2004).
const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";
/// A terminal that has not taken its own back within this will not.
const PATIENCE: Duration = Duration::from_millis(300);

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while the console runs. Dropping it gives the terminal back.
pub struct Terminal {
    painter: Painter,
    output: Output,
    /// What is to go out beside frames.
    aside: String,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste.
    ///
    /// # Errors
    /// The terminal refused; it is as it was.
    pub fn take() -> io::Result<Self> {
        let output = Output::start(Self::is_ours)?;
        enter()?;
        Ok(Self { painter: Painter::default(), output, aside: String::new() })
    }

    /// Columns and rows, as the system tells them; the usual ones where it does not, as on a serial line.
    #[must_use]
    pub fn size() -> (u16, u16) {
        let told = window_size().ok().map(|size| (size.columns, size.rows));
        told.filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
    }

    /// Whether it is still ours: a panic on any thread gives it back.
    #[must_use]
    pub fn is_ours() -> bool {
        TAKEN.load(Ordering::SeqCst)
    }

    /// Whether it has yet to take what was drawn before; nothing is to be sent then.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.output.is_busy()
    }

    /// Waits until it has taken what was sent.
    pub async fn done(&self) {
        self.output.done().await;
    }

    /// Draws one frame; the cursor is shown at `caret`, if there is one.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, cells: Buffer, caret: Option<(u16, u16)>) -> io::Result<()> {
        let frame = self.painter.frame(cells, caret);
        self.output.send([std::mem::take(&mut self.aside).into_bytes(), frame].concat())
    }

    /// Forgets what the terminal shows, so that the next frame writes every cell.
    pub fn forget(&mut self) {
        self.painter.forget();
    }

    /// Whether something waits to go out with the next frame.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.aside.is_empty()
    }

    /// Writes a sequence that is not part of a frame, with the next one.
    pub fn send(&mut self, sequence: &str) {
        self.aside.push_str(sequence);
    }

    /// Takes it again after somebody else had it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn retake(&mut self) -> io::Result<()> {
        // Whoever had it may have changed its settings, of which only leaving raw mode forgets ours.
        let _ = disable_raw_mode();
        self.painter = Painter::default();
        enter()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let enter = [&ansi(EnterAlternateScreen), PASTE_ON, &ansi(cursor::Hide)].concat();
    let entered = write_all(enter.as_bytes(), || true);
    if entered.is_err() {
        restore();
    }
    entered
}

/// Gives the terminal back. Harmless where it was never taken, or given back already.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let leave = [&ansi(EndSynchronizedUpdate), "\x1b[m", PASTE_OFF, &ansi(LeaveAlternateScreen), &ansi(cursor::Show)];
    let bytes = leave.concat().into_bytes();
    // Where the terminal takes nothing any more, nobody waits for it for ever.
    let (done, written) = channel();
    let writer = thread::Builder::new().spawn(move || {
        let _ = done.send(write_all(&bytes, || true));
    });
    if writer.is_ok() {
        let _ = written.recv_timeout(PATIENCE);
    }
    let _ = disable_raw_mode();
}

fn ansi(command: impl Command) -> String {
    let mut out = String::new();
    let _ = command.write_ansi(&mut out);
    out
}
