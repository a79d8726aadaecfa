//! What views look at: every stack's facts, and the problems found in them by subject.

use std::collections::HashMap;

use crate::feed::{FEEDS, FeedSpec, feed};
use crate::health::{self, Level, Observed, Thresholds};
use crate::model::ecs::{Missing, tail};
use crate::model::identity::Identity;
use crate::model::stack::Stack;
use crate::model::{Check, Facts, Fault, Problem, Severity, Subject};
use crate::store::{Freshness, Gap, Slot, Store};
use crate::table::{Cell, Column, Row};
use crate::text::Text;
use crate::time::{Timestamp, human};
use crate::timeline::Chronicle;

/// All stacks as views see them.
pub struct Scene<'a> {
    /// The stacks, in configured order.
    pub stacks: Vec<StackScene<'a>>,
}

/// One stack as views see it.
pub struct StackScene<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// What is known of it.
    pub facts: &'a Facts,
    /// Its problems, worst first.
    pub problems: &'a [Problem],
    /// What is configured of the rules, where that is known.
    thresholds: Option<&'a Thresholds>,
    /// What happened in it.
    pub chronicle: Option<&'a Chronicle>,
    by_subject: HashMap<(&'static str, &'a str), Vec<&'a Problem>>,
}

impl<'a> StackScene<'a> {
    /// A stack with its problems.
    #[must_use]
    pub fn new(stack: &'a Stack, facts: &'a Facts, problems: &'a [Problem]) -> Self {
        let mut by_subject: HashMap<_, Vec<&Problem>> = HashMap::new();
        for problem in problems {
            let subject = &problem.check.subject;
            by_subject.entry((subject.kind, subject.id.as_str())).or_default().push(problem);
        }
        Self { stack, facts, problems, chronicle: None, thresholds: None, by_subject }
    }

    /// The same with what is configured of the rules.
    #[must_use]
    pub fn configured(self, thresholds: &'a Thresholds) -> Self {
        Self { thresholds: Some(thresholds), ..self }
    }

    /// A level of a rule: as configured, or its default. None where there is no such rule or level.
    #[must_use]
    pub fn level(&self, rule: &str, name: &str) -> Option<Level> {
        let configured = self.thresholds.and_then(|thresholds| thresholds.configured(rule, name));
        configured.or_else(|| health::default_level(rule, name))
    }

    /// The same with what happened.
    #[must_use]
    pub fn telling(self, chronicle: Option<&'a Chronicle>) -> Self {
        Self { chronicle, ..self }
    }

    /// From where on a rule warns, as a chart has it: a share, a span in seconds, or a count.
    #[must_use]
    pub fn warns(&self, rule: &str) -> Option<f64> {
        match self.level(rule, "warn")? {
            Level::Span(span) => Some(span.as_secs_f64()),
            Level::Share(share) => Some(share),
            Level::Count(n) => Some(f64::from(n)),
            Level::Known(n) => n.map(f64::from),
        }
    }

    /// The problems of one subject, worst first.
    #[must_use]
    pub fn problems_of(&self, kind: &'static str, id: &str) -> Vec<Problem> {
        let found = self.by_subject.get(&(kind, id));
        found.map(|problems| problems.iter().map(|p| (*p).clone()).collect()).unwrap_or_default()
    }
}

/// The checks of one stack and what the next judgement must remember.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// All checks that were kept, worst first.
    pub checks: Vec<Check>,
    /// How many rules were evaluated on how many subjects.
    pub evaluated: usize,
    /// First sightings.
    pub observed: Observed,
}

/// Judges one stack: the rules on its facts, and the state of its feeds. What cannot be read is unknown, never well.
#[must_use]
pub fn judge(
    index: usize,
    stack: &Stack,
    store: &Store,
    thresholds: &Thresholds,
    before: &Observed,
    now: Timestamp,
    keep_ok: bool,
) -> Judgement {
    let empty = Facts::default();
    let facts = store.facts(index).unwrap_or(&empty);
    let mut evaluation = health::evaluate(facts, thresholds, before, keep_ok);
    for spec in FEEDS {
        let slot = store.slot(index, spec.id);
        let subject = Subject { kind: "feed", name: Text::from(spec.id), id: Text::from(spec.id) };
        evaluation.evaluated += 1;
        evaluation.checks.extend(feed_checks(slot, failure(store, index, spec), &subject, spec, now));
    }
    // Before everything else: whatever is said of the wrong account misleads.
    evaluation.checks.splice(0..0, account_check(facts, stack, now));
    // Stable: equally bad ones stay in the order of the rules, which puts causes before what follows from them.
    evaluation.checks.sort_by_key(|check| std::cmp::Reverse(check.severity));
    health::fold(&mut evaluation.checks, facts);
    Judgement { checks: evaluation.checks, evaluated: evaluation.evaluated, observed: evaluation.observed }
}

