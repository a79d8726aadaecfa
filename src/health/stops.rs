//! Why a task stopped, in words.
//!
//! ECS spreads the answer over the stop code, the stopped reason, and each container's reason and exit code. The rules and the
//! tasks view both read it here.

use super::words;
use crate::model::Severity;
use crate::model::ecs::{Container, Task};

/// What made a task stop. Two stops with the same cause are the same trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The kernel killed it for using more memory than it may.
    OutOfMemory,
    /// The image could not be pulled.
    ImagePull,
    /// Secrets, log driver, network or volumes could not be set up.
    Setup,
    /// It failed to start otherwise.
    Start,
    /// A health check failed: the load balancer's or its own.
    HealthCheck,
    /// Killed by SIGKILL for a reason that is not told.
    Killed,
    /// A segmentation fault.
    SegmentationFault,
    /// Ended by SIGTERM.
    Terminated,
    /// A container left with this code.
    Exit(i32),
    /// A one-off task came to its end.
    Finished,
    /// Its service took it away: scaling or a rollout.
    Service,
    /// Somebody stopped it.
    User,
    /// Spot capacity was reclaimed.
    Spot,
    /// Its instance went away.
    InstanceGone,
    /// What it ran on was found unhealthy or is being maintained.
    Infrastructure,
    /// The answer does not tell.
    NotTold,
}

/// A stopped task, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What made it stop.
    pub cause: Cause,
    /// How bad such a stop is while it is recent.
    pub severity: Severity,
    /// The explanation, such as `out of memory` or `exit code 1`.
    pub words: String,
}

impl Stop {
    fn new(cause: Cause, severity: Severity, words: impl Into<String>) -> Self {
        Self { cause, severity, words: words.into() }
    }
}

/// How bad a stop is while it is recent, and why it happened, in words.
#[must_use]
pub fn stop_words(task: &Task) -> (Severity, String) {
    let stop = explain(task);
    (stop.severity, stop.words)
}

/// Explains why `task` stopped: first by what the reasons say, then by its stop code, then by exit codes.
#[must_use]
pub fn explain(task: &Task) -> Stop {
    by_reason(task).or_else(|| by_code(task)).unwrap_or_else(|| by_exit(task))
}

/// A piece of a reason, in lower case, what it means, and whether the rest of the reason is worth quoting.
struct Telling {
    piece: &'static str,
    cause: Cause,
    severity: Severity,
    words: &'static str,
    quoted: bool,
}

const fn telling(piece: &'static str, cause: Cause, severity: Severity, words: &'static str, quoted: bool) -> Telling {
    Telling { piece, cause, severity, words, quoted }
}

/// Reasons as ECS words them, most telling first (ECS developer guide, stopped task error codes).
const TELLING: &[Telling] = &[
    telling("outofmemory", Cause::OutOfMemory, Severity::Warn, "out of memory", false),
    telling("cannotpull", Cause::ImagePull, Severity::Crit, "could not pull the image", true),
    telling("resourceinitializationerror", Cause::Setup, Severity::Crit, "could not be set up", true),
    telling("cannotcreatevolume", Cause::Setup, Severity::Crit, "could not create its volume", true),
    telling("network interface provisioning", Cause::Setup, Severity::Crit, "got no network interface", false),
    telling("cannotstartcontainer", Cause::Start, Severity::Crit, "could not start its container", true),
    telling("cannotcreatecontainer", Cause::Start, Severity::Crit, "could not create its container", true),
    telling("dockertimeout", Cause::Start, Severity::Crit, "could not start its container in time", false),
    telling("containerruntime", Cause::Start, Severity::Crit, "the container runtime failed", true),
    telling("elb health check", Cause::HealthCheck, Severity::Warn, "failed its load balancer's health check", false),
    telling("health check", Cause::HealthCheck, Severity::Warn, "failed its health check", false),
    telling("spot task was interrupted", Cause::Spot, Severity::Info, "spot interruption", false),
    telling("host ec2", Cause::InstanceGone, Severity::Info, "its instance was terminated", false),
    telling("maintenance", Cause::Infrastructure, Severity::Info, "moved for maintenance by AWS", false),
];

fn by_reason(task: &Task) -> Option<Stop> {
    // What a user typed as the reason explains nothing.
    let own = task.stopped_reason.as_ref().filter(|_| task.stop_code.as_deref() != Some("UserInitiated"));
    let reasons = task.containers.iter().filter_map(|c| c.reason.as_ref()).chain(own);
    let lower: Vec<(&str, String)> = reasons.map(|r| (r.as_str(), r.to_ascii_lowercase())).collect();
    TELLING.iter().find_map(|t| {
        let (reason, _) = lower.iter().find(|(_, lower)| lower.contains(t.piece))?;
        let detail = reason.split_once(": ").map_or("", |(_, detail)| detail);
        let words = if t.quoted && !detail.is_empty() {
            format!("{}: {}", t.words, words::quote(detail))
        } else {
            t.words.to_owned()
        };
        Some(Stop::new(t.cause, t.severity, words))
    })
}

fn by_code(task: &Task) -> Option<Stop> {
    let killed = task.containers.iter().any(|c| c.exit_code == Some(137));
    let asked = |by: &str| {
        let how = if killed { ", killed after its stop timeout (137)" } else { "" };
        format!("stopped by {by}{how}")
    };
    let stop = match task.stop_code.as_deref()? {
        "TaskFailedToStart" => {
            let why = task.stopped_reason.as_deref().map(|r| format!(": {}", words::quote(r))).unwrap_or_default();
            Stop::new(Cause::Start, Severity::Crit, format!("failed to start{why}"))
        }
        "ServiceSchedulerInitiated" => Stop::new(Cause::Service, Severity::Info, asked("its service")),
        "UserInitiated" => Stop::new(Cause::User, Severity::Info, asked("a user")),
        "SpotInterruption" => Stop::new(Cause::Spot, Severity::Info, "spot interruption"),
        "TerminationNotice" => Stop::new(Cause::InstanceGone, Severity::Info, "its instance was terminated"),
        "InfrastructureHealth" => {
            Stop::new(Cause::Infrastructure, Severity::Warn, "what it ran on was found unhealthy")
        }
        _ => return None,
    };
    Some(stop)
}

