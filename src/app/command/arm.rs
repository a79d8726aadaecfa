//! Arming and disarming, and settling what was left open. Arming has no key of its own: what may change the world is not one key
//! away.

use super::Command;
use crate::action::policy::says_something;
use crate::app::{Effect, Prompt, PromptKind, State};
use crate::keymap::Scope;

pub(super) const ALL: &[Command] = &[
    Command::new("arm", "", "Let the console act for 15 minutes, for a reason", |state, reason| {
        ask(state, reason);
        Vec::new()
    }),
    Command::new("settle", "", "Read what became of actions that were left unfinished; nothing is sent", |state, _| {
        state.tell("reading what became of what is open");
        vec![Effect::Settle]
    }),
    Command::new("disarm", "", "Let the console act no more", |state, _| {
        state.disarm("");
        Vec::new()
    }),
];

/// Asks for the reason; where it is armed already, the one it has is offered, and its time begins anew.
pub(super) fn ask(state: &mut State, reason: &str) {
    if !(0..state.world.stacks.len()).any(|stack| state.can_act(stack)) {
        state.tell("nothing to arm: the command line allows no action here; start with --allow ACTION");
        return;
    }
    let before = state.arming.armed().map(|armed| armed.reason.as_str()).filter(|_| reason.is_empty());
    state.prompt = Some(Prompt::holding(PromptKind::Arm, before.unwrap_or(reason)));
}

/// Arms, if there is a reason and the key was pressed by itself.
pub(super) fn accept(state: &mut State, prompt: Prompt) -> Vec<Effect> {
    let reason = prompt.text().trim().to_owned();
    let told = if !says_something(&reason) {
        "a reason is needed: it is offered with each action, and the audit keeps it there".to_owned()
    } else if !state.deliberate {
        format!("too quick: press {} once more", state.key(Scope::Prompt, "accept"))
    } else {
        state.arm(reason);
        return Vec::new();
    };
    state.prompt = Some(prompt);
    state.tell(told);
    Vec::new()
}
