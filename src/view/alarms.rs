//! The alarms view: metric and composite alarms, since when they are as they are, and what they drive.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use super::scene::{aws_call, standing};
use super::{Detail, Line, Scene, StackScene, View};
use crate::health::drivers::Drivers;
use crate::model::alarm::{Alarm, AlarmFacts, Transition, Watches};
use crate::table::{Cell, Column, Row};
use crate::text::Text;
use crate::time::Timestamp;

/// `alarms`.
pub const VIEW: View = View {
    id: "alarms",
    title: "alarms",
    short: "alarm",
    doc: "CloudWatch alarms, metric and composite ones: state, since when, whether they are muted, how often they change, what they drive",
    kind: "alarm",
    feeds: &["alarms", "scaling"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail,
    // There is nothing below an alarm but its detail.
    open: |_| None,
    aws,
};

const COLUMNS: &[Column] = &[
    Column::words("alarm", "alarm", 1, 48, "The alarm's name"),
    Column::words("kind", "kind", 6, 9, "metric or composite"),
    Column::words("state", "state", 1, 17, "OK, ALARM or INSUFFICIENT_DATA"),
    Column::number("since", "since", 1, "For how long it is in that state"),
    Column::words("actions_enabled", "acts", 3, 4, "Whether its actions are switched on"),
    Column::words("pages", "pages", 4, 5, "Whether it tells a topic of SNS"),
    Column::number("changes", "changes", 4, "Changes of its state in the hour before the history was read"),
    Column::words("drives", "drives", 2, 40, "The services whose scaling it asks for"),
    Column::words("reason", "reason", 5, 80, "Why it is in that state"),
    Column::words("metric", "metric", 3, 40, "What it watches; of a composite alarm its rule"),
];

/// For how long changes count as frequent.
const HOUR: Duration = Duration::from_hours(1);

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let Some(known) = scene.facts.get::<AlarmFacts>() else { return Vec::new() };
    let drivers = scene.facts.derived::<Drivers>();
    let mut changes: HashMap<&Text, u64> = HashMap::new();
    for change in known.transitions_at.into_iter().flat_map(|read_at| lately(known, read_at)) {
        *changes.entry(&change.alarm).or_default() += 1;
    }
    let frequency = |alarm: &Alarm| {
        let n = changes.get(&alarm.name).copied().unwrap_or_default();
        known.transitions_at.map_or(Cell::Missing, |_| Cell::Count(n))
    };
    known.alarms.iter().map(|alarm| row(scene, known, alarm, &drivers, frequency(alarm))).collect()
}

fn lately(known: &AlarmFacts, read_at: Timestamp) -> impl Iterator<Item = &Transition> {
    known.transitions.iter().filter(move |change| change.at.is_some_and(|at| read_at.since(at) <= HOUR))
}

fn row(scene: &StackScene<'_>, known: &AlarmFacts, alarm: &Alarm, drivers: &Drivers, changes: Cell) -> Row {
    let kind = if alarm.metric().is_some() { "metric" } else { "composite" };
    let severity = standing(alarm.state.as_ref(), "OK");
    let state = alarm.state.clone().map_or(Cell::Missing, |state| Cell::State(severity, state));
    let driven: Vec<String> = drivers.by(&alarm.name).map(|driver| label(&driver.policy.resource)).collect();
    let driven = Text::from(driven.join(" "));
    let cells = vec![
        Cell::Text(alarm.name.clone()),
        Cell::Text(Text::from(kind)),
        state,
        alarm.since.map_or(Cell::Missing, Cell::Since),
        alarm.actions_enabled.map_or(Cell::Missing, Cell::Flag),
        Cell::Flag(alarm.pages()),
        changes,
        Cell::text(Some(&driven)),
        Cell::text(alarm.reason.as_ref()),
        Cell::text(watched(alarm).as_ref()),
    ];
    Row {
        stack: scene.stack.name.clone(),
        id: alarm.arn.clone(),
        severity,
        read_at: known.alarms_at.unwrap_or_default(),
        cells,
        ..Row::default()
    }
    .judged(scene.problems_of("alarm", &alarm.arn))
}

