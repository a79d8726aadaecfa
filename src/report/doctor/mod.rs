//! `rounds doctor`: who asks, what can be read of each stack and what cannot, why, what reading it costs, and what may be done to it.

mod acting;
mod document;
mod lines;
mod patterns;
mod price;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::gather::gather;
use super::output::deliver;
use super::reading::{Reading, State};
use crate::action::policy::Rules;
use crate::backend::ports::Backend;
use crate::error::Error;
use crate::feed::{FEEDS, FeedSpec};
use crate::model::Fault;
use crate::model::identity::Identity;
use crate::model::mongo::{MongoFacts, ReplicaSet};
use crate::model::rds::RdsMetrics;
use crate::model::scaling::ReservationFacts;
use crate::model::stack::Stack;
use crate::text::Text;
use crate::time::{Clock, Timestamp};
use acting::Acting;
use price::{Pace, Price};

/// The feed of replica sets; without any configured it asks nobody.
const MONGO: &str = "mongo";

/// How to tell.
#[derive(Clone, Debug)]
pub struct DoctorOptions {
    /// Write the document `rounds.doctor/1` instead of lines.
    pub json: bool,
    /// The longest the reading may take.
    pub timeout: Duration,
    /// What is known of this place without asking anybody: name and value.
    pub here: Vec<(&'static str, String)>,
    /// What the command line and the configuration allow.
    pub rules: Rules,
}

/// What was found of one stack.
struct Examined<'a> {
    stack: &'a Stack,
    identity: Option<Identity>,
    /// How each feed was read, in the order of the registry.
    feeds: Vec<(&'static FeedSpec, Reading)>,
    /// What there is of each replica set.
    sets: Vec<Members>,
    /// What the metrics of its databases cost; absent: they could not be read.
    price: Option<Price>,
    /// Capacity providers whose reservation is read, and what that costs.
    reservation: Option<(usize, Pace)>,
    /// What may be done to it.
    acting: Acting,
    /// What of its configuration fits nothing.
    unmatched: Vec<String>,
}

/// How the members of a replica set answer.
struct Members {
    set: Text,
    answering: usize,
    all: usize,
    /// Why members that answer tell nothing of the others, each reason once: mostly a missing role.
    refused: Vec<Fault>,
}

impl Members {
    fn of(set: &ReplicaSet) -> Self {
        let mut refused: Vec<Fault> = Vec::new();
        for fault in set.members.iter().filter_map(|member| member.status_fault.as_ref()) {
            if !refused.iter().any(|known| known.is_same_cause(fault)) {
                refused.push(fault.clone());
            }
        }
        let answering = set.members.iter().filter(|member| member.speaks().is_some()).count();
        Self { set: set.name.clone(), answering, all: set.members.len(), refused }
    }

    fn is_whole(&self) -> bool {
        self.answering == self.all
    }
}

impl Examined<'_> {
    /// What replaces AWS's own endpoint: as configured, or as the environment or a profile has it.
    fn endpoint(&self) -> Option<&str> {
        let found = || self.identity.as_ref().and_then(|identity| identity.endpoint.as_deref());
        self.stack.endpoint_url.as_deref().or_else(found)
    }

    /// The feeds that ask somebody in this stack, and how they were read.
    fn asked(&self) -> impl Iterator<Item = &Reading> {
        let asks = |spec: &FeedSpec| spec.asks_elsewhere() && (spec.id != MONGO || !self.stack.mongo.is_empty());
        self.feeds.iter().filter(move |(spec, _)| asks(spec)).map(|(_, reading)| reading)
    }
}

/// Everything that was found.
struct Examination<'a> {
    here: &'a [(&'static str, String)],
    stacks: Vec<Examined<'a>>,
    taken_at: Timestamp,
}

