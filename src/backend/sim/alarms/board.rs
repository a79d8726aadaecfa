//! The alarms, their states, and how those changed.

use std::time::Duration;

use super::spec::AlarmSpec;
use super::watch::{Metric, Watch};
use super::words;
use crate::backend::sim::scaling::Kind;
use crate::backend::sim::scenario::Scenario;
use crate::backend::sim::world::World;
use crate::time::Timestamp;

/// How far back changes are kept.
pub(in crate::backend::sim) const CONTROL_PLANE: Duration = Duration::from_hours(30 * 24);
/// Target tracking takes tasks away below this share of its target.
const LOW: f64 = 0.9;
/// Minutes above, and below, that target tracking waits for.
const HIGH_PERIODS: u32 = 3;
const LOW_PERIODS: u32 = 15;

/// All alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::backend::sim) struct Board {
    /// Metric alarms, then composite ones, each by name.
    pub alarms: Vec<Alarm>,
    /// In order of time.
    pub changes: Vec<Change>,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::sim) enum State {
    Ok,
    Alarm,
    Insufficient,
}

impl State {
    /// CloudWatch's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::Insufficient => "INSUFFICIENT_DATA",
        }
    }
}

/// An alarm.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Alarm {
    pub name: String,
    pub arn: String,
    pub watch: Watch,
    pub state: State,
    pub since: Timestamp,
    pub reason: String,
    pub enabled: bool,
    /// ARNs.
    pub actions: Vec<String>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::sim) struct Change {
    pub alarm: usize,
    pub at: Timestamp,
    pub from: State,
    pub to: State,
    pub reason: String,
}

impl Board {
    pub fn named(&self, name: &str) -> Option<usize> {
        self.alarms.iter().position(|a| a.name == name)
    }

    /// The names of those in alarm, and since when.
    pub fn in_alarm(&self) -> Vec<(String, Timestamp)> {
        let alarms = self.alarms.iter().filter(|a| a.state == State::Alarm);
        alarms.map(|a| (a.name.clone(), a.since)).collect()
    }

    /// Notes that an alarm is in another state.
    pub(super) fn change(&mut self, n: usize, at: Timestamp, to: State, reason: String) {
        let alarm = &mut self.alarms[n];
        let from = std::mem::replace(&mut alarm.state, to);
        alarm.since = at;
        alarm.reason.clone_from(&reason);
        self.changes.push(Change { alarm: n, at, from, to, reason });
    }
}

impl World {
    /// Makes the alarms of a scenario, and those that come with target tracking, in the states they have by now.
    pub(in crate::backend::sim) fn add_alarms(&mut self, scenario: &Scenario) {
        let mut all: Vec<(Alarm, Duration)> = Vec::new();
        for spec in scenario.alarms.iter().filter(|a| a.any.is_empty()) {
            let Some(metric) = Metric::of(self, spec) else { continue };
            all.push((self.alarm(spec, Watch::Metric(metric)), spec.since));
        }
        all.extend(self.tracking_alarms());
        all.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        let mut composites: Vec<&AlarmSpec> = scenario.alarms.iter().filter(|a| !a.any.is_empty()).collect();
        composites.sort_by(|a, b| a.name.cmp(&b.name));
        for spec in composites {
            let rule = spec.any.iter().map(|name| format!("ALARM(\"{name}\")")).collect::<Vec<_>>().join(" OR ");
            all.push((self.alarm(spec, Watch::Any { of: spec.any.clone(), rule }), spec.since));
        }
        self.board.alarms = all.iter().map(|(alarm, _)| alarm.clone()).collect();
        for (n, (_, since)) in all.into_iter().enumerate() {
            let (state, reason) = self.judge_alarm(n).unwrap_or((self.board.alarms[n].state, words::NEW.to_owned()));
            let alarm = &mut self.board.alarms[n];
            alarm.state = state;
            alarm.reason = reason;
            alarm.since = self.now - since;
        }
    }

    fn alarm(&self, spec: &AlarmSpec, watch: Watch) -> Alarm {
        let (region, account) = (&self.home.region, &self.home.account);
        let policies = self.scaling.driven_by(&spec.name);
        let policies = policies.iter().map(|(t, p)| self.scaling.targets[*t].policies[*p].arn.clone());
        let topics = spec.topics.iter().map(|topic| format!("arn:aws:sns:{region}:{account}:{topic}"));
        Alarm {
            name: spec.name.clone(),
            arn: self.home.alarm(&spec.name),
            watch,
            state: spec.state.into(),
            since: self.now,
            reason: String::new(),
            enabled: !spec.muted,
            actions: policies.chain(topics).collect(),
        }
    }

    /// The alarms of target tracking policies.
    fn tracking_alarms(&self) -> Vec<(Alarm, Duration)> {
        let mut all = Vec::new();
        for target in &self.scaling.targets {
            for policy in &target.policies {
                let Kind::Tracking { value, .. } = policy.kind else { continue };
                let bounds = [(true, value, HIGH_PERIODS), (false, value * LOW, LOW_PERIODS)];
                for (name, (is_above, threshold, periods)) in policy.alarms.iter().zip(bounds) {
                    let metric = Metric::of_service(self, target.service, is_above, threshold, periods);
                    let alarm = Alarm {
                        name: name.clone(),
                        arn: self.home.alarm(name),
                        watch: Watch::Metric(metric),
                        state: State::Ok,
                        since: self.now,
                        reason: String::new(),
                        enabled: true,
                        actions: vec![policy.arn.clone()],
                    };
                    all.push((alarm, Duration::from_hours(9)));
                }
            }
        }
        all
    }
}
