//! Everything known of a member, and of a set.

use crate::health::mongo::{Seat, Sight};
use crate::model::Fault;
use crate::model::mongo::{Election, Member, Peer, ReplicaSet, Sample, ServerStatus, Tickets};
use crate::table::{Cell, Row, Trend, Unit};
use crate::text::Text;
use crate::time::{Timestamp, human};
use crate::view::{Detail, Line, StackScene};

pub(super) fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let sets = super::sets(scene);
    if let Some(set) = sets.iter().find(|set| set.name == row.id) {
        return of_set(&Sight::of(set));
    }
    for set in sets {
        let sight = Sight::of(set);
        let is_it = |seat: &&Seat<'_>| super::member_id(&set.name, &seat.member.host) == row.id;
        if let Some(seat) = sight.seats.iter().find(is_it) {
            return of_member(scene, &sight, seat);
        }
    }
    Detail::of(row.id.clone())
}

fn words(words: impl Into<Text>) -> Cell {
    Cell::text(Some(&words.into()))
}

/// Leaves out the fields that hold nothing and of which that is no news.
fn if_any<const N: usize>(fields: [(&'static str, Cell); N]) -> impl Iterator<Item = Line> {
    let fields = fields.into_iter().filter(|(_, cell)| *cell != Cell::Missing);
    fields.map(|(name, cell)| Line::Field(Text::from(name), cell))
}

/// Why something is not told, and what can be done about it.
fn reason(name: &'static str, fault: &Fault) -> impl Iterator<Item = Line> {
    if_any([(name, words(fault.to_string())), ("what to do", fault.hint().map_or(Cell::Missing, words))])
}

fn of_set(sight: &Sight<'_>) -> Detail {
    let set = sight.set;
    let config = set.config.as_ref();
    let majority =
        super::majority(sight).map_or(Cell::Missing, |(severity, words)| Cell::State(severity, words.into()));
    let survival = sight.survival().map_or(Cell::Missing, |(severity, words)| Cell::State(severity, words.into()));
    let millis = |ms: Option<u64>| ms.map_or(Cell::Missing, |ms| words(format!("{ms} ms")));
    let primary = set.primary();
    let elected = primary.and_then(|p| p.status.as_ref()?.members.iter().find(|peer| peer.is_self)?.elected_at);
    Detail::of(set.name.clone())
        .lines(set.unasked.iter().flat_map(|fault| reason("why it cannot be asked", fault)))
        .words("primary", primary.map(|primary| &primary.host))
        .field("primary since", elected.map_or(Cell::Missing, Cell::Since))
        .field("term", set.term().map_or(Cell::Missing, |term| words(term.to_string())))
        .field("majority", majority)
        .field("zones", survival)
        .lines(if_any([("takeover", sight.takeover().map_or(Cell::Missing, words))]))
        .field("oplog window", sight.window().map_or(Cell::Missing, |window| words(human(window))))
        .heading("configuration")
        .lines(set.config_fault.iter().flat_map(|fault| reason("why it is not told", fault)))
        .field("version", config.and_then(|c| c.version).map_or(Cell::Missing, |v| words(v.to_string())))
        .field("election timeout", millis(config.and_then(|c| c.election_timeout_ms)))
        .field("heartbeat interval", millis(config.and_then(|c| c.heartbeat_interval_ms)))
        .field("chaining allowed", config.and_then(|c| c.chaining_allowed).map_or(Cell::Missing, Cell::Flag))
        .lines(elections(set))
}

/// The elections this console saw.
fn elections(set: &ReplicaSet) -> Vec<Line> {
    if set.elections.is_empty() {
        return vec![Line::Heading("elections"), Line::Words(Text::from("none since this console was started"))];
    }
    let say = |election: &Election| {
        let winner = election.winner.as_deref().unwrap_or("nobody yet");
        let reason = election.reason.as_deref().map_or_else(String::new, |reason| format!(", {reason}"));
        let words = format!("term {}: {winner}{reason}", election.term);
        Line::Event(Cell::At(election.at), Text::from(words))
    };
    std::iter::once(Line::Heading("elections")).chain(set.elections.iter().map(say)).collect()
}

fn of_member(scene: &StackScene<'_>, sight: &Sight<'_>, seat: &Seat<'_>) -> Detail {
    let member = seat.member;
    let hello = member.hello.as_ref();
    let own = member.status.as_ref().and_then(|status| status.members.iter().find(|peer| peer.is_self));
    let traits = seat.traits();
    // That it is not known is news of a secondary only: the primary and arbiters are behind of nobody.
    let lag = sight.set.lag(member).map_or(Cell::Missing, Cell::Seconds);
    let lag = (!member.is_primary() && !seat.is_arbiter()).then(|| Line::Field(Text::from("lag"), lag));
    let source = Cell::text(own.and_then(|own| own.sync_source.as_ref()));
    let source =
        (seat.is_secondary() || source != Cell::Missing).then(|| Line::Field(Text::from("copies from"), source));
    Detail::of(super::member_id(&sight.set.name, &member.host))
        .field("state", super::state(seat))
        .field("answers", member.answered_at.map_or(Cell::Missing, Cell::At))
        .lines(member.fault.iter().flat_map(|fault| reason("why it does not answer", fault)))
        .field("last heard by anybody", Cell::at(sight.last_heard(member)))
        .words("zone", sight.set.zone(member))
        .lines((!traits.is_empty()).then(|| Line::Field(Text::from("beside a plain member"), words(traits.join(", ")))))
        .lines(lag)
        .field("last write", Cell::at(hello.and_then(|hello| hello.last_write_at)))
        .field("last write by a majority", Cell::at(hello.and_then(|hello| hello.majority_write_at)))
        .words("its primary", hello.and_then(|hello| hello.primary.as_ref()))
        .field("term", member.term().map_or(Cell::Missing, |term| words(term.to_string())))
        .lines(source)
        .lines(member.untold().into_iter().flat_map(|fault| reason("why it tells no more", fault)))
        .heading("what the others say of it")
        .lines(opinions(sight, member))
        .heading("configuration")
        .field("priority", seat.config.and_then(|c| c.priority).map_or(Cell::Missing, Cell::Number))
        .field("votes", Cell::count(seat.config.map(|_| seat.votes)))
        .lines(
            seat.config
                .iter()
                .flat_map(|c| &c.tags)
                .map(|(tag, value)| Line::Field(Text::from(format!("tag {tag}")), Cell::text(Some(value)))),
        )
        .lines(figures(member))
        .heading("recent past")
        .lines([
            Line::Trend(Text::from("lag"), past_lag(scene, member)),
            Line::Trend(Text::from("connections"), trend(member, |s| s.connections.map(f64::from), Unit::Count, None)),
        ])
        .lines(elections(sight.set))
}

/// What each other member says of this one, and where its own word contradicts it.
fn opinions<'a>(sight: &Sight<'a>, member: &'a Member) -> Vec<Line> {
    let say = |(observer, status, peer): (&Member, &crate::model::mongo::Status, &Peer)| {
        let health = match peer.is_healthy {
            Some(true) => "up",
            Some(false) => "down",
            None => "health not told",
        };
        let age = status.date.zip(peer.heartbeat_at).map(|(now, heard)| {
            // Of a member that is marked down this is the last attempt.
            let verb = if peer.is_healthy == Some(false) { "last asked" } else { "heard" };
            format!(", {verb} {} ago", human(now.since(heard)))
        });
        let message = peer.heartbeat_message.as_deref().map(|message| format!(", {message}"));
        let words =
            format!("{}, {health}{}{}", peer.state.word(), age.unwrap_or_default(), message.unwrap_or_default());
        Line::Field(Text::from(sight.short(&observer.host)), Cell::text(Some(&Text::from(words))))
    };
    let mut lines: Vec<Line> = sight.views(&member.host).map(say).collect();
    lines.extend(
        sight
            .contradicted(&member.host)
            .into_iter()
            .map(|words| Line::Words(Text::from(format!("they disagree: {words}")))),
    );
    if lines.is_empty() {
        lines.push(Line::Words(Text::from("nothing is told")));
    }
    lines
}

fn figures(member: &Member) -> Vec<Line> {
    let Some((at, server)) = &member.server else { return Vec::new() };
    let ServerStatus { version, uptime, connections, flow_control, read_tickets, write_tickets, .. } = server;
    let tickets = |tickets: &Option<Tickets>| {
        tickets.map_or(Cell::Missing, |t| words(format!("{} of {} left", t.available, t.total)))
    };
    let started = uptime.map(|uptime| *at - std::time::Duration::from_secs(uptime));
    let window = member.oplog.as_ref().and_then(|(_, oplog)| Some(oplog.last_at?.since(oplog.first_at?)));
    let started = started.filter(|at| *at > Timestamp::default());
    Detail::default()
        .heading("figures")
        .field("read", Cell::At(*at))
        .words("version", version.as_ref())
        .field("started", Cell::at(started))
        .field("connections", Cell::count(connections.current))
        .field("connections left", Cell::count(connections.available))
        .field("flow control holds writers back", flow_control.is_lagged.map_or(Cell::Missing, Cell::Flag))
        .field("read tickets", tickets(read_tickets))
        .field("write tickets", tickets(write_tickets))
        .field("oplog window", window.map_or(Cell::Missing, |window| words(human(window))))
        .lines
}

/// How far behind a member was of late.
pub(super) fn past_lag(scene: &StackScene<'_>, member: &Member) -> Trend {
    trend(member, |sample| sample.lag, Unit::Seconds, scene.warns("mongo-lag"))
}

fn trend(member: &Member, of: fn(&Sample) -> Option<f64>, unit: Unit, limit: Option<f64>) -> Trend {
    let points = member.history.iter().filter_map(|sample| Some((sample.at, of(sample)?))).collect();
    Trend { points, unit, limit, falling: false }
}
