//! A small world of our own behind the ports: enough of everything for several pages.

use std::sync::Arc;

use async_trait::async_trait;
use rounds::backend::change::NoChanges;
use rounds::backend::nothing::Nothing;
use rounds::backend::ports::{Backend, Described, Ecs, EcsPreflight, Groups, Listing, NoJournal, Page, Sts};
use rounds::model::Fault;
use rounds::model::ecs::{
    Breaker, Cluster, Container, Deployment, Event, Image, Instance, Protection, Provider, Revision, Rollout,
    Scheduling, Service, ServiceDeployment, Size, Task,
};
use rounds::model::identity::Identity;
use rounds::model::scaling::{Group, GroupInstance};
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::autoscaled::autoscaled;
use crate::databases::databases;
use crate::guarded::guarded;

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-west-1";
pub const START: Timestamp = Timestamp::from_millis(1_773_457_964_120);

/// Pages of the port itself; small, so that several have to be joined for one page of the wire.
const PORT_PAGE: usize = 40;

#[derive(Default)]
pub struct World {
    pub clusters: Vec<Cluster>,
    pub services: Vec<Service>,
    pub tasks: Vec<Task>,
    pub stopped: Vec<Task>,
    pub instances: Vec<Instance>,
    pub providers: Vec<Provider>,
    pub groups: Vec<Group>,
    pub protection: Vec<Protection>,
    pub revisions: Vec<Revision>,
}

