//! How many members may be lost, and which zone.

use std::collections::BTreeSet;

use super::super::{About, Rule, Sink, words};
use super::sight::{Majority, Seat, Sight};
use super::{answering, subject_of_set};
use crate::model::mongo::MongoFacts;
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(in super::super) const MARGIN: Rule = Rule {
    id: "mongo-majority",
    domain: "mongo",
    doc: "How many more votes may be lost before nothing can be written: with a margin of 0 the next failure stops writes. Arbiters \
          vote but take no writes, so writes that a majority must confirm may stop earlier.",
    source: "replSetGetStatus: majorityVoteCount, writeMajorityCount; replSetGetConfig: votes",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: margin,
};

pub(in super::super) const ZONES: Rule = Rule {
    id: "mongo-zones",
    domain: "mongo",
    doc: "Losing one availability zone would take the majority of votes, so the set would stop taking writes. Three members in two \
          zones always have such a zone.",
    source: "MongoDB manual: replica sets distributed across data centers; zones by the tags of members, else as configured here",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: zones,
};

pub(in super::super) const STRANGERS: Rule = Rule {
    id: "mongo-zone-of-nobody",
    domain: "mongo",
    doc: "The configuration of this console tells the zone of a host that the set does not know, so nobody is in that zone by it.",
    source: "zones in [[stack.mongo]], against the members that replSetGetConfig names",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: strangers,
};

fn margin(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let subject = || subject_of_set(sight.set);
        let Some(majority) = sight.majority() else { continue };
        // What follows from that is said once, by the rule on the primary.
        if majority.margin() < 0 && sight.set.primary().is_none() {
            continue;
        }
        let votes = of_votes(&majority);
        let write = sight.write_majority();
        let of_writes = write.as_ref().and_then(|write| of_writes(write, &majority));
        match (votes, of_writes.zip(write)) {
            (votes, Some(((severity, what), write))) if votes.as_ref().is_none_or(|(worst, _)| severity > *worst) => {
                let data = format!("{} of {} members with data", write.well, write.total);
                let about = about(&sight, &majority, &format!("{data}: {what}"));
                sink.found(severity, subject(), about.with("writeMajorityCount", write.need));
            }
            (Some((severity, what)), _) => {
                let about = about(&sight, &majority, &what);
                let about = if severity > Severity::Info { about.next(next(&majority)) } else { about };
                sink.found(severity, subject(), about);
            }
            (None, _) => sink.ok(subject),
        }
    }
}

impl Majority {
    /// What is not known of it, in words.
    pub(super) fn doubt(&self) -> String {
        let others = if self.untold == 1 { "the other is" } else { "the others are" };
        format!("{} of {} answer here; whether {others} well is not known", self.well, self.total)
    }
}

/// What the votes amount to; absent: all is well.
fn of_votes(majority: &Majority) -> Option<(Severity, String)> {
    let Majority { well, total, .. } = majority;
    Some(match majority.margin() {
        ..=0 if !majority.is_told() => (Severity::Unknown, majority.doubt()),
        ..0 => (Severity::Crit, format!("majority lost, {well} of {total} votes; the primary will step down")),
        0 => (Severity::Warn, format!("majority {well} of {total}, margin 0; one more failure stops writes")),
        _ if majority.is_assumed => {
            (Severity::Info, format!("{well} of {total} members answer; their votes are assumed"))
        }
        _ => return None,
    })
}

/// What the votes of those with data amount to, where they allow less than all votes together: with an arbiter they may never
/// allow more.
fn of_writes(write: &Majority, votes: &Majority) -> Option<(Severity, &'static str)> {
    if write.margin() >= votes.margin() || !write.is_told() {
        return None;
    }
    Some(match write.margin() {
        ..0 => (Severity::Crit, "writes that a majority must confirm wait"),
        0 if write.is_thin() => (Severity::Info, "losing one stops writes that a majority must confirm"),
        0 => (Severity::Warn, "one more failure stops writes that a majority must confirm"),
        _ => return None,
    })
}

const fn next(majority: &Majority) -> &'static str {
    if majority.untold > 0 {
        "give its user the role clusterMonitor, or ask from another place whether it is the set or the way to it"
    } else if majority.well < majority.need {
        "start the members that are down: view mongo"
    } else {
        "bring back what is missing before anything else is touched: view mongo"
    }
}

