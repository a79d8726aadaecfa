//! What this console may ask, and whether others can listen.

use super::super::{About, Rule, Sink, words};
use super::{answering, subject_of_set};
use crate::model::mongo::MongoFacts;
use crate::model::{Facts, FaultKind, Severity};

pub(in super::super) const ROLE: Rule = Rule {
    id: "mongo-role-missing",
    domain: "mongo",
    doc: "Members answer nothing but hello to whom this console asks as. What their status would tell (votes, heartbeats, sync \
          sources, oplog) is not known, and votes are assumed.",
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

fn role(facts: &Facts, sink: &mut Sink<'_>) {
    for sight in answering(facts) {
        let set = sight.set;
        // Arbiters hold no users, so they refuse whoever asks.
        let asked = || sight.seats.iter().filter(|seat| seat.speaks() && !seat.is_arbiter()).map(|seat| seat.member);
        let refused: Vec<_> = asked().filter_map(|m| Some((m, m.status_fault.as_ref()?))).collect();
        let Some((_, fault)) = refused.iter().find(|(_, f)| f.kind == FaultKind::Denied).or_else(|| refused.first())
        else {
            if asked().all(|member| member.status.is_some()) {
                sink.ok(|| subject_of_set(set));
            }
            continue;
        };
        let hosts = sight.names(refused.iter().map(|(member, _)| &member.host));
        let is_unknown_user = fault.code.as_deref() == Some("AuthenticationFailed");
        let says = match fault.kind {
            FaultKind::Denied if is_unknown_user => {
                "user or password not accepted; only what hello tells is known".to_owned()
            }
            FaultKind::Denied => "the role clusterMonitor is missing; only what hello tells is known".to_owned(),
            FaultKind::Misconfigured => format!("{}; only what hello tells is known", fault.message),
            kind => format!("no status of {hosts} ({})", kind.word()),
        };
        let mut about = About::new(format!("{}: {says}", set.name)).with("answer", fault).with("members", hosts);
        match &fault.remedy {
            Some(remedy) => about = about.next(remedy.to_string()),
            None if fault.kind == FaultKind::Denied => about = about.next(REMEDY),
            None => {}
        }
        sink.found(Severity::Unknown, subject_of_set(set), about);
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
