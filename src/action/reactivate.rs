//! `reactivate`: has a container instance that was drained take tasks again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::drain;
use super::member::{INSTANCE, Member};
use super::plan::{Check, Level, State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::{Change, InstanceStatus};
use crate::error::Error;
use crate::model::ecs::Instance;
use crate::model::scaling::GroupFacts;
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass, Warn};

/// How long it is looked at (practice).
const PATIENCE: Duration = Duration::from_mins(2);

/// `reactivate`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "reactivate",
    title: "reactivate a container instance",
    doc: "Has a container instance that is being drained take tasks again. It is the undo of drain; tasks that have moved stay \
          where they are.",
    kind: "instance",
    also: &[],
    target: "CLUSTER/INSTANCE-ID",
    asks: None,
    opt_in: false,
    reads: &[],
    actions: &[Change::INSTANCE_STATE],
    resource: "arn:aws:ecs:REGION:ACCOUNT:container-instance/CLUSTER/*",
    aim,
    plan: boxed,
};

fn aim(facts: &Facts, arn: &str) -> Option<Text> {
    let instance = drain::instance(facts, arn)?;
    (instance.status.as_deref() == Some("DRAINING")).then(|| instance.label())
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let Member { item: instance, identity, reading, taken_at } = INSTANCE.find(bench, target).await?;
    let mut checks = vec![status(&instance), agent(&instance), group(&instance, reading.facts.get::<GroupFacts>())];
    if !reading.gaps.is_empty() {
        checks.push(Check::new("unread", Warn, format!("not all could be read: {}", reading.gaps.join("; "))));
    }
    let (cluster, arn) = (instance.cluster_arn.clone(), instance.arn.clone());
    Ok(Plan {
        action: &SPEC,
        target: Target {
            name: instance.ec2_id.clone().unwrap_or_else(|| instance.id()),
            label: instance.label(),
            arn: arn.clone(),
        },
        tier: Tier::Name,
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks,
        radius: vec!["takes tasks again; none is moved onto it by this".to_owned()],
        undo: format!("rounds act drain {}", shell_word(&instance.label())),
        state: state(Some(&instance)),
        taken_at,
        change: Change::InstanceState {
            cluster: cluster.clone(),
            instance: arn.clone(),
            status: InstanceStatus::Active,
        },
        deed: Arc::new(Reactivated { cluster, instance: arn }),
    }
    .void_if(&["status"]))
}

fn status(instance: &Instance) -> Check {
    let id = "status";
    match instance.status.as_deref() {
        Some("DRAINING") => Check::new(id, Pass, "it is DRAINING"),
        Some("ACTIVE") => Check::new(id, Block, "it is ACTIVE: there is nothing to undo"),
        Some(other) => Check::new(id, Block, format!("it is {other}, not DRAINING")),
        None => Check::new(id, Block, "its status is not known"),
    }
}

fn agent(instance: &Instance) -> Check {
    match instance.agent_connected {
        Some(false) => Check::new("agent", Warn, "its agent is not connected: it takes no task until it is"),
        Some(true) => Check::new("agent", Pass, "its agent is connected"),
        None => Check::new("agent", Pass, "ECS tells of no agent that is disconnected"),
    }
}

/// One that is on its way out would be given tasks that are killed with it.
fn group(instance: &Instance, groups: Option<&GroupFacts>) -> Check {
    let id = "group";
    let Some(known) = groups else {
        return Check::new(id, Warn, "whether its Auto Scaling group is ending it is not known");
    };
    let members = known.groups.iter().flat_map(|group| group.instances.iter().map(move |member| (group, member)));
    let ours = { members }.find(|(_, member)| instance.ec2_id.as_ref() == Some(&member.id));
    match ours.map(|(group, member)| (group, member.lifecycle.as_deref())) {
        Some((group, Some(state))) if state.starts_with("Terminat") => {
            Check::new(id, Block, format!("{} is ending it ({state})", group.name))
        }
        Some((group, Some(state))) => Check::new(id, Pass, format!("in {} it is {state}", group.name)),
        Some((group, None)) => Check::new(id, Warn, format!("its state in {} is not known", group.name)),
        None => Check::new(id, Pass, "no Auto Scaling group that was read has it"),
    }
}

