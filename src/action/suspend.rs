//! `suspend-scaling` and `resume-scaling`: has Application Auto Scaling leave alone how many tasks a service wants, or not.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::member::{Member, SERVICE};
use super::plan::{Check, Level, State, Target, Tier};
use super::scaled::{self, Scaled};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::Service;
use crate::model::scaling::Suspended;
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass, Warn};

/// How long it is looked at: the answer is of the moment, and reads follow within seconds (practice).
const PATIENCE: Duration = Duration::from_mins(1);

/// `suspend-scaling`.
pub const SUSPEND: ActionSpec = ActionSpec {
    id: "suspend-scaling",
    title: "suspend the scaling of a service",
    doc: "Has Application Auto Scaling neither add nor take away tasks of a service, by alarm or by schedule, until it is resumed.",
    kind: "service",
    also: scaled::ROWS,
    target: "CLUSTER/SERVICE",
    asks: None,
    opt_in: true,
    reads: &[],
    actions: &[Change::SUSPEND_SCALING],
    resource: "arn:aws:application-autoscaling:REGION:ACCOUNT:scalable-target/*",
    aim: |facts, arn| aim(facts, arn, true),
    plan: suspending,
};

/// `resume-scaling`.
pub const RESUME: ActionSpec = ActionSpec {
    id: "resume-scaling",
    title: "resume the scaling of a service",
    doc: "Has Application Auto Scaling set how many tasks a service wants again. It is the undo of suspend-scaling.",
    aim: |facts, arn| aim(facts, arn, false),
    plan: resuming,
    ..SUSPEND
};

/// A service whose scaling is not yet as it would be.
fn aim(facts: &Facts, id: &str, suspend: bool) -> Option<Text> {
    let service = scaled::of_row(facts, id)?;
    let target = Scaled::of(facts.get(), &scaled::resource(service)).target?;
    let off = target.suspended.map_or(0, |state| scaled::off(state).len());
    (if suspend { off < 3 } else { off > 0 }).then(|| service.label())
}

fn suspending<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target, true))
}

fn resuming<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target, false))
}

async fn plan(bench: &Bench, target: &str, suspend: bool) -> Result<Plan, Error> {
    let Member { item: service, identity, reading, taken_at } = SERVICE.find(bench, target).await?;
    let scaled = Scaled::read(bench, &service).await;
    let resource = scaled::resource(&service);
    let mut checks = checks(&scaled, suspend);
    let gaps: Vec<&str> = reading.gaps.iter().chain(&scaled.gaps).map(String::as_str).collect();
    if !gaps.is_empty() {
        checks.push(Check::new("unread", Warn, format!("not all could be read: {}", gaps.join("; "))));
    }
    let opposite = if suspend { &RESUME } else { &SUSPEND };
    Ok(Plan {
        action: if suspend { &SUSPEND } else { &RESUME },
        target: Target { name: service.name.clone(), label: service.label(), arn: service.arn.clone() },
        tier: Tier::Name,
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks,
        radius: radius(&service, &scaled, suspend),
        undo: format!("rounds act {} {}", opposite.id, shell_word(&service.label())),
        state: scaled::state(scaled.target.as_ref()),
        taken_at,
        change: Change::SuspendScaling { resource: resource.clone(), suspended: suspend },
        deed: Arc::new(Switched { resource, suspend }),
    }
    .void_if(&["target", "suspended"]))
}

fn checks(scaled: &Scaled, suspend: bool) -> Vec<Check> {
    let Some(target) = &scaled.target else {
        let why = if scaled.is_unknown() {
            "whether it has a scalable target could not be read"
        } else {
            "it has no scalable target: nothing scales it"
        };
        return vec![Check::new("target", Block, why)];
    };
    let number = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    let bounds = format!("it is scaled between {} and {} tasks", number(target.minimum), number(target.maximum));
    vec![Check::new("target", Pass, bounds), already(target.suspended, suspend), policies(scaled)]
}

/// What was suspended before by itself is told: the opposite would not give that back.
fn already(state: Option<Suspended>, suspend: bool) -> Check {
    let id = "suspended";
    let Some(state) = state else {
        return Check::new(id, Warn, "what of it is suspended is not known");
    };
    let off = scaled::off(state);
    match (off.len(), suspend) {
        (0, true) => Check::new(id, Pass, "nothing of it is suspended"),
        (0, false) => Check::new(id, Block, "nothing of it is suspended: there is nothing to resume"),
        (3, true) => Check::new(id, Block, "all of it is suspended already"),
        (3, false) => Check::new(id, Pass, "all of it is suspended"),
        (_, true) => {
            Check::new(id, Warn, format!("suspended already: {}; resuming would end that, too", off.join(", ")))
        }
        (_, false) => {
            Check::new(id, Warn, format!("suspended alone: {}; somebody may have meant it to stay", off.join(", ")))
        }
    }
}

