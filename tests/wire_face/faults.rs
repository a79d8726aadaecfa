//! Every fault as a client meets it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::describe_tasks::{DescribeTasksError, DescribeTasksOutput};
use bytes::Bytes;
use rounds::backend::sim::wire::{Fault, Options, Rates, Server, serve};
use rounds::time::ManualClock;

use crate::{clients, quiet, world};

const ACTION: &str = "ecs:DescribeTasks";

type Answer = Result<DescribeTasksOutput, SdkError<DescribeTasksError>>;

async fn describe(server: &Server) -> Answer {
    describe_with(&clients::ecs(server)).await
}

async fn describe_with(client: &aws_sdk_ecs::Client) -> Answer {
    let arn = world::arn("task", &format!("ehr/{:032x}", 1));
    client.describe_tasks().cluster("ehr").tasks(arn.as_str()).send().await
}

/// The answer to the call that meets `fault`, after which all goes well again.
async fn met(server: &Server, fault: Fault) -> Answer {
    met_by(&clients::ecs(server), server, fault).await
}

async fn met_by(client: &aws_sdk_ecs::Client, server: &Server, fault: Fault) -> Answer {
    server.faults().set(ACTION, fault.clone(), Some(1));
    let answer = describe_with(client).await;
    let after = describe(server).await;
    assert_eq!(after.expect("one call only").tasks().len(), 1, "after {fault:?}");
    answer
}

#[tokio::test]
async fn silence_lasts_until_the_client_gives_up() {
    let server = quiet().await;
    for fault in [Fault::Hang, Fault::Stall] {
        let started = Instant::now();
        let error = met_by(&clients::impatient_ecs(&server), &server, fault.clone()).await.unwrap_err();
        assert!(matches!(error, SdkError::TimeoutError(_)), "{fault:?}: {error:?}");
        assert!(started.elapsed() >= clients::PATIENCE);
    }
}

#[tokio::test]
async fn broken_connections_are_no_answers() {
    let server = quiet().await;
    for fault in [Fault::Reset, Fault::LoseAnswer] {
        let error = met(&server, fault.clone()).await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{fault:?}: {error:?}");
    }
    assert_eq!(server.counters().calls(ACTION), 4);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_cut_body_is_short() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = quiet().await;
    server.faults().set("*", Fault::Reset, Some(1));
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = clients::raw_request("ListClusters", "{}");
    stream.write_all(head.as_bytes()).await.unwrap();
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    server.faults().set("ecs:*", Fault::CutOff, Some(1));
    let cut = clients::raw_ecs(&server, "ListClusters", "{}").await;
    let whole = clients::raw_ecs(&server, "ListClusters", "{}").await;
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.len();
    assert_eq!(body(&cut), body(&whole) / 2);
    assert!(cut.to_ascii_lowercase().contains(&format!("content-length: {}", body(&whole))));
}

#[tokio::test]
async fn unreadable_bodies_are_errors() {
    let server = quiet().await;
    let canned =
        Fault::Answer { status: 200, content_type: "application/x-amz-json-1.1", body: Bytes::from("{\"tasks\":7}") };
    for fault in [Fault::CutOff, Fault::Garbage, Fault::Html, canned] {
        let error = met(&server, fault.clone()).await.unwrap_err();
        assert!(matches!(error, SdkError::ResponseError(_)), "{fault:?}: {error:?}");
    }
}

#[tokio::test]
async fn empty_objects_are_answers_without_facts() {
    let server = quiet().await;
    let answer = met(&server, Fault::EmptyObjects).await.unwrap();
    assert_eq!(answer.tasks().len(), 1);
    assert_eq!(answer.tasks()[0].task_arn(), None);
    server.faults().set("autoscaling:*", Fault::EmptyObjects, Some(1));
    let groups = clients::groups(&server).describe_auto_scaling_groups().send().await.unwrap();
    assert_eq!(groups.auto_scaling_groups().len(), 50);
    assert!(groups.auto_scaling_groups()[0].instances().is_empty());
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let server = quiet().await;
    for (fault, status, code) in [
        (Fault::Internal, 500, "ServerException"),
        (Fault::Unavailable, 503, "ServiceUnavailableException"),
        (Fault::Throttle, 400, "ThrottlingException"),
        (Fault::Deny, 400, "AccessDeniedException"),
        (Fault::Expire, 400, "ExpiredTokenException"),
    ] {
        let error = met(&server, fault.clone()).await.unwrap_err();
        assert_eq!((error.raw_response().unwrap().status().as_u16(), error.code()), (status, Some(code)), "{fault:?}");
    }
    let denied = met(&server, Fault::Deny).await.unwrap_err();
    let message = denied.message().unwrap();
    assert!(message.starts_with("User: arn:aws:sts::123456789012:assumed-role/SRE/ana is not authorized"), "{message}");
    assert!(message.contains(" ecs:DescribeTasks "), "{message}");
}

