//! An account in which every text was written by someone who means harm.

use serde_json::{Value, json};

use crate::Launch;
use crate::canned::{Answer, Canned};
use crate::pty::SECRET;

/// What a terminal would act on, what deceives a reader, and what overruns a table.
const EVIL: &str = "evil\u{1b}]52;c;aGFja2Vk\u{7}\u{1b}[2J\u{1b}[31m\u{1b}P\u{9b}6n\u{9d}0;t\u{9c}\r\n\t\u{8}\u{7f}\
                        \u{202e}gnp\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}";

/// The service's name as it must appear: it begins with this, and every control character has become visible.
const TAMED: &str = "evil␛]52;c;aGFja2Vk␇␛[2J";

fn marks() -> String {
    format!("z{}", "\u{301}\u{489}".repeat(500))
}

fn long() -> String {
    "L".repeat(10_000)
}

fn evil() -> String {
    format!("{EVIL}{}", marks())
}

fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{id}")
}

#[test]
fn nothing_that_is_named_acts_on_the_terminal() {
    let aws = account();
    let mut console = Launch::new(&["--log", "log.json"]).on(&aws.url).start();
    console.sees("123456789012⟨U+202E⟩⟨U+200B⟩nimda⟨U+009B⟩2J").sees(TAMED);
    for (key, view) in [("2", "┌ services"), ("3", "┌ instances"), ("4", "┌ tasks"), ("1", "┌ overview")] {
        console.press(key).sees(view).sees("evil␛");
        for panel in ["w", "d"] {
            console.press(panel).sees("esc close").press("G\x1b[5~gG").press("q").sees_no("esc close");
            console.press("G").press(panel).sees("esc close").press("q").sees_no("esc close").press("g");
        }
        console.press("llllhhhhssss").sees("sorted ").press("/evil").sees(" /evil").sees("esc undoes");
        console.press("\x1b").sees_no("esc undoes").sees_no(" /evil");
    }
    // What cannot be planned says so, in the same harmless words.
    console
        .press("2")
        .sees("┌ services")
        .press("a")
        .sees("plans it")
        .press("\r")
        .sees("┌ force a new deployment: evil␛");
    console.sees("esc close").press("q").sees_no("esc close");
    console.press("2").sees("┌ services").press("\r").sees("/cluster=").press("\r").sees("┌ instances");
    console.press("?").sees("help: ").press("q").sees_no("help: ").press("!").sees("errors").sees(TAMED);
    console.press("G").press("q").sees_no("esc close").press(":evil").sees("> evil␛").press("\r").sees_no("esc closes");
    for (key, view, filter) in [("4", "┌ tasks", "/severity:unknown\r"), ("3", "┌ instances", "/evil\r")] {
        console.press(key).sees(view).press("f").sees("faults only").press(filter).press("G").press("y").sees("copied");
        console.press("q").sees_no("copied");
    }
    console.resize(80, 24).sees("evil␛").resize(41, 9).press("2").sees("┌ services").press("q");
    let end = console.ends();
    assert_eq!(end.code, 0);
    assert!(end.heard.copied[0].starts_with(&format!("arn:aws:ecs:us-east-1:123456789012:task/{TAMED}")));
    assert_eq!(end.heard.copied.len(), 2);
    let log = std::fs::read_to_string(end.home.path().join("log.json")).expect("a log");
    assert!(!log.chars().any(|c| c.is_control() && c != '\n') && !log.contains(SECRET), "{log}");
}

fn account() -> Canned {
    Canned::answering(answer)
}

