//! A long list, read some pages at a time: the next poll goes on where this one left off.
//!
//! Where a service allows a request a second, a list of a hundred pages would take all of a poll, and be begun anew by the next
//! one for ever.

use std::future::Future;

use super::pages::{Listed, Place, Turn};
use crate::backend::ports::Page;
use crate::model::{Fault, FaultKind};
use crate::time::Timestamp;

/// A list that is read some pages at a time.
#[derive(Debug)]
pub struct Walk<T> {
    under_way: Option<(Timestamp, Place<T>)>,
    goes_on: bool,
    is_long: bool,
}

impl<T> Default for Walk<T> {
    fn default() -> Self {
        Self { under_way: None, goes_on: false, is_long: false }
    }
}

/// What a poll has of a list.
#[derive(Debug)]
pub struct Walked<T> {
    /// All that was read since the list was begun.
    pub listed: Listed<T>,
    /// When it was begun: what is on its first page is as old as that.
    pub begun: Timestamp,
}

impl<T: Clone> Walk<T> {
    /// Reads the next page; a list is begun `now` where none is under way. What the page brought comes with the turn.
    pub async fn turn<F>(
        &mut self,
        action: &'static str,
        now: Timestamp,
        key: impl Fn(&T) -> String,
        page: impl Fn(Option<String>) -> F,
    ) -> (Turn, Vec<T>)
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        if self.under_way.is_none() {
            self.is_long = false;
        }
        let (_, place) = self.under_way.get_or_insert_with(|| (now, Place::default()));
        let before = place.items.len();
        let turn = place.turn(action, key, |_| false, page).await;
        (turn, place.items[before..].to_vec())
    }

    /// Ends a poll's part of the list, whose last turn was this one.
    pub fn pause(&mut self, action: &'static str, last: Turn, now: Timestamp) -> Walked<T> {
        self.goes_on = last == Turn::More;
        let (begun, place) = self.under_way.take().unwrap_or_else(|| (now, Place::default()));
        match last {
            Turn::End => Walked { listed: Listed { items: place.items, fault: None }, begun },
            Turn::More => {
                self.is_long = true;
                self.left_off(begun, place, unfinished(action))
            }
            Turn::Broken(fault) if keeps_its_place(&fault) => self.left_off(begun, place, fault),
            // Its token may be the reason: the list is begun anew.
            Turn::Broken(fault) => Walked { listed: Listed { items: place.items, fault: Some(fault) }, begun },
        }
    }

    fn left_off(&mut self, begun: Timestamp, place: Place<T>, fault: Fault) -> Walked<T> {
        let items = place.items.clone();
        self.under_way = Some((begun, place));
        Walked { listed: Listed { items, fault: Some(fault) }, begun }
    }

    /// Reads `most` pages, or as many as there are.
    pub async fn read<F>(
        &mut self,
        action: &'static str,
        now: Timestamp,
        most: usize,
        key: impl Fn(&T) -> String,
        page: impl Fn(Option<String>) -> F,
    ) -> Walked<T>
    where
        F: Future<Output = Result<Page<T>, Fault>>,
    {
        for _ in 1..most {
            match self.turn(action, now, &key, &page).await.0 {
                Turn::More => {}
                last => return self.pause(action, last, now),
            }
        }
        let (last, _) = self.turn(action, now, &key, &page).await;
        self.pause(action, last, now)
    }
}

impl<T> Walk<T> {
    /// What the pages brought of a list that is under way.
    pub fn so_far(&self) -> &[T] {
        self.under_way.as_ref().map_or(&[], |(_, place)| &place.items)
    }

    /// Whether it was left off in the middle only because one poll reads no more.
    pub const fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Whether the last time it took more than one poll.
    pub const fn is_long(&self) -> bool {
        self.is_long
    }
}

/// That there is more than one poll reads.
pub fn unfinished(action: &'static str) -> Fault {
    Fault::new(FaultKind::Unfinished, action, "goes on with the next poll")
}

/// Whether the page that failed so is worth asking for again.
pub fn keeps_its_place(fault: &Fault) -> bool {
    fault.kind.is_transient() && fault.kind != FaultKind::Malformed
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTION: &str = "x:Y";

    /// Reads up to three pages of two numbers each, of ten; the page that begins with `broken` fails so.
    async fn read(
        walk: &mut Walk<u32>,
        secs: i64,
        broken: Option<(u32, FaultKind)>,
    ) -> (Vec<u32>, Option<FaultKind>, i64) {
        let page = |token: Option<String>| {
            let from: u32 = token.map_or(0, |token| token.parse().unwrap());
            std::future::ready(match broken {
                Some((at, kind)) if at == from => Err(Fault::new(kind, ACTION, "scripted")),
                _ => Ok(Page { items: vec![from, from + 1], next: (from < 8).then(|| (from + 2).to_string()) }),
            })
        };
        let walked = walk.read(ACTION, Timestamp::from_secs(secs), 3, u32::to_string, page).await;
        (walked.listed.items, walked.listed.fault.map(|fault| fault.kind), walked.begun.secs())
    }

    #[tokio::test]
    async fn a_long_list_goes_on_where_it_was_left_off_and_is_as_old_as_its_begin() {
        let mut walk = Walk::default();
        assert_eq!(read(&mut walk, 1, None).await, ((0..6).collect(), Some(FaultKind::Unfinished), 1));
        assert!(walk.goes_on() && walk.is_long());
        assert_eq!(read(&mut walk, 2, None).await, ((0..10).collect(), None, 1));
        assert!(!walk.goes_on() && walk.is_long(), "that it took two polls is remembered");
        assert_eq!(read(&mut walk, 3, None).await, ((0..6).collect(), Some(FaultKind::Unfinished), 3), "and anew");
    }

    #[tokio::test]
    async fn a_page_that_fails_for_a_while_is_asked_for_again_and_a_token_that_is_refused_is_not() {
        for (kind, again) in [(FaultKind::Throttled, 10), (FaultKind::Rejected, 6)] {
            let mut walk = Walk::default();
            assert_eq!(read(&mut walk, 1, Some((4, kind))).await, ((0..4).collect(), Some(kind), 1));
            assert!(!walk.goes_on(), "it waits as a failure does");
            assert_eq!(read(&mut walk, 2, None).await.0, (0..again).collect::<Vec<_>>(), "{kind:?}");
        }
    }
}
