//! Who is asking, as the Security Token Service says it.

use crate::text::Text;
use crate::time::Timestamp;

/// The caller's identity. Nothing in it is ever taken from configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Account id, twelve digits.
    pub account: Text,
    /// The caller's ARN.
    pub arn: Text,
    /// The caller's unique id.
    pub user_id: Text,
    /// The region calls go to, as the client resolved it.
    pub region: Option<Text>,
    /// When the credentials end, where their source says so.
    pub expires_at: Option<Timestamp>,
    /// The endpoint that replaces AWS's own, where one is set.
    pub endpoint: Option<Text>,
    /// How far this machine's clock is ahead of the service's, milliseconds; less than two seconds is 0. `None`: not known.
    pub skew_ms: Option<i64>,
}

impl Identity {
    /// The caller in few words: `ana@SRE` for a role session, the user name, or the tail of the ARN.
    #[must_use]
    pub fn caller(&self) -> Text {
        let tail = self.arn.rsplit(':').next().unwrap_or_default();
        let mut parts = tail.split('/');
        match (parts.next(), parts.next(), parts.next_back()) {
            (Some("assumed-role"), Some(role), Some(session)) => Text::from(format!("{session}@{role}")),
            (Some("user"), Some(only), None) => Text::from(only),
            (Some("user"), _, Some(name)) => Text::from(name),
            _ => Text::from(tail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(arn: &str) -> String {
        let identity = Identity {
            account: Text::from("123456789012"),
            arn: Text::from(arn),
            user_id: Text::default(),
            region: None,
            expires_at: None,
            endpoint: None,
            skew_ms: None,
        };
        identity.caller().to_string()
    }

    #[test]
    fn callers_are_named_as_people_name_them() {
        assert_eq!(caller("arn:aws:sts::123456789012:assumed-role/SRE/ana"), "ana@SRE");
        assert_eq!(caller("arn:aws:iam::123456789012:user/ops/ben"), "ben");
        assert_eq!(caller("arn:aws:iam::123456789012:user/ben"), "ben");
        assert_eq!(caller("arn:aws:iam::123456789012:root"), "root");
    }
}
