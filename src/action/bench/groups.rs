//! Reads of Auto Scaling groups and of what stands on them.

use super::Bench;
use crate::backend::ports::{Described, Listing, limits};
use crate::feed::{ECS_CLUSTERS, ECS_PROVIDERS, GROUP_HISTORY, GROUPS};
use crate::model::Fault;
use crate::model::ecs::{Cluster, Provider, tail};
use crate::model::scaling::{Group, Refresh};

impl Bench {
    /// One group as it is now; `None` where Auto Scaling does not know it.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn group(&self, name: &str) -> Result<Option<Group>, Fault> {
        let (ports, names) = (&self.backend.groups, [name.to_owned()]);
        let ask = || ports.groups(&names, None);
        let page = self.gate.read(&GROUPS, "autoscaling:DescribeAutoScalingGroups", ask).await?;
        Ok(page.items.into_iter().find(|group| *group.name == *name))
    }

    /// The newest instance refreshes of a group, a page of them.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn refreshes(&self, group: &str) -> Result<Vec<Refresh>, Fault> {
        let ports = &self.backend.group_activities;
        let ask = || ports.refreshes(group, None);
        let page = self.gate.read(&GROUP_HISTORY, "autoscaling:DescribeInstanceRefreshes", ask).await?;
        Ok(page.items)
    }

    /// The clusters that the stack watches.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn watched(&self) -> Result<Described<Cluster>, Fault> {
        let (ports, listing) = (&self.backend.ecs, Listing::Clusters);
        let mut arns = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let ask = || ports.list(&listing, token.as_deref());
            let page = self.gate.read(&ECS_CLUSTERS, listing.action(), ask).await?;
            arns.extend(page.items.into_iter().filter(|arn| self.stack.watches(&tail(arn))));
            if page.next.is_none() || page.next == token {
                break;
            }
            token = page.next;
        }
        let ask = |some| ports.clusters(some);
        self.batches(&ECS_CLUSTERS, "ecs:DescribeClusters", limits::ECS_DESCRIBE, &arns, ask).await
    }

    /// These capacity providers, as many as there are.
    ///
    /// # Errors
    /// The fault of the first call that failed.
    pub async fn providers(&self, names: &[String]) -> Result<Described<Provider>, Fault> {
        let ask = |some| self.backend.ecs.providers(some);
        let most = limits::ECS_DESCRIBE_PROVIDERS;
        self.batches(&ECS_PROVIDERS, "ecs:DescribeCapacityProviders", most, names, ask).await
    }
}
