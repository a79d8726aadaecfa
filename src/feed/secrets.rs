//! The secrets feed: how secrets rotate, from the list of them; and closely, one by one, the selected one and those whose
//! rotation is under way or overdue: since when it is under way, the list does not tell.
//!
//! The list may be five minutes behind and each request costs, so it is read every five minutes, and every minute while its
//! rows are on screen; so are close looks. No request of this feed can bring a value.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::budget::{SECRET, SECRETS};
use super::pages::{Listed, all_pages};
use super::part::{Part, when};
use super::setback::Unread;
use super::walk::unfinished;
use super::{Context, Feed, FeedSpec};
use crate::model::secret::{Secret, SecretFacts, Version};
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;

const LIST: &str = "secretsmanager:ListSecrets";
const DESCRIBE: &str = "secretsmanager:DescribeSecret";
const VERSIONS: &str = "secretsmanager:ListSecretVersionIds";

/// Between readings of the list while none of its rows is on screen.
const LIST_EVERY: Duration = Duration::from_mins(5);
/// Between close looks at one in trouble that is not on screen.
const TROUBLE_EVERY: Duration = Duration::from_mins(5);
/// Those that are looked at closely in one poll; each is a request or two.
const AT_A_TIME: usize = 20;
/// Between readings of the list while its rows are on screen, and between close looks at one of them.
const SHOWN_EVERY: Duration = Duration::from_mins(1);
/// Polls come up to a tenth early.
const EARLY: Duration = Duration::from_secs(10);
/// How far the list may be behind: a close look counts for so long against a later list (API reference of `ListSecrets`).
const LIST_LAGS: Duration = Duration::from_mins(5);

/// `secrets`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "secrets",
    domain: "secrets",
    doc: "Secrets and how they rotate, never a value; closely the selected one and those in trouble",
    actions: &[LIST, DESCRIBE, VERSIONS],
    after: None,
    interval: SHOWN_EVERY,
    deadline: Duration::from_mins(1),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(SecretsFeed::default()),
};

#[derive(Default)]
struct SecretsFeed {
    list: Part<Secret>,
    close: HashMap<String, Close>,
    unread: Unread,
}

/// What a close look at one secret gave.
struct Close {
    at: Timestamp,
    secret: Secret,
    /// Its versions, where they were asked for.
    versions: Option<Vec<Version>>,
}

#[async_trait]
impl Feed for SecretsFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let now = context.clock.now();
        let every = self.list_every(&context.shown).saturating_sub(EARLY);
        let listed = when(self.list.is_due(now, every, context.asked), list(context)).await;
        let mut brought = self.list.take(listed, |s| s.arn.to_string(), now);
        brought |= self.look_closely(context).await;
        let gaps = self.gaps(context, now);
        // What is remembered is no news: where the list fails and nothing else was read, that is the result.
        let lost = self.list.gap("secret", "secrets").filter(|_| !brought);
        if let Some(gap) = lost {
            return Err(gap.fault);
        }
        let data = Arc::new(self.facts(context));
        Ok(Snapshot { taken_at: now, data, gaps, slowed: context.gate.was_slowed() })
    }

    fn due(&self, shown: &[Text], _: &Facts, now: Timestamp) -> Option<Duration> {
        let left = |at: Timestamp, every: Duration| (at + every).since(now);
        let list = self.list.read_at().map(|at| left(at, self.list_every(shown)));
        // One off screen that was never looked at waits for its turn in a poll of the feed's own pace.
        let close = self.worth_a_look(shown, now).into_iter().filter(|(arn, _)| self.unread.fault(arn).is_none());
        let close = close.filter_map(|(arn, every)| match self.close.get(&arn) {
            Some(close) => Some(left(close.at, every)),
            None => (every == SHOWN_EVERY).then_some(Duration::ZERO),
        });
        list.into_iter().chain(close).min()
    }
}

impl SecretsFeed {
    /// How often the list is read, given the rows on screen.
    fn list_every(&self, shown: &[Text]) -> Duration {
        let is_shown = self.list.items().iter().any(|secret| shown.contains(&secret.arn));
        if is_shown { SHOWN_EVERY } else { LIST_EVERY }
    }

    /// ARNs of the secrets that are selected or in trouble, those on screen first, and how often each is worth a look.
    fn worth_a_look(&self, shown: &[Text], now: Timestamp) -> Vec<(String, Duration)> {
        let shown: HashMap<&Text, usize> = shown.iter().enumerate().map(|(at, arn)| (arn, at)).collect();
        let mut worth: Vec<(usize, &Text)> = Vec::new();
        for secret in self.list.items() {
            let at = shown.get(&secret.arn).copied().unwrap_or(usize::MAX);
            if at == 0 || in_trouble(self.newest(secret), now) {
                worth.push((at, &secret.arn));
            }
        }
        worth.sort_by_key(|(at, _)| *at);
        let every = |at| if at == usize::MAX { TROUBLE_EVERY } else { SHOWN_EVERY };
        worth.into_iter().map(|(at, arn)| (arn.to_string(), every(at))).collect()
    }

