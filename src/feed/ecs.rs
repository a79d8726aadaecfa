//! The ECS feed: clusters, services, running tasks, container instances and capacity providers of one stack.
//!
//! A list is read again once a minute, and at once when the counts that every poll brings say that it has changed, so a quiet
//! refresh costs the describe calls and nothing else.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::budget::{Bucket, ECS_CLUSTERS, ECS_PROVIDERS, ECS_RESOURCES, ECS_SERVICES};
use super::kept::{Describe, Kept, Part};
use super::pages::{Listed, all_pages};
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::{Listing, limits};
use crate::model::ecs::{Cluster, EcsFacts, Instance, Kind, Missing, Provider, Seen, Service, Task, tail};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;

/// `ecs`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "ecs",
    domain: "ecs",
    doc: "Clusters, services, running tasks, container instances and capacity providers",
    actions: &[
        "ecs:ListClusters",
        "ecs:DescribeClusters",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListContainerInstances",
        "ecs:DescribeContainerInstances",
        "ecs:DescribeCapacityProviders",
    ],
    after: None,
    interval: Duration::from_secs(2),
    deadline: Duration::from_mins(5),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(EcsFeed::new()),
};

struct EcsFeed {
    clusters: Kept<Cluster>,
    unwatched: AtomicUsize,
    providers: Kept<Provider>,
    inside: BTreeMap<String, Inside>,
}

/// What is remembered of the inside of one cluster.
struct Inside {
    services: Kept<Service>,
    tasks: Kept<Task>,
    instances: Kept<Instance>,
    stopped_under: Option<u64>,
}

impl Inside {
    fn new(cluster: &str) -> Self {
        let name = tail(cluster);
        Self {
            services: Kept::new(Kind::Service, format!("services of {name}")),
            tasks: Kept::new(Kind::Task, format!("tasks of {name}")),
            instances: Kept::new(Kind::Instance, format!("instances of {name}")),
            stopped_under: None,
        }
    }
}

impl EcsFeed {
    fn new() -> Self {
        Self {
            clusters: Kept::new(Kind::Cluster, "clusters"),
            unwatched: AtomicUsize::new(0),
            providers: Kept::new(Kind::Provider, "capacity providers"),
            inside: BTreeMap::new(),
        }
    }
}

#[async_trait]
impl Feed for EcsFeed {
    async fn poll(&mut self, context: &Context, _: &Facts) -> Result<Snapshot, Fault> {
        let clusters = self.clusters(context).await;
        let absent = || clusters.missing.iter().chain(&clusters.unread);
        if let (Some(gap), true, true) = (&clusters.gap, clusters.items.is_empty(), absent().next().is_none()) {
            return Err(gap.fault.clone());
        }
        let mut facts = Gathered::default();
        let arns: Vec<String> = clusters.items.iter().map(|c| c.item.arn.to_string()).collect();
        let arns: Vec<String> = arns.into_iter().chain(absent().map(|(arn, _)| arn.to_string())).collect();
        let counts: HashMap<String, Arc<Cluster>> =
            clusters.items.iter().map(|c| (c.item.arn.to_string(), Arc::clone(&c.item))).collect();
        self.inside.retain(|arn, _| arns.contains(arn));
        for arn in &arns {
            self.inside.entry(arn.clone()).or_insert_with(|| Inside::new(arn));
        }
        let sweeps = self.inside.iter_mut().map(|(arn, inside)| inside.sweep(context, arn, counts.get(arn)));
        let swept = join_all(sweeps).await;
        facts.ecs.clusters = facts.take(Kind::Cluster, None, clusters);
        facts.ecs.unwatched = self.unwatched.load(Ordering::Relaxed);
        for inside in swept {
            facts.add(inside);
        }
        if let Some(fault) = facts.nothing_read(arns.len()) {
            return Err(fault);
        }
        let names = provider_names(&facts.ecs);
        let providers = self.providers(context, names).await;
        facts.ecs.providers = facts.take(Kind::Provider, None, providers);
        Ok(facts.into_snapshot(context))
    }
}

