//! Health rules: pure functions from facts, thresholds and a time to checks.
//!
//! A rule is one value in its domain's file and one line in [`RULES`]. It knows no screen, no store and no clock: the time it
//! is given is the time its facts were read, so nothing escalates while the link is down.
//!
//! One cause is said once. What several rules would raise an alarm about is decided in one place, which they all ask:
//! [`placement`] for tasks that cannot be placed, [`scaling_why`] for what is not scaled, [`stops`] for why a task stopped. What
//! follows all the same is noted by [`fold`], after all rules have spoken.

mod alarm;
mod audit;
mod capacity;
mod cluster;
mod events;
#[cfg(test)]
mod fixture;
mod folding;
mod group;
mod group_demand;
mod group_past;
mod group_resized;
mod group_short;
pub mod guardduty;
mod instance;
#[cfg(test)]
mod laws;
pub mod mongo;
mod observed;
mod provider;
pub mod rds;
mod rollout;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod scaling_laws;
pub mod secrets;
mod service;
mod sink;
mod stopped;
mod subject;
mod target;
mod task;
mod thresholds;
pub mod words;
mod zone;

pub mod demand;
pub mod drivers;
pub mod past;
pub mod placement;
pub mod scaling_why;
pub mod stops;

pub use events::event_weight;
pub use folding::fold;
pub use observed::Observed;
pub use sink::{About, Sink};
pub use thresholds::{Level, Threshold, Thresholds};

use crate::model::{Check, Facts, Severity};
use crate::time::Timestamp;

