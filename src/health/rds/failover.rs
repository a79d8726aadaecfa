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
    doc: "A database fails over, or did so lately: its events or its status say it, or its zone or writer was seen to change. It \
          goes on until an event says that it is over, or until that change was seen and the status is no longer that it goes on; \
          a status of available alone ends nothing. Connections were cut, and clients that keep DNS answers still go to the old \
          address.",
    source: "RDS user guide, event categories and messages; Aurora user guide, DB cluster status; AvailabilityZone and \
             IsClusterWriter between two polls",
    thresholds: &[Threshold::minutes("recent", 60)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: failover,
};

/// A move and an event this far apart are of one failover: polls and events both come late.
const ONE: Duration = Duration::from_mins(15);
/// How late the status may follow the event that a failover is over, and how far this console's clock may be behind that of
/// events (practice).
const SETTLING: Duration = Duration::from_mins(2);
/// Events that say that a failover began (in lower case).
pub const STARTED: &[&str] = &["failover started", "started same az failover", "started cross az failover"];
/// Events that say that it is over.
pub const COMPLETED: &[&str] =
    &["failover completed", "completed failover", "failover to standby complete", "failover failed"];
/// What a cluster says while it fails over (Aurora user guide, DB cluster status).
const FAILING_OVER: &str = "failing-over";
/// What an instance by itself says meanwhile, and at other times too (RDS user guide, DB instance status).
const REBOOTING: &str = "rebooting";

/// What is known of the last failover of one database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failover {
    /// When it began, by its events.
    pub started: Option<Timestamp>,
    /// When it was over: by its events, else when this console saw that something had moved.
    pub completed: Option<Timestamp>,
    /// How it ended, and who says so.
    pub end: End,
    /// From where to where, as this console saw it.
    pub moved: Option<(Text, Text)>,
    /// What the event says it went to.
    pub to: Option<Text>,
    /// Whether events tell of one without its time.
    pub untimed: bool,
    /// Whether the status says that it goes on, and no event of the last two minutes that it is over.
    pub by_status: bool,
}

/// The end of a failover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Events tell that it is over.
    #[default]
    Told,
    /// This console saw that something had moved; the time is its own.
    Seen,
    /// It came to nothing, which is an event of its own.
    Failed,
}

impl Failover {
    /// When it began, if its end was not told.
    fn open_since(&self) -> Option<Timestamp> {
        self.started.filter(|started| self.completed < Some(*started))
    }

    /// Whether it goes on by its status, or has begun within `span` before `now` and not ended. One whose end is not told for
    /// longer than `span` explains nothing any more: most likely the end was missed.
    #[must_use]
    pub fn is_running(&self, now: Timestamp, span: Duration) -> bool {
        self.by_status || self.open_since().is_some_and(|started| now.since(started) <= span)
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
        let clusters = rds.clusters.iter().map(|c| (Database::Cluster(c), rds.read_at.clusters));
        // A member of a cluster that changes its zone was moved; what fails over is the cluster.
        let alone = rds.instances.iter().filter(|i| i.cluster.is_none());
        for (database, read_at) in clusters.chain(alone.map(|i| (Database::Instance(i), rds.read_at.instances))) {
            let failover = all.entry(database.arn().clone()).or_default();
            let ended = failover.completed.zip(read_at).is_some_and(|(at, read)| read.since(at) <= SETTLING);
            failover.by_status = database.status() == Some(FAILING_OVER) && !ended;
            let moves = rds.moves.iter().rev().filter(|moved| moved.arn == *database.arn());
            moves.for_each(|moved| see(failover, moved, database.status()));
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
        failover.end = if words.contains("failover failed") { End::Failed } else { End::Told };
        let to = event.message.rsplit_once(": ").map(|(_, to)| Text::from(to.trim_end_matches('.')));
        failover.to = to.filter(|_| words.contains("db instance:"));
    } else if began {
        failover.started = failover.started.max(Some(at));
    }
}

/// Takes what was seen to move: the same failover as its events tell, or one that they do not tell (yet).
fn see(failover: &mut Failover, moved: &Move, status: Option<&str>) {
    let told = failover.completed.max(failover.started);
    let near = told.is_some_and(|at| moved.seen_at.since(at) <= ONE && at.since(moved.seen_at) <= ONE);
    if told.is_some_and(|at| at > moved.seen_at) && !near {
        return;
    }
    // What had moved before this one began is of the one before it, and went the other way.
    if failover.started.is_some_and(|at| at.since(moved.seen_at) > SETTLING) {
        return;
    }
    failover.moved = Some((moved.from.clone(), moved.to.clone()));
    // The writer moves before all is done: while the database says that it is not back, the move is no end.
    let open = failover.open_since().is_some();
    if failover.by_status || open && matches!(status, Some(FAILING_OVER | REBOOTING)) {
        return;
    }
    if failover.completed.is_none() || open || !near {
        (failover.completed, failover.end) = (Some(moved.seen_at), End::Seen);
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
        // What was only seen to move, or is told by the status, does not rest on the events.
        let seen = found.is_some_and(|found| found.end == End::Seen || found.by_status);
        let sink = &mut if seen { sink.at(sink.now()) } else { sink.at(other.at) };
        match found {
            Some(found) if found.by_status || found.open_since().is_some() => running(database, found, recent, sink),
            Some(found) if found.is_recent(sink.now(), recent) && found.end == End::Failed => {
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
    let (name, started) = (database.name(), found.open_since());
    let since = |words: &str| started.map_or_else(String::new, |at| format!("{words} {}", at.time_of_day()));
    let (severity, message) = if found.is_running(sink.now(), recent) {
        (Severity::Crit, format!("{name}: failing over{}", since(" since")))
    } else {
        (Severity::Warn, format!("{name}: a failover began{} and its end was never told", since(" at")))
    };
    let about = About::new(message)
        .since(started)
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
    let seen = found.end == End::Seen;
    let how = if seen { "seen at" } else { "at" };
    let message = format!("{}: failed over{way} {how} {}; DNS may lag", database.name(), at.time_of_day());
    let mut about = About::new(message).since(Some(at));
    if let Some(started) = found.started.filter(|_| !seen) {
        about = about.with("started", started.rfc3339());
    }
    let about = about.with("known by", if seen { "its zone or writer, between two polls" } else { "its events" }).next(
        "see that clients have connected again: connections in the detail; restart those that hold the old address",
    );
    sink.found(Severity::Warn, database.subject(), about);
}
