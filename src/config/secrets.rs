//! How often the secrets of a stack are to be rotated: `[stack.secrets]`, and `[[stack.secrets.policy]]` for some of them.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::file::{place, placed};
use super::mongo::Places;
use crate::document::{Document, Value, ordered, quoted};
use crate::error::Error;
use crate::model::secret::{PolicyPart, Rotation, RotationPolicy};
use crate::model::stack::Stack;
use crate::time::{human, parse_span};

const KEYS: [&str; 3] = ["rotation", "key", "policy"];
const PART_KEYS: [&str; 4] = ["prefix", "tag", "rotation", "key"];
/// What is written where a secret need not rotate.
const NEVER: &str = "never";

const DAY: Duration = Duration::from_hours(24);
/// The longest interval Secrets Manager rotates at (API reference, `AutomaticallyAfterDays`).
const LONGEST: Duration = Duration::from_hours(24 * 1_000);

/// Reads the policy of a stack, and where its values stand.
pub(super) fn policy(document: &mut Document<'_>, value: &Value<'_>) -> (RotationPolicy, Places) {
    let (mut policy, mut places) = (RotationPolicy::default(), BTreeMap::new());
    let DeValue::Table(table) = value.get_ref() else {
        document.wrong_type("secrets", value, "a table, headed by [stack.secrets]");
        return (policy, places);
    };
    for (key, value) in ordered(table) {
        let name = key.get_ref().as_ref();
        match name {
            "rotation" => policy.rotation = rotation(document, value).unwrap_or(policy.rotation),
            "key" => policy.any_key = any_key(document, value).unwrap_or_default(),
            "policy" => policy.parts = parts(document, value),
            _ => {
                document.unknown(key.span().start, "key of secrets", name, &KEYS);
                continue;
            }
        }
        let known = KEYS.into_iter().find(|known| *known == name);
        places.extend(known.map(|known| (known, place(document, value.span().start))));
    }
    (policy, places)
}

fn rotation(document: &mut Document<'_>, value: &Value<'_>) -> Option<Rotation> {
    let read = |written: &str| if written == NEVER { Ok(Rotation::Never) } else { span(written).map(Rotation::Every) };
    placed(document, "rotation", value, "90d", read).map(|p| p.value)
}

/// Whether any key will do: `any`, or only one's own: `own`.
fn any_key(document: &mut Document<'_>, value: &Value<'_>) -> Option<bool> {
    let read = |written: &str| match written {
        "any" => Ok(true),
        "own" => Ok(false),
        _ => Err(Error::usage(format!("{} says of no key whether it will do", quoted(written)))
            .hint("write \"any\", or \"own\": not the key that AWS manages")),
    };
    placed(document, "key", value, "any", read).map(|p| p.value)
}

fn span(written: &str) -> Result<Duration, Error> {
    let right = "write a number of days such as \"30d\" or \"90d\", or \"never\"";
    let span =
        parse_span(written).map_err(|_| Error::usage(format!("{} is no duration", quoted(written))).hint(right))?;
    if span < DAY {
        return Err(Error::usage(format!("{} is less than a day", quoted(written))).hint(right));
    }
    if span > LONGEST {
        let what = format!("{} is longer than Secrets Manager can rotate at", quoted(written));
        return Err(Error::usage(what).hint("the longest is \"1000d\""));
    }
    Ok(span)
}

fn parts(document: &mut Document<'_>, value: &Value<'_>) -> Vec<PolicyPart> {
    let DeValue::Array(items) = value.get_ref() else {
        document.wrong_type("policy", value, "a list of tables, each headed by [[stack.secrets.policy]]");
        return Vec::new();
    };
    items.iter().filter_map(|item| part(document, item)).collect()
}

fn part(document: &mut Document<'_>, item: &Value<'_>) -> Option<PolicyPart> {
    let DeValue::Table(table) = item.get_ref() else {
        document.wrong_type("policy", item, "a table, headed by [[stack.secrets.policy]]");
        return None;
    };
    let (mut part, mut asked) = (PolicyPart::default(), Vec::new());
    for (key, value) in ordered(table) {
        let name = key.get_ref().as_ref();
        match name {
            "prefix" => part.prefix = placed(document, "prefix", value, "prod/db/", prefix).map(|p| p.value),
            "tag" => part.tag = tag(document, value),
            "rotation" => part.rotation = rotation(document, value),
            "key" => part.any_key = any_key(document, value),
            _ => {
                document.unknown(key.span().start, "key of a policy for secrets", name, &PART_KEYS);
                continue;
            }
        }
        asked.push(name);
    }
    let (at, says) = (item.span().start, |name: &str| asked.contains(&name));
    if !says("prefix") && !says("tag") {
        let hint = "add: prefix = \"prod/db/\", or tag = { tier = \"gold\" }; for all others there is rotation in [stack.secrets]";
        document.mistake(at, "a policy that says for which secrets it is nowhere", hint.to_owned());
    }
    if let (Some(prefix), Some((key, value))) = (&part.prefix, &part.tag) {
        let what = format!("a policy with prefix {} and tag {}", quoted(prefix), quoted(&format!("{key}={value}")));
        let hint = "keep one of them, or write two policies; of those that fit a secret the first counts";
        document.mistake(at, what, hint.to_owned());
    }
    if !says("rotation") && !says("key") {
        let hint = "add: rotation = \"30d\", rotation = \"never\", or key = \"any\"";
        document.mistake(at, "a policy without rotation or key", hint.to_owned());
    }
    Some(part)
}

