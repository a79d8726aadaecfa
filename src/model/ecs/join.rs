//! Who belongs to whom: the joins between clusters, services, tasks, instances and providers, made once per set of facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Cluster, EcsFacts, HostPorts, Instance, Provider, Scheduling, Service, Size, Task, fits};
use crate::model::facts::{Derived, Facts};
use crate::text::Text;

/// The joins of one stack's ECS facts. Rules and views take it by `facts.derived::<EcsIndex>()`.
#[derive(Debug, Default)]
pub struct EcsIndex {
    /// By the cluster's ARN.
    clusters: HashMap<Text, Joined>,
    providers: HashMap<Text, Arc<Provider>>,
    by_arn: HashMap<Text, Arc<Instance>>,
    by_ec2_id: HashMap<Text, Arc<Instance>>,
}

/// What belongs to one cluster.
#[derive(Debug, Default)]
struct Joined {
    cluster: Option<Arc<Cluster>>,
    services: HashMap<Text, Arc<Service>>,
    of_service: HashMap<Text, Vec<Arc<Task>>>,
    on_instance: HashMap<Text, Vec<Arc<Task>>>,
    instances: Vec<Arc<Instance>>,
    /// Zones of placeable instances, by provider.
    zones: HashMap<Option<Text>, Zones>,
    /// Zones of tasks that stand on no instance.
    serverless_zones: BTreeSet<Text>,
}

/// Zones of placeable instances; partial where an instance does not tell its status or its zone.
#[derive(Debug, Default)]
struct Zones {
    known: BTreeSet<Text>,
    partial: bool,
}

/// Where the running tasks of a service are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Running tasks by zone.
    pub zones: BTreeMap<Text, u32>,
    /// Running tasks whose zone is not known.
    pub unknown: u32,
}

impl Derived for EcsIndex {
    fn derive(facts: &Facts) -> Self {
        facts.get::<EcsFacts>().map(Self::of).unwrap_or_default()
    }
}

impl EcsIndex {
    /// Joins `facts`.
    #[must_use]
    pub fn of(facts: &EcsFacts) -> Self {
        let mut index = Self::default();
        for seen in &facts.clusters {
            index.joined(&seen.item.arn).cluster = Some(seen.item.clone());
        }
        for seen in &facts.services {
            index.joined(&seen.item.cluster_arn).services.insert(seen.item.name.clone(), seen.item.clone());
        }
        for seen in &facts.instances {
            index.add_instance(&seen.item);
        }
        for seen in &facts.tasks {
            index.add_task(&seen.item);
        }
        index.providers = facts.providers.iter().map(|seen| (seen.item.name.clone(), seen.item.clone())).collect();
        index
    }

    fn joined(&mut self, cluster_arn: &Text) -> &mut Joined {
        self.clusters.entry(cluster_arn.clone()).or_default()
    }

    fn add_instance(&mut self, instance: &Arc<Instance>) {
        self.by_arn.insert(instance.arn.clone(), instance.clone());
        if let Some(id) = &instance.ec2_id {
            self.by_ec2_id.insert(id.clone(), instance.clone());
        }
        let joined = self.joined(&instance.cluster_arn);
        joined.instances.push(instance.clone());
        let zones = joined.zones.entry(instance.provider.clone()).or_default();
        match (&instance.status, &instance.az) {
            (None, _) => zones.partial = true,
            (Some(_), None) => zones.partial |= instance.placeable(),
            (Some(_), Some(az)) if instance.placeable() => drop(zones.known.insert(az.clone())),
            (Some(_), Some(_)) => {}
        }
    }

    fn add_task(&mut self, task: &Arc<Task>) {
        let joined = self.joined(&task.cluster_arn);
        if let Some(service) = task.service() {
            joined.of_service.entry(Text::from(service)).or_default().push(task.clone());
        }
        match (&task.instance_arn, &task.az) {
            (Some(arn), _) => joined.on_instance.entry(arn.clone()).or_default().push(task.clone()),
            (None, Some(az)) => drop(joined.serverless_zones.insert(az.clone())),
            (None, None) => {}
        }
    }

    /// The cluster with this ARN.
    #[must_use]
    pub fn cluster(&self, arn: &str) -> Option<&Cluster> {
        self.clusters.get(arn)?.cluster.as_deref()
    }

    /// The service of this name in the cluster with this ARN.
    #[must_use]
    pub fn service(&self, cluster_arn: &str, name: &str) -> Option<&Service> {
        self.clusters.get(cluster_arn)?.services.get(name).map(Arc::as_ref)
    }

    /// The service a task belongs to.
    #[must_use]
    pub fn service_of(&self, task: &Task) -> Option<&Service> {
        self.service(&task.cluster_arn, task.service()?)
    }

