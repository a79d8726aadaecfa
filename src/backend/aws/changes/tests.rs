use std::sync::Mutex;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::backend::aws::replay;
use crate::backend::change::{InstanceStatus, Process, Processes};

/// Names and values, as they are sent or as they are shown; a list by its items, with commas between.
type Parameters = Vec<(String, String)>;

/// Notes the address and the body of what is sent, and breaks before an answer.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Vec<(String, String)>>>);

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
        self.0.lock().unwrap().push((request.uri().to_owned(), body));
        HttpConnectorFuture::ready(Err(ConnectorError::io("broken".into())))
    }
}

/// Notes what is handed to the replica sets, whose command their own tests look at.
#[derive(Default)]
struct Sets(Mutex<Vec<Change>>);

#[async_trait]
impl Changes for Sets {
    async fn send(&self, _: Permit, change: &Change) -> Sent {
        self.0.lock().unwrap().push(change.clone());
        Sent::Applied { request_id: None, made: None }
    }
}

/// Which of [`each`] it is. Whoever adds a change adds it to both.
const fn number(change: &Change) -> usize {
    match change {
        Change::ForceDeployment { .. } => 0,
        Change::InstanceState { .. } => 1,
        Change::FindingArchived { .. } => 2,
        Change::GroupDesired { .. } => 3,
        Change::GroupProcesses { .. } => 4,
        Change::StepDown { .. } => 5,
        Change::FailOverInstance { .. } => 6,
        Change::FailOverCluster { .. } => 7,
        Change::DesiredCount { .. } => 8,
        Change::RollBack { .. } => 9,
        Change::SuspendScaling { .. } => 10,
        Change::RotateSecret { .. } => 11,
        Change::CancelRotation { .. } => 12,
    }
}

/// One of each, of these values.
fn each([one, other]: [Text; 2], [n, m]: [u32; 2], is: bool, some: Vec<Process>) -> [Change; 13] {
    let status = if is { InstanceStatus::Draining } else { InstanceStatus::Active };
    let processes = Processes::of(some).unwrap();
    [
        Change::ForceDeployment { cluster: one.clone(), service: other.clone() },
        Change::InstanceState { cluster: one.clone(), instance: other.clone(), status },
        Change::FindingArchived { detector: one.clone(), finding: other.clone(), archived: is },
        Change::GroupDesired { group: one.clone(), desired: n },
        Change::GroupProcesses { group: one.clone(), processes, suspended: is },
        Change::StepDown { set: one.clone(), host: other.clone(), rests: n, waits: m },
        Change::FailOverInstance { instance: one.clone() },
        Change::FailOverCluster { cluster: one.clone(), to: other.clone() },
        Change::DesiredCount { cluster: one.clone(), service: other.clone(), tasks: n },
        Change::RollBack { deployment: one.clone() },
        Change::SuspendScaling { resource: one.clone(), suspended: is },
        Change::RotateSecret { secret: one.clone(), token: other },
        Change::CancelRotation { secret: one },
    ]
}

/// Sends it; what came on the wire, with its operation where the body names it, and what reached the replica sets.
async fn sent(change: &Change) -> (Vec<(String, String)>, Vec<Change>) {
    let wire = Wire::default();
    let connector = SharedHttpConnector::new(wire.clone());
    let (config, access, _) = replay::of([]);
    let config = config.to_builder().http_client(http_client_fn(move |_, _| connector.clone())).build();
    let sets = Arc::new(Sets::default());
    let changes = AwsChanges {
        ecs: Arc::new(AwsEcs::new(&config, access.clone())),
        guardduty: Arc::new(AwsGuardDuty::new(&config, access.clone())),
        groups: Arc::new(AwsGroups::new(&config, access.clone())),
        rds: Arc::new(AwsRds::new(&config, access.clone())),
        mongo: sets.clone(),
        app_scaling: Arc::new(AwsAppScaling::new(&config, access.clone())),
        secrets: Arc::new(AwsSecrets::new(&config, access)),
    };
    let _ = changes.send(Permit::of_the_sender(), change).await;
    let (wire, sets) = (wire.0.lock().unwrap().clone(), sets.0.lock().unwrap().clone());
    (wire, sets)
}

/// What a request says, of its body and of the path that names a detector.
fn read(address: &str, body: &str) -> Parameters {
    let mut all = Parameters::new();
    if let Ok(Value::Object(members)) = serde_json::from_str(body) {
        all.extend(members.into_iter().map(|(name, value)| (name, plain(&value))));
        if let Some((_, path)) = address.split_once("/detector/") {
            all.push(("detectorId".to_owned(), decoded(path.split('/').next().unwrap())));
        }
    } else {
        for pair in body.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            let name = name.split(".member.").next().unwrap();
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, items)) => *items = format!("{items},{}", decoded(value)),
                None => all.push((name.to_owned(), decoded(value))),
            }
        }
        all.retain(|(name, _)| !matches!(name.as_str(), "Action" | "Version"));
    }
    all.sort_unstable();
    all
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{name}:{}", plain(value))).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// What is written with percent signs in a path or a form.
fn decoded(written: &str) -> String {
    let mut bytes = written.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            let hex = [bytes.next(), bytes.next()].map(|digit| char::from(digit.unwrap()));
            u8::from_str_radix(&String::from_iter(hex), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(out).unwrap()
}

/// What stands in a plan.
fn shown(change: &Change) -> Parameters {
    let mut all: Parameters =
        change.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    all.sort_unstable();
    all
}

#[test]
fn every_change_is_among_those_that_are_sent() {
    let all = each([Text::from("a"), Text::from("b")], [1, 2], true, vec![Process::Launch]);
    assert_eq!(all.each_ref().map(number), std::array::from_fn(|n| n));
}

/// Whatever can be in a name, whether AWS would take it or not.
const NAME: &str = "[ -~äß語]{1,60}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f14_whatever_is_in_it_a_change_is_sent_as_it_is_shown_and_nothing_else(
        names in [NAME, NAME], numbers in [0..=i32::MAX.unsigned_abs(), 0..=i32::MAX.unsigned_abs()], is: bool,
        some in proptest::sample::subsequence(Process::ALL.to_vec(), 1..=Process::ALL.len())
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for change in each(names.each_ref().map(|name| Text::from(name.as_str())), numbers, is, some.clone()) {
            let (wire, sets) = runtime.block_on(sent(&change));
            if matches!(change, Change::StepDown { .. }) {
                prop_assert_eq!((wire, sets), (vec![], vec![change]));
                continue;
            }
            let [(address, body)] = &wire[..] else { panic!("one request: {wire:?}") };
            prop_assert!(sets.is_empty());
            prop_assert_eq!(read(address, body), shown(&change), "{:?}", change);
        }
    }
}
