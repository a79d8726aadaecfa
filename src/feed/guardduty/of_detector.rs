//! The findings of one detector: which are there, and what is known of each.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::Context;
use super::super::budget::GUARDDUTY;
use super::super::pages::{Turn, in_batches};
use super::super::part::Part;
use super::super::setback::Unread;
use super::super::walk::Walk;
use crate::backend::ports::{Described, limits};
use crate::model::finding::{Change, Finding};
use crate::store::Gap;
use crate::text::Text;
use crate::time::Timestamp;

pub(super) const LIST: &str = "guardduty:ListFindings";
pub(super) const GET: &str = "guardduty:GetFindings";

/// A finding that is not on screen is read again after this long: it may have been seen again, or grown worse.
const AGAIN: Duration = Duration::from_mins(5);
/// Findings read again in one poll, beside new ones and those on screen: four requests.
const AT_A_TIME: usize = 4 * limits::FINDINGS_PAGE;
/// Pages of the list that a poll reads at most; the next one goes on.
const PAGES: usize = 10;
/// Between readings of a list that takes more than one poll; polls may come early.
const LONG_EVERY: Duration = Duration::from_secs(290);
/// Archived findings kept at most; the ones that were archived first go first.
const KEPT: usize = 500;

/// What is remembered of one detector.
pub(super) struct OfDetector {
    /// Its id.
    pub detector: String,
    ids: Part<String>,
    walk: Walk<String>,
    known: HashMap<String, Known>,
    unread: Unread,
    spoilers: HashSet<String>,
    /// Ids that were archived while this console ran, the first first.
    archived: Vec<String>,
}

struct Known {
    read_at: Timestamp,
    finding: Finding,
    /// Whether it came after the first list.
    is_new: bool,
    /// How often it had been seen when it was read first.
    first_count: Option<u64>,
}

impl OfDetector {
    /// Nothing read yet.
    pub fn new(detector: &str) -> Self {
        Self {
            detector: detector.to_owned(),
            ids: Part::default(),
            walk: Walk::default(),
            known: HashMap::new(),
            unread: Unread::default(),
            spoilers: HashSet::new(),
            archived: Vec::new(),
        }
    }

    /// Lists the findings and reads what is due of them; whether it brought anything.
    ///
    /// What is new on a page is described before the next page is asked for, so that where there are thousands the list leaves
    /// as many requests for what is on it as it takes itself.
    pub async fn read(&mut self, context: &Context) -> bool {
        let now = context.clock.now();
        let is_first = self.ids.whole_at().is_none();
        let mut brought = false;
        let every = if self.walk.is_long() { LONG_EVERY } else { Duration::ZERO };
        if self.ids.is_due(now, every, context.asked) {
            let mut pages = 0;
            let last = loop {
                let (turn, ids) = self.turn(context, now).await;
                pages += 1;
                let new: Vec<String> = ids.into_iter().filter(|id| !self.known.contains_key(id)).collect();
                brought |= !new.is_empty() && self.describe(context, new, is_first).await;
                if turn != Turn::More || pages == PAGES {
                    break turn;
                }
            };
            let walked = self.walk.pause(LIST, last, now);
            let is_whole = walked.listed.fault.is_none();
            brought |= self.ids.take_walked(Some(walked), Clone::clone, now);
            if is_whole {
                self.note_vanished();
            }
        }
        let due = self.due(context, now);
        brought | self.describe(context, due, is_first).await
    }

    /// One page of the list.
    async fn turn(&mut self, context: &Context, now: Timestamp) -> (Turn, Vec<String>) {
        let (gate, ports, detector) = (&context.gate, &context.backend.guardduty, self.detector.as_str());
        let page = |token: Option<String>| async move {
            gate.read(&GUARDDUTY, LIST, || ports.finding_ids(detector, false, token.as_deref())).await
        };
        self.walk.turn(LIST, now, Clone::clone, page).await
    }

    /// Whether the list was left off only because one poll reads no more of it.
    pub const fn goes_on(&self) -> bool {
        self.walk.goes_on()
    }

    /// Only a list that was read to its end can tell that a finding is not on it any longer.
    fn note_vanished(&mut self) {
        let there: HashSet<&String> = self.ids.items().iter().collect();
        self.archived.retain(|id| !there.contains(id));
        let mut gone: Vec<String> =
            self.known.keys().filter(|id| !there.contains(id) && !self.archived.contains(id)).cloned().collect();
        gone.sort();
        self.archived.extend(gone);
        let excess = self.archived.len().saturating_sub(KEPT);
        for id in self.archived.drain(..excess) {
            self.known.remove(&id);
        }
    }

