//! `rounds act`: an action without the screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Write as _, stderr};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::args::{Act, Global};
use super::headless::span;
use super::{Outcome, block_on, print};
use crate::action::audit::{self, Audit};
use crate::action::executor::{Ended, Order, Progress, execute};
use crate::action::plan::{Level, Plan, Tier};
use crate::action::policy::{self, Confirmation, FLAG, Refusal, Rules};
use crate::action::{Actor, Bench, action, ids, planned};
use crate::backend::aws::Connector;
use crate::config::{self, Settings};
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::feed::Budgets;
use crate::model::stack::Stack;
use crate::text::{clean, clean_lines, shell_word};
use crate::time::{Clock, SystemClock, human};

/// Nothing was sent.
const REFUSED: u8 = 2;

/// Plans, and carries out what is confirmed.
pub(super) fn run(global: &Global, act: &Act, env: &BTreeMap<String, String>) -> Outcome {
    let Some(spec) = action(&act.action) else {
        let error = Error::usage(format!("unknown action {}", quoted(&act.action)));
        let valid = || format!("valid: {}", ids().join(", "));
        return Err(vec![error.hint(suggestion(&act.action, &ids()).unwrap_or_else(valid))]);
    };
    let settings = config::load(env, &global.flags())?;
    print::log(settings.log.as_deref())?;
    let stack = only(&settings)?;
    let audit = super::console::audit().map_err(|e| vec![e])?;
    let watch = span("--timeout", &act.timeout)?;
    block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let actor = Actor::here(env).operated_by(settings.operator.as_deref());
        // CloudTrail then names the person too, where a role is assumed.
        let connector = Connector::new(Arc::clone(&clock)).with_session(&actor.user);
        let backend = connector.connect(stack).await.map_err(|e| vec![e])?;
        let bench = Bench::new(stack.clone(), backend, clock, Arc::new(Budgets::default()));
        tell_unfinished(&audit);
        let plan = planned(spec, &bench, &act.target, &audit).await.map_err(|e| vec![e])?;
        let rules = super::console::rules(global, &settings, env);
        let Some(name) = &act.confirm else { return show(&plan, act, global, &rules, &bench) };
        print::print(&text(&plan, &[]))?;
        let order = Order {
            bench: &bench,
            audit: &audit,
            rules: &rules,
            confirmation: &Confirmation {
                name: act.account.iter().fold(name.clone(), |name, account| format!("{name} {account}")),
                reason: act.reason.clone().unwrap_or_default(),
                ticket: act.ticket.clone(),
                mode: FLAG,
            },
            actor: &actor,
            watch,
            grace: None,
        };
        let ended = execute(&plan, &order, &tell, stopped()).await;
        Ok(finish(ended, &plan, global))
    })?
}

/// The one stack it is about: acting on the wrong one is not to be left to an order.
fn only(settings: &Settings) -> Result<&Stack, Vec<Error>> {
    if let [only] = settings.stacks.as_slice() {
        return Ok(only);
    }
    let names: Vec<&str> = settings.stacks.iter().map(|stack| stack.name.as_str()).collect();
    let error = Error::usage("an action is for one stack, and several are configured");
    Err(vec![error.hint(format!("name one: --stack {}", names.join(" or --stack ")))])
}

/// What an earlier run left unfinished. That it cannot be told is told too.
fn tell_unfinished(audit: &Audit) {
    match audit.unfinished() {
        Ok(left) => {
            for left in left {
                say(&format!("unfinished: {}", left.text));
            }
        }
        Err(error) => say(&format!("what earlier runs left unfinished is not known: {error}")),
    }
}

