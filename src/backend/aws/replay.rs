//! Canned HTTP answers for the tests of the adapters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;

use super::access::Access;
use super::credentials::{Search, Wallet};
use crate::time::ManualClock;

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    content: &'static str,
    body: Vec<u8>,
}

pub(super) fn json(status: u16, body: &str) -> Answer {
    Answer { status, content: "application/x-amz-json-1.1", body: body.into() }
}

pub(super) fn xml(status: u16, body: &str) -> Answer {
    Answer { status, content: "text/xml", body: body.into() }
}

pub(super) fn cbor(status: u16, body: &[u8]) -> Answer {
    Answer { status, content: "application/cbor", body: body.into() }
}

#[derive(Debug)]
struct Canned {
    answers: Mutex<VecDeque<Answer>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.sent.lock().unwrap().push(body);
        HttpConnectorFuture::ready(match self.answers.lock().unwrap().pop_front() {
            None => Err(ConnectorError::io("no answer is left".into())),
            Some(answer) => {
                let mut response = HttpResponse::new(answer.status.try_into().unwrap(), SdkBody::from(answer.body));
                response.headers_mut().insert("content-type", answer.content);
                if answer.content == "application/cbor" {
                    response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
                }
                response.headers_mut().insert("x-amzn-requestid", "req-1");
                Ok(response)
            }
        })
    }
}

/// A configuration whose requests get these answers in turn, the way to it, and the bodies sent.
pub(super) fn of(answers: impl IntoIterator<Item = Answer>) -> (SdkConfig, Access, Arc<Mutex<Vec<String>>>) {
    let sent = Arc::<Mutex<Vec<String>>>::default();
    let canned = Canned { answers: Mutex::new(answers.into_iter().collect()), sent: Arc::clone(&sent) };
    let connector = SharedHttpConnector::new(canned);
    let search: Search = Arc::new(|| async { Ok(Credentials::new("id", "secret", None, None, "test")) }.boxed());
    let wallet = Arc::new(Wallet::new(search, Arc::new(ManualClock::default())));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .credentials_provider(wallet.for_sdk())
        .build();
    (config, Access { wallet, place: "test".into() }, sent)
}
