//! What AWS refuses, the loopback refuses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use rounds::backend::sim::wire::{Class, Options, Rate, Rates, serve};
use rounds::time::{ManualClock, Timestamp};

use crate::{clients, quiet, world};

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap_or("none").to_owned()
    };
}

#[tokio::test]
async fn page_sizes_and_batches_are_bounded() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    assert_eq!(ecs.list_services().cluster("ehr").send().await.unwrap().service_arns().len(), 10);
    assert_eq!(ecs.list_services().cluster("ehr").max_results(100).send().await.unwrap().service_arns().len(), 37);
    assert_eq!(ecs.list_tasks().cluster("ehr").send().await.unwrap().task_arns().len(), 100);
    for size in [0, -1, 101] {
        assert_eq!(code!(ecs.list_services().cluster("ehr").max_results(size)), "InvalidParameterException");
        assert_eq!(code!(ecs.list_tasks().cluster("ehr").max_results(size)), "InvalidParameterException");
        assert_eq!(code!(ecs.list_clusters().max_results(size)), "InvalidParameterException");
    }
    assert_eq!(code!(ecs.describe_capacity_providers().max_results(11)), "InvalidParameterException");
    let many = |count: usize| Some((0..count).map(|n| format!("n{n}")).collect::<Vec<_>>());
    assert!(ecs.describe_services().cluster("ehr").set_services(many(10)).send().await.is_ok());
    assert_eq!(code!(ecs.describe_services().cluster("ehr").set_services(many(11))), "InvalidParameterException");
    assert_eq!(code!(ecs.describe_services().cluster("ehr").set_services(many(0))), "InvalidParameterException");
    assert_eq!(code!(ecs.describe_tasks().cluster("ehr").set_tasks(many(101))), "InvalidParameterException");
    assert_eq!(code!(ecs.describe_clusters().set_clusters(many(101))), "InvalidParameterException");
    let instances = ecs.describe_container_instances().cluster("ehr").set_container_instances(many(101));
    assert_eq!(code!(instances), "InvalidParameterException");
    let protection = || ecs.get_task_protection().cluster("ehr");
    assert!(protection().set_tasks(many(100)).send().await.is_ok());
    for count in [0, 101] {
        assert_eq!(code!(protection().set_tasks(many(count))), "InvalidParameterException");
    }
    let revisions = |count: usize| {
        let arns = (0..count).map(|n| world::arn("service-revision", &format!("ehr/svc-01/{n}")).to_string());
        ecs.describe_service_revisions().set_service_revision_arns(Some(arns.collect()))
    };
    assert!(revisions(20).send().await.is_ok());
    for count in [0, 21] {
        assert_eq!(code!(revisions(count)), "InvalidParameterException");
    }
    assert_eq!(code!(revisions(1).service_revision_arns("svc-01")), "InvalidParameterException");
    let groups = clients::groups(&server);
    assert_eq!(code!(groups.describe_auto_scaling_groups().max_records(101)), "ValidationError");
    let names = groups.describe_auto_scaling_groups().set_auto_scaling_group_names(many(51));
    assert_eq!(code!(names.clone()), "ValidationError");
    assert!(names.max_records(100).send().await.is_ok());
}

#[tokio::test]
async fn other_clusters_are_refused() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    assert_eq!(code!(ecs.list_services().cluster("none")), "ClusterNotFoundException");
    assert_eq!(code!(ecs.list_tasks()), "ClusterNotFoundException");
    assert_eq!(code!(ecs.get_task_protection().cluster("none").tasks("t")), "ClusterNotFoundException");
    let task = world::arn("task", "rx/00000000000000000000000000000001");
    let error = ecs.describe_tasks().cluster("ehr").tasks(task.as_str()).send().await.unwrap_err();
    let message = error.message().unwrap();
    assert_eq!(message, "Invalid identifier: Identifier is for cluster rx. Your cluster is ehr");
}

