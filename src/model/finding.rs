//! GuardDuty: detectors, what they watch, and what they found. Whatever a finding says may have been written by an attacker.

mod related;

use std::collections::BTreeMap;
use std::time::Duration;

pub use related::{Related, Resources};

use crate::text::Text;
use crate::time::Timestamp;

/// Everything the GuardDuty feed knows of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingFacts {
    /// The detectors of the account and region; one, or none where GuardDuty is off.
    pub detectors: Vec<Detector>,
    /// Findings, the most severe first, then the one that changed last; those that were archived while the console ran among
    /// them. One whose details could not be read has its id and its detector alone.
    pub findings: Vec<Finding>,
    /// What this console saw change of findings that are not archived, by id.
    pub changes: BTreeMap<Text, Change>,
    /// When the parts were read.
    pub read_at: FindingsRead,
    /// Whether the stack is configured as protected, which rules take for production.
    pub protected: bool,
}

/// When each part was read last; never, if it could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingsRead {
    /// All detectors were listed.
    pub detectors: Option<Timestamp>,
    /// The findings that are not archived were listed, of the detector of which that is longest ago.
    pub findings: Option<Timestamp>,
}

impl FindingsRead {
    /// How often detectors are read again; a person changes them once in months.
    pub const DETECTORS_EVERY: Duration = Duration::from_mins(5);
    /// How often findings are listed at most; GuardDuty makes new ones within about five minutes.
    pub const FINDINGS_EVERY: Duration = Duration::from_mins(1);
}

/// How a finding changed while this console ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    New,
    /// It was seen so many times more.
    More(u64),
}

/// A detector: GuardDuty in one account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detector {
    /// Its id.
    pub id: Text,
    /// `status`: `ENABLED`, `DISABLED`.
    pub status: Option<Text>,
    /// `findingPublishingFrequency`: `FIFTEEN_MINUTES`, `ONE_HOUR`, `SIX_HOURS`.
    pub frequency: Option<Text>,
    /// `features`.
    pub features: Vec<Feature>,
    /// The account that administers it; absent: its own account does. `None` of the outer: not known.
    pub administrator: Option<Option<Text>>,
}

/// A protection a detector has, on or off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feature {
    /// `name`: `RUNTIME_MONITORING` …; `additionalConfiguration` is written `RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT`.
    pub name: Text,
    /// `status`: `ENABLED`, `DISABLED`.
    pub status: Option<Text>,
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finding {
    /// `id`.
    pub id: Text,
    /// `arn`.
    pub arn: Text,
    /// The detector it was read from.
    pub detector: Text,
    /// `type`: `CryptoCurrency:Runtime/BitcoinTool.B` …
    pub kind: Text,
    /// `title`.
    pub title: Option<Text>,
    /// `description`.
    pub description: Option<Text>,
    /// `severity`, 1.0 to 10.0.
    pub severity: Option<f64>,
    /// `service.count`: how often it was seen.
    pub count: Option<u64>,
    /// `createdAt`.
    pub created_at: Option<Timestamp>,
    /// `updatedAt`.
    pub updated_at: Option<Timestamp>,
    /// `service.eventFirstSeen`.
    pub first_seen_at: Option<Timestamp>,
    /// `service.eventLastSeen`.
    pub last_seen_at: Option<Timestamp>,
    /// `service.archived`.
    pub archived: Option<bool>,
    /// `accountId`: in an administrator's account, that of the member it concerns.
    pub account: Option<Text>,
    /// `region`.
    pub region: Option<Text>,
    /// Whether it is a sample: its title begins with `[SAMPLE]`, or `service.additionalInfo` says so.
    pub sample: bool,
    /// What it concerns.
    pub resource: Concerned,
}

/// What a finding concerns, as far as the answer names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// `resourceType`: `ECSCluster`, `Instance`, `Container`, `RDSDBInstance`, `AccessKey` …
    pub kind: Option<Text>,
    /// `instanceDetails.instanceId`: an EC2 instance.
    pub instance: Option<Text>,
    /// `ecsClusterDetails.arn`.
    pub cluster: Option<Text>,
    /// `ecsClusterDetails.taskDetails.arn`.
    pub task: Option<Text>,
    /// `containerDetails.name`, or that of the task's first container.
    pub container: Option<Text>,
    /// `rdsDbInstanceDetails.dbInstanceIdentifier`.
    pub database: Option<Text>,
    /// `accessKeyDetails.userName`, `s3BucketDetails[].name`, `lambdaDetails.functionName`, `eksClusterDetails.name`: what else it names.
    pub other: Option<Text>,
}

impl Finding {
    /// What finds its row: its ARN, or its id where it has none.
    #[must_use]
    pub fn key(&self) -> &Text {
        if self.arn.is_empty() { &self.id } else { &self.arn }
    }
}
