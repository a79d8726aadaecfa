//! A connection whose bytes are counted and that can be reset rather than closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::counters::Tally;

/// Whether a connection is to be reset when it is dropped.
#[derive(Clone, Default)]
pub struct Fuse(Arc<AtomicBool>);

impl Fuse {
    /// It is.
    pub fn blow(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The connection.
pub struct Link {
    stream: TcpStream,
    tally: Arc<Tally>,
    fuse: Fuse,
}

impl Link {
    /// Wraps an accepted connection.
    pub fn new(stream: TcpStream, tally: Arc<Tally>, fuse: Fuse) -> Self {
        Self { stream, tally, fuse }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.fuse.0.load(Ordering::SeqCst) {
            // A connection that cannot be reset is closed, which the client takes just as badly.
            let _ = self.stream.set_zero_linger();
        }
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl AsyncRead for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let done = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        self.tally.bytes(count(buf.filled().len() - before), 0);
        Poll::Ready(done)
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.tally.bytes(0, count(written));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