#[tokio::test]
async fn tokens_are_for_their_list_alone_and_run_out() {
    let clock = Arc::new(ManualClock::at(world::START));
    let options = Options { clock: clock.clone(), token_life: Duration::from_secs(60), ..Options::default() };
    let server = serve(world::backend(world::world()), options).await.unwrap();
    let ecs = clients::ecs(&server);
    let token = ecs.list_services().cluster("ehr").send().await.unwrap().next_token().unwrap().to_owned();
    let with = |token: &str| ecs.list_services().cluster("ehr").next_token(token);
    assert!(with(&token).send().await.is_ok());
    assert!(with(&token).max_results(7).send().await.is_ok());
    assert_eq!(code!(with("made-up")), "InvalidParameterException");
    assert_eq!(code!(ecs.list_services().cluster("rx").next_token(&token)), "InvalidParameterException");
    assert_eq!(code!(ecs.list_tasks().cluster("ehr").next_token(&token)), "InvalidParameterException");
    clock.set(world::START + Duration::from_secs(61));
    assert_eq!(code!(with(&token)), "InvalidParameterException");
    let groups = clients::groups(&server).describe_auto_scaling_groups();
    assert_eq!(code!(groups.next_token("made-up")), "InvalidNextToken");
}

#[tokio::test]
async fn documented_rates_hold_until_the_clock_moves() {
    let clock = Arc::new(ManualClock::at(world::START));
    let options = Options { clock: clock.clone(), ..Options::default() };
    let server = serve(world::backend(world::world()), options).await.unwrap();
    let ecs = clients::ecs(&server);
    for n in 0..100 {
        let answer = match n % 2 {
            0 => ecs.list_services().cluster("rx").send().await.map(drop).is_ok(),
            _ => ecs.describe_services().cluster("rx").services("svc-01").send().await.map(drop).is_ok(),
        };
        assert!(answer, "call {n} of a burst of 100");
    }
    assert_eq!(code!(ecs.list_services().cluster("rx")), "ThrottlingException");
    assert!(ecs.list_tasks().cluster("rx").send().await.is_ok(), "another class has its own bucket");
    assert_eq!(server.counters().throttled.get("ecs:ListServices"), Some(&1));
    clock.set(world::START + Duration::from_millis(50));
    assert!(ecs.list_services().cluster("rx").send().await.is_ok(), "one call more after a twentieth of a second");
    assert_eq!(code!(ecs.list_services().cluster("rx")), "ThrottlingException");
}

#[tokio::test]
async fn rates_can_be_set_and_query_services_throttle_in_their_own_words() {
    let none = Rate { burst: 1, per_second: 0 };
    let rates = Rates::Custom(BTreeMap::from([(Class::Identity, none)]));
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1)));
    let server = serve(world::backend(world::world()), Options { rates, clock, ..Options::default() }).await.unwrap();
    let sts = clients::sts(&server);
    assert!(sts.get_caller_identity().send().await.is_ok());
    assert_eq!(code!(sts.get_caller_identity()), "Throttling");
}

