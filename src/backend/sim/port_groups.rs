//! Amazon EC2 Auto Scaling of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::entities::{Leaving, Stage};
use super::paging::page;
use super::world::World;
use crate::backend::ports::{Groups, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{Group, GroupInstance};
use crate::text::Text;

const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";

#[async_trait]
impl Groups for Sim {
    async fn groups(&self, names: &[String], token: Option<&str>) -> Result<Page<Group>, Fault> {
        if names.len() > limits::GROUPS_PAGE {
            let message = "The number of group names cannot exceed 100.";
            return Err(refused(DESCRIBE, "ValidationError", message));
        }
        self.call(DESCRIBE, |world| {
            let asked = |name: &String| names.is_empty() || names.contains(name);
            let keys = (0_u64..).zip(&world.groups).filter(|(_, g)| asked(&g.name)).map(|(key, _)| key);
            let page = page(&format!("groups {names:?}"), keys, token, limits::GROUPS_PAGE)
                .map_err(|_| refused(DESCRIBE, "InvalidNextToken", "The NextToken value is not valid."))?;
            let indices = page.keys.into_iter().filter_map(|key| usize::try_from(key).ok());
            Ok(Page { items: indices.map(|g| world.group_facts(g)).collect(), next: page.next })
        })
        .await
    }
}

impl World {
    fn group_facts(&self, g: usize) -> Group {
        let group = &self.groups[g];
        let provider = self.providers.iter().find(|p| p.group == g);
        let protects = provider.is_some_and(|p| p.spec.termination_protection);
        let members = self.instances.iter().filter(|i| i.group == Some(g) && i.stage != Stage::Gone);
        Group {
            name: Text::from(&group.name),
            arn: Some(Text::from(&group.arn)),
            minimum: Some(group.minimum),
            maximum: Some(group.maximum),
            desired: Some(group.desired),
            zones: group.zones.iter().map(|zone| Text::from(&**zone)).collect(),
            instances: members
                .map(|i| GroupInstance {
                    id: Text::from(&i.ec2_id),
                    az: Some(Text::from(&*i.zone)),
                    lifecycle: Some(Text::from(match (i.leaving, i.stage) {
                        (Some(Leaving::Waits), _) => "Terminating:Wait",
                        (Some(Leaving::Proceeds), _) => "Terminating:Proceed",
                        (None, Stage::Booting) => "Pending",
                        (None, _) => "InService",
                    })),
                    health: Some(Text::from("Healthy")),
                    protected: Some(protects),
                })
                .collect(),
            termination_policies: vec![Text::from("Default")],
            suspended: group.suspended.iter().map(|process| (Text::from(process), None)).collect(),
            protects_new_instances: Some(protects),
            managed_by_ecs: provider.is_some_and(|p| p.spec.managed_scaling),
            created_at: Some(group.created_at),
        }
    }
}
