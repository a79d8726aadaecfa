//! Tasks that stopped: each on its own row, and many for the same reason on their service.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::stops::{self, Cause, Stop};
use super::{About, Level, Rule, Sink, Threshold, service, subject, words};
use crate::model::ecs::{EcsIndex, StoppedFacts, Task};
use crate::model::facts::Derived;
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

pub(super) const CRASH_LOOP: Rule = Rule {
    id: "ecs-crash-loop",
    domain: "ecs",
    doc: "Several tasks of a service stopped for the same reason within a short time. Stops that are part of scaling, \
          rollouts or reclaimed capacity do not count.",
    source: "ECS API: stopCode, stoppedReason, exitCode; 3 within 10 min (practice)",
    thresholds: &[Threshold::count("crit", 3), Threshold::minutes("window", 10)],
    read_at: Facts::taken_at::<StoppedFacts>,
    check: crash_loop,
};

pub(super) const STOPPED: Rule = Rule {
    id: "ecs-task-stopped",
    domain: "ecs",
    doc: "A task stopped: why, in words. A bad stop alarms while it is recent; later, or where `ecs-crash-loop` says it, \
          it is only worth knowing.",
    source: "ECS API: stopCode, stoppedReason, exitCode; ECS forgets stopped tasks after an hour; 10 min (practice)",
    thresholds: &[Threshold::minutes("recent", 10), Threshold::minutes("forget", 60)],
    read_at: Facts::taken_at::<StoppedFacts>,
    check: stopped,
};

/// The stopped tasks, explained once for all rules.
struct Stops(Vec<(Arc<Task>, Stop)>);

impl Derived for Stops {
    fn derive(facts: &Facts) -> Self {
        let index = facts.derived::<EcsIndex>();
        let tasks = facts.get::<StoppedFacts>().map_or(&[][..], |stopped| &stopped.tasks);
        // One that is still stopping has not told its reasons yet.
        let ended = tasks.iter().filter(|seen| seen.item.status.as_deref().is_none_or(|status| status == "STOPPED"));
        Self(ended.map(|seen| (seen.item.clone(), explain(&seen.item, &index))).collect())
    }
}

/// Why a task stopped. One that failed its health check on an instance whose agent is lost was lost with the instance, which
/// `ecs-agent-disconnected` says.
fn explain(task: &Task, index: &EcsIndex) -> Stop {
    let stop = stops::explain(task);
    let lost = index.instance_of(task).is_some_and(|i| i.agent_connected == Some(false));
    if lost && stop.cause == Cause::HealthCheck {
        let words = format!("{}, on an instance that is disconnected", stop.words);
        return Stop { cause: Cause::InstanceGone, severity: Severity::Info, words };
    }
    stop
}

/// The stops of services that count as crash loops: same service, same cause, often, lately.
#[derive(Default)]
pub(super) struct Loops(BTreeMap<Text, BTreeMap<Text, Vec<Loop>>>);

/// One cause that stops a service's tasks again and again.
pub(super) struct Loop {
    stop: Stop,
    tasks: Vec<Arc<Task>>,
}

impl Loops {
    /// The crash loops at the sink's time, by the levels of [`CRASH_LOOP`] whichever rule asks.
    pub(super) fn of(facts: &Facts, sink: &Sink<'_>) -> Self {
        let (Level::Count(least), Level::Span(window)) =
            (sink.level(&CRASH_LOOP, "crit"), sink.level(&CRASH_LOOP, "window"))
        else {
            return Self::default();
        };
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        let now = facts.taken_at::<StoppedFacts>().unwrap_or_else(|| sink.now());
        let mut loops = Self::default();
        for (task, stop) in &facts.derived::<Stops>().0 {
            if stop.severity >= Severity::Unknown && within(task.stopped_at, now, window) {
                loops.add(task, stop);
            }
        }
        for causes in loops.0.values_mut().flat_map(BTreeMap::values_mut) {
            causes.retain(|l| l.tasks.len() >= least);
        }
        loops
    }

