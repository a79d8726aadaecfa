//! `cancel-rotation`: switches the automatic rotation of a secret off, where one is stuck.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::member::unread;
use super::plan::{Check, Level, State, Target, Tier};
use super::rotate::{self, deleted, replica, state};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::error::Error;
use crate::model::Fault;
use crate::model::secret::{Secret, Version};
use crate::text::{Text, shell_word};
use crate::time::{Timestamp, human};

use Level::{Block, Pass};

/// `cancel-rotation`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "cancel-rotation",
    title: "cancel a stuck rotation",
    doc: "Switches the automatic rotation of a secret off, where a rotation has been stuck for more than an hour. It stays off until \
          the secret is rotated again.",
    kind: "secret",
    also: &[],
    target: "SECRET",
    asks: None,
    opt_in: true,
    reads: &[],
    actions: &[Change::CANCEL_ROTATION],
    resource: "arn:aws:secretsmanager:REGION:ACCOUNT:secret:*",
    aim: rotate::aim,
    plan: boxed,
};

/// A rotation counts as stuck after this long.
const STUCK: Duration = Duration::from_hours(1);
/// How long it may take to be seen.
const PATIENCE: Duration = Duration::from_mins(2);

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (secret, identity) = rotate::find(bench, target).await?;
    let versions = bench.secret_versions(&secret.arn).await.map_err(|fault| unread(&fault))?;
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    Ok(Plan {
        action: &SPEC,
        target: Target { name: name.clone(), label: name.clone(), arn: arn.clone() },
        tier: Tier::NameAndAccount,
        checks: vec![
            deleted(&secret),
            replica(&secret, identity.region.as_deref()),
            enabled(&secret),
            owner(&secret),
            stuck(&secret, &versions, bench.clock.now()),
        ],
        radius: radius(&secret),
        undo: undo(bench, &secret, identity.region.as_deref()),
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        state: state(&secret),
        taken_at: secret.read_at,
        change: Change::CancelRotation { secret: arn.clone() },
        deed: Arc::new(Cancelled { secret: arn }),
    }
    .void_if(&["enabled", "owner"]))
}

fn radius(secret: &Secret) -> Vec<String> {
    let pending =
        secret.pending().map(|version| format!("AWSPENDING may stay on {version}; no password is changed by this"));
    std::iter::once("AUTOMATIC ROTATION IS SWITCHED OFF until the secret is rotated again".to_owned())
        .chain(pending)
        .collect()
}

/// While the label stays where it is, nothing can rotate.
fn undo(bench: &Bench, secret: &Secret, region: Option<&str>) -> String {
    let rotate = format!("rounds act rotate {}", shell_word(&secret.name));
    let Some(version) = secret.pending() else { return rotate };
    let words = ["secretsmanager", "update-secret-version-stage", "--secret-id", &secret.arn, "--version-stage"];
    let words = [&words[..], &[Secret::PENDING, "--remove-from-version-id", version.as_str()]].concat();
    let stack = crate::model::stack::Stack { role_arn: None, ..bench.stack.clone() };
    let role = bench.stack.role_arn.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    let call = stack.aws_call(region, &words).unwrap_or_default();
    format!("{rotate}; if AWSPENDING is still on {version}, take it off before{role}: {call}")
}

fn enabled(secret: &Secret) -> Check {
    let id = "enabled";
    match secret.rotation_enabled {
        Some(true) => Check::new(id, Pass, "its automatic rotation is on"),
        Some(false) => Check::new(id, Block, "its automatic rotation is off already"),
        None => Check::new(id, Block, "its automatic rotation is not known to be on"),
    }
}

fn owner(secret: &Secret) -> Check {
    match &secret.owner {
        Some(owner) => Check::new("owner", Block, format!("{owner} manages it, and its rotation: change it there")),
        None => Check::new("owner", Pass, "no service manages it"),
    }
}

