//! `aurora-failover`: makes a reader the writer of its Aurora or Multi-AZ DB cluster.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::checks::Ground;
use super::{Aim, LAST, Told, last_event, look, unread_check, unusable, usable};
use crate::action::plan::{Check, Level, State, Target, Tier};
use crate::action::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::model::rds::{ClusterMember, DbCluster, DbInstance, RdsFacts};
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass, Warn};

/// How long RDS may take until the new zone or writer is told everywhere (practice).
const PATIENCE: Duration = Duration::from_mins(15);

/// `aurora-failover`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "aurora-failover",
    title: "fail a database cluster over",
    doc: "Makes a reader the writer of its Aurora or Multi-AZ DB cluster. Connections to both are cut.",
    kind: "database",
    also: &[],
    target: "CLUSTER=MEMBER",
    asks: Some("new writer"),
    opt_in: true,
    reads: &[],
    actions: &[Change::FAIL_OVER_CLUSTER],
    resource: "arn:aws:rds:REGION:ACCOUNT:cluster:CLUSTER",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, arn: &str) -> Option<Text> {
    let rds = facts.get::<RdsFacts>()?;
    let cluster = rds.clusters.iter().find(|cluster| cluster.arn == *arn)?;
    best(rds, cluster).map(|member| label(&cluster.id, &member.instance))
}

fn label(cluster: &str, member: &str) -> Text {
    Text::from(format!("{cluster}={member}"))
}

/// The reader that is first in line: available, as large as the writer, of the lowest tier.
pub(super) fn best<'a>(rds: &RdsFacts, cluster: &'a DbCluster) -> Option<&'a ClusterMember> {
    let class = |id: &str| rds.instance(id).and_then(|instance| instance.class.clone());
    let writers = cluster.writer().and_then(|writer| class(writer));
    let rank = |member: &&ClusterMember| {
        let instance = rds.instance(&member.instance);
        let is_available = instance.is_some_and(|instance| instance.status.as_deref() == Some("available"));
        let is_as_large = class(&member.instance) == writers;
        (!is_available, !is_as_large, member.promotion_tier.unwrap_or(u32::MAX), member.instance.clone())
    };
    cluster.members.iter().filter(|member| member.is_writer == Some(false)).min_by_key(rank)
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (of, to) = target.rsplit_once('=').unwrap_or((target, ""));
    let aim = Aim::parse(of, "cluster", "a cluster", SPEC.target)?;
    let reading = aim.read(bench).await?;
    let rds = &reading.rds;
    let cluster = aim.among(&rds.clusters, &reading.gaps, "cluster", |c| (&c.id, &c.arn)).map_err(|error| {
        let of = rds.instance(aim.id).and_then(|instance| instance.cluster.as_ref());
        of.map(|of| error.clone().hint(format!("it is an instance of {of}: write {}", label(of, aim.id))))
            .unwrap_or(error)
    })?;
    if to.is_empty() {
        let error = Error::usage(format!("{} does not say which member is to write", quoted(target)));
        let so = best(rds, cluster).map_or(Text::from(SPEC.target), |member| label(&cluster.id, &member.instance));
        return Err(error.hint(format!("write it so: {so}")));
    }
    let Some(member) = cluster.members.iter().find(|member| member.instance == *to) else {
        let known: Vec<&str> = cluster.members.iter().map(|member| member.instance.as_str()).collect();
        let error = Error::absent(format!("there is no member {} in {}", quoted(to), cluster.id));
        return Err(Error { hint: suggestion(to, &known), ..error });
    };
    let ground = Ground {
        rds,
        id: &cluster.id,
        status: cluster.status.as_ref(),
        restorable_at: cluster.restorable_at,
        pending: &cluster.pending,
        now: reading.taken_at,
    };
    let scene = Scene { rds, cluster, member };
    let checks = scene.checks().into_iter().chain(ground.checks()).chain(unread_check(&reading.gaps));
    let undo = cluster.writer().map_or_else(
        || "the same with another member".to_owned(),
        |writer| {
            let back = label(&cluster.id, writer);
            format!("the same back, after 30 min: rounds act {} {}", SPEC.id, shell_word(&back))
        },
    );
    Ok(Plan {
        action: &SPEC,
        target: Target {
            name: cluster.id.clone(),
            label: label(&cluster.id, &member.instance),
            arn: cluster.arn.clone(),
        },
        tier: Tier::NameAndAccount,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: checks.collect(),
        radius: scene.radius(),
        undo,
        state: state(rds, Some(cluster)),
        taken_at: reading.taken_at,
        change: Change::FailOverCluster { cluster: cluster.id.clone(), to: member.instance.clone() },
        deed: Arc::new(FailedOver {
            id: cluster.id.clone(),
            arn: cluster.arn.clone(),
            to: member.instance.clone(),
            proxies: usable(rds, &cluster.id),
        }),
        identity: reading.identity,
    }
    .void_if(&["writer", "reader"]))
}

/// The cluster, and who is to write.
pub(super) struct Scene<'a> {
    pub rds: &'a RdsFacts,
    pub cluster: &'a DbCluster,
    pub member: &'a ClusterMember,
}

