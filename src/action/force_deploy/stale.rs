//! `force-deploy stale:SECRET`: the services whose running tasks hold a value of a secret of before its last rotation, as one plan
//! made of the plan of each.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::SPEC;
use crate::action::bench::Reading;
use crate::action::member::unread;
use crate::action::plan::{Check, Level, State, Target, Tier};
use crate::action::{Bench, Deed, Look, Plan, rotate};
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsFacts, Task};
use crate::model::secret::{Consumers, Holds, TaskDefinitionFacts};
use crate::model::{Fault, FaultKind};
use crate::text::{Text, shell_word};

/// What stands before the secret's name in such a target.
const STALE: &str = "stale:";

/// The target for the services that hold an old value of this secret.
#[must_use]
pub fn stale_of(secret: &str) -> Text {
    Text::from(format!("{STALE}{secret}"))
}

/// The secret of such a target.
pub(super) fn secret_of(target: &str) -> Option<&str> {
    target.strip_prefix(STALE)
}

/// Who holds an old value of a secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stale {
    /// Services, as they are written.
    pub services: BTreeSet<Text>,
    /// Tasks of no service that hold it.
    pub alone: usize,
    /// Tasks that may hold it: they started while it was rotated, or did not tell when.
    pub maybe: usize,
    /// Whether every task and task definition is known.
    pub is_complete: bool,
}

impl Stale {
    /// Who holds an old value of the secret with this ARN.
    pub fn of(reading: &Reading, arn: &str) -> Self {
        let facts = &reading.facts;
        let consumers = facts.derived::<Consumers>();
        let read = facts.get::<EcsFacts>().is_some() && facts.get::<TaskDefinitionFacts>().is_some();
        let mut stale = Self { is_complete: read && consumers.is_complete(), ..Self::default() };
        let Some(uses) = consumers.of(arn) else { return stale };
        for task in uses.holding(Holds::Previous) {
            match label(task) {
                Some(label) => drop(stale.services.insert(label)),
                None => stale.alone += 1,
            }
        }
        let of_them = |task: &Task| label(task).is_some_and(|label| stale.services.contains(&label));
        let maybe = uses.holding(Holds::Either).chain(uses.holding(Holds::Unknown));
        stale.maybe = maybe.filter(|task| !of_them(task)).count();
        stale
    }

    /// What is not among the services, in words.
    pub fn unsure(&self) -> Option<String> {
        let mut told = Vec::new();
        if self.alone > 0 {
            let tasks = count(self.alone, "task");
            told.push(format!("{tasks} of no service hold{} it until stopped", if self.alone == 1 { "s" } else { "" }));
        }
        if self.maybe > 0 {
            told.push(format!(
                "whether {} of other services or of none may hold it is not known",
                count(self.maybe, "task")
            ));
        }
        if !self.is_complete {
            told.push("not every task and task definition could be read, so there may be more".to_owned());
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

fn label(task: &Task) -> Option<Text> {
    Some(Text::from(format!("{}/{}", task.cluster(), task.service()?)))
}

pub(super) async fn plan(bench: &Bench, name: &str) -> Result<Plan, Error> {
    let (secret, identity) = rotate::find(bench, name).await?;
    let reading = bench.around(&secret).await.map_err(|fault| unread(&fault))?;
    let stale = Stale::of(&reading, &secret.arn);
    let (mut parts, mut left) = (Vec::new(), Vec::new());
    for label in &stale.services {
        match super::one(bench, label).await {
            Ok(plan) if plan.level() == Level::Block => {
                let why: Vec<&str> = plan.checks(Level::Block).map(|check| check.text.as_str()).collect();
                left.push(format!("{label}: {}", why.join("; ")));
            }
            Ok(plan) => parts.push(Arc::new(plan)),
            Err(error) => left.push(format!("{label} cannot be planned: {}", error.to_string().replace('\n', " "))),
        }
    }
    let unsure = stale.unsure();
    let Some(first) = parts.first().cloned() else {
        let told = left.into_iter().chain(unsure).chain(reading.gaps.iter().cloned()).collect::<Vec<_>>().join("; ");
        let what =
            if stale.services.is_empty() { "is known to hold" } else { "can be deployed anew of those that hold" };
        let what = format!("no service {what} an old value of {}", secret.name);
        // Only where all of them are known there is nothing to do.
        if told.is_empty() {
            let what = format!("there is nothing to do: no service holds an old value of {}", secret.name);
            return Err(Error::usage(what));
        }
        let error = if stale.services.is_empty() { Error::unavailable(what) } else { Error::usage(what) };
        return Err(error.hint(told));
    };
    let mut checks = Vec::new();
    checks.extend(left.into_iter().map(|why| Check::new("left-out", Level::Warn, format!("left out: {why}"))));
    checks.extend(unsure.map(|words| Check::new("unsure", Level::Warn, words)));
    if !reading.gaps.is_empty() {
        checks.push(Check::new("unread", Level::Warn, format!("not all could be read: {}", reading.gaps.join("; "))));
    }
    let each = |part: &Arc<Plan>| {
        let label = part.target.label.clone();
        let own =
            part.checks.iter().map(move |check| Check::new(check.id, check.level, format!("{label}: {}", check.text)));
        own.collect::<Vec<_>>()
    };
    checks.extend(parts.iter().flat_map(each));
    let labels: Vec<&str> = parts.iter().map(|part| part.target.label.as_str()).collect();
    let radius =
        parts.iter().flat_map(|part| part.radius.iter().map(move |words| format!("{}: {words}", part.target.label)));
    let undo = labels.iter().map(|label| format!("rounds act {} {} --plan", SPEC.id, shell_word(label)));
    Ok(Plan {
        action: &SPEC,
        target: Target { name: secret.name.clone(), label: stale_of(&secret.name), arn: secret.arn.clone() },
        tier: Tier::Name,
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        radius: std::iter::once(format!("one service after the other: {}", labels.join(", "))).chain(radius).collect(),
        undo: format!("of each by itself, as its own plan tells: {}", undo.collect::<Vec<_>>().join(", ")),
        state: State(vec![("services", Text::from(labels.join(", ")))]),
        taken_at: first.taken_at,
        change: first.change.clone(),
        checks,
        deed: Arc::new(Batch { parts }),
    })
}

/// Several plans, confirmed as one. Each is looked at as what it is.
#[derive(Debug)]
struct Batch {
    parts: Vec<Arc<Plan>>,
}

#[async_trait]
impl Deed for Batch {
    async fn state(&self, _: &Bench) -> Result<State, Fault> {
        Err(by_itself())
    }

    async fn look(&self, _: &Bench, _: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Err(by_itself())
    }

    fn parts(&self) -> &[Arc<Plan>] {
        &self.parts
    }
}

fn by_itself() -> Fault {
    Fault::new(FaultKind::Unsupported, SPEC.actions[0], "each service is looked at by itself")
}
