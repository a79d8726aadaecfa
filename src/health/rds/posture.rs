//! How a database is set up: encryption, reachability, protection, secrets.

use super::{Database, each_database};
use crate::health::{About, Rule, Sink, words};
use crate::model::rds::RdsFacts;
use crate::model::{Facts, Severity};
use crate::text::Text;

pub(in super::super) const ENCRYPTION: Rule = Rule {
    id: "rds-encryption",
    domain: "rds",
    doc: "The storage of a database is not encrypted. A key that AWS owns counts as encrypted, though StorageEncrypted is then \
          false; clusters are judged once, not with each member.",
    source: "RDS API: StorageEncrypted, StorageEncryptionType",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: encryption,
};

pub(in super::super) const POSTURE: Rule = Rule {
    id: "rds-posture",
    domain: "rds",
    doc: "Settings that protect a database are not as they should be: it can be reached from the internet, anybody may delete it, \
          its logs go nowhere, minor upgrades are off. Said once for each database, with all that is missing.",
    source: "AWS Config managed rules rds-instance-public-access-check, rds-instance-deletion-protection-enabled, \
             rds-logging-enabled, rds-automatic-minor-version-upgrade-enabled",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: posture,
};

pub(in super::super) const SECRET: Rule = Rule {
    id: "rds-master-secret",
    domain: "rds",
    doc: "The secret that RDS keeps for the master user is impaired: it can be neither read nor rotated.",
    source: "RDS API: MasterUserSecret.SecretStatus",
    thresholds: &[],
    read_at: Facts::taken_at::<RdsFacts>,
    check: secret,
};

/// Whether it is an instance whose cluster is judged in its place.
fn is_member(database: Database<'_>) -> bool {
    matches!(database, Database::Instance(instance) if instance.cluster.is_some())
}

fn encryption(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |_, database, sink| {
        if is_member(database) {
            return;
        }
        let (encrypted, kind) = match database {
            Database::Instance(i) => (i.encrypted, i.encryption_type.as_deref()),
            Database::Cluster(c) => (c.encrypted, c.encryption_type.as_deref()),
            Database::Proxy(_) => return,
        };
        let told = |words: &str| {
            About::new(format!("{}: {words}", database.name()))
                .with("StorageEncrypted", words::given(encrypted))
                .with("StorageEncryptionType", words::given(kind))
        };
        let (severity, about) = match (encrypted, kind) {
            (_, Some("sse-rds")) => (Severity::Info, told("encrypted with a key that AWS owns")),
            (Some(true), _) | (_, Some("sse-kms")) => return sink.ok(|| database.subject()),
            (None, None) => (Severity::Unknown, told("whether its storage is encrypted was not told")),
            (Some(false), None) | (_, Some("none")) => (
                Severity::Crit,
                told("its storage is not encrypted")
                    .next("only a copy can be: restore an encrypted copy of a snapshot"),
            ),
            (_, Some(_)) => (Severity::Unknown, told("encrypted in a way these rules do not know")),
        };
        sink.found(severity, database.subject(), about);
    });
}

/// What one setting is worth.
type Setting = (Severity, &'static str);

fn posture(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |_, database, sink| {
        let (mut wrong, mut untold): (Vec<Setting>, Vec<&str>) = (Vec::new(), Vec::new());
        let mut flag = |value: Option<bool>, well: bool, setting: Setting, field: &'static str| match value {
            Some(value) if value == well => {}
            Some(_) => wrong.push(setting),
            None => untold.push(field),
        };
        let public = (Severity::Crit, "reachable from the internet");
        let deletable = (Severity::Warn, "no deletion protection");
        let old = (Severity::Info, "no minor upgrades");
        let no_logs = |logs: &[Text]| logs.is_empty().then_some((Severity::Warn, "no log exports"));
        let logs = match database {
            Database::Instance(i) => {
                flag(i.public, false, public, "PubliclyAccessible");
                flag(i.auto_minor_upgrade, true, old, "AutoMinorVersionUpgrade");
                if i.cluster.is_some() {
                    None
                } else {
                    flag(i.deletion_protection, true, deletable, "DeletionProtection");
                    no_logs(&i.log_exports)
                }
            }
            Database::Cluster(c) => {
                // Aurora says these of its instances.
                if !c.is_aurora() {
                    flag(c.public, false, public, "PubliclyAccessible");
                    flag(c.auto_minor_upgrade, true, old, "AutoMinorVersionUpgrade");
                }
                flag(c.deletion_protection, true, deletable, "DeletionProtection");
                no_logs(&c.log_exports)
            }
            Database::Proxy(_) => return,
        };
        wrong.extend(logs);
        tell(database, wrong, &untold, sink);
    });
}

fn tell(database: Database<'_>, mut wrong: Vec<Setting>, untold: &[&str], sink: &mut Sink<'_>) {
    wrong.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    let name = database.name();
    let worst = wrong.iter().map(|(severity, _)| *severity).max();
    let untold = (!untold.is_empty()).then(|| words::list(untold));
    let (severity, message) = match (worst, &untold) {
        // What was not told may be worse than a remark.
        (Some(Severity::Info) | None, Some(fields)) => (Severity::Unknown, format!("{name}: {fields} not told")),
        (Some(worst), _) => (worst, format!("{name}: {}", words::list(wrong.iter().map(|(_, words)| words)))),
        (None, None) => return sink.ok(|| database.subject()),
    };
    let mut about = About::new(message);
    for (severity, words) in &wrong {
        about = about.with("setting", format!("{words} ({})", severity.word()));
    }
    if let Some(fields) = untold {
        about = about.with("not told", fields);
    }
    sink.found(severity, database.subject(), about);
}

fn secret(facts: &Facts, sink: &mut Sink<'_>) {
    each_database(facts, sink, |_, database, sink| {
        let secret = match database {
            Database::Instance(i) => i.master_secret.as_ref(),
            Database::Cluster(c) => c.master_secret.as_ref(),
            Database::Proxy(_) => None,
        };
        let Some(secret) = secret else { return };
        let name = database.name();
        let (severity, words) = match secret.status.as_deref() {
            Some("active") => return sink.ok(|| database.subject()),
            Some("impaired") => (Severity::Crit, format!("{name}: the secret of its master user is impaired")),
            Some(status @ ("rotating" | "creating")) => {
                (Severity::Info, format!("{name}: the secret of its master user is {status}"))
            }
            Some(status) => {
                (Severity::Unknown, format!("{name}: the secret of its master user is {}", words::quote(status)))
            }
            None => (Severity::Unknown, format!("{name}: the state of its master user's secret was not told")),
        };
        let about = About::new(words)
            .with("SecretArn", words::given(secret.arn.as_ref()))
            .next("see whether RDS may still use the secret and its key");
        sink.found(severity, database.subject(), about);
    });
}
