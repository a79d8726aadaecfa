//! Everything known of one target.

use super::super::{Detail, Line, StackScene};
use super::{Scalable, find, provider_of};
use crate::health::demand::Demands;
use crate::health::drivers::{Driver, Drivers};
use crate::health::past::Past;
use crate::health::scaling_why::{ScalingWhy, Why, reason};
use crate::model::scaling::{
    Activity, Group, GroupActivity, GroupHistory, Policy, ReservationFacts, ScalingFacts, Suspended, Target,
};
use crate::table::{Cell, Row, Trend, Unit};
use crate::text::Text;

/// Activities shown; the feed keeps more.
const ACTIVITIES: usize = 30;

pub(super) fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    match find(scene, &row.id) {
        Some(Scalable::Service(target)) => of_service(scene, target),
        Some(Scalable::Group(group)) => of_group(scene, group),
        None => Detail::of(row.id.clone()),
    }
}

/// The sentence, before everything else.
fn answered(detail: Detail, why: Option<&Why>) -> Detail {
    let sentence = why.map(|why| Line::Words(Text::from(why.sentence.as_str())));
    detail.heading("why is it not scaling").lines(sentence)
}

fn of_service(scene: &StackScene<'_>, target: &Target) -> Detail {
    let facts = scene.facts;
    let (whys, drivers) = (facts.derived::<ScalingWhy>(), facts.derived::<Drivers>());
    let past = facts.derived::<Past>();
    let flag =
        |flag: fn(&Suspended) -> bool| target.suspended.as_ref().map_or(Cell::Missing, |state| Cell::Flag(flag(state)));
    let policies = facts.get::<ScalingFacts>().map_or(&[][..], |scaling| &scaling.policies);
    let of_target = policies.iter().filter(|policy| policy.resource == target.resource);
    answered(Detail::of(target.resource.clone()), whys.of_target(&target.resource))
        .heading("bounds")
        .field("minimum", Cell::count(target.minimum))
        .field("maximum", Cell::count(target.maximum))
        .field("scaling out suspended", flag(|state| state.scaling_out))
        .field("scaling in suspended", flag(|state| state.scaling_in))
        .field("scheduled scaling suspended", flag(|state| state.scheduled))
        .field("registered", Cell::at(target.created_at))
        .lines(of_target.flat_map(policy))
        .lines(headed("alarms", drivers.of(&target.resource).map(alarm).collect()))
        .lines(headed("activities", past.of_target(facts, &target.resource).take(ACTIVITIES).map(event).collect()))
}

/// Lines under a heading, if there are any.
fn headed(heading: &'static str, lines: Vec<Line>) -> Vec<Line> {
    if lines.is_empty() {
        return lines;
    }
    std::iter::once(Line::Heading(heading)).chain(lines).collect()
}

fn policy(policy: &Policy) -> Vec<Line> {
    let steps = policy.steps.map(|(least, most)| Text::from(format!("{least:+} to {most:+}")));
    let field = |name: &str, cell: Cell| Line::Field(Text::from(name), cell);
    let number = |value: Option<f64>| value.map_or(Cell::Missing, Cell::Number);
    let lines = [
        field("policy", Cell::Text(policy.name.clone())),
        field("type", Cell::text(policy.kind.as_ref())),
        field("metric", Cell::text(policy.metric.as_ref())),
        field("held at", number(policy.target)),
        field("steps", Cell::text(steps.as_ref())),
        field("never scales in", policy.scale_in_disabled.map_or(Cell::Missing, Cell::Flag)),
        field("cooldown", policy.cooldown.map_or(Cell::Missing, |secs| Cell::Seconds(f64::from(secs)))),
    ];
    let told = lines.into_iter().filter(|line| !matches!(line, Line::Field(_, Cell::Missing)));
    headed("policy", told.collect())
}

fn alarm(driver: &Driver) -> Line {
    let known = driver.known.as_ref();
    let state = known.and_then(|alarm| alarm.state.as_ref()).map_or("state not known", Text::as_str);
    let since = known.and_then(|alarm| alarm.since).map(|at| format!(" since {}", at.date_time()));
    let limit = known.and_then(|alarm| alarm.metric()?.threshold).map(|limit| format!(", threshold {limit}"));
    let parts = [since, limit, Some(format!(", drives {}", driver.policy.name))];
    let words = format!("{state}{}", parts.into_iter().flatten().collect::<String>());
    Line::Field(driver.alarm.clone(), Cell::Text(Text::from(words)))
}