/// Since when and why a feed cannot be read. One that rests on another waits until that one has been read, so it fails with it.
fn failure<'a>(store: &'a Store, index: usize, spec: &FeedSpec) -> Option<(Timestamp, &'a Fault)> {
    match (&store.slot(index, spec.id).freshness, spec.after.and_then(feed)) {
        (Freshness::Failing { since, fault }, _) => Some((*since, fault)),
        (Freshness::Never, Some(first)) => failure(store, index, first),
        _ => None,
    }
}

fn feed_checks(
    slot: &Slot,
    failure: Option<(Timestamp, &Fault)>,
    subject: &Subject,
    spec: &FeedSpec,
    now: Timestamp,
) -> Vec<Check> {
    let unknown = |rule, message: String, since, next: Option<String>| Check {
        rule,
        domain: spec.domain,
        severity: Severity::Unknown,
        message: Text::from(message),
        since,
        evidence: Vec::new(),
        next: next.map(Text::from).into_iter().collect(),
        taken_at: now,
        subject: subject.clone(),
        cause: None,
        follows: None,
    };
    if let Some((since, fault)) = failure {
        let since = Some(since).filter(|since| *since < now);
        return vec![Check {
            cause: Some(fault.cause()),
            ..unknown("feed-failing", fault.to_string(), since, fault.hint())
        }];
    }
    if !slot.gaps().is_empty() && !spec.rules_tell_gaps {
        let partial = |gap: &Gap| {
            let words = format!("read {}: {}", gap.extent(), gap.fault);
            let id = Text::from(format!("{}: {}", subject.id, gap.what));
            let subject = Subject { id, ..subject.clone() };
            Check { subject, ..unknown("feed-partial", words, None, gap.fault.hint()) }
        };
        return slot.gaps().iter().map(partial).collect();
    }
    if slot.is_stale(now) {
        let age = slot.age(now).map(human).unwrap_or_default();
        let read = slot.snapshot.as_ref().map(|s| s.taken_at);
        return vec![unknown("feed-stale", format!("{}: last read {age} ago", subject.name), read, None)];
    }
    Vec::new()
}

/// A configured account that STS contradicts is the worst mistake a console can make.
fn account_check(facts: &Facts, stack: &Stack, now: Timestamp) -> Option<Check> {
    let identity = facts.get::<Identity>()?;
    let expected = stack.account.as_ref()?;
    if identity.account == **expected {
        return None;
    }
    Some(Check {
        rule: "identity-wrong-account",
        domain: "identity",
        severity: Severity::Crit,
        subject: Subject { kind: "stack", name: stack.name.clone(), id: stack.name.clone() },
        message: Text::from(format!(
            "WRONG ACCOUNT: the credentials belong to {}, {} is configured as {expected}",
            identity.account, stack.name
        )),
        since: None,
        evidence: vec![("sts:GetCallerIdentity", identity.arn.clone()), ("account", Text::from(expected))],
        next: vec![Text::from("check the profile of this stack; nothing can be changed until both agree")],
        taken_at: now,
        cause: None,
        follows: None,
    })
}

/// What a state is where no rule says more: only the one in which all is well is drawn as well.
pub(super) fn standing(status: Option<&Text>, well: &str) -> Severity {
    match status {
        Some(status) if *status == *well => Severity::Ok,
        Some(_) => Severity::Info,
        None => Severity::Unknown,
    }
}

/// The row of something that is listed and could not be described: unknown, with its name, never left out.
pub(super) fn missing_row(scene: &StackScene<'_>, missing: &Missing, columns: &[Column], name: &str) -> Row {
    let cell = |column: &Column| match column.id {
        "cluster" => Cell::text(missing.cluster.as_ref()),
        "status" => Cell::State(Severity::Unknown, missing.reason.clone()),
        id if id == name => Cell::Text(tail(&missing.arn)),
        _ => Cell::Missing,
    };
    Row {
        stack: scene.stack.name.clone(),
        id: missing.arn.clone(),
        severity: Severity::Unknown,
        cells: columns.iter().map(cell).collect(),
        ..Row::default()
    }
    .judged(scene.problems_of(missing.kind.word(), &missing.arn))
}

/// An AWS CLI call for the stack of this scene; see [`Stack::aws_call`].
pub(super) fn aws_call(scene: &StackScene<'_>, words: &[&str]) -> Option<String> {
    scene.stack.aws_call(scene.facts.get::<Identity>().and_then(|i| i.region.as_deref()), words)
}
