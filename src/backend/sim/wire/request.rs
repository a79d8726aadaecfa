//! Who is asked for what: from an HTTP request to a call of an operation.

use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use super::cbor;
use super::params::Params;
use super::refusal::{Common, Failure};
use super::rest;
use super::service::{Operation, Protocol, SERVICES, Service};
use crate::time::Timestamp;

/// Namespace of errors that come before the service is known.
const NO_SERVICE: Protocol =
    Protocol::Query { version: "", namespace: "http://webservices.amazon.com/AWSFault/2005-15-09", items: &[] };

/// What is asked.
pub struct Asked {
    /// The service.
    pub service: &'static Service,
    /// The IAM action, whether or not there is such an operation.
    pub action: String,
    /// The operation, or why there is none.
    pub operation: Result<&'static Operation, Failure>,
    /// The parameters, or why they cannot be read.
    pub params: Result<Params, Failure>,
    /// The region of the signature's scope.
    pub region: String,
}

/// A request that is refused before it is known what it asks.
pub struct Stray {
    /// The protocol to say so in.
    pub protocol: Protocol,
    /// Why.
    pub failure: Box<Failure>,
}

/// Reads a request that came at `now`.
pub fn parse(parts: &Parts, body: &Bytes, now: Timestamp, max_skew: Option<Duration>) -> Result<Asked, Stray> {
    let json = header(&parts.headers, "x-amz-target").is_some()
        || header(&parts.headers, "content-type").is_some_and(|t| t.starts_with("application/x-amz-json"));
    let cbor = header(&parts.headers, "smithy-protocol") == Some(cbor::PROTOCOL);
    let rest = rest::is_path(parts.uri.path());
    let protocol = match (json, cbor) {
        _ if rest => Protocol::Rest { routes: &[] },
        (_, true) => Protocol::Cbor { path: "", times: &[] },
        (true, false) => Protocol::Json { target: "" },
        (false, false) => NO_SERVICE,
    };
    let stray =
        |common, message: &str| Stray { protocol, failure: Box::new(Failure::Common(common, message.to_owned())) };

    if parts.method != Method::POST && !rest {
        return Err(stray(Common::UnknownOperation, "only POST is answered here"));
    }
    let scope = scope(&parts.headers).map_err(|(common, message)| stray(common, message))?;
    if let Some(max) = max_skew {
        check_date(&parts.headers, now, max).map_err(|message| stray(Common::WrongSignature, &message))?;
    }
    let Some(service) = SERVICES.iter().find(|service| service.name == scope.service) else {
        return Err(stray(Common::UnknownOperation, &format!("there is no service {} here", scope.service)));
    };
    let (name, operation, params) = match service.protocol {
        Protocol::Json { target } => {
            let asked = header(&parts.headers, "x-amz-target").unwrap_or_default();
            let (prefix, name) = asked.split_once('.').unwrap_or_default();
            if json && prefix != target {
                let message = "Credential should be scoped to correct service: the target is of another one";
                return Err(stray(Common::WrongSignature, message));
            }
            (name.to_owned(), found(service, name, json), Params::json(body))
        }
        Protocol::Cbor { path, .. } => {
            let name = rpc(parts.uri.path(), path).unwrap_or_default();
            (name.to_owned(), found(service, name, cbor && !json), packed(parts, body))
        }
        Protocol::Rest { routes } => {
            let found_route = rest::find(routes, &parts.method, parts.uri.path());
            let (name, labels) = found_route.unwrap_or_default();
            let params = Params::rest(labels, parts.uri.query().unwrap_or_default(), body);
            (name.to_owned(), found(service, name, !json && !cbor), params)
        }
        Protocol::Query { version, items, .. } => {
            let params = Params::form(body, items);
            let text = |name| params.as_ref().ok().and_then(|p| p.text(name).ok().flatten());
            let name = text("Action").unwrap_or_default().to_owned();
            let current = !json && !cbor && text("Version").is_none_or(|asked| asked == version);
            let operation = found(service, &name, current);
            (name, operation, params)
        }
    };
    Ok(Asked { service, action: format!("{}:{name}", service.iam), operation, params, region: scope.region.to_owned() })
}

fn found(service: &Service, name: &str, right_form: bool) -> Result<&'static Operation, Failure> {
    let unknown = || Failure::Common(Common::UnknownOperation, format!("Could not find operation {name}"));
    service.operation(name).filter(|_| right_form).ok_or_else(unknown)
}

/// The operation that a path of RPC v2 names, if it is of the service that is called so there.
fn rpc<'a>(path: &'a str, service: &str) -> Option<&'a str> {
    path.strip_prefix("/service/")?.strip_prefix(service)?.strip_prefix("/operation/")
}

