//! What feeds make of faults: how often they try again, and what they keep.

use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::ANY;
use rounds::feed::{Budgets, feed};
use rounds::model::ecs::EcsFacts;
use rounds::model::{FaultKind, Severity};
use rounds::store::{Fetched, Snapshot};

use crate::console::Console;
use crate::ports::Before;
use crate::{Rig, START, stack};

fn snapshot(fetched: &Fetched) -> &Snapshot {
    fetched.result.as_ref().map_err(ToString::to_string).expect("it went well")
}

fn ecs(fetched: &Fetched) -> &EcsFacts {
    snapshot(fetched).data.downcast_ref().expect("of ECS")
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_is_tried_again_after_five_minutes_and_the_others_go_on() {
    for denied in ["ecs:DescribeTasks", "ecs:ListTasks", "ecs:DescribeServices", "ecs:ListContainerInstances"] {
        let rig = Rig::small();
        rig.sim.faults().deny(denied);
        let mut running = rig.start(&["ecs", "stopped-tasks"]);
        let polls = running.until("ecs", Duration::from_secs(290)).await;
        assert!(polls.len() > 40, "{} polls", polls.len());
        let last = &polls.last().unwrap().0;
        assert_eq!(snapshot(last).gaps.iter().map(|gap| gap.fault.action).collect::<Vec<_>>(), [denied]);
        // Stopped tasks are asked for by the same action, once each.
        let most = if denied == "ecs:ListTasks" { 2 } else { 1 };
        assert!(rig.calls(denied) <= most, "{denied}: {} calls", rig.calls(denied));
        let going_on = if denied == "ecs:DescribeServices" { "ecs:DescribeTasks" } else { "ecs:DescribeServices" };
        assert!(rig.calls(going_on) > 40, "{denied}: {} calls of {going_on}", rig.calls(going_on));
        rig.sim.faults().clear();
        let polls = running.until("ecs", Duration::from_secs(320)).await;
        let last = &polls.last().unwrap().0;
        assert_eq!(snapshot(last).gaps, [], "{denied}");
        assert_eq!((ecs(last).services.len(), ecs(last).tasks.len(), ecs(last).instances.len()), (3, 9, 3));
        assert_eq!(ecs(last).missing, []);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_is_denied_is_named_and_nothing_else_is_lost() {
    let actions: Vec<&str> = feed("ecs").unwrap().actions.to_vec();
    for subset in 0_u32..1 << actions.len() {
        let denied: Vec<&str> = (0..actions.len()).filter(|i| subset >> i & 1 == 1).map(|i| actions[i]).collect();
        let rig = Rig::small();
        for action in &denied {
            rig.sim.faults().deny(action);
        }
        let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
        console.poll(Duration::from_mins(1)).await;
        let may = |action: &str| !denied.contains(&action);
        let counts = console
            .state
            .world
            .facts(0)
            .get::<EcsFacts>()
            .map(|ecs| [ecs.clusters.len(), ecs.services.len(), ecs.tasks.len(), ecs.instances.len()]);
        let count = |n: usize, list: &str, describe: &str| if may(list) && may(describe) { n } else { 0 };
        let expected = [
            count(1, "ecs:ListClusters", "ecs:DescribeClusters"),
            count(3, "ecs:ListServices", "ecs:DescribeServices"),
            count(9, "ecs:ListTasks", "ecs:DescribeTasks"),
            count(3, "ecs:ListContainerInstances", "ecs:DescribeContainerInstances"),
        ];
        let anything = may("ecs:ListClusters") && expected.iter().any(|n| *n > 0);
        assert_eq!(counts, anything.then_some(expected), "without {denied:?}");
        // Every call that was made and denied is in the error log, and on screen the first of them.
        let told: Vec<&str> = console.state.world.log.iter().map(|line| line.fault.action).collect();
        let made = denied.iter().filter(|action| rig.calls(action) > 0);
        for action in made {
            assert!(told.contains(action) || !anything, "{action} is not told, without {denied:?}");
        }
        assert!(told.iter().all(|action| denied.contains(action)), "{told:?} without {denied:?}");
        assert_eq!(console.screen('1').contains("denied (ecs:"), !told.is_empty(), "without {denied:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_pane_names_what_it_lacks_and_each_cause_is_told_once() {
    let rig = Rig::small();
    for action in ["ecs:DescribeServices", "ecs:DescribeContainerInstances", "autoscaling:DescribeAutoScalingGroups"] {
        rig.sim.faults().deny(action);
    }
    rig.sim.faults().deny("sts:GetCallerIdentity");
    let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
    console.poll(Duration::from_mins(1)).await;
    for (view, title) in [
        ('2', "partial: 0 of 3 services of scale, denied (ecs:DescribeServices)"),
        ('3', "groups: denied (autoscaling:DescribeAutoScalingGroups)"),
        ('4', "fresh, oldest"),
    ] {
        let screen = console.screen(view);
        assert!(screen.contains(title), "{view}: {title}: {screen}");
    }
    let overview = console.screen('1');
    let (_, problems) = overview.split_once("problems").unwrap();
    for action in ["DescribeServices", "DescribeContainerInstances", "DescribeAutoScalingGroups", "GetCallerIdentity"] {
        let told =
            problems.lines().filter(|line| line.starts_with("│ ?") && line.contains(&format!("{action}: denied")));
        assert_eq!(told.count(), 1, "{action}: {overview}");
    }
    // Two parts of a feed, and two feeds: not one for each service and instance, and what waits for the groups follows from
    // them.
    let unknown = || console.state.world.problems().filter(|p| p.check.severity == Severity::Unknown);
    let (first, follow): (Vec<_>, Vec<_>) = unknown().partition(|problem| problem.check.follows.is_none());
    assert_eq!((first.len(), follow.len()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_tries_at_once_what_was_denied() {
    let rig = Rig::small();
    rig.sim.faults().deny("ecs:DescribeTasks");
    let mut running = rig.start(&["ecs"]);
    let polls = running.until("ecs", Duration::from_secs(20)).await;
    assert_eq!(ecs(&polls.last().unwrap().0).tasks.len(), 0);
    rig.sim.faults().clear();
    running.nudge();
    assert_eq!(ecs(&running.next("ecs").await.0).tasks.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn without_any_permission_every_feed_says_so_every_five_minutes() {
    let rig = Rig::small();
    rig.sim.faults().deny(ANY);
    let mut running = rig.start(&["ecs"]);
    let polls = running.until("ecs", Duration::from_mins(11)).await;
    assert_eq!(polls.len(), 3, "at 0, 5 and 10 minutes");
    for (fetched, _) in &polls {
        let fault = fetched.result.as_ref().err().unwrap();
        assert_eq!((fault.kind, fault.action), (FaultKind::Denied, "ecs:ListClusters"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_holds_up_its_own_kind_alone() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    running.next("ecs").await;
    rig.sim.faults().hang("ecs:DescribeTasks");
    let polls = running.until("ecs", Duration::from_mins(3)).await;
    let (last, at) = polls.last().unwrap();
    assert!(polls.len() > 10, "{} polls in three minutes", polls.len());
    let newest = ecs(last).services.iter().map(|s| s.at).min().unwrap();
    assert!(newest >= last.at - Duration::from_secs(15), "services as of {newest:?} at {at} s");
    assert!(ecs(last).tasks.iter().all(|t| t.at == START), "tasks keep their rows and their time");
    let gap = &snapshot(last).gaps[0];
    assert_eq!(
        (gap.fault.kind, gap.fault.action, gap.read, gap.known),
        (FaultKind::Timeout, "ecs:DescribeTasks", 0, 9)
    );
    rig.sim.faults().clear();
    let polls = running.until("ecs", Duration::from_mins(4) + Duration::from_secs(10)).await;
    assert_eq!(snapshot(&polls.last().unwrap().0).gaps, []);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_read_the_poll_fails_and_what_was_read_keeps_its_time() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    running.next("ecs").await;
    running.next("stopped-tasks").await;
    for kind in [FaultKind::Server, FaultKind::Unreachable, FaultKind::Expired] {
        rig.sim.faults().clear();
        running.nudge();
        assert!(running.next("ecs").await.0.result.is_ok());
        rig.sim.faults().fail(ANY, kind);
        let (fetched, _) = running.next("ecs").await;
        let fault = fetched.result.err().unwrap();
        assert_eq!((fault.kind, fault.action), (kind, "ecs:DescribeClusters"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_service_that_cannot_be_read_is_the_only_one_missing() {
    let rig = Rig::new(&rounds::backend::sim::Scenario::sized(25, 50, 3));
    let ports = Before::new(&rig.sim);
    let bad = "arn:aws:ecs:us-east-1:123456789012:service/scale/service-0007".to_owned();
    *ports.spoiler.lock().unwrap() = Some(bad.clone());
    let mut running = rig.start_on(&ports.backend(), &["ecs"]);
    let (first, _) = running.next("ecs").await;
    assert_eq!(ecs(&first).services.len(), 24);
    let missing: Vec<(&str, &str)> = ecs(&first).missing.iter().map(|m| (&*m.arn, &*m.reason)).collect();
    assert_eq!(missing, [(&*bad, "not read: unreadable answer")]);
    let gap = &snapshot(&first).gaps[0];
    assert_eq!((gap.read, gap.known, gap.fault.kind), (24, 25, FaultKind::Malformed));
    // The others are polled as ever, and it is asked for by itself, after a while.
    let before = rig.calls("ecs:DescribeServices");
    let (second, _) = running.next("ecs").await;
    assert!(ecs(&second).services.iter().all(|s| s.at >= second.at - Duration::from_secs(2)));
    assert_eq!(rig.calls("ecs:DescribeServices") - before, 3, "24 services in three batches reach the world");
    *ports.spoiler.lock().unwrap() = None;
    let healed = running.until("ecs", Duration::from_secs(40)).await.pop().unwrap().0;
    assert_eq!((ecs(&healed).services.len(), ecs(&healed).missing.len(), snapshot(&healed).gaps.len()), (25, 0, 0));
}
