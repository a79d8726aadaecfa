//! SRV names, looked up by the resolver that the system names. The test runs itself once more in a network of its own, in which
//! that resolver is one of ours.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::process::{Command, Output};

use mongodb::bson::doc;
use rounds::backend::ports::Mongo;
use rounds::model::FaultKind;
use rounds::model::mongo::{MongoSet, Password};

use crate::dns::{Record, Zone, serve};
use crate::mongo_wire::{Answer, Member};
use crate::python::or_skip;
use crate::{configured, driver};

/// Set for the run in the network of its own.
const INSIDE: &str = "ROUNDS_TEST_OWN_NETWORK";

/// Brings up the loopback, names the resolver, and goes on as the given program.
const ENTER: &str = "ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";

/// Runs a program in a network of its own, where this file tells which resolver there is.
fn inside(resolvers: &str, words: &[&str]) -> Option<Output> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "--net", "--", "sh", "-c", ENTER, resolvers]).args(words);
    command.env(INSIDE, "yes").output().ok()
}

#[test]
fn an_srv_name_leads_to_the_members_and_its_text_to_who_knows_the_user() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(in_a_network_of_its_own());
    }
    let dir = tempfile::tempdir().unwrap();
    let resolvers = dir.path().join("resolv.conf");
    fs::write(&resolvers, "nameserver 127.0.0.1\n").unwrap();
    let resolvers = resolvers.display().to_string();
    // Whether a network of one's own may be had is up to the machine.
    let entered = match inside(&resolvers, &["true"]) {
        Some(output) if output.status.success() => Ok(()),
        Some(output) => Err(format!("a network of its own: {}", String::from_utf8_lossy(&output.stderr).trim())),
        None => Err("a network of its own: unshare is missing".to_owned()),
    };
    if or_skip(&entered).is_none() {
        return;
    }
    let own = std::env::current_exe().unwrap().display().to_string();
    let this = std::thread::current().name().expect("its name").to_owned();
    let output = inside(&resolvers, &[&own, "--exact", &this, "--nocapture"]).expect("it ran a moment ago");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn member() -> (Member, u16) {
    let member = Member::answering(|command| match command.keys().next().map(String::as_str) {
        Some("saslStart") => Answer::Whole(doc! { "ok": 0, "code": 18, "errmsg": "Authentication failed." }),
        _ => Answer::Whole(doc! { "ok": 1, "setName": "rounds" }),
    });
    let port = member.host.rsplit_once(':').unwrap().1.parse().unwrap();
    (member, port)
}

fn zone(first: u16, second: u16) -> Zone {
    let here = || Record::A(Ipv4Addr::LOCALHOST);
    vec![
        ("m0.rounds.test", here()),
        ("m1.rounds.test", here()),
        ("_mongodb._tcp.ehr.rounds.test", Record::Srv(first, "m0.rounds.test")),
        ("_mongodb._tcp.ehr.rounds.test", Record::Srv(second, "m1.rounds.test")),
        ("_clinic._tcp.ehr.rounds.test", Record::Srv(second, "m1.rounds.test")),
        ("ehr.rounds.test", Record::Txt("authSource=clinic&replicaSet=rounds")),
        ("_mongodb._tcp.plain.rounds.test", Record::Srv(first, "m0.rounds.test")),
        ("_mongodb._tcp.astray.rounds.test", Record::Srv(first, "m0.elsewhere.test")),
        ("_mongodb._tcp.odd.rounds.test", Record::Srv(first, "m0.rounds.test")),
        ("odd.rounds.test", Record::Txt("tls=false")),
    ]
}

async fn in_a_network_of_its_own() {
    let ((first, first_port), (_second, second_port)) = (member(), member());
    serve(zone(first_port, second_port));
    let hosts = [format!("m0.rounds.test:{first_port}"), format!("m1.rounds.test:{second_port}")];
    let at = |rest: &str| configured(&format!("mongodb+srv://{rest}"));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let user = |set: MongoSet| MongoSet {
        username: Some("monitor".to_owned()),
        password: Some(Password::File(file.clone())),
        ..set
    };
    for (name, asked) in [("ehr", "clinic"), ("plain", "admin")] {
        let port = driver(&user(at(&format!("{name}.rounds.test/?tls=false"))));
        let seeds = port.seeds("rounds").await.unwrap();
        let all = if name == "ehr" { &hosts[..] } else { &hosts[..1] };
        assert_eq!(seeds.iter().collect::<BTreeSet<_>>(), all.iter().collect::<BTreeSet<_>>(), "{name}");
        for seed in &seeds {
            assert_eq!(port.hello("rounds", seed).await.unwrap().set_name.as_deref(), Some("rounds"), "{seed}");
        }
        assert_eq!(port.status("rounds", &hosts[0]).await.unwrap_err().kind, FaultKind::Denied);
        let started = first.received().into_iter().rfind(|command| command.contains_key("saslStart")).unwrap();
        assert_eq!(started.get_str("$db").unwrap(), asked, "the database that knows the user");
    }
    let service = driver(&at("ehr.rounds.test/?srvServiceName=clinic"));
    assert_eq!(service.seeds("rounds").await.unwrap(), hosts[1..]);

    for (name, why) in [
        ("astray.rounds.test", "does not match domain name rounds.test"),
        ("nobody.rounds.test", "there is no SRV record"),
        ("odd.rounds.test", "TXT"),
    ] {
        let fault = driver(&at(name)).seeds("rounds").await.unwrap_err();
        assert_eq!((fault.kind, fault.action), (FaultKind::Unreachable, "srv lookup"), "{fault}");
        assert!(fault.message.contains(why) && fault.message.contains(name), "{fault}");
    }
}
