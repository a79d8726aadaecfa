//! The groups feed: the Auto Scaling groups behind the capacity providers that the ECS feed found.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::budget::GROUPS;
use super::pages::all_pages;
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::limits;
use crate::model::ecs::EcsFacts;
use crate::model::scaling::{Group, GroupFacts};
use crate::model::{Facts, Fault};
use crate::store::{Gap, Snapshot};
use crate::text::Text;

const ACTION: &str = "autoscaling:DescribeAutoScalingGroups";

/// `groups`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "groups",
    domain: "scaling",
    doc: "Auto Scaling groups behind the capacity providers: bounds, instances, suspended processes",
    actions: &[ACTION],
    after: Some("ecs"),
    interval: Duration::from_secs(15),
    deadline: Duration::from_secs(30),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(GroupsFeed),
};

struct GroupsFeed;

#[async_trait]
impl Feed for GroupsFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let names = names(facts);
        let (groups, gaps) = read(context, &names).await?;
        let missing = names.iter().map(Text::from).filter(|n| gaps.is_empty() && !groups.iter().any(|g| g.name == *n));
        let data = GroupFacts { missing: missing.collect(), groups };
        Ok(Snapshot { taken_at: context.clock.now(), data: Arc::new(data), gaps, slowed: context.gate.was_slowed() })
    }
}

/// The groups' names, without repeats.
fn names(facts: &Facts) -> Vec<String> {
    let providers = facts.get::<EcsFacts>().map(|ecs| ecs.providers.as_slice()).unwrap_or_default();
    let mut names: Vec<String> =
        providers.iter().filter_map(|p| p.item.group_name()).map(|name| name.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

async fn read(context: &Context, names: &[String]) -> Result<(Vec<Group>, Vec<Gap>), Fault> {
    let (mut groups, mut gaps) = (Vec::new(), Vec::new());
    for chunk in names.chunks(limits::GROUPS_PAGE) {
        let listed = all_pages(
            ACTION,
            |g: &Group| g.name.to_string(),
            |token| {
                let ports = &context.backend.groups;
                async move { context.gate.read(&GROUPS, ACTION, || ports.groups(chunk, token.as_deref())).await }
            },
        )
        .await;
        if let Some(fault) = listed.fault {
            gaps.push(Gap {
                kind: "group",
                what: Text::from("groups"),
                read: listed.items.len(),
                known: chunk.len(),
                fault,
            });
        }
        groups.extend(listed.items);
    }
    match gaps.first() {
        Some(gap) if groups.is_empty() => Err(gap.fault.clone()),
        _ => Ok((groups, gaps)),
    }
}
