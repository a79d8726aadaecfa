//! When feeds poll: their own interval, on request, on focus, slower when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rounds::app::{Msg, update};
use rounds::backend::sim::{Scenario, Sim, SimClock, Speed};
use rounds::feed::Budgets;
use rounds::model::FaultKind;
use rounds::text::Text;
use rounds::time::{Clock, Timestamp};
use tokio::time::Instant;

use crate::console::Console;
use crate::ports::Before;
use crate::{Paused, Rig, START, about, stack, wait};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_feed_on_screen_polls_every_five_seconds_and_another_a_third_as_often() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    let (first, at) = running.next("ecs").await;
    assert_eq!((first.result.is_ok(), at), (true, Duration::ZERO), "at once");
    let focused = running.until("ecs", MINUTE).await.len();
    assert!((10..=13).contains(&focused), "{focused} polls in a minute");
    running.focus(&["identity"]);
    let (_, at) = running.next("ecs").await;
    let unfocused = running.until("ecs", at + MINUTE).await;
    assert!((3..=5).contains(&unfocused.len()), "{} polls in a minute", unfocused.len());
    assert!(unfocused.iter().all(|(fetched, _)| about(wait(fetched), 15.0)));
}

#[tokio::test(start_paused = true)]
async fn coming_into_focus_polls_at_once() {
    let rig = Rig::small();
    let mut running = rig.start(&[]);
    running.next("ecs").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    running.focus(&["ecs"]);
    let (fetched, at) = running.next("ecs").await;
    assert_eq!(at, Duration::from_secs(5));
    assert!(about(wait(&fetched), 5.0), "{}", wait(&fetched));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_polls_every_feed_at_once_and_at_most_once_a_second() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    running.until("ecs", Duration::from_secs(3)).await;
    running.nudge();
    let (_, at) = running.next("identity").await;
    assert_eq!(at, Duration::from_secs(3), "once a minute by itself");
    let before = rig.calls("sts:GetCallerIdentity");
    for _ in 0..50 {
        running.nudge();
        tokio::time::sleep(Duration::from_millis(100)).await;
        while running.results.try_recv().is_ok() {}
    }
    let polls = rig.calls("sts:GetCallerIdentity") - before;
    assert!((4..=6).contains(&polls), "{polls} polls in 5 s of hammering");
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_never_under_way_twice() {
    let rig = Rig::small();
    rig.sim.faults().delay("ecs:DescribeClusters", Duration::from_secs(2));
    let ports = Before::new(&rig.sim);
    let mut running = rig.start_on(&ports.backend(), &["ecs"]);
    for _ in 0..60 {
        running.nudge();
        tokio::time::sleep(Duration::from_millis(500)).await;
        while running.results.try_recv().is_ok() {}
    }
    assert_eq!(ports.most.load(Ordering::SeqCst), 1);
    let polls = rig.calls("ecs:DescribeClusters");
    assert!((14..=16).contains(&polls), "{polls} polls of 2 s in 30 s");
}

#[tokio::test(start_paused = true)]
async fn the_interval_doubles_while_the_service_asks_to_slow_down_and_recovers() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    running.next("ecs").await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        rig.sim.faults().fail_times("ecs:DescribeServices", FaultKind::Throttled, 1);
        let (fetched, _) = running.next("ecs").await;
        let snapshot = fetched.result.as_ref().map_err(ToString::to_string).expect("it went well in the end");
        assert!(snapshot.slowed && snapshot.gaps.is_empty());
        waits.push(wait(&fetched));
    }
    let expected = [10.0, 20.0, 40.0, 60.0, 60.0, 60.0];
    assert!(waits.iter().zip(expected).all(|(wait, expected)| about(*wait, expected)), "{waits:?}");
    let mut waits = Vec::new();
    for _ in 0..5 {
        waits.push(wait(&running.next("ecs").await.0));
    }
    // In halves to where it began, then with care.
    let expected = [40.0, 20.0, 10.0, 9.7, 9.4];
    assert!(waits.iter().zip(expected).all(|(wait, expected)| about(*wait, expected)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_fails_waits_longer_each_time_but_not_after_a_refresh() {
    let rig = Rig::small();
    rig.sim.faults().fail("sts:GetCallerIdentity", FaultKind::Server);
    let mut running = rig.start(&[]);
    let mut waits = Vec::new();
    for _ in 0..6 {
        waits.push(wait(&running.next("identity").await.0));
    }
    for (wait, ceiling) in waits.iter().zip([5.0, 10.0, 20.0, 40.0, 60.0, 60.0]) {
        assert!((ceiling / 2.0..=ceiling).contains(wait), "{waits:?}");
    }
    rig.sim.faults().clear();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = running.began.elapsed();
    running.nudge();
    let (fetched, at) = running.next("identity").await;
    assert_eq!((fetched.result.is_ok(), at), (true, asked));
}

/// The clock of a machine that slept for so many seconds, of which its timers know nothing.
struct Slept(Instant, AtomicU64);

impl Clock for Slept {
    fn now(&self) -> Timestamp {
        START + self.0.elapsed() + Duration::from_secs(self.1.load(Ordering::SeqCst))
    }
}

#[tokio::test(start_paused = true)]
async fn a19_an_hour_asleep_makes_all_stale_at_once_and_nothing_is_caught_up_on() {
    for timers_too in [false, true] {
        let began = Instant::now();
        let slept = Arc::new(Slept(began, AtomicU64::new(0)));
        let clock: Arc<dyn Clock> = Arc::clone(&slept) as Arc<dyn Clock>;
        let sim = Sim::new(&Scenario::sized(3, 9, 3), 1, Arc::clone(&clock));
        let rig = Rig { sim, clock, began };
        let mut running = rig.start(&["ecs"]);
        let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
        while !console.state.world.all_read() {
            let news = running.results.recv().await.unwrap();
            update(&mut console.state, rig.clock.now(), Msg::News(Box::new(news)));
        }
        assert!(!console.screen('2').contains("stale"));
        if timers_too {
            tokio::time::advance(Duration::from_hours(1)).await;
        } else {
            slept.1.store(3_600, Ordering::SeqCst);
        }
        update(&mut console.state, rig.clock.now(), Msg::Tick);
        assert!(console.screen('2').contains("ecs: stale, read 1h"), "{}", console.screen('2'));
        let woke = began.elapsed();
        let before = rig.calls("ecs:DescribeServices");
        let polls = running.until("ecs", woke + MINUTE).await;
        let calls = rig.calls("ecs:DescribeServices") - before;
        assert!((10..=14).contains(&polls.len()), "{} polls in the minute after", polls.len());
        assert!(calls <= polls.len() as u64, "{calls} calls");
        for (fetched, _) in polls {
            update(&mut console.state, rig.clock.now(), Msg::from(fetched));
        }
        assert!(!console.screen('2').contains("ecs: stale"), "{}", console.screen('2'));
    }
}

const DATA: &str = "cloudwatch:GetMetricData";

fn telehealth() -> Rig {
    let scenario = Scenario::named("telehealth-fargate").expect("it is known");
    Rig::starting(&scenario, scenario.start())
}

#[tokio::test(start_paused = true)]
async fn rows_that_come_on_screen_are_measured_at_once_but_scrolling_is_not_a_call_a_key() {
    let rig = telehealth();
    let mut running = rig.start(&["rds", "metrics"]);
    running.next("metrics").await;
    running.until("metrics", Duration::from_secs(20)).await;
    let (arns, before) = (arns(&rig).await, rig.calls(DATA));
    assert_eq!((arns.len(), before), (3, 1));
    // Read 20 s ago: CloudWatch has nothing newer.
    running.show(&arns[..1]);
    running.until("metrics", Duration::from_secs(50)).await;
    assert_eq!(rig.calls(DATA) - before, 0);
    running.show(&[]);
    running.until("metrics", Duration::from_secs(110)).await;
    let (before, shown) = (rig.calls(DATA), Duration::from_secs(112));
    tokio::time::sleep_until(rig.began + shown).await;
    // A look in between that had nothing to ask for is not the one that is waited for.
    while running.results.try_recv().is_ok() {}
    running.show(&arns[..1]);
    let (_, at) = running.next("metrics").await;
    // At once, unless it has just looked: then once that is 3 s ago.
    assert!((shown..=shown + Duration::from_secs(3)).contains(&at), "{at:?}");
    assert_eq!(rig.calls(DATA) - before, 1);
    for key in 0..100 {
        running.show(&arns[key % 2 + 1..key % 2 + 2]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        while running.results.try_recv().is_ok() {}
    }
    let calls = rig.calls(DATA) - before;
    assert!((2..=3).contains(&calls), "{calls} calls: no row twice, however often it comes and goes");
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_failover_is_measured_every_minute_wherever_the_user_looks() {
    let rig = telehealth();
    let mut running = rig.start(&["ecs"]);
    running.until("metrics", 5 * MINUTE).await;
    let before = rig.calls(DATA);
    assert_eq!(before, 1, "all is well, and nobody looks");
    running.until("metrics", 25 * MINUTE).await;
    let calls = rig.calls(DATA) - before;
    assert!((17..=23).contains(&calls), "{calls} calls in 20 minutes after a failover");
}

#[tokio::test(start_paused = true)]
async fn a_world_that_runs_faster_is_polled_as_often_in_its_own_time() {
    let scenario = Scenario::named("telehealth-fargate").expect("it is known");
    let (began, start) = (Instant::now(), scenario.start());
    let speed = Speed::parse("10x").expect("a speed");
    let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Arc::new(Paused(began, start)), start, speed));
    let rig = Rig { sim: Sim::new(&scenario, 1, Arc::clone(&clock)), clock, began };
    let mut running = rig.start(&["rds", "metrics"]);
    running.show(&arns(&rig).await);
    let polls = running.until("metrics", MINUTE).await;
    assert!((9..=12).contains(&polls.len()), "{} polls in ten minutes of that world", polls.len());
    for pair in polls.windows(2) {
        let [(before, _), (after, _)] = pair else { continue };
        assert!(after.at <= before.next + Duration::from_secs(60), "{:?} is due, {:?} it comes", before.next, after.at);
    }
}

async fn arns(rig: &Rig) -> Vec<Text> {
    let backend = rig.sim.backend();
    let instances = backend.rds.instances(None).await.expect("instances").items;
    let proxies = backend.proxies.proxies(None).await.expect("proxies").items;
    instances.into_iter().map(|i| i.arn).chain(proxies.into_iter().map(|p| p.arn)).collect()
}
