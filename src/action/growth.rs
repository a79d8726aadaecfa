//! Whether container instances can come for what finds no room.

use crate::model::ecs::{EcsIndex, Provider, Service};
use crate::model::scaling::{Group, GroupFacts};

/// Whether instances can come.
pub(super) enum Growth {
    /// As far as is known, they come.
    May,
    /// Nothing that is known brings them, though the group could have them: why.
    Unasked(String),
    /// None can: why.
    Never(String),
}

impl Growth {
    /// What tasks wait for that find no room, unless none can come.
    pub fn wait(&self) -> String {
        match self {
            Self::Unasked(why) => format!("until somebody, or the group's own scaling, brings instances; {why}"),
            Self::May | Self::Never(_) => "until instances come".to_owned(),
        }
    }
}

/// Only what is known to stand still blocks. A provider brings instances to the services that use it, and only where its
/// managed scaling is on.
pub(super) fn growth(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Growth {
    // Nothing of Fargate brings an instance.
    let mut names = index.providers_for(service).iter().filter(|name| !name.starts_with("FARGATE")).peekable();
    if names.peek().is_none() && index.cluster(&service.cluster_arn).is_some() {
        return Growth::Never("no capacity provider brings instances".to_owned());
    }
    let of_launch_type = service.providers.is_empty() && service.launch_type.is_some();
    let (mut standing, mut unasked) = (Vec::new(), Vec::new());
    for name in names {
        let provider = index.provider(name);
        let is_off = provider.is_some_and(|provider| provider.managed_scaling.as_deref() == Some("DISABLED"));
        let group = provider.and_then(Provider::group_name).and_then(|name| groups?.group(&name));
        match group.and_then(still) {
            Some(why) => standing.push(why),
            None if is_off => unasked.push(format!("the managed scaling of {name} is off")),
            None if of_launch_type => unasked.push(format!("{name} brings none for tasks of a launch type")),
            None => return Growth::May,
        }
    }
    match (unasked.is_empty(), standing.is_empty()) {
        (false, _) => Growth::Unasked(unasked.join(", ")),
        (true, false) => Growth::Never(standing.join(", ")),
        (true, true) => Growth::May,
    }
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