impl Scene<'_> {
    /// What is looked at of the two members.
    pub fn checks(&self) -> Vec<Check> {
        vec![self.writer(), self.reader(), self.class(), self.replica()]
    }

    fn writer(&self) -> Check {
        let id = "writer";
        match self.cluster.writer() {
            Some(writer) => Check::new(id, Pass, format!("{writer} writes now")),
            None => Check::new(id, Block, "which member writes now is not known"),
        }
    }

    fn instance(&self) -> Option<&DbInstance> {
        self.rds.instance(&self.member.instance)
    }

    fn reader(&self) -> Check {
        let (id, name) = ("reader", &self.member.instance);
        match self.member.is_writer {
            Some(true) => return Check::new(id, Block, format!("{name} writes already")),
            None => return Check::new(id, Block, format!("whether {name} is a reader is not known")),
            Some(false) => {}
        }
        match self.instance().and_then(|instance| instance.status.as_deref()) {
            Some("available") => {
                let tier = self.member.promotion_tier.map(|tier| format!(", of tier {tier}")).unwrap_or_default();
                Check::new(id, Pass, format!("{name} is an available reader{tier}"))
            }
            Some(other) => Check::new(id, Block, format!("{name} is {other}, not available")),
            None => Check::new(id, Block, format!("the status of {name} is not known")),
        }
    }

    fn class(&self) -> Check {
        let id = "class";
        let writer = self.cluster.writer().and_then(|writer| self.rds.instance(writer));
        let class = |instance: Option<&DbInstance>| instance.and_then(|instance| instance.class.clone());
        match (class(writer), class(self.instance())) {
            (Some(now), Some(then)) if now == then => Check::new(id, Pass, format!("both are {now}")),
            (Some(now), Some(then)) => Check::new(id, Warn, format!("the writer is {now}, the new one is {then}")),
            _ => Check::new(id, Warn, "whether it is as large as the writer is not known"),
        }
    }

    fn replica(&self) -> Check {
        let id = "replica";
        match &self.cluster.replica_of {
            Some(source) => Check::new(id, Warn, format!("the cluster is a replica of {source}: nothing writes to it")),
            None => Check::new(id, Pass, "the cluster is no replica of another"),
        }
    }

    fn radius(&self) -> Vec<String> {
        let (writer, to) = (self.cluster.writer().map_or("the writer", Text::as_str), &self.member.instance);
        let span = if self.cluster.is_aurora() {
            "within 60 s as a rule, longer where much has to be recovered"
        } else {
            "within 35 s as a rule (Multi-AZ DB cluster)"
        };
        vec![
            format!("cuts every connection to {writer} and {to}; transactions under way are lost"),
            format!("{to} writes {span}, and {writer} becomes a reader"),
            "the endpoint of the writer leads elsewhere by DNS; who keeps answers goes on to a reader, which refuses writes"
                .to_owned(),
        ]
    }
}

/// What the plan rests on.
fn state(rds: &RdsFacts, cluster: Option<&DbCluster>) -> State {
    let Some(cluster) = cluster else { return State(vec![("status", Text::from("gone"))]) };
    let last = last_event(rds, &cluster.id).map(|at| Text::from(at.rfc3339()));
    State(vec![
        ("status", cluster.status.clone().unwrap_or_default()),
        ("writer", cluster.writer().cloned().unwrap_or_default()),
        (LAST, last.unwrap_or_default()),
    ])
}

/// The cluster, who is to write, and what was known before.
#[derive(Debug)]
pub(super) struct FailedOver {
    pub id: Text,
    pub arn: Text,
    pub to: Text,
    /// Targets of proxies that could be used.
    pub proxies: Vec<(Text, Text)>,
}

#[async_trait]
impl Deed for FailedOver {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        let rds = look(bench).await?;
        Ok(state(&rds, self.cluster(&rds)))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(self.judge(&look(bench).await?, before))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

impl FailedOver {
    fn cluster<'a>(&self, rds: &'a RdsFacts) -> Option<&'a DbCluster> {
        rds.clusters.iter().find(|cluster| cluster.arn == self.arn)
    }

    /// How far it has come, by what was read.
    pub fn judge(&self, rds: &RdsFacts, before: &State) -> Look {
        let cluster = self.cluster(rds);
        let (stage, text) = match cluster {
            None => (Stage::Failed, "it is gone".to_owned()),
            Some(cluster) => self.stage(rds, cluster, before),
        };
        Look { stage, text, state: state(rds, cluster) }
    }

    fn stage(&self, rds: &RdsFacts, cluster: &DbCluster, before: &State) -> (Stage, String) {
        let told = Told::since(rds, &self.id, before);
        if let Some(event) = told.ended_badly {
            return (Stage::Failed, format!("it came to nothing: {}", event.message));
        }
        let writer = cluster.writer().map_or("nobody", Text::as_str);
        let status = cluster.status.as_deref().unwrap_or("in an unknown status");
        let has_moved = cluster.writer().is_some() && writer != before.get("writer");
        if !told.began && !told.completed && !has_moved && status == "available" {
            return (Stage::Unseen, format!("{writer} writes, no event tells of a failover"));
        }
        if told.completed && has_moved && *writer != *self.to {
            return (Stage::Failed, format!("{writer} writes now, not {}", self.to));
        }
        let mut lacks = Vec::new();
        if status != "available" {
            lacks.push(format!("it is {status}"));
        }
        if !told.completed {
            lacks.push("no event says that it is over".to_owned());
        }
        if *writer != *self.to {
            lacks.push(format!("{writer} writes"));
        }
        for member in [self.to.as_str(), before.get("writer")] {
            let found = rds.instance(member).and_then(|instance| instance.status.as_deref());
            if found != Some("available") {
                lacks.push(format!("{member} is {}", found.unwrap_or("not known")));
            }
        }
        lacks.extend(unusable(rds, &self.id, &self.proxies));
        if lacks.is_empty() {
            return (Stage::Done, format!("{writer} writes, {} did; all is available", before.get("writer")));
        }
        (Stage::Going, format!("fails over: {}", lacks.join("; ")))
    }
}
