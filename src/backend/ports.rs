//! The ports: one small trait a service, model types in and out.
//!
//! A method is exactly one request. Paging, batching, retry, deadlines and the token budget belong to the feeds, so they are
//! the same for AWS and for the simulated world, and are tested on both.

use std::sync::Arc;

use async_trait::async_trait;

use super::change::Changes;
use crate::model::Fault;
use crate::model::alarm::{Alarm, Transition};
use crate::model::audit::Acted;
use crate::model::ecs::{Cluster, Instance, Protection, Provider, Revision, Service, ServiceDeployment, Task};
use crate::model::finding::{Detector, Finding};
use crate::model::identity::Identity;
use crate::model::metric::{Query, Series};
use crate::model::mongo::{Hello, Oplog, ServerStatus, SetConfig, Status};
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, Proxy, Target};
use crate::model::scaling::{Activity, Group, GroupActivity, Policy, Refresh, Target as Scalable};
use crate::model::secret::{Secret, TaskDefinition, Version};
use crate::text::Text;
use crate::time::Timestamp;

/// Page and batch limits of the services, from their API models.
pub mod limits {
    /// Most results of one ECS list page (`maxResults`); the default of `ListServices` is 10.
    pub const ECS_PAGE: usize = 100;
    /// Most clusters, tasks, instances or providers of one describe call, and most tasks of one `GetTaskProtection`.
    pub const ECS_DESCRIBE: usize = 100;
    /// Capacity providers of one `DescribeCapacityProviders` answer (`maxResults`, 1 to 10).
    pub const ECS_DESCRIBE_PROVIDERS: usize = 10;
    /// Most revisions of one `DescribeServiceRevisions`.
    pub const ECS_DESCRIBE_REVISIONS: usize = 20;
    /// Most deployments of services in one describe call.
    pub const ECS_DESCRIBE_DEPLOYMENTS: usize = 20;
    /// Most services of one `DescribeServices`.
    pub const ECS_DESCRIBE_SERVICES: usize = 10;
    /// Most groups of one `DescribeAutoScalingGroups` page, activities of one `DescribeScalingActivities` page of a group, and
    /// refreshes of one `DescribeInstanceRefreshes` page.
    pub const GROUPS_PAGE: usize = 100;
    /// Most targets or activities of one page of Application Auto Scaling (`MaxResults`, 1 to 50).
    pub const SCALING_PAGE: usize = 50;
    /// Most policies of one page of Application Auto Scaling (`MaxResults`, 1 to 10).
    pub const SCALING_POLICIES_PAGE: usize = 10;
    /// Most alarms of one `DescribeAlarms` page, and changes of one `DescribeAlarmHistory` page (`MaxRecords`, 1 to 100).
    pub const ALARMS_PAGE: usize = 100;
    /// Most ids of one `ListFindings` page, and findings of one `GetFindings` (1 to 50).
    pub const FINDINGS_PAGE: usize = 50;
    /// Most secrets of one `ListSecrets` page, and versions of one `ListSecretVersionIds` page (`MaxResults`, 1 to 100).
    pub const SECRETS_PAGE: usize = 100;
    /// Most records of one page of any RDS list (`MaxRecords`, 20 to 100).
    pub const RDS_PAGE: usize = 100;
    /// How far back `DescribeEvents` reaches: 14 days.
    pub const RDS_EVENTS: std::time::Duration = std::time::Duration::from_hours(14 * 24);
    /// Most queries of one `GetMetricData`.
    pub const METRIC_QUERIES: usize = 500;
}

/// One page of a list and the token of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on; `None` on the last page.
    pub next: Option<String>,
}

/// A describe answer: what was found, and what was not and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Described<T> {
    /// What was found.
    pub items: Vec<T>,
    /// ARN (or name) and reason of what was not.
    pub failures: Vec<(Text, Text)>,
}

