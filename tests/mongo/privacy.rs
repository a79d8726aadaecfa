//! What a member's answers hold and nobody is to read here comes out nowhere: documents of users in the oplog, fields that are not
//! asked for. The member here puts a canary wherever one could sit.

use std::fs;
use std::sync::{Arc, OnceLock};

use mongodb::bson::{DateTime, Document, Timestamp, doc};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{Clock, SystemClock};

use crate::binary::run;
use crate::mongo_wire::{Answer, Member};

const CANARY: &str = "canary-4f1d-never-shown";

/// The only member of a healthy set, which leads and tells too much.
fn told(command: &Document, host: &str) -> Document {
    let seconds = u32::try_from(SystemClock.now().millis() / 1_000).expect("before 2106");
    let at = Timestamp { time: seconds, increment: 1 };
    let date = DateTime::now();
    let optime = doc! { "ts": at, "t": 7_i64 };
    let mut answer = match command.keys().next().map_or("", String::as_str) {
        "replSetGetStatus" => doc! {
            "set": "rounds", "date": date, "myState": 1, "term": 7_i64,
            "members": [{
                "_id": 0, "name": host, "health": 1.0, "state": 1, "stateStr": "PRIMARY", "self": true,
                "optime": optime, "optimeDate": date, "configVersion": 1, "configTerm": 7, "note": CANARY,
            }],
        },
        "replSetGetConfig" => doc! {
            "config": {
                "_id": "rounds", "version": 1, "term": 7_i64,
                "members": [{ "_id": 0, "host": host, "priority": 1.0, "votes": 1, "note": CANARY }],
                "settings": { "note": CANARY },
            },
        },
        "serverStatus" => doc! {
            "host": host, "version": "6.0.5", "connections": { "current": 3, "available": 997, "note": CANARY },
            "security": { "user": CANARY }, "repl": { "setName": "rounds", "note": CANARY },
        },
        // Whatever it is asked to leave out.
        "find" => doc! {
            "cursor": {
                "id": 0_i64, "ns": "local.oplog.rs",
                "firstBatch": [{ "ts": at, "op": "i", "ns": "ehr.patients", "o": { "name": CANARY } }],
            },
        },
        _ => doc! {
            "isWritablePrimary": true, "ismaster": true, "secondary": false, "setName": "rounds", "setVersion": 1, "me": host,
            "hosts": [host], "primary": host, "minWireVersion": 0, "maxWireVersion": 17, "maxBsonObjectSize": 16_777_216,
            "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "localTime": date, "electionId": 7,
            "lastWrite": { "opTime": optime.clone(), "lastWriteDate": date, "majorityOpTime": optime, "majorityWriteDate": date },
        },
    };
    answer.insert("note", doc! { "deep": [CANARY] });
    answer.insert("ok", 1.0);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_tells_beside_comes_out_nowhere() {
    let host = Arc::<OnceLock<String>>::default();
    let known = Arc::clone(&host);
    let member = Member::answering(move |command| Answer::Whole(told(command, known.get().map_or("", String::as_str))));
    host.set(member.host.clone()).expect("once");
    let scenario = Scenario::sized(1, 1, 1);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let aws = serve(Sim::new(&scenario, 1, clock).backend(), Options::default()).await.expect("a port");
    let home = tempfile::tempdir().expect("a directory");
    let (config, log) = (home.path().join("rounds.toml"), home.path().join("log.json"));
    let uri = format!("mongodb://{}", member.host);
    let text = format!(
        "[[stack]]\nname = \"prod\"\nregion = \"us-east-1\"\n\n[[stack.mongo]]\nname = \"rounds\"\nuri = \"{uri}\"\n"
    );
    fs::write(&config, text).expect("written");
    for words in ["check --json", "check", "doctor --json", "export mongo --format json", "export mongo --format csv"] {
        let words = format!("{words} --config {} --log {}", config.display(), log.display());
        let run = run(&words, &aws.endpoint_url(), home.path()).await;
        assert!(!run.out.contains("canary") && !run.err.contains("canary"), "{words}: {run:?}");
        // It was heard: the set is in what is said.
        assert!(run.out.contains("rounds") && !run.out.contains("malformed"), "{words}: {run:?}");
    }
    let export = format!("export mongo --format json --config {}", config.display());
    let rows = run(&export, &aws.endpoint_url(), home.path()).await.document()["rows"].clone();
    let row = rows.as_array().expect("rows").iter().find(|row| row["member"] == member.host.as_str()).expect("its row");
    assert_eq!(row["state"], "PRIMARY", "{row}");
    assert!(!fs::read_to_string(&log).expect("a log").contains("canary"));
    let asked = member.received();
    for name in ["replSetGetStatus", "replSetGetConfig", "serverStatus", "find"] {
        assert!(asked.iter().any(|command| command.contains_key(name)), "{name} was never asked");
    }
}
