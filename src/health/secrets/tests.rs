//! What the rules say of small worlds.

use std::sync::Arc;
use std::time::Duration;

use crate::health::fixture::{ago, now, task, text};
use crate::health::{Evaluation, Observed, RULES, Thresholds, evaluate};
use crate::model::ecs::{EcsFacts, Instance, Seen, Task};
use crate::model::finding::{Concerned, Finding, FindingFacts};
use crate::model::rds::{DbInstance, MasterSecret, RdsFacts};
use crate::model::secret::*;
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    a_secret_that_does_not_rotate_is_worse_where_it_opens_a_database,
    the_age_of_a_value_is_held_against_the_policy,
    a_next_rotation_in_the_past_is_one_that_failed,
    a_version_that_is_being_made_may_take_its_time_and_no_longer,
    a_secret_that_is_to_be_deleted_is_an_alarm_while_something_uses_it,
    the_key_that_aws_manages_is_a_weak_one,
    a_secret_nobody_reads_is_worth_knowing,
    a_schedule_rotates_as_often_as_the_policy_asks,
    a_secret_that_another_service_manages_is_told_with_its_state_there,
    tasks_of_before_the_last_rotation_hold_the_previous_secret,
];

const DAY: u64 = 24 * 60;
const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:prod/app-AbCdEf";

/// What is known of secrets, of the tasks that are handed `prod/app`, and for how many minutes it has been so.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub secrets: Vec<Secret>,
    pub policy: RotationPolicy,
    pub versions: Vec<(&'static str, Version)>,
    pub tasks: Vec<Task>,
    /// Definitions that could not be read.
    pub unread: usize,
    pub rds: Option<RdsFacts>,
    pub minutes: u64,
}

impl World {
    pub fn facts(&self, at: Timestamp) -> Facts {
        let read = |secret: &Secret| Secret { read_at: at, ..secret.clone() };
        let mut versions: std::collections::BTreeMap<Text, Vec<Version>> = std::collections::BTreeMap::new();
        for (arn, version) in &self.versions {
            versions.entry(Text::from(*arn)).or_default().push(version.clone());
        }
        let known = SecretFacts {
            secrets: self.secrets.iter().map(read).collect(),
            policy: self.policy.clone(),
            versions,
            read_at: Some(at),
        };
        let handed = Handed { from: Text::from(ARN), ..Handed::default() };
        let definition = TaskDefinition { arn: Text::from("td"), secrets: vec![handed] };
        let definitions = TaskDefinitionFacts {
            definitions: [(Text::from("td"), definition)].into(),
            unread: vec![Text::from("other"); self.unread],
        };
        let seen = |task: &Task| {
            let task = Task { task_definition: text("td"), ..task.clone() };
            Seen { at, item: Arc::new(task) }
        };
        let mut facts = Facts::default();
        facts.put(at, Arc::new(known));
        facts.put(at, Arc::new(definitions));
        facts.put(at, Arc::new(EcsFacts { tasks: self.tasks.iter().map(seen).collect(), ..EcsFacts::default() }));
        if let Some(rds) = &self.rds {
            facts.put(at, Arc::new(rds.clone()));
        }
        facts
    }

    pub fn evaluate(&self) -> Evaluation {
        let began = now() - Duration::from_mins(self.minutes);
        let before = evaluate(&self.facts(began), &Thresholds::default(), &Observed::default(), true).observed;
        evaluate(&self.facts(now()), &Thresholds::default(), &before, true)
    }

    fn says(&self, rule: &str) -> Vec<String> {
        let say = |severity: Severity, message: &Text| match severity {
            Severity::Ok => "ok".to_owned(),
            bad => format!("{} {message}", bad.word()),
        };
        self.evaluate()
            .checks
            .iter()
            .filter(|c| c.rule == rule)
            .inspect(|c| crate::health::rows::note(rule, c.severity))
            .map(|c| say(c.severity, &c.message))
            .collect()
    }

    fn lasting(self, minutes: u64) -> Self {
        Self { minutes, ..self }
    }
}

