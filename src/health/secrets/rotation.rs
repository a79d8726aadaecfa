//! Whether a secret rotates, often enough and in time.

use super::{DAY, days, each_rotating, is_replica, manager, rotation_of, stuck, subject};
use crate::health::{About, Rule, Sink, Threshold, words};
use crate::model::secret::{Secret, SecretFacts};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::{Timestamp, human};

pub(in super::super) const OFF: Rule = Rule {
    id: "secret-rotation-off",
    domain: "secrets",
    doc: "A secret does not rotate by itself. Critical where its name or a tag tells that a database is behind it.",
    source: "AWS Config managed rule secretsmanager-rotation-enabled-check",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: off,
};

pub(in super::super) const AGE: Rule = Rule {
    id: "secret-age",
    domain: "secrets",
    doc: "The value of a secret is older than the policy of the stack allows. A secret that was never rotated is as old as itself; \
          LastChangedDate tells nothing, any edit moves it.",
    source: "AWS Config managed rule secretsmanager-secret-periodic-rotation (90 days, configured for each stack); 7 days more (practice)",
    thresholds: &[Threshold::minutes("crit-after", 7 * 24 * 60)],
    read_at: Facts::taken_at::<SecretFacts>,
    check: age,
};

pub(in super::super) const OVERDUE: Rule = Rule {
    id: "secret-rotation-overdue",
    domain: "secrets",
    doc: "The time by which a secret was to be rotated has passed: the last rotation failed, or did not take place.",
    source: "Secrets Manager API: NextRotationDate; AWS Config managed rule secretsmanager-scheduled-rotation-success-check",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: overdue,
};

pub(in super::super) const SCHEDULE: Rule = Rule {
    id: "secret-schedule",
    domain: "secrets",
    doc: "The schedule of a secret rotates it less often than the policy of the stack asks for.",
    source: "Secrets Manager API: RotationRules.AutomaticallyAfterDays, which also holds what a schedule expression amounts to",
    thresholds: &[],
    read_at: Facts::taken_at::<SecretFacts>,
    check: schedule,
};

/// Words in names and tags of secrets that open a database.
const DATABASE: &[&str] = &[
    "aurora",
    "database",
    "db",
    "docdb",
    "documentdb",
    "mariadb",
    "mongo",
    "mongodb",
    "mssql",
    "mysql",
    "postgres",
    "postgresql",
    "rds",
    "redshift",
    "sqlserver",
];

/// Whether its name, or the name of one of its tags, tells that a database is behind it.
fn opens_a_database(secret: &Secret) -> bool {
    let tells = |text: &str| {
        let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric());
        parts.any(|part| DATABASE.contains(&part.to_ascii_lowercase().as_str()))
    };
    tells(&secret.name) || secret.tags.iter().any(|(key, _)| tells(key))
}

/// The service that made a secret for itself and does not rotate it: nobody here can.
fn is_up_to(secret: &Secret) -> Option<Text> {
    manager(secret).filter(|_| secret.rotation_enabled != Some(true))
}

/// Whether a secret ought to rotate by itself and does not, and somebody here can change that. Of one that was never set up to
/// rotate the field is absent.
fn should_rotate(known: &SecretFacts, secret: &Secret) -> bool {
    let rotates = secret.rotation_enabled == Some(true) || secret.deleted_at.is_some() || is_replica(secret);
    !rotates && known.policy.of(secret).is_some() && is_up_to(secret).is_none()
}

fn off(facts: &Facts, sink: &mut Sink<'_>) {
    let still: Vec<&Text> = facts.get::<SecretFacts>().map_or_else(Vec::new, |known| {
        known.secrets.iter().filter(|secret| should_rotate(known, secret)).map(|secret| &secret.name).collect()
    });
    each_rotating(facts, sink, |known, secret, sink| {
        if !should_rotate(known, secret) && is_up_to(secret).is_none() {
            return sink.ok(|| subject(secret));
        }
        if let Some(owner) = is_up_to(secret) {
            let about = About::new(format!("{}: does not rotate, which is up to {owner}", secret.name))
                .cause(rotation_of(secret))
                .with("OwningService", owner);
            return sink.found(Severity::Info, subject(secret), about);
        }
        let is_database = opens_a_database(secret);
        let severity = if is_database { Severity::Crit } else { Severity::Warn };
        let what =
            if is_database { "does not rotate, and opens a database by its name or tags" } else { "does not rotate" };
        let about = About::new(format!("{}: {what}", secret.name))
            .since(secret.created_at.filter(|_| secret.rotation_enabled.is_none()))
            .cause(rotation_of(secret))
            .with("RotationEnabled", words::given(secret.rotation_enabled))
            .with("do not rotate here", format!("{}: {}", words::count(still.len(), "secret"), words::list(&still)))
            .next("set up rotation, or rotate it by hand as the policy asks")
            .next("where it need not rotate, say so: rotation = \"never\" in a policy of [stack.secrets]");
        sink.found(severity, subject(secret), about);
    });
}

