//! What every backend owes the feed of replica sets: the simulated world, and `mongod`s as they are. There is no deviation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rounds::backend::mongo::{MongoDriver, server_status};
use rounds::backend::ports::Mongo;
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::mongo::{
    Hello, MemberState, MongoSet, Oplog, Password, Peer, Role, ServerStatus, SetConfig, Status,
};
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;
use rounds::time::{Clock, ManualClock, SystemClock, Timestamp};

use crate::mongod::{Plan, ReplicaSet, program, until};
use crate::{Verdict, owed};

/// One set at a time: their elections have times, and there may be two cores.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What the set is called where it is configured.
const SET: &str = "ehr";

/// The longest anything may take that is never answered.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most that an answer to `serverStatus` may take, in bytes.
const MOST: usize = 8_000;

/// How far the clock of a member on this machine, or the last write of an idle set, may be from now: a no-op is written every
/// ten seconds, and a set that has just begun has other things to do.
const NEAR: Duration = Duration::from_secs(30);

/// A backend, and what it should hold.
struct Held<'a> {
    port: &'a dyn Mongo,
    clock: Arc<dyn Clock>,
    hosts: Vec<String>,
    /// What the set calls itself.
    name: &'static str,
    /// A host at which nobody listens.
    nobody: String,
    /// What a whole answer to `serverStatus` weighs, in bytes, where there are such.
    weight: Option<usize>,
}

/// Everything a member says.
struct Said {
    host: String,
    hello: Hello,
    status: Status,
    config: SetConfig,
    server: ServerStatus,
    oplog: Oplog,
}

impl Said {
    /// What it says of itself among all; nothing, which is no member, where it does not.
    fn own(&self) -> Peer {
        self.status.members.iter().find(|peer| peer.is_self).cloned().unwrap_or_default()
    }
}

impl Held<'_> {
    /// All greetings at the same moment.
    async fn hellos(&self) -> Vec<Hello> {
        let hellos = join_all(self.hosts.iter().map(|host| self.port.hello(SET, host))).await;
        hellos.into_iter().map(|hello| hello.expect("a hello")).collect()
    }

    async fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for (host, hello) in self.hosts.iter().zip(self.hellos().await) {
            said.push(Said {
                host: host.clone(),
                hello,
                status: self.port.status(SET, host).await.expect("a status"),
                config: self.port.config(SET, host).await.expect("a configuration"),
                server: self.port.server(SET, host).await.expect("figures"),
                oplog: self.port.oplog(SET, host).await.expect("an oplog"),
            });
        }
        said
    }

    /// Whether all have the same last write. One look may fall between a no-op and its replication, a second one after that
    /// does not.
    async fn idle(&self) -> Verdict {
        let mut writes = Vec::new();
        for _ in 0..2 {
            writes = self.hellos().await.into_iter().map(|hello| hello.last_write_at).collect();
            if writes.iter().all(|at| at.is_some() && *at == writes[0]) {
                break;
            }
        }
        let near = writes[0].is_some_and(|at| self.is_near(at));
        owed(near && writes.iter().all(|at| *at == writes[0]), writes)
    }

    fn is_near(&self, at: Timestamp) -> bool {
        let now = self.clock.now();
        now.since(at).max(at.since(now)) < NEAR
    }

    /// Whether the clocks of a second look are not before those of the first.
    async fn clocks(&self, first: &[Said]) -> Verdict {
        for before in first {
            let hello = self.port.hello(SET, &before.host).await.expect("a hello");
            let status = self.port.status(SET, &before.host).await.expect("a status");
            let clocks = [before.hello.local_time, before.status.date, hello.local_time, status.date];
            let in_order = clocks.is_sorted() && clocks.iter().all(|at| at.is_some_and(|at| self.is_near(at)));
            owed(in_order, (&before.host, clocks))?;
        }
        Ok(())
    }

    /// The faults of all commands at a host, each with how long it took.
    async fn faults(&self, set: &str, host: &str) -> Vec<Result<(Fault, Duration), String>> {
        async fn timed<T: std::fmt::Debug>(
            ask: impl Future<Output = Result<T, Fault>>,
        ) -> Result<(Fault, Duration), String> {
            let begun = Instant::now();
            match ask.await {
                Err(fault) => Ok((fault, begun.elapsed())),
                Ok(answer) => Err(format!("answered with {answer:?}")),
            }
        }
        vec![
            timed(self.port.hello(set, host)).await,
            timed(self.port.status(set, host)).await,
            timed(self.port.config(set, host)).await,
            timed(self.port.server(set, host)).await,
            timed(self.port.oplog(set, host)).await,
        ]
    }

    /// Whether every command to a host fails in time, in this way.
    async fn silent(&self, set: &str, host: &str, kind: FaultKind) -> Verdict {
        let found = self.faults(set, host).await;
        let as_owed = |found: &Result<(Fault, Duration), String>| {
            found.as_ref().is_ok_and(|(fault, took)| fault.kind == kind && *took < PATIENCE)
        };
        owed(found.iter().all(as_owed), &found)
    }
}

