//! What only plans read of ECS, of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::port_ecs::{missing, some};
use super::world::World;
use crate::backend::ports::{Described, EcsPreflight, limits};
use crate::model::Fault;
use crate::model::ecs::{Protection, Revision, ServiceDeployment};
use crate::text::Text;

#[async_trait]
impl EcsPreflight for Sim {
    async fn protection(&self, cluster: &str, tasks: &[String]) -> Result<Described<Protection>, Fault> {
        let action = "ecs:GetTaskProtection";
        some(tasks, limits::ECS_DESCRIBE, action, "Tasks")?;
        self.call(action, |world| {
            let c = world.open_cluster(cluster, action)?;
            Ok(self.describe(tasks, |arn| {
                let named = |known: &str| known == arn || known.rsplit('/').next() == Some(arn);
                let task = world.tasks.values().find(|t| t.cluster == c && t.active() && named(&t.arn));
                let task = task.ok_or_else(|| missing(arn, || world.arn_in(c, "task", arn)))?;
                // Tasks of no service cannot be protected.
                if task.service().is_none() {
                    return Err((Text::from(&task.arn), Text::from("TASK_NOT_VALID")));
                }
                Ok(world.protection_facts(task))
            }))
        })
        .await
    }

    async fn revisions(&self, arns: &[String]) -> Result<Described<Revision>, Fault> {
        let action = "ecs:DescribeServiceRevisions";
        some(arns, limits::ECS_DESCRIBE_REVISIONS, action, "Service revision ARNs")?;
        self.call(action, |world| {
            Ok(self.describe(arns, |arn| world.revision(arn).ok_or_else(|| missing(arn, || arn.to_owned()))))
        })
        .await
    }

    async fn deployments(
        &self,
        cluster: &str,
        service: &str,
        under_way: bool,
    ) -> Result<Vec<ServiceDeployment>, Fault> {
        let action = "ecs:ListServiceDeployments";
        self.call(action, |world| {
            let c = world.open_cluster(cluster, action)?;
            let unknown = || refused(action, "ServiceNotFoundException", "Service not found.");
            let mut all = world.ledger(world.service(c, service).ok_or_else(unknown)?);
            all.retain(|deployment| !under_way || deployment.is_under_way());
            all.truncate(limits::ECS_PAGE);
            Ok(all)
        })
        .await
    }

    async fn describe_deployments(&self, arns: &[String]) -> Result<Described<ServiceDeployment>, Fault> {
        let action = "ecs:DescribeServiceDeployments";
        some(arns, limits::ECS_DESCRIBE_DEPLOYMENTS, action, "Service deployment ARNs")?;
        self.call(action, |world| {
            Ok(self.describe(arns, |arn| world.ledger_entry(arn).ok_or_else(|| missing(arn, || arn.to_owned()))))
        })
        .await
    }
}

impl World {
    fn revision(&self, arn: &str) -> Option<Revision> {
        let deployments = |s: usize| {
            let kept = self.services[s].ledger.iter().map(|record| &record.deployment);
            self.services[s].deployments.iter().chain(kept).map(move |d| (s, d))
        };
        let mut all = (0..self.services.len()).flat_map(deployments);
        all.find(|(s, d)| self.revision_arn(*s, &d.id) == arn).map(|(s, d)| self.revision_facts(s, d))
    }
}
