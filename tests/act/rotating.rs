//! Rotating a secret: on the loopback to its end, with the tasks that still hold the old value after it, and on moto and
//! ministack as boto3 and CloudTrail see it.

use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::wire::Fault;
use rounds::backend::sim::{Scenario, SimClock, Speed};
use rounds::time::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::run;
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;

const ROTATE: &str = "secretsmanager:RotateSecret";
const CANCEL: &str = "secretsmanager:CancelRotateSecret";
const UPDATE: &str = "ecs:UpdateService";
const ORDER: &str = "act rotate prod/db --confirm prod/db --reason tired --allow rotate";
const REPLACE: &str = "act force-deploy stale:prod/db --confirm prod/db --reason rotated --allow force-deploy";

/// Three services, of which two are handed the secret, and one secret that is stuck.
pub const SCENARIO: &str = include_str!("rotating.toml");

/// A world in which a rotation takes less than a second.
async fn stage() -> Stage {
    Stage::of(&Scenario::parse(SCENARIO, "test").expect("a scenario"), fast).await
}

/// The clock of such a world.
pub fn fast(scenario: &Scenario) -> Arc<dyn Clock> {
    let speed = Speed::parse("100x").expect("a speed");
    Arc::new(SimClock::new(Arc::new(SystemClock), scenario.opens(), speed))
}

/// The bodies of what changed something, by action.
fn sent(stage: &Stage) -> Vec<(String, Value)> {
    let mutations = stage.server.counters().mutations;
    mutations.iter().map(|m| (m.action.clone(), serde_json::from_slice(&m.body).expect("JSON"))).collect()
}

