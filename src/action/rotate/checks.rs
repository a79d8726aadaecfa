//! What speaks against rotating a secret now.

use std::time::Duration;

use crate::action::bench::Reading;
use crate::action::plan::{Check, Level};
use crate::health::rds::failover::Failovers;
use crate::model::alarm::AlarmFacts;
use crate::model::ecs::EcsFacts;
use crate::model::facts::Facts;
use crate::model::problem::Subject;
use crate::model::rds::{MasterSecret, RdsFacts};
use crate::model::secret::{Consumers, Secret, SecretFacts, TaskDefinitionFacts};
use crate::text::Text;
use crate::time::{Timestamp, human};

use Level::{Block, Pass, Warn};

/// A rotation so soon after another is seldom meant.
const AGAIN: Duration = Duration::from_hours(1);
/// For how long after a failover logins may not be what they were.
const FAILOVER: Duration = Duration::from_mins(15);

pub(super) fn checks(secret: &Secret, region: Option<&str>, reading: &Reading, now: Timestamp) -> Vec<Check> {
    let facts = &reading.facts;
    let mut checks = vec![
        deleted(secret),
        replica(secret, region),
        configured(secret),
        pending(secret),
        managed(secret, facts.get::<RdsFacts>()),
        consumers(secret, facts),
        Check::new(
            "strategy",
            Warn,
            "the API does not tell whether it alternates between two users; if it changes the password of the one user, logins with the \
             old one fail from then on",
        ),
        recent(secret, now),
        database(secret, facts, now),
        function(secret, facts.get::<AlarmFacts>()),
        others(secret, facts.get::<SecretFacts>()),
    ];
    if !reading.gaps.is_empty() {
        checks.push(Check::new("unread", Warn, format!("not all could be read: {}", reading.gaps.join("; "))));
    }
    checks
}

/// Whether it is to be deleted.
pub(in crate::action) fn deleted(secret: &Secret) -> Check {
    match secret.deleted_at {
        Some(at) => Check::new("deleted", Block, format!("it is to be deleted: {}", at.date_time())),
        None => Check::new("deleted", Pass, "it is not to be deleted"),
    }
}

/// Whether it is a copy: only the original can be rotated.
pub(in crate::action) fn replica(secret: &Secret, region: Option<&str>) -> Check {
    let id = "replica";
    match (secret.primary_region.as_deref(), region) {
        (None, _) => Check::new(id, Pass, "it is no replica"),
        (Some(primary), Some(here)) if primary == here => Check::new(id, Pass, "the primary of its replicas is here"),
        (Some(primary), Some(_)) => Check::new(id, Block, format!("it is a replica: rotate the primary in {primary}")),
        (Some(primary), None) => Check::new(id, Warn, format!("it is a replica unless {primary} is here")),
    }
}

fn configured(secret: &Secret) -> Check {
    let id = "configured";
    let has_rules = secret.rotates_after_days.is_some() || secret.schedule.is_some();
    match secret.rotation_enabled {
        Some(true) => Check::new(id, Pass, "its rotation is configured and on"),
        _ if !has_rules && secret.lambda.is_none() => Check::new(id, Block, "its rotation was never configured"),
        Some(false) => Check::new(id, Warn, "its automatic rotation is off: this switches it on again"),
        None => Check::new(id, Warn, "whether its automatic rotation is on is not known; this switches it on"),
    }
}

fn pending(secret: &Secret) -> Check {
    let id = "pending";
    match (secret.pending(), secret.version(Secret::CURRENT)) {
        (Some(version), _) => Check::new(
            id,
            Block,
            format!(
                "AWSPENDING is on {version}, which is not in use: a rotation is under way or stuck, and no other can begin; \
                 where it is stuck, mend its function and wait, take the label off with aws secretsmanager \
                 update-secret-version-stage, or switch rotation off with cancel-rotation"
            ),
        ),
        (None, None) => Check::new(id, Block, "no version of it is known to be in use"),
        (None, Some(current)) => Check::new(id, Pass, format!("AWSCURRENT is {current}, and no other is being made")),
    }
}

