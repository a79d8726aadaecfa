//! A plan: what would be sent, to what, by whom, what speaks for and against it, and what it rests on.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::policy::Refusal;
use super::{ActionSpec, Deed};
use crate::backend::change::Change;
use crate::model::identity::Identity;
use crate::text::Text;
use crate::time::Timestamp;

/// Weight of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing stands against it.
    Pass,
    /// It can go wrong, or hurt.
    Warn,
    /// It must not be done.
    Block,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// One thing that was looked at before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its id: `deadlock`.
    pub id: &'static str,
    /// Its weight.
    pub level: Level,
    /// What was found, in a sentence.
    pub text: Text,
}

impl Check {
    /// A check of this weight.
    pub fn new(id: &'static str, level: Level, text: impl Into<Text>) -> Self {
        Self { id, level, text: text.into() }
    }
}

/// What a plan rests on, by name: if any of it has changed, the plan is void.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(pub Vec<(&'static str, Text)>);

impl State {
    /// The value of this name; empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// What has changed until `now`, a sentence each.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let changed = self.0.iter().filter(|(name, value)| now.get(name) != value.as_str());
        let value = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        changed.map(|(name, was)| format!("{name} was {}, is {}", value(was), value(now.get(name)))).collect()
    }

    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        pairs(&self.0)
    }
}

/// What is acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, which is what confirming takes.
    pub name: Text,
    /// As a person writes it: `CLUSTER/SERVICE`.
    pub label: Text,
    /// Its ARN.
    pub arn: Text,
}

/// What has to be typed to confirm a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The target's name.
    Name,
    /// The target's name and the number of the account, where what is done cannot be taken back or hurts at once.
    NameAndAccount,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is done.
    pub action: &'static ActionSpec,
    /// To what.
    pub target: Target,
    /// What has to be typed to confirm it.
    pub tier: Tier,
    /// By whom, as STS said it.
    pub identity: Identity,
    /// In which stack.
    pub stack: Text,
    /// Whether that stack is protected.
    pub is_protected: bool,
    /// What was looked at, in the order to show it.
    pub checks: Vec<Check>,
    /// What it does to what runs, a sentence each.
    pub radius: Vec<String>,
    /// How it is undone.
    pub undo: String,
    /// What the plan rests on.
    pub state: State,
    /// When it was read.
    pub taken_at: Timestamp,
    /// What is sent; where it is made of several plans, what the first of them sends.
    pub change: Change,
    /// How what becomes of it is seen.
    pub deed: Arc<dyn Deed>,
}

impl Plan {
    /// The heaviest of the checks.
    #[must_use]
    pub fn level(&self) -> Level {
        self.checks.iter().map(|check| check.level).max().unwrap_or(Level::Pass)
    }

    /// The same; where one of these checks blocks it, there is nothing it could do, and so no effect and no undo to tell.
    #[must_use]
    pub(super) fn void_if(mut self, ids: &[&str]) -> Self {
        if self.checks(Level::Block).any(|check| ids.contains(&check.id)) {
            self.radius.clear();
            "nothing: it cannot be done".clone_into(&mut self.undo);
        }
        self
    }

    /// What is typed to confirm it: `web`, `prod-db 123456789012`.
    #[must_use]
    pub fn confirm(&self) -> String {
        match self.tier {
            Tier::Name => self.target.name.to_string(),
            Tier::NameAndAccount => format!("{} {}", self.target.name, self.identity.account),
        }
    }

