//! What happened, the newest first: read no further back than to what is known, and kept when the service forgets it.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use super::pages::{Listed, Place, Turn};
use super::setback::Setback;
use super::walk::{Walked, keeps_its_place, unfinished};
use crate::backend::ports::Page;
use crate::model::{Fault, FaultKind};
use crate::store::Gap;
use crate::text::Text;
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

/// Pages of one log that a poll reads at most; the next one goes on.
const PAGES: usize = 10;

/// What is known to have happened.
pub struct Log<T> {
    /// Each with its key, the newest first.
    entries: Vec<(String, T)>,
    most: usize,
    whole_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    setback: Setback,
    under_way: Option<Reach<T>>,
}

/// A reading that was left off.
struct Reach<T> {
    /// Up to when everything is known that it will have read.
    begun: Timestamp,
    back_to: Timestamp,
    place: Place<T>,
}

impl<T: Entry> Log<T> {
    /// An empty log that keeps so many entries at most; the oldest go first.
    pub fn keeping(most: usize) -> Self {
        let setback = Setback::default();
        Self { entries: Vec::new(), most, whole_at: None, asked_at: None, setback, under_way: None }
    }

    /// Whether to read it now.
    pub fn is_due(&self, now: Timestamp, every: Duration, asked: bool) -> bool {
        let failed = self.setback.fault().is_some();
        let old = self.asked_at.is_none_or(|at| now.since(at) >= every);
        !self.setback.holds(now, asked) && (old || failed || asked)
    }

    /// Whether the last reading was left off only because one poll reads no more.
    pub fn goes_on(&self) -> bool {
        self.setback.fault().is_some_and(|fault| fault.kind == FaultKind::Unfinished)
    }

    /// How far back a new reading has to go: to the last whole one, and to the begin of what was not over then.
    fn back_to(&self, now: Timestamp) -> Timestamp {
        let Some(whole) = self.whole_at else { return now - FIRST };
        let open = self.entries().filter(|entry| !entry.is_over()).filter_map(Entry::at);
        open.min().map_or(whole, |begin| begin.min(whole)).max(now - FIRST) - OVERLAP
    }

    /// Reads pages, the newest entry first, as far back as is needed, but not too many in one poll: the next one reads what
    /// happened meanwhile, then goes on where this one left off. `page` is given how far back it goes, and the token.
    pub async fn read<F>(
        &mut self,
        action: &'static str,
        now: Timestamp,
        page: impl Fn(Timestamp, Option<String>) -> F,
    ) -> Walked<T>
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        let (mut left, most) = (PAGES, self.most);
        let mut items = Vec::new();
        if let Some(reach) = &mut self.under_way {
            let mut head = Reach { begun: now, back_to: reach.begun - OVERLAP, place: Place::default() };
            // However much happens, its newest is known from the poll before.
            let known = self.entries.iter().map(|(key, _)| key.as_str()).collect();
            let turn = head.turns(action, most, &known, &mut left, &page).await;
            items.append(&mut head.place.items);
            match turn {
                Turn::End => reach.begun = now,
                last => return Walked { listed: Listed { items, fault: fault(action, last) }, begun: now },
            }
        }
        let back_to = self.back_to(now);
        let anew = || Reach { begun: now, back_to, place: Place::default() };
        let mut reach = self.under_way.take().unwrap_or_else(anew);
        let before = reach.place.items.len();
        left = left.max(1);
        let last = reach.turns(action, most, &HashSet::new(), &mut left, &page).await;
        items.extend_from_slice(&reach.place.items[before..]);
        let begun = reach.begun;
        let goes_on = match &last {
            Turn::More => true,
            Turn::End => false,
            Turn::Broken(fault) => keeps_its_place(fault),
        };
        self.under_way = goes_on.then_some(reach);
        Walked { listed: Listed { items, fault: fault(action, last) }, begun }
    }

    /// Adds what a reading `now` gave to what is known; whether it brought anything.
    pub fn take(&mut self, walked: Option<Walked<T>>, now: Timestamp) -> bool {
        let Some(Walked { listed, begun }) = walked else { return false };
        self.asked_at = Some(now);
        let whole = listed.fault.is_none();
        let brought = whole || !listed.items.is_empty();
        self.setback.note(listed.fault, now);
        if whole {
            self.whole_at = Some(begun);
        }
        self.add(listed.items);
        brought
    }

    /// What is known already keeps its key: only the new ones are asked for theirs.
    fn add(&mut self, items: Vec<T>) {
        let mut keys = HashSet::new();
        let keyed = items.into_iter().map(|entry| (entry.key(), entry));
        let new: Vec<(String, T)> = keyed.filter(|(key, _)| keys.insert(key.clone())).collect();
        if new.is_empty() {
            return;
        }
        self.entries.retain(|(key, _)| !keys.contains(key));
        self.entries.extend(new);
        self.entries.sort_by(|(a, x), (b, y)| y.at().cmp(&x.at()).then_with(|| b.cmp(a)));
        self.entries.truncate(self.most);
    }

    /// What is known, the newest first.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &T> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// When nothing was missing of it last.
    pub const fn whole_at(&self) -> Option<Timestamp> {
        self.whole_at
    }

    /// What is missing of it, and why.
    pub fn gap(&self, kind: &'static str, what: &str) -> Option<Gap> {
        let fault = self.setback.fault()?.clone();
        let read = if fault.kind == FaultKind::Unfinished { self.entries.len() } else { 0 };
        // How many there were, known or not, nobody can tell.
        Some(Gap { kind, what: Text::from(what), read, known: 0, fault })
    }
}