    /// The services of the cluster with this ARN, in no order.
    pub fn services(&self, cluster_arn: &str) -> impl Iterator<Item = &Service> {
        self.clusters.get(cluster_arn).into_iter().flat_map(|c| c.services.values().map(Arc::as_ref))
    }

    /// The tasks of a service that have not stopped.
    #[must_use]
    pub fn tasks(&self, service: &Service) -> &[Arc<Task>] {
        self.clusters.get(&service.cluster_arn).and_then(|c| c.of_service.get(&service.name)).map_or(&[], Vec::as_slice)
    }

    /// The tasks on an instance.
    #[must_use]
    pub fn tasks_on(&self, instance: &Instance) -> &[Arc<Task>] {
        self.clusters
            .get(&instance.cluster_arn)
            .and_then(|c| c.on_instance.get(&instance.arn))
            .map_or(&[], Vec::as_slice)
    }

    /// The container instances of the cluster with this ARN.
    #[must_use]
    pub fn instances(&self, cluster_arn: &str) -> &[Arc<Instance>] {
        self.clusters.get(cluster_arn).map_or(&[], |c| c.instances.as_slice())
    }

    /// The instance a task stands on.
    #[must_use]
    pub fn instance_of(&self, task: &Task) -> Option<&Instance> {
        self.by_arn.get(task.instance_arn.as_ref()?).map(Arc::as_ref)
    }

    /// The container instance that is this EC2 instance.
    #[must_use]
    pub fn instance_by_ec2_id(&self, id: &str) -> Option<&Instance> {
        self.by_ec2_id.get(id).map(Arc::as_ref)
    }