#[tokio::test]
async fn one_denied_action_leaves_the_others() {
    let server = quiet().await;
    server.faults().set("sts:*", Fault::Expire, None);
    let error = clients::sts(&server).get_caller_identity().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredToken"));
    assert!(describe(&server).await.is_ok());
    server.faults().clear();
    assert!(clients::sts(&server).get_caller_identity().send().await.is_ok());
}

#[tokio::test]
async fn pages_that_never_end() {
    let server = quiet().await;
    let ecs = clients::ecs(&server);
    let list = |token: Option<String>| ecs.list_services().cluster("ehr").set_next_token(token).send();
    server.faults().set("ecs:ListServices", Fault::RepeatToken, None);
    let first = list(None).await.unwrap();
    let second = list(first.next_token.clone()).await.unwrap();
    let third = list(second.next_token.clone()).await.unwrap();
    assert_eq!((&first.next_token, &second.next_token), (&second.next_token, &third.next_token));
    assert_eq!((second.service_arns(), first.next_token.is_some()), (first.service_arns(), true));
    server.faults().set("ecs:ListServices", Fault::EndlessPages, None);
    let first = list(None).await.unwrap();
    let second = list(first.next_token.clone()).await.unwrap();
    assert!(second.next_token.is_some() && first.next_token != second.next_token);
    server.faults().set("ecs:ListServices", Fault::EmptyPage, Some(1));
    let pages = ecs.list_services().cluster("ehr").into_paginator().items().send();
    assert_eq!(pages.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 37);
}

#[tokio::test]
async fn faults_follow_their_schedule() {
    let server = quiet().await;
    server.faults().set(ACTION, Fault::Latency(Duration::ZERO), Some(2));
    server.faults().then(ACTION, Fault::Throttle, Some(1));
    server.faults().then(ACTION, Fault::Internal, Some(1));
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(describe(&server).await.err().and_then(|error| error.code().map(str::to_owned)));
    }
    let expected = [None, None, Some("ThrottlingException"), Some("ServerException"), None];
    assert_eq!(codes.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn latency_is_added() {
    let clock = Arc::new(ManualClock::at(world::START));
    let latency = Duration::from_millis(40);
    let options = Options { clock, rates: Rates::Off, latency, ..Options::default() };
    let server = serve(world::backend(world::world()), options).await.unwrap();
    let started = Instant::now();
    describe(&server).await.unwrap();
    assert!(started.elapsed() >= latency);
    server.faults().set(ACTION, Fault::Latency(Duration::from_millis(60)), Some(1));
    let started = Instant::now();
    describe(&server).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn connections_are_refused_and_taken_again() {
    let server = quiet().await;
    server.faults().refuse(Some(1));
    assert!(matches!(describe(&server).await.unwrap_err(), SdkError::DispatchFailure(_)));
    assert!(describe(&server).await.is_ok());

    let kept = clients::ecs(&server);
    kept.list_clusters().send().await.unwrap();
    server.faults().refuse(None);
    for _ in 0..3 {
        assert!(matches!(describe(&server).await.unwrap_err(), SdkError::DispatchFailure(_)));
        assert!(kept.list_clusters().send().await.is_err());
    }
    server.faults().clear();
    assert!(describe(&server).await.is_ok());
    assert!(kept.list_clusters().send().await.is_ok());
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let server = quiet().await;
    let address = server.address();
    describe(&server).await.unwrap();
    drop(server);
    // The socket is closed by the runtime soon after; every connection made meanwhile ends without an answer.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
