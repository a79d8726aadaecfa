//! What was found, for people.

use std::fmt::Write as _;

use super::price::{Pace, Price};
use super::{Examination, Examined, MONGO, Members};
use crate::health::words::count;
use crate::model::Fault;
use crate::report::reading::{Reading, Trouble};
use crate::time::{Timestamp, human};

/// One block a stack, then what is known of this place.
pub(super) fn lines(found: &Examination<'_>) -> String {
    let mut out = String::new();
    for stack in &found.stacks {
        block(&mut out, stack, found.taken_at);
    }
    for (name, value) in found.here {
        // Writing to a string never fails.
        let _ = writeln!(out, "{name}: {value}");
    }
    out
}

fn block(out: &mut String, found: &Examined<'_>, now: Timestamp) {
    let _ = writeln!(out, "{}", found.stack.name);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<18}{value}");
    };
    line("caller", &caller(found, now));
    if let Some(endpoint) = found.endpoint() {
        line("endpoint", &format!("{endpoint}, not AWS's own"));
    }
    let mut told: Vec<(&str, &Fault)> = Vec::new();
    for (spec, reading) in &found.feeds {
        if spec.id == MONGO && found.stack.mongo.is_empty() {
            line(spec.id, "no replica set is configured");
            continue;
        }
        for words in read(reading, &told) {
            line(spec.id, &words);
        }
        told.extend(reading.troubles.iter().map(|trouble| (spec.id, &trouble.fault)));
        if spec.id == MONGO {
            found.sets.iter().for_each(|set| line("", &members(set)));
        }
    }
    found.acting.lines().iter().for_each(|(name, value)| line(name, value));
    found.unmatched.iter().for_each(|words| line("does nothing", words));
    match &found.price {
        Some(price) if price.metrics > 0 => priced(price).iter().for_each(|words| line("metrics cost", words)),
        Some(_) => line("metrics cost", "nothing: there is no database to measure"),
        None => {}
    }
    if let Some((providers, pace)) = found.reservation.as_ref().filter(|(providers, _)| *providers > 0) {
        line("reservation cost", &format!("{}: {}", count(*providers, "capacity provider"), paced(pace)));
    }
}

/// How many members of a set answer. Why they tell no more is told of the feed.
fn members(found: &Members) -> String {
    format!("{}: {} of {} members answer", found.set, found.answering, found.all)
}

fn caller(found: &Examined<'_>, now: Timestamp) -> String {
    let Some(identity) = &found.identity else { return "not known".to_owned() };
    let region = identity.region.as_deref().unwrap_or("not known");
    let ends = identity.expires_at.map(|at| format!(", credentials end in {}", human(at.since(now))));
    format!("{}, account {}, region {region}{}", identity.caller(), identity.account, ends.unwrap_or_default())
}

/// How a feed was read: one line, or one for each reason why something of it could not be. A reason that was `told` of another
/// feed is not told again.
fn read(reading: &Reading, told: &[(&str, &Fault)]) -> Vec<String> {
    let trouble = |trouble: &Trouble| {
        let extent = match &trouble.part {
            None => "not read".to_owned(),
            Some((what, _, 0)) => format!("partial: {what} not listed"),
            Some((what, read, known)) => format!("partial: {read} of {known} {what}"),
        };
        if let Some((first, _)) = told.iter().find(|(_, fault)| fault.is_same_cause(&trouble.fault)) {
            return format!("{extent}, for the reason that {first} has");
        }
        let hint = trouble.fault.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{extent}: {}{hint}", trouble.fault)
    };
    if reading.troubles.is_empty() { vec!["read".to_owned()] } else { reading.troubles.iter().map(trouble).collect() }
}

fn priced(price: &Price) -> [String; 2] {
    [
        format!("{} metrics; all of them on screen: {}", price.metrics, paced(&price.shown)),
        format!("none of them on screen: {} (list price, GetMetricData)", paced(&price.others)),
    ]
}

fn paced(pace: &Pace) -> String {
    format!("{} calls and ${:.2} a day, one round every {}", round(pace.calls), pace.dollars, human(pace.every))
}

fn round(n: f64) -> String {
    format!("{n:.0}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::rds::Cost;

    #[test]
    fn the_price_is_told_for_both_paces() {
        let every = Duration::from_mins;
        let cost = Cost { shown: 0, shown_every: every(1), others: 42, others_every: every(15) };
        let [shown, others] = priced(&Price::of(&cost));
        assert_eq!(shown, "42 metrics; all of them on screen: 1440 calls and $0.60 a day, one round every 1m00s");
        let right =
            "none of them on screen: 96 calls and $0.04 a day, one round every 15m00s (list price, GetMetricData)";
        assert_eq!(others, right);
    }
}
