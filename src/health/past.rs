//! What scaling did, by target and by group: the newest first.

use std::collections::HashMap;

use crate::model::Facts;
use crate::model::facts::Derived;
use crate::model::scaling::{Activity, GroupActivity, GroupHistory, ScalingFacts};
use crate::text::Text;

/// Where the activities of each target and group stand. Taken by `facts.derived::<Past>()`.
#[derive(Debug, Default)]
pub struct Past {
    targets: HashMap<Text, Vec<usize>>,
    groups: HashMap<Text, Vec<usize>>,
}

impl Derived for Past {
    fn derive(facts: &Facts) -> Self {
        let mut past = Self::default();
        for (place, activity) in activities(facts).iter().enumerate() {
            past.targets.entry(activity.resource.clone()).or_default().push(place);
        }
        for (place, activity) in group_activities(facts).iter().enumerate() {
            past.groups.entry(activity.group.clone()).or_default().push(place);
        }
        past
    }
}

impl Past {
    /// What Application Auto Scaling did to this resource, and why it did nothing.
    pub fn of_target<'a>(&'a self, facts: &'a Facts, resource: &Text) -> impl Iterator<Item = &'a Activity> {
        self.targets.get(resource).into_iter().flatten().filter_map(|place| activities(facts).get(*place))
    }

    /// What the group of this name did.
    pub fn of_group<'a>(&'a self, facts: &'a Facts, group: &Text) -> impl Iterator<Item = &'a GroupActivity> {
        self.groups.get(group).into_iter().flatten().filter_map(|place| group_activities(facts).get(*place))
    }
}

fn activities(facts: &Facts) -> &[Activity] {
    facts.get::<ScalingFacts>().map_or(&[], |scaling| &scaling.activities)
}

fn group_activities(facts: &Facts) -> &[GroupActivity] {
    facts.get::<GroupHistory>().map_or(&[], |history| &history.activities)
}
