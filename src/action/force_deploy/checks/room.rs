//! Whether the new tasks find a place on container instances.

use crate::action::growth::{Growth, growth};
use crate::action::plan::{Check, Level};
use crate::health::placement::Placements;
use crate::health::words::count;
use crate::model::Facts;
use crate::model::ecs::{EcsFacts, EcsIndex, Scheduling, Service};
use crate::model::scaling::GroupFacts;

use Level::{Block, Pass, Warn};

pub(super) fn room(service: &Service, index: &EcsIndex, groups: Option<&GroupFacts>) -> Check {
    let id = "room";
    match index.on_instances(service) {
        Some(false) => return Check::new(id, Pass, "it needs no container instances"),
        None => return Check::new(id, Warn, "whether it needs room on container instances is not known"),
        Some(true) if service.scheduling == Scheduling::Daemon => {
            return Check::new(id, Pass, "a daemon takes the place of the task it replaces");
        }
        Some(true) => {}
    }
    if service.desired == 0 {
        return Check::new(id, Pass, "no task needs room");
    }
    let bounds = service.lower_bound().zip(service.upper_bound());
    let Some(((lower, upper), room)) = bounds.zip(index.headroom(service)) else {
        return Check::new(id, Warn, "how much room the container instances have for its tasks is not known");
    };
    let running = service.running;
    let wanted = upper.saturating_sub(running);
    if room == 0 && running <= lower {
        let stuck = format!("no room for a new task, and none may stop first ({running} running, minimum {lower})");
        return match growth(service, index, groups) {
            Growth::Never(why) => Check::new(id, Block, format!("{stuck}; {why}; instances must come first")),
            growth => Check::new(id, Warn, format!("{stuck}: it waits {}", growth.wait())),
        };
    }
    if room < wanted {
        let what = format!("room for {} where its bounds allow {wanted}", count(room, "more task"));
        let what = match growth(service, index, groups) {
            Growth::Never(why) => format!("{what}: slower, for no instance comes; {why}"),
            growth => format!("{what}: slower, or it waits {}", growth.wait()),
        };
        return Check::new(id, Warn, what);
    }
    if service.has_expression() {
        let what = format!(
            "room for {}, where its placement expressions, which were not looked at, allow that",
            count(room, "more task")
        );
        return Check::new(id, Warn, what);
    }
    Check::new(id, Pass, format!("room for {}", count(room, "more task")))
}

/// Whether somebody else waits for the room that stopping its tasks makes: ECS gives it to whoever asks first.
pub(super) fn rivals(service: &Service, index: &EcsIndex, facts: &Facts) -> Check {
    let id = "rivals";
    let placements = facts.derived::<Placements>();
    let ecs = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    let others = ecs.iter().map(|seen| seen.item.as_ref());
    let others = others.filter(|other| other.arn != service.arn && other.cluster_arn == service.cluster_arn);
    let waiting = others.filter_map(|other| Some((other, placements.of(other).filter(|u| u.full.is_some())?)));
    let waiting: Vec<String> =
        waiting.map(|(other, unplaced)| format!("{} of {}", count(unplaced.tasks, "task"), other.name)).collect();
    // ECS places daemons before all others.
    let is_apart = service.scheduling == Scheduling::Daemon || index.on_instances(service) == Some(false);
    if waiting.is_empty() || service.desired == 0 || is_apart {
        return Check::new(id, Pass, "no other service waits for room");
    }
    let waiting = waiting.join(", ");
    let what = match service.lower_bound() {
        Some(lower) if service.running > lower => format!(
            "{waiting} wait for room in this cluster and may take the place of what is stopped: it may stay at {lower} of {} until \
             there is room",
            service.desired
        ),
        _ => format!("{waiting} wait for room in this cluster, too"),
    };
    Check::new(id, Warn, what)
}