fn texts(hosts: &[String]) -> BTreeSet<Text> {
    hosts.iter().map(Text::from).collect()
}

/// What every member owes by itself; `what` of it is shown where it does not.
fn each<T: std::fmt::Debug>(said: &[Said], what: fn(&Said) -> &T, rule: impl Fn(&Said) -> bool) -> Verdict {
    let broken = said.iter().find(|one| !rule(one));
    owed(broken.is_none(), broken.map(|one| (&one.host, what(one))))
}

fn hellos(held: &Held<'_>, said: &[Said]) -> [(&'static str, Verdict); 4] {
    let all = texts(&held.hosts);
    let primaries: Vec<&Said> = said.iter().filter(|one| one.hello.role == Role::Primary).collect();
    let chosen: BTreeSet<Option<&str>> = said.iter().map(|one| one.hello.primary.as_deref()).collect();
    let agreed = primaries.len() == 1 && chosen == BTreeSet::from([Some(primaries[0].host.as_str())]);
    let named = |one: &Said| {
        let hello = &one.hello;
        let is_itself = hello.me.as_deref() == Some(&one.host) && hello.set_name.as_deref() == Some(held.name);
        is_itself && hello.hosts.iter().cloned().collect::<BTreeSet<_>>() == all && hello.arbiters.is_empty()
    };
    let plain = |one: &Said| {
        let (hello, is_primary) = (&one.hello, one.hello.role == Role::Primary);
        let role = is_primary || hello.role == Role::Secondary;
        let special = hello.is_hidden || hello.is_passive || hello.delay.is_some();
        role && !special && hello.is_protected && hello.election_id.is_some() == is_primary
    };
    let written = |one: &Said| {
        let (last, majority) = (one.hello.last_write_at, one.hello.majority_write_at);
        majority.is_some() && majority <= last && last.is_some_and(|at| held.is_near(at))
    };
    [
        ("hello names the set, itself and all members", each(said, |one| &one.hello, named)),
        ("one is primary, and all agree who", owed(agreed, chosen)),
        ("the others are secondaries, and only the primary has an election id", each(said, |one| &one.hello, plain)),
        ("the majority has not more than the member that says so", each(said, |one| &one.hello, written)),
    ]
}