    /// The checks of this weight.
    pub fn checks(&self, level: Level) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.level == level)
    }

    /// Who acts where, in one line.
    #[must_use]
    pub fn place(&self) -> String {
        let Identity { account, region, endpoint, .. } = &self.identity;
        let mut place = format!("stack {}, account {account}", self.stack);
        if let Some(region) = region {
            place = format!("{place}, {region}");
        }
        if let Some(endpoint) = endpoint {
            place = format!("{place}, at {endpoint}");
        }
        if self.is_protected { format!("{place}, PROTECTED") } else { place }
    }

    /// The call as it is sent: `ecs:UpdateService cluster=… service=… forceNewDeployment=true`.
    #[must_use]
    pub fn call(&self) -> String {
        let parameters = self.change.parameters();
        let parameters = parameters.iter().map(|(name, value)| format!(" {name}={value}"));
        std::iter::once(self.change.action().to_owned()).chain(parameters).collect()
    }

    /// The calls as they are sent: one, or that of each part with its target.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        match self.deed.parts() {
            [] => vec![self.call()],
            parts => parts.iter().map(|part| part.call()).collect(),
        }
    }

    /// What stands against this plan that did not stand against an older one for the same, a sentence each.
    #[must_use]
    pub fn worse_than(&self, older: &Self) -> Vec<String> {
        let before =
            |id: &str| older.checks.iter().find(|check| check.id == id).map_or(Level::Pass, |check| check.level);
        let mut told: Vec<String> = Vec::new();
        if self.target.arn != older.target.arn {
            told.push(format!("{} is another one now ({})", older.target.label, self.target.arn));
        }
        let worse = self.checks.iter().filter(|check| check.level > before(check.id));
        told.extend(worse.map(|check| format!("{}: {}", check.level.word(), check.text)));
        told
    }

    /// The plan for people, a word and what it says each: who and where, what is sent, what forbids it, what it does, what makes one
    /// think twice, how it is undone, what speaks for it. Checks come with their weight.
    #[must_use]
    pub fn told(&self, refusals: &[Refusal]) -> Vec<(&'static str, Option<Level>, String)> {
        let who = format!("{} ({})", self.identity.caller(), self.identity.arn);
        let mut told = vec![("who", None, who), ("where", None, self.place())];
        told.extend(self.calls().into_iter().map(|call| ("sends", None, call)));
        let own = refusals.iter().filter(|refusal| !self.checks.iter().any(|check| check.id == refusal.id));
        told.extend(own.map(|Refusal { why, lift, .. }| ("refused", Some(Level::Block), format!("{why}; {lift}"))));
        let of = |level| self.checks(level).map(move |check| (level.word(), Some(level), check.text.to_string()));
        told.extend(of(Level::Block));
        told.extend(self.radius.iter().map(|sentence| ("effect", None, sentence.clone())));
        told.extend(of(Level::Warn));
        told.push(("undo", None, self.undo.clone()));
        told.extend(of(Level::Pass));
        told
    }

    /// The plan for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let parts = self.deed.parts();
        let call = json!({ "action": self.change.action(), "parameters": pairs(&self.change.parameters()) });
        let mut document = json!({
            "schema": "rounds.plan/1",
            "taken_at": self.taken_at.rfc3339(),
            "action": self.action.id,
            "target": { "name": *self.target.name, "label": *self.target.label, "arn": *self.target.arn },
            "stack": { "name": *self.stack, "protected": self.is_protected },
            "caller": {
                "account": *self.identity.account,
                "arn": *self.identity.arn,
                "region": self.identity.region.as_deref(),
                "endpoint": self.identity.endpoint.as_deref(),
            },
            "call": if parts.is_empty() { call } else { Value::Null },
            "level": self.level().word(),
            "checks": self.checks_json(),
            "blast_radius": self.radius,
            "undo": self.undo,
            "confirm": *self.target.name,
            "confirm_account": (self.tier == Tier::NameAndAccount).then_some(&*self.identity.account),
            "state": self.state.to_json(),
        });
        if !parts.is_empty() {
            document["parts"] = parts.iter().map(|part| part.to_json()).collect();
        }
        document
    }

    /// The checks for machines.
    #[must_use]
    pub fn checks_json(&self) -> Value {
        let check = |check: &Check| json!({ "id": check.id, "level": check.level.word(), "text": *check.text });
        self.checks.iter().map(check).collect()
    }
}

/// Names and values as a JSON object.
#[must_use]
pub fn pairs(pairs: &[(&'static str, Text)]) -> Value {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f4_differences_name_both_values() {
        let state = |desired: &str, rest: &str| State(vec![("desired", desired.into()), ("status", rest.into())]);
        assert_eq!(state("4", "ACTIVE").differences(&state("4", "ACTIVE")), [""; 0]);
        let told = state("4", "ACTIVE").differences(&state("6", ""));
        assert_eq!(told, ["desired was 4, is 6", "status was ACTIVE, is none"]);
    }
}
