//! The mongo view: the members of every replica set by their own word, and above them what holds for each set as a whole.

mod detail;
#[cfg(test)]
mod tests;

use super::{Drill, Scene, StackScene, View};
use crate::health::mongo::{Majority, Seat, Sight, Standing, member_id};
use crate::model::Severity;
use crate::model::mongo::{MemberState, MongoFacts, ReplicaSet};
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;
use crate::time::human;

/// `mongo`.
pub const VIEW: View = View {
    id: "mongo",
    title: "mongo",
    short: "mongo",
    doc: "Members of MongoDB replica sets: state, zone, votes, lag by each one's own last write; majority and oplog above",
    kind: "member",
    feeds: &["mongo"],
    columns: COLUMNS,
    exported: true,
    rows,
    detail: detail::detail,
    open,
    aws: |_, _| None,
};

const COLUMNS: &[Column] = &[
    Column::words("set", "set", 3, 16, "The replica set, as configured here"),
    Column::words("member", "member", 1, 40, "host:port, as the set names it; absent: the set itself"),
    Column::words("state", "state", 1, 18, "PRIMARY, SECONDARY …; by the word of others where it does not answer"),
    Column::words("health", "health", 2, 20, "Whether it answers this console, and if not, why"),
    Column::words("az", "zone", 2, 16, "Availability zone, by its tags or as configured here"),
    Column::number("priority", "prio", 5, "Priority in elections"),
    Column::number(
        "votes",
        "votes",
        4,
        "Votes in elections, of the set itself all; absent: the configuration is not told",
    ),
    Column::number("lag", "lag", 1, "Behind the primary, each by its own last write, seconds"),
    Column::words("sync_source", "copies from", 6, 30, "The member it copies from"),
    Column::number("last_write_at", "last write", 7, "Its own last write"),
    Column::number("heartbeat_age", "heartbeat", 4, "Since another member last heard it, by that one's clock, seconds"),
    Column::number("majority_margin", "margin", 8, "Votes the set can lose before writes stop"),
    Column::trend(
        "lag_trend",
        "lag past",
        9,
        "Lag of the last 60 polls; its scale reaches up to where mongo-lag warns, or further",
    ),
    Column::words("primary", "primary", 0, 40, "The primary by its own word; of the set itself"),
    Column::number("term", "term", 0, "The highest term that a member tells; of the set itself"),
];

const SETS: Section = Section { order: 0, title: "replica sets" };
const MEMBERS: Section = Section { order: 1, title: "members" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    scene.stacks.iter().flat_map(of_stack).collect()
}

fn sets<'a>(scene: &StackScene<'a>) -> &'a [ReplicaSet] {
    scene.facts.get::<MongoFacts>().map_or(&[], |mongo| &mongo.sets)
}

fn of_stack(scene: &StackScene<'_>) -> Vec<Row> {
    let sights: Vec<Sight<'_>> = sets(scene).iter().map(Sight::of).collect();
    let above = sights.iter().map(|sight| set_row(scene, sight));
    let members = sights.iter().flat_map(|sight| sight.seats.iter().map(|seat| row(scene, sight, seat)));
    above.chain(members).collect()
}

fn row(scene: &StackScene<'_>, sight: &Sight<'_>, seat: &Seat<'_>) -> Row {
    let member = seat.member;
    let own = member.status.as_ref().and_then(|status| status.members.iter().find(|peer| peer.is_self));
    let id = member_id(&sight.set.name, &member.host);
    let is_primary = member.is_primary();
    let config = seat.config;
    Row {
        stack: scene.stack.name.clone(),
        severity: standing(seat),
        // What does not answer is as old as its last word.
        read_at: member.answered_at.unwrap_or_default(),
        section: MEMBERS,
        cells: vec![
            Cell::Text(sight.set.name.clone()),
            Cell::Text(member.host.clone()),
            state(seat),
            health(seat),
            Cell::text(sight.set.zone(member)),
            config.and_then(|config| config.priority).map_or(Cell::Missing, Cell::Number),
            Cell::count(config.map(|_| seat.votes)),
            sight.set.lag(member).filter(|_| !is_primary).map_or(Cell::Missing, Cell::Seconds),
            Cell::text(own.and_then(|own| own.sync_source.as_ref()).filter(|_| seat.speaks())),
            Cell::at(member.hello.as_ref().and_then(|hello| hello.last_write_at)),
            sight.heartbeat_age(&member.host).map_or(Cell::Missing, |age| Cell::Seconds(age.as_secs_f64())),
            margin(sight),
            past(scene, seat),
            Cell::Missing,
            Cell::Missing,
        ],
        id: id.clone(),
        ..Row::default()
    }
    .judged(scene.problems_of("member", &id))
}

