//! What Auto Scaling groups of a simulated world did.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::entities::Group;
use super::group::CONTROL_PLANE;
use super::paging::{List, newest_first};
use super::world::World;
use crate::backend::ports::{GroupActivities, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{GroupActivity, Refresh};

const fn list(action: &'static str) -> List {
    let refusal = ("InvalidNextToken", "The NextToken value is not valid.");
    List { action, size: limits::GROUPS_PAGE, refusal }
}

#[async_trait]
impl GroupActivities for Sim {
    async fn activities(&self, group: &str, token: Option<&str>) -> Result<Page<GroupActivity>, Fault> {
        let action = "autoscaling:DescribeScalingActivities";
        self.call(action, |world| {
            let known = world.group_named(group, action)?;
            let told = |n: &usize| known.activities[*n].at <= world.now;
            let kept = |n: &usize| world.now.since(known.activities[*n].at) < CONTROL_PLANE;
            let keys = (0..known.activities.len()).rev().filter(told).filter(kept).map(newest_first);
            list(action).page(group, token, keys, |key| known.activity_facts(newest_first(key)))
        })
        .await
    }

    async fn refreshes(&self, group: &str, token: Option<&str>) -> Result<Page<Refresh>, Fault> {
        let action = "autoscaling:DescribeInstanceRefreshes";
        self.call(action, |world| {
            let known = world.group_named(group, action)?;
            let keys = (0..known.refreshes.len()).rev().map(newest_first);
            list(action).page(group, token, keys, |key| known.refresh_facts(newest_first(key)))
        })
        .await
    }
}

impl World {
    fn group_named(&self, name: &str, action: &'static str) -> Result<&Group, Fault> {
        let missing = || {
            let why = format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
            refused(action, "ValidationError", &why)
        };
        self.groups.iter().find(|g| g.name == name).ok_or_else(missing)
    }
}
