//! From BSON to the model: every field may be absent, of another type, or strange. A number may come as any of three types.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document};

use crate::model::mongo::{
    Connections, FlowControl, Hello, MemberConfig, MemberState, Peer, Role, ServerStatus, SetConfig, Status, Tickets,
};
use crate::text::Text;
use crate::time::Timestamp;

/// Members that are read of one answer; a set has 50 at most (MongoDB limits).
const MAX_MEMBERS: usize = 64;

/// Tags that are read of a member.
const MAX_TAGS: usize = 32;

/// Of `hello`; whether the connection is protected is not in it.
pub(super) fn hello(answer: &Document) -> Hello {
    let arbiters = texts(answer, "arbiters");
    let hosts = ["hosts", "passives", "arbiters"].into_iter().flat_map(|key| texts(answer, key)).take(MAX_MEMBERS);
    let last_write = document(answer, "lastWrite");
    let role = match () {
        () if truth(answer, "isWritablePrimary") == Some(true) => Role::Primary,
        () if truth(answer, "secondary") == Some(true) => Role::Secondary,
        () if truth(answer, "arbiterOnly") == Some(true) => Role::Arbiter,
        () => Role::Other,
    };
    Hello {
        set_name: text(answer, "setName"),
        set_version: integer(answer, "setVersion"),
        me: text(answer, "me"),
        hosts: hosts.collect(),
        arbiters,
        primary: text(answer, "primary"),
        role,
        is_hidden: truth(answer, "hidden") == Some(true),
        is_passive: truth(answer, "passive") == Some(true),
        delay: delay(answer),
        election_id: match answer.get("electionId") {
            Some(Bson::ObjectId(id)) => Some(Text::from(id.to_hex())),
            _ => None,
        },
        tags: tags(answer),
        last_write_at: last_write.and_then(|write| time(write, "lastWriteDate")),
        majority_write_at: last_write.and_then(|write| time(write, "majorityWriteDate")),
        local_time: time(answer, "localTime"),
        is_protected: false,
    }
}

/// Of `replSetGetStatus`.
pub(super) fn status(answer: &Document) -> Status {
    let election = document(answer, "electionCandidateMetrics");
    Status {
        set: text(answer, "set"),
        date: time(answer, "date"),
        my_state: state(answer, "myState"),
        term: integer(answer, "term"),
        heartbeat_interval_ms: count(answer, "heartbeatIntervalMillis"),
        majority_vote_count: small(answer, "majorityVoteCount"),
        write_majority_count: small(answer, "writeMajorityCount"),
        voting_members: small(answer, "votingMembersCount"),
        writable_voting_members: small(answer, "writableVotingMembersCount"),
        election_reason: election.and_then(|election| text(election, "lastElectionReason")),
        election_at: election.and_then(|election| time(election, "lastElectionDate")),
        members: documents(answer, "members").map(peer).collect(),
    }
}

fn peer(member: &Document) -> Peer {
    Peer {
        host: text(member, "name").unwrap_or_default(),
        is_healthy: truth(member, "health"),
        state: state(member, "state"),
        is_self: truth(member, "self") == Some(true),
        optime_at: time(member, "optimeDate"),
        applied_at: time(member, "lastAppliedWallTime"),
        heartbeat_at: time(member, "lastHeartbeat"),
        heartbeat_received_at: time(member, "lastHeartbeatRecv"),
        heartbeat_message: text(member, "lastHeartbeatMessage"),
        ping_ms: count(member, "pingMs"),
        sync_source: text(member, "syncSourceHost"),
        elected_at: time(member, "electionDate"),
        config_version: integer(member, "configVersion"),
        config_term: integer(member, "configTerm"),
        uptime: count(member, "uptime"),
    }
}

/// Of `replSetGetConfig`; none where there is no configuration in it.
pub(super) fn config(answer: &Document) -> Option<SetConfig> {
    let config = document(answer, "config")?;
    let settings = document(config, "settings");
    let setting = |key| settings.and_then(|settings| count(settings, key));
    Some(SetConfig {
        name: text(config, "_id").unwrap_or_default(),
        version: integer(config, "version"),
        term: integer(config, "term"),
        election_timeout_ms: setting("electionTimeoutMillis"),
        heartbeat_interval_ms: setting("heartbeatIntervalMillis"),
        heartbeat_timeout_secs: setting("heartbeatTimeoutSecs"),
        chaining_allowed: settings.and_then(|settings| truth(settings, "chainingAllowed")),
        members: documents(config, "members").map(member).collect(),
    })
}

