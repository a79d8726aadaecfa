//! Everything that can happen to a console.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use rounds::app::{Msg, command};
use rounds::feed::FEEDS;
use rounds::keymap::{Chord, Key, Keymap, Scope};
use rounds::model::ecs::{
    Cluster, Container, Deployment, EcsFacts, Event, Instance, Kind, Missing, Seen, Service, Task,
};
use rounds::model::{Fault, FaultKind};
use rounds::store::{Fetched, Gap, News, Reading, Snapshot};
use rounds::text::Text;
use rounds::time::Timestamp;

use crate::world::{BEGIN, recorded};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A key is pressed.
    Key(Chord),
    /// Text is pasted.
    Paste(String),
    /// The terminal changes its size.
    Resize(u16, u16),
    /// The stack is read: a result that was recorded.
    Read(usize),
    /// The stack is read, and all its names are these.
    Harm(Vec<String>),
    /// A feed fails, with these words.
    Fail(usize, String),
    /// The stack cannot be connected to.
    Unconnected(String),
    /// A feed's first reading goes on, this far.
    Reading(usize, usize),
    /// So many seconds pass.
    Time(u64),
    /// Something is told.
    Notice(String),
}

impl Happening {
    /// As the console is told it, and how long after what happened before.
    pub fn msg(&self) -> (Duration, Msg) {
        let after = Duration::from_millis(if let Self::Time(secs) = self { secs * 1_000 } else { 10 });
        let msg = match self {
            Self::Key(chord) => Msg::Key((*chord).into()),
            Self::Paste(text) => Msg::Paste(text.clone(), text.len()),
            Self::Resize(columns, rows) => Msg::Resize(*columns, *rows),
            Self::Read(index) => Msg::from(recorded()[index % recorded().len()].clone()),
            Self::Harm(names) => Msg::from(harm(names)),
            Self::Fail(feed, words) => {
                let result = Err(fault(words));
                let (feed, at) = (FEEDS[feed % FEEDS.len()].id, BEGIN);
                Msg::from(Fetched { stack: 0, feed, at, next: at, result })
            }
            Self::Unconnected(words) => Msg::Unconnected { stack: 0, fault: fault(words) },
            Self::Reading(feed, read) => {
                let reading = Reading { what: Text::from("things"), read: *read, known: 100 };
                Msg::News(Box::new(News::Reading { stack: 0, feed: FEEDS[feed % FEEDS.len()].id, reading }))
            }
            Self::Time(_) => Msg::Tick,
            Self::Notice(words) => Msg::Notice(Text::from(words).to_string()),
        };
        (after, msg)
    }

    /// Whether it is meant to move the cursor: any key but those that only change order or freshness.
    pub fn moves(&self) -> bool {
        match self {
            Self::Key(chord) => {
                !matches!(chord.to_string().as_str(), "s" | "S" | "W" | "U" | "p" | "r" | "ctrl-l" | "w" | "d" | "y")
            }
            _ => false,
        }
    }
}

fn fault(words: &str) -> Fault {
    let mut fault = Fault::new(FaultKind::Denied, "ecs:ListClusters", words);
    fault.code = Some(Text::from(words));
    fault.request_id = Some(Text::from(words));
    fault
}

/// Facts in which every text is one of `names`.
fn harm(names: &[String]) -> Fetched {
    let mut turn = names.iter().cycle().map(Text::from);
    let mut name = || turn.next().unwrap_or_default();
    let at = BEGIN + Duration::from_hours(1);
    let arn = |kind: &str, id: &Text| Text::from(format!("arn:aws:ecs:us-east-1:123456789012:{kind}/ehr/{id}"));
    let mut facts = EcsFacts::default();
    for _ in 0..3 {
        let cluster =
            Cluster { arn: arn("cluster", &name()), name: name(), status: Some(name()), ..Cluster::default() };
        let task = Task {
            arn: arn("task", &name()),
            cluster_arn: cluster.arn.clone(),
            group: Some(Text::from(format!("service:{}", name()))),
            status: Some(Text::from("STOPPED")),
            stop_code: Some(name()),
            stopped_reason: Some(name()),
            az: Some(name()),
            containers: vec![Container {
                name: name(),
                image: Some(name()),
                reason: Some(name()),
                ..Container::default()
            }],
            ..Task::default()
        };
        let instance = Instance { arn: arn("container-instance", &name()), az: Some(name()), ..Instance::default() };
        let service = service(&cluster, arn("service", &name()), &mut name, at);
        facts.missing.push(Missing {
            kind: Kind::Task,
            cluster: Some(name()),
            arn: arn("task", &name()),
            reason: name(),
            unread: at.secs() % 2 == 0,
        });
        facts.clusters.push(seen(at, cluster));
        facts.tasks.push(seen(at, task));
        facts.instances.push(seen(at, instance));
        facts.services.push(seen(at, service));
    }
    let gaps = vec![Gap { kind: "service", what: name(), read: 1, known: 2, fault: fault(&name()) }];
    let snapshot = Snapshot { taken_at: at, data: Arc::new(facts), gaps, slowed: false };
    Fetched { stack: 0, feed: "ecs", at, next: at, result: Ok(snapshot) }
}

