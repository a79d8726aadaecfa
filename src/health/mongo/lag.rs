//! How far members are behind, and how far back the oplog lets them catch up.

use std::time::Duration;

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Seat, Sight, Standing};
use super::{answering, subject_of, subject_of_set};
use crate::model::mongo::{Member, MemberState, MongoFacts, Oplog};
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
/// Four readings of an oplog: what was read longer ago tells nothing of now.
const STALE: Duration = Duration::from_mins(2);

impl Sight<'_> {
    /// How far back the oplog of the primary reaches, else the shortest of the others; of those that answer and whose oplog was
    /// read of late.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        let of = |member: &Member| window(&read_of_late(member)?.1);
        self.set.primary().and_then(of).or_else(|| self.set.members.iter().filter_map(of).min())
    }
}

/// The oplog of a member that answers, unless it was last read too long before that.
fn read_of_late(member: &Member) -> Option<&(Timestamp, Oplog)> {
    member.speaks()?;
    member.oplog.as_ref().filter(|(read, _)| member.answered_at.is_some_and(|at| at.since(*read) <= STALE))
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

/// An oplog as it was read.
struct Reading<'a> {
    seat: &'a Seat<'a>,
    at: Timestamp,
    oplog: &'a Oplog,
    window: Duration,
}

impl<'a> Reading<'a> {
    fn of(seat: &'a Seat<'a>) -> Option<Self> {
        let (at, oplog) = read_of_late(seat.member)?;
        Some(Self { seat, at: *at, oplog, window: window(oplog)? })
    }

    fn severity(&self, sink: &Sink<'_>) -> Option<Severity> {
        if self.window < sink.span("crit-below") {
            Some(Severity::Crit)
        } else {
            (self.window < sink.span("warn-below")).then_some(Severity::Warn)
        }
    }

    fn about(&self, sight: &Sight<'_>, sink: &Sink<'_>) -> About {
        let name = sight.short(&self.seat.member.host);
        let limits = [sink.span("warn-below"), sink.span("crit-below")].map(human);
        About::new(format!("{}: the oplog of {name} reaches back {} only", sight.set.name, human(self.window)))
            .with("first entry", self.oplog.first_at.map_or_else(String::new, Timestamp::date_time))
            .with("last entry", self.oplog.last_at.map_or_else(String::new, Timestamp::date_time))
            .with("limits", format!("warn below {}, crit below {}", limits[0], limits[1]))
    }
}

fn oplog(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let subject = || subject_of_set(sight.set);
        let with_data: Vec<&Seat<'_>> = sight.seats.iter().filter(|s| s.speaks() && !s.is_arbiter()).collect();
        let readings: Vec<Reading<'_>> = with_data.iter().filter_map(|seat| Reading::of(seat)).collect();
        let soon = sink.span("young");
        // One that was just started must not hide what is short for good.
        let (young, grown): (Vec<_>, Vec<_>) =
            readings.iter().partition(|reading| is_young(reading.seat, reading.at, reading.oplog, soon));
        let [grown, young]: [Option<&Reading<'_>>; 2] =
            [grown, young].map(|of| of.into_iter().min_by_key(|reading| reading.window));
        let [grown, young] = [grown, young].map(|reading| Some((reading?, reading?.severity(sink)?)));
        if let Some((reading, severity)) = grown {
            let about = reading.about(&sight, sink).next(
                "a member that is away for longer must copy all data anew: enlarge the oplog (replSetResizeOplog)",
            );
            sink.at(reading.at).found(severity, subject(), about);
        } else if let Some(stale) = with_data.iter().find_map(|seat| stale(seat)) {
            sink.found(Severity::Unknown, subject(), unread(&sight, stale));
        } else if let Some((reading, _)) = young {
            let about = reading.about(&sight, sink).with(
                "young",
                "it may have dropped nothing yet: it begins before or soon after this start of the member",
            );
            sink.at(reading.at).found(Severity::Info, subject(), about);
        } else if !readings.is_empty() && readings.len() == with_data.len() {
            sink.ok(subject);
        }
    }
}

/// A member whose oplog was read once, and not of late.
fn stale<'a>(seat: &Seat<'a>) -> Option<(&'a Member, Timestamp)> {
    let (read, _) = seat.member.oplog.as_ref()?;
    read_of_late(seat.member).is_none().then_some((seat.member, *read))
}

fn unread(sight: &Sight<'_>, (member, read): (&Member, Timestamp)) -> About {
    let name = sight.short(&member.host);
    About::new(format!("{}: how far back the oplog of {name} reaches is not known any more", sight.set.name))
        .with("last read", read.date_time())
        .with("why it tells no more", words::given(member.status_fault.as_ref()))
        .next("see whether its user may still read local.oplog.rs (role clusterMonitor)")
}

/// Whether the oplog may be short only because the set is new: what it begins with was written before the member was started, or
/// soon after that.
fn is_young(seat: &Seat<'_>, read: Timestamp, oplog: &Oplog, soon: Duration) -> bool {
    let figures = seat.member.server.as_ref();
    let started = figures.and_then(|(at, server)| Some(*at - Duration::from_secs(server.uptime?)));
    let Some((started, first)) = started.zip(oplog.first_at) else { return false };
    started <= read && first <= started + soon
}