/// What to list. ARNs are kept raw: they go back to the service, never to a screen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listing {
    /// All clusters of the account and region.
    Clusters,
    /// Services of a cluster (ARN).
    Services(String),
    /// Tasks of a cluster (ARN) that ECS wants running.
    Tasks(String),
    /// Those of them on one container instance (ARN).
    TasksOn(String, String),
    /// Tasks of a cluster (ARN) that have stopped within about the last hour.
    StoppedTasks(String),
    /// Container instances of a cluster (ARN), of every status.
    Instances(String),
}

impl Listing {
    /// The IAM action of the call that lists it.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Clusters => "ecs:ListClusters",
            Self::Services(_) => "ecs:ListServices",
            Self::Tasks(_) | Self::TasksOn(..) | Self::StoppedTasks(_) => "ecs:ListTasks",
            Self::Instances(_) => "ecs:ListContainerInstances",
        }
    }
}

/// Amazon ECS, reading.
#[async_trait]
pub trait Ecs: Send + Sync {
    /// One page of ARNs, [`limits::ECS_PAGE`] at most.
    async fn list(&self, what: &Listing, token: Option<&str>) -> Result<Page<String>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE`] clusters.
    async fn clusters(&self, arns: &[String]) -> Result<Described<Cluster>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE_SERVICES`] services of a cluster.
    async fn services(&self, cluster: &str, arns: &[String]) -> Result<Described<Service>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE`] tasks of a cluster.
    async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Described<Task>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE`] container instances of a cluster.
    async fn instances(&self, cluster: &str, arns: &[String]) -> Result<Described<Instance>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE_PROVIDERS`] capacity providers by name.
    async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault>;
}

/// Amazon ECS, reading what only a plan asks for: no feed polls it.
#[async_trait]
pub trait EcsPreflight: Send + Sync {
    /// Whether these tasks of services, [`limits::ECS_DESCRIBE`] of a cluster at most, are protected.
    async fn protection(&self, cluster: &str, tasks: &[String]) -> Result<Described<Protection>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE_REVISIONS`] service revisions.
    async fn revisions(&self, arns: &[String]) -> Result<Described<Revision>, Fault>;
    /// The deployments of a service of a cluster, [`limits::ECS_PAGE`] at most: those under way alone, or all.
    async fn deployments(&self, cluster: &str, service: &str, under_way: bool)
    -> Result<Vec<ServiceDeployment>, Fault>;
    /// Describes up to [`limits::ECS_DESCRIBE_DEPLOYMENTS`] deployments of services.
    async fn describe_deployments(&self, arns: &[String]) -> Result<Described<ServiceDeployment>, Fault>;
}

/// Amazon EC2 Auto Scaling, reading.
#[async_trait]
pub trait Groups: Send + Sync {
    /// One page of the groups with these names (at most [`limits::GROUPS_PAGE`] of them).
    async fn groups(&self, names: &[String], token: Option<&str>) -> Result<Page<Group>, Fault>;
}

/// What Auto Scaling groups did, reading. Always of one group: without a name the service answers slowly or not at all.
#[async_trait]
pub trait GroupActivities: Send + Sync {
    /// One page of a group's activities of the last six weeks, the newest first.
    async fn activities(&self, group: &str, token: Option<&str>) -> Result<Page<GroupActivity>, Fault>;
    /// One page of a group's instance refreshes, the newest first.
    async fn refreshes(&self, group: &str, token: Option<&str>) -> Result<Page<Refresh>, Fault>;
}

/// Application Auto Scaling of ECS services, reading.
#[async_trait]
pub trait AppScaling: Send + Sync {
    /// One page of all scalable targets of ECS.
    async fn targets(&self, token: Option<&str>) -> Result<Page<Scalable>, Fault>;
    /// One page of all scaling policies of ECS.
    async fn policies(&self, token: Option<&str>) -> Result<Page<Policy>, Fault>;
    /// One page of all activities of the last six weeks, the newest first; those that changed nothing among them.
    async fn activities(&self, token: Option<&str>) -> Result<Page<Activity>, Fault>;
}