fn statuses(held: &Held<'_>, said: &[Said]) -> [(&'static str, Verdict); 5] {
    let all = texts(&held.hosts);
    let role = |host: &str| said.iter().find(|one| one.host == host).map(|one| one.hello.role);
    let listed = |one: &Said| {
        let peers = &one.status.members;
        let hosts: BTreeSet<Text> = peers.iter().map(|peer| peer.host.clone()).collect();
        let selves = peers.iter().filter(|peer| peer.is_self).count();
        (hosts == all && peers.len() == one.config.members.len())
            && (selves == 1 && one.own().host == *one.host.as_str() && one.own().state == one.status.my_state)
            && one.status.set.as_deref() == Some(held.name)
    };
    let states = |one: &Said| {
        one.status.members.iter().all(|peer| {
            let of_role = match role(&peer.host) {
                Some(Role::Primary) => MemberState::Primary,
                Some(Role::Secondary) => MemberState::Secondary,
                _ => MemberState::Unknown,
            };
            peer.state == of_role && peer.is_healthy == Some(true) && peer.heartbeat_message.is_none()
        })
    };
    let heard = |one: &Said| {
        one.status.members.iter().filter(|peer| !peer.is_self).all(|peer| {
            let recent =
                [peer.heartbeat_at, peer.heartbeat_received_at].iter().all(|at| at.is_some_and(|at| held.is_near(at)));
            recent && peer.ping_ms.is_some() && peer.uptime.is_some() && peer.optime_at.is_some()
        })
    };
    let itself = |one: &Said| {
        let own = one.own();
        let apart = own.optime_at.zip(own.applied_at).map(|(op, applied)| applied.since(op).max(op.since(applied)));
        let heard = own.heartbeat_at.is_some() || own.heartbeat_received_at.is_some() || own.ping_ms.is_some();
        let is_primary = one.hello.role == Role::Primary;
        // To the second, as against to the millisecond.
        apart.is_some_and(|apart| apart < Duration::from_secs(1))
            && !heard
            && own.uptime.is_some()
            && own.sync_source.is_some() != is_primary
    };
    let won = |one: &Said| {
        let is_primary = one.hello.role == Role::Primary;
        let reason = (one.status.election_reason.is_some(), one.status.election_at.is_some());
        reason == (is_primary, is_primary) && one.own().elected_at.is_some() == is_primary
    };
    [
        ("status lists every member once, and one as itself", each(said, |one| &one.status, listed)),
        ("states are what each says of itself", each(said, |one| &one.status, states)),
        ("others are heard, and one does not hear oneself", each(said, |one| &one.status, heard)),
        ("one says of oneself what one has applied, and from whom", each(said, |one| &one.status, itself)),
        ("the winner of an election knows when and why, and nobody else", each(said, |one| &one.status, won)),
    ]
}

fn configurations(held: &Held<'_>, said: &[Said]) -> [(&'static str, Verdict); 4] {
    let config = &said[0].config;
    let hosts: BTreeSet<Text> = config.members.iter().map(|member| member.host.clone()).collect();
    let same = said.iter().all(|one| one.config == *config) && config.name.as_str() == held.name;
    let votes: u32 = config.members.iter().filter_map(|member| member.votes).sum();
    let counted = |one: &Said| {
        let status = &one.status;
        let majority = Some(votes / 2 + 1);
        [status.voting_members, status.writable_voting_members] == [Some(votes); 2]
            && [status.majority_vote_count, status.write_majority_count] == [majority; 2]
    };
    let versions = |one: &Said| {
        let peers = one.status.members.iter();
        let told = |peer: &Peer| (peer.config_version, peer.config_term) == (config.version, config.term);
        one.hello.set_version == config.version
            && peers.clone().all(told)
            && one.status.heartbeat_interval_ms == config.heartbeat_interval_ms
            && one.status.term >= Some(1)
            && one.status.term == said[0].status.term
    };
    let priority = |host: &str| config.members.iter().find(|member| *member.host == *host).and_then(|m| m.priority);
    let highest = config.members.iter().filter_map(|member| member.priority).fold(0.0, f64::max);
    let primary = said.iter().find(|one| one.hello.role == Role::Primary).and_then(|one| priority(&one.host));
    let settled = config.election_timeout_ms > Some(0)
        && config.heartbeat_timeout_secs > Some(0)
        && config.chaining_allowed == Some(true);
    let ordinary = config.members.iter().all(|member| {
        member.votes == Some(1)
            && member.builds_indexes
            && !(member.is_arbiter || member.is_hidden)
            && member.delay == 0
            && said.iter().any(|one| one.host == *member.host && one.hello.tags == member.tags)
    });
    [
        ("all have the same configuration, of all members", owed(same && hosts == texts(&held.hosts), config)),
        ("votes make the majorities", each(said, |one| &one.status, counted)),
        ("versions and terms are the same wherever they stand", each(said, |one| &one.status, versions)),
        (
            "members are configured as they are, and the first in priority leads",
            owed(settled && ordinary && primary == Some(highest), config),
        ),
    ]
}

