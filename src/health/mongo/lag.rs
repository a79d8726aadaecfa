//! How far members are behind, and how far back the oplog lets them catch up.

use std::time::Duration;

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Seat, Sight, Standing};
use super::{answering, subject_of, subject_of_set};
use crate::model::mongo::{MemberState, MongoFacts, Oplog};
use crate::model::{Facts, Severity};
use crate::time::{Timestamp, human};

pub(in super::super) const LAG: Rule = Rule {
    id: "mongo-lag",
    domain: "mongo",
    doc: "A secondary is behind the primary, by each one's own last write, told in the same second. The status of one member makes \
          idle sets look up to 16 s behind; it counts only for a member that does not answer here, with 12 s allowed. Hidden and \
          delayed members and arbiters are exempt.",
    source: "measured on an idle set: own words 0 s in 1,272 of 1,272 samples, one status 10 s and more in 87; \
             flowControlTargetLagSeconds 10 s; 30 s and 120 s (practice)",
    thresholds: &[
        Threshold::seconds("flow", 10),
        Threshold::seconds("warn", 30),
        Threshold::seconds("crit", 120),
        Threshold::share("window", 0.5),
    ],
    read_at: Facts::taken_at::<MongoFacts>,
    check: lag,
};

pub(in super::super) const OPLOG: Rule = Rule {
    id: "mongo-oplog-window",
    domain: "mongo",
    doc: "The oplog reaches back only so far: a member that is away for longer must copy all data anew. Where no member has dropped \
          anything yet since it was started, the oplog is only young.",
    source: "local.oplog.rs, first and last ts; 24 h (Percona advisor), 6 h (practice)",
    thresholds: &[
        Threshold::minutes("warn-below", 24 * 60),
        Threshold::minutes("crit-below", 6 * 60),
        Threshold::minutes("young", 60),
    ],
    read_at: Facts::taken_at::<MongoFacts>,
    check: oplog,
};

/// What heartbeats every 2 s and a no-op every 10 s put into the status of a healthy, idle set.
const ALLOWANCE: Duration = Duration::from_secs(12);
/// Samples in a row that make a small lag worth knowing.
const SUSTAINED: usize = 3;

impl Sight<'_> {
    /// How far back the oplog of the primary reaches, else the shortest of the others.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        let of = |member: &crate::model::mongo::Member| window(&member.oplog.as_ref()?.1);
        self.set.primary().and_then(of).or_else(|| self.set.members.iter().filter_map(of).min())
    }
}

fn window(oplog: &Oplog) -> Option<Duration> {
    Some(oplog.last_at?.since(oplog.first_at?))
}

fn lag(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        // Without a primary there is nothing to be behind of; that there is none is said.
        let Some(primary) = sight.set.primary() else { continue };
        for seat in sight.named() {
            let is_exempt = seat.is_arbiter() || seat.is_hidden() || !seat.delay().is_zero();
            if is_exempt || seat.member.host == primary.host {
                continue;
            }
            match seat.standing {
                Standing::Speaks(MemberState::Secondary) => own_lag(&sight, seat, sink),
                Standing::Heard(MemberState::Secondary) => told_lag(&sight, seat, sink),
                _ => {}
            }
        }
    }
}

fn own_lag(sight: &Sight<'_>, seat: &Seat<'_>, sink: &mut Sink<'_>) {
    let Some(lag) = sight.set.lag(seat.member) else {
        let message = format!("{}: how far it is behind is not known", sight.short(&seat.member.host));
        let about = About::new(message).with("hello.lastWrite", "not told by it or by the primary");
        return sink.found(Severity::Unknown, subject_of(sight, seat), about);
    };
    let lag = Duration::try_from_secs_f64(lag).unwrap_or(Duration::ZERO);
    let flow = sink.span("flow").as_secs_f64();
    let recent: Vec<_> = seat.member.history.iter().rev().take(SUSTAINED).collect();
    let sustained = recent.len() == SUSTAINED && recent.iter().all(|sample| sample.lag.is_some_and(|lag| lag > flow));
    tell(sight, seat, sink, lag, sustained, "by its own last write");
}

