//! What `--only` asks for: which feeds are read for it, and which checks count.

use crate::error::{Error, nearest};
use crate::feed::{FEEDS, FeedSpec, with_dependents, with_needs};
use crate::health::RULES;
use crate::model::identity::Identity;
use crate::model::stack::Stack;
use crate::model::{Check, Facts, Severity, Subject};
use crate::report::gather::Gathered;
use crate::text::{Text, clean};

/// The check that the credentials belong to the configured account. It counts whatever is asked for: what was read in
/// another account answers no question.
const ACCOUNT: &str = "identity-wrong-account";
/// The check that a feed could be read.
const READ: &str = "feed-failing";

/// The domains asked for; empty: all.
pub(super) struct Asked(Vec<&'static str>);

/// Every domain there is.
fn domains() -> Vec<&'static str> {
    let mut domains: Vec<&str> = Vec::new();
    for domain in RULES.iter().map(|rule| rule.domain).chain(FEEDS.iter().map(|spec| spec.domain)) {
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    domains
}

impl Asked {
    /// The domains as typed.
    pub(super) fn of(typed: &[String]) -> Result<Self, Error> {
        let known = domains();
        let find = |name: &String| {
            let name = name.trim();
            known.iter().copied().find(|domain| *domain == name).ok_or_else(|| unknown(name, &known))
        };
        Ok(Self(typed.iter().map(find).collect::<Result<_, _>>()?))
    }

    fn asks(&self, domain: &str) -> bool {
        self.0.is_empty() || self.0.contains(&domain)
    }

    fn own(&self) -> Vec<&'static str> {
        FEEDS.iter().filter(|spec| self.asks(spec.domain)).map(|spec| spec.id).collect()
    }

    /// The feeds to read: those asked for with what their rules also look at, and who asks.
    pub(super) fn polled(&self) -> Vec<&'static str> {
        let mut feeds = with_dependents(&self.own());
        feeds.push("identity");
        feeds
    }

    /// The feeds whose state counts in this stack: those asked for and those they rest on; and who asks, where the account is
    /// configured and so has to be compared.
    pub(super) fn feeds(&self, stack: &Stack) -> Vec<&'static str> {
        let mut feeds = self.own();
        if stack.account.is_some() {
            feeds.push("identity");
        }
        with_needs(&feeds)
    }

    /// Whether a check counts, given the feeds that count.
    pub(super) fn counts(&self, check: &Check, feeds: &[&str]) -> bool {
        match check.subject.kind {
            "feed" => feeds.contains(&check.subject.name.as_str()),
            _ => check.rule == ACCOUNT || self.asks(check.domain),
        }
    }
}

fn unknown(typed: &str, known: &[&str]) -> Error {
    let shown: String = typed.chars().take(60).collect();
    let near = nearest(&shown, known.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean \"{near}\"? "));
    Error::usage(format!("no domain \"{}\"", clean(&shown)))
        .from("--only")
        .hint(format!("{near}domains: {}", known.join(", ")))
}

/// The checks of reading itself that found nothing: feeds that were read whole, and the account where it is the right one.
pub(super) fn well(
    index: usize,
    stack: &Stack,
    feeds: &[&'static str],
    gathered: &Gathered,
    found: &[Check],
) -> Vec<Check> {
    let ok = |rule, domain, subject, taken_at| Check {
        cause: None,
        follows: None,
        rule,
        domain,
        severity: Severity::Ok,
        subject,
        message: Text::from("ok"),
        since: None,
        evidence: Vec::new(),
        next: Vec::new(),
        taken_at,
    };
    let read = |spec: &&FeedSpec| {
        let told = found.iter().any(|check| check.subject.kind == "feed" && check.subject.name == spec.id);
        let snapshot = gathered.store.slot(index, spec.id).snapshot.as_ref().filter(|_| !told)?;
        let subject = Subject { kind: "feed", name: Text::from(spec.id), id: Text::from(spec.id) };
        Some(ok(READ, spec.domain, subject, snapshot.taken_at))
    };
    let mut checks: Vec<Check> =
        FEEDS.iter().copied().filter(|spec| feeds.contains(&spec.id)).filter_map(|s| read(&s)).collect();
    let known = gathered.store.facts(index).and_then(Facts::taken_at::<Identity>);
    if let (Some(taken_at), true) = (known, stack.account.is_some())
        && !found.iter().any(|check| check.rule == ACCOUNT)
    {
        let subject = Subject { kind: "stack", name: stack.name.clone(), id: stack.name.clone() };
        checks.push(ok(ACCOUNT, "identity", subject, taken_at));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(typed: &[&str]) -> Result<Asked, Error> {
        Asked::of(&typed.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn domains_are_those_of_rules_and_feeds() {
        assert_eq!(
            domains(),
            ["ecs", "scaling", "alarms", "mongo", "rds", "guardduty", "secrets", "audit", "identity"]
        );
    }

    #[test]
    fn an_unknown_domain_is_told_cleanly_with_the_nearest() {
        let error = asked(&["ecs", "scalin"]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "--only: no domain \"scalin\"\n  did you mean \"scaling\"? domains: ecs, scaling, alarms, mongo, rds, guardduty, secrets, audit, identity"
        );
        assert!(asked(&["\x1b[31m"]).err().unwrap().what.contains("␛[31m"));
        assert!(asked(&[""]).is_err());
        assert!(asked(&[" ecs "]).is_ok());
    }

    #[test]
    fn what_is_asked_for_brings_its_feeds() {
        let own_account = Stack { account: Some("123456789012".to_owned()), ..Stack::default() };
        let scaling = asked(&["scaling"]).unwrap();
        assert_eq!(scaling.feeds(&Stack::default()), ["ecs", "groups", "scaling", "group-activities", "reservation"]);
        assert_eq!(
            scaling.feeds(&own_account),
            ["identity", "ecs", "groups", "scaling", "group-activities", "reservation"]
        );
        let ecs = asked(&["ecs"]).unwrap();
        assert_eq!(ecs.feeds(&Stack::default()), ["ecs", "stopped-tasks"]);
        assert!(ecs.polled().contains(&"groups"), "rules of ecs name the group that is full");
        assert_eq!(asked(&[]).unwrap().feeds(&Stack::default()).len(), FEEDS.len());
    }
}
