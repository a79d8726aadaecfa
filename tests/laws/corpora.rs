//! What the fuzz targets found worth keeping, replayed without a fuzzer.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use crate::bodies;

/// Every input kept of a target; which of them break a law.
fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let inputs = fs::read_dir(&corpus).expect("a corpus").map(|entry| entry.expect("an input").path());
    let mut inputs: Vec<_> = inputs.collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "{} inputs in {}", inputs.len(), corpus.display());
    let breaks = |input: &&std::path::PathBuf| {
        let bytes = fs::read(input).expect("an input");
        catch_unwind(|| run(&bytes)).is_err()
    };
    let wrong: Vec<_> = inputs.iter().filter(breaks).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn b6_any_bytes_of_a_keyboard_change_nothing_outside() {
    replay("input_bytes", bodies::input_bytes::run);
}

#[test]
fn any_text_is_harmless_once_it_is_clean() {
    replay("sanitize", bodies::sanitize::run);
}

#[test]
fn a10_any_model_is_shown_as_it_is_drawn_in_any_size() {
    replay("render_any", bodies::render_any::run);
}

#[test]
fn any_file_is_read_or_refused_with_its_place() {
    replay("config_toml", bodies::config_toml::run);
}

#[test]
fn f12_no_record_of_an_audit_is_changed_unseen() {
    replay("audit_replay", bodies::audit_replay::run);
}
