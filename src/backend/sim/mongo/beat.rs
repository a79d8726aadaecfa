//! Heartbeats: how members hear of each other, and how one is found to be down.

use super::election::Learned;
use super::set::{Happens, Motion, Process, Set};
use crate::model::mongo::MemberState;
use crate::time::Timestamp;

impl Set {
    /// A member asks all others how they are.
    pub(super) fn beat(&mut self, i: usize) {
        self.later.push((self.now + self.spec.heartbeat, Happens::Beat(i)));
        if self.members[i].process != Process::Runs {
            return;
        }
        let mut news = false;
        for j in (0..self.members.len()).filter(|j| *j != i) {
            if self.linked(i, j) {
                news |= self.exchange_terms(i, j) == Learned::Newer;
                self.hear(i, j);
            } else if self.members[j].process == Process::Killed && self.reachable(i, j) {
                let host = &self.members[j].spec.host;
                let why = format!("Error connecting to {host} :: caused by :: Connection refused");
                self.mark_down(i, j, why);
            } else if self.members[i].views[j].asked_at.is_none() {
                self.members[i].views[j].asked_at = Some(self.now);
                let timeout = self.now + self.spec.heartbeat_timeout;
                self.later.push((timeout, Happens::NoAnswer(i, j, self.now)));
            }
        }
        if news {
            self.changed();
        }
    }

    /// A member gets another one's answer: what it knows of it is what that says of itself now.
    pub(super) fn hear(&mut self, i: usize, j: usize) {
        let (now, applied, other) = (self.now, self.applied(j), &self.members[j]);
        let has_data = !other.spec.arbiter;
        let (state, term, config_term) = (other.state, other.term, other.config_term);
        let elected_at = other.elected.map(|(at, _)| at);
        let follows = if let Motion::Follows(primary) = other.motion { Some(primary) } else { None };
        let view = &mut self.members[i].views[j];
        view.state = state;
        view.healthy = true;
        view.optime = has_data.then_some(applied);
        view.applied_at = has_data.then_some(applied.at);
        view.heartbeat_at = Some(now);
        view.asked_at = None;
        view.message = None;
        view.up_since = view.up_since.or(Some(now));
        (view.term, view.config_term, view.elected_at, view.follows) = (term, config_term, elected_at, follows);
        self.members[j].views[i].received_at = Some(now);
    }

    pub(super) fn no_answer(&mut self, i: usize, j: usize, asked_at: Timestamp) {
        if self.members[i].views[j].asked_at != Some(asked_at) {
            return;
        }
        self.members[i].views[j].asked_at = None;
        if self.members[i].process == Process::Runs {
            self.requests += 1;
            let (n, deadline) = (self.requests, self.now.rfc3339());
            self.mark_down(i, j, format!("Request {n} timed out, deadline was {deadline}"));
        }
    }

    /// A member holds another one to be down. Of that it keeps only when it last applied something.
    fn mark_down(&mut self, i: usize, j: usize, why: String) {
        let now = self.now;
        let view = &mut self.members[i].views[j];
        view.state = MemberState::Down;
        view.healthy = false;
        view.optime = None;
        // MongoDB notes the failed attempt here, not the last answer.
        view.heartbeat_at = Some(now);
        view.message = Some(why);
        (view.up_since, view.elected_at, view.follows) = (None, None, None);
    }
}
