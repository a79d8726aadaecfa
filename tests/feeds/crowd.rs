//! Many consoles on one account, whose token buckets they share: what an incident brings.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rounds::action::audit::Audit;
use rounds::action::executor::{Order, Progress, execute};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::{Actor, Bench, action};
use rounds::backend::sim::wire::Rates;
use rounds::backend::sim::{ANY, Scenario, Sim};
use rounds::feed::{Budgets, Control, Poller, spawn};
use rounds::model::FaultKind;
use rounds::store::News;
use rounds::time::{Clock, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::{Paused, START, stack};

const CONSOLES: usize = 20;
const MINUTE: Duration = Duration::from_mins(1);

/// One console: its feeds run, and somebody notes when each of them was read.
struct Member {
    budgets: Arc<Budgets>,
    read_at: Arc<Mutex<BTreeMap<&'static str, Vec<Timestamp>>>>,
    _control: watch::Sender<Control>,
    _poller: Poller,
}

/// Consoles on one simulated account.
struct Crowd {
    sim: Sim,
    clock: Arc<dyn Clock>,
    members: Vec<Member>,
    home: tempfile::TempDir,
}

impl Crowd {
    /// All of them start in the same second, and look at the overview.
    fn on(scenario: &Scenario) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now(), START));
        let sim = Sim::new(scenario, 1, Arc::clone(&clock)).limited(Rates::Documented);
        sim.faults().delay(ANY, Duration::from_millis(80));
        let members = (0..CONSOLES).map(|_| member(&sim, &clock)).collect();
        Self { sim, clock, members, home: tempfile::tempdir().unwrap() }
    }

    /// Calls so far, and how many of them were told to slow down.
    fn calls(&self) -> (u64, u64) {
        (self.sim.calls().values().sum(), self.sim.throttled().values().sum())
    }

    /// One of them forces a deployment: how long from the plan to AWS's answer.
    async fn act(&self, member: usize) -> Duration {
        let (bench, spec) = (self.bench(member), action("force-deploy").unwrap());
        let target = format!("scale/service-{member:04}");
        let plan = (spec.plan)(&bench, &target).await.unwrap_or_else(|e| panic!("{target}: {e}"));
        let order = Order {
            bench: &bench,
            audit: &Audit::at(self.home.path().join(member.to_string())),
            rules: &Rules { read_only: false, allow: vec![spec.id.to_owned()] },
            confirmation: &Confirmation {
                name: plan.target.name.to_string(),
                reason: "stuck connections".to_owned(),
                ticket: None,
                mode: "flag",
            },
            actor: &Actor::named("ana", "bastion"),
            watch: Duration::ZERO,
            grace: None,
        };
        let (began, sent) = (Instant::now(), Mutex::new(None));
        let tell = |progress| {
            if matches!(progress, Progress::Sent(_)) {
                sent.lock().unwrap().get_or_insert(began.elapsed());
            }
        };
        let ended = execute(&plan, &order, &tell, std::future::pending()).await;
        let took = *sent.lock().unwrap();
        took.unwrap_or_else(|| panic!("nothing was sent: {ended:?}"))
    }

    fn bench(&self, member: usize) -> Bench {
        let budgets = Arc::clone(&self.members[member].budgets);
        Bench::new(stack(), self.sim.backend(), Arc::clone(&self.clock), budgets)
    }
}

fn member(sim: &Sim, clock: &Arc<dyn Clock>) -> Member {
    let focus = rounds::view::view("overview").unwrap().feeds.to_vec();
    let (control, watched) = watch::channel(Control { focus, ..Control::default() });
    let (out, mut results) = mpsc::channel(64);
    let budgets = Arc::<Budgets>::default();
    let poller = spawn(0, &stack(), &sim.backend(), &budgets, clock, &watched, &out);
    let read_at = Arc::<Mutex<BTreeMap<&'static str, Vec<Timestamp>>>>::default();
    let noted = Arc::clone(&read_at);
    tokio::spawn(async move {
        while let Some(news) = results.recv().await {
            if let News::Fetched(fetched) = news
                && fetched.result.is_ok()
            {
                noted.lock().unwrap().entry(fetched.feed).or_default().push(fetched.at);
            }
        }
    });
    Member { budgets, read_at, _control: control, _poller: poller }
}

/// How many there are now that were not there before, and what part of the first the second are, in per mille.
fn since(before: (u64, u64), now: (u64, u64)) -> (u64, u64) {
    let calls = now.0 - before.0;
    (calls, (now.1 - before.1) * 1_000 / calls.max(1))
}

#[tokio::test(start_paused = true)]
async fn twenty_consoles_on_one_account_leave_room_for_each_other_and_for_an_action() {
    fastrand::seed(7);
    let crowd = Crowd::on(&Scenario::sized(25, 120, 17));
    let mut acks = Vec::new();
    let mut marks = vec![crowd.calls()];
    for minute in 0..5 {
        tokio::time::sleep(MINUTE / 2).await;
        acks.push(crowd.act(minute * 4).await);
        tokio::time::sleep(MINUTE / 2).await;
        marks.push(crowd.calls());
    }
    let minutes: Vec<(u64, u64)> = marks.windows(2).map(|pair| since(pair[0], pair[1])).collect();
    writeln!(std::io::stderr(), "calls and throttled per mille, by the minute: {minutes:?}; actions: {acks:?}")
        .unwrap();
    // They begin in the same second; from then on they share.
    let (_, throttled) = since(marks[1], marks[5]);
    assert!(throttled <= 10, "{minutes:?} {:?}", crowd.sim.throttled());
    assert!(acks.iter().all(|took| *took <= Duration::from_secs(3)), "{acks:?}");
    assert!(minutes.iter().all(|(calls, _)| *calls > 20 * 60), "each of them still reads: {minutes:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_storm_of_throttling_they_come_back_and_not_together() {
    fastrand::seed(8);
    let crowd = Crowd::on(&Scenario::sized(8, 40, 5));
    tokio::time::sleep(MINUTE).await;
    let start = crowd.calls();
    tokio::time::sleep(MINUTE).await;
    let (usual, _) = since(start, crowd.calls());
    crowd.sim.faults().fail(ANY, FaultKind::Throttled);
    tokio::time::sleep(MINUTE * 2).await;
    crowd.sim.faults().clear();
    let over = crowd.clock.now();
    let (mut most, mut before) = (0, crowd.calls());
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = crowd.calls();
        most = most.max(now.0 - before.0);
        before = now;
    }
    let start = crowd.calls();
    tokio::time::sleep(MINUTE).await;
    let (calls, throttled) = since(start, crowd.calls());
    writeln!(std::io::stderr(), "a minute before {usual} calls, after {calls}; most in a second {most}").unwrap();
    for member in &crowd.members {
        let read_at = member.read_at.lock().unwrap();
        assert!(read_at.get("ecs").is_some_and(|times| times.iter().any(|at| *at > over)), "everybody reads again");
    }
    assert!(calls * 10 >= usual * 6 && throttled <= 10, "{usual} calls a minute before, {calls} after, {throttled}");
    // Were all twenty to come in one second, it would be a minute's calls of each at once.
    assert!(most * 8 <= usual, "{most} calls in one second, {usual} in a usual minute");
}
