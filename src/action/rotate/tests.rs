use std::sync::Arc;

use super::checks::checks;
use super::*;
use crate::action::Stage;
use crate::action::bench::Reading;
use crate::action::plan::Level::{self, Block, Pass, Warn};
use crate::model::alarm::{Alarm, AlarmFacts, MetricAlarm, Watches};
use crate::model::ecs::{EcsFacts, Seen, Service, Task};
use crate::model::rds::{DbInstance, Event, MasterSecret, PartsRead, Proxy, RdsFacts};
use crate::model::secret::{Handed, TaskDefinition, TaskDefinitionFacts};

const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:prod/db-AbCdEf";
const LAMBDA: &str = "arn:aws:lambda:us-east-1:1:function:rotate-db";

fn now() -> Timestamp {
    Timestamp::parse("2026-03-14T03:00:00Z").unwrap()
}

fn ago(minutes: u64) -> Timestamp {
    now() - Duration::from_mins(minutes)
}

fn versions(of: &[(&str, &[&str])]) -> std::collections::BTreeMap<Text, Vec<Text>> {
    of.iter().map(|(id, labels)| (Text::from(*id), labels.iter().map(|label| Text::from(*label)).collect())).collect()
}

/// A secret in good order.
fn secret() -> Secret {
    Secret {
        name: "prod/db".into(),
        arn: ARN.into(),
        read_at: now(),
        rotation_enabled: Some(true),
        lambda: Some(LAMBDA.into()),
        rotates_after_days: Some(30),
        rotated_at: Some(ago(10 * 24 * 60)),
        versions: versions(&[("v1", &["AWSPREVIOUS"]), ("v2", &["AWSCURRENT"])]),
        ..Secret::default()
    }
}

/// What stands around it, all of it in good order and known.
struct World {
    secret: Secret,
    others: Vec<Secret>,
    rds: Option<RdsFacts>,
    alarms: Option<AlarmFacts>,
    ecs: Option<EcsFacts>,
    region: Option<&'static str>,
    gaps: Vec<String>,
}

fn alarm(name: &str, state: Option<&str>) -> Alarm {
    let dimensions = vec![(Text::from("FunctionName"), Text::from(name))];
    let watches = Watches::Metric(MetricAlarm { dimensions, ..MetricAlarm::default() });
    Alarm { name: "errors".into(), watches, state: state.map(Text::from), ..Alarm::default() }
}

fn database(status: Option<&str>) -> DbInstance {
    DbInstance {
        id: "db".into(),
        arn: "arn:db".into(),
        status: status.map(Text::from),
        master_secret: Some(MasterSecret { arn: Some(ARN.into()), status: Some("active".into()) }),
        ..DbInstance::default()
    }
}

fn rds(instance: DbInstance) -> RdsFacts {
    let read_at = PartsRead { events: Some(now()), instances: Some(now()), ..PartsRead::default() };
    RdsFacts { instances: vec![instance], read_at, ..RdsFacts::default() }
}

