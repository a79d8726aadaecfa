//! The `[[stack]]`s of the configuration file.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeValue;

use super::file::{place, placed};
use super::mongo::{self, Places};
use super::origin::{Origin, Placed};
use super::{alarms, form, secrets};
use crate::document::{Document, Key, Value, ordered, quoted};
use crate::error::Error;
use crate::model::stack::Stack;
use crate::model::{Freeze, form as aws};
use crate::text::Text;

/// What a stack may say.
pub(super) const KEYS: [&str; 15] = [
    "name",
    "profile",
    "role_arn",
    "source_profile",
    "region",
    "endpoint_url",
    "account",
    "protected",
    "clusters",
    "allow",
    "freeze",
    "audit_log_group",
    "mongo",
    "secrets",
    "alarms",
];

/// A stack and the lines its values stand on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileStack {
    /// The stack.
    pub stack: Stack,
    /// Where each key that was written stands.
    pub places: BTreeMap<&'static str, Origin>,
    /// The same of each of its replica sets.
    pub mongo: Vec<Places>,
    /// The same of its policy for secrets.
    pub secrets: Places,
}

/// Reads all stacks, and notes names that come twice. `base` is the directory that files are relative to.
pub(super) fn stacks(document: &mut Document<'_>, value: &Value<'_>, base: Option<&Path>) -> Vec<FileStack> {
    let DeValue::Array(items) = value.get_ref() else {
        document.wrong_type("stack", value, "a list of tables, each headed by [[stack]]");
        return Vec::new();
    };
    let mut found: Vec<FileStack> = Vec::new();
    let mut lines: BTreeMap<Text, usize> = BTreeMap::new();
    for item in items {
        let Some(read) = stack(document, item, base) else { continue };
        if let Some((name, at)) = read.name {
            if let Some(line) = lines.get(&name) {
                let what = format!("the name {} is taken by the stack on line {line}", quoted(&name));
                document.mistake(at, what, "give every stack a name of its own".to_owned());
            } else {
                lines.insert(name, document.line(at));
            }
        }
        found.push(read.found);
    }
    found
}

/// A stack being read.
#[derive(Default)]
struct Reading {
    found: FileStack,
    name: Option<(Text, usize)>,
    account: Option<(String, usize)>,
    role_account: Option<String>,
    /// Where `source_profile` stands.
    source_profile: Option<usize>,
    own_profile: bool,
}

fn stack(document: &mut Document<'_>, item: &Value<'_>, base: Option<&Path>) -> Option<Reading> {
    let DeValue::Table(table) = item.get_ref() else {
        document.wrong_type("stack", item, "a table, headed by [[stack]]");
        return None;
    };
    let mut reading = Reading::default();
    reading.found.stack.file = Some(Text::from(document.origin()));
    let is_named = table.iter().any(|(key, _)| key.get_ref() == "name");
    for (key, value) in ordered(table) {
        reading.take(document, key, value, base);
    }
    if !is_named {
        document.mistake(item.span().start, "a stack without a name", "add: name = \"prod-ehr\"".to_owned());
    }
    reading.check_together(document);
    Some(reading)
}

impl Reading {
    /// Reads one key.
    fn take(&mut self, document: &mut Document<'_>, key: &Key<'_>, value: &Value<'_>, base: Option<&Path>) {
        let name = key.get_ref().as_ref();
        let Some(known) = KEYS.into_iter().find(|known| *known == name) else {
            return document.unknown(key.span().start, "key of a stack", name, &KEYS);
        };
        let stack = &mut self.found.stack;
        match known {
            "name" => {
                if let Some(name) = text(document, known, value, "prod-ehr", form::stack_name) {
                    stack.name = Text::from(&name);
                    self.name = Some((Text::from(&name), value.span().start));
                }
            }
            "profile" | "source_profile" => {
                stack.profile = text(document, known, value, "prod", form::profile);
                match known {
                    "profile" => self.own_profile = true,
                    _ => self.source_profile = Some(key.span().start),
                }
            }
            "role_arn" => {
                let arn = text(document, known, value, "arn:aws:iam::123456789012:role/SRE", |arn| {
                    aws::role_arn(arn).map(|_| ())
                });
                self.role_account = arn.as_deref().and_then(|arn| aws::role_arn(arn).ok()).map(str::to_owned);
                stack.role_arn = arn;
            }
            "region" => stack.region = text(document, known, value, "us-east-1", aws::region),
            "endpoint_url" => {
                stack.endpoint_url = text(document, known, value, "https://ecs.example.com", aws::endpoint_url);
            }
            "account" => {
                stack.account = account(document, value);
                self.account = stack.account.clone().map(|account| (account, value.span().start));
            }
            "protected" => stack.protected = document.boolean(known, value).unwrap_or_default(),
            "clusters" => {
                stack.clusters = list(document, known, value, "ehr-*", |p| form::cluster(p).map(|()| p.to_owned()));
            }
            "allow" => {
                stack.allow = list(document, known, value, "force-deploy", |a| form::action(a).map(|()| a.to_owned()));
            }
            "audit_log_group" => {
                stack.audit_log_group = text(document, known, value, "rounds/audit", aws::log_group);
            }
            "secrets" => (stack.secrets, self.found.secrets) = secrets::policy(document, value),
            "alarms" => stack.alarms = alarms::alarms(document, value),
            "mongo" => (stack.mongo, self.found.mongo) = mongo::sets(document, value, base).into_iter().unzip(),
            _ => stack.freeze = list(document, known, value, "fri 17:00 – mon 06:00 UTC", freeze),
        }
        self.found.places.insert(known, place(document, value.span().start));
    }

