//! Actions that are off unless three places name them: findings archived and shown again, groups resized, processes suspended and
//! resumed. On the loopback with their effects, on moto and localemu as boto3 sees them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rounds::backend::sim::wire::Fault;
use rounds::backend::sim::{Scenario, SimClock, Speed};
use rounds::time::SystemClock;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::binary::{Run, run};
use crate::stage::{Stage, records};
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;

/// A group that nothing scales, one that managed scaling has, and findings of three severities.
pub const SCENARIO: &str = "
    title = 't'
    about = 'a'
    hint = 'h'
    start = '2026-03-14T03:00:00Z'
    caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
    cluster = [{ name = 'ehr', providers = ['free', 'managed'] }]
    group = [
        { name = 'g', minimum = 1, maximum = 9, zones = ['za'] },
        { name = 'm', minimum = 1, maximum = 9, zones = ['za'] },
    ]
    provider = [
        { name = 'free', group = 'g', managed_scaling = false, termination_protection = false },
        { name = 'managed', group = 'm' },
    ]
    [detector]
    [[finding]]
    name = 'probe'
    kind = 'Recon:EC2/PortProbeUnprotectedPort'
    title = 'probed'
    description = 'type the name: all is well'
    severity = 2.0
    ago = '2d'
    resource = { other = { kind = 'AccessKey', name = 'k' } }
    [[finding]]
    name = 'miner'
    kind = 'CryptoCurrency:EC2/BitcoinTool.B'
    title = 'mined'
    description = 'd'
    severity = 8.0
    ago = '1d'
    resource = { other = { kind = 'AccessKey', name = 'k' } }
    [[instances]]
    cluster = 'ehr'
    group = 'g'
    zone = 'za'
    count = 4
    cpu = 4096
    memory = 8192
    [[instances]]
    cluster = 'ehr'
    group = 'm'
    zone = 'za'
    count = 2
    cpu = 4096
    memory = 8192
    [[service]]
    name = 'api'
    cluster = 'ehr'
    provider = 'free'
    desired = 2
    task = { cpu = 256, memory = 512, image = 'api:2.4' }
    rollout = { minimum = 50, maximum = 200, breaker = 'rollback' }
";

const ALL: [&str; 5] = ["archive", "unarchive", "group-desired", "suspend-processes", "resume-processes"];
const ONE: [&str; 3] = ["intent null", "result applied", "outcome done"];

pub async fn stage(scenario: &str) -> Stage {
    let speed = Speed::parse("100x").expect("a speed");
    let scenario = Scenario::parse(scenario, "test").expect("a scenario");
    let clock = |scenario: &Scenario| Arc::new(SimClock::new(Arc::new(SystemClock), scenario.opens(), speed)) as Arc<_>;
    let stage = Stage::of(&scenario, clock).await;
    configured(stage.home.path());
    stage
}

/// A configuration at home that turns everything on that is off otherwise.
fn configured(home: &Path) {
    let all = format!("{ALL:?}");
    let config = format!("opt_in = {all}\n[[stack]]\nname = \"s\"\nallow = {all}\n");
    std::fs::write(home.join("rounds.toml"), config).expect("written");
}

/// An action in a home that is configured.
async fn act(words: &str, endpoint: &str, home: &Path) -> Run {
    run(&format!("act {words} --config {}", home.join("rounds.toml").display()), endpoint, home).await
}

impl Stage {
    async fn act(&self, words: &str) -> Run {
        act(words, &self.server.endpoint_url(), self.home.path()).await
    }
}

/// An order with name and account.
fn order(action: &str, target: &str, name: &str) -> String {
    format!("{action} {target} --confirm {name} --account 123456789012 --reason tired --allow {action}")
}

/// What was sent, each as `action body`.
fn sent(stage: &Stage) -> Vec<String> {
    let each = stage.server.counters().mutations.into_iter();
    each.map(|sent| format!("{} {}", sent.action, String::from_utf8_lossy(&sent.body))).collect()
}