/// A resource of Application Auto Scaling as tables name it.
fn label(resource: &Text) -> String {
    resource.strip_prefix("service/").unwrap_or(resource).to_owned()
}

/// The metric, or the rule of a composite alarm.
fn watched(alarm: &Alarm) -> Option<Text> {
    match &alarm.watches {
        Watches::Metric(metric) => metric.metric.clone(),
        Watches::Alarms(rule) => Some(rule.clone()),
    }
}

fn find<'a>(scene: &StackScene<'a>, arn: &str) -> Option<(&'a AlarmFacts, &'a Alarm)> {
    let known = scene.facts.get::<AlarmFacts>()?;
    known.alarms.iter().find(|alarm| alarm.arn == *arn).map(|alarm| (known, alarm))
}

fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let Some((known, alarm)) = find(scene, &row.id) else { return Detail::of(row.id.clone()) };
    let drivers = scene.facts.derived::<Drivers>();
    let driven = drivers.by(&alarm.name).map(|driver| {
        let words = format!("{} of {}", driver.policy.name, label(&driver.policy.resource));
        Line::Field(Text::from("drives"), Cell::Text(Text::from(words)))
    });
    let actions = alarm.actions.iter().map(|arn| Line::Field(Text::from("action"), Cell::Text(arn.clone())));
    let changes = known.transitions.iter().filter(|change| change.alarm == alarm.name).map(event);
    let ignored = known
        .policy
        .ignores(&alarm.name)
        .then(|| Line::Words(Text::from("Nothing is said of it: [stack.alarms] ignores it.")));
    let detail = Detail::of(alarm.name.clone())
        .lines(ignored)
        .words("arn", Some(&alarm.arn))
        .words("state", alarm.state.as_ref())
        .field("since", Cell::at(alarm.since))
        .words("reason", alarm.reason.as_ref())
        .field("actions switched on", alarm.actions_enabled.map_or(Cell::Missing, Cell::Flag))
        .lines(actions)
        .lines(driven);
    let detail = match &alarm.watches {
        Watches::Metric(_) => metric(detail, alarm),
        Watches::Alarms(rule) => detail.words("rule", Some(rule)).words("suppressed by", alarm.suppressed_by.as_ref()),
    };
    let changes: Vec<Line> = changes.collect();
    let heading = if changes.is_empty() { None } else { Some(Line::Heading("history")) };
    detail.lines(heading).lines(changes)
}

fn metric(detail: Detail, alarm: &Alarm) -> Detail {
    let Some(metric) = alarm.metric() else { return detail };
    let seconds = |span: Option<Duration>| span.map_or(Cell::Missing, |span| Cell::Seconds(span.as_secs_f64()));
    let dimensions = metric.dimensions.iter().map(|(name, value)| Line::Field(name.clone(), Cell::Text(value.clone())));
    detail
        .words("metric", metric.metric.as_ref())
        .words("namespace", metric.namespace.as_ref())
        .lines(dimensions)
        .words("statistic", metric.statistic.as_ref())
        .words("comparison", metric.comparison.as_ref())
        .field("threshold", metric.threshold.map_or(Cell::Missing, Cell::Number))
        .field("period", seconds(metric.period))
        .field("periods", Cell::count(metric.evaluation_periods))
        .field("datapoints to alarm", Cell::count(metric.datapoints_to_alarm))
        .words("missing data counts as", metric.treat_missing.as_ref())
        .words("evaluation", metric.evaluation.as_ref())
}

fn event(change: &Transition) -> Line {
    let word = |state: &Option<Text>| state.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    let reason = change.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Line::Event(Cell::at(change.at), Text::from(format!("{} to {}{reason}", word(&change.from), word(&change.to))))
}

fn aws(scene: &StackScene<'_>, row: &Row) -> Option<String> {
    let (_, alarm) = find(scene, &row.id)?;
    aws_call(scene, &["cloudwatch", "describe-alarm-history", "--alarm-name", &alarm.name])
}
