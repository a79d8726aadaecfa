//! Acting on screen: real keys in a pseudo-terminal, against the loopback, whose counters tell what was sent, and against moto and
//! ministack, of which boto3 tells what has changed. And what never acts: pastes, bursts, held keys, keys that come too early.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "support/binary.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod binary;
#[path = "support/pty.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod pty;
#[path = "acting/rotating.rs"]
mod rotating;
#[path = "support/stage.rs"]
mod stage;
#[path = "support/stream.rs"]
mod stream;
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pty::{Console, Launch};
use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::Fault;
use rounds::time::ManualClock;
use serde_json::Value;
use stage::{Stage, records};
use support::opinion::second_opinion;
use support::python::{Testbed, testbed};
use support::server::Server;
use tokio::task::{block_in_place, spawn_blocking};

const UPDATE: &str = "ecs:UpdateService";
const ALLOWED: &[&str] = &["--allow", "force-deploy"];

/// The console at home in a directory, on what answers at `url`, once it has read the services.
fn console(args: &[&str], url: &str, home: &Path) -> Console {
    let home = home.display().to_string();
    let mut console = Launch::new(args).on(url).env("HOME", &home).start();
    console.sees("┌ overview");
    if args.contains(&"--allow") {
        arm(&mut console);
    }
    console.press("2").sees("┌ services").sees("COMPLETED");
    console
}

/// Arms the console, as whoever acts does first.
fn arm(console: &mut Console) -> &mut Console {
    console.sees(" DISARMED ").press(":arm").sees("> arm ").press("\r").sees(" arm, reason: ").types("on call");
    for _ in 0..20 {
        // On a busy machine two keys may be read at once, which is no pressing of a key.
        if moments(console).types("\r").text().contains(" ARMED 1") {
            return console;
        }
    }
    panic!("it is never armed:\n{}", console.text());
}

/// Goes to a service by the filter, and from there to the end of the plan to force its deployment.
fn plan<'a>(console: &'a mut Console, service: &str) -> &'a mut Console {
    console.press(&format!("/{service}")).sees(&format!(" /{service}")).press("\r").stands_on(service);
    console.press("a").sees("plans it").sees("> force-deploy").press("\r").sees("who  ");
    console.press("G").sees("read and compared again")
}

/// Gives the reason and types the name.
fn answer<'a>(console: &'a mut Console, service: &str) -> &'a mut Console {
    console.types("\r").sees(" reason: on call").types("\x15tired\r").sees(&format!("type {service} to confirm: "));
    let typed = format!("to confirm: {service} ");
    for _ in 0..20 {
        // On a busy machine two keys may be read at once, which is no typing.
        if console.types(&format!("\x15{service}")).text().contains(&typed) {
            return console;
        }
    }
    panic!("the name is never taken:\n{}", console.text());
}

/// Confirms, as a person does who reads first.
fn confirm<'a>(console: &'a mut Console, service: &str) -> &'a mut Console {
    moments(answer(console, service)).press("\r")
}

/// Waits until the clock on the screen has gone on twice: at least a second has passed, so the next key is pressed by itself.
fn moments(console: &mut Console) -> &mut Console {
    for _ in 0..2 {
        let now = clock(console);
        console.until("the clock going on", |console| clock(console) != now);
    }
    console
}

/// The clock at the end of the first line.
fn clock(console: &Console) -> String {
    let text = console.text();
    text.lines().next().and_then(|line| line.split_whitespace().last()).unwrap_or_default().to_owned()
}

