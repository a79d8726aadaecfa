use std::time::Duration;

use super::checks::Ground;
use super::*;
use crate::action::{Look, Stage};
use crate::model::rds::{ClusterMember, DbCluster, DbInstance, PartsRead, PendingChange};

use Level::{Block, Pass, Warn};

fn now() -> Timestamp {
    Timestamp::from_secs(1_773_457_200)
}

fn ago(minutes: u64) -> Timestamp {
    now() - Duration::from_secs(60 * minutes)
}

fn event(source: &str, at: Option<Timestamp>, message: &str) -> Event {
    Event { at, source: Text::from(source), message: Text::from(message), ..Event::default() }
}

/// An instance with a standby behind a proxy, and a cluster of a writer and two readers behind another one.
fn rds() -> RdsFacts {
    let read = Some(now());
    let instance = |id: &str, cluster: Option<&str>| DbInstance {
        id: Text::from(id),
        arn: Text::from(format!("arn:aws:rds:r:1:db:{id}")),
        status: Some(Text::from("available")),
        class: Some(Text::from("db.r6g.large")),
        az: Some(Text::from("za")),
        standby_az: cluster.is_none().then(|| Text::from("zb")),
        multi_az: Some(cluster.is_none()),
        cluster: cluster.map(Text::from),
        restorable_at: Some(ago(3)),
        ..DbInstance::default()
    };
    let member = |id: &str, tier: u32, is_writer: bool| ClusterMember {
        instance: Text::from(id),
        is_writer: Some(is_writer),
        promotion_tier: Some(tier),
        ..ClusterMember::default()
    };
    let target = |id: &str, cluster: Option<&str>| Target {
        id: Some(Text::from(id)),
        cluster: cluster.map(Text::from),
        state: Some(Text::from("AVAILABLE")),
        ..Target::default()
    };
    let proxy = |name: &str, targets: Vec<Target>| Proxy {
        name: Text::from(name),
        targets,
        targets_at: read,
        ..Proxy::default()
    };
    RdsFacts {
        instances: vec![
            instance("claims", None),
            instance("ws-1", Some("ws")),
            instance("ws-2", Some("ws")),
            instance("ws-3", Some("ws")),
        ],
        clusters: vec![DbCluster {
            id: Text::from("ws"),
            arn: Text::from("arn:aws:rds:r:1:cluster:ws"),
            status: Some(Text::from("available")),
            engine: Some(Text::from("aurora-postgresql")),
            members: vec![member("ws-1", 1, true), member("ws-2", 2, false), member("ws-3", 1, false)],
            restorable_at: Some(ago(3)),
            ..DbCluster::default()
        }],
        proxies: vec![
            proxy("claims-proxy", vec![target("claims", None)]),
            proxy("ws-proxy", vec![target("ws-1", Some("ws")), target("ws-2", Some("ws"))]),
        ],
        read_at: PartsRead { instances: read, clusters: read, events: read, maintenance: read, proxies: read },
        ..RdsFacts::default()
    }
}

/// A world with this change.
fn with(change: impl FnOnce(&mut RdsFacts)) -> RdsFacts {
    let mut rds = rds();
    change(&mut rds);
    rds
}

fn checks_of(rds: &RdsFacts) -> Vec<Check> {
    let claims = &rds.instances[0];
    let ground = Ground {
        rds,
        id: &claims.id,
        status: claims.status.as_ref(),
        restorable_at: claims.restorable_at,
        pending: &claims.pending,
        now: now(),
    };
    std::iter::once(instance::standby(claims)).chain(ground.checks()).collect()
}

fn waiting(name: &'static str) -> Vec<PendingChange> {
    vec![PendingChange { name, value: Text::from("x") }]
}

