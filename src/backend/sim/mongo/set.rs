//! What a replica set is made of, and what happens in it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::spec::{MemberSpec, SetSpec};
use crate::model::mongo::MemberState;
use crate::time::Timestamp;

/// A replica set.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Set {
    pub spec: Arc<SetSpec>,
    pub members: Vec<Member>,
    /// Who was elected, the oldest first.
    pub reigns: Vec<Reign>,
    /// Zones without any network.
    pub lost: BTreeSet<String>,
    /// Zones that other zones cannot reach, though the console can.
    pub cut: BTreeSet<String>,
    pub rng: Rng,
    /// Counts requests, which error messages name.
    pub requests: u32,
    pub now: Timestamp,
    /// What is to be put on the agenda.
    pub later: Vec<(Timestamp, Happens)>,
}

/// What happens in a set at a certain time.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) enum Happens {
    /// A member asks all others how they are.
    Beat(usize),
    /// A member has had no answer from another one; when it asked.
    NoAnswer(usize, usize, Timestamp),
    /// A member stands for election; the number of its wait.
    Stand(usize, u32, Why),
    /// A member has the votes of this term.
    Won(usize, i64, Why),
    /// A primary has seen no majority since then.
    Relinquish(usize, Timestamp),
    /// A member comes into its next state; the number of its life.
    Next(usize, u32, MemberState),
    /// A member is held back no longer; the number of that hold.
    CatchUp(usize, u32),
}

/// Why a member stands for election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Why {
    Timeout,
    Takeover,
    StepUp,
}

impl Why {
    /// `lastElectionReason`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "electionTimeout",
            Self::Takeover => "priorityTakeover",
            Self::StepUp => "stepUpRequestSkipDryRun",
        }
    }
}

/// The rule of one primary: its term, and the last entry it shares with those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) struct Reign {
    pub term: i64,
    pub base: Timestamp,
}

/// The place of an entry in the oplog: a later term counts as newer whatever its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::backend::sim) struct OpTime {
    pub term: i64,
    pub at: Timestamp,
}

/// How a member's process fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Process {
    Runs,
    /// Connections are accepted, nothing is answered.
    Frozen,
    /// Connections are refused.
    Killed,
}

/// What a member waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Wait {
    /// There is a primary, and it is the right one.
    Content,
    /// There is none.
    Leaderless,
    /// The primary has a lower priority.
    Takeover,
}

/// Where a member's oplog grows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::backend::sim) enum Motion {
    Still,
    /// It is primary and writes since then.
    Writes(Timestamp),
    /// It replicates from this primary.
    Follows(usize),
}

/// A member: what it is, and what it knows.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Member {
    pub spec: MemberSpec,
    pub process: Process,
    pub state: MemberState,
    pub term: i64,
    pub config_term: i64,
    pub motion: Motion,
    /// Its last entry at `since`, and the time up to which it had everything by then.
    pub last: OpTime,
    pub through: Timestamp,
    pub since: Timestamp,
    /// Replication is delayed by so much.
    pub held_back: Duration,
    /// Counts how often that was changed.
    pub holds: u32,
    pub elected: Option<(Timestamp, Why)>,
    pub wait: Wait,
    /// Counts its waits, so that what an older one set in motion is dropped.
    pub waits: u32,
    /// As primary: since when it has seen no majority.
    pub alone: Option<Timestamp>,
    /// After a step-down it does not stand before then.
    pub rests_until: Timestamp,
    /// Counts starts and states to come, likewise.
    pub life: u32,
    pub started_at: Timestamp,
    /// What it knows of each member; of itself nothing.
    pub views: Vec<View>,
}

/// What a member knows of another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::backend::sim) struct View {
    pub state: MemberState,
    pub healthy: bool,
    pub optime: Option<OpTime>,
    /// Kept when it goes down.
    pub applied_at: Option<Timestamp>,
    pub heartbeat_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    /// A heartbeat is under way since then.
    pub asked_at: Option<Timestamp>,
    pub message: Option<String>,
    pub up_since: Option<Timestamp>,
    pub term: i64,
    pub config_term: i64,
    pub elected_at: Option<Timestamp>,
    pub follows: Option<usize>,
}

impl Member {
    /// Whether it may become primary as it is now.
    pub fn can_stand(&self) -> bool {
        self.process == Process::Runs
            && self.state == MemberState::Secondary
            && self.spec.priority > 0.0
            && self.spec.votes > 0
    }
}

