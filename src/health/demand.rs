//! What `CapacityProviderReservation` asks of each Auto Scaling group: the one reading of it that every rule and the sentence
//! "why is it not scaling" ask.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::Facts;
use crate::model::ecs::{EcsFacts, Provider};
use crate::model::facts::Derived;
use crate::model::metric::Series;
use crate::model::scaling::ReservationFacts;
use crate::text::Text;
use crate::time::Timestamp;

/// CloudWatch has the newest point of ECS within minutes; one older than this says nothing of now.
const STILL_NOW: Duration = Duration::from_mins(5);
/// Points above the target before they count: one may be a moment's.
pub const ENOUGH: usize = 3;

/// Demand by group name. Taken by `facts.derived::<Demands>()`.
#[derive(Debug, Default)]
pub struct Demands(HashMap<Text, Demand>);

/// What the reservation of a group's capacity provider says now.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// The capacity provider.
    pub provider: Text,
    /// The newest value, percent.
    pub percent: f64,
    /// `targetCapacity`, percent.
    pub target: f64,
    /// How many of the newest points in a row are above the target.
    pub above: usize,
    /// Since when they are, as far as was read.
    pub above_since: Option<Timestamp>,
    /// Since when all points are below the target, as far as was read.
    pub below_since: Option<Timestamp>,
    /// Since when it stands at 100%, as far as was read: there are just as many instances as the tasks need.
    pub full_since: Option<Timestamp>,
    /// Seconds a new instance is given before it counts.
    pub warmup: Duration,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Demand {
    /// More instances are asked for, and not only for a moment.
    #[must_use]
    pub const fn asks_for_more(&self) -> bool {
        self.above >= ENOUGH
    }

    /// `reservation 125% of 100%`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("reservation {:.0}% of {:.0}%", self.percent, self.target)
    }

    fn of(provider: &Provider, read_at: Timestamp, series: &Series) -> Option<Self> {
        let (at, percent) = series.last()?;
        let target = f64::from(provider.target_capacity?);
        if read_at.since(at) > STILL_NOW {
            return None;
        }
        // The newest points that are so, in a row: how many, and since when.
        let newest = |is: fn(f64, f64) -> bool| {
            let so = series.points.iter().rev().take_while(|(_, value)| is(*value, target));
            so.fold((0, None), |(n, _), (at, _)| (n + 1, Some(*at)))
        };
        let (above, above_since) = newest(|value, target| value > target);
        Some(Self {
            provider: provider.name.clone(),
            percent,
            target,
            above,
            above_since,
            below_since: newest(|value, target| value < target).1,
            full_since: newest(|value, _| (value - 100.0).abs() < 0.5).1,
            // The default of `instanceWarmupPeriod` (ECS API).
            warmup: Duration::from_secs(u64::from(provider.warmup.unwrap_or(300))),
            read_at,
        })
    }
}

impl Derived for Demands {
    fn derive(facts: &Facts) -> Self {
        let mut demands = Self::default();
        let (Some(ecs), Some(known)) = (facts.get::<EcsFacts>(), facts.get::<ReservationFacts>()) else {
            return demands;
        };
        let providers: HashMap<&Text, _> =
            ecs.providers.iter().map(|seen| (&seen.item.name, seen.item.as_ref())).collect();
        for ((_, name), (read_at, series)) in &known.series {
            let Some(provider) = providers.get(name) else { continue };
            let Some(group) = provider.group_name() else { continue };
            let Some(demand) = Demand::of(provider, *read_at, series) else { continue };
            // Of several providers on a group the one that asks for most counts.
            let is_more = |old: &Demand| demand.percent - demand.target > old.percent - old.target;
            if demands.0.get(&group).is_none_or(is_more) {
                demands.0.insert(group, demand);
            }
        }
        demands
    }
}

impl Demands {
    /// What is asked of the group of this name; `None` where nothing tells.
    #[must_use]
    pub fn of(&self, group: &Text) -> Option<&Demand> {
        self.0.get(group)
    }
}
