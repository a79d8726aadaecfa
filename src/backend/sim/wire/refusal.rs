//! Why a call is refused, and how each protocol says it.

use super::service::Protocol;
use crate::model;
use crate::model::FaultKind;

/// Refusals that every service knows, under a name of its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Common {
    /// A token bucket is empty.
    Throttled,
    /// The caller lacks the permission.
    Denied,
    /// The credentials have run out.
    Expired,
    /// The credentials are not known.
    UnknownClient,
    /// There is no signature.
    Unsigned,
    /// The signature lacks a part.
    IncompleteSignature,
    /// The signature is for something else, or too old.
    WrongSignature,
    /// There is no such operation.
    UnknownOperation,
    /// The body cannot be read.
    BadBody,
    /// A parameter is wrong.
    Invalid,
    /// A page token is wrong.
    Token,
    /// The body is too large.
    TooLarge,
    /// The service broke down.
    Internal,
    /// The service is not there for the moment.
    Unavailable,
}

/// A code of the wire and its HTTP status.
type Named = (&'static str, u16);

impl Common {
    /// Code and status in awsJson, then in query. `ServerException`, `InvalidParameterException`, `InvalidNextToken` and the like are
    /// the services' own; the others are AWS's common errors.
    const fn names(self) -> (Named, Named) {
        match self {
            Self::Throttled => (("ThrottlingException", 400), ("Throttling", 400)),
            Self::Denied => (("AccessDeniedException", 400), ("AccessDenied", 403)),
            Self::Expired => (("ExpiredTokenException", 400), ("ExpiredToken", 403)),
            Self::UnknownClient => (("UnrecognizedClientException", 400), ("InvalidClientTokenId", 403)),
            Self::Unsigned => (("MissingAuthenticationTokenException", 400), ("MissingAuthenticationToken", 403)),
            Self::IncompleteSignature => (("IncompleteSignatureException", 400), ("IncompleteSignature", 403)),
            Self::WrongSignature => (("InvalidSignatureException", 400), ("SignatureDoesNotMatch", 403)),
            Self::UnknownOperation => (("UnknownOperationException", 400), ("InvalidAction", 400)),
            Self::BadBody => (("SerializationException", 400), ("MalformedQueryString", 400)),
            Self::Invalid => (("InvalidParameterException", 400), ("ValidationError", 400)),
            Self::Token => (("InvalidParameterException", 400), ("InvalidNextToken", 400)),
            Self::TooLarge => (("RequestEntityTooLargeException", 413), ("RequestEntityTooLarge", 413)),
            Self::Internal => (("ServerException", 500), ("InternalFailure", 500)),
            Self::Unavailable => (("ServiceUnavailableException", 503), ("ServiceUnavailable", 503)),
        }
    }
}

impl Common {
    /// Code and status in restJson, where a status says more, and what is wrong with a request has one name.
    const fn rest(self) -> Named {
        let (code, status) = self.names().0;
        match self {
            Self::BadBody | Self::Invalid | Self::Token => ("BadRequestException", 400),
            Self::Throttled => (code, 429),
            Self::Denied
            | Self::Expired
            | Self::UnknownClient
            | Self::Unsigned
            | Self::IncompleteSignature
            | Self::WrongSignature => (code, 403),
            Self::UnknownOperation => (code, 404),
            Self::Internal => ("InternalServerErrorException", 500),
            Self::TooLarge | Self::Unavailable => (code, status),
        }
    }
}

/// Why there is no answer of the good kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// One of the refusals every service knows.
    Common(Common, String),
    /// One of the service's own, HTTP 400.
    Own(&'static str, String),
    /// One of the service's own for what is not there, HTTP 404.
    Missing(&'static str, String),
    /// The backend failed.
    Backend(model::Fault),
}

impl From<model::Fault> for Failure {
    fn from(fault: model::Fault) -> Self {
        Self::Backend(fault)
    }
}

/// A refusal as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// For people.
    pub message: String,
}

/// What becomes of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client is told.
    Told(Refusal),
    /// The client waits in vain.
    Silence,
    /// The client loses its connection.
    Reset,
    /// The client gets something that is no answer.
    Garbage,
}