#[track_caller]
fn table(rule: &str, rows: &[(World, &[&str])]) {
    assert!(RULES.iter().any(|known| known.id == rule), "no rule {rule}");
    for (n, (world, expected)) in rows.iter().enumerate() {
        assert_eq!(world.says(rule), *expected, "{rule}, row {n}");
    }
}

fn labels(labels: &[(&str, &str)]) -> std::collections::BTreeMap<Text, Vec<Text>> {
    labels.iter().map(|(id, label)| (Text::from(*id), vec![Text::from(*label)])).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn ahead(days: u64) -> Option<Timestamp> {
    Some(now() + Duration::from_mins(days * DAY))
}

/// `prod/app`, as it should be: rotated ten days ago and every thirty.
pub(super) fn secret() -> Secret {
    Secret {
        name: Text::from("prod/app"),
        arn: Text::from(ARN),
        key: text("arn:aws:kms:us-east-1:1:key/1"),
        rotation_enabled: Some(true),
        rotates_after_days: Some(30),
        rotated_at: ago(10 * DAY),
        rotates_at: ahead(20),
        accessed_at: ago(DAY),
        created_at: ago(400 * DAY),
        versions: labels(&[("v7", "AWSPREVIOUS"), ("v8", Secret::CURRENT)]),
        ..Secret::default()
    }
}

/// Whoever configured it says that it need not rotate.
fn never(secret: Secret) -> World {
    let policy = RotationPolicy { rotation: Rotation::Never, ..RotationPolicy::default() };
    World { policy, ..of(secret) }
}

fn of(secret: Secret) -> World {
    World { secrets: vec![secret], ..World::default() }
}

/// One that another region's follows, and one that is to be deleted: nobody rotates these here.
fn elsewhere(secret: &Secret) -> [World; 2] {
    [
        of(Secret { primary_region: text("eu-west-1"), ..secret.clone() }),
        of(Secret { deleted_at: ahead(7), ..secret.clone() }),
    ]
}

#[test]
fn a_secret_as_it_should_be_raises_nothing() {
    let bad: Vec<_> = of(secret()).evaluate().checks.into_iter().filter(|c| c.severity > Severity::Ok).collect();
    assert_eq!(bad, []);
}

#[test]
fn a_secret_that_does_not_rotate_is_worse_where_it_opens_a_database() {
    let off = |name: &str, enabled| Secret { name: Text::from(name), rotation_enabled: enabled, ..secret() };
    let tagged = |key: &str| {
        let tags = vec![(Text::from(key), Text::from("x"))];
        of(Secret { tags, ..off("prod/app", None) })
    };
    let database = "does not rotate, and opens a database by its name or tags";
    let [replica, deleted] = elsewhere(&off("prod/app", None));
    table(
        "secret-rotation-off",
        &[
            (of(secret()), &["ok"]),
            (of(off("prod/app", None)), &["warn prod/app: does not rotate"]),
            (of(off("prod/app", Some(false))), &["warn prod/app: does not rotate"]),
            (of(off("prod/db/app", None)), &[&format!("crit prod/db/app: {database}")]),
            (of(off("ehr-Postgres", None)), &[&format!("crit ehr-Postgres: {database}")]),
            (of(off("feedback/adbc", None)), &["warn feedback/adbc: does not rotate"]),
            (tagged("aws:rds:primaryDBInstanceArn"), &[&format!("crit prod/app: {database}")]),
            (tagged("team"), &["warn prod/app: does not rotate"]),
            (of(off("prod/oracle-token", None)), &["warn prod/oracle-token: does not rotate"]),
            (of(off("prod/pg-13-film", None)), &["warn prod/pg-13-film: does not rotate"]),
            (never(off("prod/db/app", None)), &["ok"]),
            (of(off("rds!db-1", None)), &["info rds!db-1: does not rotate, which is up to rds"]),
            // Nobody here can set up the rotation of what another service made for itself.
            (
                of(Secret { owner: text("events"), ..off("events!connection/db", None) }),
                &["info events!connection/db: does not rotate, which is up to events"],
            ),
            (replica, &[]),
            (deleted, &[]),
        ],
    );
}

#[test]
fn the_age_of_a_value_is_held_against_the_policy() {
    let aged = |days: u64, minutes: u64| Secret { rotated_at: ago(days * DAY + minutes), ..secret() };
    let days = |n: u64| Duration::from_mins(n * DAY);
    let strict = |secret: Secret| {
        let rotation = Some(Rotation::Every(days(30)));
        let part = PolicyPart { prefix: Some("prod/".to_owned()), rotation, ..PolicyPart::default() };
        World { policy: RotationPolicy { parts: vec![part], ..RotationPolicy::default() }, ..of(secret) }
    };
    let unrotated = Secret { rotated_at: None, ..secret() };
    let [replica, deleted] = elsewhere(&aged(200, 0));
    table(
        "secret-age",
        &[
            (of(aged(90, 0)), &["ok"]),
            (of(aged(90, 1)), &["warn prod/app: last rotated 90d00h ago, policy 90 d"]),
            (of(aged(97, 0)), &["warn prod/app: last rotated 97d00h ago, policy 90 d"]),
            (of(aged(97, 1)), &["crit prod/app: last rotated 97d00h ago, policy 90 d"]),
            (strict(aged(30, 0)), &["ok"]),
            (strict(aged(30, 1)), &["warn prod/app: last rotated 30d00h ago, policy 30 d"]),
            (strict(aged(37, 1)), &["crit prod/app: last rotated 37d00h ago, policy 30 d"]),
            (of(unrotated.clone()), &["crit prod/app: never rotated, made 400d00h ago, policy 90 d"]),
            (
                of(Secret { owner: text("events"), rotation_enabled: None, ..unrotated.clone() }),
                &["info prod/app: never rotated, made 400d00h ago, policy 90 d"],
            ),
            (of(Secret { created_at: ago(90 * DAY), ..unrotated.clone() }), &["ok"]),
            (never(unrotated.clone()), &["ok"]),
            (
                of(Secret { created_at: None, changed_at: ago(1), ..unrotated }),
                &["unknown prod/app: neither its last rotation nor its age was told"],
            ),
            (replica, &[]),
            (deleted, &[]),
        ],
    );
}

#[test]
fn a_next_rotation_in_the_past_is_one_that_failed() {
    let next = |at: Option<Timestamp>| Secret { rotates_at: at, ..secret() };
    let late = Secret { rotates_at: ago(1), ..secret() };
    let [replica, deleted] = elsewhere(&late);
    let rotating = || Secret { versions: labels(&[("v8", Secret::CURRENT), ("v9", Secret::PENDING)]), ..next(ago(1)) };
    let begun = |minutes| (ARN, Version { id: Text::from("v9"), created_at: ago(minutes), stages: vec![] });
    assert_eq!(of(rotating()).says("secret-rotation-stuck"), Vec::<String>::new(), "it may have failed long ago");
    let seen = World { versions: vec![begun(14)], ..of(rotating()) };
    assert_eq!(seen.says("secret-rotation-stuck"), ["info prod/app: rotating"]);
    let told = format!("crit prod/app: rotation failed or overdue, was due by {}", ago(1).unwrap().date_time());
    table(
        "secret-rotation-overdue",
        &[
            (of(secret()), &["ok"]),
            (of(next(Some(now()))), &["ok"]),
            (of(late.clone()), &[&told]),
            (of(Secret { rotation_enabled: None, ..late.clone() }), &[&told]),
            (of(Secret { rotation_enabled: Some(false), ..late }), &[]),
            (of(next(None)), &["unknown prod/app: rotates, and when next was not told"]),
            // It is being rotated just now, where that is known.
            (World { versions: vec![begun(14)], ..of(rotating()) }, &[]),
            (World { versions: vec![begun(15)], ..of(rotating()) }, &[&told]),
            (of(rotating()), &[&told]),
            (of(Secret { rotation_enabled: None, ..next(None) }), &[]),
            (replica, &[]),
            (deleted, &[]),
        ],
    );
}

#[test]
fn a_version_that_is_being_made_may_take_its_time_and_no_longer() {
    let pending = || Secret { versions: labels(&[("v8", Secret::CURRENT), ("v9", Secret::PENDING)]), ..secret() };
    let mut both = secret();
    both.versions.insert(Text::from("v8"), [Secret::CURRENT, Secret::PENDING].map(Text::from).to_vec());
    let version =
        |id: &str, minutes: u64| (ARN, Version { id: Text::from(id), created_at: ago(minutes), stages: vec![] });
    let told = |minutes| World { versions: vec![version("v9", minutes)], ..of(pending()) };
    let unlabelled = Secret { versions: labels(&[]), ..secret() };
    let [replica, deleted] = elsewhere(&pending());
    let stuck =
        |severity: &str, held: &str| format!("{severity} prod/app: rotation stuck for {held}, blocks the next one");
    table(
        "secret-rotation-stuck",
        &[
            (of(secret()), &["ok"]),
            (of(both), &["ok"]),
            (of(pending()), &["info prod/app: rotating"]),
            (of(pending()).lasting(14), &["info prod/app: rotating"]),
            (of(pending()).lasting(15), &[&stuck("warn", "15m00s")]),
            (of(pending()).lasting(59), &[&stuck("warn", "59m00s")]),
            (of(pending()).lasting(60), &[&stuck("crit", "1h00m")]),
            (told(20), &[&stuck("warn", "20m00s")]),
            (told(75), &[&stuck("crit", "1h15m")]),
            (of(unlabelled), &[]),
            (replica, &[]),
            (deleted, &[]),
        ],
    );
}

#[test]
fn each_version_has_a_time_of_its_own_and_an_empty_one_is_told() {
    let pending = |id: &str| Secret { versions: labels(&[("v8", Secret::CURRENT), (id, Secret::PENDING)]), ..secret() };
    let began = now() - Duration::from_mins(50);
    let before = evaluate(&of(pending("v9")).facts(began), &Thresholds::default(), &Observed::default(), true).observed;
    let later = evaluate(&of(pending("v10")).facts(now()), &Thresholds::default(), &before, true).checks;
    let check = later.iter().find(|c| c.rule == "secret-rotation-stuck").unwrap();
    assert_eq!((check.severity, check.message.as_str()), (Severity::Info, "prod/app: rotating"));
    let evidence = |listed: &[&'static str]| {
        let version = |id: &&'static str| (ARN, Version { id: Text::from(*id), ..Version::default() });
        let world = World { versions: listed.iter().map(version).collect(), ..of(pending("v9")) };
        let checks = world.evaluate().checks;
        let check = checks.iter().find(|c| c.rule == "secret-rotation-stuck").unwrap();
        let state = check.evidence.iter().find(|(name, _)| *name == "pending version");
        state.map(|(_, words)| words.split(':').next().unwrap_or_default().to_owned())
    };
    assert_eq!(evidence(&["v8"]).as_deref(), Some("empty"));
    assert_eq!(evidence(&["v8", "v9"]).as_deref(), Some("has a value"));
    assert_eq!(evidence(&[]), None, "its versions were not asked for");
}

#[test]
fn a_secret_that_is_to_be_deleted_is_an_alarm_while_something_uses_it() {
    let leaving = || Secret { deleted_at: ahead(7), ..secret() };
    let at = ahead(7).unwrap().date_time();
    table(
        "secret-deleted",
        &[
            (of(secret()), &["ok"]),
            (of(leaving()), &[&format!("warn prod/app: is to be deleted on {at}")]),
            (
                World { tasks: vec![started("t", Some((5, 4)))], ..of(leaving()) },
                &[&format!("crit prod/app: is to be deleted on {at}, used by ehr/ehr-api/t")],
            ),
            (
                World { rds: Some(mastered("active")), ..of(leaving()) },
                &[&format!("crit prod/app: is to be deleted on {at}, used by db")],
            ),
        ],
    );
}

#[test]
fn the_key_that_aws_manages_is_a_weak_one() {
    let lax = |secret| World { policy: RotationPolicy { any_key: true, ..RotationPolicy::default() }, ..of(secret) };
    let weak = "warn prod/app: encrypted with the key that AWS manages";
    table(
        "secret-key",
        &[
            (of(secret()), &["ok"]),
            (of(Secret { key: None, ..secret() }), &[weak]),
            (of(Secret { key: text("alias/aws/secretsmanager"), ..secret() }), &[weak]),
            (of(Secret { key: None, deleted_at: ahead(7), ..secret() }), &[]),
            (lax(Secret { key: None, ..secret() }), &["ok"]),
            (
                of(Secret { key: None, name: Text::from("rds!db-1"), ..secret() }),
                &["info rds!db-1: encrypted with the key that AWS manages, which is up to rds"],
            ),
        ],
    );
}

#[test]
fn a_secret_nobody_reads_is_worth_knowing() {
    let read = |accessed_at| of(Secret { accessed_at, ..secret() });
    table(
        "secret-unused",
        &[
            (read(ago(90 * DAY)), &["ok"]),
            (read(ago(91 * DAY)), &["info prod/app: not read for 91d00h"]),
            (read(None), &["info prod/app: no reading of it is known"]),
        ],
    );
}

#[test]
fn a_schedule_rotates_as_often_as_the_policy_asks() {
    let every = |n| Secret { rotates_after_days: n, ..secret() };
    let [replica, deleted] = elsewhere(&every(Some(365)));
    table(
        "secret-schedule",
        &[
            (of(every(Some(90))), &["ok"]),
            (of(every(Some(91))), &["warn prod/app: rotates every 91 d by its schedule, policy 90 d"]),
            (never(every(Some(365))), &["ok"]),
            (of(every(None)), &["unknown prod/app: how often it rotates was not told"]),
            (of(Secret { rotation_enabled: None, ..every(None) }), &[]),
            (replica, &[]),
            (deleted, &[]),
        ],
    );
}

/// A database whose master user's password it is.
fn mastered(status: &str) -> RdsFacts {
    let master = MasterSecret { arn: text(ARN), status: text(status) };
    let database = DbInstance { id: Text::from("db"), master_secret: Some(master), ..DbInstance::default() };
    RdsFacts { instances: vec![database], ..RdsFacts::default() }
}

#[test]
fn a_secret_that_another_service_manages_is_told_with_its_state_there() {
    let managed = || of(Secret { owner: text("rds"), ..secret() });
    table("secret-managed", &[(of(secret()), &[]), (managed(), &["info prod/app: managed by rds"])]);
    let checks = World { rds: Some(mastered("impaired")), ..managed() }.evaluate().checks;
    let check = checks.iter().find(|c| c.rule == "secret-managed").unwrap();
    assert!(check.evidence.contains(&("SecretStatus", Text::from("impaired"))), "{:?}", check.evidence);
}

/// A running task that was made and started so many minutes ago.
fn started(id: &str, minutes: Option<(u64, u64)>) -> Task {
    Task {
        created_at: minutes.and_then(|(created, _)| ago(created)),
        started_at: minutes.and_then(|(_, started)| ago(started)),
        ..task(id, &Instance::default())
    }
}

#[test]
fn tasks_of_before_the_last_rotation_hold_the_previous_secret() {
    let with = |tasks: Vec<Task>| World { tasks, ..of(Secret { rotated_at: ago(100), ..secret() }) };
    let old = |id: &str| started(id, Some((201, 200)));
    let new = || started("n", Some((51, 50)));
    let other = || Task { group: text("service:scheduler"), ..old("c") };
    let during = || started("d", Some((101, 99)));
    let untold = "did not tell when they started: whether they hold the previous secret is not known";
    table(
        "secret-stale-tasks",
        &[
            (with(vec![]), &["ok"]),
            (with(vec![new()]), &["ok"]),
            (with(vec![old("a"), new()]), &["warn prod/app: 1 task holds the previous secret"]),
            (with(vec![old("a"), old("b"), other()]), &["warn prod/app: 3 tasks hold the previous secret"]),
            (with(vec![started("u", None), new()]), &[&format!("unknown prod/app: 1 task {untold}")]),
            (
                with(vec![during(), new()]),
                &["info prod/app: 1 task started while it was rotated, and may hold the previous secret"],
            ),
            (World { unread: 1, ..with(vec![new()]) }, &[]),
            (World { unread: 1, ..with(vec![old("a")]) }, &["warn prod/app: 1 task holds the previous secret"]),
            (World { tasks: vec![old("a")], ..of(Secret { rotated_at: None, ..secret() }) }, &["ok"]),
        ],
    );
    let checks = with(vec![old("a"), old("b"), other()]).evaluate().checks;
    let check = checks.iter().find(|c| c.rule == "secret-stale-tasks").unwrap();
    let tasks = check.evidence.iter().filter(|(name, _)| *name == "tasks of").map(|(_, words)| words.to_string());
    assert_eq!(tasks.collect::<Vec<_>>(), ["ehr/ehr-api: 2", "ehr/scheduler: 1"]);
    assert_eq!(check.since, ago(100));
}

#[test]
fn tasks_that_hold_the_evidence_of_a_finding_are_not_advised_to_be_replaced() {
    let old = |id: &str| started(id, Some((201, 200)));
    let other = Task { group: text("service:scheduler"), ..old("c") };
    let world = World { tasks: vec![old("a"), other.clone()], ..of(Secret { rotated_at: ago(100), ..secret() }) };
    let mut facts = world.facts(now());
    let resource = Concerned { task: Some(other.arn.clone()), ..Concerned::default() };
    let findings = vec![Finding { id: Text::from("f"), severity: Some(8.0), resource, ..Finding::default() }];
    facts.put(now(), Arc::new(FindingFacts { findings, ..FindingFacts::default() }));
    let checks = evaluate(&facts, &Thresholds::default(), &Observed::default(), true).checks;
    let check = checks.iter().find(|c| c.rule == "secret-stale-tasks").unwrap();
    let [free, kept] = &check.next[..] else { panic!("{:?}", check.next) };
    assert!(free.starts_with("force a new deployment of ehr/ehr-api:"), "{free}");
    assert!(kept.starts_with("do not deploy ehr/scheduler anew yet"), "{kept}");
}

#[test]
fn what_has_one_cause_is_said_once() {
    let late = Secret { rotation_enabled: None, rotates_at: ago(1), rotated_at: ago(200 * DAY), ..secret() };
    let checks = of(late).evaluate().checks;
    let bad: Vec<_> = checks.iter().filter(|c| c.severity > Severity::Info).collect();
    assert_eq!(bad.len(), 3, "{bad:#?}");
    assert!(bad.iter().all(|check| check.cause.is_some() && check.cause == bad[0].cause));
}

#[test]
fn what_many_secrets_have_in_common_is_one_matter_that_names_them() {
    let weak = |n: usize| Secret {
        name: Text::from(format!("app-{n}")),
        arn: Text::from(format!("arn:{n}")),
        rotation_enabled: None,
        key: None,
        ..secret()
    };
    let facts = World { secrets: (0..6).map(weak).collect(), ..World::default() };
    let mut checks = facts.evaluate().checks;
    checks.retain(|check| check.severity > Severity::Info);
    crate::health::fold(&mut checks, &facts.facts(now()));
    let roots: Vec<_> = checks.iter().filter(|check| check.follows.is_none()).collect();
    // By the same secret, the key follows from the rotation.
    assert_eq!(roots.iter().map(|check| check.rule).collect::<Vec<_>>(), ["secret-rotation-off"]);
    assert_eq!(checks.len(), 12, "each counts as ever");
    for (rule, field) in [("secret-rotation-off", "do not rotate here"), ("secret-key", "have that key")] {
        let first = checks.iter().find(|check| check.rule == rule).unwrap();
        let told = first.evidence.iter().find(|(name, _)| *name == field).map(|(_, words)| words.as_str());
        assert!(told.is_some_and(|told| told.starts_with("6 secrets: app-0, app-1, ")), "{told:?}");
    }
}
