//! Figures of single members: connections, tickets, flow control, asserts.

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Seat, Sight};
use super::{answering, subject_of};
use crate::model::mongo::{MongoFacts, ServerStatus, Tickets};
use crate::model::{Facts, Severity};

pub(in super::super) const CONNECTIONS: Rule = Rule {
    id: "mongo-connections",
    domain: "mongo",
    doc: "A member is running out of connections; at its limit it refuses clients and other members.",
    source: "serverStatus: connections.current and available; 80 % and 95 % (practice)",
    thresholds: &[Threshold::share("warn", 0.8), Threshold::share("crit", 0.95)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: connections,
};

pub(in super::super) const TICKETS: Rule = Rule {
    id: "mongo-tickets",
    domain: "mongo",
    doc: "Nearly all tickets of the storage engine are taken, so operations wait for one. Servers before 8.0 do not tell it where it is \
          asked for: nothing is said of them.",
    source: "serverStatus: queues.execution, from 8.0 on; 10 % (practice)",
    thresholds: &[Threshold::share("warn", 0.1)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: tickets,
};

pub(in super::super) const FLOW: Rule = Rule {
    id: "mongo-flow-control",
    domain: "mongo",
    doc: "The primary slows its writers down because the majority of the set does not keep up.",
    source: "serverStatus: flowControl.isLagged and targetRateLimit, where 1,000,000,000 is no limit",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: flow,
};

pub(in super::super) const ASSERTS: Rule = Rule {
    id: "mongo-asserts",
    domain: "mongo",
    doc: "A member counted internal errors between the last two readings of its figures. Errors of users are not counted.",
    source: "serverStatus: asserts.regular and asserts.rollovers",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: asserts,
};

/// A limit of [`FlowControl::target_rate_limit`](crate::model::mongo::FlowControl) that limits nothing.
const NO_LIMIT: u64 = 1_000_000_000;

/// Looks at every member that answers and has told its figures, as of when it told them.
fn each(facts: &Facts, sink: &mut Sink<'_>, look: impl Fn(&Sight<'_>, &Seat<'_>, &ServerStatus, &mut Sink<'_>)) {
    for sight in answering(facts) {
        for seat in sight.seats.iter().filter(|seat| seat.speaks()) {
            if let Some((at, server)) = &seat.member.server {
                let at = (*at).min(sink.now());
                look(&sight, seat, server, &mut sink.at(at));
            }
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    let number =
        |n: u64| f64::from(u32::try_from(n >> 10).unwrap_or(u32::MAX)) * 1_024.0 + f64::from((n & 1_023) as u16);
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn connections(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |sight, seat, server, sink| {
        let Some((current, available)) = server.connections.current.zip(server.connections.available) else { return };
        let (current, most) = (u64::from(current), u64::from(current) + u64::from(available));
        let used = share(current, most);
        let severity = match used {
            used if used > sink.share("crit") => Severity::Crit,
            used if used > sink.share("warn") => Severity::Warn,
            _ => return sink.ok(|| subject_of(sight, seat)),
        };
        let name = sight.short(&seat.member.host);
        let about = About::new(format!("{name}: {} of its connections are taken", percent(used)))
            .with("current", current)
            .with("available", most - current)
            .next("see which clients opened them: connections of a pool are kept, a storm opens many at once");
        sink.found(severity, subject_of(sight, seat), about);
    });
}

fn tickets(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |sight, seat, server, sink| {
        let (read, write) = (server.read_tickets, server.write_tickets);
        let scarce = |t: &Tickets| t.total > 0 && share(t.available, t.total) < sink.share("warn");
        let found = [("read", read), ("write", write)].into_iter().find(|(_, t)| t.as_ref().is_some_and(scarce));
        let Some((kind, Some(Tickets { available, total }))) = found else {
            if read.is_some() && write.is_some() {
                sink.ok(|| subject_of(sight, seat));
            }
            return;
        };
        let name = sight.short(&seat.member.host);
        let about = About::new(format!("{name}: {available} of {total} {kind} tickets left, operations wait"))
            .with("available", available)
            .with("total", total);
        sink.found(Severity::Warn, subject_of(sight, seat), about);
    });
}

fn flow(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |sight, seat, server, sink| {
        if !seat.member.is_primary() {
            return;
        }
        let flow = server.flow_control;
        let limit = flow.target_rate_limit.filter(|limit| *limit < NO_LIMIT);
        let (severity, says) = match (flow.is_lagged, limit) {
            (Some(true), _) => (Severity::Warn, "slows its writers down, the majority does not keep up".to_owned()),
            (_, Some(limit)) => (Severity::Info, format!("limits its writers to {limit} tickets a second")),
            (Some(false), None) if flow.target_rate_limit.is_some() => return sink.ok(|| subject_of(sight, seat)),
            _ => return,
        };
        let about = About::new(format!("{}: {says}", sight.short(&seat.member.host)))
            .with("isLagged", words::given(flow.is_lagged))
            .with("targetRateLimit", words::given(flow.target_rate_limit))
            .next("see which secondary is behind: view mongo");
        sink.found(severity, subject_of(sight, seat), about);
    });
}

fn asserts(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |sight, seat, server, sink| {
        let rising = seat.member.rising;
        if rising.regular_asserts == 0 && rising.rollovers == 0 {
            if server.regular_asserts.is_some() && server.rollovers.is_some() {
                sink.ok(|| subject_of(sight, seat));
            }
            return;
        }
        let n = words::count(rising.regular_asserts.max(rising.rollovers), "internal error");
        let about = About::new(format!("{}: counted {n} since the reading before", sight.short(&seat.member.host)))
            .with("asserts.regular", rising.regular_asserts)
            .with("asserts.rollovers", rising.rollovers)
            .next("its log tells what they are");
        sink.found(Severity::Warn, subject_of(sight, seat), about);
    });
}