/// How far behind it was of late. Where that is not known of two times at least, there is nothing to see.
fn past(scene: &StackScene<'_>, seat: &Seat<'_>) -> Cell {
    let trend = detail::past_lag(scene, seat.member);
    if trend.points.len() < 2 || seat.member.is_primary() { Cell::Missing } else { Cell::Trend(trend) }
}

/// What a member is where no rule says more: only what answers and does its work is drawn as well.
const fn standing(seat: &Seat<'_>) -> Severity {
    if seat.speaks() && seat.is_well() { Severity::Ok } else { Severity::Unknown }
}

fn state(seat: &Seat<'_>) -> Cell {
    let (severity, words) = match seat.standing {
        Standing::Speaks(state) => {
            (if seat.is_well() { Severity::Ok } else { Severity::Warn }, state.word().to_owned())
        }
        Standing::Heard(state) => (Severity::Unknown, format!("{} (others)", state.word())),
        Standing::Fading => (Severity::Warn, "silent".to_owned()),
        Standing::Down => (Severity::Crit, MemberState::Down.word().to_owned()),
        Standing::Silent => (Severity::Unknown, MemberState::Unknown.word().to_owned()),
    };
    Cell::State(severity, Text::from(words))
}

fn health(seat: &Seat<'_>) -> Cell {
    match &seat.member.fault {
        None => Cell::Text(Text::from("answers")),
        Some(fault) => Cell::State(Severity::Unknown, Text::from(fault.kind.word())),
    }
}

fn margin(sight: &Sight<'_>) -> Cell {
    let told = sight.majority().filter(|majority| sight.is_answering() && majority.is_told());
    let margin = told.map(|majority| majority.margin());
    margin.and_then(|margin| i32::try_from(margin).ok()).map_or(Cell::Missing, |margin| Cell::Number(f64::from(margin)))
}

/// The votes of a set in words: `2 of 3, margin 0`; without a margin where that is not known.
pub(super) fn majority(sight: &Sight<'_>) -> Option<(Severity, String)> {
    let majority = sight.majority().filter(|_| sight.is_answering())?;
    let assumed = if majority.is_assumed { ", votes assumed" } else { "" };
    if !majority.is_told() {
        return Some((Severity::Unknown, format!("{} of {} answer here{assumed}", majority.well, majority.total)));
    }
    let severity = match majority.margin() {
        ..0 => Severity::Crit,
        0 => Severity::Warn,
        _ => Severity::Ok,
    };
    Some((severity, format!("{} of {}, margin {}{assumed}", majority.well, majority.total, majority.margin())))
}

