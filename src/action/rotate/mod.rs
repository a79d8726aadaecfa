//! `rotate`: has a secret be rotated now, into a version whose id is made with the plan.

mod checks;
mod watch;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

pub(super) use checks::{deleted, replica};

use super::executor::random_id;
use super::member::{at_home, unread};
use super::plan::{State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Next, Plan, force_deploy};
use crate::backend::change::Change;
use crate::document::quoted;
use crate::error::Error;
use crate::model::identity::Identity;
use crate::model::secret::{Secret, SecretFacts};
use crate::model::{Facts, Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

/// `rotate`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "rotate",
    title: "rotate a secret now",
    doc: "Has Secrets Manager rotate a secret now, by the rotation it is configured for, and watches until the new version is in \
          use. It asks for no value and gives none.",
    kind: "secret",
    also: &[],
    target: "SECRET",
    asks: None,
    opt_in: false,
    reads: &[],
    actions: &[Change::ROTATE_SECRET],
    resource: "arn:aws:secretsmanager:REGION:ACCOUNT:secret:*",
    aim,
    plan: boxed,
};

/// When a rotation takes longer than it should (practice: less than one minute), …
const USUAL: Duration = Duration::from_mins(5);
/// … and when it counts as unfinished: a rotation function runs for 15 min at most (Lambda quotas).
const PATIENCE: Duration = Duration::from_mins(15);

/// The name of the secret with this ARN.
pub(super) fn aim(facts: &Facts, arn: &str) -> Option<Text> {
    let known = facts.get::<SecretFacts>()?;
    known.secrets.iter().find(|secret| secret.arn == *arn).map(|secret| secret.name.clone())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

/// The secret of this name or ARN as it is now, and who asks.
///
/// # Errors
/// It is not there, or not where the stack is, or cannot be read.
pub(super) async fn find(bench: &Bench, target: &str) -> Result<(Secret, Identity), Error> {
    let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
    let parts: Vec<&str> = target.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", _, "secretsmanager", region, account, "secret", _] => {
            at_home(bench, &identity, target, (region, account))?;
        }
        ["arn", ..] | [""] => {
            let error = Error::usage(format!("{} is not a secret", quoted(target)));
            return Err(error.hint("write its name or its ARN, as in the table"));
        }
        _ => {}
    }
    let secret = bench.secret(target).await.map_err(|fault| match fault.kind {
        FaultKind::Rejected if fault.code.as_deref() == Some("ResourceNotFoundException") => {
            let error = Error::absent(format!("there is no secret {}", quoted(target)));
            error.hint("check the name, the region and the account: rounds export secrets")
        }
        _ => unread(&fault),
    })?;
    Ok((secret, identity))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (secret, identity) = find(bench, target).await?;
    let reading = bench.around(&secret).await.map_err(|fault| unread(&fault))?;
    let (arn, name, token) = (secret.arn.clone(), secret.name.clone(), Text::from(random_id()));
    Ok(Plan {
        action: &SPEC,
        target: Target { name: name.clone(), label: name.clone(), arn: arn.clone() },
        tier: Tier::Name,
        checks: checks::checks(&secret, identity.region.as_deref(), &reading, bench.clock.now()),
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        radius: radius(&secret),
        undo: "none: moving the labels back does not bring back the password that the rotation has set; rotating again makes a new one"
            .to_owned(),
        state: state(&secret),
        taken_at: secret.read_at,
        change: Change::RotateSecret { secret: arn.clone(), token: token.clone() },
        deed: Arc::new(Rotated { secret: arn, name, token, is_stale: OnceLock::new() }),
    }
    .void_if(&["deleted", "replica", "configured"]))
}

fn radius(secret: &Secret) -> Vec<String> {
    let by = match (&secret.lambda, &secret.owner) {
        (Some(lambda), _) => lambda.rsplit(':').next().unwrap_or_default().to_owned(),
        (None, Some(owner)) => owner.to_string(),
        (None, None) => "its rotation".to_owned(),
    };
    vec![
        format!("{by} makes a new version, sets and tests it, and AWSCURRENT moves to it: mostly within a minute"),
        "the version of now becomes AWSPREVIOUS; tasks that run keep the old value until they are replaced".to_owned(),
        "the schedule stays as it is, and goes on from now".to_owned(),
    ]
}

/// What the plan rests on.
pub(super) fn state(secret: &Secret) -> State {
    let labelled = |label| secret.version(label).cloned().unwrap_or_default();
    let enabled = secret.rotation_enabled.map_or_else(Text::default, |on| Text::from(if on { "on" } else { "off" }));
    State(vec![
        (CURRENT, labelled(Secret::CURRENT)),
        (PENDING, labelled(Secret::PENDING)),
        ("automatic rotation", enabled),
        ("function", secret.lambda.clone().unwrap_or_default()),
        ("to be deleted", Text::from(secret.deleted_at.map(Timestamp::rfc3339).unwrap_or_default())),
    ])
}

/// Names of labels in the state.
const CURRENT: &str = Secret::CURRENT;
const PENDING: &str = Secret::PENDING;

/// The secret that is rotated, by its ARN and name, and the id of the version it is rotated into.
#[derive(Debug)]
struct Rotated {
    secret: Text,
    name: Text,
    token: Text,
    /// Whether services were found, once it was done, whose tasks hold the old value.
    is_stale: OnceLock<bool>,
}

#[async_trait]
impl Deed for Rotated {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(&bench.secret(&self.secret).await?))
    }

    async fn look(&self, bench: &Bench, before: &State, made: &mut Option<Text>) -> Result<Look, Fault> {
        let secret = bench.secret(&self.secret).await?;
        let wanted = made.get_or_insert_with(|| self.token.clone());
        let mut seen = watch::look(&secret, before, wanted);
        if seen.stage == super::Stage::Done {
            let (words, is_stale) = watch::left(bench, &secret).await;
            seen.text = format!("{}; {words}", seen.text);
            // It is looked at until it is done, and then no more.
            let _ = self.is_stale.set(is_stale);
        }
        Ok(seen)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn usual(&self) -> Duration {
        USUAL
    }

    fn next(&self) -> Option<Next> {
        self.is_stale.get().filter(|is_stale| **is_stale)?;
        let what = "replace the tasks that hold the old value";
        Some(Next { action: &force_deploy::SPEC, target: force_deploy::stale_of(&self.name), what })
    }
}

#[cfg(test)]
mod tests;
