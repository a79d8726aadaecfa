//! The AWS adapters against emulators over real HTTP. boto3, asked about the same server, is the second opinion.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/binary.rs"]
mod binary;
#[path = "support/console.rs"]
mod console;
#[path = "aws/databases.rs"]
mod databases;
#[path = "support/lists.rs"]
mod lists;
#[path = "support/patience.rs"]
mod patience;
#[path = "aws/scaling.rs"]
mod scaling;
#[path = "aws/secrets.rs"]
mod secrets;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use backend::{ANY, stack};
use lists::Shown;
use patience::patiently;
use rounds::backend::ports::{Backend, Listing};
use rounds::model::stack::Stack;
use rounds::model::{Fault, FaultKind};
use rounds::time::SystemClock;
use support::opinion::second_opinion;
use support::python::{Testbed, testbed};
use support::server::Server;

/// One moto for all tests of this file; each uses a cluster of its own.
fn moto() -> Option<(&'static Testbed, &'static Server)> {
    static MOTO: OnceLock<Server> = OnceLock::new();
    let testbed = testbed()?;
    Some((testbed, MOTO.get_or_init(|| Server::start(testbed, "moto_server.py"))))
}

/// One ministack for all tests of this file.
fn ministack() -> Option<(&'static Testbed, &'static Server)> {
    static MINISTACK: OnceLock<Server> = OnceLock::new();
    let testbed = testbed()?;
    Some((testbed, MINISTACK.get_or_init(|| Server::start(testbed, "ministack_server.py"))))
}

async fn connect(endpoint: &str) -> Backend {
    backend::connect(&stack(endpoint, &[]), ANY).await
}

