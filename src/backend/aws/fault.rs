//! SDK errors in the model's terms: a kind, the service's code, the causes in words, the request id.

use std::error::Error;

use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// A fault on its way through the SDK's credential errors.
#[derive(Debug)]
pub(super) struct Carried(pub Fault);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {}

/// Says why a call failed. `place` is where it went: the host, or the endpoint that replaces it.
pub(super) fn of<E>(action: &'static str, place: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(Carried(fault)) = chain(error).find_map(|cause| cause.downcast_ref()) {
        return fault.clone();
    }
    let unreached = |kind| Fault::new(kind, action, format!("{place}: {}", causes(error)));
    let mut fault = match error {
        SdkError::ServiceError(context) => answered(action, context.err(), context.raw().status().as_u16()),
        SdkError::TimeoutError(_) => unreached(FaultKind::Timeout),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => unreached(FaultKind::Timeout),
        SdkError::DispatchFailure(failure) if failure.is_user() => unreached(FaultKind::Rejected),
        SdkError::ResponseError(context) if context.raw().body().bytes().is_some() => {
            unreadable(action, context.raw().status().as_u16(), error)
        }
        SdkError::ResponseError(_) if stalled(error) => unreached(FaultKind::Timeout),
        SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => unreached(FaultKind::Unreachable),
        _ => Fault::new(FaultKind::Rejected, action, causes(error)),
    };
    fault.request_id = error.request_id().filter(|id| !id.is_empty()).map(Text::from);
    fault
}

/// Whether it is sure that the request changed nothing: it never left, or the service answered that it is wrong. A service
/// that breaks down (5xx) may have done its work before.
pub(super) fn is_refused<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // The client has no other word for a connection that never came about.
    let unconnected = |cause: &(dyn Error + 'static)| cause.to_string().starts_with("client error (Connect)");
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(context) => (400..500).contains(&context.raw().status().as_u16()),
        SdkError::DispatchFailure(failure) => {
            failure.is_user() || chain(error).any(|cause| unconnected(cause) || cause.is::<Carried>())
        }
        _ => false,
    }
}

/// The service's answer was an error, or could not be read.
fn answered<E: ProvideErrorMetadata + Error + 'static>(action: &'static str, error: &E, status: u16) -> Fault {
    let code = error.code().filter(|code| !code.is_empty());
    let Some(code) = code else { return unreadable(action, status, error) };
    let kind = match status {
        501 => FaultKind::Unsupported,
        _ => kind_of_code(code).unwrap_or_else(|| kind_of_status(status)),
    };
    let message = match error.message() {
        Some(said) if !said.is_empty() => said.to_owned(),
        _ => format!("HTTP status {status}, without a message"),
    };
    Fault { code: Some(Text::from(code)), ..Fault::new(kind, action, message) }
}

/// The answer was complete, and not what the service's model says. The status of an error is then all there is.
fn unreadable(action: &'static str, status: u16, error: &(dyn Error + 'static)) -> Fault {
    match status {
        200..300 => Fault::new(FaultKind::Malformed, action, causes(error)),
        _ => Fault::new(kind_of_status(status), action, format!("HTTP status {status}, without a readable error")),
    }
}

/// What a service's error code means; codes that only say "the request is wrong" are not here.
pub(super) fn kind_of_code(code: &str) -> Option<FaultKind> {
    let kind = match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete" => FaultKind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "OptInRequired"
        | "SubscriptionRequiredException"
        | "ForbiddenException" => FaultKind::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "InvalidSignature"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "AuthFailure"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "UnauthorizedException" => FaultKind::Expired,
        "RequestTimeout" | "RequestTimeoutException" => FaultKind::Timeout,
        "NotImplemented"
        | "NotImplementedException"
        | "UnknownOperation"
        | "UnknownOperationException"
        | "InvalidAction" => FaultKind::Unsupported,
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "Unavailable" => FaultKind::Server,
        _ => return None,
    };
    Some(kind)
}

fn kind_of_status(status: u16) -> FaultKind {
    match status {
        401 | 403 => FaultKind::Denied,
        408 => FaultKind::Timeout,
        429 => FaultKind::Throttled,
        501 => FaultKind::Unsupported,
        500.. => FaultKind::Server,
        _ => FaultKind::Rejected,
    }
}

/// The body came slower than the stalled stream protection allows.
fn stalled(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.to_string().contains("minimum throughput"))
}

/// Layers of the SDK that say nothing beyond that there is a cause.
const HOLLOW: &[&str] = &[
    "dispatch failure",
    "service error",
    "response error",
    "failed to construct request",
    "request has timed out",
    "io error",
    "other",
    "timeout",
    "client error",
    "error trying to connect",
    "tcp connect error",
    "tunnel error",
    "unhandled error",
    "the credential provider was not enabled",
    "the credentials provider was not properly configured",
    "an error occurred while loading credentials",
    "an error occurred while loading an access token",
    "unexpected credentials error",
    "could not communicate with IMDS",
    "failed to load IMDS session token",
];

/// An error and what lies beneath it, outermost first, without hollow layers and repetitions.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut innermost = String::new();
    for cause in chain(error) {
        let said = said(cause);
        if !HOLLOW.iter().any(|hollow| is_layer(&said, hollow)) && !words.iter().any(|w| w.contains(&said)) {
            words.push(said.clone());
        }
        innermost = said;
    }
    if words.is_empty() { innermost } else { words.join(": ") }
}

/// Whether `said` is `hollow`, perhaps with a remark in brackets.
fn is_layer(said: &str, hollow: &str) -> bool {
    said.strip_prefix(hollow).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

/// One cause in words: no debug form, no error numbers.
fn said(cause: &(dyn Error + 'static)) -> String {
    if let Some(meta) = cause.downcast_ref::<ErrorMetadata>() {
        return [meta.code(), meta.message()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    }
    let said = cause.to_string();
    match said.rfind(" (os error ") {
        Some(at) if said.ends_with(')') => said[..at].to_owned(),
        _ => said,
    }
}

/// The error and its sources.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_the_kind_whatever_the_protocol_calls_them() {
        for (code, kind) in [
            ("ThrottlingException", Some(FaultKind::Throttled)),
            ("RequestLimitExceeded", Some(FaultKind::Throttled)),
            ("AccessDeniedException", Some(FaultKind::Denied)),
            ("UnauthorizedOperation", Some(FaultKind::Denied)),
            ("ExpiredTokenException", Some(FaultKind::Expired)),
            ("InvalidClientTokenId", Some(FaultKind::Expired)),
            ("UnknownOperationException", Some(FaultKind::Unsupported)),
            ("ServerException", Some(FaultKind::Server)),
            ("ClusterNotFoundException", None),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    #[test]
    fn causes_are_words_without_hollow_layers() {
        #[derive(Debug)]
        struct Layer(&'static str, Option<Box<dyn Error>>);
        impl std::fmt::Display for Layer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
        impl Error for Layer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.1.as_deref()
            }
        }
        let refused = std::io::Error::from_raw_os_error(111);
        let deep = Layer("client error (Connect)", Some(Box::new(Layer("tcp connect error", Some(Box::new(refused))))));
        assert_eq!(causes(&Layer("dispatch failure", Some(Box::new(deep)))), "Connection refused");
        let meta = ErrorMetadata::builder().code("Odd").message("the\nrest").build();
        assert_eq!(causes(&Layer("unhandled error (Odd)", Some(Box::new(meta)))), "Odd: the\nrest");
        assert_eq!(causes(&Layer("service error", None)), "service error");
    }
}