/// Only what has been stuck for long is given up. A version that holds no value is not among the versions: it was made when the
/// secret was changed last, or before.
fn stuck(secret: &Secret, versions: &[Version], now: Timestamp) -> Check {
    let id = "stuck";
    let Some(version) = secret.pending() else {
        return Check::new(id, Block, "no rotation is under way: nothing is stuck");
    };
    let listed = versions.iter().find(|listed| listed.id == *version);
    let since = listed.map_or(secret.changed_at, |listed| listed.created_at);
    match since.map(|at| now.since(at)) {
        Some(age) if age > STUCK => {
            Check::new(id, Pass, format!("AWSPENDING has been on {version} for {}", human(age)))
        }
        Some(age) => {
            let what = format!(
                "AWSPENDING is on {version} for {} only, it may go on; stuck is more than {}",
                human(age),
                human(STUCK)
            );
            Check::new(id, Block, what)
        }
        None => Check::new(id, Block, format!("since when AWSPENDING is on {version} is not known")),
    }
}

/// The secret, by its ARN.
#[derive(Debug)]
struct Cancelled {
    secret: Text,
}

#[async_trait]
impl Deed for Cancelled {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(&bench.secret(&self.secret).await?))
    }

    async fn look(&self, bench: &Bench, _: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(look(&bench.secret(&self.secret).await?))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn look(secret: &Secret) -> Look {
    let pending =
        secret.pending().map_or("no version is pending".to_owned(), |version| format!("AWSPENDING is on {version}"));
    let (stage, text) = match secret.rotation_enabled {
        Some(false) => (Stage::Done, format!("its automatic rotation is off; {pending}")),
        None => (Stage::Unseen, format!("whether its automatic rotation is on is not told; {pending}")),
        Some(true) => (Stage::Unseen, format!("its automatic rotation is on; {pending}")),
    };
    Look { stage, text, state: state(secret) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_000_000)
    }

    fn secret(rotates: Option<bool>, pending: bool) -> Secret {
        let label = |id: &str, label: &str| (Text::from(id), vec![Text::from(label)]);
        let all = [label("v1", Secret::CURRENT)].into_iter().chain(pending.then(|| label("v2", Secret::PENDING)));
        Secret { name: "db".into(), rotation_enabled: rotates, versions: all.collect(), ..Secret::default() }
    }

    #[test]
    fn only_a_rotation_that_is_known_to_be_stuck_for_more_than_an_hour_is_given_up() {
        let made = |minutes| Version {
            id: "v2".into(),
            created_at: Some(now() - Duration::from_mins(minutes)),
            ..Version::default()
        };
        let untold = Version { created_at: None, ..made(0) };
        for (versions, level) in [
            (vec![made(61)], Pass),
            (vec![made(60)], Block),
            (vec![made(5)], Block),
            (vec![untold], Block),
            (Vec::new(), Block),
        ] {
            assert_eq!(stuck(&secret(Some(true), true), &versions, now()).level, level, "{versions:?}");
        }
        assert_eq!(stuck(&secret(Some(true), false), &[made(90)], now()).level, Block);
        // An empty version is not listed.
        for (minutes, level) in [(61, Pass), (30, Block)] {
            let changed_at = Some(now() - Duration::from_mins(minutes));
            let empty = Secret { changed_at, ..secret(Some(true), true) };
            assert_eq!(stuck(&empty, &[], now()).level, level, "{minutes}");
        }
    }

    #[test]
    fn what_is_off_not_known_to_be_on_or_managed_is_left_alone() {
        for (rotates, level) in [(Some(true), Pass), (Some(false), Block), (None, Block)] {
            assert_eq!(enabled(&secret(rotates, true)).level, level, "{rotates:?}");
        }
        let managed = Secret { owner: Some("rds".into()), ..Secret::default() };
        assert_eq!((owner(&managed).level, owner(&Secret::default()).level), (Block, Pass));
        for (rotates, stage) in [(Some(false), Stage::Done), (Some(true), Stage::Unseen), (None, Stage::Unseen)] {
            assert_eq!(look(&secret(rotates, true)).stage, stage, "{rotates:?}");
        }
        assert!(radius(&secret(None, true))[0].contains("SWITCHED OFF") && SPEC.opt_in);
    }
}
