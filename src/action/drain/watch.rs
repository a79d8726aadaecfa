//! How empty a drained instance is, by one look at it and at the services it gives tasks away from.

use std::collections::BTreeMap;

use crate::action::plan::State;
use crate::action::{Look, Stage};
use crate::health::words::count;
use crate::model::ecs::{Instance, Service, Task};
use crate::text::Text;

/// What one look reads.
pub(super) struct Seen {
    /// The instance; absent: ECS does not know it any more.
    pub instance: Option<Instance>,
    /// What ECS still wants running on it.
    pub tasks: Vec<Task>,
    /// The services whose tasks move.
    pub services: Vec<Service>,
    /// Names of services whose tasks do not: daemons.
    pub daemons: Vec<Text>,
}

impl Seen {
    /// Judges what was read.
    pub fn judge(&self, before: &State) -> Look {
        let (stage, text) = self.stage(before);
        Look { stage, text, state: super::state(self.instance.as_ref()) }
    }

    fn stage(&self, before: &State) -> (Stage, String) {
        let short: Vec<String> = self.services.iter().filter_map(short).collect();
        let present = self.instance.as_ref().filter(|instance| instance.status.as_deref() != Some("INACTIVE"));
        let Some(instance) = present else {
            let gone = "it is gone from its cluster";
            return match short.as_slice() {
                [] => (Stage::Done, format!("{gone}, and what ran on it runs elsewhere")),
                short => (Stage::Going, format!("{gone}; not all run elsewhere yet: {}", short.join("; "))),
            };
        };
        match instance.status.as_deref() {
            Some("DEREGISTERING") => return (Stage::Going, "it is being taken out of its cluster".to_owned()),
            Some("DRAINING") => {}
            Some("ACTIVE") if before.get("status") == "ACTIVE" => {
                return (Stage::Unseen, "it is ACTIVE".to_owned());
            }
            other => return (Stage::Failed, format!("it is {} now", other.unwrap_or("in an unknown status"))),
        }
        let is_daemon = |task: &&Task| task.service().is_some_and(|name| self.daemons.iter().any(|d| d == name));
        let stays = self.tasks.iter().filter(|task| task.service().is_none()).count();
        let daemons = self.tasks.iter().filter(is_daemon).count();
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        for task in self.tasks.iter().filter(|task| !is_daemon(task)) {
            if let Some(name) = task.service() {
                *left.entry(name).or_default() += 1;
            }
        }
        if !left.is_empty() {
            let told: Vec<String> = left.iter().map(|(name, n)| self.why(name, *n)).collect();
            return (Stage::Going, format!("left: {}", told.join("; ")));
        }
        // Tasks that were told to stop still run until they have.
        let ending = (instance.running_tasks as usize).saturating_sub(stays + daemons);
        if ending > 0 {
            return (Stage::Going, format!("all tasks of services are told to stop, {ending} still run"));
        }
        if !short.is_empty() {
            return (Stage::Going, format!("nothing left to move; not all run elsewhere yet: {}", short.join("; ")));
        }
        let stays = match stays {
            0 => String::new(),
            n => format!(", {} of no service stay until they end", count(n, "task")),
        };
        (Stage::Done, format!("it is DRAINING and nothing is left to move{stays}"))
    }

    /// `web 2: WHY`.
    fn why(&self, name: &str, n: usize) -> String {
        let service = self.services.iter().find(|service| service.name == name);
        let why = match service {
            None => "its service is not known".to_owned(),
            Some(service) => match (service.lower_bound(), service.upper_bound()) {
                (Some(lower), Some(upper)) if service.running <= lower && service.running >= upper => {
                    format!("may run {lower} to {upper} and runs {}", service.running)
                }
                (Some(lower), _) if service.running <= lower && service.pending > 0 => {
                    format!("waits for {} to start", count(service.pending, "new task"))
                }
                (Some(lower), _) if service.running <= lower => {
                    format!("{} of {} run, none may stop before another starts", service.running, service.desired)
                }
                _ => "being moved".to_owned(),
            },
        };
        format!("{name} {n} ({why})")
    }
}

/// `web 3 of 4`, where a service lacks tasks.
fn short(service: &Service) -> Option<String> {
    (service.running < service.desired).then(|| format!("{} {} of {}", service.name, service.running, service.desired))
}
