//! What becomes of things: a service that is deleted, a task that stops, a screen that is frozen.

use std::sync::Arc;
use std::time::Duration;

use rounds::app::{Msg, update};
use rounds::backend::sim::Scenario;
use rounds::feed::Budgets;
use rounds::model::ecs::{EcsFacts, StoppedFacts, Task};
use tokio::time::sleep;

use crate::console::Console;
use crate::ports::Before;
use crate::{Rig, stack};

const POLL: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn a_deleted_service_disappears() {
    let rig = Rig::small();
    let ports = Before::new(&rig.sim);
    let mut console = Console::new(&stack(), &ports.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
    console.poll(POLL).await;
    assert!(console.screen('2').contains("service-0001"));
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/scale/service-0001".to_owned();
    *ports.deleted.lock().unwrap() = Some(arn);
    sleep(Duration::from_secs(5)).await;
    console.poll(POLL).await;
    let screen = console.screen('2');
    assert!(screen.contains(" services 2 ") && !screen.contains("service-0001"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stops_is_kept_for_as_long_as_the_console_runs() {
    let rig = Rig::new(&Scenario::named("ehr-mongo").unwrap());
    let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
    console.poll(POLL).await;
    let tasks = |console: &Console| {
        let facts = console.state.world.facts(0);
        let running = facts.get::<EcsFacts>().unwrap().tasks.iter().map(|t| t.item.arn.to_string()).collect::<Vec<_>>();
        let stopped = facts.get::<StoppedFacts>().unwrap().tasks.iter().map(|t| t.item.clone()).collect::<Vec<_>>();
        (running, stopped)
    };
    let (before, _) = tasks(&console);
    rig.sim.with(|world| world.set_desired("ehr", "ehr-api", 10)).unwrap();
    sleep(Duration::from_secs(60)).await;
    console.poll(POLL).await;
    let (running, stopped) = tasks(&console);
    let ended: Vec<_> = stopped.into_iter().filter(|t| before.contains(&t.arn.to_string())).collect();
    assert!(ended.len() >= 10, "{} tasks ended", ended.len());
    assert!(ended.iter().all(|t| !running.contains(&t.arn.to_string())), "no task is both");
    let short = ended[0].id().to_string();
    assert!(ended.iter().all(|t| t.stopped_at.is_some() && t.stopped_reason.is_some()));
    // Ten hours on ECS has long forgotten them.
    for _ in 0..10 {
        sleep(Duration::from_hours(1)).await;
        console.poll(POLL).await;
    }
    let (_, stopped) = tasks(&console);
    let is_kept = |t: &Arc<Task>| stopped.iter().any(|k| k.arn == t.arn && k.status.as_deref() == Some("STOPPED"));
    assert!(ended.iter().all(is_kept), "kept beyond ECS's hour, as they ended");
    update(&mut console.state, rig.clock.now(), Msg::Resize(200, 400));
    assert!(console.screen('4').contains(&short[..8]), "its id, as far as the column shows it");
}

#[tokio::test(start_paused = true)]
async fn a_long_first_reading_says_how_far_it_is() {
    let rig = Rig::new(&Scenario::sized(1_001, 1_001, 3));
    let mut running = rig.start(&["ecs"]);
    let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
    let mut titles = Vec::new();
    while console.state.world.store.slot(0, "ecs").snapshot.is_none() {
        let news = running.results.recv().await.unwrap();
        update(&mut console.state, rig.clock.now(), Msg::News(Box::new(news)));
        titles.push(console.screen('2'));
    }
    assert!(titles.iter().any(|title| title.contains("ecs: reading, 340 of 1001 services of scale")), "{titles:?}");
    assert!(console.screen('2').contains(" services 1001, "));
}

#[tokio::test(start_paused = true)]
async fn a_frozen_screen_holds_until_it_is_let_go() {
    let rig = Rig::small();
    let mut running = rig.start(&["ecs"]);
    let mut console = Console::new(&stack(), &rig.sim.backend(), Arc::clone(&rig.clock), Budgets::unlimited());
    while !console.state.world.all_read() {
        let news = running.results.recv().await.unwrap();
        update(&mut console.state, rig.clock.now(), Msg::News(Box::new(news)));
    }
    assert!(console.screen('4').contains(" tasks 9 "));
    let frozen = console.screen('p');
    assert!(frozen.contains("FROZEN 03:00:00Z"), "{frozen}");
    rig.sim.with(|world| world.set_desired("scale", "service-0000", 1)).unwrap();
    for (fetched, _) in running.until("ecs", Duration::from_mins(2)).await {
        update(&mut console.state, rig.clock.now(), Msg::from(fetched));
        let rows = console.state.listing.counts;
        assert_eq!(rows, (9, 9), "nothing on screen moves");
    }
    assert!(!console.screen('p').contains("FROZEN"));
    assert_eq!(console.state.listing.counts, (7, 7), "what came meanwhile is taken at once");
}
