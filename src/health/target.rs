//! Services that Application Auto Scaling scales: what keeps them from it, and what went wrong with it.

use super::drivers::{Direction, Driver, Drivers};
use super::past::Past;
use super::scaling_why::{Scaled, ScalingWhy, Why, deploys, reason};
use super::{About, Rule, Sink, Threshold, subject, words};
use crate::model::ecs::{EcsFacts, Service};
use crate::model::scaling::{Activity, ScalingFacts, Target};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::Timestamp;

pub(super) const NOT_SCALED: Rule = Rule {
    id: "scaling-not-scaled",
    domain: "scaling",
    doc: "Application Auto Scaling was asked to scale and did nothing, for a reason that it gives. Critical at the maximum while \
          the alarm that asks for more is in ALARM.",
    source: "Application Auto Scaling API: NotScaledReasons; for an hour after (practice)",
    thresholds: &[Threshold::minutes("told-for", 60)],
    read_at: activities_at,
    check: not_scaled,
};

pub(super) const AT_MAXIMUM: Rule = Rule {
    id: "scaling-target-at-maximum",
    domain: "scaling",
    doc: "A service wants as many tasks as it may have: the next peak finds nothing left. Critical while its alarm asks for more.",
    source: "Application Auto Scaling API: MaxCapacity against desiredCount",
    thresholds: &[],
    read_at: targets_at,
    check: at_maximum,
};

pub(super) const FAILED: Rule = Rule {
    id: "scaling-activity-failed",
    domain: "scaling",
    doc: "The last scaling activity of a service failed, or what it asked for was never reached. Critical for an hour, within \
          which its alarm would have asked again.",
    source: "Application Auto Scaling API: ScalingActivity.StatusCode; an hour (practice)",
    thresholds: &[Threshold::minutes("crit-for", 60)],
    read_at: activities_at,
    check: failed,
};

pub(super) const SUSPENDED: Rule = Rule {
    id: "scaling-target-suspended",
    domain: "scaling",
    doc: "Somebody suspended the scaling of a service; nothing resumes it but somebody.",
    source: "Application Auto Scaling API: SuspendedState",
    thresholds: &[],
    read_at: targets_at,
    check: suspended,
};

pub(super) const IN_WAITS: Rule = Rule {
    id: "scaling-in-waits",
    domain: "scaling",
    doc: "Fewer tasks are asked for while a deployment is in progress: nothing is scaled in until it ends. That is no error.",
    source: "Application Auto Scaling user guide: scale-in is off while an ECS deployment is in progress",
    thresholds: &[],
    read_at: targets_at,
    check: in_waits,
};

pub(super) const FLAPPING: Rule = Rule {
    id: "scaling-target-flapping",
    domain: "scaling",
    doc: "The desired count of a service goes up and down again and again: its thresholds are too close, or its cooldown too short.",
    source: "four changes of direction in 60 min (practice)",
    thresholds: &[Threshold::count("changes", 4), Threshold::minutes("within", 60)],
    read_at: activities_at,
    check: flapping,
};

/// When the targets were read, or the tasks they are held against, whichever was earlier.
fn targets_at(facts: &Facts) -> Option<Timestamp> {
    let at = facts.get::<ScalingFacts>()?.read_at.targets?;
    Some(facts.taken_at::<EcsFacts>().map_or(at, |ecs| ecs.min(at)))
}

/// When the activities were read; of none of them anything is known before.
fn activities_at(facts: &Facts) -> Option<Timestamp> {
    let read = facts.get::<ScalingFacts>()?.read_at;
    Some(read.activities?.min(read.targets?))
}

fn each(facts: &Facts, sink: &mut Sink<'_>, mut judge: impl FnMut(&Target, &Why, &mut Sink<'_>)) {
    let whys = facts.derived::<ScalingWhy>();
    for target in facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.targets) {
        if let Some(why) = whys.of_target(&target.resource) {
            judge(target, why, sink);
        }
    }
}

fn bounded(message: String, target: &Target, why: &Why) -> About {
    About::new(message)
        .with("MinCapacity", words::given(target.minimum))
        .with("MaxCapacity", words::given(target.maximum))
        .with("why", &why.sentence)
}

/// The alarm that asks this target for a change in this direction, if one does.
fn asking<'a>(drivers: &'a Drivers, target: &Target, direction: Direction) -> Option<&'a Driver> {
    drivers.of(&target.resource).find(|d| d.is_on() == Some(true) && d.direction == Some(direction))
}

fn name(target: &Target) -> &str {
    target.service().map_or(target.resource.as_str(), |(_, service)| service)
}

