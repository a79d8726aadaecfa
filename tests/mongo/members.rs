//! What members of a real set answer, and what is told of one that is killed or frozen.

use std::io::Write;
use std::time::{Duration, Instant};

use mongodb::bson::doc;
use rounds::backend::ports::Mongo;
use rounds::model::FaultKind;
use rounds::model::mongo::{MemberState, Role};
use rounds::time::{Clock, SystemClock};

use crate::mongod::{Plan, ReplicaSet, program, until};
use crate::{TURN, configured, driver};

/// The most that an answer to `serverStatus` may take, in bytes.
const MOST: usize = 8_000;

#[tokio::test]
async fn members_are_asked_one_by_one_and_a_lost_one_holds_nobody_up() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![2.0, 1.0, 1.0], election_ms: Some(5_000), ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    let (port, hosts) = (driver(&configured(&set.uri())), set.hosts());
    assert_eq!(port.seeds("rounds").await.unwrap(), hosts);
    everything_is_answered(&set, &port).await;

    // Frozen: the connection stands, and nothing comes.
    set.nodes[1].signal("STOP");
    let begun = Instant::now();
    let (frozen, other) = tokio::join!(async { (port.hello("rounds", &hosts[1]).await, begun.elapsed()) }, async {
        (port.hello("rounds", &hosts[2]).await, begun.elapsed())
    });
    assert_eq!(frozen.0.unwrap_err().kind, FaultKind::Timeout);
    assert!((Duration::from_millis(1_900)..Duration::from_secs(3)).contains(&frozen.1), "{:?}", frozen.1);
    assert!(other.0.is_ok() && other.1 < Duration::from_secs(1), "{other:?}");
    // A new connection to it comes about, and is not answered either.
    assert_eq!(port.hello("rounds", &hosts[1]).await.unwrap_err().kind, FaultKind::Timeout);
    set.nodes[1].signal("CONT");
    until("the frozen member answers again", async || port.hello("rounds", &hosts[1]).await.is_ok()).await;

    // Dead: the connection breaks, and nobody listens.
    set.nodes[2].signal("KILL");
    for _ in 0..3 {
        let begun = Instant::now();
        let fault = port.hello("rounds", &hosts[2]).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(begun.elapsed() < Duration::from_millis(2_500), "{:?}", begun.elapsed());
    }
    until("the primary sees it dead", async || {
        let status = port.status("rounds", &hosts[0]).await.unwrap();
        let dead = status.members.iter().find(|member| member.host == *hosts[2].as_str()).unwrap();
        dead.state == MemberState::Down && dead.is_healthy == Some(false) && dead.optime_at.is_none()
    })
    .await;
}

async fn everything_is_answered(set: &ReplicaSet, port: &impl Mongo) {
    let (hosts, now) = (set.hosts(), SystemClock.now());
    for (nth, host) in hosts.iter().enumerate() {
        let hello = port.hello("rounds", host).await.unwrap();
        assert_eq!((hello.set_name.as_deref(), hello.me.as_deref()), (Some("rounds"), Some(host.as_str())));
        assert_eq!(hello.role, if nth == 0 { Role::Primary } else { Role::Secondary });
        assert_eq!((hello.hosts.len(), hello.primary.as_deref()), (3, Some(hosts[0].as_str())));
        assert_eq!(hello.tags["az"].as_str(), format!("zone-{nth}"));
        assert!(now.since(hello.last_write_at.unwrap()) < Duration::from_mins(1) && hello.is_protected, "{hello:?}");
        let status = port.status("rounds", host).await.unwrap();
        assert_eq!((status.members.len(), status.majority_vote_count), (3, Some(2)));
        assert_eq!((status.voting_members, status.writable_voting_members), (Some(3), Some(3)));
        assert!(status.term.unwrap() >= 1 && status.members[nth].is_self, "{status:?}");
        assert_eq!(status.election_reason.is_some(), nth == 0, "the winner knows why");
        let config = port.config("rounds", host).await.unwrap();
        assert_eq!((config.name.as_str(), config.election_timeout_ms), ("rounds", Some(5_000)));
        assert_eq!((config.members[0].priority, config.members[2].votes), (Some(2.0), Some(1)));
        let server = port.server("rounds", host).await.unwrap();
        assert!(server.version.unwrap().starts_with(char::is_numeric));
        assert!(server.connections.current.unwrap() > 0 && server.connections.available.unwrap() > 0);
        assert!(server.regular_asserts.is_some() && server.flow_control.is_lagged.is_some());
        assert_eq!((server.read_tickets, server.write_tickets), (None, None), "wiredTiger is not asked for");
        let oplog = port.oplog("rounds", host).await.unwrap();
        assert!(oplog.first_at.unwrap() <= oplog.last_at.unwrap(), "{oplog:?}");
    }
    let answer = server_status(set).await;
    let weights: Vec<String> = answer
        .iter()
        .filter_map(|(key, value)| {
            let size = doc! { key: value.clone() }.to_vec().ok()?.len();
            (size > 200).then(|| format!("{key} {size}"))
        })
        .collect();
    let size = answer.to_vec().unwrap().len();
    // Past the capture of the test harness, so that it is seen.
    writeln!(std::io::stderr(), "serverStatus: {size} bytes of {MOST}").expect("stderr");
    assert!(size < MOST, "{size}: {weights:?}");
}

/// The whole answer to what is asked for, which the port does not give away.
async fn server_status(set: &ReplicaSet) -> mongodb::bson::Document {
    let command = rounds::backend::mongo::server_status();
    set.client(0, None).database("admin").run_command(command).await.unwrap()
}
