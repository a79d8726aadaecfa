//! Mistakes told without what was written, where that may be an address with a password in it.

use crate::document::{Document, Value, quoted};
use crate::error::Error;

/// What was written; nothing of it where it may be an address with a password in it.
pub(super) fn told(written: &str) -> String {
    if may_be_secret(written) { "(not repeated: it holds an @)".to_owned() } else { quoted(written) }
}

/// Whether it may be an address with a password in it.
pub(super) fn may_be_secret(written: &str) -> bool {
    written.contains('@')
}

/// The same mistake, without what was written where that may be an address with a password in it.
pub(super) fn silenced(written: &str, formed: Result<(), Error>) -> Result<(), Error> {
    let silent = |error| {
        if may_be_secret(written) {
            Error { what: "what stands here cannot be used, and is not repeated: it holds an @".to_owned(), ..error }
        } else {
            error
        }
    };
    formed.map_err(silent)
}

/// As [`Document::unknown`], without what may be secret.
pub(super) fn unknown(document: &mut Document<'_>, at: usize, kind: &str, name: &str, known: &[&str]) {
    if may_be_secret(name) {
        document.mistake(at, format!("unknown {kind} {}", told(name)), format!("valid: {}", known.join(", ")));
    } else {
        document.unknown(at, kind, name, known);
    }
}

/// As [`Document::wrong_type`], without what may be secret.
pub(super) fn wrong_type(document: &mut Document<'_>, name: &str, value: &Value<'_>, right: &str) {
    match value.get_ref().as_str().filter(|written| may_be_secret(written)) {
        Some(written) => {
            let what = format!("\"{name}\" must be {right}, not the text {}", told(written));
            document.mistake(value.span().start, what, None);
        }
        None => document.wrong_type(name, value, right),
    }
}
