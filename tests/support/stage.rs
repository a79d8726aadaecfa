//! A simulated stack behind AWS's formats, the program on it, and what both have noted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::wire::{self, Options, Rates, serve};
use rounds::backend::sim::{Scenario, Sim, SimClock, Speed};
use rounds::time::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};

use super::binary::{Run, run};

const UPDATE: &str = "ecs:UpdateService";

/// A simulated stack behind AWS's formats.
pub struct Stage {
    pub server: wire::Server,
    pub sim: Sim,
    pub home: tempfile::TempDir,
}

impl Stage {
    /// A world of this many services on this clock.
    pub async fn on(services: u32, clock: impl FnOnce(&Scenario) -> Arc<dyn Clock>) -> Self {
        Self::of(&Scenario::sized(services, services * 2, 3), clock).await
    }

    /// The world of this scenario on this clock.
    pub async fn of(scenario: &Scenario, clock: impl FnOnce(&Scenario) -> Arc<dyn Clock>) -> Self {
        let sim = Sim::new(scenario, 1, clock(scenario));
        let options = Options { rates: Rates::Off, ..Options::default() };
        let server = serve(sim.backend(), options).await.expect("a port");
        Self { server, sim, home: tempfile::tempdir().expect("a directory") }
    }

    /// A world whose deployments are done within seconds.
    pub async fn fast() -> Self {
        let speed = Speed::parse("100x").expect("a speed");
        Self::on(3, |scenario| Arc::new(SimClock::new(Arc::new(SystemClock), scenario.opens(), speed))).await
    }

    /// A world that stands still: no deployment ever ends.
    pub async fn still(services: u32) -> Self {
        Self::on(services, |scenario| Arc::new(ManualClock::at(scenario.opens()))).await
    }

    /// An instance with a standby behind a proxy, and an Aurora cluster, from nine minutes ago on and twenty times as fast: the
    /// loopback tells no event of its future.
    pub async fn databases() -> Self {
        let text = format!(
            "
            title = 't'
            about = 'a'
            hint = 'h'
            start = '{}'
            caller = {{ account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }}

            [[database]]
            name = 'claims-db'
            engine = 'postgres'
            version = '16.4'
            class = 'db.m6g.large'
            zone = 'us-east-1a'
            standby = 'us-east-1b'

            [[db-cluster]]
            name = 'ws'
            engine = 'aurora-postgresql'
            version = '16.4'
            class = 'db.r6g.large'
            member = [
                {{ name = 'ws-1', zone = 'us-east-1a', tier = 0 }},
                {{ name = 'ws-2', zone = 'us-east-1b', tier = 1 }},
                {{ name = 'ws-3', zone = 'us-east-1c', tier = 2 }},
            ]

            [[proxy]]
            name = 'claims-proxy'
            target = 'claims-db'
            secrets = []
            ",
            (SystemClock.now() - Duration::from_mins(9)).rfc3339()
        );
        let scenario = Scenario::parse(&text, "test").expect("a scenario");
        let speed = Speed::parse("20x").expect("a speed");
        Self::of(&scenario, |scenario| Arc::new(SimClock::new(Arc::new(SystemClock), scenario.opens(), speed))).await
    }

    pub async fn run(&self, words: &str) -> Run {
        run(words, &self.server.endpoint_url(), self.home.path()).await
    }

    /// How often it was sent, and how often it changed something.
    pub fn sent(&self) -> (u64, usize) {
        (self.server.counters().calls(UPDATE), self.sim.with(|world| world.mutations().len()))
    }

    /// The records, each as `phase outcome`; the chain must be whole.
    pub async fn records(&self) -> Vec<String> {
        records(&self.server.endpoint_url(), self.home.path()).await
    }
}

pub async fn records(endpoint: &str, home: &Path) -> Vec<String> {
    let verified = run("audit verify --json", endpoint, home).await;
    assert_eq!((verified.code, &verified.document()["intact"]), (0, &json!(true)), "{verified:?}");
    let shown = run("audit show --json", endpoint, home).await;
    let lines = shown.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|r| format!("{} {}", r["phase"], r["outcome"]).replace('"', "")).collect()
}
