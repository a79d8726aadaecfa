//! Who becomes primary, when and why; who stops being it.

use std::time::Duration;

use super::set::{Happens, Member, Motion, Process, Reign, Set, Wait, Why};
use crate::backend::sim::rollout::count;
use crate::model::mongo::MemberState;
use crate::time::Timestamp;

/// A takeover by priority waits until the candidate is this close to the primary.
const FRESH: Duration = Duration::from_secs(2);
/// Waits for an election are longer by up to this share of the timeout, so that not all members stand at once.
const JITTER: f64 = 0.15;
/// How long votes take to come in, milliseconds.
const VOTING: (u64, u64) = (20, 250);

/// Whether two members' terms differed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    Nothing,
    /// One of them has learned of a newer term.
    Newer,
}

/// Whether a member of this state copies the oplog.
pub(super) const fn replicates(state: MemberState) -> bool {
    matches!(state, MemberState::Secondary | MemberState::Recovering)
}

impl Set {
    /// Roles or links have changed: everybody follows whom it can, waits for what it must, and a primary counts who is left.
    pub(super) fn changed(&mut self) {
        self.rebase();
        for i in 0..self.members.len() {
            self.follow(i);
            self.expect(i);
            self.count_heads(i);
        }
    }

    /// Sets a member to wait for what it has to wait for now.
    fn expect(&mut self, i: usize) {
        let member = &self.members[i];
        let wait = match self.leader(i) {
            _ if !member.can_stand() => Wait::Content,
            None => Wait::Leaderless,
            Some(leader) if self.members[leader].spec.priority < member.spec.priority => Wait::Takeover,
            Some(_) => Wait::Content,
        };
        if wait == member.wait {
            return;
        }
        let member = &mut self.members[i];
        member.wait = wait;
        member.waits += 1;
        self.wait_again(i);
    }

    /// Puts on the agenda what a member waits for.
    fn wait_again(&mut self, i: usize) {
        let timeout = self.spec.election_timeout;
        let jitter = self.up_to(timeout.mul_f64(JITTER));
        let member = &self.members[i];
        let (after, why) = match member.wait {
            Wait::Content => return,
            Wait::Leaderless => (timeout, Why::Timeout),
            // The higher its rank, the sooner it may.
            Wait::Takeover => {
                let above = self.members.iter().filter(|m| m.spec.priority > member.spec.priority).count();
                (timeout * count(above + 1), Why::Takeover)
            }
        };
        self.later.push((self.now + after + jitter, Happens::Stand(i, member.waits, why)));
    }

    /// A member stands for election, if the reason still holds and it can win.
    pub(super) fn stand(&mut self, i: usize, wait: u32, why: Why) {
        if self.members[i].waits != wait || !self.members[i].can_stand() {
            return;
        }
        let leader = self.leader(i);
        if why != Why::Takeover && leader.is_some() {
            return;
        }
        let rests = self.members[i].rests_until > self.now;
        let fresh = leader.is_none_or(|leader| self.applied(leader).at.since(self.applied(i).at) <= FRESH);
        let votes = (0..self.members.len()).filter(|j| self.grants(*j, i)).map(|j| self.members[j].spec.votes).sum();
        if rests || !fresh || !self.is_majority(votes) {
            self.wait_again(i);
            return;
        }
        self.elect(i, why);
    }

    /// Whether a member would vote for another one: it is in reach and has nothing that the candidate lacks.
    fn grants(&self, voter: usize, candidate: usize) -> bool {
        voter == candidate
            || (self.members[voter].spec.votes > 0
                && self.linked(voter, candidate)
                && self.applied(voter) <= self.applied(candidate))
    }

    /// A new term begins for all in reach. So nobody votes twice in one: whoever asks later asks for a later one.
    fn elect(&mut self, i: usize, why: Why) {
        let reach: Vec<usize> = (0..self.members.len()).filter(|j| self.linked(i, *j)).collect();
        let term = 1 + reach.iter().map(|j| self.members[*j].term).max().unwrap_or(0);
        self.members[i].waits += 1;
        for j in reach {
            self.learn(j, term);
            // Who has just voted waits a whole timeout again.
            self.members[j].wait = Wait::Content;
        }
        let (from, to) = VOTING;
        let won = self.now + Duration::from_millis(self.rng.u64(from..to));
        self.later.push((won, Happens::Won(i, term, why)));
        self.changed();
    }

    /// A candidate has the votes: it is primary, and says so at once.
    pub(super) fn won(&mut self, i: usize, term: i64, why: Why) {
        self.rebase();
        if self.members[i].term != term || !self.members[i].can_stand() {
            // Somebody else was faster; it waits anew.
            self.members[i].wait = Wait::Content;
            self.changed();
            return;
        }
        self.reigns.push(Reign { term, base: self.members[i].last.at });
        let member = &mut self.members[i];
        member.state = MemberState::Primary;
        member.elected = Some((self.now, why));
        member.motion = Motion::Writes(self.now);
        member.config_term = term;
        for j in (0..self.members.len()).filter(|j| *j != i) {
            if self.linked(i, j) {
                self.members[j].config_term = term;
                self.hear(i, j);
                self.hear(j, i);
            }
        }
        self.changed();
    }

    /// Two members tell each other their terms.
    pub(super) fn exchange_terms(&mut self, i: usize, j: usize) -> Learned {
        let term = self.members[i].term.max(self.members[j].term);
        let config_term = self.members[i].config_term.max(self.members[j].config_term);
        let differ = self.members[i].term != self.members[j].term;
        for member in [i, j] {
            self.learn(member, term);
            self.members[member].config_term = config_term;
        }
        if differ { Learned::Newer } else { Learned::Nothing }
    }

    /// A member learns of a term; a primary of an older one steps down.
    fn learn(&mut self, i: usize, term: i64) {
        if self.members[i].term < term {
            if self.members[i].state == MemberState::Primary {
                self.end_reign(i);
            }
            self.members[i].term = term;
        }
    }

    /// A primary becomes a secondary.
    pub(super) fn end_reign(&mut self, i: usize) {
        self.rebase();
        let member: &mut Member = &mut self.members[i];
        member.state = MemberState::Secondary;
        member.motion = Motion::Still;
        member.elected = None;
        member.alone = None;
    }

    /// A primary that cannot talk to a majority gives up after the election timeout.
    fn count_heads(&mut self, i: usize) {
        let member = &self.members[i];
        let rules = member.state == MemberState::Primary && member.process == Process::Runs;
        let alone = rules && !self.is_majority(self.votes_in_reach(i));
        if !alone {
            self.members[i].alone = None;
        } else if member.alone.is_none() {
            self.members[i].alone = Some(self.now);
            self.later.push((self.now + self.spec.election_timeout, Happens::Relinquish(i, self.now)));
        }
    }

    pub(super) fn relinquish(&mut self, i: usize, since: Timestamp) {
        if self.members[i].alone == Some(since) && self.members[i].process == Process::Runs {
            self.end_reign(i);
            self.changed();
        }
    }
}
