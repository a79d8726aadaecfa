//! A member that says what no `mongod` would.

use std::time::{Duration, Instant};

use mongodb::bson::{Bson, DateTime, Document, doc};
use rounds::backend::ports::Mongo;
use rounds::model::FaultKind;
use rounds::model::mongo::{Hello, MemberState, Password};

use crate::mongo_wire::{Answer, Member, is_handshake, message};
use crate::{configured, driver};

fn name(command: &Document) -> &str {
    command.keys().next().map_or("", String::as_str)
}

fn uri(member: &Member) -> String {
    format!("mongodb://{}", member.host)
}

/// What a command looks like without what the driver adds.
fn bare(mut command: Document) -> Document {
    for key in ["lsid", "$clusterTime", "$readPreference"] {
        command.remove(key);
    }
    command
}

#[tokio::test]
async fn the_commands_that_are_sent_are_these_and_no_others() {
    let member = Member::answering(|command| {
        Answer::Whole(match name(command) {
            "find" => doc! { "cursor": { "id": 0_i64, "ns": "local.oplog.rs", "firstBatch": [] }, "ok": 1 },
            "replSetGetConfig" => doc! { "config": {}, "ok": 1 },
            _ => doc! { "ok": 1 },
        })
    });
    let port = driver(&configured(&uri(&member)));
    let (set, host) = ("rounds", member.host.as_str());
    assert_eq!(port.seeds(set).await.unwrap(), [host]);
    let hello = port.hello(set, host).await.unwrap();
    assert_eq!(hello, Hello { is_protected: true, ..Hello::default() });
    port.status(set, host).await.unwrap();
    port.config(set, host).await.unwrap();
    port.server(set, host).await.unwrap();
    port.oplog(set, host).await.unwrap();
    drop(port);
    let (greetings, asked): (Vec<_>, Vec<_>) = member.received().into_iter().partition(is_handshake);
    assert!(greetings.iter().all(|greeting| matches!(name(greeting), "hello" | "isMaster")), "{greetings:?}");
    let mut asked: Vec<Document> = asked.into_iter().filter(|c| name(c) != "endSessions").map(bare).collect();
    let server = asked.remove(3);
    let sections: Vec<_> = server.iter().filter(|(key, _)| !matches!(key.as_str(), "serverStatus" | "$db")).collect();
    assert!(name(&server) == "serverStatus" && sections.iter().all(|(_, value)| **value == Bson::Int32(0)), "{server}");
    let end = |direction: i32| {
        let (projection, sort) = (doc! { "ts": 1, "_id": 0 }, doc! { "$natural": direction });
        doc! { "find": "oplog.rs", "projection": projection, "sort": sort, "limit": 1, "singleBatch": true, "$db": "local" }
    };
    let right = [
        doc! { "hello": 1, "$db": "admin" },
        doc! { "replSetGetStatus": 1, "$db": "admin" },
        doc! { "replSetGetConfig": 1, "$db": "admin" },
        end(1),
        end(-1),
    ];
    assert_eq!(asked, right);
}

#[tokio::test]
async fn absent_fields_unknown_states_and_1970_are_told_as_what_they_are() {
    let member = Member::answering(|_| {
        let of = |host: &str, state: i32| doc! { "name": host, "state": state, "optimeDate": DateTime::from_millis(0) };
        Answer::Whole(
            doc! { "ok": 1, "term": 3.0, "members": [of("m0:1", 77), of("m1:1", 8), of("m2\u{1b}[2J", 1), {}] },
        )
    });
    let status = driver(&configured(&uri(&member))).status("rounds", &member.host).await.unwrap();
    let found: Vec<MemberState> = status.members.iter().map(|member| member.state).collect();
    assert_eq!(found, [MemberState::Unknown, MemberState::Down, MemberState::Primary, MemberState::Unknown]);
    assert!(status.members.iter().all(|member| member.optime_at.is_none() && member.is_healthy.is_none()));
    assert_eq!((status.term, status.majority_vote_count), (Some(3), None));
    assert_eq!(status.members[2].host.as_str(), "m2␛[2J");
}

#[tokio::test]
async fn what_a_member_complains_about_arrives_clean() {
    let member = Member::answering(|command| {
        let code = if name(command) == "serverStatus" { 13 } else { 94 };
        Answer::Whole(
            doc! { "ok": 0, "code": code, "codeName": "Odd\u{202e}", "errmsg": "\u{1b}]0;owned\u{7}\u{1b}[2J no\r\nway" },
        )
    });
    let port = driver(&configured(&uri(&member)));
    let fault = port.status("rounds", &member.host).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
    let told = fault.to_string();
    assert!(told.contains("refused (Odd⟨U+202E⟩)") && told.ends_with("␛]0;owned␇␛[2J no␍␊way"), "{told:?}");
    let fault = port.server("rounds", &member.host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("Odd⟨U+202E⟩")));
    assert!(!fault.to_string().chars().any(char::is_control), "{fault:?}");
    assert!(fault.hint().unwrap().contains("clusterMonitor"));
}