fn said(parts: [Option<&Text>; 4]) -> Text {
    let words: Vec<&str> = parts.into_iter().flatten().map(Text::as_str).filter(|words| !words.is_empty()).collect();
    Text::from(words.join(" · "))
}

fn event(activity: &Activity) -> Line {
    let told = activity.not_scaled.first().map(|told| Text::from(format!("not scaled: {}", reason(&told.code))));
    let words = [
        activity.status.as_ref(),
        activity.description.as_ref(),
        told.as_ref().or(activity.message.as_ref()),
        activity.cause.as_ref(),
    ];
    Line::Event(Cell::at(activity.started_at), said(words))
}

fn group_event(activity: &GroupActivity) -> Line {
    let words =
        [activity.status.as_ref(), activity.description.as_ref(), activity.message.as_ref(), activity.cause.as_ref()];
    Line::Event(Cell::at(activity.started_at), said(words))
}

fn of_group(scene: &StackScene<'_>, group: &Group) -> Detail {
    let facts = scene.facts;
    let (whys, past) = (facts.derived::<ScalingWhy>(), facts.derived::<Past>());
    let provider = provider_of(scene, group);
    let number = |n: Option<u32>| Cell::count(n);
    let suspended = group
        .suspended
        .iter()
        .map(|(process, why)| Line::Field(Text::from(format!("suspended: {process}")), Cell::text(why.as_ref())));
    answered(Detail::of(group.name.clone()), whys.of_group(&group.name))
        .heading("bounds")
        .field("desired", number(group.desired))
        .field("minimum", number(group.minimum))
        .field("maximum", number(group.maximum))
        .words("capacity provider", provider.map(|p| &p.name))
        .words("managed scaling", provider.and_then(|p| p.managed_scaling.as_ref()))
        .field("target capacity, percent", number(provider.and_then(|p| p.target_capacity)))
        .words("arn", group.arn.as_ref())
        .lines(suspended)
        .lines(states(group))
        .lines(reservation(scene, group))
        .lines(refreshes(scene, group))
        .lines(headed("activities", past.of_group(facts, &group.name).take(ACTIVITIES).map(group_event).collect()))
}

/// How many instances are in which state of their lifecycle.
fn states(group: &Group) -> Vec<Line> {
    let mut states: Vec<&str> =
        group.instances.iter().map(|i| i.lifecycle.as_deref().unwrap_or("state not told")).collect();
    states.sort_unstable();
    let counted = states.chunk_by(|a, b| a == b).filter_map(|same| Some((*same.first()?, same.len())));
    let lines = counted.map(|(state, n)| Line::Field(Text::from(state), Cell::Count(n as u64)));
    headed("instances", lines.collect())
}

/// The reservation of the last hour. Past its target the group has to grow.
fn reservation(scene: &StackScene<'_>, group: &Group) -> Vec<Line> {
    let demands = scene.facts.derived::<Demands>();
    let (Some(provider), Some(known)) = (provider_of(scene, group), scene.facts.get::<ReservationFacts>()) else {
        return Vec::new();
    };
    let of_provider = known.series.iter().filter(|((_, name), _)| *name == provider.name);
    let lines = of_provider.map(|((cluster, name), (_, series))| {
        let points = series.points.iter().map(|(at, percent)| (*at, percent / 100.0)).collect();
        let limit = provider.target_capacity.map(|target| f64::from(target) / 100.0);
        let trend = Trend { points, unit: Unit::Share, limit, ..Trend::default() };
        Line::Trend(Text::from(format!("{cluster}, {name}")), trend)
    });
    let since = demands.of(&group.name).and_then(|demand| demand.above_since);
    let above = since.map(|at| Line::Field(Text::from("above its target since"), Cell::At(at)));
    headed("reservation, last hour", lines.chain(above).collect())
}

fn refreshes(scene: &StackScene<'_>, group: &Group) -> Vec<Line> {
    let all = scene.facts.get::<GroupHistory>().map_or(&[][..], |history| &history.refreshes);
    let lines = all.iter().filter(|refresh| refresh.group == group.name).map(|refresh| {
        let percent = refresh.percent.map(|percent| Text::from(format!("{percent}% done")));
        Line::Event(
            Cell::at(refresh.started_at),
            said([refresh.status.as_ref(), percent.as_ref(), refresh.reason.as_ref(), None]),
        )
    });
    headed("instance refreshes", lines.collect())
}
