//! `step-down`: has the primary of a MongoDB replica set hand its place to a secondary that has everything.

mod checks;
mod watch;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use self::checks::{Scene, Takeover};
use super::member::unread;
use super::plan::{Check, Level, State, Target, Tier};
use super::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::health::mongo::{Sight, member_id};
use crate::model::mongo::{MongoFacts, ReplicaSet};
use crate::model::{Facts, Fault};
use crate::text::Text;
use crate::time::Timestamp;

/// `replSetStepDown`, seconds: MongoDB's default. So long the old primary does not stand for election.
const RESTS: u32 = 60;
/// `secondaryCatchUpPeriodSecs`, seconds: MongoDB's default. So long it waits for a secondary that has everything.
const WAITS: u32 = 10;

/// `step-down`.
pub const SPEC: ActionSpec = ActionSpec {
    id: "step-down",
    title: "step down a MongoDB primary",
    doc: "The primary of a replica set hands its place to a secondary that has everything, never by force. A member of higher \
          priority takes the lead back by itself, which is a second interruption.",
    kind: "member",
    also: &["replica-set"],
    target: "SET/HOST:PORT",
    asks: None,
    opt_in: true,
    reads: &[],
    actions: &[],
    resource: "the role clusterManager on admin",
    aim,
    plan: boxed,
};

/// The primary, by its own row or that of its set.
fn aim(facts: &Facts, id: &str) -> Option<Text> {
    let sets = facts.get::<MongoFacts>()?.sets.iter();
    let primary = |set: &ReplicaSet| {
        let label = member_id(&set.name, &set.primary()?.host);
        (*label == *id || *set.name == *id).then_some(label)
    };
    { sets }.find_map(primary)
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (set, host) = parse(target)?;
    let known: Vec<&str> = bench.stack.mongo.iter().map(|set| set.name.as_str()).collect();
    if !known.contains(&set) {
        let error = Error::usage(format!("the stack {} has no replica set {}", bench.stack.name, quoted(set)));
        let none = || format!("none is configured: [[stack.mongo]] in {}", bench.stack.place());
        return Err(error.hint(suggestion(set, &known).unwrap_or_else(none)));
    }
    let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
    let reading = bench.feeds(&["mongo"]).await.map_err(|fault| unread(&fault))?;
    let taken_at = reading.facts.taken_at::<MongoFacts>().unwrap_or_else(|| bench.clock.now());
    let found = reading.facts.get::<MongoFacts>().and_then(|mongo| mongo.set(set));
    let found = found.ok_or_else(|| Error::unavailable(format!("the replica set {set} was not read")))?;
    let sight = Sight::of(found);
    let Some(member) = sight.seat(host) else {
        let known: Vec<&str> = found.members.iter().map(|member| member.host.as_str()).collect();
        let error = Error::absent(format!("there is no member {} in {set}", quoted(host)));
        return Err(Error { hint: suggestion(host, &known), ..error });
    };
    let scene = Scene { sight: &sight, seat: member };
    let mut checks = scene.checks();
    if !reading.gaps.is_empty() {
        checks.push(Check::new("unread", Level::Warn, format!("not all could be read: {}", reading.gaps.join("; "))));
    }
    let user = bench.stack.mongo.iter().find(|configured| configured.name == set).and_then(|c| c.username.clone());
    let (name, set) = (member.member.host.clone(), found.name.clone());
    let label = member_id(&set, &name);
    Ok(Plan {
        action: &SPEC,
        target: Target { arn: Text::from(format!("mongodb:{label}")), label, name: name.clone() },
        tier: Tier::NameAndAccount,
        identity,
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks,
        radius: radius(&scene, user.as_deref()),
        undo: undo(&scene),
        state: state(found),
        taken_at,
        change: Change::StepDown { set: set.clone(), host: name.clone(), rests: RESTS, waits: WAITS },
        deed: Arc::new(SteppedDown { set, host: name, began: OnceLock::new() }),
    }
    .void_if(&["primary", "heir"]))
}

