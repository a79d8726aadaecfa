//! Amazon RDS and Aurora: instances, clusters, events and the maintenance that waits.
//!
//! `DescribeDBInstances` and `DescribeDBClusters` also list what the services Document DB and Neptune have in the account. Those
//! are other services, with other rules: they are left out here, so that a page can hold fewer than it was asked for.

mod changes;
mod clusters;
mod events;
mod instances;
mod maintenance;
mod pending;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;
use aws_sdk_rds::types::MasterUserSecret;

use super::access::Access;
use super::values::{text, token};
use super::whole::Whole;
use crate::backend::ports::{Page, Rds, limits};
use crate::model::Fault;
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, MasterSecret};
use crate::time::Timestamp;

/// `Engine` of what is not RDS. Everything else is kept, for RDS gets new engines.
const FOREIGN: [&str; 2] = ["docdb", "neptune"];

/// The adapter.
pub(super) struct AwsRds {
    client: Client,
    access: Access,
}

impl AwsRds {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::from_conf(Builder::from(config).interceptor(Whole).build()), access }
    }
}

/// `MaxRecords` of every list.
pub(super) fn page_size() -> i32 {
    i32::try_from(limits::RDS_PAGE).unwrap_or(i32::MAX)
}

fn is_foreign(engine: Option<&str>) -> bool {
    engine.is_some_and(|engine| FOREIGN.contains(&engine))
}

fn secret(raw: &MasterUserSecret) -> MasterSecret {
    MasterSecret { arn: text(raw.secret_arn()), status: text(raw.secret_status()) }
}

#[async_trait]
impl Rds for AwsRds {
    async fn instances(&self, from: Option<&str>) -> Result<Page<DbInstance>, Fault> {
        let request = self.client.describe_db_instances().max_records(page_size()).set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribeDBInstances", request.send()).await?;
        let own = page.db_instances().iter().filter(|raw| !is_foreign(raw.engine()));
        Ok(Page { items: own.map(instances::instance).collect(), next: token(page.marker()) })
    }

    async fn clusters(&self, from: Option<&str>) -> Result<Page<DbCluster>, Fault> {
        let request = self.client.describe_db_clusters().max_records(page_size()).set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribeDBClusters", request.send()).await?;
        let own = page.db_clusters().iter().filter(|raw| !is_foreign(raw.engine()));
        Ok(Page { items: own.map(clusters::cluster).collect(), next: token(page.marker()) })
    }

    async fn events(&self, since: Timestamp, from: Option<&str>) -> Result<Page<Event>, Fault> {
        let request = self
            .client
            .describe_events()
            .start_time(aws_smithy_types::DateTime::from_millis(since.millis()))
            .max_records(page_size())
            .set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribeEvents", request.send()).await?;
        Ok(Page { items: page.events().iter().map(events::event).collect(), next: token(page.marker()) })
    }

    async fn maintenance(&self, from: Option<&str>) -> Result<Page<Maintenance>, Fault> {
        let request = self
            .client
            .describe_pending_maintenance_actions()
            .max_records(page_size())
            .set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribePendingMaintenanceActions", request.send()).await?;
        let all = page.pending_maintenance_actions().iter().flat_map(maintenance::of_resource).collect();
        Ok(Page { items: all, next: token(page.marker()) })
    }
}

#[cfg(test)]
mod tests;
