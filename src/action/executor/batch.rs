//! Carries out a plan that is made of several: what was confirmed is the whole, and each part then goes the whole way by itself,
//! one after the other. The first that is not done ends it.

use std::sync::Arc;

use super::{Ended, Order, Progress, Stop, one};
use crate::action::arming::Arming;
use crate::action::audit::Outcome;
use crate::action::plan::Plan;
use crate::action::policy::{self, Confirmation, Refusal, Rules};

/// How a part was confirmed: with all of them.
const MODE: &str = "batch";

pub(super) async fn execute(
    plan: &Plan,
    order: &Order<'_>,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: Stop<'_>,
) -> Ended {
    let began = order.bench.clock.now();
    // It is leave for none of the parts: each needs its own.
    let permit = policy::permit(plan, order.confirmation, order.rules, &order.bench.stack, &plan.identity, began);
    if let Err(refusals) = permit {
        return Ended::Refused(refusals);
    }
    let parts = plan.deed.parts();
    // What was confirmed goes on after the console is disarmed, all of it.
    let rules = Rules { arming: Arming::Unneeded, ..order.rules.clone() };
    for (n, part) in parts.iter().enumerate() {
        let words = format!("{} of {}: {} {}", n + 1, parts.len(), part.action.id, part.target.label);
        tell(Progress::Seen(order.bench.clock.now().since(began), words));
        let confirmation = Confirmation { name: part.confirm(), mode: MODE, ..order.confirmation.clone() };
        let order = Order { confirmation: &confirmation, rules: &rules, ..*order };
        // What the audit had to say was said of the whole.
        let of_audit = plan.checks.iter().filter(|check| check.id.starts_with("audit")).cloned();
        let part = Plan { checks: part.checks.iter().cloned().chain(of_audit).collect(), ..Plan::clone(part) };
        let ended = one(&part, &order, tell, stop.clone(), Some(plan.target.label.as_str())).await;
        if !matches!(ended, Ended::Sent(Outcome::Done, _)) {
            return broken_off(parts, n, ended);
        }
    }
    Ended::Sent(Outcome::Done, format!("each of them is done: {}", labels(parts)))
}

/// The part at `n` was not done: what became of those before, and that those behind were not begun.
fn broken_off(parts: &[Arc<Plan>], n: usize, ended: Ended) -> Ended {
    let (done, rest) = parts.split_at(n);
    let label = &rest[0].target.label;
    let part =
        |what: &str, of: &[Arc<Plan>]| if of.is_empty() { String::new() } else { format!("; {what}: {}", labels(of)) };
    let others = part("done before", done) + &part("not begun", &rest[1..]);
    match ended {
        Ended::Refused(refusals) if done.is_empty() => {
            let of = |refusal: Refusal| Refusal { why: format!("{label}: {}{others}", refusal.why), ..refusal };
            Ended::Refused(refusals.into_iter().map(of).collect())
        }
        Ended::Refused(refusals) => {
            let why: Vec<String> = refusals.into_iter().map(|refusal| refusal.why).collect();
            Ended::Sent(
                Outcome::Failed,
                format!("{label} was refused, nothing was sent to it: {}{others}", why.join("; ")),
            )
        }
        Ended::Sent(outcome, text) => Ended::Sent(outcome, format!("{label}: {text}{others}")),
    }
}

fn labels(parts: &[Arc<Plan>]) -> String {
    let labels: Vec<&str> = parts.iter().map(|part| part.target.label.as_str()).collect();
    labels.join(", ")
}