    fn add(&mut self, task: &Arc<Task>, stop: &Stop) {
        let Some(service) = task.service() else { return };
        let services = self.0.entry(task.cluster_arn.clone()).or_default();
        let causes = services.entry(Text::from(service)).or_default();
        match causes.iter_mut().find(|l| l.stop.cause == stop.cause) {
            Some(known) => known.tasks.push(task.clone()),
            None => causes.push(Loop { stop: stop.clone(), tasks: vec![task.clone()] }),
        }
    }

    /// The cause that stops most tasks of a service, if it is in a loop.
    pub(super) fn worst(&self, cluster_arn: &Text, service: &str) -> Option<&Loop> {
        self.causes(cluster_arn, service).iter().max_by_key(|l| l.tasks.len())
    }

    fn causes(&self, cluster_arn: &Text, service: &str) -> &[Loop] {
        self.0.get(cluster_arn).and_then(|services| services.get(service)).map_or(&[], Vec::as_slice)
    }

    fn holds(&self, task: &Task, cause: Cause) -> bool {
        let service = task.service();
        service.is_some_and(|name| self.causes(&task.cluster_arn, name).iter().any(|l| l.stop.cause == cause))
    }
}

/// Whether `at` is no longer ago than `span`; a time that is not told counts as recent.
fn within(at: Option<Timestamp>, now: Timestamp, span: Duration) -> bool {
    at.is_none_or(|at| now.since(at) <= span)
}

fn crash_loop(facts: &Facts, sink: &mut Sink<'_>) {
    let index = facts.derived::<EcsIndex>();
    let loops = Loops::of(facts, sink);
    let now = sink.now();
    let services = loops.0.iter().flat_map(|(arn, services)| services.keys().map(move |name| (arn, name)));
    for (cluster_arn, name) in services {
        let Some((worst, one)) = loops.worst(cluster_arn, name).and_then(|l| Some((l, l.tasks.first()?))) else {
            continue;
        };
        let n = worst.tasks.len();
        let window = words::span(sink.span("window"));
        let message = format!("{name}: crash loop, {n} tasks stopped within {window}: {}", worst.stop.words);
        let about = About::new(message)
            .since(worst.tasks.iter().filter_map(|t| t.stopped_at).min().map(|at| at.min(now)))
            .with("tasks", words::list(worst.tasks.iter().map(|t| t.id())))
            .with("stopCode", words::given(one.stop_code.as_ref()))
            .with("stoppedReason", words::given(one.stopped_reason.as_ref()))
            .with("exit codes", exits(one))
            .with("task definition", words::given(one.task_definition.as_ref()))
            .next("read the log of the newest stopped task: enter, then the stopped tasks")
            .next("compare with the last deployment: detail of the service");
        sink.found(Severity::Crit, subject::service_of(one, name, &index), about);
    }
    service::each(facts, sink, |service, sink| {
        if loops.worst(&service.cluster_arn, &service.name).is_none() {
            sink.ok(|| subject::service(service));
        }
    });
}

fn stopped(facts: &Facts, sink: &mut Sink<'_>) {
    let loops = Loops::of(facts, sink);
    let (now, recent, forget) = (sink.now(), sink.span("recent"), sink.span("forget"));
    let stops = facts.derived::<Stops>();
    for (task, stop) in stops.0.iter().filter(|(task, _)| within(task.stopped_at, now, forget)) {
        let looping = loops.holds(task, stop.cause);
        let severity = if looping || !within(task.stopped_at, now, recent) { Severity::Info } else { stop.severity };
        let mut about = About::new(format!("{}: {}", subject::short(task), stop.words))
            .since(task.stopped_at)
            .with("stopCode", words::given(task.stop_code.as_ref()))
            .with("stoppedReason", words::given(task.stopped_reason.as_ref()))
            .with("exit codes", exits(task));
        for container in task.containers.iter().filter(|c| c.reason.as_ref().is_some_and(|r| !r.is_empty())) {
            about = about.with("container", format!("{}: {}", container.name, words::given(container.reason.as_ref())));
        }
        if looping {
            about = about.with("alarm", "raised on its service, which is in a crash loop");
        }
        sink.found(severity, subject::task(task), about);
    }
}

