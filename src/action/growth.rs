//! Whether container instances can come for what finds no room.

use crate::model::ecs::{EcsIndex, Provider, Service};
use crate::model::scaling::{Group, GroupFacts};

/// Whether instances can come.
pub(super) enum Growth {
    /// As far as is known.
    May,
    /// None: why.
    Never(String),
}

/// Only what is known to stand still blocks.
pub(super) fn growth(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Growth {
    let names = index.providers_for(service);
    if names.is_empty() && index.cluster(&service.cluster_arn).is_some() {
        return Growth::Never("no capacity provider brings instances".to_owned());
    }
    let mut standing = Vec::new();
    for name in names {
        let group = index.provider(name).and_then(Provider::group_name).and_then(|name| groups?.group(&name));
        match group.and_then(still) {
            Some(why) => standing.push(why),
            None => return Growth::May,
        }
    }
    if standing.is_empty() { Growth::May } else { Growth::Never(standing.join(", ")) }
}

/// Why a group launches no instance, if that is known.
fn still(group: &Group) -> Option<String> {
    if group.suspends("Launch") {
        return Some(format!("{} cannot add instances (Launch suspended)", group.name));
    }
    let number = |n: Option<u32>| n.map_or("?".to_owned(), |n| n.to_string());
    let is_full = group.at_maximum() == Some(true);
    is_full.then(|| format!("{} is at its maximum ({}/{})", group.name, number(group.desired), number(group.maximum)))
}