impl EcsFeed {
    async fn clusters(&mut self, context: &Context) -> Part<Cluster> {
        let ecs = &context.backend.ecs;
        let describe = Describe {
            action: "ecs:DescribeClusters",
            size: limits::ECS_DESCRIBE,
            id: |c: &Cluster| &c.arn,
            call: |action, arns: Vec<String>| async move {
                context.gate.read(&ECS_CLUSTERS, action, || ecs.clusters(&arns)).await
            },
            clock: context.clock.as_ref(),
            progress: &context.progress,
            asked: context.asked,
        };
        let unwatched = &self.unwatched;
        let list = || async {
            let mut listed = list(context, &ECS_CLUSTERS, &Listing::Clusters).await;
            let all = listed.items.len();
            listed.items.retain(|arn| context.stack.watches(&tail(arn)));
            unwatched.store(all - listed.items.len(), Ordering::Relaxed);
            listed
        };
        self.clusters.sweep(0, list, describe).await
    }

    async fn providers(&mut self, context: &Context, names: Vec<String>) -> Part<Provider> {
        let ecs = &context.backend.ecs;
        let describe = Describe {
            action: "ecs:DescribeCapacityProviders",
            size: limits::ECS_DESCRIBE_PROVIDERS,
            id: |p: &Provider| &p.name,
            call: |action, names: Vec<String>| async move {
                context.gate.read(&ECS_PROVIDERS, action, || ecs.providers(&names)).await
            },
            clock: context.clock.as_ref(),
            progress: &context.progress,
            asked: context.asked,
        };
        let hint = fingerprint(&names);
        let list = || std::future::ready(Listed { items: names.clone(), fault: None });
        self.providers.sweep(hint, list, describe).await
    }
}

/// What one sweep over the inside of a cluster gives.
struct Swept {
    cluster: Text,
    services: Part<Service>,
    tasks: Part<Task>,
    instances: Part<Instance>,
}

impl Inside {
    async fn sweep(&mut self, context: &Context, arn: &str, counts: Option<&Arc<Cluster>>) -> Swept {
        let (services, instances) = futures_util::join!(
            services(&mut self.services, context, arn, counts.map_or(0, |c| u64::from(c.active_services))),
            instances(&mut self.instances, context, arn, counts.map_or(0, |c| u64::from(c.instances))),
        );
        let mut hint = task_hint(counts.map(AsRef::as_ref), &services.items);
        // A task that was listed as running and now reads as stopped means that the list is old.
        if self.stopped_under == Some(hint) {
            hint = hint.wrapping_add(1);
        }
        let mut tasks = tasks(&mut self.tasks, context, arn, hint).await;
        let listed = tasks.items.len();
        tasks.items.retain(|t| t.item.status.as_deref() != Some("STOPPED"));
        self.stopped_under = (tasks.items.len() < listed).then_some(hint);
        Swept { cluster: tail(arn), services, tasks, instances }
    }
}

async fn services(kept: &mut Kept<Service>, context: &Context, arn: &str, hint: u64) -> Part<Service> {
    let ecs = &context.backend.ecs;
    let describe = Describe {
        action: "ecs:DescribeServices",
        size: limits::ECS_DESCRIBE_SERVICES,
        id: |s: &Service| &s.arn,
        call: |action, ids: Vec<String>| async move {
            context.gate.read(&ECS_SERVICES, action, || ecs.services(arn, &ids)).await
        },
        clock: context.clock.as_ref(),
        progress: &context.progress,
        asked: context.asked,
    };
    let listing = Listing::Services(arn.to_owned());
    kept.sweep(hint, || list(context, &ECS_SERVICES, &listing), describe).await
}

async fn instances(kept: &mut Kept<Instance>, context: &Context, arn: &str, hint: u64) -> Part<Instance> {
    let ecs = &context.backend.ecs;
    let describe = Describe {
        action: "ecs:DescribeContainerInstances",
        size: limits::ECS_DESCRIBE,
        id: |i: &Instance| &i.arn,
        call: |action, ids: Vec<String>| async move {
            context.gate.read(&ECS_RESOURCES, action, || ecs.instances(arn, &ids)).await
        },
        clock: context.clock.as_ref(),
        progress: &context.progress,
        asked: context.asked,
    };
    let listing = Listing::Instances(arn.to_owned());
    kept.sweep(hint, || list(context, &ECS_RESOURCES, &listing), describe).await
}

async fn tasks(kept: &mut Kept<Task>, context: &Context, arn: &str, hint: u64) -> Part<Task> {
    let listing = Listing::Tasks(arn.to_owned());
    let describe = Describe {
        action: "ecs:DescribeTasks",
        size: limits::ECS_DESCRIBE,
        id: |t: &Task| &t.arn,
        call: |_, ids: Vec<String>| async move { describe_tasks(context, arn, &ids).await },
        clock: context.clock.as_ref(),
        progress: &context.progress,
        asked: context.asked,
    };
    kept.sweep(hint, || list(context, &ECS_RESOURCES, &listing), describe).await
}

