//! Auto Scaling groups that have fewer instances in service than they should.

use super::group::{groups, sized};
use super::{Rule, Sink, Threshold, subject};
use crate::model::scaling::{Group, GroupFacts, GroupHistory};
use crate::model::{Facts, Severity};
use crate::text::Text;
use crate::time::human;

pub(super) const SHORT: Rule = Rule {
    id: "scaling-group-short",
    domain: "scaling",
    doc: "A group has fewer instances in service than it wants, or fewer than its minimum, for longer than one needs to boot. While \
          an instance refresh goes on, what it may take out of service at a time is only worth knowing.",
    source: "Auto Scaling API: LifecycleState, MinHealthyPercentage of a refresh; an instance is in service within five minutes (practice)",
    thresholds: &[
        Threshold::minutes("minimum-warn", 2),
        Threshold::minutes("minimum-crit", 5),
        Threshold::minutes("warn", 5),
        Threshold::minutes("crit", 15),
    ],
    read_at: Facts::taken_at::<GroupFacts>,
    check: short,
};

/// How many instances of a group are in service, and how many do not tell.
struct Count {
    now: u32,
    untold: u32,
}

impl Count {
    fn of(group: &Group) -> Self {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            now: count(group.in_service()),
            untold: count(group.instances.iter().filter(|i| i.lifecycle.is_none()).count()),
        }
    }

    const fn at_most(&self) -> u32 {
        self.now.saturating_add(self.untold)
    }
}

fn short(facts: &Facts, sink: &mut Sink<'_>) {
    for group in groups(facts) {
        let (count, Some(desired)) = (Count::of(group), group.desired) else { continue };
        let is_below = group.minimum.is_some_and(|least| count.at_most() < least);
        if is_below || count.at_most() < desired {
            missing(facts, group, (&count, desired), sink);
        } else if count.now >= desired && group.minimum.is_some_and(|least| count.now >= least) {
            sink.ok(|| subject::group(group));
        } else if count.untold > 0 {
            let of = super::words::count(count.untold, "instance");
            let about = sized(format!("{}: the state of {of} is not known", group.name), group);
            sink.found(Severity::Unknown, subject::group(group), about);
        }
    }
}

/// Whether an instance refresh goes on that may have taken so many out of service.
fn is_refreshed(facts: &Facts, group: &Group, (gone, desired): (u32, u32)) -> bool {
    let refreshes = facts.get::<GroupHistory>().map_or(&[][..], |history| &history.refreshes);
    let last = refreshes.iter().find(|refresh| refresh.group == group.name);
    last.is_some_and(|last| last.is_under_way() == Some(true) && gone <= last.may_take(desired))
}

/// Some are missing for sure.
fn missing(facts: &Facts, group: &Group, (count, desired): (&Count, u32), sink: &mut Sink<'_>) {
    let says = |rest: &str| {
        sized(format!("{}: {} of {desired} instances in service{rest}", group.name, count.now), group)
            .next("see why instances do not start or stay: view instances")
    };
    if is_refreshed(facts, group, (desired.saturating_sub(count.now), desired)) {
        return sink.found(Severity::Info, subject::group(group), says(", its instances are being refreshed"));
    }
    // Each limit has a time of its own: what is short for long may fall below its minimum only now.
    let mut since = |of: &str| sink.observe(&Text::from(format!("{} {of}", group.name)));
    let short = (count.at_most() < desired).then(|| since("short"));
    let below = group.minimum.filter(|least| count.at_most() < *least).map(|_| since("below"));
    let untold = if group.minimum.is_none() { short } else { None };
    let limits = [
        (Severity::Crit, below, "minimum-crit", ", below its minimum"),
        (Severity::Crit, short, "crit", ""),
        (Severity::Warn, below, "minimum-warn", ", below its minimum"),
        (Severity::Warn, short, "warn", ""),
        (Severity::Unknown, untold, "minimum-warn", ", its minimum is not known"),
    ];
    for (severity, since, limit, rest) in limits {
        let (Some(since), limit) = (since, sink.span(limit)) else { continue };
        let held = sink.now().since(since);
        if held >= limit {
            let duration = format!("observed for at least {} (limit {})", human(held), human(limit));
            let about = sink.dated(says(rest).with("duration", duration), since);
            return sink.found(severity, subject::group(group), about);
        }
    }
    sink.ok(|| subject::group(group));
}

