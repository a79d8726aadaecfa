//! A stack: a named environment the user watches.

use crate::model::Freeze;
use crate::model::alarm::AlarmPolicy;
use crate::model::mongo::MongoSet;
use crate::model::secret::RotationPolicy;
use crate::text::{Text, shell_word};

/// How one stack is reached and what of it is watched; as configured, nothing resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its name, unique among the stacks.
    pub name: Text,
    /// The file that configures it, as it may be shown; absent: none does.
    pub file: Option<Text>,
    /// The profile of the AWS config files, whose credentials also assume `role_arn`; absent: the SDK's default chain.
    pub profile: Option<String>,
    /// The region; absent: as the SDK finds it.
    pub region: Option<String>,
    /// A role to assume on top of the credentials found.
    pub role_arn: Option<String>,
    /// An endpoint that replaces AWS's own for every service.
    pub endpoint_url: Option<String>,
    /// The account it must be; acting is refused if STS says otherwise.
    pub account: Option<String>,
    /// Marked on screen; actions ask for more.
    pub protected: bool,
    /// Cluster names to watch, `*` standing for any run of characters; empty: all.
    pub clusters: Vec<String>,
    /// The actions this stack may ever take, by id; empty: none beyond those the command line allows.
    pub allow: Vec<String>,
    /// The replica sets to watch.
    pub mongo: Vec<MongoSet>,
    /// Which alarms are critical, and which are ignored.
    pub alarms: AlarmPolicy,
    /// The hours in which nothing should be changed.
    pub freeze: Vec<Freeze>,
    /// The log group of CloudWatch Logs that gets a copy of the audit; absent: none does.
    pub audit_log_group: Option<String>,
    /// How often its secrets are to be rotated.
    pub secrets: RotationPolicy,
}

impl Stack {
    /// Where it is, or could be, configured.
    #[must_use]
    pub fn place(&self) -> &str {
        self.file.as_deref().unwrap_or("rounds.toml")
    }

    /// Whether a cluster of this name is watched.
    #[must_use]
    pub fn watches(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|pattern| glob(pattern, cluster))
    }

    /// An AWS CLI call for this stack in the `region` that STS was asked in, safe to paste into a shell. None for a stack that
    /// assumes a role of its own: the CLI would ask as somebody else.
    #[must_use]
    pub fn aws_call(&self, region: Option<&str>, words: &[&str]) -> Option<String> {
        if self.role_arn.is_some() {
            return None;
        }
        let options = [
            ("--profile", self.profile.as_deref()),
            ("--region", region.or(self.region.as_deref())),
            ("--endpoint-url", self.endpoint_url.as_deref()),
        ];
        let options = options.into_iter().filter_map(|(name, value)| Some([name, value?])).flatten();
        let call: Vec<String> =
            ["aws"].into_iter().chain(options).chain(words.iter().copied()).map(shell_word).collect();
        Some(call.join(" "))
    }
}

/// Matches `*` against any run of characters, everything else literally.
#[must_use]
pub fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_call_is_safe_in_a_shell_and_asks_as_the_same_caller() {
        let stack = Stack { profile: Some("my prod".to_owned()), ..Stack::default() };
        let call = stack.aws_call(Some("r"), &["ecs", "list-tasks", "--service-name", "a;rm -rf '$(x)'"]);
        let expected = r"aws --profile 'my prod' --region r ecs list-tasks --service-name 'a;rm -rf '\''$(x)'\'''";
        assert_eq!(call.as_deref(), Some(expected));
        let assumed = Stack { role_arn: Some("arn:aws:iam::123456789012:role/SRE".to_owned()), ..stack };
        assert_eq!(assumed.aws_call(None, &["ecs"]), None);
    }

    #[test]
    fn cluster_patterns_match_as_a_shell_would() {
        for (pattern, name, hit) in [
            ("ehr-*", "ehr-prod", true),
            ("ehr-*", "rx", false),
            ("*", "", true),
            ("a*b*c", "a-b-c", true),
            ("a*b", "ab", true),
            ("a*ba", "aba", true),
            ("a*aba", "aba", false),
            ("ehr", "ehr2", false),
        ] {
            assert_eq!(glob(pattern, name), hit, "{pattern} {name}");
        }
    }
}