fn about(sight: &Sight<'_>, majority: &Majority, what: &str) -> About {
    let missing = sight.named().filter(|seat| seat.votes > 0 && !seat.is_well()).map(|seat| &seat.member.host);
    let lost = sight.named().filter(|seat| seat.votes > 0 && !seat.is_well() && !seat.speaks());
    let since = lost.filter_map(|seat| sight.last_heard(seat.member)).max();
    let about = About::new(format!("{}: {what}", sight.set.name))
        .since(since)
        .with("votes well", majority.well)
        .with("votes", majority.total)
        .with("votes needed", majority.need)
        .with("not well", words::list(missing));
    if majority.is_assumed {
        about.with("votes", "assumed to be one each; the configuration is not told")
    } else {
        about
    }
}

/// What the loss of a zone would do.
pub(super) enum Survival {
    /// The set goes on whatever zone is lost.
    Any,
    /// Losing one of these stops writes.
    Not(Vec<Text>),
    /// Not all zones or votes are known, and it may depend on them.
    Unknown,
}

pub(super) fn survival(sight: &Sight<'_>) -> Option<Survival> {
    let majority = sight.majority()?;
    let voters: Vec<&Seat<'_>> = sight.named().filter(|seat| seat.votes > 0).collect();
    let zone = |seat: &Seat<'_>| sight.set.zone(seat.member).cloned();
    let known: BTreeSet<Text> = voters.iter().filter_map(|seat| zone(seat)).collect();
    if known.is_empty() {
        return Some(Survival::Unknown);
    }
    let left = |lost: &Text, with_unknown: bool| {
        let stays = |seat: &&&Seat<'_>| zone(seat).map_or(with_unknown, |zone| zone != *lost);
        voters.iter().filter(stays).map(|seat| seat.votes).sum::<u32>()
    };
    let fatal: Vec<Text> = known.iter().filter(|zone| left(zone, true) < majority.need).cloned().collect();
    if !fatal.is_empty() {
        return Some(Survival::Not(fatal));
    }
    let is_sure =
        known.iter().all(|zone| left(zone, false) >= majority.need) && voters.iter().all(|seat| zone(seat).is_some());
    Some(if is_sure && !majority.is_assumed { Survival::Any } else { Survival::Unknown })
}

impl Sight<'_> {
    /// What the loss of a zone would do, in words; absent where not even the votes are known.
    #[must_use]
    pub fn survival(&self) -> Option<(Severity, String)> {
        if self.majority()?.is_thin() {
            return None;
        }
        Some(match survival(self)? {
            Survival::Any => (Severity::Ok, "survives the loss of any zone".to_owned()),
            Survival::Not(zones) => {
                let zones: Vec<&str> = zones.iter().map(Text::as_str).collect();
                (Severity::Warn, format!("losing {} stops writes", zones.join(" or ")))
            }
            Survival::Unknown => (
                Severity::Info,
                "which zone's loss stops writes is not known: not all zones or votes are told".to_owned(),
            ),
        })
    }
}

fn zones(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        // Of a set that can lose no vote at all the majority rule speaks.
        let Some((severity, words)) = sight.survival() else { continue };
        if severity == Severity::Ok {
            sink.ok(|| subject_of_set(sight.set));
            continue;
        }
        let of = |seat: &Seat<'_>| {
            format!("{} {}", sight.short(&seat.member.host), words::given(sight.set.zone(seat.member)))
        };
        let told = words::list(sight.named().filter(|seat| seat.votes > 0).map(of));
        let about = About::new(format!("{}: {words}", sight.set.name)).with("zones of voting members", told).next(
            "give each member the tag az, or name its zone in the configuration: zones = { \"host:port\" = \"…\" }",
        );
        sink.found(severity, subject_of_set(sight.set), about);
    }
}

fn strangers(facts: &Facts, sink: &mut Sink<'_>) {
    // Without the configuration hidden members are not known.
    for sight in answering(facts).filter(|sight| sight.set.config.is_some()) {
        let set = sight.set;
        if set.strangers.is_empty() {
            sink.ok(|| subject_of_set(set));
            continue;
        }
        let is = if set.strangers.len() == 1 { "is no member" } else { "are no members" };
        let hosts = words::list(&set.strangers);
        let about = About::new(format!("{}: zones are configured for {hosts}, which {is}", set.name))
            .with("members", words::list(sight.named().map(|seat| &seat.member.host)))
            .next("name the members in zones as the set does, host and port");
        sink.found(Severity::Info, subject_of_set(set), about);
    }
}
