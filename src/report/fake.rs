//! A small stack for tests, behind the ports: its answers are the facts it holds, and calls can be refused or hang.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::backend::change::NoChanges;
use crate::backend::nothing::Nothing;
use crate::backend::ports::{
    Backend, Described, Ecs, EcsPreflight, Groups, GuardDuty, Listing, Mongo, NoJournal, Page, Sts,
};
use crate::model::ecs::{
    Breaker, Cluster, Deployment, Instance, Protection, Provider, Revision, Rollout, Service, ServiceDeployment, Task,
};
use crate::model::finding::{Detector, Feature, Finding};
use crate::model::identity::Identity;
use crate::model::mongo::{Hello, MongoSet, Oplog, Role, ServerStatus, SetConfig, Status};
use crate::model::scaling::Group;
use crate::model::stack::Stack;
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::{Clock, ManualClock, Timestamp};

/// Longer than anything in this world takes.
pub(super) const MANY: Duration = Duration::from_mins(1);

const CLUSTER: &str = "arn:aws:ecs:us-east-1:123456789012:cluster/ehr";

/// What the clock of these tests shows.
pub(super) fn now() -> Timestamp {
    Timestamp::parse("2026-03-14T03:12:44.000Z").unwrap()
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(now()))
}

pub(super) fn stack(name: &str) -> Stack {
    Stack { name: Text::from(name), ..Stack::default() }
}

pub(super) fn denied(action: &'static str) -> Fault {
    Fault::new(FaultKind::Denied, action, "not authorised")
}

/// A service that is well.
pub(super) fn service(name: &str) -> Service {
    let began = now() - Duration::from_secs(3_600);
    let deployment = Deployment {
        id: Text::from("ecs-svc/1"),
        status: Some(Text::from("PRIMARY")),
        rollout_state: Some(Text::from("COMPLETED")),
        desired: 2,
        running: 2,
        created_at: Some(began),
        ..Deployment::default()
    };
    Service {
        arn: Text::from(format!("arn:aws:ecs:us-east-1:123456789012:service/ehr/{name}")),
        name: Text::from(name),
        cluster_arn: Text::from(CLUSTER),
        status: Some(Text::from("ACTIVE")),
        launch_type: Some(Text::from("FARGATE")),
        desired: 2,
        running: 2,
        rollout: Rollout {
            minimum_percent: Some(50),
            maximum_percent: Some(200),
            breaker: Some(Breaker { enabled: true, rollback: true }),
            ..Rollout::default()
        },
        deployments: vec![deployment],
        ..Service::default()
    }
}

/// A service of which no task runs: critical.
pub(super) fn down(name: &str) -> Service {
    Service { running: 0, ..service(name) }
}

/// A service whose bounds forbid both stopping and starting a task: a warning.
pub(super) fn stuck(name: &str) -> Service {
    let rollout = Rollout { minimum_percent: Some(100), maximum_percent: Some(100), ..service(name).rollout };
    Service { rollout, ..service(name) }
}

/// One stack.
pub(super) struct Fake {
    services: Vec<Service>,
    refused: HashSet<&'static str>,
    hangs: bool,
}

impl Fake {
    /// One cluster with these services.
    pub(super) fn with(services: impl Into<Vec<Service>>) -> Self {
        Self { services: services.into(), refused: HashSet::new(), hangs: false }
    }

    /// One cluster with three services that are well.
    pub(super) fn healthy() -> Self {
        Self::with(["api", "billing", "web"].map(service))
    }

    /// A stack that never answers.
    pub(super) fn hung() -> Self {
        Self { hangs: true, ..Self::healthy() }
    }

    /// The same stack to a caller that lacks this permission.
    pub(super) fn refusing(mut self, action: &'static str) -> Self {
        self.refused.insert(action);
        self
    }

    /// The same once more.
    pub(super) fn again(&self) -> Self {
        Self { services: self.services.clone(), refused: self.refused.clone(), hangs: self.hangs }
    }

