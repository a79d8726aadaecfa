//! Carries a plan out: reads again, asks the policy, notes the intent, sends once, notes the answer, watches, notes the outcome.

mod batch;

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use super::audit::{self, Audit, Header, Outcome, Phase};
use super::copy::{self, Copies};
use super::plan::{Plan, State};
use super::policy::{self, Confirmation, Refusal, Rules};
use super::{Actor, Bench, Look, Stage};
use crate::backend::change::{Permit, Sent};
use crate::error::Error;
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::{Timestamp, human};

/// How soon the same may be sent to the same target again: nothing of the first would be seen before.
const AGAIN: Duration = Duration::from_secs(60);
/// How often to look at first, …
const OFTEN: Duration = Duration::from_secs(5);
/// … and after two minutes.
const SELDOM: Duration = Duration::from_secs(15);
/// When to look less often.
const SETTLED: Duration = Duration::from_mins(2);
/// How long nothing may be seen of a change whose answer was lost, until it counts as not made.
pub(super) const UNSEEN: Duration = Duration::from_mins(1);
/// When it takes longer than such things should.
pub const SLOW: Duration = Duration::from_mins(10);
/// A plan older than this is made anew before it is carried out: what was checked then may not hold any more.
const FRESH: Duration = Duration::from_secs(5);
/// How often a target that somebody else has in hand is asked for, and how long in between: readers have it for a moment only.
const ASKED: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(20);
/// How long to watch unless told otherwise.
pub const WATCH: Duration = Duration::from_mins(30);

/// Everything beside the plan.
pub struct Order<'a> {
    /// What is read and sent with.
    pub bench: &'a Bench,
    /// Where it is noted.
    pub audit: &'a Audit,
    /// What the command line allows.
    pub rules: &'a Rules,
    /// What the person gave.
    pub confirmation: &'a Confirmation,
    /// Who that is.
    pub actor: &'a Actor,
    /// How long to watch.
    pub watch: Duration,
    /// How long a request under way is still waited for once nobody wants to watch any more; `None`: until it ends by itself.
    pub grace: Option<Duration>,
}

/// What is told on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The intent is on the disk under this number.
    Noted(u64),
    /// The request was sent; what was answered, in words.
    Sent(String),
    /// What was seen after this time.
    Seen(Duration, String),
    /// Something is not as it should be.
    Trouble(String),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was sent: why.
    Refused(Vec<Refusal>),
    /// It was sent: what came of it, in words.
    Sent(Outcome, String),
}

/// Carries `plan` out. `stop` ends what is still being prepared, then nothing is sent; later it ends the
/// watching. A request under way then is waited for as [`Order::grace`] says. It gives the reason.
pub async fn execute(
    plan: &Plan,
    order: &Order<'_>,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: impl Future<Output = String> + Send,
) -> Ended {
    let stop = stop.boxed().shared();
    if plan.deed.parts().is_empty() {
        one(plan, order, tell, stop, None).await
    } else {
        batch::execute(plan, order, tell, stop).await
    }
}

/// What ends the preparing and the watching, for as many as listen.
type Stop<'a> = Shared<BoxFuture<'a, String>>;

/// Carries out what is one request, perhaps a part of the `batch` of that name, and has its records copied meanwhile.
async fn one(
    plan: &Plan,
    order: &Order<'_>,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: Stop<'_>,
    batch: Option<&str>,
) -> Ended {
    let (copies, copying) = copy::copies(order.bench, order.actor, tell);
    tokio::join!(alone(plan, order, tell, stop, batch, copies), copying).0
}

async fn alone(
    plan: &Plan,
    order: &Order<'_>,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: Stop<'_>,
    batch: Option<&str>,
    copies: Copies,
) -> Ended {
    let ended = |why: &str| {
        let lift = "nothing was sent; try again where nothing ends it";
        Ended::Refused(vec![Refusal::new("ended", format!("it was ended before ({why})"), lift)])
    };
    // Held until the outcome is noted.
    let (_claim, permit) = tokio::select! {
        biased;
        why = stop.clone() => return ended(&why),
        ready = order.prepare(plan) => match ready {
            Ok(ready) => ready,
            Err(ended) => return ended,
        },
    };
    let id = random_id();
    let header = Header {
        action_id: &id,
        batch,
        actor: order.actor,
        plan,
        confirmation: order.confirmation,
        profile: order.bench.stack.profile.as_deref(),
    };
    let noted = tokio::select! {
        biased;
        why = stop.clone() => return ended(&why),
        noted = order.audit.append(|| order.bench.clock.now(), audit::draft(&header, Phase::Intent)) => noted,
    };
    match noted {
        Ok(written) => {
            tell(Progress::Noted(written.seq));
            copies.add(written);
        }
        Err(error) => return unwritable(&error),
    }
    let began = order.bench.clock.now();
    let sent = order.send(plan, permit, stop.clone()).await;
    let elapsed = || order.bench.clock.now().since(began);
    let millis = u64::try_from(elapsed().as_millis()).unwrap_or(u64::MAX);
    order.note(audit::result(&header, &sent, millis), tell, &copies).await;
    tell(Progress::Sent(answer(&sent)));
    let (outcome, text, after) = match &sent {
        Sent::Refused { fault, .. } => (Outcome::Failed, format!("nothing was changed: {fault}"), None),
        _ => Watch { plan, order, tell, sent: &sent, began }.watch(stop).await,
    };
    let record = audit::outcome(&header, outcome, &text, after.as_ref(), elapsed().as_secs());
    order.note(record, tell, &copies).await;
    Ended::Sent(outcome, text)
}