fn policies(scaled: &Scaled) -> Check {
    let id = "policies";
    match scaled.policies.as_slice() {
        [] if !scaled.gaps.is_empty() => Check::new(id, Warn, "which policies scale it is not known"),
        [] => Check::new(id, Pass, "no policy scales it; scheduled actions are not read"),
        policies => Check::new(id, Pass, format!("scaled by {}", scaled::named(policies))),
    }
}

fn radius(service: &Service, scaled: &Scaled, suspend: bool) -> Vec<String> {
    let wants = count(service.desired, "task");
    if suspend {
        vec![
            format!("it stays at {wants}, whatever its load, until somebody resumes it"),
            "a problem says so for as long as it lasts (scaling-target-suspended)".to_owned(),
        ]
    } else {
        let within = scaled.target.as_ref().and_then(|target| target.minimum.zip(target.maximum));
        let within = within.map(|(least, most)| format!(", within {least} and {most}")).unwrap_or_default();
        vec![format!("alarms and schedules set how many tasks it wants again{within}; now it wants {wants}")]
    }
}

/// The target, and whether it is to be suspended.
#[derive(Debug)]
struct Switched {
    resource: Text,
    suspend: bool,
}

#[async_trait]
impl Deed for Switched {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        scaled::state_now(bench, &self.resource).await
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        let target = bench.scalable_target(&self.resource, Change::SERVICE_DIMENSION).await?;
        Ok(look(target.as_ref(), before, self.suspend))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn look(target: Option<&crate::model::scaling::Target>, before: &State, suspend: bool) -> Look {
    let now = scaled::state(target);
    let off = target.and_then(|target| target.suspended).map(|state| scaled::off(state).len());
    let (stage, text) = match (target, off) {
        (None, _) => (Stage::Failed, "its scalable target is gone".to_owned()),
        (Some(_), Some(3)) if suspend => (Stage::Done, "all of its scaling is suspended".to_owned()),
        (Some(_), Some(0) | None) if !suspend => (Stage::Done, "none of its scaling is suspended".to_owned()),
        _ if before.differences(&now).is_empty() => (Stage::Unseen, "it is scaled as before".to_owned()),
        _ => (Stage::Failed, format!("somebody else changed it: suspended is {}", now.get("suspended"))),
    };
    Look { stage, text, state: now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scaling::Target;

    fn target(off: [bool; 3]) -> Target {
        let [scaling_out, scaling_in, scheduled] = off;
        let suspended = Some(Suspended { scaling_out, scaling_in, scheduled });
        Target { minimum: Some(2), maximum: Some(8), suspended, ..Target::default() }
    }

    const NONE: [bool; 3] = [false; 3];
    const ALL: [bool; 3] = [true; 3];
    const SOME: [bool; 3] = [false, true, false];

    #[test]
    fn only_a_target_that_is_not_yet_so_is_switched() {
        let level = |off, suspend| already(Some(target(off).suspended.unwrap()), suspend).level;
        let all = [(NONE, true), (SOME, true), (ALL, true), (NONE, false), (SOME, false), (ALL, false)];
        assert_eq!(all.map(|(off, suspend)| level(off, suspend)), [Pass, Warn, Block, Block, Warn, Pass]);
        assert_eq!((already(None, true).level, already(None, false).level), (Warn, Warn));
        let unread = || vec!["denied".to_owned()];
        for (scaled, text) in [
            (Scaled::default(), "no scalable target"),
            (Scaled { gaps: unread(), ..Scaled::default() }, "could not be read"),
        ] {
            let told = checks(&scaled, true);
            assert!(told.len() == 1 && told[0].level == Block && told[0].text.contains(text), "{told:?}");
        }
        let known = Scaled { target: Some(target(NONE)), ..Scaled::default() };
        let levels = |scaled: &Scaled| checks(scaled, true).iter().map(|check| check.level).collect::<Vec<_>>();
        assert_eq!(levels(&known), [Pass, Pass, Pass]);
        assert_eq!(levels(&Scaled { gaps: unread(), ..known }), [Pass, Pass, Warn]);
    }

    #[test]
    fn it_is_done_once_all_three_are_as_asked() {
        let before = |off| scaled::state(Some(&target(off)));
        for (was, now, suspend, stage) in [
            (NONE, Some(ALL), true, Stage::Done),
            (NONE, Some(NONE), true, Stage::Unseen),
            (NONE, Some(SOME), true, Stage::Failed),
            (NONE, None, true, Stage::Failed),
            (ALL, Some(NONE), false, Stage::Done),
            (ALL, Some(ALL), false, Stage::Unseen),
            (ALL, Some(SOME), false, Stage::Failed),
        ] {
            let seen = look(now.map(target).as_ref(), &before(was), suspend);
            assert_eq!(seen.stage, stage, "{was:?} {now:?} {}", seen.text);
        }
    }
}