/// Leaves the console, whatever is open.
fn leave(mut console: Console) -> String {
    console.press("\x03");
    let end = console.ends();
    assert_eq!(end.code, 0);
    end.heard.text
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_real_keys_send_one_request_and_follow_it_to_its_end() {
    let stage = Stage::fast().await;
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        console.sees(" ARMED 1");
        // Who, with which role, in which account, where: in the dialog itself (F6).
        plan(&mut console, "service-0001").sees("assumed-role/SRE/").sees("account 123456789012, us-east-1");
        console.sees("service=arn:aws:ecs:us-east-1:123456789012:service/scale/service-0001");
        confirm(&mut console, "service-0001");
        console.sees("intent noted as record 1").sees("accepted (ecs-svc/").sees("✔ done: deployment ecs-svc/");
        console
            .sees("esc close")
            .press("\x1b")
            .sees_no("esc close")
            .press("A")
            .sees("┌ audit")
            .sees("done")
            .sees("tired")
            .press("d")
            .sees("123456789012/us-east-1, not AWS: http://")
            .press("\x1b")
            .sees_no("records from");
        // It can be found again, and is not sent again so soon.
        console.press("2a").sees("done: deployment").sees("plans it").press("\x1b").sees_no("plans it");
        plan(&mut console, "service-0001");
        confirm(&mut console, "service-0001").sees("refused, nothing was sent: the same was sent to");
        leave(console);
    });
    assert_eq!(stage.sent(), (1, 1));
    let body: Value = serde_json::from_slice(&stage.server.counters().mutations[0].body).expect("JSON");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(3), "{body}");
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
    let shown = stage.run("audit show --json").await;
    assert!(
        shown.out.contains("\"confirm_mode\":\"typed\"") && shown.out.contains("\"reason\":\"tired\""),
        "{shown:?}"
    );
    let exported = stage.run("export audit --format csv").await;
    assert!(exported.code == 0 && exported.out.contains("force-deploy,scale/service-0001,done"), "{exported:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_keys_drain_an_instance_to_its_end_and_take_it_back() {
    let stage = Stage::fast().await;
    block_in_place(|| {
        let home = stage.home.path().display().to_string();
        let console = Launch::new(&["--allow", "drain", "--allow", "reactivate"]);
        let mut console = console.on(&stage.server.endpoint_url()).env("HOME", &home).start();
        arm(console.sees("┌ overview")).press("3").sees("┌ instances").sees("i-0");
        console.press("/i-0").sees(" /i-0").press("\r").stands_on("i-0");
        let text = console.text();
        let target = text.split_whitespace().find(|word| word.len() == 19 && word.starts_with("i-"));
        let target = target.expect("an instance").to_owned();
        for (action, end) in
            [("drain", "✔ done: it is DRAINING and nothing is left"), ("reactivate", "✔ done: it is ACTIVE")]
        {
            console.press("a").sees("plans it").press(action).sees(&format!("> {action}")).press("\r").sees("who  ");
            console.press("G").sees("read and compared again");
            confirm(&mut console, &target).sees(end).sees("esc close").press("\x1b").sees_no("esc close");
        }
        leave(console);
    });
    let mutations = stage.server.counters().mutations;
    let sent: Vec<Value> = mutations.iter().map(|m| serde_json::from_slice(&m.body).expect("JSON")).collect();
    assert_eq!(sent.iter().map(|body| &body["status"]).collect::<Vec<_>>(), ["DRAINING", "ACTIVE"]);
    let one = ["intent null", "result applied", "outcome done"];
    assert_eq!(stage.records().await, [one, one].concat());
}

/// A detector that has found something high.
const FOUND: &str = "
    title = 't'
    about = 'a'
    hint = 'h'
    start = '2026-03-14T03:00:00Z'
    caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
    cluster = [{ name = 'ehr' }]
    detector = {}
    [[finding]]
    name = 'miner'
    kind = 'CryptoCurrency:EC2/BitcoinTool.B'
    title = 'mined'
    description = 'd'
    severity = 8.0
    ago = '2d'
    resource = { other = { kind = 'AccessKey', name = 'k' } }
";

