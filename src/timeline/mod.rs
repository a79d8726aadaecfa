//! The timeline: what happened, told by many sources, merged into one chronicle of each stack.
//!
//! A source is one file and one line in [`SOURCES`]: it looks at facts and tells what happened. The [`Chronicle`] keeps
//! what was told, in order and without repetition, for as long as the console runs, and so for longer than AWS does.

mod actions;
mod alarms;
mod chronicle;
mod databases;
mod deployments;
mod elections;
mod events;
mod findings;
mod scaling;
mod secrets;
mod stops;

#[cfg(test)]
mod tests;

pub use chronicle::{Chronicle, MOST, Pen, Seen, Told, mark};

use crate::model::Facts;
use crate::text::Text;

/// Something that tells what happened.
pub struct Source {
    /// Its id, as the filter `source:` takes it.
    pub id: &'static str,
    /// The feed whose facts it reads.
    pub feed: &'static str,
    /// What it tells, in one sentence.
    pub doc: &'static str,
    /// Looks at the facts and tells what is new.
    pub tell: fn(&Facts, &mut Pen<'_>),
}

/// Every source.
pub const SOURCES: &[&Source] = &[
    &deployments::SOURCE,
    &events::SOURCE,
    &stops::SOURCE,
    &scaling::SERVICES,
    &scaling::GROUPS,
    &alarms::SOURCE,
    &databases::SOURCE,
    &elections::ELECTIONS,
    &elections::MEMBERS,
    &findings::SOURCE,
    &secrets::SOURCE,
    &actions::SOURCE,
];

/// The source with this id.
#[must_use]
pub fn source(id: &str) -> Option<&'static Source> {
    SOURCES.iter().copied().find(|source| source.id == id)
}

/// A zone as something that what happened concerns.
#[must_use]
pub fn zone(az: &str) -> (&'static str, Text) {
    ("zone", Text::from(az))
}

/// What a person calls a thing of this kind and id: `service/ehr/ehr-api`, `group/asg-ehr`. Of an ARN the part that names.
#[must_use]
pub fn name(kind: &str, id: &str) -> Text {
    const GROUP: &str = "autoScalingGroupName/";
    let own = match id.splitn(6, ':').nth(5).filter(|_| id.starts_with("arn:")) {
        Some(resource) => match resource.split_once(GROUP) {
            Some((_, name)) => name,
            None => resource.split_once([':', '/']).map_or(resource, |(_, name)| name),
        },
        None => id,
    };
    // A filter ends at a quote, and has alternatives at a bar.
    Text::from(format!("{kind}/{own}").replace(['"', '|'], "'"))
}