/// `app 1, log 0`.
fn exits(task: &Task) -> String {
    let known = task.containers.iter().filter_map(|c| Some(format!("{} {}", c.name, c.exit_code?)));
    let listed = words::list(known);
    if listed.is_empty() { "not given".to_owned() } else { listed }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::ecs::Container;

    fn exited(id: &str, minutes: u64, code: i32) -> Task {
        let container = Container { name: Text::from("app"), exit_code: Some(code), ..Container::default() };
        Task {
            status: text("STOPPED"),
            stop_code: text("EssentialContainerExited"),
            stopped_at: ago(minutes),
            containers: vec![container],
            ..task(id, &instance("i-1", "us-east-1a", 1))
        }
    }

    fn unpulled(id: &str, minutes: u64) -> Task {
        Task {
            stop_code: text("TaskFailedToStart"),
            stopped_reason: text("CannotPullContainerError: not found"),
            ..exited(id, minutes, 0)
        }
    }

    fn scaled_in(id: &str) -> Task {
        Task { stop_code: text("ServiceSchedulerInitiated"), ..exited(id, 1, 143) }
    }

    #[test]
    fn three_stops_for_one_cause_within_ten_minutes_are_a_loop() {
        let world = |tasks: Vec<Task>| with(service(2, 2)).stopped(tasks);
        let loops: &[&str] = &["crit ehr-api: crash loop, 3 tasks stopped within 10 min: exit code 1"];
        table(
            CRASH_LOOP.id,
            &[
                (world(vec![exited("1", 1, 1), exited("2", 5, 1), exited("3", 10, 1)]), loops),
                (world(vec![exited("1", 1, 1), exited("2", 5, 1), exited("3", 11, 1)]), &["ok"]),
                (world(vec![exited("1", 1, 1), exited("2", 5, 2), exited("3", 9, 139)]), &["ok"]),
                (world(vec![scaled_in("1"), scaled_in("2"), scaled_in("3"), scaled_in("4")]), &["ok"]),
                (
                    world(
                        ["1", "2", "3"]
                            .map(|id| Task { stop_code: None, containers: vec![], ..exited(id, 1, 0) })
                            .into(),
                    ),
                    &["crit ehr-api: crash loop, 3 tasks stopped within 10 min: stopped, no reason given"],
                ),
                (with(service(2, 2)), &[]),
            ],
        );
    }

    #[test]
    fn a_bad_stop_alarms_only_while_it_is_recent() {
        let world = |task: Task| with(service(2, 2)).stopped([task]);
        let untold = Task { stop_code: None, containers: vec![], ..exited("12345678abc", 1, 0) };
        let timeless = Task { stopped_at: None, ..unpulled("12345678abc", 0) };
        table(
            STOPPED.id,
            &[
                (
                    world(unpulled("12345678abc", 10)),
                    &["crit ehr-api task 12345678: could not pull the image: not found"],
                ),
                (
                    world(unpulled("12345678abc", 11)),
                    &["info ehr-api task 12345678: could not pull the image: not found"],
                ),
                (world(unpulled("12345678abc", 61)), &[]),
                (world(exited("12345678abc", 3, 139)), &["warn ehr-api task 12345678: segmentation fault (139)"]),
                (world(scaled_in("12345678abc")), &["info ehr-api task 12345678: stopped by its service"]),
                (world(untold), &["unknown ehr-api task 12345678: stopped, no reason given"]),
                (world(timeless), &["crit ehr-api task 12345678: could not pull the image: not found"]),
            ],
        );
    }

    #[test]
    fn the_tasks_of_a_loop_leave_the_alarm_to_their_service() {
        let world = with(service(2, 2)).stopped((0..5).map(|n| unpulled(&n.to_string(), n)));
        let evaluation = world.evaluate();
        let said: Vec<&str> = evaluation
            .worst_first()
            .into_iter()
            .filter(|c| c.severity > Severity::Info)
            .map(|c| c.message.as_str())
            .collect();
        assert_eq!(said, ["ehr-api: crash loop, 5 tasks stopped within 10 min: could not pull the image: not found"]);
        assert_eq!(evaluation.worst_first()[0].since, ago(4));
    }
}
