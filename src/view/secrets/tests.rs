//! What the view shows of a small world.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::Facts;
use crate::model::ecs::{EcsFacts, Seen, Service, Task};
use crate::model::rds::{Proxy, RdsFacts};
use crate::model::secret::{Handed, PolicyPart, Rotation, RotationPolicy, TaskDefinition, TaskDefinitionFacts};
use crate::model::stack::Stack;

const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);
const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:prod/db/app-AbCdEf";

fn versions(labels: &[(&str, &str)]) -> std::collections::BTreeMap<Text, Vec<Text>> {
    labels.iter().map(|(id, label)| (Text::from(*id), vec![Text::from(*label)])).collect()
}

/// Two secrets, one of them handed to a service with an old and a new task; whether all definitions could be read.
fn facts(is_complete: bool) -> Facts {
    let app = Secret {
        name: Text::from("prod/db/app"),
        arn: Text::from(ARN),
        read_at: NOW,
        rotation_enabled: Some(true),
        rotated_at: Some(NOW - Duration::from_hours(1)),
        rotates_at: Some(NOW + Duration::from_hours(24)),
        versions: versions(&[("v7", "AWSPREVIOUS"), ("v8", "AWSCURRENT"), ("v9", "AWSPENDING")]),
        ..Secret::default()
    };
    let other = Secret { name: Text::from("token"), arn: Text::from("arn:token"), ..Secret::default() };
    let rotation = Some(Rotation::Every(Duration::from_hours(24 * 30)));
    let part = PolicyPart { prefix: Some("prod/db/".to_owned()), rotation, ..PolicyPart::default() };
    let listed = vec![Version { id: Text::from("v8"), ..Version::default() }];
    let known = SecretFacts {
        secrets: vec![app, other],
        policy: RotationPolicy { parts: vec![part], ..RotationPolicy::default() },
        versions: [(Text::from(ARN), listed)].into(),
        read_at: Some(NOW),
    };
    let definition = || Some(Text::from("td"));
    let task = |id: &str, minutes: u64| {
        let started = NOW - Duration::from_mins(minutes);
        let task = Task {
            arn: Text::from(format!("arn:task/ehr/{id}")),
            cluster_arn: Text::from("arn:cluster/ehr"),
            status: Some(Text::from("RUNNING")),
            task_definition: definition(),
            created_at: Some(started),
            started_at: Some(started),
            ..Task::default()
        };
        Seen { at: NOW, item: Arc::new(task) }
    };
    let service = Service {
        arn: Text::from("arn:web"),
        name: Text::from("web"),
        cluster_arn: Text::from("arn:cluster/ehr"),
        task_definition: definition(),
        ..Service::default()
    };
    let ecs = EcsFacts {
        services: vec![Seen { at: NOW, item: Arc::new(service) }],
        tasks: vec![task("new", 10), task("old", 90)],
        ..EcsFacts::default()
    };
    let handed = TaskDefinition {
        arn: Text::from("td"),
        secrets: vec![Handed { from: Text::from(format!("{ARN}:password::")), ..Handed::default() }],
    };
    let definitions = TaskDefinitionFacts {
        definitions: [(Text::from("td"), handed)].into(),
        unread: if is_complete { vec![] } else { vec![Text::from("td:2")] },
    };
    let proxy = Proxy { name: Text::from("pool"), secrets: vec![Text::from(ARN)], ..Proxy::default() };
    let mut facts = Facts::default();
    facts.put(NOW, Arc::new(known));
    facts.put(NOW, Arc::new(ecs));
    facts.put(NOW, Arc::new(definitions));
    facts.put(NOW, Arc::new(RdsFacts { proxies: vec![proxy], ..RdsFacts::default() }));
    facts
}

fn with<R>(is_complete: bool, look: impl FnOnce(&StackScene<'_>, &[Row]) -> R) -> R {
    let (stack, facts) = (Stack::default(), facts(is_complete));
    let scene = StackScene::new(&stack, &facts, &[]);
    look(&scene, &of_stack(&scene))
}

fn cells(row: &Row) -> Vec<String> {
    row.cells.iter().map(|cell| cell.human(NOW)).collect()
}

#[test]
fn a_row_tells_how_it_rotates_who_uses_it_and_who_holds_the_value_of_before() {
    with(true, |_, rows| {
        let app = ["prod/db/app", "yes", "30", "1h00m", "in 1d00h", "rotating", "web, proxy pool", "1", "–"];
        assert_eq!(cells(&rows[0]), app);
        assert_eq!(cells(&rows[1]), ["token", "–", "90", "–", "–", "–", "–", "0", "–"]);
        assert!(rows.iter().all(|row| row.cells.len() == COLUMNS.len()));
    });
    with(false, |_, rows| {
        assert_eq!(
            (cells(&rows[0])[7].as_str(), cells(&rows[1])[7].as_str()),
            ("1", "–"),
            "none is not known of the other"
        );
    });
}

#[test]
fn the_detail_tells_versions_users_and_tasks() {
    with(true, |scene, rows| {
        let detail = detail(scene, &rows[0]);
        let told = |line: &Line| match line {
            Line::Heading(words) => Some(format!("# {words}")),
            Line::Event(_, words) | Line::Words(words) | Line::Field(_, Cell::State(_, words)) => {
                Some(words.to_string())
            }
            _ => None,
        };
        let told: Vec<String> = detail.lines.iter().filter_map(told).collect();
        let expected = [
            "# versions",
            "v7 AWSPREVIOUS",
            "v8 AWSCURRENT",
            "v9 AWSPENDING",
            "the pending version is empty: it failed in createSecret, the first step",
            "# used by",
            "# running tasks that were handed it",
            "holds the previous value",
            "holds the value of now",
        ];
        assert_eq!(told, expected);
        let call = aws(scene, &rows[0]).unwrap();
        assert!(call.ends_with(&format!("secretsmanager describe-secret --secret-id {ARN}")), "{call}");
        assert_eq!(open(&rows[0]).map(|drill| drill.filter).as_deref(), Some("service=\"web\""));
        assert_eq!(open(&rows[1]), None);
        assert_eq!(summary(scene), Some((Severity::Ok, "2 secrets, 1 rotates".to_owned())));
    });
}
