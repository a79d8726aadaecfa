//! Which alarms drive which scaling policies, and in which direction: the one place that ties them.

use std::collections::HashMap;

use crate::model::Facts;
use crate::model::alarm::{Alarm, AlarmFacts};
use crate::model::facts::Derived;
use crate::model::scaling::{Policy, ScalingFacts};
use crate::text::Text;

/// The ties. Taken by `facts.derived::<Drivers>()`.
#[derive(Debug, Default)]
pub struct Drivers {
    all: Vec<Driver>,
    by_resource: HashMap<Text, Vec<usize>>,
    by_alarm: HashMap<Text, Vec<usize>>,
}

/// An alarm that drives a policy.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The policy.
    pub policy: Policy,
    /// The alarm's name, as the policy or the alarm tells.
    pub alarm: Text,
    /// The alarm itself; `None` where it was not read.
    pub known: Option<Alarm>,
    /// What it asks for; `None` where nothing tells.
    pub direction: Option<Direction>,
}

/// More or fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More.
    Out,
    /// Fewer.
    In,
}

impl Driver {
    /// Whether its alarm is in `ALARM`; `None` where that is not known.
    #[must_use]
    pub fn is_on(&self) -> Option<bool> {
        self.known.as_ref()?.is_on()
    }

    /// Whether the alarm calls the policy when it goes off: its actions are not switched off, and the policy is among them.
    /// What is not told stands in nothing's way.
    #[must_use]
    pub fn is_wired(&self) -> bool {
        let Some(alarm) = &self.known else { return true };
        let called = self.policy.arn.is_empty() || alarm.actions.contains(&self.policy.arn);
        alarm.actions_enabled != Some(false) && called
    }
}

impl Derived for Drivers {
    fn derive(facts: &Facts) -> Self {
        let policies = facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.policies);
        let alarms = facts.get::<AlarmFacts>().map_or(&[][..], |alarms| &alarms.alarms);
        let mut called: HashMap<&Text, Vec<&Text>> = HashMap::new();
        for (alarm, arn) in alarms.iter().flat_map(|alarm| alarm.scales().map(move |arn| (alarm, arn))) {
            called.entry(arn).or_default().push(&alarm.name);
        }
        let by_name: HashMap<&Text, &Alarm> = alarms.iter().map(|alarm| (&alarm.name, alarm)).collect();
        let mut drivers = Self::default();
        for policy in policies {
            let mut names: Vec<&Text> = policy.alarms.iter().collect();
            names.extend(called.get(&policy.arn).into_iter().flatten().filter(|name| !policy.alarms.contains(name)));
            for name in names {
                let known = by_name.get(name).map(|alarm| (*alarm).clone());
                let direction = direction(policy, known.as_ref());
                drivers.add(Driver { policy: policy.clone(), alarm: name.clone(), known, direction });
            }
        }
        drivers
    }
}

impl Drivers {
    fn add(&mut self, driver: Driver) {
        let place = self.all.len();
        self.by_resource.entry(driver.policy.resource.clone()).or_default().push(place);
        self.by_alarm.entry(driver.alarm.clone()).or_default().push(place);
        self.all.push(driver);
    }

    /// What drives the scaling of this resource.
    pub fn of(&self, resource: &Text) -> impl Iterator<Item = &Driver> {
        self.by_resource.get(resource).into_iter().flatten().filter_map(|place| self.all.get(*place))
    }

    /// What the alarm of this name drives.
    pub fn by(&self, alarm: &Text) -> impl Iterator<Item = &Driver> {
        self.by_alarm.get(alarm).into_iter().flatten().filter_map(|place| self.all.get(*place))
    }
}