fn member(member: &Document) -> MemberConfig {
    MemberConfig {
        host: text(member, "host").unwrap_or_default(),
        priority: number(member, "priority"),
        votes: small(member, "votes"),
        is_arbiter: truth(member, "arbiterOnly") == Some(true),
        is_hidden: truth(member, "hidden") == Some(true),
        builds_indexes: truth(member, "buildIndexes") != Some(false),
        delay: delay(member).unwrap_or(0),
        tags: tags(member),
    }
}

/// Of `serverStatus`.
pub(super) fn server(answer: &Document) -> ServerStatus {
    let asserts = document(answer, "asserts");
    let connections = document(answer, "connections");
    let flow = document(answer, "flowControl");
    let queues = document(answer, "queues").and_then(|queues| document(queues, "execution"));
    let tickets = |kind| {
        let of = document(queues?, kind)?;
        Some(Tickets { available: count(of, "available")?, total: count(of, "totalTickets")? })
    };
    ServerStatus {
        version: text(answer, "version"),
        uptime: count(answer, "uptime"),
        connections: Connections {
            current: connections.and_then(|of| small(of, "current")),
            available: connections.and_then(|of| small(of, "available")),
        },
        regular_asserts: asserts.and_then(|of| count(of, "regular")),
        rollovers: asserts.and_then(|of| count(of, "rollovers")),
        flow_control: FlowControl {
            is_lagged: flow.and_then(|of| truth(of, "isLagged")),
            target_rate_limit: flow.and_then(|of| count(of, "targetRateLimit")),
        },
        read_tickets: tickets("read"),
        write_tickets: tickets("write"),
    }
}

/// The time of the one entry that was asked for.
pub(super) fn oplog_end(answer: &Document) -> Option<Timestamp> {
    match documents(document(answer, "cursor")?, "firstBatch").next()?.get("ts")? {
        Bson::Timestamp(ts) if ts.time > 0 => Some(Timestamp::from_secs(i64::from(ts.time))),
        _ => None,
    }
}

fn document<'a>(of: &'a Document, key: &str) -> Option<&'a Document> {
    of.get(key)?.as_document()
}

fn documents<'a>(of: &'a Document, key: &str) -> impl Iterator<Item = &'a Document> {
    let items = of.get(key).and_then(Bson::as_array);
    items.into_iter().flatten().filter_map(Bson::as_document).take(MAX_MEMBERS)
}

/// Text that is not empty: MongoDB sends empty strings for what there is none of.
fn text(of: &Document, key: &str) -> Option<Text> {
    of.get(key)?.as_str().filter(|text| !text.is_empty()).map(Text::from)
}

fn texts(of: &Document, key: &str) -> Vec<Text> {
    let items = of.get(key).and_then(Bson::as_array);
    items.into_iter().flatten().filter_map(Bson::as_str).take(MAX_MEMBERS).map(Text::from).collect()
}

fn tags(of: &Document) -> BTreeMap<Text, Text> {
    let tags = document(of, "tags").into_iter().flatten().take(MAX_TAGS);
    tags.filter_map(|(key, value)| Some((Text::from(key), Text::from(value.as_str()?)))).collect()
}

fn number(of: &Document, key: &str) -> Option<f64> {
    match of.get(key)? {
        Bson::Int32(n) => Some(f64::from(*n)),
        Bson::Int64(n) => i32::try_from(*n).ok().map(f64::from),
        Bson::Double(n) => Some(*n).filter(|n| n.is_finite()),
        _ => None,
    }
}

/// A whole number; the fraction of another one is cut off.
fn integer(of: &Document, key: &str) -> Option<i64> {
    match of.get(key)? {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        // 2^53: beyond it a double does not tell one number from the next.
        Bson::Double(n) if n.abs() <= 9_007_199_254_740_992.0 => format!("{:.0}", n.trunc()).parse().ok(),
        _ => None,
    }
}

fn count(of: &Document, key: &str) -> Option<u64> {
    integer(of, key).and_then(|n| u64::try_from(n).ok())
}

fn small(of: &Document, key: &str) -> Option<u32> {
    integer(of, key).and_then(|n| u32::try_from(n).ok())
}

/// True or false, or a number that stands for it, as in `health`.
fn truth(of: &Document, key: &str) -> Option<bool> {
    match of.get(key)? {
        Bson::Boolean(truth) => Some(*truth),
        _ => number(of, key).map(|n| n != 0.0),
    }
}

/// A time; 1970, which is what members that are down have, is none.
fn time(of: &Document, key: &str) -> Option<Timestamp> {
    let at = of.get(key)?.as_datetime()?.timestamp_millis();
    (at > 0).then(|| Timestamp::from_millis(at))
}

