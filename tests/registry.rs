//! Laws over the registry of rules.

use std::collections::BTreeSet;

use rounds::health::{Level, RULES};

/// The domains users can name.
const DOMAINS: &[&str] = &["alarms", "audit", "ecs", "guardduty", "mongo", "rds", "scaling", "secrets"];

fn is_kebab_case(id: &str) -> bool {
    id.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

#[test]
fn rule_ids_are_unique_kebab_case_and_begin_with_their_domain() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(is_kebab_case(rule.id), "{}", rule.id);
        assert!(DOMAINS.contains(&rule.domain), "{}: {}", rule.id, rule.domain);
        // Of a domain that is named for many of a kind, a rule is named for one.
        let one = rule.domain.strip_suffix('s').and_then(|one| rule.id.strip_prefix(one)?.strip_prefix('-'));
        let rest = rule.id.strip_prefix(rule.domain).and_then(|rest| rest.strip_prefix('-')).or(one);
        assert!(rest.is_some_and(|rest| !rest.is_empty()), "{} is of domain {}", rule.id, rule.domain);
    }
}

#[test]
fn rules_say_what_they_look_for_and_where_it_comes_from() {
    for rule in RULES {
        for text in [rule.doc, rule.source] {
            assert!(text.len() > 10 && !text.contains("  "), "{}: {text:?}", rule.id);
        }
        assert!(rule.doc.ends_with('.'), "{}: {:?}", rule.id, rule.doc);
        let numbered = |word: &str| {
            let code = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let letter = code.strip_prefix('(').and_then(|code| code.strip_prefix(|c: char| c.is_ascii_uppercase()));
            letter.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        };
        // A number that no reader of the product can look up says nothing.
        assert!(!rule.doc.split_whitespace().any(numbered), "{}: {:?}", rule.id, rule.doc);
    }
}

#[test]
fn thresholds_have_unique_names_and_can_be_written_as_they_are_read() {
    for rule in RULES {
        let mut seen = BTreeSet::new();
        for threshold in rule.thresholds {
            assert!(seen.insert(threshold.name), "{}: {} is there twice", rule.id, threshold.name);
            assert!(is_kebab_case(threshold.name), "{}: {}", rule.id, threshold.name);
            let written = threshold.default.to_string();
            assert_eq!(threshold.default.parse_like(&written), Ok(threshold.default), "{}: {written}", rule.id);
        }
        let level = |name| rule.thresholds.iter().find(|t| t.name == name).map(|t| t.default);
        if let (Some(Level::Span(warn)), Some(Level::Span(crit))) = (level("warn"), level("crit")) {
            assert!(warn < crit, "{}: a warning comes first", rule.id);
        }
    }
}
