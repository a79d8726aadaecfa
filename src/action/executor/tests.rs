mod copying;
mod plans;
mod settling;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::time::{Instant, sleep};

use super::*;
use crate::action::{action, plan::Level};
use crate::backend::change::Change;
use crate::backend::sim::{Scenario, Sim, Trouble};
use crate::feed::Budgets;
use crate::model::FaultKind;
use crate::model::stack::Stack;
use crate::time::{Clock, Timestamp};

/// 2026-03-14T03:00:00Z, where the scenarios begin; a Saturday.
const START: Timestamp = Timestamp::from_secs(1_773_457_200);

/// The paused time of tokio as a clock.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        START + self.0.elapsed()
    }
}

/// One service `web` of four tasks.
const SCENARIO: &str = "
        title = 't'
        about = 'a'
        hint = 'h'
        start = '2026-03-14T03:00:00Z'
        caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
        cluster = [{ name = 'c', providers = ['p'] }]
        group = [{ name = 'g', minimum = 1, maximum = 9, zones = ['za'] }]
        provider = [{ name = 'p', group = 'g' }]
        [[instances]]
        cluster = 'c'
        group = 'g'
        zone = 'za'
        count = 4
        cpu = 4096
        memory = 8192
        [[service]]
        name = 'web'
        cluster = 'c'
        provider = 'p'
        desired = 4
        task = { cpu = 256, memory = 512, image = 'web:1' }
        rollout = { minimum = 50, maximum = 200, breaker = 'BREAKER' }
        health_check = true
        ";

/// The scenario, and what the script adds.
fn scenario(breaker: &str, script: &str) -> Scenario {
    Scenario::parse(&(SCENARIO.replace("BREAKER", breaker) + script), "test").unwrap()
}

/// A simulated world, an audit of its own, and everything that acting takes.
struct Rig {
    sim: Sim,
    bench: Bench,
    dir: tempfile::TempDir,
    audit: Audit,
    rules: Rules,
    confirmation: Confirmation,
    told: Mutex<Vec<Progress>>,
}

impl Rig {
    fn on(scenario: &Scenario) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(Paused(Instant::now()));
        let sim = Sim::new(scenario, 1, Arc::clone(&clock));
        let stack = Stack { name: Text::from("test"), ..Stack::default() };
        let dir = tempfile::tempdir().unwrap();
        Self {
            bench: Bench::new(stack, sim.backend(), clock, Arc::new(Budgets::default())),
            sim,
            audit: Audit::at(dir.path().join("audit")),
            dir,
            rules: Rules { allow: vec!["force-deploy".to_owned()], ..Rules::default() },
            confirmation: Confirmation {
                name: "web".to_owned(),
                reason: "stuck connections".to_owned(),
                ticket: Some("OPS-1".to_owned()),
                mode: "flag",
            },
            told: Mutex::default(),
        }
    }

    fn new() -> Self {
        Self::on(&scenario("rollback", ""))
    }

    async fn plan(&self) -> Plan {
        (action("force-deploy").unwrap().plan)(&self.bench, "c/web").await.unwrap()
    }

    async fn execute(&self, plan: &Plan) -> Ended {
        self.execute_until(plan, std::future::pending()).await
    }

    async fn execute_until(&self, plan: &Plan, stop: impl Future<Output = String> + Send) -> Ended {
        let env = BTreeMap::from([("AWS_SECRET_ACCESS_KEY", "hunter2"), ("SUDO_USER", "ben")]);
        let env = env.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let order = Order {
            bench: &self.bench,
            audit: &self.audit,
            rules: &self.rules,
            confirmation: &self.confirmation,
            actor: &Actor::here(&env).operated_by(Some("ana")),
            watch: WATCH,
            grace: None,
        };
        let tell = |progress| self.told.lock().unwrap().push(progress);
        execute(plan, &order, &tell, stop).await
    }

    /// How often `UpdateService` was called, and how often it changed something.
    fn sent(&self) -> (u64, usize) {
        let calls = self.sim.calls().get(Change::FORCE_DEPLOYMENT).copied().unwrap_or(0);
        (calls, self.sim.with(|world| world.mutations().len()))
    }

    /// Phase and outcome of every record; the chain must be whole.
    fn records(&self) -> Vec<String> {
        let verified = self.audit.verify().unwrap();
        assert_eq!((&verified.broken, &verified.torn), (&None, &vec![]));
        let entries = self.audit.entries().unwrap();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let records = entries.iter().map(|entry| entry.record.clone().unwrap());
        records.map(|r| format!("{} {}", word(&r["phase"]), word(&r["outcome"]))).collect()
    }

    fn told(&self, words: &str) -> bool {
        self.told.lock().unwrap().iter().any(|progress| format!("{progress:?}").contains(words))
    }
}

