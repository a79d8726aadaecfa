//! `docs/reference/` and `screenshots/` are made from the product itself and must be fresh. `UPDATE=1 cargo test --test
//! reference` writes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a failed test")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use rounds::action::policy::Rules;
use rounds::action::{ACTIONS, ids};
use rounds::app::{command, screen};
use rounds::backend::sim::Scenario;
use rounds::cli::{Cli, Shot, shot};
use rounds::feed::FEEDS;
use rounds::health::{RULES, Thresholds};
use rounds::keymap::{Keymap, Scope};
use rounds::theme::Theme;
use rounds::view::VIEWS;

/// Compares a generated file with what is committed, or writes it.
fn fresh(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale: run UPDATE=1 cargo test --test reference", path.display());
}

const NOTE: &str = "<!-- Generated from the registries; UPDATE=1 cargo test --test reference writes it. -->\n\n";

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn keymap() -> Keymap {
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (keymap, wrong) = Keymap::named("default", &known).unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
    keymap
}

#[test]
fn rules() {
    let mut out = format!("# Health rules\n\n{NOTE}");
    for rule in RULES {
        let _ = writeln!(out, "## `{}`\n\n{}\n", rule.id, cell(rule.doc));
        for t in rule.thresholds {
            let _ = writeln!(out, "- `{}`: {} unless configured", t.name, t.default);
        }
        let _ = writeln!(out, "{}Source: {}\n", if rule.thresholds.is_empty() { "" } else { "\n" }, cell(rule.source));
    }
    fresh("docs/reference/rules.md", &out);
}

#[test]
fn views_and_columns() {
    let mut out = format!("# Views and columns\n\n{NOTE}");
    for view in VIEWS {
        let exported = if view.exported { format!("; `rounds export {}`", view.id) } else { String::new() };
        let _ = writeln!(out, "## `{}`\n\n{} (reads {}{exported})\n", view.id, cell(view.doc), view.feeds.join(", "));
        let _ = writeln!(out, "| column | holds |\n|---|---|");
        for column in view.columns {
            let _ = writeln!(out, "| `{}` | {} |", column.id, cell(column.doc));
        }
        out.push('\n');
    }
    fresh("docs/reference/views.md", &out);
}

#[test]
fn keys_and_commands() {
    let keymap = keymap();
    let mut out = format!("# Keys and commands\n\n{NOTE}Keys are those of the default keymap.\n");
    for scope in Scope::ALL {
        let _ = writeln!(out, "\n## {}\n\n| key | command | does |\n|---|---|---|", scope.name());
        for entry in keymap.entries().iter().filter(|entry| entry.scope == scope) {
            let doc = command::command(&entry.binding.command).map_or("", |c| c.doc);
            let _ = writeln!(out, "| `{}` | `{}` | {} |", entry.sequence, entry.binding, cell(doc));
        }
    }
    fresh("docs/reference/keys.md", &out);
}

#[test]
fn feeds_and_permissions() {
    let mut out =
        format!("# Feeds and the permissions they need\n\n{NOTE}| feed | reads | IAM actions |\n|---|---|---|\n");
    for feed in FEEDS {
        let actions: Vec<String> = feed.actions.iter().map(|a| format!("`{a}`")).collect();
        let _ = writeln!(out, "| `{}` | {} | {} |", feed.id, cell(feed.doc), actions.join(" "));
    }
    fresh("docs/reference/feeds.md", &out);
}

#[test]
fn actions_and_permissions() {
    let mut out = format!("# Actions and the permissions they need\n\n{NOTE}");
    let _ = writeln!(
        out,
        "| action | target | does | changes by | on | reads by, beside the feeds |\n|---|---|---|---|---|---|"
    );
    for spec in ACTIONS {
        let list = |actions: &[&str]| actions.iter().map(|a| format!("`{a}`")).collect::<Vec<_>>().join(" ");
        let (doc, sends, reads) = (cell(spec.doc), list(spec.actions), list(spec.reads));
        let _ =
            writeln!(out, "| `{}` | `{}` | {doc} | {sends} | `{}` | {reads} |", spec.id, spec.target, spec.resource);
    }
    fresh("docs/reference/actions.md", &out);
}

/// The commands of a command, and theirs.
fn commands(of: &mut clap::Command, name: &str, out: &mut String) {
    for sub in of.get_subcommands_mut() {
        let name = format!("{name} {}", sub.get_name());
        let _ = write!(out, "\n## `{name}`\n\n```text\n{}```\n", sub.render_long_help());
        commands(sub, &name, out);
    }
}

#[test]
fn command_line() {
    use clap::CommandFactory;
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut out = format!("# Command line\n\n{NOTE}## `rounds`\n\n```text\n{}```\n", root.render_long_help());
    commands(&mut root, "rounds", &mut out);
    let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
    fresh("docs/reference/cli.md", &(lines.join("\n") + "\n"));
}

/// What the pictures show: name and keys pressed.
/// Opens the plan of a service.
macro_rules! plan {
    ($letters:literal) => {
        concat!("2 / ", $letters, " enter a enter")
    };
}
/// Plans the deployment of a service, reads the plan to its end, gives a reason and confirms.
macro_rules! act {
    ($letters:literal, $reason:literal, $name:literal) => {
        concat!(plan!($letters), " space space enter ctrl-u ", $reason, " enter ", $name, " enter")
    };
}

