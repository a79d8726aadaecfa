//! The alarms feed: all metric and composite alarms, and how they changed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::join;

use super::budget::{ALARM_HISTORY, ALARMS};
use super::log::{Entry, Log};
use super::pages::{Listed, all_pages};
use super::part::{Part, when};
use super::walk::Walked;
use super::{Context, Feed, FeedSpec};
use crate::model::alarm::{Alarm, AlarmFacts, Transition};
use crate::model::{Facts, Fault};
use crate::store::Snapshot;
use crate::time::Timestamp;

/// What a row of these is.
const KIND: &str = "alarm";
const LIST: &str = "cloudwatch:DescribeAlarms";
const HISTORY: &str = "cloudwatch:DescribeAlarmHistory";

/// Between readings of the history, of which CloudWatch allows three calls a second to a whole account; polls may come a
/// tenth early.
const HISTORY_EVERY: Duration = Duration::from_secs(55);
/// Changes kept at most; the oldest go first.
const KEPT: usize = 5_000;

/// `alarms`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "alarms",
    domain: "alarms",
    doc: "CloudWatch alarms, composite ones too, and their changes of state; those are kept for as long as the console runs",
    actions: &[LIST, HISTORY],
    after: None,
    interval: Duration::from_secs(15),
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(AlarmsFeed::default()),
};

struct AlarmsFeed {
    alarms: Part<Alarm>,
    transitions: Log<Transition>,
}

impl Default for AlarmsFeed {
    fn default() -> Self {
        Self { alarms: Part::default(), transitions: Log::keeping(KEPT) }
    }
}

impl Entry for Transition {
    fn key(&self) -> String {
        // The history has no ids.
        format!("{:?} {} {:?} {:?}", self.at, self.alarm, self.from, self.to)
    }
    fn at(&self) -> Option<Timestamp> {
        self.at
    }
    fn is_over(&self) -> bool {
        true
    }
}

#[async_trait]
impl Feed for AlarmsFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let (now, asked) = (context.clock.now(), context.asked);
        let (alarms, transitions) = join!(
            when(self.alarms.is_due(now, Duration::ZERO, asked), alarms(context)),
            when(self.transitions.is_due(now, HISTORY_EVERY, asked), transitions(context, &mut self.transitions, now)),
        );
        let read = [self.alarms.take(alarms, key, now), self.transitions.take(transitions, now)];
        let gaps = [self.alarms.gap(KIND, "alarms"), self.transitions.gap(KIND, "changes of alarms")];
        let gaps: Vec<_> = gaps.into_iter().flatten().collect();
        // What is remembered is no news: where nothing could be read, that is the result.
        if let Some(gap) = gaps.first().filter(|_| !read.contains(&true)) {
            return Err(gap.fault.clone());
        }
        let facts = AlarmFacts {
            alarms: self.alarms.items().to_vec(),
            transitions: self.transitions.entries().cloned().collect(),
            alarms_at: self.alarms.read_at(),
            transitions_at: self.transitions.whole_at(),
            policy: context.stack.alarms.clone(),
        };
        Ok(Snapshot { taken_at: now, data: Arc::new(facts), gaps, slowed: context.gate.was_slowed() })
    }

    fn is_unfinished(&self) -> bool {
        self.transitions.goes_on()
    }
}

/// What tells one alarm from another: names are unique in an account and region, of metric and composite ones together.
fn key(alarm: &Alarm) -> String {
    alarm.name.to_string()
}

async fn alarms(context: &Context) -> Listed<Alarm> {
    let (gate, ports) = (&context.gate, &context.backend.alarms);
    let page = |token: Option<String>| async move { gate.read(&ALARMS, LIST, || ports.alarms(token.as_deref())).await };
    let mut listed = all_pages(LIST, key, page).await;
    // What has no ARN is found by its name.
    listed.items.iter_mut().filter(|a| a.arn.is_empty()).for_each(|a| a.arn = a.name.clone());
    listed.items.sort_by(|a, b| a.name.cmp(&b.name));
    listed
}

async fn transitions(context: &Context, known: &mut Log<Transition>, now: Timestamp) -> Walked<Transition> {
    let (gate, ports) = (&context.gate, &context.backend.alarms);
    let page = |since: Timestamp, token: Option<String>| async move {
        gate.read(&ALARM_HISTORY, HISTORY, || ports.transitions(since, token.as_deref())).await
    };
    known.read(HISTORY, now, page).await
}

#[cfg(test)]
mod tests;
