//! The rules: each a function from a file to its violations, in words.

use super::scan::{File, Path};

/// The layers, lowest first. A module imports only from lines above its own here. The first and the last line are in order:
/// on them a module may also import what stands before it.
pub const LAYERS: [&[&str]; 12] = [
    &["text", "time", "error", "document", "file"],
    &["model"],
    &["table", "keymap", "theme"],
    &["health", "backend"],
    &["timeline"],
    &["store"],
    &["feed"],
    &["view", "action"],
    &["app", "report"],
    &["tui", "term"],
    &["runtime"],
    &["config", "panics", "cli", "lib", "main"],
];

/// Where each dependency may be named: files, or directories with all that is below them. `aws_` stands for every crate
/// whose name begins so.
pub const CRATES: [(&str, &[&str]); 34] = [
    ("async_trait", &["action", "backend", "feed", "report/fake.rs", "report/doctor"]),
    ("aws_", &["backend/aws", "backend/mongo"]),
    ("base64", &["backend/sim", "term/clipboard.rs"]),
    ("bytes", &["backend/sim/wire"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("color_eyre", &["panics.rs"]),
    ("crossterm", &["term"]),
    ("csv", &["report"]),
    ("etcetera", &["config"]),
    (
        "fastrand",
        &[
            "action",
            "backend/sim",
            "cli/demo.rs",
            "feed",
            "health/guardduty/laws.rs",
            "health/laws.rs",
            "health/rds/laws.rs",
            "health/scaling_laws.rs",
            "health/secrets/laws.rs",
            "report/output.rs",
        ],
    ),
    ("futures_util", &["action", "backend", "cli", "feed", "report"]),
    ("http_body_util", &["backend/sim/wire"]),
    ("hyper", &["backend/sim/wire"]),
    ("hyper_util", &["backend/sim/wire"]),
    ("jiff", &["time.rs", "backend/sim/wire/http.rs"]),
    ("memchr", &["table/words.rs"]),
    ("minicbor", &["backend/aws/alarms/tests.rs", "backend/aws/metrics/tests.rs", "backend/sim/wire"]),
    ("mongodb", &["backend/mongo"]),
    ("nucleo_matcher", &["app/palette.rs", "table/words.rs"]),
    ("ratatui", &["term", "tui"]),
    ("rustix", &["file.rs", "action", "backend/mongo/password.rs", "runtime/signals.rs", "term"]),
    ("rustls", &["backend/aws/trust.rs"]),
    ("serde", &["backend/sim"]),
    (
        "serde_json",
        &[
            "action",
            "backend/aws/alarms",
            "backend/aws/alarms.rs",
            "backend/aws/app_scaling/tests.rs",
            "backend/aws/changes/tests.rs",
            "backend/aws/ecs/changes.rs",
            "backend/aws/secrets/changes.rs",
            "backend/sim/wire",
            "cli/act.rs",
            "cli/audit.rs",
            "report",
            "table/cell.rs",
        ],
    ),
    ("sha2", &["action/audit", "report"]),
    ("tokio", &["time.rs", "action", "backend", "cli", "feed", "report", "runtime", "term"]),
    ("toml", &["backend/sim", "config", "document.rs", "keymap", "theme"]),
    ("tracing", &["backend", "feed", "runtime"]),
    ("tracing_subscriber", &["cli/print.rs"]),
    ("tui_input", &["app"]),
    ("unicode_segmentation", &["app"]),
    ("unicode_width", &["app", "report", "term", "text.rs", "tui"]),
];

/// The most lines of a file that are not test code.
pub const MOST_LINES: usize = 400;

/// A rule.
pub type Rule = fn(&File) -> Vec<String>;

/// Every rule.
pub const RULES: [Rule; 8] = [layers, crates, clocks, length, allowances, exits, permits, spawns];

/// The line of a module in [`LAYERS`], and its place on it.
fn place(module: &str) -> Option<(usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(line, modules)| Some((line, modules.iter().position(|m| *m == module)?)))
}

/// Whether a module may import another one.
fn may_import(from: &str, to: &str) -> bool {
    let (Some((line, at)), Some((other_line, other_at))) = (place(from), place(to)) else { return false };
    let is_ordered = line == 0 || line == LAYERS.len() - 1;
    other_line < line || (other_line == line && is_ordered && other_at < at)
}

/// Modules import only from lower layers; their tests too, for a test that needs a higher layer belongs to that layer.
pub fn layers(file: &File) -> Vec<String> {
    let own = file.top();
    if place(own).is_none() {
        return vec![format!("{}: the module {own} has no layer", file.name)];
    }
    let imports = file.paths.iter().filter_map(|path| Some((path, path.inside()?.first()?.clone())));
    let wrong = imports.filter(|(_, to)| to != own && place(to).is_some() && !may_import(own, to));
    wrong.map(|(path, to)| at(file, path, &format!("{own} imports {to}"))).collect()
}

/// A foreign crate is named only where it belongs; in tests too.
pub fn crates(file: &File) -> Vec<String> {
    let wrong = file.paths.iter().filter(|path| {
        let name = path.segments[0].as_str();
        let row = CRATES.iter().find(|(known, _)| name == *known || (known.ends_with('_') && name.starts_with(known)));
        path.segments.len() > 1 && row.is_some_and(|(_, places)| !is_within(&file.name, places))
    });
    wrong.map(|path| at(file, path, &format!("{} does not belong here", path.segments[0]))).collect()
}

/// Nobody reads the wall clock but `time.rs`. Tokio's clock, which tests can hold, may be read by feeds, by actions (how
/// long they have been watched), by what takes keys (when they were pressed), by pictures, and by tests.
pub fn clocks(file: &File) -> Vec<String> {
    const WALL: [&str; 4] = ["SystemTime", "Timestamp", "Zoned", "UNIX_EPOCH"];
    if file.name == "time.rs" {
        return Vec::new();
    }
    let names_std = file.paths.iter().any(|path| path.segments == ["std", "time", "Instant"]);
    let names_tokio = file.paths.iter().any(|path| path.starts_with(&["tokio", "time", "Instant"]));
    let is_tokio = names_tokio && !names_std;
    let wrong = file.paths.iter().filter(|path| {
        let wall = WALL.iter().any(|t| path.ends_with(&[t, "now"]) || path.ends_with(&[t, "elapsed"]));
        let is_std = path.starts_with(&["std", "time", "Instant"]);
        let may =
            is_tokio && (path.is_test || is_within(&file.name, &["action", "cli/shot.rs", "feed", "runtime", "term"]));
        wall || (path.ends_with(&["Instant", "now"]) && (is_std || !may))
    });
    wrong.map(|path| at(file, path, &format!("{} reads a clock", path.segments.join("::")))).collect()
}

/// A file can be read in one sitting.
pub fn length(file: &File) -> Vec<String> {
    let over = file.lines > MOST_LINES;
    over.then(|| format!("{}: {} lines without tests, {MOST_LINES} at most", file.name, file.lines))
        .into_iter()
        .collect()
}

/// Lints are silenced by `#[expect(..)]` with a reason, which complains once there is nothing left to silence.
pub fn allowances(file: &File) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut inside = None;
    for pair in file.tokens.windows(2) {
        let (this, next) = (pair[0].text.as_str(), pair[1].text.as_str());
        match (this, inside) {
            ("#", _) if matches!(next, "[" | "!") => inside = Some(0),
            ("[", Some(depth)) => inside = Some(depth + 1),
            ("]", Some(depth)) => inside = (depth > 1).then(|| depth - 1),
            ("allow", Some(_)) if next == "(" => {
                wrong.push(format!("{}:{}: #[allow], not #[expect]", file.name, pair[0].line));
            }
            _ => {}
        }
    }
    wrong
}

