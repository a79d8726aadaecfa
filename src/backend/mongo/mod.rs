//! MongoDB behind the port: the only place that knows the driver.
//!
//! Every member is asked by itself, over connections of its own, so that no member answers for another one and a frozen one
//! holds nobody up. A member is met as nobody for `hello`, which is answered without credentials, and as the configured user for
//! the rest: one client would fail as a whole once the password is wrong, and the set would vanish from sight. That makes at
//! most two clients a member, each with one connection that watches and one or two that ask.
//!
//! What is sent is in `command` and `change` and nothing else; of data, only the times of the two ends of the oplog. The driver itself adds
//! its handshake, which is a `hello`, the authentication, and `endSessions` when it is done.
//!
//! An answer is bounded by the driver to 48 MB and here to what a set can have. What is not bounded by anybody is nesting: the
//! driver follows it by recursion, so that a member that nests an answer ten thousand deep ends the process. No `mongod` does
//! (its own limit is 200), and only who holds a member, or the way to one that is not encrypted, could.

mod asker;
mod change;
mod command;
mod decode;
mod fault;
mod password;
mod set;
mod tls;

use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::ports::Mongo;
use crate::model::mongo::{Hello, MongoSet, Oplog, ServerStatus, SetConfig, Status};
use crate::model::{Fault, FaultKind};
use crate::time::Clock;
use set::{Set, Who};

pub use command::server_status;

/// The replica sets of one stack. Nothing is connected before it is asked.
pub struct MongoDriver {
    sets: Vec<Set>,
}

impl MongoDriver {
    /// These sets, with a clock that tells when a refused password is tried again. `aws` are the credentials of the stack, for
    /// the mechanism `MONGODB-AWS`.
    #[must_use]
    pub fn new(sets: &[MongoSet], clock: &Arc<dyn Clock>, aws: Option<&SharedCredentialsProvider>) -> Self {
        Self { sets: sets.iter().map(|set| Set::new(set.clone(), Arc::clone(clock), aws.cloned())).collect() }
    }

    fn set(&self, name: &str) -> Result<&Set, Fault> {
        let none = || Fault::misconfigured(format!("there is no replica set {name}"), None::<String>);
        self.sets.iter().find(|set| set.name() == name).ok_or_else(none)
    }
}

#[async_trait]
impl Mongo for MongoDriver {
    async fn prepare(&self, set: &str) {
        if let Ok(set) = self.set(set) {
            set.prepare().await;
        }
    }

    async fn seeds(&self, set: &str) -> Result<Vec<String>, Fault> {
        self.set(set)?.seeds().await
    }

    async fn hello(&self, set: &str, host: &str) -> Result<Hello, Fault> {
        let (answer, is_protected) = self.set(set)?.ask(host, Who::Nobody, &command::HELLO).await?;
        Ok(Hello { is_protected, ..decode::hello(&answer) })
    }

    async fn status(&self, set: &str, host: &str) -> Result<Status, Fault> {
        let (answer, _) = self.set(set)?.ask(host, Who::User, &command::STATUS).await?;
        Ok(decode::status(&answer))
    }

    async fn config(&self, set: &str, host: &str) -> Result<SetConfig, Fault> {
        let (answer, _) = self.set(set)?.ask(host, Who::User, &command::CONFIG).await?;
        let malformed = || Fault::new(FaultKind::Malformed, command::CONFIG.action, format!("{host}: no config in it"));
        decode::config(&answer).ok_or_else(malformed)
    }

    async fn server(&self, set: &str, host: &str) -> Result<ServerStatus, Fault> {
        let (answer, _) = self.set(set)?.ask(host, Who::User, &command::SERVER).await?;
        Ok(decode::server(&answer))
    }

    async fn oplog(&self, set: &str, host: &str) -> Result<Oplog, Fault> {
        let set = self.set(set)?;
        let (first, _) = set.ask(host, Who::User, &command::OPLOG_FIRST).await?;
        let (last, _) = set.ask(host, Who::User, &command::OPLOG_LAST).await?;
        Ok(Oplog { first_at: decode::oplog_end(&first), last_at: decode::oplog_end(&last) })
    }
}
