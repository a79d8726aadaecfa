//! `db-failover`: reboots an instance with a standby so that the standby takes over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::checks::Ground;
use super::{Aim, LAST, Told, last_event, look, unread_check, unusable, usable};
use crate::action::plan::{Check, Level, State, Target, Tier};
use crate::action::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::error::Error;
use crate::model::rds::{DbInstance, RdsFacts};
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass};

/// How long RDS may take until the new zone or writer is told everywhere (practice).
const PATIENCE: Duration = Duration::from_mins(15);

/// `db-failover`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "db-failover",
    title: "fail a Multi-AZ instance over",
    doc: "Reboots an RDS instance with failover: its standby in another zone takes over. Every connection is cut.",
    kind: "database",
    also: &[],
    target: "INSTANCE",
    asks: None,
    opt_in: true,
    reads: &[],
    actions: &[Change::FAIL_OVER_INSTANCE],
    resource: "arn:aws:rds:REGION:ACCOUNT:db:INSTANCE",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, arn: &str) -> Option<Text> {
    let instance = facts.get::<RdsFacts>()?.instances.iter().find(|instance| instance.arn == *arn)?;
    (instance.cluster.is_none() && instance.multi_az == Some(true)).then(|| instance.id.clone())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let aim = Aim::parse(target, "db", "an instance", SPEC.target)?;
    let reading = aim.read(bench).await?;
    let instance =
        aim.among(&reading.rds.instances, &reading.gaps, "instance", |i| (&i.id, &i.arn)).map_err(|error| {
            let is_cluster = reading.rds.clusters.iter().any(|cluster| *cluster.id == *aim.id);
            let hint = format!("it is a cluster: rounds act aurora-failover {}=MEMBER", aim.id);
            if is_cluster { error.hint(hint) } else { error }
        })?;
    let ground = Ground {
        rds: &reading.rds,
        id: &instance.id,
        status: instance.status.as_ref(),
        restorable_at: instance.restorable_at,
        pending: &instance.pending,
        now: reading.taken_at,
    };
    let checks = std::iter::once(standby(instance)).chain(ground.checks()).chain(unread_check(&reading.gaps));
    Ok(Plan {
        action: &SPEC,
        target: Target { name: instance.id.clone(), label: instance.id.clone(), arn: instance.arn.clone() },
        tier: Tier::NameAndAccount,
        identity: reading.identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: checks.collect(),
        radius: radius(instance),
        undo: format!("the same again, after 30 min: rounds act {} {}", SPEC.id, shell_word(&instance.id)),
        state: state(&reading.rds, Some(instance)),
        taken_at: reading.taken_at,
        change: Change::FailOverInstance { instance: instance.id.clone() },
        deed: Arc::new(FailedOver {
            id: instance.id.clone(),
            arn: instance.arn.clone(),
            proxies: usable(&reading.rds, &instance.id),
        }),
    }
    .void_if(&["standby"]))
}

/// What there is to fail over to.
pub(super) fn standby(instance: &DbInstance) -> Check {
    let id = "standby";
    if let Some(cluster) = &instance.cluster {
        let told = format!("it is a member of the cluster {cluster}, which fails over as a whole: aurora-failover");
        return Check::new(id, Block, told);
    }
    match (instance.multi_az, &instance.standby_az) {
        (Some(true), Some(zone)) => Check::new(id, Pass, format!("its standby is in {zone}")),
        (Some(true), None) => Check::new(id, Level::Warn, "it has a standby, in which zone is not told"),
        (Some(false), _) => Check::new(id, Block, "it has no standby (MultiAZ is false)"),
        (None, _) => Check::new(id, Block, "whether it has a standby is not known"),
    }
}

fn radius(instance: &DbInstance) -> Vec<String> {
    let zone = |zone: &Option<Text>| zone.as_deref().unwrap_or("an unknown zone").to_owned();
    let (from, to) = (zone(&instance.az), zone(&instance.standby_az));
    vec![
        format!("cuts every connection to {} at once; transactions under way are lost: stop them first", instance.id),
        format!("the standby in {to} takes over from {from}, 60 to 120 s as a rule, longer after large transactions"),
        "clients that keep DNS answers go on to the old address".to_owned(),
    ]
}

/// What the plan rests on.
fn state(rds: &RdsFacts, instance: Option<&DbInstance>) -> State {
    let Some(instance) = instance else { return State(vec![("status", Text::from("gone"))]) };
    let last = last_event(rds, &instance.id).map(|at| Text::from(at.rfc3339()));
    State(vec![
        ("status", instance.status.clone().unwrap_or_default()),
        ("zone", instance.az.clone().unwrap_or_default()),
        ("zone of the standby", instance.standby_az.clone().unwrap_or_default()),
        (LAST, last.unwrap_or_default()),
    ])
}

/// The instance, and what was known before.
#[derive(Debug)]
pub(super) struct FailedOver {
    pub id: Text,
    pub arn: Text,
    /// Targets of proxies that could be used.
    pub proxies: Vec<(Text, Text)>,
}

#[async_trait]
impl Deed for FailedOver {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        let rds = look(bench).await?;
        Ok(state(&rds, self.instance(&rds)))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(self.judge(&look(bench).await?, before))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

impl FailedOver {
    fn instance<'a>(&self, rds: &'a RdsFacts) -> Option<&'a DbInstance> {
        rds.instances.iter().find(|instance| instance.arn == self.arn)
    }

    /// How far it has come, by what was read.
    pub fn judge(&self, rds: &RdsFacts, before: &State) -> Look {
        let instance = self.instance(rds);
        let (stage, text) = match instance {
            None => (Stage::Failed, "it is gone".to_owned()),
            Some(instance) => self.stage(rds, instance, before),
        };
        Look { stage, text, state: state(rds, instance) }
    }

    fn stage(&self, rds: &RdsFacts, instance: &DbInstance, before: &State) -> (Stage, String) {
        let told = Told::since(rds, &self.id, before);
        if let Some(event) = told.ended_badly {
            return (Stage::Failed, format!("RDS does not do it: {}", event.message));
        }
        let zone = instance.az.as_deref().unwrap_or("not known");
        let has_moved = instance.az.is_some() && zone != before.get("zone");
        let status = instance.status.as_deref().unwrap_or("in an unknown status");
        let is_available = status == "available";
        if !told.began && !told.completed && !has_moved && is_available {
            return (Stage::Unseen, format!("it is available in {zone}, no event tells of a failover"));
        }
        let mut lacks = Vec::new();
        if !is_available {
            lacks.push(format!("it is {status}"));
        }
        if !told.completed {
            lacks.push("no event says that it is over".to_owned());
        }
        if !has_moved {
            lacks.push(format!("its zone is still shown as {zone}"));
        }
        lacks.extend(unusable(rds, &self.id, &self.proxies));
        if lacks.is_empty() {
            return (
                Stage::Done,
                format!("it is available in {zone}, was in {}; its events tell both", before.get("zone")),
            );
        }
        (Stage::Going, format!("fails over: {}", lacks.join("; ")))
    }
}