impl Failure {
    /// Shorthand for a wrong parameter.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Common(Common::Invalid, message.into())
    }

    /// What becomes of it in `protocol`. A backend's own fault comes out as the same kind of fault for the client.
    pub fn outcome(self, protocol: Protocol) -> Outcome {
        let fault = match self {
            Self::Common(common, message) => return Outcome::Told(told(common, message, protocol)),
            Self::Own(code, message) => return Outcome::Told(Refusal { code: code.to_owned(), status: 400, message }),
            Self::Missing(code, message) => {
                return Outcome::Told(Refusal { code: code.to_owned(), status: 404, message });
            }
            Self::Backend(fault) => fault,
        };
        let common = match fault.kind {
            FaultKind::Timeout => return Outcome::Silence,
            FaultKind::Unreachable => return Outcome::Reset,
            FaultKind::Malformed => return Outcome::Garbage,
            FaultKind::Throttled => Common::Throttled,
            FaultKind::Denied => Common::Denied,
            FaultKind::NoCredentials => Common::UnknownClient,
            FaultKind::Expired => Common::Expired,
            FaultKind::Server => Common::Internal,
            FaultKind::Rejected | FaultKind::Misconfigured | FaultKind::Unfinished => Common::Invalid,
            FaultKind::Unsupported => Common::UnknownOperation,
        };
        let mut refusal = told(common, fault.message.to_string(), protocol);
        if let (FaultKind::Rejected, Some(code)) = (fault.kind, fault.code) {
            refusal.code = code.to_string();
        }
        Outcome::Told(refusal)
    }
}

fn told(common: Common, message: String, protocol: Protocol) -> Refusal {
    let (json, query) = common.names();
    let (code, status) = match protocol {
        Protocol::Json { .. } => json,
        Protocol::Rest { .. } => common.rest(),
        // A service that spoke query before has kept its names.
        Protocol::Query { .. } | Protocol::Cbor { .. } => query,
    };
    Refusal { code: code.to_owned(), status, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    const JSON: Protocol = Protocol::Json { target: "T" };
    const QUERY: Protocol = Protocol::Query { version: "v", namespace: "n", items: &[] };

    fn code(failure: Failure, protocol: Protocol) -> (String, u16) {
        match failure.outcome(protocol) {
            Outcome::Told(refusal) => (refusal.code, refusal.status),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_protocol_has_its_own_name_for_a_common_refusal() {
        let throttled = Failure::Common(Common::Throttled, String::new());
        assert_eq!(code(throttled.clone(), JSON), ("ThrottlingException".to_owned(), 400));
        assert_eq!(code(throttled.clone(), QUERY), ("Throttling".to_owned(), 400));
        let rest = Protocol::Rest { routes: &[] };
        assert_eq!(code(throttled, rest), ("ThrottlingException".to_owned(), 429));
        assert_eq!(code(Failure::invalid("x"), rest), ("BadRequestException".to_owned(), 400));
    }

    #[test]
    fn a_fault_of_the_backend_reaches_the_client_as_the_same_kind() {
        let fault = |kind| model::Fault::new(kind, "ecs:ListTasks", "why");
        assert_eq!(code(fault(FaultKind::Denied).into(), JSON), ("AccessDeniedException".to_owned(), 400));
        assert_eq!(Failure::from(fault(FaultKind::Timeout)).outcome(JSON), Outcome::Silence);
        assert_eq!(Failure::from(fault(FaultKind::Unreachable)).outcome(JSON), Outcome::Reset);
        assert_eq!(Failure::from(fault(FaultKind::Malformed)).outcome(JSON), Outcome::Garbage);
        let coded = model::Fault { code: Some(Text::from("ClientException")), ..fault(FaultKind::Rejected) };
        assert_eq!(code(coded.into(), JSON), ("ClientException".to_owned(), 400));
    }
}
