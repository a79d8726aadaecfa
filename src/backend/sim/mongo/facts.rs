//! What a member answers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::set::{Member, Motion, Set};
use crate::backend::sim::noise::noise;
use crate::backend::sim::rollout::count;
use crate::model::mongo::{
    Connections, FlowControl, Hello, MemberConfig, MemberState, Oplog, Peer, Role, ServerStatus, SetConfig, Status,
    Tickets,
};
use crate::text::Text;
use crate::time::Timestamp;

/// Connections a mongod takes by default here: what its limit of open files leaves.
const CONNECTIONS: u32 = 51_200;
/// Tickets of the storage engine, each way.
const TICKETS: u64 = 128;
/// `flowControl.targetRateLimit` where nothing is limited.
const NO_LIMIT: u64 = 1_000_000_000;
/// Behind by so much, the primary slows its writers (`flowControlTargetLagSeconds`).
const FLOW_CONTROL: Duration = Duration::from_secs(10);

/// As `lastWriteDate` and `optimeDate`: whole seconds.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.secs())
}

fn millis(span: Duration) -> Option<u64> {
    u64::try_from(span.as_millis()).ok()
}

impl Set {
    fn host(&self, i: usize) -> Text {
        Text::from(&self.members[i].spec.host)
    }

    /// Whom a member holds to be the primary.
    fn primary_of(&self, i: usize) -> Option<usize> {
        let views = &self.members[i].views;
        let leads = |j: &usize| *j != i && views[*j].healthy && views[*j].state == MemberState::Primary;
        if self.members[i].state == MemberState::Primary {
            return Some(i);
        }
        (0..views.len()).filter(leads).max_by_key(|j| views[*j].term)
    }

    pub fn hello(&self, i: usize) -> Hello {
        let member = &self.members[i];
        let hosts = |wanted: fn(&Member) -> bool| {
            self.members.iter().filter(|m| wanted(m)).map(|m| Text::from(&m.spec.host)).collect()
        };
        let is_primary = member.state == MemberState::Primary;
        let last = Some(self.applied(i).at).filter(|_| !member.spec.arbiter);
        Hello {
            set_name: Some(Text::from(&self.spec.name)),
            set_version: Some(1),
            me: Some(self.host(i)),
            hosts: hosts(|m| !m.spec.hidden),
            arbiters: hosts(|m| m.spec.arbiter),
            primary: self.primary_of(i).map(|j| self.host(j)),
            role: match member.state {
                MemberState::Primary => Role::Primary,
                MemberState::Secondary => Role::Secondary,
                MemberState::Arbiter => Role::Arbiter,
                _ => Role::Other,
            },
            is_hidden: member.spec.hidden,
            is_passive: member.spec.priority <= 0.0 && !member.spec.arbiter,
            delay: Some(member.spec.delay.as_secs()).filter(|delay| *delay > 0),
            election_id: is_primary.then(|| Text::from(format!("7fffffff{:016x}", member.term))),
            tags: texts(&member.spec.tags),
            last_write_at: last.map(seconds),
            majority_write_at: last.and_then(|_| self.committed(i)).map(seconds),
            local_time: Some(self.now),
            is_protected: self.spec.tls,
        }
    }

    pub fn status(&self, i: usize) -> Status {
        let member = &self.members[i];
        let (votes, writable) = self.voters();
        let majority = votes / 2 + 1;
        Status {
            set: Some(Text::from(&self.spec.name)),
            date: Some(self.now),
            my_state: member.state,
            term: Some(member.term),
            heartbeat_interval_ms: millis(self.spec.heartbeat),
            majority_vote_count: Some(majority),
            write_majority_count: Some(majority.min(writable)),
            voting_members: Some(votes),
            writable_voting_members: Some(writable),
            election_reason: member.elected.map(|(_, why)| Text::from(why.word())),
            election_at: member.elected.map(|(at, _)| at),
            members: (0..self.members.len()).map(|j| if i == j { self.itself(i) } else { self.peer(i, j) }).collect(),
        }
    }

    /// Voting members, and those among them that hold data.
    fn voters(&self) -> (u32, u32) {
        let voters = || self.members.iter().filter(|m| m.spec.votes > 0);
        (count(voters().count()), count(voters().filter(|m| !m.spec.arbiter).count()))
    }

    fn itself(&self, i: usize) -> Peer {
        let member = &self.members[i];
        let last = Some(self.applied(i).at).filter(|_| !member.spec.arbiter);
        Peer {
            host: self.host(i),
            is_healthy: Some(true),
            state: member.state,
            is_self: true,
            optime_at: last.map(seconds),
            applied_at: last,
            sync_source: if let Motion::Follows(primary) = member.motion { Some(self.host(primary)) } else { None },
            elected_at: member.elected.map(|(at, _)| at),
            config_version: Some(1),
            config_term: Some(member.config_term),
            uptime: Some(self.now.since(member.started_at).as_secs()),
            ..Peer::default()
        }
    }

