mod fake;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::super::{Budgets, Context, Feed, once};
use super::{MongoFacts, MongoFeed, SPEC};
use crate::model::mongo::{Connections, Member, ReplicaSet, Role};
use crate::model::{Facts, Fault, FaultKind};
use crate::store::Snapshot;
use crate::text::Text;
use crate::time::Timestamp;
use fake::{Fake, Manner, START, host, node, three};

struct Rig {
    fake: Fake,
    feed: MongoFeed,
    context: Context,
}

impl Rig {
    fn new(fake: Fake) -> Self {
        let context = fake.context(&["ehr"]);
        Self { fake, feed: MongoFeed::default(), context }
    }

    async fn read(&mut self) -> Result<Snapshot, Fault> {
        self.context.gate.close_at(Instant::now() + SPEC.deadline, "time is over".to_owned());
        self.feed.poll(&self.context, &Facts::default()).await
    }

    /// Polls, and gives the first set.
    async fn poll(&mut self) -> ReplicaSet {
        let snapshot = self.read().await.expect("somebody answered");
        snapshot.data.downcast_ref::<MongoFacts>().expect("facts").sets[0].clone()
    }
}

fn hosts(set: &ReplicaSet) -> Vec<&str> {
    set.members.iter().map(|member| member.host.as_str()).collect()
}

fn kind(member: &Member) -> Option<FaultKind> {
    member.fault.as_ref().map(|fault| fault.kind)
}

