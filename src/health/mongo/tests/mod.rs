mod agreement;
mod figures;
mod lead;
mod members;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::fixture::{World, now};
use super::super::{Evaluation, Observed, Thresholds, evaluate};
use crate::model::mongo::*;
use crate::model::{Facts, Fault, FaultKind, Severity};
use crate::text::Text;
use crate::time::Timestamp;

pub(super) fn text(s: &str) -> Text {
    Text::from(s)
}

pub(super) fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(super) fn host(n: usize) -> Text {
    Text::from(format!("m{n}:27017"))
}

/// A member of a set of so many, of which the first is the primary: idle, well, in a zone of its own, over TLS, a week old.
fn member(n: usize, of: usize, at: Timestamp) -> Member {
    let peer = |p: usize| Peer {
        host: host(p),
        is_healthy: Some(true),
        state: if p == 0 { MemberState::Primary } else { MemberState::Secondary },
        is_self: p == n,
        optime_at: Some(at - secs(3)),
        heartbeat_at: (p != n).then(|| at - secs(1)),
        sync_source: (p > 0).then(|| host(0)),
        config_version: Some(5),
        config_term: Some(41),
        ..Peer::default()
    };
    let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][n % 3];
    Member {
        host: host(n),
        asked_at: at,
        answered_at: Some(at),
        hello: Some(Hello {
            set_name: Some(text("ehr")),
            set_version: Some(5),
            me: Some(host(n)),
            hosts: (0..of).map(host).collect(),
            primary: Some(host(0)),
            role: if n == 0 { Role::Primary } else { Role::Secondary },
            tags: BTreeMap::from([(text("az"), text(zone))]),
            last_write_at: Some(at - secs(3)),
            is_protected: true,
            ..Hello::default()
        }),
        status: Some(Status {
            date: Some(at),
            my_state: if n == 0 { MemberState::Primary } else { MemberState::Secondary },
            term: Some(41),
            members: (0..of).map(peer).collect(),
            ..Status::default()
        }),
        server: Some((at, server())),
        oplog: Some((at, Oplog { first_at: Some(at - secs(3 * 86_400)), last_at: Some(at) })),
        ..Member::default()
    }
}

/// Figures of a member that has been up for a week and is bored.
pub(super) fn server() -> ServerStatus {
    let tickets = Some(Tickets { available: 128, total: 128 });
    ServerStatus {
        uptime: Some(7 * 86_400),
        connections: Connections { current: Some(40), available: Some(760) },
        regular_asserts: Some(0),
        rollovers: Some(0),
        flow_control: FlowControl { is_lagged: Some(false), target_rate_limit: Some(1_000_000_000) },
        read_tickets: tickets,
        write_tickets: tickets,
        ..ServerStatus::default()
    }
}

/// `ehr`, so many members, all well.
pub(super) fn set_of(n: usize) -> ReplicaSet {
    set_at(n, now())
}

pub(super) fn set_at(n: usize, at: Timestamp) -> ReplicaSet {
    let config = |m: usize| MemberConfig {
        host: host(m),
        priority: Some(1.0),
        votes: Some(1),
        builds_indexes: true,
        ..MemberConfig::default()
    };
    ReplicaSet {
        name: text("ehr"),
        members: (0..n).map(|m| member(m, n, at)).collect(),
        config: Some(SetConfig {
            name: text("ehr"),
            version: Some(5),
            term: Some(41),
            members: (0..n).map(config).collect(),
            ..SetConfig::default()
        }),
        ..ReplicaSet::default()
    }
}

/// Small changes of a set.
pub(super) trait Change: Sized {
    fn with(self, n: usize, change: impl FnOnce(&mut Member)) -> Self;
    fn hello(self, n: usize, change: impl FnOnce(&mut Hello)) -> Self;
    /// What `observer` tells of member `of`.
    fn told(self, observer: usize, of: usize, change: impl FnOnce(&mut Peer)) -> Self;
    fn configured(self, n: usize, change: impl FnOnce(&mut MemberConfig)) -> Self;
    /// It stopped answering so long ago; the others last heard it then.
    fn silent(self, n: usize, ago: u64) -> Self;
    /// As [`Change::silent`], and the others have marked it down.
    fn dead(self, n: usize, ago: u64) -> Self;
    /// Nobody leads: what led answers as a secondary.
    fn leaderless(self) -> Self;
    /// Only `hello` is told.
    fn without_role(self) -> Self;
}

