//! Who leads: no primary, two of them, elections that were, and one that is to come.

use std::time::Duration;

use super::super::{About, Rule, Sink, Threshold, words};
use super::sight::{Majority, Seat, Sight, Standing};
use super::{answering, subject_of_set};
use crate::model::mongo::{Member, MemberState, MongoFacts, ReplicaSet};
use crate::model::{Facts, Severity};

pub(in super::super) const PRIMARY: Rule = Rule {
    id: "mongo-no-primary",
    domain: "mongo",
    doc: "No member says it is the primary, so nothing can be written. An election is normal for seconds and a failure after \
          that; without a majority there will be none. If no member answers this console, nothing is known.",
    source: "electionTimeoutMillis is 10 s; measured 10 s without primary after a kill, 0.04 s after a step-down; 15 s (practice)",
    thresholds: &[Threshold::seconds("crit", 15)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: no_primary,
};

pub(in super::super) const TWO: Rule = Rule {
    id: "mongo-two-primaries",
    domain: "mongo",
    doc: "Two members say they are the primary. The one of the lower term was cut off and has not noticed yet: what it accepts is \
          rolled back.",
    source: "MongoDB manual: a primary without a majority steps down within electionTimeoutMillis, 10 s; 15 s (practice)",
    thresholds: &[Threshold::seconds("crit", 15)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: two_primaries,
};

pub(in super::super) const ELECTED: Rule = Rule {
    id: "mongo-election",
    domain: "mongo",
    doc: "This console saw the term rise: another member was elected. Several elections in an hour are a set that finds no rest.",
    source: "replSetGetStatus: term, electionCandidateMetrics.lastElectionReason; 1 h, 3 elections (practice)",
    thresholds: &[Threshold::minutes("recent", 60), Threshold::count("crit", 3)],
    read_at: Facts::taken_at::<MongoFacts>,
    check: elected,
};

pub(in super::super) const TAKEOVER: Rule = Rule {
    id: "mongo-takeover",
    domain: "mongo",
    doc: "Another member has a higher priority than the primary and will call an election as soon as it is there and has caught \
          up: writes stop for a moment then.",
    source: "MongoDB manual: priority takeover",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: takeover,
};

fn no_primary(facts: &Facts, sink: &mut Sink<'_>) {
    for set in facts.get::<MongoFacts>().map_or(&[][..], |mongo| &mongo.sets) {
        let sight = Sight::of(set);
        let subject = || subject_of_set(set);
        if !sight.is_answering() {
            sink.found(Severity::Unknown, subject(), silent(set));
        } else if set.claimants().next().is_some() {
            sink.ok(subject);
        } else if let Some(majority) = sight.majority().filter(Majority::is_lost) {
            let (well, total, need) = (majority.well, majority.total, majority.need);
            let more = words::count(need - well, "more vote");
            let message =
                format!("{}: no majority: {well} of {total} votes answer; no writes until {more} is back", set.name);
            let message = message.replace("votes is", "votes are");
            let about = lost(&sight, About::new(message), &majority)
                .next("start the members that are down; see why they do not answer: view mongo")
                .next("if the others answer elsewhere, this console is on the smaller side of a network split");
            sink.lasting(&[(Severity::Crit, Duration::ZERO)], subject(), about);
        } else if let Some(held) = held_primary(&sight) {
            let name = sight.short(&held.host);
            let about =
                About::new(format!("{}: its primary {name} does not answer this console, others hear it", set.name))
                    .with("reason", words::given(held.fault.as_ref()))
                    .next(format!("check the way from here to {}", held.host));
            sink.found(Severity::Unknown, subject(), about);
        } else if let Some(majority) = sight.majority().filter(|majority| majority.margin() < 0) {
            let message = format!("{}: no primary seen; {}", set.name, majority.doubt());
            let about = lost(&sight, About::new(message), &majority)
                .next("ask from another place whether it is the set or the way to it");
            sink.found(Severity::Unknown, subject(), about);
        } else {
            let former = former_primary(&sight);
            let since = former.filter(|_| sight.seats.iter().any(|seat| seat.member.status.is_some()));
            let was =
                former.map_or_else(String::new, |(host, _)| format!(", {} was the primary", sight.short(&host.host)));
            let about = About::new(format!("{}: electing, nothing can be written{was}", set.name))
                .since(since.and_then(|(_, at)| at))
                .with("former primary", words::given(former.map(|(member, _)| &member.host)))
                .next("see what the members say: view mongo");
            sink.lasting(&[(Severity::Warn, Duration::ZERO), (Severity::Crit, sink.span("crit"))], subject(), about);
        }
    }
}

fn lost(sight: &Sight<'_>, about: About, majority: &Majority) -> About {
    let missing = sight.named().filter(|seat| seat.votes > 0 && !seat.is_well()).map(|seat| &seat.member.host);
    let about = about.with("missing", words::list(missing)).with("votes needed", majority.need);
    if majority.is_assumed {
        about.with("votes", "assumed to be one each; the configuration is not told")
    } else {
        about
    }
}

/// The primary by the word of others, which does not answer here: they hear it, or (where only `hello` is told) all name it.
fn held_primary<'a>(sight: &Sight<'a>) -> Option<&'a Member> {
    let heard = |seat: &&Seat<'_>| seat.standing == Standing::Heard(MemberState::Primary);
    if let Some(seat) = sight.seats.iter().find(heard) {
        return Some(seat.member);
    }
    let mut named = sight.set.members.iter().filter_map(|member| member.speaks()).map(|hello| hello.primary.as_ref());
    let first = named.next().flatten()?;
    let seat = sight.seat(first).filter(|seat| seat.standing == Standing::Silent)?;
    named.all(|other| other == Some(first)).then_some(seat.member)
}

