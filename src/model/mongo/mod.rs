//! MongoDB replica sets: what each member says of itself, and what it says of the others.
//!
//! A member is believed about itself only. During a partition the view of one node is wrong about the rest, and even in a
//! healthy set it is seconds old; so every member is asked directly, and what differs is shown as a difference.

mod address;
mod answer;
mod merged;
pub mod uri;

pub use address::{Mechanism, MongoSet, Password, Tls};
pub use answer::{
    Connections, FlowControl, Hello, MemberConfig, MemberState, Oplog, Peer, Role, ServerStatus, SetConfig, Status,
    Tickets,
};

use std::collections::BTreeMap;

use crate::model::Fault;
use crate::text::Text;
use crate::time::Timestamp;

/// Every replica set of a stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MongoFacts {
    /// The sets, in configured order.
    pub sets: Vec<ReplicaSet>,
}

/// One replica set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaSet {
    /// Its name as configured; unique within the stack.
    pub name: Text,
    /// Why no member could be asked at all, as where its name leads to no host or its configuration here is wrong; absent: they
    /// were asked, whatever they answered.
    pub unasked: Option<Fault>,
    /// Its members by host: those of the address, and every host that a member or the configuration of the set names.
    pub members: Vec<Member>,
    /// The configuration of the newest version that a member gave; absent without the role `clusterMonitor`.
    pub config: Option<SetConfig>,
    /// Why a newer configuration was not told though a member tells its status; absent: there is none, or it was not asked for.
    pub config_fault: Option<Fault>,
    /// Elections seen by this console, the newest first.
    pub elections: Vec<Election>,
    /// Zones by host as this console's configuration tells them, for members whose tags tell none.
    pub zones: BTreeMap<Text, Text>,
    /// Hosts that this console's configuration tells a zone of and that the set does not know.
    pub strangers: Vec<Text>,
}

/// One member and what it answered; what could not be read again keeps its older time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// `host:port`, as the set names it.
    pub host: Text,
    /// When it was last asked.
    pub asked_at: Timestamp,
    /// When it last answered `hello`.
    pub answered_at: Option<Timestamp>,
    /// Its last `hello`; still there, and old, while the member does not answer.
    pub hello: Option<Hello>,
    /// Why it does not answer; absent: it does.
    pub fault: Option<Fault>,
    /// What it says of all members (`replSetGetStatus`), as of [`Member::answered_at`].
    pub status: Option<Status>,
    /// Why it tells nothing of the others though it answers: mostly a missing role.
    pub status_fault: Option<Fault>,
    /// Its own figures, which are read less often, and when.
    pub server: Option<(Timestamp, ServerStatus)>,
    /// Why its figures could not be read when they were last asked for.
    pub server_fault: Option<Fault>,
    /// What has become more between the last two readings of its figures.
    pub rising: Rising,
    /// How far its oplog reaches back, and when that was read.
    pub oplog: Option<(Timestamp, Oplog)>,
    /// Why its oplog could not be read when it was last asked for.
    pub oplog_fault: Option<Fault>,
    /// Its recent past, the oldest first.
    pub history: Vec<Sample>,
}

/// How much counters grew between the last two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rising {
    /// `asserts.regular`.
    pub regular_asserts: u64,
    /// `asserts.rollovers`.
    pub rollovers: u64,
}

/// A member at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Behind the primary by its own last write, seconds; absent without a primary.
    pub lag: Option<f64>,
    /// Connections open.
    pub connections: Option<u32>,
}

/// An election that this console saw happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Election {
    /// When the higher term was first seen, or the new primary's `electionDate` where it says one.
    pub at: Timestamp,
    /// The term it began.
    pub term: i64,
    /// Who won.
    pub winner: Option<Text>,
    /// `lastElectionReason` of the winner: `electionTimeout`, `priorityTakeover`, `stepUpRequestSkipDryRun` …
    pub reason: Option<Text>,
}

impl MongoFacts {
    /// The set with this name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&ReplicaSet> {
        self.sets.iter().find(|set| set.name == *name)
    }
}

impl ReplicaSet {
    /// The member with this host.
    #[must_use]
    pub fn member(&self, host: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.host == *host)
    }

    /// What the configuration of the set says of a member, as far as it is known.
    #[must_use]
    pub fn configured(&self, host: &str) -> Option<&MemberConfig> {
        self.config.as_ref()?.members.iter().find(|member| member.host == *host)
    }
}

impl Member {
    /// Its last word, if that is news: absent while it does not answer.
    #[must_use]
    pub fn speaks(&self) -> Option<&Hello> {
        self.hello.as_ref().filter(|_| self.fault.is_none())
    }

    /// Why it tells less than it could though it answers: that its status is not told, which the rest follows from, else what of
    /// its figures and its oplog is not. Of what does not answer, older reasons are none any more.
    #[must_use]
    pub fn untold(&self) -> Vec<&Fault> {
        match (&self.fault, &self.status_fault) {
            (Some(_), _) => Vec::new(),
            (None, Some(fault)) => vec![fault],
            (None, None) => self.server_fault.iter().chain(&self.oplog_fault).collect(),
        }
    }
}
