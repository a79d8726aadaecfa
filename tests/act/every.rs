//! Every action there is, on a world of one of everything: what its plan shows is what the wire receives, to the last parameter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rounds::action::audit::Audit;
use rounds::action::executor::{Ended, Order, Progress, WATCH, execute};
use rounds::action::plan::{Level, Plan};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::{ACTIONS, ActionSpec, Actor, Bench, action, ids};
use rounds::app::{Msg, Options, State, update};
use rounds::backend::sim::wire::{self, Rates, Server, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::{Budgets, FEEDS, Sweep};
use rounds::health::Thresholds;
use rounds::keymap::Keymap;
use rounds::model::stack::Stack;
use rounds::time::{Clock, ManualClock};
use rounds::view::view_of_kind;
use serde_json::Value;
use tokio::time::Instant;

use crate::backend::{ANY, connect, stack};

/// What has to be done before there is anything to do.
const BEFORE: &[(&str, &str)] = &[
    ("reactivate", "drain"),
    ("unarchive", "archive"),
    ("resume-processes", "suspend-processes"),
    ("resume-scaling", "suspend-scaling"),
    ("rollback", "force-deploy"),
];

/// What has no place on AWS's wire: a real set takes it in tests/mongo. And what has no row in a console that begins now: findings
/// archived before are not read; they are taken back in tests/act/opted.rs.
const ELSEWHERE: &[&str] = &["step-down", "unarchive"];

/// A world behind AWS's formats, and a bench on it.
struct World {
    clock: Arc<dyn Clock>,
    sim: Sim,
    server: Server,
    stack: Stack,
    bench: Bench,
    dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let scenario = Scenario::parse(include_str!("../data/everything.toml"), "everything.toml").expect("a scenario");
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(scenario.opens()));
        let sim = Sim::new(&scenario, 1, Arc::clone(&clock));
        let options = wire::Options { clock: Arc::clone(&clock), rates: Rates::Off, ..wire::Options::default() };
        let server = serve(sim.backend(), options).await.expect("a port");
        let allow = ids().into_iter().map(str::to_owned).collect();
        let stack = Stack { allow, ..stack(&server.endpoint_url(), &[]) };
        let ports = connect(&stack, ANY).await;
        let bench = Bench::new(stack.clone(), ports, Arc::clone(&clock), Arc::new(Budgets::default()));
        Self { clock, sim, server, stack, bench, dir: tempfile::tempdir().expect("a directory") }
    }

    /// The targets of an action, as the console would offer them.
    async fn targets(&self, spec: &ActionSpec) -> Vec<String> {
        let ports = self.sim.backend();
        let mut sweep = Sweep::new(0, &self.stack, &ports, &self.clock, &Arc::new(Budgets::unlimited()));
        let now = self.clock.now();
        let options = Options::default();
        let mut state = State::new(vec![self.stack.clone()], Thresholds::default(), Keymap::default(), options, now);
        for feed in FEEDS {
            if let Some(fetched) = sweep.poll(feed, Instant::now() + std::time::Duration::from_secs(25)).await {
                update(&mut state, now, Msg::from(fetched));
            }
        }
        let view = spec.kinds().find_map(view_of_kind).expect("a view has such rows");
        let rows = (view.rows)(&state.world.scene());
        // Several rows may lead to the same.
        let aims = rows.iter().filter_map(|row| (spec.aim)(state.world.facts(0), &row.id)).map(|aim| aim.to_string());
        aims.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A plan that nothing blocks, of as many as there are targets.
    async fn plan(&self, spec: &'static ActionSpec) -> Plan {
        let mut told = Vec::new();
        for target in self.targets(spec).await {
            for target in values(&target, spec) {
                match (spec.plan)(&self.bench, &target).await {
                    Ok(plan) if plan.level() < Level::Block => return plan,
                    Ok(plan) => told.push(format!("{target}: {:?}", plan.checks(Level::Block).collect::<Vec<_>>())),
                    Err(error) => told.push(format!("{target}: {error}")),
                }
            }
        }
        panic!("nothing to do by {}: {told:#?}", spec.id);
    }

    /// Carries it out until it is sent.
    async fn send(&self, plan: &Plan) {
        let all = || ids().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let confirmation = Confirmation { name: plan.confirm(), reason: "why".to_owned(), ticket: None, mode: "flag" };
        let order = Order {
            bench: &self.bench,
            audit: &Audit::at(self.dir.path().join("audit")),
            rules: &Rules { allow: all(), opt_in: all(), ..Rules::default() },
            confirmation: &confirmation,
            actor: &Actor::named("ana", "bastion"),
            watch: WATCH,
            grace: None,
        };
        let sent = tokio::sync::Notify::new();
        let tell = |progress| {
            if matches!(progress, Progress::Sent(_)) {
                sent.notify_one();
            }
        };
        let stop = async {
            sent.notified().await;
            "enough".to_owned()
        };
        let ended = execute(plan, &order, &tell, stop).await;
        assert!(matches!(ended, Ended::Sent(..)), "{}: {ended:?}", plan.action.id);
    }
}