/// Reads every stack once and tells how that went. Gives the exit code: 0 all was read, 1 something could not be read, 3
/// nothing could.
///
/// # Errors
/// An output that cannot be written.
pub async fn doctor(
    stacks: &[Stack],
    backends: Vec<Result<Backend, Fault>>,
    clock: &Arc<dyn Clock>,
    options: &DoctorOptions,
    out: &mut dyn Write,
) -> Result<u8, Error> {
    let all: Vec<&'static str> = FEEDS.iter().map(|spec| spec.id).collect();
    let gathered = gather(stacks, backends, clock, &all, options.timeout).await;
    let examined = stacks.iter().enumerate().map(|(index, stack)| {
        let facts = gathered.store.facts(index);
        let mongo = facts.and_then(|facts| facts.get::<MongoFacts>());
        let sets = mongo.iter().flat_map(|facts| &facts.sets);
        let metrics = facts.and_then(|facts| facts.get::<RdsMetrics>());
        let is_whole = |feed: &str| {
            let spec = FEEDS.iter().find(|spec| spec.id == feed);
            spec.is_some_and(|spec| Reading::of(&gathered.store, index, &[spec.id]).state == State::Fresh)
        };
        Examined {
            acting: Acting::of(stack, &options.rules, gathered.taken_at),
            unmatched: facts.map(|facts| patterns::unmatched(stack, facts, is_whole)).unwrap_or_default(),
            stack,
            identity: facts.and_then(|facts| facts.get::<Identity>()).cloned(),
            feeds: FEEDS.iter().map(|spec| (*spec, Reading::of(&gathered.store, index, &[spec.id]))).collect(),
            sets: sets.map(Members::of).collect(),
            price: metrics.map(|metrics| Price::of(&metrics.cost)),
            reservation: facts.and_then(|facts| facts.get::<ReservationFacts>()).map(|known| {
                let providers = known.series.len();
                (providers, Pace::of(providers, ReservationFacts::EVERY))
            }),
        }
    });
    let found = Examination { here: &options.here, stacks: examined.collect(), taken_at: gathered.taken_at };
    deliver(out, &if options.json { document::document(&found) } else { lines::lines(&found) })?;
    Ok(exit(&found))
}

