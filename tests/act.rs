//! Actions without the screen, from the command line to the wire: `rounds act` and `rounds audit` against the loopback, whose
//! counters tell what was sent, and against moto and ministack, of which boto3 tells what has changed.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/binary.rs"]
mod binary;
#[path = "act/copying.rs"]
mod copying;
#[path = "act/draining.rs"]
mod draining;
#[path = "act/every.rs"]
mod every;
#[path = "act/failing_over.rs"]
mod failing_over;
#[path = "act/machine.rs"]
mod machine;
#[path = "act/opted.rs"]
mod opted;
#[path = "act/plans.rs"]
mod plans;
#[path = "act/promise.rs"]
mod promise;
#[path = "act/rotating.rs"]
mod rotating;
#[path = "act/sizing.rs"]
mod sizing;
#[path = "support/stage.rs"]
mod stage;
mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use binary::{rounds, run};
use rounds::backend::sim::wire::{Counters, Fault, Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};
use stage::{Stage, records};
use support::opinion::second_opinion;
use support::python::testbed;
use support::server::Server;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::spawn_blocking;

const UPDATE: &str = "ecs:UpdateService";

/// The program under way.
struct Started {
    child: Child,
    told: tokio::io::Lines<BufReader<ChildStderr>>,
}

/// The program on a stage, under way.
fn started(stage: &Stage, words: &str) -> Started {
    Started::of(binary::command(words, &stage.server.endpoint_url(), stage.home.path()))
}

