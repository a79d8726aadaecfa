//! Who asks, and over which connection: users, roles, wrong passwords, certificates.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use mongodb::bson::doc;
use rounds::backend::ports::Mongo;
use rounds::config::{Flags, load};
use rounds::model::FaultKind;
use rounds::model::mongo::{Mechanism, MongoSet, Password, Role, Tls};

use crate::mongod::{Plan, ReplicaSet, program};
use crate::{TURN, configured, driver};

const ROOT: Option<(&str, &str)> = Some(("root", "toor"));

fn user(set: &ReplicaSet, name: &str, password: &str) -> MongoSet {
    let file = set.file(&format!("{name}-{password}"), &format!("{password}\n"));
    MongoSet { username: Some(name.to_owned()), password: Some(Password::File(file)), ..configured(&set.uri()) }
}

#[tokio::test]
async fn a_role_a_missing_role_no_credentials_and_a_wrong_password_are_told_apart() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![1.0], election_ms: Some(1_000), auth: true, ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    set.user(None, "root", "toor", &["root"]).await;
    set.user(ROOT, "monitor", "hunter2", &["clusterMonitor"]).await;
    set.user(ROOT, "guest", "guest", &["read"]).await;
    let host = &set.hosts()[0];

    let monitor = user(&set, "monitor", "hunter2");
    for mechanism in [None, Some(Mechanism::ScramSha256)] {
        let port = driver(&MongoSet { mechanism, ..monitor.clone() });
        assert_eq!(port.hello("rounds", host).await.unwrap().role, Role::Primary);
        assert_eq!(port.status("rounds", host).await.unwrap().members.len(), 1);
        assert!(port.config("rounds", host).await.is_ok() && port.server("rounds", host).await.is_ok());
        assert!(port.oplog("rounds", host).await.unwrap().last_at.is_some());
    }

    let guest = driver(&user(&set, "guest", "guest"));
    let fault = guest.status("rounds", host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("Unauthorized")), "{fault}");
    assert_eq!(fault.hint().as_deref(), Some("grant the role clusterMonitor on admin to guest"));
    assert_eq!(fault.message.as_str(), "not authorized on admin");
    assert!(guest.hello("rounds", host).await.is_ok());

    let nobody = driver(&configured(&set.uri()));
    assert_eq!(nobody.hello("rounds", host).await.unwrap().set_name.as_deref(), Some("rounds"));
    for fault in [
        nobody.status("rounds", host).await.unwrap_err(),
        nobody.config("rounds", host).await.unwrap_err(),
        nobody.server("rounds", host).await.unwrap_err(),
        nobody.oplog("rounds", host).await.unwrap_err(),
    ] {
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        assert!(fault.hint().unwrap().contains("clusterMonitor"), "{fault:?}");
    }

    let wrong = driver(&user(&set, "monitor", "hunter3"));
    let fault = wrong.status("rounds", host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
    assert_eq!(fault.hint().as_deref(), Some("check username, password source, auth_source"));
    assert!(wrong.hello("rounds", host).await.is_ok(), "the set stays in sight");
    assert!(!format!("{fault:?}").contains("hunter"));
}

/// The set as a configuration file has it, whose address says this more.
fn read(set: &ReplicaSet, more: &str) -> MongoSet {
    let password = set.file("password", "hunter2\n");
    let text = format!(
        "[[stack]]\nname = \"prod\"\nregion = \"us-east-1\"\n\n[stack.mongo]\nuri = \"{}{more}\"\n\
         username = \"elder\"\npassword = {{ file = \"{}\" }}\n",
        set.uri(),
        password.display()
    );
    let flags = Flags { config: Some(set.file("rounds.toml", &text)), ..Flags::default() };
    let mut stacks = load(&BTreeMap::new(), &flags).expect("nothing is wrong with it").stacks;
    stacks.remove(0).mongo.remove(0)
}

