//! Ten thousand runs of acting, each from its own seed: a console on a small world of one of everything, its keys and pastes, lost
//! answers, colleagues, a world that moves between plan and confirmation, and ends at any point. Whatever happens, what was not
//! confirmed is not sent, nothing is sent twice, nothing hits what was not meant, and every intent is accounted for: what was
//! left open is settled by reading later.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use rounds::action::audit::Audit;
use rounds::action::executor::{Ended, Order, WATCH, execute};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::settle::{Settled, settle};
use rounds::action::{ACTIONS, ActionSpec, Actor, Bench, Plan, action, ids, planned};
use rounds::app::{Attempt, AttemptStage, Effect, Msg, Options, Press, PromptKind, State, World, update};
use rounds::backend::change::{Change, Changes, Permit, Sent};
use rounds::backend::ports::{Backend, Sts};
use rounds::backend::sim::{Scenario, Sim, Trouble};
use rounds::feed::{Budgets, FEEDS, Sweep};
use rounds::health::Thresholds;
use rounds::model::identity::Identity;
use rounds::model::stack::Stack;
use rounds::model::{Fault, FaultKind, Freeze};
use rounds::store::Fetched;
use rounds::text::Text;
use rounds::time::{Clock, Timestamp};
use rounds::view::view_of_kind;
use serde_json::Value;
use tokio::time::Instant;

use crate::world::keymap;

/// Runs altogether, in as many parts as tests, so that processors share them.
const RUNS: u64 = 10_000;
const PARTS: u64 = 4;

fn scenario() -> &'static Scenario {
    static SCENARIO: OnceLock<Scenario> = OnceLock::new();
    SCENARIO.get_or_init(|| {
        Scenario::parse(include_str!("../data/everything.toml"), "everything.toml").expect("a scenario")
    })
}

/// The paused time of tokio as a clock.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        scenario().opens() + self.0.elapsed()
    }
}

/// What every feed reads of the world as it opens. It is the same for each run, so it is read once.
fn readings() -> &'static [Fetched] {
    static READINGS: OnceLock<Vec<Fetched>> = OnceLock::new();
    READINGS.get_or_init(|| {
        block_on(async {
            let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
            let sim = Sim::new(scenario(), 1, Arc::clone(&clock));
            let mut sweep = Sweep::new(0, &stack(), &sim.backend(), &clock, &Arc::new(Budgets::unlimited()));
            let mut all = Vec::new();
            for spec in FEEDS {
                all.extend(sweep.poll(spec, Instant::now() + Duration::from_secs(25)).await);
            }
            all
        })
    })
}

/// What a console knows that has read all that.
fn known() -> &'static World {
    static KNOWN: OnceLock<World> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let now = scenario().opens();
        let mut state = State::new(vec![stack()], Thresholds::default(), keymap(), Options::default(), now);
        for fetched in readings() {
            update(&mut state, now, Msg::from(fetched.clone()));
        }
        state.world
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

fn stack() -> Stack {
    let allow = ids().into_iter().map(str::to_owned).collect();
    Stack { name: Text::from("small"), mongo: scenario().mongo_sets(), allow, ..Stack::default() }
}

/// A port that looks over the shoulder of whoever sends: an intent that says exactly this is on the disk before, and what the plan
/// rests on is as it was.
struct Watched {
    inner: Arc<dyn Changes>,
    audit: Audit,
    sent: Arc<Mutex<Vec<Change>>>,
    /// The plan that is being carried out, where nobody else is at work in the same instant.
    alone: Arc<Mutex<Option<Arc<Plan>>>>,
    looks: Bench,
}