/// Set and host as the view writes a member.
fn parse(target: &str) -> Result<(&str, &str), Error> {
    let parts = target.split_once('/').filter(|(set, host)| !set.is_empty() && !host.is_empty());
    parts.filter(|(_, host)| host.contains(':') && !host.contains('/')).ok_or_else(|| {
        let what = format!("{} is not a member of a replica set", quoted(target));
        Error::usage(what).hint(format!("write it as in the table: {}", SPEC.target))
    })
}

/// What the plan rests on: who leads, since which election, by which configuration.
fn state(set: &ReplicaSet) -> State {
    let number = |number: Option<i64>| number.map(|number| Text::from(number.to_string())).unwrap_or_default();
    State(vec![
        ("primary", set.primary().map(|member| member.host.clone()).unwrap_or_default()),
        ("term", number(set.term())),
        ("configuration", number(set.config.as_ref().and_then(|config| config.version))),
    ])
}

fn radius(scene: &Scene<'_>, user: Option<&str>) -> Vec<String> {
    let Scene { sight, seat } = scene;
    let host = &seat.member.host;
    let heirs: Vec<String> = scene.heirs().map(|heir| sight.short(&heir.member.host)).collect();
    let who = if heirs.is_empty() { "nobody in sight".to_owned() } else { heirs.join(" or ") };
    let user = user.unwrap_or("whom the connection of the stack stands for");
    let mut told = vec![
        format!("asks {host} as {user}, without force; {who} takes over {}", sight.set.name),
        format!("writes stop for about 0.05 s where a secondary has everything, for {} s at most", WAITS + 2),
        format!("if none has within {WAITS} s, nothing is changed: it stays primary"),
    ];
    match scene.takeover() {
        Some(Takeover::Back(by)) => {
            told.push(format!("{by} takes back about {RESTS} to {} s after: writes stop again", scene.latest(RESTS)));
        }
        Some(Takeover::Later(by)) => {
            told.push(format!("{by} takes over by its priority once it has caught up: writes stop again"));
        }
        Some(Takeover::Perhaps(by)) => {
            told.push(format!("{by} takes over once more if another one wins: writes stop again"));
        }
        None => {}
    }
    told
}

fn undo(scene: &Scene<'_>) -> String {
    match scene.takeover() {
        Some(Takeover::Back(by)) => format!("none needed: {by} takes the lead back by itself"),
        _ => "none by itself: step-down of who leads then, until the lead is where it should be".to_owned(),
    }
}

/// The member that stepped down.
#[derive(Debug)]
struct SteppedDown {
    set: Text,
    host: Text,
    /// When it was first looked at after.
    began: OnceLock<Timestamp>,
}

impl SteppedDown {
    async fn read(&self, bench: &Bench) -> Result<ReplicaSet, Fault> {
        let reading = bench.feeds(&["mongo"]).await?;
        Ok(reading.facts.get::<MongoFacts>().and_then(|mongo| mongo.set(&self.set)).cloned().unwrap_or_default())
    }
}

#[async_trait]
impl Deed for SteppedDown {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(&self.read(bench).await?))
    }

    async fn look(&self, bench: &Bench, before: &State, made: &mut Option<Text>) -> Result<Look, Fault> {
        let set = self.read(bench).await?;
        let now = bench.clock.now();
        let elapsed = now.since(*self.began.get_or_init(|| now));
        let rests = Duration::from_secs(u64::from(RESTS));
        let sight = Sight::of(&set);
        let seen = watch::Seen { sight: &sight, host: &self.host, elapsed, rests };
        let (stage, text) = seen.stage(before, made);
        Ok(Look { stage, text, state: state(&set) })
    }

    async fn is_later(&self, bench: &Bench, _: Option<&Text>, then: Timestamp) -> Result<Option<String>, Fault> {
        let set = self.read(bench).await?;
        let primary = set.primary();
        let elected = primary.and_then(|primary| primary.status.as_ref()?.election_at);
        // Both elections of a hand-over, and taking back, are over by then.
        let longest = Duration::from_secs(u64::from(RESTS)) + watch::PATIENCE;
        let later = elected.filter(|elected| elected.since(then) > longest);
        Ok(primary.zip(later).map(|(primary, at)| format!("{} was elected at {}", primary.host, at.date_time())))
    }
}

#[cfg(test)]
mod tests;
