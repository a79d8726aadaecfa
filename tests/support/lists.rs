//! Held to boto3: what `rounds export` prints and what the console's screen counts, on one cluster of a server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rounds::feed::Budgets;
use rounds::time::SystemClock;
use serde_json::Value;

use super::backend::{ANY, connect, stack};
use super::binary::rounds;
use super::console::Console;

/// A view, where boto3's list of the same has its ARN, and keys of the export with their names in AWS's answers.
type Table = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TABLES: [Table; 3] = [
    (
        "services",
        "serviceArn",
        &[
            ("service", "serviceName"),
            ("status", "status"),
            ("running", "runningCount"),
            ("desired", "desiredCount"),
            ("pending", "pendingCount"),
        ],
    ),
    ("tasks", "taskArn", &[("status", "lastStatus")]),
    (
        "instances",
        "containerInstanceArn",
        &[("ec2_instance_id", "ec2InstanceId"), ("status", "status"), ("agent_connected", "agentConnected")],
    ),
];

/// What was shown.
pub struct Shown {
    /// Rows of services, tasks and instances.
    pub counts: [usize; 3],
    /// The line of the overview that sums up ECS.
    pub ecs_line: String,
    /// The longest any export took.
    pub took: Duration,
}

/// Expects of the exports and of the screen what boto3 listed on `cluster`.
pub async fn as_boto3(endpoint: &str, cluster: &str, listed: &Value) -> Shown {
    let home = tempfile::tempdir().expect("a directory");
    let config = home.path().join("rounds.toml");
    let text = format!("[[stack]]\nname = \"test\"\nregion = \"us-east-1\"\nclusters = [\"{cluster}\"]\n");
    fs::write(&config, text).expect("written");
    let exports = TABLES.map(|table| exported(endpoint, &config, table, listed));
    let (screens, exports) = tokio::join!(screens(endpoint, cluster), futures_util::future::join_all(exports));
    let counts: Vec<usize> = exports.iter().map(|(count, _)| *count).collect();
    for (screen, (table, count)) in screens[1..].iter().zip(TABLES.iter().zip(&counts)) {
        // Where not all are on the screen, how many more there are follows.
        let title = format!(" {} {count}", table.0);
        let is_titled = [" ", ", "].iter().any(|after| screen.contains(&format!("{title}{after}")));
        assert!(is_titled && screen.contains(" fresh, oldest "), "{title}: {screen}");
    }
    let ecs_line = screens[0].lines().find(|line| line.contains("ECS ")).expect("the line of ECS");
    Shown {
        counts: counts.try_into().expect("three"),
        ecs_line: ecs_line.to_owned(),
        took: exports.iter().map(|(_, took)| *took).max().unwrap_or_default(),
    }
}

/// The overview, services, tasks and instances as the console shows them.
async fn screens(endpoint: &str, cluster: &str) -> [String; 4] {
    let stack = stack(endpoint, &[cluster]);
    let backend = connect(&stack, ANY).await;
    let mut console = Console::new(&stack, &backend, Arc::new(SystemClock), Budgets::default());
    // Task definitions, which are read last, may take longer; the lists are not stale then.
    console.poll(Duration::from_secs(40)).await;
    ['1', '2', '4', '3'].map(|key| console.screen(key))
}

/// Exports a view with the program, and compares it object by object and field by field.
async fn exported(endpoint: &str, config: &Path, (view, arn, fields): Table, listed: &Value) -> (usize, Duration) {
    let export = format!("export {view} --format json --config {}", config.display());
    let mut run = rounds(&export, endpoint).await;
    // An emulator that answers one request at a time can be too slow on a busy machine. The export says so, and is asked again.
    for _ in 0..3 {
        if run.code == 1 && run.document()["stacks"][0]["error"]["kind"] == "timeout" {
            run = rounds(&export, endpoint).await;
        }
    }
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{view}: {}", run.out);
    let document = run.document();
    assert_eq!(document["stacks"][0]["state"], "fresh");
    let rows = document["rows"].as_array().expect("rows");
    let ours = by_arn(rows, "id", |row| fields.iter().map(|(key, _)| row[*key].clone()).collect());
    let theirs = listed[view].as_array().expect("a list");
    let theirs = by_arn(theirs, arn, |raw| fields.iter().map(|(_, name)| raw[*name].clone()).collect());
    for (arn, expected) in &theirs {
        assert_eq!(ours.get(arn), Some(expected), "{arn}: {fields:?}");
    }
    let strange: Vec<_> = ours.keys().filter(|arn| !theirs.contains_key(*arn)).collect();
    assert!(strange.is_empty(), "{view}: boto3 does not list {strange:?}");
    (rows.len(), run.took)
}

/// The fields of each object by its ARN; none may come twice.
fn by_arn(all: &[Value], arn: &str, fields: impl Fn(&Value) -> Vec<Value>) -> BTreeMap<String, Vec<Value>> {
    let named = all.iter().map(|object| (object[arn].as_str().expect("an ARN").to_owned(), fields(object)));
    let map: BTreeMap<_, _> = named.collect();
    assert_eq!(map.len(), all.len(), "an ARN comes twice");
    map
}
