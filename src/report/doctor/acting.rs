//! What may be done to a stack as things are configured, and what stands in the way.

use serde_json::{Value, json};

use crate::action::policy::{Refusal, Rules};
use crate::action::{ACTIONS, ActionSpec};
use crate::model::Freeze;
use crate::model::stack::Stack;
use crate::time::Timestamp;

/// What holds for every action on a stack, and what for each.
pub(super) struct Acting {
    is_protected: bool,
    /// The freeze that is in force now.
    freeze: Option<Freeze>,
    /// Each action, and why it is never allowed here.
    actions: Vec<(&'static ActionSpec, Vec<Refusal>)>,
    /// Those that are off otherwise and that the configuration turns on.
    opted: Vec<&'static str>,
}

impl Acting {
    pub(super) fn of(stack: &Stack, rules: &Rules, now: Timestamp) -> Self {
        let is_opted = |id: &&str| rules.opt_in.iter().any(|named| named == id);
        Self {
            is_protected: stack.protected,
            freeze: stack.freeze.iter().copied().find(|freeze| freeze.holds(now)),
            actions: ACTIONS.iter().map(|spec| (*spec, rules.forbid(spec, stack))).collect(),
            opted: ACTIONS.iter().filter(|spec| spec.opt_in).map(|spec| spec.id).filter(is_opted).collect(),
        }
    }

    /// What is told of it, a name and its value each.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let named = |ids: Vec<&str>, none: &str| if ids.is_empty() { none.to_owned() } else { ids.join(", ") };
        let of = |wanted: &dyn Fn(&ActionSpec, &[Refusal]) -> bool| -> Vec<&str> {
            self.actions.iter().filter(|(spec, why)| wanted(spec, why)).map(|(spec, _)| spec.id).collect()
        };
        let protected = if self.is_protected { "protected" } else { "not protected" };
        let freeze = self.freeze.map_or_else(|| "no freeze now".to_owned(), |freeze| format!("frozen now: {freeze}"));
        vec![
            ("acting", format!("{protected}; {freeze}")),
            ("allowed", named(of(&|_, why| why.is_empty()), "nothing: it needs --allow, and leave of the stack")),
            ("opt-in, on", named(self.opted.clone(), "none")),
            ("opt-in, off", named(of(&|spec, _| spec.opt_in && !self.opted.contains(&spec.id)), "none")),
        ]
    }

    pub(super) fn document(&self) -> Value {
        let refusal = |refusal: &Refusal| json!({ "id": refusal.id, "why": refusal.why, "lift": refusal.lift });
        let action = |(spec, why): &(&'static ActionSpec, Vec<Refusal>)| {
            json!({
                "action": spec.id,
                "opt_in": spec.opt_in.then(|| self.opted.contains(&spec.id)),
                "allowed": why.is_empty(),
                "refusals": why.iter().map(refusal).collect::<Vec<_>>(),
            })
        };
        json!({
            "protected": self.is_protected,
            "freeze": self.freeze.map(|freeze| freeze.to_string()),
            "actions": self.actions.iter().map(action).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_done_is_told_with_what_stands_in_the_way() {
        let named = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let stack = Stack {
            protected: true,
            allow: named(&["drain", "desired-count"]),
            freeze: vec![Freeze::parse("fri 17:00 – mon 06:00 UTC").unwrap()],
            ..Stack::default()
        };
        let rules = Rules {
            allow: named(&["drain", "rotate", "desired-count"]),
            opt_in: named(&["desired-count"]),
            ..Rules::default()
        };
        let saturday = Timestamp::parse("2026-03-14T03:00:00Z").unwrap();
        let told = Acting::of(&stack, &rules, saturday).lines();
        assert!(told[0].1.starts_with("protected; frozen now: fri 17:00"), "{told:?}");
        assert_eq!((told[1].1.as_str(), told[2].1.as_str()), ("drain, desired-count", "desired-count"));
        assert!(told[3].1.contains("step-down") && !told[3].1.contains("desired-count"), "{told:?}");
        let document = Acting::of(&stack, &rules, saturday).document();
        let of =
            |id: &str| document["actions"].as_array().unwrap().iter().find(|a| a["action"] == id).cloned().unwrap();
        assert_eq!((&of("drain")["allowed"], &of("drain")["opt_in"]), (&json!(true), &Value::Null));
        assert_eq!(of("rotate")["refusals"][0]["id"], "stack-allow");
        let free = Acting::of(&Stack::default(), &Rules::default(), saturday);
        assert_eq!(free.lines()[0].1, "not protected; no freeze now");
        assert!(free.lines()[1].1.starts_with("nothing: it needs --allow"));
        assert_eq!(free.document()["freeze"], Value::Null);
    }
}
