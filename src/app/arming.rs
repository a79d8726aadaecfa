//! Arming and disarming the console.

use super::{PromptKind, State};
use crate::action::ACTIONS;
use crate::action::arming::{Armed, Arming, lasts};
use crate::action::policy::{Rules, refusals};

impl State {
    /// What may be changed now.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules { arming: self.arming.clone(), ..self.options.rules.clone() }
    }

    /// Whether anything may ever be done to this stack.
    #[must_use]
    pub fn can_act(&self, stack: usize) -> bool {
        let stack = self.world.stacks.get(stack);
        stack.is_some_and(|stack| ACTIONS.iter().any(|action| self.options.rules.allows(action, stack)))
    }

    /// Arms it for a while.
    pub(super) fn arm(&mut self, reason: String) {
        self.arming = Arming::Armed(Armed::now(reason, self.clock));
        self.judge_again();
        self.tell(format!("armed for {}", lasts()));
    }

    /// Disarms it. What was confirmed goes on.
    pub(super) fn disarm(&mut self, why: &str) {
        self.arming = Arming::Disarmed;
        // Nothing more is typed to what would be refused.
        self.prompt.take_if(|prompt| matches!(prompt.kind, PromptKind::Reason | PromptKind::Confirm));
        self.judge_again();
        self.tell(format!("disarmed{why}"));
    }

    /// Disarms it once its time is over, or nobody has pressed a key for long.
    pub(super) fn lapse(&mut self) {
        let Arming::Armed(armed) = &self.arming else { return };
        if armed.left(self.clock).is_zero() {
            let is_over = armed.until() <= self.clock;
            self.disarm(if is_over { ": its time is over" } else { ": no key was pressed for a while" });
        }
    }

    /// A key was pressed.
    pub(super) fn touch(&mut self) {
        if let Arming::Armed(armed) = &mut self.arming {
            armed.touched = self.clock;
        }
    }

    /// Asks the policy again about the plan on the screen.
    fn judge_again(&mut self) {
        let (now, rules) = (self.clock, self.rules());
        for (stack, planned) in self.attempts.planned() {
            if let Some(stack) = self.world.stacks.get(stack) {
                planned.refusals = refusals(&planned.plan, &rules, stack, &planned.plan.identity, now);
            }
        }
    }
}
