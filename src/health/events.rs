//! Service events: text without code or severity. A bad one counts until the service reaches a steady state again.

use std::time::Duration;

use super::placement::Placements;
use super::{About, Rule, Sink, Threshold, rollout, service, stopped, subject, words, zone};
use crate::model::ecs::{EcsFacts, EcsIndex, Event, Service};
use crate::model::{Facts, Severity};
use crate::time::Timestamp;

pub(super) const ACTIVE: Rule = Rule {
    id: "ecs-service-event",
    domain: "ecs",
    doc: "An event tells of trouble and no steady state has followed. ECS repeats a message only after 6 hours, so its age \
          says nothing. Unknown text is no trouble.",
    source: "ECS developer guide, service event messages; 3 unhealthy targets within 10 min (practice)",
    thresholds: &[Threshold::count("crit", 3), Threshold::minutes("window", 10)],
    read_at: Facts::taken_at::<EcsFacts>,
    check: bad,
};

const STEADY: &str = "has reached a steady state";
pub(super) const UNABLE_TO_PLACE: &str = "unable to place a task";
const INCONSISTENT: &str = "is unable to consistently start tasks successfully";
const FAILED: &str = "deployment failed";
const ROLLING_BACK: &str = "rolling back";
const BOUND: &str =
    "was unable to stop or start tasks during a deployment because of the service deployment configuration";
const UNHEALTHY: &str = "is unhealthy in";
const UNBALANCED: &str = "is not az balanced";

/// A piece of an event in lower case, how bad it is, and what it means.
const PATTERNS: &[(&str, Severity, &str)] = &[
    (UNABLE_TO_PLACE, Severity::Crit, "cannot place"),
    (INCONSISTENT, Severity::Crit, "its tasks keep failing to start"),
    (FAILED, Severity::Crit, "a deployment failed"),
    (ROLLING_BACK, Severity::Crit, "is rolling back"),
    (BOUND, Severity::Crit, "its deployment bounds let it neither stop nor start tasks"),
    ("reached the limit on the number of tasks", Severity::Crit, "the account's limit of tasks is reached"),
    ("reached the limit on the number of vcpus", Severity::Crit, "the account's limit of vCPUs is reached"),
    (UNHEALTHY, Severity::Warn, "a target is unhealthy"),
    ("operations are being throttled", Severity::Warn, "ECS slows it down: its calls are throttled"),
    (UNBALANCED, Severity::Warn, "its tasks are not balanced over zones"),
    ("unable to scale in", Severity::Info, "cannot scale in, its tasks are protected"),
];

/// How bad an event is by its words. A steady state is well; text that is not known is only worth knowing.
#[must_use]
pub fn event_weight(message: &str) -> Severity {
    let lower = message.to_ascii_lowercase();
    if lower.contains(STEADY) {
        return Severity::Ok;
    }
    PATTERNS.iter().find(|(piece, ..)| lower.contains(piece)).map_or(Severity::Info, |(_, severity, _)| *severity)
}

/// An event and its text in lower case, by which it is recognised.
pub(super) struct Said<'a> {
    pub(super) event: &'a Event,
    lower: String,
}

impl Said<'_> {
    /// Whether the text contains `piece` (lower case).
    pub(super) fn says(&self, piece: &str) -> bool {
        self.lower.contains(piece)
    }
}

/// The events of `service` since its last steady state, newest first.
pub(super) fn active(service: &Service) -> impl Iterator<Item = Said<'_>> {
    let said = service.events.iter().map(|event| Said { event, lower: event.message.to_ascii_lowercase() });
    said.take_while(|said| !said.says(STEADY))
}

/// An event that tells of trouble.
struct Bad<'a> {
    event: &'a Event,
    piece: &'static str,
    severity: Severity,
    meaning: &'static str,
}

