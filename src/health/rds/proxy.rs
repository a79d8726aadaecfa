//! Proxies: whether they run and reach their databases, and whether they can log in.

use std::collections::BTreeSet;
use std::time::Duration;

use super::failover::{self, Failovers};
use super::{Database, STILL_NOW, each_proxy, lately};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::rds::{Proxy, RdsFacts, RdsMetrics, Target};
use crate::model::secret::{Consumers, Holds, Secret, SecretFacts};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(in super::super) const STATUS: Rule = Rule {
    id: "rds-proxy-status",
    domain: "rds",
    doc: "A proxy is not available.",
    source: "RDS API: DBProxy.Status",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: status,
};

pub(in super::super) const TARGET: Rule = Rule {
    id: "rds-proxy-target",
    domain: "rds",
    doc: "A proxy does not reach a database behind it. A password that is refused is said by `rds-proxy-auth`, a failover by \
          `rds-failover`.",
    source: "RDS API: TargetHealth; 2 min (practice)",
    thresholds: &[Threshold::minutes("crit", 2)],
    read_at: Facts::taken_at::<RdsFacts>,
    check: target,
};

pub(in super::super) const AUTH: Rule = Rule {
    id: "rds-proxy-auth",
    domain: "rds",
    doc: "A proxy cannot log in to its database: its secret and the database's password differ. Or clients fail to log in to the \
          proxy.",
    source: "RDS API: TargetHealth.Reason AUTH_FAILURE; CloudWatch ClientConnectionsSetupFailedAuth",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: auth,
};

fn status(facts: &Facts, sink: &mut Sink<'_>) {
    each_proxy(facts, sink, |_, proxy, sink| {
        let subject = Database::Proxy(proxy).subject();
        let told = |words: &str| {
            About::new(format!("{}: {words}", proxy.name)).with("status", words::given(proxy.status.as_ref()))
        };
        let (severity, about) = match proxy.status.as_deref() {
            Some("available") => return sink.ok(|| subject),
            Some("insufficient-resource-limits") => (
                Severity::Crit,
                told("insufficient-resource-limits, it cannot grow")
                    .next("free addresses in its subnets, or raise the quota"),
            ),
            Some("incompatible-network") => (
                Severity::Crit,
                told("incompatible-network, its subnets or security groups do not fit").next("see its subnets"),
            ),
            Some(status @ ("suspended" | "suspending")) => (Severity::Crit, told(status)),
            Some(status @ ("creating" | "modifying" | "reactivating")) => (Severity::Info, told(status)),
            Some(status @ "deleting") => (Severity::Warn, told(status)),
            Some(status) => {
                (Severity::Unknown, told(&format!("status {}, which these rules do not know", words::quote(status))))
            }
            None => (Severity::Unknown, told("its status was not told")),
        };
        sink.found(severity, subject, about);
    });
}

/// Whether the proxy is refused by this database.
fn is_refused(target: &Target) -> bool {
    target.state.as_deref() != Some("AVAILABLE") && target.reason.as_deref() == Some("AUTH_FAILURE")
}

fn name(target: &Target) -> String {
    words::given(target.id.as_ref().or(target.cluster.as_ref()))
}

/// Every proxy whose targets were read, as of then.
fn each_read(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&RdsFacts, &Proxy, &mut Sink<'_>)) {
    each_proxy(facts, sink, |rds, proxy, sink| {
        if let Some(at) = proxy.targets_at {
            judge(rds, proxy, &mut sink.at(at));
        }
    });
}

fn target(facts: &Facts, sink: &mut Sink<'_>) {
    let failovers = facts.derived::<Failovers>();
    each_read(facts, sink, |rds, proxy, sink| {
        let subject = Database::Proxy(proxy).subject();
        // A cluster that is tracked stands for its instances, and has no health of its own.
        let targets: Vec<&Target> =
            proxy.targets.iter().filter(|t| t.kind.as_deref() != Some("TRACKED_CLUSTER")).collect();
        if targets.is_empty() {
            let about = About::new(format!("{}: no database behind it", proxy.name));
            return sink.found(Severity::Warn, subject, about);
        }
        let away = |t: &&&Target| t.state.as_deref() == Some("UNAVAILABLE") && !is_refused(t);
        if let Some(lost) = targets.iter().find(away) {
            let moving = lost.id.as_deref().and_then(|id| rds.instance(id)).and_then(|i| failovers.around(rds, i));
            let reason = lost.reason.as_deref().unwrap_or("no reason told");
            let about = About::new(format!("{}: {} is unavailable ({})", proxy.name, name(lost), words::quote(reason)))
                .with("reason", reason)
                .with("description", words::given(lost.description.as_ref()))
                .next(step(reason));
            if moving.is_some_and(|found| found.is_running(sink.now(), failover::span(sink))) {
                return sink.found(Severity::Info, subject, about.with("cause", "a failover of the database"));
            }
            return sink.lasting(
                &[(Severity::Warn, Duration::ZERO), (Severity::Crit, sink.span("crit"))],
                subject,
                about,
            );
        }
        match targets.iter().find(|t| t.state.as_deref() != Some("AVAILABLE") && !is_refused(t)) {
            Some(t) if t.state.as_deref() == Some("REGISTERING") => {
                sink.found(
                    Severity::Info,
                    subject,
                    About::new(format!("{}: {} is being registered", proxy.name, name(t))),
                );
            }
            Some(t) => {
                let state = words::given(t.state.as_ref());
                let about = About::new(format!(
                    "{}: the state of {} is not known ({})",
                    proxy.name,
                    name(t),
                    words::quote(&state)
                ));
                sink.found(Severity::Unknown, subject, about);
            }
            None if targets.iter().any(|t| is_refused(t)) => {
                sink.found(Severity::Info, subject, About::new(format!("{}: it cannot log in", proxy.name)));
            }
            None => sink.ok(|| subject),
        }
    });
}