/// A cluster for boto3 to fill, and with how many services, tasks and container instances.
type Filling = (&'static str, [usize; 3]);

/// Eleven is one more than a batch of services, 101 one more than a page, 1,001 one more than the tasks of ten pages.
const FILLINGS: [Filling; 3] = [("eleven", [11, 3, 11]), ("hundred", [101, 11, 101]), ("thousand", [1_001, 1_001, 0])];

/// Fills a cluster, then expects of the program and of the screen what boto3 lists.
async fn shows_what_boto3_lists(
    (testbed, server): (&'static Testbed, &'static Server),
    (cluster, counts): Filling,
) -> Shown {
    let listed = tokio::task::spawn_blocking(move || {
        let [services, tasks, instances] = counts.map(|n| n.to_string());
        second_opinion(testbed, &[&server.endpoint, "fill", cluster, &services, &tasks, &instances])
    });
    let shown = lists::as_boto3(&server.endpoint, cluster, &listed.await.expect("filled and listed")).await;
    let took = shown.took.as_secs_f64();
    writeln!(std::io::stderr(), "{cluster}: {:?} services, tasks, instances; export {took:.1} s", shown.counts)
        .expect("stderr");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn export_and_screen_list_what_boto3_lists_on_moto() {
    let Some(moto) = moto() else { return };
    // One after the other: moto answers one request at a time, and what waits behind the others runs into its time limit.
    let mut shown = Vec::new();
    for filling in FILLINGS {
        shown.push(shows_what_boto3_lists(moto, filling).await);
    }
    for ((cluster, counts), shown) in FILLINGS.iter().zip(shown) {
        assert_eq!(shown.counts, *counts, "moto starts no tasks for services");
        assert!(shown.ecs_line.contains(": no task is running"), "{cluster}: {}", shown.ecs_line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_and_screen_list_what_boto3_lists_on_ministack() {
    let Some(ministack) = ministack() else { return };
    // It has no container instances to register.
    let fillings = FILLINGS.map(|(cluster, [services, tasks, _])| (cluster, [services, tasks, 0]));
    let mut shown = Vec::new();
    for filling in fillings {
        shown.push(shows_what_boto3_lists(ministack, filling).await);
    }
    for ((cluster, [services, tasks, _]), shown) in fillings.iter().zip(shown) {
        assert_eq!((shown.counts[0], shown.counts[2]), (*services, 0));
        assert!(shown.counts[1] > *tasks, "its services start tasks of their own");
        let line = format!("1 cluster, {services} services, {} tasks, 0 instances", shown.counts[1]);
        assert!(shown.ecs_line.contains(&line), "{cluster}: {}", shown.ecs_line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_to_be_missing() {
    let Some((testbed, moto)) = moto() else { return };
    second_opinion(testbed, &[&moto.endpoint, "fill", "sparse", "1", "0", "0"]);
    let aws = connect(&moto.endpoint).await;
    let clusters = patiently(async || aws.ecs.clusters(&["sparse".to_owned(), "nowhere".to_owned()]).await)
        .await
        .expect("an answer");
    assert_eq!(
        (clusters.items.len(), &*clusters.items[0].name, clusters.items[0].status.as_deref()),
        (1, "sparse", Some("ACTIVE"))
    );
    let why: Vec<&str> = clusters.failures.iter().map(|(_, why)| &**why).collect();
    assert_eq!(why, ["MISSING"]);
    let services =
        patiently(async || aws.ecs.services("sparse", &["service-0000".to_owned(), "gone".to_owned()]).await)
            .await
            .expect("an answer");
    assert_eq!((services.items.len(), services.failures.len()), (1, 1));
    let groups = patiently(async || aws.groups.groups(&["none".to_owned()], None).await).await.expect("an answer");
    assert_eq!((groups.items.len(), groups.next), (0, None));
    let fault = aws.ecs.list(&Listing::Services("nowhere".to_owned()), None).await.expect_err("no such cluster");
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Rejected, Some("ClusterNotFoundException")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_is_who_sts_says_and_a_role_is_assumed_on_top() {
    let Some((_, moto)) = moto() else { return };
    let aws = connect(&moto.endpoint).await;
    let caller = patiently(async || aws.sts.caller().await).await.expect("an identity");
    assert_eq!((&*caller.account, caller.region.as_deref()), ("123456789012", Some("us-east-1")));
    assert_eq!((caller.endpoint.as_deref(), caller.expires_at), (Some(&*moto.endpoint), None));
    let role_arn = Some("arn:aws:iam::210987654321:role/SRE".to_owned());
    let aws = backend::connect(&Stack { role_arn, ..stack(&moto.endpoint, &[]) }, ANY).await;
    let caller = patiently(async || aws.sts.caller().await).await.expect("an identity");
    assert_eq!((&*caller.account, &*caller.caller()), ("210987654321", "rounds@SRE"));
    let left = caller.expires_at.expect("a session ends").since(rounds::time::Clock::now(&SystemClock));
    assert!(left > Duration::from_mins(50) && left <= Duration::from_mins(60), "{left:?}");
}

/// Posts a body, for what moto offers beside AWS's own API.
fn post(endpoint: &str, path: &str, body: &str) {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}").expect("sent");
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).expect("answered");
    assert!(status.contains(" 200 "), "{path}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_is_denied_and_a_stranger_not_known() {
    let Some(testbed) = testbed() else { return };
    let moto = Server::start(testbed, "moto_server.py");
    let user = second_opinion(testbed, &[&moto.endpoint, "powerless"]);
    post(&moto.endpoint, "/moto-api/reset-auth", "0");
    let text = |key: &str| user[key].as_str().expect("text").to_owned();
    let aws = backend::connect(&stack(&moto.endpoint, &[]), [&text("id"), &text("secret")]).await;
    let denied = patiently(async || aws.groups.groups(&[], None).await).await.expect_err("no rights");
    assert_eq!((denied.kind, denied.code.as_deref()), (FaultKind::Denied, Some("AccessDenied")), "{denied}");
    assert!(denied.message.contains("is not authorized to perform: autoscaling:DescribeAutoScalingGroups"), "{denied}");
    assert_eq!(denied.hint().as_deref(), Some("allow autoscaling:DescribeAutoScalingGroups to this role"));
    let denied = patiently(async || aws.ecs.list(&Listing::Clusters, None).await).await.expect_err("no rights");
    assert_eq!((denied.kind, denied.action), (FaultKind::Denied, "ecs:ListClusters"), "{denied}");
    assert!(denied.message.contains("user/powerless is not authorized to perform: ecs:ListClusters"), "{denied}");
    let stranger = backend::connect(&stack(&moto.endpoint, &[]), ["AKIANOBODY", "x"]).await;
    let unknown = patiently(async || stranger.sts.caller().await).await.expect_err("a stranger");
    assert_eq!(
        (unknown.kind, unknown.code.as_deref()),
        (FaultKind::Expired, Some("InvalidClientTokenId")),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_that_crashes_is_a_server_error() {
    let Some((testbed, moto)) = moto() else { return };
    second_opinion(testbed, &[&moto.endpoint, "fill", "crash", "0", "0", "0"]);
    let aws = connect(&moto.endpoint).await;
    let none = ["0123".to_owned()];
    let fault = patiently(async || aws.ecs.instances("crash", &none).await).await.expect_err("moto crashes here");
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Server, Some("InternalFailure")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_unreachable_at_once_and_says_where() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let started = Instant::now();
    let fault = connect(&endpoint).await.ecs.list(&Listing::Clusters, None).await.expect_err("nobody listens");
    assert_eq!((fault.kind, fault.action), (FaultKind::Unreachable, "ecs:ListClusters"));
    assert_eq!(&*fault.message, format!("{endpoint}: Connection refused"));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

/// A listener that takes what it is sent and gives back `answer`, then closes; with nothing to give it keeps silent.
fn canned(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8_192]);
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => silent.push(stream),
            }
        }
    });
    endpoint
}

async fn fault_of(endpoint: &str) -> Fault {
    connect(endpoint).await.ecs.list(&Listing::Clusters, None).await.expect_err("no good answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_silent_is_given_up_after_one_attempt() {
    let started = Instant::now();
    let fault = fault_of(&canned(None)).await;
    assert_eq!(fault.kind, FaultKind::Timeout, "{fault}");
    assert!(fault.message.contains("after 3s"), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_unreachable_and_a_foreign_page_unreadable() {
    let cut = fault_of(&canned(Some("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"clusterArns\":["))).await;
    assert_eq!(cut.kind, FaultKind::Unreachable, "{cut}");
    let reset = fault_of(&canned(Some(""))).await;
    assert_eq!(reset.kind, FaultKind::Unreachable, "{reset}");
    let page = fault_of(&canned(Some("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n<html>hi\u{1b}[2J</html>"))).await;
    assert_eq!(page.kind, FaultKind::Malformed, "{page}");
    for fault in [cut, reset, page] {
        assert!(!fault.message.is_empty() && !fault.message.contains("Error {"), "{fault}");
    }
}