/// The process ends by returning from `main`: anything else would leave the terminal taken.
pub fn exits(file: &File) -> Vec<String> {
    let wrong =
        file.paths.iter().filter(|path| path.ends_with(&["process", "exit"]) || path.ends_with(&["process", "abort"]));
    wrong.map(|path| at(file, path, "ends the process")).collect()
}

/// Nothing is launched: no editor, no pager, no browser, no shell. What the SDK starts (`credential_process`) the user configured,
/// and so the one program that is started here: the one that prints the password of a replica set.
pub fn spawns(file: &File) -> Vec<String> {
    if file.name == "backend/mongo/password.rs" {
        return Vec::new();
    }
    let wrong = file.paths.iter().filter(|path| {
        let is_process = path.segments.iter().any(|segment| segment == "process");
        let named = |name: &str| path.segments.iter().any(|segment| segment == name);
        !path.is_test && is_process && (named("Command") || named("CommandExt") || named("*"))
    });
    wrong.map(|path| at(file, path, "starts a process")).collect()
}

/// A change needs a permit, and one place gives them: the policy of actions. The loopback, which plays AWS, takes what comes in as
/// permitted by whoever sent it. Adapters' own tests stand where a sender stands.
pub fn permits(file: &File) -> Vec<String> {
    const GIVERS: [(&str, &str); 2] =
        [("granted", "action/policy.rs"), ("of_the_sender", "backend/sim/wire/changes.rs")];
    let wrong = file.paths.iter().filter(|path| {
        let giver = GIVERS.iter().find(|(name, _)| path.segments.len() > 1 && path.ends_with(&[name]));
        let is_adapter_test = path.is_test && file.name.starts_with("backend/");
        giver.is_some_and(|(_, place)| file.name != *place && !is_adapter_test)
    });
    wrong.map(|path| at(file, path, "makes a permit")).collect()
}

/// Whether a text names a call that gives the value of a secret, in whatever spelling. Literals and comments count: there is
/// nothing to be said of it in code.
pub fn names_secret_values(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    plain.contains("getsecretvalue")
}

fn at(file: &File, path: &Path, what: &str) -> String {
    format!("{}:{}: {what}", file.name, path.line)
}

/// Whether a file is one of these, or below one of these directories.
fn is_within(name: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        let rest = name.strip_prefix(place);
        rest.is_some_and(|rest| matches!(rest, "" | ".rs") || rest.starts_with('/'))
    })
}
