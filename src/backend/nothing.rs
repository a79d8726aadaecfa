//! Ports behind which there is nothing: no database, no alarm, no finding, no secret.

use async_trait::async_trait;

use super::ports::{
    Alarms, AppScaling, GroupActivities, GuardDuty, LogEvent, LogStream, Logs, Metrics, Mongo, Page, Rds, RdsProxies,
    Secrets, TaskDefinitions,
};
use crate::model::alarm::{Alarm, Transition};
use crate::model::finding::{Detector, Finding};
use crate::model::metric::{Query, Series};
use crate::model::mongo::{Hello, Oplog, ServerStatus, SetConfig, Status};
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, Proxy, Target};
use crate::model::scaling::{Activity, GroupActivity, Policy, Refresh, Target as Scalable};
use crate::model::secret::{Secret, TaskDefinition, Version};
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

/// Stands where there is nothing of a kind.
pub struct Nothing;

fn none<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}

/// It is not there to be described.
fn absent(action: &'static str, id: &str) -> Fault {
    Fault::new(FaultKind::Rejected, action, format!("there is no {id}"))
}

/// Nobody is there to be asked.
fn nobody<T>(action: &'static str, host: &str) -> Result<T, Fault> {
    Err(Fault::new(FaultKind::Unreachable, action, format!("there is no {host}")))
}

#[async_trait]
impl Rds for Nothing {
    async fn instances(&self, _: Option<&str>) -> Result<Page<DbInstance>, Fault> {
        Ok(none())
    }
    async fn clusters(&self, _: Option<&str>) -> Result<Page<DbCluster>, Fault> {
        Ok(none())
    }
    async fn events(&self, _: Timestamp, _: Option<&str>) -> Result<Page<Event>, Fault> {
        Ok(none())
    }
    async fn maintenance(&self, _: Option<&str>) -> Result<Page<Maintenance>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl RdsProxies for Nothing {
    async fn proxies(&self, _: Option<&str>) -> Result<Page<Proxy>, Fault> {
        Ok(none())
    }
    async fn targets(&self, _: &str, _: Option<&str>) -> Result<Page<Target>, Fault> {
        Ok(none())
    }
    async fn max_connections_percent(&self, _: &str) -> Result<Option<u32>, Fault> {
        Ok(None)
    }
}

#[async_trait]
impl Metrics for Nothing {
    async fn data(
        &self,
        _: &[Query],
        _: Timestamp,
        _: Timestamp,
        _: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl Mongo for Nothing {
    async fn seeds(&self, _: &str) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }
    async fn hello(&self, _: &str, host: &str) -> Result<Hello, Fault> {
        nobody("hello", host)
    }
    async fn status(&self, _: &str, host: &str) -> Result<Status, Fault> {
        nobody("replSetGetStatus", host)
    }
    async fn config(&self, _: &str, host: &str) -> Result<SetConfig, Fault> {
        nobody("replSetGetConfig", host)
    }
    async fn server(&self, _: &str, host: &str) -> Result<ServerStatus, Fault> {
        nobody("serverStatus", host)
    }
    async fn oplog(&self, _: &str, host: &str) -> Result<Oplog, Fault> {
        nobody("find local.oplog.rs", host)
    }
}

#[async_trait]
impl GroupActivities for Nothing {
    async fn activities(&self, _: &str, _: Option<&str>) -> Result<Page<GroupActivity>, Fault> {
        Ok(none())
    }
    async fn refreshes(&self, _: &str, _: Option<&str>) -> Result<Page<Refresh>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl AppScaling for Nothing {
    async fn targets(&self, _: Option<&str>) -> Result<Page<Scalable>, Fault> {
        Ok(none())
    }
    async fn policies(&self, _: Option<&str>) -> Result<Page<Policy>, Fault> {
        Ok(none())
    }
    async fn activities(&self, _: Option<&str>) -> Result<Page<Activity>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl Alarms for Nothing {
    async fn alarms(&self, _: Option<&str>) -> Result<Page<Alarm>, Fault> {
        Ok(none())
    }
    async fn transitions(&self, _: Timestamp, _: Option<&str>) -> Result<Page<Transition>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl GuardDuty for Nothing {
    async fn detectors(&self, _: Option<&str>) -> Result<Page<String>, Fault> {
        Ok(none())
    }
    async fn detector(&self, id: &str) -> Result<Detector, Fault> {
        Err(absent("guardduty:GetDetector", id))
    }
    async fn administrator(&self, _: &str) -> Result<Option<Text>, Fault> {
        Ok(None)
    }
    async fn finding_ids(&self, _: &str, _: bool, _: Option<&str>) -> Result<Page<String>, Fault> {
        Ok(none())
    }
    async fn findings(&self, _: &str, _: &[String]) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Secrets for Nothing {
    async fn secrets(&self, _: Option<&str>) -> Result<Page<Secret>, Fault> {
        Ok(none())
    }
    async fn secret(&self, arn: &str) -> Result<Secret, Fault> {
        Err(absent("secretsmanager:DescribeSecret", arn))
    }
    async fn versions(&self, _: &str, _: Option<&str>) -> Result<Page<Version>, Fault> {
        Ok(none())
    }
}

#[async_trait]
impl TaskDefinitions for Nothing {
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault> {
        Err(absent("ecs:DescribeTaskDefinition", arn))
    }
}

#[async_trait]
impl Logs for Nothing {
    async fn create_stream(&self, stream: &LogStream) -> Result<(), Fault> {
        Err(no_group("logs:CreateLogStream", stream))
    }
    async fn put(&self, stream: &LogStream, _: &[LogEvent]) -> Result<(), Fault> {
        Err(no_group("logs:PutLogEvents", stream))
    }
}

fn no_group(action: &'static str, stream: &LogStream) -> Fault {
    let code = Some(Text::from("ResourceNotFoundException"));
    Fault { code, ..absent(action, &format!("log group {}", stream.group)) }
}
