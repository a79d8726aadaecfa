//! Alarms as a scenario has them.

use std::time::Duration;

use serde::Deserialize;

use super::board::State;
use crate::backend::sim::scenario::{long_ago, one, span};
use crate::error::Error;

/// An alarm.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct AlarmSpec {
    pub name: String,
    /// CPU of this service.
    #[serde(default)]
    pub service: Option<String>,
    /// Where more than one cluster has such a service.
    #[serde(default)]
    pub cluster: Option<String>,
    /// A metric of this database.
    #[serde(default)]
    pub database: Option<String>,
    /// A metric of this proxy.
    #[serde(default)]
    pub proxy: Option<String>,
    /// The metric's name.
    #[serde(default = "cpu")]
    pub metric: String,
    /// The namespace of a metric that nobody measures here: the script sets the alarm's state.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Alarms of which one is enough: a composite alarm.
    #[serde(default)]
    pub any: Vec<String>,
    /// `Average`, `Sum`, `Maximum`, `Minimum`.
    #[serde(default = "average")]
    pub statistic: String,
    #[serde(default)]
    pub above: Option<f64>,
    #[serde(default)]
    pub below: Option<f64>,
    /// Minutes of a period.
    #[serde(default = "one")]
    pub minutes: u32,
    /// Periods looked at.
    #[serde(default = "one")]
    pub periods: u32,
    /// Periods that have to be beyond the threshold; absent: all.
    #[serde(default)]
    pub needed: Option<u32>,
    /// `missing`, `notBreaching`, `breaching`, `ignore`.
    #[serde(default = "missing")]
    pub missing: String,
    /// Names of topics that are told.
    #[serde(default)]
    pub topics: Vec<String>,
    #[serde(default)]
    pub muted: bool,
    /// Where nothing is measured: the state at the start.
    #[serde(default)]
    pub state: StateSpec,
    /// Since when it has been in the state it has at the start.
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub since: Duration,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backend::sim) enum StateSpec {
    #[default]
    Ok,
    Alarm,
    InsufficientData,
}

impl From<StateSpec> for State {
    fn from(state: StateSpec) -> Self {
        match state {
            StateSpec::Ok => Self::Ok,
            StateSpec::Alarm => Self::Alarm,
            StateSpec::InsufficientData => Self::Insufficient,
        }
    }
}

/// Whether every alarm watches one thing and compares it in one way.
pub(in crate::backend::sim) fn validate(alarms: &[AlarmSpec]) -> Result<(), Error> {
    for alarm in alarms {
        let things = [&alarm.service, &alarm.database, &alarm.proxy, &alarm.namespace];
        let watched = things.iter().filter(|thing| thing.is_some()).count() + usize::from(!alarm.any.is_empty());
        if watched != 1 {
            let what = "watches one of service, database, proxy, namespace and any";
            return Err(Error::usage(format!("alarm {}: {what}", alarm.name)));
        }
        if alarm.any.is_empty() && (alarm.above.is_some() == alarm.below.is_some()) {
            return Err(Error::usage(format!("alarm {}: needs above or below, and not both", alarm.name)));
        }
        let needed = alarm.needed.unwrap_or(alarm.periods);
        if alarm.minutes == 0 || needed == 0 || needed > alarm.periods {
            return Err(Error::usage(format!("alarm {}: minutes, periods or needed make no sense", alarm.name)));
        }
    }
    Ok(())
}

fn cpu() -> String {
    "CPUUtilization".to_owned()
}

fn average() -> String {
    "Average".to_owned()
}

fn missing() -> String {
    "missing".to_owned()
}
