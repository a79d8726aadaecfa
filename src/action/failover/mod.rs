//! Failovers of databases: an instance to its standby, and the writer of a cluster to a reader. What both share: how the target is
//! read, what the last failover was, and where proxies lead.

mod checks;
pub(super) mod cluster;
pub(super) mod instance;

use super::Bench;
use super::member::unread;
use super::plan::{Check, Level, State};
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::health::rds::failover::{COMPLETED, STARTED};
use crate::model::Fault;
use crate::model::identity::Identity;
use crate::model::rds::{Event, Proxy, RdsFacts, Target};
use crate::text::Text;
use crate::time::Timestamp;

/// Events that say that RDS does not do what it was asked for (in lower case; 0034, 0050 of the RDS user guide).
const ABANDONED: &[&str] = &["abandoning user requested failover", "not attempting a requested failover"];
/// Events that say that it came to nothing (0069, 0070).
const IN_VAIN: &[&str] = &["failover failed", "promoting previous primary again"];

/// What a plan calls the time of the last event of a failover. Events after it tell of this one, whenever they are read.
const LAST: &str = "last failover";

/// Everything of RDS, and who asks.
struct Reading {
    rds: RdsFacts,
    identity: Identity,
    gaps: Vec<String>,
    taken_at: Timestamp,
}

/// What is asked for, as it is written.
struct Aim<'a> {
    /// The identifier.
    id: &'a str,
    /// The ARN, where it was written as one.
    arn: Option<&'a str>,
}

impl<'a> Aim<'a> {
    /// An identifier, or an ARN of this kind: `db`, `cluster`.
    fn parse(target: &'a str, kind: &str, what: &str, shape: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = target.splitn(7, ':').collect();
        let aim = match parts.as_slice() {
            [id] if !id.is_empty() && !id.contains('/') => Some(Self { id, arn: None }),
            ["arn", _, "rds", _, _, found, id] if *found == kind && !id.is_empty() => {
                Some(Self { id, arn: Some(target) })
            }
            _ => None,
        };
        let wrong = || Error::usage(format!("{} is not {what}", quoted(target)));
        aim.ok_or_else(|| wrong().hint(format!("write it as in the table: {shape}")))
    }

    /// Reads what there is.
    async fn read(&self, bench: &Bench) -> Result<Reading, Error> {
        let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
        let reading = bench.feeds(&["rds"]).await.map_err(|fault| unread(&fault))?;
        let taken_at = reading.facts.taken_at::<RdsFacts>().unwrap_or_else(|| bench.clock.now());
        let rds = reading.facts.get::<RdsFacts>().cloned().unwrap_or_default();
        Ok(Reading { rds, identity, gaps: reading.gaps, taken_at })
    }

    /// Finds it among those there are.
    fn among<'b, T>(
        &self,
        all: &'b [T],
        gaps: &[String],
        what: &str,
        names: impl Fn(&T) -> (&Text, &Text),
    ) -> Result<&'b T, Error> {
        let id = self.id;
        if let Some(found) = all.iter().find(|item| *names(item).0 == *id) {
            let arn = names(found).1;
            return match self.arn {
                Some(asked) if *arn != *asked => {
                    let what = format!("{} is not what is there: {arn}", quoted(asked));
                    Err(Error::usage(what).hint("name the stack, profile or region of that account with its flag"))
                }
                _ => Ok(found),
            };
        }
        if let Some(gap) = gaps.first() {
            return Err(Error::unavailable(format!("whether there is {what} {} is not known: {gap}", quoted(id))));
        }
        let known: Vec<&str> = all.iter().map(|item| names(item).0.as_str()).collect();
        let error = Error::absent(format!("there is no {what} {}", quoted(id)));
        let hint = suggestion(id, &known).unwrap_or_else(|| "see what there is: rounds export databases".to_owned());
        Err(error.hint(hint))
    }
}

/// The same for a look: everything of RDS as it is now.
async fn look(bench: &Bench) -> Result<RdsFacts, Fault> {
    Ok(bench.feeds(&["rds"]).await?.facts.get::<RdsFacts>().cloned().unwrap_or_default())
}

/// What of the reading is missing, as a check.
fn unread_check(gaps: &[String]) -> Option<Check> {
    let told = || format!("not all could be read: {}", gaps.join("; "));
    (!gaps.is_empty()).then(|| Check::new("unread", Level::Warn, told()))
}

fn says(event: &Event, phrases: &[&str]) -> bool {
    let words = event.message.to_lowercase();
    phrases.iter().any(|phrase| words.contains(phrase))
}

/// The events of failovers of this source, the newest first.
fn events<'a>(rds: &'a RdsFacts, id: &'a str) -> impl Iterator<Item = &'a Event> {
    let of = rds.events.iter().filter(move |event| event.source == *id);
    of.filter(|event| [STARTED, COMPLETED, ABANDONED, IN_VAIN].iter().any(|phrases| says(event, phrases)))
}

/// When the last event of a failover was.
fn last_event(rds: &RdsFacts, id: &str) -> Option<Timestamp> {
    events(rds, id).filter_map(|event| event.at).max()
}

/// What its events tell since the last one that was known before.
struct Told<'a> {
    began: bool,
    completed: bool,
    /// The event that says that nothing comes of it.
    ended_badly: Option<&'a Event>,
}

impl<'a> Told<'a> {
    fn since(rds: &'a RdsFacts, id: &'a str, before: &State) -> Self {
        let last = Timestamp::parse(before.get(LAST)).ok();
        let new: Vec<&Event> = events(rds, id).filter(|event| event.at > last).collect();
        let any = |phrases: &[&str]| new.iter().any(|event| says(event, phrases));
        let bad = new.iter().find(|event| says(event, ABANDONED) || says(event, IN_VAIN));
        Self { began: any(STARTED), completed: any(COMPLETED), ended_badly: bad.copied() }
    }
}

/// The targets of proxies that lead to this instance, or to this cluster, each with its proxy.
fn proxied<'a>(rds: &'a RdsFacts, id: &'a str) -> impl Iterator<Item = (&'a Proxy, &'a Target)> {
    let all = rds.proxies.iter().flat_map(|proxy| proxy.targets.iter().map(move |target| (proxy, target)));
    all.filter(move |(_, target)| [&target.id, &target.cluster].iter().any(|name| name.as_deref() == Some(id)))
}

/// Targets of proxies that can be used now, by proxy and target.
fn usable(rds: &RdsFacts, id: &str) -> Vec<(Text, Text)> {
    let usable = proxied(rds, id).filter(|(_, target)| target.state.as_deref() == Some("AVAILABLE"));
    usable.map(|(proxy, target)| (proxy.name.clone(), target.id.clone().unwrap_or_default())).collect()
}

/// Which of these targets of proxies cannot be used now, in words.
fn unusable(rds: &RdsFacts, id: &str, before: &[(Text, Text)]) -> Option<String> {
    let now = usable(rds, id);
    let gone = before.iter().filter(|target| !now.contains(target));
    let told: Vec<String> = gone.map(|(proxy, target)| format!("{proxy} does not reach {target} yet")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[cfg(test)]
mod tests;
