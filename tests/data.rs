//! The data that ships: every theme and keymap keeps to the rules, and every mistake a user can make in a file is answered
//! with the message that stands beside it.
//!
//! `tests/data/broken` holds one file per mistake and its messages in `.expected`; `UPDATE=1` writes these.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what a test calls fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rounds::config::FileConfig;
use rounds::error::Error;
use rounds::health::{Rule, Threshold};
use rounds::keymap::{self, Keymap, Scope};
use rounds::theme::{self, Color, Depth, Role, Theme};

/// Every command a key can invoke.
const COMMANDS: [&str; 55] = [
    "view overview",
    "view services",
    "view tasks",
    "view mongo",
    "view databases",
    "view audit",
    "view scaling",
    "view alarms",
    "view findings",
    "view secrets",
    "view timeline",
    "timeline",
    "unfold",
    "view instances",
    "next-view",
    "previous-view",
    "next-row",
    "previous-row",
    "first-row",
    "last-row",
    "page-down",
    "page-up",
    "scroll-left",
    "scroll-right",
    "open",
    "back",
    "filter",
    "sort",
    "reverse-sort",
    "sort-worst-first",
    "faults-only",
    "mark",
    "unmark-all",
    "detail",
    "why",
    "copy-id",
    "copy-command",
    "actions",
    "export",
    "freeze",
    "refresh",
    "palette",
    "errors",
    "help",
    "redraw",
    "quit",
    "accept",
    "cancel",
    "delete-back",
    "delete-word",
    "clear-line",
    "cursor-left",
    "cursor-right",
    "history-up",
    "history-down",
];

static SLOW: Rule = Rule {
    id: "ecs-rollout-slow",
    domain: "ecs",
    doc: "",
    source: "",
    thresholds: &[Threshold::minutes("warn", 15), Threshold::minutes("crit", 45)],
    read_at: |_| None,
    check: |_, _| {},
};

static STORAGE: Rule = Rule {
    id: "rds-storage-low",
    domain: "rds",
    doc: "",
    source: "",
    thresholds: &[Threshold::share("warn", 0.2), Threshold::share("crit", 0.1)],
    read_at: |_| None,
    check: |_, _| {},
};

/// The files of a directory with this extension, by name without it.
fn files(dir: &str, extension: &str) -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut found: Vec<(String, PathBuf)> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    found.sort();
    found
}

fn written(errors: &[Error]) -> String {
    errors.iter().flat_map(|e| [e.to_string(), "\n".to_owned()]).collect()
}

