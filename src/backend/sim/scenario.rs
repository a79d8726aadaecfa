//! A scenario: one TOML file that says what a simulated world holds and what happens to it.

use std::time::Duration;

use serde::Deserialize;

use super::act::Step;
use super::alarms::AlarmSpec;
use super::faults::FaultSpec;
use super::guard::{DetectorSpec, FindingSpec};
use super::mongo::SetSpec;
use super::rds::{DatabaseSpec, DbClusterSpec, ProxySpec};
use super::scaling::TargetSpec;
use super::script::RawStep;
use super::validate::validate;
use super::vault::SecretSpec;
use super::work::{ServiceSpec, StandaloneSpec};
use crate::error::Error;
use crate::model::ecs::Size;
use crate::model::mongo::MongoSet;
use crate::time::{Timestamp, parse_span};

/// What a simulated world holds at its start, and the script of what happens to it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The title, a few words.
    pub title: String,
    /// What it shows, in one line.
    pub about: String,
    /// What to press next.
    pub hint: String,
    #[serde(deserialize_with = "timestamp")]
    pub(super) start: Timestamp,
    /// How long after the start a demo opens, unless told otherwise: where there is something to see.
    #[serde(default, deserialize_with = "span")]
    pub(super) opens: Duration,
    pub(super) caller: CallerSpec,
    #[serde(default, rename = "cluster")]
    pub(super) clusters: Vec<ClusterSpec>,
    #[serde(default, rename = "group")]
    pub(super) groups: Vec<GroupSpec>,
    #[serde(default, rename = "provider")]
    pub(super) providers: Vec<ProviderSpec>,
    #[serde(default)]
    pub(super) instances: Vec<InstancesSpec>,
    #[serde(default, rename = "service")]
    pub(super) services: Vec<ServiceSpec>,
    #[serde(default, rename = "standalone")]
    pub(super) standalone: Vec<StandaloneSpec>,
    #[serde(default, rename = "replica-set")]
    pub(super) sets: Vec<SetSpec>,
    #[serde(default, rename = "database")]
    pub(super) databases: Vec<DatabaseSpec>,
    #[serde(default, rename = "db-cluster")]
    pub(super) db_clusters: Vec<DbClusterSpec>,
    #[serde(default, rename = "proxy")]
    pub(super) proxies: Vec<ProxySpec>,
    #[serde(default, rename = "target")]
    pub(super) targets: Vec<TargetSpec>,
    #[serde(default, rename = "alarm")]
    pub(super) alarms: Vec<AlarmSpec>,
    #[serde(default)]
    pub(super) detector: Option<DetectorSpec>,
    #[serde(default, rename = "finding")]
    pub(super) findings: Vec<FindingSpec>,
    #[serde(default, rename = "secret")]
    pub(super) secrets: Vec<SecretSpec>,
    /// Log groups, without streams.
    #[serde(default)]
    pub(super) log_groups: Vec<String>,
    #[serde(default, rename = "fault")]
    pub(super) faults: Vec<FaultSpec>,
    #[serde(default, rename = "at")]
    raw_script: Vec<RawStep>,
    #[serde(skip)]
    pub(super) script: Vec<Step>,
    #[serde(skip)]
    pub(super) seating: Seating,
}

/// How tasks get their places at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Seating {
    /// By the scheduler's own rules.
    #[default]
    Spread,
    /// One instance after the other without looking: constant time a task.
    RoundRobin,
}

/// Who asks, and where.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerSpec {
    pub account: String,
    pub region: String,
    pub arn: String,
    /// How long after the start the credentials end.
    #[serde(default, deserialize_with = "some_span")]
    pub credentials_last: Option<Duration>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterSpec {
    pub name: String,
    #[serde(default = "active")]
    pub status: String,
    #[serde(default)]
    pub providers: Vec<String>,
}

/// An Auto Scaling group.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSpec {
    pub name: String,
    pub minimum: u32,
    pub maximum: u32,
    pub zones: Vec<String>,
    /// Processes that are suspended; without `Launch` no instance comes.
    #[serde(default)]
    pub suspended: Vec<String>,
    /// From the launch of an instance to its registration with ECS.
    #[serde(default = "boot", deserialize_with = "span")]
    pub boot: Duration,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    /// Its instances are spot instances.
    #[serde(default)]
    pub spot: bool,
    /// `ECS_ENABLE_SPOT_INSTANCE_DRAINING`: an instance drains once it is to be reclaimed.
    #[serde(default)]
    pub spot_draining: bool,
}