    /// The capacity provider of this name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.get(name).map(Arc::as_ref)
    }

    /// Names of the providers that bring capacity for a service: its strategy's, or else its cluster's.
    #[must_use]
    pub fn providers_for<'a>(&'a self, service: &'a Service) -> &'a [Text] {
        if service.providers.is_empty() {
            self.cluster(&service.cluster_arn).map_or(&[], |c| c.providers.as_slice())
        } else {
            &service.providers
        }
    }

    /// Whether a service's tasks stand on container instances; `None` where its answer does not tell.
    #[must_use]
    pub fn on_instances(&self, service: &Service) -> Option<bool> {
        match service.launch_type.as_deref() {
            Some("FARGATE") => Some(false),
            Some(_) => Some(true),
            None if service.providers.is_empty() => None,
            None => Some(!service.providers.iter().all(|p| p.starts_with("FARGATE"))),
        }
    }

    /// The container instances a service may use, as far as its strategy says.
    pub fn pool(&self, service: &Service) -> impl Iterator<Item = &Instance> {
        self.instances(&service.cluster_arn).iter().map(Arc::as_ref).filter(move |i| {
            service.providers.is_empty() || i.provider.as_ref().is_some_and(|p| service.providers.contains(p))
        })
    }

    /// What one more task of a service reserves: the largest of what its tasks reserve now. `None` where there is no task, or
    /// one that does not tell.
    #[must_use]
    pub fn task_size(&self, service: &Service) -> Option<Size> {
        let larger = |a: Size, b: Size| Size { cpu: a.cpu.max(b.cpu), memory: a.memory.max(b.memory) };
        let size = self.tasks(service).iter().try_fold(Size::default(), |size, task| Some(larger(size, task.size?)))?;
        (size != Size::default()).then_some(size)
    }

    /// How many more tasks of a service fit now: an upper bound, for network interfaces and placement
    /// expressions are not visible in what an instance reports as remaining. `None` for daemons and on Fargate, and
    /// where the size of its tasks or what an instance has left is not known.
    #[must_use]
    pub fn headroom(&self, service: &Service) -> Option<u32> {
        if service.scheduling == Scheduling::Daemon || !self.on_instances(service)? {
            return None;
        }
        let size = self.task_size(service)?;
        if self.pool(service).any(|i| i.placeable() && i.remaining.is_none()) {
            return None;
        }
        let mut ports = HostPorts::default();
        self.tasks(service).iter().for_each(|task| ports.extend(&task.ports.fixed()));
        let is_distinct = service.is_distinct();
        // Where each instance takes one task of it, one that has one takes none.
        let taken =
            |instance: &Instance| self.tasks_on(instance).iter().any(|task| task.service() == Some(&*service.name));
        let room = |instance| match fits(size, &ports, instance) {
            _ if is_distinct && taken(instance) => 0,
            room if is_distinct => room.min(1),
            room => room,
        };
        Some(self.pool(service).filter(|i| i.placeable()).fold(0, |sum, i| sum.saturating_add(room(i))))
    }

    /// Where the running tasks of a service are.
    #[must_use]
    pub fn spread(&self, service: &Service) -> Spread {
        let mut spread = Spread::default();
        for task in self.tasks(service) {
            match (task.status.as_deref(), task.az.as_ref().or_else(|| self.instance_of(task)?.az.as_ref())) {
                (Some("RUNNING"), Some(az)) => *spread.zones.entry(az.clone()).or_default() += 1,
                (Some("RUNNING"), None) | (None, _) => spread.unknown += 1,
                (Some(_), _) => {}
            }
        }
        spread
    }

    /// Zones the next task of a service could go to: those of the placeable instances it may use, `None` where one of them
    /// does not tell. For a service without instances, the zones in which such tasks of its cluster stand.
    #[must_use]
    pub fn usable_zones(&self, service: &Service) -> Option<BTreeSet<Text>> {
        let cluster = self.clusters.get(&service.cluster_arn)?;
        if self.on_instances(service) == Some(false) {
            return Some(cluster.serverless_zones.clone());
        }
        let allowed = |p: &Option<Text>| {
            service.providers.is_empty() || p.as_ref().is_some_and(|name| service.providers.contains(name))
        };
        let mut zones = cluster.zones.iter().filter(|(provider, _)| allowed(provider)).map(|(_, zones)| zones);
        zones.try_fold(BTreeSet::new(), |mut all, zones| {
            all.extend(zones.known.iter().cloned());
            (!zones.partial).then_some(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ecs::Seen;
    use crate::time::Timestamp;

    fn seen<T>(item: T) -> Seen<T> {
        Seen { at: Timestamp::from_secs(0), item: Arc::new(item) }
    }

    fn instance(id: &str, az: &str, provider: &str, cpu: u32) -> Instance {
        Instance {
            arn: Text::from(format!("arn:instance/c/{id}")),
            cluster_arn: Text::from("arn:cluster/c"),
            ec2_id: Some(Text::from(id)),
            status: Some(Text::from("ACTIVE")),
            agent_connected: Some(true),
            az: Some(Text::from(az)),
            provider: Some(Text::from(provider)),
            remaining: Some(Size { cpu, memory: 8_192 }),
            ports: vec![22].into(),
            ..Instance::default()
        }
    }

    fn task(id: &str, instance: &str, ports: Vec<u16>) -> Task {
        Task {
            arn: Text::from(format!("arn:task/c/{id}")),
            cluster_arn: Text::from("arn:cluster/c"),
            group: Some(Text::from("service:web")),
            status: Some(Text::from("RUNNING")),
            instance_arn: Some(Text::from(format!("arn:instance/c/{instance}"))),
            size: Some(Size { cpu: 1_024, memory: 1_024 }),
            ports: ports.into(),
            ..Task::default()
        }
    }

    fn service(providers: &[&str]) -> Service {
        Service {
            name: Text::from("web"),
            cluster_arn: Text::from("arn:cluster/c"),
            providers: providers.iter().map(|p| Text::from(*p)).collect(),
            ..Service::default()
        }
    }

    fn index(ports: &[u16]) -> EcsIndex {
        EcsIndex::of(&EcsFacts {
            instances: vec![
                seen(instance("i-1", "a", "main", 2_048)),
                seen(instance("i-2", "b", "main", 4_096)),
                seen(instance("i-3", "c", "other", 4_096)),
            ],
            tasks: vec![seen(task("t1", "i-1", ports.to_vec())), seen(task("t2", "i-9", vec![]))],
            ..EcsFacts::default()
        })
    }

    #[test]
    fn headroom_uses_the_size_of_running_tasks_and_the_pool_of_the_strategy() {
        assert_eq!(index(&[]).headroom(&service(&["main"])), Some(2 + 4));
        assert_eq!(index(&[8_080]).headroom(&service(&["main"])), Some(2), "a fixed port fits once an instance");
        assert_eq!(index(&[49_200]).headroom(&service(&["main"])), Some(6), "a port handed out does not limit");
        let distinct = Service { constraints: vec![Text::from("distinctInstance")], ..service(&["main"]) };
        assert_eq!(index(&[]).headroom(&distinct), Some(1), "one an instance, and none where one is");
        assert_eq!(index(&[]).headroom(&service(&["FARGATE"])), None);
        assert_eq!(index(&[]).headroom(&service(&[])), None, "where its tasks run is not known");
        let other = Service { name: Text::from("none"), ..service(&["main"]) };
        assert_eq!(index(&[]).headroom(&other), None, "no task shows its size");
    }

    #[test]
    fn zones_come_from_the_task_or_its_instance() {
        let index = index(&[]);
        let spread = index.spread(&service(&["main"]));
        assert_eq!(spread.zones, BTreeMap::from([(Text::from("a"), 1)]));
        assert_eq!(spread.unknown, 1);
        let zones = index.usable_zones(&service(&["main"])).unwrap();
        assert_eq!(zones.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        let zoneless = Instance { az: None, ..instance("i-4", "", "main", 1) };
        let facts = EcsFacts { instances: vec![seen(zoneless)], ..EcsFacts::default() };
        assert_eq!(EcsIndex::of(&facts).usable_zones(&service(&["main"])), None);
    }
}