fn names(dir: &str) -> BTreeSet<String> {
    files(dir, "toml").into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_theme_keeps_to_the_rules_and_is_compiled_in() {
    for (name, path) in files("themes", "toml") {
        let wrong = theme::lint(&fs::read_to_string(path).unwrap(), &name);
        assert!(wrong.is_empty(), "{}", written(&wrong));
    }
    assert_eq!(names("themes"), theme::names().into_iter().map(str::to_owned).collect());
}

#[test]
fn every_keymap_keeps_to_the_rules_and_is_compiled_in() {
    for (name, path) in files("keymaps", "toml") {
        let wrong = keymap::lint(&fs::read_to_string(path).unwrap(), &name, &COMMANDS);
        assert!(wrong.is_empty(), "{}", written(&wrong));
    }
    assert_eq!(names("keymaps"), keymap::names().into_iter().map(str::to_owned).collect());
}

#[test]
fn every_keymap_reaches_every_command() {
    for name in keymap::names() {
        let (keymap, _) = Keymap::named(name, &COMMANDS).unwrap();
        for command in COMMANDS {
            let bound = keymap.entries().iter().any(|entry| entry.binding.to_string() == command);
            assert!(bound, "{name}: no key for {command}");
        }
    }
}

#[test]
fn where_text_is_typed_no_character_is_a_command() {
    for name in keymap::names() {
        let (keymap, _) = Keymap::named(name, &COMMANDS).unwrap();
        for entry in keymap.acting_in(Scope::Prompt) {
            let typed = entry.sequence.chords().first().and_then(|chord| chord.typed());
            assert_eq!(typed, None, "{name}: {} is {} in a prompt", entry.sequence, entry.binding);
        }
    }
}

#[test]
fn the_default_keys_are_those_people_know() {
    let (keymap, _) = Keymap::named("default", &COMMANDS).unwrap();
    let hint = |command: &str| keymap.hint(Scope::Table, command).map(ToString::to_string).unwrap();
    for (command, key) in [
        ("view overview", "1"),
        ("view services", "2"),
        ("view instances", "3"),
        ("view tasks", "4"),
        ("view mongo", "5"),
        ("view databases", "6"),
        ("view scaling", "7"),
        ("view alarms", "L"),
        ("view findings", "8"),
        ("view secrets", "9"),
        ("view timeline", "0"),
        ("view audit", "A"),
        ("timeline", "t"),
        ("actions", "a"),
        ("next-view", "tab"),
        ("open", "enter"),
        ("back", "esc"),
        ("filter", "/"),
        ("sort", "s"),
        ("reverse-sort", "S"),
        ("faults-only", "f"),
        ("mark", "space"),
        ("why", "w"),
        ("copy-command", "Y"),
        ("palette", ":"),
        ("errors", "!"),
        ("help", "?"),
        ("redraw", "ctrl-l"),
        ("quit", "q"),
    ] {
        assert_eq!(hint(command), key, "{command}");
    }
}

#[test]
fn mono_needs_no_colour() {
    let (mono, _) = Theme::named("mono").unwrap();
    for role in Role::ALL {
        let style = mono.style(*role);
        assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
        assert!(!(style.dim && (style.bold || style.reverse)), "{} is hard to read", role.name());
    }
    assert_eq!(mono.at(Depth::Mono), mono);
}

#[test]
fn warnings_are_yellow_and_failures_red_even_with_sixteen_colours() {
    for name in ["dark", "light"] {
        let drawn = Theme::named(name).unwrap().0.at(Depth::Ansi16);
        for (role, hue) in [(Role::Ok, 2), (Role::Warn, 3), (Role::Crit, 1)] {
            let Some(Color::Ansi(n)) = drawn.style(role).fg else { panic!("{name}: {} has no colour", role.name()) };
            assert_eq!(n % 8, hue, "{name}: {}", role.name());
        }
    }
}

#[test]
fn the_documented_configuration_is_accepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rounds.toml");
    let config = FileConfig::parse(&fs::read_to_string(&path).unwrap(), &path, &[&SLOW, &STORAGE]);
    let config = config.unwrap_or_else(|wrong| panic!("{}", written(&wrong)));
    assert_eq!(config.stacks[0].stack.name, "prod-ehr");
    assert_eq!(config.thresholds.len(), 2);
}

/// What is told of a broken file.
fn told(name: &str, text: &str) -> String {
    let origin = format!("{name}.toml");
    let wrong = match name.split('-').next() {
        Some("config") => FileConfig::parse(text, Path::new(&origin), &[&SLOW, &STORAGE]).unwrap_err(),
        Some("theme") => theme::lint(text, &origin),
        Some("keymap") => keymap::lint(text, &origin, &COMMANDS),
        _ => panic!("{name}: neither config nor theme nor keymap"),
    };
    written(&wrong)
}

#[test]
fn every_mistake_is_answered_with_its_message() {
    let broken = files("tests/data/broken", "toml");
    assert!(broken.len() > 50, "{} files", broken.len());
    let mut differing = Vec::new();
    for (name, path) in &broken {
        let told = told(name, &fs::read_to_string(path).unwrap());
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        let right = fs::read_to_string(&expected).unwrap_or_default();
        if told.is_empty() || told != right {
            differing.push(format!("{name}\n--- expected\n{right}--- told\n{told}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn every_expected_message_has_its_mistake() {
    let mistakes: Vec<String> = files("tests/data/broken", "toml").into_iter().map(|(name, _)| name).collect();
    let messages: Vec<String> = files("tests/data/broken", "expected").into_iter().map(|(name, _)| name).collect();
    assert_eq!(mistakes, messages);
}

#[test]
fn every_message_names_its_file_and_nothing_that_acts_on_a_terminal() {
    for (name, path) in files("tests/data/broken", "expected") {
        let text = fs::read_to_string(path).unwrap();
        for line in text.lines() {
            assert!(line.starts_with(&name) || line.starts_with("  "), "{name}: {line}");
            assert!(!line.chars().any(char::is_control), "{name}: {line}");
            assert!(!line.contains("hunter2"), "{name}: {line}");
        }
    }
}
