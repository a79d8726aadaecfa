//! P11: what the console costs an account in calls, alone and among others, in paused time: it counts, and needs no quiet machine.

use std::collections::BTreeMap;
use std::time::Duration;

use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::{Class, Rates};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::Scale;
use crate::crowd::Crowd;
use crate::table::Table;

const MINUTE: Duration = Duration::from_mins(1);
/// The share of a bucket's refill one console may take.
const SHARE: f64 = 0.25;
/// Minutes for which one is watched: long enough for what is read every five minutes.
const MINUTES: u32 = 10;

/// The reference systems. What is not a scenario of the demo is a stack of its size: two environments of Elastic Beanstalk,
/// whose tasks belong to no service, stand as one cluster of eight services and sixteen instances.
fn systems() -> Vec<(String, Scenario)> {
    let known = rounds::backend::sim::scenarios().iter();
    let mut all: Vec<_> = known.map(|k| (k.name.to_owned(), k.scenario().expect("it is built in"))).collect();
    all.push(("claims-beanstalk (its size)".to_owned(), Scenario::sized(8, 48, 16)));
    all.push(("one cluster of 300 services".to_owned(), Scenario::sized(300, 1_500, 100)));
    all
}

/// Measures it.
pub fn measure(scale: Scale) {
    for (name, scenario) in systems() {
        alone(&name, &scenario);
    }
    crowded(u32::try_from(scale.of(10)).unwrap_or(1));
}

fn run<T>(what: impl Future<Output = T>) -> T {
    fastrand::seed(7);
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime").block_on(what)
}

/// Calls a minute of one console on its overview, by the bucket they are taken from.
fn alone(name: &str, scenario: &Scenario) {
    let (first, calls) = run(async {
        let crowd = Crowd::on(scenario, 1);
        sleep(MINUTE).await;
        let first = crowd.sim.calls();
        sleep(MINUTE * MINUTES).await;
        let mut calls = crowd.sim.calls();
        calls.retain(|action, n| {
            *n -= first.get(action).copied().unwrap_or(0);
            *n > 0
        });
        (first.values().sum::<u64>(), calls)
    });
    let mut table = Table::new(&format!("P11 calls a minute, overview, {name}, simulated, over {MINUTES} minutes"));
    table.note("the first minute: calls", first);
    let of_aws = |action: &str| action.contains(':');
    let a_minute = |n: u64| format!("{:.1}", n as f64 / f64::from(MINUTES));
    table.note("AWS, all calls", a_minute(calls.iter().filter(|(a, _)| of_aws(a)).map(|(_, n)| n).sum()));
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    for (action, n) in &calls {
        match Class::of(action) {
            Some(class) if Rates::Documented.of(class).is_some() => *classes.entry(class).or_default() += n,
            // What has no published rate, and commands to replica sets.
            _ => drop(table.note(&format!("  {action}"), a_minute(*n))),
        }
    }
    for (class, n) in classes {
        let rate = Rates::Documented.of(class).map_or(0, |rate| rate.per_second);
        let most = f64::from(rate) * 60.0 * SHARE;
        let figure = n as f64 / f64::from(MINUTES);
        table.at_most(
            &format!("  {class:?}"),
            figure,
            format!("{figure:.1}"),
            most,
            format!("{most:.0}, a quarter of the refill"),
        );
    }
}

/// Twenty of them on one account, one of which forces a deployment each minute.
fn crowded(minutes: u32) {
    let (calls, throttled, later, mut acks, polls) = run(async {
        let crowd = Crowd::on(&Scenario::sized(25, 120, 17), 20);
        let (mut acks, mut first) = (Vec::new(), (0, 0));
        for minute in 0..minutes {
            sleep(MINUTE / 2).await;
            acks.push(crowd.act(minute as usize * 2 % 20).await);
            sleep(MINUTE / 2).await;
            if minute == 0 {
                first = crowd.calls();
            }
        }
        let (calls, throttled) = crowd.calls();
        let polls = crowd.members.iter().map(|member| {
            let read_at = member.read_at.lock().expect("no panic");
            read_at.get("ecs").map_or(0, Vec::len)
        });
        (calls, throttled, (calls - first.0, throttled - first.1), acks, polls.sum::<usize>())
    });
    let mut table = Table::new(&format!(
        "P11 twenty consoles on one account, {minutes} minutes, 25 services, 120 tasks, 17 instances"
    ));
    let share = |part: u64, whole: u64| part as f64 / (whole as f64).max(1.0);
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    table.note("calls a second, all together", format!("{:.1}", calls as f64 / f64::from(minutes) / 60.0));
    table.note("throttled, the common start included", percent(share(throttled, calls)));
    let later = share(later.1, later.0);
    table.at_most("throttled after the first minute", later, percent(later), 0.01, "1 %");
    let every = f64::from(minutes) * 60.0 * 20.0 / polls.max(1) as f64;
    table.note("a console reads ECS every", format!("{every:.1} s"));
    acks.sort();
    let slowest = acks.last().copied().unwrap_or_default();
    table.within("an action: from confirmed to AWS's answer, the slowest", slowest, Duration::from_secs(3));
}
