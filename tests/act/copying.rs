//! The copy of the audit in a log group: on moto as boto3 reads it, on the loopback as the one thing that is written beside the
//! action itself.

use std::path::Path;

use rounds::backend::sim::Scenario;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::binary::{Run, run};
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;

const GROUP: &str = "rounds/audit";

/// A home with a stack that copies its audit.
fn configured(home: &Path) {
    let config = format!("[[stack]]\nname = \"s\"\naudit_log_group = \"{GROUP}\"\n");
    std::fs::write(home.join("rounds.toml"), config).expect("written");
}

async fn act(words: &str, endpoint: &str, home: &Path) -> Run {
    run(&format!("act {words} --config {}", home.join("rounds.toml").display()), endpoint, home).await
}

/// The records as they stand on the disk.
fn lines(home: &Path) -> Vec<String> {
    let files = std::fs::read_dir(home.join(".local/state/rounds/audit")).expect("an audit");
    let paths = files.map(|file| file.expect("a file").path());
    let days = paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let texts = days.map(|path| std::fs::read_to_string(path).expect("text"));
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_records_on_moto_as_they_stand_on_the_disk() {
    let Some(testbed) = testbed() else { return };
    let home = tempfile::tempdir().expect("a directory");
    configured(home.path());
    let moto = spawn_blocking(move || {
        let moto = Server::start(testbed, "moto_server.py");
        second_opinion(testbed, &[&moto.endpoint, "fill", "acted", "1", "0", "0"]);
        moto
    });
    let moto = moto.await.expect("filled");
    let order =
        "force-deploy acted/service-0000 --confirm service-0000 --reason tired --allow force-deploy --timeout 1s";
    // Without the group it is done all the same, and what is missing is told.
    let alone = act(order, &moto.endpoint, home.path()).await;
    assert_eq!(alone.code, 0, "{alone:?}");
    assert!(alone.err.contains("the copy of the audit in the log group rounds/audit lacks 3 records"), "{alone:?}");

    let endpoint = moto.endpoint.clone();
    spawn_blocking(move || second_opinion(testbed, &[&endpoint, "logged", GROUP, "make"])).await.expect("made");
    let again = order.replace("tired", "again");
    let plan = act("force-deploy acted/service-0000 --plan", &moto.endpoint, home.path()).await;
    assert!(plan.out.contains("a copy of each record is to go to the log group rounds/audit"), "{plan:?}");
    let other = tempfile::tempdir().expect("a directory");
    configured(other.path());
    let done = act(&again, &moto.endpoint, other.path()).await;
    assert!(done.code == 0 && !done.err.contains("log group"), "{done:?}");
    records(&moto.endpoint, other.path()).await;
    let endpoint = moto.endpoint.clone();
    let logged = spawn_blocking(move || second_opinion(testbed, &[&endpoint, "logged", GROUP, "list"])).await;
    let streams = logged.expect("read");
    let streams = streams.as_object().expect("streams by name");
    assert_eq!(streams.len(), 1, "{streams:?}");
    let copied: Vec<Value> = streams.values().flat_map(|events| events.as_array().expect("events").clone()).collect();
    assert_eq!(copied, lines(other.path()).into_iter().map(Value::from).collect::<Vec<_>>());
    assert_eq!(copied.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_the_action_nothing_but_the_copy_is_written() {
    let scenario = Scenario::parse(crate::rotating::SCENARIO, "test").expect("a scenario");
    let stage = Stage::of(&scenario, crate::rotating::fast).await;
    configured(stage.home.path());
    let order = "rotate prod/db --confirm prod/db --reason tired --allow rotate";
    let done = act(order, &stage.server.endpoint_url(), stage.home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    let mutations = stage.server.counters().mutations;
    let of = |action: &str| mutations.iter().filter(|m| m.action == action).count();
    assert_eq!(of("secretsmanager:RotateSecret"), 1);
    // The group is not there: each time the stream is tried to be made, and what is behind is written again.
    assert_eq!(of("logs:PutLogEvents"), of("logs:CreateLogStream"));
    assert_eq!(mutations.len(), 1 + 2 * of("logs:PutLogEvents"));
    assert!(done.err.contains("The specified log group does not exist."), "{done:?}");
}
