//! When feeds poll: their own interval, on request, on focus, slower when told to.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rounds::model::FaultKind;

use crate::ports::Before;
use crate::{Rig, about, wait};

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
    let expected = [40.0, 20.0, 10.0, 5.0, 5.0];
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