fn bad(facts: &Facts, sink: &mut Sink<'_>) {
    let looping = stopped::Loops::of(facts, sink);
    let index = facts.derived::<EcsIndex>();
    service::each(facts, sink, |service, sink| {
        let bad: Vec<Bad<'_>> = active(service)
            .filter_map(|said| recognised(&said))
            .filter(|bad| !lost_with_instance(bad, &index))
            .collect();
        if bad.is_empty() {
            return sink.ok(|| subject::service(service));
        }
        let unhealthy = unhealthy_lately(&bad, sink.now(), sink.span("window"));
        let many = unhealthy >= sink.count("crit");
        let rank = |b: &&Bad<'_>| if b.piece == UNHEALTHY && many { Severity::Crit } else { b.severity };
        let own = bad.iter().filter(|b| !said_elsewhere(b.piece, service, facts, &looping));
        // Of equally bad ones the newest: events come newest first, and the last of the greatest is taken.
        let Some(worst) = own.rev().max_by_key(rank) else { return };
        let since = bad.iter().rev().find(|b| b.piece == worst.piece).and_then(|b| b.event.at);
        let meaning = match worst.piece {
            UNABLE_TO_PLACE => unplaced(service, worst.event, facts),
            UNHEALTHY if unhealthy > 1 => {
                format!("{unhealthy} targets found unhealthy within {}", words::span(sink.span("window")))
            }
            _ => worst.meaning.to_owned(),
        };
        let about = About::new(format!("{}: {meaning}", words::headline(service)))
            .since(since)
            .with("event", &worst.event.message)
            .with("at", words::given(worst.event.at.map(Timestamp::rfc3339)))
            .with("events of trouble since the last steady state", bad.len())
            .next("read the events of the service: enter");
        sink.found(rank(&worst), subject::service(service), about);
    });
}

fn recognised<'a>(said: &Said<'a>) -> Option<Bad<'a>> {
    let (piece, severity, meaning) = PATTERNS.iter().find(|(piece, ..)| said.says(piece))?;
    Some(Bad { event: said.event, piece, severity: *severity, meaning })
}

/// Whether a target was found unhealthy on an instance whose agent is lost: `ecs-agent-disconnected` says so once for all.
fn lost_with_instance(bad: &Bad<'_>, index: &EcsIndex) -> bool {
    let named = bad.event.message.split_once("(instance ").and_then(|(_, rest)| rest.split_once(')'));
    let instance = named.and_then(|(id, _)| index.instance_by_ec2_id(id));
    bad.piece == UNHEALTHY && instance.is_some_and(|i| i.agent_connected == Some(false))
}

/// Whether another rule says what this event says, with more than the event knows.
fn said_elsewhere(piece: &str, service: &Service, facts: &Facts, looping: &stopped::Loops) -> bool {
    match piece {
        // No task waits any more, or the cluster is full.
        UNABLE_TO_PLACE => facts.derived::<Placements>().of(service).is_none_or(|u| u.full.is_some()),
        FAILED | ROLLING_BACK => rollout::has_failed(service),
        BOUND => service.deadlocked() == Some(true),
        UNBALANCED => zone::uneven(service, &facts.derived::<EcsIndex>()).is_some(),
        INCONSISTENT => looping.worst(&service.cluster_arn, &service.name).is_some(),
        _ => false,
    }
}

