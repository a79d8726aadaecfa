//! Secrets Manager: how secrets rotate and who uses them. Never a value: no type here has room for one.

mod consumers;

use std::collections::BTreeMap;
use std::time::Duration;

pub use consumers::{Consumers, Holds, Uses};

use crate::text::Text;
use crate::time::Timestamp;

/// Everything the secrets feed knows of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretFacts {
    /// Secrets, by name; those that are to be deleted among them.
    pub secrets: Vec<Secret>,
    /// How often secrets are to be rotated, as configured for the stack.
    pub policy: RotationPolicy,
    /// The versions of secrets that were looked at closely, those without a label among them, by the secret's ARN.
    pub versions: BTreeMap<Text, Vec<Version>>,
    /// When the secrets were listed; never, if they could not be.
    pub read_at: Option<Timestamp>,
}

/// A secret, without its value and without its description, which people write secrets into.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secret {
    /// `Name`.
    pub name: Text,
    /// `ARN`.
    pub arn: Text,
    /// When it was read. The list may be five minutes behind; what was described by itself is not.
    pub read_at: Timestamp,
    /// `KmsKeyId`; absent: the key AWS manages.
    pub key: Option<Text>,
    /// `RotationEnabled`.
    pub rotation_enabled: Option<bool>,
    /// `RotationLambdaARN`; absent for managed rotation.
    pub lambda: Option<Text>,
    /// `RotationRules.AutomaticallyAfterDays`.
    pub rotates_after_days: Option<u32>,
    /// `RotationRules.ScheduleExpression`.
    pub schedule: Option<Text>,
    /// `RotationRules.Duration`: the length of the window.
    pub window: Option<Text>,
    /// `LastRotatedDate`: the last rotation that was completed.
    pub rotated_at: Option<Timestamp>,
    /// `NextRotationDate`: the latest time of the next one.
    pub rotates_at: Option<Timestamp>,
    /// `LastChangedDate`; any edit moves it.
    pub changed_at: Option<Timestamp>,
    /// `LastAccessedDate`, to the day.
    pub accessed_at: Option<Timestamp>,
    /// `DeletedDate`: when it is deleted.
    pub deleted_at: Option<Timestamp>,
    /// `CreatedDate`.
    pub created_at: Option<Timestamp>,
    /// `OwningService`: the service that manages it, such as `rds`.
    pub owner: Option<Text>,
    /// `PrimaryRegion` of a replica, or of a secret that has replicas.
    pub primary_region: Option<Text>,
    /// Versions with labels, by id.
    pub versions: BTreeMap<Text, Vec<Text>>,
    /// Tags, key and value.
    pub tags: Vec<(Text, Text)>,
}

impl Secret {
    /// The label of the version that is in use.
    pub const CURRENT: &'static str = "AWSCURRENT";
    /// The label of a version that is being made.
    pub const PENDING: &'static str = "AWSPENDING";

    /// The version with this label.
    #[must_use]
    pub fn version(&self, label: &str) -> Option<&Text> {
        self.versions.iter().find(|(_, labels)| labels.iter().any(|l| *l == *label)).map(|(id, _)| id)
    }

    /// The version that is being made and is not in use yet. The label on the version in use is what a rotation that was
    /// completed may leave.
    #[must_use]
    pub fn pending(&self) -> Option<&Text> {
        let pending = |labels: &[Text]| labels.iter().any(|l| *l == *Self::PENDING);
        let current = |labels: &[Text]| labels.iter().any(|l| *l == *Self::CURRENT);
        self.versions.iter().find(|(_, labels)| pending(labels) && !current(labels)).map(|(id, _)| id)
    }
}

/// A version of a secret, as `ListSecretVersionIds` lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// `VersionId`.
    pub id: Text,
    /// `VersionStages`.
    pub stages: Vec<Text>,
    /// `CreatedDate`.
    pub created_at: Option<Timestamp>,
}

/// How often secrets are to be rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationPolicy {
    /// For all that no part names.
    pub rotation: Rotation,
    /// Whether the key that AWS manages will do for those that no part names.
    pub any_key: bool,
    /// For some of them; the first that fits and says it counts.
    pub parts: Vec<PolicyPart>,
}

/// How often a secret is to be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// At least once in so long.
    Every(Duration),
    /// It need not be.
    Never,
}

impl Rotation {
    /// The longest between two rotations; `None`: any time.
    #[must_use]
    pub const fn span(self) -> Option<Duration> {
        match self {
            Self::Every(span) => Some(span),
            Self::Never => None,
        }
    }
}

impl Default for RotationPolicy {
    /// 90 days: the default of AWS Config's rule `secretsmanager-secret-periodic-rotation`.
    fn default() -> Self {
        Self { rotation: Rotation::Every(Duration::from_hours(90 * 24)), any_key: false, parts: Vec::new() }
    }
}

impl RotationPolicy {
    /// The longest between two rotations of this secret; `None`: it need not be rotated.
    #[must_use]
    pub fn of(&self, secret: &Secret) -> Option<Duration> {
        self.fitting(secret).find_map(|part| part.rotation).unwrap_or(self.rotation).span()
    }

