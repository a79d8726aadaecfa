//! Failovers: seen to move by this console, told by events, and said once.

use std::collections::HashMap;
use std::time::Duration;

use super::{Database, Other, each_database, rds};
use crate::health::{About, Level, Rule, Sink, Threshold, words};
use crate::model::facts::Derived;
use crate::model::rds::{DbInstance, Event, Move, PartsRead, RdsFacts};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

pub(in super::super) const FAILOVER: Rule = Rule {
    id: "rds-failover",
    domain: "rds",
    doc: "A database fails over, or did so lately: its events say it, or its zone or writer was seen to change. Connections were \
          cut, and clients that keep DNS answers still go to the old address.",
    source: "RDS user guide, event categories and messages; AvailabilityZone and IsClusterWriter between two polls",
    thresholds: &[Threshold::minutes("recent", 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: failover,
};

/// A move and an event this far apart are of one failover: polls and events both come late.
const ONE: Duration = Duration::from_mins(15);
/// Events that say that a failover began (in lower case).
const STARTED: &[&str] = &["failover started", "started same az failover", "started cross az failover"];
/// Events that say that it is over.
const COMPLETED: &[&str] =
    &["failover completed", "completed failover", "failover to standby complete", "failover failed"];

/// What is known of the last failover of one database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failover {
    /// When it began, by its events.
    pub started: Option<Timestamp>,
    /// When it was over: by its events, else when this console saw that something had moved.
    pub completed: Option<Timestamp>,
    /// Whether the time of its end is this console's own.
    pub only_seen: bool,
    /// From where to where, as this console saw it.
    pub moved: Option<(Text, Text)>,
    /// What the event says it went to.
    pub to: Option<Text>,
    /// Whether it came to nothing, which is an event of its own.
    pub failed: bool,
    /// Whether events tell of one without its time.
    pub untimed: bool,
}

impl Failover {
    /// When it began, if its end was not told.
    fn open_since(&self) -> Option<Timestamp> {
        self.started.filter(|started| self.completed < Some(*started))
    }

    /// Whether it has begun within `span` before `now` and not ended. One whose end is not told for longer than `span`
    /// explains nothing any more: most likely the end was missed.
    #[must_use]
    pub fn is_running(&self, now: Timestamp, span: Duration) -> bool {
        self.open_since().is_some_and(|started| now.since(started) <= span)
    }

    /// Whether it goes on, or ended within `span` before `now`.
    #[must_use]
    pub fn is_recent(&self, now: Timestamp, span: Duration) -> bool {
        self.is_running(now, span) || self.completed.is_some_and(|at| now.since(at) <= span)
    }
}

/// For how long a failover counts: how long it may run before its end was lost, and how long it is told afterwards. For rules
/// that stay quiet about what [`FAILOVER`] says.
pub(super) fn span(sink: &Sink<'_>) -> Duration {
    match sink.level(&FAILOVER, "recent") {
        Level::Span(span) => span,
        _ => Duration::ZERO,
    }
}

/// The last failover of each cluster and each instance by itself, by ARN.
#[derive(Default)]
pub struct Failovers(HashMap<Text, Failover>);

impl Failovers {
    /// The last one of this instance or cluster.
    #[must_use]
    pub fn of(&self, arn: &Text) -> Option<&Failover> {
        self.0.get(arn)
    }

    /// The last one that concerns this instance: its own, or that of its cluster.
    #[must_use]
    pub fn around(&self, rds: &RdsFacts, instance: &DbInstance) -> Option<&Failover> {
        let cluster = instance.cluster.as_deref().and_then(|id| rds.cluster(id));
        self.of(cluster.map_or(&instance.arn, |cluster| &cluster.arn))
    }
}

impl Derived for Failovers {
    fn derive(facts: &Facts) -> Self {
        let Some(rds) = rds(facts) else { return Self::default() };
        let mut owners: HashMap<&str, &Text> = HashMap::new();
        for instance in &rds.instances {
            let cluster = instance.cluster.as_deref().and_then(|id| rds.cluster(id));
            owners.insert(&instance.id, cluster.map_or(&instance.arn, |cluster| &cluster.arn));
        }
        owners.extend(rds.clusters.iter().map(|cluster| (cluster.id.as_str(), &cluster.arn)));
        let mut all: HashMap<Text, Failover> = HashMap::new();
        for event in &rds.events {
            let words = event.message.to_lowercase();
            if let Some(arn) = owners.get(event.source.as_str()) {
                tell(all.entry((*arn).clone()).or_default(), &words, event);
            }
        }
        // A member of a cluster that changes its zone was moved; what fails over is the cluster.
        let members: Vec<&Text> = rds.instances.iter().filter(|i| i.cluster.is_some()).map(|i| &i.arn).collect();
        for moved in rds.moves.iter().rev().filter(|m| !members.contains(&&m.arn)) {
            see(all.entry(moved.arn.clone()).or_default(), moved);
        }
        all.retain(|_, failover| *failover != Failover::default());
        Self(all)
    }
}

/// Takes what an event says.
fn tell(failover: &mut Failover, words: &str, event: &Event) {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    let (began, ended) = (says(STARTED), says(COMPLETED));
    let Some(at) = event.at else {
        failover.untimed |= began || ended;
        return;
    };
    if ended && failover.completed < Some(at) {
        failover.completed = Some(at);
        failover.failed = words.contains("failover failed");
        let to = event.message.rsplit_once(": ").map(|(_, to)| Text::from(to.trim_end_matches('.')));
        failover.to = to.filter(|_| words.contains("db instance:"));
    } else if began {
        failover.started = failover.started.max(Some(at));
    }
}

/// Takes what was seen to move: the same failover as its events tell, or one that they do not tell (yet).
fn see(failover: &mut Failover, moved: &Move) {
    let told = failover.completed.max(failover.started);
    let near = told.is_some_and(|at| moved.seen_at.since(at) <= ONE && at.since(moved.seen_at) <= ONE);
    if told.is_some_and(|at| at > moved.seen_at) && !near {
        return;
    }
    failover.moved = Some((moved.from.clone(), moved.to.clone()));
    if failover.completed.is_none() || failover.open_since().is_some() || !near {
        (failover.completed, failover.only_seen, failover.failed) = (Some(moved.seen_at), true, false);
    }
}

fn failover(facts: &Facts, sink: &mut Sink<'_>) {
    let failovers = facts.derived::<Failovers>();
    each_database(facts, sink, |rds, database, sink| {
        if matches!(database, Database::Instance(i) if i.cluster.as_deref().is_some_and(|id| rds.cluster(id).is_some()))
        {
            return;
        }
        let (recent, found) = (sink.span("recent"), failovers.of(database.arn()));
        let other = Other::new(sink.now(), rds.read_at.events, PartsRead::EVERY);
        // What was only seen to move does not rest on the events.
        let seen = found.is_some_and(|found| found.only_seen);
        let sink = &mut if seen { sink.at(sink.now()) } else { sink.at(other.at) };
        match found {
            Some(found) if found.open_since().is_some() => running(database, found, recent, sink),
            Some(found) if found.is_recent(sink.now(), recent) && found.failed => {
                let about =
                    About::new(format!("{}: a failover came to nothing", database.name())).since(found.completed);
                sink.found(Severity::Info, database.subject(), about);
            }
            Some(found) if found.is_recent(sink.now(), recent) => over(database, found, sink),
            Some(found) if found.untimed => {
                let about = About::new(format!("{}: a failover was told without its time", database.name()));
                sink.found(Severity::Unknown, database.subject(), about);
            }
            // Without events of now nobody knows that there was none.
            _ if !other.is_fresh => {}
            _ => sink.ok(|| database.subject()),
        }
    });
}

fn running(database: Database<'_>, found: &Failover, recent: Duration, sink: &mut Sink<'_>) {
    let Some(started) = found.started else { return };
    let lost = !found.is_running(sink.now(), recent);
    let (severity, message) = if lost {
        (
            Severity::Warn,
            format!("{}: a failover began at {} and its end was never told", database.name(), started.time_of_day()),
        )
    } else {
        (Severity::Crit, format!("{}: failing over since {}", database.name(), started.time_of_day()))
    };
    let about = About::new(message)
        .since(Some(started))
        .with("status", words::given(database.status()))
        .next("nothing to start: it usually ends within one or two minutes; clients must connect again");
    sink.found(severity, database.subject(), about);
}

fn over(database: Database<'_>, found: &Failover, sink: &mut Sink<'_>) {
    let way = match (&found.moved, &found.to) {
        (Some((from, to)), _) => format!(" {from} → {to}"),
        (None, Some(to)) => format!(" to {to}"),
        (None, None) => String::new(),
    };
    let at = found.completed.unwrap_or(sink.now());
    let how = if found.only_seen { "seen at" } else { "at" };
    let message = format!("{}: failed over{way} {how} {}; DNS may lag", database.name(), at.time_of_day());
    let mut about = About::new(message).since(Some(at));
    if let Some(started) = found.started.filter(|_| !found.only_seen) {
        about = about.with("started", started.rfc3339());
    }
    let about = about
        .with("known by", if found.only_seen { "its zone or writer, between two polls" } else { "its events" })
        .next(
            "see that clients have connected again: connections in the detail; restart those that hold the old address",
        );
    sink.found(Severity::Warn, database.subject(), about);
}
