//! A12: the program itself is at fault. Whatever panics, the terminal is given back, what is told holds no secret, and it ends.
//!
//! Nothing in the product panics on request, so the console runs inside of this test's own binary, with parts that do.

use std::collections::BTreeMap;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rounds::action::Actor;
use rounds::app::{Options, command};
use rounds::backend::aws::{Connector, Keys};
use rounds::backend::sim::wire::{self, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::error::Error;
use rounds::health::Thresholds;
use rounds::keymap::Keymap;
use rounds::model::stack::Stack;
use rounds::model::{Fault, FaultKind};
use rounds::runtime::{self, Connect};
use rounds::text::Text;
use rounds::theme::Theme;
use rounds::time::{Clock, ManualClock, SystemClock, Timestamp};

use crate::Launch;
use crate::pty::SECRET;

/// What panics is told by this variable.
const WHAT: &str = "ROUNDS_TEST_PANIC";

/// A clock that breaks.
struct Broken {
    reads: AtomicU32,
    /// At this reading.
    at: Option<u32>,
    /// And again while that is cleaned up.
    twice: bool,
    /// When it is put away.
    dropped: bool,
}

/// Breaks when it is put away.
struct Fragile(bool);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0, "the clock breaks when it is put away");
    }
}

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        let read = self.reads.fetch_add(1, Ordering::SeqCst);
        let is_broken = self.at.is_some_and(|at| read >= at);
        let _hand = Fragile(is_broken && self.twice);
        assert!(!is_broken, "the clock is broken");
        SystemClock.now()
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        drop(Fragile(self.dropped));
    }
}

#[test]
#[ignore = "run by the other tests here, in a terminal of its own"]
fn inside() {
    let what = std::env::var(WHAT).unwrap_or_default();
    rounds::panics::install();
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (is_task, is_full) = (what == "task", what == "full");
    let connect: Connect = Arc::new(move |_| {
        Box::pin(async move {
            assert!(!is_task, "a task breaks");
            if is_full {
                let read = everything().await;
                panic!("all that was read: {read}");
            }
            Err(Fault::new(FaultKind::Timeout, "ecs:ListClusters", "no route"))
        })
    });
    let clock = Broken {
        reads: AtomicU32::new(0),
        at: matches!(&*what, "loop" | "twice").then_some(4),
        twice: what == "twice",
        dropped: what == "drop",
    };
    let launch = runtime::Launch {
        stacks: vec![Stack { name: Text::from("prod"), ..Stack::default() }],
        thresholds: Thresholds::default(),
        keymap: Keymap::named("default", &known).expect("built in").0,
        theme: Theme::named("dark").expect("built in").0,
        options: Options::default(),
        audit: Err(Error::unavailable("none is kept here")),
        actor: Actor::default(),
        connect,
        clock: Arc::new(clock),
        refresh: None,
        env: BTreeMap::new(),
    };
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let code = tokio.block_on(runtime::run(launch)).expect("a terminal");
    // As `main` does.
    rounds::panics::told();
    exit(i32::from(code));
}

/// All that the adapters make of answers that hold a canary.
async fn everything() -> String {
    let scenario = Scenario::named("rx-spot").expect("it is built in");
    let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.opens())));
    let server = serve(sim.backend(), wire::Options::default()).await.expect("a port");
    let keys = Keys { id: "test".to_owned(), secret: SECRET.to_owned() };
    let stack =
        Stack { region: Some("us-east-1".to_owned()), endpoint_url: Some(server.endpoint_url()), ..Stack::default() };
    let aws = Connector::new(Arc::new(SystemClock)).with_keys(keys).connect(&stack).await.expect("it is there");
    let secrets = aws.secrets.secrets(None).await.expect("secrets").items;
    let detector = aws.guardduty.detectors(None).await.expect("detectors").items.remove(0);
    let ids = aws.guardduty.finding_ids(&detector, false, None).await.expect("ids").items;
    let findings = aws.guardduty.findings(&detector, &ids).await.expect("findings");
    format!("{secrets:?} {findings:?}")
}

#[test]
fn a12_a_panic_with_all_that_was_read_tells_nothing_of_what_nobody_is_to_read() {
    let end = broken("full").start().ends();
    assert_eq!(end.code, 101, "{}", end.text);
    assert!(end.heard.text.contains("all that was read: [Secret"), "{}", end.text);
    assert!(end.heard.text.contains("CryptoCurrency:Runtime"), "{}", end.text);
    assert!(!end.heard.text.contains(&wire::CANARY[..11]) && !end.heard.text.contains(SECRET), "{}", end.text);
}

/// The console inside, in which this panics.
fn broken(what: &str) -> Launch {
    let this = std::env::current_exe().expect("a path").display().to_string();
    let only = ["--exact", "breaking::inside", "--ignored", "--nocapture", "--color", "never"];
    Launch::through(&[&[this.as_str()], &only[..]].concat())
        .env(WHAT, what)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("RUST_BACKTRACE", "1")
}

#[test]
fn a12_a_panic_gives_the_terminal_back_and_is_told_once() {
    for (what, keys, told) in [
        ("loop", "", "the clock is broken"),
        ("task", "", "a task breaks"),
        ("drop", "q", "the clock breaks when it is put away"),
    ] {
        let mut console = broken(what).start();
        if !keys.is_empty() {
            // What holds the clock beside the screen has ended by then.
            console.sees("no route").press(keys);
        }
        let end = console.ends();
        assert_eq!(end.code, 101, "{what}: {}", end.text);
        assert_eq!(end.heard.text.matches("panicked (crashed)").count(), 1, "{what}: {}", end.heard.text);
        assert!(end.heard.text.contains(told) && end.heard.text.contains("rounds audit show"), "{what}: {}", end.text);
        assert!(!end.heard.text.contains("AWS_SECRET_ACCESS_KEY"), "{what}: {}", end.text);
    }
}

#[test]
fn a12_a_panic_during_a_panic_ends_it_with_the_terminal_given_back() {
    let (signal, end) = broken("twice").start().gives_back();
    assert!(signal.is_some(), "{}", end.text);
    assert!(end.heard.text.contains("the clock is broken"), "{}", end.text);
}
