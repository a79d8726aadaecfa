use std::io;

use super::super::fake::{Fake, MANY, Member, clock, denied, down, now, service, sets, stack};
use super::*;
use crate::model::ecs::{Event, Service};
use crate::table::Cell;
use crate::text::Text;
use crate::view::view;

/// Names as somebody would choose them who wants to do harm.
fn hostile() -> Fake {
    let event = |message: &str| Event { message: Text::from(message), ..Event::default() };
    let formula = Service { name: Text::from("=cmd|'/c calc'!A1"), ..service("formula") };
    let escape = Service {
        name: Text::from("x\x1b[31m\u{202e}"),
        events: vec![event("[click](http://h) | \"quoted\"")],
        ..down("escape")
    };
    let wide = Service { name: Text::from("診療"), ..service("wide") };
    Fake::with([formula, escape, wide])
}

struct Ran {
    exit: Result<u8, Error>,
    out: String,
    err: String,
}

async fn run(stacks: &[Stack], backends: Vec<Result<Backend, Fault>>, options: &ExportOptions) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let thresholds = Thresholds::default();
    let exit = export(stacks, backends, &clock(), &thresholds, options, &mut out, &mut err).await;
    Ran { exit, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn options(view: &str, format: Format) -> ExportOptions {
    ExportOptions { view: view.to_owned(), format, columns: false, timeout: MANY }
}

async fn of_hostile(format: Format) -> String {
    let ran = run(&[stack("prod")], vec![Ok(hostile().backend())], &options("services", format)).await;
    assert_eq!((ran.exit, ran.err.as_str()), (Ok(0), ""));
    assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.out);
    ran.out
}

#[tokio::test]
async fn json_holds_what_was_read_and_from_where() {
    let document: Value = serde_json::from_str(&of_hostile(Format::Json).await).unwrap();
    let row = |name: &str, id: &str| {
        json!({
            "stack": "prod",
            "id": format!("arn:aws:ecs:us-east-1:123456789012:service/ehr/{id}"),
            "severity": "ok",
            "problems": [],
            "cluster": "ehr",
            "service": name,
            "status": "ACTIVE",
            "launch": "FARGATE",
            "running": 2,
            "desired": 2,
            "pending": 0,
            "rollout": "COMPLETED",
            "deployment_age": 3600,
            "headroom": null,
            "azs": null,
            "lower_bound": 1,
            "upper_bound": 4,
            "deadlock": false,
            "last_event": null,
        })
    };
    let mut escape = row("x␛[31m⟨U+202E⟩", "escape");
    escape["severity"] = json!("crit");
    escape["problems"] = json!(["x␛[31m⟨U+202E⟩ 0/2: no task is running"]);
    escape["running"] = json!(0);
    escape["last_event"] = json!("[click](http://h) | \"quoted\"");
    let expected = json!({
        "schema": "rounds.export/1",
        "view": "services",
        "taken_at": "2026-03-14T03:12:44.000Z",
        "stacks": [{
            "stack": "prod",
            "account": "123456789012",
            "region": "us-east-1",
            "state": "fresh",
            "error": null,
        }],
        "rows": [row("=cmd|'/c calc'!A1", "formula"), escape, row("診療", "wide")],
    });
    assert_eq!(format!("{document:#}"), format!("{expected:#}"), "the keys are in order, too");
}

#[tokio::test]
async fn csv_has_the_same_values_and_no_formula() {
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/ehr";
    let expected = format!(
        "stack,id,severity,problems,cluster,service,status,launch,running,desired,pending,rollout,deployment_age,headroom,\
         azs,lower_bound,upper_bound,deadlock,last_event\n\
         prod,{arn}/formula,ok,[],ehr,'=cmd|'/c calc'!A1,ACTIVE,FARGATE,2,2,0,COMPLETED,3600,,,1,4,false,\n\
         prod,{arn}/escape,crit,\"[\"\"x␛[31m⟨U+202E⟩ 0/2: no task is running\"\"]\",ehr,x␛[31m⟨U+202E⟩,ACTIVE,FARGATE,\
         0,2,0,COMPLETED,3600,,,1,4,false,\"[click](http://h) | \"\"quoted\"\"\"\n\
         prod,{arn}/wide,ok,[],ehr,診療,ACTIVE,FARGATE,2,2,0,COMPLETED,3600,,,1,4,false,\n"
    );
    assert_eq!(of_hostile(Format::Csv).await, expected);
}