fn managed(secret: &Secret, rds: Option<&RdsFacts>) -> Check {
    let id = "managed";
    let Some(owner) = &secret.owner else { return Check::new(id, Pass, "no service manages it") };
    let Some(rds) = rds else {
        return Check::new(id, Warn, format!("{owner} manages it, whose state of it is not known"));
    };
    let instances = rds.instances.iter().map(|i| (&i.id, &i.master_secret));
    let mut all = rds.clusters.iter().map(|c| (&c.id, &c.master_secret)).chain(instances);
    let ours = |master: &&MasterSecret| master.arn.as_ref() == Some(&secret.arn);
    let found = all.find_map(|(name, master)| Some((name, master.as_ref().filter(ours)?.status.as_deref())));
    match found {
        Some((name, Some("active"))) => Check::new(id, Pass, format!("{owner} manages it for {name}: active")),
        Some((name, Some(status))) => {
            Check::new(id, Block, format!("{owner} manages it for {name}: {status}, not active"))
        }
        Some((_, None)) | None => Check::new(id, Warn, format!("{owner} manages it, whose state of it is not known")),
    }
}

fn names<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> String {
    let names: Vec<&str> = subjects.into_iter().map(|subject| subject.name.as_str()).collect();
    names.join(", ")
}

/// Who uses it. Functions, and whatever asks for it by itself, are never seen.
fn consumers(secret: &Secret, facts: &Facts) -> Check {
    let consumers = facts.derived::<Consumers>();
    let uses = consumers.of(&secret.arn).cloned().unwrap_or_default();
    let mut told = Vec::new();
    if !uses.services.is_empty() {
        told.push(format!(
            "handed to services at their tasks' start, until these are replaced: {}",
            names(&uses.services)
        ));
    }
    if !uses.proxies.is_empty() {
        told.push(format!("proxies log in with it: {}", names(&uses.proxies)));
    }
    if !uses.databases.is_empty() {
        told.push(format!("the master user's of {}", names(&uses.databases)));
    }
    let read = facts.get::<EcsFacts>().is_some() && facts.get::<TaskDefinitionFacts>().is_some();
    if !read || !consumers.is_complete() {
        told.push("not every task definition could be read, so more may be handed it".to_owned());
    } else if uses.services.is_empty() {
        told.push("no service is handed it".to_owned());
    }
    told.push("which Lambda functions and others read it is not known".to_owned());
    Check::new("consumers", Warn, told.join("; "))
}

fn recent(secret: &Secret, now: Timestamp) -> Check {
    let id = "recent";
    match secret.rotated_at.map(|at| now.since(at)) {
        Some(age) if age < AGAIN => Check::new(id, Warn, format!("it was rotated {} ago", human(age))),
        Some(age) => Check::new(id, Pass, format!("it was rotated {} ago", human(age))),
        None => Check::new(id, Pass, "it was never rotated"),
    }
}

/// The databases it logs in to: those whose master user it is of, and those behind proxies that use it.
fn databases(secret: &Secret, rds: &RdsFacts) -> Vec<(Text, Text, Option<Text>)> {
    let proxies = rds.proxies.iter().filter(|proxy| proxy.secrets.contains(&secret.arn));
    let behind: Vec<&Text> =
        proxies.flat_map(|proxy| &proxy.targets).flat_map(|target| target.id.iter().chain(&target.cluster)).collect();
    let is_of = |id: &Text, master: Option<&MasterSecret>| {
        behind.contains(&id) || master.is_some_and(|master| master.arn.as_ref() == Some(&secret.arn))
    };
    let clusters = rds.clusters.iter().filter(|c| is_of(&c.id, c.master_secret.as_ref()));
    let instances = rds.instances.iter().filter(|i| is_of(&i.id, i.master_secret.as_ref()));
    let clusters = clusters.map(|c| (c.id.clone(), c.arn.clone(), c.status.clone()));
    clusters.chain(instances.map(|i| (i.id.clone(), i.arn.clone(), i.status.clone()))).collect()
}