pub fn text(value: impl Into<String>) -> Text {
    Text::from(value.into())
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
pub fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

pub fn arn(kind: &str, rest: &str) -> Text {
    text(format!("arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/{rest}"))
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
pub fn later(millis: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(START.millis() + millis))
}

/// 105 clusters, two of them in use: `ehr` on instances, `rx` on Fargate.
pub fn world() -> World {
    let mut world = World::default();
    let names = ["ehr".to_owned(), "rx".to_owned()].into_iter().chain((0..103).map(|n| format!("idle-{n:03}")));
    world.clusters.extend(names.map(|name| cluster(&name)));
    world.services.extend((0..37).map(|n| service("ehr", n)).chain((0..10).map(|n| service("rx", n))));
    world.tasks.extend((0..205).map(|n| task("ehr", n)).chain((0..100).map(|n| task("rx", n))));
    world.stopped.extend((300..323).map(|n| stopped("ehr", n)));
    world.instances.extend((0..112).map(|n| instance("ehr", n)));
    world.providers.extend((0..12).map(provider));
    world.providers.extend(["FARGATE", "FARGATE_SPOT"].map(|name| Provider {
        name: text(name),
        arn: Some(arn("capacity-provider", name)),
        status: some("ACTIVE"),
        ..Provider::default()
    }));
    world.groups.extend((0..61).map(group));
    world.protection.extend(world.tasks.iter().zip(0..).map(|(task, n)| protection(task, n)));
    world.revisions.extend((0..37).map(|n| revision("ehr", n)));
    world
}

fn cluster(name: &str) -> Cluster {
    let providers = match name {
        "ehr" => (0..12).map(|n| text(format!("cp-{n:02}"))).collect(),
        "rx" => vec![text("FARGATE")],
        _ => Vec::new(),
    };
    Cluster {
        arn: arn("cluster", name),
        name: text(name),
        status: some("ACTIVE"),
        attachments_status: some("UPDATE_COMPLETE"),
        running_tasks: 205,
        pending_tasks: 3,
        active_services: 37,
        instances: 112,
        providers,
    }
}

fn service(cluster: &str, n: u32) -> Service {
    let on_instances = cluster == "ehr";
    Service {
        arn: arn("service", &format!("{cluster}/svc-{n:02}")),
        name: text(format!("svc-{n:02}")),
        cluster_arn: arn("cluster", cluster),
        status: some("ACTIVE"),
        scheduling: if n % 10 == 9 { Scheduling::Daemon } else { Scheduling::Replica },
        controller: some("ECS"),
        launch_type: if on_instances { None } else { some("FARGATE") },
        providers: if on_instances { vec![text(format!("cp-{:02}", n % 12))] } else { Vec::new() },
        desired: n,
        running: n / 2,
        pending: n % 3,
        task_definition: Some(arn("task-definition", &format!("svc-{n:02}:{}", n + 1))),
        rollout: Rollout {
            minimum_percent: Some(50),
            maximum_percent: Some(200),
            strategy: some("ROLLING"),
            breaker: n.is_multiple_of(2).then_some(Breaker { enabled: true, rollback: n.is_multiple_of(4) }),
        },
        deployments: vec![Deployment {
            id: text(format!("ecs-svc/{n:019}")),
            status: some("PRIMARY"),
            rollout_state: some("IN_PROGRESS"),
            rollout_reason: some("ECS deployment in progress. <&\"'> ümläut ␛"),
            task_definition: Some(arn("task-definition", "d:1")),
            desired: n,
            pending: 1,
            running: 2,
            failed: 3,
            created_at: later(0),
            updated_at: later(1_234),
        }],
        revisions: vec![arn("service-revision", &format!("{cluster}/svc-{n:02}/{n:019}"))],
        events: (0..5)
            .map(|e| Event { id: text(format!("e-{n}-{e}")), at: later(-1_000 * e), message: text("steady \"state\"") })
            .collect(),
        target_groups: n % 3,
        constraints: match n % 3 {
            0 => vec![text("distinctInstance"), text("memberOf: attribute:ecs.os-type == linux")],
            _ => Vec::new(),
        },
        created_at: later(-86_400_000),
    }
}

fn task(cluster: &str, n: u32) -> Task {
    let on_instances = cluster == "ehr";
    Task {
        arn: arn("task", &format!("{cluster}/{n:032x}")),
        cluster_arn: arn("cluster", cluster),
        group: Some(text(format!("service:svc-{:02}", n % 10))),
        task_definition: Some(arn("task-definition", &format!("svc-{:02}:{n}", n % 10))),
        status: some("RUNNING"),
        desired_status: some("RUNNING"),
        health: some(["HEALTHY", "UNHEALTHY", "UNKNOWN"][n as usize % 3]),
        az: some("eu-west-1a"),
        instance_arn: on_instances.then(|| arn("container-instance", &format!("ehr/{:032x}", n % 7))),
        provider: if on_instances { None } else { some("FARGATE") },
        size: Some(Size { cpu: 256, memory: 512 + n }),
        ports: if on_instances { vec![8_080, 32_768] } else { Vec::new() }.into(),
        connectivity: some("CONNECTED"),
        connectivity_at: later(10),
        created_at: later(i64::from(n)),
        started_at: later(i64::from(n) + 77),
        containers: vec![Container {
            name: text("app"),
            status: some("RUNNING"),
            health: some("HEALTHY"),
            exit_code: None,
            reason: None,
            image: some("registry.example/app:1"),
            digest: some("sha256:0af"),
        }],
        ..Task::default()
    }
}

fn stopped(cluster: &str, n: u32) -> Task {
    let mut task = task(cluster, n);
    task.status = some("STOPPED");
    task.desired_status = some("STOPPED");
    task.stopped_at = later(99_999);
    task.stop_code = some("EssentialContainerExited");
    task.stopped_reason = some("Essential container in task exited");
    for container in &mut task.containers {
        container.exit_code = Some(137);
        container.reason = some("OutOfMemoryError: Container killed due to memory usage");
    }
    task
}

fn instance(cluster: &str, n: u32) -> Instance {
    Instance {
        arn: arn("container-instance", &format!("{cluster}/{n:032x}")),
        cluster_arn: arn("cluster", cluster),
        ec2_id: Some(text(format!("i-{n:017x}"))),
        status: some(if n.is_multiple_of(5) { "DRAINING" } else { "ACTIVE" }),
        status_reason: None,
        agent_connected: Some(!n.is_multiple_of(4)),
        agent_update: some("UPDATED"),
        agent_version: some("1.90.0"),
        az: some("eu-west-1b"),
        provider: some("cp-00"),
        remaining: Some(Size { cpu: 100 + n, memory: 2_000 }),
        total: Some(Size { cpu: 4_096, memory: 16_000 }),
        ports: vec![22, 2_375, 8_080].into(),
        running_tasks: n,
        pending_tasks: 1,
        health: some("OK"),
        registered_at: later(-5_000),
    }
}

fn protection(task: &Task, n: i64) -> Protection {
    let enabled = n % 3 == 0;
    let expires_at = if enabled { later(n * 60_000) } else { None };
    Protection { task: task.arn.clone(), enabled, expires_at }
}

fn revision(cluster: &str, n: u32) -> Revision {
    let image = |name: &str, digest| Image { container: text(name), name: some("registry.example:5000/app:1"), digest };
    Revision {
        arn: arn("service-revision", &format!("{cluster}/svc-{n:02}/{n:019}")),
        task_definition: Some(arn("task-definition", &format!("svc-{n:02}:{}", n + 1))),
        images: vec![image("app", some("sha256:0af")), image("log", None)],
        created_at: later(-1_000),
    }
}

fn provider(n: u32) -> Provider {
    let group = format!(
        "arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:{n:08}-0000-0000-0000-000000000000:\
         autoScalingGroupName/asg-{n:02}"
    );
    Provider {
        name: text(format!("cp-{n:02}")),
        arn: Some(arn("capacity-provider", &format!("cp-{n:02}"))),
        status: some("ACTIVE"),
        group_arn: Some(text(group)),
        managed_scaling: some("ENABLED"),
        target_capacity: Some(90),
        warmup: Some(300),
        termination_protection: some("DISABLED"),
        managed_draining: some("ENABLED"),
        update_status: some("UPDATE_FAILED"),
        update_reason: some("no such launch template"),
    }
}

fn group(n: u32) -> Group {
    let name = format!("asg-{n:02}");
    Group {
        arn: Some(text(format!(
            "arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:x:autoScalingGroupName/{name}"
        ))),
        name: text(name),
        minimum: Some(1),
        maximum: Some(20),
        desired: Some(n),
        zones: vec![text("eu-west-1a"), text("eu-west-1b")],
        instances: (0..n % 4)
            .map(|i| GroupInstance {
                id: text(format!("i-{n:08x}{i:08x}")),
                az: some("eu-west-1a"),
                lifecycle: some("Terminating:Wait"),
                health: some("Healthy"),
                protected: Some(i == 1),
            })
            .collect(),
        termination_policies: vec![text("OldestInstance"), text("Default")],
        suspended: vec![(text("AZRebalance"), some("User suspended at <now> & \"then\""))],
        protects_new_instances: Some(n.is_multiple_of(2)),
        managed_by_ecs: n % 2 == 1,
        created_at: later(0),
    }
}

/// One page of the port: tokens are offsets.
pub fn paged<T: Clone>(all: &[T], token: Option<&str>) -> Page<T> {
    let start: usize = token.map_or(0, |t| t.parse().unwrap());
    let end = (start + PORT_PAGE).min(all.len());
    Page { items: all[start..end].to_vec(), next: (end < all.len()).then(|| end.to_string()) }
}

fn described<T: Clone>(all: &[T], wanted: &[String], name: impl Fn(&T) -> &Text) -> Described<T> {
    let mut answer = Described { items: Vec::new(), failures: Vec::new() };
    for wanted in wanted {
        match all.iter().find(|item| *name(item) == wanted.as_str()) {
            Some(item) => answer.items.push(item.clone()),
            None => answer.failures.push((Text::from(wanted), Text::from("MISSING"))),
        }
    }
    answer
}

#[async_trait]
impl Ecs for World {
    async fn list(&self, what: &Listing, token: Option<&str>) -> Result<Page<String>, Fault> {
        let arns: Vec<String> = match what {
            Listing::Clusters => self.clusters.iter().map(|c| c.arn.to_string()).collect(),
            Listing::Services(cluster) => {
                self.services.iter().filter(|s| s.cluster_arn == cluster.as_str()).map(|s| s.arn.to_string()).collect()
            }
            Listing::Tasks(cluster) => {
                self.tasks.iter().filter(|t| t.cluster_arn == cluster.as_str()).map(|t| t.arn.to_string()).collect()
            }
            Listing::TasksOn(cluster, instance) => {
                let on = |t: &&Task| {
                    t.cluster_arn == cluster.as_str() && t.instance_arn.as_deref() == Some(instance.as_str())
                };
                self.tasks.iter().filter(on).map(|t| t.arn.to_string()).collect()
            }
            Listing::StoppedTasks(cluster) => {
                self.stopped.iter().filter(|t| t.cluster_arn == cluster.as_str()).map(|t| t.arn.to_string()).collect()
            }
            Listing::Instances(cluster) => {
                self.instances.iter().filter(|i| i.cluster_arn == cluster.as_str()).map(|i| i.arn.to_string()).collect()
            }
        };
        Ok(paged(&arns, token))
    }

    async fn clusters(&self, arns: &[String]) -> Result<Described<Cluster>, Fault> {
        Ok(described(&self.clusters, arns, |c| &c.arn))
    }

    async fn services(&self, _cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        Ok(described(&self.services, arns, |s| &s.arn))
    }

    async fn tasks(&self, _cluster: &str, arns: &[String]) -> Result<Described<Task>, Fault> {
        let all: Vec<Task> = self.tasks.iter().chain(&self.stopped).cloned().collect();
        Ok(described(&all, arns, |t| &t.arn))
    }

    async fn instances(&self, _cluster: &str, arns: &[String]) -> Result<Described<Instance>, Fault> {
        Ok(described(&self.instances, arns, |i| &i.arn))
    }

    async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault> {
        Ok(described(&self.providers, names, |p| &p.name))
    }
}

#[async_trait]
impl EcsPreflight for World {
    async fn protection(&self, _cluster: &str, tasks: &[String]) -> Result<Described<Protection>, Fault> {
        Ok(described(&self.protection, tasks, |p| &p.task))
    }

    async fn revisions(&self, arns: &[String]) -> Result<Described<Revision>, Fault> {
        Ok(described(&self.revisions, arns, |r| &r.arn))
    }

    async fn deployments(&self, _: &str, _: &str, _: bool) -> Result<Vec<ServiceDeployment>, Fault> {
        Ok(Vec::new())
    }

    async fn describe_deployments(&self, arns: &[String]) -> Result<Described<ServiceDeployment>, Fault> {
        let failures = arns.iter().map(|arn| (Text::from(arn), Text::from("MISSING"))).collect();
        Ok(Described { items: Vec::new(), failures })
    }
}

#[async_trait]
impl Groups for World {
    async fn groups(&self, names: &[String], token: Option<&str>) -> Result<Page<Group>, Fault> {
        let asked = |group: &&Group| names.is_empty() || names.iter().any(|name| group.name == name.as_str());
        let groups: Vec<Group> = self.groups.iter().filter(asked).cloned().collect();
        Ok(paged(&groups, token))
    }
}

#[async_trait]
impl Sts for World {
    async fn caller(&self) -> Result<Identity, Fault> {
        Ok(Identity {
            account: text(ACCOUNT),
            arn: text(format!("arn:aws:sts::{ACCOUNT}:assumed-role/SRE/ana")),
            user_id: text("AROAEXAMPLEEXAMPLE:ana"),
            region: some(REGION),
            expires_at: None,
            endpoint: None,
            skew_ms: None,
        })
    }
}

pub fn backend(world: World) -> Backend {
    let world = Arc::new(world);
    let (databases, autoscaled) = (Arc::new(databases()), Arc::new(autoscaled()));
    let guarded = Arc::new(guarded());
    Backend {
        ecs: world.clone(),
        ecs_preflight: world.clone(),
        changes: Arc::new(NoChanges),
        groups: world.clone(),
        group_activities: autoscaled.clone(),
        app_scaling: autoscaled.clone(),
        alarms: autoscaled,
        guardduty: guarded.clone(),
        secrets: guarded.clone(),
        task_definitions: guarded,
        rds: databases.clone(),
        proxies: databases.clone(),
        metrics: databases,
        mongo: Arc::new(Nothing),
        logs: Arc::new(Nothing),
        sts: world,
        journal: Arc::new(NoJournal),
    }
}
