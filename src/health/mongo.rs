//! Replica sets: what their members say of themselves, and of each other.
//!
//! A dead member is said once: rules about lag, sync sources and heartbeats leave it to the rule that says it is down.

mod access;
mod agreement;
mod election;
mod figures;
mod lag;
mod member;
mod sight;
#[cfg(test)]
mod tests;
mod votes;

pub(super) use access::{PLAIN, ROLE};
pub(super) use agreement::{CONFIG, VIEWS};
pub(super) use election::{ELECTED, PRIMARY, TAKEOVER, TWO};
pub(super) use figures::{ASSERTS, CONNECTIONS, FLOW, TICKETS};
pub(super) use lag::{LAG, OPLOG};
pub(super) use member::{EXEMPT, HEARTBEAT, STATE, SYNC_SOURCE};
pub use sight::{Majority, Seat, Sight, Standing};
pub(super) use votes::{MARGIN, STRANGERS, ZONES};

use crate::model::mongo::{MongoFacts, ReplicaSet};
use crate::model::{Facts, Subject};
use crate::text::Text;

/// What finds the row of a member.
#[must_use]
pub fn member_id(set: &str, host: &str) -> Text {
    Text::from(format!("{set}/{host}"))
}

fn subject_of_set(set: &ReplicaSet) -> Subject {
    Subject { kind: "replica-set", name: set.name.clone(), id: set.name.clone() }
}

fn subject_of(sight: &Sight<'_>, seat: &Seat<'_>) -> Subject {
    let host = &seat.member.host;
    Subject { kind: "member", name: host.clone(), id: member_id(&sight.set.name, host) }
}

/// Every set of which somebody answers; of the others nothing is judged but that.
fn answering(facts: &Facts) -> impl Iterator<Item = Sight<'_>> {
    let sets = facts.get::<MongoFacts>().map_or(&[][..], |mongo| &mongo.sets);
    sets.iter().map(Sight::of).filter(Sight::is_answering)
}
