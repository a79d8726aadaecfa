//! How a secret is kept: whether it is to be deleted, by which key it is encrypted, who manages it, whether anybody reads it.

use std::time::Duration;

use super::{each, subject};
use crate::health::Sink;
use crate::health::{About, Rule, Threshold, words};
use crate::model::rds::RdsFacts;
use crate::model::secret::{Consumers, Secret, SecretFacts};
use crate::model::{Facts, Severity};
use crate::time::{Timestamp, human};

pub(in super::super) const DELETED: Rule = Rule {
    id: "secret-deleted",
    domain: "secrets",
    doc: "A secret is to be deleted. Until then it cannot be read, which whoever starts with it learns first.",
    source: "Secrets Manager API: DeletedDate",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: deleted,
};

pub(in super::super) const KEY: Rule = Rule {
    id: "secret-key",
    domain: "secrets",
    doc: "A secret is encrypted with the key that AWS manages: nobody can take it away from whoever has the permission to read.",
    source: "AWS Config managed rule secretsmanager-using-cmk; Secrets Manager API: KmsKeyId is absent for that key",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: key,
};

pub(in super::super) const UNUSED: Rule = Rule {
    id: "secret-unused",
    domain: "secrets",
    doc: "Nobody has read a secret for long, or ever. AWS tells it to the day.",
    source: "AWS Config managed rule secretsmanager-secret-unused (90 days)",
    thresholds: &[Threshold::minutes("after", 90 * 24 * 60)],
    read_at: Facts::taken_at::<SecretFacts>,
    check: unused,
};

pub(in super::super) const MANAGED: Rule = Rule {
    id: "secret-managed",
    domain: "secrets",
    doc: "Another service manages a secret and rotates it, without a function of one's own. Worth knowing before it is touched.",
    source: "Secrets Manager API: OwningService; RDS API: MasterUserSecret",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: managed,
};

fn deleted(facts: &Facts, sink: &mut Sink<'_>) {
    let consumers = facts.derived::<Consumers>();
    each(facts, sink, |_, secret, sink| {
        let Some(at) = secret.deleted_at else { return sink.ok(|| subject(secret)) };
        let services = consumers.of(&secret.arn).map_or(0, |uses| uses.services.len());
        let used = if services > 0 { format!(", {} use it", words::count(services, "service")) } else { String::new() };
        let about = About::new(format!("{}: is to be deleted on {}{used}", secret.name, at.date_time()))
            .with("DeletedDate", at.rfc3339())
            .next("restore it (RestoreSecret) if anything still needs it: no task that is handed it can start");
        sink.found(Severity::Crit, subject(secret), about);
    });
}

fn key(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |_, secret, sink| {
        if secret.deleted_at.is_some() {
            return;
        }
        let is_own = secret.key.as_ref().is_some_and(|key| !key.ends_with("alias/aws/secretsmanager"));
        if is_own {
            return sink.ok(|| subject(secret));
        }
        let about = About::new(format!("{}: encrypted with the key that AWS manages", secret.name))
            .since(None)
            .with("KmsKeyId", words::given(secret.key.as_ref()));
        sink.found(Severity::Warn, subject(secret), about);
    });
}

fn unused(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |_, secret, sink| {
        let after: Duration = sink.span("after");
        let about = |words: String| {
            About::new(format!("{}: {words}", secret.name))
                .with("LastAccessedDate", words::given(secret.accessed_at.map(Timestamp::rfc3339)))
        };
        let about = match secret.accessed_at {
            Some(at) if sink.now().since(at) > after => about(format!("not read for {}", human(sink.now().since(at)))),
            Some(_) => return sink.ok(|| subject(secret)),
            None => about("no reading of it is known".to_owned()),
        };
        sink.found(Severity::Info, subject(secret), about);
    });
}

/// The state of a database's own secret, where this is one.
fn state_in_rds(facts: &Facts, secret: &Secret) -> Option<String> {
    let rds = facts.get::<RdsFacts>()?;
    let instances = rds.instances.iter().map(|i| &i.master_secret);
    let all = rds.clusters.iter().map(|c| &c.master_secret).chain(instances).flatten();
    let mut own = all.filter(|master| master.arn.as_ref() == Some(&secret.arn));
    Some(words::given(own.next()?.status.as_ref()))
}

fn managed(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |_, secret, sink| {
        let Some(owner) = &secret.owner else { return };
        let about = About::new(format!("{}: managed by {}", secret.name, words::quote(owner)))
            .with("OwningService", owner)
            .next("rotate it through that service, not here");
        let about =
            state_in_rds(facts, secret).into_iter().fold(about, |about, state| about.with("SecretStatus", state));
        sink.found(Severity::Info, subject(secret), about);
    });
}
