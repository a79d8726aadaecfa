//! `CapacityProviderReservation`: how much of a provider's instances its tasks need.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::metric::Series;
use crate::text::Text;
use crate::time::Timestamp;

/// The reservation of each capacity provider whose scaling ECS manages, in percent, one point a minute.
///
/// Above the provider's `targetCapacity` the group has to grow, below it may shrink (ECS developer guide, cluster auto scaling).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReservationFacts {
    /// By cluster and provider name, with the time it was read.
    pub series: BTreeMap<(Text, Text), (Timestamp, Series)>,
}

impl ReservationFacts {
    /// Between readings.
    pub const EVERY: Duration = Duration::from_mins(1);
    /// CloudWatch's namespace.
    pub const NAMESPACE: &'static str = "AWS/ECS/ManagedScaling";
    /// The metric, of the dimensions `ClusterName` and `CapacityProviderName`.
    pub const METRIC: &'static str = "CapacityProviderReservation";
}
