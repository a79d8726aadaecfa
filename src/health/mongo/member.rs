//! Single members: their state, heartbeats, whom they copy from, and what they are exempt from.

use std::time::Duration;

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Majority, Seat, Sight, Standing, holds_down};
use super::{answering, subject_of};
use crate::model::mongo::{Member, MemberState, MongoFacts};
use crate::model::{Facts, Severity};
use crate::time::human;

pub(in super::super) const STATE: Rule = Rule {
    id: "mongo-member-state",
    domain: "mongo",
    doc: "A member is down, or neither primary nor secondary. One that does not answer this console while others hear it is not \
          down: the way to it is.",
    source: "replSetGetStatus: members[].state and health; hello",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: state,
};

pub(in super::super) const HEARTBEAT: Rule = Rule {
    id: "mongo-heartbeat",
    domain: "mongo",
    doc: "No other member has heard this one for longer than two heartbeats, but the set has not marked it down yet: it may be \
          frozen or cut off. Where it does not answer this console either, that is a warning at once.",
    source: "replSetGetStatus: lastHeartbeat, heartbeatIntervalMillis 2 s, heartbeatTimeoutSecs 10 s",
    thresholds: &[Threshold::seconds("warn", 10)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: heartbeat,
};

pub(in super::super) const SYNC_SOURCE: Rule = Rule {
    id: "mongo-sync-source",
    domain: "mongo",
    doc: "A secondary copies from nobody, so it falls behind; or it copies from another secondary, and lags with that one.",
    source: "replSetGetStatus: members[].syncSourceHost; 1 min (practice)",
    thresholds: &[Threshold::seconds("warn", 60)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: sync_source,
};

pub(in super::super) const EXEMPT: Rule = Rule {
    id: "mongo-member-exempt",
    domain: "mongo",
    doc: "A member is an arbiter, hidden, delayed or without a vote, so it is not judged by lag, or counts for no majority.",
    source: "replSetGetConfig: arbiterOnly, hidden, secondaryDelaySecs, votes, buildIndexes",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: exempt,
};

fn state(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        for seat in &sight.seats {
            judge(&sight, seat, sink);
        }
    }
}

fn judge(sight: &Sight<'_>, seat: &Seat<'_>, sink: &mut Sink<'_>) {
    let member = seat.member;
    let name = sight.short(&member.host);
    let subject = subject_of(sight, seat);
    let reason = || words::given(member.fault.as_ref());
    if !seat.is_named {
        let about = About::new(format!("{name}: is in the address configured here, and no member names it"))
            .with("answer", if seat.speaks() { "it answers".to_owned() } else { reason() })
            .next("take it out of the address, or add it to the set");
        return sink.found(Severity::Info, subject, about);
    }
    let down = format!("DOWN{}", consequence(sight).unwrap_or_else(|| ", nobody hears it".to_owned()));
    let (severity, says) = match seat.standing {
        Standing::Speaks(state) => match of_state(state) {
            None => return sink.ok(|| subject),
            Some(found) => found,
        },
        // Its own rule tells of heartbeats that nobody hears.
        Standing::Fading => return,
        Standing::Heard(_) => (Severity::Unknown, "does not answer this console, though other members hear it"),
        Standing::Down if seat.votes > 0 => (Severity::Crit, down.as_str()),
        Standing::Down => (Severity::Warn, "DOWN, it has no vote"),
        Standing::Silent => (Severity::Unknown, "does not answer this console; what the others say of it is not told"),
    };
    let observers = sight.views(&member.host).filter(|(_, _, peer)| holds_down(peer));
    let mut about = About::new(format!("{name}: {says}"))
        .with("state", words::given(seat.state().map(MemberState::word)))
        .with("held to be down by", words::list(observers.map(|(observer, ..)| sight.short(&observer.host))));
    if !seat.speaks() {
        about = about.since(sight.last_heard(member)).with("answer to this console", reason());
    }
    if let Some(message) = message_of(sight, member) {
        about = about.with("lastHeartbeatMessage", message);
    }
    sink.found(severity, subject, about.next("see its host, its log and the network to it"));
}

/// What the loss of a member leaves, where that is nothing to spare: an overview may have no room for the line of the set.
fn consequence(sight: &Sight<'_>) -> Option<String> {
    let majority = sight.majority().filter(|majority| majority.is_told() && majority.margin() <= 0)?;
    let Majority { well, total, .. } = majority;
    Some(match majority.margin() {
        0 => format!("; majority {well} of {total}, margin 0"),
        _ => format!("; no majority, {well} of {total}"),
    })
}

/// How bad it is that a member answers and is this; absent: it is well.
const fn of_state(state: MemberState) -> Option<(Severity, &'static str)> {
    Some(match state {
        MemberState::Primary | MemberState::Secondary | MemberState::Arbiter => return None,
        MemberState::Startup => (Severity::Warn, "STARTUP, it has not joined the set yet"),
        MemberState::Startup2 => (Severity::Warn, "STARTUP2, it copies all data before it can serve"),
        MemberState::Recovering => (Severity::Warn, "RECOVERING, it serves no reads and cannot become primary"),
        MemberState::Rollback => (Severity::Crit, "ROLLBACK, it takes back writes that the others do not have"),
        MemberState::Removed => (Severity::Info, "REMOVED, it was taken out of the set"),
        MemberState::Down => (Severity::Crit, "DOWN"),
        MemberState::Unknown => (Severity::Unknown, "answers, and is neither primary nor secondary"),
    })
}

/// What another member says about its heartbeats to this one.
fn message_of<'a>(sight: &Sight<'a>, member: &'a Member) -> Option<&'a crate::text::Text> {
    sight.views(&member.host).find_map(|(_, _, peer)| peer.heartbeat_message.as_ref())
}

fn heartbeat(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        for seat in sight.named() {
            let member = seat.member;
            let Some(age) = sight.heartbeat_age(&member.host) else { continue };
            // Those that are down are said to be down.
            if seat.standing == Standing::Down || sight.views(&member.host).any(|(_, _, peer)| holds_down(peer)) {
                continue;
            }
            let (name, subject) = (sight.short(&member.host), subject_of(&sight, seat));
            let message = message_of(&sight, member);
            let is_late = age > sight.two_heartbeats();
            if !is_late && message.is_none() {
                // Whoever tells nothing may not hear it.
                let all = sight.seats.iter().filter(|other| other.speaks() && other.member.host != member.host).count();
                if sight.views(&member.host).count() == all {
                    sink.ok(|| subject);
                }
                continue;
            }
            let severity =
                if !is_late || age > sink.span("warn") || !seat.speaks() { Severity::Warn } else { Severity::Info };
            let says = match (is_late, message, seat.speaks()) {
                (true, _, false) => "nobody hears it, and it is not marked down yet".to_owned(),
                (true, _, true) => "no other member hears its heartbeats, though it answers this console".to_owned(),
                (false, message, _) => format!("heartbeat: {}", words::quote(words::given(message).as_str())),
            };
            let about = About::new(format!("{name}: {says}"))
                .since(is_late.then(|| sight.last_heard(member)).flatten().filter(|_| !seat.speaks()))
                .with("last heartbeat", format!("{} ago", human(age)))
                .with("lastHeartbeatMessage", words::given(message))
                .with("answer to this console", words::given(member.fault.as_ref()))
                .next("see whether its host is frozen or its disk stalls");
            sink.found(severity, subject, about);
        }
    }
}

