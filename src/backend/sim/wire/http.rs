//! Connections: HTTP/1.1 with keep-alive, and what can go wrong on the wire.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Options;
use super::answer::{self, Answer};
use super::buckets::Buckets;
use super::cbor;
use super::counters::Tally;
use super::door::Door;
use super::faults::{Fault, Faults};
use super::link::{Fuse, Link};
use super::paging::{Pages, Tokens};
use super::refusal::{Common, Failure, Outcome};
use super::request::{self, Asked, Stray};
use super::service::{Call, Protocol};
use crate::backend::ports::Backend;
use crate::time::Timestamp;

/// The largest request body; AWS's own limit is of this order and no read comes near it.
const MAX_BODY: usize = 1 << 20;

/// How long to wait when no connection can be accepted, as when file descriptors have run out.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A body of no format.
const GARBAGE: &[u8] = b"\x00\xff{]\xfe<&;garbage";

/// A page for people.
const HTML: &[u8] =
    b"<!doctype html><html><head><title>Sign in to the network</title></head><body>Welcome</body></html>";

/// What all connections have in common.
pub struct Shared {
    /// What was asked.
    pub tally: Arc<Tally>,
    /// What goes wrong.
    pub faults: Faults,
    backend: Backend,
    buckets: Buckets,
    tokens: Tokens,
    door: Arc<Door>,
    options: Options,
}

impl Shared {
    /// For a server at `address`.
    pub fn new(backend: Backend, address: SocketAddr, options: Options) -> Self {
        let door = Arc::new(Door::new(address));
        Self {
            tally: Arc::default(),
            faults: Faults::new(Arc::clone(&door)),
            backend,
            buckets: Buckets::new(options.rates.clone()),
            tokens: Tokens::new(options.token_life),
            door,
            options,
        }
    }
}

/// The end of a connection, on purpose.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is given up on purpose")
    }
}

impl std::error::Error for Gone {}

type Body = UnsyncBoxBody<Bytes, Gone>;