#[tokio::test(start_paused = true)]
async fn from_one_seed_all_members_are_found_and_each_is_asked_once_a_poll() {
    let mut rig = Rig::new(three());
    let set = rig.poll().await;
    assert_eq!(hosts(&set), ["m0:27017", "m1:27017", "m2:27017"]);
    assert!(set.members.iter().all(|m| m.speaks().is_some() && m.status.is_some() && m.server.is_some()));
    assert_eq!(set.zone(&set.members[1]).map(Text::as_str), Some("us-east-1b"));
    assert_eq!(set.strangers, [Text::from("elsewhere:27017")]);
    let each = [
        ("find local.oplog.rs", 3),
        ("hello", 3),
        ("replSetGetConfig", 1),
        ("replSetGetStatus", 3),
        ("serverStatus", 3),
    ];
    assert_eq!(rig.fake.counts(), BTreeMap::from(each));
    // The dear commands every 30 s, and the configuration when it has changed.
    for (after, dear) in [(5, 0), (20, 0), (5, 3), (5, 0)] {
        advance(Duration::from_secs(after)).await;
        rig.poll().await;
        let mut expected = BTreeMap::from([("hello", 3), ("replSetGetStatus", 3)]);
        if dear > 0 {
            expected.extend([("serverStatus", dear), ("find local.oplog.rs", dear)]);
        }
        assert_eq!(rig.fake.counts(), expected);
    }
    rig.fake.with("m1:27017", |node| node.status.members[1].config_version = Some(6));
    rig.fake.reconfigured(|config| config.version = Some(6));
    assert_eq!(rig.poll().await.config.and_then(|config| config.version), Some(6));
    assert_eq!(rig.fake.counts().get("replSetGetConfig"), Some(&1));
    rig.poll().await;
    assert_eq!(rig.fake.counts().get("replSetGetConfig"), None);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_delays_nobody_and_is_asked_once() {
    let mut rig = Rig::new(three());
    rig.poll().await;
    rig.fake.with("m1:27017", |node| node.manner = Manner::Silent);
    rig.fake.with("m2:27017", |node| node.manner = Manner::Slow(Duration::from_millis(300)));
    rig.fake.counts();
    let began = Instant::now();
    let set = rig.poll().await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    let told: Vec<_> = set.members.iter().map(kind).collect();
    assert_eq!(told, [None, Some(FaultKind::Timeout), None]);
    assert_eq!(set.members[1].answered_at, Some(Timestamp::from_secs(START)), "its last word keeps its time");
    assert!(set.members[1].hello.is_some() && set.members[1].speaks().is_none());
    let answered = set.members[0].answered_at.unwrap();
    assert_eq!(answered, Timestamp::from_secs(START), "the others answered at once");
    assert_eq!(rig.fake.0.lock().unwrap().asked.get(&("hello", "m1:27017".to_owned())), Some(&1));
    assert_eq!(rig.fake.counts().get("replSetGetStatus"), Some(&2));
    assert_eq!(set.lag(&set.members[1]), None);
}

#[tokio::test(start_paused = true)]
async fn a_seed_by_another_name_is_the_same_member_and_stays_its_address() {
    let fake = three();
    {
        let mut world = fake.0.lock().unwrap();
        world.seeds = vec!["localhost:1".to_owned(), "localhost:2".to_owned()];
        for (seed, n) in [("localhost:1", 0), ("localhost:2", 1)] {
            let node = world.nodes.remove(host(n).as_str()).unwrap();
            world.nodes.insert(seed.to_owned(), node);
        }
    }
    let mut rig = Rig::new(fake);
    for _ in 0..2 {
        assert_eq!(hosts(&rig.poll().await), ["m0:27017", "m1:27017", "m2:27017"]);
        assert_eq!(rig.fake.counts().get("hello"), Some(&3), "nobody under two names");
    }
    rig.fake.with("localhost:1", |node| node.manner = Manner::Dead);
    let set = rig.poll().await;
    assert_eq!(hosts(&set), ["m0:27017", "m1:27017", "m2:27017"]);
    assert_eq!(kind(&set.members[0]), Some(FaultKind::Unreachable));
    assert_eq!(rig.fake.counts().get("hello"), Some(&3));
}

#[tokio::test(start_paused = true)]
async fn without_the_role_hello_is_told_and_the_refusal_once_in_five_minutes() {
    let fake = three();
    for n in 0..3 {
        fake.with(&host(n), |node| node.manner = Manner::Denied);
    }
    let mut rig = Rig::new(fake);
    let set = rig.poll().await;
    assert!(set.config.is_none() && set.members.iter().all(|m| m.speaks().is_some() && m.status.is_none()));
    assert!(set.members.iter().all(|m| m.status_fault.as_ref().is_some_and(|f| f.kind == FaultKind::Denied)));
    rig.fake.counts();
    advance(Duration::from_secs(60)).await;
    let set = rig.poll().await;
    assert!(set.members.iter().all(|m| m.status_fault.is_some()), "it is still said");
    assert_eq!(rig.fake.counts(), BTreeMap::from([("hello", 3)]));
    // The role is granted; who asks for it sees it at once.
    for n in 0..3 {
        rig.fake.with(&host(n), |node| node.manner = Manner::Well);
    }
    rig.context.asked = true;
    let set = rig.poll().await;
    assert!(set.config.is_some() && set.members.iter().all(|m| m.status.is_some() && m.status_fault.is_none()));
    rig.context.asked = false;
    rig.poll().await;
    assert_eq!(rig.fake.counts().get("serverStatus"), Some(&3));
}

#[tokio::test(start_paused = true)]
async fn a_higher_term_is_an_election_whose_winner_may_be_told_later() {
    let mut rig = Rig::new(three());
    assert!(rig.poll().await.elections.is_empty(), "what was before nobody saw");
    rig.fake.with("m0:27017", |node| node.manner = Manner::Dead);
    for n in 1..3 {
        rig.fake.with(&host(n), |old| *old = node(n, 9, 42));
    }
    advance(Duration::from_secs(10)).await;
    let set = rig.poll().await;
    let election = &set.elections[0];
    assert_eq!((election.term, election.winner.as_deref(), set.primary().is_none()), (42, None, true));
    let won = rig.context.clock.now();
    advance(Duration::from_secs(5)).await;
    for n in 1..3 {
        rig.fake.with(&host(n), |old| *old = node(n, 2, 42));
    }
    rig.fake.with("m2:27017", |node| node.status.members[2].elected_at = Some(won));
    let set = rig.poll().await;
    assert_eq!(set.elections.len(), 1);
    let election = &set.elections[0];
    let told = (election.winner.as_deref(), election.reason.as_deref(), election.at);
    assert_eq!(told, (Some("m2:27017"), Some("electionTimeout"), won));
}

#[tokio::test(start_paused = true)]
async fn without_the_role_the_election_is_read_off_the_id_of_the_new_primary() {
    let mut rig = Rig::new(three());
    let lead = |rig: &Rig, leader: usize, term: &str| {
        for n in 0..3 {
            rig.fake.with(&host(n), |node| {
                node.manner = Manner::Denied;
                node.hello.role = if n == leader { Role::Primary } else { Role::Secondary };
                node.hello.election_id = (n == leader).then(|| Text::from(format!("7fffffff{term}")));
            });
        }
    };
    lead(&rig, 0, "0000000000000029");
    assert!(rig.poll().await.elections.is_empty());
    lead(&rig, 1, "000000000000002a");
    let set = rig.poll().await;
    assert_eq!(
        set.elections.iter().map(|e| (e.term, e.winner.as_deref())).collect::<Vec<_>>(),
        [(42, Some("m1:27017"))]
    );
}

#[tokio::test(start_paused = true)]
async fn members_that_leave_and_hidden_ones_that_only_status_tells_of() {
    let fake = three();
    for n in 0..2 {
        fake.with(&host(n), |node| node.hello.hosts = vec![host(0), host(1)]);
    }
    let mut rig = Rig::new(fake);
    assert_eq!(hosts(&rig.poll().await), ["m0:27017", "m1:27017", "m2:27017"], "one is hidden");
    for n in 0..3 {
        rig.fake.with(&host(n), |node| {
            node.hello.hosts = vec![host(0), host(1)];
            node.status.members.truncate(2);
            node.status.members.iter_mut().for_each(|peer| peer.config_version = Some(6));
        });
    }
    rig.fake.reconfigured(|config| {
        config.version = Some(6);
        config.members.truncate(2);
    });
    rig.poll().await;
    assert_eq!(hosts(&rig.poll().await), ["m0:27017", "m1:27017"], "it was taken out of the set");
}

#[tokio::test(start_paused = true)]
async fn a_poll_fails_when_nobody_answers_and_a_silent_set_beside_another_is_a_gap() {
    let mut rig = Rig::new(three());
    rig.context = rig.fake.context(&["ehr", "audit"]);
    let snapshot = rig.read().await.expect("one of two answers");
    let gap = &snapshot.gaps[0];
    assert_eq!((gap.kind, gap.extent().as_str()), ("replica-set", "0 of 1 members of audit"));
    let facts = snapshot.data.downcast_ref::<MongoFacts>().expect("facts");
    assert_eq!(facts.sets.iter().map(|set| set.members.len()).collect::<Vec<_>>(), [3, 1]);
    for n in 0..3 {
        rig.fake.with(&host(n), |node| node.manner = Manner::Dead);
    }
    let fault = rig.read().await.map(drop).unwrap_err();
    assert_eq!((fault.kind, fault.action), (FaultKind::Unreachable, "hello"));
    assert_eq!(
        fault.message.as_str(),
        "ehr: no member answers; connection refused; audit: no member answers; connection refused"
    );
    rig.fake.with("m2:27017", |node| node.manner = Manner::Well);
    let snapshot = rig.read().await.expect("it is back");
    let facts = snapshot.data.downcast_ref::<MongoFacts>().expect("facts");
    assert_eq!(hosts(&facts.sets[0]).len(), 3, "nobody was forgotten meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_set_whose_name_leads_nowhere_is_known_with_the_reason() {
    let mut rig = Rig::new(three());
    rig.context = rig.fake.context(&["ehr", "nowhere"]);
    let snapshot = rig.read().await.expect("one of two answers");
    assert_eq!(snapshot.gaps[0].fault.message.as_str(), "nowhere: there is no SRV record _mongodb._tcp.nowhere");
    let facts = snapshot.data.downcast_ref::<MongoFacts>().expect("facts");
    let unasked: Vec<_> = facts.sets.iter().map(|set| set.unasked.as_ref().map(|fault| fault.kind)).collect();
    assert_eq!(unasked, [None, Some(FaultKind::Unreachable)]);
    // Who was asked and does not answer, was asked.
    for n in 0..3 {
        rig.fake.with(&host(n), |node| node.manner = Manner::Dead);
    }
    let fault = rig.read().await.map(drop).unwrap_err();
    let message = "ehr: no member answers; connection refused; nowhere: there is no SRV record _mongodb._tcp.nowhere";
    assert_eq!(fault.message.as_str(), message);
    assert!(rig.feed.sets.iter().map(|watch| watch.set.unasked.is_some()).eq([false, true]));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_refused_alone_is_a_gap_until_it_is_answered() {
    for (command, gap) in [
        ("serverStatus", "2 of 3 figures of ehr: serverStatus: denied: not authorized"),
        ("find local.oplog.rs", "2 of 3 oplogs of ehr: find local.oplog.rs: denied: not authorized"),
        ("replSetGetConfig", "0 of 1 configurations of ehr: replSetGetConfig: denied: not authorized"),
    ] {
        let mut rig = Rig::new(three());
        // Who is asked for the configuration is one of those that know the newest, the primary first.
        rig.fake.with("m0:27017", |node| node.manner = Manner::Refuses(command));
        let told = |snapshot: Snapshot| -> Vec<String> {
            snapshot.gaps.iter().map(|gap| format!("{}: {}", gap.extent(), gap.fault)).collect()
        };
        assert_eq!(told(rig.read().await.expect("all answer")), [gap]);
        assert_eq!(told(rig.read().await.expect("all answer")), [gap], "it is not asked again for a while");
        rig.fake.with("m0:27017", |node| node.manner = Manner::Well);
        advance(Duration::from_mins(6)).await;
        assert_eq!(told(rig.read().await.expect("all answer")), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_sets_nobody_is_asked() {
    let mut rig = Rig::new(three());
    rig.context = rig.fake.context(&[]);
    let snapshot = rig.read().await.expect("nothing to read");
    assert!(snapshot.data.downcast_ref::<MongoFacts>().is_some_and(|facts| facts.sets.is_empty()));
    assert!(snapshot.gaps.is_empty() && rig.fake.counts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn counters_grow_and_samples_are_kept_for_a_while() {
    let mut rig = Rig::new(three());
    let serve = |rig: &Rig, uptime, asserts| {
        rig.fake.with("m0:27017", |node| {
            node.server.uptime = Some(uptime);
            node.server.regular_asserts = Some(asserts);
            node.server.connections = Connections { current: Some(40), available: Some(800) };
        });
    };
    for (uptime, asserts, grown) in [(100, 7, 0), (130, 9, 2), (160, 9, 0), (1, 3, 3)] {
        serve(&rig, uptime, asserts);
        assert_eq!(rig.poll().await.members[0].rising.regular_asserts, grown);
        advance(Duration::from_secs(30)).await;
    }
    rig.fake.with("m1:27017", |node| node.hello.last_write_at = Some(Timestamp::from_secs(START - 7)));
    let mut set = rig.poll().await;
    for _ in 0..70 {
        advance(Duration::from_secs(1)).await;
        set = rig.poll().await;
    }
    let history = &set.members[1].history;
    assert_eq!((history.len(), history[0].lag), (60, Some(7.0)));
    let read: Vec<_> = set.members[0].history.iter().filter_map(|sample| sample.connections).collect();
    assert_eq!(read, [40, 40], "as often as they were read");
}

#[tokio::test(start_paused = true)]
async fn a_single_reading_waits_for_the_password_and_the_console_never_does() {
    let slow = |seconds| {
        let fake = three();
        fake.0.lock().unwrap().password = Some(Duration::from_secs(seconds));
        Rig::new(fake)
    };
    let mut console = slow(8);
    let began = Instant::now();
    let set = console.poll().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(set.members.iter().all(|member| member.speaks().is_some() && member.status.is_none()));

    for (seconds, limit, waited, is_told) in [(8, 60, 8, true), (8, 9, 4, false)] {
        let Rig { context, .. } = slow(seconds);
        let (began, limit) = (Instant::now(), Duration::from_secs(limit));
        let budgets = std::sync::Arc::new(Budgets::default());
        let read = once(0, &context.stack, &context.backend, &budgets, &context.clock, &["mongo"], limit).await;
        assert_eq!(began.elapsed(), Duration::from_secs(waited));
        let snapshot = read.into_iter().next().and_then(|fetched| fetched.result.ok()).expect("somebody answered");
        assert_eq!(snapshot.gaps.is_empty(), is_told, "{:?}", snapshot.gaps);
    }
}

#[tokio::test(start_paused = true)]
async fn what_members_refuse_to_tell_is_a_gap_for_each_reason() {
    let mut rig = Rig::new(three());
    rig.fake.with("m0:27017", |node| node.manner = Manner::Denied);
    rig.fake.with("m1:27017", |node| node.manner = Manner::Denied);
    let told = |snapshot: Snapshot| -> Vec<String> {
        snapshot.gaps.iter().map(|gap| format!("{}: {}", gap.extent(), gap.fault)).collect()
    };
    let refused = "1 of 3 statuses of ehr: replSetGetStatus: denied: not authorized";
    assert_eq!(told(rig.read().await.expect("all answer hello")), [refused]);
    // It is not asked again for a while, and still not known.
    assert_eq!(told(rig.read().await.expect("all answer hello")), [refused]);
    for n in 0..2 {
        rig.fake.with(&host(n), |node| (node.manner, node.hello.role) = (Manner::Denied, Role::Arbiter));
    }
    assert_eq!(told(rig.read().await.expect("all answer hello")), [""; 0], "arbiters hold no users");
}