impl Started {
    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
        let told = BufReader::new(child.stderr.take().expect("piped")).lines();
        Self { child, told }
    }

    /// Waits until it says something like this.
    async fn says(&mut self, words: &str) -> String {
        loop {
            let line = self.told.next_line().await.expect("text").unwrap_or_else(|| panic!("it never said {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    async fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args([signal, &pid]).status().await.expect("kill runs");
        assert!(killed.success());
    }

    async fn code(&mut self) -> Option<i32> {
        self.child.wait().await.expect("it ends").code()
    }
}

/// An order for a service of the loopback's cluster.
fn order(service: &str) -> String {
    format!("act force-deploy scale/{service} --confirm {service} --reason tired --allow force-deploy")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_would_be_sent_and_sends_nothing() {
    let stage = Stage::still(2).await;
    let plan = stage.run("act force-deploy scale/service-0001 --plan --json").await;
    assert_eq!(plan.code, 1, "{plan:?}");
    let plan = plan.document();
    assert_eq!((&plan["schema"], &plan["level"]), (&json!("rounds.plan/1"), &json!("warn")));
    let arn = format!("act force-deploy {} --plan", plan["target"]["arn"].as_str().expect("text"));
    let by_arn = stage.run(&format!("{arn} --json")).await.document();
    assert_eq!((&by_arn["target"], &by_arn["checks"]), (&plan["target"], &plan["checks"]));
    assert_eq!((&plan["confirm"], &plan["refusals"]), (&json!("service-0001"), &json!([])));
    let text = stage.run("act force-deploy scale/service-0001 --plan").await.out;
    for (name, value) in plan["call"]["parameters"].as_object().expect("an object") {
        assert!(text.contains(&format!(" {name}={}", value.as_str().expect("text"))), "{text}");
    }
    let endpoint = stage.server.endpoint_url();
    let aim = format!("--config my.toml --region eu-west-1 --endpoint-url {endpoint}");
    let aimed = "--region eu-west-1 --config my.toml act force-deploy scale/service-0001 --plan";
    let config = stage.home.path().join("my.toml");
    std::fs::write(&config, "[[stack]]\nname = \"s\"\nclusters = [\"sc*\"]\n").expect("written");
    let aimed = binary::command(aimed, &endpoint, stage.home.path()).current_dir(&stage.home).output().await;
    let aimed = String::from_utf8(aimed.expect("it runs").stdout).expect("text");
    let (_, how) = aimed.split_once("\nto do it: rounds ").expect("how");
    let words = "act force-deploy scale/service-0001 --confirm service-0001 --reason \"...\" --allow force-deploy";
    assert_eq!(how, format!("{words} {aim}\n"));
    let blocked = stage.run("act force-deploy scale/service-0001 --plan --read-only").await;
    assert!(blocked.code == 2 && blocked.out.contains("refused --read-only was given"), "{blocked:?}");
    let calls: BTreeSet<String> = stage.server.counters().calls.into_keys().collect();
    assert!(!calls.contains(UPDATE) && stage.server.counters().mutations.is_empty(), "{calls:?}");
    let config = config.display();
    for (words, told) in [
        (&*format!("act force-deploy Scale/web --plan --config {config}"), "does not watch the cluster \"Scale\""),
        (
            &*format!("act force-deploy Scale/web --plan --config {config}"),
            "did you mean \"scale\"? valid: scale; name",
        ),
        (&*format!("act force-deploy other/web --plan --config {config}"), &*format!("widen clusters in {config}")),
        ("act force-deploy scale/servce-0001 --plan", "did you mean \"service-000"),
        ("act force-deploy nowhere/web --plan", "there is no cluster \"nowhere\"\n  valid: scale; check the name"),
        ("act force-deploy SCALE/service-0001 --plan", "did you mean \"scale\"?"),
        (&arn.replace("us-east-1", "us-west-2"), "is not where the stack default is: us-east-1, "),
        (&arn.replace("scale/", ""), "is an ARN of the old form"),
        (&arn.replace("arn:aws:", "arn:aws-cn:"), "is not what is there: arn:aws:ecs:"),
        (&format!("{} --config {config}", arn.replace("us-east-1", "us-west-2")), "is not where the stack s is"),
        ("act force-deploy web --plan", "CLUSTER/SERVICE"),
        ("act force-deply scale/service-0001 --plan", "did you mean \"force-deploy\"?"),
        ("act paint scale/service-0001 --plan", "unknown action \"paint\"\n  valid: force-deploy, rollback, drain, "),
        ("act step-down ehr/m0:1 --plan", "none is configured: [[stack.mongo]] in rounds.toml"),
        ("audit show --stack nosuch", "--stack: unknown stack \"nosuch\""),
        ("audit verify --stack default", "the chain of the audit is one for all stacks"),
        ("act force-deploy scale/service-0001", "--plan"),
    ] {
        let wrong = stage.run(words).await;
        assert!(wrong.code >= 2 && wrong.err.contains(told), "{words}: {wrong:?}");
    }
    assert_eq!(stage.run("audit verify").await.out, "no record yet\n");
    let unknown = rounds("check --allow force-deply", &stage.server.endpoint_url()).await;
    assert!(unknown.code == 3 && unknown.err.contains("--allow: unknown action"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_nothing_leaves_the_program_without_leave() {
    let stage = Stage::still(2).await;
    for (words, told) in [
        ("--confirm service-0001 --reason x", "without --allow nothing is changed"),
        ("--confirm service-000 --reason x --allow force-deploy", "\"service-000\" is not the name of the target"),
        ("--confirm service-0001 --allow force-deploy", "there is no reason\n  say why it is done"),
        ("--confirm service-0001 --allow force-deploy --reason ...", "\"...\" is not a reason"),
    ] {
        let refused = stage.run(&format!("act force-deploy scale/service-0001 {words}")).await;
        assert!(refused.code == 2 && refused.err.contains(told), "{words}: {refused:?}");
    }
    assert_eq!((stage.sent(), stage.records().await), ((0, 0), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_one_order_is_one_request_with_three_parameters() {
    let stage = Stage::fast().await;
    assert_eq!(stage.run("audit show").await.out, "no record yet\n");
    let done = stage.run(&(order("service-0001") + " --ticket OPS-7")).await;
    assert_eq!(done.code, 0, "{done:?}");
    let place = format!("123456789012/us-east-1, not AWS: {}", stage.server.endpoint_url());
    let shown = stage.run("audit show").await.out;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert_eq!(stage.run("audit show --stack default --region us-east-1").await.out, shown);
    assert_eq!(stage.run("audit show --region eu-west-1").await.out, "no record yet\n");
    let words = format!("{place}  force-deploy scale/service-0001 (ticket OPS-7)  ");
    assert!(lines.iter().all(|line| line.contains(&words)), "{shown}");
    assert!(lines[0].ends_with("intent   \"tired\""), "{shown}");
    assert!(
        done.out.contains("\ndone: deployment ecs-svc/") && done.err.contains("noted as record 1\naccepted"),
        "{done:?}"
    );
    assert_eq!(stage.sent(), (1, 1));
    let sent = &stage.server.counters().mutations[0];
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    let arn = body["service"].as_str().expect("an ARN");
    assert!(arn.ends_with(":service/scale/service-0001"), "{arn}");
    let cluster = arn.replace(":service/scale/service-0001", ":cluster/scale");
    assert_eq!(body, json!({ "cluster": cluster, "service": arn, "forceNewDeployment": true }));
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
    let again = stage.run(&order("service-0001")).await;
    assert!(again.code == 2 && again.err.contains("the same was sent to scale/service-0001"), "{again:?}");
    assert!(again.err.contains("; allowed again in ") && !again.err.contains("in 1m00s"), "{again:?}");
    assert_eq!(stage.sent(), (1, 1));
    changed_records_are_found(&stage).await;
}

/// Changes the first of the records, then who may read them.
async fn changed_records_are_found(stage: &Stage) {
    let dir = stage.home.path().join(".local/state/rounds/audit");
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let file =
        entries.into_iter().find(|path| path.extension().is_some_and(|e| e == "jsonl")).expect("a file of records");
    let whole = std::fs::read_to_string(&file).expect("text");
    std::fs::write(&file, whole.replacen("tired", "bored", 1)).expect("written");
    let broken = stage.run("audit verify").await;
    let place = format!("BROKEN at {}:2: record 2 does not carry the hash of record 1", file.display());
    assert!(broken.code == 1 && broken.out.contains(&place), "{broken:?}");
    // Whoever acts on top of that is told before, and the record says that they were.
    let plan = stage.run("act force-deploy scale/service-0002 --plan").await;
    assert!(plan.code == 1 && plan.out.contains("the chain of the audit is broken at "), "{plan:?}");
    assert_eq!(stage.run(&order("service-0002")).await.code, 0);
    let text = std::fs::read_to_string(&file).expect("it is there");
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    let mut overridden =
        records.filter(|record| record["phase"] == "intent").map(|record| record["overridden"].clone());
    let has = |names: Value| names.as_array().expect("a list").contains(&json!("audit"));
    assert_eq!([overridden.next(), overridden.next()].map(|names| names.map(has)), [Some(false), Some(true)]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("changed");
    for words in ["audit verify", "audit show"] {
        let unreadable = stage.run(words).await;
        assert!(unreadable.code == 3 && unreadable.err.contains("others may read or write it"), "{unreadable:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_an_answer_lost_on_the_wire_is_settled_by_reading() {
    let stage = Stage::fast().await;
    stage.server.faults().set(UPDATE, Fault::LoseAnswer, None);
    let done = stage.run(&order("service-0001")).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.err.contains("unknown: ecs:UpdateService") && done.err.contains("it is not sent again"), "{done:?}");
    assert_eq!(stage.sent(), (1, 1));
    assert_eq!(stage.records().await, ["intent null", "result unknown", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_two_terminals_at_once_send_once() {
    let stage = Stage::fast().await;
    let words = order("service-0001");
    let (one, two) = tokio::join!(stage.run(&words), stage.run(&words));
    let codes = BTreeSet::from([one.code, two.code]);
    assert_eq!(codes, BTreeSet::from([0, 2]), "{one:?} {two:?}");
    assert_eq!(stage.sent(), (1, 1));
    assert_eq!(stage.records().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_where_the_audit_cannot_be_kept_nothing_is_sent() {
    let stage = Stage::still(2).await;
    std::fs::write(stage.home.path().join(".local"), "no directory").expect("written");
    let refused = stage.run(&order("service-0001")).await;
    assert!(refused.code == 2 && refused.err.contains("refused: the audit cannot be written"), "{refused:?}");
    assert_eq!(stage.sent(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_killed_between_intent_and_result_it_is_told_at_the_next_start() {
    let stage = Stage::still(2).await;
    stage.server.faults().set(UPDATE, Fault::Hang, None);
    let mut started = started(&stage, &order("service-0001"));
    started.says("noted as record 1").await;
    started.child.kill().await.expect("killed");
    assert_eq!(stage.records().await, ["intent null"]);
    assert!(stage.sent().0 <= 1, "{:?}", stage.sent());
    let next = stage.run("act force-deploy scale/service-0000 --plan").await;
    assert!(next.err.starts_with("unfinished: record 1: force-deploy of scale/service-0001 by arn:"), "{next:?}");
    let place = format!("/us-east-1, not AWS: {}): whether it was sent", stage.server.endpoint_url());
    assert!(next.err.contains(&place), "{next:?}");
    let again = stage.run(&order("service-0001")).await;
    assert!(again.code == 2 && again.err.contains("the same was sent to"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_left_open_is_settled_by_reading_and_nothing_is_sent() {
    let stage = Stage::fast().await;
    let mut started = started(&stage, &order("service-0001"));
    started.says("accepted (").await;
    started.child.kill().await.expect("killed");
    assert_eq!(stage.records().await, ["intent null", "result applied"]);
    let mut told = stage.run("audit settle").await;
    for _ in 0..200 {
        if told.code == 1 {
            assert!(told.out.starts_with("record 1: force-deploy of scale/service-0001: stays open: "), "{told:?}");
            told = stage.run("audit settle").await;
        }
    }
    assert!(told.code == 0 && told.out.contains("service-0001: done: deployment ecs-svc/"), "{told:?}");
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
    let told = stage.run("audit settle").await;
    assert_eq!((told.code, told.out.as_str(), stage.sent()), (0, "nothing is open\n", (1, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_hang_up_ends_the_watching_and_the_outcome_is_noted_as_unknown() {
    let stage = Stage::still(2).await;
    let mut started = started(&stage, &order("service-0001"));
    started.says("in progress").await;
    started.signal("-HUP").await;
    assert_eq!(started.code().await, Some(4));
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome unknown"]);
    let last = stage.run("audit show").await.out;
    assert!(last.trim_end().ends_with("unknown: watched no longer (SIGHUP); it was accepted"), "{last}");
    assert_eq!(stage.sent(), (1, 1));
}

/// The audits, and how often the program is killed with each.
const AUDITS: u32 = 4;
const KILLS: u32 = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a7_killed_at_200_points_it_leaves_a_readable_audit_and_no_lock() {
    let stage = Stage::still(KILLS).await;
    let mut noted = 0;
    for audit in 0..AUDITS {
        let home = tempfile::tempdir().expect("a directory");
        let endpoint = stage.server.endpoint_url();
        for n in 0..KILLS {
            let words = order(&format!("service-{n:04}"));
            let before = stage.server.counters();
            let mut started = Started::of(binary::command(&words, &endpoint, home.path()));
            // From before its first request until the one that changes something, the twentieth; every fifth is killed once
            // that one has come.
            let point = u64::from((n * AUDITS + audit) % 20);
            let reached = |now: &Counters| match n % 5 {
                0 => now.calls(UPDATE) > before.calls(UPDATE),
                _ => now.total() >= before.total() + point,
            };
            let mut look = tokio::time::interval(Duration::from_millis(1));
            while !reached(&stage.server.counters()) {
                look.tick().await;
                if started.child.try_wait().expect("known").is_some() {
                    break;
                }
            }
            started.child.kill().await.expect("killed");
        }
        let records = records(&endpoint, home.path()).await;
        let intents = records.iter().filter(|record| record.starts_with("intent")).count();
        assert!(intents > 0 && records.iter().all(|r| !r.starts_with("outcome")), "{records:?}");
        // What a killed process had in hand is free.
        let next = run("act force-deploy scale/service-0000 --plan", &endpoint, home.path()).await;
        let told = next.err.lines().filter(|line| line.starts_with("unfinished: ")).count();
        assert_eq!(told, intents, "{next:?}");
        noted += intents;
    }
    let (sent, _) = stage.sent();
    assert!(sent > 0 && sent <= noted as u64, "{sent} sent, {noted} noted");
}

/// What boto3 says of the deployments of a service.
fn deployments(testbed: &support::python::Testbed, endpoint: &str, cluster: &str, service: &str) -> Value {
    second_opinion(testbed, &[endpoint, "deployments", cluster, service])
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_new_deployment_on_moto() {
    let Some(testbed) = testbed() else { return };
    let home = tempfile::tempdir().expect("a directory");
    let (moto, before) = spawn_blocking(move || {
        let moto = Server::start(testbed, "moto_server.py");
        second_opinion(testbed, &[&moto.endpoint, "fill", "acted", "2", "0", "0"]);
        let before = deployments(testbed, &moto.endpoint, "acted", "service-0000");
        (moto, before)
    })
    .await
    .expect("filled");
    let words = |n| {
        format!(
            "act force-deploy acted/service-000{n} --confirm service-000{n} --reason x --allow force-deploy --timeout 1s"
        )
    };
    let done = run(&words(0), &moto.endpoint, home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    // moto starts no task, so a service that wants one never gets steady there.
    let waiting = run(&words(1), &moto.endpoint, home.path()).await;
    let words = "unknown: watched no longer (not done after 1s); it was accepted";
    assert!(waiting.code == 4 && waiting.out.contains(words), "{waiting:?}");
    assert!(waiting.took >= Duration::from_secs(1), "{waiting:?}");
    let records = records(&moto.endpoint, home.path()).await;
    assert_eq!(records.iter().filter(|r| *r == "result applied").count(), 2, "{records:?}");
    let after = spawn_blocking(move || deployments(testbed, &moto.endpoint, "acted", "service-0000"));
    let after = after.await.expect("read");
    let id = after["deployments"][0]["id"].as_str().expect("an id").to_owned();
    assert_ne!(before["deployments"][0]["id"], after["deployments"][0]["id"]);
    assert!(done.out.contains(&id), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudtrail_of_ministack_has_exactly_one_update() {
    let Some(testbed) = testbed() else { return };
    let home = tempfile::tempdir().expect("a directory");
    let (ministack, before) = spawn_blocking(move || {
        let ministack = Server::start(testbed, "ministack_server.py");
        second_opinion(testbed, &[&ministack.endpoint, "fill", "acted", "4", "0", "0"]);
        let before = deployments(testbed, &ministack.endpoint, "acted", "service-0003");
        (ministack, before)
    })
    .await
    .expect("filled");
    let words =
        "act force-deploy acted/service-0003 --confirm service-0003 --reason x --allow force-deploy --timeout 60s";
    let done = run(words, &ministack.endpoint, home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(records(&ministack.endpoint, home.path()).await, ["intent null", "result applied", "outcome done"]);
    let (after, trail) = spawn_blocking(move || {
        let after = deployments(testbed, &ministack.endpoint, "acted", "service-0003");
        (after, second_opinion(testbed, &[&ministack.endpoint, "trail", "UpdateService"]))
    })
    .await
    .expect("read");
    assert_eq!(after["running"], 3);
    assert_ne!(before["deployments"][0]["id"], after["deployments"][0]["id"]);
    assert!(done.out.contains(after["deployments"][0]["id"].as_str().expect("an id")), "{done:?}");
    assert_eq!(trail.as_array().map(Vec::len), Some(1), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_how_far_the_clocks_are_apart() {
    let scenario = Scenario::sized(1, 2, 3);
    let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
    for (behind, least) in [(Duration::ZERO, 0), (Duration::from_mins(10), 599_000)] {
        let clock = Arc::new(ManualClock::at(SystemClock.now() - behind));
        let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.expect("a port");
        let home = tempfile::tempdir().expect("a directory");
        let words =
            "act force-deploy scale/service-0000 --confirm service-0000 --reason x --allow force-deploy --timeout 1s";
        let sent = run(words, &server.endpoint_url(), home.path()).await;
        let shown = run("audit show --json", &server.endpoint_url(), home.path()).await;
        let first: Value = serde_json::from_str(shown.out.lines().next().expect("a record")).expect("JSON");
        // The server's clock stands still while the program starts.
        let skew = first["clock_skew_ms"].as_i64().unwrap_or_else(|| panic!("{sent:?} {first}"));
        assert!((least..least + 60_000).contains(&skew), "{skew}");
        assert_eq!(first["tool"]["name"], "rounds");
    }
}
