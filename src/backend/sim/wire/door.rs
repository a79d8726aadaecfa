//! Whether anything listens at the address.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// The listening socket's switch.
pub struct Door {
    address: SocketAddr,
    closed: AtomicBool,
    reopened: Mutex<Option<TcpListener>>,
    changed: Notify,
}

impl Door {
    /// An open door at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, closed: AtomicBool::new(false), reopened: Mutex::default(), changed: Notify::new() }
    }

    /// Has the socket closed.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Listens again. The socket is there on return, so nobody who connects from now on is refused.
    pub fn open(&self) {
        if !self.is_closed() {
            return;
        }
        match self.listen() {
            Ok(listener) => *self.reopened.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener),
            // Most likely the old socket, not closed yet; it then stays in use.
            Err(error) => tracing::debug!(%error, address = %self.address, "no second listening socket"),
        }
        self.closed.store(false, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits until it was opened or closed.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The new socket, once it was opened again.
    pub fn reopened(&self) -> Option<TcpListener> {
        self.reopened.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn listen(&self) -> std::io::Result<TcpListener> {
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}
