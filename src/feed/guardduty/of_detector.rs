//! The findings of one detector: which are there, and what is known of each.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::super::Context;
use super::super::budget::GUARDDUTY;
use super::super::pages::{Listed, all_pages, in_batches};
use super::super::part::Part;
use super::super::setback::Unread;
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
/// Archived findings kept at most; the ones that were archived first go first.
const KEPT: usize = 500;

/// What is remembered of one detector.
pub(super) struct OfDetector {
    /// Its id.
    pub detector: String,
    ids: Part<String>,
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
            known: HashMap::new(),
            unread: Unread::default(),
            spoilers: HashSet::new(),
            archived: Vec::new(),
        }
    }

    /// Lists the findings and reads what is due of them; whether it brought anything.
    pub async fn read(&mut self, context: &Context) -> bool {
        let now = context.clock.now();
        let is_first = self.ids.whole_at().is_none();
        let mut brought = false;
        if self.ids.is_due(now, Duration::ZERO, context.asked) {
            let listed = list(context, &self.detector).await;
            let is_whole = listed.fault.is_none();
            brought = self.ids.take(Some(listed), Clone::clone, now);
            if is_whole {
                self.note_vanished();
            }
        }
        brought | self.describe(context, is_first).await
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
    fn due(&self, context: &Context) -> Vec<String> {
        let now = context.clock.now();
        let shown: HashSet<&str> = context.shown.iter().map(Text::as_str).collect();
        let (mut due, mut old): (Vec<&String>, Vec<(Timestamp, &String)>) = (Vec::new(), Vec::new());
        for id in self.ids.items() {
            match self.known.get(id) {
                None => due.push(id),
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

    async fn describe(&mut self, context: &Context, is_first: bool) -> bool {
        let (gate, ports, detector) = (&context.gate, &context.backend.guardduty, self.detector.as_str());
        let wanted = self.due(context);
        let due = self.unread.due(&wanted, context.clock.now(), context.asked);
        let what = Text::from("findings");
        let (known, read) = (wanted.len(), std::sync::atomic::AtomicUsize::new(0));
        let read = &read;
        let call = |ids: Vec<String>| {
            let what = &what;
            async move {
                let items = gate.read(&GUARDDUTY, GET, || ports.findings(detector, &ids)).await?;
                let so_far = read.fetch_add(ids.len(), std::sync::atomic::Ordering::Relaxed) + ids.len();
                context.progress.tell(what, so_far, known);
                Ok(Described { items, failures: Vec::new() })
            }
        };
        let batches = in_batches(GET, &due, limits::FINDINGS_PAGE, &self.spoilers, |f: &Finding| &f.id, call).await;
        let at = context.clock.now();
        let mut ids = self.ids.items().to_vec();
        ids.extend(self.archived.iter().cloned());
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
        self.ids.gap("finding", "list of GuardDuty findings").into_iter().chain(described).collect()
    }

    /// All of them. One that could not be read is its id alone: it is there, and nobody knows how bad it is.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        let bare = |id: &String| Finding { id: Text::from(id), ..Finding::default() };
        let listed =
            self.ids.items().iter().map(move |id| {
                self.known.get(id).map_or_else(|| self.stamped(bare(id)), |known| known.finding.clone())
            });
        let archived = self.archived.iter().filter_map(|id| self.known.get(id));
        listed.chain(archived.map(|known| Finding { archived: Some(true), ..known.finding.clone() }))
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

async fn list(context: &Context, detector: &str) -> Listed<String> {
    let (gate, ports) = (&context.gate, &context.backend.guardduty);
    let page = |token: Option<String>| async move {
        gate.read(&GUARDDUTY, LIST, || ports.finding_ids(detector, false, token.as_deref())).await
    };
    all_pages(LIST, Clone::clone, page).await
}