/// Nothing is sent for want of a record.
fn unwritable(error: &Error) -> Ended {
    let lift = "mend that: without a record nothing is changed";
    let why = format!("the audit cannot be written: {}", error.to_string().replace("\n  ", "; "));
    Ended::Refused(vec![Refusal::new("audit", why, lift)])
}

impl Order<'_> {
    /// Everything before the intent: takes the target in hand, reads again, asks the policy.
    async fn prepare(&self, plan: &Plan) -> Result<(audit::Claim, Permit), Ended> {
        let claim = self.claim(plan).await?;
        self.not_again(plan)?;
        self.unchanged(plan).await?;
        let now = self.bench.clock.now();
        let permit = policy::permit(plan, self.confirmation, self.rules, &self.bench.stack, &plan.identity, now);
        Ok((claim, permit.map_err(Ended::Refused)?))
    }

    async fn claim(&self, plan: &Plan) -> Result<audit::Claim, Ended> {
        for _ in 0..ASKED {
            if let Some(claim) = self.audit.claim(&plan.target.arn).map_err(|error| unwritable(&error))? {
                return Ok(claim);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        let why = format!("an action on {} is under way already", plan.target.label);
        let lift = "wait until that one has ended: rounds audit show";
        Err(Ended::Refused(vec![Refusal::new("under-way", why, lift)]))
    }

    /// Refuses what was sent a moment ago.
    fn not_again(&self, plan: &Plan) -> Result<(), Ended> {
        let refuse = |id, why: String, lift: String| Err(Ended::Refused(vec![Refusal::new(id, why, lift)]));
        match self.audit.last_sent(plan.action.id, &plan.target) {
            Err(error) => refuse("audit", format!("the audit cannot be read: {error}"), "mend that first".to_owned()),
            Ok(Some(at)) if self.bench.clock.now().since(at) < AGAIN => {
                let age = self.bench.clock.now().since(at);
                let why = format!("the same was sent to {} {} ago", plan.target.label, human(age));
                let left = human(AGAIN.saturating_sub(age));
                refuse("again", why, format!("look what it does first; allowed again in {left}"))
            }
            Ok(_) => Ok(()),
        }
    }

    /// Reads again who asks and what there is, and compares with what the plan rests on.
    async fn unchanged(&self, plan: &Plan) -> Result<(), Ended> {
        let refused = |refusal| Err(Ended::Refused(vec![refusal]));
        let lift = "nothing was sent; try again";
        let unread = |id, fault: Fault| {
            let what = if id == "identity" { "who asks" } else { "the target" };
            Ended::Refused(vec![Refusal::new(id, format!("{what} cannot be read: {fault}"), lift)])
        };
        let identity = self.bench.identity().await.map_err(|fault| unread("identity", fault))?;
        let (state, worse) = if self.bench.clock.now().since(plan.taken_at) <= FRESH {
            (plan.deed.state(self.bench).await.map_err(|fault| unread("state", fault))?, Vec::new())
        } else {
            let again = (plan.action.plan)(self.bench, &plan.target.label).await;
            let again = again.map_err(|error| Ended::Refused(vec![Refusal::new("state", error.to_string(), lift)]))?;
            let worse = again.worse_than(plan);
            (again.state, worse)
        };
        let who = |identity: &crate::model::identity::Identity| {
            let region = identity.region.clone().unwrap_or_default();
            State(vec![("account", identity.account.clone()), ("caller", identity.arn.clone()), ("region", region)])
        };
        let mut told = who(&plan.identity).differences(&who(&identity));
        told.extend(plan.state.differences(&state));
        told.extend(worse);
        if told.is_empty() {
            return Ok(());
        }
        let why = format!("{} has changed since it was planned: {}", plan.target.label, told.join("; "));
        refused(Refusal::new("changed", why, "plan again, and see whether it is still what you want"))
    }

    /// Sends the one request. One that is not waited for any more may have been carried out.
    async fn send(&self, plan: &Plan, permit: Permit, stop: impl Future<Output = String> + Send) -> Sent {
        let given_up = async {
            let why = stop.await;
            match self.grace {
                Some(grace) => self.bench.clock.sleep(grace).await,
                None => std::future::pending().await,
            }
            why
        };
        tokio::select! {
            biased;
            sent = self.bench.backend.changes.send(permit, &plan.change) => sent,
            why = given_up => {
                let what = format!("its answer was not waited for any longer ({why})");
                Sent::Unknown { fault: Fault::new(FaultKind::Timeout, plan.change.action(), what), status: None }
            }
        }
    }

    /// Notes what happened after the intent. It has happened, so a disk that is full now stops nothing, but is told.
    async fn note(
        &self,
        record: serde_json::Map<String, serde_json::Value>,
        tell: &(dyn Fn(Progress) + Send + Sync),
        copies: &Copies,
    ) {
        match self.audit.append(|| self.bench.clock.now(), record).await {
            Ok(written) => copies.add(written),
            Err(error) => tell(Progress::Trouble(format!("the audit lacks a record: {error}"))),
        }
    }
}

/// Watching what became of a request.
struct Watch<'a> {
    plan: &'a Plan,
    order: &'a Order<'a>,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    sent: &'a Sent,
    began: Timestamp,
}