/// Accepts connections for ever; they end with it.
pub async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shared.door.changed() => {
                if shared.door.is_closed() {
                    listener = None;
                    connections.abort_all();
                } else if let Some(reopened) = shared.door.reopened() {
                    listener = TcpListener::from_std(reopened).ok();
                }
            }
            accepted = next(listener.as_ref()) => match accepted {
                Ok(stream) => drop(connections.spawn(converse(Arc::clone(&shared), stream))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn next(listener: Option<&TcpListener>) -> std::io::Result<TcpStream> {
    match listener {
        Some(listener) => {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
        None => std::future::pending().await,
    }
}

/// Serves one connection to its end.
async fn converse(shared: Arc<Shared>, stream: TcpStream) {
    let fuse = Fuse::default();
    let link = Link::new(stream, Arc::clone(&shared.tally), fuse.clone());
    if shared.faults.refuses() {
        fuse.blow();
        return;
    }
    let number = shared.tally.connection();
    let service = service_fn(|request| {
        let (shared, fuse) = (Arc::clone(&shared), fuse.clone());
        async move {
            shared.tally.request(number);
            shared.respond(request).await.inspect_err(|Gone| fuse.blow())
        }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(link), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, number, "connection ended");
    }
}

impl Shared {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Body>, Gone> {
        let (parts, body) = request.into_parts();
        let now = self.options.clock.now();
        let body = Limited::new(body, MAX_BODY).collect().await.map(http_body_util::Collected::to_bytes);
        let asked = request::parse(&parts, body.as_ref().unwrap_or(&Bytes::new()), now, self.options.max_skew);
        let asked = match asked {
            Ok(asked) => asked,
            Err(Stray { protocol, failure }) => {
                self.tally.stray();
                return self.settle(protocol, "", Err(*failure), None).await;
            }
        };
        self.tally.call(&asked.action, body.as_ref().unwrap_or(&Bytes::new()));
        let protocol = asked.service.protocol;
        let fault = self.faults.take(&asked.action);
        self.delay(fault.as_ref()).await;
        match &fault {
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Reset) => return Err(Gone),
            Some(Fault::Answer { status, content_type, body }) => {
                let (body, request_id) = (body.clone(), answer::request_id());
                let canned = Answer { status: *status, content_type, error: None, request_id, body };
                return Ok(self.whole(&canned));
            }
            _ => {}
        }
        let output = match body {
            Ok(_) => self.output(&asked, fault.as_ref(), now).await,
            Err(_) => Err(Failure::Common(Common::TooLarge, "Request body is too large".to_owned())),
        };
        let name = asked.operation.as_ref().map_or("", |operation| operation.name);
        self.settle(protocol, name, output, fault).await
    }

    async fn delay(&self, fault: Option<&Fault>) {
        let extra = if let Some(Fault::Latency(extra)) = fault { *extra } else { Duration::ZERO };
        let delay = self.options.latency + extra;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    /// Carries the call out.
    async fn output(&self, asked: &Asked, fault: Option<&Fault>, now: Timestamp) -> Result<Value, Failure> {
        let operation = *asked.operation.as_ref().map_err(Clone::clone)?;
        if let Some(fault) = fault {
            let caller = if *fault == Fault::Deny { self.backend.sts.caller().await.ok() } else { None };
            let caller = caller.as_ref().map_or("unknown", |identity| identity.arn.as_str());
            fault.failure(caller, &asked.action).map_or(Ok(()), Err)?;
        }
        if !self.buckets.take(operation.class, now) {
            self.tally.throttled(&asked.action);
            return Err(Failure::Common(Common::Throttled, "Rate exceeded".to_owned()));
        }
        let params = asked.params.as_ref().map_err(Clone::clone)?;
        let trick = fault.and_then(Fault::trick);
        let pages = Pages { tokens: &self.tokens, action: &asked.action, params, now, trick };
        let call = Call { backend: &self.backend, params, pages, region: &asked.region };
        (operation.handler)(&call).await
    }

    /// Sends what came of the call, or what `fault` makes of it.
    async fn settle(
        &self,
        protocol: Protocol,
        operation: &str,
        output: Result<Value, Failure>,
        fault: Option<Fault>,
    ) -> Result<Response<Body>, Gone> {
        let request_id = answer::request_id();
        let canned = |content_type, body: &'static [u8], request_id| {
            let body = Bytes::from_static(body);
            Answer { status: 200, content_type, error: None, request_id, body }
        };
        let garbage = |request_id| canned(answer::content_type(protocol), GARBAGE, request_id);
        let answer = match output.map_err(|failure| failure.outcome(protocol)) {
            Ok(mut output) => {
                if fault == Some(Fault::EmptyObjects) {
                    answer::hollow(&mut output);
                }
                answer::good(protocol, operation, &output, request_id)
            }
            Err(Outcome::Told(refusal)) => answer::refused(protocol, refusal, request_id),
            Err(Outcome::Silence) => std::future::pending().await,
            Err(Outcome::Reset) => return Err(Gone),
            Err(Outcome::Garbage) => garbage(request_id),
        };
        match fault {
            Some(Fault::LoseAnswer) => Err(Gone),
            Some(Fault::CutOff) => Ok(self.half(&answer, Ending::Closed)),
            Some(Fault::Stall) => Ok(self.half(&answer, Ending::Silent)),
            Some(Fault::Garbage) => Ok(self.whole(&garbage(answer.request_id))),
            Some(Fault::Html) => Ok(self.whole(&canned("text/html", HTML, answer.request_id))),
            _ => Ok(self.whole(&answer)),
        }
    }

    fn whole(&self, answer: &Answer) -> Response<Body> {
        let body = Full::new(answer.body.clone()).map_err(|never: Infallible| match never {});
        self.headed(answer, body.boxed_unsync())
    }

    /// Promises the whole body and sends half of it.
    fn half(&self, answer: &Answer, ending: Ending) -> Response<Body> {
        let half = answer.body.slice(..answer.body.len() / 2);
        let end = async move {
            match ending {
                // The half goes out only if the connection task gets to write it before it meets the error.
                Ending::Closed => tokio::task::yield_now().await,
                Ending::Silent => std::future::pending().await,
            }
            Err(Gone)
        };
        let frames = stream::iter([Ok(Frame::data(half))]).chain(stream::once(end));
        self.headed(answer, StreamBody::new(frames).boxed_unsync())
    }

    fn headed(&self, answer: &Answer, body: Body) -> Response<Body> {
        let mut head = Response::builder()
            .status(answer.status)
            .header(CONTENT_TYPE, answer.content_type)
            .header(CONTENT_LENGTH, answer.body.len())
            .header(DATE, http_date(self.options.clock.now()))
            .header("x-amzn-RequestId", &answer.request_id);
        if let Some((name, error)) = &answer.error {
            head = head.header(*name, error);
        }
        if answer.content_type == cbor::CONTENT_TYPE {
            head = head.header("smithy-protocol", cbor::PROTOCOL);
        }
        head.body(body).unwrap_or_else(|error| {
            tracing::warn!(%error, "an answer cannot be put on the wire");
            let mut failed = Response::new(Full::default().map_err(|never: Infallible| match never {}).boxed_unsync());
            *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
            failed
        })
    }
}

/// How a body of which half was sent ends.
#[derive(Clone, Copy)]
enum Ending {
    Closed,
    Silent,
}

/// The form of the `Date` header.
fn http_date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_form_of_http() {
        assert_eq!(http_date(Timestamp::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