fn unhealthy_lately(bad: &[Bad<'_>], now: Timestamp, window: Duration) -> u32 {
    let recent = |e: &Event| e.at.is_none_or(|at| now.since(at) <= window);
    let n = bad.iter().filter(|b| b.piece == UNHEALTHY && recent(b.event)).count();
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// `cannot place 3 tasks: no container instance met all of its requirements`.
fn unplaced(service: &Service, event: &Event, facts: &Facts) -> String {
    let placements = facts.derived::<Placements>();
    let tasks = placements.of(service).map_or_else(|| "a task".to_owned(), |u| words::count(u.tasks, "task"));
    let why = event.message.split_once(" because ").map_or("", |(_, why)| why);
    let why = why.split(". ").next().unwrap_or_default();
    if why.is_empty() {
        format!("cannot place {tasks}")
    } else {
        format!("cannot place {tasks}: {}", words::quote(why))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::Rollout;

    fn told(service: Service, events: &[(u64, &str)]) -> World {
        with(Service { events: events.iter().map(|(at, message)| event(*at, message)).collect(), ..service })
    }

    const STEADY_EVENT: &str = "(service ehr-api) has reached a steady state.";

    #[test]
    fn only_bad_events_since_the_last_steady_state_count() {
        let inconsistent = "(service ehr-api) is unable to consistently start tasks successfully. For more information";
        let one = |message| told(service(28, 28), &[(5, message)]);
        table(
            ACTIVE.id,
            &[
                (one(inconsistent), &["crit ehr-api 28/28: its tasks keep failing to start"]),
                (told(service(28, 28), &[(1, STEADY_EVENT), (5, inconsistent)]), &["ok"]),
                (
                    told(service(28, 28), &[(5, inconsistent), (500, STEADY_EVENT)]),
                    &["crit ehr-api 28/28: its tasks keep failing to start"],
                ),
                (one("(service ehr-api) has started 1 tasks: (task 1)."), &["ok"]),
                (
                    one("(service ehr-api) (deployment ecs-svc/1) deployment failed: tasks failed to start."),
                    &["crit ehr-api 28/28: a deployment failed"],
                ),
                (
                    one("(service ehr-api) rolling back to (deployment ecs-svc/0)."),
                    &["crit ehr-api 28/28: is rolling back"],
                ),
                (
                    one("(service ehr-api) operations are being throttled on elb."),
                    &["warn ehr-api 28/28: ECS slows it down: its calls are throttled"],
                ),
                (
                    one("(service ehr-api) is not AZ balanced"),
                    &["warn ehr-api 28/28: its tasks are not balanced over zones"],
                ),
                (
                    one("You've reached the limit on the number of vCPUs you can run concurrently"),
                    &["crit ehr-api 28/28: the account's limit of vCPUs is reached"],
                ),
                (
                    one("(service ehr-api) was unable to scale in due to (reason: tasks are protected)"),
                    &["info ehr-api 28/28: cannot scale in, its tasks are protected"],
                ),
                (
                    one(
                        "(service ehr-api) was unable to stop or start tasks during a deployment because of the service \
                         deployment configuration. Update the values",
                    ),
                    &["crit ehr-api 28/28: its deployment bounds let it neither stop nor start tasks"],
                ),
                (with(service(28, 28)), &["ok"]),
            ],
        );
    }

    #[test]
    fn unhealthy_targets_become_critical_when_they_pile_up() {
        let unhealthy =
            "(service ehr-api) (port 80) is unhealthy in (target-group x) due to (reason Health checks failed)";
        let at = |times: &[u64]| told(service(28, 28), &times.iter().map(|t| (*t, unhealthy)).collect::<Vec<_>>());
        table(
            ACTIVE.id,
            &[
                (at(&[1]), &["warn ehr-api 28/28: a target is unhealthy"]),
                (at(&[1, 2, 60]), &["warn ehr-api 28/28: 2 targets found unhealthy within 10 min"]),
                (at(&[1, 2, 3]), &["crit ehr-api 28/28: 3 targets found unhealthy within 10 min"]),
            ],
        );
        let since = at(&[1, 2, 60]).evaluate().checks.iter().find(|c| c.rule == ACTIVE.id).and_then(|c| c.since);
        assert_eq!(since, ago(60), "since the first of them");
    }

    #[test]
    fn placing_that_fails_for_another_reason_than_room_is_said_with_it() {
        let unable = "(service ehr-api) was unable to place a task because no container instance met all of its \
                      requirements. The closest matching (container-instance x) is missing an attribute.";
        let roomy = instance("i-1", "us-east-1a", 40);
        let world = |running| {
            let tasks = (0..running).map(|n| task(&n.to_string(), &roomy));
            told(service(running, 28), &[(5, unable)]).tasks(tasks).instances([roomy.clone()])
        };
        table(
            ACTIVE.id,
            &[
                (
                    world(26),
                    &["crit ehr-api 26/28: cannot place 2 tasks: no container instance met all of its requirements"],
                ),
                (world(28), &[]),
            ],
        );
    }

    #[test]
    fn what_another_rule_says_better_is_left_to_it() {
        let failed = Service { deployments: vec![deployment("FAILED", 0, 2)], ..service(2, 2) };
        let rollout = Rollout { minimum_percent: Some(100), maximum_percent: Some(100), ..service(2, 2).rollout };
        let stuck = Service { rollout, ..service(2, 2) };
        let stops = ["1", "2", "3"].map(|id| crate::model::ecs::Task {
            status: text("STOPPED"),
            stop_code: text("TaskFailedToStart"),
            stopped_at: ago(2),
            ..task(id, &instance("i-1", "us-east-1a", 1))
        });
        let looping =
            told(service(2, 2), &[(1, "x is unable to consistently start tasks successfully")]).stopped(stops);
        table(
            ACTIVE.id,
            &[
                (told(failed, &[(1, "deployment failed: tasks failed to start")]), &[]),
                (told(stuck, &[(1, BOUND)]), &[]),
                (looping, &[]),
            ],
        );
    }
}
