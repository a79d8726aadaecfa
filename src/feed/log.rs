//! What happened, the newest first: read no further back than to what is known, and kept when the service forgets it.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use super::pages::{Listed, pages_until};
use super::part::Part;
use crate::backend::ports::Page;
use crate::model::Fault;
use crate::store::Gap;
use crate::time::Timestamp;

/// How far back the first reading goes, where its pages do not bring more by themselves: what led to the trouble of this
/// morning is in it.
pub const FIRST: Duration = Duration::from_hours(24);
/// What later readings read again: an entry may be told minutes after its time, and the clocks need not agree.
pub const OVERLAP: Duration = Duration::from_mins(5);

/// Something that happened.
pub trait Entry: Clone {
    /// What tells it from others.
    fn key(&self) -> String;
    /// When it began.
    fn at(&self) -> Option<Timestamp>;
    /// Whether it will not change any more.
    fn is_over(&self) -> bool;
}

/// What is known to have happened.
pub struct Log<T> {
    part: Part<T>,
    most: usize,
}

impl<T: Entry> Log<T> {
    /// An empty log that keeps so many entries at most; the oldest go first.
    pub fn keeping(most: usize) -> Self {
        Self { part: Part::default(), most }
    }

    /// Whether to read it now.
    pub fn is_due(&self, now: Timestamp, every: Duration, asked: bool) -> bool {
        self.part.is_due(now, every, asked)
    }

    /// How far back the next reading has to go: to the last whole one, and to the begin of what was not over then.
    pub fn back_to(&self, now: Timestamp) -> Timestamp {
        let Some(whole) = self.part.whole_at() else { return now - FIRST };
        let open = self.part.items().iter().filter(|entry| !entry.is_over()).filter_map(Entry::at);
        open.min().map_or(whole, |begin| begin.min(whole)).max(now - FIRST) - OVERLAP
    }

    /// Reads pages, the newest entry first, as far back as is needed.
    pub async fn read<F>(&self, action: &'static str, now: Timestamp, page: impl Fn(Option<String>) -> F) -> Listed<T>
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        let (back_to, most) = (self.back_to(now), self.most);
        // Services put what goes on before what is over, however long ago it began.
        let is_known = |entry: &T| entry.is_over() && entry.at().is_some_and(|at| at < back_to);
        let is_enough = |entries: &[T]| entries.len() >= most || entries.iter().any(is_known);
        pages_until(action, T::key, is_enough, page).await
    }

    /// Adds what a reading that began `at` gave to what is known; whether it brought anything.
    pub fn take(&mut self, listed: Option<Listed<T>>, at: Timestamp) -> bool {
        let known = self.part.items().to_vec();
        let brought = self.part.take(listed, T::key, at);
        let most = self.most;
        self.part.change(|entries| {
            let new: HashSet<String> = entries.iter().map(T::key).collect();
            entries.extend(known.into_iter().filter(|entry| !new.contains(&entry.key())));
            entries.sort_by(|a, b| b.at().cmp(&a.at()).then_with(|| b.key().cmp(&a.key())));
            entries.truncate(most);
        });
        brought
    }

    /// What is known, the newest first.
    pub fn entries(&self) -> &[T] {
        self.part.items()
    }

    /// When nothing was missing of it last.
    pub const fn whole_at(&self) -> Option<Timestamp> {
        self.part.whole_at()
    }