/// A health rule.
pub struct Rule {
    /// Kebab-case words, domain first: `ecs-service-below-minimum`.
    pub id: &'static str,
    /// The domain it belongs to, as `check --only` takes it: `ecs`, `scaling` …
    pub domain: &'static str,
    /// What it looks for and why it matters, in one or two sentences.
    pub doc: &'static str,
    /// Where the judgement and its numbers come from.
    pub source: &'static str,
    /// What can be configured, with the defaults.
    pub thresholds: &'static [Threshold],
    /// When the facts it rests on were read, the older where it rests on two kinds. While they never were, the rule is not asked and says nothing.
    pub read_at: fn(&Facts) -> Option<Timestamp>,
    /// Looks at the facts and tells the sink of every subject, the healthy ones too.
    pub check: fn(&Facts, &mut Sink<'_>),
}

/// Every rule. Where two are equally bad, the one named first here is shown first: what users feel, then what explains it.
pub const RULES: &[&Rule] = &[
    &capacity::FULL,
    &service::NONE_RUNNING,
    &service::BELOW_MINIMUM,
    &stopped::CRASH_LOOP,
    &rollout::FAILED,
    &events::ACTIVE,
    &service::SHORT,
    &service::PENDING,
    &rollout::FAILING_TASKS,
    &rollout::SLOW,
    &rollout::OVERLAPPING,
    &rollout::DEADLOCK,
    &service::DAEMON,
    &task::UNHEALTHY,
    &task::DISCONNECTED,
    &task::WAITING,
    &zone::SPREAD,
    &stopped::STOPPED,
    &rollout::BREAKER_OFF,
    &service::STATUS,
    &cluster::STATUS,
    &cluster::ATTACHMENTS,
    &instance::AGENT,
    &zone::ONE_ZONE,
    &instance::DRAINING,
    &instance::REGISTRATION,
    &instance::HEALTH,
    &instance::AGENT_UPDATE,
    &instance::NO_ROOM,
    &cluster::NOT_DESCRIBED,
    &group::AT_MAXIMUM,
    &target::NOT_SCALED,
    &target::AT_MAXIMUM,
    &group_past::FAILING,
    &group_demand::LAUNCH_FAILED,
    &group_demand::TOO_LARGE,
    &group_demand::OUT_STUCK,
    &group_resized::RESIZED,
    &target::FAILED,
    &group_short::SHORT,
    &group::ONE_ZONE,
    &group::SUSPENDED,
    &group::UNHEALTHY,
    &group::STUCK,
    &group::NOT_MANAGED,
    &group::MISSING,
    &provider::SCALING_OFF,
    &provider::PROTECTION,
    &provider::UPDATE_FAILED,
    &provider::DRAINING_OFF,
    &group_past::REFRESH,
    &group_demand::IN_BLOCKED,
    &target::SUSPENDED,
    &target::FLAPPING,
    &target::IN_WAITS,
    &alarm::ACTIVE,
    &alarm::MUTED,
    &alarm::EVALUATION,
    &alarm::FLAPPING,
    &mongo::PRIMARY,
    &mongo::TWO,
    &mongo::STATE,
    &mongo::MARGIN,
    &mongo::HEARTBEAT,
    &mongo::VIEWS,
    &mongo::LAG,
    &mongo::OPLOG,
    &mongo::ELECTED,
    &mongo::ZONES,
    &mongo::SYNC_SOURCE,
    &mongo::CONFIG,
    &mongo::CONNECTIONS,
    &mongo::TICKETS,
    &mongo::FLOW,
    &mongo::ASSERTS,
    &mongo::PLAIN,
    &mongo::ROLE,
    &mongo::TAKEOVER,
    &mongo::EXEMPT,
    &mongo::STRANGERS,
    &rds::failover::FAILOVER,
    &rds::status::STATUS,
    &rds::proxy::STATUS,
    &rds::proxy::AUTH,
    &rds::proxy::TARGET,
    &rds::proxy_pool::POOL,
    &rds::events::EVENT,
    &rds::storage::FREE,
    &rds::cluster::SPREAD,
    &rds::standby::MULTI_AZ,
    &rds::replica::STATE,
    &rds::replica::LAG,
    &rds::replica::AURORA_LAG,
    &rds::load::CPU,
    &rds::load::MEMORY,
    &rds::load::CONNECTIONS,
    &rds::backup::RESTORABLE,
    &rds::backup::BACKUP,
    &rds::certificate::CERTIFICATE,
    &rds::posture::ENCRYPTION,
    &rds::posture::SECRET,
    &rds::pending::PENDING,
    &rds::posture::POSTURE,
    &rds::proxy_pool::TLS,
    &rds::storage::CEILING,
    &rds::proxy_pool::PINNED,
    &guardduty::FINDING,
    &guardduty::DETECTOR,
    &guardduty::RESOURCE,
    &guardduty::FEATURES,
    &guardduty::FREQUENCY,
    &secrets::DELETED,
    &secrets::STUCK,
    &secrets::OVERDUE,
    &secrets::OFF,
    &secrets::AGE,
    &secrets::STALE,
    &secrets::SCHEDULE,
    &secrets::KEY,
    &secrets::MANAGED,
    &secrets::UNUSED,
    &audit::UNFINISHED,
];

/// What one evaluation gives.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// One check per rule and subject, the ok ones too where they were asked for; in the order of [`RULES`].
    pub checks: Vec<Check>,
    /// How many checks there were, the ok ones counted even where they are not kept.
    pub evaluated: usize,
    /// What to hand to the next evaluation of the same stack.
    pub observed: Observed,
}

impl Evaluation {
    /// The checks that are not ok, worst first; equally bad ones stay in the order of [`RULES`] and of the facts.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Check> {
        let mut found: Vec<&Check> = self.checks.iter().filter(|c| c.severity > Severity::Ok).collect();
        found.sort_by_key(|c| std::cmp::Reverse(c.severity));
        found
    }
}

/// The default of a rule's level; none where there is no such rule or level.
#[must_use]
pub fn default_level(rule: &str, name: &str) -> Option<Level> {
    let rule = RULES.iter().find(|known| known.id == rule)?;
    rule.thresholds.iter().find(|level| level.name == name).map(|level| level.default)
}

/// Evaluates every rule on the facts of one stack, each at the time its facts were read.
///
/// `before` is what the last evaluation of the same stack observed; `keep_ok` keeps the checks that found nothing.
#[must_use]
pub fn evaluate(facts: &Facts, thresholds: &Thresholds, before: &Observed, keep_ok: bool) -> Evaluation {
    let mut out = Evaluation::default();
    for rule in RULES {
        let Some(read_at) = (rule.read_at)(facts) else { continue };
        let mut sink = Sink::new(rule, thresholds, read_at, before, keep_ok, &mut out);
        (rule.check)(facts, &mut sink);
    }
    out
}