    /// What is impossible only in combination.
    fn check_together(&self, document: &mut Document<'_>) {
        if let Some(at) = self.source_profile {
            if self.own_profile {
                let hint = "profile is what source_profile would be; keep one of them".to_owned();
                document.mistake(at, "a stack with profile and source_profile", hint);
            } else if !self.found.places.contains_key("role_arn") {
                let hint = "add role_arn, or write profile instead".to_owned();
                document.mistake(at, "source_profile without role_arn", hint);
            }
        }
        if let (Some((account, at)), Some(of_role)) = (&self.account, &self.role_account)
            && account != of_role
        {
            let what = format!("account {} is not that of role_arn", quoted(account));
            document.mistake(*at, what, format!("the role is in account \"{of_role}\""));
        }
    }
}

/// A text of a certain form, or a mistake.
fn text(
    document: &mut Document<'_>,
    name: &str,
    value: &Value<'_>,
    example: &str,
    form: impl FnOnce(&str) -> Result<(), Error>,
) -> Option<String> {
    placed(document, name, value, example, |written| form(written).map(|()| written.to_owned()))
        .map(|p: Placed<String>| p.value)
}

/// An account id. A number is the mistake everyone makes here, and it would lose leading zeros.
fn account(document: &mut Document<'_>, value: &Value<'_>) -> Option<String> {
    if let DeValue::Integer(n) = value.get_ref() {
        let hint = "an account id can begin with 0, which a number loses: put it in quotes".to_owned();
        document.mistake(
            value.span().start,
            format!("\"account\" must be text, not the number {}", quoted(n.as_str()).trim_matches('"')),
            hint,
        );
        return None;
    }
    text(document, "account", value, "123456789012", aws::account)
}

/// A list of texts of a certain form. An empty one is a mistake: nobody can tell whether it means all or none.
pub(super) fn list<T>(
    document: &mut Document<'_>,
    name: &str,
    value: &Value<'_>,
    example: &str,
    form: impl Fn(&str) -> Result<T, Error>,
) -> Vec<T> {
    let Some(items) = document.array(name, value, &format!("[\"{example}\"]")) else { return Vec::new() };
    if items.is_empty() {
        let hint = format!("leave {name} out, or write {name} = [\"{example}\"]");
        document.mistake(value.span().start, format!("{name} is an empty list"), hint);
    }
    items.iter().filter_map(|item| placed(document, name, item, example, &form).map(|p| p.value)).collect()
}