#[tokio::test(flavor = "multi_thread")]
async fn real_keys_archive_a_finding_with_its_account_typed() {
    let scenario = Scenario::parse(FOUND, "found").expect("a scenario");
    let stage = Stage::of(&scenario, |scenario| Arc::new(ManualClock::at(scenario.opens()))).await;
    let config = stage.home.path().join("rounds.toml").display().to_string();
    let text = "opt_in = [\"archive\"]\n[[stack]]\nname = \"prod\"\nallow = [\"archive\"]\n";
    std::fs::write(&config, text).expect("written");
    let rows = stage.run("export findings --format json").await.document();
    let id = rows["rows"][0]["finding_id"].as_str().expect("an id").to_owned();
    block_in_place(|| {
        let home = stage.home.path().display().to_string();
        let console = Launch::new(&["--allow", "archive", "--config", &config]);
        let mut console = console.on(&stage.server.endpoint_url()).env("HOME", &home).start();
        arm(console.sees("┌ overview")).press("8").sees("┌ findings").sees("CryptoCurrency");
        console.press("gg").press("a").sees("plans it").sees("> archive").press("\r").sees("who  ");
        console.press("G").sees("read and compared again");
        let typed = format!("{} 123456789012", &id[..8]);
        confirm(&mut console, &typed).sees("✔ done: it is archived").sees("esc close").press("\x1b");
        console.sees_no("esc close");
        leave(console);
    });
    let mutations = stage.server.counters().mutations;
    let sent: Vec<(&str, Value)> =
        mutations.iter().map(|m| (m.action.as_str(), serde_json::from_slice(&m.body).expect("JSON"))).collect();
    assert_eq!(sent, [("guardduty:ArchiveFindings", serde_json::json!({ "findingIds": [id] }))]);
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_keys_name_a_new_writer_and_type_name_and_account() {
    let stage = Stage::databases().await;
    let config = stage.home.path().join("rounds.toml");
    let named = "[\"aurora-failover\"]";
    let text = format!("opt_in = {named}\n[[stack]]\nname = \"prod\"\nregion = \"us-east-1\"\nallow = {named}\n");
    std::fs::write(&config, text).expect("written");
    block_in_place(|| {
        let (home, config) = (stage.home.path().display().to_string(), config.display().to_string());
        let console = Launch::new(&["--config", &config, "--allow", "aurora-failover"]);
        let mut console = console.on(&stage.server.endpoint_url()).env("HOME", &home).start();
        arm(console.sees("┌ overview"));
        console
            .press("6")
            .sees("┌ databases")
            .sees("claims-db")
            .press("/kind:cluster")
            .sees(" /kind:cluster")
            .press("\r");
        console.sees_no("claims-db").stands_on("ws");
        console.press("a").sees("plans it").sees("> aurora-failover").press("\r");
        // The best reader is offered, and another one is wanted.
        console.sees(" new writer: ws-2").types("\x15").types("ws-3\r").sees("who  ").press("G");
        console.sees("read and compared again");
        let name = "ws 123456789012";
        confirm(&mut console, name).sees("✔ done: ws-3 writes, ws-1 did");
        leave(console);
    });
    let sent = stage.server.counters().mutations;
    let bodies: Vec<&str> = sent.iter().map(|sent| std::str::from_utf8(&sent.body).expect("text")).collect();
    let body = "Action=FailoverDBCluster&Version=2014-10-31&DBClusterIdentifier=ws&TargetDBInstanceIdentifier=ws-3";
    assert_eq!(bodies, [body]);
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_keys_say_how_many_tasks_are_wanted_and_what_is_no_number_is_told() {
    let stage = Stage::fast().await;
    let config = stage.home.path().join("rounds.toml");
    let opted = "opt_in = [\"desired-count\"]\n[[stack]]\nname = \"s\"\nallow = [\"desired-count\"]\n";
    std::fs::write(&config, opted).expect("written");
    let config = config.display().to_string();
    let before = stage.sim.with(|world| world.service_facts(1).desired);
    let (asked, wanted) = (format!(" tasks wanted: {before} "), before + 1);
    block_in_place(|| {
        let args = ["--allow", "desired-count", "--config", &config];
        let mut console = console(&args, &stage.server.endpoint_url(), stage.home.path());
        console.press("/service-0001").sees(" /service-0001").press("\r").stands_on("service-0001");
        // The number as it is now, to be changed.
        console.press("a").sees("plans it").press("desired-count").sees("> desired-count").press("\r").sees(&asked);
        console.press("\x15").sees_no(&asked).press("\r").sees("no value yet: tasks wanted");
        // What was typed wrong stays, beside what would be right.
        console.press("six\r").sees("\"six\" is not a number of tasks").sees("CLUSTER/SERVICE=TASKS");
        console.sees(" tasks wanted: six ");
        console.press("\x15").sees_no(&asked).paste(&wanted.to_string()).sees(&format!(" tasks wanted: {wanted} "));
        console.press("\r").sees("who  ").sees(&format!("desiredCount={wanted}"));
        console.press("G").sees("read and compared again");
        confirm(&mut console, "service-0001").sees(&format!("✔ done: it wants {wanted} tasks"));
        leave(console);
    });
    assert_eq!(stage.sent(), (1, 1));
    let body: Value = serde_json::from_slice(&stage.server.counters().mutations[0].body).expect("JSON");
    assert_eq!(
        (body.as_object().map(serde_json::Map::len), &body["desiredCount"]),
        (Some(3), &wanted.into()),
        "{body}"
    );
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_an_answer_lost_on_the_wire_is_unknown_and_then_settled_on_screen() {
    let stage = Stage::fast().await;
    stage.server.faults().set(UPDATE, Fault::LoseAnswer, None);
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001");
        confirm(&mut console, "service-0001").sees("unknown: ecs:UpdateService").sees("it is not sent again");
        console.sees("✔ done: deployment ecs-svc/");
        leave(console);
    });
    assert_eq!(stage.sent(), (1, 1));
    assert_eq!(stage.records().await, ["intent null", "result unknown", "outcome done"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_of_two_terminals_one_is_told_that_the_other_acts() {
    let stage = Stage::still(2).await;
    block_in_place(|| {
        let open = || console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        let (mut one, mut other) = (open(), open());
        plan(&mut one, "service-0001");
        plan(&mut other, "service-0001");
        confirm(&mut one, "service-0001").sees("new tasks run").sees("1 UNDER WAY");
        confirm(&mut other, "service-0001").sees("is under way already");
        // The other one sees it in the audit, and nobody ends the program without knowing.
        other.sees("esc close").press("\x1b").sees_no("esc close").press("A").sees("┌ audit").sees("under way");
        one.sees("esc close")
            .press("\x1b")
            .sees_no("esc close")
            .press("q")
            .sees("1 under way: the same again quits")
            .press("q");
        assert_eq!(one.ends().code, 0);
        leave(other);
    });
    assert_eq!(stage.sent(), (1, 1));
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_what_changed_since_the_plan_is_told_and_nothing_is_sent() {
    let stage = Stage::still(2).await;
    let colleague = tempfile::tempdir().expect("a directory");
    let mut console = block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        answer(plan(&mut console, "service-0001"), "service-0001");
        console
    });
    let words =
        "act force-deploy scale/service-0001 --confirm service-0001 --reason x --allow force-deploy --timeout 1s";
    let theirs = binary::run(words, &stage.server.endpoint_url(), colleague.path()).await;
    assert_eq!(theirs.code, 4, "{theirs:?}");
    block_in_place(|| {
        moments(&mut console).press("\r").sees("has changed since it was planned").sees(", is ecs-svc/");
        // Planned again it is another plan: one that warns.
        console.press("r").sees("who  ").press("G").sees("a deployment is in progress");
        leave(console);
    });
    assert_eq!((stage.sent(), stage.records().await), ((1, 1), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_b4_b5_b9_no_paste_burst_held_or_early_key_confirms() {
    let stage = Stage::still(2).await;
    let mut dice = fastrand::Rng::with_seed(4);
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001");
        // All of it at once, as after a link was stuck: the name is not taken, and no key after it confirms.
        console.press("\r\x15tired\rservice-0001\r").sees("to confirm: ").sees("no name yet");
        // A key held down.
        for _ in 0..20 {
            console.press("\r");
        }
        console.paste("service-0001\r").sees("paste ignored: the name is typed");
        // Without brackets: lines of a shell, the name among them, each in one write.
        for _ in 0..1_000 {
            let words = ["service-0001", "kubectl get pods", "y", "yes", "a", "\x1b[A", "ls -la", "2a", "\x15"];
            let lines: Vec<&str> = (0..dice.usize(2..12)).map(|_| words[dice.usize(..words.len())]).collect();
            console.press(&(lines.join("\r") + "\r"));
        }
        // The same with a pause after each, as a link that is stuck now and then.
        for _ in 0..5 {
            moments(&mut console).press("\r\r\x15tired\rservice-0001");
        }
        moments(&mut console).press("\r");
        leave(console);
    });
    assert_eq!(stage.sent(), (0, 0));
    assert_eq!(stage.records().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_without_leave_there_is_a_plan_and_no_way_on() {
    let stage = Stage::still(2).await;
    block_in_place(|| {
        let mut console = console(&[], &stage.server.endpoint_url(), stage.home.path());
        console
            .sees("READ-ONLY")
            .press("a")
            .sees("the plan only: not allowed here")
            .sees("plans it")
            .press("\x1b")
            .sees_no("plans it");
        plan(&mut console, "service-0001").sees("not to be done").press("g").sees("does not allow force-deploy");
        console
            .press("G\r")
            .sees("not to be done; r plans again")
            .sees("esc discard")
            .press("\x1b")
            .sees_no("force a new deployment");
        leave(console);
    });
    assert_eq!(stage.sent(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_the_wrong_account_is_told_in_the_plan() {
    let stage = Stage::still(2).await;
    let config =
        "[[stack]]\nname = \"prod\"\naccount = \"999999999999\"\nprotected = true\nallow = [\"force-deploy\"]\n";
    std::fs::write(stage.home.path().join("rounds.toml"), config).expect("written");
    let config = stage.home.path().join("rounds.toml").display().to_string();
    block_in_place(|| {
        let args = [ALLOWED, &["--config", &config]].concat();
        let mut console = console(&args, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001").press("g").sees("PROTECTED").sees("refused");
        console.sees("WRONG ACCOUNT: STS says 123456789012, the stack prod is configured for 999999999999");
        leave(console);
    });
    assert_eq!(stage.sent(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_f13_a_hang_up_with_an_action_under_way_notes_it_as_unknown_in_time() {
    let stage = Stage::still(2).await;
    let hung = tempfile::tempdir().expect("a directory");
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001");
        confirm(&mut console, "service-0001").sees("new tasks run");
        let (_, took, cpu) = console.hang_up();
        assert!(took <= Duration::from_secs(2) && cpu <= Duration::from_millis(100), "{took:?} {cpu:?}");
    });
    assert_eq!(stage.records().await, ["intent null", "result applied", "outcome unknown"]);
    let last = stage.run("audit show").await.out;
    assert!(last.contains("watched no longer (the terminal is gone)") || last.contains("(signal 1)"), "{last}");
    // And while the request itself is under way.
    stage.server.faults().set(UPDATE, Fault::Hang, None);
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), hung.path());
        plan(&mut console, "service-0000");
        confirm(&mut console, "service-0000").sees("intent noted as record 1");
        let (_, took, _) = console.hang_up();
        assert!(took <= Duration::from_secs(2), "{took:?}");
    });
    let noted = records(&stage.server.endpoint_url(), hung.path()).await;
    assert_eq!(noted, ["intent null", "result unknown", "outcome unknown"]);
    assert!(stage.sent().0 <= 2, "{:?}", stage.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_f13_a_hang_up_before_the_request_sends_nothing() {
    let stage = Stage::still(2).await;
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001");
        let answered = answer(&mut console, "service-0001");
        stage.server.faults().set("sts:GetCallerIdentity", Fault::Hang, None);
        moments(answered).press("\r").sees("reading again, nothing has been sent");
        let (_, took, _) = console.hang_up();
        assert!(took <= Duration::from_secs(2), "{took:?}");
    });
    stage.server.faults().clear();
    assert_eq!((stage.sent(), stage.records().await), ((0, 0), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_the_smallest_terminal_shows_who_acts_where_while_the_name_is_typed() {
    let stage = Stage::still(2).await;
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        console.resize(80, 24).sees("┌ services");
        console.press("/service-0001").sees(" /service-0001").press("\r").stands_on("service-0001");
        console.press("a").sees("plans it").press("\r").sees("who  ").press("\r").sees("read and compared again");
        console.press("\r").sees(" reason: ").press("\x15tired\r").sees("confirm: ");
        console.sees("account 123456789012, us-east-1").sees("ana@SRE").sees("ecs:UpdateService");
        console.press("\x1b").sees("enter go on").press("\x1b").sees_no("force a new deployment");
        leave(console);
    });
    assert_eq!(stage.sent(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_f12_what_a_kill_left_unfinished_is_a_problem_at_the_next_start() {
    let stage = Stage::still(2).await;
    stage.server.faults().set(UPDATE, Fault::Hang, None);
    block_in_place(|| {
        let open = || console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        let mut killed = open();
        plan(&mut killed, "service-0001");
        confirm(&mut killed, "service-0001").sees("intent noted as record 1").signal("KILL");
        killed.ends_somehow();
        let mut next = open();
        next.press("1").sees("force-deploy scale/service-0001 was left unfinished").press("A").sees("unfinished");
        // Until a minute has passed it may still be on its way.
        next.press(":settle").sees("> settle").press("\r").sees("settled by reading").sees("record 1: force-deploy of");
        leave(next);
    });
    assert_eq!(stage.records().await[0], "intent null");
    assert_eq!(stage.sent().1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_where_the_audit_cannot_be_kept_the_console_opens_and_nothing_is_sent() {
    let stage = Stage::still(2).await;
    std::fs::write(stage.home.path().join(".local"), "no directory").expect("written");
    block_in_place(|| {
        let mut console = console(ALLOWED, &stage.server.endpoint_url(), stage.home.path());
        plan(&mut console, "service-0001");
        confirm(&mut console, "service-0001").sees("refused, nothing was sent: the audit cannot be");
        leave(console);
    });
    assert_eq!(stage.sent(), (0, 0));
}

/// What boto3 says of the deployments of a service.
fn deployments(testbed: &Testbed, endpoint: &str, service: &str) -> Value {
    second_opinion(testbed, &[endpoint, "deployments", "acted", service])
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_what_keys_have_done_on_moto_and_ministack() {
    let Some(testbed) = testbed() else { return };
    for script in ["moto_server.py", "ministack_server.py"] {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().to_owned();
        let server = spawn_blocking(move || {
            let server = Server::start(testbed, script);
            second_opinion(testbed, &[&server.endpoint, "fill", "acted", "2", "0", "0"]);
            let before = deployments(testbed, &server.endpoint, "service-0000");
            let mut console = console(ALLOWED, &server.endpoint, &path);
            plan(&mut console, "service-0000");
            confirm(&mut console, "service-0000").sees("✔ done: deployment");
            leave(console);
            let after = deployments(testbed, &server.endpoint, "service-0000");
            assert_ne!(before["deployments"][0]["id"], after["deployments"][0]["id"], "{script}");
            if script.starts_with("ministack") {
                let trail = second_opinion(testbed, &[&server.endpoint, "trail", "UpdateService"]);
                assert_eq!(trail.as_array().map(Vec::len), Some(1), "{trail}");
            }
            server
        });
        let server = server.await.expect("it went well");
        let noted = records(&server.endpoint, home.path()).await;
        assert_eq!(noted, ["intent null", "result applied", "outcome done"], "{script}");
    }
}