#[test]
fn an_instance_must_have_a_standby_and_peace() {
    const DONE: &str = "Multi-AZ instance failover completed.";
    type Change = fn(&mut RdsFacts);
    let cases: [(&str, Level, Change); 23] = [
        ("standby", Pass, |_| {}),
        ("standby", Warn, |r| r.instances[0].standby_az = None),
        ("standby", Block, |r| r.instances[0].multi_az = Some(false)),
        ("standby", Block, |r| r.instances[0].multi_az = None),
        ("standby", Block, |r| r.instances[0].cluster = Some(Text::from("ws"))),
        ("status", Pass, |_| {}),
        ("status", Block, |r| r.instances[0].status = Some(Text::from("storage-optimization"))),
        ("status", Block, |r| r.instances[0].status = None),
        ("recent", Pass, |r| r.events = vec![event("claims", Some(ago(31)), DONE)]),
        ("recent", Pass, |r| r.events = vec![event("ws", Some(ago(5)), DONE)]),
        ("recent", Block, |r| r.events = vec![event("claims", Some(ago(29)), DONE)]),
        ("recent", Block, |r| r.events = vec![event("claims", None, DONE)]),
        ("recent", Block, |r| r.read_at.events = None),
        ("restorable", Pass, |_| {}),
        ("restorable", Warn, |r| r.instances[0].restorable_at = Some(ago(20))),
        ("restorable", Warn, |r| r.instances[0].restorable_at = None),
        ("storage", Pass, |r| r.instances[0].pending = waiting("DBInstanceClass")),
        ("storage", Block, |r| r.instances[0].pending = waiting("AllocatedStorage")),
        ("pending", Warn, |r| r.instances[0].pending = waiting("DBInstanceClass")),
        ("proxy", Pass, |_| {}),
        ("proxy", Warn, |r| r.proxies[0].targets[0].state = Some(Text::from("UNAVAILABLE"))),
        ("proxy", Warn, |r| r.proxies[1].targets_at = None),
        ("proxy", Warn, |r| r.read_at.proxies = None),
    ];
    for (n, (id, level, change)) in cases.into_iter().enumerate() {
        let checks = checks_of(&with(change));
        let found = checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(found.level, level, "{n}: {id}: {}", found.text);
    }
    let alone = checks_of(&with(|r| r.proxies.clear()));
    assert!(alone.iter().any(|check| check.text.contains("no proxy leads to it")));
}

#[test]
fn a_reader_that_is_available_takes_over() {
    type Change = fn(&mut RdsFacts);
    let cases: [(&str, Level, Change); 14] = [
        ("writer", Pass, |_| {}),
        ("writer", Block, |r| r.clusters[0].members[0].is_writer = None),
        ("reader", Pass, |_| {}),
        ("reader", Block, |r| r.clusters[0].members[1].is_writer = Some(true)),
        ("reader", Block, |r| r.clusters[0].members[1].is_writer = None),
        ("reader", Block, |r| r.instances[2].status = Some(Text::from("rebooting"))),
        ("reader", Block, |r| r.instances[2].status = None),
        ("reader", Block, |r| drop(r.instances.remove(2))),
        ("class", Pass, |_| {}),
        ("class", Warn, |r| r.instances[2].class = Some(Text::from("db.t4g.medium"))),
        ("class", Warn, |r| r.instances[2].class = None),
        ("replica", Pass, |_| {}),
        ("replica", Warn, |r| r.clusters[0].replica_of = Some(Text::from("arn:x"))),
        ("class", Warn, |r| r.clusters[0].members[0].is_writer = None),
    ];
    for (n, (id, level, change)) in cases.into_iter().enumerate() {
        let rds = with(change);
        let cluster = &rds.clusters[0];
        let scene = cluster::Scene { rds: &rds, cluster, member: &cluster.members[1] };
        let found = scene.checks().into_iter().find(|check| check.id == id).unwrap();
        assert_eq!(found.level, level, "{n}: {id}: {}", found.text);
    }
}

#[test]
fn the_best_reader_is_available_large_and_first_in_line() {
    let best = |change: fn(&mut RdsFacts)| {
        let rds = with(change);
        cluster::best(&rds, &rds.clusters[0]).map(|member| member.instance.to_string())
    };
    assert_eq!(best(|_| {}).as_deref(), Some("ws-3"));
    assert_eq!(best(|r| r.instances[3].class = Some(Text::from("db.t4g.medium"))).as_deref(), Some("ws-2"));
    assert_eq!(best(|r| r.instances[3].status = Some(Text::from("rebooting"))).as_deref(), Some("ws-2"));
    assert_eq!(best(|r| r.clusters[0].members.truncate(1)), None);
}

#[test]
fn an_instance_has_failed_over_once_events_zone_status_and_proxy_say_so() {
    let before = State(vec![("zone", Text::from("za")), (LAST, Text::from(ago(60).rfc3339()))]);
    let deed = instance::FailedOver {
        id: Text::from("claims"),
        arn: Text::from("arn:aws:rds:r:1:db:claims"),
        proxies: usable(&rds(), "claims"),
    };
    let began = || event("claims", Some(ago(2)), "Multi-AZ instance failover started.");
    let over = || event("claims", Some(ago(1)), "Multi-AZ instance failover completed.");
    let moved = |r: &mut RdsFacts| r.instances[0].az = Some(Text::from("zb"));
    let stage = |change: &dyn Fn(&mut RdsFacts)| deed.judge(&with(change), &before);
    let is = |look: Look, stage: Stage, words: &str| {
        assert!(look.stage == stage && look.text.contains(words), "{look:?}");
    };
    is(stage(&|_| {}), Stage::Unseen, "available in za, no event");
    // What was before tells nothing.
    is(
        stage(&|r| r.events = vec![event("claims", Some(ago(60)), "Multi-AZ instance failover completed.")]),
        Stage::Unseen,
        "",
    );
    is(
        stage(&|r| r.instances[0].status = Some(Text::from("rebooting"))),
        Stage::Going,
        "it is rebooting; no event says",
    );
    is(stage(&|r| r.events = vec![over(), began()]), Stage::Going, "its zone is still shown as za");
    is(stage(&|r| (moved(r), r.events = vec![began()]).1), Stage::Going, "no event says that it is over");
    is(stage(&moved), Stage::Going, "no event says that it is over");
    let late = |r: &mut RdsFacts| {
        moved(r);
        r.events = vec![over(), began()];
        r.proxies[0].targets[0].state = Some(Text::from("UNAVAILABLE"));
    };
    is(stage(&late), Stage::Going, "claims-proxy does not reach claims yet");
    is(stage(&|r| (moved(r), r.events = vec![over(), began()]).1), Stage::Done, "available in zb, was in za");
    let abandoned = "Abandoning user requested failover since a failover recently occurred on the database instance.";
    is(stage(&|r| r.events = vec![event("claims", Some(ago(1)), abandoned)]), Stage::Failed, "RDS does not do it");
    is(stage(&|r| drop(r.instances.remove(0))), Stage::Failed, "it is gone");
}