/// What to look at next.
fn step(reason: &str) -> &'static str {
    match reason {
        "UNREACHABLE" => {
            "see the route, the security groups and the network ACLs between the proxy's subnets and the database"
        }
        "CONNECTION_FAILED" => "see whether the database runs and takes connections: its status and its connections",
        "PENDING_PROXY_CAPACITY" => "wait: the proxy is growing",
        "INVALID_REPLICATION_STATE" => "see the replication of the database behind it",
        _ => "see the status and the events of the database behind it",
    }
}

fn auth(facts: &Facts, sink: &mut Sink<'_>) {
    each_read(facts, sink, |_, proxy, sink| {
        let subject = Database::Proxy(proxy).subject();
        if let Some(refused) = proxy.targets.iter().find(|t| is_refused(t)) {
            let about = About::new(format!("{}: {} refuses its password, secret mismatch", proxy.name, name(refused)))
                .with("reason", "AUTH_FAILURE")
                .with("secrets", words::list(&proxy.secrets))
                .next("compare the secret with the user's password: was one of them rotated without the other?");
            return sink.found(Severity::Crit, subject, about);
        }
        // They come and go by the minute: one without any is not yet the end.
        let failed = lately(facts, &proxy.arn, RdsMetrics::AUTH_FAILED);
        match failed.map(|(at, points)| (at, points.iter().sum::<f64>())) {
            Some((at, failed)) if failed > 0.0 => {
                let about = About::new(format!(
                    "{}: {failed:.0} logins failed within {}, wrong password or no permission",
                    proxy.name,
                    words::span(STILL_NOW)
                ))
                .with(RdsMetrics::AUTH_FAILED, failed);
                let about = passwords(about, facts, proxy, sink.now());
                sink.at(at).found(Severity::Warn, subject, about);
            }
            // Whether clients can log in is not known where it was not measured, nor why a database is away where that was not
            // told.
            None => {}
            _ if proxy.targets.iter().any(|t| t.state.as_deref() != Some("AVAILABLE") && t.reason.is_none()) => {}
            Some((at, _)) => sink.at(at).ok(|| subject),
        }
    });
}

/// What is known of the secrets of a proxy whose clients fail to log in: rotations that do not end, and tasks that hold the
/// value of before.
fn passwords(about: About, facts: &Facts, proxy: &Proxy, now: Timestamp) -> About {
    let consumers = facts.derived::<Consumers>();
    let secrets = facts.get::<SecretFacts>().map_or(&[][..], |known| &known.secrets);
    let is_used = |secret: &&Secret| {
        consumers.of(&secret.arn).is_some_and(|uses| uses.proxies.iter().any(|used_by| used_by.id == proxy.arn))
    };
    let (mut about, mut steps) = (about, Vec::new());
    for secret in secrets.iter().filter(is_used) {
        let overdue = secret.rotates_at.is_some_and(|next| next < now);
        if secret.pending().is_some() || overdue {
            about = about.with("secret", format!("{}: its rotation has not come to its end", secret.name));
            steps.push(format!(
                "first see the rotation of {} to its end; if it is stuck, clear its pending version and rotate it again",
                secret.name
            ));
        }
        let tasks: Vec<_> =
            consumers.of(&secret.arn).into_iter().flat_map(|uses| uses.holding(Holds::Previous)).collect();
        let services: BTreeSet<String> =
            tasks.iter().map(|task| format!("{}/{}", task.cluster(), task.service().unwrap_or("no service"))).collect();
        if !tasks.is_empty() {
            let (n, of) = (words::count(tasks.len(), "task"), words::list(&services));
            about = about
                .with("secret", format!("{}: {n} of {of} with the value of before its last rotation", secret.name));
            let then = if steps.is_empty() { "" } else { "then " };
            steps.push(format!(
                "{then}have {of} started anew, which hold the previous {}: view secrets tells how",
                secret.name
            ));
        }
    }
    if steps.is_empty() {
        steps.push("see which clients still have an old password: tasks started before the last rotation".to_owned());
    }
    steps.into_iter().fold(about, About::next)
}
