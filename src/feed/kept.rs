//! What a feed remembers of one kind of thing between polls: the list, and the last good reading of each item.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::pages::{Listed, in_batches};
use super::progress::Progress;
use super::setback::{Setback, Unread};
use crate::backend::ports::Described;
use crate::model::Fault;
use crate::model::ecs::{Kind, Seen};
use crate::store::Gap;
use crate::text::Text;
use crate::time::{Clock, Timestamp};

/// A list is read again after this long even if nothing hints at a change.
const LIST_FOR: Duration = Duration::from_mins(1);

/// Memory of one kind of thing in one place.
pub struct Kept<T> {
    kind: Kind,
    what: Text,
    arns: Vec<String>,
    listed_at: Option<Timestamp>,
    listed_under: u64,
    items: HashMap<String, Seen<T>>,
    spoilers: HashSet<String>,
    listing: Setback,
    unread: Unread,
}

/// What one sweep over one kind of thing gives.
#[derive(Debug)]
pub struct Part<T> {
    /// What is known, the newly read and the remembered, in the order of the list.
    pub items: Vec<Seen<T>>,
    /// ARN and reason of what the service says is not there.
    pub missing: Vec<(Text, Text)>,
    /// ARN and reason of what was never read because calls fail; the gap tells of them together.
    pub unread: Vec<(Text, Text)>,
    /// What could not be read this time.
    pub gap: Option<Gap>,
}

/// How to describe a kind of thing.
pub struct Describe<'a, T, D> {
    /// The IAM action.
    pub action: &'static str,
    /// Most items of one call.
    pub size: usize,
    /// The ARN of an item.
    pub id: fn(&T) -> &Text,
    /// The call: the action, and what to describe.
    pub call: D,
    /// What items are stamped with.
    pub clock: &'a dyn Clock,
    /// Who is told how far it is.
    pub progress: &'a Progress,
    /// Whether what failed is tried again at once.
    pub asked: bool,
}

impl<T> Kept<T> {
    /// Nothing remembered yet of `what`, such as `services of ehr`.
    pub fn new(kind: Kind, what: impl Into<Text>) -> Self {
        Self {
            kind,
            what: what.into(),
            arns: Vec::new(),
            listed_at: None,
            listed_under: 0,
            items: HashMap::new(),
            spoilers: HashSet::new(),
            listing: Setback::default(),
            unread: Unread::default(),
        }
    }

