//! What Auto Scaling groups did: activities that fail, and instance refreshes.

use std::time::Duration;

use super::past::Past;
use super::{About, Level, Rule, Sink, Threshold, subject, words};
use crate::model::scaling::{Group, GroupActivity, GroupFacts, GroupHistory, Refresh};
use crate::model::{Facts, Severity};

pub(super) const FAILING: Rule = Rule {
    id: "scaling-activities-failing",
    domain: "scaling",
    doc: "Several activities of a group failed within a quarter of an hour: it tries again and again and brings no instance.",
    source: "Auto Scaling API: Activity.StatusCode; three in 15 min (practice)",
    thresholds: &[Threshold::count("failures", 3), Threshold::minutes("within", 15)],
    read_at: Facts::older::<GroupHistory, GroupFacts>,
    check: failing,
};

pub(super) const REFRESH: Rule = Rule {
    id: "scaling-refresh",
    domain: "scaling",
    doc: "An instance refresh of a group failed, was rolled back within a day, or goes on.",
    source: "Auto Scaling API: InstanceRefresh.Status; a day (practice)",
    thresholds: &[Threshold::minutes("told-for", 24 * 60)],
    read_at: Facts::older::<GroupHistory, GroupFacts>,
    check: refresh,
};

fn groups(facts: &Facts) -> &[Group] {
    facts.get::<GroupFacts>().map_or(&[], |known| &known.groups)
}

/// The activities of a group within the span of the rule: those that failed, the newest first, and how many do not tell.
fn lately<'a>(
    past: &'a Past,
    facts: &'a Facts,
    group: &Group,
    sink: &Sink<'_>,
    span: Duration,
) -> (Vec<&'a GroupActivity>, usize) {
    let is_recent = |a: &&GroupActivity| a.started_at.is_none_or(|at| sink.now().since(at) <= span);
    let (mut failed, mut untold) = (Vec::new(), 0);
    for activity in past.of_group(facts, &group.name).filter(is_recent) {
        match (activity.status.as_deref(), activity.started_at) {
            (Some("Failed"), Some(_)) => failed.push(activity),
            (Some("Failed") | None, _) => untold += 1,
            _ => {}
        }
    }
    (failed, untold)
}

fn limits(sink: &Sink<'_>) -> (usize, Duration) {
    let Level::Count(failures) = sink.level(&FAILING, "failures") else { return (usize::MAX, Duration::ZERO) };
    let Level::Span(within) = sink.level(&FAILING, "within") else { return (usize::MAX, Duration::ZERO) };
    (failures as usize, within)
}

/// Whether repeated failures are said of the group.
pub(super) fn is_failing(facts: &Facts, group: &Group, sink: &Sink<'_>) -> bool {
    let (failures, within) = limits(sink);
    lately(&facts.derived::<Past>(), facts, group, sink, within).0.len() >= failures
}

fn failing(facts: &Facts, sink: &mut Sink<'_>) {
    let (past, (failures, within)) = (facts.derived::<Past>(), limits(sink));
    let Some(history) = facts.get::<GroupHistory>() else { return };
    for group in groups(facts) {
        // Of a group whose activities were never read its feed tells why.
        let Some((_, read_at)) = history.read_at.iter().find(|(name, _)| *name == group.name) else { continue };
        let at = (*read_at).min(sink.now());
        let mut sink = sink.at(at);
        let (failed, untold) = lately(&past, facts, group, &sink, within);
        let told = failed.first().and_then(|last| last.message.as_deref());
        let why = told.map(|message| format!(": {}", words::quote(message))).unwrap_or_default();
        if failed.len() >= failures {
            let n = words::count(failed.len(), "time");
            let about = About::new(format!("{}: failed {n} within {}{why}", group.name, words::span(within)))
                .since(failed.last().and_then(|first| first.started_at))
                .with("StatusMessage", words::given(told))
                .next(mend(told));
            sink.found(Severity::Crit, subject::group(group), about);
        } else if failed.len() + untold >= failures {
            let message = format!("{}: what came of {untold} of its activities is not known", group.name);
            sink.found(Severity::Unknown, subject::group(group), About::new(message));
        } else {
            sink.ok(|| subject::group(group));
        }
    }
}

/// What helps where launches fail, by what EC2 said.
pub(super) fn mend(told: Option<&str>) -> &'static str {
    const LACKS: [&str; 3] = ["insufficientinstancecapacity", "spot capacity", "insufficient capacity"];
    let told = told.unwrap_or_default().to_ascii_lowercase();
    if LACKS.iter().any(|words| told.contains(words)) {
        "EC2 has none of what it launches: allow it more instance types and zones, or a share of on-demand instances"
    } else {
        "see what EC2 says of it: the launch template, the limits of the account, whether other zones or types have capacity"
    }
}

/// What brings more room where a group is at its maximum. Raising that helps only a group that has what it wants.
pub(super) fn more_room(facts: &Facts, group: &Group) -> String {
    if group.is_short() != Some(true) {
        return format!("raise the maximum of {}, or free room on the cluster", group.name);
    }
    let past = facts.derived::<Past>();
    // A few launches, as a group tries in several zones at a time.
    let mut launches = past.of_group(facts, &group.name).filter(|activity| activity.launches() == Some(true)).take(10);
    let failed = launches.find(|activity| activity.status.as_deref() == Some("Failed"));
    let lacks = format!("{} of {} instances are in service", group.in_service(), words::given(group.desired));
    failed.map_or_else(
        || format!("wait for the rest of {}: {lacks}; see view scaling", group.name),
        |failed| {
            format!(
                "raising the maximum of {} brings nothing, {lacks}: {}",
                group.name,
                mend(failed.message.as_deref())
            )
        },
    )
}

fn refresh(facts: &Facts, sink: &mut Sink<'_>) {
    let Some(history) = facts.get::<GroupHistory>() else { return };
    let told_for = sink.span("told-for");
    for group in groups(facts) {
        let Some(last) = history.refreshes.iter().find(|refresh| refresh.group == group.name) else {
            sink.ok(|| subject::group(group));
            continue;
        };
        let is_recent = last.ended_at.is_none_or(|at| sink.now().since(at) <= told_for);
        let percent = last.percent.map(|percent| format!(", {percent}% done")).unwrap_or_default();
        let (severity, says) = match last.status.as_deref() {
            None => (Severity::Unknown, "the status of its instance refresh is not known".to_owned()),
            Some("Failed") if is_recent => (Severity::Warn, "its instance refresh failed".to_owned()),
            Some("RollbackFailed") if is_recent => {
                (Severity::Warn, "the rollback of its instance refresh failed".to_owned())
            }
            Some("RollbackSuccessful") if is_recent => {
                (Severity::Warn, "its instance refresh was rolled back".to_owned())
            }
            Some("RollbackInProgress") => (Severity::Warn, format!("its instance refresh is rolled back{percent}")),
            Some("Pending" | "InProgress" | "Cancelling" | "Baking") => {
                (Severity::Info, format!("its instances are being refreshed{percent}"))
            }
            Some(_) => {
                sink.ok(|| subject::group(group));
                continue;
            }
        };
        sink.found(severity, subject::group(group), of_refresh(format!("{}: {says}", group.name), last));
    }
}

fn of_refresh(message: String, refresh: &Refresh) -> About {
    About::new(message)
        .since(refresh.ended_at.or(refresh.started_at))
        .with("Status", words::given(refresh.status.as_ref()))
        .with("StatusReason", words::given(refresh.reason.as_ref()))
        .with("InstancesToUpdate", words::given(refresh.left))
}

#[cfg(test)]
pub(in crate::health) mod tests;
