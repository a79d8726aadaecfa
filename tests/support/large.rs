//! A console on a stack as large as one likes, without a terminal, a network or a simulated scheduler.

use std::sync::Arc;
use std::time::Duration;

use rounds::app::{Msg, Options, State, command, update};
use rounds::health::Thresholds;
use rounds::keymap::{Chord, Keymap};
use rounds::model::ecs::{Cluster, Container, EcsFacts, Instance, Seen, Service, Size, Task};
use rounds::model::stack::Stack;
use rounds::store::{Fetched, Snapshot};
use rounds::text::Text;
use rounds::theme::{Depth, Theme};
use rounds::time::Timestamp;

/// 2026-03-14T03:12:44Z.
pub const NOW: Timestamp = Timestamp::from_secs(1_773_457_964);
/// Time between two polls.
pub const POLL: Duration = Duration::from_secs(5);

const ARN: &str = "arn:aws:ecs:us-east-1:123456789012";
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// A console that has read a stack of so many tasks, in 120x40, on the view of tasks.
pub fn console(tasks: usize) -> State {
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (keymap, _) = Keymap::named("default", &known).expect("built in");
    let stack = Stack { name: Text::from("large"), ..Stack::default() };
    let mut state = State::new(vec![stack], Thresholds::default(), keymap, Options::default(), NOW);
    update(&mut state, NOW, Msg::Resize(120, 40));
    update(&mut state, NOW, read(tasks, NOW));
    press(&mut state, "4");
    state
}

/// The colours it is drawn in: 256 of them.
pub fn theme() -> Theme {
    Theme::named("dark").expect("built in").0.at(Depth::Ansi256)
}

/// Presses keys, in the notation of keymaps, separated by spaces.
pub fn press(state: &mut State, keys: &str) {
    for key in keys.split(' ') {
        let key: Chord = key.parse().expect("a key");
        let now = state.now;
        update(state, now, Msg::Key(key.into()));
    }
}

/// A poll at `at` that finds so many tasks.
pub fn read(tasks: usize, at: Timestamp) -> Msg {
    news(facts(tasks, at), at)
}

/// A poll at `at` that finds this.
pub fn news(facts: EcsFacts, at: Timestamp) -> Msg {
    let snapshot = Snapshot { taken_at: at, data: Arc::new(facts), gaps: Vec::new(), slowed: false };
    Msg::from(Fetched { stack: 0, feed: "ecs", at, next: at + POLL, result: Ok(snapshot) })
}

/// So many tasks, a hundred to a service and to an instance. All are well but one in a hundred.
pub fn facts(tasks: usize, at: Timestamp) -> EcsFacts {
    let of = |n: usize| 0..n.div_ceil(100);
    let cluster =
        Cluster { arn: cluster_arn(), name: Text::from("scale"), status: text("ACTIVE"), ..Cluster::default() };
    EcsFacts {
        clusters: seen(at, [cluster]),
        services: seen(at, of(tasks).map(service)),
        tasks: seen(at, (0..tasks).map(task)),
        instances: seen(at, of(tasks).map(instance)),
        ..EcsFacts::default()
    }
}

fn seen<T>(at: Timestamp, items: impl IntoIterator<Item = T>) -> Vec<Seen<T>> {
    items.into_iter().map(|item| Seen { at, item: Arc::new(item) }).collect()
}

fn cluster_arn() -> Text {
    Text::shared(&format!("{ARN}:cluster/scale"))
}

#[expect(clippy::unnecessary_wraps, reason = "the fields it fills are optional")]
fn text(s: &str) -> Option<Text> {
    Some(Text::shared(s))
}

fn service(n: usize) -> Service {
    Service {
        arn: Text::from(format!("{ARN}:service/scale/service-{n:04}")),
        name: Text::from(format!("service-{n:04}")),
        cluster_arn: cluster_arn(),
        status: text("ACTIVE"),
        desired: 100,
        running: 100,
        ..Service::default()
    }
}

fn instance(n: usize) -> Instance {
    Instance {
        arn: Text::from(format!("{ARN}:container-instance/scale/{n:032x}")),
        cluster_arn: cluster_arn(),
        ec2_id: Some(Text::from(format!("i-{n:017x}"))),
        status: text("ACTIVE"),
        agent_connected: Some(true),
        az: text(ZONES[n % 3]),
        ..Instance::default()
    }
}

/// What tasks have in common they share, as where they are read from AWS.
fn task(n: usize) -> Task {
    let (of, place) = (n / 100, n / 100);
    // Spread as hashes are, and the same every time.
    let id = (n as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let health = if n % 100 == 7 { "UNHEALTHY" } else { "HEALTHY" };
    let container = Container {
        name: Text::shared("app"),
        status: text("RUNNING"),
        health: text(health),
        image: text(&format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/service-{of:04}:1.0")),
        digest: text(&format!("sha256:{of:064x}")),
        ..Container::default()
    };
    Task {
        arn: Text::from(format!("{ARN}:task/scale/{id:032x}")),
        cluster_arn: cluster_arn(),
        group: text(&format!("service:service-{of:04}")),
        task_definition: text(&format!("{ARN}:task-definition/service-{of:04}:1")),
        status: text("RUNNING"),
        desired_status: text("RUNNING"),
        health: text(health),
        az: text(ZONES[place % 3]),
        instance_arn: text(&format!("{ARN}:container-instance/scale/{place:032x}")),
        provider: text("scale-ec2"),
        size: Some(Size { cpu: 256, memory: 512 }),
        connectivity: text("CONNECTED"),
        created_at: Some(NOW - Duration::from_hours(24)),
        started_at: Some(NOW - Duration::from_hours(24)),
        containers: vec![container],
        ..Task::default()
    }
}