fn service(cluster: &Cluster, arn: Text, name: &mut impl FnMut() -> Text, at: Timestamp) -> Service {
    let deployment = Deployment {
        id: name(),
        status: Some(Text::from("PRIMARY")),
        rollout_state: Some(name()),
        ..Deployment::default()
    };
    let message = Text::from(format!("(service x) was unable to place a task because {}", name()));
    Service {
        arn,
        name: name(),
        cluster_arn: cluster.arn.clone(),
        desired: 3,
        deployments: vec![deployment],
        events: vec![Event { id: name(), at: Some(at), message }],
        ..Service::default()
    }
}

fn seen<T>(at: Timestamp, item: T) -> Seen<T> {
    Seen { at, item: Arc::new(item) }
}

/// Text from someone who means harm, or who merely writes another language.
fn any_text() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "\u{1b}]52;c;aGFja2Vk\u{7}",
        "\u{1b}[2J",
        "\u{9b}31m",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\r\n\t",
        "日本語",
        "e\u{301}",
        "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "👩\u{200d}👩",
        "🇩🇪",
        "ꙮ",
        "المريض",
        "ehr-api",
        " ",
        "a",
        "/",
        "=",
        "LLLLLLLLLLLLLLLLLLLL",
    ]);
    prop_oneof![
        6 => proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        2 => "(?s).{0,40}",
        1 => Just("L".repeat(10_000)),
        1 => Just(format!("z{}", "\u{301}".repeat(500))),
    ]
}

fn any_chord() -> impl Strategy<Value = Chord> {
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (keymap, _) = Keymap::named("default", &known).expect("it is built in");
    let bound = |scope| keymap.acting_in(scope).flat_map(|e| e.sequence.chords().to_vec()).collect::<Vec<Chord>>();
    let (table, prompt) = (bound(Scope::Table), bound(Scope::Prompt));
    prop_oneof![
        5 => select(table),
        2 => select(prompt),
        2 => select("aehrtiwb :=!~-".chars().collect::<Vec<_>>()).prop_map(|c| Chord::plain(Key::Char(c))),
        1 => any::<char>().prop_map(|c| Chord::plain(Key::Char(c))),
    ]
}

/// Something is read, well or not.
fn data() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => any::<usize>().prop_map(Happening::Read),
        2 => proptest::collection::vec(any_text(), 1..8).prop_map(Happening::Harm),
        1 => (any::<usize>(), any_text()).prop_map(|(feed, words)| Happening::Fail(feed, words)),
    ]
}

/// What happens without a user.
pub fn any_news() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => data(),
        1 => (any::<usize>(), any_text()).prop_map(|(feed, words)| Happening::Fail(feed, words)),
        1 => (any::<usize>(), 0_usize..100).prop_map(|(feed, read)| Happening::Reading(feed, read)),
        1 => any_text().prop_map(Happening::Unconnected),
        2 => (0_u64..2_000).prop_map(Happening::Time),
    ]
}

/// Anything.
pub fn any_happening() -> impl Strategy<Value = Happening> {
    let size = prop_oneof![(1_u16..=300, 1_u16..=120), Just((80, 24)), Just((120, 40))];
    prop_oneof![
        12 => any_chord().prop_map(Happening::Key),
        8 => any_news(),
        1 => any_text().prop_map(Happening::Paste),
        1 => size.prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        1 => any_text().prop_map(Happening::Notice),
    ]
}