    /// Whether this secret may be encrypted with the key that AWS manages.
    #[must_use]
    pub fn takes_any_key(&self, secret: &Secret) -> bool {
        self.fitting(secret).find_map(|part| part.any_key).unwrap_or(self.any_key)
    }

    fn fitting<'a>(&'a self, secret: &'a Secret) -> impl Iterator<Item = &'a PolicyPart> {
        self.parts.iter().filter(|part| part.fits(secret))
    }
}

impl PolicyPart {
    /// For which secrets it is, as people read it.
    #[must_use]
    pub fn which(&self) -> Option<String> {
        let tag = self.tag.as_ref().map(|(key, value)| format!("tag {key}={value}"));
        let which: Vec<String> = self.prefix.clone().into_iter().chain(tag).collect();
        (!which.is_empty()).then(|| which.join(" "))
    }

    /// Whether it is for this secret.
    #[must_use]
    pub fn fits(&self, secret: &Secret) -> bool {
        let begins = self.prefix.as_ref().is_none_or(|prefix| secret.name.starts_with(prefix.as_str()));
        let is_tagged = |(key, value): &(String, String)| secret.tags.iter().any(|(k, v)| *k == **key && *v == **value);
        begins && self.tag.as_ref().is_none_or(is_tagged)
    }
}

/// The policy of some secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyPart {
    /// The beginning of their names; absent: any.
    pub prefix: Option<String>,
    /// A tag they have, key and value; absent: any.
    pub tag: Option<(String, String)>,
    /// How often they are to be rotated; absent: as others.
    pub rotation: Option<Rotation>,
    /// Whether the key that AWS manages will do for them; absent: as for others.
    pub any_key: Option<bool>,
}

/// Which secrets task definitions hand to containers. What they set as plain environment is dropped before it gets here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskDefinitionFacts {
    /// Task definitions, by ARN.
    pub definitions: BTreeMap<Text, TaskDefinition>,
    /// ARNs of those in use that could not be read.
    pub unread: Vec<Text>,
}

/// A task definition, as far as secrets go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskDefinition {
    /// `taskDefinitionArn`.
    pub arn: Text,
    /// What its containers are handed at their start.
    pub secrets: Vec<Handed>,
}

/// A secret handed to a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// The container's name.
    pub container: Text,
    /// The name of the environment variable, or `repositoryCredentials` and the like for other uses.
    pub name: Text,
    /// `valueFrom`: an ARN of Secrets Manager, with key, stage and version behind it perhaps, or of Parameter Store.
    pub from: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(versions: &[(&str, &[&str])]) -> Secret {
        let labels = |labels: &[&str]| labels.iter().map(|l| Text::from(*l)).collect();
        Secret { versions: versions.iter().map(|(id, l)| (Text::from(*id), labels(l))).collect(), ..Secret::default() }
    }

    #[test]
    fn the_first_part_of_a_policy_that_fits_counts() {
        let days = |n: u64| Duration::from_hours(24 * n);
        let tag = |value: &str| Some(("tier".to_owned(), value.to_owned()));
        let part = |prefix: Option<&str>, tag, n| PolicyPart {
            prefix: prefix.map(str::to_owned),
            tag,
            rotation: Some(Rotation::Every(days(n))),
            any_key: None,
        };
        let parts =
            vec![part(Some("prod/"), tag("gold"), 7), part(Some("prod/db/"), None, 30), part(None, tag("gold"), 60)];
        let policy = RotationPolicy { parts, ..RotationPolicy::default() };
        let named = |name: &str, tier: &str| Secret {
            name: Text::from(name),
            tags: vec![(Text::from("tier"), Text::from(tier))],
            ..Secret::default()
        };
        for (name, tier, every) in
            [("prod/db/a", "tin", 30), ("prod/db/a", "gold", 7), ("dev/db/a", "gold", 60), ("dev/db/a", "tin", 90)]
        {
            assert_eq!(policy.of(&named(name, tier)), Some(days(every)), "{name} {tier}");
        }
        let keys = PolicyPart { prefix: Some("prod/".to_owned()), any_key: Some(true), ..PolicyPart::default() };
        let never = PolicyPart { rotation: Some(Rotation::Never), any_key: Some(false), ..keys.clone() };
        let policy = RotationPolicy { parts: vec![keys, never], ..RotationPolicy::default() };
        let secret = named("prod/db/a", "gold");
        assert_eq!(
            (policy.of(&secret), policy.takes_any_key(&secret)),
            (None, true),
            "each is said by the first that does"
        );
        let other = named("dev/a", "gold");
        assert_eq!((policy.of(&other), policy.takes_any_key(&other)), (Some(days(90)), false));
    }

    #[test]
    fn a_pending_label_on_the_version_in_use_is_no_rotation_under_way() {
        let done = secret(&[("v7", &["AWSPREVIOUS"]), ("v8", &["AWSCURRENT", "AWSPENDING"])]);
        assert_eq!(done.pending(), None);
        assert_eq!(done.version(Secret::CURRENT).map(Text::as_str), Some("v8"));
        let stuck = secret(&[("v7", &["AWSCURRENT"]), ("v8", &["AWSPENDING"])]);
        assert_eq!(stuck.pending().map(Text::as_str), Some("v8"));
    }
}