#[tokio::test]
async fn markdown_has_one_cell_a_column_whatever_the_names() {
    let expected = r#"
| stack | severity | cluster | service | status | launch | run | des | pend | rollout | age | room | zones | min | max | deadlock | last event | problems |
| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | --- | ---: | ---: | --- | ---: | ---: | --- | --- | --- |
| prod | ok | ehr | =cmd\|'/c calc'!A1 | ACTIVE | FARGATE | 2 | 2 | 0 | COMPLETED | 1h00m | – | – | 1 | 4 | no | – |  |
| prod | crit | ehr | x␛\[31m⟨U+202E⟩ | ACTIVE | FARGATE | 0 | 2 | 0 | COMPLETED | 1h00m | – | – | 1 | 4 | no | \[click\](http://h) \| "quoted" | x␛\[31m⟨U+202E⟩ 0/2: no task is running |
| prod | ok | ehr | 診療 | ACTIVE | FARGATE | 2 | 2 | 0 | COMPLETED | 1h00m | – | – | 1 | 4 | no | – |  |
"#;
    assert_eq!(of_hostile(Format::Markdown).await, expected.trim_start());
}

#[tokio::test]
async fn text_is_aligned_by_the_cells_it_takes() {
    let expected = r#"
stack  severity  cluster  service            status  launch   run  des  pend  rollout      age  room  zones  min  max  deadlock  last event                    problems
prod   ok        ehr      =cmd|'/c calc'!A1  ACTIVE  FARGATE    2    2     0  COMPLETED  1h00m     –  –        1    4  no        –
prod   crit      ehr      x␛[31m⟨U+202E⟩     ACTIVE  FARGATE    0    2     0  COMPLETED  1h00m     –  –        1    4  no        [click](http://h) | "quoted"  x␛[31m⟨U+202E⟩ 0/2: no task is running
prod   ok        ehr      診療               ACTIVE  FARGATE    2    2     0  COMPLETED  1h00m     –  –        1    4  no        –
"#;
    assert_eq!(of_hostile(Format::Text).await, expected.trim_start());
}

#[test]
fn nested_values_are_compact_json_and_rows_aside_are_left_out() {
    let view = view("tasks").unwrap();
    let mut cells = vec![Cell::Missing; view.columns.len()];
    cells[0] = Cell::Spread(vec![(Text::from("us-east-1a"), 2)]);
    cells[11] = Cell::Codes(vec![0, -137]);
    let row = Row { stack: Text::from("-prod"), id: Text::from("@id"), cells, ..Row::default() };
    let aside = Row { aside: true, ..row.clone() };
    let text = csv_of_rows(view, &[&aside, &row], now());
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines, ["'-prod,'@id,ok,[],\"{\"\"us-east-1a\"\":2}\",,,,,,,,,,,\"[0,-137]\""]);
    assert_eq!(page::aligned(view, &[&aside], now()).lines().count(), 1);
}

#[tokio::test]
async fn columns_are_listed_without_reading_anything() {
    let options = ExportOptions { columns: true, ..options("instances", Format::Json) };
    let ran = run(&[stack("prod")], Vec::new(), &options).await;
    assert_eq!(ran.exit, Ok(0));
    let memory = ran.out.lines().find(|line| line.starts_with("memory_total "));
    assert_eq!(memory, Some("memory_total      Memory registered, bytes in exports, MiB on screen"));
    assert_eq!(ran.out.lines().count(), 4 + view("instances").unwrap().columns.len());
}

#[tokio::test]
async fn a_view_that_cannot_be_exported_is_a_mistake_with_the_nearest() {
    for (typed, message) in [
        (
            "servces",
            "no view \"servces\" to export\n  did you mean \"services\"? views: services, instances, tasks, mongo, databases, scaling, findings, secrets, timeline, alarms, audit",
        ),
        (
            "overview",
            "no view \"overview\" to export\n  views: services, instances, tasks, mongo, databases, scaling, findings, secrets, timeline, alarms, audit",
        ),
        (
            "\x1b[2J",
            "no view \"␛[2J\" to export\n  views: services, instances, tasks, mongo, databases, scaling, findings, secrets, timeline, alarms, audit",
        ),
    ] {
        let ran = run(&[stack("prod")], vec![Ok(hostile().backend())], &options(typed, Format::Json)).await;
        let error = ran.exit.unwrap_err();
        assert_eq!((error.to_string().as_str(), ran.out.as_str()), (message, ""));
        assert_eq!(error.kind, crate::error::ErrorKind::Usage);
    }
}

#[tokio::test]
async fn stacks_come_as_configured_and_one_that_fails_is_told() {
    let stacks = [stack("zoo"), stack("dark"), stack("ant")];
    let backends =
        vec![Ok(Fake::with([service("z")]).backend()), Err(denied("sts:AssumeRole")), Ok(Fake::healthy().backend())];
    let ran = run(&stacks, backends, &options("services", Format::Json)).await;
    assert_eq!(ran.exit, Ok(1));
    assert_eq!(ran.err, "dark failing: sts:AssumeRole: denied: not authorised; allow sts:AssumeRole to this role\n");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let each = |list: &str, key: &str| -> Vec<String> {
        document[list].as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(each("stacks", "stack"), ["zoo", "dark", "ant"]);
    assert_eq!(each("stacks", "state"), ["fresh", "failing", "fresh"]);
    assert_eq!(each("rows", "service"), ["z", "api", "billing", "web"]);
    assert_eq!(document["stacks"][1]["account"], Value::Null);
    assert_eq!(document["stacks"][1]["error"]["action"], "sts:AssumeRole");
}

#[tokio::test]
async fn the_exit_code_tells_complete_partial_or_nothing() {
    let lost = || Fake::healthy().refusing("ecs:ListClusters");
    let some = || Fake::healthy().refusing("ecs:DescribeServices");
    for (fakes, exit) in [
        (vec![Fake::healthy(), Fake::healthy()], 0),
        (vec![Fake::healthy(), lost()], 1),
        (vec![some()], 1),
        (vec![some(), lost()], 1),
        (vec![Fake::healthy().refusing("sts:GetCallerIdentity")], 1),
        (vec![lost(), lost()], 3),
        (vec![], 3),
    ] {
        let stacks: Vec<Stack> = (0..fakes.len()).map(|i| stack(&format!("s{i}"))).collect();
        for format in [Format::Json, Format::Csv, Format::Markdown, Format::Text] {
            let again = |fake: &Fake| Ok(fake.again().backend());
            let ran = run(&stacks, fakes.iter().map(again).collect(), &options("services", format)).await;
            assert_eq!(ran.exit, Ok(exit));
            assert!(!ran.out.is_empty(), "what is known is printed in any case");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_hangs_ends_with_the_time_allowed() {
    let options = ExportOptions { timeout: Duration::from_secs(2), ..options("tasks", Format::Json) };
    let began = tokio::time::Instant::now();
    let ran = run(&[stack("prod")], vec![Ok(Fake::hung().backend())], &options).await;
    assert_eq!((ran.exit, began.elapsed()), (Ok(3), Duration::from_secs(2)));
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["stacks"][0]["error"]["kind"], "timeout");
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
    for (fake, exit) in [(Fake::healthy(), 0), (Fake::healthy().refusing("ecs:DescribeServices"), 1)] {
        let (backends, options) = (vec![Ok(fake.backend())], options("services", Format::Json));
        let thresholds = Thresholds::default();
        let ended = export(&[stack("s")], backends, &clock(), &thresholds, &options, &mut Closed, &mut Closed).await;
        assert_eq!(ended, Ok(exit));
    }
}

#[test]
fn rows_are_judged_with_all_that_their_rules_look_at() {
    let view = view("services").unwrap();
    assert_eq!(feeds_of(view), ["identity", "ecs", "stopped-tasks", "groups", "group-activities", "reservation"]);
}

#[tokio::test]
async fn a_set_that_tells_little_is_partial_and_a_rule_says_why() {
    let refused = "replSetGetStatus: denied: not authorized; grant the role clusterMonitor";
    let silent =
        "hello: offline: silent: no member answers; connection refused; check VPN, DNS, proxy and the endpoint address";
    for (names, troubles) in [(&["ehr"][..], &[refused][..]), (&["ehr", "silent"], &[refused, silent])] {
        let stacks = [Stack { mongo: sets(names), ..stack("prod") }];
        let backend = || Backend { mongo: Arc::new(Member { is_silent: false }), ..Fake::healthy().backend() };
        let ran = run(&stacks, vec![Ok(backend())], &options("mongo", Format::Json)).await;
        assert_eq!(ran.exit, Ok(1));
        let told: Vec<String> = troubles.iter().map(|trouble| format!("prod partial: {trouble}\n")).collect();
        assert_eq!(ran.err, told.concat());
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["stacks"][0]["state"], "partial");
        assert_eq!(document["stacks"][0]["error"]["action"], "replSetGetStatus");
    }
}

#[tokio::test]
async fn a_replica_set_has_a_row_of_its_own_with_its_problems() {
    let stacks = [Stack { mongo: sets(&["ehr", "silent"]), ..stack("prod") }];
    let backend = Backend { mongo: Arc::new(Member { is_silent: false }), ..Fake::healthy().backend() };
    let ran = run(&stacks, vec![Ok(backend)], &options("mongo", Format::Json)).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let told: Vec<_> = rows.iter().map(|row| [&row["id"], &row["member"], &row["primary"], &row["severity"]]).collect();
    let (no, unknown) = (Value::Null, json!("unknown"));
    let [ehr, silent, m0, s0] = ["ehr", "silent", "ehr-0:27017", "silent-0:27017"].map(Value::from);
    let [m0_id, s0_id] = ["ehr/ehr-0:27017", "silent/silent-0:27017"].map(Value::from);
    let warn = json!("warn");
    assert_eq!(
        told,
        [
            [&ehr, &no, &m0, &warn],
            [&silent, &no, &no, &unknown],
            [&m0_id, &m0, &no, &json!("ok")],
            [&s0_id, &s0, &no, &unknown]
        ]
    );
    let sentences = rows[0]["problems"].as_array().unwrap();
    let missing = "ehr: the role clusterMonitor is missing; only what hello tells is known";
    assert!(sentences.contains(&json!(missing)), "{sentences:?}");
    assert!(rows[0].get("lag_trend").is_none(), "a drawing is for the eye");
}
