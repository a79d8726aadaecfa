//! What is done to a set from outside, and how its members come back from it.

use std::time::Duration;

use super::set::{Happens, Motion, Process, Set, View, Why};
use crate::model::mongo::MemberState;

/// `replSetStepDown`: so long the primary that was does not stand again.
const REST: Duration = Duration::from_secs(60);

/// Why a member does not answer the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum Silence {
    /// There is no such host.
    NoSuchHost,
    /// Nothing comes back.
    Lost,
    /// Nobody listens.
    Refused,
}

impl Set {
    /// The place of the member with this host.
    pub fn position(&self, host: &str) -> Option<usize> {
        self.members.iter().position(|m| m.spec.host == host)
    }

    /// The member with this host, if it answers the console.
    pub fn asked(&self, host: &str) -> Result<usize, Silence> {
        let i = self.position(host).ok_or(Silence::NoSuchHost)?;
        let member = &self.members[i];
        match member.process {
            _ if self.lost.contains(&member.spec.zone) => Err(Silence::Lost),
            Process::Frozen => Err(Silence::Lost),
            Process::Killed => Err(Silence::Refused),
            Process::Runs => Ok(i),
        }
    }

    /// Cuts a zone off from everything, or gives it its network back.
    pub fn lose_zone(&mut self, zone: &str, is_lost: bool) {
        self.rebase();
        if is_lost {
            self.lost.insert(zone.to_owned())
        } else {
            self.lost.remove(zone)
        };
        self.changed();
    }

    /// Cuts a zone off from the other zones only, or ends that.
    pub fn cut_zone(&mut self, zone: &str, is_cut: bool) {
        self.rebase();
        if is_cut {
            self.cut.insert(zone.to_owned())
        } else {
            self.cut.remove(zone)
        };
        self.changed();
    }

    /// SIGKILL.
    pub fn kill(&mut self, i: usize) {
        self.rebase();
        if self.members[i].state == MemberState::Primary {
            self.end_reign(i);
        }
        let member = &mut self.members[i];
        member.process = Process::Killed;
        member.motion = Motion::Still;
        member.life += 1;
        self.changed();
    }

    /// SIGSTOP.
    pub fn freeze(&mut self, i: usize) {
        self.rebase();
        let member = &mut self.members[i];
        if member.process == Process::Runs {
            member.process = Process::Frozen;
            member.motion = Motion::Still;
        }
        self.changed();
    }

    /// Starts a process that was killed, or lets one go on that was frozen.
    pub fn restore(&mut self, i: usize) {
        self.rebase();
        let (now, arbiter) = (self.now, self.members[i].spec.arbiter);
        let member = &mut self.members[i];
        match std::mem::replace(&mut member.process, Process::Runs) {
            Process::Runs => return,
            // It does not know that time has passed: a primary goes on as one until it is told otherwise.
            Process::Frozen => {
                if member.state == MemberState::Primary {
                    member.motion = Motion::Writes(now);
                }
            }
            Process::Killed => {
                member.started_at = now;
                member.views = vec![View::default(); member.views.len()];
                member.state = if arbiter { MemberState::Arbiter } else { MemberState::Startup2 };
                if !arbiter {
                    self.soon(i, MemberState::Recovering);
                }
            }
        }
        self.changed();
    }

    /// `replSetStepDown` of the primary: the best of the others that has everything is asked to step up.
    pub fn step_down(&mut self) {
        self.step_down_for(REST);
    }

    /// Whether a member that may stand has everything that the primary has, or will within so long.
    pub fn has_heir(&self, primary: usize, within: Duration) -> bool {
        let able = |i: &usize| *i != primary && self.members[*i].can_stand() && self.linked(primary, *i);
        (0..self.members.len()).filter(able).any(|i| self.members[i].held_back <= within)
    }

    /// `replSetStepDown` for so long.
    pub fn step_down_for(&mut self, rest: Duration) {
        let Some(primary) = self.writable() else { return };
        self.end_reign(primary);
        self.members[primary].rests_until = self.now + rest;
        let able = (0..self.members.len())
            .filter(|i| *i != primary && self.members[*i].can_stand() && self.linked(primary, *i));
        let heir = able.max_by(|a, b| {
            let rank = |i: usize| (self.applied(i), self.members[i].spec.priority);
            let ((a_has, a_priority), (b_has, b_priority)) = (rank(*a), rank(*b));
            a_has.cmp(&b_has).then(a_priority.total_cmp(&b_priority))
        });
        if let Some(heir) = heir {
            // What it lacks it gets before the primary lets go.
            (self.members[heir].last, self.members[heir].through) = (self.members[primary].last, self.now);
            self.changed();
            let at = self.now + Duration::from_millis(self.rng.u64(10..40));
            self.later.push((at, Happens::Stand(heir, self.members[heir].waits, Why::StepUp)));
        } else {
            self.changed();
        }
    }

    /// Delays a member's replication by so much, for a while or for good.
    pub fn hold_back(&mut self, i: usize, by: Duration, lasts: Option<Duration>) {
        self.rebase();
        let member = &mut self.members[i];
        member.held_back = by;
        member.holds += 1;
        if let Some(lasts) = lasts {
            self.later.push((self.now + lasts, Happens::CatchUp(i, member.holds)));
        }
    }

    pub(super) fn catch_up(&mut self, i: usize, holds: u32) {
        if self.members[i].holds == holds {
            self.rebase();
            self.members[i].held_back = Duration::ZERO;
        }
    }

    /// Takes back what no later primary has.
    pub(super) fn roll_back(&mut self, i: usize) {
        let Some(base) = self.shared(i) else { return };
        let member = &mut self.members[i];
        member.last.at = base;
        member.through = base;
        member.state = MemberState::Rollback;
        self.soon(i, MemberState::Recovering);
    }

    pub(super) fn next_state(&mut self, i: usize, life: u32, state: MemberState) {
        let member = &mut self.members[i];
        if member.life != life || member.process == Process::Killed {
            return;
        }
        member.state = state;
        if state == MemberState::Recovering {
            self.soon(i, MemberState::Secondary);
        }
        self.changed();
    }

    /// The primary of the newest term, as anybody outside would pick it.
    pub fn writable(&self) -> Option<usize> {
        let leads =
            |i: &usize| self.members[*i].state == MemberState::Primary && self.members[*i].process == Process::Runs;
        (0..self.members.len()).filter(leads).max_by_key(|i| self.members[*i].term)
    }

    /// A member comes into its next state within seconds.
    fn soon(&mut self, i: usize, state: MemberState) {
        let at = self.now + Duration::from_secs(2) + self.up_to(Duration::from_secs(2));
        let member = &mut self.members[i];
        member.life += 1;
        self.later.push((at, Happens::Next(i, member.life, state)));
    }
}
