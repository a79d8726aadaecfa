//! What is remembered of a set from poll to poll: last words, figures, samples, elections.

use super::ask::Answer;
use crate::model::mongo::{Election, Member, ReplicaSet, Rising, Sample, ServerStatus, Status};
use crate::time::Timestamp;

/// Samples kept of each member: five minutes of a view on screen.
const SAMPLES: usize = 60;
/// Elections kept: more than an hour's worth of any set that somebody still hopes for.
const ELECTIONS: usize = 32;

/// Takes an answer. A member that does not answer keeps its last word, with its time.
pub fn take(member: &mut Member, answer: Answer) {
    member.asked_at = answer.asked_at;
    match answer.hello {
        Ok(hello) => {
            member.hello = Some(hello);
            member.answered_at = Some(answer.answered_at);
            member.fault = None;
        }
        Err(fault) => {
            member.fault = Some(fault);
            return;
        }
    }
    match answer.status {
        Some(Ok(status)) => (member.status, member.status_fault) = (Some(status), None),
        Some(Err(fault)) => (member.status, member.status_fault) = (None, Some(fault)),
        // It was refused a while ago, and that is still why nothing is told.
        None => member.status = None,
    }
    // Where it was not asked, what came of asking it last still holds.
    match answer.server {
        Some(Ok(server)) => {
            if let Some((_, before)) = &member.server {
                member.rising = rising(before, &server);
            }
            (member.server, member.server_fault) = (Some((answer.answered_at, server)), None);
        }
        Some(Err(fault)) => member.server_fault = Some(fault),
        None => {}
    }
    match answer.oplog {
        Some(Ok(oplog)) => (member.oplog, member.oplog_fault) = (Some((answer.answered_at, oplog)), None),
        Some(Err(fault)) => member.oplog_fault = Some(fault),
        None => {}
    }
}

/// How much counters grew; a member that was started anew meanwhile counts from zero.
fn rising(before: &ServerStatus, now: &ServerStatus) -> Rising {
    let restarted = matches!((before.uptime, now.uptime), (Some(before), Some(now)) if now < before);
    let grown = |of: fn(&ServerStatus) -> Option<u64>| {
        let base = if restarted { Some(0) } else { of(before) };
        base.zip(of(now)).map_or(0, |(base, now)| now.saturating_sub(base))
    };
    Rising { regular_asserts: grown(|s| s.regular_asserts), rollovers: grown(|s| s.rollovers) }
}

/// Adds a sample of each member that answered.
pub fn samples(set: &mut ReplicaSet, now: Timestamp) {
    let lags: Vec<Option<f64>> = set.members.iter().map(|member| set.lag(member)).collect();
    for (member, lag) in set.members.iter_mut().zip(lags) {
        let Some(at) = member.answered_at.filter(|_| member.fault.is_none()) else { continue };
        let fresh = member.server.as_ref().filter(|(read, _)| *read == at);
        let connections = fresh.and_then(|(_, server)| server.connections.current);
        member.history.push(Sample { at: now, lag, connections });
        let surplus = member.history.len().saturating_sub(SAMPLES);
        member.history.drain(..surplus);
    }
}

/// Notes an election where the term has become higher than it was, and who won it as soon as somebody says so.
pub fn elections(set: &mut ReplicaSet, before: &mut Option<i64>, now: Timestamp) {
    let Some(term) = set.term() else { return };
    if before.is_some_and(|before| term > before) {
        set.elections.insert(0, Election { at: now, term, winner: None, reason: None });
        set.elections.truncate(ELECTIONS);
    }
    *before = Some(before.map_or(term, |before| before.max(term)));
    let Some(winner) = set.primary().filter(|primary| primary.term() == Some(term)) else { return };
    let Some(status) = &winner.status else {
        let host = winner.host.clone();
        complete(set, term, |election| election.winner = Some(host));
        return;
    };
    let (host, at, reason) = (winner.host.clone(), elected_at(status, now), status.election_reason.clone());
    complete(set, term, |election| {
        election.winner = Some(host);
        election.at = at.unwrap_or(election.at);
        election.reason = reason;
    });
}

fn complete(set: &mut ReplicaSet, term: i64, with: impl FnOnce(&mut Election)) {
    if let Some(election) =
        set.elections.first_mut().filter(|election| election.term == term && election.winner.is_none())
    {
        with(election);
    }
}

/// When the primary says it was elected, unless its clock is ahead of ours.
fn elected_at(status: &Status, now: Timestamp) -> Option<Timestamp> {
    let own = status.members.iter().find(|peer| peer.is_self).and_then(|own| own.elected_at);
    own.or(status.election_at).filter(|at| *at <= now)
}