/// A capacity provider.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderSpec {
    pub name: String,
    pub group: String,
    #[serde(default = "yes")]
    pub managed_scaling: bool,
    #[serde(default = "hundred")]
    pub target_capacity: u32,
    /// Seconds; 300 is the default of ECS.
    #[serde(default = "warmup")]
    pub warmup: u32,
    #[serde(default = "yes")]
    pub termination_protection: bool,
    #[serde(default = "yes")]
    pub managed_draining: bool,
}

/// Container instances of one kind in one zone.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstancesSpec {
    pub cluster: String,
    #[serde(default)]
    pub group: Option<String>,
    pub zone: String,
    pub count: u32,
    pub cpu: u32,
    pub memory: u32,
    /// EC2 instance ids; made up where there are too few.
    #[serde(default)]
    pub ids: Vec<String>,
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    /// Why their group launched them, in the words of its activity after "At …"; absent: as usual.
    #[serde(default)]
    pub because: Option<String>,
}

impl InstancesSpec {
    pub(super) const fn size(&self) -> Size {
        Size { cpu: self.cpu, memory: self.memory }
    }
}

impl Scenario {
    /// Reads a scenario from TOML; `origin` is the file's name, for messages.
    ///
    /// # Errors
    /// What is wrong, with the field and the line where the parser knows it.
    pub fn parse(toml: &str, origin: &str) -> Result<Self, Error> {
        let mut scenario: Self = toml::from_str(toml).map_err(|e| {
            let line = e.span().map(|span| 1 + toml[..span.start].matches('\n').count());
            let from = line.map_or_else(|| origin.to_owned(), |line| format!("{origin}:{line}"));
            Error::usage(e.message()).from(from)
        })?;
        let raw = std::mem::take(&mut scenario.raw_script);
        scenario.script = raw
            .into_iter()
            .enumerate()
            .map(|(i, step)| step.check().map_err(|e| format!("[[at]] number {}: {e}", i + 1)))
            .collect::<Result<_, _>>()
            .map_err(|e| Error::usage(e).from(origin))?;
        validate(&scenario).map_err(|e| e.from(origin))?;
        Ok(scenario)
    }

    /// When the simulated time begins.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The same scenario with its beginning moved to `start`; everything in it is told relative to that.
    #[must_use]
    pub fn moved_to(self, start: Timestamp) -> Self {
        Self { start, ..self }
    }

    /// When a demo opens, unless told otherwise: where there is something to see.
    #[must_use]
    pub fn opens(&self) -> Timestamp {
        self.start + self.opens
    }

    /// The replica sets of this world, as a stack that watches it has them.
    #[must_use]
    pub fn mongo_sets(&self) -> Vec<MongoSet> {
        self.sets.iter().map(SetSpec::watched).collect()
    }

    /// A scenario without a script for tests of scale: one cluster, `services` that share `tasks` evenly, spread over
    /// `instances` in three zones that hold them with room for a quarter more. No service hits a limit.
    #[must_use]
    pub fn sized(services: u32, tasks: u32, instances: u32) -> Self {
        super::sized::sized(services, tasks, instances)
    }

    /// A scenario from parts that are known to agree with each other.
    pub(super) fn assembled(caller: CallerSpec, start: Timestamp) -> Self {
        Self {
            title: String::new(),
            about: String::new(),
            hint: String::new(),
            start,
            opens: Duration::ZERO,
            caller,
            clusters: Vec::new(),
            groups: Vec::new(),
            providers: Vec::new(),
            instances: Vec::new(),
            services: Vec::new(),
            standalone: Vec::new(),
            sets: Vec::new(),
            databases: Vec::new(),
            db_clusters: Vec::new(),
            proxies: Vec::new(),
            targets: Vec::new(),
            alarms: Vec::new(),
            detector: None,
            findings: Vec::new(),
            secrets: Vec::new(),
            log_groups: Vec::new(),
            faults: Vec::new(),
            raw_script: Vec::new(),
            script: Vec::new(),
            seating: Seating::RoundRobin,
        }
    }
}

fn timestamp<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    Timestamp::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

pub(super) fn span<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse_span(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

pub(super) fn some_span<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    span(from).map(Some)
}

fn active() -> String {
    "ACTIVE".to_owned()
}

pub(super) const fn yes() -> bool {
    true
}

pub(super) const fn one() -> u32 {
    1
}

pub(super) const fn hundred() -> u32 {
    100
}

const fn warmup() -> u32 {
    300
}

const fn boot() -> Duration {
    Duration::from_secs(150)
}

pub(super) const fn long_ago() -> Duration {
    Duration::from_secs(30 * 86_400)
}