#[tokio::test]
async fn requests_that_are_no_calls_are_refused() {
    let server = quiet().await;
    let json = "Content-Type: application/x-amz-json-1.1\r\n\
        X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListTasks\r\n";
    let unsigned = clients::raw(&server, json, "{}").await;
    assert!(unsigned.starts_with("HTTP/1.1 400 ") && unsigned.contains("MissingAuthenticationToken"), "{unsigned}");
    let unsigned = clients::raw(&server, "", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(unsigned.starts_with("HTTP/1.1 403 "), "{unsigned}");
    assert!(unsigned.contains("<Code>MissingAuthenticationToken</Code>"), "{unsigned}");
    assert_eq!(server.counters().strays, 2);
    for (operation, body, code) in [
        ("RunTask", "{}", "UnknownOperationException"),
        ("ListTasks", "{", "SerializationException"),
        ("ListTasks", r#"{"maxResults":"7","cluster":"ehr"}"#, "SerializationException"),
        ("ListTasks", r#"{"desiredStatus":"LOST","cluster":"ehr"}"#, "InvalidParameterException"),
        ("ListTasks", r#"{"startedBy":"me","cluster":"ehr"}"#, "InvalidParameterException"),
    ] {
        let answer = clients::raw_ecs(&server, operation, body).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains(&format!("\"__type\":\"{code}\"")), "{code}: {answer}");
        let lower = answer.to_ascii_lowercase();
        assert!(lower.contains("x-amzn-requestid: ") && lower.contains("x-amzn-errortype: "), "{answer}");
        assert!(lower.contains("date: sat, 14 mar 2026 03:12:44 gmt"), "{answer}");
    }
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = quiet().await;
    let answer = clients::raw_ecs(&server, "ListClusters", &" ".repeat((1 << 20) + 1)).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(clients::ecs(&server).list_clusters().send().await.is_ok());
}

#[tokio::test]
async fn calls_that_would_change_something_are_kept() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    let refused = ecs.update_service().cluster("ehr").service("svc-01").task_definition("web:2");
    assert_eq!(code!(refused), "InvalidParameterException");
    assert!(ecs.list_clusters().send().await.is_ok());
    let counters = server.counters();
    assert_eq!(counters.mutations.len(), 1);
    assert_eq!(counters.mutations[0].action, "ecs:UpdateService");
    let body = String::from_utf8_lossy(&counters.mutations[0].body).into_owned();
    assert!(body.contains("\"taskDefinition\":\"web:2\""), "{body}");
}

#[tokio::test]
async fn connections_are_kept_and_counted() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    for _ in 0..5 {
        ecs.list_clusters().send().await.unwrap();
    }
    let counters = server.counters();
    assert_eq!(counters.requests_per_connection, [5]);
    assert_eq!((counters.connections(), counters.total()), (1, 5));
    assert!(counters.bytes_in > 1_000 && counters.bytes_out > 10_000, "{counters:?}");
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = serve(world::backend(world::world()), Options { listen, ..Options::default() }).await;
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("0.0.0.0 is not a loopback address"), "{error}");
    let server = quiet().await;
    let taken = Options { listen: server.address(), ..Options::default() };
    let error = serve(world::backend(world::world()), taken).await.err().unwrap().to_string();
    assert!(error.contains("cannot listen on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn update_service_makes_a_new_deployment_and_refuses_everything_else() {
    let scenario = rounds::backend::sim::Scenario::sized(1, 2, 1);
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = rounds::backend::sim::Sim::new(&scenario, 1, clock.clone());
    let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.unwrap();
    let ecs = clients::ecs(&server);
    let arn = ecs.list_services().cluster("scale").send().await.unwrap().service_arns()[0].clone();
    let update = || ecs.update_service().cluster("scale").service(&arn);
    assert_eq!(code!(update()), "InvalidParameterException");
    assert_eq!(code!(update().force_new_deployment(false)), "InvalidParameterException");
    assert_eq!(code!(update().force_new_deployment(true).desired_count(0)), "InvalidParameterException");
    assert_eq!(code!(update().service("").force_new_deployment(true)), "InvalidParameterException");
    assert_eq!(code!(update().service("none").force_new_deployment(true)), "ServiceNotFoundException");
    assert_eq!(code!(update().cluster("none").force_new_deployment(true)), "ClusterNotFoundException");
    assert_eq!(sim.with(|world| world.mutations().len()), 0);
    let service = update().force_new_deployment(true).send().await.unwrap().service.unwrap();
    let states: Vec<_> = service.deployments().iter().map(|d| d.status().unwrap().to_owned()).collect();
    assert_eq!(states, ["PRIMARY", "ACTIVE"]);
    let asked: Vec<String> = server.counters().mutations.into_iter().map(|m| m.action).collect();
    assert_eq!((asked.len(), sim.with(|world| world.mutations().len())), (7, 1), "{asked:?}");
}
