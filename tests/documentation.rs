//! What the documentation promises, held to the code: the policy, the configuration, the tests it names, the links.

#![expect(clippy::expect_used, reason = "what a test calls fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rounds::action::ACTIONS;
use rounds::app::command;
use rounds::config::FileConfig;
use rounds::feed::FEEDS;
use rounds::health::RULES;
use rounds::keymap::{Keymap, Scope};
use rounds::theme::{ANSI_NAMES, Role, Theme};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a page")
}

/// The code blocks of a page that are marked with this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block.to_owned()).collect()
}

/// Every page that people write.
fn pages() -> Vec<PathBuf> {
    let below = |dir: &Path| {
        let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect::<Vec<_>>()
    };
    [below(root()), below(&root().join("docs"))].concat()
}

#[test]
fn the_policy_allows_exactly_what_the_feeds_ask_for() {
    let policies = blocks(&page("README.md"), "json");
    let policy: serde_json::Value = serde_json::from_str(&policies[0]).expect("JSON");
    let allowed = policy["Statement"][0]["Action"].as_array().expect("a list").iter();
    let allowed: Vec<&str> = allowed.map(|action| action.as_str().expect("an action")).collect();
    let asked: BTreeSet<&str> = FEEDS.iter().flat_map(|feed| feed.actions.iter().copied()).collect();
    assert_eq!(allowed, Vec::from_iter(asked));
}

#[test]
fn the_operators_policy_allows_exactly_what_the_actions_read_and_send() {
    let policies = blocks(&page("docs/actions.md"), "json");
    let [policy, copy] = policies.as_slice() else { panic!("two policies") };
    let [policy, copy] = [policy, copy].map(|text| serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
    assert_eq!(copy["Statement"][0]["Action"], serde_json::json!(["logs:CreateLogStream", "logs:PutLogEvents"]));
    let list = |value: &serde_json::Value| -> BTreeSet<String> {
        let one = std::slice::from_ref(value);
        let all = value.as_array().map_or(one, Vec::as_slice).iter();
        all.map(|text| text.as_str().expect("text").to_owned()).collect()
    };
    let statements = policy["Statement"].as_array().expect("a list").as_slice();
    let [plan, allowed @ .., deny] = statements else { panic!("two at least") };
    let read: BTreeSet<String> = ACTIONS.iter().flat_map(|spec| spec.reads).map(ToString::to_string).collect();
    assert_eq!((list(&plan["Action"]), &plan["Effect"], &plan["Resource"]), (read, &"Allow".into(), &"*".into()));
    let sent: BTreeSet<String> = ACTIONS.iter().flat_map(|spec| spec.actions).map(ToString::to_string).collect();
    // What AWS is not asked for, no policy of AWS allows.
    let of_aws = ACTIONS.iter().filter(|spec| !spec.actions.is_empty());
    let on: BTreeSet<String> = of_aws.map(|spec| spec.resource.to_owned()).collect();
    let all = |key: &str| -> BTreeSet<String> { allowed.iter().flat_map(|statement| list(&statement[key])).collect() };
    assert_eq!((all("Action"), all("Resource")), (sent.clone(), on));
    assert!(allowed.iter().all(|statement| statement["Effect"] == "Allow"));
    assert_eq!((list(&deny["Action"]), &deny["Effect"]), (sent, &"Deny".into()));
}

#[test]
fn every_action_is_told_of() {
    let page = page("docs/actions.md");
    for spec in ACTIONS {
        assert!(page.contains(&format!("## `{}`", spec.id)), "docs/actions.md says nothing of {}", spec.id);
    }
}

#[test]
fn the_example_of_a_configuration_is_accepted() {
    let read = |example: &String| {
        let read = FileConfig::parse(example, Path::new("README.md"), RULES).map_err(|wrong| format!("{wrong:?}"));
        read.expect("no mistake")
    };
    let examples: Vec<FileConfig> = blocks(&page("README.md"), "toml").iter().map(read).collect();
    let opted: Vec<usize> =
        examples.iter().map(|config| config.opt_in.as_ref().map_or(0, |ids| ids.value.len())).collect();
    let sizes: Vec<(usize, usize)> = examples.iter().map(|c| (c.stacks.len(), c.thresholds.len())).collect();
    assert_eq!((sizes, opted), (vec![(2, 2), (1, 0)], vec![0, 1]));
}

#[test]
fn the_examples_of_a_theme_and_a_keymap_are_accepted_and_every_role_is_named() {
    let text = page("docs/appearance.md");
    let [theme, keys] = blocks(&text, "toml").try_into().expect("two");
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(Theme::load(&theme, "theme").1, []);
    assert_eq!(Keymap::load(&keys, "keymap", &known).1, []);
    let names = Role::names().into_iter().chain(ANSI_NAMES.into_iter().filter(|name| !name.contains('-')));
    for name in names.chain(Scope::ALL.map(Scope::name)) {
        let is_told = [format!("`{name}`"), format!("`[{name}]`")].iter().any(|word| text.contains(word));
        assert!(is_told, "docs/appearance.md says nothing of {name}");
    }
}

#[test]
fn the_table_of_tests_names_every_test_there_is() {
    let page = page("docs/architecture.md");
    for entry in fs::read_dir(root().join("tests")).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|e| e == "rs") {
            assert!(
                page.contains(&format!("\n| `tests/{name}` | ")),
                "docs/architecture.md says nothing of tests/{name}"
            );
        }
    }
}

#[test]
fn links_lead_somewhere() {
    // Written by other tests, which keep them fresh.
    const GENERATED: [&str; 2] = ["screenshots/", "docs/reference/"];
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|t| !t.contains("://") && !GENERATED.iter().any(|dir| t.starts_with(dir))) {
            let path = page.with_file_name(target.split('#').next().unwrap_or_default());
            assert!(path.exists(), "{}: {target} leads nowhere", page.display());
            followed += 1;
        }
    }
    assert!(followed > 0);
}
