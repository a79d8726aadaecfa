//! The program itself on a real set with authentication: what it prints, and with which code it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use mongodb::bson::{Document, doc};
use rounds::backend::sim::wire::{Options, Server, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::time::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::TURN;
use crate::binary::{Run, run};
use crate::mongod::{Plan, ReplicaSet, program, until};

const ROOT: Option<(&str, &str)> = Some(("root", "toor"));

/// The set, AWS beside it, and where the program is at home.
struct Place {
    set: ReplicaSet,
    aws: Server,
    home: tempfile::TempDir,
}

impl Place {
    /// Runs the program as this user with this password, or as nobody.
    async fn run(&self, words: &str, user: Option<(&str, &str)>) -> Run {
        let who = user.map_or_else(String::new, |(name, password)| {
            let file = self.set.file(&format!("{name}-{password}"), &format!("{password}\n"));
            format!("username = \"{name}\"\npassword = {{ file = \"{}\" }}\n", file.display())
        });
        let text = format!(
            "[[stack]]\nname = \"prod-ehr\"\nregion = \"us-east-1\"\n\n[stack.mongo]\nname = \"ehr\"\nuri = \"{}\"\n{who}",
            self.set.uri()
        );
        let config = self.home.path().join("rounds.toml");
        fs::write(&config, text).expect("written");
        let run =
            run(&format!("--config {} {words}", config.display()), &self.aws.endpoint_url(), self.home.path()).await;
        let [out, err] = [&run.out, &run.err];
        let secret = user.is_some_and(|(_, password)| out.contains(password) || err.contains(password));
        assert!(!secret, "a password is printed: {run:?}");
        run
    }

    /// `check --json`: its code, and what it found that is not well, by rule.
    async fn check(&self, user: Option<(&str, &str)>) -> (i32, BTreeMap<String, Vec<Value>>) {
        let run = self.run("check --json --only mongo", user).await;
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for check in run.document()["checks"].as_array().expect("checks") {
            if !matches!(check["severity"].as_str(), Some("ok" | "info")) {
                found.entry(check["rule"].as_str().expect("a rule").to_owned()).or_default().push(check.clone());
            }
        }
        (run.code, found)
    }

    /// `export mongo`: its code, and a row for each member.
    async fn export(&self, user: Option<(&str, &str)>) -> (i32, Vec<Value>) {
        let run = self.run("export mongo --format json", user).await;
        let rows = run.document()["rows"].as_array().expect("rows").clone();
        (run.code, rows.into_iter().filter(|row| row["state"] != Value::Null).collect())
    }
}

/// What the driver alone reads of the members: host, state, priority, votes, zone.
async fn read(set: &ReplicaSet) -> BTreeSet<String> {
    let admin = set.client(0, ROOT).database("admin");
    let told = admin.run_command(doc! { "replSetGetStatus": 1 }).await.expect("a status");
    let config = admin.run_command(doc! { "replSetGetConfig": 1 }).await.expect("a configuration");
    let list = |from: &Document| from.get_array("members").expect("members").clone();
    let states = list(&told);
    let configured = list(config.get_document("config").expect("config"));
    let row = |member: mongodb::bson::Bson| {
        let member = member.as_document().expect("a document").clone();
        let host = member.get_str("host").expect("a host");
        let mut states = states.iter().filter_map(|state| state.as_document());
        let state = states.find(|state| state.get_str("name").ok() == Some(host)).expect("its state");
        let priority = member.get_f64("priority").expect("a priority");
        let votes = member.get_i32("votes").expect("votes");
        let zone = member.get_document("tags").and_then(|tags| tags.get_str("az")).expect("a zone");
        row(host, state.get_str("stateStr").expect("a state"), priority, &json!(votes), zone)
    };
    configured.into_iter().map(row).collect()
}

fn row(host: &str, state: &str, priority: f64, votes: &Value, zone: &str) -> String {
    format!("{host} {state} {priority:.1} {votes} {zone}")
}

fn exported(member: &Value) -> String {
    let text = |key: &str| member[key].as_str().unwrap_or("absent").to_owned();
    row(&text("member"), &text("state"), member["priority"].as_f64().unwrap_or(f64::NAN), &member["votes"], &text("az"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_what_is_lost_is_told_on_the_screen_of_scripts_and_by_the_exit_code() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let plan = Plan { priorities: vec![2.0, 1.0, 1.0], election_ms: Some(3_000), auth: true, ..Plan::default() };
    let set = ReplicaSet::start(program, plan).await;
    set.user(None, "root", "toor", &["root"]).await;
    set.user(ROOT, "monitor", "hunter2", &["clusterMonitor"]).await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let world = Sim::new(&Scenario::sized(1, 1, 1), 1, clock);
    let aws = serve(world.backend(), Options::default()).await.expect("a port");
    let place = Place { set, aws, home: tempfile::tempdir().expect("a directory") };
    with_the_role(&place).await;
    without_it(&place).await;
    two_of_three_down(&place).await;
}

async fn with_the_role(place: &Place) {
    let monitor = Some(("monitor", "hunter2"));
    let (code, found) = place.check(monitor).await;
    assert_eq!((code, found), (0, BTreeMap::new()));
    let (code, rows) = place.export(monitor).await;
    assert_eq!(code, 0);
    assert_eq!(rows.iter().map(exported).collect::<BTreeSet<_>>(), read(&place.set).await);
    let lags: Vec<&Value> = rows.iter().map(|row| &row["lag"]).collect();
    assert!(lags.iter().all(|lag| lag.as_f64().is_none_or(|lag| lag < 10.0)), "{lags:?}");
}

async fn without_it(place: &Place) {
    let missing = "ehr: the role clusterMonitor is missing; only what hello tells is known";
    let refused = "ehr: authentication refused; only what hello tells is known";
    let what_to_check = "check username, password source, auth_source";
    for (user, says, next) in [
        (None, missing, "configure username and password of a user with the role clusterMonitor"),
        (Some(("monitor", "hunter3")), refused, what_to_check),
        (Some(("nobody", "hunter2")), refused, what_to_check),
    ] {
        let (code, found) = place.check(user).await;
        assert_eq!(
            (code, found.keys().map(String::as_str).collect::<Vec<_>>()),
            (3, vec!["mongo-role-missing"]),
            "{found:#?}"
        );
        let told = &found["mongo-role-missing"];
        assert_eq!(
            (told.len(), told[0]["message"].as_str(), told[0]["severity"].as_str()),
            (1, Some(says), Some("unknown"))
        );
        let lines = place.run("check --only mongo", user).await;
        assert!(lines.code == 3 && lines.out.matches(says).count() == 1, "{lines:?}");
        let references = told[0]["references"].as_array().expect("references");
        assert!(
            references.iter().any(|step| step.as_str().is_some_and(|step| step.starts_with(next))),
            "{references:?}"
        );
        // The set stays in sight, by what it tells everybody; what is not told is absent and not 0.
        let (_, rows) = place.export(user).await;
        let states = rows.iter().filter_map(|row| row["state"].as_str());
        assert_eq!(states.collect::<BTreeSet<_>>(), BTreeSet::from(["PRIMARY", "SECONDARY"]));
        for row in &rows {
            assert!(row["az"].is_string(), "{row}");
            assert_eq!([&row["priority"], &row["votes"], &row["heartbeat_age"]], [&Value::Null; 3], "{row}");
        }
        assert_eq!(rows.len(), 3);
    }
}

async fn two_of_three_down(place: &Place) {
    for lost in [1, 2] {
        place.set.nodes[lost].signal("KILL");
    }
    until("the survivor steps down", async || {
        let admin = place.set.client(0, None).database("admin");
        let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap_or_default();
        hello.get_bool("secondary").unwrap_or(false)
    })
    .await;
    let (code, found) = place.check(Some(("monitor", "hunter2"))).await;
    let told = &found["mongo-no-primary"];
    assert_eq!((code, told[0]["severity"].as_str()), (2, Some("crit")), "{found:#?}");
    assert!(
        told[0]["message"].as_str().is_some_and(|said| said.starts_with("ehr: no majority: 1 of 3 votes answer")),
        "{told:?}"
    );
}
