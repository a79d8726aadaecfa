//! Who uses what in a small world.

use std::time::Duration;

use super::Holds::{Current, Either, Pinned, Previous, Unknown};
use super::*;
use crate::model::ecs::{Deployment, Seen, Service};
use crate::model::rds::{DbInstance, Proxy};
use crate::model::secret::Handed;

/// When the secret was rotated.
const ROTATED: Timestamp = Timestamp::from_secs(1_773_457_200);
const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:prod/db/app-AbCdEf";

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn text(s: &str) -> Option<Text> {
    Some(Text::from(s))
}

fn seen<T>(item: T) -> Seen<T> {
    Seen { at: ROTATED, item: Arc::new(item) }
}

fn secret(name: &str, arn: &str) -> Secret {
    Secret { name: Text::from(name), arn: Text::from(arn), rotated_at: Some(ROTATED), ..Secret::default() }
}

fn secrets() -> Vec<Secret> {
    let other = secret("prod/db/app-AbCdEf", "arn:aws:secretsmanager:us-east-1:1:secret:prod/db/app-AbCdEf-123456");
    vec![secret("prod/db/app", ARN), other]
}

/// A task that was made and started so many minutes after the rotation.
fn task(id: &str, minutes: Option<(i64, i64)>) -> Task {
    let at = |minutes: i64| {
        let span = Duration::from_mins(minutes.unsigned_abs());
        if minutes < 0 { ROTATED - span } else { ROTATED + span }
    };
    Task {
        arn: Text::from(id),
        task_definition: text("td:1"),
        status: text("RUNNING"),
        created_at: minutes.map(|(created, _)| at(created)),
        started_at: minutes.map(|(_, started)| at(started)),
        ..Task::default()
    }
}

/// A world of these tasks, whose definition hands out this.
fn facts(from: &[&str], tasks: Vec<Task>) -> Facts {
    let handed = from.iter().map(|from| Handed { from: Text::from(*from), ..Handed::default() });
    let definition = |arn: &str, secrets| (Text::from(arn), TaskDefinition { arn: Text::from(arn), secrets });
    let definitions = [definition("td:1", handed.collect()), definition("td:2", vec![])];
    let service = |name: &str, now: &str, before: &str| Service {
        arn: Text::from(format!("arn:{name}")),
        name: Text::from(name),
        cluster_arn: Text::from("arn:cluster/ehr"),
        task_definition: text(now),
        deployments: vec![Deployment { task_definition: text(before), ..Deployment::default() }],
        ..Service::default()
    };
    let ecs = EcsFacts {
        services: vec![seen(service("new", "td:1", "td:2")), seen(service("old", "td:2", "td:1"))],
        tasks: tasks.into_iter().map(seen).collect(),
        ..EcsFacts::default()
    };
    let mut facts = Facts::default();
    facts.put(ROTATED, Arc::new(SecretFacts { secrets: secrets(), ..SecretFacts::default() }));
    facts.put(ROTATED, Arc::new(ecs));
    facts.put(
        ROTATED,
        Arc::new(TaskDefinitionFacts { definitions: definitions.into(), ..TaskDefinitionFacts::default() }),
    );
    facts
}

#[test]
fn a_secret_is_found_by_whatever_names_it() {
    let all = secrets();
    let names = Names::of(&all);
    let found = |from: &str| names.find(from).map(|(secret, is_pinned)| (secret.name.to_string(), is_pinned));
    let app = |is_pinned| Some(("prod/db/app".to_owned(), is_pinned));
    for (from, expected) in [
        (ARN.to_owned(), app(false)),
        (format!("{ARN}:password::"), app(false)),
        (format!("{ARN}:password:AWSCURRENT:"), app(false)),
        (format!("{ARN}:password:AWSPREVIOUS:"), app(true)),
        (format!("{ARN}:::v8"), app(true)),
        (ARN.trim_end_matches("-AbCdEf").to_owned(), app(false)),
        (format!("{}:password::", ARN.trim_end_matches("-AbCdEf")), app(false)),
        ("prod/db/app".to_owned(), app(false)),
        ("/aws/reference/secretsmanager/prod/db/app".to_owned(), app(false)),
        (format!("{ARN}-123456"), Some(("prod/db/app-AbCdEf".to_owned(), false))),
        ("arn:aws:ssm:us-east-1:1:parameter/prod/db/app".to_owned(), None),
        ("prod/db".to_owned(), None),
        ("arn:".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(found(&from), expected, "{from}");
    }
}

#[test]
fn a_task_holds_what_it_was_handed_when_it_started() {
    let waiting = Task { status: text("PENDING"), ..task("waiting", None) };
    let stopped = Task { status: text("STOPPED"), ..task("stopped", Some((-9, -9))) };
    let tasks = vec![
        task("before", Some((-10, -9))),
        task("during", Some((-1, 1))),
        task("after", Some((1, 2))),
        task("untold", None),
        waiting,
        stopped,
    ];
    let told = |from: &[&str]| {
        let consumers = facts(from, tasks.clone()).derived::<Consumers>();
        let uses = consumers.of(ARN).cloned().unwrap_or_default();
        uses.tasks.iter().map(|(task, holds)| (task.arn.to_string(), *holds)).collect::<Vec<_>>()
    };
    let all = |holds: [Holds; 4]| {
        ["before", "during", "after", "untold"].map(str::to_owned).into_iter().zip(holds).collect::<Vec<_>>()
    };
    assert_eq!(told(&[ARN]), all([Previous, Either, Current, Unknown]));
    let pinned = format!("{ARN}:::v8");
    assert_eq!(told(&[&pinned])[..4], all([Pinned; 4]));
    assert_eq!(told(&[&pinned, ARN]), all([Previous, Either, Current, Unknown]), "another piece is not pinned");
    assert_eq!(told(&[]), []);
}

#[test]
fn services_proxies_and_databases_use_it_and_what_is_not_read_is_told() {
    let mut facts = facts(&[ARN], vec![]);
    let proxy = Proxy { name: Text::from("pool"), secrets: vec![Text::from(ARN)], ..Proxy::default() };
    let master = MasterSecret { arn: text(ARN), status: None };
    let database = DbInstance { id: Text::from("db"), master_secret: Some(master), ..DbInstance::default() };
    facts.put(ROTATED, Arc::new(RdsFacts { proxies: vec![proxy], instances: vec![database], ..RdsFacts::default() }));
    let consumers = facts.derived::<Consumers>();
    let uses = consumers.of(ARN).unwrap();
    let names = |subjects: &BTreeSet<Subject>| subjects.iter().map(|s| s.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&uses.services), ["ehr/new", "ehr/old"], "by its deployment, too");
    assert_eq!((names(&uses.proxies), names(&uses.databases)), (vec!["pool".to_owned()], vec!["db".to_owned()]));
    assert!(consumers.is_complete());
    for (unwatched, is_complete) in [(1, false), (0, true)] {
        let ecs = EcsFacts { unwatched, ..facts.get::<EcsFacts>().unwrap().clone() };
        facts.put(ROTATED, Arc::new(ecs));
        assert_eq!(facts.derived::<Consumers>().is_complete(), is_complete, "what another cluster runs is not known");
    }
    facts.put(ROTATED, Arc::new(TaskDefinitionFacts::default()));
    assert!(!facts.derived::<Consumers>().is_complete());
}
