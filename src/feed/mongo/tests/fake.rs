//! A replica set whose members answer as they are told to, and that counts what it is asked.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::super::super::{Budgets, Context, Gate, Progress};
use crate::backend::ports::{Backend, Mongo};
use crate::backend::sim::{Scenario, Sim};
use crate::model::mongo::*;
use crate::model::stack::Stack;
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::{Clock, Timestamp};

pub const START: i64 = 1_773_457_964;

/// A clock that follows tokio's, which the tests hold.
pub struct Held(Instant);

impl Clock for Held {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(START) + self.0.elapsed()
    }
}

/// How a member answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Well,
    Silent,
    Dead,
    /// After so long.
    Slow(Duration),
    /// Tells nothing but `hello`.
    Denied,
    /// Refuses this command only.
    Refuses(&'static str),
}

#[derive(Clone)]
pub struct Node {
    pub manner: Manner,
    pub hello: Hello,
    pub status: Status,
    pub server: ServerStatus,
}

/// The members by the address they are reached by, the configuration, and how often each was asked for what.
#[derive(Default)]
pub struct World {
    pub seeds: Vec<String>,
    pub nodes: BTreeMap<String, Node>,
    pub config: SetConfig,
    pub asked: BTreeMap<(&'static str, String), u32>,
    /// How long the password takes, until somebody has waited for it; without it nothing but `hello` is told.
    pub password: Option<Duration>,
}

#[derive(Clone, Default)]
pub struct Fake(pub Arc<Mutex<World>>);

pub fn host(n: usize) -> Text {
    Text::from(format!("m{n}:27017"))
}

/// Three members, the first one the primary of term 41.
pub fn three() -> Fake {
    let fake = Fake::default();
    let mut world = fake.0.lock().unwrap();
    world.seeds = vec![host(0).to_string()];
    for n in 0..3 {
        world.nodes.insert(host(n).to_string(), node(n, 0, 41));
    }
    world.config = SetConfig {
        version: Some(5),
        term: Some(41),
        members: (0..3).map(|n| MemberConfig { host: host(n), votes: Some(1), ..MemberConfig::default() }).collect(),
        ..SetConfig::default()
    };
    drop(world);
    fake
}

/// A member of a set of three with this primary and term.
pub fn node(n: usize, primary: usize, term: i64) -> Node {
    let peer = |p: usize| Peer {
        host: host(p),
        is_self: p == n,
        config_version: Some(5),
        config_term: Some(41),
        ..Peer::default()
    };
    Node {
        manner: Manner::Well,
        hello: Hello {
            set_name: Some(Text::from("ehr")),
            me: Some(host(n)),
            hosts: (0..3).map(host).collect(),
            role: if n == primary { Role::Primary } else { Role::Secondary },
            last_write_at: Some(Timestamp::from_secs(START)),
            ..Hello::default()
        },
        status: Status {
            term: Some(term),
            election_reason: (n == primary).then(|| Text::from("electionTimeout")),
            members: (0..3).map(peer).collect(),
            ..Status::default()
        },
        server: ServerStatus { uptime: Some(100), ..ServerStatus::default() },
    }
}

impl Fake {
    pub fn with(&self, address: &str, change: impl FnOnce(&mut Node)) {
        change(self.0.lock().unwrap().nodes.get_mut(address).expect("a known member"));
    }

    pub fn reconfigured(&self, change: impl FnOnce(&mut SetConfig)) {
        change(&mut self.0.lock().unwrap().config);
    }

    /// How often this was asked since this was last asked of the fake; all members together.
    pub fn counts(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        for ((command, _), n) in std::mem::take(&mut self.0.lock().unwrap().asked) {
            *counts.entry(command).or_default() += n;
        }
        counts
    }

    pub fn context(&self, sets: &[&str]) -> Context {
        let clock: Arc<dyn Clock> = Arc::new(Held(Instant::now()));
        let sim = Sim::new(&Scenario::sized(1, 1, 1), 1, Arc::clone(&clock));
        let set = |name: &&str| MongoSet {
            name: Text::from(*name),
            zones: [host(1).as_str(), "elsewhere:27017"]
                .map(|host| (Text::from(host), Text::from("us-east-1b")))
                .into(),
            ..MongoSet::default()
        };
        Context {
            backend: Backend { mongo: Arc::new(self.clone()), ..sim.backend() },
            stack: Stack { mongo: sets.iter().map(set).collect(), ..Stack::default() },
            gate: Gate::new(Arc::new(Budgets::default())),
            clock,
            progress: Progress::default(),
            asked: false,
            shown: Vec::new(),
        }
    }

    async fn node(&self, command: &'static str, set: &str, host: &str) -> Result<Node, Fault> {
        let node = {
            let mut world = self.0.lock().unwrap();
            *world.asked.entry((command, host.to_owned())).or_default() += 1;
            if world.password.is_some() && command != "hello" {
                return Err(Fault::new(FaultKind::Timeout, command, "the password command has not answered yet"));
            }
            world.nodes.get(host).cloned().filter(|_| set == "ehr")
        };
        let refused = || Fault::new(FaultKind::Unreachable, command, "connection refused");
        let node = node.ok_or_else(refused)?;
        match node.manner {
            Manner::Well => {}
            Manner::Silent => pending().await,
            Manner::Dead => return Err(refused()),
            Manner::Slow(span) => sleep(span).await,
            Manner::Denied if command == "hello" => {}
            Manner::Refuses(refused) if command != refused => {}
            Manner::Denied | Manner::Refuses(_) => {
                return Err(Fault::new(FaultKind::Denied, command, "not authorized"));
            }
        }
        Ok(node)
    }
}

#[async_trait]
impl Mongo for Fake {
    async fn prepare(&self, _: &str) {
        let password = self.0.lock().unwrap().password;
        sleep(password.unwrap_or_default()).await;
        self.0.lock().unwrap().password = None;
    }
    async fn seeds(&self, set: &str) -> Result<Vec<String>, Fault> {
        if set == "nowhere" {
            return Err(Fault::new(
                FaultKind::Unreachable,
                "srv lookup",
                "there is no SRV record _mongodb._tcp.nowhere",
            ));
        }
        if set != "ehr" {
            return Ok(vec![format!("{set}:1")]);
        }
        Ok(self.0.lock().unwrap().seeds.clone())
    }
    async fn hello(&self, set: &str, host: &str) -> Result<Hello, Fault> {
        Ok(self.node("hello", set, host).await?.hello)
    }
    async fn status(&self, set: &str, host: &str) -> Result<Status, Fault> {
        Ok(self.node("replSetGetStatus", set, host).await?.status)
    }
    async fn config(&self, set: &str, host: &str) -> Result<SetConfig, Fault> {
        self.node("replSetGetConfig", set, host).await?;
        Ok(self.0.lock().unwrap().config.clone())
    }
    async fn server(&self, set: &str, host: &str) -> Result<ServerStatus, Fault> {
        Ok(self.node("serverStatus", set, host).await?.server)
    }
    async fn oplog(&self, set: &str, host: &str) -> Result<Oplog, Fault> {
        self.node("find local.oplog.rs", set, host).await?;
        Ok(Oplog::default())
    }
}