/// Why the last activity of a target did nothing, if it did nothing a short while ago.
fn last_refusal<'a>(
    past: &'a Past,
    facts: &'a Facts,
    target: &Target,
    sink: &Sink<'_>,
) -> Option<(&'a Activity, &'a Text)> {
    let last = past.of_target(facts, &target.resource).next()?;
    let told = &last.not_scaled.first()?.code;
    let super::Level::Span(told_for) = sink.level(&NOT_SCALED, "told-for") else { return None };
    let is_recent = last.started_at.is_none_or(|at| sink.now().since(at) <= told_for);
    is_recent.then_some((last, told))
}

/// Whether it is said that a target is at its maximum by what Application Auto Scaling tells of it.
fn says_at_maximum(past: &Past, facts: &Facts, target: &Target, sink: &Sink<'_>) -> bool {
    last_refusal(past, facts, target, sink).is_some_and(|(_, code)| *code == *"AlreadyAtMaxCapacity")
}

fn not_scaled(facts: &Facts, sink: &mut Sink<'_>) {
    let (past, drivers) = (facts.derived::<Past>(), facts.derived::<Drivers>());
    each(facts, sink, |target, why, sink| {
        let Some((last, code)) = last_refusal(&past, facts, target, sink) else {
            return sink.ok(|| subject::target(target));
        };
        let alarm = asking(&drivers, target, Direction::Out);
        let (severity, says) = match (code.as_str(), alarm) {
            ("AlreadyAtMaxCapacity", Some(driver)) => {
                (Severity::Crit, format!("{code} while {} is in ALARM", driver.alarm))
            }
            // Whether more is asked for still is not known.
            ("AlreadyAtMaxCapacity", None) if !tells(&drivers, target) => (Severity::Unknown, code.to_string()),
            ("TargetServicePutResourceAsUnscalable", _) => (Severity::Warn, reason(code)),
            _ => (Severity::Info, reason(code)),
        };
        let mut about = bounded(format!("{} not scaled: {says}", name(target)), target, why)
            .since(last.started_at)
            .with("Cause", words::given(last.cause.as_ref()));
        if severity == Severity::Crit {
            about = about.next("raise the maximum, if what it runs on has room: view instances");
        }
        sink.found(severity, subject::target(target), about);
    });
}

/// Whether it is known of every alarm of a target that may ask for more whether it does.
fn tells(drivers: &Drivers, target: &Target) -> bool {
    let may_ask = |driver: &&Driver| driver.direction != Some(Direction::In);
    let mut asking = drivers.of(&target.resource).filter(may_ask).peekable();
    asking.peek().is_some() && asking.all(|driver| driver.direction.is_some() && driver.is_on().is_some())
}

fn at_maximum(facts: &Facts, sink: &mut Sink<'_>) {
    let (past, drivers) = (facts.derived::<Past>(), facts.derived::<Drivers>());
    let scaled = facts.derived::<Scaled>();
    each(facts, sink, |target, why, sink| {
        let Some(service) = scaled.service(facts, target) else { return };
        let Some(most) = target.maximum else {
            let message = format!("{}: its maximum is not known", name(target));
            return sink.found(Severity::Unknown, subject::target(target), bounded(message, target, why));
        };
        if service.desired < most {
            return sink.ok(|| subject::target(target));
        }
        let at = format!("{} wants {} of at most {}", name(target), service.desired, words::count(most, "task"));
        let (severity, message) = match asking(&drivers, target, Direction::Out) {
            // That is said with Application Auto Scaling's own word.
            Some(_) if says_at_maximum(&past, facts, target, sink) => (Severity::Info, at),
            Some(driver) => (Severity::Crit, format!("{at} while {} is in ALARM", driver.alarm)),
            // Whoever sets both bounds to one number wants that number.
            None if target.minimum == Some(most) => (Severity::Info, format!("{at}, which is its minimum, too")),
            None => (Severity::Warn, at),
        };
        let about = bounded(message, target, why).with("desired", service.desired);
        let about = if severity > Severity::Info {
            about.next("raise the maximum, if what it runs on has room")
        } else {
            about
        };
        sink.found(severity, subject::target(target), about);
    });
}

