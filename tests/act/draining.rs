//! Draining an instance and taking it back: on the loopback to the end, on moto as boto3 sees it.
//! ministack has no container instances at all, and there it is said that there is none to drain.

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::run;
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::{Testbed, testbed};
use crate::support::server::Server;

const STATE: &str = "ecs:UpdateContainerInstancesState";

/// An order for the instance of this name.
fn order(action: &str, cluster: &str, instance: &str) -> String {
    format!("act {action} {cluster}/{instance} --confirm {instance} --reason tired --allow {action}")
}

/// What the export says of the instances, by name.
async fn instances(stage: &Stage) -> Vec<Value> {
    let exported = stage.run("export instances --format json").await;
    exported.document()["rows"].as_array().expect("rows").clone()
}

fn name(row: &Value) -> String {
    row["ec2_instance_id"].as_str().expect("a name").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_instance_is_emptied_and_taken_back() {
    let stage = Stage::fast().await;
    let before = instances(&stage).await;
    let busy = before.iter().find(|row| row["tasks"].as_u64().is_some_and(|n| n > 0)).expect("tasks somewhere");
    let target = name(busy);
    let plan = stage.run(&format!("act drain scale/{target} --plan --json")).await.document();
    assert_eq!(plan["call"]["action"], STATE);
    assert_eq!(plan["call"]["parameters"]["status"], "DRAINING");
    assert!(stage.server.counters().mutations.is_empty());
    let refused = stage.run(&order("drain", "scale", &target).replace("--allow drain", "")).await;
    assert!(refused.code == 2 && refused.err.contains("--allow drain"), "{refused:?}");
    let drained = stage.run(&order("drain", "scale", &target)).await;
    assert_eq!(drained.code, 0, "{drained:?}");
    assert!(drained.out.contains("it is DRAINING and nothing is left to move"), "{drained:?}");
    let after = instances(&stage).await;
    let row = after.iter().find(|row| name(row) == target).expect("it is there");
    assert_eq!((&row["status"], &row["tasks"]), (&json!("DRAINING"), &json!(0)));
    let running = |rows: &[Value]| rows.iter().filter_map(|row| row["tasks"].as_u64()).sum::<u64>();
    assert_eq!(running(&after), running(&before), "the same tasks, elsewhere");
    let again = stage.run(&order("drain", "scale", &target)).await;
    assert!(again.code == 2 && again.out.contains("block   it is being drained already"), "{again:?}");
    let back = stage.run(&order("reactivate", "scale", &target)).await;
    assert!(back.code == 0 && back.out.contains("it is ACTIVE and takes tasks"), "{back:?}");
    let mutations = stage.server.counters().mutations;
    let sent: Vec<Value> = mutations.iter().map(|m| serde_json::from_slice(&m.body).expect("JSON")).collect();
    assert_eq!(sent.iter().map(|body| &body["status"]).collect::<Vec<_>>(), ["DRAINING", "ACTIVE"]);
    for (body, mutation) in sent.iter().zip(&mutations) {
        assert_eq!(mutation.action, STATE);
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(3), "{body}");
        assert_eq!(body["containerInstances"], json!([plan["target"]["arn"]]));
    }
    let one = ["intent null", "result applied", "outcome done"];
    assert_eq!(stage.records().await, [one, one].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_drained_by_a_colleague_meanwhile_is_not_drained_again() {
    let stage = Stage::still(2).await;
    let target = name(&instances(&stage).await[0]);
    let colleague = tempfile::tempdir().expect("a directory");
    let endpoint = stage.server.endpoint_url();
    let theirs = run(&(order("drain", "scale", &target) + " --timeout 1s"), &endpoint, colleague.path()).await;
    assert_eq!(theirs.code, 4, "{theirs:?}");
    let ours = stage.run(&order("drain", "scale", &target)).await;
    assert!(ours.code == 2 && ours.err.contains("it is being drained already"), "{ours:?}");
    assert_eq!(stage.server.counters().mutations.len(), 1);
}

/// The cluster `acted` with its instances, filled by boto3.
async fn filled(testbed: &'static Testbed, server: &'static str) -> (Server, Vec<Value>) {
    let fill = move || {
        let server = Server::start(testbed, server);
        let all = second_opinion(testbed, &[&server.endpoint, "fill", "acted", "0", "0", "3"]);
        let instances = all["instances"].as_array().expect("a list").clone();
        (server, instances)
    };
    spawn_blocking(fill).await.expect("filled")
}

async fn listed(testbed: &'static Testbed, endpoint: &str) -> Vec<Value> {
    let endpoint = endpoint.to_owned();
    let all = spawn_blocking(move || second_opinion(testbed, &[&endpoint, "list", "acted"])).await.expect("read");
    all["instances"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_drained_instance_on_moto() {
    let Some(testbed) = testbed() else { return };
    let (moto, before) = filled(testbed, "moto_server.py").await;
    let home = tempfile::tempdir().expect("a directory");
    let target = before[0]["ec2InstanceId"].as_str().expect("an id").to_owned();
    let drained = run(&order("drain", "acted", &target), &moto.endpoint, home.path()).await;
    assert_eq!(drained.code, 0, "{drained:?}");
    let statuses = |rows: &[Value]| {
        let mut all: Vec<(String, String)> =
            rows.iter().map(|row| (row["ec2InstanceId"].to_string(), row["status"].to_string())).collect();
        all.sort();
        all
    };
    let mut expected = statuses(&before);
    for (id, status) in &mut expected {
        if id.contains(&target) {
            "\"DRAINING\"".clone_into(status);
        }
    }
    assert_eq!(statuses(&listed(testbed, &moto.endpoint).await), expected);
    let back = run(&order("reactivate", "acted", &target), &moto.endpoint, home.path()).await;
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(statuses(&listed(testbed, &moto.endpoint).await), statuses(&before));
    let one = ["intent null", "result applied", "outcome done"];
    assert_eq!(records(&moto.endpoint, home.path()).await, [one, one].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_server_has_no_instances_none_is_drained_and_it_is_said() {
    let Some(testbed) = testbed() else { return };
    let filled = spawn_blocking(move || {
        let server = Server::start(testbed, "ministack_server.py");
        second_opinion(testbed, &[&server.endpoint, "fill", "acted", "1", "0", "0"]);
        server
    });
    let server = filled.await.expect("filled");
    let home = tempfile::tempdir().expect("a directory");
    for action in ["drain", "reactivate"] {
        let refused = run(&order(action, "acted", "i-0123456789abcdef0"), &server.endpoint, home.path()).await;
        assert!(refused.code >= 2 && refused.err.contains("i-0123456789abcdef0"), "{refused:?}");
    }
    let endpoint = server.endpoint.clone();
    let trail = spawn_blocking(move || second_opinion(testbed, &[&endpoint, "trail", "UpdateContainerInstancesState"]));
    assert_eq!(trail.await.expect("read"), json!([]));
    assert_eq!(records(&server.endpoint, home.path()).await, Vec::<String>::new());
}
