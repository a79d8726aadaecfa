//! The incidents of the scenarios, told by the program.

use std::fs;
use std::sync::Arc;

use rounds::backend::sim::wire::Rates;
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{Clock, ManualClock, SystemClock, Timestamp};

use crate::binary::{Run, rounds};
use crate::serving;

/// What there is to see of telehealth-fargate when its demo opens: the failover that is over, and the two things after it
/// that are not.
const TOLD: [&str; 3] = [
    "tele-db: failed over at ",
    "app-proxy: pool nearly exhausted, 989 of 1020 connections in use",
    " logins failed within 15 min, wrong password or no permission",
];

/// A run of the program against a scenario whose demo opens in this minute: the program knows the real time only.
async fn run_on(scenario: &str, words: &str) -> Run {
    let scenario = Scenario::named(scenario).unwrap();
    let start = SystemClock.now() - scenario.opens().since(scenario.start());
    let scenario = scenario.moved_to(Timestamp::from_secs(start.secs() / 60 * 60));
    let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
    let server = serving(&sim, Rates::Off).await;
    rounds(words, &server.endpoint_url()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_the_failover_the_exhausted_pool_and_the_failed_logins() {
    let run = run_on("telehealth-fargate", "check --only rds").await;
    assert_eq!(run.code, 2, "{run:?}");
    for sentence in TOLD {
        assert!(run.out.contains(sentence), "{sentence}: {}", run.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_them_to_someone_who_never_looked_at_the_databases() {
    let first = overview("").await;
    for sentence in &TOLD[..2] {
        assert!(first.contains(sentence), "{sentence}: {first}");
    }
    // The storm follows from the failover, and what follows is found below it.
    assert!(first.contains(" (+2 follow)") && !first.contains(TOLD[2]), "{first}");
    let filtered = overview("/ l o g i n s enter").await;
    assert!(filtered.contains(TOLD[2]), "{filtered}");
}

/// The words of the overview of the demo, after these keys.
async fn overview(keys: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("overview.svg");
    let words = format!("demo telehealth-fargate --screenshot {} --size 120x30", picture.display());
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_rounds"));
    let program = program.args(words.split(' ')).args(["--keys", keys]).env_clear().env("HOME", home.path());
    let output = program.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let picture = fs::read_to_string(&picture).unwrap();
    picture.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, words)| words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_every_scenario_are_exported_whole() {
    for (scenario, rows) in [("ehr-mongo", 0), ("ehr-aurora", 4), ("telehealth-fargate", 3), ("rx-spot", 0)] {
        let run = run_on(scenario, "export databases --format json").await;
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{scenario}: {}", run.out);
        let document = run.document();
        assert_eq!(document["stacks"][0]["state"], "fresh", "{scenario}: {}", run.out);
        let exported = document["rows"].as_array().unwrap();
        assert_eq!(exported.len(), rows, "{scenario}: {}", run.out);
        let measured = |row: &&serde_json::Value| row["kind"] == "cluster" || row["connections"].is_number();
        assert_eq!(exported.iter().filter(measured).count(), rows, "{scenario}: {}", run.out);
    }
}
