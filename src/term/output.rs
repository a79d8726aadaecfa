//! Frames on their way to the terminal. A thread of its own writes them, one write a frame: a terminal that takes none (a
//! stuck connection, a stopped screen) holds up neither keys nor data nor signals, and what it missed is skipped, not queued.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::Notify;

/// Writes frames.
pub struct Output {
    frames: SyncSender<Vec<u8>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    busy: AtomicBool,
    broken: AtomicBool,
    done: Notify,
}

impl Output {
    /// Starts the thread; it ends with this. A frame is dropped where nothing may be written any more.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub fn start(may_write: fn() -> bool) -> io::Result<Self> {
        let (frames, waiting) = sync_channel::<Vec<u8>>(1);
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            for frame in waiting {
                if write_all(&frame, may_write).is_err() {
                    told.broken.store(true, Ordering::SeqCst);
                }
                told.busy.store(false, Ordering::SeqCst);
                told.done.notify_one();
            }
        })?;
        Ok(Self { frames, state })
    }

    /// Whether what was sent before is still being written.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state.busy.load(Ordering::SeqCst)
    }

    /// Waits until a frame has been written.
    pub async fn done(&self) {
        self.state.done.notified().await;
    }

    /// Sends bytes off; to be asked only when nothing is on its way.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        if self.state.broken.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.state.busy.store(true, Ordering::SeqCst);
        self.frames.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// One thread writes at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Writes to standard output, if that may be when it is this one's turn; without the line buffer of the standard library,
/// which would cut a frame into pieces.
///
/// # Errors
/// The terminal is gone.
pub fn write_all(mut bytes: &[u8], may_write: impl Fn() -> bool) -> io::Result<()> {
    let _turn = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    if !may_write() {
        return Ok(());
    }
    let out = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Somebody who shares the terminal made it so.
            Err(Errno::AGAIN) => wait_for_room(out)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_for_room(out: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::new(&out, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