    /// Another member as it was at the last heartbeat, or as it has been since it stopped answering.
    fn peer(&self, i: usize, j: usize) -> Peer {
        let (view, zones) = (&self.members[i].views[j], (&self.members[i].spec.zone, &self.members[j].spec.zone));
        let known = view.heartbeat_at.is_some();
        Peer {
            host: self.host(j),
            is_healthy: Some(view.healthy),
            state: view.state,
            is_self: false,
            optime_at: view.optime.map(|optime| seconds(optime.at)),
            applied_at: view.applied_at,
            heartbeat_at: view.heartbeat_at,
            heartbeat_received_at: view.received_at,
            heartbeat_message: view.message.as_ref().map(Text::from),
            ping_ms: known.then_some(u64::from(zones.0 != zones.1)),
            sync_source: view.follows.map(|primary| self.host(primary)),
            elected_at: view.elected_at,
            config_version: known.then_some(1),
            config_term: known.then_some(view.config_term),
            uptime: Some(view.up_since.map_or(0, |since| self.now.since(since).as_secs())),
        }
    }

    pub fn config(&self, i: usize) -> SetConfig {
        let members = self.members.iter().map(|m| MemberConfig {
            host: Text::from(&m.spec.host),
            priority: Some(if m.spec.arbiter { 0.0 } else { m.spec.priority }),
            votes: Some(m.spec.votes),
            is_arbiter: m.spec.arbiter,
            is_hidden: m.spec.hidden,
            builds_indexes: true,
            delay: m.spec.delay.as_secs(),
            tags: texts(&m.spec.tags),
        });
        SetConfig {
            name: Text::from(&self.spec.name),
            version: Some(1),
            term: Some(self.members[i].config_term),
            election_timeout_ms: millis(self.spec.election_timeout),
            heartbeat_interval_ms: millis(self.spec.heartbeat),
            heartbeat_timeout_secs: Some(self.spec.heartbeat_timeout.as_secs()),
            chaining_allowed: Some(true),
            members: members.collect(),
        }
    }

    pub fn server(&self, i: usize) -> ServerStatus {
        let member = &self.members[i];
        let is_primary = member.state == MemberState::Primary;
        let wobble = |what: &str, span: f64| span * noise(&format!("{} {what}", member.spec.host), self.now);
        // Readers and the other members hold a few connections to a secondary; the rest is the primary's.
        let usual = f64::from(self.spec.connections) * if is_primary { 1.0 } else { 0.3 };
        let current = number(usual + wobble("connections", usual * 0.05));
        let tickets =
            |busy: u64| has_queues(&self.spec.version).then_some(Tickets { available: TICKETS - busy, total: TICKETS });
        let behind = (0..self.members.len()).filter(|j| is_primary && *j != i && self.linked(i, *j));
        let behind = behind.filter(|j| !self.members[*j].spec.arbiter && self.members[*j].spec.delay.is_zero());
        let behind = behind.map(|j| self.applied(i).at.since(self.applied(j).at)).max().unwrap_or_default();
        let is_lagged = self.spec.writes > 0 && behind > FLOW_CONTROL;
        ServerStatus {
            version: Some(Text::from(&self.spec.version)),
            uptime: Some(self.now.since(member.started_at).as_secs()),
            connections: Connections { current: Some(current), available: Some(CONNECTIONS.saturating_sub(current)) },
            regular_asserts: Some(0),
            rollovers: Some(0),
            flow_control: FlowControl {
                is_lagged: Some(is_lagged),
                target_rate_limit: Some(if is_lagged { u64::from(self.spec.writes) } else { NO_LIMIT }),
            },
            read_tickets: tickets(u64::from(is_primary) * 3),
            write_tickets: tickets(u64::from(is_primary) * 2),
        }
    }

    pub fn oplog(&self, i: usize) -> Option<Oplog> {
        let last_at = seconds(self.applied(i).at);
        let oplog = Oplog { first_at: Some(last_at - self.spec.oplog), last_at: Some(last_at) };
        (!self.members[i].spec.arbiter).then_some(oplog)
    }
}

/// Whether a version has the tickets outside of the section `wiredTiger`, which is not asked for: from 8.0 on.
fn has_queues(version: &str) -> bool {
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 8)
}

fn texts(tags: &BTreeMap<String, String>) -> BTreeMap<Text, Text> {
    tags.iter().map(|(name, value)| (Text::from(name), Text::from(value))).collect()
}

/// A figure that is a number of things.
fn number(value: f64) -> u32 {
    // Saturates; the figures are small and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of the type")]
    let number = value.round().clamp(0.0, f64::from(u32::MAX)) as u32;
    number
}
