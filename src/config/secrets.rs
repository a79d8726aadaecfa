//! How often the secrets of a stack are to be rotated: `[stack.secrets]`, and `[[stack.secrets.policy]]` for some of them.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::file::{place, placed};
use super::mongo::Places;
use crate::document::{Document, Value, ordered, quoted};
use crate::error::Error;
use crate::model::secret::{PolicyPart, RotationPolicy};
use crate::model::stack::Stack;
use crate::time::{human, parse_span};

const KEYS: [&str; 2] = ["rotation", "policy"];
const PART_KEYS: [&str; 3] = ["prefix", "tag", "rotation"];

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
            "rotation" => policy.every = rotation(document, value).unwrap_or(policy.every),
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

fn rotation(document: &mut Document<'_>, value: &Value<'_>) -> Option<Duration> {
    placed(document, "rotation", value, "90d", span).map(|p| p.value)
}

fn span(written: &str) -> Result<Duration, Error> {
    let right = "write a number of days such as \"30d\" or \"90d\"";
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
    let (mut part, mut is_narrow, mut has_rotation) = (PolicyPart::default(), false, false);
    for (key, value) in ordered(table) {
        match key.get_ref().as_ref() {
            "prefix" => {
                is_narrow = true;
                part.prefix = placed(document, "prefix", value, "prod/db/", prefix).map(|p| p.value);
            }
            "tag" => {
                is_narrow = true;
                part.tag = tag(document, value);
            }
            "rotation" => {
                has_rotation = true;
                part.every = rotation(document, value).unwrap_or_default();
            }
            name => document.unknown(key.span().start, "key of a policy for secrets", name, &PART_KEYS),
        }
    }
    let at = item.span().start;
    if !is_narrow {
        let hint = "add: prefix = \"prod/db/\", or tag = { tier = \"gold\" }; for all others there is rotation in [stack.secrets]";
        document.mistake(at, "a policy that says for which secrets it is nowhere", hint.to_owned());
    }
    if !has_rotation {
        document.mistake(at, "a policy without rotation", "add: rotation = \"30d\"".to_owned());
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
pub(super) fn shown(stack: &Stack) -> [(&'static str, Option<String>); 2] {
    let days = |span: Duration| match span.as_secs() {
        s if s % DAY.as_secs() == 0 => format!("{}d", s / DAY.as_secs()),
        _ => human(span),
    };
    let part = |part: &PolicyPart| {
        let tag = part.tag.as_ref().map(|(key, value)| format!("tag {key}={value}"));
        let which: Vec<String> = part.prefix.clone().into_iter().chain(tag).collect();
        format!("{} {}", which.join(" "), days(part.every))
    };
    let parts: Vec<String> = stack.secrets.parts.iter().map(part).collect();
    [("rotation", Some(days(stack.secrets.every))), ("policy", (!parts.is_empty()).then(|| parts.join(", ")))]
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
            [[stack.secrets.policy]]\ntag = { tier = \"gold\" }\nrotation = \"7d\"\n";
        let policy = parse(text).unwrap();
        let days = |n: u32| DAY * n;
        assert_eq!((policy.every, policy.parts.len()), (days(60), 2));
        assert_eq!((policy.parts[0].prefix.as_deref(), policy.parts[0].every), (Some("prod/db/"), days(30)));
        assert_eq!(policy.parts[1].tag, Some(("tier".to_owned(), "gold".to_owned())));
        let stack = Stack { secrets: policy, ..Stack::default() };
        let told = shown(&stack).map(|(_, value)| value.unwrap());
        assert_eq!(told, ["60d", "prod/db/ 30d, tag tier=gold 7d"]);
        assert_eq!(parse("").unwrap(), RotationPolicy::default());
        assert_eq!(parse("[stack.secrets]\n").unwrap().every, days(90));
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "[stack.secrets]\nrotation = \"1h\"\nrotate = \"90d\"\n\
            [[stack.secrets.policy]]\nrotation = \"2000d\"\n\
            [[stack.secrets.policy]]\nprefix = \"a b\"\n\
            [[stack.secrets.policy]]\ntag = { a = \"x\", b = \"y\" }\nrotation = 30\n";
        let told = parse(text).unwrap_err();
        let starts = [
            "r.toml:4: rotation: \"1h\" is less than a day",
            "r.toml:5: unknown key of secrets \"rotate\"\n  did you mean \"rotation\"?",
            "r.toml:6: a policy that says for which secrets it is nowhere",
            "r.toml:7: rotation: \"2000d\" is longer than Secrets Manager can rotate at",
            "r.toml:8: a policy without rotation",
            "r.toml:9: prefix: \"a b\" is not the beginning of a secret's name",
            "r.toml:11: tag must be one key and its value",
            "r.toml:12: \"rotation\" must be text such as \"90d\", not the number 30",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}\n{start}");
        }
    }
}
