//! Why a call to a service failed, in the terms an operator decides by.

use std::fmt;

use crate::text::Text;

/// What kind of failure it is: it decides retry, wording and exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The service asked to slow down.
    Throttled,
    /// The caller lacks a permission.
    Denied,
    /// No usable credentials were found.
    NoCredentials,
    /// The credentials have run out or are not accepted.
    Expired,
    /// No answer within the time allowed.
    Timeout,
    /// The endpoint could not be reached: DNS, connect, TLS, or the connection broke.
    Unreachable,
    /// The service answered with an error of its own (5xx).
    Server,
    /// The answer could not be understood.
    Malformed,
    /// The service refused the request as wrong.
    Rejected,
    /// The endpoint does not implement the operation.
    Unsupported,
    /// The configuration is wrong, so that nothing was asked.
    Misconfigured,
    /// Nothing failed: there is more than one poll reads, and the next ones go on.
    Unfinished,
}

impl FaultKind {
    /// Whether asking again soon can help.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Timeout | Self::Unreachable | Self::Server | Self::Malformed)
    }

    /// Whether it is about who asks, not about what is asked: it hits every call.
    #[must_use]
    pub const fn is_about_credentials(self) -> bool {
        matches!(self, Self::NoCredentials | Self::Expired)
    }

    /// Whether it is about the way to the service, not about what is asked of it: the next call meets it too.
    #[must_use]
    pub const fn hits_every_call(self) -> bool {
        self.is_about_credentials() || matches!(self, Self::Timeout | Self::Unreachable)
    }

    /// The one word (or two) a panel shows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Throttled => "slowed by AWS",
            Self::Denied => "denied",
            Self::NoCredentials => "no credentials",
            Self::Expired => "credentials expired",
            Self::Timeout => "no answer",
            Self::Unreachable => "offline",
            Self::Server => "server error",
            Self::Malformed => "unreadable answer",
            Self::Rejected => "refused",
            Self::Unsupported => "not supported here",
            Self::Misconfigured => "not configured",
            Self::Unfinished => "not all read yet",
        }
    }
}

/// One failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// The IAM action, which is also how operators name the call: `ecs:ListServices`. Empty where nothing was called.
    pub action: &'static str,
    /// The service's own error code, where it gave one.
    pub code: Option<Text>,
    /// What happened, in the service's or the client's words.
    pub message: Text,
    /// The service's request id, for a support case.
    pub request_id: Option<Text>,
    /// What to do about it, where that is known better than the kind tells.
    pub remedy: Option<Text>,
}

impl Fault {
    /// A fault without code and request id.
    #[must_use]
    pub fn new(kind: FaultKind, action: &'static str, message: impl Into<Text>) -> Self {
        Self { kind, action, code: None, message: message.into(), request_id: None, remedy: None }
    }

    /// A mistake in the configuration: nothing was called.
    #[must_use]
    pub fn misconfigured(message: impl Into<Text>, remedy: Option<impl Into<Text>>) -> Self {
        Self { remedy: remedy.map(Into::into), ..Self::new(FaultKind::Misconfigured, "", message) }
    }

    /// Whether both have the same cause, which is then said once.
    #[must_use]
    pub fn is_same_cause(&self, other: &Self) -> bool {
        (self.kind, &self.code, &self.message) == (other.kind, &other.code, &other.message)
            && (self.action == other.action || self.kind.hits_every_call())
    }

    /// The same words for all faults of the same cause.
    #[must_use]
    pub fn cause(&self) -> Text {
        if !self.kind.hits_every_call() {
            return Text::from(self.to_string());
        }
        Text::from(format!("{}: {} {}", self.kind.word(), self.code.as_deref().unwrap_or_default(), self.message))
    }

    /// What the operator can do about it, where there is anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        if let Some(remedy) = &self.remedy {
            return Some(remedy.to_string());
        }
        match self.kind {
            FaultKind::Denied => Some(format!("allow {} to this role", self.action)),
            FaultKind::NoCredentials => Some("run aws sso login, set AWS_PROFILE, or try: rounds demo".to_owned()),
            FaultKind::Expired => Some("log in again (aws sso login); it is picked up without a restart".to_owned()),
            FaultKind::Unreachable => Some("check VPN, DNS, proxy and the endpoint address".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.action.is_empty() {
            write!(f, "{}: ", self.action)?;
        }
        f.write_str(self.kind.word())?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_the_configuration_names_no_call_and_carries_its_remedy() {
        let fault = Fault::misconfigured("--profile: there is no profile \"prodd\"", Some("did you mean \"prod\"?"));
        assert_eq!(fault.to_string(), "not configured: --profile: there is no profile \"prodd\"");
        assert_eq!(fault.hint().as_deref(), Some("did you mean \"prod\"?"));
    }

    #[test]
    fn lost_credentials_are_one_cause_and_two_missing_permissions_are_two() {
        let fault = |kind, action| Fault::new(kind, action, "why");
        for (kind, same) in
            [(FaultKind::NoCredentials, true), (FaultKind::Unreachable, true), (FaultKind::Denied, false)]
        {
            let (one, other) = (fault(kind, "ecs:ListClusters"), fault(kind, "sts:GetCallerIdentity"));
            assert_eq!((one.is_same_cause(&other), one.is_same_cause(&one)), (same, true), "{kind:?}");
        }
        let here = Fault::new(FaultKind::Unreachable, "ecs:ListClusters", "ecs in us-east-1: no route");
        assert!(!here.is_same_cause(&fault(FaultKind::Unreachable, "ecs:ListClusters")));
    }
}
