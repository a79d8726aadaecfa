//! Amazon RDS and RDS Proxy of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::paging::page;
use super::rds::{CONTROL_PLANE, Fleet};
use super::world::World;
use crate::backend::ports::{Page, Rds, RdsProxies, limits};
use crate::model::Fault;
use crate::model::rds::{DbCluster, DbInstance, Event, Maintenance, Proxy, Target};
use crate::time::Timestamp;

/// How much older than allowed the beginning of a question for events may be: the way it travels.
const GRACE: std::time::Duration = std::time::Duration::from_secs(60);

#[async_trait]
impl Rds for Sim {
    async fn instances(&self, token: Option<&str>) -> Result<Page<DbInstance>, Fault> {
        let action = "rds:DescribeDBInstances";
        self.databases(action, token, |f| (0..f.instances.len()).collect(), Fleet::instance_facts).await
    }

    async fn clusters(&self, token: Option<&str>) -> Result<Page<DbCluster>, Fault> {
        let action = "rds:DescribeDBClusters";
        self.databases(action, token, |f| (0..f.clusters.len()).collect(), Fleet::cluster_facts).await
    }

    async fn events(&self, since: Timestamp, token: Option<&str>) -> Result<Page<Event>, Fault> {
        let action = "rds:DescribeEvents";
        let keys = |f: &Fleet| (0..f.told.len()).filter(|n| f.told[*n].at >= since).collect();
        self.call(action, |world| {
            if world.now.since(since) > CONTROL_PLANE + GRACE {
                let why = "Start time must be within the last 14 days";
                return Err(refused(action, "InvalidParameterValue", why));
            }
            world.described(action, token, keys, |f, n| f.event_facts(&f.told[n]))
        })
        .await
    }

    async fn maintenance(&self, token: Option<&str>) -> Result<Page<Maintenance>, Fault> {
        let action = "rds:DescribePendingMaintenanceActions";
        self.databases(action, token, Fleet::maintained, Fleet::maintenance_facts).await
    }
}

#[async_trait]
impl RdsProxies for Sim {
    async fn proxies(&self, token: Option<&str>) -> Result<Page<Proxy>, Fault> {
        let action = "rds:DescribeDBProxies";
        self.databases(action, token, |f| (0..f.proxies.len()).collect(), Fleet::proxy_facts).await
    }

    async fn targets(&self, proxy: &str, token: Option<&str>) -> Result<Page<Target>, Fault> {
        let action = "rds:DescribeDBProxyTargets";
        self.call(action, |world| {
            let p = world.proxy(proxy, action)?;
            let targets = world.fleet.target_facts(p);
            world.described(action, token, |_| (0..targets.len()).collect(), |_, n| targets[n].clone())
        })
        .await
    }

    async fn max_connections_percent(&self, proxy: &str) -> Result<Option<u32>, Fault> {
        let action = "rds:DescribeDBProxyTargetGroups";
        self.call(action, |world| {
            let p = world.proxy(proxy, action)?;
            Ok(Some(world.fleet.proxies[p].spec.max_connections_percent))
        })
        .await
    }
}

impl Sim {
    async fn databases<T>(
        &self,
        action: &'static str,
        token: Option<&str>,
        keys: impl FnOnce(&Fleet) -> Vec<usize> + Send,
        facts: impl Fn(&Fleet, usize) -> T + Send,
    ) -> Result<Page<T>, Fault> {
        self.call(action, |world| world.described(action, token, keys, facts)).await
    }
}

impl World {
    /// One page of what these keys stand for.
    fn described<T>(
        &self,
        action: &'static str,
        token: Option<&str>,
        keys: impl FnOnce(&Fleet) -> Vec<usize>,
        facts: impl Fn(&Fleet, usize) -> T,
    ) -> Result<Page<T>, Fault> {
        let keys = keys(&self.fleet).into_iter().filter_map(|key| u64::try_from(key).ok());
        let page = page(action, keys, token, limits::RDS_PAGE)
            .map_err(|_| refused(action, "InvalidParameterValue", "Invalid or expired marker."))?;
        let keys = page.keys.into_iter().filter_map(|key| usize::try_from(key).ok());
        Ok(Page { items: keys.map(|key| facts(&self.fleet, key)).collect(), next: page.next })
    }

    fn proxy(&self, name: &str, action: &'static str) -> Result<usize, Fault> {
        let missing = || refused(action, "DBProxyNotFoundFault", &format!("DB proxy {name} not found."));
        self.fleet.proxy(name).ok_or_else(missing)
    }
}