fn outcome(ended: &Ended) -> (Outcome, &str) {
    match ended {
        Ended::Sent(outcome, text) => (*outcome, text),
        Ended::Refused(refusals) => panic!("refused: {refusals:?}"),
    }
}

/// The ids of the refusals, and all their words.
fn refused(ended: &Ended) -> (Vec<&'static str>, String) {
    match ended {
        Ended::Refused(all) => {
            let words: Vec<String> = all.iter().map(|r| format!("{}; {}", r.why, r.lift)).collect();
            (all.iter().map(|r| r.id).collect(), words.join("\n"))
        }
        Ended::Sent(outcome, text) => panic!("{outcome:?} {text}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_sent_once_watched_until_it_is_steady_and_noted() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    let told: Vec<&str> = plan.checks(Level::Warn).map(|check| check.id).collect();
    assert_eq!((told, plan.level()), (vec!["image"], Level::Warn));
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    assert!(how == Outcome::Done && text.ends_with("completed, 4 of 4 tasks run"), "{how:?} {text}");
    assert_eq!(rig.sent(), (1, 1));
    assert_eq!(rig.records(), ["intent -", "result applied", "outcome done"]);
    let deployments = rig.bench.service("c", &plan.target.arn).await.unwrap().deployments;
    assert_eq!(deployments.len(), 1);
    assert_ne!(deployments[0].id, *plan.state.get("deployment"));
    let told = rig.told.lock().unwrap().clone();
    assert!(
        matches!((&told[0], &told[1]), (Progress::Noted(1), Progress::Sent(answer)) if answer.starts_with("accepted (ecs-svc/"))
    );
}

#[tokio::test(start_paused = true)]
async fn f12_a_record_says_who_what_where_and_why_and_holds_no_secret() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.execute(&plan).await;
    let entries = rig.audit.entries().unwrap();
    let [intent, result, end] = [0, 1, 2].map(|n| entries[n].record.clone().unwrap());
    assert_eq!(intent["actor"]["sts_arn"], "arn:aws:sts::123456789012:assumed-role/SRE/ana");
    assert_eq!((&intent["actor"]["sudo_user"], &intent["region"]), (&"ben".into(), &"us-east-1".into()));
    assert_eq!(audit::place(&intent), "test, 123456789012/us-east-1");
    assert_eq!(intent["actor"]["operator"], "ana");
    assert_eq!((&intent["reason"], &intent["ticket"]), (&"stuck connections".into(), &"OPS-1".into()));
    assert_eq!(intent["params"]["forceNewDeployment"], "true");
    assert_eq!(intent["overridden"], serde_json::json!(["image"]));
    assert_eq!(intent["before"]["deployment"], plan.state.get("deployment"));
    assert_ne!(end["after"]["deployment"], intent["before"]["deployment"]);
    assert!(result["aws_request_id"].is_string() && end["verify"]["elapsed_s"].is_u64());
    assert!([&result, &end].iter().all(|r| r["action_id"] == intent["action_id"] && r["actor"] == intent["actor"]));
    let keys = |r: &serde_json::Value| r.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&intent), keys(&intent)), (keys(&result), keys(&end)), "absent is null");
    assert!(entries.iter().all(|entry| !entry.ascii().contains("hunter2")));
    let id = intent["action_id"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15], "89ab".contains(&id[19..20])), (36, "4", true), "{id}");
}

