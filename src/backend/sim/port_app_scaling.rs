//! Application Auto Scaling of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::paging::{List, newest_first};
use super::scaling::CONTROL_PLANE;
use crate::backend::ports::{AppScaling, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{Activity, Policy, Target};

const fn list(action: &'static str) -> List {
    let refusal = ("InvalidNextTokenException", "The next token supplied is invalid.");
    List { action, size: limits::SCALING_PAGE, refusal }
}

#[async_trait]
impl AppScaling for Sim {
    async fn targets(&self, token: Option<&str>) -> Result<Page<Target>, Fault> {
        let action = "application-autoscaling:DescribeScalableTargets";
        self.call(action, |world| {
            list(action).page("", token, (0..).take(world.scaling.targets.len()), |key| world.scaling.target_facts(key))
        })
        .await
    }

    async fn policies(&self, token: Option<&str>) -> Result<Page<Policy>, Fault> {
        let action = "application-autoscaling:DescribeScalingPolicies";
        self.call(action, |world| {
            let all = world.scaling.policy_facts();
            List { size: limits::SCALING_POLICIES_PAGE, ..list(action) }
                .page("", token, (0..).take(all.len()), |key| all[key].clone())
        })
        .await
    }

    async fn activities(&self, token: Option<&str>) -> Result<Page<Activity>, Fault> {
        let action = "application-autoscaling:DescribeScalingActivities";
        self.call(action, |world| {
            let done = &world.scaling.activities;
            let kept = |n: &usize| world.now.since(done[*n].at) < CONTROL_PLANE;
            let keys = (0..done.len()).rev().filter(kept).map(newest_first);
            list(action).page("", token, keys, |key| world.scaling.activity_facts(&done[newest_first(key)], world.now))
        })
        .await
    }
}
