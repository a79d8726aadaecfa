//! Who uses which secret, and which running tasks still hold the value of before the last rotation.
//!
//! A container is handed a secret once, when it starts; a rotation does not reach it (ECS developer guide, passing secrets to
//! containers). A proxy and RDS itself read the secret again by themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Secret, SecretFacts, TaskDefinition, TaskDefinitionFacts};
use crate::model::ecs::{EcsFacts, Task};
use crate::model::facts::{Derived, Facts};
use crate::model::problem::Subject;
use crate::model::rds::{MasterSecret, RdsFacts};
use crate::text::Text;
use crate::time::Timestamp;

/// The joins between secrets and what uses them. Rules and views take it by `facts.derived::<Consumers>()`.
#[derive(Debug, Default)]
pub struct Consumers {
    by_secret: HashMap<Text, Uses>,
    is_complete: bool,
}

/// What uses one secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uses {
    /// Services whose task definitions, that of now or of a deployment that runs out, hand it to a container.
    pub services: BTreeSet<Subject>,
    /// Running tasks that were handed it, and what they hold of it.
    pub tasks: Vec<(Arc<Task>, Holds)>,
    /// Proxies that log in with it.
    pub proxies: BTreeSet<Subject>,
    /// Databases whose master user's password it is.
    pub databases: BTreeSet<Subject>,
}

/// What a running task holds of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The value of now, as far as rotations go.
    Current,
    /// The value of before the last rotation that was completed.
    Previous,
    /// It started while the rotation was completed: either.
    Either,
    /// When it started was not told.
    Unknown,
    /// A version that its definition names; a rotation does not change that.
    Pinned,
}

impl Uses {
    /// Running tasks that hold this of it.
    pub fn holding(&self, holds: Holds) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.iter().filter(move |(_, held)| *held == holds).map(|(task, _)| task)
    }
}

impl Consumers {
    /// What uses the secret with this ARN.
    #[must_use]
    pub fn of(&self, arn: &str) -> Option<&Uses> {
        self.by_secret.get(arn)
    }

    /// Whether the task definition of every running task and service of the account and region is known. If not, there may be more that use a secret.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Derived for Consumers {
    fn derive(facts: &Facts) -> Self {
        let mut consumers = Self::default();
        let Some(known) = facts.get::<SecretFacts>() else { return consumers };
        let names = Names::of(&known.secrets);
        if let (Some(ecs), Some(definitions)) = (facts.get::<EcsFacts>(), facts.get::<TaskDefinitionFacts>()) {
            // A cluster that the stack leaves out may run tasks that use any of them.
            consumers.is_complete = definitions.unread.is_empty() && ecs.unwatched == 0;
            consumers.add_ecs(ecs, &handed(definitions, &names));
        }
        if let Some(rds) = facts.get::<RdsFacts>() {
            consumers.add_databases(rds, &names);
        }
        consumers
    }
}