type Verdict = (Outcome, String, Option<State>);

impl Watch<'_> {
    async fn watch(&self, stop: impl Future<Output = String> + Send) -> Verdict {
        let mut made = if let Sent::Applied { made, .. } = self.sent { made.clone() } else { None };
        let mut last: Option<Look> = None;
        let mut is_slow = false;
        let looking = async {
            loop {
                match self.plan.deed.look(self.order.bench, &self.plan.state, &mut made).await {
                    Ok(look) => {
                        let elapsed = self.elapsed();
                        if last.as_ref().is_none_or(|last| last.text != look.text) {
                            (self.tell)(Progress::Seen(elapsed, look.text.clone()));
                        }
                        let verdict = self.judge(&look, elapsed);
                        last = Some(look);
                        if let Some(verdict) = verdict {
                            return verdict;
                        }
                    }
                    Err(fault) => (self.tell)(Progress::Trouble(format!("cannot look: {fault}"))),
                }
                let elapsed = self.elapsed();
                let most = self.order.watch.min(self.plan.deed.patience());
                if elapsed >= most {
                    let span = human(most);
                    return self.given_up(last.as_ref(), &format!("not done after {span}"));
                }
                let usual = self.plan.deed.usual();
                if elapsed >= usual && !is_slow {
                    is_slow = true;
                    (self.tell)(Progress::Trouble(format!("not done after {}, watching on", human(usual))));
                }
                let pause = if elapsed < SETTLED { OFTEN } else { SELDOM };
                self.order.bench.clock.sleep(pause.min(most.saturating_sub(elapsed))).await;
            }
        };
        let stopped = tokio::select! {
            verdict = looking => return verdict,
            why = stop => why,
        };
        // Nobody looks any more, so how it ends is not known, however well it went until now.
        (Outcome::Unknown, format!("watched no longer ({stopped}); {}", self.known()), None)
    }

    fn elapsed(&self) -> Duration {
        self.order.bench.clock.now().since(self.began)
    }

    fn judge(&self, look: &Look, elapsed: Duration) -> Option<Verdict> {
        let ended = |outcome, text: String| Some((outcome, text, Some(look.state.clone())));
        match look.stage {
            Stage::Done => ended(Outcome::Done, look.text.clone()),
            Stage::Failed => ended(Outcome::Failed, look.text.clone()),
            Stage::Unseen if matches!(self.sent, Sent::Unknown { .. }) && elapsed >= UNSEEN => {
                ended(Outcome::Failed, found_unseen(look, elapsed))
            }
            Stage::Unseen | Stage::Going => None,
        }
    }

    /// The time is over, and how it ends is not known: what was seen last may be old, if anything ever was.
    fn given_up(&self, last: Option<&Look>, why: &str) -> Verdict {
        let seen = match last {
            Some(look) if look.stage == Stage::Going => format!(", it goes on by itself; last seen: {}", look.text),
            Some(look) => format!("; last seen: {}", look.text),
            None => ", and nothing could be read since".to_owned(),
        };
        let text = format!("watched no longer ({why}); {}{seen}", self.known());
        (Outcome::Unknown, text, last.map(|look| look.state.clone()))
    }

    fn known(&self) -> &'static str {
        if matches!(self.sent, Sent::Applied { .. }) { "it was accepted" } else { "its answer was lost" }
    }
}

fn answer(sent: &Sent) -> String {
    let id = |id: Option<&Text>| id.map(|id| format!(", request {id}")).unwrap_or_default();
    match sent {
        Sent::Applied { request_id, made } => {
            let made = made.as_ref().map(|made| format!(" ({made})")).unwrap_or_default();
            format!("accepted{made}{}", id(request_id.as_ref()))
        }
        Sent::Refused { fault, .. } => format!("refused: {fault}{}", id(fault.request_id.as_ref())),
        Sent::Unknown { fault, .. } => {
            format!("unknown: {fault}; it is not sent again, reading will tell what became of it")
        }
    }
}

/// What is said of a change of which nothing is to be seen.
pub(super) fn found_unseen(look: &Look, elapsed: Duration) -> String {
    format!("it was not carried out: {} after {}", look.text, human(elapsed))
}

/// A random id (UUID, version 4): it ties the records of one action together, or is what a service knows a request by.
pub(super) fn random_id() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests;