    /// What is missing of it, and why.
    pub fn gap(&self, kind: &'static str, what: &str) -> Option<Gap> {
        // How many there were, known or not, nobody can tell.
        self.part.gap(kind, what).map(|gap| Gap { read: 0, known: 0, ..gap })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::model::FaultKind;

    #[derive(Clone, Debug, PartialEq)]
    struct Did(i64, bool);

    impl Entry for Did {
        fn key(&self) -> String {
            self.0.to_string()
        }
        fn at(&self) -> Option<Timestamp> {
            Some(Timestamp::from_secs(self.0))
        }
        fn is_over(&self) -> bool {
            self.1
        }
    }

    const HOUR: i64 = 3_600;

    /// Reads pages of two, at this time, of what there is, the newest first; also how many were read.
    async fn read(log: &mut Log<Did>, now: i64, there: &[Did], broken_from: usize) -> usize {
        let pages = Cell::new(0);
        let now = Timestamp::from_secs(now);
        let page = |token: Option<String>| {
            pages.set(pages.get() + 1);
            let at: usize = token.map_or(0, |token| token.parse().unwrap());
            let next = (at + 2 < there.len()).then(|| (at + 2).to_string());
            std::future::ready(if at >= broken_from {
                Err(Fault::new(FaultKind::Server, "x:Y", "scripted"))
            } else {
                Ok(Page { items: there[at..there.len().min(at + 2)].to_vec(), next })
            })
        };
        let listed = log.read("x:Y", now, page).await;
        log.take(Some(listed), now);
        pages.get()
    }

    fn keys(log: &Log<Did>) -> Vec<i64> {
        log.entries().iter().map(|did| did.0).collect()
    }

    #[tokio::test]
    async fn pages_stop_at_what_is_known_and_what_the_service_forgets_stays() {
        let now = 100 * HOUR;
        let mut there: Vec<Did> = (1..=9).rev().map(|n| Did(now - (10 - n) * 600, true)).collect();
        let mut log = Log::keeping(100);
        assert_eq!(read(&mut log, now, &there, 99).await, 5, "all of a day");
        there.insert(0, Did(now + 30, true));
        assert_eq!(read(&mut log, now + 60, &there, 99).await, 1);
        assert_eq!(log.entries().len(), 10);
        assert_eq!(read(&mut log, now + 120, &there[..1], 99).await, 1);
        assert_eq!((log.entries().len(), log.entries()[0].0), (10, now + 30));
        let old: Vec<Did> = (1..=9).map(|n| Did(now - n * 20 * HOUR, true)).collect();
        let mut log = Log::keeping(100);
        assert_eq!(read(&mut log, now, &old, 99).await, 1, "no further back than a day");
        assert_eq!(keys(&log).len(), 2, "though more came by itself");
    }

    #[tokio::test]
    async fn what_was_not_over_is_read_again_wherever_it_stands() {
        let now = 100 * HOUR;
        let mut there: Vec<Did> = (1..=9).rev().map(|n| Did(now - (10 - n) * 600, true)).collect();
        there[6].1 = false;
        let mut log = Log::keeping(100);
        read(&mut log, now, &there, 99).await;
        there[6].1 = true;
        assert_eq!(read(&mut log, now + 60, &there, 99).await, 4);
        assert!(log.entries().iter().all(Entry::is_over));
        assert_eq!(read(&mut log, now + 120, &there, 99).await, 1);
    }

    #[tokio::test]
    async fn a_reading_cut_short_is_read_again_as_far_back_and_said() {
        let now = 100 * HOUR;
        let there: Vec<Did> = (1..=9).rev().map(|n| Did(now - (10 - n) * 600, true)).collect();
        let mut log = Log::keeping(100);
        read(&mut log, now, &there, 4).await;
        assert_eq!((log.entries().len(), log.whole_at()), (4, None));
        assert_eq!(log.gap("group", "activities").map(|gap| gap.extent()), Some("activities not listed".to_owned()));
        assert_eq!(read(&mut log, now + 60, &there, 99).await, 5);
        assert_eq!((log.entries().len(), log.gap("group", "activities")), (9, None));
    }

    #[tokio::test]
    async fn no_more_than_the_newest_are_kept_or_read() {
        let now = 100 * HOUR;
        let there: Vec<Did> = (1..=9).rev().map(|n| Did(now - (10 - n) * 600, true)).collect();
        let mut log = Log::keeping(4);
        assert_eq!(read(&mut log, now, &there, 99).await, 2);
        assert_eq!(keys(&log), there[..4].iter().map(|did| did.0).collect::<Vec<_>>());
    }
}
