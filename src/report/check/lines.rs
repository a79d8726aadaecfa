//! What a run found, as the lines of a monitoring plugin.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;

use super::{Finding, Outcome};
use crate::feed::feed;
use crate::health::words::whole;
use crate::model::{Check, Severity};
use crate::report::reading::{Cause, Trouble};
use crate::text::Text;

/// The longest the first line may get, in characters: what monitoring systems show.
const WIDEST: usize = 80;

/// The first line, then one for each check that found something, and one for each reason why something could not be read,
/// however many feeds it hit, unless a rule says it; what is only worth knowing is left out.
pub(super) fn lines(outcome: &Outcome<'_>) -> String {
    let of_things = outcome.findings.iter().filter(|finding| finding.check.subject.kind != "feed");
    let led = led(&outcome.findings);
    let line = |finding| line(finding, &led);
    let found = of_things.clone().filter(|finding| finding.check.severity > Severity::Unknown).map(line);
    let stacks = outcome.stacks.iter().zip(&outcome.readings);
    let unread = stacks.flat_map(|(stack, reading)| {
        let causes = reading.causes().into_iter().filter(|cause| !is_told(cause.first));
        causes.map(|cause| unread(&stack.name, &cause))
    });
    let unknown = of_things.filter(|finding| finding.check.severity == Severity::Unknown).map(line);
    let lines = std::iter::once(headline(outcome)).chain(found).chain(unread).chain(unknown);
    lines.map(|line| line + "\n").collect()
}

/// `ROUNDS CRITICAL - ecs:1 scaling:2 | crit=1 warn=2 unknown=0 checks=87`.
fn headline(outcome: &Outcome<'_>) -> String {
    let tally = &outcome.tally;
    let counts =
        format!("| crit={} warn={} unknown={} checks={}", tally.crit, tally.warn, tally.unknown, tally.checks());
    let head = format!("ROUNDS {}", outcome.verdict.word());
    let room = WIDEST.saturating_sub(head.chars().count() + counts.chars().count() + " -  ".len());
    let named = shortened(&by_domain(outcome), room);
    if named.is_empty() { format!("{head} {counts}") } else { format!("{head} - {named} {counts}") }
}

/// How many checks of each domain call for attention, the domains with the worst first, and among equals the identity: in the
/// wrong account nothing else means anything. Where only unknown ones are left to explain the word, those.
fn by_domain(outcome: &Outcome<'_>) -> Vec<(&'static str, usize)> {
    let found = outcome.tally.crit + outcome.tally.warn > 0;
    let least = if found { Severity::Warn } else { Severity::Unknown };
    let mut domains: Vec<(&'static str, usize)> = Vec::new();
    let mut checks: Vec<&Check> = outcome.findings.iter().map(|finding| &finding.check).collect();
    checks.retain(|check| check.severity >= least);
    checks.sort_by_key(|check| (Reverse(check.severity), check.domain != "identity"));
    for check in checks {
        match domains.iter_mut().find(|(domain, _)| *domain == check.domain) {
            Some((_, n)) => *n += 1,
            None => domains.push((check.domain, 1)),
        }
    }
    domains
}

/// As many domains as there is room for; how many are left out is said.
fn shortened(domains: &[(&'static str, usize)], room: usize) -> String {
    let written = |n: usize| {
        let mut words: Vec<String> = domains[..n].iter().map(|(domain, count)| format!("{domain}:{count}")).collect();
        if n < domains.len() {
            words.push(format!("+{} more", domains.len() - n));
        }
        words.join(" ")
    };
    (0..=domains.len()).rev().map(written).find(|words| words.chars().count() <= room).unwrap_or_default()
}

/// A problem: its stack, its rule, the id of its subject.
type Key<'a> = (&'a str, &'static str, &'a str);

fn key(finding: &Finding) -> Key<'_> {
    (&finding.stack, finding.check.rule, &finding.check.subject.id)
}

/// The problem it follows from.
fn root(finding: &Finding) -> Option<Key<'_>> {
    finding.check.follows.as_ref().map(|root| (finding.stack.as_str(), root.rule, root.id.as_str()))
}

