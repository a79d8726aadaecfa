//! Amazon ECS of a simulated world, as strict as ECS is about pages, batches and names.

use async_trait::async_trait;

use super::Sim;
use super::actions::{cluster_not_found, refused};
use super::faults::Faults;
use super::paging::page;
use super::world::World;
use crate::backend::ports::{Described, Ecs, Listing, Page, limits};
use crate::model::Fault;
use crate::model::ecs::{Cluster, Instance, Provider, Service, Task};
use crate::text::Text;

/// The status of a cluster that was deleted: still described for a while, listed no more.
const INACTIVE: &str = "INACTIVE";

#[async_trait]
impl Ecs for Sim {
    async fn list(&self, what: &Listing, token: Option<&str>) -> Result<Page<String>, Fault> {
        let action = what.action();
        self.call(action, |world| {
            let (scope, keys) = world.listing(what)?;
            let page = page(&scope, keys, token, limits::ECS_PAGE)
                .map_err(|_| refused(action, "InvalidParameterException", "Invalid token."))?;
            let items = page.keys.iter().filter_map(|key| world.listed(what, *key)).collect();
            Ok(Page { items, next: page.next })
        })
        .await
    }

    async fn clusters(&self, arns: &[String]) -> Result<Described<Cluster>, Fault> {
        let action = "ecs:DescribeClusters";
        at_most(arns, limits::ECS_DESCRIBE, action, "Clusters")?;
        // Without names ECS takes the cluster called "default" to be meant.
        let default = ["default".to_owned()];
        let arns = if arns.is_empty() { &default } else { arns };
        self.call(action, |world| {
            Ok(self.describe(arns, |arn| {
                let found = world.cluster(arn).map(|c| world.cluster_facts(c));
                found.ok_or_else(|| missing(arn, || world.home.ecs(&format!("cluster/{arn}"))))
            }))
        })
        .await
    }

    async fn services(&self, cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        let action = "ecs:DescribeServices";
        some(arns, limits::ECS_DESCRIBE_SERVICES, action, "Services")?;
        self.call(action, |world| {
            let c = world.open_cluster(cluster, action)?;
            Ok(self.describe(arns, |arn| {
                let found = world.service(c, arn).map(|s| world.service_facts(s));
                found.ok_or_else(|| missing(arn, || world.arn_in(c, "service", arn)))
            }))
        })
        .await
    }

    async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Described<Task>, Fault> {
        let action = "ecs:DescribeTasks";
        some(arns, limits::ECS_DESCRIBE, action, "Tasks")?;
        self.call(action, |world| {
            let c = world.open_cluster(cluster, action)?;
            let by_id: std::collections::HashMap<&str, u64> =
                world.tasks.iter().filter(|(_, t)| t.cluster == c).map(|(key, t)| (t.id(), *key)).collect();
            Ok(self.describe(arns, |arn| {
                let key = by_id.get(arn.rsplit('/').next().unwrap_or(arn));
                let task = key.and_then(|key| world.tasks.get(key)).filter(|t| t.arn == *arn || !arn.contains('/'));
                let found = task.map(|t| world.task_facts(t));
                found.ok_or_else(|| missing(arn, || world.arn_in(c, "task", arn)))
            }))
        })
        .await
    }

    async fn instances(&self, cluster: &str, arns: &[String]) -> Result<Described<Instance>, Fault> {
        let action = "ecs:DescribeContainerInstances";
        some(arns, limits::ECS_DESCRIBE, action, "Container instances")?;
        self.call(action, |world| {
            let c = world.open_cluster(cluster, action)?;
            Ok(self.describe(arns, |arn| {
                let named = |known: &str| known == arn || known.rsplit('/').next() == Some(arn);
                let registered = |i: &super::entities::Instance| i.cluster == c && i.is_listed();
                let found = world.instances.iter().position(|i| registered(i) && named(&i.arn));
                let found = found.map(|i| world.instance_facts(i));
                found.ok_or_else(|| missing(arn, || world.arn_in(c, "container-instance", arn)))
            }))
        })
        .await
    }

    async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault> {
        let action = "ecs:DescribeCapacityProviders";
        at_most(names, limits::ECS_DESCRIBE, action, "Capacity providers")?;
        self.call(action, |world| {
            let all: Vec<String> = world.providers.iter().map(|p| p.spec.name.clone()).collect();
            let names = if names.is_empty() { &all } else { names };
            Ok(self.describe(names, |name| {
                let found = world.providers.iter().position(|p| p.spec.name == *name || p.arn == *name);
                let found = found.map(|p| world.provider_facts(p));
                found.ok_or_else(|| missing(name, || world.home.ecs(&format!("capacity-provider/{name}"))))
            }))
        })
        .await
    }
}