/// Amazon CloudWatch alarms, reading.
#[async_trait]
pub trait Alarms: Send + Sync {
    /// One page of all metric and composite alarms.
    async fn alarms(&self, token: Option<&str>) -> Result<Page<Alarm>, Fault>;
    /// One page of the changes of state since then, of all alarms, the newest first.
    async fn transitions(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Transition>, Fault>;
}

/// Amazon GuardDuty, reading.
#[async_trait]
pub trait GuardDuty: Send + Sync {
    /// One page of the ids of the detectors of the account and region.
    async fn detectors(&self, token: Option<&str>) -> Result<Page<String>, Fault>;
    /// Describes a detector, all but [`Detector::administrator`].
    async fn detector(&self, id: &str) -> Result<Detector, Fault>;
    /// The account that administers this detector's account, `None`: its own does.
    async fn administrator(&self, detector: &str) -> Result<Option<Text>, Fault>;
    /// One page of the ids of findings of a detector, archived or not, the most severe first.
    async fn finding_ids(&self, detector: &str, archived: bool, token: Option<&str>) -> Result<Page<String>, Fault>;
    /// Describes up to [`limits::FINDINGS_PAGE`] findings of a detector. What is not there any longer is left out.
    async fn findings(&self, detector: &str, ids: &[String]) -> Result<Vec<Finding>, Fault>;
}

/// AWS Secrets Manager, reading. There is no method that could ask for a value.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// One page of all secrets, those that are to be deleted among them. It may be five minutes behind.
    async fn secrets(&self, token: Option<&str>) -> Result<Page<Secret>, Fault>;
    /// Describes one secret (ARN), as it is now.
    async fn secret(&self, arn: &str) -> Result<Secret, Fault>;
    /// One page of the versions of a secret (ARN), those without a label among them.
    async fn versions(&self, arn: &str, token: Option<&str>) -> Result<Page<Version>, Fault>;
}

/// Task definitions, reading what they hand to containers of secrets, and nothing else of them.
#[async_trait]
pub trait TaskDefinitions: Send + Sync {
    /// Describes one task definition (ARN).
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault>;
}

/// Amazon RDS and Aurora, reading.
#[async_trait]
pub trait Rds: Send + Sync {
    /// One page of all instances.
    async fn instances(&self, token: Option<&str>) -> Result<Page<DbInstance>, Fault>;
    /// One page of all clusters.
    async fn clusters(&self, token: Option<&str>) -> Result<Page<DbCluster>, Fault>;
    /// One page of the events since then, which is at most [`limits::RDS_EVENTS`] ago.
    async fn events(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Event>, Fault>;
    /// One page of the maintenance that waits.
    async fn maintenance(&self, token: Option<&str>) -> Result<Page<Maintenance>, Fault>;
}

/// RDS Proxy, reading.
#[async_trait]
pub trait RdsProxies: Send + Sync {
    /// One page of all proxies, without their targets.
    async fn proxies(&self, token: Option<&str>) -> Result<Page<Proxy>, Fault>;
    /// One page of the targets of the proxy with this name.
    async fn targets(&self, proxy: &str, token: Option<&str>) -> Result<Page<Target>, Fault>;
    /// `MaxConnectionsPercent` of the default target group of the proxy with this name.
    async fn max_connections_percent(&self, proxy: &str) -> Result<Option<u32>, Fault>;
}

/// Amazon CloudWatch metrics, reading. Each query asked for costs money.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// One page of the data of these queries ([`limits::METRIC_QUERIES`] at most) between two times: for each a query's place
    /// among them and points, the oldest first. A query may come on several pages, in pieces.
    async fn data(
        &self,
        queries: &[Query],
        from: Timestamp,
        until: Timestamp,
        token: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault>;
}

/// The configured replica sets, reading. `set` is [`crate::model::mongo::MongoSet::name`], `host` is `host:port` of the one member that is asked.
#[async_trait]
pub trait Mongo: Send + Sync {
    /// Waits until it is known who asks, or that it cannot be known; what went wrong is told by who asks afterwards. Nobody is
    /// asked anything. A reading that is repeated need not wait: the next one is better off.
    async fn prepare(&self, _set: &str) {}
    /// The hosts the address of a set stands for; an SRV name is looked up.
    async fn seeds(&self, set: &str) -> Result<Vec<String>, Fault>;
    /// `hello`: needs no credentials.
    async fn hello(&self, set: &str, host: &str) -> Result<Hello, Fault>;
    /// `replSetGetStatus`.
    async fn status(&self, set: &str, host: &str) -> Result<Status, Fault>;
    /// `replSetGetConfig`.
    async fn config(&self, set: &str, host: &str) -> Result<SetConfig, Fault>;
    /// `serverStatus`, without the sections that make it large.
    async fn server(&self, set: &str, host: &str) -> Result<ServerStatus, Fault>;
    /// The ends of `local.oplog.rs`.
    async fn oplog(&self, set: &str, host: &str) -> Result<Oplog, Fault>;
}

/// Where in CloudWatch Logs something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// The log group's name.
    pub group: String,
    /// The stream's name.
    pub name: String,
}

