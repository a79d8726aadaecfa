//! A primary that is told to step down: by the program, on a real set, with the lead taken back at the end; and every way in which
//! nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use mongodb::bson::doc;
use rounds::action::audit::{Audit, Outcome};
use rounds::action::executor::{Ended, Order, Progress, WATCH, execute};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::{Actor, Bench, action};
use rounds::backend::sim::wire::{Options, Server, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::Budgets;
use rounds::model::mongo::{MongoSet, Password};
use rounds::model::stack::Stack;
use rounds::time::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::backend::{ANY, connect, stack};
use crate::binary::{Run, run};
use crate::mongod::{Plan, ReplicaSet, program, until};
use crate::{TURN, configured};

const ROOT: Option<(&str, &str)> = Some(("root", "toor"));
const ACTION: &str = "step-down";

/// The set, whose first member has the highest priority and whose last one may not be elected, and AWS beside it.
struct Place {
    set: ReplicaSet,
    aws: Server,
}

impl Place {
    async fn start(program: &Path) -> Self {
        let plan = Plan { priorities: vec![2.0, 1.0, 0.0], election_ms: Some(5_000), auth: true, ..Plan::default() };
        let set = ReplicaSet::start(program, plan).await;
        set.user(None, "root", "toor", &["root"]).await;
        set.user(ROOT, "guard", "guard1", &["clusterMonitor"]).await;
        set.user(ROOT, "ops", "ops1", &["clusterMonitor", "clusterManager"]).await;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let world = Sim::new(&Scenario::sized(1, 1, 1), 1, clock);
        let aws = serve(world.backend(), Options::default()).await.expect("a port");
        Self { set, aws }
    }

    fn primary(&self) -> String {
        self.set.hosts()[0].clone()
    }

    /// Runs the program as this user, at home in a directory.
    async fn run(&self, user: &str, words: &str, home: &Path) -> Run {
        let password = self.set.file(user, &format!("{user}1\n"));
        let text = format!(
            "opt_in = [\"{ACTION}\"]\n[[stack]]\nname = \"prod\"\nregion = \"us-east-1\"\nallow = [\"{ACTION}\"]\n\n[stack.mongo]\n\
             name = \"ehr\"\nuri = \"{}\"\nusername = \"{user}\"\npassword = {{ file = \"{}\" }}\n",
            self.set.uri(),
            password.display()
        );
        let config = home.join("rounds.toml");
        fs::write(&config, text).expect("written");
        run(&format!("--config {} {words}", config.display()), &self.aws.endpoint_url(), home).await
    }

    fn order(&self) -> String {
        let host = self.primary();
        format!("act {ACTION} ehr/{host} --confirm {host} --account 123456789012 --reason tired --allow {ACTION}")
    }

    /// Who leads by its own word, and in which term.
    async fn lead(&self) -> (Option<usize>, i64) {
        let mut lead = (None, 0);
        for node in 0..self.set.nodes.len() {
            let admin = self.set.client(node, ROOT).database("admin");
            let status = admin.run_command(doc! { "replSetGetStatus": 1 }).await.expect("a status");
            let term = status.get_i64("term").expect("a term");
            if status.get_i32("myState").expect("a state") == 1 {
                lead = (Some(node), term);
            }
        }
        lead
    }
}

/// Phases and outcomes of the audit at home in this directory, whose chain must be whole.
async fn records(place: &Place, home: &Path) -> Vec<String> {
    let verified = place.run("ops", "audit verify --json", home).await;
    assert_eq!((verified.code, &verified.document()["intact"]), (0, &json!(true)), "{verified:?}");
    let shown = place.run("ops", "audit show --json", home).await;
    let lines = shown.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|r| format!("{} {}", r["phase"], r["outcome"]).replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_hands_over_and_takes_back_and_where_it_cannot_nothing_is_changed() {
    let Some(program) = program() else { return };
    let _turn = TURN.lock().await;
    let place = Place::start(program).await;
    let (leader, term) = place.lead().await;
    assert_eq!(leader, Some(0));
    who_may_not_is_told_which_role_is_missing(&place).await;
    without_an_heir_it_is_blocked_and_forced_it_stays(&place).await;
    assert_eq!(place.lead().await, (Some(0), term), "nothing has changed until now");
    handed_over_and_taken_back(&place, term).await;
}

async fn who_may_not_is_told_which_role_is_missing(place: &Place) {
    let home = tempfile::tempdir().expect("a directory");
    let refused = place.run("guard", &place.order(), home.path()).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    let told = "failed: nothing was changed: replSetStepDown: denied (Unauthorized): not authorized on admin; grant the role \
                clusterManager on admin to guard";
    assert!(refused.out.contains(told), "{refused:?}");
    assert_eq!(records(place, home.path()).await, ["intent null", "result refused", "outcome failed"]);
    // A member that does not lead is none to step down.
    let other = place.order().replace(&place.primary(), &place.set.hosts()[1]);
    let blocked = place.run("ops", &other, home.path()).await;
    assert!(blocked.code == 2 && blocked.out.contains("block   it is not the primary, "), "{blocked:?}");
}

async fn without_an_heir_it_is_blocked_and_forced_it_stays(place: &Place) {
    let heir = place.set.client(1, ROOT);
    heir.database("admin").run_command(doc! { "fsync": 1, "lock": true }).await.expect("locked");
    let home = tempfile::tempdir().expect("a directory");
    let words = format!("act {ACTION} ehr/{} --plan", place.primary());
    let leader = place.set.client(0, ROOT);
    until("the heir is behind for more than a hand-over waits", async || {
        // The other one may copy from the one that is locked.
        let write = doc! { "insert": "x", "documents": [{}], "writeConcern": { "w": 1 } };
        leader.database("x").run_command(write).await.expect("written");
        let status = leader.database("admin").run_command(doc! { "replSetGetStatus": 1 }).await.expect("a status");
        let members = status.get_array("members").expect("members").iter().filter_map(|one| one.as_document());
        let at: Vec<i64> =
            members.map(|one| one.get_datetime("optimeDate").expect("a time").timestamp_millis()).collect();
        at[0] - at[1] > 15_000
    })
    .await;
    // It stays behind; only a machine with no time to spare leaves a plan without an answer.
    let told = "block   nobody can take over: ";
    let is_blocked = |plan: &Run| plan.code == 2 && plan.out.contains(told) && plan.out.contains(" s behind");
    let mut plan = place.run("ops", &words, home.path()).await;
    for _ in 0..5 {
        if !is_blocked(&plan) {
            plan = place.run("ops", &words, home.path()).await;
        }
    }
    assert!(is_blocked(&plan), "{plan:?}");
    let ended = forced(place, home.path()).await;
    let Ended::Sent(Outcome::Failed, told) = ended else { panic!("{ended:?}") };
    let safe = format!(
        "nothing was changed: replSetStepDown: refused (ExceededTimeLimit): {} stays primary: No electable secondaries",
        place.primary()
    );
    assert!(told.starts_with(&safe) && !told.contains("force"), "{told}");
    heir.database("admin").run_command(doc! { "fsyncUnlock": 1 }).await.expect("unlocked");
}

/// Sends what is blocked all the same, which takes a plan without its checks.
async fn forced(place: &Place, home: &Path) -> Ended {
    let password = Some(Password::File(place.set.file("ops", "ops1\n")));
    let set =
        MongoSet { name: "ehr".into(), username: Some("ops".to_owned()), password, ..configured(&place.set.uri()) };
    let stack = Stack { mongo: vec![set], allow: vec![ACTION.to_owned()], ..stack(&place.aws.endpoint_url(), &[]) };
    let backend = connect(&stack, ANY).await;
    let bench = Bench::new(stack, backend, Arc::new(SystemClock), Arc::new(Budgets::default()));
    let spec = action(ACTION).expect("it is there");
    let mut plan = (spec.plan)(&bench, &format!("ehr/{}", place.primary())).await.expect("a plan");
    plan.checks.clear();
    let named = vec![ACTION.to_owned()];
    let order = Order {
        bench: &bench,
        audit: &Audit::at(home.join("forced")),
        rules: &Rules { allow: named.clone(), opt_in: named, ..Rules::default() },
        confirmation: &Confirmation { name: plan.confirm(), reason: "why".to_owned(), ticket: None, mode: "flag" },
        actor: &Actor::here(&BTreeMap::new()),
        watch: WATCH,
        grace: None,
    };
    execute(&plan, &order, &|_: Progress| {}, std::future::pending()).await
}

async fn handed_over_and_taken_back(place: &Place, term: i64) {
    let home = tempfile::tempdir().expect("a directory");
    let words = format!("act {ACTION} ehr/{} --plan --json", place.primary());
    until("there is an heir again", async || place.run("ops", &words, home.path()).await.code == 1).await;
    let plan = place.run("ops", &words, home.path()).await.document();
    let parameters = json!({ "replSetStepDown": "60", "secondaryCatchUpPeriodSecs": "10" });
    assert_eq!(plan["call"], json!({ "action": "replSetStepDown", "parameters": parameters }));
    let radius = plan["blast_radius"].to_string();
    assert!(radius.contains("takes back about 60 to 65 s after: writes stop again"), "{radius}");
    let done = place.run("ops", &place.order(), home.path()).await;
    assert_eq!(done.code, 0, "{done:?}");
    let heir = &place.set.hosts()[1];
    let handed = format!("{heir} leads in term {}", term + 1);
    assert!(done.err.contains(&handed) && done.err.contains("is to take back by priority"), "{done:?}");
    let back = format!("done: {heir} took over, and {} has taken back in term {}", place.primary(), term + 2);
    assert!(done.out.contains(&back), "{done:?}");
    assert_eq!(place.lead().await, (Some(0), term + 2));
    assert_eq!(records(place, home.path()).await, ["intent null", "result applied", "outcome done"]);
}