/// The secrets each task definition hands out, and whether by a certain version.
type HandedBy<'a> = HashMap<&'a Text, Vec<(&'a Secret, bool)>>;

fn handed<'a>(definitions: &'a TaskDefinitionFacts, names: &Names<'a>) -> HandedBy<'a> {
    let of = |definition: &TaskDefinition| {
        // A secret handed in several pieces is one, pinned only if each piece is.
        let mut of: BTreeMap<&Text, (&'a Secret, bool)> = BTreeMap::new();
        for handed in &definition.secrets {
            let Some((secret, is_pinned)) = names.find(&handed.from) else { continue };
            of.entry(&secret.arn).and_modify(|(_, all)| *all &= is_pinned).or_insert((secret, is_pinned));
        }
        of.into_values().collect()
    };
    definitions.definitions.iter().map(|(arn, definition)| (arn, of(definition))).collect()
}

impl Consumers {
    fn uses(&mut self, secret: &Secret) -> &mut Uses {
        self.by_secret.entry(secret.arn.clone()).or_default()
    }

    fn add_ecs(&mut self, ecs: &EcsFacts, handed: &HandedBy<'_>) {
        for service in ecs.services.iter().map(|seen| &seen.item) {
            let deployed = service.deployments.iter().map(|d| &d.task_definition);
            for arn in deployed.chain([&service.task_definition]).flatten() {
                let Some(secrets) = handed.get(arn) else {
                    self.is_complete = false;
                    continue;
                };
                let subject = Subject { kind: "service", name: service.label(), id: service.arn.clone() };
                for (secret, _) in secrets {
                    self.uses(secret).services.insert(subject.clone());
                }
            }
        }
        for task in ecs.tasks.iter().map(|seen| &seen.item).filter(|task| task.status.as_deref() != Some("STOPPED")) {
            let Some(secrets) = task.task_definition.as_ref().and_then(|arn| handed.get(arn)) else {
                self.is_complete = false;
                continue;
            };
            for (secret, is_pinned) in secrets {
                if let Some(holds) = holds(task, secret.rotated_at, *is_pinned) {
                    self.uses(secret).tasks.push((Arc::clone(task), holds));
                }
            }
        }
    }

    fn add_databases(&mut self, rds: &RdsFacts, names: &Names<'_>) {
        for proxy in &rds.proxies {
            for (secret, _) in proxy.secrets.iter().filter_map(|arn| names.find(arn)) {
                let subject = Subject { kind: "database", name: proxy.name.clone(), id: proxy.arn.clone() };
                self.uses(secret).proxies.insert(subject);
            }
        }
        let instances = rds.instances.iter().map(|i| (&i.id, &i.arn, &i.master_secret));
        let clusters = rds.clusters.iter().map(|c| (&c.id, &c.arn, &c.master_secret));
        for (name, arn, master) in clusters.chain(instances) {
            let of = master.as_ref().and_then(|MasterSecret { arn, .. }| names.find(arn.as_deref()?));
            if let Some((secret, _)) = of {
                let subject = Subject { kind: "database", name: name.clone(), id: arn.clone() };
                self.uses(secret).databases.insert(subject);
            }
        }
    }
}

/// What a task holds of a secret that was rotated then; nothing while it waits to start.
fn holds(task: &Task, rotated_at: Option<Timestamp>, is_pinned: bool) -> Option<Holds> {
    let is_running = task.status.as_deref().is_none_or(|status| status == "RUNNING");
    match (task.started_at, rotated_at) {
        _ if is_pinned => Some(Holds::Pinned),
        (None, _) if !is_running => None,
        (None, _) => Some(Holds::Unknown),
        (Some(started), Some(rotated)) if started < rotated => Some(Holds::Previous),
        // It was handed the secret at some time between these two.
        (Some(_), Some(rotated)) if task.created_at.is_none_or(|created| created < rotated) => Some(Holds::Either),
        (Some(_), _) => Some(Holds::Current),
    }
}

/// What secrets may be called by.
struct Names<'a> {
    by_arn: HashMap<&'a str, &'a Secret>,
    /// ARNs without the six random characters that Secrets Manager puts behind the name.
    partial: HashMap<&'a str, &'a Secret>,
    by_name: HashMap<&'a str, &'a Secret>,
}

/// What stands before a secret's name where Parameter Store is asked for it.
const THROUGH_PARAMETERS: &str = "/aws/reference/secretsmanager/";
/// A hyphen and six random characters.
const SUFFIX: usize = 7;

impl<'a> Names<'a> {
    fn of(secrets: &'a [Secret]) -> Self {
        let partial = |secret: &'a Secret| {
            let (name, suffix) = secret.arn.split_at_checked(secret.arn.len().checked_sub(SUFFIX)?)?;
            suffix.starts_with('-').then_some((name, secret))
        };
        Self {
            by_arn: secrets.iter().map(|secret| (secret.arn.as_str(), secret)).collect(),
            partial: secrets.iter().filter_map(partial).collect(),
            by_name: secrets.iter().map(|secret| (secret.name.as_str(), secret)).collect(),
        }
    }

    /// The secret that `from` names, and whether it names a version other than the one in use.
    fn find(&self, from: &str) -> Option<(&'a Secret, bool)> {
        if !from.starts_with("arn:") {
            let name = from.strip_prefix(THROUGH_PARAMETERS).unwrap_or(from);
            return self.by_name.get(name).map(|secret| (*secret, false));
        }
        // arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:KEY[:STAGE[:VERSION]]]; a name has no colon.
        let parts: Vec<&str> = from.split(':').collect();
        let arn = parts.get(..7)?.join(":");
        let secret = self.by_arn.get(arn.as_str()).or_else(|| self.partial.get(arn.as_str()))?;
        let part = |n: usize| parts.get(n).copied().filter(|part| !part.is_empty());
        let is_pinned = part(9).is_some() || part(8).is_some_and(|stage| stage != Secret::CURRENT);
        Some((secret, is_pinned))
    }
}

#[cfg(test)]
mod tests;
