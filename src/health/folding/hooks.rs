//! What problems hang on: things by which two of them are seen to belong together.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::health::placement::Placements;
use crate::health::stops::{Cause, explain};
use crate::model::alarm::{Alarm, AlarmFacts};
use crate::model::ecs::{EcsFacts, EcsIndex, Instance, Provider, Service, StoppedFacts, Task};
use crate::model::mongo::MongoFacts;
use crate::model::rds::RdsFacts;
use crate::model::scaling::{GroupFacts, ScalingFacts};
use crate::model::{Check, Facts};
use crate::text::Text;

/// What a problem hangs on.
pub(super) type Hooks = fn(&Look<'_>, &Check) -> Vec<String>;

/// The facts, with what is looked up in them more than once.
pub(super) struct Look<'a> {
    facts: &'a Facts,
    index: Arc<EcsIndex>,
    placements: Arc<Placements>,
    services: OnceCell<HashMap<Text, &'a Service>>,
    tasks: OnceCell<HashMap<&'a str, &'a Task>>,
    instances: OnceCell<HashMap<&'a str, &'a Instance>>,
    alarms: OnceCell<HashMap<&'a str, &'a Alarm>>,
    lost: OnceCell<BTreeSet<String>>,
}

impl<'a> Look<'a> {
    pub(super) fn at(facts: &'a Facts) -> Self {
        Self {
            facts,
            index: facts.derived(),
            placements: facts.derived(),
            services: OnceCell::new(),
            tasks: OnceCell::new(),
            instances: OnceCell::new(),
            alarms: OnceCell::new(),
            lost: OnceCell::new(),
        }
    }