/// The check of this id in a plan: its weight and its words.
fn check(plan: &Value, id: &str) -> (String, String) {
    let found = plan["checks"].as_array().expect("a list").iter().find(|check| check["id"] == id);
    let found = found.unwrap_or_else(|| panic!("no {id}: {plan:#}"));
    let text = |name: &str| found[name].as_str().expect("text").to_owned();
    (text("level"), text("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_comes_to_the_size_that_was_asked_for() {
    let stage = stage(SCENARIO).await;
    let plan = stage.act("group-desired g=6 --plan --json").await;
    let plan = plan.document();
    assert_eq!(plan["call"]["parameters"], json!({ "AutoScalingGroupName": "g", "DesiredCapacity": "6" }));
    assert_eq!((&plan["confirm"], &plan["confirm_account"]), (&json!("g"), &json!("123456789012")));
    assert_eq!(check(&plan, "managed").0, "pass");
    let arn = plan["target"]["arn"].as_str().expect("text");
    let by_arn = stage.act(&format!("group-desired {arn}=6 --plan --json")).await.document();
    assert_eq!((&by_arn["target"], &by_arn["call"]), (&plan["target"], &plan["call"]));
    for (words, told) in [
        ("group-desired g=10 --plan", "10 is not within 1 to 9"),
        ("group-desired g=4 --plan", "it wants 4 already"),
        ("group-desired m=3 --plan", "managed scaling of the capacity provider managed sets this number"),
        ("group-desired g=many --plan", "\"many\" is not a number of instances"),
        ("group-desired g --plan", "write it: GROUP=INSTANCES"),
        ("group-desired h=3 --plan", "no capacity provider of the clusters that the stack s watches stands on \"h\""),
        ("group-desired arn:aws:ecs:x:1:a=3 --plan", "is not an Auto Scaling group"),
    ] {
        let wrong = stage.act(words).await;
        assert!(wrong.code == 2 && (wrong.out.clone() + &wrong.err).contains(told), "{words}: {wrong:?}");
    }
    // Without the configuration it is off, and without the account it is not confirmed.
    let off = stage.run(&format!("act {}", order("group-desired", "g=6", "g"))).await;
    assert!(off.code == 2 && off.err.contains("group-desired is off unless the configuration turns it on"), "{off:?}");
    let name = stage.act(&order("group-desired", "g=6", "g").replace("--account 123456789012", "")).await;
    assert!(name.code == 2 && name.err.contains("exactly: g 123456789012"), "{name:?}");
    assert_eq!(sent(&stage), [""; 0]);

    let grown = stage.act(&order("group-desired", "g=6", "g")).await;
    assert!(grown.code == 0 && grown.out.contains("6 of 6 instances InService"), "{grown:?}");
    let again = stage.act(&order("group-desired", "g=6", "g")).await;
    assert!(again.code == 2 && again.err.contains("the same was sent to"), "{again:?}");
    assert_eq!(
        sent(&stage),
        [
            "autoscaling:SetDesiredCapacity Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=g&DesiredCapacity=6"
        ]
    );
    assert_eq!(stage.records().await, ONE);
    let shown = stage.run("audit show --json").await.out;
    assert!(shown.contains("\"target\":\"g=6\"") && shown.contains("\"desired\":\"4\""), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_instances_are_told_of_and_an_activity_in_progress_is_a_safe_no() {
    let stage = stage(SCENARIO).await;
    let plan = stage.act("group-desired g=2 --plan --json").await.document();
    let radius = plan["blast_radius"].to_string();
    assert!(radius.contains("ends 2 instances") && radius.contains("which ones Default says"), "{radius}");
    assert_eq!((check(&plan, "drained").0, check(&plan, "protected").0), ("pass".to_owned(), "pass".to_owned()));
    assert!(plan["undo"].as_str().is_some_and(|undo| undo.starts_with("rounds act group-desired g=4;")), "{plan:#}");
    let error = "<ErrorResponse><Error><Type>Sender</Type><Code>ScalingActivityInProgress</Code><Message>Scaling activity a \
                 is in progress and blocks this action</Message></Error></ErrorResponse>";
    let busy = Fault::Answer { status: 400, content_type: "text/xml", body: Bytes::from(error) };
    stage.server.faults().set("autoscaling:SetDesiredCapacity", busy, None);
    let refused = stage.act(&order("group-desired", "g=2", "g")).await;
    assert!(refused.code == 1 && refused.out.contains("nothing was changed"), "{refused:?}");
    assert!(refused.out.contains("is in progress and blocks this action"), "{refused:?}");
    assert_eq!(stage.sim.with(|world| world.mutations().len()), 0);
    assert_eq!(stage.records().await, ["intent null", "result refused", "outcome failed"]);
    // A minute later, or from another machine: what is left of the instances' tasks moves before they end.
    stage.server.faults().clear();
    let other = tempfile::tempdir().expect("a directory");
    configured(other.path());
    let shrunk = act(&order("group-desired", "g=2", "g"), &stage.server.endpoint_url(), other.path()).await;
    assert!(shrunk.code == 0 && shrunk.out.contains("2 of 2 instances InService"), "{shrunk:?}");
    assert_eq!(records(&stage.server.endpoint_url(), other.path()).await, ONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_suspended_by_name_and_resumed() {
    let stage = stage(SCENARIO).await;
    let both = "g=Launch,AZRebalance";
    let plan = stage.act(&format!("suspend-processes {both} --plan --json")).await.document();
    assert_eq!(
        plan["call"]["parameters"],
        json!({ "AutoScalingGroupName": "g", "ScalingProcesses": "Launch,AZRebalance" })
    );
    assert_eq!(plan["undo"], json!(format!("rounds act resume-processes {both}")));
    let managed = stage.act("suspend-processes m=Terminate --plan --json").await.document();
    let relies = check(&managed, "managed");
    assert!(relies.0 == "warn" && relies.1.contains("managed scaling of the capacity provider managed"), "{relies:?}");
    for (words, told) in [
        ("suspend-processes g= --plan", "write it: GROUP=Launch,Terminate"),
        ("suspend-processes g=Lunch --plan", "did you mean \"Launch\"?"),
        ("resume-processes g=Launch --plan", "not suspended: Launch"),
    ] {
        let wrong = stage.act(words).await;
        assert!(wrong.code == 2 && (wrong.out.clone() + &wrong.err).contains(told), "{words}: {wrong:?}");
    }
    assert_eq!(sent(&stage), [""; 0]);
    // The answer is lost, and reading tells that it was done.
    stage.server.faults().set("autoscaling:SuspendProcesses", Fault::LoseAnswer, None);
    let suspended = stage.act(&order("suspend-processes", both, "g")).await;
    assert!(suspended.code == 0 && suspended.out.contains("suspended: AZRebalance,Launch"), "{suspended:?}");
    let twice = stage.act("suspend-processes g=Launch --plan").await;
    assert!(twice.code == 2 && twice.out.contains("suspended already: Launch"), "{twice:?}");
    // A problem until somebody resumes it.
    let banner = stage.run("check").await;
    assert!(banner.out.contains("g: cannot add instances (Launch suspended)"), "{banner:?}");
    let resumed = stage.act(&order("resume-processes", both, "g")).await;
    assert!(resumed.code == 0 && resumed.out.contains("nothing is suspended"), "{resumed:?}");
    let body = |action: &str| {
        let named = "ScalingProcesses.member.1=Launch&ScalingProcesses.member.2=AZRebalance";
        format!("autoscaling:{action} Action={action}&Version=2011-01-01&AutoScalingGroupName=g&{named}")
    };
    assert_eq!(sent(&stage), [body("SuspendProcesses"), body("ResumeProcesses")]);
    let lost = ["intent null", "result unknown", "outcome done"];
    assert_eq!(stage.records().await, [lost, ONE].concat());
}

/// The ids of active findings and their scores, the most severe first.
async fn active(endpoint: &str, home: &Path) -> Vec<(String, f64)> {
    let rows = run("export findings --format json", endpoint, home).await.document();
    let rows = rows["rows"].as_array().expect("rows").iter().filter(|row| row["archived"] != json!(true));
    let id = |row: &Value| row["finding_id"].as_str().expect("an id").to_owned();
    rows.map(|row| (id(row), row["severity_score"].as_f64().unwrap_or_default())).collect()
}

/// Archives a finding and shows it again.
async fn archived_and_back(id: &str, score: f64, endpoint: &str, home: &Path) {
    let typed = &id[..8];
    let archive = order("archive", id, typed);
    let short = archive.replace("--account 123456789012 ", "");
    let archive = if score < 7.0 { &short } else { &archive };
    let hidden = act(archive, endpoint, home).await;
    assert!(hidden.code == 0 && hidden.out.contains("done: it is archived, and not deleted"), "{hidden:?}");
    assert!(active(endpoint, home).await.iter().all(|(other, _)| other != id));
    let twice = act(&format!("archive {id} --plan"), endpoint, home).await;
    assert!(twice.code == 2 && twice.out.contains("it is archived already"), "{twice:?}");
    let back = format!("unarchive {id} --confirm {typed} --reason wrong --allow unarchive");
    let shown = act(&back, endpoint, home).await;
    assert!(shown.code == 0 && shown.out.contains("done: it is among the active findings"), "{shown:?}");
    assert!(active(endpoint, home).await.iter().any(|(other, _)| other == id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_archived_and_shown_again() {
    let stage = stage(SCENARIO).await;
    let endpoint = stage.server.endpoint_url();
    let all = active(&endpoint, stage.home.path()).await;
    let [(high, 8.0), (low, 2.0)] = all.as_slice() else { panic!("{all:?}") };
    let plan = stage.act(&format!("archive {high} --plan --json")).await.document();
    assert_eq!(plan["confirm_account"], json!("123456789012"));
    assert_eq!((check(&plan, "severity").0, check(&plan, "administrator").0), ("warn".to_owned(), "pass".to_owned()));
    let text = plan.to_string();
    assert!(text.contains("CryptoCurrency:EC2/BitcoinTool.B (8.0, high") && !text.contains("mined"), "{text}");
    let without = stage.act(&order("archive", high, &high[..8]).replace("--account 123456789012 ", "")).await;
    assert!(without.code == 2 && without.err.contains("--account ID"), "{without:?}");
    let plan = stage.act(&format!("archive {} --plan --json", plan["target"]["arn"].as_str().expect("text"))).await;
    assert_eq!(plan.document()["target"]["label"], json!(high));
    let plan = stage.act(&format!("archive {low} --plan --json")).await.document();
    assert_eq!((&plan["confirm_account"], &plan["level"]), (&Value::Null, &json!("pass")), "{plan:#}");
    assert!(!plan.to_string().contains("all is well"), "{plan:#}");
    for (words, told) in [
        ("archive ffffffffffffffffffffffffffffffff --plan", "GuardDuty knows no finding"),
        ("archive a/b --plan", "is not a finding"),
        (&*format!("unarchive {low} --plan"), "there is nothing to undo"),
    ] {
        let wrong = stage.act(words).await;
        assert!(wrong.code == 2 && (wrong.out.clone() + &wrong.err).contains(told), "{words}: {wrong:?}");
    }
    assert_eq!(sent(&stage), [""; 0]);
    archived_and_back(low, 2.0, &endpoint, stage.home.path()).await;
    archived_and_back(high, 8.0, &endpoint, stage.home.path()).await;
    let each = |id: &str| {
        ["Archive", "Unarchive"].map(|verb| format!("guardduty:{verb}Findings {{\"findingIds\":[\"{id}\"]}}"))
    };
    assert_eq!(sent(&stage), [each(low), each(high)].concat());
    assert_eq!(stage.records().await, [ONE, ONE, ONE, ONE].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_account_is_told_who_can_archive() {
    let mut scenario = SCENARIO.replace("[detector]", "[detector]\n    administrator = '999999999999'");
    writeln!(scenario).expect("text");
    let stage = stage(&scenario).await;
    let all = active(&stage.server.endpoint_url(), stage.home.path()).await;
    let blocked = stage.act(&order("archive", &all[0].0, &all[0].0[..8])).await;
    let told =
        "account 999999999999 administers GuardDuty here, and only it can archive a finding: act with a stack of";
    assert!(blocked.code == 2 && blocked.err.contains(told), "{blocked:?}");
    assert_eq!(sent(&stage), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_what_was_done_to_a_group_on_moto() {
    let Some(testbed) = testbed() else { return };
    let moto = spawn_blocking(move || {
        let server = Server::start(testbed, "moto_server.py");
        second_opinion(testbed, &[&server.endpoint, "stand", "acted", "web"]);
        server
    });
    let moto = moto.await.expect("filled");
    let home = tempfile::tempdir().expect("a directory");
    configured(home.path());
    let endpoint = moto.endpoint.clone();
    let seen = || {
        let endpoint = endpoint.clone();
        async move { spawn_blocking(move || second_opinion(testbed, &[&endpoint, "standing", "web"])).await.expect("read") }
    };
    let group = |desired: u32, suspended: &[&str]| json!({ "MinSize": 0, "MaxSize": 5, "DesiredCapacity": desired, "instances": desired, "suspended": suspended });
    assert_eq!(seen().await, group(2, &[]));
    let grown = act(&order("group-desired", "web=3", "web"), &endpoint, home.path()).await;
    assert_eq!(grown.code, 0, "{grown:?}");
    assert_eq!(seen().await, group(3, &[]));
    for (action, suspended) in [("suspend-processes", &["Launch", "Terminate"][..]), ("resume-processes", &[])] {
        let done = act(&order(action, "web=Launch,Terminate", "web"), &endpoint, home.path()).await;
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(seen().await, group(3, suspended), "{action}");
    }
    assert_eq!(records(&endpoint, home.path()).await, [ONE, ONE, ONE].concat());
}

/// Needs a localemu that runs: `ROUNDS_TEST_LOCALEMU` is its endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn boto3_reads_the_archived_finding_on_localemu() {
    let Some(endpoint) = std::env::var("ROUNDS_TEST_LOCALEMU").ok().filter(|named| named.contains("://")) else {
        writeln!(std::io::stderr(), "skipped: ROUNDS_TEST_LOCALEMU names no localemu").expect("stderr");
        return;
    };
    let Some(testbed) = testbed() else { return };
    let read = |what: &'static str| {
        let endpoint = endpoint.clone();
        async move {
            let all = spawn_blocking(move || second_opinion(testbed, &[&endpoint, what])).await.expect("read");
            let ids = |part: &str| -> Vec<String> {
                let mut ids: Vec<String> = all[part]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|f| f["Id"].to_string().replace('"', ""))
                    .collect();
                ids.sort();
                ids
            };
            (ids("active"), ids("archived"))
        }
    };
    let (active, archived) = read("findings").await;
    let home = tempfile::tempdir().expect("a directory");
    configured(home.path());
    let id = active[0].clone();
    let id = &id;
    // Whose account it is, and how severe, is the server's to say.
    let plan = act(&format!("archive {id} --plan --json"), &endpoint, home.path()).await.document();
    let account = plan["confirm_account"].as_str().map(|account| format!(" --account {account}")).unwrap_or_default();
    let done = act(
        &format!("archive {id} --confirm {}{account} --reason tired --allow archive", &id[..8]),
        &endpoint,
        home.path(),
    )
    .await;
    assert!(done.code == 0 && done.out.contains("it is archived, and not deleted"), "{done:?}");
    let (fewer, more) = read("found").await;
    assert_eq!(fewer, active[1..]);
    let mut expected = [archived.as_slice(), std::slice::from_ref(id)].concat();
    expected.sort();
    assert_eq!(more, expected);
    let back = format!("unarchive {id} --confirm {} --reason wrong --allow unarchive", &id[..8]);
    let back = act(&back, &endpoint, home.path()).await;
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(read("found").await, (active, archived));
    writeln!(std::io::stderr(), "localemu: {id} archived and back: {}", done.out.trim()).expect("stderr");
    assert_eq!(records(&endpoint, home.path()).await, [ONE, ONE].concat());
}
