//! The panel of an action: its plan, and once that is confirmed, what happens.

use super::panels::{Content, inner_width, paragraph};
use super::span::wrap;
use super::{Line, Span, glyph, pad, width};
use crate::action::Plan;
use crate::action::arming::lasts;
use crate::action::audit::Outcome;
use crate::action::executor::{Ended, Progress};
use crate::action::plan::Level;
use crate::app::attempt::verdict;
use crate::app::{Attempt, AttemptStage, Planned, PromptKind, State};
use crate::keymap::Scope;
use crate::model::Severity;
use crate::theme::Role;
use crate::time::{Timestamp, human};

/// Columns of the words at the left.
const NAME: usize = 8;

pub(super) fn content(state: &State, id: u64) -> Content {
    let columns = inner_width(state);
    let Some(attempt) = state.attempts.get(id) else {
        return Content { title: "action".to_owned(), lines: vec![vec![Span::new("it is forgotten", Role::Unknown)]] };
    };
    let mut lines = Vec::new();
    let title = match attempt.plan() {
        Some(plan) => format!("{}: {}", plan.action.title, plan.target.label),
        None => format!("{}: {}", attempt.wish.action.title, attempt.wish.target),
    };
    match &attempt.stage {
        AttemptStage::Planning => {
            let words = format!("reading what there is, for {}", age(state, attempt));
            lines.push(vec![Span::new(words, Role::Dim)]);
        }
        AttemptStage::Unplanned(error) => {
            error.to_string().lines().for_each(|line| paragraph(&mut lines, line.trim(), Role::Unknown, columns, 0));
        }
        AttemptStage::Planned(planned) => plan(state, planned, columns, &mut lines),
        AttemptStage::UnderWay(plan, trail) => {
            head(plan, columns, &mut lines);
            went(trail, columns, &mut lines);
            let noted = trail.iter().any(|(_, progress)| matches!(progress, Progress::Noted(_)));
            let what = if noted { "under way" } else { "reading again, nothing has been sent," };
            let words = format!("{what} for {}; closing this does not end it", age(state, attempt));
            lines.extend([Vec::new(), vec![Span::new(words, Role::Dim)]]);
        }
        AttemptStage::Ended(plan, trail, ended) => {
            head(plan, columns, &mut lines);
            went(trail, columns, &mut lines);
            lines.push(Vec::new());
            end(state, ended, columns, &mut lines);
            next(state, attempt, columns, &mut lines);
        }
    }
    Content { title, lines }
}

fn age(state: &State, attempt: &Attempt) -> String {
    human(state.clock.since(attempt.since))
}

fn plan(state: &State, planned: &Planned, columns: usize, lines: &mut Vec<Line>) {
    let ascii = state.options.ascii;
    let mut last = "";
    let (passed, rest): (Vec<_>, Vec<_>) =
        planned.plan.told(&planned.refusals).into_iter().partition(|(_, level, _)| *level == Some(Level::Pass));
    let passed = passed.iter().map(|(.., text)| text.as_str()).collect::<Vec<_>>().join("; ");
    // What speaks for it takes one paragraph: what speaks against it is what must be seen.
    let passed = (!passed.is_empty()).then(|| (Level::Pass.word(), Some(Level::Pass), passed));
    // While it is being confirmed: who, where, what, and what stands against it, however small the screen is.
    let asked = state.prompt.is_some();
    let rest = rest.into_iter().filter(|(name, ..)| !asked || !matches!(*name, "effect" | "undo"));
    let passed = passed.filter(|_| !asked);
    for (name, level, text) in rest.chain(passed) {
        let (sign, role) = match level {
            None => (Span::new(pad(if name == last { "" } else { name }, NAME, false, ascii), Role::Dim), Role::Dialog),
            Some(level) => {
                let severity = severity(level);
                let sign = glyph(severity, ascii);
                let text = pad(&format!("{} {name}", sign.text.trim_end()), NAME + 2, false, ascii);
                (Span { text, ..sign }, if level == Level::Pass { Role::Dialog } else { Role::of(severity) })
            }
        };
        last = name;
        labelled(lines, &sign, &text, role, columns);
    }
    lines.push(Vec::new());
    if !planned.reason.is_empty() {
        let name = Span::new(pad("reason", NAME, false, ascii), Role::Dim);
        labelled(lines, &name, &planned.reason, Role::Dialog, columns);
    }
    let read = format!(
        "read {} ago; read and compared again before anything is sent",
        human(state.clock.since(planned.plan.taken_at))
    );
    paragraph(lines, &read, Role::Dim, columns, 0);
    let name = planned.plan.confirm();
    let (words, role) = if state.asks().is_some() {
        (format!("2 of 2: type {name} to confirm"), Role::KeyHint)
    } else if state.prompt.as_ref().is_some_and(|prompt| prompt.kind == PromptKind::Arm) {
        (format!("why is the console armed? That lasts {}", lasts()), Role::KeyHint)
    } else if asked {
        ("1 of 2: why? The audit keeps the reason".to_owned(), Role::KeyHint)
    } else if planned.refusals.is_empty() {
        let key = state.key(Scope::Dialog, "accept");
        (format!("{key}: give a reason, then type {name}"), Role::KeyHint)
    } else if planned.waits_for_arming() {
        let key = state.key(Scope::Dialog, "accept");
        (format!("{key}: arm the console, then give a reason and type {name}"), Role::KeyHint)
    } else {
        ("not to be done: see what stands against it".to_owned(), Role::Crit)
    };
    paragraph(lines, &words, role, columns, 0);
}

