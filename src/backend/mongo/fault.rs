//! What the driver and the members say in the model's terms. The driver's own words repeat themselves and show their insides, so
//! only the innermost are taken; all of them pass through a `Text`.

use std::io;
use std::time::Duration;

use mongodb::error::{CommandError, Error, ErrorKind};

use crate::model::mongo::Mechanism;
use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// `Unauthorized`: the user, or nobody, may not run the command.
const UNAUTHORIZED: i32 = 13;
/// `AuthenticationFailed`: no such user, or another password.
const AUTHENTICATION_FAILED: i32 = 18;
/// `ExceededTimeLimit`: of `replSetStepDown`, that no secondary had everything in time.
const EXCEEDED_TIME_LIMIT: i32 = 262;

/// Who was asked, and how.
pub(super) struct Asked<'a> {
    /// The command.
    pub action: &'static str,
    /// `host:port`.
    pub host: &'a str,
    /// Who asked; absent: nobody, or whom a certificate or AWS credentials stand for.
    pub user: Option<&'a str>,
    /// How it was proved who asks, where that is configured.
    pub mechanism: Option<Mechanism>,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
}

impl Asked<'_> {
    /// No answer in time.
    pub fn late(&self) -> Fault {
        self.overdue(super::asker::LIMIT)
    }

    /// No answer in this time.
    pub fn overdue(&self, limit: Duration) -> Fault {
        self.fault(FaultKind::Timeout, &format!("no answer within {} s", limit.as_secs()))
    }

    /// A member said no to what would change it: that nothing was changed is said in its words, and what it advises beside is not.
    pub fn declined(&self, answer: &CommandError) -> Fault {
        let fault = self.refused(answer);
        let fault = Fault { remedy: None, ..fault };
        match answer.code {
            UNAUTHORIZED => {
                let user = self.user.unwrap_or("whom the connection stands for");
                let message = format!("{}; grant the role clusterManager on admin to {user}", fault.message);
                Fault { message: Text::from(message), ..fault }
            }
            EXCEEDED_TIME_LIMIT => {
                let said = answer.message.split(". Please").next().unwrap_or_default();
                let message = format!("{} stays primary: {said}", self.host);
                Fault { kind: FaultKind::Rejected, message: Text::from(message), ..fault }
            }
            AUTHENTICATION_FAILED => fault,
            _ => Fault { kind: FaultKind::Rejected, ..fault },
        }
    }

    /// What an error of the driver means.
    pub fn failed(&self, error: &Error) -> Fault {
        match &*error.kind {
            ErrorKind::Command(answer) => self.refused(answer),
            ErrorKind::Authentication { message, .. } => self.unproven(message),
            ErrorKind::Io(error) => self.unreached(error),
            ErrorKind::DnsResolve { message, .. } => self.fault(FaultKind::Unreachable, message),
            ErrorKind::ServerSelection { .. } => self.late(),
            ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::Shutdown => {
                self.fault(FaultKind::Unreachable, "the connection was lost")
            }
            ErrorKind::IncompatibleServer { message, .. } => self.fault(FaultKind::Unsupported, message),
            // The driver takes a length that cannot be one for a wrong argument.
            ErrorKind::InvalidResponse { message, .. } | ErrorKind::InvalidArgument { message, .. } => {
                self.fault(FaultKind::Malformed, message)
            }
            ErrorKind::Bson(error) => self.fault(FaultKind::Malformed, &error.to_string()),
            other => self.fault(FaultKind::Unreachable, &other.to_string()),
        }
    }

    /// Why an SRV record was not found.
    pub fn unfound(&self, record: &str, error: &Error) -> Fault {
        let said = match &*error.kind {
            ErrorKind::DnsResolve { message, .. } => message,
            _ => "",
        };
        self.unresolved(record, said)
    }

    /// What the resolver says shows its insides, unless it is the driver that speaks, of records it has found.
    fn unresolved(&self, record: &str, said: &str) -> Fault {
        let told = if said.contains("no records found") {
            format!("there is no SRV record {record}")
        } else if said.contains(" lookup for ") {
            format!("{}: {said}", self.host)
        } else if said.is_empty() || said.contains(['{', '(', '"']) {
            format!("the SRV record {record} could not be looked up")
        } else {
            format!("the SRV record {record} could not be looked up: {said}")
        };
        let remedy = format!("check the name in uri, and the name server of this machine: dig SRV {record}");
        Fault { remedy: Some(Text::from(remedy)), ..Fault::new(FaultKind::Unreachable, self.action, told) }
    }

    fn fault(&self, kind: FaultKind, message: &str) -> Fault {
        Fault::new(kind, self.action, format!("{}: {message}", self.host))
    }

    /// The member answered that it does not do it.
    fn refused(&self, answer: &CommandError) -> Fault {
        let kind = match answer.code {
            UNAUTHORIZED => FaultKind::Denied,
            AUTHENTICATION_FAILED => return self.unproven(&answer.message),
            // MaxTimeMSExpired, NetworkTimeout, ExceededTimeLimit.
            50 | 89 | EXCEEDED_TIME_LIMIT => FaultKind::Timeout,
            // CommandNotFound.
            59 => FaultKind::Unsupported,
            // ShutdownInProgress, InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryOrSecondary.
            91 | 11_600 | 11_602 | 13_436 => FaultKind::Server,
            _ => FaultKind::Rejected,
        };
        let code = if answer.code_name.is_empty() { answer.code.to_string() } else { answer.code_name.clone() };
        let grant = |user: &str| Some(format!("grant the role clusterMonitor on admin to {user}"));
        let remedy = match (answer.code, self.mechanism, self.user) {
            (UNAUTHORIZED, Some(Mechanism::X509), _) => grant("the user of this certificate"),
            (UNAUTHORIZED, Some(Mechanism::Aws), _) => grant("the user of this AWS identity"),
            (UNAUTHORIZED, _, Some(user)) => grant(user),
            (UNAUTHORIZED, _, None) => {
                Some("configure username and password of a user with the role clusterMonitor".to_owned())
            }
            // NoReplicationEnabled, NotYetInitialized.
            (76 | 94, ..) => Some("it is no member of a replica set: check the address".to_owned()),
            _ => None,
        };
        let fault = if answer.code == UNAUTHORIZED {
            // One cause, whichever member says so, and without the command as it was sent, which differs each time.
            Fault::new(kind, self.action, answer.message.split(" to execute command").next().unwrap_or_default())
        } else {
            self.fault(kind, &answer.message)
        };
        Fault { code: Some(Text::from(code)), remedy: remedy.map(Text::from), ..fault }
    }

    /// Who asks was not believed.
    fn unproven(&self, message: &str) -> Fault {
        let message = message.strip_suffix('.').unwrap_or(message);
        let remedy = match self.mechanism {
            Some(Mechanism::X509) => "check tls.certificate_key_file; $external must have a user named as its subject",
            Some(Mechanism::Aws) => {
                "check the AWS credentials of the stack; $external must have a user named by the ARN of their role or user"
            }
            _ => "check username, password source, auth_source",
        };
        Fault {
            code: Some(Text::from("AuthenticationFailed")),
            remedy: Some(Text::from(remedy)),
            ..Fault::new(FaultKind::Denied, self.action, message)
        }
    }

    fn unreached(&self, error: &io::Error) -> Fault {
        let said = error.to_string();
        let said = said.split(" (os error ").next().unwrap_or_default();
        match error.kind() {
            io::ErrorKind::TimedOut => self.late(),
            // What the TLS library says comes as data that is not valid.
            io::ErrorKind::InvalidData if self.is_encrypted => Fault {
                remedy: Some(Text::from(
                    "tls_ca_file must vouch for this member, and the name in its certificate be this host",
                )),
                ..self.fault(FaultKind::Unreachable, &format!("TLS: {said}"))
            },
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if !self.is_encrypted => Fault {
                remedy: Some(Text::from("where the member asks for encryption, add tls = true")),
                ..self.fault(FaultKind::Unreachable, "it closed the connection")
            },
            _ => self.fault(FaultKind::Unreachable, said),
        }
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{deserialize_from_document, doc};

    use super::*;

    fn asked(user: Option<&'static str>) -> Asked<'static> {
        Asked { action: "replSetGetStatus", host: "m0:27017", user, mechanism: None, is_encrypted: true }
    }

    fn answer(code: i32, name: &str, message: &str) -> CommandError {
        deserialize_from_document(doc! { "code": code, "codeName": name, "errmsg": message }).unwrap()
    }

    #[test]
    fn a_missing_role_is_named() {
        let fault = asked(Some("monitor")).refused(&answer(
            13,
            "Unauthorized",
            "not authorized on admin to execute command { x: 1 }",
        ));
        assert_eq!(fault.to_string(), "replSetGetStatus: denied (Unauthorized): not authorized on admin");
        assert_eq!(fault.hint().as_deref(), Some("grant the role clusterMonitor on admin to monitor"));
        let fault = asked(None).refused(&answer(13, "Unauthorized", "command requires authentication"));
        assert!(fault.hint().unwrap().contains("clusterMonitor"), "{fault:?}");
    }

    #[test]
    fn what_to_check_fits_how_it_was_proved_who_asks() {
        for (mechanism, refused, ungranted) in [
            (Some(Mechanism::X509), "check tls.certificate_key_file", "of this certificate"),
            (Some(Mechanism::Aws), "check the AWS credentials of the stack", "of this AWS identity"),
            (Some(Mechanism::ScramSha256), "check username, password source, auth_source", "to monitor"),
            (None, "check username, password source, auth_source", "to monitor"),
        ] {
            let is_named = !matches!(mechanism, Some(Mechanism::X509 | Mechanism::Aws));
            let asked = Asked { mechanism, ..asked(is_named.then_some("monitor")) };
            let hint = |code| asked.refused(&answer(code, "", "no")).hint().unwrap();
            assert!(hint(18).starts_with(refused), "{}", hint(18));
            assert!(
                hint(13).starts_with("grant the role clusterMonitor") && hint(13).ends_with(ungranted),
                "{}",
                hint(13)
            );
        }
    }

    #[test]
    fn codes_decide_the_kind() {
        for (code, kind) in [
            (18, FaultKind::Denied),
            (50, FaultKind::Timeout),
            (59, FaultKind::Unsupported),
            (91, FaultKind::Server),
            (94, FaultKind::Rejected),
            (9_999, FaultKind::Rejected),
        ] {
            assert_eq!(asked(None).refused(&answer(code, "", "x\u{1b}[2J")).kind, kind, "{code}");
        }
        let fault = asked(None).refused(&answer(9_999, "", "x\u{1b}[2J"));
        assert_eq!(fault.to_string(), "replSetGetStatus: refused (9999): m0:27017: x␛[2J");
    }

    #[test]
    fn a_record_that_is_not_found_is_told_in_a_sentence() {
        let told = |said: &str| asked(None).unresolved("_mongodb._tcp.ehr.example.com", said);
        let fault = told("DNS error: no records found for Query { name: Name(\"ehr\"), query_type: SRV }");
        assert_eq!(fault.message.as_str(), "there is no SRV record _mongodb._tcp.ehr.example.com");
        assert!(fault.hint().unwrap().ends_with("dig SRV _mongodb._tcp.ehr.example.com"), "{fault:?}");
        let prefix = "the SRV record _mongodb._tcp.ehr.example.com could not be looked up";
        assert_eq!(told("Io(Custom { kind: Other })").message.as_str(), prefix);
        assert_eq!(told("request timed out").message.as_str(), format!("{prefix}: request timed out"));
        let other =
            "SRV lookup for ehr.example.com returned result m0.org, which does not match domain name example.com";
        assert_eq!(told(other).message.as_str(), format!("m0:27017: {other}"));
    }

    #[test]
    fn what_is_not_reached_is_told_without_numbers_of_the_system() {
        let told = |error: io::Error| asked(None).failed(&Error::from(error));
        let refused = told(io::Error::from_raw_os_error(111));
        assert_eq!(refused.to_string(), "replSetGetStatus: offline: m0:27017: Connection refused");
        assert_eq!(told(io::ErrorKind::TimedOut.into()).kind, FaultKind::Timeout);
        let tls = told(io::Error::new(io::ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer"));
        assert_eq!(tls.message.as_str(), "m0:27017: TLS: invalid peer certificate: UnknownIssuer");
        assert!(tls.hint().unwrap().starts_with("tls_ca_file"), "{tls:?}");
    }
}
