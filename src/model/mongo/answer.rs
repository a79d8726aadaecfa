//! What a member answers, command by command. Only what the console shows or judges is kept.

use std::collections::BTreeMap;

use crate::text::Text;
use crate::time::Timestamp;

/// `hello`, which every member answers, without credentials too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hello {
    /// `setName`; absent: not a member of a set.
    pub set_name: Option<Text>,
    /// `setVersion`: version of the configuration.
    pub set_version: Option<i64>,
    /// `me`: the host by which the set knows it.
    pub me: Option<Text>,
    /// `hosts`, `passives` and `arbiters` together.
    pub hosts: Vec<Text>,
    /// `arbiters`.
    pub arbiters: Vec<Text>,
    /// `primary`: whom it holds to be the primary.
    pub primary: Option<Text>,
    /// What it says it is.
    pub role: Role,
    /// `hidden`.
    pub is_hidden: bool,
    /// `passive`: priority 0.
    pub is_passive: bool,
    /// `secondaryDelaySecs`, seconds.
    pub delay: Option<u64>,
    /// `electionId`'s place: the term is not in `hello`, but the id grows with it.
    pub election_id: Option<Text>,
    /// `tags`.
    pub tags: BTreeMap<Text, Text>,
    /// `lastWrite.lastWriteDate`: its own last write, to the second.
    pub last_write_at: Option<Timestamp>,
    /// `lastWrite.majorityWriteDate`.
    pub majority_write_at: Option<Timestamp>,
    /// `localTime` of the member.
    pub local_time: Option<Timestamp>,
    /// Whether the connection is encrypted or does not leave this machine.
    pub is_protected: bool,
}

/// What a member says it is, without being asked for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// `isWritablePrimary`.
    Primary,
    /// `secondary`.
    Secondary,
    /// `arbiterOnly`.
    Arbiter,
    /// None of these: starting, recovering, removed …
    #[default]
    Other,
}

/// The state of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberState {
    /// 0.
    Startup,
    /// 1.
    Primary,
    /// 2.
    Secondary,
    /// 3.
    Recovering,
    /// 5.
    Startup2,
    /// 6, and every number not listed here.
    #[default]
    Unknown,
    /// 7.
    Arbiter,
    /// 8.
    Down,
    /// 9.
    Rollback,
    /// 10.
    Removed,
}

impl MemberState {
    /// The state with this number.
    #[must_use]
    pub const fn of(number: i64) -> Self {
        match number {
            0 => Self::Startup,
            1 => Self::Primary,
            2 => Self::Secondary,
            3 => Self::Recovering,
            5 => Self::Startup2,
            7 => Self::Arbiter,
            8 => Self::Down,
            9 => Self::Rollback,
            10 => Self::Removed,
            _ => Self::Unknown,
        }
    }

    /// MongoDB's word; `DOWN` for what it spells `(not reachable/healthy)`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Startup => "STARTUP",
            Self::Primary => "PRIMARY",
            Self::Secondary => "SECONDARY",
            Self::Recovering => "RECOVERING",
            Self::Startup2 => "STARTUP2",
            Self::Unknown => "UNKNOWN",
            Self::Arbiter => "ARBITER",
            Self::Down => "DOWN",
            Self::Rollback => "ROLLBACK",
            Self::Removed => "REMOVED",
        }
    }
}

/// `replSetGetStatus`: how one member sees the set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// `set`.
    pub set: Option<Text>,
    /// `date`: the member's clock.
    pub date: Option<Timestamp>,
    /// `myState`.
    pub my_state: MemberState,
    /// `term`.
    pub term: Option<i64>,
    /// `heartbeatIntervalMillis`.
    pub heartbeat_interval_ms: Option<u64>,
    /// `majorityVoteCount`.
    pub majority_vote_count: Option<u32>,
    /// `writeMajorityCount`.
    pub write_majority_count: Option<u32>,
    /// `votingMembersCount`.
    pub voting_members: Option<u32>,
    /// `writableVotingMembersCount`.
    pub writable_voting_members: Option<u32>,
    /// `electionCandidateMetrics.lastElectionReason`.
    pub election_reason: Option<Text>,
    /// `electionCandidateMetrics.lastElectionDate`.
    pub election_at: Option<Timestamp>,
    /// `members`: itself among them.
    pub members: Vec<Peer>,
}

