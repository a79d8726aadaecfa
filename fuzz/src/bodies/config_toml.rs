//! Files that people write: never a panic, and every mistake says where it is.

use std::collections::BTreeMap;
use std::path::Path;

use rounds::app::command;
use rounds::config::{FileConfig, Flags, resolve};
use rounds::error::Error;
use rounds::health::RULES;
use rounds::keymap::{self, Keymap};
use rounds::text::clean_lines;
use rounds::theme::{self, Depth, Theme};

/// The first byte says which kind of file the others are.
pub fn run(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    match kind % 3 {
        0 => config(&text),
        1 => theme(&text),
        _ => keymap(&text),
    }
}

fn config(text: &str) {
    let path = Path::new("/etc/rounds/rounds.toml");
    match FileConfig::parse(text, path, RULES) {
        Ok(file) => {
            if let Err(wrong) = resolve(Some(file), &BTreeMap::new(), &Flags::default()) {
                told(&wrong, "/etc/rounds/rounds.toml");
            }
        }
        Err(wrong) => {
            assert!(!wrong.is_empty());
            told(&wrong, "/etc/rounds/rounds.toml");
        }
    }
}

fn theme(text: &str) {
    let (loaded, wrong) = Theme::load(text, "mine.toml");
    told(&wrong, "mine.toml");
    for depth in Depth::ALL {
        let drawn = loaded.at(depth);
        assert_eq!(drawn.at(depth), drawn);
    }
    told(&theme::lint(text, "mine.toml"), "mine.toml");
}

fn keymap(text: &str) {
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (loaded, wrong) = Keymap::load(text, "mine.toml", &known);
    told(&wrong, "mine.toml");
    assert!(loaded.entries().iter().any(|entry| entry.binding.command == "quit"), "there is always a way out");
    told(&keymap::lint(text, "mine.toml", &known), "mine.toml");
}

/// Every mistake names its file, and what a stranger wrote reaches nobody unclean.
fn told(wrong: &[Error], file: &str) {
    for error in wrong {
        let origin = error.origin.as_deref().unwrap_or_default();
        assert!(origin == file || origin.starts_with(&format!("{file}:")), "{error:?}");
        let text = error.to_string();
        assert_eq!(clean_lines(&text), text);
    }
}