/// The parameters of an RPC v2 request. None of the operations here takes a compressed one (API model).
fn packed(parts: &Parts, body: &Bytes) -> Result<Params, Failure> {
    match header(&parts.headers, "content-encoding") {
        None | Some("identity") => Params::cbor(body),
        Some(other) => Err(Failure::Common(Common::BadBody, format!("a body in {other} is not read here"))),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What a signature is for.
struct Scope<'a> {
    region: &'a str,
    service: &'a str,
}

/// The scope of the signature. The signature itself cannot be checked, for the secret is not known here.
fn scope(headers: &HeaderMap) -> Result<Scope<'_>, (Common, &'static str)> {
    let unsigned = (Common::Unsigned, "Request is missing Authentication Token");
    let incomplete = |what| (Common::IncompleteSignature, what);
    let authorization = header(headers, "authorization").ok_or(unsigned)?;
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(unsigned)?;
    let part = |name: &str| {
        parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')).filter(|v| !v.is_empty())
    };
    let credential = part("Credential").ok_or(incomplete("Authorization header requires 'Credential' parameter."))?;
    let signature = part("Signature").ok_or(incomplete("Authorization header requires 'Signature' parameter."))?;
    part("SignedHeaders").ok_or(incomplete("Authorization header requires 'SignedHeaders' parameter."))?;
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(incomplete("'Signature' is not 64 hexadecimal digits."));
    }
    if header(headers, "x-amz-date").is_none() && header(headers, "date").is_none() {
        return Err(incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."));
    }
    match credential.split('/').collect::<Vec<_>>().as_slice() {
        [key, date, region, service, "aws4_request"] if !key.is_empty() && date.len() == 8 => {
            Ok(Scope { region, service })
        }
        _ => Err(incomplete("Credential must be KEY/DATE/REGION/SERVICE/aws4_request.")),
    }
}

fn check_date(headers: &HeaderMap, now: Timestamp, max: Duration) -> Result<(), String> {
    let sent = header(headers, "x-amz-date").unwrap_or_default();
    let at = Timestamp::parse(sent)?;
    if now.since(at) > max {
        return Err(format!("Signature expired: {sent} is now earlier than {}", (now - max).date_time()));
    }
    if at.since(now) > max {
        return Err(format!("Signature not yet current: {sent} is still later than {}", (now + max).date_time()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260314/eu-west-1/SERVICE/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const AT: &str = "20260314T031244Z";

    fn asked(service: &str, target: Option<&str>, body: &'static str) -> Result<Asked, Stray> {
        let mut request = Request::post("/").header("authorization", SIGNED.replace("SERVICE", service));
        request = request.header("x-amz-date", AT);
        if let Some(target) = target {
            request = request.header("x-amz-target", target).header("content-type", "application/x-amz-json-1.1");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        parse(&parts, &Bytes::from_static(body.as_bytes()), Timestamp::parse(AT).unwrap(), None)
    }

    fn common(failure: Failure) -> Common {
        match failure {
            Failure::Common(common, _) => common,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_scope_and_the_target_name_the_operation() {
        let call = asked("ecs", Some("AmazonEC2ContainerServiceV20141113.ListTasks"), "{}").ok().unwrap();
        assert_eq!((call.action.as_str(), call.region.as_str()), ("ecs:ListTasks", "eu-west-1"));
        assert!(call.operation.is_ok());
        let call = asked("sts", None, "Action=GetCallerIdentity&Version=2011-06-15").ok().unwrap();
        assert!(call.operation.is_ok());
    }

    #[test]
    fn unknown_operations_are_named_all_the_same() {
        let call = asked("ecs", Some("AmazonEC2ContainerServiceV20141113.RunTask"), "{}").ok().unwrap();
        assert_eq!(call.action, "ecs:RunTask");
        assert_eq!(call.operation.err().map(common), Some(Common::UnknownOperation));
        let call = asked("sts", None, "Action=GetCallerIdentity&Version=1999-01-01").ok().unwrap();
        assert_eq!(call.operation.err().map(common), Some(Common::UnknownOperation));
    }

    #[test]
    fn requests_for_nobody_are_refused() {
        let stray = |result: Result<Asked, Stray>| common(*result.err().unwrap().failure);
        assert_eq!(stray(asked("s3", None, "")), Common::UnknownOperation);
        assert_eq!(stray(asked("ecs", Some("DynamoDB_20120810.ListTables"), "{}")), Common::WrongSignature);
        let (parts, ()) = Request::post("/").body(()).unwrap().into_parts();
        assert_eq!(stray(parse(&parts, &Bytes::new(), Timestamp::default(), None)), Common::Unsigned);
        let (parts, ()) =
            Request::post("/").header("authorization", "AWS4-HMAC-SHA256 x").body(()).unwrap().into_parts();
        assert_eq!(stray(parse(&parts, &Bytes::new(), Timestamp::default(), None)), Common::IncompleteSignature);
    }

    #[test]
    fn dates_too_far_off_are_refused_where_asked() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-date", AT.parse().unwrap());
        let (at, five) = (Timestamp::parse(AT).unwrap(), Duration::from_secs(300));
        assert_eq!(check_date(&headers, at + Duration::from_secs(299), five), Ok(()));
        assert!(check_date(&headers, at + Duration::from_secs(301), five).unwrap_err().contains("expired"));
        assert!(check_date(&headers, at - Duration::from_secs(301), five).unwrap_err().contains("not yet"));
    }
}