    /// Ids to ask for now: what is new, what vanished and was not read since, what is on screen, and the longest unread.
    /// Not again what was read since this poll `began`.
    fn due(&self, context: &Context, began: Timestamp) -> Vec<String> {
        let now = context.clock.now();
        let shown: HashSet<&str> = context.shown.iter().map(Text::as_str).collect();
        let (mut due, mut old): (Vec<&String>, Vec<(Timestamp, &String)>) = (Vec::new(), Vec::new());
        for id in self.ids.items() {
            match self.known.get(id) {
                None => due.push(id),
                Some(known) if known.read_at >= began => {}
                // It was archived and is not any longer.
                Some(known) if known.finding.archived == Some(true) => due.push(id),
                Some(known) if shown.contains(known.finding.key().as_str()) => due.push(id),
                Some(known) if context.asked || now.since(known.read_at) >= AGAIN => old.push((known.read_at, id)),
                Some(_) => {}
            }
        }
        old.sort();
        due.extend(old.into_iter().take(AT_A_TIME).map(|(_, id)| id));
        // It is asked for once more, for what was last done to it.
        let unconfirmed = |id: &&String| self.known.get(*id).is_some_and(|k| k.finding.archived != Some(true));
        due.extend(self.archived.iter().filter(unconfirmed));
        due.into_iter().cloned().collect()
    }

    async fn describe(&mut self, context: &Context, wanted: Vec<String>, is_first: bool) -> bool {
        let (gate, ports, detector) = (&context.gate, &context.backend.guardduty, self.detector.as_str());
        let due = self.unread.due(&wanted, context.clock.now(), context.asked);
        let what = Text::from("findings");
        let mut ids = self.ids.items().to_vec();
        ids.extend(self.walk.so_far().iter().cloned());
        ids.extend(self.archived.iter().cloned());
        let (known, read) = (ids.len(), &AtomicUsize::new(self.known.len()));
        let call = |ids: Vec<String>| {
            let what = &what;
            async move {
                let items = gate.read(&GUARDDUTY, GET, || ports.findings(detector, &ids)).await?;
                let so_far = read.fetch_add(ids.len(), Ordering::Relaxed) + ids.len();
                context.progress.tell(what, so_far.min(known), known);
                Ok(Described { items, failures: Vec::new() })
            }
        };
        let batches = in_batches(GET, &due, limits::FINDINGS_PAGE, &self.spoilers, |f: &Finding| &f.id, call).await;
        let at = context.clock.now();
        // What was archived and is not there any longer has run out, as findings do after 90 days.
        let absent = |id: &str| {
            batches.unread.iter().any(|(left, fault)| left == id && fault.message == "absent from the answer")
        };
        let run_out: Vec<String> = self.archived.iter().filter(|id| absent(id)).cloned().collect();
        self.archived.retain(|id| !run_out.contains(id));
        self.known.retain(|id, _| !run_out.contains(id));
        let left = batches.unread.into_iter().filter(|(id, _)| !run_out.contains(id)).collect();
        self.unread.note(&ids, &due, left, at);
        self.spoilers.retain(|id| self.unread.fault(id).is_some());
        self.spoilers.extend(batches.spoilers);
        let brought = !batches.items.is_empty();
        for finding in batches.items {
            let id = finding.id.to_string();
            let before = self.known.get(&id).map(|known| (known.is_new, known.first_count));
            let (is_new, first_count) = before.unwrap_or((!is_first, finding.count));
            let mut finding = self.stamped(finding);
            if self.archived.contains(&id) {
                finding.archived = finding.archived.or(Some(true));
            }
            self.known.insert(id, Known { read_at: at, finding, is_new, first_count });
        }
        brought
    }

    /// It may not say which detector it is of, or have no ARN.
    fn stamped(&self, finding: Finding) -> Finding {
        Finding { detector: Text::from(&self.detector), ..finding }
    }

    /// When they were listed.
    pub const fn listed_at(&self) -> Option<Timestamp> {
        self.ids.read_at()
    }

    /// What is missing.
    pub fn gaps(&self) -> Vec<Gap> {
        let ids = self.ids.items();
        let fault = ids.iter().find_map(|id| self.unread.fault(id));
        let described = fault.map(|fault| {
            let read = ids.iter().filter(|id| self.unread.fault(id).is_none()).count();
            let what = Text::from("GuardDuty findings");
            Gap { kind: "finding", what, read, known: ids.len(), fault: fault.clone() }
        });
        self.ids.gap("finding", "GuardDuty findings").into_iter().chain(described).collect()
    }

    /// All of them. One that could not be read is its id alone: it is there, and nobody knows how bad it is.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        let bare = |id: &String| Finding { id: Text::from(id), ..Finding::default() };
        let listed =
            self.ids.items().iter().map(move |id| {
                self.known.get(id).map_or_else(|| self.stamped(bare(id)), |known| known.finding.clone())
            });
        let archived = self.archived.iter().filter_map(|id| self.known.get(id));
        // Whatever list it has left: what says of itself that it is not archived counts.
        let archived = archived.map(|known| &known.finding);
        listed.chain(archived.map(|f| Finding { archived: f.archived.or(Some(true)), ..f.clone() }))
    }

    /// What changed since the first list.
    pub fn changes(&self) -> impl Iterator<Item = (Text, Change)> + '_ {
        self.ids.items().iter().filter_map(|id| {
            let known = self.known.get(id)?;
            let more = || known.finding.count?.checked_sub(known.first_count?).filter(|n| *n > 0);
            let change = if known.is_new { Change::New } else { Change::More(more()?) };
            Some((known.finding.id.clone(), change))
        })
    }
}
