//! The `[thresholds]` of the configuration file, held against the rules there are.

use std::cmp::Ordering;

use toml::de::DeValue;

use super::file::place;
use super::origin::Placed;
use crate::document::{Document, Key, MAX_WORD, Value, quoted, suggestion};
use crate::error::nearest;
use crate::health::{Level, Rule, Threshold};

/// One level that was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// The rule's id.
    pub rule: &'static str,
    /// The level's name: `warn`, `crit` …
    pub name: &'static str,
    /// The level.
    pub level: Level,
}

/// Reads the levels of every rule.
pub(super) fn thresholds(document: &mut Document<'_>, value: &Value<'_>, rules: &[&Rule]) -> Vec<Placed<Configured>> {
    let mut found = Vec::new();
    for (key, value) in document.table("thresholds", value, "[thresholds]").unwrap_or_default() {
        let id = key.get_ref().as_ref();
        let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
            document.unknown_but(key.span().start, "rule", id, || nearest_rule(id, rules));
            continue;
        };
        let from = found.len();
        let levels = document.table(id, value, "{ warn = \"10m\", crit = \"30m\" }").unwrap_or_default();
        for (key, value) in &levels {
            found.extend(level(document, rule, key, value));
        }
        // What takes the place of a level that cannot be read is not known.
        if found.len() == from + levels.len() {
            check_order(document, key.span().start, rule, &found[from..]);
        }
    }
    found
}

/// What would be right instead of an id that no rule has: the nearest, also where there is nothing to configure of it.
fn nearest_rule(id: &str, rules: &[&Rule]) -> Option<String> {
    let of = |is_plain: bool| -> Vec<&str> {
        rules.iter().filter(|rule| rule.thresholds.is_empty() == is_plain).map(|rule| rule.id).collect()
    };
    let (plain, configurable) = (of(true), of(false));
    let all = plain.iter().chain(&configurable).copied();
    match nearest(id, all).filter(|near| id.len() <= MAX_WORD && plain.contains(near)) {
        Some(near) => Some(format!("did you mean \"{near}\"? it has nothing to configure")),
        None => suggestion(id, &configurable),
    }
}

/// Reads one level of a rule. The value under an unknown name is a mistake of its own if no level of the rule could have it.
fn level(document: &mut Document<'_>, rule: &Rule, key: &Key<'_>, value: &Value<'_>) -> Option<Placed<Configured>> {
    let name = key.get_ref().as_ref();
    let meant = rule.thresholds.iter().find(|threshold| threshold.name == name);
    if meant.is_none() {
        let known: Vec<&str> = rule.thresholds.iter().map(|threshold| threshold.name).collect();
        let none = || format!("{} has nothing to configure", rule.id);
        let what = format!("unknown threshold {} of {}", quoted(name), rule.id);
        document.mistake(key.span().start, what, suggestion(name, &known).unwrap_or_else(none));
    }
    let could_be = meant.map_or(rule.thresholds, std::slice::from_ref);
    let default = could_be.first()?.default;
    let at = value.span().start;
    let written = match value.get_ref() {
        DeValue::String(text) if text.len() <= 40 => text.to_string(),
        DeValue::Integer(n) => n.to_string(),
        DeValue::Float(n) => n.to_string(),
        _ => {
            document.wrong_type(name, value, &format!("a level such as \"{default}\""));
            return None;
        }
    };
    let read: Vec<_> = could_be.iter().map(|threshold| threshold.default.parse_like(&written)).collect();
    match (meant, read.into_iter().reduce(Result::or)?) {
        (Some(Threshold { name, .. }), Ok(level)) => {
            Some(Placed::new(Configured { rule: rule.id, name, level }, place(document, at)))
        }
        (None, Ok(_)) => None,
        (_, Err(e)) => {
            document.mistake(at, format!("{}: {name}: {e}", rule.id), format!("the default is \"{default}\""));
            None
        }
    }
}

/// Notes a warning that would come after the critical one: the two stand in the order their defaults have.
fn check_order(document: &mut Document<'_>, at: usize, rule: &Rule, found: &[Placed<Configured>]) {
    let default = |name: &str| rule.thresholds.iter().find(|t| t.name == name).map(|t| t.default);
    let now = |name: &str| found.iter().find(|p| p.value.name == name).map(|p| p.value.level).or_else(|| default(name));
    let (Some(warn_default), Some(crit_default)) = (default("warn"), default("crit")) else { return };
    let (Some(warn), Some(crit)) = (now("warn"), now("crit")) else { return };
    let (Some(usual), Some(wanted)) = (compare(warn_default, crit_default), compare(warn, crit)) else { return };
    if wanted.is_ne() && usual.is_ne() && usual != wanted {
        let which = if usual.is_lt() { "above" } else { "below" };
        let what = format!("{}: warn \"{warn}\" is {which} crit \"{crit}\"", rule.id);
        document.mistake(at, what, format!("the defaults are warn \"{warn_default}\" and crit \"{crit_default}\""));
    }
}

