//! Acting: from a row to a plan, and from a plan to its confirmation. Nothing here changes the world by one key.

use super::{Command, arm};
use crate::action::ACTIONS;
use crate::action::policy::{Confirmation, says_something};
use crate::app::attempt::AttemptStage;
use crate::app::{Attempt, Effect, Panel, PanelKind, Prompt, PromptKind, State, Wish, screen};
use crate::keymap::Scope;
use crate::text::Text;

pub(super) const ALL: &[Command] = &[Command::new(
    "actions",
    "act",
    "Plan an action on what the row is about, or come back to one that is under way",
    actions,
)];

fn actions(state: &mut State, _: &str) -> Vec<Effect> {
    let wishes = wishes(state);
    if wishes.is_empty() && state.attempts.confirmed().next().is_none() {
        let mut kinds: Vec<&str> = ACTIONS.iter().map(|spec| spec.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        state.tell(format!("no action here; on {}", kinds.join(", ")));
        return Vec::new();
    }
    state.panel = None;
    state.place.cursor.chosen = true;
    state.prompt = Some(Prompt { wishes, ..Prompt::new(PromptKind::Actions, String::new()) });
    Vec::new()
}

/// What can be done to what the row under the cursor is about. The targets are named now: whatever moves under the cursor
/// later, these are meant.
pub(in crate::app) fn wishes(state: &State) -> Vec<Wish> {
    let Some(row) = state.selected() else { return Vec::new() };
    let (kind, id): (&str, &Text) = match row.problems.first() {
        Some(problem) if state.view().kind.is_empty() => (problem.check.subject.kind, &problem.check.subject.id),
        _ => (state.view().kind, &row.id),
    };
    let stack = state.world.index_of(&row.stack);
    let facts = state.world.facts(stack);
    let fitting = ACTIONS.iter().filter(|action| action.kinds().any(|own| own == kind));
    fitting.filter_map(|action| Some(Wish { stack, action, target: (action.aim)(facts, id)? })).collect()
}

/// Asks for the value that what is wished takes, with the one it has now to begin with; what takes none is planned.
pub(in crate::app) fn ask(state: &mut State, wish: &Wish) -> Vec<Effect> {
    state.prompt = Prompt::value(wish.clone());
    if state.prompt.is_some() { Vec::new() } else { begin(state, wish) }
}

/// Takes the value, and plans with it.
pub(super) fn value(state: &mut State, prompt: Prompt) -> Vec<Effect> {
    let Some(wish) = prompt.wishes.first().cloned() else { return Vec::new() };
    let (value, asked) = (prompt.text().trim().to_owned(), wish.action.asks.unwrap_or_default());
    if value.is_empty() {
        state.prompt = Some(prompt);
        state.tell(format!("no value yet: {asked}"));
        return Vec::new();
    }
    let of = wish.target.rsplit_once('=').map_or(wish.target.as_str(), |(of, _)| of);
    begin(state, &Wish { target: Text::from(format!("{of}={value}")), ..wish })
}

/// Plans what is wished; where the same is under way, shows that.
pub(in crate::app) fn begin(state: &mut State, wish: &Wish) -> Vec<Effect> {
    let effect = |attempt| Effect::Plan {
        attempt,
        stack: wish.stack,
        action: wish.action.id,
        target: wish.target.as_str().to_owned(),
    };
    let (attempt, is_new) = state.attempts.begin(wish.clone(), state.clock);
    // What was typed was typed to another plan.
    state.prompt = None;
    state.panel = Some(Panel::new(PanelKind::Attempt(attempt)));
    if is_new { vec![effect(attempt)] } else { Vec::new() }
}

/// Plans the same again, unless it is being read or under way.
pub(super) fn again(state: &mut State) -> Vec<Effect> {
    let Some(attempt) = state.attempt() else { return Vec::new() };
    if let AttemptStage::UnderWay(..) | AttemptStage::Planning = attempt.stage {
        return Vec::new();
    }
    let wish = attempt.wish.clone();
    begin(state, &wish)
}

/// Fewer columns and rows do not show enough of what is done.
const LEAST: (u16, u16) = (60, 15);

/// Whether the screen shows enough to act on.
pub(in crate::app) fn is_large_enough(state: &State) -> bool {
    state.size.0 >= LEAST.0 && state.size.1 >= LEAST.1
}

/// Goes on from a plan that nothing stands against, or from what is done to what is to be planned next; what is being read or under way stays, any other panel is closed.
pub(super) fn accept(state: &mut State) -> Vec<Effect> {
    let Some(attempt) = state.attempt() else {
        state.panel = None;
        return Vec::new();
    };
    if let Some(next) = attempt.next() {
        let wish = Wish { stack: attempt.wish.stack, action: next.action, target: next.target };
        return begin(state, &wish);
    }
    let (refused, unarmed, reason) = match &attempt.stage {
        AttemptStage::Planned(planned) => {
            (!planned.refusals.is_empty(), planned.waits_for_arming(), planned.reason.clone())
        }
        AttemptStage::Planning | AttemptStage::UnderWay(..) => return Vec::new(),
        AttemptStage::Unplanned(_) | AttemptStage::Ended(..) => {
            state.panel = None;
            return Vec::new();
        }
    };
    let length = screen::panel_length(state);
    if let Some(panel) = state.panel.as_mut().filter(|panel| panel.seen < length) {
        // Nobody confirms what they have not had on the screen.
        panel.scroll = panel.seen.saturating_sub(1);
        let seen = panel.seen;
        state.tell(format!("{seen} of {length} lines read"));
        return Vec::new();
    }
    let [close, again] = ["cancel", "refresh"].map(|command| state.key(Scope::Dialog, command));
    if refused && !unarmed {
        state.tell(format!("not to be done; {again} plans again, {close} closes"));
    } else if !is_large_enough(state) {
        state.tell(format!("too small to act: {}x{} at least", LEAST.0, LEAST.1));
    } else if unarmed {
        arm::ask(state, "");
    } else {
        let armed_for = state.arming.armed().map(|armed| armed.reason.as_str()).filter(|_| reason.is_empty());
        state.prompt = Some(Prompt::holding(PromptKind::Reason, armed_for.unwrap_or(&reason)));
    }
    Vec::new()
}

/// Takes the reason, and asks for the name.
pub(super) fn reason(state: &mut State, prompt: Prompt) -> Vec<Effect> {
    let reason = prompt.text().trim().to_owned();
    if !says_something(&reason) {
        state.prompt = Some(prompt);
        state.tell("a reason is needed: the audit keeps it");
        return Vec::new();
    }
    if state
        .attempt()
        .and_then(Attempt::plan)
        .is_some_and(|plan| *plan.target.name == *reason || plan.confirm() == reason)
    {
        state.prompt = Some(prompt);
        state.tell("that is the name, which comes next: why is it done?");
        return Vec::new();
    }
    let planned = state.open_attempt().and_then(|id| state.attempts.get_mut(id)).map(|attempt| &mut attempt.stage);
    if let Some(AttemptStage::Planned(planned)) = planned {
        planned.reason = reason;
        // It is a line of the panel now, and whoever typed it has read it.
        let length = screen::panel_length(state);
        if let Some(panel) = &mut state.panel {
            panel.seen = length;
        }
        state.prompt = Some(Prompt::new(PromptKind::Confirm, String::new()));
    }
    Vec::new()
}

/// Confirms, if the name was typed and the key was pressed in answer to the question.
pub(super) fn confirm(state: &mut State, prompt: Prompt) -> Vec<Effect> {
    let name = prompt.text().to_owned();
    let now = state.clock;
    let Some((id, planned)) = state.attempt().and_then(|attempt| Some((attempt.id, attempt.planned()?.clone()))) else {
        return Vec::new();
    };
    let wanted = planned.plan.confirm();
    let told = if name.is_empty() {
        Some("no name yet: it is typed, not pasted".to_owned())
    } else if name != wanted {
        Some(format!("not {wanted}"))
    } else if state.deliberate {
        None
    } else {
        let key = state.key(Scope::Prompt, "accept");
        Some(format!("too quick: press {key} once more"))
    };
    if let Some(told) = told {
        state.prompt = Some(prompt);
        state.tell(told);
        return Vec::new();
    }
    let confirmation = Confirmation { name, reason: planned.reason, ticket: None, mode: "typed" };
    if let Some(attempt) = state.attempts.get_mut(id) {
        attempt.enter(AttemptStage::UnderWay(planned.plan, Vec::new()), now);
    }
    // What happens last is what is looked for.
    state.panel = Some(Panel { scroll: usize::MAX, ..Panel::new(PanelKind::Attempt(id)) });
    vec![Effect::Act { attempt: id, confirmation }]
}