fn freeze(written: &str) -> Result<Freeze, Error> {
    Freeze::parse(written).map_err(|e| {
        Error::usage(format!("{} {e}", quoted(written))).hint("write it like \"fri 17:00 – mon 06:00 UTC\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FileConfig;
    use crate::model::secret::RotationPolicy;

    fn parse(text: &str) -> Result<Vec<FileStack>, Vec<String>> {
        FileConfig::parse(text, Path::new("r.toml"), &[])
            .map(|config| config.stacks)
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_stack_is_read_with_all_it_may_say() {
        let text = r#"
            [[stack]]
            name = "prod-ehr"
            source_profile = "base"
            role_arn = "arn:aws:iam::123456789012:role/SRE"
            region = "us-east-1"
            endpoint_url = "http://127.0.0.1:5000"
            account = "123456789012"
            protected = true
            clusters = ["ehr-*"]
            allow = ["force-deploy"]
            freeze = ["fri 17:00 – mon 06:00 UTC"]
            audit_log_group = "rounds/audit"
            [stack.alarms]
            critical = ["ehr-*", "Ehr down"]
            ignore = ["*-test"]
            [[stack]]
            name = "test"
        "#;
        let stacks = parse(text).unwrap();
        let Stack {
            name,
            file,
            profile,
            role_arn,
            region,
            endpoint_url,
            account,
            protected,
            clusters,
            allow,
            freeze,
            audit_log_group,
            mongo,
            secrets,
            alarms,
        } = stacks[0].stack.clone();
        assert_eq!((name.as_str(), profile.as_deref(), protected), ("prod-ehr", Some("base"), true));
        assert_eq!(file.as_deref(), Some("r.toml"));
        assert_eq!(role_arn.as_deref(), Some("arn:aws:iam::123456789012:role/SRE"));
        assert_eq!((region.as_deref(), account.as_deref()), (Some("us-east-1"), Some("123456789012")));
        assert_eq!(endpoint_url.as_deref(), Some("http://127.0.0.1:5000"));
        assert_eq!(audit_log_group.as_deref(), Some("rounds/audit"));
        assert_eq!((clusters, allow), (vec!["ehr-*".to_owned()], vec!["force-deploy".to_owned()]));
        assert_eq!((mongo, secrets), (vec![], RotationPolicy::default()));
        assert_eq!(alarms.ignore, ["*-test"]);
        assert_eq!(alarms.critical, ["ehr-*", "Ehr down"]);
        assert_eq!(freeze[0].to_string(), "fri 17:00 – mon 06:00 UTC");
        assert_eq!(stacks[0].places["source_profile"], Origin::File { path: "r.toml".into(), line: 4 });
        assert_eq!(stacks[1].stack, Stack { name: Text::from("test"), file, ..Stack::default() });
    }

    #[test]
    fn every_mistake_of_every_stack_is_told() {
        let text = "[[stack]]\nname = \"a\"\naccount = 123456789012\nregoin = \"x\"\n\
            [[stack]]\nname = \"a\"\nsource_profile = \"p\"\nclusters = []\n\
            [[stack]]\nprotected = \"yes\"\nfreeze = [\"always\", 3]\n";
        let told = parse(text).unwrap_err();
        let starts = [
            "r.toml:3: \"account\" must be text, not the number 123456789012\n  an account id can begin with 0",
            "r.toml:4: unknown key of a stack \"regoin\"\n  did you mean \"region\"?",
            "r.toml:6: the name \"a\" is taken by the stack on line 2",
            "r.toml:7: source_profile without role_arn",
            "r.toml:8: clusters is an empty list",
            "r.toml:9: a stack without a name",
            "r.toml:10: \"protected\" must be true or false, not \"yes\"",
            "r.toml:11: freeze: \"always\" must end in UTC",
            "r.toml:11: \"freeze\" must be text such as \"fri 17:00 – mon 06:00 UTC\", not the number 3",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
    }

    #[test]
    fn values_that_exclude_each_other_are_told() {
        let role = "role_arn = \"arn:aws:iam::123456789012:role/SRE\"";
        let told = parse(&format!("[[stack]]\nname = \"a\"\n{role}\naccount = \"210987654321\"\n")).unwrap_err();
        let right =
            "r.toml:4: account \"210987654321\" is not that of role_arn\n  the role is in account \"123456789012\"";
        assert_eq!(told, [right]);
        let told =
            parse(&format!("[[stack]]\nname = \"a\"\n{role}\nprofile = \"p\"\nsource_profile = \"q\"\n")).unwrap_err();
        assert!(told[0].starts_with("r.toml:5: a stack with profile and source_profile"), "{told:?}");
    }

    #[test]
    fn a_single_bracket_is_answered_with_two() {
        let told = parse("[stack]\nname = \"a\"\n").unwrap_err();
        assert_eq!(told, ["r.toml:1: \"stack\" must be a list of tables, each headed by [[stack]], not a table"]);
    }

    #[test]
    fn what_is_not_read_yet_is_not_accepted_in_silence() {
        let told = parse("[[stack]]\nname = \"a\"\n[stack.releases]\nrotation = \"90d\"\n").unwrap_err();
        assert!(told[0].starts_with("r.toml:3: unknown key of a stack \"releases\"\n  valid: name, "), "{told:?}");
    }
}