#[test]
fn a_cluster_has_failed_over_once_the_one_that_was_named_writes() {
    let before = State(vec![("writer", Text::from("ws-1"))]);
    let deed = cluster::FailedOver {
        id: Text::from("ws"),
        arn: Text::from("arn:aws:rds:r:1:cluster:ws"),
        to: Text::from("ws-2"),
        proxies: usable(&rds(), "ws"),
    };
    let began = || event("ws", Some(ago(2)), "Started cross AZ failover to DB instance: ws-2.");
    let over = || event("ws", Some(ago(1)), "Completed failover to DB instance: ws-2.");
    let writes = |r: &mut RdsFacts, n: usize| {
        r.clusters[0].members.iter_mut().enumerate().for_each(|(m, member)| member.is_writer = Some(m == n));
    };
    let is = |change: &dyn Fn(&mut RdsFacts), stage: Stage, words: &str| {
        let look = deed.judge(&with(change), &before);
        assert!(look.stage == stage && look.text.contains(words), "{look:?}");
    };
    is(&|_| {}, Stage::Unseen, "ws-1 writes, no event tells");
    is(&|r| r.clusters[0].status = Some(Text::from("failing-over")), Stage::Going, "it is failing-over");
    is(&|r| r.events = vec![began()], Stage::Going, "no event says that it is over; ws-1 writes");
    is(&|r| writes(r, 1), Stage::Going, "no event says that it is over");
    is(&|r| (writes(r, 1), r.events = vec![over(), began()]).1, Stage::Done, "ws-2 writes, ws-1 did");
    is(
        &|r| {
            writes(r, 1);
            r.events = vec![over(), began()];
            r.instances[1].status = Some(Text::from("rebooting"));
        },
        Stage::Going,
        "ws-1 is rebooting",
    );
    is(&|r| (writes(r, 2), r.events = vec![over()]).1, Stage::Failed, "ws-3 writes now, not ws-2");
    let vain = "Cluster failover failed, check the status of your cluster DB instances and try again.";
    is(&|r| r.events = vec![event("ws", Some(ago(1)), vain)], Stage::Failed, "it came to nothing");
    is(&|r| r.clusters.clear(), Stage::Failed, "it is gone");
}

#[test]
fn targets_are_written_as_in_the_table_or_as_arns() {
    let parse = |target| Aim::parse(target, "db", "an instance", "INSTANCE").map(|aim| aim.id.to_owned());
    assert_eq!(parse("claims"), Ok("claims".to_owned()));
    assert_eq!(parse("arn:aws:rds:r:1:db:claims"), Ok("claims".to_owned()));
    for wrong in ["", "a/b", "arn:aws:rds:r:1:cluster:claims", "arn:aws:ecs:r:1:db:claims", "a:b"] {
        assert!(parse(wrong).unwrap_err().to_string().contains("write it as in the table: INSTANCE"), "{wrong}");
    }
    let (rds, gap) = (rds(), ["denied".to_owned()]);
    let find = |target, gaps: &[String]| {
        let aim = Aim::parse(target, "db", "an instance", "INSTANCE").unwrap();
        aim.among(&rds.instances, gaps, "instance", |i| (&i.id, &i.arn)).map(|i| i.id.to_string())
    };
    assert_eq!(find("claims", &[]), Ok("claims".to_owned()));
    for (target, gaps, told) in [
        ("clams", &[][..], "there is no instance \"clams\""),
        ("clams", &gap[..], "is not known: denied"),
        ("arn:aws-cn:rds:r:1:db:claims", &[][..], "is not what is there: arn:aws:rds:r:1:db:claims"),
    ] {
        let error = find(target, gaps).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