#[tokio::test]
async fn the_older_mechanism_is_agreed_on_where_a_user_has_no_other() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![1.0], election_ms: Some(1_000), auth: true, ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    set.user(None, "root", "toor", &["root"]).await;
    set.user_by(ROOT, "elder", "hunter2", &["clusterMonitor"], "SCRAM-SHA-1").await;
    let host = &set.hosts()[0];
    for (more, mechanism) in [("", None), ("&authMechanism=SCRAM-SHA-1", Some(Mechanism::ScramSha1))] {
        let elder = read(&set, more);
        assert_eq!(elder.mechanism, mechanism);
        assert_eq!(driver(&elder).status("rounds", host).await.unwrap().members.len(), 1, "{more}");
        let wrong = Some(Password::File(set.file("wrong", "hunter3\n")));
        let fault = driver(&MongoSet { password: wrong, ..elder }).status("rounds", host).await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
    }
    // The server has nothing to check the newer one against.
    let newer = read(&set, "&authMechanism=SCRAM-SHA-256");
    let fault = driver(&newer).status("rounds", host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
}

/// Runs openssl, which is there wherever these tests are.
fn openssl(dir: &Path, words: &str) {
    let output = Command::new("openssl").args(words.split_whitespace()).current_dir(dir).output().expect("openssl");
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `ca.pem`, and `member.pem` and `client.pem` of it, each with its key; and `other.pem`, an authority that vouches for nobody.
fn certificates(dir: &Path) {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    for name in ["ca", "other"] {
        openssl(
            dir,
            &format!("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"),
        );
    }
    fs::write(dir.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for name in ["member", "client"] {
        openssl(
            dir,
            &format!("req -newkey rsa:2048 -nodes -subj /O={name}/CN={name} -keyout {name}.key -out {name}.csr"),
        );
        let of = format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {name}.crt"
        );
        openssl(dir, &of);
        let both = ["crt", "key"].map(|end| fs::read_to_string(dir.join(format!("{name}.{end}"))).unwrap()).concat();
        let path = dir.join(format!("{name}.pem"));
        fs::write(&path, both).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[tokio::test]
async fn an_encrypted_set_is_believed_only_with_its_authority() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let tls = Some(dir.path().to_owned());
    let plan = Plan { priorities: vec![1.0], election_ms: Some(1_000), auth: true, tls, ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    set.user(None, "root", "toor", &["root"]).await;
    let by_certificate = doc! {
        "createUser": "CN=client,O=client", "roles": [{ "role": "clusterMonitor", "db": "admin" }],
    };
    set.client(0, ROOT).database("$external").run_command(by_certificate).await.unwrap();
    let host = &set.hosts()[0];
    let with = |name: &str| Some(Tls { ca_file: Some(dir.path().join(name)), ..Tls::default() });

    let right = driver(&MongoSet { tls: with("ca.pem"), ..configured(&set.uri()) });
    assert!(right.hello("rounds", host).await.unwrap().is_protected);
    for tls in [with("other.pem"), Some(Tls::default())] {
        let fault = driver(&MongoSet { tls, ..configured(&set.uri()) }).hello("rounds", host).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(fault.message.contains("TLS: invalid peer certificate"), "{fault}");
        assert!(fault.hint().unwrap().starts_with("tls_ca_file"), "{fault:?}");
    }
    // The same member by another name, for which its certificate is not.
    let named = host.replace("127.0.0.1", "localhost");
    let fault = right.hello("rounds", &named).await.unwrap_err();
    assert!(fault.message.contains("TLS: invalid peer certificate"), "{fault}");
    let fault = driver(&configured(&set.uri())).hello("rounds", host).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.hint().unwrap().contains("tls = true"), "{fault:?}");

    let certificate_key_file = Some(dir.path().join("client.pem"));
    let tls = Some(Tls { certificate_key_file, ..with("ca.pem").unwrap() });
    let x509 = MongoSet { mechanism: Some(Mechanism::X509), tls, ..configured(&set.uri()) };
    assert_eq!(driver(&x509).status("rounds", host).await.unwrap().members.len(), 1);
}
