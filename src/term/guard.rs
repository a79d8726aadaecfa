//! Entering the terminal, and giving it back whatever happens.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal as Ratatui, TerminalOptions, Viewport};

/// One write holds a frame: a full 200x60 screen is below 64 KiB.
const BUFFER: usize = 64 * 1024;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while the console runs. Dropping it gives the terminal back.
pub struct Terminal {
    // Never dropped: that would send what is left of a frame to a terminal given back, and panic where that is gone.
    inner: ManuallyDrop<Ratatui<CrosstermBackend<BufWriter<Stdout>>>>,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste.
    ///
    /// # Errors
    /// The terminal refused; it is as it was.
    pub fn take() -> io::Result<Self> {
        let (columns, rows) = Self::size();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let entered = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide);
        if let Err(error) = entered {
            restore();
            return Err(error);
        }
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, stdout()));
        // A fixed viewport: its size is what the console was told, and nothing ever asks the terminal for its cursor.
        let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
        let inner = Ratatui::with_options(backend, TerminalOptions { viewport })?;
        Ok(Self { inner: ManuallyDrop::new(inner) })
    }

    /// Columns and rows, as the system tells them; the usual ones where it does not, as on a serial line.
    #[must_use]
    pub fn size() -> (u16, u16) {
        size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
    }

    /// Whether it is still ours: a panic on any thread gives it back.
    #[must_use]
    pub fn is_ours() -> bool {
        TAKEN.load(Ordering::SeqCst)
    }

    /// Draws one frame in one write, between the marks of a synchronized update.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, size: (u16, u16), paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let area = Rect::new(0, 0, size.0, size.1);
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        if self.inner.get_frame().area() != area {
            self.inner.resize(area)?;
        }
        self.inner.draw(paint)?;
        queue!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
        self.inner.backend_mut().flush()
    }

    /// Forgets what the terminal shows, so that the next frame writes every cell.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self, size: (u16, u16)) -> io::Result<()> {
        self.inner.resize(Rect::new(0, 0, size.0, size.1))
    }

    /// Writes a sequence that is not part of a frame.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn send(&mut self, sequence: &str) -> io::Result<()> {
        self.inner.backend_mut().write_all(sequence.as_bytes())?;
        self.inner.backend_mut().flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Harmless where it was never taken, or given back already.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // The terminal may be gone; there is nobody left to tell.
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}
