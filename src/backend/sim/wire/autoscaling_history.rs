//! Amazon EC2 Auto Scaling on the wire: what groups did.

use serde_json::Value;

use super::autoscaling::{PAGE, all_groups};
use super::object::{Object, known};
use super::paging::{Bounds, every, newest_first};
use super::refusal::Failure;
use super::service::Call;
use crate::backend::ports::limits;
use crate::model::scaling::{GroupActivity, Refresh};
use crate::time::Timestamp;

/// `StatusCode` of an activity (API model).
const ACTIVITY: &[&str] = &[
    "PendingSpotBidPlacement",
    "WaitingForSpotInstanceRequestId",
    "WaitingForSpotInstanceId",
    "WaitingForInstanceId",
    "PreInService",
    "InProgress",
    "WaitingForELBConnectionDraining",
    "MidLifecycleAction",
    "WaitingForInstanceWarmup",
    "Successful",
    "Failed",
    "Cancelled",
    "WaitingForConnectionDraining",
    "WaitingForInPlaceUpdateToStart",
    "WaitingForInPlaceUpdateToFinalize",
    "InPlaceUpdateInProgress",
];

/// `Status` of a refresh (API model).
const REFRESH: &[&str] = &[
    "Pending",
    "InProgress",
    "Successful",
    "Failed",
    "Cancelling",
    "Cancelled",
    "RollbackInProgress",
    "RollbackFailed",
    "RollbackSuccessful",
    "Baking",
];

/// Pages of activities are as large as they can be unless it is said otherwise (API reference).
const ACTIVITIES_PAGE: Bounds = Bounds { default: limits::GROUPS_PAGE, ..PAGE };

/// A time in the form of the query protocol.
fn iso(at: Option<Timestamp>) -> Option<Value> {
    at.map(|at| Value::from(at.rfc3339()))
}

/// The name of the group that is asked for, which is there.
async fn group(call: &Call<'_>) -> Result<Option<String>, Failure> {
    let Some(name) = call.params.text("AutoScalingGroupName")?.map(str::to_owned) else { return Ok(None) };
    match all_groups(call, std::slice::from_ref(&name)).await?.as_slice() {
        [] => Err(Failure::invalid(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"))),
        _ => Ok(Some(name)),
    }
}

/// Whether the list `parameter` is absent or holds this id.
fn wanted(call: &Call<'_>, parameter: &str, id: &str) -> Result<bool, Failure> {
    Ok(call.params.texts(parameter)?.is_none_or(|ids| ids.contains(&id)))
}

/// `DescribeScalingActivities`: of one group, or of all.
pub async fn activities(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse(&["Filters", "IncludeDeletedGroups"])?;
    let groups = match group(call).await? {
        Some(name) => vec![name],
        None => all_groups(call, &[]).await?.into_iter().map(|group| group.name.to_string()).collect(),
    };
    let mut keyed = Vec::new();
    for group in &groups {
        let port = &call.backend.group_activities;
        for activity in every(|token| Box::pin(async move { port.activities(group, token.as_deref()).await })).await? {
            if wanted(call, "ActivityIds", &activity.id)? {
                keyed.push((newest_first(activity.started_at, &activity.id), activity));
            }
        }
    }
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, &ACTIVITIES_PAGE)?;
    let answer = Object::default().list("Activities", &page, |(_, one)| activity(one));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

/// `DescribeInstanceRefreshes` of one group.
pub async fn refreshes(call: &Call<'_>) -> Result<Value, Failure> {
    let Some(group) = &group(call).await? else {
        return Err(Failure::invalid("AutoScalingGroupName must be given."));
    };
    let port = &call.backend.group_activities;
    let mut keyed = Vec::new();
    for refresh in every(|token| Box::pin(async move { port.refreshes(group, token.as_deref()).await })).await? {
        if wanted(call, "InstanceRefreshIds", &refresh.id)? {
            keyed.push((newest_first(refresh.started_at, &refresh.id), refresh));
        }
    }
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, &PAGE)?;
    let answer = Object::default().list("InstanceRefreshes", &page, |(_, one)| refresh(one));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

/// An activity. What AWS requires and is not known is the beginning of time, empty, or under way.
fn activity(activity: &GroupActivity) -> Value {
    let started_at = activity.started_at.unwrap_or(Timestamp::from_secs(0));
    Object::default()
        .put("ActivityId", &activity.id)
        .put("AutoScalingGroupName", &activity.group)
        .maybe("Description", activity.description.as_ref())
        .put("Cause", activity.cause.as_deref().unwrap_or_default())
        .maybe("StartTime", iso(Some(started_at)).as_ref())
        .maybe("EndTime", iso(activity.ended_at).as_ref())
        .put("StatusCode", known(activity.status.as_ref(), ACTIVITY).map_or("InProgress", |status| status))
        .maybe("StatusMessage", activity.message.as_ref())
        .maybe("Progress", activity.progress.as_ref())
        .done()
}

fn refresh(refresh: &Refresh) -> Value {
    let preferences =
        refresh.least_healthy.map(|percent| Object::default().put("MinHealthyPercentage", &percent).done());
    Object::default()
        .put("InstanceRefreshId", &refresh.id)
        .put("AutoScalingGroupName", &refresh.group)
        .maybe("Status", known(refresh.status.as_ref(), REFRESH))
        .maybe("StatusReason", refresh.reason.as_ref())
        .maybe("StartTime", iso(refresh.started_at).as_ref())
        .maybe("EndTime", iso(refresh.ended_at).as_ref())
        .maybe("PercentageComplete", refresh.percent.as_ref())
        .maybe("InstancesToUpdate", refresh.left.as_ref())
        .maybe("Preferences", preferences.as_ref())
        .done()
}