/// Prints the plan and changes nothing. Whether the command line allows it is not asked yet, unless it forbids it.
fn show(plan: &Plan, act: &Act, global: &Global, rules: &Rules, bench: &Bench) -> Outcome {
    let spec = plan.action;
    let rules = Rules { allow: vec![spec.id.to_owned()], ..rules.clone() };
    let refusals = policy::refusals(plan, &rules, &bench.stack, &plan.identity, bench.clock.now());
    if act.json {
        let mut document = plan.to_json();
        document["refusals"] = refusals.iter().map(refusal).collect();
        print::print(&format!("{document:#}\n"))?;
    } else {
        let account = match plan.tier {
            Tier::Name => String::new(),
            Tier::NameAndAccount => format!(" --account {}", plan.identity.account),
        };
        let how = format!(
            "\nto do it: rounds act {} {} --confirm {}{account} --reason \"...\" --allow {}{}\n",
            spec.id,
            shell_word(&plan.target.label),
            shell_word(&plan.target.name),
            spec.id,
            clean_lines(&global.aim())
        );
        print::print(&(text(plan, &refusals) + if refusals.is_empty() { &how } else { "" }))?;
    }
    Ok(match plan.level() {
        _ if !refusals.is_empty() => REFUSED,
        Level::Block => REFUSED,
        Level::Warn => 1,
        Level::Pass => 0,
    })
}

fn refusal(refusal: &Refusal) -> Value {
    json!({ "id": refusal.id, "why": refusal.why, "lift": refusal.lift })
}

/// The plan for people.
fn text(plan: &Plan, refusals: &[Refusal]) -> String {
    let mut out = format!("{}: {}\n", plan.action.title, plan.target.label);
    let mut last = "";
    for (name, _, value) in plan.told(refusals) {
        // A word that goes on is said once; the weight of a check stands before each.
        let shown = if name == last && name == "effect" { "" } else { name };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {shown:<8}{}", clean(&value));
        last = name;
    }
    out
}

/// Progress goes to standard error. One that is closed, as after a hang-up, stops nothing.
fn tell(progress: Progress) {
    say(&match progress {
        Progress::Noted(seq) => format!("noted as record {seq}"),
        Progress::Sent(answer) => answer,
        Progress::Seen(after, text) => format!("{} {text}", human(after)),
        Progress::Trouble(text) => format!("! {text}"),
    });
}

fn say(line: &str) {
    let _ = writeln!(stderr(), "{}", clean_lines(line));
}

/// A signal that asks the program to end, by name. From now on it ends the watching alone.
fn stopped() -> impl Future<Output = String> + Send {
    let kinds = [
        ("SIGHUP", SignalKind::hangup()),
        ("SIGINT", SignalKind::interrupt()),
        ("SIGTERM", SignalKind::terminate()),
        ("SIGQUIT", SignalKind::quit()),
    ];
    let signals: Vec<_> = kinds.into_iter().filter_map(|(name, kind)| Some((name, signal(kind).ok()?))).collect();
    async move {
        let waits = signals.into_iter().map(|(name, mut signal)| {
            Box::pin(async move {
                signal.recv().await;
                name.to_owned()
            })
        });
        futures_util::future::select_all(waits).await.0
    }
}

/// Tells how it ended and what is to be planned next, and gives the exit code.
fn finish(ended: Ended, plan: &Plan, global: &Global) -> u8 {
    let (outcome, text) = match ended {
        Ended::Refused(refusals) => {
            for Refusal { why, lift, .. } in refusals {
                say(&format!("refused: {why}\n  {lift}"));
            }
            return REFUSED;
        }
        Ended::Sent(outcome, text) => (outcome, text),
    };
    // The outcome is noted and stands: a reader that has gone changes no exit code.
    let _ = print::print(&format!("{}: {}\n", outcome.word(), clean(&text)));
    if let Some(next) = plan.deed.next().filter(|_| outcome == audit::Outcome::Done) {
        let target = shell_word(&next.target);
        let aim = clean_lines(&global.aim());
        let _ = print::print(&format!("to {}: rounds act {} {target} --plan{aim}\n", next.what, next.action.id));
    }
    match outcome {
        audit::Outcome::Done => 0,
        audit::Outcome::Failed => 1,
        audit::Outcome::Unknown => 4,
    }
}