fn figures(held: &Held<'_>, said: &[Said]) -> [(&'static str, Verdict); 3] {
    let figures = |one: &Said| {
        let server = &one.server;
        let major = server.version.as_ref().and_then(|v| v.split('.').next()?.parse::<u32>().ok());
        let has_tickets = major >= Some(8);
        server.connections.current > Some(0)
            && server.connections.available > Some(0)
            && server.uptime.is_some()
            && server.regular_asserts.is_some()
            && server.rollovers.is_some()
            && server.flow_control.is_lagged == Some(false)
            && server.flow_control.target_rate_limit > Some(0)
            && major.is_some()
            && [server.read_tickets, server.write_tickets].iter().all(|tickets| tickets.is_some() == has_tickets)
    };
    let oplog = said.iter().find(|one| {
        let Oplog { first_at, last_at } = one.oplog;
        !(first_at.is_some() && first_at <= last_at && last_at >= one.hello.last_write_at)
    });
    [
        ("figures are told as far as they are asked for", each(said, |one| &one.server, figures)),
        (
            "figures do not weigh much",
            owed(held.weight.is_none_or(|weight| (100..MOST).contains(&weight)), held.weight),
        ),
        ("an oplog begins before it ends", owed(oplog.is_none(), oplog.map(|one| one.oplog))),
    ]
}

