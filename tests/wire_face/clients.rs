//! SDK clients of a loopback server, without retries, and raw requests for what no client sends.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use rounds::backend::sim::wire::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::REGION;

/// How long [`impatient_ecs`] waits for an answer.
pub const PATIENCE: Duration = Duration::from_millis(300);

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "secret", None, None, "test")
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build()
}

macro_rules! client {
    ($name:ident, $sdk:ident) => {
        pub fn $name(server: &Server) -> $sdk::Client {
            let config = $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new(REGION))
                .endpoint_url(server.endpoint_url())
                .credentials_provider(credentials())
                .retry_config(RetryConfig::disabled())
                .build();
            $sdk::Client::from_conf(config)
        }
    };
}

client!(ecs, aws_sdk_ecs);
client!(groups, aws_sdk_autoscaling);
client!(guardduty, aws_sdk_guardduty);
client!(metrics, aws_sdk_cloudwatch);
client!(rds, aws_sdk_rds);
client!(scaling, aws_sdk_applicationautoscaling);
client!(secrets, aws_sdk_secretsmanager);
client!(sts, aws_sdk_sts);

/// As [`ecs`], but it waits no longer than [`PATIENCE`].
pub fn impatient_ecs(server: &Server) -> aws_sdk_ecs::Client {
    let config = ecs(server).config().to_builder().timeout_config(timeouts()).build();
    aws_sdk_ecs::Client::from_conf(config)
}

/// The signature of [`raw_request`].
pub const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260314/eu-west-1/ecs/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A signed request for an ECS operation on a connection that ends with it.
pub fn raw_request(operation: &str, body: &str) -> String {
    let target = format!("X-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}\r\n");
    let signed = format!("Authorization: {AUTHORIZATION}\r\nX-Amz-Date: 20260314T031244Z\r\n");
    request(&format!("{target}{signed}Content-Type: application/x-amz-json-1.1\r\n"), body)
}

fn request(headers: &str, body: &str) -> String {
    request_to("/", headers, body)
}

fn request_to(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
    format!("{head}{headers}\r\n{body}")
}

/// The answer to a request for an ECS operation with this body: status line, headers and body as they came.
pub async fn raw_ecs(server: &Server, operation: &str, body: &str) -> String {
    exchange(server, &raw_request(operation, body)).await
}

/// The answer to a request with these headers and this body.
pub async fn raw(server: &Server, headers: &str, body: &str) -> String {
    exchange(server, &request(headers, body)).await
}

/// As [`raw`], to another path.
pub async fn raw_to(server: &Server, path: &str, headers: &str, body: &str) -> String {
    exchange(server, &request_to(path, headers, body)).await
}

async fn exchange(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}
