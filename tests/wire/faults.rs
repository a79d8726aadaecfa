//! Every fault of the network and of the service, met by a console that had read well before, by one that starts into it,
//! and by the program.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::{Fault, Rates, Server};
use rounds::feed::Budgets;
use rounds::store::Freshness;
use rounds::time::ManualClock;

use crate::backend::{ANY, connect, stack};
use crate::binary::rounds;
use crate::console::Console;
use crate::{NIGHT, serving, still};

/// Services, tasks, container instances: all of them well.
const SIZE: (u32, u32, u32) = (12, 24, 3);
/// Longer than a poll of all feeds takes; what is slowed is tried for half a minute.
const LIMIT: Duration = Duration::from_secs(58);
/// Past any wait between two tries, the five minutes after a denial too.
const LATER: Duration = Duration::from_mins(7);

/// What goes wrong, and how it must look.
struct Case {
    name: &'static str,
    /// The calls that meet the fault; none: nothing listens any more.
    met: Option<(&'static str, Fault)>,
    /// The key of the pane that lacks something.
    pane: char,
    /// What its title says when it had read well before.
    says: &'static str,
    /// The feed that fails as a whole then; none: only a part of `ecs`.
    fails: Option<&'static str>,
    /// For a program that starts into it: exit code, rows, kind and action of the error of an export of services.
    export: (i32, usize, &'static str, &'static str),
}

/// A fault of some of the calls; the others go on.
fn part(
    name: &'static str,
    (action, fault): (&'static str, Fault),
    says: &'static str,
    (rows, kind): (usize, &'static str),
) -> Case {
    let pane = if action == "ecs:DescribeTasks" { '4' } else { '2' };
    Case { name, met: Some((action, fault)), pane, says, fails: None, export: (1, rows, kind, action) }
}

/// A fault of all calls.
fn all(name: &'static str, met: Option<(&'static str, Fault)>, says: &'static str, kind: &'static str) -> Case {
    Case { name, met, pane: '2', says, fails: Some("ecs"), export: (3, 0, kind, "ecs:ListClusters") }
}

const DESCRIBE: &str = "ecs:DescribeServices";
const LIST: &str = "ecs:ListServices";

fn cases() -> Vec<Case> {
    let services =
        |what: &str, word: &str| -> &'static str { format!("partial: {what} services of scale, {word}").leak() };
    let none = |word| services("0 of 12", word);
    let nonsense = Fault::Answer {
        status: 200,
        content_type: "application/x-amz-json-1.1",
        body: Bytes::from_static(b"{\"services\":7,\"serviceArns\":\"x\"}"),
    };
    let unknown = Fault::Answer {
        status: 400,
        content_type: "application/x-amz-json-1.1",
        body: Bytes::from_static(b"{\"__type\":\"UnknownOperationException\",\"message\":\"not here\"}"),
    };
    vec![
        part("throttled", (DESCRIBE, Fault::Throttle), none("slowed by AWS (ecs:DescribeServices)"), (12, "throttled")),
        part("denied", (DESCRIBE, Fault::Deny), none("denied (ecs:DescribeServices)"), (12, "denied")),
        part(
            "tasks denied",
            ("ecs:DescribeTasks", Fault::Deny),
            "partial: 0 of 24 tasks of scale, denied (ecs:DescribeTasks)",
            (12, "denied"),
        ),
        part("not known", (DESCRIBE, unknown), none("not supported here (ecs:DescribeServices)"), (12, "unsupported")),
        part("expired", (DESCRIBE, Fault::Expire), none("credentials expired (ecs:DescribeServices)"), (12, "expired")),
        part("500", (DESCRIBE, Fault::Internal), none("server error (ecs:DescribeServices)"), (12, "server")),
        part("503", (DESCRIBE, Fault::Unavailable), none("server error (ecs:DescribeServices)"), (12, "server")),
        part("silence", (DESCRIBE, Fault::Hang), none("no answer (ecs:DescribeServices)"), (12, "timeout")),
        part("half an answer", (DESCRIBE, Fault::Stall), none("no answer (ecs:DescribeServices)"), (12, "timeout")),
        part("reset", (DESCRIBE, Fault::Reset), none("offline (ecs:DescribeServices)"), (12, "unreachable")),
        part("cut off", (DESCRIBE, Fault::CutOff), none("offline (ecs:DescribeServices)"), (12, "unreachable")),
        part(
            "garbage",
            (DESCRIBE, Fault::Garbage),
            none("unreadable answer (ecs:DescribeServices)"),
            (12, "malformed"),
        ),
        part("wrong types", (DESCRIBE, nonsense), none("unreadable answer (ecs:DescribeServices)"), (12, "malformed")),
        part("a page", (DESCRIBE, Fault::Html), none("unreadable answer (ecs:DescribeServices)"), (12, "malformed")),
        part(
            "empty objects",
            (DESCRIBE, Fault::EmptyObjects),
            none("unreadable answer (ecs:DescribeServices)"),
            (12, "malformed"),
        ),
        part(
            "a token again and again",
            (LIST, Fault::RepeatToken),
            services("12 of 12", "unreadable answer (ecs:ListServices)"),
            (12, "malformed"),
        ),
        part(
            "pages without end",
            (LIST, Fault::EndlessPages),
            services("12 of 12", "unreadable answer (ecs:ListServices)"),
            (12, "malformed"),
        ),
        all("all expired", Some(("*", Fault::Expire)), "ecs: credentials expired (ecs:", "expired"),
        all("all denied", Some(("*", Fault::Deny)), "ecs: denied (ecs:", "denied"),
        all("no ECS", Some(("ecs:*", Fault::Unavailable)), "ecs: server error (ecs:", "server"),
        all("captive portal", Some(("*", Fault::Html)), "ecs: unreadable answer (ecs:", "malformed"),
        all("nobody there", None, "ecs: offline (ecs:", "unreachable"),
    ]
}

/// Has the fault met from now on.
fn begin(server: &Server, case: &Case) {
    match &case.met {
        Some((action, fault)) => server.faults().set(action, fault.clone(), None),
        None => server.faults().refuse(None),
    }
}

async fn console(server: &Server, clock: &Arc<ManualClock>) -> Console {
    let stack = stack(&server.endpoint_url(), &[]);
    let backend = connect(&stack, ANY).await;
    Console::new(&stack, &backend, clock.clone(), Budgets::unlimited())
}

/// Reads well, meets the fault, is told why with the old rows still there, and reads well again.
async fn is_told_and_keeps_what_it_had(case: &Case) {
    let name = case.name;
    let (sim, clock) = still(&Scenario::sized(SIZE.0, SIZE.1, SIZE.2));
    let server = serving(&sim, Rates::Off).await;
    let mut console = console(&server, &clock).await;
    console.poll(LIMIT).await;
    let screen = console.screen('2');
    assert!(screen.contains(" services 12 ") && screen.contains(" fresh, oldest 0s "), "{name}: {screen}");
    begin(&server, case);
    // Lists are due again after a minute.
    clock.set(NIGHT + Duration::from_secs(61));
    console.poll(LIMIT).await;
    let screen = console.screen(case.pane);
    assert!(screen.contains(case.says), "{name}: {screen}");
    let screen = console.screen('2');
    assert!(screen.contains(" services 12 ") && screen.contains("service-0011"), "{name}: {screen}");
    let read: Vec<_> = console.state.listing.rows.iter().map(|row| row.read_at).collect();
    let (old, new) = (vec![NIGHT; 12], vec![NIGHT + Duration::from_secs(61); 12]);
    if case.fails.is_some() {
        assert!(screen.contains("read 1m01s ago"), "{name}: {screen}");
        assert_eq!(read, old, "{name}");
    } else if case.met.as_ref().is_some_and(|(action, _)| *action == DESCRIBE) {
        assert_eq!(read, old, "{name}: old rows keep their time");
    } else {
        assert_eq!(read, new, "{name}: services are read all the same");
    }
    others_go_on(case, &console);
    server.faults().clear();
    clock.set(NIGHT + LATER);
    console.poll(LIMIT).await;
    let screen = console.screen('2');
    assert!(screen.contains(" services 12 ") && screen.contains(" fresh, oldest 0s "), "{name}, after: {screen}");
}

/// Feeds that do not meet the fault have read anew.
fn others_go_on(case: &Case, console: &Console) {
    let everything = case.met.as_ref().is_none_or(|(action, _)| *action == "*");
    let still_read: &[&str] = match (everything, case.fails) {
        (true, _) => &[],
        (false, Some(_)) => &["identity"],
        (false, None) => &["identity", "ecs", "stopped-tasks", "groups"],
    };
    for feed in still_read {
        let slot = console.state.world.store.slot(0, feed);
        assert_eq!(slot.freshness, Freshness::Fresh, "{}: {feed}", case.name);
        let at = slot.snapshot.as_ref().unwrap().taken_at;
        assert_eq!(at, NIGHT + Duration::from_secs(61), "{}: {feed}", case.name);
    }
}

/// A console that starts into the fault says so, and the program exits as the contract has it.
async fn is_told_from_the_start(case: &Case) {
    let name = case.name;
    let (sim, clock) = still(&Scenario::sized(SIZE.0, SIZE.1, SIZE.2));
    let server = serving(&sim, Rates::Off).await;
    begin(&server, case);
    let mut console = console(&server, &clock).await;
    let url = server.endpoint_url();
    let (export, check) = ("export services --format json", "check");
    let ((), export, check) = tokio::join!(console.poll(LIMIT), rounds(export, &url), rounds(check, &url));
    let (code, rows, kind, action) = case.export;
    let screen = console.screen(case.pane);
    assert!(screen.contains(action), "{name}: {screen}");
    let screen = console.screen('2');
    assert!(rows > 0 || screen.contains("no services could be read"), "{name}: {screen}");

    let document = export.document();
    let stack = &document["stacks"][0];
    let state = if code == 3 { "failing" } else { "partial" };
    assert_eq!((export.code, stack["state"].as_str()), (code, Some(state)), "{name}: {}{}", export.out, export.err);
    assert_eq!(document["rows"].as_array().map(Vec::len), Some(rows), "{name}: {}", export.out);
    if case.met.as_ref().is_some_and(|(action, _)| *action == DESCRIBE) {
        let row = &document["rows"][0];
        assert_eq!(row["severity"], "unknown", "{name}: {row}");
        assert!(row["status"].as_str().is_some_and(|status| status.starts_with("not read: ")), "{name}: {row}");
    }
    let error = &stack["error"];
    assert_eq!(error["kind"], kind, "{name}: {error}");
    // Where nothing answers at all, the first to say so is whoever asked first.
    assert!(error["action"] == action || code == 3, "{name}: {error}");
    assert!(export.err.contains(error["action"].as_str().unwrap()), "{name}: {}", export.err);

    assert_eq!(check.code, 3, "{name}: {}{}", check.out, check.err);
    assert!(check.out.starts_with("ROUNDS UNKNOWN - "), "{name}: {}", check.out);
    assert!(check.out.contains(error["action"].as_str().unwrap()), "{name}: {}", check.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_takes_nothing_away_that_was_read_and_never_passes_for_well() {
    let cases = cases();
    let slow = |case: &&Case| matches!(case.met, Some((_, Fault::Throttle | Fault::Hang | Fault::Stall)));
    let (slow, quick): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(slow);
    // Six at a time: all at once would keep one another from answering in time.
    stream::iter(slow.into_iter().chain(quick))
        .for_each_concurrent(6, |case| async move {
            tokio::join!(is_told_and_keeps_what_it_had(case), is_told_from_the_start(case));
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fault_the_program_exits_0_and_an_empty_page_is_none() {
    let (sim, _) = still(&Scenario::sized(SIZE.0, SIZE.1, SIZE.2));
    let server = serving(&sim, Rates::Off).await;
    let check = rounds("check", &server.endpoint_url()).await;
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    for action in [LIST, "ecs:ListTasks", "ecs:ListContainerInstances", "ecs:ListClusters"] {
        server.faults().set(action, Fault::EmptyPage, Some(1));
    }
    let export = rounds("export services --format json", &server.endpoint_url()).await;
    assert_eq!((export.code, export.document()["rows"].as_array().map(Vec::len)), (0, Some(12)), "{}", export.err);
}

/// What an emulator does not implement fails by itself, with its name, and takes no row away.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_implemented_is_one_failing_domain() {
    let (sim, clock) = still(&Scenario::sized(SIZE.0, SIZE.1, SIZE.2));
    let server = serving(&sim, Rates::Off).await;
    let body = Bytes::from_static(b"<ErrorResponse><Error><Code>NotImplemented</Code></Error></ErrorResponse>");
    server.faults().set("autoscaling:*", Fault::Answer { status: 501, content_type: "text/xml", body }, None);
    let mut console = console(&server, &clock).await;
    let url = server.endpoint_url();
    let ((), export, check) = tokio::join!(
        console.poll(LIMIT),
        rounds("export instances --format json", &url),
        rounds("check --only scaling", &url)
    );
    let screen = console.screen('1');
    let words = "groups: not supported here (autoscaling:DescribeAutoScalingGroups)";
    assert!(screen.contains(words) && screen.contains("1 cluster, 12 services"), "{screen}");
    let (document, stacks) = (export.document(), &export.document()["stacks"][0]);
    assert_eq!((export.code, document["rows"].as_array().map(Vec::len)), (1, Some(3)), "{}", export.err);
    assert_eq!((&stacks["state"], &stacks["error"]["kind"]), (&"partial".into(), &"unsupported".into()));
    assert!(export.err.contains("autoscaling:DescribeAutoScalingGroups: not supported here"), "{}", export.err);
    assert_eq!(check.code, 3, "{}", check.out);
}
