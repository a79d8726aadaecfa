//! Who sits before the screen, as far as the machine knows: STS says which role acts, not which person.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::model::identity::Identity;
use crate::text::Text;

/// What the kernel has where nobody ever logged in.
const NO_LOGIN: &str = "4294967295";

/// The person at this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The name of the system's user.
    pub user: Text,
    login_uid: Option<u32>,
    sudo_user: Option<Text>,
    ssh_connection: Option<Text>,
    operator: Option<Text>,
    /// The machine.
    pub host: Text,
}

impl Actor {
    /// From the kernel's answers, and from the environment where only that knows.
    #[must_use]
    pub fn here(env: &BTreeMap<String, String>) -> Self {
        let uid = rustix::process::getuid().as_raw();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let login = fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
        let variable = |name: &str| env.get(name).filter(|value| !value.is_empty()).map(Text::from);
        Self {
            user: name_of(uid, &users),
            login_uid: login_uid(&login),
            sudo_user: variable("SUDO_USER"),
            ssh_connection: variable("SSH_CONNECTION"),
            operator: None,
            host: Text::from(rustix::system::uname().nodename().to_string_lossy().as_ref()),
        }
    }

    /// Somebody of this name at this machine, of whom no more is known.
    #[must_use]
    pub fn named(user: &str, host: &str) -> Self {
        Self { user: Text::from(user), host: Text::from(host), ..Self::default() }
    }

    /// Says who the operator is, where one said so.
    #[must_use]
    pub fn operated_by(self, operator: Option<&str>) -> Self {
        Self { operator: operator.map(Text::from), ..self }
    }

    /// Together with whom STS names, for a record.
    #[must_use]
    pub fn to_json(&self, identity: &Identity) -> Value {
        json!({
            "sts_arn": *identity.arn,
            "sts_userid": *identity.user_id,
            "account": *identity.account,
            "os_user": *self.user,
            "loginuid": self.login_uid,
            "sudo_user": self.sudo_user.as_deref(),
            "ssh_connection": self.ssh_connection.as_deref(),
            "operator": self.operator.as_deref(),
        })
    }
}

/// The name of a user by the lines of `/etc/passwd`; users of a directory service are not in there and keep their number.
fn name_of(uid: u32, users: &str) -> Text {
    let number = uid.to_string();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id == number).then_some(name)
    });
    named.map_or_else(|| Text::from(format!("uid {uid}")), Text::from)
}

/// The user who logged in, whoever that one has become since; `None` where it was nobody.
fn login_uid(raw: &str) -> Option<u32> {
    Some(raw.trim()).filter(|raw| *raw != NO_LOGIN)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_and_what_is_not_known_is_absent() {
        let users = "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_of(1_000, users), "ana");
        assert_eq!(name_of(7, users), "uid 7");
        assert_eq!((login_uid("1000\n"), login_uid("4294967295"), login_uid("")), (Some(1_000), None, None));
        let env = BTreeMap::from([
            ("SUDO_USER".to_owned(), "be\u{1b}n".to_owned()),
            ("SSH_CONNECTION".to_owned(), String::new()),
        ]);
        let actor = Actor::here(&env);
        assert_eq!((actor.sudo_user.as_deref(), actor.ssh_connection), (Some("be␛n"), None));
    }
}
