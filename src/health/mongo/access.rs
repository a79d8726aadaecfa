//! What this console may ask, and whether others can listen.

use super::super::{About, Rule, Sink, words};
use super::{Sight, answering, subject_of_set};
use crate::model::mongo::{Member, MongoFacts, ReplicaSet};
use crate::model::{Facts, Fault, FaultKind, Severity};
use crate::text::Text;

pub(in super::super) const ROLE: Rule = Rule {
    id: "mongo-role-missing",
    domain: "mongo",
    doc: "Members do not answer all that this console asks as whom it asks, mostly for want of a role. Where their status is not \
          told, votes, heartbeats, sync sources and oplog are not known, and votes are assumed; else the commands are named.",
    source: "MongoDB manual: role clusterMonitor; error 13 Unauthorized",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: role,
};

pub(in super::super) const PLAIN: Rule = Rule {
    id: "mongo-not-encrypted",
    domain: "mongo",
    doc: "Members are reached over the network without TLS: who listens reads along.",
    source: "45 CFR 164.312(e)(1), transmission security",
    thresholds: &[],
    read_at: Facts::taken_at::<MongoFacts>,
    check: plain,
};

/// How a user with the role is made.
pub const REMEDY: &str = "on the primary: db.getSiblingDB(\"admin\").createUser({ user: \"rounds\", pwd: passwordPrompt(), roles: \
                          [\"clusterMonitor\"] }); then name it in [[stack.mongo]]";

/// One reason why members tell less than they could, and where it holds.
struct Reason<'a> {
    fault: &'a Fault,
    /// Whether it is their status that is not told, and with it all the rest.
    is_of_status: bool,
    /// What was not answered.
    commands: Vec<&'static str>,
    /// By whom; empty: of the configuration of the set, which any member may tell.
    members: Vec<&'a Text>,
}

impl<'a> Reason<'a> {
    /// Whether this is one more case of it. The words count only where they are this console's own: members put their names in.
    fn covers(&self, fault: &Fault, is_of_status: bool) -> bool {
        let own = |fault: &'a Fault| Some(&fault.message).filter(|_| fault.kind == FaultKind::Misconfigured);
        (self.fault.kind, &self.fault.code, self.is_of_status) == (fault.kind, &fault.code, is_of_status)
            && own(self.fault).is_none_or(|message| *message == fault.message)
    }

    fn add(&mut self, fault: &Fault, host: Option<&'a Text>) {
        if !fault.action.is_empty() && !self.commands.contains(&fault.action) {
            self.commands.push(fault.action);
        }
        self.members.extend(host.filter(|host| !self.members.contains(host)));
    }
}

/// All reasons, refusals first.
fn reasons<'a>(set: &'a ReplicaSet, asked: &[&'a Member]) -> Vec<Reason<'a>> {
    let mut reasons: Vec<Reason<'a>> = Vec::new();
    let mut note = |fault: &'a Fault, is_of_status: bool, host: Option<&'a Text>| {
        if let Some(known) = reasons.iter_mut().find(|reason| reason.covers(fault, is_of_status)) {
            return known.add(fault, host);
        }
        let mut reason = Reason { fault, is_of_status, commands: Vec::new(), members: Vec::new() };
        reason.add(fault, host);
        reasons.push(reason);
    };
    for member in asked {
        member.untold().into_iter().for_each(|fault| note(fault, member.status_fault.is_some(), Some(&member.host)));
    }
    set.config_fault.iter().for_each(|fault| note(fault, false, None));
    reasons.sort_by_key(|reason| reason.fault.kind != FaultKind::Denied);
    reasons
}

/// A reason in a sentence; it names members where it does not hold for all that were asked.
fn says(sight: &Sight<'_>, reason: &Reason<'_>, asked: usize) -> String {
    let (fault, hosts) = (reason.fault, sight.names(reason.members.iter().copied()));
    let is_unknown_user = fault.code.as_deref() == Some("AuthenticationFailed");
    let says = match fault.kind {
        _ if !reason.is_of_status => format!("{} not told ({})", words::list(&reason.commands), fault.kind.word()),
        FaultKind::Denied if is_unknown_user => "authentication refused; only what hello tells is known".to_owned(),
        FaultKind::Denied => "the role clusterMonitor is missing; only what hello tells is known".to_owned(),
        FaultKind::Misconfigured => format!("{}; only what hello tells is known", fault.message),
        kind => return format!("no status of {hosts} ({})", kind.word()),
    };
    if reason.members.is_empty() || reason.members.len() == asked { says } else { format!("{hosts}: {says}") }
}

fn role(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let set = sight.set;
        // Arbiters hold no users, so they refuse whoever asks.
        let asked = sight.seats.iter().filter(|seat| seat.speaks() && !seat.is_arbiter());
        let asked: Vec<&Member> = asked.map(|seat| seat.member).collect();
        let reasons = reasons(set, &asked);
        if reasons.is_empty() {
            if asked.iter().all(|member| member.status.is_some()) {
                sink.ok(|| subject_of_set(set));
            }
            continue;
        }
        let sentences: Vec<String> = reasons.iter().map(|reason| says(&sight, reason, asked.len())).collect();
        let mut about = About::new(format!("{}: {}", set.name, sentences.join("; ")));
        let mut steps: Vec<String> = Vec::new();
        for Reason { fault, members, .. } in &reasons {
            about = about.with("answer", fault).with("members", sight.names(members.iter().copied()));
            let remedy = fault.remedy.as_ref().map(ToString::to_string);
            let step = remedy.or_else(|| (fault.kind == FaultKind::Denied).then(|| REMEDY.to_owned()));
            steps.extend(step.filter(|step| !steps.contains(step)));
        }
        sink.found(Severity::Unknown, subject_of_set(set), steps.into_iter().fold(about, About::next));
    }
}

fn plain(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let open = sight.set.members.iter().filter(|m| m.speaks().is_some_and(|hello| !hello.is_protected));
        let open: Vec<_> = open.map(|member| &member.host).collect();
        if open.is_empty() {
            sink.ok(|| subject_of_set(sight.set));
            continue;
        }
        let count = words::count(open.len(), "member");
        let about = About::new(format!("{}: {count} reached without TLS", sight.set.name))
            .with("members", words::list(&open))
            .next("turn TLS on (net.tls.mode) and set tls in [[stack.mongo]]");
        sink.found(Severity::Warn, subject_of_set(sight.set), about);
    }
}