impl<T: Entry> Reach<T> {
    /// Reads pages until what they bring is old or `known`, or there are none `left`.
    async fn turns<F>(
        &mut self,
        action: &'static str,
        most: usize,
        known: &HashSet<&str>,
        left: &mut usize,
        page: impl Fn(Timestamp, Option<String>) -> F,
    ) -> Turn
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        let back_to = self.back_to;
        // Services put what goes on before what is over, however long ago it began.
        let is_old = |entry: &T| entry.at().is_some_and(|at| at < back_to);
        let is_known = |entry: &T| entry.is_over() && (is_old(entry) || known.contains(entry.key().as_str()));
        let is_enough = |entries: &[T]| entries.len() >= most || entries.iter().any(is_known);
        let mut last = Turn::More;
        while *left > 0 && last == Turn::More {
            *left -= 1;
            last = self.place.turn(action, T::key, is_enough, |token| page(back_to, token)).await;
        }
        last
    }
}

/// Why a reading whose last turn was this one is not whole.
fn fault(action: &'static str, last: Turn) -> Option<Fault> {
    match last {
        Turn::End => None,
        Turn::More => Some(unfinished(action)),
        Turn::Broken(fault) => Some(fault),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

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
        let page = |_, token: Option<String>| {
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
        log.entries().map(|did| did.0).collect()
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
        assert_eq!((log.entries().len(), keys(&log)[0]), (10, now + 30));
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
        assert!(log.entries().all(Entry::is_over));
        assert_eq!(read(&mut log, now + 120, &there, 99).await, 1);
    }

    #[tokio::test]
    async fn a_reading_cut_short_goes_on_where_it_was_and_says_so() {
        let now = 100 * HOUR;
        let there: Vec<Did> = (1..=9).rev().map(|n| Did(now - (10 - n) * 600, true)).collect();
        let mut log = Log::keeping(100);
        read(&mut log, now, &there, 4).await;
        assert_eq!((log.entries().len(), log.whole_at()), (4, None));
        assert_eq!(log.gap("group", "activities").map(|gap| gap.extent()), Some("activities not listed".to_owned()));
        assert_eq!(read(&mut log, now + 60, &there, 99).await, 4, "one of what is new, and the other three");
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

    #[tokio::test]
    async fn a_long_past_is_read_in_parts_and_what_happens_meanwhile_first() {
        let now = 100 * HOUR;
        let mut there: Vec<Did> = (1..=60).rev().map(|n| Did(now - (61 - n) * 600, true)).collect();
        let mut log = Log::keeping(1_000);
        assert_eq!(read(&mut log, now, &there, 99).await, PAGES, "no more in one poll");
        let gap = log.gap("group", "activities").unwrap();
        assert_eq!((gap.extent().as_str(), gap.fault.kind), ("20 activities so far", FaultKind::Unfinished));
        assert_eq!((log.goes_on(), log.whole_at()), (true, None));
        there.insert(0, Did(now + 10, true));
        there.remove(there.len() - 1);
        assert_eq!(read(&mut log, now + 30, &there, 99).await, PAGES, "one of what is new, and on");
        assert_eq!((log.entries().len(), keys(&log)[0]), (38, now + 10));
        assert_eq!(read(&mut log, now + 60, &there, 15).await, 2, "broken off after the page of what is new");
        assert_eq!(
            (log.gap("group", "activities").map(|gap| gap.fault.kind), log.whole_at()),
            (Some(FaultKind::Server), None)
        );
        read(&mut log, now + 90, &there, 99).await;
        read(&mut log, now + 120, &there, 99).await;
        assert_eq!((log.entries().len(), log.gap("group", "activities")), (60, None));
        assert_eq!(log.whole_at(), Some(Timestamp::from_secs(now + 120)), "all up to then is known");
    }

    #[tokio::test]
    async fn an_entry_that_changed_takes_the_place_of_the_one_before() {
        let now = 100 * HOUR;
        let mut log = Log::keeping(10);
        read(&mut log, now, &[Did(now - 5, false), Did(now - 9, true)], 99).await;
        read(&mut log, now + 30, &[Did(now - 5, true), Did(now - 9, true)], 99).await;
        assert_eq!((keys(&log), log.entries().all(Entry::is_over)), (vec![now - 5, now - 9], true));
    }
}