    /// Its ports.
    pub(super) fn backend(self) -> Backend {
        let shared = Arc::new(self);
        Backend {
            ecs: shared.clone(),
            ecs_preflight: shared.clone(),
            changes: Arc::new(NoChanges),
            groups: shared.clone(),
            group_activities: Arc::new(Nothing),
            app_scaling: Arc::new(Nothing),
            alarms: Arc::new(Nothing),
            guardduty: shared.clone(),
            secrets: Arc::new(Nothing),
            task_definitions: Arc::new(Nothing),
            rds: Arc::new(Nothing),
            proxies: Arc::new(Nothing),
            metrics: Arc::new(Nothing),
            mongo: Arc::new(Nothing),
            logs: Arc::new(Nothing),
            sts: shared,
            journal: Arc::new(NoJournal),
        }
    }

    async fn pass(&self, action: &'static str) -> Result<(), Fault> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.refused.contains(action) { Err(denied(action)) } else { Ok(()) }
    }
}

fn found<T>(items: Vec<T>) -> Described<T> {
    Described { items, failures: Vec::new() }
}

#[async_trait]
impl Ecs for Fake {
    async fn list(&self, what: &Listing, _: Option<&str>) -> Result<Page<String>, Fault> {
        self.pass(what.action()).await?;
        let items = match what {
            Listing::Clusters => vec![CLUSTER.to_owned()],
            Listing::Services(_) => self.services.iter().map(|service| service.arn.to_string()).collect(),
            _ => Vec::new(),
        };
        Ok(Page { items, next: None })
    }

    async fn clusters(&self, _: &[String]) -> Result<Described<Cluster>, Fault> {
        self.pass("ecs:DescribeClusters").await?;
        let (arn, name, status) = (Text::from(CLUSTER), Text::from("ehr"), Some(Text::from("ACTIVE")));
        Ok(found(vec![Cluster { arn, name, status, ..Cluster::default() }]))
    }

    async fn services(&self, _: &str, arns: &[String]) -> Result<Described<Service>, Fault> {
        self.pass("ecs:DescribeServices").await?;
        Ok(found(self.services.iter().filter(|s| arns.iter().any(|arn| s.arn == **arn)).cloned().collect()))
    }

    async fn tasks(&self, _: &str, _: &[String]) -> Result<Described<Task>, Fault> {
        self.pass("ecs:DescribeTasks").await?;
        Ok(found(Vec::new()))
    }

    async fn instances(&self, _: &str, _: &[String]) -> Result<Described<Instance>, Fault> {
        self.pass("ecs:DescribeContainerInstances").await?;
        Ok(found(Vec::new()))
    }

    async fn providers(&self, _: &[String]) -> Result<Described<Provider>, Fault> {
        self.pass("ecs:DescribeCapacityProviders").await?;
        Ok(found(Vec::new()))
    }
}

#[async_trait]
impl EcsPreflight for Fake {
    async fn protection(&self, _: &str, _: &[String]) -> Result<Described<Protection>, Fault> {
        self.pass("ecs:GetTaskProtection").await?;
        Ok(found(Vec::new()))
    }

    async fn revisions(&self, _: &[String]) -> Result<Described<Revision>, Fault> {
        self.pass("ecs:DescribeServiceRevisions").await?;
        Ok(found(Vec::new()))
    }

    async fn deployments(&self, _: &str, _: &str, _: bool) -> Result<Vec<ServiceDeployment>, Fault> {
        self.pass("ecs:ListServiceDeployments").await?;
        Ok(Vec::new())
    }

    async fn describe_deployments(&self, _: &[String]) -> Result<Described<ServiceDeployment>, Fault> {
        self.pass("ecs:DescribeServiceDeployments").await?;
        Ok(found(Vec::new()))
    }
}

#[async_trait]
impl Groups for Fake {
    async fn groups(&self, _: &[String], _: Option<&str>) -> Result<Page<Group>, Fault> {
        self.pass("autoscaling:DescribeAutoScalingGroups").await?;
        Ok(Page { items: Vec::new(), next: None })
    }
}

/// It watches everything and has found nothing.
#[async_trait]
impl GuardDuty for Fake {
    async fn detectors(&self, _: Option<&str>) -> Result<Page<String>, Fault> {
        self.pass("guardduty:ListDetectors").await?;
        Ok(Page { items: vec!["d".to_owned()], next: None })
    }

