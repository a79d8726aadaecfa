//! The one command that changes something: a primary is asked to step down. It is sent once, over a connection on which the member
//! has just answered, so that what fails before is known not to have been sent.

use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;

use super::asker::Silence;
use super::fault::Asked;
use super::set::Who;
use super::{MongoDriver, command};
use crate::backend::change::{Change, Changes, Permit, Sent};
use crate::model::{Fault, FaultKind};

/// What an answer may take beyond the time that the primary waits for a secondary: taking the locks, and the way.
const MARGIN: Duration = Duration::from_secs(5);

// MaxTimeMSExpired, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown (for another reason, meanwhile), InterruptedAtShutdown,
// InterruptedDueToReplStateChange, NotPrimaryOrSecondary.
/// Codes that do not tell whether the primary gave up its place.
const UNCLEAR: [i32; 7] = [50, 89, 91, 189, 11_600, 11_602, 13_436];

#[async_trait]
impl Changes for MongoDriver {
    async fn send(&self, _: Permit, change: &Change) -> Sent {
        let Change::StepDown { set, host, rests, waits } = change else {
            let fault = Fault::new(FaultKind::Unsupported, change.action(), "it is not for a replica set");
            return Sent::Refused { fault, status: None };
        };
        let unsent = |fault: Fault| {
            let fault = Fault { action: Change::STEP_DOWN, ..fault };
            Sent::Refused { fault, status: None }
        };
        let set = match self.set(set) {
            Ok(set) => set,
            Err(fault) => return unsent(fault),
        };
        set.prepare().await;
        if let Err(fault) = set.ask(host, Who::User, &command::HELLO).await {
            return unsent(fault);
        }
        let who = set.as_whom(Who::User);
        let asked = match set.asked(Change::STEP_DOWN, host, who) {
            Ok(asked) => asked,
            Err(fault) => return unsent(fault),
        };
        let client = match set.client(host, who, &asked).await {
            Ok(client) => client,
            Err(fault) => return unsent(fault),
        };
        let limit = Duration::from_secs(u64::from(*waits)) + MARGIN;
        match client.send(step_down(*rests, *waits), limit).await {
            Ok(_) => Sent::Applied { request_id: None, made: None },
            Err(silence) => {
                let outcome = became(&silence, &asked, limit);
                if let Sent::Unknown { fault, .. } = &outcome {
                    set.judge(host, who, &client, fault);
                }
                outcome
            }
        }
    }
}

/// The command. A secondary that has everything is waited for, and never overruled: there is no `force`.
fn step_down(rests: u32, waits: u32) -> Document {
    doc! { "replSetStepDown": i64::from(rests), "secondaryCatchUpPeriodSecs": i64::from(waits) }
}

/// What it means that there is no good answer.
fn became(silence: &Silence, asked: &Asked<'_>, limit: Duration) -> Sent {
    match silence {
        Silence::Failed(error) => match &*error.kind {
            ErrorKind::Command(answer) if UNCLEAR.contains(&answer.code) => {
                Sent::Unknown { fault: asked.failed(error), status: None }
            }
            ErrorKind::Command(answer) => Sent::Refused { fault: asked.declined(answer), status: None },
            // It never came to be sent.
            ErrorKind::Authentication { .. } | ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => {
                Sent::Refused { fault: asked.failed(error), status: None }
            }
            // The connection was there a moment ago, so this may have come after it was sent.
            _ => Sent::Unknown { fault: asked.failed(error), status: None },
        },
        Silence::Late => Sent::Unknown { fault: asked.overdue(limit), status: None },
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::deserialize_from_document;
    use mongodb::error::{CommandError, Error};

    use super::*;

    fn answered(code: i32, name: &str, message: &str) -> Sent {
        let answer: CommandError =
            deserialize_from_document(doc! { "code": code, "codeName": name, "errmsg": message }).unwrap();
        told(&Silence::Failed(Error::from(ErrorKind::Command(answer))))
    }

    fn told(silence: &Silence) -> Sent {
        let asked = Asked {
            action: Change::STEP_DOWN,
            host: "m0:27017",
            user: Some("ops"),
            mechanism: None,
            is_encrypted: true,
        };
        became(silence, &asked, Duration::from_secs(15))
    }

    proptest::proptest! {
        #[test]
        fn f14_what_is_sent_is_what_is_shown_and_never_force(rests: u32, waits: u32) {
            let sent = step_down(rests, waits);
            let change = Change::StepDown { set: "ehr".into(), host: "m0:27017".into(), rests, waits };
            let shown: Vec<(String, String)> =
                change.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
            let on_the_wire: Vec<(String, String)> =
                sent.iter().map(|(name, value)| (name.clone(), value.as_i64().unwrap().to_string())).collect();
            proptest::prop_assert_eq!(on_the_wire, shown);
            proptest::prop_assert_eq!(sent.keys().next().map(String::as_str), Some(change.action()));
        }
    }

    #[test]
    fn a_primary_that_finds_no_heir_or_a_user_without_the_role_is_a_safe_refusal() {
        for (code, name, message, kind, words) in [
            (
                262,
                "ExceededTimeLimit",
                "No electable secondaries caught up as of 2026-03-14T03:00:10.000+00:00. Please use the replSetStepDown command \
                 with the argument {force: true} to force node to step down.",
                FaultKind::Rejected,
                "m0:27017 stays primary: No electable secondaries caught up as of 2026-03-14T03:00:10.000+00:00",
            ),
            (10_107, "NotWritablePrimary", "not primary so can't step down", FaultKind::Rejected, "not primary so"),
            (
                13,
                "Unauthorized",
                "not authorized on admin to execute command { replSetStepDown: 60 }",
                FaultKind::Denied,
                "not authorized on admin; grant the role clusterManager on admin to ops",
            ),
            (117, "ConflictingOperationInProgress", "busy", FaultKind::Rejected, "busy"),
        ] {
            let Sent::Refused { fault, .. } = answered(code, name, message) else { panic!("{code}") };
            assert!(fault.kind == kind && fault.message.contains(words), "{fault}");
            assert!(!fault.message.contains("force"), "{fault}");
        }
    }

    #[test]
    fn what_does_not_tell_is_unknown() {
        for code in UNCLEAR {
            assert!(matches!(answered(code, "x", "y"), Sent::Unknown { .. }), "{code}");
        }
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        for silence in [Silence::Late, Silence::Failed(Error::from(broken))] {
            assert!(matches!(told(&silence), Sent::Unknown { .. }));
        }
        let Sent::Unknown { fault, .. } = told(&Silence::Late) else { panic!("unknown") };
        assert!(fault.message.contains("no answer within 15 s"), "{fault}");
    }
}
