//! Signals. Whatever ends or stops the console, the terminal is given back before.

use std::io;
use std::task::Poll;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End, with this number: SIGHUP, SIGINT, SIGQUIT, SIGTERM.
    End(u8),
    /// Stop for a while: SIGTSTP.
    Suspend,
    /// Go on after having been stopped: SIGCONT.
    Continue,
    /// Look at the size of the terminal: SIGWINCH.
    Resize,
}

/// The signals of interest.
pub struct Signals([(Signal, Stream); 7]);

impl Signals {
    /// Starts listening.
    pub fn listen() -> io::Result<Self> {
        let raw = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self([
            (Signal::End(1), signal(SignalKind::hangup())?),
            (Signal::End(2), signal(SignalKind::interrupt())?),
            (Signal::End(3), signal(SignalKind::quit())?),
            (Signal::End(15), signal(SignalKind::terminate())?),
            (Signal::Suspend, signal(raw(rustix::process::Signal::TSTP))?),
            (Signal::Continue, signal(raw(rustix::process::Signal::CONT))?),
            (Signal::Resize, signal(SignalKind::window_change())?),
        ]))
    }

    /// The next one; those that end come first.
    pub async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            let ready =
                |(signal, stream): &mut (Signal, Stream)| stream.poll_recv(context).is_ready().then_some(*signal);
            self.0.iter_mut().find_map(ready).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Waits until the process goes on after having been stopped; gives the number of the signal if it is to end instead.
    pub async fn until_continued(&mut self) -> Option<u8> {
        loop {
            match self.next().await {
                Signal::End(number) => return Some(number),
                Signal::Continue => return None,
                Signal::Suspend | Signal::Resize => {}
            }
        }
    }
}

/// Stops this process until it is told to go on.
pub fn stop() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}
