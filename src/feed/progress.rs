//! How far the first reading of a feed is, told while it goes on.

use tokio::sync::mpsc;

use crate::store::{News, Reading};
use crate::text::Text;

/// Where a feed tells how far it is; by default nobody listens.
#[derive(Default)]
pub struct Progress(Option<(mpsc::Sender<News>, usize, &'static str)>);

impl Progress {
    /// Tells of this feed of the stack with this index.
    #[must_use]
    pub fn of(out: mpsc::Sender<News>, stack: usize, feed: &'static str) -> Self {
        Self(Some((out, stack, feed)))
    }

    /// So many of so many have been read of `what`. Where nobody takes it in, the next one will be as good.
    pub fn tell(&self, what: &Text, read: usize, known: usize) {
        if let Some((out, stack, feed)) = &self.0 {
            let reading = Reading { what: what.clone(), read, known };
            let _ = out.try_send(News::Reading { stack: *stack, feed, reading });
        }
    }
}
