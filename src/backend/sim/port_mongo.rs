//! Replica sets of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::mongo::{Access, Set, Silence};
use super::world::World;
use crate::backend::ports::Mongo;
use crate::model::mongo::{Hello, Oplog, ServerStatus, SetConfig, Status};
use crate::model::{Fault, FaultKind};
use crate::text::Text;

/// MongoDB's names of the codes 13 and 18.
const UNAUTHORIZED: &str = "Unauthorized";
const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";

#[async_trait]
impl Mongo for Sim {
    async fn seeds(&self, set: &str) -> Result<Vec<String>, Fault> {
        let action = "srv lookup";
        self.call(action, |world| {
            let found = world.sets.iter().find(|s| s.spec.name == set);
            let found = found.ok_or_else(|| unknown(action, set))?;
            Ok(found.members.iter().filter(|m| !m.spec.hidden).map(|m| m.spec.host.clone()).collect())
        })
        .await
    }

    async fn hello(&self, set: &str, host: &str) -> Result<Hello, Fault> {
        self.asked("hello", set, host, |set, i| Ok(set.hello(i))).await
    }

    async fn status(&self, set: &str, host: &str) -> Result<Status, Fault> {
        let action = "replSetGetStatus";
        self.asked(action, set, host, |set, i| permitted(set, i, action).map(|()| set.status(i))).await
    }

    async fn config(&self, set: &str, host: &str) -> Result<SetConfig, Fault> {
        let action = "replSetGetConfig";
        self.asked(action, set, host, |set, i| permitted(set, i, action).map(|()| set.config(i))).await
    }

    async fn server(&self, set: &str, host: &str) -> Result<ServerStatus, Fault> {
        let action = "serverStatus";
        self.asked(action, set, host, |set, i| permitted(set, i, action).map(|()| set.server(i))).await
    }

    async fn oplog(&self, set: &str, host: &str) -> Result<Oplog, Fault> {
        let action = "find local.oplog.rs";
        // An arbiter has none: the collection is empty.
        self.asked(action, set, host, |set, i| permitted(set, i, action).map(|()| set.oplog(i).unwrap_or_default()))
            .await
    }
}

impl Sim {
    /// One command to one member, if it answers.
    async fn asked<T>(
        &self,
        action: &'static str,
        set: &str,
        host: &str,
        act: impl FnOnce(&Set, usize) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        self.call(action, |world: &mut World| {
            let found = world.sets.iter().find(|s| s.spec.name == set);
            let found = found.ok_or_else(|| unknown(action, set))?;
            let i = found.asked(host).map_err(|silence| silent(silence, action, host))?;
            act(found, i)
        })
        .await
    }
}

/// Nobody configured such a set.
pub(super) fn unknown(action: &'static str, set: &str) -> Fault {
    Fault::new(FaultKind::Misconfigured, action, format!("there is no replica set {set}"))
}

/// What a driver says of a member that does not answer. The wait before it is left out: by a clock that stands still it
/// would never end.
pub(super) fn silent(silence: Silence, action: &'static str, host: &str) -> Fault {
    match silence {
        Silence::NoSuchHost => {
            let why = format!("{host}: failed to lookup address information: Name or service not known");
            Fault::new(FaultKind::Unreachable, action, why)
        }
        Silence::Lost => Fault::new(FaultKind::Timeout, action, format!("{host}: no answer within 2 s")),
        Silence::Refused => Fault::new(FaultKind::Unreachable, action, format!("{host}: Connection refused")),
    }
}

/// Whether the console's user may run a command other than `hello`; where not, what the adapter makes of the refusal.
pub(super) fn permitted(set: &Set, i: usize, action: &'static str) -> Result<(), Fault> {
    let (command, database) = match action.split_once(' ') {
        Some((command, _)) => (command, "local"),
        None => (action, "admin"),
    };
    let unproven = || {
        (
            AUTHENTICATION_FAILED,
            "SCRAM failure: Authentication failed".to_owned(),
            "check username, password source, auth_source",
        )
    };
    let (code, message, remedy) = match set.spec.access {
        // Users are data, and an arbiter has none.
        Access::Monitor | Access::Manager if set.members[i].spec.arbiter => unproven(),
        Access::Open | Access::Monitor | Access::Manager => return Ok(()),
        Access::NoRole => {
            (UNAUTHORIZED, format!("not authorized on {database}"), "grant the role clusterMonitor on admin to rounds")
        }
        Access::NoCredentials => (
            UNAUTHORIZED,
            format!("command {command} requires authentication"),
            "configure username and password of a user with the role clusterMonitor",
        ),
        Access::WrongPassword => unproven(),
    };
    let fault = Fault::new(FaultKind::Denied, action, message);
    Err(Fault { code: Some(Text::from(code)), remedy: Some(Text::from(remedy)), ..fault })
}