/// Arms the console.
const ARM: &str = ": a r m enter o n space c a l l enter";
const GATEWAY: &str = act!("f h i r", "s t u c k space c o n n e c t i o n s", "f h i r - g a t e w a y");
const LISTENER: &str = act!("h l 7", "n e w space c e r t i f i c a t e", "h l 7 - l i s t e n e r");
/// Rotates a secret that two services are handed.
const ROTATION: &str = "9 / m o n g o enter a enter space space space enter ctrl-u l e a k e d enter \
    p r o d / e h r / m o n g o enter";

/// A picture.
struct Scene {
    name: &'static str,
    scenario: &'static str,
    /// How long before the scenario opens its keys are pressed.
    before: Duration,
    keys: String,
}

/// Every picture.
fn scenes() -> Vec<Scene> {
    let ten = Duration::from_mins(10);
    let ehr = [
        ("overview", Duration::ZERO, String::new()),
        ("services", Duration::ZERO, "2".to_owned()),
        ("instances", Duration::ZERO, "3".to_owned()),
        ("tasks", Duration::ZERO, "2 enter".to_owned()),
        ("why", Duration::ZERO, "w".to_owned()),
        ("help", Duration::ZERO, "2 ?".to_owned()),
        ("plan-warnings", Duration::ZERO, format!("{ARM} {}", plan!("f h i r"))),
        ("plan-blocked", Duration::ZERO, plan!("s c h e d u l e r").to_owned()),
        ("drain-blocked", Duration::ZERO, "3 / i - 0 d 9 3 enter a enter".to_owned()),
        // The warning stands on the second page of a small screen.
        ("drain-warnings", ten, format!("{ARM} 3 / i - 0 d 9 3 enter a enter space")),
        ("rotation", ten, format!("{ARM} {ROTATION} +2m")),
        ("verification", ten, format!("{ARM} {GATEWAY} +12s")),
        ("audit", ten, format!("{ARM} {GATEWAY} +4m esc {LISTENER} +12s esc A")),
        // Nine seconds after the zone was lost: nobody is primary, and the others only hear nothing yet.
        ("mongo-election", Duration::from_secs(155), "5".to_owned()),
        ("mongo-margin", Duration::ZERO, "5 w".to_owned()),
        ("scaling-why", Duration::ZERO, "7 d".to_owned()),
        ("timeline", Duration::ZERO, "0".to_owned()),
    ];
    let telehealth = [
        // Half a minute into the failover.
        ("databases-failover", Duration::from_secs(200), "6".to_owned()),
        ("databases-storm", Duration::ZERO, "6".to_owned()),
        ("secrets", Duration::ZERO, "9".to_owned()),
    ];
    let spot = [("findings", Duration::ZERO, "8".to_owned()), ("finding", Duration::ZERO, "8 d".to_owned())];
    let of = |scenario| move |(name, before, keys)| Scene { name, scenario, before, keys };
    let all = ehr.into_iter().map(of("ehr-mongo")).chain(telehealth.into_iter().map(of("telehealth-fargate")));
    all.chain(spot.into_iter().map(of("rx-spot"))).collect()
}

#[tokio::test]
async fn screenshots() {
    let (theme, _) = Theme::named("dark").unwrap();
    for scene in scenes() {
        for size in [(80, 24), (120, 40)] {
            let picture = take(&scene, size).await;
            assert!(picture.too_small.is_none());
            fresh(
                &format!("screenshots/{}-{}x{}.svg", scene.name, size.0, size.1),
                &undrawn(&rounds::tui::svg(&picture, &theme)),
            );
        }
    }
}

/// With the same id for those that are drawn at random each time, such as that of a new version.
fn undrawn(picture: &str) -> String {
    const ID: &str = "00000000-0000-4000-8000-000000000000";
    let is_id = |text: &str| {
        text.bytes().zip(ID.bytes()).all(|(of, like)| if like == b'-' { of == b'-' } else { of.is_ascii_hexdigit() })
    };
    let mut out = String::new();
    let mut rest = picture;
    while let Some(first) = rest.chars().next() {
        let (part, same) = match rest.get(..ID.len()) {
            Some(text) if is_id(text) => (ID.len(), ID),
            _ => (first.len_utf8(), &rest[..first.len_utf8()]),
        };
        out.push_str(same);
        rest = &rest[part..];
    }
    out
}

async fn take(scene: &Scene, size: (u16, u16)) -> screen::Screen {
    let scenario = Scenario::named(scene.scenario).unwrap();
    let taken = Shot {
        scenario: &scenario,
        name: scene.scenario,
        seed: 1,
        at: scenario.opens() - scene.before,
        keys: &scene.keys,
        size,
        keymap: keymap(),
        thresholds: Thresholds::default(),
        ascii: false,
        clock: true,
        rules: Rules { read_only: false, allow: every_action(), opt_in: every_action(), ..Rules::default() },
    };
    shot(taken).await.unwrap()
}

#[test]
fn no_picture_or_page_is_left_over() {
    let of = |scene: &Scene| [format!("{}-80x24.svg", scene.name), format!("{}-120x40.svg", scene.name)];
    let kept: Vec<String> = scenes().iter().flat_map(of).collect();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(kept.contains(&name), "screenshots/{name} is not made by this test");
    }
}

fn every_action() -> Vec<String> {
    ids().into_iter().map(str::to_owned).collect()
}
