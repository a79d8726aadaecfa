//! What runs, as a scenario has it: services, their tasks, and tasks of no service.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::scenario::{long_ago, one, span};

/// What one task is made of.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskSpec {
    pub cpu: u32,
    pub memory: u32,
    pub image: String,
    #[serde(default = "one")]
    pub revision: u32,
    /// Host ports, TCP.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Further containers, name and image.
    #[serde(default)]
    pub sidecars: BTreeMap<String, String>,
    /// What the first container is handed at its start: the variable's name, and the secret's name, with a key of it behind
    /// `:` perhaps.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// How a service deploys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RolloutSpec {
    pub minimum: u32,
    pub maximum: u32,
    #[serde(default)]
    pub breaker: BreakerSpec,
}

/// The deployment circuit breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BreakerSpec {
    #[default]
    Off,
    On,
    Rollback,
}

/// Where tasks of a service may run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacementSpec {
    #[serde(default)]
    pub distinct: bool,
    /// The only zones allowed; empty: all.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Switches availability zone rebalancing off.
    #[serde(default)]
    pub no_rebalancing: bool,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceSpec {
    pub name: String,
    pub cluster: String,
    /// Its capacity provider; absent: launch type EC2, any instance.
    #[serde(default)]
    pub provider: Option<String>,
    /// The zones of its subnets on Fargate; empty: it runs on instances.
    #[serde(default)]
    pub fargate: Vec<String>,
    pub desired: u32,
    pub task: TaskSpec,
    pub rollout: RolloutSpec,
    #[serde(default)]
    pub placement: PlacementSpec,
    #[serde(default)]
    pub target_groups: u32,
    /// Whether a container health check is configured.
    #[serde(default)]
    pub health_check: bool,
    /// In percent of one task's CPU, over all tasks together: 1,300 is 65 % on 20 tasks. Absent: nothing is measured.
    #[serde(default)]
    pub load: Option<f64>,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    /// How long before the start its last deployment completed.
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub deployed: Duration,
    /// How many six-hourly "steady state" events lie behind it (ECS keeps 100 events in all).
    #[serde(default = "history")]
    pub history: u32,
    /// Tasks that stopped within the last hour before the start.
    #[serde(default)]
    pub stopped: Vec<StoppedSpec>,
}

/// A task that had stopped before the start.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoppedSpec {
    #[serde(deserialize_with = "span")]
    pub ago: Duration,
    pub code: String,
    pub reason: String,
    #[serde(default)]
    pub exit: Option<i32>,
    /// The container's own reason.
    #[serde(default)]
    pub container_reason: Option<String>,
}

/// A task of no service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StandaloneSpec {
    pub family: String,
    pub cluster: String,
    #[serde(default)]
    pub zone: Option<String>,
    pub task: TaskSpec,
    /// How long before the start it was run.
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
}

const fn history() -> u32 {
    12
}