#[async_trait]
impl Changes for Watched {
    async fn send(&self, permit: Permit, change: &Change) -> Sent {
        let before = {
            let mut sent = self.sent.lock().expect("nobody panicked");
            sent.push(change.clone());
            sent.iter().filter(|before| *before == change).count()
        };
        let parameters: Vec<(String, String)> =
            change.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
        let intended = records(&self.audit)
            .iter()
            .filter(|record| record["phase"] == "intent" && pairs(&record["params"]) == parameters)
            .count();
        assert!(before <= intended, "sent {before} times, intended {intended} times: {change:?}");
        let alone = self.alone.lock().expect("nobody panicked").clone();
        if let Some(plan) = alone {
            let state = plan.deed.state(&self.looks).await.expect("it can be read");
            assert_eq!(plan.state.differences(&state), [""; 0], "{change:?} rests on what has changed");
            let identity = self.looks.identity().await.expect("it can be read");
            assert_eq!(plan.identity.account, identity.account, "{change:?} hits another account");
        }
        self.inner.send(permit, change).await
    }
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    value
        .as_object()
        .map(|all| all.iter().map(|(name, value)| (name.clone(), text(value))).collect())
        .unwrap_or_default()
}

fn records(audit: &Audit) -> Vec<Value> {
    audit.entries().expect("it can be read").into_iter().filter_map(|entry| entry.record).collect()
}

/// STS, which may come to say another account.
struct Caller {
    inner: Arc<dyn Sts>,
    is_other: Arc<AtomicBool>,
}

#[async_trait]
impl Sts for Caller {
    async fn caller(&self) -> Result<Identity, Fault> {
        let mut identity = self.inner.caller().await?;
        if self.is_other.load(Ordering::Relaxed) {
            identity.account = Text::from("210987654321");
        }
        Ok(identity)
    }
}

/// What came of the runs, by a word each: a law that is never put to the test holds nothing.
type Tally = BTreeMap<&'static str, u64>;