    /// The facts.
    pub(super) const fn facts(&self) -> &'a Facts {
        self.facts
    }

    /// What of ECS belongs together.
    pub(super) fn index(&self) -> &EcsIndex {
        &self.index
    }

    fn ecs(&self) -> Option<&'a EcsFacts> {
        self.facts.get()
    }

    /// The service of this ARN, or of this name as `CLUSTER/SERVICE`.
    fn service(&self, id: &str) -> Option<&'a Service> {
        let known = self.services.get_or_init(|| {
            let all = self.ecs().map_or(&[][..], |ecs| &ecs.services).iter().map(|seen| seen.item.as_ref());
            all.flat_map(|service| [(service.arn.clone(), service), (service.label(), service)]).collect()
        });
        known.get(id).copied()
    }

    fn task(&self, arn: &str) -> Option<&'a Task> {
        let known = self.tasks.get_or_init(|| {
            let all = self.ecs().map_or(&[][..], |ecs| &ecs.tasks).iter().map(|seen| seen.item.as_ref());
            all.map(|task| (task.arn.as_str(), task)).collect()
        });
        known.get(arn).copied()
    }

    /// The container instance of this ARN or of this EC2 id.
    pub(super) fn instance(&self, id: &str) -> Option<&'a Instance> {
        let known = self.instances.get_or_init(|| {
            let all = self.ecs().map_or(&[][..], |ecs| &ecs.instances).iter().map(|seen| seen.item.as_ref());
            all.flat_map(|i| [Some((i.arn.as_str(), i)), i.ec2_id.as_deref().map(|id| (id, i))]).flatten().collect()
        });
        known.get(id).copied()
    }

    /// The alarm a check is about.
    pub(super) fn alarm(&self, check: &Check) -> Option<&'a Alarm> {
        let known = self.alarms.get_or_init(|| {
            let all = self.facts.get::<AlarmFacts>().map_or(&[][..], |known| &known.alarms);
            all.iter().map(|alarm| (alarm.arn.as_str(), alarm)).collect()
        });
        known.get(check.subject.id.as_str()).copied().filter(|_| check.subject.kind == "alarm")
    }

    /// The services that lost tasks together with their instances, as `CLUSTER/SERVICE`.
    pub(super) fn lost(&self) -> &BTreeSet<String> {
        self.lost.get_or_init(|| {
            let stopped = self.facts.get::<StoppedFacts>().map_or(&[][..], |stopped| &stopped.tasks);
            let gone = |task: &&Task| matches!(explain(task).cause, Cause::Spot | Cause::InstanceGone);
            stopped.iter().map(|seen| seen.item.as_ref()).filter(gone).filter_map(label).collect()
        })
    }

    /// The services a check is about: the one it names, that of its task, that of its scaling target, those its alarm drives or
    /// watches.
    pub(super) fn services_of(&self, check: &Check) -> Vec<&'a Service> {
        let id = check.subject.id.as_str();
        match check.subject.kind {
            "service" => self.service(id).into_iter().collect(),
            "task" => self.task(id).and_then(|task| self.service(&label(task)?)).into_iter().collect(),
            "scaling-target" => id.strip_prefix("service/").and_then(|label| self.service(label)).into_iter().collect(),
            "alarm" => {
                let policies = self.facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.policies);
                let driven = policies.iter().filter(|policy| policy.alarms.contains(&check.subject.name));
                let driven = driven.filter_map(|policy| self.service(policy.resource.strip_prefix("service/")?));
                let watched = self.alarm(check).map(|alarm| alarm.watched(self.facts)).unwrap_or_default();
                let watched = watched.iter().filter(|thing| thing.kind == "service");
                driven.chain(watched.filter_map(|thing| self.service(&thing.id))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The group a provider stands on.
    pub(super) fn group_of(&self, provider: &str) -> Option<String> {
        self.index.provider(provider).and_then(Provider::group_name).map(|name| name.to_string())
    }
}

/// The service of a task, as `CLUSTER/SERVICE`.
fn label(task: &Task) -> Option<String> {
    Some(format!("{}/{}", task.cluster(), task.service()?))
}

/// Itself.
pub(super) fn subject(_: &Look<'_>, check: &Check) -> Vec<String> {
    vec![format!("{} {}", check.subject.kind, check.subject.id)]
}

/// The stack.
pub(super) fn anywhere(_: &Look<'_>, _: &Check) -> Vec<String> {
    vec![String::new()]
}

/// Its service.
pub(super) fn services(look: &Look<'_>, check: &Check) -> Vec<String> {
    look.services_of(check).into_iter().map(|service| service.arn.to_string()).collect()
}

/// The services whose tasks are on its instance; of anything else its services.
pub(super) fn services_there(look: &Look<'_>, check: &Check) -> Vec<String> {
    let Some(instance) = look.instance(&check.subject.id) else { return services(look, check) };
    let tasks = look.index.tasks_on(instance).iter();
    let there: BTreeSet<String> = tasks.filter_map(|task| Some(look.service(&label(task)?)?.arn.to_string())).collect();
    there.into_iter().collect()
}

/// Its instance.
pub(super) fn instances(look: &Look<'_>, check: &Check) -> Vec<String> {
    look.instance(&check.subject.id).map(|instance| instance.arn.to_string()).into_iter().collect()
}

/// Its group, or the one its provider stands on.
pub(super) fn groups(look: &Look<'_>, check: &Check) -> Vec<String> {
    match check.subject.kind {
        "group" => vec![check.subject.name.to_string()],
        "provider" => look.group_of(&check.subject.name).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The groups that would have to bring room for its service, where the service waits for room; that of a task that waits for an
/// instance.
pub(super) fn groups_waited_for(look: &Look<'_>, check: &Check) -> Vec<String> {
    let waits = |service: &&Service| look.placements.of(service).is_some_and(|unplaced| unplaced.full.is_some());
    let waiting = look.services_of(check).into_iter().filter(waits).filter_map(|service| look.placements.of(service));
    let mut names: Vec<String> = waiting.flat_map(|u| u.groups.iter().map(|group| group.name.to_string())).collect();
    if check.subject.kind == "task" {
        let task = look.task(&check.subject.id).filter(|task| task.instance_arn.is_none());
        names.extend(task.and_then(|task| look.group_of(task.provider.as_deref()?)));
    }
    if check.subject.kind == "provider" {
        names.extend(groups(look, check));
    }
    names
}

/// The zone of a cluster's disconnected agents, if they are all in one and no agent there is connected: a zone that is lost takes
/// all of them, two of several may be off by chance.
pub(super) fn lost_zones(look: &Look<'_>, check: &Check) -> Vec<String> {
    if check.subject.kind != "cluster" {
        return Vec::new();
    }
    let all = look.index.instances(&check.subject.id).iter().map(AsRef::as_ref);
    let lost: Vec<&Instance> = all.filter(|instance| instance.agent_connected == Some(false)).collect();
    let answers = |zone: &Text| {
        let mut all = look.index.instances(&check.subject.id).iter();
        all.any(|instance| instance.agent_connected == Some(true) && instance.az.as_ref() == Some(zone))
    };
    let zone = crate::health::zone::only_zone(&lost).filter(|zone| !answers(zone));
    zone.map(|zone| zone.to_string()).into_iter().collect()
}

/// The zone it is in.
pub(super) fn zones(look: &Look<'_>, check: &Check) -> Vec<String> {
    let id = check.subject.id.as_str();
    let zone = match check.subject.kind {
        "task" => look.task(id).and_then(|task| task.az.clone()),
        "instance" => look.instance(id).and_then(|instance| instance.az.clone()),
        "member" => member_zone(look, id),
        "group" => return group_zones(look, &check.subject.name),
        _ => None,
    };
    zone.map(|zone| zone.to_string()).into_iter().collect()
}

fn member_zone(look: &Look<'_>, id: &str) -> Option<Text> {
    let (set, host) = id.split_once('/')?;
    let set = look.facts.get::<MongoFacts>()?.set(set)?;
    set.zone(set.member(host)?).cloned()
}

/// The zone of a group's instances that are not healthy, if they are all in one.
fn group_zones(look: &Look<'_>, name: &str) -> Vec<String> {
    let group = look.facts.get::<GroupFacts>().and_then(|groups| groups.group(name));
    let sick = group.into_iter().flat_map(|g| &g.instances).filter(|i| i.health.as_deref() != Some("Healthy"));
    let zones: BTreeSet<Option<&Text>> = sick.map(|instance| instance.az.as_ref()).collect();
    match zones.into_iter().collect::<Vec<_>>()[..] {
        [Some(zone)] => vec![zone.to_string()],
        _ => Vec::new(),
    }
}

/// Its replica set.
pub(super) fn sets(_: &Look<'_>, check: &Check) -> Vec<String> {
    match check.subject.kind {
        "replica-set" => vec![check.subject.id.to_string()],
        "member" => check.subject.id.split_once('/').map(|(set, _)| set.to_owned()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The database it is about: by its ARN that of its cluster, and of a proxy those behind it.
pub(super) fn databases(look: &Look<'_>, check: &Check) -> Vec<String> {
    databases_of(look, &check.subject.id)
}

/// The database with this ARN, or that of its cluster, and of a proxy those behind it.
pub(super) fn databases_of(look: &Look<'_>, arn: &str) -> Vec<String> {
    let Some(rds) = look.facts.get::<RdsFacts>() else { return Vec::new() };
    let of_cluster = |id: &Text| rds.cluster(id).map(|cluster| cluster.arn.to_string());
    if let Some(instance) = rds.instances.iter().find(|instance| instance.arn == *arn) {
        return vec![instance.cluster.as_ref().and_then(of_cluster).unwrap_or_else(|| arn.to_owned())];
    }
    let Some(proxy) = rds.proxies.iter().find(|proxy| proxy.arn == *arn) else { return vec![arn.to_owned()] };
    let targets = proxy.targets.iter().flat_map(|target| {
        let cluster = target.cluster.as_ref().and_then(of_cluster);
        let own = target.id.as_ref().and_then(|id| {
            let instance = rds.instance(id)?;
            instance.cluster.as_ref().and_then(of_cluster).or_else(|| Some(instance.arn.to_string()))
        });
        cluster.into_iter().chain(own)
    });
    targets.collect::<BTreeSet<String>>().into_iter().collect()
}
