//! A secret that is rotated by real keys, and the batch that is offered then: on the loopback to the end, on moto and ministack as
//! boto3 and CloudTrail see it.

use std::sync::Arc;

use rounds::backend::sim::{Scenario, SimClock, Speed};
use rounds::time::SystemClock;
use serde_json::{Value, json};

use super::{
    Console, Launch, Path, Server, Stage, arm, block_in_place, confirm, leave, moments, records, second_opinion,
    spawn_blocking, testbed,
};

const ONE: [&str; 3] = ["intent null", "result applied", "outcome done"];
const SECRET: &str = "prod/db";

/// Opens the secrets, plans the rotation of one to the end of its plan, confirms and waits until it is in use.
fn rotated(args: &[&str], url: &str, home: &Path) -> Console {
    let mut console = Launch::new(args).on(url).env("HOME", &home.display().to_string()).start();
    arm(console.sees("┌ overview")).press("9").sees("┌ secrets").sees(SECRET);
    console.press(&format!("/{SECRET}")).sees(&format!(" /{SECRET}")).press("\r").stands_on(SECRET);
    console.press("a").sees("plans it").sees("> rotate").press("\r").sees("who  ");
    console.press("G").sees("read and compared again");
    confirm(&mut console, SECRET).sees("intent noted as record 1").sees("✔ done: AWSCURRENT is the new version");
    console
}

#[tokio::test(flavor = "multi_thread")]
async fn real_keys_rotate_a_secret_and_replace_the_tasks_that_hold_the_old_value() {
    let scenario = Scenario::parse(include_str!("../act/rotating.toml"), "test").expect("a scenario");
    let speed = Speed::parse("100x").expect("a speed");
    let stage =
        Stage::of(&scenario, |scenario| Arc::new(SimClock::new(Arc::new(SystemClock), scenario.opens(), speed))).await;
    block_in_place(|| {
        let args = ["--allow", "rotate", "--allow", "force-deploy"];
        let mut console = rotated(&args, &stage.server.endpoint_url(), stage.home.path());
        console.sees("2 services still hold the").sees("value: ehr/api, ehr/web");
        console.sees("plan force-deploy stale:prod/db: replace the tasks that hold the old value");
        moments(&mut console).press("\r").sees("force a new deployment").sees("who  ");
        // The requests, one by one, before anything is asked for.
        for service in ["api", "web"] {
            console.sees(&format!("service=arn:aws:ecs:us-east-1:123456789012:service/ehr/{service}"));
        }
        console.press("G").sees("read and compared again");
        confirm(&mut console, SECRET).sees("✔ done: each of them is done: ehr/api, ehr/web");
        leave(console);
    });
    let mutations = stage.server.counters().mutations;
    let sent: Vec<(&str, Value)> =
        mutations.iter().map(|m| (m.action.as_str(), serde_json::from_slice(&m.body).expect("JSON"))).collect();
    let arn = |kind: &str, rest: &str| format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{rest}");
    let update = |service: &str| {
        let service = arn("service", &format!("ehr/{service}"));
        (super::UPDATE, json!({ "cluster": arn("cluster", "ehr"), "service": service, "forceNewDeployment": true }))
    };
    let [rotation, rest @ ..] = &sent[..] else { panic!("nothing was sent") };
    assert_eq!(
        (rotation.0, rotation.1.as_object().map(serde_json::Map::len)),
        ("secretsmanager:RotateSecret", Some(2))
    );
    assert_eq!(rest, [update("api"), update("web")]);
    assert_eq!(stage.records().await, [ONE, ONE, ONE].concat());
    // Nobody is left with the old value.
    let none = stage.run("act force-deploy stale:prod/db --plan").await;
    assert!(none.code == 2 && none.err.contains("there is nothing to do: no service holds an old value"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_version_that_keys_have_made_on_moto_and_ministack() {
    let Some(testbed) = testbed() else { return };
    for script in ["moto_server.py", "ministack_server.py"] {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().to_owned();
        let server = spawn_blocking(move || {
            let server = Server::start(testbed, script);
            let asked = |words: &[&str]| second_opinion(testbed, &[&[server.endpoint.as_str()], words].concat());
            let current = |all: Value| {
                let versions = all["versions"].as_object().expect("versions").clone();
                let mut of = versions.into_iter().filter(|(_, labels)| labels.to_string().contains("AWSCURRENT"));
                of.next().expect("one is in use").0
            };
            let before = current(asked(&["secret", SECRET, "fill"]));
            let calls = || asked(&["trail", "RotateSecret"]).as_array().map_or(0, Vec::len);
            let made = if script.starts_with("ministack") { calls() } else { 0 };
            let console = rotated(&["--allow", "rotate"], &server.endpoint, &path);
            leave(console);
            assert_ne!(current(asked(&["secret", SECRET, "list"])), before, "{script}");
            if script.starts_with("ministack") {
                assert_eq!(calls(), made + 1);
            }
            server
        });
        let server = server.await.expect("it went well");
        assert_eq!(records(&server.endpoint, home.path()).await, ONE, "{script}");
    }
}