/// Who was the primary when it was last heard, and when that was.
fn former_primary<'a>(sight: &Sight<'a>) -> Option<(&'a Member, Option<crate::time::Timestamp>)> {
    let was = |seat: &&Seat<'_>| {
        let said = seat.member.hello.as_ref().is_some_and(|hello| hello.role == crate::model::mongo::Role::Primary);
        said && !seat.speaks()
    };
    let former = sight.seats.iter().filter(was).map(|seat| (seat.member, sight.last_heard(seat.member)));
    former.max_by_key(|(_, at)| *at)
}

/// A set of which nobody answers: because nobody could be asked, or for reasons that only another place can tell apart.
fn silent(set: &ReplicaSet) -> About {
    if let Some(fault) = &set.unasked {
        let about = About::new(format!("{}: cannot be asked: {fault}", set.name)).with("reason", fault);
        return fault.hint().into_iter().fold(about, About::next);
    }
    let why = set.members.iter().find_map(|member| member.fault.as_ref());
    let about = About::new(format!("{}: no member answers: it may be down, or this console is cut off", set.name))
        .with("members asked", words::list(set.members.iter().map(|member| &member.host)))
        .with("reason", words::given(why));
    let remedy = why.and_then(|fault| fault.remedy.as_ref());
    let about = remedy.into_iter().fold(about, |about, remedy| about.next(remedy.to_string()));
    about.next("ask from another place whether it is the set or the way to it")
}

fn two_primaries(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let set = sight.set;
        let claimants: Vec<&Member> = set.claimants().collect();
        if claimants.len() < 2 {
            sink.ok(|| subject_of_set(set));
            continue;
        }
        let names = sight.names(claimants.iter().map(|member| &member.host));
        let newest = claimants.iter().filter_map(|member| member.term()).max();
        let stale = claimants.iter().filter(|member| member.term().is_some() && member.term() < newest);
        let stale = sight.names(stale.map(|member| &member.host));
        let which =
            if stale.is_empty() { "which is stale is not known".to_owned() } else { format!("{stale} is stale") };
        let terms = claimants.iter().map(|m| format!("{} {}", sight.short(&m.host), words::given(m.term())));
        let about = About::new(format!("{}: {names} both say they are the primary; {which}", set.name))
            .with("terms", words::list(terms))
            .next("what is written to the stale one is rolled back: keep clients away from it");
        let steps = [(Severity::Warn, Duration::ZERO), (Severity::Crit, sink.span("crit"))];
        sink.lasting(&steps, subject_of_set(set), about);
    }
}

fn elected(facts: &Facts, sink: &mut Sink<'_>) {
    let recent = sink.span("recent");
    for sight in answering(facts) {
        let set = sight.set;
        let now = sink.now();
        let of_late: Vec<_> = set.elections.iter().filter(|election| now.since(election.at) < recent).collect();
        let Some(last) = of_late.first() else {
            sink.ok(|| subject_of_set(set));
            continue;
        };
        let many = u32::try_from(of_late.len()).unwrap_or(u32::MAX) >= sink.count("crit");
        let winner = last.winner.as_ref().map_or_else(|| "nobody yet".to_owned(), |host| sight.short(host));
        let reason = last.reason.as_deref().map_or_else(String::new, |reason| format!(" ({})", words::quote(reason)));
        let message = if many {
            format!(
                "{}: {} in {}, the last won by {winner}{reason}",
                set.name,
                words::count(of_late.len(), "election"),
                words::span(recent)
            )
        } else {
            format!("{}: election of term {}, won by {winner}{reason}", set.name, last.term)
        };
        let all = of_late.iter().map(|election| format!("term {} at {}", election.term, election.at.time_of_day()));
        let about = About::new(message)
            .since(Some(last.at))
            .with("lastElectionReason", words::given(last.reason.as_ref()))
            .with("elections", words::list(all))
            .next("see who was lost or slow then: view mongo");
        sink.found(if many { Severity::Crit } else { Severity::Warn }, subject_of_set(set), about);
    }
}

/// The member that will take the lead, and why.
#[must_use]
pub(super) fn forecast(sight: &Sight<'_>) -> Option<String> {
    let priority = |seat: &Seat<'_>| seat.config.and_then(|config| config.priority);
    let primary = sight.seat(&sight.set.primary()?.host)?;
    let lead = priority(primary)?;
    let rivals = sight.named().filter(|seat| !seat.is_hidden() && !seat.is_arbiter());
    let (rival, higher) = rivals.filter_map(|seat| Some((seat, priority(seat)?))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (higher > lead).then(|| {
        let when = if rival.is_well() { "has caught up" } else { "is back and has caught up" };
        let [rival, primary] = [rival, primary].map(|seat| sight.short(&seat.member.host));
        format!("{rival} priority {higher} > {primary} priority {lead}: takeover expected when {rival} {when}")
    })
}

impl Sight<'_> {
    /// Who will take the lead by priority, in words; absent: nobody.
    #[must_use]
    pub fn takeover(&self) -> Option<String> {
        forecast(self)
    }
}

fn takeover(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts).filter(|sight| sight.set.config.is_some()) {
        let Some(forecast) = forecast(&sight) else {
            sink.ok(|| subject_of_set(sight.set));
            continue;
        };
        let about =
            About::new(format!("{}: {forecast}", sight.set.name)).next("writes stop for a moment when it happens");
        sink.found(Severity::Info, subject_of_set(sight.set), about);
    }
}
