//! What is written and replicated. Nothing is on the agenda for it: where an oplog stands follows from the time.

use std::time::Duration;

use super::set::{Motion, OpTime, Process, Set};
use crate::time::Timestamp;

/// An idle primary writes a no-op so often, which tells secondaries and readers that it is there.
pub(super) const NO_OP: Duration = Duration::from_secs(10);
/// How much faster than it came a member applies what it has missed.
const SPEED: u32 = 10;

impl Set {
    /// The last entry a member has applied.
    pub fn applied(&self, i: usize) -> OpTime {
        let member = &self.members[i];
        match member.motion {
            Motion::Still => member.last,
            Motion::Writes(_) => self.written(i, self.now),
            Motion::Follows(primary) => member.last.max(self.written(primary, self.through(i))),
        }
    }

    /// The time up to which a member has everything.
    fn through(&self, i: usize) -> Timestamp {
        let member = &self.members[i];
        match member.motion {
            Motion::Still => member.through,
            Motion::Writes(_) => self.now,
            Motion::Follows(_) => {
                let behind = member.spec.behind + member.spec.delay + member.held_back;
                let caught_up = member.through + self.now.since(member.since) * SPEED;
                member.through.max(caught_up.min(self.now - behind))
            }
        }
    }

    /// The last entry of a primary's oplog that was written by then.
    fn written(&self, i: usize, by: Timestamp) -> OpTime {
        let primary = &self.members[i];
        match primary.motion {
            Motion::Writes(first) if by >= first => {
                let every = self.every().as_millis();
                let gone = by.since(first).as_millis();
                let whole = u64::try_from(gone - gone % every).unwrap_or(u64::MAX);
                OpTime { term: primary.term, at: first + Duration::from_millis(whole) }
            }
            _ => OpTime { at: primary.last.at.min(by), ..primary.last },
        }
    }

    /// Between two writes.
    fn every(&self) -> Duration {
        match u64::from(self.spec.writes) {
            0 => NO_OP,
            writes => Duration::from_millis((1_000 / writes).max(1)),
        }
    }

    /// Notes where every oplog stands, before what it follows from changes.
    pub fn rebase(&mut self) {
        let stand: Vec<_> = (0..self.members.len()).map(|i| (self.applied(i), self.through(i))).collect();
        for (member, (last, through)) in self.members.iter_mut().zip(stand) {
            (member.last, member.through, member.since) = (last, through, self.now);
        }
    }

    /// The last entry a majority has, as far as a member can know.
    pub fn committed(&self, i: usize) -> Option<Timestamp> {
        let mut known: Vec<Timestamp> = (0..self.members.len())
            .filter(|j| self.members[*j].spec.votes > 0 && !self.members[*j].spec.arbiter)
            .map(|j| match self.members[i].views[j].applied_at {
                _ if i == j || self.linked(i, j) => self.applied(j).at,
                Some(applied_at) => applied_at,
                None => Timestamp::default(),
            })
            .collect();
        known.sort_unstable_by(|a, b| b.cmp(a));
        let majority = usize::try_from(self.spec.votes() / 2 + 1).unwrap_or(usize::MAX).min(known.len());
        let at = known.get(majority.checked_sub(1)?).copied()?;
        Some(at.min(self.applied(i).at)).filter(|at| *at > Timestamp::default())
    }

    /// Lets a member follow the primary it hears, if any. One that wrote what the others never got gives that up first.
    pub(super) fn follow(&mut self, i: usize) {
        let leader = self.leader(i);
        let member = &self.members[i];
        let motion = match leader {
            _ if member.process != Process::Runs || !super::election::replicates(member.state) => Motion::Still,
            Some(leader) => Motion::Follows(leader),
            None => Motion::Still,
        };
        if motion == member.motion || matches!(member.motion, Motion::Writes(_)) {
            return;
        }
        if leader.is_some() && motion != Motion::Still && self.is_astray(i) {
            self.roll_back(i);
            return;
        }
        self.members[i].motion = motion;
    }

    /// Whether a member has entries beyond those it shares with a later primary.
    fn is_astray(&self, i: usize) -> bool {
        self.shared(i).is_some_and(|base| self.members[i].last.at > base)
    }

    /// The last entry a member shares with the first primary of a later term than its own entries.
    pub(super) fn shared(&self, i: usize) -> Option<Timestamp> {
        let last = self.members[i].last;
        self.reigns.iter().find(|reign| reign.term > last.term).map(|reign| reign.base)
    }
}