/// By the word of the primary, for a member that does not answer here.
fn told_lag(sight: &Sight<'_>, seat: &Seat<'_>, sink: &mut Sink<'_>) {
    let Some(status) = sight.set.primary().and_then(|primary| primary.status.as_ref()) else { return };
    let optime = |at: Option<Timestamp>| at.filter(|at| at.secs() > 365 * 24 * 3_600);
    let own = status.members.iter().find(|peer| peer.is_self).and_then(|own| optime(own.optime_at));
    let its = status.members.iter().find(|peer| peer.host == seat.member.host).and_then(|peer| optime(peer.optime_at));
    let (Some(own), Some(its)) = (own, its) else { return };
    tell(sight, seat, sink, own.since(its).saturating_sub(ALLOWANCE), false, "by the primary's status, 12 s allowed");
}

fn tell(sight: &Sight<'_>, seat: &Seat<'_>, sink: &mut Sink<'_>, lag: Duration, sustained: bool, by: &str) {
    let subject = subject_of(sight, seat);
    let window = sight.window().map(|window| window.mul_f64(sink.share("window")));
    let is_far = window.is_some_and(|limit| !limit.is_zero() && lag > limit && lag > sink.span("warn"));
    let severity = if lag > sink.span("crit") || is_far {
        Severity::Crit
    } else if lag > sink.span("warn") {
        Severity::Warn
    } else if sustained {
        Severity::Info
    } else if seat.speaks() {
        return sink.ok(|| subject);
    } else {
        // That it does not answer is said; that it keeps up is only what another one believes.
        return;
    };
    let name = sight.short(&seat.member.host);
    let limit = |limit: Duration| format!("warn above {}, crit above {}", human(sink.span("warn")), human(limit));
    let limits = limit(sink.span("crit"));
    let mut about = About::new(format!("{name}: {} behind the primary", human(lag)))
        .with("lag", format!("{} {by}", human(lag)))
        .with("limits", limits)
        .with("oplog window", words::given(sight.window().map(human)));
    if is_far {
        about = about.next("it may fall off the oplog and must then copy all data anew");
    }
    about = about
        .next("see its disk and network, and long reads on it; the primary slows writers above 10 s (flow control)");
    sink.found(severity, subject, about);
}

fn oplog(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let known = sight.seats.iter().filter(|seat| seat.speaks() && !seat.is_arbiter()).filter_map(|seat| {
            let (read, oplog) = seat.member.oplog.as_ref()?;
            Some((seat, *read, oplog, window(oplog)?))
        });
        let Some((seat, read, oplog, window)) = known.min_by_key(|(.., window)| *window) else { continue };
        let (subject, name) = (subject_of_set(sight.set), sight.short(&seat.member.host));
        let severity = if window < sink.span("crit-below") {
            Severity::Crit
        } else if window < sink.span("warn-below") {
            Severity::Warn
        } else {
            let told = |seat: &Seat<'_>| {
                seat.member.oplog.as_ref().is_some_and(|(_, oplog)| super::lag::window(oplog).is_some())
            };
            if sight.seats.iter().filter(|seat| seat.speaks() && !seat.is_arbiter()).all(told) {
                sink.ok(|| subject);
            }
            continue;
        };
        let message = format!("{}: the oplog of {name} reaches back {} only", sight.set.name, human(window));
        let about = About::new(message)
            .with("first entry", oplog.first_at.map_or_else(String::new, Timestamp::date_time))
            .with("last entry", oplog.last_at.map_or_else(String::new, Timestamp::date_time))
            .with(
                "limits",
                format!("warn below {}, crit below {}", human(sink.span("warn-below")), human(sink.span("crit-below"))),
            );
        if is_young(seat, read, oplog, sink.span("young")) {
            let about = about.with(
                "young",
                "it may have dropped nothing yet: it begins before or soon after this start of the member",
            );
            sink.found(Severity::Info, subject, about);
            continue;
        }
        let about = about
            .next("a member that is away for longer must copy all data anew: enlarge the oplog (replSetResizeOplog)");
        sink.found(severity, subject, about);
    }
}

/// Whether the oplog may be short only because the set is new: what it begins with was written before the member was started, or
/// soon after that.
fn is_young(seat: &Seat<'_>, read: Timestamp, oplog: &Oplog, soon: Duration) -> bool {
    let figures = seat.member.server.as_ref();
    let started = figures.and_then(|(at, server)| Some(*at - Duration::from_secs(server.uptime?)));
    let Some((started, first)) = started.zip(oplog.first_at) else { return false };
    started <= read && first <= started + soon
}