/// Status and agent alone: tasks move while the plan is read, and none of them speaks against taking it back.
fn state(instance: Option<&Instance>) -> State {
    let State(mut known) = drain::state(instance);
    known.retain(|(name, _)| !name.ends_with("tasks"));
    State(known)
}

/// The instance, by its cluster's ARN and its own.
#[derive(Debug)]
struct Reactivated {
    cluster: Text,
    instance: Text,
}

#[async_trait]
impl Deed for Reactivated {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(bench.instance(&self.cluster, &self.instance).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(look(bench.instance(&self.cluster, &self.instance).await?.as_ref(), before))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn look(instance: Option<&Instance>, before: &State) -> Look {
    let (stage, text) = match instance.map(|instance| (instance.status.as_deref(), instance.agent_connected)) {
        None => (Stage::Failed, "it is gone from its cluster".to_owned()),
        Some((Some("ACTIVE"), Some(false))) => (Stage::Going, "it is ACTIVE, its agent is not connected".to_owned()),
        Some((Some("ACTIVE"), _)) => (Stage::Done, "it is ACTIVE and takes tasks".to_owned()),
        Some((Some(status), _)) if status == before.get("status") => (Stage::Unseen, format!("it is {status}")),
        Some((status, _)) => (Stage::Failed, format!("it is {} now", status.unwrap_or("in an unknown status"))),
    };
    Look { stage, text, state: state(instance) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scaling::{Group, GroupInstance};

    fn instance(status: &str, agent: Option<bool>) -> Instance {
        let ec2_id = Some(Text::from("i-1"));
        Instance { ec2_id, status: Some(Text::from(status)), agent_connected: agent, ..Instance::default() }
    }

    fn member_of(lifecycle: Option<&str>) -> GroupFacts {
        let member =
            GroupInstance { id: Text::from("i-1"), lifecycle: lifecycle.map(Text::from), ..GroupInstance::default() };
        let group = Group { name: Text::from("asg"), instances: vec![member], ..Group::default() };
        GroupFacts { groups: vec![group], ..GroupFacts::default() }
    }

    #[test]
    fn only_what_drains_and_stays_is_reactivated() {
        for (word, level) in [("DRAINING", Pass), ("ACTIVE", Block), ("REGISTERING", Block)] {
            assert_eq!(status(&instance(word, None)).level, level, "{word}");
        }
        assert_eq!(status(&Instance::default()).level, Block);
        assert_eq!((agent(&instance("", Some(false))).level, agent(&instance("", Some(true))).level), (Warn, Pass));
        for (lifecycle, level) in
            [(Some("InService"), Pass), (Some("Terminating:Wait"), Block), (Some("Terminated"), Block), (None, Warn)]
        {
            assert_eq!(group(&instance("", None), Some(&member_of(lifecycle))).level, level, "{lifecycle:?}");
        }
        assert_eq!(group(&instance("", None), None).level, Warn);
        assert_eq!(group(&instance("", None), Some(&GroupFacts::default())).level, Pass);
    }

    #[test]
    fn it_is_done_once_it_is_active_and_can_be_reached() {
        let before = state(Some(&instance("DRAINING", Some(true))));
        for (now, stage) in [
            (Some(instance("ACTIVE", Some(true))), Stage::Done),
            (Some(instance("ACTIVE", None)), Stage::Done),
            (Some(instance("ACTIVE", Some(false))), Stage::Going),
            (Some(instance("DRAINING", Some(true))), Stage::Unseen),
            (Some(instance("INACTIVE", Some(true))), Stage::Failed),
            (None, Stage::Failed),
        ] {
            let seen = look(now.as_ref(), &before);
            assert_eq!(seen.stage, stage, "{}", seen.text);
        }
    }
}