/// A member as another one (or itself) sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peer {
    /// `name`: `host:port`.
    pub host: Text,
    /// `health` other than 0.
    pub is_healthy: Option<bool>,
    /// `state`.
    pub state: MemberState,
    /// `self`.
    pub is_self: bool,
    /// `optimeDate`; absent where it is 1970, as it is of members that are down.
    pub optime_at: Option<Timestamp>,
    /// `lastAppliedWallTime`.
    pub applied_at: Option<Timestamp>,
    /// `lastHeartbeat`: when the asked member last heard an answer.
    pub heartbeat_at: Option<Timestamp>,
    /// `lastHeartbeatRecv`.
    pub heartbeat_received_at: Option<Timestamp>,
    /// `lastHeartbeatMessage`, where it is not empty.
    pub heartbeat_message: Option<Text>,
    /// `pingMs`.
    pub ping_ms: Option<u64>,
    /// `syncSourceHost`, where it is not empty.
    pub sync_source: Option<Text>,
    /// `electionDate`.
    pub elected_at: Option<Timestamp>,
    /// `configVersion`.
    pub config_version: Option<i64>,
    /// `configTerm`.
    pub config_term: Option<i64>,
    /// `uptime`, seconds.
    pub uptime: Option<u64>,
}

/// `replSetGetConfig`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetConfig {
    /// `_id`.
    pub name: Text,
    /// `version`.
    pub version: Option<i64>,
    /// `term`.
    pub term: Option<i64>,
    /// `settings.electionTimeoutMillis`; the default is 10,000.
    pub election_timeout_ms: Option<u64>,
    /// `settings.heartbeatIntervalMillis`; the default is 2,000.
    pub heartbeat_interval_ms: Option<u64>,
    /// `settings.heartbeatTimeoutSecs`; the default is 10.
    pub heartbeat_timeout_secs: Option<u64>,
    /// `settings.chainingAllowed`.
    pub chaining_allowed: Option<bool>,
    /// `members`.
    pub members: Vec<MemberConfig>,
}

/// A member as configured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberConfig {
    /// `host`.
    pub host: Text,
    /// `priority`.
    pub priority: Option<f64>,
    /// `votes`.
    pub votes: Option<u32>,
    /// `arbiterOnly`.
    pub is_arbiter: bool,
    /// `hidden`.
    pub is_hidden: bool,
    /// `buildIndexes`.
    pub builds_indexes: bool,
    /// `secondaryDelaySecs`, seconds.
    pub delay: u64,
    /// `tags`.
    pub tags: BTreeMap<Text, Text>,
}

/// `serverStatus`, without the sections that make it large.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerStatus {
    /// `version`.
    pub version: Option<Text>,
    /// `uptime`, seconds.
    pub uptime: Option<u64>,
    /// `connections`.
    pub connections: Connections,
    /// `asserts.regular`.
    pub regular_asserts: Option<u64>,
    /// `asserts.rollovers`.
    pub rollovers: Option<u64>,
    /// `flowControl`.
    pub flow_control: FlowControl,
    /// `queues.execution`, from 8.0 on: reading.
    pub read_tickets: Option<Tickets>,
    /// As above: writing.
    pub write_tickets: Option<Tickets>,
}

/// `serverStatus.connections`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// `current`.
    pub current: Option<u32>,
    /// `available`.
    pub available: Option<u32>,
}

/// `serverStatus.flowControl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowControl {
    /// `isLagged`.
    pub is_lagged: Option<bool>,
    /// `targetRateLimit`, tickets a second; 1,000,000,000 means no limit.
    pub target_rate_limit: Option<u64>,
}

/// Tickets of the storage engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tickets {
    /// `available`.
    pub available: u64,
    /// `totalTickets`.
    pub total: u64,
}

/// The ends of `local.oplog.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oplog {
    /// The `ts` of its first entry.
    pub first_at: Option<Timestamp>,
    /// The `ts` of its last entry.
    pub last_at: Option<Timestamp>,
}