/// One event of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What is kept of it.
    pub line: String,
}

/// Amazon CloudWatch Logs, writing the copy of the audit. It changes nothing that anybody runs, so it takes no permit.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Makes a stream in a log group that is there.
    async fn create_stream(&self, stream: &LogStream) -> Result<(), Fault>;
    /// Appends events, the oldest first (10,000 and 1 MiB at most), to a stream that is there.
    async fn put(&self, stream: &LogStream, events: &[LogEvent]) -> Result<(), Fault>;
}

/// AWS Security Token Service.
#[async_trait]
pub trait Sts: Send + Sync {
    /// Who the caller is.
    async fn caller(&self) -> Result<Identity, Fault>;
}

/// What was done with this tool.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The actions on the stack of this name, and on what this identity is of, the newest first, as far back as the audit is
    /// read.
    async fn acted(&self, stack: &str, identity: Option<&Identity>) -> Result<Vec<Acted>, Fault>;
}

/// Stands where nothing is ever done.
pub struct NoJournal;

#[async_trait]
impl Journal for NoJournal {
    async fn acted(&self, _: &str, _: Option<&Identity>) -> Result<Vec<Acted>, Fault> {
        Ok(Vec::new())
    }
}

/// The ports of one stack.
#[derive(Clone)]
pub struct Backend {
    /// ECS.
    pub ecs: Arc<dyn Ecs>,
    /// What only plans read of ECS.
    pub ecs_preflight: Arc<dyn EcsPreflight>,
    /// What changes something.
    pub changes: Arc<dyn Changes>,
    /// Auto Scaling groups.
    pub groups: Arc<dyn Groups>,
    /// What Auto Scaling groups did.
    pub group_activities: Arc<dyn GroupActivities>,
    /// Scaling of services.
    pub app_scaling: Arc<dyn AppScaling>,
    /// Alarms.
    pub alarms: Arc<dyn Alarms>,
    /// Findings.
    pub guardduty: Arc<dyn GuardDuty>,
    /// How secrets rotate.
    pub secrets: Arc<dyn Secrets>,
    /// Which secrets tasks are handed.
    pub task_definitions: Arc<dyn TaskDefinitions>,
    /// Databases.
    pub rds: Arc<dyn Rds>,
    /// Proxies before databases.
    pub proxies: Arc<dyn RdsProxies>,
    /// Metrics.
    pub metrics: Arc<dyn Metrics>,
    /// Replica sets.
    pub mongo: Arc<dyn Mongo>,
    /// Where the audit is copied to.
    pub logs: Arc<dyn Logs>,
    /// Identity.
    pub sts: Arc<dyn Sts>,
    /// What was done with this tool.
    pub journal: Arc<dyn Journal>,
}
