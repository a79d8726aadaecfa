//! Databases that fail over: on the loopback to the end, on moto and ministack as boto3 sees it.

use std::path::Path;

use rounds::backend::sim::wire::Fault;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::{Run, run};
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::{Testbed, testbed};
use crate::support::server::Server;

const REBOOT: &str = "rds:RebootDBInstance";
const FAIL_OVER: &str = "rds:FailoverDBCluster";
const DONE: [&str; 3] = ["intent null", "result applied", "outcome done"];

/// Runs the program with a configuration that allows what is off otherwise.
async fn ordered(words: &str, endpoint: &str, home: &Path) -> Run {
    let names = "[\"db-failover\", \"aurora-failover\"]";
    let config = home.join("rounds.toml");
    let text = format!("opt_in = {names}\n[[stack]]\nname = \"prod\"\nregion = \"us-east-1\"\nallow = {names}\n");
    std::fs::write(&config, text).expect("written");
    run(&format!("--config {} {words}", config.display()), endpoint, home).await
}

fn order(action: &str, target: &str, name: &str) -> String {
    format!("act {action} {target} --confirm {name} --account 123456789012 --reason drill --allow {action}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_goes_to_its_standby_and_is_followed_until_all_say_so() {
    let stage = Stage::databases().await;
    let endpoint = stage.server.endpoint_url();
    let act = async |words: &str| ordered(words, &endpoint, stage.home.path()).await;
    let plan = act("act db-failover claims-db --plan --json").await;
    assert_eq!(plan.code, 0, "{plan:?}");
    let plan = plan.document();
    let parameters = json!({ "DBInstanceIdentifier": "claims-db", "ForceFailover": "true" });
    assert_eq!(plan["call"], json!({ "action": REBOOT, "parameters": parameters }));
    let by_arn = act(&format!("act db-failover {} --plan --json", plan["target"]["arn"].as_str().expect("text"))).await;
    assert_eq!(by_arn.document()["target"], plan["target"]);
    // Off unless three places name it, and not without the account.
    for (words, told) in [
        (order("db-failover", "claims-db", "claims-db").replace(" --allow db-failover", ""), "--allow db-failover"),
        (order("db-failover", "claims-db", "claims-db").replace(" --account 123456789012", ""), "--account ID"),
        (order("db-failover", "ws-1", "ws-1"), "a member of the cluster ws"),
        (order("db-failover", "claim-db", "claim-db"), "there is no instance \"claim-db\""),
    ] {
        let refused = act(&words).await;
        assert!(refused.code >= 2 && refused.err.contains(told), "{words}: {refused:?}");
    }
    let unnamed = stage.run(&order("db-failover", "claims-db", "claims-db")).await;
    assert!(unnamed.code == 2 && unnamed.err.contains("opt_in = [\"db-failover\"]"), "{unnamed:?}");
    assert!(stage.server.counters().mutations.is_empty());
    let done = act(&order("db-failover", "claims-db", "claims-db")).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("done: it is available in us-east-1b, was in us-east-1a"), "{done:?}");
    let again = act("act db-failover claims-db --plan").await;
    assert!(again.code == 2 && again.out.contains("less than 30 min"), "{again:?}");
    let sent = stage.server.counters().mutations;
    let bodies: Vec<&str> = sent.iter().map(|sent| std::str::from_utf8(&sent.body).expect("text")).collect();
    let body = "Action=RebootDBInstance&Version=2014-10-31&DBInstanceIdentifier=claims-db&ForceFailover=true";
    assert_eq!(bodies, [body]);
    assert_eq!(stage.records().await, DONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_gets_the_writer_that_was_named_though_the_answer_is_lost() {
    let stage = Stage::databases().await;
    let endpoint = stage.server.endpoint_url();
    stage.server.faults().set(FAIL_OVER, Fault::LoseAnswer, None);
    for (target, told) in [
        ("ws", "which member is to write\n  write it so: ws=ws-2"),
        ("ws=", "which member is to write"),
        ("ws=ws-9", "no member \"ws-9\""),
        ("ws-2", "it is an instance of ws: write ws=ws-2"),
        ("a/b", "CLUSTER=MEMBER"),
    ] {
        let words = format!("act aurora-failover {target} --plan");
        let wrong = ordered(&words, &endpoint, stage.home.path()).await;
        assert!(wrong.code >= 2 && wrong.err.contains(told), "{wrong:?}");
    }
    let blocked = ordered("act aurora-failover ws=ws-1 --plan", &endpoint, stage.home.path()).await;
    assert!(blocked.code == 2 && blocked.out.contains("block   ws-1 writes already"), "{blocked:?}");
    let done = ordered(&order("aurora-failover", "ws=ws-3", "ws"), &endpoint, stage.home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains("unknown: rds:FailoverDBCluster"), "{done:?}");
    assert!(done.out.contains("done: ws-3 writes, ws-1 did; all is available"), "{done:?}");
    let sent = stage.server.counters().mutations;
    assert_eq!((sent.len(), sent[0].action.as_str()), (1, FAIL_OVER));
    assert_eq!(stage.records().await, ["intent null", "result unknown", "outcome done"]);
}

/// A server with databases, filled by boto3.
async fn filled(testbed: &'static Testbed, script: &'static str) -> Server {
    let fill = move || {
        let server = Server::start(testbed, script);
        second_opinion(testbed, &[&server.endpoint, "databases", "0"]);
        server
    };
    spawn_blocking(fill).await.expect("filled")
}

async fn opinion(testbed: &'static Testbed, endpoint: &str, words: &'static [&'static str]) -> Value {
    let endpoint = endpoint.to_owned();
    let ask = move || second_opinion(testbed, &[&[endpoint.as_str()], words].concat());
    spawn_blocking(ask).await.expect("read")
}

/// Nothing tells of a failover there, so that it is never known to be done.
fn is_unknown(run: &Run, told: &str) {
    assert!(run.code == 4 && run.out.contains(told), "{run:?}");
    assert!(run.out.contains("unknown: watched no longer (not done after 1s); it was accepted"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_new_writer_on_moto() {
    let Some(testbed) = testbed() else { return };
    let moto = filled(testbed, "moto_server.py").await;
    let home = tempfile::tempdir().expect("a directory");
    let words = order("aurora-failover", "aurora=aurora-2", "aurora") + " --timeout 1s";
    let sent = ordered(&words, &moto.endpoint, home.path()).await;
    is_unknown(&sent, "no event says that it is over");
    let members = opinion(testbed, &moto.endpoint, &["writers", "aurora"]).await;
    assert_eq!(members, json!(["aurora-2"]));
    let words = order("db-failover", "multi", "multi") + " --timeout 1s";
    is_unknown(&ordered(&words, &moto.endpoint, home.path()).await, "no event tells of a failover");
    let one = ["intent null", "result applied", "outcome unknown"];
    assert_eq!(records(&moto.endpoint, home.path()).await, [one, one].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_reboot_on_ministack() {
    let Some(testbed) = testbed() else { return };
    let ministack = filled(testbed, "ministack_server.py").await;
    let home = tempfile::tempdir().expect("a directory");
    let account = opinion(testbed, &ministack.endpoint, &["whoami"]).await;
    let words = order("db-failover", "multi", "multi") + " --timeout 1s";
    let words = words.replace("123456789012", account.as_str().expect("an account"));
    let sent = ordered(&words, &ministack.endpoint, home.path()).await;
    is_unknown(&sent, "it is rebooting");
    assert_eq!(opinion(testbed, &ministack.endpoint, &["status", "multi"]).await, json!("rebooting"));
    assert_eq!(opinion(testbed, &ministack.endpoint, &["writers", "aurora"]).await, json!(["aurora-1"]));
    let one = ["intent null", "result applied", "outcome unknown"];
    assert_eq!(records(&ministack.endpoint, home.path()).await, one);
}