const ONE: [&str; 3] = ["intent null", "result applied", "outcome done"];

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_followed_until_it_is_in_use_and_the_tasks_that_hold_the_old_value_are_replaced() {
    let stage = stage().await;
    let plan = stage.run("act rotate prod/db --plan --json").await.document();
    let parameters = plan["call"]["parameters"].as_object().expect("parameters").clone();
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["SecretId", "ClientRequestToken"]);
    assert_eq!((&plan["call"]["action"], &plan["level"]), (&json!(ROTATE), &json!("warn")));
    let shown = stage.run("act rotate prod/db --plan").await;
    assert!(shown.code == 1 && shown.out.contains("handed to services at their tasks' start"), "{shown:?}");
    assert!(shown.out.contains("ehr/api, ehr/web") && shown.out.contains("undo    none: "), "{shown:?}");
    let refused = stage.run(&ORDER.replace("--allow rotate", "")).await;
    assert!(refused.code == 2 && refused.err.contains("--allow rotate"), "{refused:?}");
    assert_eq!(sent(&stage), []);

    let rotated = stage.run(ORDER).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    let (_, body) = sent(&stage).pop().expect("it was sent");
    let version = body["ClientRequestToken"].as_str().expect("a token").to_owned();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{body}");
    assert!(rotated.out.contains(&format!("done: AWSCURRENT is the new version {version}; ")), "{rotated:?}");
    assert!(rotated.out.contains("2 services still hold the old value: ehr/api, ehr/web"), "{rotated:?}");
    assert!(rotated.out.contains("rounds act force-deploy stale:prod/db --plan"), "{rotated:?}");
    assert_eq!(stage.records().await, ONE);
    let again = stage.run(ORDER).await;
    assert!(again.code == 2 && again.err.contains("the same was sent to prod/db"), "{again:?}");

    let both = stage.run("act force-deploy stale:prod/db --plan --json").await.document();
    let parts: Vec<&Value> =
        both["parts"].as_array().expect("parts").iter().map(|part| &part["target"]["label"]).collect();
    assert_eq!((parts, &both["call"]), (vec![&json!("ehr/api"), &json!("ehr/web")], &Value::Null));
    let told = stage.run("act force-deploy stale:prod/db --plan").await;
    for part in both["parts"].as_array().expect("parts") {
        let call = &part["call"]["parameters"];
        let words = format!("cluster={} service={}", call["cluster"], call["service"]).replace('"', "");
        assert!(told.out.contains(&words), "{words}\n{told:?}");
    }
    let wrong = stage.run(&REPLACE.replace("--confirm prod/db", "--confirm api")).await;
    assert!(wrong.code == 2 && sent(&stage).len() == 1, "{wrong:?}");
    let replaced = stage.run(REPLACE).await;
    assert!(replaced.code == 0 && replaced.out.contains("each of them is done: ehr/api, ehr/web"), "{replaced:?}");
    let services: Vec<Value> = sent(&stage)
        .into_iter()
        .filter(|(action, _)| action == UPDATE)
        .map(|(_, body)| body["service"].clone())
        .collect();
    let arn = |name: &str| json!(format!("arn:aws:ecs:us-east-1:123456789012:service/ehr/{name}"));
    assert_eq!(services, [arn("api"), arn("web")], "one after the other, and no other");
    assert_eq!(stage.records().await, [ONE, ONE, ONE].concat());
    let shown = stage.run("audit show --json").await;
    let records: Vec<Value> = shown.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let batches: Vec<&Value> = records.iter().map(|record| &record["batch"]).collect();
    let batch = json!("stale:prod/db");
    assert_eq!(batches, [[&Value::Null; 3], [&batch; 3], [&batch; 3]].concat());
    for intent in [&records[3], &records[6]] {
        let last = intent["preflight"].as_array().and_then(|checks| checks.last()).expect("checks");
        assert_eq!((&last["id"], &last["level"]), (&json!("audit"), &json!("pass")));
    }
    let none = stage.run("act force-deploy stale:prod/db --plan").await;
    assert!(none.code == 2 && none.err.contains("there is nothing to do: no service holds an old value"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_settled_by_the_version_that_was_planned() {
    let stage = stage().await;
    stage.server.faults().set(ROTATE, Fault::LoseAnswer, None);
    let rotated = stage.run(ORDER).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    assert_eq!(sent(&stage).len(), 1);
    assert_eq!(stage.records().await, ["intent null", "result unknown", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_open_is_settled_by_the_version_that_its_intent_names() {
    let scenario = Scenario::parse(SCENARIO, "test").expect("a scenario");
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let stage = Stage::of(&scenario, |_| clock.clone()).await;
    stage.server.faults().set(ROTATE, Fault::LoseAnswer, None);
    let left = stage.run(&format!("{ORDER} --timeout 1s")).await;
    assert!(left.code == 4 && left.out.contains("AWSPENDING is on the new version"), "{left:?}");
    clock.set(scenario.opens() + Duration::from_mins(1));
    let settled = stage.run("audit settle").await;
    assert!(settled.out.contains("done: AWSCURRENT is the new version"), "{settled:?}");
    assert_eq!(sent(&stage).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_service_of_a_batch_that_fails_ends_it_and_the_rest_is_told() {
    let stage = stage().await;
    assert_eq!(stage.run(ORDER).await.code, 0);
    stage.server.faults().set(UPDATE, Fault::Deny, None);
    let ended = stage.run(REPLACE).await;
    assert!(ended.code == 1 && ended.out.contains("ehr/api: nothing was changed"), "{ended:?}");
    assert!(ended.out.contains("not begun: ehr/web"), "{ended:?}");
    assert_eq!(stage.server.counters().calls(UPDATE), 1);
    assert_eq!(stage.records().await, [ONE.as_slice(), &["intent null", "result refused", "outcome failed"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stuck_is_not_rotated_again_but_can_be_given_up_where_three_places_say_so() {
    let stage = stage().await;
    let blocked = stage.run(&ORDER.replace("prod/db", "prod/stuck")).await;
    assert!(blocked.code == 2 && blocked.out.contains("block   AWSPENDING is on"), "{blocked:?}");
    let order = "act cancel-rotation prod/stuck --confirm prod/stuck --account 123456789012 --reason tired --allow cancel-rotation";
    let refused = stage.run(order).await;
    assert!(
        refused.code == 2 && refused.err.contains("cancel-rotation is off unless the configuration"),
        "{refused:?}"
    );
    assert_eq!(sent(&stage), []);
    let config = stage.home.path().join(".config/rounds");
    std::fs::create_dir_all(&config).expect("a directory");
    let text = "opt_in = [\"cancel-rotation\"]\n[[stack]]\nname = \"prod\"\nallow = [\"cancel-rotation\"]\n";
    std::fs::write(config.join("rounds.toml"), text).expect("written");
    let early = stage.run("act cancel-rotation prod/db --plan").await;
    assert!(early.code == 2 && early.out.contains("no rotation is under way: nothing is stuck"), "{early:?}");
    let unnamed = stage.run(&order.replace("--account 123456789012 ", "")).await;
    assert!(unnamed.code == 2 && unnamed.err.contains("prod/stuck 123456789012"), "{unnamed:?}");
    let cancelled = stage.run(order).await;
    assert!(cancelled.code == 0 && cancelled.out.contains("done: its automatic rotation is off"), "{cancelled:?}");
    let [(action, body)] = &sent(&stage)[..] else { panic!("one request: {:?}", sent(&stage)) };
    assert_eq!((action.as_str(), body.as_object().map(serde_json::Map::len)), (CANCEL, Some(1)));
    assert_eq!(stage.records().await, ONE);
    let off = stage.run("act cancel-rotation prod/stuck --plan").await;
    assert!(off.code == 2 && off.out.contains("block   its automatic rotation is off already"), "{off:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_new_version_on_moto_and_ministack_whose_trail_has_one_rotation_more() {
    let Some(testbed) = testbed() else { return };
    for script in ["moto_server.py", "ministack_server.py"] {
        let filled = spawn_blocking(move || {
            let server = Server::start(testbed, script);
            let before = second_opinion(testbed, &[&server.endpoint, "secret", "prod/db", "fill"]);
            (server, before)
        });
        let (server, before) = filled.await.expect("filled");
        let asked = async |words: &'static [&'static str]| {
            let endpoint = server.endpoint.clone();
            let ask = move || second_opinion(testbed, &[&[endpoint.as_str()], words].concat());
            spawn_blocking(ask).await.expect("read")
        };
        // moto keeps no trail; the rotation that the secret was made with is in that of ministack.
        let calls = async || match script {
            "moto_server.py" => 0,
            _ => asked(&["trail", "RotateSecret"]).await.as_array().map_or(0, Vec::len),
        };
        let made = calls().await;
        let home = tempfile::tempdir().expect("a directory");
        let rotated = run(ORDER, &server.endpoint, home.path()).await;
        assert_eq!(rotated.code, 0, "{script}: {rotated:?}");
        let after = asked(&["secret", "prod/db", "list"]).await;
        let current = |all: &Value| {
            let versions = all["versions"].as_object().expect("versions");
            let with =
                versions.iter().find(|(_, labels)| labels.as_array().is_some_and(|l| l.contains(&json!("AWSCURRENT"))));
            with.map(|(id, _)| id.clone()).expect("one is in use")
        };
        assert_ne!(current(&before), current(&after), "{script}");
        assert!(rotated.out.contains(&format!("AWSCURRENT is the new version {}", current(&after))), "{rotated:?}");
        assert_eq!((&after["days"], &before["days"]), (&json!(30), &json!(30)), "its schedule is as it was");
        assert_eq!(records(&server.endpoint, home.path()).await, ONE, "{script}");
        if script.starts_with("ministack") {
            assert_eq!((made, calls().await), (1, 2));
        }
    }
}
