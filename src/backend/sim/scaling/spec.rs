//! Scaling as a scenario has it.

use std::time::Duration;

use serde::Deserialize;

use crate::backend::sim::scenario::{long_ago, span};
use crate::error::Error;

/// What may be scaled: the number of tasks of a service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct TargetSpec {
    pub service: String,
    /// Where more than one cluster has such a service.
    #[serde(default)]
    pub cluster: Option<String>,
    pub minimum: u32,
    pub maximum: u32,
    #[serde(default)]
    pub suspended: Vec<ProcessSpec>,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    #[serde(default, rename = "step")]
    pub steps: Vec<StepSpec>,
    #[serde(default, rename = "tracking")]
    pub trackings: Vec<TrackingSpec>,
    /// What was done before the start.
    #[serde(default)]
    pub past: Vec<PastSpec>,
}

/// A kind of scaling that can be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backend::sim) enum ProcessSpec {
    ScaleOut,
    ScaleIn,
    Scheduled,
}

/// A step scaling policy of one step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct StepSpec {
    pub name: String,
    /// The alarm that drives it.
    pub alarm: String,
    /// Tasks more, or fewer.
    pub change: i32,
    #[serde(default = "five_minutes", deserialize_with = "span")]
    pub cooldown: Duration,
}

/// A target tracking policy; its two alarms come with it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct TrackingSpec {
    pub name: String,
    /// Percent of CPU.
    pub value: f64,
    #[serde(default = "five_minutes", deserialize_with = "span")]
    pub cooldown: Duration,
    #[serde(default)]
    pub scale_in_disabled: bool,
}

/// A change made before the start.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct PastSpec {
    #[serde(deserialize_with = "span")]
    pub ago: Duration,
    /// The number it set.
    pub desired: u32,
    /// The policy that did it.
    pub policy: String,
}

/// Whether the bounds are in order. That services, alarms and policies exist is checked with the rest.
pub(in crate::backend::sim) fn validate(targets: &[TargetSpec]) -> Result<(), Error> {
    for target in targets {
        if target.minimum > target.maximum {
            let what = format!("target {}: its minimum is above its maximum", target.service);
            return Err(Error::usage(what));
        }
        let policies = || target.steps.iter().map(|p| &p.name).chain(target.trackings.iter().map(|p| &p.name));
        if let Some(past) = target.past.iter().find(|past| !policies().any(|name| *name == past.policy)) {
            let what = format!("target {}: past: unknown policy \"{}\"", target.service, past.policy);
            return Err(Error::usage(what));
        }
    }
    Ok(())
}

const fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