/// One run.
struct Run {
    rng: Rng,
    clock: Arc<dyn Clock>,
    sim: Sim,
    bench: Bench,
    audit: Audit,
    state: State,
    sent: Arc<Mutex<Vec<Change>>>,
    is_other: Arc<AtomicBool>,
    alone: Arc<Mutex<Option<Arc<Plan>>>>,
    /// What may never be sent in this run, whatever is pressed.
    is_forbidden: bool,
    /// What was under the cursor when the offers were opened, as each action writes it.
    meant: Vec<(&'static str, String)>,
    /// What was planned, as what was meant then.
    planned: Vec<(&'static str, String)>,
    /// Every change that was confirmed.
    confirmed: Vec<Change>,
    killed: bool,
    tally: Tally,
}

impl Run {
    fn new(seed: u64, dir: &std::path::Path) -> Self {
        let mut rng = Rng::with_seed(seed);
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
        let sim = Sim::new(scenario(), 1, Arc::clone(&clock));
        let audit = Audit::at(dir.join("audit"));
        let (sent, is_other) = (Arc::<Mutex<Vec<Change>>>::default(), Arc::<AtomicBool>::default());
        let alone = Arc::<Mutex<Option<Arc<Plan>>>>::default();
        let mut stack = stack();
        let all = || ids().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut rules = Rules { allow: all(), opt_in: all(), ..Rules::default() };
        let is_forbidden = rng.u8(..10) == 0;
        if is_forbidden {
            match rng.u8(..4) {
                0 => rules.read_only = true,
                1 => rules.allow.clear(),
                2 => stack.account = Some("333333333333".to_owned()),
                _ => stack.freeze = vec![Freeze::parse("fri 17:00 – mon 06:00 UTC").expect("a freeze")],
            }
        }
        let options = Options { rules, ..Options::default() };
        let now = clock.now();
        let mut state = State::new(vec![stack.clone()], Thresholds::default(), keymap(), options, now);
        state.world = known().clone();
        state.world.stacks = vec![stack.clone()];
        state.refresh();
        update(&mut state, now, Msg::Resize(100 + rng.u16(..60), 24 + rng.u16(..30)));
        let ports = sim.backend();
        let sts = Arc::new(Caller { inner: Arc::clone(&ports.sts), is_other: Arc::clone(&is_other) });
        let ports = Backend { sts, ..ports };
        let bench_on = |backend| Bench::new(stack.clone(), backend, Arc::clone(&clock), Arc::new(Budgets::unlimited()));
        let changes = Arc::new(Watched {
            inner: Arc::clone(&ports.changes),
            audit: audit.clone(),
            sent: Arc::clone(&sent),
            alone: Arc::clone(&alone),
            looks: bench_on(ports.clone()),
        });
        let bench = bench_on(Backend { changes, ..ports });
        Self {
            rng,
            clock,
            sim,
            bench,
            audit,
            state,
            sent,
            is_other,
            alone,
            is_forbidden,
            meant: Vec::new(),
            planned: Vec::new(),
            confirmed: Vec::new(),
            killed: false,
            tally: Tally::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// From a row to the end of an attempt, and often a second one.
    async fn go(&mut self) {
        for _ in 0..=self.rng.u8(..2) {
            self.attempt().await;
            if self.killed {
                break;
            }
        }
        self.check();
        self.settle().await;
    }

    /// What was left open is settled by reading, once nothing of it goes on any more, or it is told why not; nothing is sent for it.
    async fn settle(&mut self) {
        let open = self.audit.open().expect("it can be read");
        if open.is_empty() {
            return;
        }
        let sent = |run: &Self| run.sent.lock().expect("nobody panicked").len();
        let before = sent(self);
        self.is_other.store(false, Ordering::Relaxed);
        tokio::time::sleep(WATCH + Duration::from_mins(1)).await;
        let mut stay = 0;
        for open in &open {
            match settle(open, &self.bench, &self.audit, &Actor::named("ben", "elsewhere")).await {
                Settled::Known(..) => self.count("settled"),
                Settled::Stays(why) => {
                    let is_known = ["it goes on: ", "its account was "].iter().any(|known| why.starts_with(known));
                    assert!(is_known, "{} stays open: {why}", open.name());
                    stay += 1;
                }
            }
        }
        assert_eq!((sent(self), self.audit.open().expect("it can be read").len()), (before, stay));
        assert!(self.audit.verify().expect("it can be read").broken.is_none());
    }

    /// Mostly the console is armed by now; now and then nobody thought of it, or it was too long ago.
    async fn arm(&mut self) {
        match self.rng.u8(..12) {
            0 => self.count("not armed"),
            1 => {
                self.press_typed(":disarm").await;
                self.press("enter").await;
                self.count("not armed");
            }
            n => {
                self.press_typed(":arm").await;
                self.press("enter").await;
                self.press_typed("stuck").await;
                self.press("enter").await;
                if n == 2 {
                    tokio::time::sleep(Duration::from_secs(self.rng.u64(..1_200))).await;
                    self.take(Msg::Tick).await;
                    self.count("armed long ago");
                }
            }
        }
    }

    async fn attempt(&mut self) {
        self.press("esc esc").await;
        self.arm().await;
        // A rotation more often than others: another action follows it.
        let rotates = if self.chance(15) { action("rotate") } else { None };
        let spec = rotates.unwrap_or_else(|| ACTIONS[self.rng.usize(..ACTIONS.len())]);
        let Some(view) = spec.kinds().find_map(view_of_kind) else { panic!("{spec:?} is about what no view shows") };
        self.press_typed(&format!(":view {}", view.id)).await;
        self.press("enter").await;
        let moves = self.rng.usize(..4);
        self.press(&"j ".repeat(moves)).await;
        self.note_what_is_meant();
        self.press("a").await;
        if self.state.prompt.is_none() {
            return self.count("no offer");
        }
        if self.chance(20) {
            self.disturb().await;
        }
        self.press_typed(spec.id).await;
        self.press("enter").await;
        if self.state.prompt.as_ref().is_some_and(|prompt| prompt.kind == PromptKind::Value) {
            self.value().await;
        }
        for _ in 0..self.rng.u8(..3) {
            self.disturb().await;
        }
        if self.chance(80) {
            self.confirm().await;
        } else {
            self.fumble().await;
        }
        self.follow().await;
    }

    /// What is offered once something is done: after a rotation, to replace the tasks that hold the old value, as one batch.
    async fn follow(&mut self) {
        let next = self.state.attempt().and_then(Attempt::next).filter(|_| !self.killed);
        let Some(next) = next.filter(|_| self.chance(90)) else { return };
        self.planned.push((next.action.id, next.target.to_string()));
        self.press("enter").await;
        self.count("followed");
        self.confirm().await;
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    /// The targets that are under the cursor, for each action.
    fn note_what_is_meant(&mut self) {
        let Some(row) = self.state.selected() else { return self.meant.clear() };
        // Where rows are of several kinds, what they tell of is meant.
        let (kind, id) = match row.problems.first().map(|problem| &problem.check.subject) {
            Some(subject) if self.state.view().kind.is_empty() => (subject.kind, subject.id.clone()),
            _ => (self.state.view().kind, row.id.clone()),
        };
        let facts = self.state.world.facts(0);
        let aims = ACTIONS.iter().filter(|spec| spec.kinds().any(|own| own == kind));
        self.meant = aims.filter_map(|spec| Some((spec.id, of((spec.aim)(facts, &id)?.as_str(), spec)))).collect();
    }

    /// A value as it is offered, or another.
    async fn value(&mut self) {
        match self.rng.u8(..4) {
            0 => self.press("1").await,
            1 => self.press("backspace 2").await,
            _ => {}
        }
        self.press("enter").await;
    }

    /// Reads the plan, gives a reason, types what is asked for.
    async fn confirm(&mut self) {
        for _ in 0..40 {
            if self.state.prompt.is_some() || self.state.attempt().is_none_or(|attempt| attempt.planned().is_none()) {
                break;
            }
            self.press("enter").await;
        }
        if self.state.prompt.as_ref().is_none_or(|prompt| prompt.kind != PromptKind::Reason) {
            return self.count("not to be done");
        }
        self.press_typed("stuck").await;
        self.press("enter").await;
        if self.chance(20) {
            self.disturb().await;
        }
        let Some(name) = self.state.attempt().and_then(|attempt| attempt.plan()).map(|plan| plan.confirm()) else {
            return;
        };
        if self.chance(90) {
            self.press_typed(&name).await;
        } else {
            // Pasted in one way or another, or not quite it.
            match self.rng.u8(..3) {
                0 => self.take(Msg::Paste(name.clone(), name.len())).await,
                1 => self.pasted(&name).await,
                _ => self.press_typed(&name[1..]).await,
            }
            self.count("not typed");
        }
        let deliberate = self.chance(95);
        self.key("enter", deliberate).await;
    }

    /// Keys that lead nowhere in particular.
    async fn fumble(&mut self) {
        const KEYS: &[&str] = &["enter", "esc", "G", "x", "y", "2", "j", "r", "a", ":", "/", "ctrl-u", "up", "f5", "A"];
        for _ in 0..self.rng.u8(..20) {
            let key = KEYS[self.rng.usize(..KEYS.len())];
            let deliberate = self.chance(70);
            self.key(key, deliberate).await;
        }
        self.count("fumbled");
    }

    /// Something happens that has nothing to do with what is being confirmed, or everything.
    async fn disturb(&mut self) {
        match self.rng.u8(..7) {
            0 => {
                let text = "yes\renter\rweb\r";
                self.take(Msg::Paste(text.to_owned(), text.len())).await;
            }
            1 => {
                let (columns, rows) = (self.rng.u16(40..200), self.rng.u16(10..60));
                self.take(Msg::Resize(columns, rows)).await;
                self.take(Msg::Resize(120, 40)).await;
            }
            2 => {
                tokio::time::sleep(Duration::from_millis(self.rng.u64(..90_000))).await;
                self.take(Msg::Tick).await;
            }
            3 => {
                let fetched = readings()[self.rng.usize(..readings().len())].clone();
                self.take(Msg::from(fetched)).await;
            }
            4 => {
                let desired = self.rng.u32(..6);
                let changed = self.sim.with(|world| world.set_desired("c", "web", desired));
                changed.expect("there is a service web");
                self.count("the world moved");
            }
            5 => {
                let was = self.is_other.fetch_not(Ordering::Relaxed);
                if !was {
                    self.count("another account");
                }
            }
            _ => {
                let seed = self.rng.u64(..);
                self.colleague(seed, None).await;
                self.count("a colleague before");
            }
        }
    }

    /// Somebody else does something, on another machine or on this one.
    async fn colleague(&self, seed: u64, same: Option<&Plan>) {
        let mut rng = Rng::with_seed(seed);
        let dir = tempfile::tempdir().expect("a directory");
        let audit = if rng.bool() { self.audit.clone() } else { Audit::at(dir.path().join("audit")) };
        let (stack, clock) = (self.bench.stack.clone(), Arc::clone(&self.clock));
        let bench = Bench::new(stack, self.sim.backend(), clock, Arc::new(Budgets::unlimited()));
        let (spec, target) = match same {
            Some(plan) => (plan.action, plan.target.label.to_string()),
            None => match self.meant.get(rng.usize(..self.meant.len().max(1))) {
                Some((id, target)) => (action(id).expect("it is there"), target.clone()),
                None => return,
            },
        };
        let Ok(plan) = planned(spec, &bench, &target, &audit).await else { return };
        let confirmation =
            Confirmation { name: plan.confirm(), reason: "theirs".to_owned(), ticket: None, mode: "flag" };
        let order = Order {
            bench: &bench,
            audit: &audit,
            rules: &self.state.options.rules,
            confirmation: &confirmation,
            actor: &Actor::named("ben", "bastion"),
            watch: Duration::from_secs(rng.u64(..60)),
            grace: None,
        };
        execute(&plan, &order, &|_| {}, std::future::pending()).await;
    }

    async fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.key(key, true).await;
        }
    }

    async fn press_typed(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.key(&key, true).await;
        }
    }

    async fn pasted(&mut self, text: &str) {
        for c in text.chars() {
            let key = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.key(&key, false).await;
        }
    }

    async fn key(&mut self, key: &str, deliberate: bool) {
        let chord = key.parse().expect("a key");
        self.take(Msg::Key(Press { chord, deliberate, pasted: !deliberate })).await;
    }

    /// The console takes it; what it wants is done.
    async fn take(&mut self, msg: Msg) {
        let is_key = matches!(&msg, Msg::Key(press) if press.deliberate);
        let opened = matches!(&msg, Msg::Key(_)) && self.state.prompt.is_none();
        let now = self.clock.now();
        let effects = update(&mut self.state, now, msg);
        // Offers that were opened by a stray key are about what is under the cursor then.
        if opened && self.state.prompt.as_ref().is_some_and(|prompt| prompt.kind.offers()) {
            self.note_what_is_meant();
        }
        for effect in effects {
            match effect {
                Effect::Plan { attempt, action: id, target, .. } => self.plan(attempt, id, &target).await,
                Effect::Act { attempt, confirmation } => {
                    assert!(is_key, "only a deliberate key acts");
                    let plan = self.state.attempts.get(attempt).and_then(|attempt| attempt.plan().cloned());
                    Box::pin(self.act(attempt, &plan.expect("it was planned"), &confirmation)).await;
                }
                _ => {}
            }
        }
    }

    async fn plan(&mut self, attempt: u64, id: &str, target: &str) {
        if self.chance(5) {
            self.sim.faults().fail_times("ecs:DescribeServices", FaultKind::Throttled, 9);
        }
        let spec = action(id).expect("it is there");
        let result = planned(spec, &self.bench, target, &self.audit).await.map(Arc::new);
        self.sim.faults().clear();
        match &result {
            Ok(plan) => {
                self.count("planned");
                let wish = (spec.id, of(&plan.target.label, spec));
                // Planning again is about what was meant then, wherever the cursor is now.
                let is_meant = self.meant.contains(&wish) || self.planned.contains(&wish);
                assert!(is_meant, "{wish:?} is not what was under the cursor: {:?}", self.meant);
                self.planned.push(wish);
            }
            Err(_) => self.count("not planned"),
        }
        let now = self.clock.now();
        update(&mut self.state, now, Msg::Planned { attempt, result });
    }

    /// What may be sent now: what the plan shows, or each part of it.
    fn note_confirmed(&mut self, plan: &Plan) {
        match plan.deed.parts() {
            [] => self.confirmed.push(plan.change.clone()),
            parts => {
                self.confirmed.extend(parts.iter().map(|part| part.change.clone()));
                self.count("a batch");
            }
        }
    }

    /// Carries out what was confirmed, among troubles, and maybe not to its end.
    async fn act(&mut self, attempt: u64, plan: &Arc<Plan>, confirmation: &Confirmation) {
        self.count("confirmed");
        assert_eq!(confirmation.name, plan.confirm());
        assert!(!confirmation.reason.is_empty());
        self.note_confirmed(plan);
        let trouble = match self.rng.u8(..12) {
            0 | 1 => Some(Trouble::LoseAnswer),
            2 => Some(Trouble::Fail(FaultKind::Denied)),
            3 => Some(Trouble::Fail(FaultKind::Timeout)),
            4 => Some(Trouble::Delay(Duration::from_secs(8))),
            _ => None,
        };
        if let Some(trouble) = trouble {
            self.count(if trouble == Trouble::LoseAnswer { "an answer lost" } else { "troubled" });
            self.sim.faults().add(plan.change.action(), trouble, None, None);
        }
        let rules = self.state.rules();
        assert!(rules.arming.holds(self.clock.now()), "only an armed console acts");
        // Polls until it is killed.
        let most = if self.chance(70) { 20 } else { 500 };
        let mut left = if self.chance(25) { Some(self.rng.u32(..most)) } else { None };
        let gives_up = if self.chance(15) { Some(Duration::from_millis(self.rng.u64(..40_000))) } else { None };
        let rival = if self.chance(20) { Some(self.rng.u64(..)) } else { None };
        let ended = {
            *self.alone.lock().expect("nobody panicked") =
                (rival.is_none() && plan.deed.parts().is_empty()).then(|| Arc::clone(plan));
            let order = Order {
                bench: &self.bench,
                audit: &self.audit,
                rules: &rules,
                confirmation,
                actor: &Actor::named("ana", "bastion"),
                watch: WATCH,
                grace: Some(Duration::from_secs(1)),
            };
            let stop = async {
                match gives_up {
                    Some(after) => tokio::time::sleep(after).await,
                    None => std::future::pending().await,
                }
                "enough".to_owned()
            };
            let both = async {
                let theirs = async {
                    if let Some(seed) = rival {
                        self.colleague(seed, Some(plan)).await;
                    }
                };
                tokio::join!(execute(plan, &order, &|_| {}, stop), theirs).0
            };
            let mut both = pin!(both);
            poll_fn(|context| {
                if left == Some(0) {
                    return Poll::Ready(None);
                }
                left = left.map(|left| left - 1);
                both.as_mut().poll(context).map(Some)
            })
            .await
        };
        self.sim.faults().clear();
        if rival.is_some() {
            self.count("a colleague beside");
        }
        let Some(ended) = ended else {
            self.killed = true;
            return self.count("killed");
        };
        self.count(match &ended {
            Ended::Refused(_) => "refused",
            Ended::Sent(outcome, _) => outcome.word(),
        });
        let now = self.clock.now();
        update(&mut self.state, now, Msg::Ended { attempt, ended });
        let is_over = |stage: &AttemptStage| matches!(stage, AttemptStage::Ended(..));
        assert!(self.state.attempts.get(attempt).is_some_and(|attempt| is_over(&attempt.stage)));
    }

    /// What holds at the end, however it came to that.
    fn check(&mut self) {
        let sent = self.sent.lock().expect("nobody panicked").clone();
        for change in &sent {
            let of = |all: &[Change]| all.iter().filter(|other| *other == change).count();
            assert!(of(&sent) <= of(&self.confirmed), "{change:?} was sent more often than confirmed");
        }
        assert!(!self.is_forbidden || sent.is_empty(), "{sent:?} was forbidden");
        let verified = self.audit.verify().expect("it can be read");
        assert!(verified.broken.is_none() && verified.torn.is_empty(), "{verified:?}");
        let records = records(&self.audit);
        let of = |phase: &str| records.iter().filter(|record| record["phase"] == phase).collect::<Vec<_>>();
        let ours = |record: &&&Value| record["actor"]["os_user"] == "ana";
        assert!(sent.len() <= of("intent").iter().filter(ours).count(), "each is sent for an intent of its own");
        let outcomes: Vec<&Value> = of("outcome").iter().map(|record| &record["action_id"]).collect();
        let open = of("intent").iter().filter(|record| !outcomes.contains(&&record["action_id"])).count();
        let told = self.audit.unfinished().expect("it can be read").len();
        assert_eq!(open, told, "what has no end is told at the next start");
        assert!(open == 0 || self.killed, "every intent has an end");
        if open > 0 {
            self.count("left unfinished");
        }
    }
}

/// A target without its value.
fn of(target: &str, spec: &ActionSpec) -> String {
    let bare = spec.asks.and_then(|_| target.rsplit_once('=')).map_or(target, |(of, _)| of);
    bare.to_owned()
}

/// Every fourth seed.
fn runs(part: u64) {
    let count = std::env::var("ROUNDS_TEST_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    // Read before there is a runtime of a run.
    known();
    let mut tally = Tally::new();
    for seed in (part..count).step_by(usize::try_from(PARTS).expect("few parts")) {
        let dir = tempfile::tempdir_in(memory()).expect("a directory");
        let result = std::panic::catch_unwind(|| {
            block_on(async {
                let mut run = Run::new(seed, dir.path());
                run.go().await;
                run.tally
            })
        });
        match result {
            Ok(of_run) => of_run.into_iter().for_each(|(what, n)| *tally.entry(what).or_default() += n),
            Err(why) => {
                let why = why.downcast_ref::<String>().map_or("a panic", String::as_str);
                panic!("seed {seed}: {why}");
            }
        }
    }
    // A law that is not put to the test holds nothing.
    let often = count / PARTS / 200;
    for what in [
        "planned",
        "not to be done",
        "not typed",
        "fumbled",
        "not armed",
        "armed long ago",
        "the world moved",
        "another account",
        "a colleague before",
        "a colleague beside",
        "confirmed",
        "an answer lost",
        "troubled",
        "killed",
        "left unfinished",
        "settled",
        "followed",
        "a batch",
        "refused",
        "done",
        "failed",
        "unknown",
    ] {
        assert!(tally.get(what).copied().unwrap_or_default() >= often, "\"{what}\" is too rare: {tally:?}");
    }
}

/// Where a file costs nothing to put on the disk.
fn memory() -> std::path::PathBuf {
    let shared = std::path::PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

#[test]
fn runs_of_acting_first_quarter() {
    runs(0);
}

#[test]
fn runs_of_acting_second_quarter() {
    runs(1);
}

#[test]
fn runs_of_acting_third_quarter() {
    runs(2);
}

#[test]
fn runs_of_acting_last_quarter() {
    runs(3);
}
