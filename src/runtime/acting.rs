//! Actions that the console plans and carries out, beside the loop: it never waits for them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::action::audit::Audit;
use crate::action::executor::{Ended, Order, WATCH, execute};
use crate::action::policy::{Confirmation, Refusal, Rules};
use crate::action::settle::{Settled, settle};
use crate::action::{Actor, Bench, Plan, action, planned};
use crate::app::Msg;
use crate::error::Error;
use crate::text::clean;

/// How long a request under way is waited for once the console ends, …
const GRACE: Duration = Duration::from_secs(1);
/// … and everything: a console whose terminal is gone must be gone within two seconds.
const LONGEST: Duration = Duration::from_millis(1_600);

/// The bench of each stack, once it is connected to.
pub type Benches = Arc<[OnceLock<Arc<Bench>>]>;

/// What actions need.
pub struct Acting {
    /// Where plans are read.
    pub benches: Benches,
    /// Where actions are noted.
    pub audit: Result<Arc<Audit>, Error>,
    /// Who acts.
    pub actor: Arc<Actor>,
    tell: mpsc::UnboundedSender<Msg>,
    stop: watch::Sender<Option<String>>,
    under_way: JoinSet<()>,
    planning: Option<AbortHandle>,
}

impl Acting {
    /// Nothing under way; what happens is told there.
    pub fn new(benches: Benches, audit: Result<Audit, Error>, actor: Actor, tell: mpsc::UnboundedSender<Msg>) -> Self {
        let (stop, _) = watch::channel(None);
        Self {
            benches,
            audit: audit.map(Arc::new),
            actor: Arc::new(actor),
            tell,
            stop,
            under_way: JoinSet::new(),
            planning: None,
        }
    }

    /// Plans, and tells the plan. Whoever wants another plan waits no more for the one before.
    pub fn plan(&mut self, attempt: u64, stack: usize, id: &'static str, target: String) {
        let (tell, bench, audit) = (self.tell.clone(), self.bench(stack), self.audit.clone());
        if let Some(before) = self.planning.take() {
            before.abort();
        }
        let planning = tokio::spawn(async move {
            let result = match (bench, action(id)) {
                (Some(bench), Some(spec)) => match audit {
                    Ok(audit) => planned(spec, &bench, &target, &audit).await.map(Arc::new),
                    // Without an audit nothing is done, which is told when somebody wants to.
                    Err(_) => (spec.plan)(&bench, &target).await.map(Arc::new),
                },
                _ => Err(Error::unavailable("the stack is not connected to yet").hint("its panes tell why")),
            };
            // Where nobody listens any more the console has ended.
            let _ = tell.send(Msg::Planned { attempt, result });
        });
        self.planning = Some(planning.abort_handle());
    }

    /// Carries out a confirmed plan by the rules of that moment, and tells how it goes.
    pub fn act(&mut self, attempt: u64, stack: usize, plan: Arc<Plan>, confirmation: Confirmation, rules: Rules) {
        let (bench, audit) = match (self.bench(stack), &self.audit) {
            (Some(bench), Ok(audit)) => (bench, Arc::clone(audit)),
            (bench, audit) => {
                let why = match audit {
                    Err(error) if bench.is_some() => error.to_string(),
                    _ => "the stack is not connected to".to_owned(),
                };
                let refusal = Refusal::new("audit", why, "nothing was sent");
                let _ = self.tell.send(Msg::Ended { attempt, ended: Ended::Refused(vec![refusal]) });
                return;
            }
        };
        let actor = Arc::clone(&self.actor);
        let (told, ended, mut stop) = (self.tell.clone(), self.tell.clone(), self.stop.subscribe());
        self.under_way.spawn(async move {
            let stopped = async move {
                let why = stop.wait_for(Option::is_some).await;
                why.ok().and_then(|why| why.clone()).unwrap_or_default()
            };
            let order = Order {
                bench: &bench,
                audit: &audit,
                rules: &rules,
                confirmation: &confirmation,
                actor: &actor,
                watch: WATCH,
                grace: Some(GRACE),
            };
            let tell = move |progress| drop(told.send(Msg::Told { attempt, progress }));
            let how: Ended = execute(&plan, &order, &tell, stopped).await;
            let _ = ended.send(Msg::Ended { attempt, ended: how });
        });
    }

    /// Reads what became of what was left open on these stacks, notes it, and tells it. Nothing is sent, so nothing waits for it.
    pub fn settle(&self) {
        let (tell, actor, audit) = (self.tell.clone(), Arc::clone(&self.actor), self.audit.clone());
        let benches: Vec<Arc<Bench>> = self.benches.iter().filter_map(|bench| bench.get().cloned()).collect();
        tokio::spawn(async move {
            let _ = tell.send(Msg::Settled(settled(&benches, audit, &actor).await));
        });
    }

    /// Ends the watching of everything under way, and waits until that is noted.
    pub async fn end(mut self, why: String) {
        self.stop.send_replace(Some(why));
        let all = async { while self.under_way.join_next().await.is_some() {} };
        // What is not noted by then is told as unfinished at the next start.
        let _ = timeout(LONGEST, all).await;
    }

    fn bench(&self, stack: usize) -> Option<Arc<Bench>> {
        self.benches.get(stack)?.get().cloned()
    }
}

/// What came of each that is open, a line each.
async fn settled(benches: &[Arc<Bench>], audit: Result<Arc<Audit>, Error>, actor: &Actor) -> Vec<String> {
    let open = audit.and_then(|audit| Ok((audit.open()?, audit)));
    let (open, audit) = match open {
        Ok(both) => both,
        Err(error) => return vec![error.to_string()],
    };
    let mut told = Vec::new();
    for open in open {
        let how = match benches.iter().find(|bench| bench.stack.name == open.stack()) {
            Some(bench) => settle(&open, bench, &audit, actor).await,
            None => Settled::Stays("this console is not connected to its stack".to_owned()),
        };
        told.push(format!("{}: {}", open.name(), clean(&how.text())));
    }
    told
}
