//! Whether the members agree: about the configuration, about who leads, and about who is there.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Sight, holds_down};
use super::{answering, subject_of, subject_of_set};
use crate::model::mongo::MongoFacts;
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(in super::super) const CONFIG: Rule = Rule {
    id: "mongo-config-differs",
    domain: "mongo",
    doc: "Members have different versions of the set's configuration for longer than it takes to spread.",
    source: "hello: setVersion; replSetGetStatus: configVersion; 30 s (practice)",
    thresholds: &[Threshold::seconds("warn", 30)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: config,
};

pub(in super::super) const VIEWS: Rule = Rule {
    id: "mongo-disagreement",
    domain: "mongo",
    doc: "A member that answers is held to be down by another one that answers too, or takes somebody else for the primary: the \
          network between them is split, and what one of them tells of the others is wrong.",
    source: "every member asked directly: hello.primary, replSetGetStatus members[].health; 15 s (practice)",
    thresholds: &[Threshold::seconds("warn", 15)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: views,
};

fn config(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let speaking: Vec<_> = sight.named().filter(|seat| seat.speaks()).map(|seat| seat.member).collect();
        let version = |member: &crate::model::mongo::Member| member.speaks().and_then(|hello| hello.set_version);
        let versions: BTreeSet<i64> = speaking.iter().filter_map(|member| version(member)).collect();
        if versions.len() > 1 {
            let of = |member: &&crate::model::mongo::Member| {
                format!("{} {}", sight.short(&member.host), words::given(version(member)))
            };
            let all: Vec<String> = versions.iter().map(i64::to_string).collect();
            let message = format!("{}: members have different configurations: {}", sight.set.name, all.join(" and "));
            let about = About::new(message).with("versions", words::list(speaking.iter().map(of)));
            let about = about.next("a member with the older one has not heard from the primary since it was changed");
            sink.lasting(&[(Severity::Warn, sink.span("warn"))], subject_of_set(sight.set), about);
        } else if speaking.iter().all(|member| version(member).is_some()) {
            sink.ok(|| subject_of_set(sight.set));
        }
    }
}

/// What one member believes and another one that answers contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Contradiction<'a> {
    /// Who believes it.
    observer: &'a Text,
    /// Of whom.
    of: &'a Text,
    /// Whether it takes somebody else for the primary, or none; else it holds the other one to be down.
    is_about_primary: bool,
}

fn contradictions<'a>(sight: &Sight<'a>) -> Vec<Contradiction<'a>> {
    let primary = sight.set.primary();
    let mut found = Vec::new();
    for member in sight.set.members.iter().filter(|member| member.speaks().is_some()) {
        for (observer, _, peer) in sight.views(&member.host) {
            let is_well = sight.seat(&member.host).is_some_and(super::Seat::is_well);
            if holds_down(peer) && is_well {
                found.push(Contradiction { observer: &observer.host, of: &member.host, is_about_primary: false });
            }
        }
    }
    for member in sight.set.members.iter().filter(|_| primary.is_some()) {
        let (Some(hello), Some(primary)) = (member.speaks(), primary) else { continue };
        let differs = hello.primary.as_ref().is_some_and(|held| *held != primary.host);
        let known = found.iter().any(|c| *c.observer == member.host && *c.of == primary.host);
        if differs && !known {
            found.push(Contradiction { observer: &member.host, of: &primary.host, is_about_primary: true });
        }
    }
    found
}

impl Sight<'_> {
    /// What other members that answer say of this one, where its own word contradicts them.
    #[must_use]
    pub fn contradicted(&self, host: &str) -> Vec<String> {
        let all = contradictions(self);
        let say = |c: &Contradiction<'_>| {
            let [observer, of] = [c.observer, c.of].map(|host| self.short(host));
            if c.is_about_primary {
                format!("{observer} takes another member than {of} for the primary")
            } else {
                format!("{observer} holds {of} to be down")
            }
        };
        all.iter().filter(|c| c.observer == host || c.of == host).map(say).collect()
    }
}

/// Tells contradictions of the member that most of them are with, and so on until none is left: a split is said once.
fn views(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let mut left = contradictions(&sight);
        let mut odd: Vec<(&Text, Vec<Contradiction<'_>>)> = Vec::new();
        while !left.is_empty() {
            let weight = |host: &Text| left.iter().filter(|c| *c.observer == *host || *c.of == *host).count();
            let is_primary = |host: &Text| sight.set.primary().is_some_and(|primary| primary.host == *host);
            let hosts = sight.set.members.iter().map(|member| &member.host);
            let Some(host) = hosts.rev().max_by_key(|host| (weight(host), !is_primary(host))) else { break };
            let (its, others) = left.into_iter().partition(|c| *c.observer == *host || *c.of == *host);
            odd.push((host, its));
            left = others;
        }
        let all_tell = sight.seats.iter().all(|seat| !seat.speaks() || seat.member.status.is_some());
        for seat in sight.seats.iter().filter(|seat| seat.speaks()) {
            let subject = subject_of(&sight, seat);
            let Some((host, its)) = odd.iter().find(|(host, _)| **host == seat.member.host) else {
                // Who tells nothing of the others has not agreed with them.
                if all_tell {
                    sink.ok(|| subject);
                }
                continue;
            };
            let holds: Vec<&Text> =
                its.iter().filter(|c| c.observer == *host && !c.is_about_primary).map(|c| c.of).collect();
            let held: Vec<&Text> =
                its.iter().filter(|c| c.of == *host && !c.is_about_primary).map(|c| c.observer).collect();
            let name = sight.short(host);
            let says = match (holds.is_empty(), held.is_empty()) {
                (false, _) => {
                    format!("holds {} to be down, which answer here: network split", sight.names(holds.iter().copied()))
                }
                (true, false) => {
                    let verb = if held.len() == 1 { "holds" } else { "hold" };
                    format!("answers here, and {} {verb} it to be down", sight.names(held.iter().copied()))
                }
                (true, true) => "takes another member for the primary than the one that says it is".to_owned(),
            };
            let about = About::new(format!("{name}: {says}"))
                .with("holds to be down", sight.names(holds.iter().copied()))
                .with("held to be down by", sight.names(held.iter().copied()))
                .with("its primary", words::given(seat.member.speaks().and_then(|hello| hello.primary.as_ref())))
                .with("the primary by its own word", words::given(sight.set.primary().map(|primary| &primary.host)))
                .next("check the network between these members: each of them answers this console");
            sink.lasting(&[(Severity::Info, Duration::ZERO), (Severity::Warn, sink.span("warn"))], subject, about);
        }
    }
}
