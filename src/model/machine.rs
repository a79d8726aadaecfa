//! Callers that are machines, not persons.

use super::identity::Identity;

impl Identity {
    /// What machine the caller is, where STS names one instead of a person: services of AWS begin the sessions of their roles under
    /// the id of what they run. It stands in the ARN behind the role, and behind the colon of the unique id.
    #[must_use]
    pub fn machine(&self) -> Option<String> {
        let role = self.arn.rsplit(':').next().unwrap_or_default();
        let session = role.strip_prefix("assumed-role/").and_then(|rest| rest.rsplit_once('/')).map(|(_, name)| name);
        let id = self.user_id.split_once(':').map(|(_, name)| name);
        session.and_then(of_session).or_else(|| id.and_then(of_session))
    }
}

fn of_session(name: &str) -> Option<String> {
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let after = |prefix: &str, lengths: &[usize]| {
        name.strip_prefix(prefix).is_some_and(|rest| lengths.iter().any(|length| hex(rest, *length)))
    };
    // Ids of EC2 had eight digits until 2016.
    let what = match () {
        () if after("i-", &[8, 17]) => "the EC2 instance",
        () if after("mi-", &[17]) => "the managed node",
        () if hex(name, 32) || is_uuid(name) => "the ECS task",
        () if name.starts_with("AWSCodeBuild-") => "the CodeBuild build",
        () => return None,
    };
    Some(format!("{what} {name}"))
}

/// Tasks had ids of this form until 2018.
fn is_uuid(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    fn machine(arn: &str, user_id: &str) -> Option<String> {
        let identity = Identity {
            account: Text::from("123456789012"),
            arn: Text::from(arn),
            user_id: Text::from(user_id),
            region: None,
            expires_at: None,
            endpoint: None,
            skew_ms: None,
        };
        identity.machine()
    }

    #[test]
    fn sessions_of_machines_are_told_from_those_of_persons() {
        let of = |session: &str| machine(&format!("arn:aws:sts::123456789012:assumed-role/bastion/{session}"), "AROAX");
        for (session, what) in [
            ("i-0123456789abcdef0", "the EC2 instance"),
            ("i-0123abcd", "the EC2 instance"),
            ("mi-0123456789abcdef0", "the managed node"),
            ("0123456789abcdef0123456789abcdef", "the ECS task"),
            ("01234567-89ab-cdef-0123-456789abcdef", "the ECS task"),
            ("AWSCodeBuild-01234567-89ab-cdef-0123-456789abcdef", "the CodeBuild build"),
        ] {
            assert_eq!(of(session), Some(format!("{what} {session}")));
        }
        for person in ["ana", "i-love-ecs", "i-0123", "rounds-ana", "deadbeef", "ana@example.com", "my-i-0123abcd"] {
            assert_eq!(of(person), None, "{person}");
        }
        // What the ARN hides the unique id tells.
        let id = "AROAEXAMPLE:i-0123456789abcdef0";
        assert!(machine("arn:aws:sts::123456789012:assumed-role/bastion/x", id).is_some());
        assert!(machine("arn:aws-cn:sts::123456789012:assumed-role/path/bastion/i-0123456789abcdef0", "").is_some());
        for (arn, id) in [
            ("arn:aws:iam::123456789012:user/i-0123456789abcdef0", "AIDAEXAMPLE"),
            ("arn:aws:iam::123456789012:root", "123456789012"),
            ("arn:aws:sts::123456789012:federated-user/ana", "123456789012:ana"),
        ] {
            assert_eq!(machine(arn, id), None, "{arn}");
        }
    }
}
