//! A stack: a named environment the user watches.

use crate::model::Freeze;
use crate::text::Text;

/// How one stack is reached and what of it is watched; as configured, nothing resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its name, unique among the stacks.
    pub name: Text,
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
    /// The hours in which nothing should be changed.
    pub freeze: Vec<Freeze>,
}

impl Stack {
    /// Whether a cluster of this name is watched.
    #[must_use]
    pub fn watches(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|pattern| glob(pattern, cluster))
    }
}

/// Matches `*` against any run of characters, everything else literally.
fn glob(pattern: &str, name: &str) -> bool {
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
