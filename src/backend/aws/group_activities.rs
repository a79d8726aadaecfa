//! What Auto Scaling groups did.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::config::Builder;
use aws_sdk_autoscaling::types::{
    Activity as RawActivity, InstanceRefresh, InstanceRefreshStatus, RefreshPreferences, ScalingActivityStatusCode,
};

use super::access::Access;
use super::values::{number, text, text_or_empty, time, token, word};
use super::whole::Whole;
use crate::backend::ports::{GroupActivities, Page, limits};
use crate::model::Fault;
use crate::model::scaling::{GroupActivity, Refresh};

/// The adapter.
pub(super) struct AwsGroupActivities {
    client: Client,
    access: Access,
}

impl AwsGroupActivities {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::from_conf(Builder::from(config).interceptor(Whole).build()), access }
    }
}

fn page_size() -> i32 {
    i32::try_from(limits::GROUPS_PAGE).unwrap_or(i32::MAX)
}

#[async_trait]
impl GroupActivities for AwsGroupActivities {
    async fn activities(&self, group: &str, from: Option<&str>) -> Result<Page<GroupActivity>, Fault> {
        let request = self
            .client
            .describe_scaling_activities()
            .auto_scaling_group_name(group)
            .max_records(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("autoscaling:DescribeScalingActivities", request.send()).await?;
        Ok(Page { items: page.activities().iter().map(activity).collect(), next: token(page.next_token()) })
    }

    async fn refreshes(&self, group: &str, from: Option<&str>) -> Result<Page<Refresh>, Fault> {
        let request = self
            .client
            .describe_instance_refreshes()
            .auto_scaling_group_name(group)
            .max_records(page_size())
            .set_next_token(from.map(str::to_owned));
        let page = self.access.ask("autoscaling:DescribeInstanceRefreshes", request.send()).await?;
        Ok(Page { items: page.instance_refreshes().iter().map(refresh).collect(), next: token(page.next_token()) })
    }
}

fn activity(raw: &RawActivity) -> GroupActivity {
    GroupActivity {
        id: text_or_empty(raw.activity_id()),
        group: text_or_empty(raw.auto_scaling_group_name()),
        description: text(raw.description()),
        cause: text(raw.cause()),
        started_at: time(raw.start_time()),
        ended_at: time(raw.end_time()),
        status: word(raw.status_code().map(ScalingActivityStatusCode::as_str)),
        message: text(raw.status_message()),
        progress: number(raw.progress()),
    }
}

fn refresh(raw: &InstanceRefresh) -> Refresh {
    Refresh {
        id: text_or_empty(raw.instance_refresh_id()),
        group: text_or_empty(raw.auto_scaling_group_name()),
        status: word(raw.status().map(InstanceRefreshStatus::as_str)),
        reason: text(raw.status_reason()),
        started_at: time(raw.start_time()),
        ended_at: time(raw.end_time()),
        percent: number(raw.percentage_complete()),
        left: number(raw.instances_to_update()),
        least_healthy: number(raw.preferences().and_then(RefreshPreferences::min_healthy_percentage)),
    }
}

#[cfg(test)]
mod tests;
