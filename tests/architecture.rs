//! The architecture, enforced: layers, the places of foreign crates, clocks, the length of files. What is meant by each is
//! told in docs/architecture.md.

#![expect(clippy::expect_used, reason = "what a test calls fails by panicking")]

#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/scan.rs"]
mod scan;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rules::{CRATES, LAYERS, RULES};
use scan::File;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all Rust files below a directory, relative to it.
fn names(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path.strip_prefix(dir).expect("below it").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// Every file below `src/`.
fn sources() -> Vec<File> {
    let src = root().join("src");
    let read = |name: &String, is_test| File::new(name, &fs::read_to_string(src.join(name)).expect("text"), is_test);
    let files: Vec<File> = names(&src).iter().map(|name| read(name, false)).collect();
    let tests: Vec<String> = files.iter().flat_map(File::test_modules).collect();
    let is_test = |name: &str| tests.iter().any(|t| name == format!("{t}.rs") || name.starts_with(&format!("{t}/")));
    files.into_iter().map(|file| if is_test(&file.name) { read(&file.name, true) } else { file }).collect()
}

#[test]
fn every_file_keeps_every_rule() {
    let files = sources();
    let wrong: Vec<String> = files.iter().flat_map(|file| RULES.iter().flat_map(|rule| rule(file))).collect();
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
    // A scanner that sees nothing finds nothing wrong.
    assert!(files.len() > 100 && files.iter().map(|f| f.paths.len()).sum::<usize>() > 10_000);
}

#[test]
fn tests_silence_no_lint_without_a_reason_either() {
    let tests = root().join("tests");
    let files = names(&tests);
    let read = |name: &String| File::new(name, &fs::read_to_string(tests.join(name)).expect("text"), true);
    let wrong: Vec<String> = files.iter().flat_map(|name| rules::allowances(&read(name))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_layers_name_exactly_the_modules_there_are() {
    let named: BTreeSet<&str> = LAYERS.iter().flat_map(|line| line.iter().copied()).collect();
    let files = sources();
    let there: BTreeSet<&str> = files.iter().map(File::top).collect();
    assert_eq!(named, there);
}

#[test]
fn the_code_map_and_the_documentation_show_the_same_layers() {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("text");
    let (page, map) = (read("docs/architecture.md"), read("src/lib.rs"));
    for (n, line) in LAYERS.iter().enumerate() {
        let shown = format!("\n{n}  {}\n", line.join(" "));
        assert!(page.contains(&shown), "docs/architecture.md lacks the line {shown:?}");
        for module in line.iter().filter(|module| !matches!(**module, "lib" | "main")) {
            assert!(
                map.contains(&format!("//! - {n} · [`{module}`]: ")),
                "src/lib.rs does not map {module} to layer {n}"
            );
        }
    }
}

#[test]
fn every_dependency_has_its_place() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("text");
    let mut section = "";
    let mut homeless = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some((name, _)) = line.split_once(" = ")
        {
            let name = name.replace('-', "_");
            let is_placed =
                CRATES.iter().any(|(known, _)| name == *known || (known.ends_with('_') && name.starts_with(known)));
            if !is_placed {
                homeless.push(name);
            }
        }
    }
    assert!(homeless.is_empty(), "say in tests/architecture/rules.rs where these may be used: {homeless:?}");
}

/// What the rules say of a text.
fn told(rule: rules::Rule, name: &str, text: &str) -> Vec<String> {
    rule(&File::new(name, text, false))
}

#[test]
fn an_import_upwards_is_seen_however_it_is_written() {
    for text in [
        "use crate::app::State;",
        "use crate::{model::Facts, app::{self}};",
        "fn f(s: &crate::app::State) {}",
        "use super::super::app;",
        "mod inner { use super::super::super::app::State; }",
        "#[cfg(test)]\nmod tests { use crate::app::State; }",
        "/* a /* nested */ comment */ use crate::app;",
        "const A: &str = r#\"a \" b\"#; use crate::app;",
        "const A: char = '\"'; const B: char = '\\''; use crate::app;",
        "fn f<'a>(x: &'a str) { let _ = crate::app::x(x); }",
    ] {
        assert_eq!(told(rules::layers, "feed/ecs.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn an_import_downwards_or_a_mere_mention_is_no_violation() {
    for text in [
        "use crate::model::Facts; use crate::store::Snapshot;",
        "// use crate::app;\n/* crate::app */ //! crate::app",
        "const A: &str = \"crate::app\"; const B: &str = r\"\\\"; const C: &[u8] = b\"crate::app\";",
        "use super::app; fn f() { self.app::<u8>(); }",
        "mod inner { use super::super::app::State; }",
    ] {
        assert_eq!(told(rules::layers, "feed/ecs.rs", text), [""; 0], "{text}");
    }
    assert_eq!(told(rules::layers, "helpers.rs", "").len(), 1, "a module without a layer");
}

#[test]
fn only_the_first_and_the_last_line_are_in_order() {
    for (name, text, wrong) in [
        ("document.rs", "use crate::text::clean;", 0),
        ("text.rs", "use crate::document::quoted;", 1),
        ("main.rs", "fn main() { rounds::cli::run() }", 0),
        ("config/mod.rs", "use crate::cli::Cli;", 1),
        ("health/mod.rs", "use crate::store::Slot;", 1),
        ("tui/draw.rs", "use crate::term::Terminal;", 1),
    ] {
        assert_eq!(told(rules::layers, name, text).len(), wrong, "{name}: {text}");
    }
}

#[test]
fn a_foreign_crate_out_of_its_place_is_seen() {
    for (name, text, wrong) in [
        ("view/services.rs", "use aws_sdk_ecs::types::Service;", 1),
        ("backend/aws/sts.rs", "use aws_sdk_sts::Client;", 0),
        ("app/update.rs", "fn f(k: crossterm::event::KeyEvent) {}", 1),
        ("tui/draw.rs", "use ratatui::Frame;", 0),
        ("app/state.rs", "use {std::fmt, ratatui::Frame};", 1),
        ("cli/mod.rs", "fn f(bytes: &[u8]) { bytes.len(); toml(bytes); }", 0),
        ("panics.rs", "use color_eyre::Report;", 0),
        ("cli/mod.rs", "#[cfg(test)] mod tests { #[hyper::test] fn f() {} }", 1),
    ] {
        assert_eq!(told(rules::crates, name, text).len(), wrong, "{name}: {text}");
    }
}

#[test]
fn a_clock_read_out_of_its_place_is_seen() {
    for (name, text, wrong) in [
        ("time.rs", "fn f() { jiff::Timestamp::now(); }", 0),
        ("app/update.rs", "fn f() { std::time::SystemTime::now(); }", 1),
        ("app/update.rs", "fn f() { x.map(Timestamp::now); }", 1),
        ("feed/gate.rs", "use tokio::time::{Instant, sleep}; fn f() { Instant::now(); }", 0),
        ("feed/gate.rs", "use std::time::{Duration, Instant}; fn f() { Instant::now(); }", 1),
        ("store/slot.rs", "use tokio::time::Instant; fn f() { Instant::now(); }", 1),
        ("backend/sim/mod.rs", "#[cfg(test)] mod tests { fn f() { tokio::time::Instant::now(); } }", 0),
        ("backend/aws/values.rs", "fn f(t: SystemTime) { t.duration_since(SystemTime::UNIX_EPOCH); }", 0),
        ("app/update.rs", "fn f(clock: &dyn Clock) { clock.now(); }", 0),
    ] {
        assert_eq!(told(rules::clocks, name, text).len(), wrong, "{name}: {text}");
    }
}

#[test]
fn a_permit_made_out_of_its_place_is_seen() {
    let make = "use crate::backend::change::Permit; fn f() { Permit::granted(); }";
    for (name, text, wrong) in [
        ("action/policy.rs", make, 0),
        ("action/executor.rs", make, 1),
        ("cli/act.rs", "fn f() { crate::backend::change::Permit::granted(); }", 1),
        ("app/update.rs", "use crate::backend::change::Permit as P; fn f() { x.map(P::granted); }", 1),
        ("backend/sim/wire/changes.rs", "fn f() { Permit::of_the_sender(); }", 0),
        ("action/policy.rs", "fn f() { Permit::of_the_sender(); }", 1),
        ("backend/aws/ecs/changes.rs", "#[cfg(test)] mod tests { fn f() { Permit::of_the_sender(); } }", 0),
        ("backend/aws/ecs/changes.rs", "fn f() { Permit::of_the_sender(); }", 1),
    ] {
        assert_eq!(told(rules::permits, name, text).len(), wrong, "{name}: {text}");
    }
}

#[test]
fn no_code_asks_for_the_value_of_a_secret() {
    let read = |path: &Path| fs::read_to_string(path).expect("text");
    let mut seen = 0;
    for dir in ["src", "tests", "benches", "fuzz/src"] {
        for name in names(&root().join(dir)) {
            // Here, and there alone, it is said what must not be said.
            if dir == "tests" && name.starts_with("architecture") {
                continue;
            }
            seen += 1;
            assert!(!rules::names_secret_values(&read(&root().join(dir).join(&name))), "{dir}/{name}");
        }
    }
    assert!(seen > 100);
    for (text, named) in [
        ("client.get_secret_value()", true),
        ("client.batch_get_secret_value()", true),
        ("\"secretsmanager:GetSecretValue\"", true),
        ("aws secretsmanager get-secret-value", true),
        ("secret.value_from()", false),
    ] {
        assert_eq!(rules::names_secret_values(text), named, "{text}");
    }
}

#[test]
fn no_policy_allows_to_read_the_value_of_a_secret() {
    let mut statements = 0;
    let pages = ["README.md", "docs/actions.md", "docs/operations.md", "docs/architecture.md"];
    for page in pages.map(|name| fs::read_to_string(root().join(name)).expect("text")) {
        let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split_once("```"));
        for policy in blocks.filter_map(|(block, _)| serde_json::from_str::<serde_json::Value>(block).ok()) {
            for statement in policy["Statement"].as_array().into_iter().flatten() {
                statements += 1;
                let (text, denies) = (statement.to_string(), statement["Effect"] == "Deny");
                let reads = rules::names_secret_values(&text) || text.contains("secretsmanager:*");
                assert!(denies || !reads, "{text}");
            }
        }
    }
    assert!(statements >= 4, "{statements}");
}

#[test]
fn only_lines_that_are_not_test_code_count() {
    let code = "fn f() {}\n".repeat(rules::MOST_LINES);
    let tests = "#[cfg(test)]\nmod tests {\n    fn a() { let _ = \"}\"; }\n}\n";
    assert_eq!(told(rules::length, "app/state.rs", &format!("{code}{tests}")), [""; 0]);
    assert_eq!(told(rules::length, "app/state.rs", &format!("{tests}{code}fn g() {{}}\n")).len(), 1);
    let imported = format!("{code}#[cfg(test)]\nuse a::{{b, c}};\n#[cfg(test)]\nmod tests;\n");
    assert_eq!(File::new("app/state.rs", &imported, false).lines, rules::MOST_LINES);
    assert_eq!(File::new("app/mod.rs", "#[cfg(test)]\nmod tests;\n", false).test_modules(), ["app/tests"]);
    assert_eq!(File::new("app/tests.rs", &code, true).lines, 0);
}

#[test]
fn a_silenced_lint_and_a_hard_exit_are_seen() {
    for (text, wrong) in [
        ("#[allow(dead_code)] fn f() {}", 1),
        ("#![allow(dead_code)]", 1),
        ("#[cfg_attr(test, allow(unused))] fn f() {}", 1),
        ("#[expect(dead_code, reason = \"#[allow(x)]\")] fn f() { allow(1); }", 0),
    ] {
        assert_eq!(told(rules::allowances, "app/state.rs", text).len(), wrong, "{text}");
    }
    for (text, wrong) in [
        ("fn f() { std::process::exit(1); }", 1),
        ("use std::process::{ExitCode, exit};", 1),
        ("fn f() { let exit = process.exit; }", 0),
    ] {
        assert_eq!(told(rules::exits, "cli/mod.rs", text).len(), wrong, "{text}");
    }
}

#[test]
fn c10_a_process_that_is_started_is_seen() {
    for (text, wrong) in [
        ("use std::process::Command;", 1),
        ("use std::process::{Command, ExitCode};", 1),
        ("fn f() { tokio::process::Command::new(\"less\"); }", 1),
        ("use std::os::unix::process::CommandExt;", 1),
        ("use std::process::*;", 1),
        ("use std::process::ExitCode; use crate::app::Command;", 0),
        ("#[cfg(test)] mod tests { use std::process::Command; }", 0),
    ] {
        assert_eq!(told(rules::spawns, "cli/mod.rs", text).len(), wrong, "{text}");
    }
    // What starts one otherwise is not compiled in.
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("text");
    let tokio = manifest.lines().find(|line| line.starts_with("tokio = ")).expect("it is there");
    assert!(!tokio.contains("\"process\"") && !tokio.contains("\"full\""), "{tokio}");
}