/// What an alarm asks of a policy: the steps tell where they all point one way, else the side of the threshold that the alarm
/// watches, as target tracking makes its alarms.
fn direction(policy: &Policy, alarm: Option<&Alarm>) -> Option<Direction> {
    match policy.steps {
        Some((least, most)) if least >= 0 && most > 0 => return Some(Direction::Out),
        Some((least, most)) if least < 0 && most <= 0 => return Some(Direction::In),
        _ => {}
    }
    let comparison = alarm?.metric()?.comparison.as_deref()?;
    if comparison.starts_with("GreaterThan") {
        Some(Direction::Out)
    } else if comparison.starts_with("LessThan") {
        Some(Direction::In)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::alarm::{MetricAlarm, Watches};
    use crate::time::Timestamp;

    const ARN: &str = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:8-4:resource/ecs/service/ehr/api:policyName/p";

    fn derived(policy: Policy, alarms: Vec<Alarm>) -> Drivers {
        let mut facts = Facts::default();
        let policy = Policy { arn: Text::from(ARN), resource: Text::from("service/ehr/api"), ..policy };
        facts.put(Timestamp::default(), Arc::new(ScalingFacts { policies: vec![policy], ..ScalingFacts::default() }));
        facts.put(Timestamp::default(), Arc::new(AlarmFacts { alarms, ..AlarmFacts::default() }));
        Drivers::derive(&facts)
    }

    fn alarm(name: &str, comparison: &str) -> Alarm {
        let metric = MetricAlarm { comparison: Some(Text::from(comparison)), ..MetricAlarm::default() };
        Alarm { name: Text::from(name), watches: Watches::Metric(metric), ..Alarm::default() }
    }

    fn one(drivers: &Drivers) -> Vec<(String, Option<Direction>, bool)> {
        let resource = Text::from("service/ehr/api");
        drivers.of(&resource).map(|d| (d.alarm.to_string(), d.direction, d.known.is_some())).collect()
    }

    #[test]
    fn an_alarm_is_tied_by_the_policy_or_by_its_own_action() {
        let tied = Policy { alarms: vec![Text::from("high")], ..Policy::default() };
        let high = alarm("high", "GreaterThanThreshold");
        assert_eq!(one(&derived(tied.clone(), vec![high.clone()])), [("high".to_owned(), Some(Direction::Out), true)]);
        assert_eq!(one(&derived(tied, vec![])), [("high".to_owned(), None, false)], "not read");
        let calls = Alarm { actions: vec![Text::from(ARN)], ..alarm("low", "LessThanThreshold") };
        let drivers = derived(Policy::default(), vec![calls, high]);
        assert_eq!(one(&drivers), [("low".to_owned(), Some(Direction::In), true)]);
        assert_eq!(drivers.by(&Text::from("low")).count(), 1);
        assert_eq!(drivers.by(&Text::from("high")).count(), 0);
    }

    #[test]
    fn steps_tell_the_direction_where_they_agree() {
        let steps = |least, most, comparison: &str| {
            let policy = Policy { steps: Some((least, most)), alarms: vec![Text::from("a")], ..Policy::default() };
            one(&derived(policy, vec![alarm("a", comparison)]))[0].1
        };
        assert_eq!(steps(1, 4, "LessThanThreshold"), Some(Direction::Out));
        assert_eq!(steps(-4, -1, "GreaterThanThreshold"), Some(Direction::In));
        assert_eq!(steps(-1, 1, "LessThanThreshold"), Some(Direction::In));
        assert_eq!(steps(-1, 1, "odd"), None);
    }

    #[test]
    fn an_alarm_whose_actions_are_off_or_elsewhere_calls_nothing() {
        let wired = |enabled, actions: &[&str]| {
            let actions = actions.iter().map(|arn| Text::from(*arn)).collect();
            let alarm = Alarm { actions_enabled: enabled, actions, ..alarm("a", "GreaterThanThreshold") };
            let policy = Policy { alarms: vec![Text::from("a")], ..Policy::default() };
            derived(policy, vec![alarm]).by(&Text::from("a")).all(Driver::is_wired)
        };
        assert!(wired(Some(true), &[ARN]) && wired(None, &[ARN]));
        assert!(!wired(Some(false), &[ARN]) && !wired(Some(true), &[]));
    }
}