/// What is under way, in short: the very request, and where.
fn head(plan: &Plan, columns: usize, lines: &mut Vec<Line>) {
    let who = plan.identity.caller().to_string();
    let calls = plan.calls().into_iter().map(|call| ("sends", call));
    let told = [("who", who), ("where", plan.place())].into_iter().chain(calls).chain([("undo", plan.undo.clone())]);
    for (name, text) in told {
        labelled(lines, &Span::new(pad(name, NAME, false, false), Role::Dim), &text, Role::Dialog, columns);
    }
    lines.push(Vec::new());
}

/// What has happened, and when.
fn went(trail: &[(Timestamp, Progress)], columns: usize, lines: &mut Vec<Line>) {
    for (at, progress) in trail {
        let (words, role) = match progress {
            Progress::Noted(seq) => (format!("intent noted as record {seq} of the audit"), Role::Dialog),
            Progress::Sent(answer) => (answer.clone(), Role::Dialog),
            Progress::Seen(_, seen) => (seen.clone(), Role::Dialog),
            Progress::Trouble(trouble) => (trouble.clone(), Role::Warn),
        };
        labelled(lines, &Span::new(at.time_of_day(), Role::Dim), &words, role, columns);
    }
}

fn end(state: &State, ended: &Ended, columns: usize, lines: &mut Vec<Line>) {
    let severity = match ended {
        Ended::Refused(_) | Ended::Sent(Outcome::Failed, _) => Severity::Crit,
        Ended::Sent(Outcome::Done, _) => Severity::Ok,
        Ended::Sent(Outcome::Unknown, _) => Severity::Unknown,
    };
    let sign = glyph(severity, state.options.ascii);
    labelled(lines, &sign, &verdict(ended), Role::of(severity), columns);
    if let Ended::Refused(refusals) = ended {
        let again = state.key(Scope::Dialog, "refresh");
        for refusal in refusals {
            paragraph(lines, &refusal.lift, Role::Dialog, columns, 2);
        }
        paragraph(lines, &format!("{again} plans again"), Role::Dim, columns, 2);
    }
}

/// What is to be planned next, and the key that does.
fn next(state: &State, attempt: &Attempt, columns: usize, lines: &mut Vec<Line>) {
    if let Some(next) = attempt.next() {
        let key = state.key(Scope::Dialog, "accept");
        let words = format!("{key}: plan {} {}: {}", next.action.id, next.target, next.what);
        paragraph(lines, &words, Role::KeyHint, columns, 0);
    }
}

/// A word, and text broken and aligned beside it.
fn labelled(lines: &mut Vec<Line>, sign: &Span, text: &str, role: Role, columns: usize) {
    let indent = width(&sign.text) + 1;
    let blank = Span::new(" ".repeat(width(&sign.text)), Role::Dialog);
    for (i, part) in wrap(text, columns.saturating_sub(indent)).into_iter().enumerate() {
        let sign = if i == 0 { sign.clone() } else { blank.clone() };
        lines.push(vec![sign, Span::new(format!(" {part}"), role)]);
    }
}

const fn severity(level: Level) -> Severity {
    match level {
        Level::Pass => Severity::Ok,
        Level::Warn => Severity::Warn,
        Level::Block => Severity::Crit,
    }
}
