//! What AWS's answers hold and nobody is to read here comes out nowhere: values of environment variables, descriptions of secrets,
//! what attackers call their processes. The loopback puts a canary there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds::backend::sim::wire::{CANARY, Rates, Server};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::ManualClock;
use rounds::view::VIEWS;
use tokio::task::spawn_blocking;

use crate::backend::{ANY, connect, stack};
use crate::binary::run;
use crate::pty::Launch;
use crate::serving;

/// The calls whose answers hold the canary.
const SINGING: [&str; 3] = ["secretsmanager:ListSecrets", "guardduty:GetFindings", "ecs:DescribeTaskDefinition"];

async fn singing() -> Server {
    let scenario = Scenario::named("rx-spot").unwrap();
    let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
    serving(&sim, Rates::Off).await
}

/// Everything below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What the canary begins with; a part of it would be a leak, too.
const WORD: &[u8] = CANARY.as_bytes().split_at(11).0;

fn is_told(bytes: &[u8]) -> bool {
    bytes.windows(WORD.len()).any(|window| window == WORD)
}

/// That no file below a directory tells it, and that there is a log among them that tells of the calls.
fn kept_quiet(home: &Path) {
    let found = files(home);
    for path in &found {
        assert!(!is_told(&fs::read(path).unwrap()), "{}", path.display());
    }
    let log = found.iter().find(|path| path.ends_with("log.json")).expect("a log");
    assert!(!fs::read(log).unwrap().is_empty(), "it is a log of something");
}

fn heard(server: &Server) {
    let counters = server.counters();
    for call in SINGING {
        assert!(counters.calls(call) > 0, "{call} was never asked, so there was nothing to tell");
    }
}

#[test]
fn the_canary_would_be_seen() {
    assert!(is_told(format!("x{CANARY}").as_bytes()) && is_told(&CANARY.as_bytes()[..12]) && !is_told(b"canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_check_nor_any_export_nor_the_log_tells_what_nobody_is_to_read() {
    let server = singing().await;
    let home = tempfile::tempdir().unwrap();
    let log = format!("--log {}", home.path().join("log.json").display());
    let exported = VIEWS.iter().filter(|view| view.exported);
    let exports = exported.flat_map(|view| ["json", "csv"].map(|form| format!("export {} --format {form}", view.id)));
    for words in ["check --json".to_owned(), "check".to_owned(), "doctor --json".to_owned()].into_iter().chain(exports)
    {
        let run = run(&format!("{words} {log}"), &server.endpoint_url(), home.path()).await;
        assert!(!is_told(run.out.as_bytes()) && !is_told(run.err.as_bytes()), "{words}: {run:?}");
        assert!(run.out.len() > 20, "{words}: {run:?}");
    }
    heard(&server);
    kept_quiet(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_plan_nor_the_audit_of_an_action_tells_it() {
    let server = singing().await;
    let home = tempfile::tempdir().unwrap();
    let order = "act force-deploy rx/rx-api --log log.json";
    let aimed = |words: &str| {
        format!("{} {words}", order.replace("log.json", &home.path().join("log.json").display().to_string()))
    };
    let plan = run(&aimed("--plan --json"), &server.endpoint_url(), home.path()).await;
    assert_eq!(plan.document()["action"], "force-deploy", "{plan:?}");
    let words = "--confirm rx-api --reason tired --allow force-deploy --timeout 1s";
    let sent = run(&aimed(words), &server.endpoint_url(), home.path()).await;
    assert_eq!(server.counters().mutations.len(), 1, "{sent:?}");
    let shown = run("audit show --json", &server.endpoint_url(), home.path()).await;
    assert_eq!(shown.out.lines().count(), 3, "{shown:?}");
    for run in [plan, sent, shown] {
        assert!(!is_told(run.out.as_bytes()) && !is_told(run.err.as_bytes()), "{run:?}");
    }
    assert!(server.counters().calls("guardduty:GetFindings") > 0, "the plan looked for findings");
    kept_quiet(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_a_session_tells_what_nobody_is_to_read() {
    let server = singing().await;
    let url = server.endpoint_url();
    let end = spawn_blocking(move || {
        let mut console = Launch::new(&["--log", "log.json"]).on(&url).size(200, 50).start();
        console.sees("fresh, oldest");
        for view in ["findings", "secrets", "tasks", "services"] {
            console
                .press(&format!(":view {view}"))
                .sees(&format!("> view {view}"))
                .press("\r")
                .sees(&format!("┌ {view}"));
            for panel in ["d", "w"] {
                console.press(panel).sees("esc close");
                assert!(!is_told(console.text().as_bytes()), "{view} {panel}");
                console.press("q").sees_no("esc close");
            }
            assert!(!is_told(console.text().as_bytes()), "{view}");
        }
        assert!(!console.wrote(WORD), "in one piece");
        console.press("q");
        console.ends()
    });
    let end = end.await.unwrap();
    assert!(end.code == 0 && !is_told(end.text.as_bytes()));
    kept_quiet(end.home.path());
    heard(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_have_no_room_for_it_and_a_fault_does_not_quote_it() {
    let server = singing().await;
    let aws = connect(&stack(&server.endpoint_url(), &[]), ANY).await;
    let secrets = aws.secrets.secrets(None).await.unwrap().items;
    let detector = aws.guardduty.detectors(None).await.unwrap().items.remove(0);
    let ids = aws.guardduty.finding_ids(&detector, false, None).await.unwrap().items;
    let findings = aws.guardduty.findings(&detector, &ids).await.unwrap();
    let described = aws.secrets.secret(&secrets[0].arn).await.unwrap();
    assert!(!findings.is_empty());
    assert!(!is_told(format!("{secrets:?} {described:?} {findings:?}").as_bytes()));
}