fn sync_source(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        // Without a primary there may be nobody to copy from.
        let Some(primary) = sight.set.primary() else { continue };
        for seat in sight.named().filter(|seat| seat.is_secondary()) {
            let Some(status) = &seat.member.status else { continue };
            let Some(own) = status.members.iter().find(|peer| peer.is_self) else { continue };
            let (name, subject) = (sight.short(&seat.member.host), subject_of(&sight, seat));
            match &own.sync_source {
                None => {
                    let about = About::new(format!("{name}: copies from nobody"))
                        .with("syncSourceHost", "empty")
                        .next("see whether it can reach the primary, and its log");
                    sink.lasting(&[(Severity::Warn, sink.span("warn"))], subject, about);
                }
                Some(source) if *source != primary.host && sight.seat(source).is_some_and(Seat::is_secondary) => {
                    let about = About::new(format!("{name}: copies from {}, a secondary", sight.short(source)))
                        .with("syncSourceHost", source);
                    sink.found(Severity::Info, subject, about);
                }
                Some(_) => sink.ok(|| subject),
            }
        }
    }
}

fn exempt(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts).filter(|sight| sight.set.config.is_some()) {
        for seat in sight.named() {
            let traits = seat.traits();
            let subject = subject_of(&sight, seat);
            if traits.is_empty() {
                sink.ok(|| subject);
                continue;
            }
            let about = About::new(format!("{}: {}", sight.short(&seat.member.host), traits.join(", ")))
                .with("votes", seat.votes)
                .with("delay", human(Duration::max(seat.delay(), Duration::ZERO)));
            sink.found(Severity::Info, subject, about);
        }
    }
}