/// How many problems follow from each that follows from none, over however many steps.
fn led(findings: &[Finding]) -> HashMap<Key<'_>, usize> {
    let follows: HashMap<Key<'_>, Key<'_>> =
        findings.iter().filter_map(|finding| Some((key(finding), root(finding)?))).collect();
    let mut led = HashMap::new();
    for root in follows.values() {
        // No chain is longer than there are steps.
        let end = std::iter::successors(Some(root), |at| follows.get(*at)).take(follows.len()).last().unwrap_or(root);
        *led.entry(*end).or_default() += 1;
    }
    led
}

fn line(finding: &Finding, led: &HashMap<Key<'_>, usize>) -> String {
    let check = &finding.check;
    let glyph = check.severity.glyph(true);
    let subject = &check.subject;
    let about = format!("{}, {} {}", check.rule, subject.kind, subject.name);
    let mut line = format!("{glyph} {}: {} ({about}", finding.stack, whole(check));
    if let Some(since) = check.since {
        // Writing to a string never fails.
        let _ = write!(line, ", since {}", since.rfc3339());
    }
    if let Some(root) = &check.follows {
        let _ = write!(line, ", follows from {}", root.rule);
    }
    if let Some(n) = led.get(&key(finding)) {
        let _ = write!(line, ", {n} follow");
    }
    line.push(')');
    barless(&line)
}

/// Whether a rule says it.
fn is_told(trouble: &Trouble) -> bool {
    trouble.part.is_some() && feed(trouble.feed).is_some_and(|spec| spec.rules_tell_gaps)
}

/// Why something could not be read, and the feeds it hit.
fn unread(stack: &Text, cause: &Cause<'_>) -> String {
    let glyph = Severity::Unknown.glyph(true);
    let Trouble { part, fault, .. } = cause.first;
    let (rule, part) = match part {
        None => ("feed-failing", String::new()),
        Some((what, read, known)) => ("feed-partial", format!("read {read} of {known} {what}: ")),
    };
    let feeds = if cause.feeds.len() == 1 { "feed" } else { "feeds" };
    barless(&format!("{glyph} {stack}: {part}{fault} ({rule}, {feeds} {})", cause.feeds.join(", ")))
}

/// After a bar monitoring systems expect numbers, not text.
fn barless(line: &str) -> String {
    line.replace('|', "¦")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Follows, Subject};
    use crate::time::Timestamp;

    #[test]
    fn domains_are_left_out_one_by_one_and_counted() {
        let domains = [("ecs", 12), ("scaling", 3), ("guardduty", 1)];
        for (room, words) in [
            (28, "ecs:12 scaling:3 guardduty:1"),
            (27, "ecs:12 scaling:3 +1 more"),
            (23, "ecs:12 +2 more"),
            (7, "+3 more"),
            (3, ""),
        ] {
            assert_eq!(shortened(&domains, room), words, "{room}");
        }
        assert_eq!(shortened(&[], 40), "");
    }

    #[test]
    fn a_line_tells_what_it_follows_from_and_how_many_follow_over_whatever_steps() {
        let of = |rule: &'static str, follows: Option<&'static str>| Finding {
            stack: Text::from("prod"),
            check: Check {
                rule,
                domain: "ecs",
                severity: Severity::Crit,
                subject: Subject { kind: "service", name: Text::from("web"), id: Text::from(rule) },
                message: Text::from("web: bad"),
                since: None,
                evidence: Vec::new(),
                next: Vec::new(),
                taken_at: Timestamp::default(),
                cause: None,
                follows: follows.map(|rule| Follows { rule, id: Text::from(rule) }),
            },
        };
        let findings =
            [of("felt", Some("between")), of("between", Some("cause")), of("cause", None), of("alone", None)];
        let led = led(&findings);
        let told: Vec<String> = findings.iter().map(|finding| line(finding, &led)).collect();
        let says = |words: &str| format!("[CRIT] prod: web: bad ({words})");
        assert_eq!(
            told,
            [
                says("felt, service web, follows from between"),
                says("between, service web, follows from cause"),
                says("cause, service web, 2 follow"),
                says("alone, service web"),
            ]
        );
    }
}