#[cfg(test)]
pub(in crate::health) mod tests {
    use super::super::fixture::*;
    use super::*;
    use crate::model::scaling::Refresh;

    /// The tests with tables of rules.
    pub(in crate::health) const TABLES: &[fn()] =
        &[instances_not_in_service_are_said_with_time_and_sooner_below_the_minimum];

    fn grouped(group: Group) -> World {
        with(service(2, 2)).scaled(group)
    }

    #[test]
    fn instances_not_in_service_are_said_with_time_and_sooner_below_the_minimum() {
        let pending = |n: usize, minimum: Option<u32>| {
            let mut group = Group { minimum, ..group(0, 6, 12) };
            group.instances.iter_mut().take(n).for_each(|i| i.lifecycle = text("Pending"));
            grouped(group)
        };
        let refreshing = |n: usize, status: &str| {
            let mut world = pending(n, Some(6));
            let refresh = Refresh { group: Text::from("asg-ehr"), status: text(status), ..Refresh::default() };
            world.history.get_or_insert_default().refreshes = vec![refresh];
            world
        };
        let mut untold = grouped(group(5, 6, 12));
        untold.groups.as_mut().unwrap().groups[0].instances[0].lifecycle = None;
        let sizeless = Group { desired: None, ..group(5, 6, 12) };
        let (five, four) = ("asg-ehr: 5 of 6 instances in service", "asg-ehr: 4 of 6 instances in service");
        table(
            SHORT.id,
            &[
                (pending(0, Some(5)), &["ok"]),
                (pending(1, Some(5)).lasting(4), &["ok"]),
                (pending(1, Some(5)).lasting(5), &[&format!("warn {five}")]),
                (pending(1, Some(5)).lasting(15), &[&format!("crit {five}")]),
                (pending(2, Some(5)), &["ok"]),
                (pending(2, Some(5)).lasting(1), &["ok"]),
                (pending(2, Some(5)).lasting(2), &[&format!("warn {four}, below its minimum")]),
                (pending(2, Some(5)).lasting(5), &[&format!("crit {four}, below its minimum")]),
                (pending(2, None).lasting(1), &["ok"]),
                (pending(2, None).lasting(2), &[&format!("unknown {four}, its minimum is not known")]),
                (pending(2, None).lasting(5), &[&format!("warn {four}")]),
                (
                    refreshing(1, "InProgress").lasting(60),
                    &[&format!("info {five}, its instances are being refreshed")],
                ),
                (refreshing(2, "InProgress").lasting(60), &[&format!("crit {four}, below its minimum")]),
                (refreshing(1, "Successful").lasting(60), &[&format!("crit {five}, below its minimum")]),
                (untold, &["unknown asg-ehr: the state of 1 instance is not known"]),
                (grouped(sizeless), &[]),
            ],
        );
    }

    #[test]
    fn what_is_short_for_long_falls_below_its_minimum_only_now() {
        let gone = |n: usize| {
            let mut group = group(5, 6, 12);
            group.instances.truncate(6 - n);
            grouped(group)
        };
        let began = now() - std::time::Duration::from_mins(10);
        let thresholds = crate::health::Thresholds::default();
        let before =
            crate::health::evaluate(&gone(1).facts(began), &thresholds, &crate::health::Observed::default(), true)
                .observed;
        let later = crate::health::evaluate(&gone(2).facts(now()), &thresholds, &before, true).checks;
        let check = later.iter().find(|check| check.rule == SHORT.id).unwrap();
        assert_eq!((check.severity, check.since), (Severity::Warn, ago(10)), "{check:?}");
        assert!(!check.message.contains("below"), "{check:?}");
    }
}
