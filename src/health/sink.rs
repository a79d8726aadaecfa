//! Where a rule tells what it found.

use std::time::Duration;

use super::{Evaluation, Level, Observed, Rule, Thresholds};
use crate::model::{Check, FIRST_SEEN, Severity, Subject};
use crate::text::Text;
use crate::time::{Timestamp, human};

/// What a rule says of one subject: the sentence and what supports it.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The sentence.
    pub message: String,
    /// Since when, where the service tells.
    pub since: Option<Timestamp>,
    /// The fields the judgement rests on.
    pub evidence: Vec<(&'static str, String)>,
    /// What to look at next.
    pub next: Vec<String>,
    /// What it has in common with others that are said once together with it.
    pub cause: Option<Text>,
}

impl About {
    /// A sentence without anything else.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds since when.
    #[must_use]
    pub fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// Adds since when as this console first saw it, and says so.
    #[must_use]
    pub fn first_seen(mut self, at: Timestamp) -> Self {
        self.evidence.insert(0, (FIRST_SEEN, "by this console; AWS gives no time for it".to_owned()));
        self.since(Some(at))
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl std::fmt::Display) -> Self {
        self.evidence.push((field, value.to_string()));
        self
    }

    /// Adds what it has in common with others that are said once together with it.
    #[must_use]
    pub fn cause(mut self, cause: Text) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Adds a step to look at next.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next.push(step.into());
        self
    }
}

/// Takes the checks of one rule.
pub struct Sink<'a> {
    rule: &'static Rule,
    thresholds: &'a Thresholds,
    now: Timestamp,
    before: &'a Observed,
    keep_ok: bool,
    out: &'a mut Evaluation,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        rule: &'static Rule,
        thresholds: &'a Thresholds,
        now: Timestamp,
        before: &'a Observed,
        keep_ok: bool,
        out: &'a mut Evaluation,
    ) -> Self {
        Self { rule, thresholds, now, before, keep_ok, out }
    }

    /// The time the facts were read.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The same sink for a thing that was read at `at`, which after a partial failure may be earlier: what could not be
    /// read again does not grow worse with time.
    pub fn at(&mut self, at: Timestamp) -> Sink<'_> {
        Sink { now: at, out: self.out, ..*self }
    }

    /// A configured span of this rule.
    #[must_use]
    pub fn span(&self, name: &str) -> Duration {
        match self.level(self.rule, name) {
            Level::Span(span) => span,
            _ => Duration::ZERO,
        }
    }

    /// A configured count of this rule.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        match self.level(self.rule, name) {
            Level::Count(n) => n,
            _ => 0,
        }
    }

    /// A count of this rule that only the user knows, if it was configured.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<u32> {
        match self.level(self.rule, name) {
            Level::Known(n) => n,
            _ => None,
        }
    }

    /// A configured share of this rule.
    #[must_use]
    pub fn share(&self, name: &str) -> f64 {
        match self.level(self.rule, name) {
            Level::Share(share) => share,
            _ => 0.0,
        }
    }

    /// A level of `rule`: as configured, or its default. For a rule that stays quiet about what another one says.
    #[must_use]
    pub fn level(&self, rule: &Rule, name: &str) -> Level {
        let default = rule.thresholds.iter().find(|t| t.name == name).map_or(Level::Count(0), |t| t.default);
        self.thresholds.configured(rule.id, name).unwrap_or(default)
    }

    /// The subject was looked at and is well.
    pub fn ok(&mut self, subject: impl FnOnce() -> Subject) {
        self.out.evaluated += 1;
        if self.keep_ok {
            let about = About::new("ok");
            self.push(Severity::Ok, subject(), about);
        }
    }

    /// The subject has a problem of this severity.
    /// An alarm whose service tells no time is dated by when it was first seen, once it has been seen before.
    pub fn found(&mut self, severity: Severity, subject: Subject, mut about: About) {
        self.out.evaluated += 1;
        if severity > Severity::Info && about.since.is_none() {
            let since = self.observe(&subject.id);
            about = self.dated(about, since);
        }
        self.push(severity, subject, about);
    }

    /// Notes that a condition without a time of its own holds on the subject with this id, and gives since when.
    pub fn observe(&mut self, id: &Text) -> Timestamp {
        let since = self.before.since(self.rule.id, id).unwrap_or(self.now);
        self.out.observed.note(self.rule.id, id.clone(), since);
        since
    }

    /// Dates what was observed since then, once it has been seen before.
    #[must_use]
    pub fn dated(&self, about: About, since: Timestamp) -> About {
        if since < self.now { about.first_seen(since) } else { about }
    }

    /// A condition holds whose severity grows with the time it has held: the last step whose span has passed counts.
    ///
    /// `about.since` is the service's own time of the beginning; without it the time since the condition was first seen
    /// counts, and the evidence says that it was observed. Before the first step has passed the subject is ok.
    pub fn lasting(&mut self, steps: &[(Severity, Duration)], subject: Subject, mut about: About) {
        let own = about.since;
        let since = own.unwrap_or_else(|| self.observe(&subject.id));
        let held = self.now.since(since);
        let Some((severity, step)) = steps.iter().rev().find(|(_, after)| held >= *after) else {
            return self.ok(|| subject);
        };
        let how = if own.is_none() { "observed for at least" } else { "for" };
        let next = steps.iter().find(|(_, after)| held < *after);
        let decided = match next {
            _ if !step.is_zero() => Some(format!("{how} {} (limit {})", human(held), human(*step))),
            Some((worse, after)) => {
                Some(format!("{} at once, {} after {}", severity.word(), worse.word(), human(*after)))
            }
            None => (*severity > Severity::Info).then(|| format!("does not count here: {} at once", severity.word())),
        };
        if let Some(decided) = decided {
            about = about.with("duration", decided);
        }
        if own.is_none() {
            about = self.dated(about, since);
        }
        self.found(*severity, subject, about);
    }

    fn push(&mut self, severity: Severity, subject: Subject, about: About) {
        self.out.checks.push(Check {
            cause: about.cause,
            follows: None,
            rule: self.rule.id,
            domain: self.rule.domain,
            severity,
            subject,
            message: Text::from(about.message),
            since: about.since,
            evidence: about.evidence.into_iter().map(|(k, v)| (k, Text::from(v))).collect(),
            next: about.next.into_iter().map(Text::from).collect(),
            taken_at: self.now,
        });
    }
}