fn database(secret: &Secret, facts: &Facts, now: Timestamp) -> Check {
    let id = "database";
    let Some(rds) = facts.get::<RdsFacts>() else {
        return Check::new(id, Warn, "how the databases are is not known");
    };
    let found = databases(secret, rds);
    if found.is_empty() {
        return Check::new(id, Warn, "for which database it is, if for any, is not known, so neither is how that is");
    }
    let failovers = facts.derived::<Failovers>();
    let mut told = Vec::new();
    for (name, arn, status) in &found {
        let instance = rds.instances.iter().find(|i| i.arn == *arn);
        let failover = instance.map_or_else(|| failovers.of(arn), |instance| failovers.around(rds, instance));
        match status.as_deref() {
            Some("available") => {}
            Some(other) => told.push(format!("{name} is {other}")),
            None => told.push(format!("the status of {name} is not known")),
        }
        if failover.is_some_and(|failover| failover.is_recent(now, FAILOVER)) {
            told.push(format!("{name} fails over, or did within the last {}", human(FAILOVER)));
        }
    }
    if rds.read_at.events.is_none() {
        told.push("whether it has failed over lately is not known".to_owned());
    }
    let all: Vec<String> = found.iter().map(|(name, ..)| name.to_string()).collect();
    match told.as_slice() {
        [] => {
            Check::new(id, Pass, format!("available, and no failover within {}: {}", human(FAILOVER), all.join(", ")))
        }
        told => Check::new(id, Warn, told.join("; ")),
    }
}

fn function(secret: &Secret, alarms: Option<&AlarmFacts>) -> Check {
    let id = "function";
    let Some(name) = secret.lambda.as_ref().and_then(|arn| arn.split(':').nth(6)) else {
        return Check::new(id, Pass, "no function of this account rotates it");
    };
    let Some(known) = alarms.filter(|known| known.alarms_at.is_some()) else {
        return Check::new(id, Warn, format!("whether an alarm on {name} is on is not known"));
    };
    let is_of = |(key, value): &(Text, Text)| *key == *"FunctionName" && *value == *name;
    let of = known.alarms.iter().filter(|alarm| alarm.metric().is_some_and(|m| m.dimensions.iter().any(is_of)));
    let (mut watched, mut lit) = (false, Vec::new());
    for alarm in of {
        watched = true;
        match alarm.is_on() {
            Some(false) => {}
            Some(true) => lit.push(format!("{} is in ALARM", alarm.name)),
            None => lit.push(format!("the state of {} is not known", alarm.name)),
        }
    }
    match (watched, lit.is_empty()) {
        (_, false) => Check::new(id, Warn, format!("{name} rotates it: {}", lit.join("; "))),
        (true, true) => Check::new(id, Pass, format!("no alarm on {name} is on")),
        (false, true) => Check::new(id, Pass, format!("no alarm watches {name}, which rotates it")),
    }
}

fn others(secret: &Secret, known: Option<&SecretFacts>) -> Check {
    let id = "others";
    let Some(lambda) = &secret.lambda else { return Check::new(id, Pass, "it shares no function with others") };
    let Some(known) = known else {
        return Check::new(id, Warn, "whether its function rotates another secret now is not known");
    };
    let same = known.secrets.iter().filter(|other| other.arn != secret.arn && other.lambda.as_ref() == Some(lambda));
    let rotating: Vec<String> =
        same.filter(|other| other.pending().is_some()).map(|other| other.name.to_string()).collect();
    if rotating.is_empty() {
        return Check::new(id, Pass, "its function rotates no other secret now");
    }
    Check::new(id, Warn, format!("its function rotates others now: {}", rotating.join(", ")))
}