/// Which of two levels is greater; none is of two that measure different things.
fn compare(one: Level, other: Level) -> Option<Ordering> {
    match (one, other) {
        (Level::Span(one), Level::Span(other)) => Some(one.cmp(&other)),
        (Level::Count(one), Level::Count(other)) => Some(one.cmp(&other)),
        (Level::Share(one), Level::Share(other)) => one.partial_cmp(&other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::{FileConfig, Origin};

    const fn rule(id: &'static str, thresholds: &'static [Threshold]) -> Rule {
        Rule { id, domain: "ecs", doc: "", source: "", thresholds, read_at: |_| None, check: |_, _| {} }
    }

    static SLOW: Rule = rule("ecs-rollout-slow", &[Threshold::minutes("warn", 15), Threshold::minutes("crit", 45)]);
    static STORAGE: Rule = rule("rds-storage-low", &[Threshold::share("warn", 0.2), Threshold::share("crit", 0.1)]);
    static FAILED: Rule = rule("ecs-tasks-failed", &[Threshold::count("warn", 1)]);
    static MIXED: Rule = rule("ecs-rollout-failing", &[Threshold::count("warn", 1), Threshold::share("crit", 0.5)]);
    static PLAIN: Rule = rule("ecs-deadlock", &[]);

    fn parse(text: &str) -> Result<Vec<Placed<Configured>>, Vec<String>> {
        let rules = [&SLOW, &STORAGE, &FAILED, &MIXED, &PLAIN];
        FileConfig::parse(&format!("[thresholds]\n{text}"), Path::new("r.toml"), &rules)
            .map(|config| config.thresholds)
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    fn one_error(text: &str) -> String {
        let told = parse(text).unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        told.into_iter().next().unwrap()
    }

    #[test]
    fn levels_are_read_in_the_kind_of_their_rule() {
        let found = parse("ecs-rollout-slow = { warn = \"10m\", crit = \"30m\" }\nrds-storage-low.warn = \"30%\"\necs-tasks-failed = { warn = 3 }\n").unwrap();
        let levels: Vec<Level> = found.iter().map(|p| p.value.level).collect();
        let span = |minutes: u64| Level::Span(Duration::from_mins(minutes));
        assert_eq!(levels, [span(10), span(30), Level::Share(0.3), Level::Count(3)]);
        assert_eq!(found[2].origin, Origin::File { path: "r.toml".into(), line: 3 });
    }

    #[test]
    fn unknown_rules_and_levels_are_answered_with_the_nearest() {
        let told = one_error("ecs-rolout-slow = { warn = \"10m\" }");
        assert!(
            told.starts_with("r.toml:2: unknown rule \"ecs-rolout-slow\"\n  did you mean \"ecs-rollout-slow\"?"),
            "{told}"
        );
        let told = one_error("ecs-rollout-slow = { wran = \"10m\" }");
        assert!(
            told.starts_with("r.toml:2: unknown threshold \"wran\" of ecs-rollout-slow\n  did you mean \"warn\"?"),
            "{told}"
        );
        assert!(
            one_error("ecs-deadlok = { warn = 1 }").ends_with(
                "unknown rule \"ecs-deadlok\"\n  did you mean \"ecs-deadlock\"? it has nothing to configure"
            )
        );
        assert!(one_error("ecs-deadlock = { warn = 1 }").ends_with("ecs-deadlock has nothing to configure"));
    }

    #[test]
    fn a_wrong_name_does_not_hide_a_wrong_value() {
        let told = parse("ecs-rollout-slow = { wran = \"soon\" }").unwrap_err();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("r.toml:2: unknown threshold \"wran\""), "{told:?}");
        assert!(told[1].starts_with("r.toml:2: ecs-rollout-slow: wran: \"soon\" is not a duration"), "{told:?}");
        let told = parse("ecs-rollout-slow = { wran = true, crit = \"never\" }").unwrap_err();
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn levels_of_another_kind_are_refused() {
        assert!(one_error("ecs-rollout-slow = { warn = \"soon\" }").contains("\"soon\" is not a duration"));
        assert!(
            one_error("ecs-rollout-slow = { warn = true }")
                .starts_with("r.toml:2: \"warn\" must be a level such as \"15m00s\"")
        );
        assert!(one_error("rds-storage-low = { warn = 0.3 }").contains("\"0.3\" is not a share; write it like 20%"));
        assert!(one_error("ecs-tasks-failed = { warn = -1 }").contains("\"-1\" is not a whole number"));
        assert!(one_error("ecs-rollout-slow = \"10m\"").contains("must be a table such as"));
        let told = one_error("ecs-rollout-failing = { warn = 0 }");
        assert!(
            told.starts_with("r.toml:2: ecs-rollout-failing: warn: \"0\" would always hold; the least is 1"),
            "{told}"
        );
    }

    #[test]
    fn the_critical_level_stays_beyond_the_warning() {
        let told = one_error("ecs-rollout-slow = { warn = \"60m\" }");
        assert!(told.starts_with("r.toml:2: ecs-rollout-slow: warn \"1h00m\" is above crit \"45m00s\""), "{told}");
        assert!(one_error("rds-storage-low = { crit = \"25%\" }").contains("warn \"20%\" is below crit \"25%\""));
        assert!(parse("ecs-rollout-slow = { warn = \"45m\" }").is_ok());
        let told = one_error("ecs-rollout-slow = { warn = \"60m\", crit = \"90\" }");
        assert!(told.contains("crit: \"90\" is not a duration"), "the other may be right: {told}");
        assert_eq!(compare(Level::Count(0), Level::Share(0.5)), None, "they measure different things");
    }
}