#[tokio::test]
async fn a_member_that_trickles_or_hangs_is_not_waited_for_and_holds_nobody_up() {
    let good = Member::answering(|_| Answer::Whole(doc! { "ok": 1, "setName": "rounds" }));
    let slow = Member::answering(|_| Answer::Trickling(doc! { "ok": 1, "setName": "rounds" }));
    let mute = Member::answering(|_| Answer::Silence);
    let port = driver(&configured(&format!("mongodb://{},{},{}", good.host, slow.host, mute.host)));
    for _ in 0..2 {
        let begun = Instant::now();
        let (quick, slow, mute) = tokio::join!(
            async { (port.hello("rounds", &good.host).await, begun.elapsed()) },
            async { (port.hello("rounds", &slow.host).await, begun.elapsed()) },
            async { (port.hello("rounds", &mute.host).await, begun.elapsed()) },
        );
        assert!(quick.0.is_ok() && quick.1 < Duration::from_secs(1), "{quick:?}");
        for (answer, took) in [slow, mute] {
            assert_eq!(answer.unwrap_err().kind, FaultKind::Timeout);
            assert!((Duration::from_millis(1_900)..Duration::from_secs(3)).contains(&took), "{took:?}");
        }
    }
}

#[tokio::test]
async fn garbage_is_told_as_unreadable_and_never_taken_for_an_answer() {
    let mut huge = message(0, &doc! { "ok": 1 });
    huge[..4].copy_from_slice(&i32::MAX.to_le_bytes());
    let mut negative = huge.clone();
    negative[..4].copy_from_slice(&(-5_i32).to_le_bytes());
    let mut cut = message(0, &doc! { "ok": 1, "setName": "rounds" });
    cut[21] = 0xff;
    for bytes in [huge, negative, cut, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()] {
        let member = Member::answering(move |_| Answer::Raw(bytes.clone()));
        let begun = Instant::now();
        let fault = driver(&configured(&uri(&member))).hello("rounds", &member.host).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{fault}");
    }
}

#[tokio::test]
async fn a_password_is_sent_to_nobody_and_told_to_nobody() {
    let member = Member::answering(|command| match name(command) {
        "saslStart" | "saslContinue" => Answer::Whole(doc! { "ok": 0, "code": 18, "errmsg": "Authentication failed." }),
        _ => Answer::Whole(doc! { "ok": 1 }),
    });
    let mut set = configured(&uri(&member));
    set.username = Some("monitor".to_owned());
    set.password = Some(Password::Command(["sh", "-c", "echo hunter2"].map(str::to_owned).to_vec()));
    let port = driver(&set);
    let fault = port.status("rounds", &member.host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
    assert_eq!(fault.hint().as_deref(), Some("check username, password source, auth_source"));
    assert!(port.hello("rounds", &member.host).await.is_ok(), "hello needs no password");
    let tries = || member.received().iter().filter(|c| name(c) == "saslStart").count();
    let before = tries();
    assert_eq!(port.config("rounds", &member.host).await.unwrap_err().code, fault.code);
    assert_eq!(tries(), before, "a refused password is not sent again at once");
    let heard = format!("{:?}", member.received());
    assert!(!heard.contains("hunter2") && !format!("{fault:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_password_that_cannot_be_found_is_told_with_its_place_and_hello_is_answered() {
    let member = Member::answering(|_| Answer::Whole(doc! { "ok": 1 }));
    let mut set = configured(&uri(&member));
    set.username = Some("monitor".to_owned());
    set.password = Some(Password::Env("ROUNDS_TEST_NO_SUCH_VARIABLE".to_owned()));
    let port = driver(&set);
    let fault = port.status("rounds", &member.host).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Misconfigured);
    assert_eq!(
        fault.to_string(),
        "replSetGetStatus: not configured: the variable ROUNDS_TEST_NO_SUCH_VARIABLE is not set"
    );
    assert!(port.hello("rounds", &member.host).await.is_ok());
}

#[tokio::test]
async fn nobody_at_home_is_told_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let port = driver(&configured(&format!("mongodb://{free}")));
    for _ in 0..2 {
        let begun = Instant::now();
        let fault = port.hello("rounds", &free).await.unwrap_err();
        assert_eq!(fault.to_string(), format!("hello: offline: {free}: Connection refused"));
        assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    }
    let fault = driver(&configured("mongodb+srv://ehr.rounds.invalid")).seeds("rounds").await.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Unreachable | FaultKind::Timeout), "{fault}");
    assert_eq!(fault.action, "srv lookup");
    assert!(!fault.message.contains(['{', '(']), "{fault}");
}