#[tokio::test(start_paused = true)]
async fn f1_an_answer_that_is_lost_is_not_asked_for_again_and_reading_settles_it() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.sim.faults().add(Change::FORCE_DEPLOYMENT, Trouble::LoseAnswer, None, None);
    let ended = rig.execute(&plan).await;
    assert_eq!(outcome(&ended).0, Outcome::Done, "{ended:?}");
    assert_eq!(rig.sent(), (1, 1));
    assert_eq!(rig.records(), ["intent -", "result unknown", "outcome done"]);
    assert!(rig.told("it is not sent again"));
}

#[tokio::test(start_paused = true)]
async fn f1_a_request_that_was_lost_is_found_not_to_have_been_carried_out() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.sim.faults().fail(Change::FORCE_DEPLOYMENT, FaultKind::Timeout);
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    assert!(how == Outcome::Failed && text.starts_with("it was not carried out: no new deployment"), "{text}");
    assert_eq!(rig.sent(), (1, 0));
    assert_eq!(rig.records(), ["intent -", "result unknown", "outcome failed"]);
}

#[tokio::test(start_paused = true)]
async fn f1_what_can_be_neither_heard_nor_read_stays_unknown() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    let after = Some(rig.bench.clock.now() + Duration::from_secs(3));
    rig.sim.faults().delay(Change::FORCE_DEPLOYMENT, Duration::from_secs(5));
    rig.sim.faults().add(Change::FORCE_DEPLOYMENT, Trouble::LoseAnswer, None, None);
    rig.sim.faults().add("ecs:DescribeServices", Trouble::Fail(FaultKind::Unreachable), after, None);
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    assert_eq!(
        (how, text),
        (
            Outcome::Unknown,
            "watched no longer (not done after 30m00s); its answer was lost, and nothing could be read since"
        )
    );
    assert_eq!(rig.sent(), (1, 1));
    assert_eq!(rig.records(), ["intent -", "result unknown", "outcome unknown"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_the_service_refuses_changes_nothing() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.sim.faults().deny(Change::FORCE_DEPLOYMENT);
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    assert!(how == Outcome::Failed && text.contains("nothing was changed: ecs:UpdateService: denied"), "{text}");
    assert_eq!(rig.sent(), (1, 0));
    assert_eq!(rig.records(), ["intent -", "result refused", "outcome failed"]);
    rig.sim.faults().clear();
    assert_eq!(outcome(&rig.execute(&plan).await).0, Outcome::Done, "what was refused may be tried again at once");
}

const BAD_IMAGE: &str = "
    [[at]]
    time = '1s'
    do = 'deploy'
    service = 'web'
    image = 'web:2'
    fails = 'crash'
";

#[tokio::test(start_paused = true)]
async fn f9_a_deployment_the_circuit_breaker_stops_has_failed() {
    let rig = Rig::on(&scenario("rollback", BAD_IMAGE));
    sleep(Duration::from_secs(2)).await;
    let plan = rig.plan().await;
    assert!(plan.checks(Level::Warn).any(|check| check.id == "in-progress"), "{:?}", plan.checks);
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    assert!(how == Outcome::Failed && (text.contains("circuit breaker") || text.contains("rolled back")), "{text}");
    assert_eq!((rig.sent(), rig.records().last().unwrap().as_str()), ((1, 1), "outcome failed"));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_told_after_ten_minutes_and_watched_for_thirty() {
    let rig = Rig::on(&scenario("off", BAD_IMAGE));
    sleep(Duration::from_secs(2)).await;
    let plan = rig.plan().await;
    let (began, reads) = (Instant::now(), rig.sim.calls()["ecs:DescribeServices"]);
    let ended = rig.execute(&plan).await;
    let (how, text) = outcome(&ended);
    let words =
        "watched no longer (not done after 30m00s); it was accepted, it goes on by itself; last seen: deployment";
    assert!(how == Outcome::Unknown && text.starts_with(words), "{text}");
    assert_eq!(rig.records().last().unwrap(), "outcome unknown");
    assert_eq!(began.elapsed().as_secs(), WATCH.as_secs());
    assert!(rig.told("not done after 10m00s, watching on"));
    // One look before sending, 24 in the first two minutes, four a minute in the other 28, one at the end.
    assert_eq!(rig.sim.calls()["ecs:DescribeServices"] - reads, 1 + 24 + 28 * 4 + 1);
    assert_eq!(rig.sent(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn f4_a_service_that_has_changed_since_the_plan_is_left_alone() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.sim.with(|world| world.set_desired("c", "web", 6)).unwrap();
    let ended = rig.execute(&plan).await;
    let (ids, words) = refused(&ended);
    assert_eq!(ids, ["changed"]);
    assert!(words.contains("c/web has changed since it was planned: desired was 4, is 6"), "{words}");
    assert!(words.ends_with("; plan again, and see whether it is still what you want"), "{words}");
    assert_eq!((rig.sent().0, rig.records()), (0, vec![]));
    let plan = rig.plan().await;
    rig.sim.with(|world| world.force_deployment("c", "web")).unwrap();
    let (ids, words) = (refused(&rig.execute(&plan).await).0, refused(&rig.execute(&plan).await).1);
    assert!(ids == ["changed"] && words.contains("deployment was ecs-svc/"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn f6_another_caller_or_account_than_planned_is_refused() {
    let rig = Rig::new();
    let mut plan = rig.plan().await;
    plan.identity.account = Text::from("210987654321");
    let ended = rig.execute(&plan).await;
    let (ids, words) = refused(&ended);
    assert!(ids == ["changed"] && words.contains("account was 210987654321, is 123456789012"), "{words}");
    rig.sim.faults().fail("sts:GetCallerIdentity", FaultKind::Expired);
    let (ids, words) = refused(&rig.execute(&plan).await);
    assert!(ids == ["identity"] && words.starts_with("who asks cannot be read: sts:GetCallerIdentity"), "{words}");
    assert!(words.ends_with("; nothing was sent; try again"), "{words}");
    rig.sim.faults().clear();
    // The target, read a moment later and anew much later.
    for age in [Duration::ZERO, Duration::from_secs(30)] {
        let plan = rig.plan().await;
        sleep(age).await;
        rig.sim.faults().fail("ecs:DescribeServices", FaultKind::Unreachable);
        let (ids, words) = refused(&rig.execute(&plan).await);
        assert!(ids == ["state"] && words.contains(" cannot be read: "), "{words}");
        assert!(words.ends_with("; nothing was sent; try again"), "{words}");
        rig.sim.faults().clear();
    }
    assert_eq!((rig.sent().0, rig.records()), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn f11_nothing_is_sent_unless_the_command_line_allows_it() {
    let mut rig = Rig::new();
    let plan = rig.plan().await;
    for rules in
        [Rules::default(), Rules { read_only: true, allow: vec!["force-deploy".to_owned()], ..Rules::default() }]
    {
        rig.rules = rules;
        assert_eq!(refused(&rig.execute(&plan).await).0, ["read-only"]);
    }
    assert_eq!((rig.sent().0, rig.records()), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a17_without_an_audit_nothing_is_sent() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let day = "2026-03-14.jsonl";
    let spoil: [fn(&std::path::Path, &str); 5] = [
        |dir, _| std::fs::write(dir, "").unwrap(),
        |dir, _| {
            std::fs::create_dir(dir).unwrap();
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        },
        |dir, day| {
            private(dir);
            std::fs::write(dir.with_file_name("elsewhere"), "").unwrap();
            symlink("../elsewhere", dir.join(day)).unwrap();
        },
        |dir, day| {
            private(dir);
            std::fs::write(dir.join(day), "").unwrap();
            std::fs::set_permissions(dir.join(day), std::fs::Permissions::from_mode(0o640)).unwrap();
        },
        |dir, day| {
            private(dir);
            std::fs::create_dir(dir.join(day)).unwrap();
        },
    ];
    for (n, spoil) in spoil.into_iter().enumerate() {
        let rig = Rig::new();
        let plan = rig.plan().await;
        spoil(&rig.dir.path().join("audit"), day);
        let ended = rig.execute(&plan).await;
        let (ids, words) = refused(&ended);
        assert!(ids == ["audit"] && words.starts_with("the audit cannot be "), "{n}: {words}");
        assert!(words.contains("; mend that"), "{n}: {words}");
        assert_eq!(rig.sent().0, 0, "{n}");
    }
}

fn private(dir: &std::path::Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(dir).unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_audit_that_fails_after_the_intent_is_told_and_the_outcome_too() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    let dir = rig.dir.path().join("audit");
    let order = Order {
        bench: &rig.bench,
        audit: &rig.audit,
        rules: &rig.rules,
        confirmation: &rig.confirmation,
        actor: &Actor::default(),
        watch: WATCH,
        grace: None,
    };
    let tell = |progress| {
        if matches!(progress, Progress::Noted(_)) {
            std::fs::remove_dir_all(&dir).unwrap();
            std::fs::write(&dir, "").unwrap();
        }
        rig.told.lock().unwrap().push(progress);
    };
    let ended = execute(&plan, &order, &tell, std::future::pending()).await;
    assert_eq!(outcome(&ended).0, Outcome::Done);
    assert!(rig.told("the audit lacks a record: "));
    assert_eq!(rig.sent(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn f2_two_at_once_send_once() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    let (one, two) = tokio::join!(rig.execute(&plan), rig.execute(&plan));
    assert_eq!(outcome(&one).0, Outcome::Done);
    let (ids, words) = refused(&two);
    assert!(ids == ["under-way"] && words.contains("an action on c/web is under way"), "{words}");
    assert!(words.ends_with("; wait until that one has ended: rounds audit show"), "{words}");
    assert_eq!(rig.sent(), (1, 1));
}

/// A hang-up a second later: the request is on its way.
async fn soon() -> String {
    sleep(Duration::from_secs(1)).await;
    "SIGHUP".to_owned()
}

#[tokio::test(start_paused = true)]
async fn f2_the_same_again_waits_a_minute() {
    let rig = Rig::new();
    // One that the program stopped watching soon, so that little time passes.
    let ended = rig.execute_until(&rig.plan().await, soon()).await;
    assert_eq!(outcome(&ended).0, Outcome::Unknown);
    let ended = rig.execute(&rig.plan().await).await;
    let (ids, words) = refused(&ended);
    assert!(ids == ["again"] && words.contains("the same was sent to c/web 1s ago"), "{words}");
    assert!(words.ends_with("; look what it does first; allowed again in 59s"), "{words}");
    sleep(AGAIN).await;
    assert_eq!(outcome(&rig.execute(&rig.plan().await).await).0, Outcome::Done);
    assert_eq!(rig.sent(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn f13_watching_may_be_ended_and_sending_may_not() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    rig.sim.faults().delay(Change::FORCE_DEPLOYMENT, Duration::from_secs(5));
    let ended = rig.execute_until(&plan, soon()).await;
    assert_eq!(outcome(&ended), (Outcome::Unknown, "watched no longer (SIGHUP); it was accepted"));
    assert_eq!(
        (rig.sent(), rig.records()),
        ((1, 1), vec!["intent -".to_owned(), "result applied".to_owned(), "outcome unknown".to_owned(),])
    );
    assert_eq!(rig.audit.unfinished(), Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn f13_what_ends_it_before_the_intent_leaves_nothing_behind() {
    let rig = Rig::new();
    let plan = rig.plan().await;
    let ended = rig.execute_until(&plan, std::future::ready("SIGHUP".to_owned())).await;
    let (ids, words) = refused(&ended);
    assert!(ids == ["ended"] && words.contains("it was ended before (SIGHUP)"), "{words}");
    assert!(words.ends_with("; nothing was sent; try again where nothing ends it"), "{words}");
    assert_eq!((rig.sent().0, rig.records()), (0, vec![]));
}