/// The line of a set above its members.
fn set_row(scene: &StackScene<'_>, sight: &Sight<'_>) -> Row {
    let set = sight.set;
    let primary = set.primary().map(|primary| format!("primary {}", sight.short(&primary.host)));
    let lag = sight.named().filter_map(|seat| set.lag(seat.member)).reduce(f64::max);
    let said = |said: Option<(Severity, String)>| {
        said.map_or(Cell::Missing, |(severity, words)| Cell::State(severity, Text::from(words)))
    };
    let mut cells = vec![Cell::Missing; COLUMNS.len()];
    cells[0] = Cell::Text(set.name.clone());
    cells[1] = said(majority(sight).map(|(severity, words)| (severity, format!("majority {words}"))));
    cells[2] = said(Some(primary.map_or((Severity::Unknown, "no primary".to_owned()), |words| (Severity::Ok, words))));
    cells[3] = set.term().map_or(Cell::Missing, |term| Cell::Text(Text::from(format!("term {term}"))));
    cells[4] = zones(sight);
    cells[7] = lag.map_or(Cell::Missing, Cell::Seconds);
    cells[8] =
        sight.window().map_or(Cell::Missing, |window| Cell::Text(Text::from(format!("oplog {}", human(window)))));
    let record = record(sight, lag);
    for place in [11, 13, 14] {
        cells[place] = record[place].clone();
    }
    Row {
        stack: scene.stack.name.clone(),
        id: set.name.clone(),
        severity: if sight.is_answering() { Severity::Ok } else { Severity::Unknown },
        read_at: set.members.iter().filter_map(|member| member.answered_at).max().unwrap_or_default(),
        section: SETS,
        aside: true,
        cells,
        record: Some(record),
        ..Row::default()
    }
    .judged(scene.problems_of("replica-set", &set.name))
}

/// What holds for a set as a whole, for machines.
fn record(sight: &Sight<'_>, lag: Option<f64>) -> Vec<Cell> {
    let votes = sight.majority().filter(|majority| !majority.is_assumed).map(|majority| majority.total);
    let term = sight.set.term().and_then(|term| u64::try_from(term).ok());
    let cell = |column: &Column| match column.id {
        "set" => Cell::Text(sight.set.name.clone()),
        "votes" => Cell::count(votes),
        "lag" => lag.map_or(Cell::Missing, Cell::Seconds),
        "majority_margin" => margin(sight),
        "primary" => Cell::text(sight.set.primary().map(|primary| &primary.host)),
        "term" => term.map_or(Cell::Missing, Cell::Count),
        _ => Cell::Missing,
    };
    COLUMNS.iter().map(cell).collect()
}

/// In how many zones the members are, and whether the loss of one stops writes.
fn zones(sight: &Sight<'_>) -> Cell {
    let mut zones: Vec<&Text> = sight.named().filter_map(|seat| sight.set.zone(seat.member)).collect();
    zones.sort();
    zones.dedup();
    let severity = sight.survival().map_or(Severity::Info, |(severity, _)| severity);
    match zones.len() {
        0 => Cell::Missing,
        1 => Cell::State(severity, Text::from("1 zone")),
        n => Cell::State(severity, Text::from(format!("{n} zones"))),
    }
}

fn open(row: &Row) -> Option<Drill> {
    let set = row.cells.first().map(Cell::searchable).filter(|_| row.section == SETS)?;
    Some(Drill { view: "mongo", filter: format!("set={set}"), select: None })
}

/// The sets of a stack in a few words.
pub(super) fn summary(scene: &StackScene<'_>) -> Option<(Severity, String)> {
    let mongo = scene.facts.get::<MongoFacts>()?;
    if mongo.sets.is_empty() {
        return Some((Severity::Ok, "no replica set configured".to_owned()));
    }
    let said = mongo.sets.iter().map(|set| {
        if set.unasked.is_some() {
            return format!("{}: cannot be asked", set.name);
        }
        let sight = Sight::of(set);
        let (well, all) = (sight.named().filter(|seat| seat.is_well()).count(), sight.named().count());
        let primary =
            set.primary().map_or_else(|| "no primary".to_owned(), |p| format!("primary {}", sight.short(&p.host)));
        let margin = sight.majority().filter(Majority::is_told);
        let margin = margin.map_or_else(String::new, |majority| format!(", margin {}", majority.margin()));
        format!("{}: {well} of {all} members, {primary}{margin}", set.name)
    });
    Some((Severity::Ok, said.collect::<Vec<_>>().join("; ")))
}
