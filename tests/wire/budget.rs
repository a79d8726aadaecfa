//! What the console costs: calls, connections, and what it makes of rates far below the usual.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rounds::backend::sim::Scenario;
use rounds::backend::sim::wire::{Class, Rate, Rates, Server};
use rounds::feed::{Budgets, Control, FEEDS, spawn};
use rounds::store::News;
use rounds::time::{Clock, SystemClock};
use tokio::sync::{mpsc, watch};

use crate::backend::{ANY, connect, stack};
use crate::binary::rounds;
use crate::console::Console;
use crate::{serving, still};

const MINUTE: Duration = Duration::from_mins(1);

/// Calls of services and tasks, which a large account has most of.
const COUNTED: [&str; 4] = ["ecs:ListServices", "ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks"];

fn calls(server: &Server) -> [u64; 5] {
    let counters = server.counters();
    let [a, b, c, d] = COUNTED.map(|action| counters.calls(action));
    [a, b, c, d, counters.total()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_of_100_services_and_1000_tasks_costs_the_fewest_calls_there_can_be() {
    let (sim, clock) = still(&Scenario::sized(100, 1_000, 10));
    let server = serving(&sim, Rates::Documented).await;
    let stack = stack(&server.endpoint_url(), &[]);
    let backend = connect(&stack, ANY).await;
    let mut console = Console::new(&stack, &backend, clock.clone(), Budgets::default());
    let mut table =
        String::from("poll at  ListServices DescribeServices ListTasks DescribeTasks  all calls  connections\n");
    let mut before = [0; 5];
    for second in [0, 5, 10, 70] {
        clock.set(crate::NIGHT + Duration::from_secs(second));
        console.poll(MINUTE).await;
        let now = calls(&server);
        let [list_services, describe_services, list_tasks, describe_tasks, all]: [u64; 5] =
            std::array::from_fn(|i| now[i] - before[i]);
        let connections = server.counters().connections();
        writeln!(
            table,
            "{second:>5} s  {list_services:>12} {describe_services:>16} {list_tasks:>9} {describe_tasks:>13}  {all:>9}  \
             {connections:>11}"
        )
        .unwrap();
        // The feed of stopped tasks adds its one ListTasks; lists of what runs are read once a minute.
        let due = if second % 70 == 0 { [1, 10 + 1] } else { [0, 1] };
        assert_eq!([list_services, describe_services, list_tasks, describe_tasks], [due[0], 10, due[1], 10], "{table}");
        assert!(connections <= 6, "{table}");
        before = now;
    }
    assert!(console.screen('2').contains(" services 100, ") && console.screen('4').contains(" tasks 1000, "));
    assert!(server.counters().throttled.is_empty());
    write!(std::io::stderr(), "{table}").expect("stderr");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_feeds_together_keep_to_six_connections_a_service() {
    let (sim, clock) = still(&Scenario::sized(200, 400, 10));
    let server = serving(&sim, Rates::Documented).await;
    let stack = stack(&server.endpoint_url(), &[]);
    let backend = connect(&stack, ANY).await;
    let (control, watched) = watch::channel(Control::default());
    let (out, mut results) = mpsc::channel(64);
    let clock: Arc<dyn Clock> = clock;
    let poller = spawn(0, &stack, &backend, &Arc::default(), &clock, &watched, &out);
    let mut waiting: Vec<&str> = FEEDS.iter().map(|spec| spec.id).collect();
    while !waiting.is_empty() {
        let News::Fetched(fetched) = results.recv().await.unwrap() else { continue };
        assert!(fetched.result.is_ok(), "{}", fetched.feed);
        waiting.retain(|feed| *feed != fetched.feed);
    }
    drop((poller, control));
    // At AWS each service is a host of its own.
    let counters = server.counters();
    let services: BTreeSet<&str> = counters.calls.keys().filter_map(|action| action.split(':').next()).collect();
    assert!(counters.connections() <= 6 * services.len(), "{services:?}: {:?}", counters.requests_per_connection);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_far_below_the_usual_is_survived_without_a_missing_row() {
    let (sim, _) = still(&Scenario::sized(41, 101, 11));
    let slow = Rate { burst: 4, per_second: 2 };
    let rates = [Class::ServiceRead, Class::ResourceRead].map(|class| (class, slow));
    let server = serving(&sim, Rates::Custom(BTreeMap::from(rates))).await;
    let stack = stack(&server.endpoint_url(), &[]);
    let backend = connect(&stack, ANY).await;
    let mut console = Console::new(&stack, &backend, Arc::new(SystemClock), Budgets::default());
    console.poll(MINUTE).await;
    let screen = console.screen('2');
    assert!(screen.contains(" services 41 ") && screen.contains("slowed by AWS"), "{screen}");
    let seen = server.counters().throttled.values().sum::<u64>();
    assert!(seen > 0, "the rate was felt");
    // The rate is shared: a second console finds the bucket empty.
    let run = rounds("export tasks --format json", &server.endpoint_url()).await;
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert_eq!(run.document()["rows"].as_array().unwrap().len(), 101);
    let throttled = server.counters().throttled.values().sum::<u64>() - seen;
    writeln!(
        std::io::stderr(),
        "2 calls a second: no row missing, {seen} and {throttled} calls throttled, export {:.1} s",
        run.took.as_secs_f64()
    )
    .expect("stderr");
}
