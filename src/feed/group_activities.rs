//! The group activities feed: what the Auto Scaling groups behind capacity providers did, group by group, and their
//! instance refreshes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::join;

use super::budget::GROUP_HISTORY;
use super::log::{Entry, Log};
use super::pages::{Listed, pages_until};
use super::part::{Part, when};
use super::walk::Walked;
use super::{Context, Feed, FeedSpec};
use crate::model::scaling::{GroupActivity, GroupFacts, GroupHistory, Refresh};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;

/// What a row of these is.
const KIND: &str = "group";
const ACTIVITIES: &str = "autoscaling:DescribeScalingActivities";
const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";

/// Between readings of a group's activities; polls may come a tenth early.
const EVERY: Duration = Duration::from_secs(25);
/// Between readings of a group's refreshes, each of which takes many minutes.
const REFRESHES_EVERY: Duration = Duration::from_secs(55);
/// Groups asked about in a poll, beside those that were never read: each is a request or two.
const AT_A_TIME: usize = 10;
/// Activities of a group kept at most; the oldest go first.
const KEPT: usize = 1_000;
/// Refreshes of a group that are told; the service remembers all of six weeks.
const REFRESHES_TOLD: usize = 20;

/// `group-activities`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "group-activities",
    domain: "scaling",
    doc: "Activities and instance refreshes of the Auto Scaling groups; kept for as long as the console runs",
    actions: &[ACTIVITIES, REFRESHES],
    after: Some("groups"),
    interval: Duration::from_secs(30),
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(GroupActivitiesFeed::default()),
};

#[derive(Default)]
struct GroupActivitiesFeed {
    groups: BTreeMap<Text, Known>,
}

/// What is known of one group.
struct Known {
    activities: Log<GroupActivity>,
    refreshes: Part<Refresh>,
    asked_at: Option<Timestamp>,
}

impl Default for Known {
    fn default() -> Self {
        Self { activities: Log::keeping(KEPT), refreshes: Part::default(), asked_at: None }
    }
}

impl Entry for GroupActivity {
    fn key(&self) -> String {
        self.key().to_string()
    }
    fn at(&self) -> Option<Timestamp> {
        self.started_at
    }
    fn is_over(&self) -> bool {
        matches!(self.status.as_deref(), Some("Successful" | "Failed" | "Cancelled"))
    }
}

#[async_trait]
impl Feed for GroupActivitiesFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let now = context.clock.now();
        let names: BTreeSet<&Text> =
            facts.get::<GroupFacts>().map(|known| known.groups.iter().map(|g| &g.name).collect()).unwrap_or_default();
        self.groups.retain(|name, _| names.contains(name));
        for name in names {
            self.groups.entry(name.clone()).or_default();
        }
        let turn = self.turn();
        let due = self.groups.iter_mut().filter(|(name, _)| turn.contains(*name));
        let read = join_all(due.map(|(name, known)| known.look(context, name, now))).await;
        let gaps = self.gaps();
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| !read.contains(&true)) {
            return Err(gap.fault.clone());
        }
        Ok(Snapshot { taken_at: now, data: Arc::new(self.history()), gaps, slowed: context.gate.was_slowed() })
    }

    fn is_unfinished(&self) -> bool {
        self.groups.values().any(|known| known.activities.goes_on())
    }
}

impl GroupActivitiesFeed {
    /// Whose turn it is: those that were never read, and of the others those that were not asked about for longest.
    fn turn(&self) -> BTreeSet<Text> {
        let mut all: Vec<(Option<Timestamp>, &Text)> =
            self.groups.iter().map(|(n, known)| (known.asked_at, n)).collect();
        all.sort();
        let never = all.iter().filter(|(at, _)| at.is_none()).count();
        all.into_iter().take(never.max(AT_A_TIME)).map(|(_, name)| name.clone()).collect()
    }

    fn history(&self) -> GroupHistory {
        let mut activities: Vec<GroupActivity> =
            self.groups.values().flat_map(|known| known.activities.entries()).cloned().collect();
        activities.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.id.cmp(&b.id)));
        let told = |known: &Known| known.refreshes.items().iter().take(REFRESHES_TOLD).cloned().collect::<Vec<_>>();
        let mut refreshes: Vec<Refresh> = self.groups.values().flat_map(told).collect();
        refreshes.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.id.cmp(&b.id)));
        GroupHistory { activities, refreshes, read_at: self.read_at() }
    }

    fn read_at(&self) -> Vec<(Text, Timestamp)> {
        self.groups.iter().filter_map(|(name, known)| Some((name.clone(), known.activities.whole_at()?))).collect()
    }

    /// One gap for each kind of thing, however many groups it is missing of.
    fn gaps(&self) -> Vec<Gap> {
        let of = |what: &'static str, fault: fn(&Known) -> Option<Gap>| {
            let missing: Vec<Gap> = self.groups.values().filter_map(fault).collect();
            let known = self.groups.len();
            let read = known - missing.len();
            missing.into_iter().next().map(|gap| Gap { what: Text::from(what), read, known, ..gap })
        };
        let activities = of("groups' activities", |known| known.activities.gap(KIND, ""));
        activities.into_iter().chain(of("groups' refreshes", |known| known.refreshes.gap(KIND, ""))).collect()
    }
}

impl Known {
    /// Reads what is due of the group; whether it brought anything.
    async fn look(&mut self, context: &Context, group: &Text, now: Timestamp) -> bool {
        let asked = context.asked;
        let due = [self.activities.is_due(now, EVERY, asked), self.refreshes.is_due(now, REFRESHES_EVERY, asked)];
        let (activities, refreshes) = join!(
            when(due[0], activities(context, group, &mut self.activities, now)),
            when(due[1], refreshes(context, group))
        );
        if due.contains(&true) {
            self.asked_at = Some(now);
        }
        let key = |refresh: &Refresh| refresh.id.to_string();
        let read = [self.activities.take(activities, now), self.refreshes.take(refreshes, key, now)];
        read.contains(&true)
    }
}

async fn activities(
    context: &Context,
    group: &str,
    known: &mut Log<GroupActivity>,
    now: Timestamp,
) -> Walked<GroupActivity> {
    let (gate, ports) = (&context.gate, &context.backend.group_activities);
    let page = |_, token: Option<String>| async move {
        gate.read(&GROUP_HISTORY, ACTIVITIES, || ports.activities(group, token.as_deref())).await
    };
    let mut walked = known.read(ACTIVITIES, now, page).await;
    walked.listed.items.iter_mut().for_each(|activity| activity.group = Text::from(group));
    walked
}

async fn refreshes(context: &Context, group: &str) -> Listed<Refresh> {
    let (gate, ports) = (&context.gate, &context.backend.group_activities);
    let page = |token: Option<String>| async move {
        gate.read(&GROUP_HISTORY, REFRESHES, || ports.refreshes(group, token.as_deref())).await
    };
    // The first page holds the newest hundred.
    let mut listed = pages_until(REFRESHES, |refresh: &Refresh| refresh.id.to_string(), |_| true, page).await;
    listed.items.iter_mut().for_each(|refresh| refresh.group = Text::from(group));
    listed
}

#[cfg(test)]
mod tests;
