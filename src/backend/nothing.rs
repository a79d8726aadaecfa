//! Ports behind which there is nothing: no database, no metric, no replica set.

use async_trait::async_trait;

use super::ports::{Metrics, Mongo, Page, Rds, RdsProxies};
use crate::model::metric::{Query, Series};
use crate::model::mongo::{Hello, Oplog, ServerStatus, SetConfig, Status};
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, Proxy, Target};
use crate::model::{Fault, FaultKind};
use crate::time::Timestamp;

/// Stands where there is nothing of a kind.
pub struct Nothing;

fn none<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
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
