//! Since when a condition has been seen, for conditions whose service gives no time.

use std::collections::HashMap;

use crate::text::Text;
use crate::time::Timestamp;

/// First sightings, by rule and subject id. A condition that is no longer seen is forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed(HashMap<(&'static str, Text), Timestamp>);

impl Observed {
    /// Since when `rule` has seen its condition on the subject with this id, if it has.
    #[must_use]
    pub fn since(&self, rule: &'static str, id: &Text) -> Option<Timestamp> {
        self.0.get(&(rule, id.clone())).copied()
    }

    /// Notes that the condition holds since `at`.
    pub fn note(&mut self, rule: &'static str, id: Text, at: Timestamp) {
        self.0.insert((rule, id), at);
    }
}