impl World {
    fn good() -> Self {
        let service = Service {
            name: "api".into(),
            arn: "arn:aws:ecs:us-east-1:1:service/ehr/api".into(),
            cluster_arn: "arn:aws:ecs:us-east-1:1:cluster/ehr".into(),
            task_definition: Some("td".into()),
            ..Service::default()
        };
        let service = Seen { at: now(), item: Arc::new(service) };
        Self {
            secret: secret(),
            others: Vec::new(),
            rds: Some(rds(database(Some("available")))),
            alarms: Some(AlarmFacts { alarms_at: Some(now()), ..AlarmFacts::default() }),
            ecs: Some(EcsFacts { services: vec![service], ..EcsFacts::default() }),
            region: Some("us-east-1"),
            gaps: Vec::new(),
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::good();
        change(&mut world);
        world
    }

    fn reading(&self) -> Reading {
        let mut facts = Facts::default();
        let secrets = self.others.iter().cloned().chain([self.secret.clone()]).collect();
        facts.put(now(), Arc::new(SecretFacts { secrets, ..SecretFacts::default() }));
        let handed = Handed { from: ARN.into(), ..Handed::default() };
        let definition = TaskDefinition { arn: "td".into(), secrets: vec![handed] };
        let definitions = [(Text::from("td"), definition)].into();
        facts.put(now(), Arc::new(TaskDefinitionFacts { definitions, ..TaskDefinitionFacts::default() }));
        self.ecs.iter().for_each(|known| facts.put(now(), Arc::new(known.clone())));
        self.rds.iter().for_each(|known| facts.put(now(), Arc::new(known.clone())));
        self.alarms.iter().for_each(|known| facts.put(now(), Arc::new(known.clone())));
        Reading { facts, gaps: self.gaps.clone() }
    }

    /// The weight and the words of this check.
    fn check(&self, id: &str) -> (Level, String) {
        let all = checks(&self.secret, self.region, &self.reading(), now());
        let found = all.into_iter().find(|check| check.id == id);
        found.map_or((Pass, "not told".to_owned()), |check| (check.level, check.text.to_string()))
    }
}

#[test]
fn each_check_passes_warns_and_blocks_and_never_passes_what_is_not_known() {
    type Change = fn(&mut World);
    let cases: &[(&str, Change, Level, &str)] = &[
        ("deleted", |_| {}, Pass, "not to be deleted"),
        ("deleted", |World { secret: s, .. }| s.deleted_at = Some(now()), Block, "it is to be deleted"),
        ("replica", |_| {}, Pass, "no replica"),
        (
            "replica",
            |World { secret: s, .. }| s.primary_region = Some("us-east-1".into()),
            Pass,
            "primary of its replicas",
        ),
        (
            "replica",
            |World { secret: s, .. }| s.primary_region = Some("eu-west-1".into()),
            Block,
            "rotate the primary in eu-west-1",
        ),
        (
            "replica",
            |w| (w.secret.primary_region, w.region) = (Some("eu-west-1".into()), None),
            Warn,
            "unless eu-west-1 is here",
        ),
        ("configured", |_| {}, Pass, "on"),
        ("configured", |World { secret: s, .. }| s.rotation_enabled = Some(false), Warn, "switches it on again"),
        ("configured", |World { secret: s, .. }| s.rotation_enabled = None, Warn, "is not known"),
        (
            "configured",
            |World { secret: s, .. }| (s.rotation_enabled, s.rotates_after_days, s.lambda) = (None, None, None),
            Block,
            "never configured",
        ),
        ("pending", |_| {}, Pass, "AWSCURRENT is v2"),
        (
            "pending",
            |World { secret: s, .. }| s.versions = versions(&[("v2", &["AWSCURRENT", "AWSPENDING"])]),
            Pass,
            "no other is being made",
        ),
        (
            "pending",
            |World { secret: s, .. }| s.versions = versions(&[("v2", &["AWSCURRENT"]), ("v3", &["AWSPENDING"])]),
            Block,
            "AWSPENDING is on v3",
        ),
        ("pending", |World { secret: s, .. }| s.versions.clear(), Block, "no version of it is known"),
        ("managed", |_| {}, Pass, "no service"),
        ("managed", |World { secret: s, .. }| s.owner = Some("rds".into()), Pass, "for db: active"),
        ("managed", |w| (w.secret.owner, w.rds) = (Some("rds".into()), None), Warn, "not known"),
        ("managed", |w| (w.secret.owner, w.rds) = (Some("rds".into()), Some(RdsFacts::default())), Warn, "not known"),
        ("consumers", |_| {}, Warn, "until these are replaced: ehr/api"),
        ("consumers", |w| w.ecs = None, Warn, "not every task definition could be read"),
        ("strategy", |_| {}, Warn, "logins with the old one fail"),
        ("recent", |_| {}, Pass, "ago"),
        ("recent", |World { secret: s, .. }| s.rotated_at = None, Pass, "never"),
        ("recent", |World { secret: s, .. }| s.rotated_at = Some(ago(59)), Warn, "it was rotated 59m"),
        ("recent", |World { secret: s, .. }| s.rotated_at = Some(ago(60)), Pass, "ago"),
        ("database", |_| {}, Pass, "no failover within 15m"),
        ("database", |w| w.rds = None, Warn, "not known"),
        ("database", |w| w.rds = Some(RdsFacts::default()), Warn, "for which database"),
        ("database", |w| w.rds = Some(rds(database(None))), Warn, "the status of db is not known"),
        ("database", |w| w.rds = Some(rds(database(Some("stopped")))), Warn, "db is stopped"),
        ("function", |_| {}, Pass, "no alarm watches rotate-db"),
        ("function", |World { secret: s, .. }| s.lambda = None, Pass, "no function"),
        ("function", |w| w.alarms = None, Warn, "is not known"),
        ("others", |_| {}, Pass, "no other secret"),
        ("unread", |_| {}, Pass, "not told"),
        ("unread", |w| w.gaps = vec!["denied".to_owned()], Warn, "denied"),
    ];
    for (id, change, level, words) in cases {
        let (found, text) = World::with(change).check(id);
        assert!(found == *level && text.contains(words), "{id}: {found:?} {text}, not {level:?} {words}");
    }
}

#[test]
fn a_managed_secret_is_rotated_only_while_its_service_has_it_active() {
    let mut instance = database(Some("available"));
    for (status, level) in [(Some("active"), Pass), (Some("rotating"), Block), (Some("impaired"), Block), (None, Warn)]
    {
        instance.master_secret = Some(MasterSecret { arn: Some(ARN.into()), status: status.map(Text::from) });
        let known = rds(instance.clone());
        let world = World::with(|w| (w.secret.owner, w.rds) = (Some("rds".into()), Some(known)));
        assert_eq!(world.check("managed").0, level, "{status:?}");
    }
}

#[test]
fn a_failover_lately_of_a_database_behind_a_proxy_warns() {
    let event = |minutes| Event {
        at: Some(ago(minutes)),
        source: "db".into(),
        message: "Multi-AZ instance failover completed".into(),
        ..Event::default()
    };
    let target = crate::model::rds::Target { id: Some("db".into()), ..crate::model::rds::Target::default() };
    let proxy = Proxy { secrets: vec![ARN.into()], targets: vec![target], ..Proxy::default() };
    for (minutes, level) in [(14, Warn), (16, Pass)] {
        let alone = DbInstance { master_secret: None, ..database(Some("available")) };
        let known = RdsFacts { events: vec![event(minutes)], proxies: vec![proxy.clone()], ..rds(alone) };
        let (found, text) = World::with(|w| w.rds = Some(known)).check("database");
        assert_eq!(found, level, "{minutes}: {text}");
    }
    let known = RdsFacts { read_at: PartsRead::default(), ..rds(database(Some("available"))) };
    let (found, text) = World::with(|w| w.rds = Some(known)).check("database");
    assert!(found == Warn && text.contains("lately is not known"), "{text}");
}

#[test]
fn an_alarm_on_the_function_and_another_secret_on_it_warn() {
    for (name, state, level) in [
        ("rotate-db", Some("OK"), Pass),
        ("rotate-db", Some("ALARM"), Warn),
        ("rotate-db", None, Warn),
        ("another", Some("ALARM"), Pass),
    ] {
        let known = AlarmFacts { alarms: vec![alarm(name, state)], alarms_at: Some(now()), ..AlarmFacts::default() };
        assert_eq!(World::with(|w| w.alarms = Some(known)).check("function").0, level, "{name} {state:?}");
    }
    let rotating = Secret {
        name: "prod/other".into(),
        arn: "arn:other".into(),
        versions: versions(&[("o1", &["AWSCURRENT"]), ("o2", &["AWSPENDING"])]),
        ..secret()
    };
    let (level, text) = World::with(|w| w.others = vec![rotating.clone()]).check("others");
    assert!(level == Warn && text.ends_with("prod/other"), "{text}");
    let elsewhere = Secret { lambda: Some("arn:else".into()), ..rotating };
    assert_eq!(World::with(|w| w.others = vec![elsewhere]).check("others").0, Pass);
}

#[test]
fn it_is_done_once_the_version_that_was_planned_is_in_use() {
    let before = state(&secret());
    let of = |all: &[(&str, &[&str])]| Secret { versions: versions(all), ..secret() };
    let pending: &[(&str, &[&str])] = &[("v2", &["AWSCURRENT"]), ("v3", &["AWSPENDING"])];
    let cancelled = Secret { rotation_enabled: Some(false), ..of(pending) };
    let doomed = Secret { deleted_at: Some(now()), ..of(pending) };
    for (secret, stage, words) in [
        (secret(), Stage::Unseen, "no new version is to be seen"),
        (of(pending), Stage::Going, "AWSPENDING is on the new version v3"),
        (of(&[("v2", &["AWSPREVIOUS"]), ("v3", &["AWSCURRENT"])]), Stage::Done, "AWSCURRENT is the new version v3"),
        (of(&[("v3", &["AWSCURRENT", "AWSPENDING"])]), Stage::Done, "AWSCURRENT is the new version v3"),
        (of(&[("v2", &["AWSCURRENT"]), ("v9", &["AWSPENDING"])]), Stage::Failed, "another rotation is under way"),
        (of(&[("v9", &["AWSCURRENT"])]), Stage::Failed, "AWSCURRENT moved to v9"),
        (cancelled, Stage::Failed, "it was cancelled"),
        (doomed, Stage::Failed, "to be deleted"),
    ] {
        let seen = watch::look(&secret, &before, &Text::from("v3"));
        assert!(seen.stage == stage && seen.text.contains(words), "{seen:?}, not {stage:?} {words}");
    }
}

#[test]
fn only_tasks_of_services_that_started_before_the_rotation_are_to_be_replaced() {
    let task = |group: &str, started: Option<u64>| {
        let task = Task {
            arn: Text::from(format!("arn:aws:ecs:us-east-1:1:task/ehr/{group}")),
            cluster_arn: "arn:aws:ecs:us-east-1:1:cluster/ehr".into(),
            group: Some(Text::from(group)),
            task_definition: Some("td".into()),
            status: Some("RUNNING".into()),
            created_at: started.map(|minutes| ago(minutes + 1)),
            started_at: started.map(ago),
            ..Task::default()
        };
        Seen { at: now(), item: Arc::new(task) }
    };
    let all = [("service:old", Some(60)), ("service:new", Some(5)), ("service:mute", None), ("family:batch", Some(60))];
    let world = World::with(|w| {
        w.secret.rotated_at = Some(ago(10));
        w.ecs = Some(EcsFacts { tasks: all.iter().map(|(g, at)| task(g, *at)).collect(), ..EcsFacts::default() });
    });
    let stale = force_deploy::Stale::of(&world.reading(), ARN);
    assert_eq!(stale.services.iter().map(Text::as_str).collect::<Vec<_>>(), ["ehr/old"]);
    assert_eq!((stale.alone, stale.maybe, stale.is_complete), (1, 1, true));
    let unsure = stale.unsure().unwrap();
    assert!(unsure.contains("1 task of no service holds it") && unsure.contains("whether 1 task"), "{unsure}");
    let unread = World::with(|w| w.ecs = None);
    let unread = force_deploy::Stale::of(&unread.reading(), ARN).unsure().unwrap();
    assert!(unread.contains("there may be more"), "{unread}");
}