fn by_exit(task: &Task) -> Stop {
    let ended = |c: &&Container| c.exit_code.is_some();
    let bad = |c: &&Container| c.exit_code.is_some_and(|code| code != 0 && code != 143);
    let Some(container) = task.containers.iter().find(bad).or_else(|| task.containers.iter().find(ended)) else {
        return match &task.stopped_reason {
            Some(reason) if !reason.is_empty() => {
                Stop::new(Cause::NotTold, Severity::Unknown, format!("stopped: {}", words::quote(reason)))
            }
            _ => Stop::new(Cause::NotTold, Severity::Unknown, "stopped, no reason given"),
        };
    };
    let mut stop = match container.exit_code.unwrap_or_default() {
        0 if task.service().is_none() => Stop::new(Cause::Finished, Severity::Info, "finished (exit code 0)"),
        0 => Stop::new(Cause::Exit(0), Severity::Warn, "ended by itself (exit code 0)"),
        137 => Stop::new(Cause::Killed, Severity::Warn, "SIGKILL (out of memory or stop timeout)"),
        139 => Stop::new(Cause::SegmentationFault, Severity::Warn, "segmentation fault (139)"),
        143 => Stop::new(Cause::Terminated, Severity::Info, "SIGTERM (143)"),
        code => Stop::new(Cause::Exit(code), Severity::Warn, format!("exit code {code}")),
    };
    if task.containers.len() > 1 && !container.name.is_empty() {
        stop.words = format!("{}: {}", container.name, stop.words);
    }
    stop
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn task(code: &str, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> Task {
        let text = |s: &str| (!s.is_empty()).then(|| Text::from(s));
        Task {
            group: Some(Text::from("service:web")),
            stop_code: text(code),
            stopped_reason: text(reason),
            containers: containers
                .iter()
                .map(|(name, exit_code, reason)| Container {
                    name: Text::from(*name),
                    exit_code: *exit_code,
                    reason: text(reason),
                    ..Container::default()
                })
                .collect(),
            ..Task::default()
        }
    }

    #[test]
    fn stops_are_said_in_words() {
        use Severity::{Crit, Info, Unknown, Warn};
        const EXITED: &str = "EssentialContainerExited";
        const SCHEDULER: &str = "ServiceSchedulerInitiated";
        let oom = "OutOfMemoryError: Container killed due to memory usage";
        let pull = "CannotPullContainerError: pull access denied for ehr/api";
        let setup = "ResourceInitializationError: unable to pull secrets: access denied.";
        let elb = "Task failed ELB health checks in (target-group arn:aws:x)";
        for (task, severity, words) in [
            (task(EXITED, "Essential container in task exited", &[("app", Some(137), oom)]), Warn, "out of memory"),
            (task(EXITED, "", &[("app", Some(137), "")]), Warn, "SIGKILL (out of memory or stop timeout)"),
            (task(EXITED, "", &[("app", Some(139), "")]), Warn, "segmentation fault (139)"),
            (task(EXITED, "", &[("app", Some(143), "")]), Info, "SIGTERM (143)"),
            (task(EXITED, "", &[("app", Some(0), "")]), Warn, "ended by itself (exit code 0)"),
            (task(EXITED, "", &[("log", Some(0), ""), ("app", Some(1), "")]), Warn, "app: exit code 1"),
            (
                task("TaskFailedToStart", "Task failed to start", &[("app", None, pull)]),
                Crit,
                "could not pull the image: pull access denied for ehr/api",
            ),
            (task("TaskFailedToStart", setup, &[]), Crit, "could not be set up: unable to pull secrets: access denied"),
            (task("TaskFailedToStart", "No idea.", &[]), Crit, "failed to start: No idea"),
            (task(SCHEDULER, "Scaling activity initiated by (deployment d)", &[]), Info, "stopped by its service"),
            (
                task(SCHEDULER, "", &[("app", Some(137), "")]),
                Info,
                "stopped by its service, killed after its stop timeout (137)",
            ),
            (task(SCHEDULER, elb, &[]), Warn, "failed its load balancer's health check"),
            (task(SCHEDULER, "Task failed container health checks", &[]), Warn, "failed its health check"),
            (task("UserInitiated", "failing health check", &[]), Info, "stopped by a user"),
            (task("SpotInterruption", "", &[]), Info, "spot interruption"),
            (task("TerminationNotice", "", &[]), Info, "its instance was terminated"),
            (task("InfrastructureHealth", "", &[]), Warn, "what it ran on was found unhealthy"),
            (task("", "Host EC2 (instance i-0) terminated.", &[]), Info, "its instance was terminated"),
            (task("", "something new", &[]), Unknown, "stopped: something new"),
            (task("", "", &[]), Unknown, "stopped, no reason given"),
        ] {
            assert_eq!(stop_words(&task), (severity, words.to_owned()), "{task:?}");
        }
    }

    #[test]
    fn a_one_off_task_that_ends_well_has_finished() {
        let once = Task { group: Some(Text::from("family:migrate")), ..task("", "", &[("m", Some(0), "")]) };
        assert_eq!(stop_words(&once), (Severity::Info, "finished (exit code 0)".to_owned()));
    }
}