fn state(of: &Document, key: &str) -> MemberState {
    integer(of, key).map_or(MemberState::Unknown, MemberState::of)
}

/// `secondaryDelaySecs`, which was `slaveDelay` before 5.0.
fn delay(of: &Document) -> Option<u64> {
    count(of, "secondaryDelaySecs").or_else(|| count(of, "slaveDelay"))
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{DateTime, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn nothing_is_made_of_nothing() {
        let nothing = doc! { "ok": 1 };
        assert_eq!(hello(&nothing), Hello::default());
        assert_eq!(status(&nothing), Status::default());
        assert_eq!(server(&nothing), ServerStatus::default());
        assert_eq!((config(&nothing), oplog_end(&nothing)), (None, None));
        let bare = config(&doc! { "config": { "members": [{}] } }).unwrap();
        assert_eq!((bare.members[0].votes, bare.members[0].builds_indexes), (None, true));
    }

    #[test]
    fn another_type_is_as_good_as_nothing() {
        let wrong = doc! {
            "setName": 3, "setVersion": "x", "hosts": "m0", "tags": [1], "lastWrite": { "lastWriteDate": 5 },
            "secondary": "yes", "electionId": "1", "myState": "2", "members": [1, "x", { "name": 1, "state": 1e300 }],
            "connections": 4, "asserts": { "regular": -1 }, "term": f64::NAN, "localTime": DateTime::from_millis(0),
        };
        let read = hello(&wrong);
        assert_eq!(read, Hello::default());
        let read = status(&wrong);
        assert_eq!((read.term, read.my_state, read.members.len()), (None, MemberState::Unknown, 1));
        assert_eq!(read.members[0], Peer::default());
        assert_eq!(server(&wrong), ServerStatus::default());
    }

    #[test]
    fn numbers_come_in_three_types() {
        for n in [Bson::Int32(7), Bson::Int64(7), Bson::Double(7.9)] {
            let read = status(&doc! { "term": n.clone(), "myState": n.clone(), "majorityVoteCount": n });
            assert_eq!((read.term, read.my_state, read.majority_vote_count), (Some(7), MemberState::Arbiter, Some(7)));
        }
        assert_eq!(status(&doc! { "myState": 42 }).my_state, MemberState::Unknown);
        assert_eq!(status(&doc! { "members": [{ "health": 0.0, "state": 8 }] }).members[0].is_healthy, Some(false));
    }

    #[test]
    fn a_hello_is_read_whole() {
        let at = DateTime::from_millis(1_700_000_000_000);
        let read = hello(&doc! {
            "setName": "ehr", "setVersion": 3, "me": "m0:1", "hosts": ["m0:1"], "passives": ["m1:1"],
            "arbiters": ["a:1"], "primary": "m0:1", "isWritablePrimary": true, "secondary": false,
            "electionId": ObjectId::from_bytes([1; 12]), "tags": { "az": "us-east-1a", "n": 3 },
            "lastWrite": { "lastWriteDate": at, "majorityWriteDate": DateTime::from_millis(0) }, "localTime": at,
        });
        assert_eq!((read.hosts.len(), read.arbiters.len(), read.role), (3, 1, Role::Primary));
        assert_eq!(read.tags, BTreeMap::from([(Text::from("az"), Text::from("us-east-1a"))]));
        assert_eq!(read.last_write_at, Some(Timestamp::from_secs(1_700_000_000)));
        assert_eq!((read.majority_write_at, read.election_id.unwrap().len()), (None, 24));
    }

    #[test]
    fn an_answer_without_end_is_read_so_far() {
        let many: Vec<String> = (0..10_000).map(|n| format!("m{n}:27017")).collect();
        let tags: Document = (0..10_000).map(|n| (format!("t{n}"), Bson::from("x"))).collect();
        let read = hello(&doc! { "hosts": many, "tags": tags });
        assert_eq!((read.hosts.len(), read.tags.len()), (MAX_MEMBERS, MAX_TAGS));
        let members = vec![doc! { "name": "m\u{1b}[2J" }; 10_000];
        let read = status(&doc! { "members": members });
        assert_eq!((read.members.len(), read.members[0].host.as_str()), (MAX_MEMBERS, "m␛[2J"));
    }

    #[test]
    fn tickets_are_those_of_the_queues() {
        let of = |n: i32| doc! { "read": { "available": n, "totalTickets": 128 } };
        let read = server(&doc! { "queues": { "execution": of(6) } });
        assert_eq!((read.read_tickets, read.write_tickets), (Some(Tickets { available: 6, total: 128 }), None));
    }
}