/// Describes one batch of tasks through the gate.
pub(super) async fn describe_tasks(
    context: &Context,
    cluster: &str,
    ids: &[String],
) -> Result<crate::backend::ports::Described<Task>, Fault> {
    context.gate.read(&ECS_RESOURCES, "ecs:DescribeTasks", || context.backend.ecs.tasks(cluster, ids)).await
}

/// All pages of a list through the gate.
pub(super) async fn list(context: &Context, bucket: &'static Bucket, listing: &Listing) -> Listed<String> {
    let ecs = &context.backend.ecs;
    all_pages(listing.action(), String::clone, |token| async move {
        context.gate.read(bucket, listing.action(), || ecs.list(listing, token.as_deref())).await
    })
    .await
}

/// Changes whenever a task may have come or gone.
fn task_hint(cluster: Option<&Cluster>, services: &[Seen<Service>]) -> u64 {
    let counts = cluster.map(|c| (c.running_tasks, c.pending_tasks));
    let per_service: Vec<_> = services
        .iter()
        .map(|s| {
            let deployments: Vec<_> =
                s.item.deployments.iter().map(|d| (&d.id, d.running, d.pending, d.failed)).collect();
            (&s.item.arn, s.item.running, s.item.pending, deployments)
        })
        .collect();
    fingerprint(&(counts, per_service))
}

fn fingerprint(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Names of the providers that clusters and services use. AWS's own Fargate ones have nothing to describe.
fn provider_names(ecs: &EcsFacts) -> Vec<String> {
    let of_clusters = ecs.clusters.iter().flat_map(|c| &c.item.providers);
    let of_services = ecs.services.iter().flat_map(|s| &s.item.providers);
    let mut names: Vec<String> =
        of_clusters.chain(of_services).filter(|n| !n.starts_with("FARGATE")).map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

/// What a poll has gathered so far.
#[derive(Default)]
struct Gathered {
    ecs: EcsFacts,
    gaps: Vec<Gap>,
}

impl Gathered {
    fn take<T>(&mut self, kind: Kind, cluster: Option<&Text>, part: Part<T>) -> Vec<Seen<T>> {
        for (unread, things) in [(false, part.missing), (true, part.unread)] {
            let missing = |(arn, reason)| Missing { kind, cluster: cluster.cloned(), arn, reason, unread };
            self.ecs.missing.extend(things.into_iter().map(missing));
        }
        self.gaps.extend(part.gap);
        part.items
    }

    fn add(&mut self, swept: Swept) {
        let cluster = Some(&swept.cluster);
        let services = self.take(Kind::Service, cluster, swept.services);
        let tasks = self.take(Kind::Task, cluster, swept.tasks);
        let instances = self.take(Kind::Instance, cluster, swept.instances);
        self.ecs.services.extend(services);
        self.ecs.tasks.extend(tasks);
        self.ecs.instances.extend(instances);
    }

    /// Why not one thing of the clusters and of what is in them could be read, if so: what is remembered is no news then.
    fn nothing_read(&self, clusters: usize) -> Option<Fault> {
        let parts = 1 + 3 * clusters;
        let whole = self.gaps.len() == parts && self.gaps.iter().all(|gap| gap.read == 0);
        self.gaps.first().filter(|_| whole).map(|gap| gap.fault.clone())
    }

    fn into_snapshot(mut self, context: &Context) -> Snapshot {
        let ecs = &mut self.ecs;
        ecs.clusters.sort_by(|a, b| a.item.name.cmp(&b.item.name));
        ecs.services.sort_by(|a, b| (&a.item.cluster_arn, &a.item.name).cmp(&(&b.item.cluster_arn, &b.item.name)));
        ecs.tasks.sort_by(|a, b| {
            (&a.item.cluster_arn, &a.item.group, &a.item.arn).cmp(&(&b.item.cluster_arn, &b.item.group, &b.item.arn))
        });
        ecs.instances.sort_by(|a, b| {
            (&a.item.cluster_arn, &a.item.az, &a.item.arn).cmp(&(&b.item.cluster_arn, &b.item.az, &b.item.arn))
        });
        ecs.missing.sort();
        Snapshot {
            taken_at: context.clock.now(),
            data: Arc::new(self.ecs),
            gaps: self.gaps,
            slowed: context.gate.was_slowed(),
        }
    }
}
