//! The reservation feed: what CloudWatch measures of capacity providers whose scaling ECS manages. ECS scales their groups by
//! this one metric, so it is read every minute wherever the user looks; one provider costs a cent and a half a day.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::series::{self, ACTION};
use super::{Context, Feed, FeedSpec};
use crate::backend::ports::limits;
use crate::model::ecs::{EcsFacts, Provider};
use crate::model::metric::{Query, Statistic};
use crate::model::scaling::ReservationFacts;
use crate::model::{Facts, Fault, FaultKind};
use crate::store::{Gap, Snapshot};
use crate::text::Text;
use crate::time::Timestamp;

/// Between readings: ECS gives CloudWatch one point a minute.
const EVERY: Duration = ReservationFacts::EVERY;
/// How much is read each time; the price of a metric is the same for one point and for sixty.
const SPAN: Duration = Duration::from_hours(1);

/// `reservation`.
pub const SPEC: FeedSpec = FeedSpec {
    id: "reservation",
    domain: "scaling",
    doc: "CapacityProviderReservation of each capacity provider that ECS scales, every minute",
    actions: &[ACTION],
    after: Some("groups"),
    interval: EVERY,
    deadline: Duration::from_secs(30),
    rules_tell_gaps: false,
    is_apart: false,
    start: || Box::new(ReservationFeed::default()),
};

#[derive(Default)]
struct ReservationFeed {
    known: ReservationFacts,
    asked_at: Option<Timestamp>,
}

/// Cluster and capacity provider.
type Name = (Text, Text);

#[async_trait]
impl Feed for ReservationFeed {
    async fn poll(&mut self, context: &Context, facts: &Facts) -> Result<Snapshot, Fault> {
        let now = context.clock.now();
        let wanted = wanted(facts);
        self.known.series.retain(|name, _| wanted.contains(name));
        self.asked_at = Some(now);
        let gap = self.read(context, &wanted, now).await?;
        let (data, gaps) = (Arc::new(self.known.clone()), gap.into_iter().collect());
        Ok(Snapshot { taken_at: now, data, gaps, slowed: context.gate.was_slowed() })
    }

    fn due(&self, _: &[Text], facts: &Facts, now: Timestamp) -> Option<Duration> {
        let left = self.asked_at.map_or(Duration::ZERO, |at| (at + EVERY).since(now));
        (!wanted(facts).is_empty()).then_some(left)
    }
}

impl ReservationFeed {
    /// Reads these. What could not be read stays as it was, with its time.
    async fn read(&mut self, context: &Context, wanted: &[Name], now: Timestamp) -> Result<Option<Gap>, Fault> {
        let (mut read, mut kept, mut fault) = (0, 0, None);
        for batch in wanted.chunks(limits::METRIC_QUERIES) {
            let queries: Vec<Query> = batch.iter().map(query).collect();
            let all = match series::read(context, &queries, now - SPAN, now).await {
                Ok(all) => all,
                Err(failed) => {
                    fault = fault.or(Some(failed));
                    continue;
                }
            };
            for (name, series) in batch.iter().zip(all) {
                // A part of the points is shown, and that it is a part is told.
                match series.problem.clone() {
                    Some(problem) => fault = fault.or_else(|| Some(Fault::new(FaultKind::Server, ACTION, problem))),
                    None => read += 1,
                }
                if series.problem.is_none() || !series.points.is_empty() {
                    kept += 1;
                    self.known.series.insert(name.clone(), (now, series));
                }
            }
        }
        match fault {
            Some(fault) if kept == 0 => Err(fault),
            fault => Ok(fault.map(|fault| {
                let what = Text::from("reservations of capacity providers");
                Gap { kind: "provider", what, read, known: wanted.len(), fault }
            })),
        }
    }
}

/// The providers whose groups ECS scales, by cluster.
fn wanted(facts: &Facts) -> Vec<Name> {
    let Some(ecs) = facts.get::<EcsFacts>() else { return Vec::new() };
    let scaled = |name: &Text| {
        let of_name = |p: &&Provider| p.name == *name;
        let provider = ecs.providers.iter().map(|seen| seen.item.as_ref()).find(of_name);
        provider.is_some_and(|p| p.group_name().is_some() && p.managed_scaling.as_deref() == Some("ENABLED"))
    };
    let clusters = ecs.clusters.iter().map(|seen| &seen.item);
    let mut all: Vec<Name> = clusters
        .flat_map(|c| c.providers.iter().filter(|name| scaled(name)).map(|name| (c.name.clone(), name.clone())))
        .collect();
    all.sort();
    all.dedup();
    all
}

fn query((cluster, provider): &Name) -> Query {
    Query {
        namespace: ReservationFacts::NAMESPACE,
        name: ReservationFacts::METRIC,
        dimensions: vec![("ClusterName", cluster.to_string()), ("CapacityProviderName", provider.to_string())],
        statistic: Statistic::Average,
        period: Duration::from_mins(1),
    }
}

#[cfg(test)]
mod tests;
