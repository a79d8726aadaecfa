//! Consoles on one simulated account, whose token buckets they share, in paused time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rounds::action::audit::Audit;
use rounds::action::executor::{Order, Progress, execute};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::{Actor, Bench, action};
use rounds::backend::sim::wire::Rates;
use rounds::backend::sim::{ANY, Scenario, Sim};
use rounds::feed::{Budgets, Control, Poller, spawn};
use rounds::model::stack::Stack;
use rounds::store::News;
use rounds::text::Text;
use rounds::time::{Clock, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How long the account takes to answer.
const ANSWER: Duration = Duration::from_millis(80);

/// The paused time of tokio as a clock, and where it began.
struct Paused(Instant, Timestamp);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        self.1 + self.0.elapsed()
    }
}

/// One console: its feeds run, and somebody notes when each of them was read.
pub struct Member {
    budgets: Arc<Budgets>,
    /// When polls of each feed ended well.
    pub read_at: Arc<Mutex<BTreeMap<&'static str, Vec<Timestamp>>>>,
    _control: watch::Sender<Control>,
    _poller: Poller,
}

/// Consoles on one simulated account.
pub struct Crowd {
    /// The account.
    pub sim: Sim,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// The consoles.
    pub members: Vec<Member>,
    stack: Stack,
    home: tempfile::TempDir,
}

impl Crowd {
    /// So many, which all start in the same second and look at the overview.
    pub fn on(scenario: &Scenario, consoles: usize) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now(), scenario.start()));
        let stack = Stack { name: Text::from("test"), mongo: scenario.mongo_sets(), ..Stack::default() };
        let sim = Sim::new(scenario, 1, Arc::clone(&clock)).limited(Rates::Documented);
        sim.faults().delay(ANY, ANSWER);
        let members = (0..consoles).map(|_| member(&sim, &stack, &clock)).collect();
        Self { sim, clock, members, stack, home: tempfile::tempdir().expect("a directory") }
    }

    /// Calls so far, and how many of them were told to slow down.
    pub fn calls(&self) -> (u64, u64) {
        (self.sim.calls().values().sum(), self.sim.throttled().values().sum())
    }

    /// One of them forces a deployment: how long from the plan to AWS's answer.
    pub async fn act(&self, member: usize) -> Duration {
        let (bench, spec) = (self.bench(member), action("force-deploy").expect("there is one"));
        let target = format!("scale/service-{member:04}");
        let plan = (spec.plan)(&bench, &target).await.unwrap_or_else(|e| panic!("{target}: {e}"));
        let order = Order {
            bench: &bench,
            audit: &Audit::at(self.home.path().join(member.to_string())),
            rules: &Rules { allow: vec![spec.id.to_owned()], ..Rules::default() },
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
                sent.lock().expect("no panic").get_or_insert(began.elapsed());
            }
        };
        let ended = execute(&plan, &order, &tell, std::future::pending()).await;
        let took = *sent.lock().expect("no panic");
        took.unwrap_or_else(|| panic!("nothing was sent: {ended:?}"))
    }

    fn bench(&self, member: usize) -> Bench {
        let budgets = Arc::clone(&self.members[member].budgets);
        Bench::new(self.stack.clone(), self.sim.backend(), Arc::clone(&self.clock), budgets)
    }
}

fn member(sim: &Sim, stack: &Stack, clock: &Arc<dyn Clock>) -> Member {
    let focus = rounds::view::view("overview").expect("there is one").feeds.to_vec();
    let (control, watched) = watch::channel(Control { focus, ..Control::default() });
    let (out, mut results) = mpsc::channel(64);
    let budgets = Arc::<Budgets>::default();
    let poller = spawn(0, stack, &sim.backend(), &budgets, clock, &watched, &out);
    let read_at = Arc::<Mutex<BTreeMap<&'static str, Vec<Timestamp>>>>::default();
    let noted = Arc::clone(&read_at);
    tokio::spawn(async move {
        while let Some(news) = results.recv().await {
            if let News::Fetched(fetched) = news
                && fetched.result.is_ok()
            {
                noted.lock().expect("no panic").entry(fetched.feed).or_default().push(fetched.at);
            }
        }
    });
    Member { budgets, read_at, _control: control, _poller: poller }
}