/// Holds an idle set in which all is well to every rule.
async fn hold(name: &str, held: &Held<'_>) {
    let said = held.said().await;
    let mut verdicts = BTreeMap::from(hellos(held, &said));
    verdicts.extend(statuses(held, &said));
    verdicts.extend(configurations(held, &said));
    verdicts.extend(figures(held, &said));
    let seeds = held.port.seeds(SET).await.expect("seeds");
    let nowhere = held.port.seeds("nowhere").await.map_err(|fault| fault.kind);
    verdicts.extend([
        ("the address stands for the members", owed(seeds == held.hosts, seeds)),
        ("an idle set has one last write", held.idle().await),
        ("clocks go on", held.clocks(&said).await),
        ("where nobody listens nobody is reached", held.silent(SET, &held.nobody, FaultKind::Unreachable).await),
        (
            "a set that is not configured is told as such",
            owed(nowhere == Err(FaultKind::Misconfigured), &nowhere)
                .and(held.silent("nowhere", &held.hosts[0], FaultKind::Misconfigured).await),
        ),
    ]);
    assert!(verdicts.len() == 21, "two rules have the same name");
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

/// A frozen member, seen by the console.
async fn frozen(name: &str, held: &Held<'_>, host: &str) {
    let begun = Instant::now();
    let fault = held.port.hello(SET, host).await.expect_err("nothing");
    assert!(begun.elapsed() < PATIENCE, "{name}: {:?}", begun.elapsed());
    assert_eq!(fault.to_string(), format!("hello: no answer: {host}: no answer within 2 s"), "{name}");
}

/// A killed member, seen by the console.
async fn killed(name: &str, held: &Held<'_>, host: &str) {
    let verdict = held.silent(SET, host, FaultKind::Unreachable).await;
    assert!(verdict.is_ok(), "{name}: {verdict:?}");
    let fault = held.port.hello(SET, host).await.expect_err("nobody");
    assert_eq!(fault.to_string(), format!("hello: offline: {host}: Connection refused"), "{name}");
}

/// What the primary says of a killed member, once it holds it to be down.
async fn down(held: &Held<'_>, by: &str, host: &str) -> Option<Peer> {
    let status = held.port.status(SET, by).await.expect("a status");
    status.members.into_iter().find(|peer| peer.host == *host && peer.state == MemberState::Down)
}

fn told_down(name: &str, peer: &Peer) {
    assert_eq!((peer.is_healthy, peer.optime_at, peer.elected_at), (Some(false), None, None), "{name}: {peer:?}");
    assert_eq!((&peer.sync_source, peer.uptime), (&None, Some(0)), "{name}: {peer:?}");
    assert!(peer.applied_at.is_some() && peer.heartbeat_at.is_some() && peer.ping_ms.is_some(), "{name}: {peer:?}");
    let why = peer.heartbeat_message.as_deref().unwrap_or_default();
    assert!(why.contains(peer.host.as_str()) && why.ends_with("Connection refused"), "{name}: {peer:?}");
}

/// The set of the demo, with nothing to do and this access; what else happens in it happens to the members later.
fn scenario(access: &str) -> Scenario {
    let text = include_str!("../../src/backend/sim/scenarios/ehr-mongo.toml");
    let (world, script) = text.split_once("[[at]]").expect("a script");
    let granted = world.replace("access = \"manager\"", &format!("access = \"{access}\""));
    let idle = granted.replace("writes = 40", "writes = 0");
    assert!(granted != world && idle != granted && script.contains("lose-zone"), "the scenario is another one by now");
    let verbs = [("6m", "freeze", "m0"), ("7m", "restore", "m0"), ("8m", "kill", "m2")].map(|(at, verb, member)| {
        format!("[[at]]\ntime = \"{at}\"\ndo = \"{verb}-member\"\nmember = \"{member}.ehr.internal:27017\"\n")
    });
    Scenario::parse(&(idle + &verbs.concat()), "ehr-mongo").expect("a scenario")
}

#[tokio::test]
async fn mongo_of_the_simulated_world() {
    let scenario = scenario("monitor");
    let after = |secs| scenario.start() + Duration::from_secs(secs);
    let clock = Arc::new(ManualClock::at(after(300)));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let hosts: Vec<String> = ["m0", "m1", "m2"].iter().map(|name| format!("{name}.ehr.internal:27017")).collect();
    let nobody = "nowhere.ehr.internal:27017".to_owned();
    let held = Held { port: &sim, clock: clock.clone(), hosts, name: "ehr", nobody, weight: None };
    hold("simulator", &held).await;
    clock.set(after(365));
    frozen("simulator", &held, &held.hosts[0]).await;
    clock.set(after(485));
    killed("simulator", &held, &held.hosts[2]).await;
    told_down("simulator", &down(&held, &held.hosts[1], &held.hosts[2]).await.expect("it is seen"));
}

/// A set of real members, with what the test has to say of the access to it.
fn driver(set: &ReplicaSet, user: Option<(&str, &str)>) -> MongoDriver {
    let password = user.map(|(name, password)| Password::File(set.file(&format!("{name}-{password}"), password)));
    let username = user.map(|(name, _)| name.to_owned());
    let configured = MongoSet { name: Text::from(SET), uri: set.uri(), username, password, ..MongoSet::default() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    MongoDriver::new(&[configured], &clock, None)
}

#[tokio::test(flavor = "multi_thread")]
async fn mongo_as_it_is() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    // The first one leads from the beginning; what it has to do at its start is over within moments.
    let set = ReplicaSet::start(program, Plan { priorities: vec![2.0, 1.0, 1.0], ..Plan::default() }).await;
    let port = driver(&set, None);
    let asked = set.client(0, None).database("admin").run_command(server_status()).await.expect("figures");
    let nobody = format!("127.0.0.1:{}", crate::mongod::free_ports(1)[0]);
    let (clock, weight) = (Arc::new(SystemClock), Some(asked.to_vec().expect("BSON").len()));
    let held = Held { port: &port, clock, hosts: set.hosts(), name: "rounds", nobody, weight };
    let heard = async |host: &str| {
        let is_written = port.hello(SET, host).await.is_ok_and(|hello| hello.majority_write_at.is_some());
        let peers = port.status(SET, host).await.expect("a status").members;
        let (version, states) = (peers[0].config_version, [MemberState::Primary, MemberState::Secondary]);
        let are_heard = peers.iter().all(|p| {
            p.config_version == version
                && p.config_term == peers[0].config_term
                && states.contains(&p.state)
                && (p.is_self || p.heartbeat_received_at.is_some())
                && (p.state == MemberState::Primary || !p.is_self || p.sync_source.is_some())
        });
        is_written && are_heard
    };
    until("all have heard of all", async || {
        heard(&held.hosts[0]).await && heard(&held.hosts[1]).await && heard(&held.hosts[2]).await
    })
    .await;
    hold("mongod", &held).await;
    set.nodes[1].signal("STOP");
    frozen("mongod", &held, &held.hosts[1]).await;
    set.nodes[1].signal("CONT");
    set.nodes[2].signal("KILL");
    killed("mongod", &held, &held.hosts[2]).await;
    until("the loss is seen", async || down(&held, &held.hosts[0], &held.hosts[2]).await.is_some()).await;
    told_down("mongod", &down(&held, &held.hosts[0], &held.hosts[2]).await.expect("it is seen"));
}

/// What is told of each refused command: the fault and the remedy.
async fn refusals(port: &dyn Mongo, host: &str, name: &str) -> Vec<String> {
    let nothing = String::new();
    let held = Held { port, clock: Arc::new(SystemClock), hosts: vec![], name: "", nobody: nothing, weight: None };
    assert!(port.hello(SET, host).await.is_ok(), "{name}: hello is for everybody");
    let faults = held.faults(SET, host).await.into_iter().skip(1);
    faults.map(|found| found.expect(name).0).map(|f| format!("{f} / {}", f.hint().unwrap_or_default())).collect()
}

/// Access to the simulated set, and what is to be told of it: `COMMAND: denied (CODE): MESSAGE / REMEDY`.
fn expected(access: &str) -> Vec<String> {
    let commands = ["replSetGetStatus", "replSetGetConfig", "serverStatus", "find local.oplog.rs"];
    let told = |action: &str| {
        let (command, database) = action.split_once(' ').map_or((action, "admin"), |(command, _)| (command, "local"));
        match access {
            "no-role" => {
                format!(
                    "(Unauthorized): not authorized on {database} / grant the role clusterMonitor on admin to rounds"
                )
            }
            "no-credentials" => format!(
                "(Unauthorized): command {command} requires authentication / \
                 configure username and password of a user with the role clusterMonitor"
            ),
            _ => "(AuthenticationFailed): SCRAM failure: Authentication failed / check username, password source, auth_source"
                .to_owned(),
        }
    };
    commands.iter().map(|action| format!("{action}: denied {}", told(action))).collect()
}

#[tokio::test]
async fn what_mongo_refuses_in_the_simulated_world() {
    for access in ["no-role", "no-credentials", "wrong-password"] {
        let scenario = scenario(access);
        let sim = Sim::new(&scenario, 1, Arc::new(ManualClock::at(scenario.start())));
        assert_eq!(refusals(&sim, "m0.ehr.internal:27017", access).await, expected(access), "simulator");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mongo_refuses_as_it_is() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![1.0], election_ms: Some(1_000), auth: true, ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    set.user(None, "root", "toor", &["root"]).await;
    set.user(Some(("root", "toor")), "rounds", "hunter2", &["read"]).await;
    for (access, user) in [
        ("no-role", Some(("rounds", "hunter2"))),
        ("no-credentials", None),
        ("wrong-password", Some(("rounds", "hunter3"))),
    ] {
        assert_eq!(refusals(&driver(&set, user), &set.hosts()[0], access).await, expected(access), "mongod");
    }
}