    /// Those of them whose turn it is: of those off screen the longest unread first, and no more than a poll asks for.
    fn turn(&self, context: &Context, now: Timestamp) -> Vec<String> {
        let looked_at = |arn: &String| self.close.get(arn).map(|close| close.at);
        let is_old = |(arn, every): &(String, Duration)| {
            context.asked || looked_at(arn).is_none_or(|at| now.since(at) + EARLY >= *every)
        };
        let mut wanted = self.worth_a_look(&context.shown, now);
        wanted.retain(is_old);
        wanted.sort_by_key(|(arn, every)| (*every, if *every == TROUBLE_EVERY { looked_at(arn) } else { None }));
        let wanted: Vec<String> = wanted.into_iter().map(|(arn, _)| arn).collect();
        let mut due = self.unread.due(&wanted, now, context.asked);
        due.truncate(AT_A_TIME);
        due
    }

    /// The list's word or that of a close look, whichever is to be believed.
    fn newest<'a>(&'a self, listed: &'a Secret) -> &'a Secret {
        let close = self.close.get(listed.arn.as_str()).map(|close| &close.secret);
        close.filter(|close| close.read_at + LIST_LAGS >= listed.read_at).unwrap_or(listed)
    }

    /// Describes what is worth it; whether it brought anything.
    async fn look_closely(&mut self, context: &Context) -> bool {
        let now = context.clock.now();
        let due = self.turn(context, now);
        let answers = join_all(due.iter().map(|arn| look(context, arn))).await;
        let (mut unread, mut brought) = (Vec::new(), false);
        for (arn, (secret, fault)) in due.iter().zip(answers) {
            unread.extend(fault.map(|fault| (arn.clone(), fault)));
            if let Some((secret, versions)) = secret {
                let secret = Secret { read_at: now, arn: Text::from(arn), ..secret };
                self.close.insert(arn.clone(), Close { at: now, secret, versions });
                brought = true;
            }
        }
        let known: Vec<String> = self.list.items().iter().map(|secret| secret.arn.to_string()).collect();
        self.unread.note(&known, &due, unread, context.clock.now());
        self.close.retain(|arn, close| known.contains(arn) && now.since(close.at) <= LIST_LAGS * 2);
        brought
    }

    fn gaps(&self, context: &Context, now: Timestamp) -> Vec<Gap> {
        let worth = self.worth_a_look(&context.shown, now);
        let lacks = |(arn, _): &&(String, Duration)| self.unread.fault(arn).is_some() || !self.close.contains_key(arn);
        let lacking: Vec<&String> = worth.iter().filter(lacks).map(|(arn, _)| arn).collect();
        let close = lacking.first().map(|_| {
            let fault = lacking.iter().find_map(|arn| self.unread.fault(arn)).cloned();
            let (read, known) = (worth.len() - lacking.len(), worth.len());
            let what = Text::from("secrets described that rotate, are overdue or selected");
            Gap { kind: "secret", what, read, known, fault: fault.unwrap_or_else(|| unfinished(DESCRIBE)) }
        });
        self.list.gap("secret", "secrets").into_iter().chain(close).collect()
    }

    fn facts(&self, context: &Context) -> SecretFacts {
        let mut secrets: Vec<Secret> = self.list.items().iter().map(|listed| self.newest(listed).clone()).collect();
        secrets.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.arn.cmp(&b.arn)));
        let versions = self.close.iter().filter_map(|(arn, close)| Some((Text::from(arn), close.versions.clone()?)));
        SecretFacts {
            secrets,
            policy: context.stack.secrets.clone(),
            versions: versions.collect::<BTreeMap<_, _>>(),
            read_at: self.list.read_at(),
        }
    }
}

/// Whether a rotation is under way or overdue: then five minutes are long.
fn in_trouble(secret: &Secret, now: Timestamp) -> bool {
    secret.deleted_at.is_none() && (secret.pending().is_some() || secret.rotates_at.is_some_and(|at| at < now))
}

async fn list(context: &Context) -> Listed<Secret> {
    let (gate, ports) = (&context.gate, &context.backend.secrets);
    let page =
        |token: Option<String>| async move { gate.read(&SECRETS, LIST, || ports.secrets(token.as_deref())).await };
    let mut listed = all_pages(LIST, |s: &Secret| format!("{} {}", s.arn, s.name), page).await;
    let at = context.clock.now();
    let all = listed.items.len();
    for secret in &mut listed.items {
        secret.read_at = at;
        // What has no ARN is found by its name.
        if secret.arn.is_empty() {
            secret.arn = secret.name.clone();
        }
        if secret.name.is_empty() {
            secret.name = secret.arn.clone();
        }
    }
    listed.items.retain(|secret| !secret.arn.is_empty());
    if listed.items.len() < all {
        let nameless = || Fault::new(FaultKind::Malformed, LIST, "a secret without a name");
        listed.fault = listed.fault.or_else(|| Some(nameless()));
    }
    listed
}

/// A close look: the secret, its versions where one is being made, and what went wrong.
async fn look(context: &Context, arn: &str) -> (Option<(Secret, Option<Vec<Version>>)>, Option<Fault>) {
    let (gate, ports) = (&context.gate, &context.backend.secrets);
    let secret = match gate.read(&SECRET, DESCRIBE, || ports.secret(arn)).await {
        Ok(secret) => secret,
        Err(fault) => return (None, Some(fault)),
    };
    if secret.pending().is_none() {
        return (Some((secret, None)), None);
    }
    let page = |token: Option<String>| async move {
        gate.read(&SECRET, VERSIONS, || ports.versions(arn, token.as_deref())).await
    };
    let listed = all_pages(VERSIONS, |v: &Version| v.id.to_string(), page).await;
    match listed.fault {
        None => (Some((secret, Some(listed.items))), None),
        fault => (Some((secret, None)), fault),
    }
}

#[cfg(test)]
mod tests;