impl Sim {
    /// Describes each; what is hidden on purpose is missing as if it were not there.
    pub(super) fn describe<T>(&self, arns: &[String], find: impl Fn(&str) -> Result<T, (Text, Text)>) -> Described<T> {
        let faults: &Faults = self.faults();
        let mut described = Described { items: Vec::new(), failures: Vec::new() };
        for arn in arns {
            let hidden = faults.hides(arn).then(|| missing(arn, || arn.clone()));
            match hidden.map_or_else(|| find(arn), Err) {
                Ok(item) => described.items.push(item),
                Err(failure) => described.failures.push(failure),
            }
        }
        described
    }
}

impl World {
    /// The name of a list, for its tokens, and its keys in rising order.
    fn listing(&self, what: &Listing) -> Result<(String, Vec<u64>), Fault> {
        let open = |cluster: &str| self.open_cluster(cluster, what.action());
        Ok(match what {
            Listing::Clusters => ("clusters".to_owned(), keys(&self.clusters, |c| c.status != INACTIVE)),
            Listing::Services(cluster) => {
                let c = open(cluster)?;
                (format!("services {c}"), keys(&self.services, |s| s.cluster == c))
            }
            Listing::Instances(cluster) => {
                let c = open(cluster)?;
                (format!("instances {c}"), keys(&self.instances, |i| i.cluster == c && i.is_listed()))
            }
            Listing::Tasks(cluster) => (format!("tasks {}", open(cluster)?), self.task_keys(open(cluster)?, true)),
            Listing::TasksOn(cluster, instance) => {
                let c = open(cluster)?;
                let mut keys = self.task_keys(c, true);
                keys.retain(|key| self.tasks[key].instance.is_some_and(|i| self.instances[i].arn == *instance));
                (format!("tasks {c} {instance}"), keys)
            }
            Listing::StoppedTasks(cluster) => {
                (format!("stopped {}", open(cluster)?), self.task_keys(open(cluster)?, false))
            }
        })
    }

    /// Tasks by what ECS wants of them: those that stop are among the stopped ones already.
    fn task_keys(&self, cluster: usize, active: bool) -> Vec<u64> {
        let tasks = self.tasks.iter().filter(|(_, t)| t.cluster == cluster && t.active() == active);
        tasks.map(|(key, _)| *key).collect()
    }

    fn listed(&self, what: &Listing, key: u64) -> Option<String> {
        let at = usize::try_from(key).ok()?;
        match what {
            Listing::Clusters => self.clusters.get(at).map(|c| c.arn.clone()),
            Listing::Services(_) => self.services.get(at).map(|s| s.arn.clone()),
            Listing::Instances(_) => self.instances.get(at).map(|i| i.arn.clone()),
            Listing::Tasks(_) | Listing::TasksOn(..) | Listing::StoppedTasks(_) => {
                self.tasks.get(&key).map(|t| t.arn.clone())
            }
        }
    }

    pub(super) fn open_cluster(&self, cluster: &str, action: &'static str) -> Result<usize, Fault> {
        let found = self.cluster(cluster).filter(|c| self.clusters[*c].status != INACTIVE);
        found.ok_or_else(|| cluster_not_found(action))
    }

    pub(super) fn arn_in(&self, cluster: usize, kind: &str, id: &str) -> String {
        self.home.ecs(&format!("{kind}/{}/{id}", self.clusters[cluster].name))
    }
}

fn keys<T>(things: &[T], wanted: impl Fn(&T) -> bool) -> Vec<u64> {
    (0_u64..).zip(things).filter(|(_, thing)| wanted(thing)).map(|(key, _)| key).collect()
}

/// What ECS answers of something it does not know: the ARN, made up from the name where only that was given.
pub(super) fn missing(asked: &str, arn: impl FnOnce() -> String) -> (Text, Text) {
    let arn = if asked.starts_with("arn:") { asked.to_owned() } else { arn() };
    (Text::from(arn), Text::from("MISSING"))
}

pub(super) fn some(arns: &[String], most: usize, action: &'static str, what: &str) -> Result<(), Fault> {
    if arns.is_empty() {
        return Err(refused(action, "InvalidParameterException", &format!("{what} cannot be empty.")));
    }
    at_most(arns, most, action, what)
}

fn at_most(arns: &[String], most: usize, action: &'static str, what: &str) -> Result<(), Fault> {
    if arns.len() > most {
        return Err(refused(action, "InvalidParameterException", &format!("{what} cannot exceed {most} elements.")));
    }
    Ok(())
}