impl Change for ReplicaSet {
    fn with(mut self, n: usize, change: impl FnOnce(&mut Member)) -> Self {
        change(&mut self.members[n]);
        self
    }

    fn hello(self, n: usize, change: impl FnOnce(&mut Hello)) -> Self {
        self.with(n, |member| change(member.hello.as_mut().unwrap()))
    }

    fn told(self, observer: usize, of: usize, change: impl FnOnce(&mut Peer)) -> Self {
        self.with(observer, |member| {
            if let Some(status) = &mut member.status {
                change(&mut status.members[of]);
            }
        })
    }

    fn configured(mut self, n: usize, change: impl FnOnce(&mut MemberConfig)) -> Self {
        change(&mut self.config.as_mut().unwrap().members[n]);
        self
    }

    fn silent(self, n: usize, ago: u64) -> Self {
        let at = self.members[n].asked_at - secs(ago);
        let fault = Fault::new(FaultKind::Timeout, "hello", "no answer within 2 s");
        let mut set = self.with(n, |member| {
            member.answered_at = Some(at);
            member.fault = Some(fault);
        });
        for observer in (0..set.members.len()).filter(|o| *o != n) {
            set = set.told(observer, n, |peer| peer.heartbeat_at = Some(at));
        }
        set
    }

    fn dead(self, n: usize, ago: u64) -> Self {
        let mut set = self.silent(n, ago);
        for observer in (0..set.members.len()).filter(|o| *o != n) {
            set = set.told(observer, n, |peer| {
                peer.is_healthy = Some(false);
                peer.state = MemberState::Down;
                peer.optime_at = None;
            });
        }
        set
    }

    fn leaderless(mut self) -> Self {
        for member in &mut self.members {
            if member.fault.is_none() {
                let hello = member.hello.as_mut().unwrap();
                hello.primary = None;
                hello.role = Role::Secondary;
            }
        }
        self
    }

    fn without_role(mut self) -> Self {
        self.config = None;
        for member in &mut self.members {
            member.status = None;
            member.server = None;
            member.oplog = None;
            member.status_fault = Some(Fault::new(FaultKind::Denied, "replSetGetStatus", "not authorized"));
        }
        self
    }
}

pub(super) fn world(set: ReplicaSet) -> World {
    World { mongo: Some(MongoFacts { sets: vec![set] }), ..World::default() }
}

/// What a rule says of each set, without a past.
#[track_caller]
pub(super) fn table(rule: &str, rows: &[(ReplicaSet, &[&str])]) {
    for (n, (set, expected)) in rows.iter().enumerate() {
        assert_eq!(world(set.clone()).says(rule), *expected, "{rule}, row {n}");
    }
}

/// All that is said of a set, worst first; what is well or only worth knowing is left out.
pub(super) fn alarms(set: &ReplicaSet, at: Timestamp, before: &Observed) -> (Vec<String>, Evaluation) {
    let mut facts = Facts::default();
    facts.put(at, Arc::new(MongoFacts { sets: vec![set.clone()] }));
    let evaluation = evaluate(&facts, &Thresholds::default(), before, true);
    let bad = evaluation.worst_first();
    let bad = bad.into_iter().filter(|c| c.severity > Severity::Info);
    (bad.map(|c| format!("{} {}", c.severity.word(), c.message)).collect(), evaluation)
}

#[test]
fn a_healthy_idle_set_is_without_any_alarm_and_every_rule_has_looked() {
    let (said, evaluation) = alarms(&set_of(3), now(), &Observed::default());
    assert_eq!(said, [""; 0]);
    let quiet: Vec<&str> = super::super::RULES
        .iter()
        .filter(|rule| rule.domain == "mongo" && !evaluation.checks.iter().any(|check| check.rule == rule.id))
        .map(|rule| rule.id)
        .collect();
    assert_eq!(quiet, [""; 0]);
    assert!(evaluation.checks.iter().all(|check| check.severity == Severity::Ok), "{:#?}", evaluation.checks);
}