fn answer(operation: &str) -> Answer {
    let body = match operation {
        "ListClusters" => json!({"clusterArns": [arn("cluster", "ehr")]}),
        "DescribeClusters" => json!({"clusters": [cluster()], "failures": [failure()]}),
        "ListServices" => json!({"serviceArns": ids("service")}),
        "DescribeServices" => json!({"services": services(), "failures": [failure()]}),
        "ListTasks" => json!({"taskArns": ids("task")}),
        "DescribeTasks" => json!({"tasks": tasks(), "failures": [failure()]}),
        "ListContainerInstances" => json!({"containerInstanceArns": ids("container-instance")}),
        "DescribeContainerInstances" => json!({"containerInstances": instances(), "failures": [failure()]}),
        "DescribeCapacityProviders" => {
            return (400, json!({"__type": evil(), "message": long() + &evil()}).to_string());
        }
        "GetCallerIdentity" => return (200, caller()),
        "DescribeAutoScalingGroups" => return (200, "<html>\u{202e}\u{9b}2J log in to the hotel</html>".to_owned()),
        other => return (400, json!({"__type": "UnknownOperationException", "message": other}).to_string()),
    };
    (200, body.to_string())
}

/// One that is well formed, and two that are not.
fn ids(kind: &str) -> [String; 3] {
    [arn(kind, "ehr/web"), arn(kind, &format!("ehr/{}", evil())), arn(kind, &format!("ehr/{}", long()))]
}

fn failure() -> Value {
    json!({"arn": arn("task", &evil()), "reason": evil(), "detail": long()})
}

fn cluster() -> Value {
    json!({
        "clusterArn": arn("cluster", "ehr"), "clusterName": evil(), "status": EVIL, "activeServicesCount": 3,
        "runningTasksCount": 3, "pendingTasksCount": 0, "registeredContainerInstancesCount": 3,
        "capacityProviders": [evil(), long()],
    })
}

fn services() -> Vec<Value> {
    let service = |(n, arn): (usize, String)| {
        json!({
            "serviceArn": arn, "serviceName": if n == 2 { long() } else { evil() }, "clusterArn": evil(),
            "status": EVIL, "launchType": EVIL, "taskDefinition": arn, "createdBy": EVIL,
            "desiredCount": 4, "runningCount": 1, "pendingCount": -1, "schedulingStrategy": "REPLICA",
            "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
            "deployments": [{
                "id": evil(), "status": "PRIMARY", "rolloutState": EVIL, "rolloutStateReason": evil(),
                "desiredCount": 4, "runningCount": 1, "failedTasks": 7, "createdAt": 1_700_000_000,
            }],
            "events": [
                {"id": EVIL, "createdAt": 1_700_000_000, "message": format!("was unable to place a task {}", evil())},
                {"id": EVIL, "createdAt": 9e18, "message": long()},
            ],
        })
    };
    ids("service").into_iter().enumerate().map(service).collect()
}

fn tasks() -> Vec<Value> {
    let task = |arn: String| {
        json!({
            "taskArn": arn, "clusterArn": evil(), "group": format!("service:{}", evil()), "lastStatus": EVIL,
            "desiredStatus": EVIL, "healthStatus": EVIL, "availabilityZone": evil(), "stopCode": EVIL,
            "stoppedReason": evil() + &long(), "containerInstanceArn": evil(), "capacityProviderName": evil(),
            "taskDefinitionArn": evil(), "cpu": EVIL, "memory": "-1", "stoppedAt": 1_700_000_000,
            "containers": [{
                "name": evil(), "image": evil(), "imageDigest": EVIL, "lastStatus": EVIL, "exitCode": -137,
                "reason": format!("CannotPullContainerError: {}", evil()),
            }],
        })
    };
    ids("task").into_iter().map(task).collect()
}

fn instances() -> Vec<Value> {
    let instance = |arn: String| {
        json!({
            "containerInstanceArn": arn, "ec2InstanceId": evil(), "status": EVIL, "statusReason": evil() + &long(),
            "agentConnected": false, "agentUpdateStatus": EVIL, "versionInfo": {"agentVersion": evil()},
            "attributes": [{"name": "ecs.availability-zone", "value": evil()}],
            "capacityProviderName": evil(), "runningTasksCount": 1, "pendingTasksCount": 0,
            "remainingResources": [{"name": "CPU", "type": "INTEGER", "integerValue": -5}],
        })
    };
    ids("container-instance").into_iter().map(instance).collect()
}

fn caller() -> String {
    let evil = "\u{202e}\u{200b}nimda\u{9b}2J";
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::123456789012:assumed-role/{evil}/{evil}</Arn><UserId>{evil}</UserId>\
         <Account>123456789012{evil}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}