fn failed(facts: &Facts, sink: &mut Sink<'_>) {
    let past = facts.derived::<Past>();
    let crit_for = sink.span("crit-for");
    each(facts, sink, |target, why, sink| {
        let last = past.of_target(facts, &target.resource).find(|activity| !activity.changed_nothing());
        let Some(last) = last else { return sink.ok(|| subject::target(target)) };
        let is_recent = last.started_at.is_none_or(|at| sink.now().since(at) <= crit_for);
        let (severity, says) = match last.status.as_deref() {
            Some("Failed") => (Severity::Crit, "failed"),
            Some("Unfulfilled") => (Severity::Crit, "did not reach what it asked for"),
            Some("Overridden") => (Severity::Info, "was overridden by another"),
            None => (Severity::Unknown, "does not tell what came of it"),
            Some(_) => return sink.ok(|| subject::target(target)),
        };
        let severity = if severity == Severity::Crit && !is_recent { Severity::Info } else { severity };
        let told = last.message.as_deref().map(|words| format!(": {}", words::quote(words))).unwrap_or_default();
        let about = bounded(format!("{}: its last scaling activity {says}{told}", name(target)), target, why)
            .since(last.started_at)
            .with("StatusCode", words::given(last.status.as_ref()))
            .with("StatusMessage", words::given(last.message.as_ref()))
            .with("Description", words::given(last.description.as_ref()));
        sink.found(severity, subject::target(target), about);
    });
}

fn suspended(facts: &Facts, sink: &mut Sink<'_>) {
    each(facts, sink, |target, why, sink| {
        let Some(state) = target.suspended else { return };
        let kinds = [
            (state.scaling_out, "scaling out"),
            (state.scaling_in, "scaling in"),
            (state.scheduled, "scheduled scaling"),
        ];
        let off: Vec<&str> = kinds.into_iter().filter(|(is_off, _)| *is_off).map(|(_, what)| what).collect();
        if off.is_empty() {
            return sink.ok(|| subject::target(target));
        }
        let severity = if state.scaling_out { Severity::Warn } else { Severity::Info };
        let about = bounded(format!("{}: {} suspended", name(target), off.join(" and ")), target, why)
            .next("resume it when the work it was suspended for is done");
        sink.found(severity, subject::target(target), about);
    });
}

fn in_waits(facts: &Facts, sink: &mut Sink<'_>) {
    let (drivers, scaled) = (facts.derived::<Drivers>(), facts.derived::<Scaled>());
    each(facts, sink, |target, why, sink| {
        let Some(service) = scaled.service(facts, target) else { return };
        let is_above = |s: &Service| target.minimum.is_none_or(|least| s.desired > least);
        let waiting = asking(&drivers, target, Direction::In).filter(|_| deploys(service) && is_above(service));
        let Some(driver) = waiting else { return sink.ok(|| subject::target(target)) };
        let message = format!("{}: {} asks for fewer tasks, waits for the deployment", name(target), driver.alarm);
        sink.found(Severity::Info, subject::target(target), bounded(message, target, why));
    });
}

fn flapping(facts: &Facts, sink: &mut Sink<'_>) {
    let past = facts.derived::<Past>();
    let (limit, within) = (sink.count("changes"), sink.span("within"));
    each(facts, sink, |target, why, sink| {
        let is_recent = |a: &&Activity| a.started_at.is_none_or(|at| sink.now().since(at) <= within);
        let changes = past.of_target(facts, &target.resource).filter(|a| !a.changed_nothing()).filter(is_recent);
        let told: Vec<Option<u32>> = changes.map(Activity::desired).collect();
        let counts: Vec<u32> = told.iter().flatten().copied().collect();
        let turns = turns(&counts);
        // One that does not tell its count may have been a turn there and back.
        let untold = u32::try_from(told.len() - counts.len()).unwrap_or(u32::MAX);
        if turns < limit && turns.saturating_add(untold.saturating_mul(2)) >= limit {
            let message = format!("{}: whether it goes up and down is not known", name(target));
            return sink.found(Severity::Unknown, subject::target(target), bounded(message, target, why));
        }
        if turns < limit {
            return sink.ok(|| subject::target(target));
        }
        let n = words::count(turns, "time");
        let message = format!("{}: its desired count turned {n} within {}", name(target), words::span(within));
        let about = bounded(message, target, why)
            .with("desired, the newest first", words::list(&counts))
            .next("set the thresholds of its policies further apart, or its cooldown longer");
        sink.found(Severity::Warn, subject::target(target), about);
    });
}

/// How often a row of numbers changes its direction.
fn turns(counts: &[u32]) -> u32 {
    let steps = counts.windows(2).filter_map(|pair| match pair {
        [a, b] if a != b => Some(a < b),
        _ => None,
    });
    let steps: Vec<bool> = steps.collect();
    let turned = steps.windows(2).filter(|pair| pair.first() != pair.last()).count();
    u32::try_from(turned).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(in crate::health) mod tests;
