//! A detector and its findings as a scenario has them.

use std::time::Duration;

use serde::Deserialize;

use crate::backend::sim::scenario::{one, some_span};
use crate::error::Error;

/// GuardDuty in the account and region.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct DetectorSpec {
    /// `ENABLED`, `DISABLED`.
    #[serde(default = "enabled")]
    pub status: String,
    #[serde(default = "six_hours")]
    pub frequency: String,
    /// Features that are on.
    #[serde(default)]
    pub on: Vec<String>,
    /// Features that are off.
    #[serde(default)]
    pub off: Vec<String>,
    /// The account that administers it; absent: its own.
    #[serde(default)]
    pub administrator: Option<String>,
}

impl DetectorSpec {
    /// One that watches everything it can.
    pub fn watching_everything() -> Self {
        let on = [
            "CLOUD_TRAIL",
            "DNS_LOGS",
            "FLOW_LOGS",
            "S3_DATA_EVENTS",
            "EBS_MALWARE_PROTECTION",
            "RDS_LOGIN_EVENTS",
            "LAMBDA_NETWORK_LOGS",
            "RUNTIME_MONITORING",
            "RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT",
            "RUNTIME_MONITORING/EC2_AGENT_MANAGEMENT",
        ];
        Self {
            status: enabled(),
            frequency: "FIFTEEN_MINUTES".to_owned(),
            on: on.map(str::to_owned).to_vec(),
            off: Vec::new(),
            administrator: None,
        }
    }
}

/// A finding. Its texts may be what an attacker wrote.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct FindingSpec {
    /// What the script calls it.
    pub name: String,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub severity: f64,
    /// How long before the start it was made; absent: the script says when.
    #[serde(default, deserialize_with = "some_span")]
    pub ago: Option<Duration>,
    /// From its first sighting to its last one before the start.
    #[serde(default, deserialize_with = "some_span")]
    pub seen_for: Option<Duration>,
    #[serde(default = "one")]
    pub count: u32,
    #[serde(default)]
    pub sample: bool,
    #[serde(default)]
    pub archived: bool,
    /// The account it concerns; absent: its own.
    #[serde(default)]
    pub account: Option<String>,
    pub resource: ResourceSpec,
}

/// What a finding concerns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(in crate::backend::sim) enum ResourceSpec {
    /// The task of this service that runs longest when it is found.
    TaskOf(String),
    /// An instance, as the script names it.
    Instance(String),
    Database(String),
    /// `AccessKey`, `S3Bucket` …, and a name.
    Other {
        kind: String,
        name: String,
    },
}

/// Whether the findings are in order. That what they concern exists is checked with the rest.
pub(in crate::backend::sim) fn validate(
    detector: Option<&DetectorSpec>,
    findings: &[FindingSpec],
) -> Result<(), Error> {
    if detector.is_none() && !findings.is_empty() {
        return Err(Error::usage("findings need a detector"));
    }
    match findings.iter().find(|f| !(1.0..=10.0).contains(&f.severity)) {
        Some(wrong) => Err(Error::usage(format!("finding {}: severity is from 1 to 10", wrong.name))),
        None => Ok(()),
    }
}

fn enabled() -> String {
    "ENABLED".to_owned()
}

fn six_hours() -> String {
    "SIX_HOURS".to_owned()
}
