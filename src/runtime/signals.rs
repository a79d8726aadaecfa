//! Signals that end the console. The terminal is given back before the process ends.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, SIGINT, SIGQUIT and SIGTERM.
pub struct Ending([(u8, Signal); 4]);

impl Ending {
    /// Starts listening.
    pub fn listen() -> io::Result<Self> {
        Ok(Self([
            (1, signal(SignalKind::hangup())?),
            (2, signal(SignalKind::interrupt())?),
            (3, signal(SignalKind::quit())?),
            (15, signal(SignalKind::terminate())?),
        ]))
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> u8 {
        let [hup, int, quit, term] = &mut self.0;
        tokio::select! {
            _ = hup.1.recv() => hup.0,
            _ = int.1.recv() => int.0,
            _ = quit.1.recv() => quit.0,
            _ = term.1.recv() => term.0,
        }
    }
}
