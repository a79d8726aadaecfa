//! How a secret is kept: whether it is to be deleted, by which key it is encrypted, who manages it, whether anybody reads it.

use std::time::Duration;

use super::{each, manager, subject};
use crate::health::Sink;
use crate::health::{About, Rule, Threshold, words};
use crate::model::ecs::Task;
use crate::model::rds::RdsFacts;
use crate::model::secret::{Consumers, Secret, SecretFacts, Uses};
use crate::model::{Facts, Severity, Subject};
use crate::text::Text;
use crate::time::{Timestamp, human};

pub(in super::super) const DELETED: Rule = Rule {
    id: "secret-deleted",
    domain: "secrets",
    doc: "A secret is to be deleted. Until then it cannot be read, which whoever starts with it learns first. Critical while \
          something is known to use it.",
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

/// What uses a secret: services, tasks of none of them, proxies, databases.
fn users(uses: &Uses) -> Vec<Text> {
    let is_of = |task: &Task, service: &Subject| task.label().starts_with(&format!("{}/", service.name));
    let tasks = uses.tasks.iter().map(|(task, _)| task);
    let alone = tasks.filter(|task| !uses.services.iter().any(|service| is_of(task, service)));
    let others = uses.services.iter().chain(&uses.proxies).chain(&uses.databases);
    others.map(|user| user.name.clone()).chain(alone.map(|task| task.label())).collect()
}

fn deleted(facts: &Facts, sink: &mut Sink<'_>) {
    let consumers = facts.derived::<Consumers>();
    each(facts, sink, |_, secret, sink| {
        let Some(at) = secret.deleted_at else { return sink.ok(|| subject(secret)) };
        let used = consumers.of(&secret.arn).map_or_else(Vec::new, users);
        let (severity, by) = match used.as_slice() {
            [] => (Severity::Warn, String::new()),
            [one] => (Severity::Crit, format!(", used by {one}")),
            [first, rest @ ..] => (Severity::Crit, format!(", used by {first} and {} more", rest.len())),
        };
        let about = About::new(format!("{}: is to be deleted on {}{by}", secret.name, at.date_time()))
            .with("DeletedDate", at.rfc3339())
            .with("used by", if used.is_empty() { "nothing that is known".to_owned() } else { words::list(&used) })
            .next("restore it (RestoreSecret) if anything still needs it: no task that is handed it can start");
        sink.found(severity, subject(secret), about);
    });
}

fn key(facts: &Facts, sink: &mut Sink<'_>) {
    let is_weak = |known: &SecretFacts, secret: &Secret| {
        let is_own = secret.key.as_ref().is_some_and(|key| !key.ends_with("alias/aws/secretsmanager"));
        !is_own && !known.policy.takes_any_key(secret) && secret.deleted_at.is_none()
    };
    let weak: Vec<&Text> = facts.get::<SecretFacts>().map_or_else(Vec::new, |known| {
        let weak = known.secrets.iter().filter(|secret| is_weak(known, secret) && manager(secret).is_none());
        weak.map(|secret| &secret.name).collect()
    });
    each(facts, sink, |known, secret, sink| {
        if secret.deleted_at.is_some() {
            return;
        }
        if !is_weak(known, secret) {
            return sink.ok(|| subject(secret));
        }
        let about = |up_to: String| {
            About::new(format!("{}: encrypted with the key that AWS manages{up_to}", secret.name))
                .with("KmsKeyId", words::given(secret.key.as_ref()))
        };
        if let Some(owner) = manager(secret) {
            let about = about(format!(", which is up to {}", words::quote(&owner)));
            return sink.found(Severity::Info, subject(secret), about);
        }
        let about = about(String::new())
            .cause(Text::from("the key that AWS manages"))
            .with("have that key", format!("{}: {}", words::count(weak.len(), "secret"), words::list(&weak)))
            .next("where that key will do, say so: key = \"any\" in [stack.secrets], or in a policy of it");
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