/// A target as it is offered, and with other values where it takes one.
fn values(target: &str, spec: &ActionSpec) -> Vec<String> {
    let Some((of, now)) = spec.asks.and_then(|_| target.rsplit_once('=')) else { return vec![target.to_owned()] };
    let others = now.parse::<u32>().ok().map(|now| format!("{of}={}", now + 1));
    others.into_iter().chain([target.to_owned()]).collect()
}

/// Names and values of a body, JSON or a form; the items of a list, and the members of what has some, sorted.
fn received(body: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    if let Ok(Value::Object(body)) = serde_json::from_slice(body) {
        for (name, value) in body {
            all.insert(name, items(&value));
        }
    } else {
        let body = std::str::from_utf8(body).expect("a form");
        for pair in body.split('&') {
            let (name, value) = pair.split_once('=').expect("a pair");
            let name = name.split(".member.").next().unwrap_or(name);
            if !matches!(name, "Action" | "Version") {
                all.entry(name.to_owned()).or_default().push(decoded(value));
            }
        }
    }
    for items in all.values_mut() {
        items.sort_unstable();
    }
    all
}

fn items(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(self::items).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| format!("{name}:{}", plain(value))).collect(),
        other => vec![plain(other)],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of a form.
fn decoded(value: &str) -> String {
    let mut bytes = value.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let hex = [bytes.next(), bytes.next()].map(|digit| char::from(digit.expect("two digits")));
                u8::from_str_radix(&String::from_iter(hex), 16).expect("hexadecimal")
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).expect("UTF-8")
}

#[tokio::test]
async fn f14_every_action_sends_what_its_plan_shows_and_nothing_else() {
    let mut seen = BTreeSet::new();
    for spec in ACTIONS.iter().filter(|spec| !ELSEWHERE.contains(&spec.id)) {
        let world = World::new().await;
        if let Some((_, first)) = BEFORE.iter().find(|(id, _)| *id == spec.id) {
            world.send(&world.plan(action(first).expect("it is there")).await).await;
        }
        let before = world.server.counters().mutations.len();
        let plan = world.plan(spec).await;
        world.send(&plan).await;
        let mutations = world.server.counters().mutations;
        let [sent] = &mutations[before..] else { panic!("{}: one request, not {:?}", spec.id, &mutations[before..]) };
        assert_eq!(sent.action, plan.change.action());
        assert!(spec.actions.contains(&plan.change.action()), "{}: {}", spec.id, plan.change.action());
        let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in plan.change.parameters() {
            assert!(plan.call().contains(&format!(" {name}={value}")), "{}", plan.call());
            let mut items: Vec<String> = value.split(',').map(str::to_owned).collect();
            items.sort_unstable();
            shown.insert(name.to_owned(), items);
        }
        // A detector is named by the path of its requests.
        shown.remove("detectorId");
        assert_eq!(received(&sent.body), shown, "{}", plan.call());
        seen.insert(spec.id);
    }
    let elsewhere = ACTIONS.iter().filter(|spec| ELSEWHERE.contains(&spec.id)).count();
    assert_eq!(seen.len() + elsewhere, ACTIONS.len());
}
