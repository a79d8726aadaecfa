use std::fs;
use std::io;

use serde_json::{Value, json};

use super::super::fake::{Fake, MANY, Member, clock, denied, down, service, sets, stack, stuck};
use super::*;

struct Ran {
    exit: Result<u8, Error>,
    out: String,
    err: String,
}

impl Ran {
    fn first(&self) -> &str {
        self.out.lines().next().unwrap()
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

async fn run(stacks: &[Stack], backends: Vec<Result<Backend, Fault>>, options: &CheckOptions) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let thresholds = Thresholds::default();
    let exit = check(stacks, backends, &clock(), &thresholds, options, &mut out, &mut err).await;
    Ran { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

async fn one(fake: Fake, options: &CheckOptions) -> Ran {
    run(&[stack("prod")], vec![Ok(fake.backend())], options).await
}

fn options() -> CheckOptions {
    CheckOptions {
        json: false,
        only: Vec::new(),
        fail_on: FailOn::Warn,
        unknown_is: UnknownIs::Unknown,
        timeout: MANY,
        report: None,
    }
}

fn only(domains: &[&str]) -> CheckOptions {
    CheckOptions { only: domains.iter().map(|d| (*d).to_owned()).collect(), ..options() }
}

fn json() -> CheckOptions {
    CheckOptions { json: true, ..options() }
}

/// How many rules there are is no matter of these tests.
fn uncounted(text: &str) -> String {
    let (before, after) = text.split_once("checks=").unwrap();
    format!("{before}checks=N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[tokio::test]
async fn lines_come_worst_first_and_can_be_read_by_a_monitoring_system() {
    let stacks = [stack("dr"), stack("prod")];
    let fake = Fake::with([stuck("a|b\x1b[31m"), down("api"), service("web")]);
    let ran = run(&stacks, vec![Err(denied("sts:AssumeRole")), Ok(fake.backend())], &only(&["ecs"])).await;
    let expected = "\
ROUNDS CRITICAL - ecs:2 | crit=1 warn=1 unknown=2 checks=N
[CRIT] prod: api 0/2: no task is running (ecs-service-none-running, service ehr/api)
[WARN] prod: a¦b␛[31m 2/2: may neither stop nor start a task, deployments and drains would hang (ecs-rollout-deadlock, service ehr/a¦b␛[31m)
[UNKN] dr: sts:AssumeRole: denied: not authorised (feed-failing, feeds ecs, stopped-tasks)
";
    assert_eq!((uncounted(&ran.out), ran.exit), (expected.to_owned(), Ok(2)));
}

#[tokio::test]
async fn the_first_line_names_the_wrong_account_before_what_else_is_as_bad() {
    let stacks = [stack("dr"), Stack { account: Some("999999999999".to_owned()), ..stack("prod") }];
    let backends = vec![Ok(Fake::with([down("api")]).backend()), Ok(Fake::with([down("web")]).backend())];
    let ran = run(&stacks, backends, &options()).await;
    assert!(ran.first().starts_with("ROUNDS CRITICAL - identity:1 ecs:2 |"), "{}", ran.out);
}

#[tokio::test]
async fn a_mistake_in_the_configuration_of_one_stack_is_told_as_that() {
    let wrong = Fault::misconfigured("stack dr, profile: there is no profile \"drr\"", Some("did you mean \"dr\"?"));
    let stacks = [stack("dr"), stack("prod")];
    let backends = |fault: &Fault| vec![Err(fault.clone()), Ok(Fake::healthy().backend())];
    let ran = run(&stacks, backends(&wrong), &options()).await;
    let line = ran.out.lines().nth(1).unwrap();
    assert!(line.starts_with("[UNKN] dr: not configured: stack dr, profile: there is no profile \"drr\" ("), "{line}");
    let error = &run(&stacks, backends(&wrong), &json()).await.document()["stacks"][0]["error"];
    assert_eq!((&error["kind"], &error["action"]), (&json!("misconfigured"), &Value::Null));
    assert_eq!(error["hint"], "did you mean \"dr\"?");
}

fn checks_of_identity(at: &str) -> Value {
    json!([
        {
            "rule": "identity-wrong-account",
            "severity": "crit",
            "stack": "prod",
            "domain": "identity",
            "subject": "prod",
            "kind": "stack",
            "id": "prod",
            "message": "WRONG ACCOUNT: the credentials belong to 123456789012, prod is configured as 999999999999",
            "since": null,
            "evidence": {
                "sts:GetCallerIdentity": "arn:aws:sts::123456789012:assumed-role/SRE/ana",
                "account": "999999999999",
            },
            "source": null,
            "next": ["check the profile of this stack; nothing can be changed until both agree"],
            "references": ["check the profile of this stack; nothing can be changed until both agree"],
            "follows": null,
            "taken_at": at,
        },
        {
            "rule": "feed-failing",
            "severity": "unknown",
            "stack": "dr",
            "domain": "identity",
            "subject": "identity",
            "kind": "feed",
            "id": "identity",
            "message": "sts:AssumeRole: denied: not authorised",
            "since": null,
            "evidence": {},
            "source": null,
            "next": ["allow sts:AssumeRole to this role"],
            "references": ["allow sts:AssumeRole to this role"],
            "follows": null,
            "taken_at": at,
        },
        {
            "rule": "feed-failing",
            "severity": "ok",
            "stack": "prod",
            "domain": "identity",
            "subject": "identity",
            "kind": "feed",
            "id": "identity",
            "message": "ok",
            "since": null,
            "evidence": {},
            "source": null,
            "next": [],
            "references": [],
            "follows": null,
            "taken_at": at,
        },
    ])
}

#[tokio::test]
async fn the_document_holds_every_check_with_its_reasons() {
    let prod = Stack { account: Some("999999999999".to_owned()), ..stack("prod") };
    let backends = vec![Ok(Fake::healthy().backend()), Err(denied("sts:AssumeRole"))];
    let options = CheckOptions { json: true, ..only(&["identity"]) };
    let ran = run(&[prod, stack("dr")], backends, &options).await;
    let error = json!({
        "kind": "denied",
        "action": "sts:AssumeRole",
        "code": null,
        "message": "not authorised",
        "hint": "allow sts:AssumeRole to this role",
    });
    let at = "2026-03-14T03:12:44.000Z";
    let expected = json!({
        "schema": "rounds.check/1",
        "started_at": at,
        "finished_at": at,
        "version": env!("CARGO_PKG_VERSION"),
        "overall": "crit",
        "stacks": [
            {"stack": "prod", "account": "123456789012", "region": "us-east-1", "state": "fresh", "error": null},
            {"stack": "dr", "account": null, "region": null, "state": "failing", "error": error},
        ],
        "counts": {"crit": 1, "warn": 0, "unknown": 1, "info": 0, "ok": 1, "checks": 3},
        "checks": checks_of_identity(at),
        "errors": [{
            "stack": "dr",
            "feed": "identity",
            "kind": "denied",
            "action": "sts:AssumeRole",
            "code": null,
            "message": "not authorised",
            "hint": "allow sts:AssumeRole to this role",
            "what": null,
            "read": null,
            "known": null,
        }],
    });
    assert_eq!((ran.out, ran.exit), (format!("{expected:#}\n"), Ok(2)));
}

#[tokio::test]
async fn every_rule_evaluated_is_in_the_document_and_counted() {
    let document = one(Fake::with([service("web"), down("api")]), &json()).await.document();
    let checks = document["checks"].as_array().unwrap();
    assert_eq!(document["counts"]["checks"], checks.len());
    let well = checks.iter().find(|c| c["rule"] == "ecs-service-none-running" && c["subject"] == "ehr/web").unwrap();
    assert_eq!((&well["severity"], &well["message"]), (&json!("ok"), &json!("ok")));
    let down = &checks[0];
    assert_eq!((&down["severity"], &down["evidence"]["running"]), (&json!("crit"), &json!("0")));
    let source = "ECS API: Service.runningCount and desiredCount (practice)";
    assert_eq!(down["references"][0], source);
}

#[tokio::test]
async fn the_same_stack_gives_the_same_bytes() {
    let fake = Fake::with([down("api"), stuck("b"), service("web")]);
    for options in [options(), json()] {
        let (first, second) = (one(fake.again(), &options).await, one(fake.again(), &options).await);
        assert_eq!((first.out, first.exit), (second.out, second.exit));
    }
}

#[tokio::test]
async fn what_was_found_decides_the_exit_code() {
    let nameless = |fake: Fake| fake.refusing("sts:GetCallerIdentity");
    let warn = || Fake::with([stuck("b")]);
    let lenient = CheckOptions { fail_on: FailOn::Crit, ..options() };
    let strict = CheckOptions { unknown_is: UnknownIs::Critical, ..options() };
    let loose = CheckOptions { fail_on: FailOn::Crit, unknown_is: UnknownIs::Warning, ..options() };
    for (fake, options, word, exit) in [
        (Fake::healthy(), &options(), "OK", 0),
        (warn(), &options(), "WARNING", 1),
        (warn(), &lenient, "WARNING", 0),
        (Fake::with([down("a")]), &lenient, "CRITICAL", 2),
        (nameless(Fake::healthy()), &options(), "UNKNOWN", 3),
        (nameless(Fake::healthy()), &lenient, "UNKNOWN", 3),
        (nameless(Fake::healthy()), &strict, "CRITICAL", 2),
        (nameless(Fake::healthy()), &loose, "WARNING", 1),
        (nameless(warn()), &options(), "WARNING", 1),
        (nameless(warn()), &lenient, "WARNING", 3),
        (nameless(warn()), &loose, "WARNING", 1),
    ] {
        let ran = one(fake, options).await;
        assert_eq!(ran.exit, Ok(exit), "{}", ran.out);
        assert!(ran.first().starts_with(&format!("ROUNDS {word} ")), "{}", ran.first());
        assert!(ran.first().chars().count() <= 80, "{}", ran.first());
    }
}

#[tokio::test]
async fn the_first_line_names_what_made_the_word() {
    let ok = one(Fake::healthy(), &options()).await;
    assert_eq!(uncounted(&ok.out), "ROUNDS OK | crit=0 warn=0 unknown=0 checks=N\n");
    let unknown = one(Fake::healthy().refusing("ecs:ListClusters"), &options()).await;
    let first = unknown.first();
    assert_eq!(uncounted(first), "ROUNDS UNKNOWN - ecs:2 scaling:3 secrets:1 | crit=0 warn=0 unknown=6 checks=N");
    let nothing = run(&[], Vec::new(), &options()).await;
    assert_eq!((nothing.out.as_str(), nothing.exit), ("ROUNDS UNKNOWN | crit=0 warn=0 unknown=0 checks=0\n", Ok(3)));
}

#[tokio::test]
async fn only_what_is_asked_for_counts() {
    let crit = || Fake::with([down("api")]);
    assert_eq!(one(crit(), &only(&["scaling"])).await.exit, Ok(0));
    assert_eq!(one(crit(), &only(&["scaling", "ecs"])).await.exit, Ok(2));
    let ran = one(crit(), &CheckOptions { json: true, ..only(&["scaling"]) }).await;
    let document = ran.document();
    for check in document["checks"].as_array().unwrap() {
        assert!(check["domain"] == "scaling" || check["rule"] == "feed-failing", "{check}");
    }
    let nameless = || Fake::healthy().refusing("sts:GetCallerIdentity");
    assert_eq!(one(nameless(), &only(&["ecs"])).await.exit, Ok(0), "not asked for");
    assert_eq!(one(nameless(), &only(&["ecs", "identity"])).await.exit, Ok(3));
}

#[tokio::test]
async fn what_is_asked_for_and_not_read_is_unknown_whatever_else_is_asked() {
    for action in ["ecs:ListClusters", "ecs:DescribeServices"] {
        for domain in ["ecs", "scaling"] {
            let options = CheckOptions { fail_on: FailOn::Crit, ..only(&[domain]) };
            let ran = one(Fake::healthy().refusing(action), &options).await;
            assert_eq!(ran.exit, Ok(3), "{action} for {domain}: {}", ran.out);
        }
    }
}

#[tokio::test]
async fn another_account_answers_no_question() {
    let of = |account: &str| Stack { account: Some(account.to_owned()), ..stack("prod") };
    let ecs = only(&["ecs"]);
    let right = run(&[of("123456789012")], vec![Ok(Fake::healthy().backend())], &ecs).await;
    assert_eq!(right.exit, Ok(0), "{}", right.out);
    let wrong = run(&[of("999999999999")], vec![Ok(Fake::healthy().backend())], &ecs).await;
    assert_eq!(wrong.exit, Ok(2), "{}", wrong.out);
    let nameless = Fake::healthy().refusing("sts:GetCallerIdentity");
    let unsure = run(&[of("123456789012")], vec![Ok(nameless.backend())], &ecs).await;
    assert_eq!(unsure.exit, Ok(3), "{}", unsure.out);
    let told = run(&[of("123456789012")], vec![Ok(Fake::healthy().backend())], &json()).await.document();
    let account = told["checks"].as_array().unwrap().iter().find(|c| c["rule"] == "identity-wrong-account").unwrap();
    assert_eq!(account["severity"], "ok");
}

#[tokio::test]
async fn a_stack_that_fails_hides_nothing_of_the_other() {
    let stacks = [stack("a"), stack("b")];
    let ran = run(&stacks, vec![Err(denied("sts:AssumeRole")), Ok(Fake::healthy().backend())], &json()).await;
    let document = ran.document();
    assert_eq!((ran.exit, &document["stacks"][0]["state"]), (Ok(3), &json!("failing")));
    assert_eq!(document["stacks"][1]["state"], "fresh");
    let backends = vec![Err(denied("sts:AssumeRole")), Ok(Fake::with([down("api")]).backend())];
    assert_eq!(run(&stacks, backends, &options()).await.exit, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_read_in_time_is_unknown() {
    let options = CheckOptions { timeout: Duration::from_secs(2), ..json() };
    let began = tokio::time::Instant::now();
    let backends = vec![Ok(Fake::hung().backend()), Ok(Fake::healthy().backend())];
    let ran = run(&[stack("slow"), stack("quick")], backends, &options).await;
    assert_eq!((ran.exit.clone(), began.elapsed()), (Ok(3), Duration::from_secs(2)));
    let document = ran.document();
    // The audit is on this machine, and no replica set is configured.
    let asks = |spec: &&&crate::feed::FeedSpec| !["audit", "mongo"].contains(&spec.id);
    assert_eq!(document["counts"]["unknown"], crate::feed::FEEDS.iter().filter(asks).count());
    assert_eq!(document["errors"][0]["kind"], "timeout");
    assert!(document["errors"].as_array().unwrap().iter().all(|error| error["stack"] == "slow"));
}

#[tokio::test]
async fn an_unknown_domain_is_a_mistake() {
    let ran = one(Fake::healthy(), &only(&["esc"])).await;
    let error = ran.exit.unwrap_err();
    assert_eq!((error.kind, ran.out.as_str()), (crate::error::ErrorKind::Usage, ""));
    assert!(error.to_string().contains("did you mean \"ecs\"?"), "{error}");
}

#[tokio::test]
async fn the_report_is_the_document_and_its_sum_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("check.json");
    let report = Some(path.clone());
    let lines = one(Fake::healthy(), &CheckOptions { report: report.clone(), ..options() }).await;
    let sum = lines.out.lines().last().unwrap().to_owned();
    assert!(sum.starts_with(&format!("SHA256 ({}) = ", path.display())), "{sum}");
    let document = one(Fake::healthy(), &CheckOptions { report, ..json() }).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), document.out);
    assert_eq!(document.err, format!("{sum}\n"), "the document alone stands on standard output");
}

#[test]
fn the_sum_is_sha_256() {
    let dir = tempfile::tempdir().unwrap();
    let line = kept(&dir.path().join("abc"), "abc").unwrap();
    // FIPS 180-2, appendix B.1.
    assert!(line.ends_with(" = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"), "{line}");
}

#[tokio::test]
async fn a_report_that_cannot_be_written_spoils_good_news_only() {
    let dir = tempfile::tempdir().unwrap();
    let options = CheckOptions { report: Some(dir.path().join("missing").join("check.json")), ..options() };
    let good = one(Fake::healthy(), &options).await;
    assert_eq!(good.exit.unwrap_err().kind, crate::error::ErrorKind::Unavailable);
    let bad = one(Fake::with([down("api")]), &options).await;
    assert_eq!(bad.exit, Ok(2));
    assert!(bad.err.starts_with("--report: cannot write "), "{}", bad.err);
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_has_gone_changes_nothing() {
    for (fake, exit) in [(Fake::healthy(), 0), (Fake::with([down("api")]), 2)] {
        let (backends, thresholds) = (vec![Ok(fake.backend())], Thresholds::default());
        let ended = check(&[stack("s")], backends, &clock(), &thresholds, &options(), &mut Closed, &mut Closed).await;
        assert_eq!(ended, Ok(exit));
    }
}

#[tokio::test]
async fn what_a_rule_says_of_a_replica_set_is_not_said_of_its_feed_too() {
    let stacks = [Stack { mongo: sets(&["ehr", "silent", "nowhere"]), ..stack("prod") }];
    let backend = || Ok(Backend { mongo: Arc::new(Member { is_silent: false }), ..Fake::healthy().backend() });
    let ran = run(&stacks, vec![backend()], &CheckOptions { json: true, ..only(&["mongo"]) }).await;
    let document = ran.document();
    let unknown = document["checks"].as_array().unwrap().iter().filter(|check| check["severity"] == "unknown");
    let told: Vec<_> =
        unknown.map(|check| (check["rule"].as_str().unwrap(), check["subject"].as_str().unwrap())).collect();
    let without_primary = [("mongo-no-primary", "silent"), ("mongo-no-primary", "nowhere")];
    assert_eq!(told, [without_primary[0], without_primary[1], ("mongo-role-missing", "ehr")]);
    let lost = document["checks"].as_array().unwrap().iter().find(|check| check["subject"] == "nowhere").unwrap();
    let why = "nowhere: cannot be asked: srv lookup: offline: there is no SRV record _mongodb._tcp.nowhere";
    assert_eq!((&lost["message"], &lost["references"][1]), (&json!(why), &json!("check the name in uri")));
    assert_eq!(
        (document["stacks"][0]["state"].as_str(), document["errors"].as_array().unwrap().len()),
        (Some("partial"), 3)
    );
    let lines = run(&stacks, vec![backend()], &only(&["mongo"])).await;
    assert_eq!((lines.out.matches("[UNKN]").count(), lines.out.matches(why).count()), (3, 1), "{}", lines.out);
}
