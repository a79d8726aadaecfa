//! What is looked at before any failover of a database.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{events, proxied};
use crate::action::plan::{Check, Level};
use crate::model::rds::{PendingChange, RdsFacts};
use crate::text::Text;
use crate::time::{Timestamp, human};

use Level::{Block, Pass, Warn};

/// So long after a failover RDS may abandon the next one (0034), and what clients did is not over.
pub(super) const REST: Duration = Duration::from_mins(30);
/// Logs are saved every five minutes (RDS user guide, point-in-time recovery): what is older than three times that lags.
const SAVED: Duration = Duration::from_mins(15);
/// Pending changes that are work on the storage.
const STORAGE: [&str; 6] =
    ["AllocatedStorage", "StorageType", "Iops", "IOPS", "StorageThroughput", "AdditionalStorageVolumes"];

/// A database as these checks see it.
pub(super) struct Ground<'a> {
    pub rds: &'a RdsFacts,
    pub id: &'a Text,
    pub status: Option<&'a Text>,
    pub restorable_at: Option<Timestamp>,
    pub pending: &'a [PendingChange],
    pub now: Timestamp,
}

impl Ground<'_> {
    /// All of them.
    pub fn checks(&self) -> Vec<Check> {
        vec![self.status(), self.recent(), self.restorable(), self.storage(), self.pending(), self.proxies()]
    }

    fn status(&self) -> Check {
        let id = "status";
        match self.status.map(Text::as_str) {
            Some("available") => Check::new(id, Pass, "it is available"),
            Some(other) => Check::new(id, Block, format!("it is {other}, not available")),
            None => Check::new(id, Block, "its status is not known"),
        }
    }

    fn recent(&self) -> Check {
        let id = "recent";
        if self.rds.read_at.events.is_none() {
            return Check::new(id, Block, "whether it failed over lately is not known: its events were not read");
        }
        if events(self.rds, self.id).any(|event| event.at.is_none()) {
            return Check::new(id, Block, "an event tells of a failover, and not when it was");
        }
        let lately = events(self.rds, self.id).find(|e| e.at.is_some_and(|at| self.now.since(at) < REST));
        match lately.and_then(|event| Some((event, event.at?))) {
            Some((event, at)) => {
                let ago = human(self.now.since(at));
                Check::new(id, Block, format!("a failover {ago} ago, less than 30 min: {}", event.message))
            }
            None => Check::new(id, Pass, "no failover in the last 30 min"),
        }
    }

    fn restorable(&self) -> Check {
        let id = "restorable";
        let Some(at) = self.restorable_at else {
            return Check::new(id, Warn, "there is no time it can be restored to: no backups, or not known");
        };
        let age = self.now.since(at);
        let level = if age <= SAVED { Pass } else { Warn };
        Check::new(id, level, format!("it can be restored to {} ago", human(age)))
    }

    fn storage(&self) -> Check {
        let id = "storage";
        let waits = named(self.pending.iter().filter(|change| STORAGE.contains(&change.name)));
        if waits.is_empty() {
            return Check::new(id, Pass, "no work on its storage waits");
        }
        Check::new(id, Block, format!("work on its storage waits or goes on: {waits}"))
    }

    fn pending(&self) -> Check {
        let id = "pending";
        let waits = named(self.pending.iter().filter(|change| !STORAGE.contains(&change.name)));
        if waits.is_empty() {
            return Check::new(id, Pass, "no other change waits");
        }
        Check::new(id, Warn, format!("changes wait to be applied, this may apply them: {waits}"))
    }

    /// Whether clients behind a proxy are spared the wait for DNS.
    fn proxies(&self) -> Check {
        let id = "proxy";
        let untold = self.rds.proxies.iter().filter(|proxy| proxy.targets_at.is_none()).count();
        if self.rds.read_at.proxies.is_none() || untold > 0 {
            return Check::new(id, Warn, "which proxies lead to it is not known");
        }
        let targets: Vec<_> = proxied(self.rds, self.id).filter(|(_, target)| target.state.is_some()).collect();
        if targets.is_empty() {
            return Check::new(id, Pass, "no proxy leads to it: clients find the new place by DNS");
        }
        let ill: Vec<String> = targets
            .iter()
            .filter(|(_, target)| target.state.as_deref() != Some("AVAILABLE"))
            .map(|(proxy, target)| {
                let state = target.state.as_deref().unwrap_or_default();
                format!("{} to {} is {state}", proxy.name, target.id.as_deref().unwrap_or("a target"))
            })
            .collect();
        if !ill.is_empty() {
            return Check::new(id, Warn, format!("a proxy cannot use it now: {}", ill.join(", ")));
        }
        let names: BTreeSet<&str> = targets.iter().map(|(proxy, _)| proxy.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        Check::new(id, Pass, format!("clients of the proxy {} need no DNS; all others do", names.join(", ")))
    }
}

fn named<'a>(changes: impl Iterator<Item = &'a PendingChange>) -> String {
    let told: Vec<String> = changes.map(|change| format!("{} {}", change.name, change.value)).collect();
    told.join(", ")
}