fn prefix(written: &str) -> Result<String, Error> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if written.is_empty() || !written.chars().all(is_name) {
        let what = format!("{} is not the beginning of a secret's name", quoted(written));
        return Err(Error::usage(what).hint("names have letters, digits and /_+=.@-"));
    }
    Ok(written.to_owned())
}

fn tag(document: &mut Document<'_>, value: &Value<'_>) -> Option<(String, String)> {
    let example = "{ tier = \"gold\" }";
    let entries = document.table("tag", value, example)?;
    let [(key, value)] = entries.as_slice() else {
        document.mistake(value.span().start, "tag must be one key and its value", format!("write tag = {example}"));
        return None;
    };
    let written = document.string("tag", value, "gold")?;
    Some((key.get_ref().to_string(), written.to_owned()))
}

/// Every value of a stack's policy as it may be shown, by key.
pub(super) fn shown(stack: &Stack) -> [(&'static str, Option<String>); 3] {
    let parts: Vec<String> = stack.secrets.parts.iter().map(shown_part).collect();
    [
        ("rotation", Some(days(stack.secrets.rotation))),
        ("key", Some(key(stack.secrets.any_key).to_owned())),
        ("policy", (!parts.is_empty()).then(|| parts.join(", "))),
    ]
}

fn shown_part(part: &PolicyPart) -> String {
    let key = part.any_key.map(|any| format!("key {}", key(any)));
    [part.which(), part.rotation.map(days), key].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

const fn key(any: bool) -> &'static str {
    if any { "any" } else { "own" }
}

fn days(rotation: Rotation) -> String {
    match rotation {
        Rotation::Never => NEVER.to_owned(),
        Rotation::Every(span) if span.as_secs() % DAY.as_secs() == 0 => format!("{}d", span.as_secs() / DAY.as_secs()),
        Rotation::Every(span) => human(span),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::FileConfig;

    fn parse(text: &str) -> Result<RotationPolicy, Vec<String>> {
        let text = format!("[[stack]]\nname = \"a\"\n{text}");
        FileConfig::parse(&text, Path::new("r.toml"), &[])
            .map(|config| config.stacks[0].stack.secrets.clone())
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_policy_is_read_by_prefix_and_by_tag() {
        let text = "[stack.secrets]\nrotation = \"60d\"\n\
            [[stack.secrets.policy]]\nprefix = \"prod/db/\"\nrotation = \"30d\"\n\
            [[stack.secrets.policy]]\ntag = { tier = \"gold\" }\nrotation = \"7d\"\n\
            [[stack.secrets.policy]]\nprefix = \"ci/\"\nrotation = \"never\"\nkey = \"any\"\n\
            [[stack.secrets.policy]]\nprefix = \"lab/\"\nkey = \"own\"\n";
        let policy = parse(text).unwrap();
        let days = |n: u32| Rotation::Every(DAY * n);
        assert_eq!((policy.rotation, policy.any_key, policy.parts.len()), (days(60), false, 4));
        assert_eq!((policy.parts[0].prefix.as_deref(), policy.parts[0].rotation), (Some("prod/db/"), Some(days(30))));
        assert_eq!((policy.parts[2].rotation, policy.parts[2].any_key), (Some(Rotation::Never), Some(true)));
        assert_eq!((policy.parts[3].rotation, policy.parts[3].any_key), (None, Some(false)));
        assert_eq!(policy.parts[1].tag, Some(("tier".to_owned(), "gold".to_owned())));
        let stack = Stack { secrets: policy, ..Stack::default() };
        let told = shown(&stack).map(|(_, value)| value.unwrap());
        assert_eq!(told, ["60d", "own", "prod/db/ 30d, tag tier=gold 7d, ci/ never key any, lab/ key own"]);
        assert_eq!(parse("").unwrap(), RotationPolicy::default());
        assert_eq!(parse("[stack.secrets]\n").unwrap().rotation, days(90));
        let lax = parse("[stack.secrets]\nrotation = \"never\"\nkey = \"any\"\n").unwrap();
        assert_eq!((lax.rotation, lax.any_key), (Rotation::Never, true));
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "[stack.secrets]\nrotation = \"1h\"\nrotate = \"90d\"\n\
            [[stack.secrets.policy]]\nrotation = \"2000d\"\n\
            [[stack.secrets.policy]]\nprefix = \"a b\"\n\
            [[stack.secrets.policy]]\ntag = { a = \"x\", b = \"y\" }\nrotation = 30\n\
            [[stack.secrets.policy]]\nprefix = \"prod/\"\ntag = { tier = \"gold\" }\nrotation = \"nevr\"\nkey = \"aws\"\n";
        let told = parse(text).unwrap_err();
        let starts = [
            "r.toml:4: rotation: \"1h\" is less than a day",
            "r.toml:5: unknown key of secrets \"rotate\"\n  did you mean \"rotation\"?",
            "r.toml:6: a policy that says for which secrets it is nowhere",
            "r.toml:7: rotation: \"2000d\" is longer than Secrets Manager can rotate at",
            "r.toml:8: a policy without rotation or key\n  add: rotation = \"30d\", rotation = \"never\", or key = \"any\"",
            "r.toml:9: prefix: \"a b\" is not the beginning of a secret's name",
            "r.toml:11: tag must be one key and its value",
            "r.toml:12: \"rotation\" must be text such as \"90d\", not the number 30",
            "r.toml:13: a policy with prefix \"prod/\" and tag \"tier=gold\"\n  keep one of them, or write two policies",
            "r.toml:16: rotation: \"nevr\" is no duration\n  write a number of days such as \"30d\" or \"90d\", or \"never\"",
            "r.toml:17: key: \"aws\" says of no key whether it will do\n  write \"any\", or \"own\"",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}\n{start}");
        }
    }
}