/// What asks nobody does not count as something that could be read.
fn exit(found: &Examination<'_>) -> u8 {
    let asked = || found.stacks.iter().flat_map(Examined::asked);
    if asked().all(|reading| reading.state == State::Failing) {
        return 3;
    }
    let mut sets = found.stacks.iter().flat_map(|stack| &stack.sets);
    u8::from(asked().any(|reading| reading.state != State::Fresh) || !sets.all(Members::is_whole))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fake::{Fake, MANY, Member, clock, sets, stack};
    use super::*;
    use crate::model::mongo::MongoSet;

    async fn examine(backend: Result<Backend, Fault>, json: bool) -> (u8, String) {
        examine_with(Vec::new(), backend, json).await
    }

    async fn examine_with(mongo: Vec<MongoSet>, backend: Result<Backend, Fault>, json: bool) -> (u8, String) {
        let options = DoctorOptions {
            json,
            timeout: MANY,
            here: vec![("terminal", "xterm, 80x24".to_owned())],
            rules: Rules::default(),
        };
        let mut out = Vec::new();
        let stacks = [Stack { endpoint_url: Some("http://127.0.0.1:5".to_owned()), mongo, ..stack("prod") }];
        let code = doctor(&stacks, vec![backend], &clock(), &options, &mut out).await.unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn all_that_can_be_read_is_told_feed_by_feed() {
        let (code, told) = examine(Ok(Fake::healthy().backend()), false).await;
        assert_eq!(code, 0, "{told}");
        for line in [
            "prod\n  caller            ana@SRE, account 123456789012, region us-east-1\n",
            "  endpoint          http://127.0.0.1:5, not AWS's own\n",
            "  ecs               read\n",
            "  acting            not protected; no freeze now\n",
            "  allowed           nothing: it needs --allow",
            "  opt-in, on        none\n",
            "terminal: xterm, 80x24\n",
        ] {
            assert!(told.contains(line), "{line}\n{told}");
        }
    }

    #[tokio::test]
    async fn what_is_denied_names_the_permission_and_is_an_exit_code_of_its_own() {
        let fake = Fake::healthy().refusing("ecs:DescribeServices").refusing("autoscaling:DescribeAutoScalingGroups");
        let (code, told) = examine(Ok(fake.backend()), false).await;
        assert_eq!(code, 1, "{told}");
        let line = "  ecs               partial: 0 of 3 services of ehr: ecs:DescribeServices: denied: not authorised; \
                    allow ecs:DescribeServices to this role\n";
        assert!(told.contains(line), "{told}");
    }

    #[tokio::test]
    async fn where_nothing_can_be_read_it_says_so_and_exits_with_3() {
        let fault = Fault::misconfigured("there is no profile \"prod\"", Some("aws configure --profile prod"));
        let (code, told) = examine(Err(fault), false).await;
        assert_eq!(code, 3);
        assert!(told.contains("  caller            not known\n"), "{told}");
        assert!(told.contains("  identity          not read: not configured: there is no profile \"prod\""), "{told}");
        assert!(told.contains("  ecs               not read, for the reason that identity has\n"), "{told}");
    }

    #[tokio::test]
    async fn a_replica_set_that_is_silent_or_tells_little_is_not_all_well() {
        let with = |is_silent| Ok(Backend { mongo: Arc::new(Member { is_silent }), ..Fake::healthy().backend() });
        let (code, told) = examine_with(sets(&["ehr"]), with(false), false).await;
        let lines = "  mongo             partial: 0 of 1 statuses of ehr: replSetGetStatus: denied: not authorized; grant the role \
                     clusterMonitor\n                    ehr: 1 of 1 members answer\n";
        assert!(code == 1 && told.contains(lines), "{code} {told}");
        let (code, told) = examine_with(sets(&["ehr"]), with(true), false).await;
        assert!(
            code == 1
                && told.contains(
                    "  mongo             not read: hello: offline: ehr: no member answers; connection refused"
                ),
            "{code} {told}"
        );
        let (code, told) = examine(Ok(Fake::healthy().backend()), false).await;
        assert!(code == 0 && told.contains("  mongo             no replica set is configured\n"), "{code} {told}");
    }

    #[tokio::test]
    async fn a_pattern_that_fits_nothing_is_told_and_changes_no_exit_code() {
        let options = DoctorOptions { json: false, timeout: MANY, here: Vec::new(), rules: Rules::default() };
        let mut out = Vec::new();
        let stacks = [Stack { clusters: vec!["ehr".to_owned(), "her*".to_owned()], ..stack("prod") }];
        let backends = vec![Ok(Fake::healthy().backend())];
        let code = doctor(&stacks, backends, &clock(), &options, &mut out).await.unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(
            code == 0 && told.contains("  does nothing      clusters: no cluster fits \"her*\"\n"),
            "{code} {told}"
        );
        assert!(!told.contains("\"ehr\""), "{told}");
    }

    #[tokio::test]
    async fn the_document_has_the_same() {
        let fake = Fake::healthy().refusing("ecs:ListClusters");
        let (_, told) = examine(Ok(fake.backend()), true).await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["schema"], "rounds.doctor/1");
        let stack = &told["stacks"][0];
        assert_eq!((&stack["account"], &stack["caller"]), (&json!("123456789012"), &json!("ana@SRE")));
        let ecs = stack["feeds"].as_array().unwrap().iter().find(|feed| feed["feed"] == "ecs").unwrap();
        assert_eq!((&ecs["state"], &ecs["errors"][0]["kind"]), (&json!("failing"), &json!("denied")));
        assert!(ecs["actions"].as_array().unwrap().contains(&json!("ecs:ListClusters")));
        assert_eq!(
            (&stack["acting"]["protected"], &stack["acting"]["actions"][0]["allowed"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(told["here"], json!({ "terminal": "xterm, 80x24" }));
    }
}
