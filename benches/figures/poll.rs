//! P13: what a poll of a replica set asks of its members, and what the answers weigh.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use crate::Scale;
use crate::mongod::{Plan, ReplicaSet, free_ports, program};
use crate::pty::{Program, Running};
use crate::relay::{Exchange, Relay};
use crate::table::Table;
use crate::world::World;

/// Members of the set.
const MEMBERS: u64 = 3;
/// A member is asked for its figures so often at most.
const FIGURES: Duration = Duration::from_secs(30);
/// The most that an answer to `serverStatus` may take, in bytes.
const MOST: u64 = 8_000;
/// Between two polls nothing passes for longer than this, and in one never.
const REST: Duration = Duration::from_millis(300);
/// What a poll may send; the oplog is read by `find`, one for each end.
const COMMANDS: [&str; 5] = ["hello", "replSetGetStatus", "serverStatus", "find", "replSetGetConfig"];

/// Measures it, where there is a `mongod`.
pub fn measure(scale: Scale) {
    let Some(program) = program() else { return };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let ports = free_ports(3);
    let relay = runtime.block_on(Relay::before(&ports));
    let plan = Plan { priorities: vec![2.0, 1.0, 1.0], ports, names: relay.hosts.clone(), ..Plan::default() };
    let set = runtime.block_on(ReplicaSet::start(program, plan));
    let world = World::of(1, 1, 1);
    let home = tempfile::tempdir().expect("a directory");
    let config = home.path().join("rounds.toml");
    let uri = format!("mongodb://{}/?replicaSet=rounds", relay.hosts.join(","));
    let text = format!("[[stack]]\nname = \"ehr\"\nregion = \"us-east-1\"\n\n[stack.mongo]\nuri = \"{uri}\"\n");
    fs::write(&config, text).expect("written");

    let path = config.display().to_string();
    let mut running = Program::at(&world.server.endpoint_url(), &["--config", &path]).start();
    running.press("5");
    running.sees("PRIMARY");
    let first = between(&mut running, &relay);
    let begun = Instant::now();
    running.listen(Duration::from_secs(scale.of(70) as u64));
    let all = between(&mut running, &relay);
    let took = begun.elapsed();
    running.quit();
    drop(set);
    let (cold, warm) = all.split_at(first.len());
    told(cold, warm, took);
}

/// Everything that has passed, at a moment between two polls.
fn between(running: &mut Running, relay: &Relay) -> Vec<Exchange> {
    loop {
        let passed = relay.passed();
        if passed.last().is_some_and(|last| last.at.elapsed() > REST) {
            return passed;
        }
        running.listen(REST / 3);
    }
}

fn told(cold: &[Exchange], warm: &[Exchange], took: Duration) {
    let asked = |command: &str| warm.iter().filter(|e| !e.by_driver && e.command == command).count() as u64;
    let all = polls_of(warm);
    let polls = all.len() as u64;
    let title =
        format!("P13 a replica set of three mongods, its view on screen: {polls} polls in {} s", took.as_secs());
    let mut table = Table::new(&title);
    // One poll every 5 s; without any, nothing below would be missed.
    table.at_least("polls", polls, took.as_secs() / 10);
    for command in ["hello", "replSetGetStatus"] {
        let of = |poll: &Vec<&Exchange>| -> Vec<usize> {
            poll.iter().filter(|e| e.command == command).map(|e| e.member).collect()
        };
        let most = all.iter().map(|poll| of(poll).len() as u64).max().unwrap_or(0);
        let fewest =
            all.iter().map(|poll| of(poll).into_iter().collect::<BTreeSet<_>>().len() as u64).min().unwrap_or(0);
        table.count(&format!("{command}, the most of a poll"), most, MEMBERS, "");
        table.at_least(&format!("{command}, the fewest members of a poll"), fewest, MEMBERS);
    }
    let most = (0..3).map(|member| most_within(warm, member)).max().unwrap_or(0);
    table.count("serverStatus of a member in 30 s, at most", most, 1, "");
    for command in ["serverStatus", "find"] {
        table.note(&format!("{command} in all polls"), asked(command));
    }
    table.count("replSetGetConfig after the first poll", asked("replSetGetConfig"), 0, "");
    let others = cold.iter().chain(warm).filter(|e| !e.by_driver && !COMMANDS.contains(&e.command.as_str()));
    table.count("other commands", others.count() as u64, 0, "");
    table.note("the driver for itself, in all polls", warm.iter().filter(|e| e.by_driver).count());
    for command in COMMANDS {
        let of = |e: &&Exchange| !e.by_driver && e.command == command;
        let bytes = cold.iter().chain(warm).filter(of).map(|e| e.received as u64).max().unwrap_or(0);
        let what = format!("  the largest answer to {command}");
        if command == "serverStatus" {
            table.count(&what, bytes, MOST, "B");
        } else {
            table.note(&what, format!("{bytes} B"));
        }
    }
    let usual = |e: &&Exchange| !e.by_driver && ["hello", "replSetGetStatus"].contains(&e.command.as_str());
    let sent: usize = warm.iter().filter(usual).map(|e| e.sent).sum();
    let received: usize = warm.iter().filter(usual).map(|e| e.received).sum();
    let a_poll = |bytes: usize| bytes as u64 / polls.max(1);
    table.note("a poll without figures: sent, received", format!("{} B, {} B", a_poll(sent), a_poll(received)));
}

/// What the console asked, poll by poll.
fn polls_of(passed: &[Exchange]) -> Vec<Vec<&Exchange>> {
    let mut polls: Vec<Vec<&Exchange>> = Vec::new();
    for exchange in passed.iter().filter(|e| !e.by_driver) {
        match polls.last_mut() {
            Some(poll) if poll.last().is_some_and(|last| exchange.at - last.at <= REST) => poll.push(exchange),
            _ => polls.push(vec![exchange]),
        }
    }
    polls
}

/// How often a member was asked for its figures within the time in which that may happen once.
fn most_within(warm: &[Exchange], member: usize) -> u64 {
    let asked = warm.iter().filter(|e| e.member == member && e.command == "serverStatus");
    let times: Vec<Instant> = asked.map(|e| e.at).collect();
    let from = |at: &Instant| times.iter().filter(|other| *other >= at && **other < *at + FIGURES).count() as u64;
    times.iter().map(from).max().unwrap_or(0)
}