    async fn detector(&self, _: &str) -> Result<Detector, Fault> {
        self.pass("guardduty:GetDetector").await?;
        let names = [
            "CLOUD_TRAIL",
            "DNS_LOGS",
            "FLOW_LOGS",
            "S3_DATA_EVENTS",
            "RDS_LOGIN_EVENTS",
            "RUNTIME_MONITORING",
            "EBS_MALWARE_PROTECTION",
            "LAMBDA_NETWORK_LOGS",
        ];
        let feature = |name: &str| Feature { name: Text::from(name), status: Some(Text::from("ENABLED")) };
        Ok(Detector {
            status: Some(Text::from("ENABLED")),
            frequency: Some(Text::from("ONE_HOUR")),
            features: names.map(feature).to_vec(),
            ..Detector::default()
        })
    }

    async fn administrator(&self, _: &str) -> Result<Option<Text>, Fault> {
        self.pass("guardduty:GetAdministratorAccount").await?;
        Ok(None)
    }

    async fn finding_ids(&self, _: &str, _: bool, _: Option<&str>) -> Result<Page<String>, Fault> {
        self.pass("guardduty:ListFindings").await?;
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn findings(&self, _: &str, _: &[String]) -> Result<Vec<Finding>, Fault> {
        self.pass("guardduty:GetFindings").await?;
        Ok(Vec::new())
    }
}

#[async_trait]
impl Sts for Fake {
    async fn caller(&self) -> Result<Identity, Fault> {
        self.pass("sts:GetCallerIdentity").await?;
        Ok(Identity {
            account: Text::from("123456789012"),
            arn: Text::from("arn:aws:sts::123456789012:assumed-role/SRE/ana"),
            user_id: Text::from("AROA:ana"),
            region: Some(Text::from("us-east-1")),
            expires_at: None,
            endpoint: None,
            skew_ms: None,
        })
    }
}

/// Replica sets with these names.
pub(super) fn sets(names: &[&str]) -> Vec<MongoSet> {
    names.iter().map(|name| MongoSet { name: Text::from(*name), ..MongoSet::default() }).collect()
}

/// The one member of a replica set. It answers anybody, but tells of the set only who has the role; or it does not answer. One
/// of a set named `silent` never does, and the name of one named `nowhere` leads to no host.
pub(super) struct Member {
    pub(super) is_silent: bool,
}

fn unprivileged<T>(action: &'static str) -> Result<T, Fault> {
    let fault = Fault::new(FaultKind::Denied, action, "not authorized");
    Err(Fault { remedy: Some(Text::from("grant the role clusterMonitor")), ..fault })
}

#[async_trait]
impl Mongo for Member {
    async fn seeds(&self, set: &str) -> Result<Vec<String>, Fault> {
        if set == "nowhere" {
            let fault =
                Fault::new(FaultKind::Unreachable, "srv lookup", "there is no SRV record _mongodb._tcp.nowhere");
            return Err(Fault { remedy: Some(Text::from("check the name in uri")), ..fault });
        }
        Ok(vec![format!("{set}-0:27017")])
    }
    async fn hello(&self, set: &str, host: &str) -> Result<Hello, Fault> {
        if self.is_silent || set == "silent" {
            return Err(Fault::new(FaultKind::Unreachable, "hello", "connection refused"));
        }
        Ok(Hello { me: Some(Text::from(host)), hosts: vec![Text::from(host)], role: Role::Primary, ..Hello::default() })
    }
    async fn status(&self, _: &str, _: &str) -> Result<Status, Fault> {
        unprivileged("replSetGetStatus")
    }
    async fn config(&self, _: &str, _: &str) -> Result<SetConfig, Fault> {
        unprivileged("replSetGetConfig")
    }
    async fn server(&self, _: &str, _: &str) -> Result<ServerStatus, Fault> {
        unprivileged("serverStatus")
    }
    async fn oplog(&self, _: &str, _: &str) -> Result<Oplog, Fault> {
        unprivileged("find local.oplog.rs")
    }
}