    /// Reads the list where it is due (`hint` differs from the one it was last read under, or it is old), then every item.
    ///
    /// After a failure what is remembered stays, and the next try waits longer each time, so that one operation that hangs
    /// does not hold up the others for ever. The list and what is on it wait each for itself.
    pub async fn sweep<L, D, F>(&mut self, hint: u64, list: impl Fn() -> L, describe: Describe<'_, T, D>) -> Part<T>
    where
        L: Future<Output = Listed<String>>,
        D: Fn(&'static str, Vec<String>) -> F,
        F: Future<Output = Result<Described<T>, Fault>>,
    {
        let Describe { action, clock, progress, asked, .. } = describe;
        let now = clock.now();
        let old = self.listed_at.is_none_or(|at| now.since(at) >= LIST_FOR) || self.listed_under != hint;
        if old && !self.listing.holds(now, asked) {
            self.adopt_list(list().await, clock.now(), hint);
        }
        let due = self.unread.due(&self.arns, clock.now(), asked);
        let (known, read) = (self.arns.len(), AtomicUsize::new(0));
        let call = |ids: Vec<String>| {
            let (count, answer) = (ids.len(), (describe.call)(action, ids));
            let (what, read) = (&self.what, &read);
            async move {
                let described = answer.await?;
                progress.tell(what, read.fetch_add(count, Ordering::Relaxed) + count, known);
                // Each as old as the answer it was in; the last batch may come minutes after the first.
                let at = clock.now();
                let items = described.items.into_iter().map(|item| Seen { at, item: Arc::new(item) }).collect();
                Ok(Described { items, failures: described.failures })
            }
        };
        let alone = &self.spoilers;
        let batches =
            in_batches(action, &due, describe.size, alone, |seen: &Seen<T>| (describe.id)(&seen.item), call).await;
        self.unread.note(&self.arns, &due, batches.unread, clock.now());
        self.spoilers.retain(|arn| self.unread.fault(arn).is_some());
        self.spoilers.extend(batches.spoilers);
        if !batches.failures.is_empty() {
            self.listed_at = None;
        }
        let read = batches.items.len();
        let mut items: HashMap<String, Seen<T>> = HashMap::with_capacity(self.arns.len());
        for seen in batches.items {
            items.insert((describe.id)(&seen.item).to_string(), seen);
        }
        let mut unread = Vec::new();
        let mut fault = self.listing.fault();
        for arn in &self.arns {
            let Some(why) = self.unread.fault(arn) else { continue };
            fault = fault.or(Some(why));
            match self.items.remove(arn) {
                Some(old) => {
                    items.insert(arn.clone(), old);
                }
                None => unread.push((Text::from(arn), Text::from(format!("not read: {}", why.kind.word())))),
            }
        }
        self.items = items;
        let gap = fault.map(|fault| Gap {
            kind: self.kind.word(),
            what: self.what.clone(),
            read,
            known: self.arns.len(),
            fault: fault.clone(),
        });
        let items = self.arns.iter().filter_map(|arn| self.items.get(arn)).cloned().collect();
        Part { items, missing: batches.failures, unread, gap }
    }

    fn adopt_list(&mut self, listed: Listed<String>, now: Timestamp, hint: u64) {
        if listed.fault.is_none() {
            self.arns = listed.items;
            self.listed_at = Some(now);
            self.listed_under = hint;
        } else {
            // An incomplete list adds what it found; only a complete one can tell that something is gone.
            let known: HashSet<&String> = self.arns.iter().collect();
            let new: Vec<String> = listed.items.into_iter().filter(|arn| !known.contains(arn)).collect();
            self.arns.extend(new);
        }
        self.listing.note(listed.fault, now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::Backoff;
    use super::*;
    use crate::model::FaultKind;
    use crate::store::News;
    use crate::time::ManualClock;
    use std::sync::atomic::AtomicU32;

    struct World {
        kept: Kept<Text>,
        clock: ManualClock,
        lists: AtomicU32,
        unlisted: Option<FaultKind>,
        progress: Progress,
        asked: bool,
    }

    impl World {
        fn new() -> Self {
            Self {
                kept: Kept::new(Kind::Task, "things"),
                clock: ManualClock::at(Timestamp::from_secs(0)),
                lists: AtomicU32::new(0),
                unlisted: None,
                progress: Progress::default(),
                asked: false,
            }
        }

        async fn sweep(&mut self, secs: i64, hint: u64, refuse: Option<FaultKind>) -> Part<Text> {
            self.clock.set(Timestamp::from_secs(secs));
            let describe = Describe {
                action: "ecs:DescribeTasks",
                size: 2,
                id: |t: &Text| t,
                call: |action, chunk: Vec<String>| async move {
                    match refuse {
                        Some(kind) if chunk[0] == "c" => Err(Fault::new(kind, action, "")),
                        _ => Ok(Described { items: chunk.iter().map(Text::from).collect(), failures: vec![] }),
                    }
                },
                clock: &self.clock,
                progress: &self.progress,
                asked: self.asked,
            };
            let lists = &self.lists;
            let list = || async {
                lists.fetch_add(1, Ordering::Relaxed);
                match self.unlisted {
                    Some(kind) => Listed { items: Vec::new(), fault: Some(Fault::new(kind, "ecs:ListTasks", "")) },
                    None => Listed { items: ["a", "b", "c"].map(str::to_owned).to_vec(), fault: None },
                }
            };
            self.kept.sweep(hint, list, describe).await
        }

        fn lists(&self) -> u32 {
            self.lists.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_list_is_read_again_when_old_or_when_something_hints_at_a_change() {
        let mut world = World::new();
        for (secs, hint, lists) in [(0, 1, 1), (5, 1, 1), (10, 2, 2), (69, 2, 2), (70, 2, 3)] {
            let part = world.sweep(secs, hint, None).await;
            assert_eq!((part.items.len(), part.gap, world.lists()), (3, None, lists), "at {secs} s");
        }
    }

    #[tokio::test]
    async fn what_fails_keeps_its_last_reading_and_its_time() {
        let mut world = World::new();
        world.sweep(0, 1, None).await;
        let part = world.sweep(5, 1, Some(FaultKind::Timeout)).await;
        let times: Vec<i64> = part.items.iter().map(|seen| seen.at.secs()).collect();
        assert_eq!(times, [5, 5, 0]);
        let gap = part.gap.unwrap();
        assert_eq!((gap.read, gap.known, gap.fault.kind), (2, 3, FaultKind::Timeout));
    }

    #[tokio::test]
    async fn what_was_never_read_is_missing_not_silent() {
        let mut world = World::new();
        let part = world.sweep(0, 1, Some(FaultKind::Denied)).await;
        assert_eq!(part.items.len(), 2);
        assert_eq!((part.missing.len(), part.unread), (0, vec![(Text::from("c"), Text::from("not read: denied"))]));
        let held = world.sweep(10, 1, None).await;
        let times: Vec<i64> = held.items.iter().map(|seen| seen.at.secs()).collect();
        assert_eq!(times, [10, 10], "what was denied is not asked for again for five minutes, the others are");
        assert_eq!(held.unread.len(), 1, "and what was left unread stays named");
        assert_eq!(held.gap.map(|gap| (gap.read, gap.known)), Some((2, 3)));
        assert_eq!(world.sweep(300, 1, None).await.items.len(), 3);
    }

    #[tokio::test]
    async fn a_list_that_is_denied_keeps_nobody_from_describing_what_was_on_it() {
        let mut world = World::new();
        world.sweep(0, 1, None).await;
        world.unlisted = Some(FaultKind::Denied);
        for (secs, hint) in [(5, 2), (10, 3)] {
            let part = world.sweep(secs, hint, None).await;
            assert_eq!((part.items.len(), world.lists()), (3, 2), "the list is not asked for again");
            assert!(part.items.iter().all(|seen| seen.at.secs() == secs));
            assert_eq!(part.gap.map(|gap| (gap.read, gap.known, gap.fault.kind)), Some((3, 3, FaultKind::Denied)));
        }
    }

    /// Each batch takes ten seconds, and so does the list.
    #[tokio::test]
    async fn each_thing_is_as_old_as_the_answer_it_was_in_and_a_slow_list_waits_from_its_end() {
        let (clock, progress) = (ManualClock::at(Timestamp::from_secs(0)), Progress::default());
        let slow = |ids: Vec<String>| {
            clock.set(clock.now() + Duration::from_secs(10));
            std::future::ready(ids)
        };
        let describe = || Describe {
            action: "ecs:DescribeTasks",
            size: 2,
            id: |t: &Text| t,
            call: |_, chunk: Vec<String>| async {
                Ok(Described { items: slow(chunk).await.iter().map(Text::from).collect(), failures: vec![] })
            },
            clock: &clock,
            progress: &progress,
            asked: false,
        };
        let mut kept = Kept::new(Kind::Task, "things");
        let listed =
            || async { Listed { items: slow(["a", "b", "c"].map(str::to_owned).to_vec()).await, fault: None } };
        let part = kept.sweep(1, listed, describe()).await;
        let times: Vec<i64> = part.items.iter().map(|seen| seen.at.secs()).collect();
        assert_eq!(times, [20, 20, 30]);
        let fault = || Some(Fault::new(FaultKind::Timeout, "ecs:ListTasks", ""));
        let unlisted = || async { Listed { items: slow(Vec::new()).await, fault: fault() } };
        kept.sweep(2, unlisted, describe()).await;
        let (ended, first_wait) = (40, Backoff::POLL.ceiling(1) / 2);
        assert!(kept.listing.holds(Timestamp::from_secs(ended) + first_wait - Duration::from_millis(1), false));
    }

    #[tokio::test]
    async fn how_far_a_sweep_is_is_told_after_each_batch() {
        let (out, mut told) = tokio::sync::mpsc::channel(8);
        let mut world = World::new();
        world.progress = Progress::of(out, 0, "ecs");
        world.sweep(0, 1, None).await;
        let read = std::iter::from_fn(|| told.try_recv().ok()).map(|news| match news {
            News::Reading { reading, .. } => (reading.read, reading.known),
            News::Fetched(_) => (0, 0),
        });
        assert_eq!(read.collect::<Vec<_>>(), [(2, 3), (3, 3)]);
    }

    #[tokio::test]
    async fn what_somebody_asks_for_is_tried_again_at_once() {
        let mut world = World::new();
        world.sweep(0, 1, Some(FaultKind::Denied)).await;
        world.asked = true;
        assert_eq!(world.sweep(1, 1, None).await.items.len(), 3);
    }
}
