//! Why a row is judged as it is: the rule, its limits and where they come from, the evidence, and what to look at next.

use std::time::Duration;

use super::ages::Age;
use super::freshness::Recent;
use super::panels::{Content, field, paragraph};
use super::{Line, Span};
use crate::app::State;
use crate::health::{RULES, Rule};
use crate::keymap::Scope;
use crate::model::{Check, Severity};
use crate::table::Entry;
use crate::theme::Role;
use crate::time::human;
use crate::view::why_not_scaled;

pub(super) fn content(state: &State, entry: &Entry, columns: usize) -> Content {
    let Some(row) = state.listing.rows.iter().find(|row| row.entry() == *entry) else {
        return Content { title: "why".to_owned(), lines: vec![vec![Span::new("it is gone", Role::Unknown)]] };
    };
    let mut lines = Vec::new();
    let (recent, stack) = (Recent::of(state), state.world.index_of(&row.stack));
    // What a rule rests on has the sentence already.
    let is_said = row.problems.iter().any(|p| p.check.evidence.iter().any(|(name, _)| *name == "why"));
    let sentence = why_not_scaled(state.world.facts(stack), &row.id).filter(|_| !is_said);
    if let Some(sentence) = sentence {
        field(&mut lines, "why is it not scaling", &sentence, columns);
        lines.push(Vec::new());
    }
    for problem in &row.problems {
        if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(Vec::new());
        }
        explain(state, (&recent, stack), &problem.check, columns, &mut lines);
    }
    if row.problems.is_empty() {
        let words = match row.severity {
            Severity::Unknown => {
                let errors = state.key(Scope::Table, "errors");
                format!("It could not be read, so no rule can say anything about it; {errors} tells what failed.")
            }
            _ => format!("{} rules found nothing to say about it.", RULES.len()),
        };
        paragraph(&mut lines, &words, Role::of(row.severity), columns, 0);
    }
    let several = if row.problems.len() > 1 { format!(" and {} more", row.problems.len() - 1) } else { String::new() };
    Content { title: format!("why: {}{several}", super::panels::name(state, row)), lines }
}

fn explain(state: &State, (recent, stack): (&Recent, usize), check: &Check, columns: usize, lines: &mut Vec<Line>) {
    let glyph = check.severity.glyph(state.options.ascii);
    let words = format!("{glyph} {}: {}", check.severity.word(), check.message);
    paragraph(lines, &words, recent.role(stack, check), columns, 0);
    let (root, led) = relatives(state, stack, check);
    if let Some(root) = root {
        field(lines, "follows from", root, columns);
    }
    if let Some(since) = check.since {
        let until = recent.as_of(stack, check.taken_at, state.now);
        let old = if until < state.now { format!(" at {}", until.time_of_day()) } else { String::new() };
        let lasting = if state.options.clock { format!(" ({}{old})", human(until.since(since))) } else { old };
        field(lines, "since", &format!("{}{lasting}", since.date_time()), columns);
    }
    for (i, step) in check.next.iter().enumerate() {
        field(lines, if i == 0 { "look at next" } else { "" }, step, columns);
    }
    for (i, words) in led.iter().enumerate() {
        field(lines, if i == 0 { "what follows from it" } else { "" }, words, columns);
    }
    for (name, value) in &check.evidence {
        field(lines, name, value, columns);
    }
    // What cannot be read has no time of reading.
    if check.subject.kind != "feed" {
        field(lines, "read", &Age::of(state, check.taken_at, Duration::ZERO).ago(), columns);
    }
    field(lines, "rule", check.rule, columns);
    if let Some(rule) = RULES.iter().find(|r| r.id == check.rule) {
        field(lines, "what it looks for", rule.doc, columns);
        limits(state, rule, columns, lines);
        field(lines, "source", rule.source, columns);
    }
}

/// What it follows from, and what follows from it, in a sentence each.
fn relatives<'a>(state: &'a State, stack: usize, check: &Check) -> (Option<&'a str>, Vec<String>) {
    let name = state.world.stacks.get(stack).map(|stack| &stack.name);
    let others = || state.world.problems().filter(|p| Some(&p.stack) == name).map(|p| &p.check);
    let root = check.follows.as_ref().and_then(|root| others().find(|other| root.names(other)));
    let led = others().filter(|other| other.follows.as_ref().is_some_and(|root| root.names(check)));
    (root.map(|root| root.message.as_str()), told_once(led))
}

/// A sentence for each; what is the same of several things is said once, with their names.
fn told_once<'a>(checks: impl Iterator<Item = &'a Check>) -> Vec<String> {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for check in checks {
        let name = format!("{} {}", check.subject.kind, check.subject.name);
        match told.iter_mut().find(|(words, _)| *words == check.message.as_str()) {
            Some((_, names)) => names.push(name),
            None => told.push((check.message.as_str(), vec![name])),
        }
    }
    let words = told.into_iter().map(|(words, names)| match names.len() {
        1 => words.to_owned(),
        _ => format!("{words} (of {})", names.join(", ")),
    });
    words.collect()
}

/// The limits of the rule, whichever of them decided here, if one did: that is told by the evidence.
fn limits(state: &State, rule: &Rule, columns: usize, lines: &mut Vec<Line>) {
    for (i, threshold) in rule.thresholds.iter().enumerate() {
        let (level, from) = match state.world.thresholds().configured(rule.id, threshold.name) {
            Some(level) => (level, "configured"),
            None => (threshold.default, "default"),
        };
        let name = if i == 0 { "configurable limits" } else { "" };
        field(lines, name, &format!("{} {level} ({from})", threshold.name), columns);
    }
}
