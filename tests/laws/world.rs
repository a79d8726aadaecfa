//! A console without a terminal, and what the simulated stack gives it to read.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rounds::app::{Msg, Options, State, command, update};
use rounds::backend::sim::{Scenario, Sim, scenarios};
use rounds::feed::{Budgets, FEEDS, Sweep};
use rounds::health::Thresholds;
use rounds::keymap::Keymap;
use rounds::model::stack::Stack;
use rounds::store::Fetched;
use rounds::text::Text;
use rounds::time::{Clock, ManualClock, Timestamp};
use tokio::time::Instant;

use crate::happening::Happening;

/// When the console begins: ten minutes into the scenario.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_773_457_800);

/// Polls recorded of each feed, and the time between them.
const POLLS: u32 = 8;
const APART: Duration = Duration::from_secs(25);

fn stack() -> Stack {
    let scenario = Scenario::named("ehr-mongo").expect("it is built in");
    Stack { name: Text::from("ehr-mongo"), mongo: scenario.mongo_sets(), ..Stack::default() }
}

/// A console of one stack, nothing read yet.
pub fn with(keymap: Keymap, ascii: bool) -> State {
    of(vec![stack()], keymap, ascii)
}

fn of(stacks: Vec<Stack>, keymap: Keymap, ascii: bool) -> State {
    let options = Options { ascii, banner: Some("a banner".to_owned()), clock: true, ..Options::default() };
    let mut state = State::new(stacks, Thresholds::default(), keymap, options, BEGIN);
    update(&mut state, BEGIN, Msg::Resize(120, 40));
    state
}

/// A console of two stacks; of the second, whose name is as long as a row shows, nothing is ever read.
pub fn of_two(ascii: bool) -> State {
    let second = Stack { name: Text::from("production-of-west"), ..Stack::default() };
    of(vec![stack(), second], keymap(), ascii)
}

/// A console with the default keys.
pub fn console(ascii: bool) -> State {
    with(keymap(), ascii)
}

pub fn keymap() -> Keymap {
    static KEYMAP: OnceLock<Keymap> = OnceLock::new();
    let named = || {
        let known = command::known();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        Keymap::named("default", &known).expect("it is built in").0
    };
    KEYMAP.get_or_init(named).clone()
}

/// What was read of the simulated stack while its incident unfolds, feed by feed and poll by poll.
pub fn recorded() -> &'static [Fetched] {
    static RECORDED: OnceLock<Vec<Fetched>> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(record())
    })
}

/// Everything the stack has to read, once.
pub fn everything() -> Vec<Happening> {
    (0..FEEDS.len()).map(Happening::Read).collect()
}

/// One poll of `ehr-mongo`, then others of the rest of the worlds, as if they were that stack's; then the rest of its own.
async fn record() -> Vec<Fetched> {
    let mut own = of_scenario("ehr-mongo", 0..POLLS).await;
    let rest = own.split_off(FEEDS.len().min(own.len()));
    for known in scenarios().iter().filter(|known| known.name != "ehr-mongo") {
        own.extend(of_scenario(known.name, 0..1).await);
    }
    own.extend(rest);
    own
}

/// What is read of a scenario: of `ehr-mongo` from its tenth minute on, of others from where their demo opens.
async fn of_scenario(name: &str, polls: std::ops::Range<u32>) -> Vec<Fetched> {
    let scenario = Scenario::named(name).expect("it is built in");
    let opens = scenario.opens().since(scenario.start());
    let scenario = if name == "ehr-mongo" { scenario } else { scenario.moved_to(BEGIN - opens) };
    let clock = Arc::new(ManualClock::at(BEGIN));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let shared: Arc<dyn Clock> = clock.clone();
    let mut sweep = Sweep::new(0, &stack(), &sim.backend(), &shared, &Arc::new(Budgets::unlimited()));
    let mut all = Vec::new();
    for poll in polls {
        clock.set(BEGIN + APART * poll);
        for spec in FEEDS {
            all.extend(sweep.poll(spec, Instant::now() + APART).await);
        }
    }
    all
}