impl Set {
    /// The set at its start: healthy, with the member of the highest priority as primary.
    pub fn new(spec: &SetSpec, now: Timestamp, seed: u64) -> Self {
        let mut set = Self {
            spec: Arc::new(spec.clone()),
            members: Vec::new(),
            reigns: vec![Reign { term: spec.term.into(), base: Timestamp::default() }],
            lost: BTreeSet::new(),
            cut: BTreeSet::new(),
            rng: Rng::with_seed(seed),
            requests: 0,
            now,
            later: Vec::new(),
        };
        let first = now - set.up_to(super::oplog::NO_OP);
        let all = &spec.members;
        let electable = (0..all.len()).filter(|i| !all[*i].arbiter && all[*i].votes > 0);
        let primary = electable.rev().max_by(|a, b| all[*a].priority.total_cmp(&all[*b].priority)).unwrap_or(0);
        set.members =
            all.iter().enumerate().map(|(i, member)| set.at_start(i == primary, primary, member, first)).collect();
        set.rebase();
        for i in 0..set.members.len() {
            for j in 0..set.members.len() {
                set.hear(i, j);
            }
            let beat = now + set.up_to(spec.heartbeat);
            set.later.push((beat, Happens::Beat(i)));
        }
        set
    }

    fn at_start(&self, is_primary: bool, primary: usize, spec: &MemberSpec, first: Timestamp) -> Member {
        let (now, term, started_at) = (self.now, i64::from(self.spec.term), self.now - self.spec.age);
        let (state, motion) = match (is_primary, spec.arbiter) {
            (true, _) => (MemberState::Primary, Motion::Writes(first)),
            (_, true) => (MemberState::Arbiter, Motion::Still),
            _ => (MemberState::Secondary, Motion::Follows(primary)),
        };
        let view = View { up_since: Some(started_at), ..View::default() };
        Member {
            process: Process::Runs,
            state,
            term,
            config_term: term,
            motion,
            last: if spec.arbiter { OpTime::default() } else { OpTime { term, at: first - spec.delay } },
            through: now - spec.delay - spec.behind,
            since: now,
            held_back: Duration::ZERO,
            holds: 0,
            elected: is_primary.then_some((started_at, Why::Timeout)),
            wait: Wait::Content,
            waits: 0,
            alone: None,
            rests_until: Timestamp::default(),
            life: 0,
            started_at,
            views: vec![view; self.spec.members.len()],
            spec: spec.clone(),
        }
    }

    /// Lets happen what is due now.
    pub fn happen(&mut self, what: &Happens) {
        match *what {
            Happens::Beat(i) => self.beat(i),
            Happens::NoAnswer(i, j, asked_at) => self.no_answer(i, j, asked_at),
            Happens::Stand(i, wait, why) => self.stand(i, wait, why),
            Happens::Won(i, term, why) => self.won(i, term, why),
            Happens::Relinquish(i, since) => self.relinquish(i, since),
            Happens::Next(i, life, state) => self.next_state(i, life, state),
            Happens::CatchUp(i, holds) => self.catch_up(i, holds),
        }
    }

    /// Whether two members can talk to each other now.
    pub fn linked(&self, i: usize, j: usize) -> bool {
        let run = |i: usize| self.members[i].process == Process::Runs;
        run(i) && run(j) && self.reachable(i, j)
    }

    /// Whether the network between two members is whole.
    pub fn reachable(&self, i: usize, j: usize) -> bool {
        let (here, there) = (&self.members[i].spec.zone, &self.members[j].spec.zone);
        let apart = |zone: &String| self.lost.contains(zone) || self.cut.contains(zone);
        here == there || !(apart(here) || apart(there))
    }

    /// Whether so many votes are a majority.
    pub fn is_majority(&self, votes: u32) -> bool {
        votes * 2 > self.spec.votes()
    }

    /// Votes of the members a member can talk to, itself included.
    pub fn votes_in_reach(&self, i: usize) -> u32 {
        (0..self.members.len()).filter(|j| self.linked(i, *j)).map(|j| self.members[j].spec.votes).sum()
    }

    /// The primary a member hears, if that is of its term or a newer one.
    pub fn leader(&self, i: usize) -> Option<usize> {
        let leads = |j: &usize| {
            let other = &self.members[*j];
            *j != i && other.state == MemberState::Primary && other.term >= self.members[i].term && self.linked(i, *j)
        };
        (0..self.members.len()).filter(leads).max_by_key(|j| self.members[*j].term)
    }

    /// A span shorter than `most`, to the millisecond.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.rng.u64(..most))
    }
}
