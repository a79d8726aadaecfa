//! A replica set as a scenario has it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::backend::sim::scenario::{long_ago, one, span, yes};
use crate::error::Error;
use crate::model::mongo::{MongoSet, Tls};
use crate::text::Text;

/// Most voting members of a set (MongoDB's limit).
const MOST_VOTERS: usize = 7;

/// A replica set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct SetSpec {
    pub name: String,
    #[serde(rename = "member")]
    pub members: Vec<MemberSpec>,
    /// The term at the start.
    #[serde(default = "one")]
    pub term: u32,
    #[serde(default = "ten_seconds", deserialize_with = "span")]
    pub election_timeout: Duration,
    #[serde(default = "two_seconds", deserialize_with = "span")]
    pub heartbeat: Duration,
    #[serde(default = "ten_seconds", deserialize_with = "span")]
    pub heartbeat_timeout: Duration,
    /// Writes a second; 0: idle, which is a no-op every ten seconds.
    #[serde(default)]
    pub writes: u32,
    /// How far the oplog reaches back.
    #[serde(default = "two_days", deserialize_with = "span")]
    pub oplog: Duration,
    /// What the console may ask; absent: there is no access control.
    #[serde(default)]
    pub access: Access,
    /// Connections of applications to the primary.
    #[serde(default = "connections")]
    pub connections: u32,
    #[serde(default = "version")]
    pub version: String,
    /// How long the members have been up, and the primary has been primary.
    #[serde(default = "long_ago", deserialize_with = "span")]
    pub age: Duration,
    /// Whether connections are encrypted.
    #[serde(default = "yes")]
    pub tls: bool,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::sim) struct MemberSpec {
    /// `host:port`.
    pub host: String,
    pub zone: String,
    #[serde(default = "priority")]
    pub priority: f64,
    #[serde(default = "one")]
    pub votes: u32,
    #[serde(default)]
    pub arbiter: bool,
    #[serde(default)]
    pub hidden: bool,
    /// `secondaryDelaySecs`.
    #[serde(default, deserialize_with = "span")]
    pub delay: Duration,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// How far behind the primary it applies what it replicates.
    #[serde(default = "five_ms", deserialize_with = "span")]
    pub behind: Duration,
}

/// What the console may ask of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::backend::sim) enum Access {
    /// There is no access control.
    #[default]
    Open,
    /// The console's user has the role `clusterMonitor`.
    Monitor,
    /// It has `clusterManager`, too.
    Manager,
    /// It has another role.
    NoRole,
    /// The console has no credentials.
    NoCredentials,
    /// The password is wrong.
    WrongPassword,
}

impl SetSpec {
    /// The set as a stack that watches it has it.
    pub fn watched(&self) -> MongoSet {
        let hosts: Vec<&str> = self.members.iter().map(|m| m.host.as_str()).collect();
        let has_user = !matches!(self.access, Access::Open | Access::NoCredentials);
        MongoSet {
            name: Text::from(&self.name),
            uri: format!("mongodb://{}/?replicaSet={}", hosts.join(","), self.name),
            username: has_user.then(|| "rounds".to_owned()),
            tls: self.tls.then(Tls::default),
            zones: self.members.iter().map(|m| (Text::from(&m.host), Text::from(&m.zone))).collect(),
            ..MongoSet::default()
        }
    }

    /// Votes in all.
    pub fn votes(&self) -> u32 {
        self.members.iter().map(|m| m.votes).sum()
    }
}

/// Whether every set can have a primary, and every host is there once.
pub(in crate::backend::sim) fn validate(sets: &[SetSpec]) -> Result<(), Error> {
    let mut hosts = std::collections::BTreeSet::new();
    for set in sets {
        let electable = |m: &MemberSpec| m.priority > 0.0 && m.votes > 0 && !m.arbiter;
        if !set.members.iter().any(electable) {
            return Err(Error::usage(format!("replica set {}: no member can be primary", set.name)));
        }
        if set.members.iter().filter(|m| m.votes > 0).count() > MOST_VOTERS {
            return Err(Error::usage(format!("replica set {}: more than {MOST_VOTERS} members vote", set.name)));
        }
        if let Some(twice) = set.members.iter().find(|m| !hosts.insert(m.host.as_str())) {
            return Err(Error::usage(format!("member \"{}\" is there twice", twice.host)));
        }
    }
    Ok(())
}

const fn two_seconds() -> Duration {
    Duration::from_secs(2)
}

const fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

const fn two_days() -> Duration {
    Duration::from_hours(48)
}

const fn five_ms() -> Duration {
    Duration::from_millis(5)
}

const fn priority() -> f64 {
    1.0
}

const fn connections() -> u32 {
    120
}

fn version() -> String {
    "6.0.14".to_owned()
}