fn age(facts: &Facts, sink: &mut Sink<'_>) {
    each_rotating(facts, sink, |known, secret, sink| {
        let Some(policy) = known.policy.of(secret) else { return sink.ok(|| subject(secret)) };
        let told = |words: String| {
            About::new(format!("{}: {words}", secret.name))
                .cause(rotation_of(secret))
                .with("LastRotatedDate", words::given(secret.rotated_at.map(Timestamp::rfc3339)))
                .with("CreatedDate", words::given(secret.created_at.map(Timestamp::rfc3339)))
                .with("policy", days(policy))
        };
        let Some(since) = secret.rotated_at.or(secret.created_at) else {
            let about = told("neither its last rotation nor its age was told".to_owned());
            return sink.found(Severity::Unknown, subject(secret), about);
        };
        let age = sink.now().since(since);
        let severity = match age {
            age if age > policy && is_up_to(secret).is_some() => Severity::Info,
            age if age > policy + sink.span("crit-after") => Severity::Crit,
            age if age > policy => Severity::Warn,
            _ => return sink.ok(|| subject(secret)),
        };
        let verb = if secret.rotated_at.is_some() { "last rotated" } else { "never rotated, made" };
        let about = told(format!("{verb} {} ago, policy {}", human(age), days(policy))).since(Some(since + policy));
        sink.found(severity, subject(secret), about);
    });
}

fn overdue(facts: &Facts, sink: &mut Sink<'_>) {
    each_rotating(facts, sink, |known, secret, sink| {
        if secret.rotation_enabled == Some(false) {
            return;
        }
        let about = |words: String| {
            About::new(format!("{}: {words}", secret.name))
                .cause(rotation_of(secret))
                .with("NextRotationDate", words::given(secret.rotates_at.map(Timestamp::rfc3339)))
                .with("LastRotatedDate", words::given(secret.rotated_at.map(Timestamp::rfc3339)))
        };
        match secret.rotates_at {
            // It is late and being done, which is said of it.
            Some(at) if at < sink.now() && stuck::is_rotating(known, secret, sink) => {}
            Some(at) if at < sink.now() => {
                let about = about(format!("rotation failed or overdue, was due by {}", at.date_time()))
                    .since(Some(at))
                    .next("CloudTrail tells why: RotationFailed of this secret");
                let about = match &secret.lambda {
                    Some(lambda) => {
                        about.with("RotationLambdaARN", lambda).next("read the log of its rotation function")
                    }
                    None => about,
                };
                sink.found(Severity::Crit, subject(secret), about);
            }
            Some(_) => sink.ok(|| subject(secret)),
            None if secret.rotation_enabled == Some(true) => {
                let about = about("rotates, and when next was not told".to_owned());
                sink.found(Severity::Unknown, subject(secret), about);
            }
            None => {}
        }
    });
}

fn schedule(facts: &Facts, sink: &mut Sink<'_>) {
    each_rotating(facts, sink, |known, secret, sink| {
        if secret.rotation_enabled != Some(true) {
            return;
        }
        let Some(policy) = known.policy.of(secret) else { return sink.ok(|| subject(secret)) };
        let about = |words: String| {
            About::new(format!("{}: {words}", secret.name))
                .cause(rotation_of(secret))
                .with("AutomaticallyAfterDays", words::given(secret.rotates_after_days))
                .with("ScheduleExpression", words::given(secret.schedule.as_ref()))
                .with("policy", days(policy))
        };
        let (severity, about) = match secret.rotates_after_days {
            Some(n) if DAY * n > policy => {
                (Severity::Warn, about(format!("rotates every {n} d by its schedule, policy {}", days(policy))))
            }
            Some(_) => return sink.ok(|| subject(secret)),
            None => (Severity::Unknown, about("how often it rotates was not told".to_owned())),
        };
        sink.found(severity, subject(secret), about);
    });
}
