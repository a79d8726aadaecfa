//! The forms that values of the configuration must have; `model::form` has those of AWS. An error names the value; the caller
//! adds where it was found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::action::{ACTIONS, ids};
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::text::clean;
use crate::time::{human, parse_span};

/// Refreshing faster than this spends an account's API tokens without showing more.
const MIN_REFRESH: Duration = Duration::from_secs(1);

/// Refreshing more slowly than this is looking at the past.
const MAX_REFRESH: Duration = Duration::from_hours(1);

/// The longest name of a stack, in characters: it stands in the header of an 80 column screen.
const MAX_NAME: usize = 40;

fn wrong(what: String, hint: &str) -> Error {
    Error::usage(what).hint(hint)
}

/// How often to refresh.
pub(super) fn refresh(written: &str) -> Result<Duration, Error> {
    // Nobody writes a duration this long; it would only fill the message.
    let parsed =
        if written.len() > 40 { Err(format!("{} is not a duration", quoted(written))) } else { parse_span(written) };
    let span = parsed.map_err(|e| Error::usage(clean(&e)))?;
    if (MIN_REFRESH..=MAX_REFRESH).contains(&span) {
        return Ok(span);
    }
    let bounds = format!("between {} and {}", human(MIN_REFRESH), human(MAX_REFRESH));
    Err(Error::usage(format!("{} is not {bounds}", quoted(written))))
}

/// The name of a stack.
pub(super) fn stack_name(written: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let length = written.chars().count();
    if (1..=MAX_NAME).contains(&length) && written.chars().all(is_plain) && clean(written) == written {
        return Ok(());
    }
    let hint = format!("1 to {MAX_NAME} letters, digits, hyphens, underscores and dots, such as \"prod-ehr\"");
    Err(wrong(format!("{} is not a name for a stack", quoted(written)), &hint))
}

/// The name of a profile in the AWS config files.
pub(super) fn profile(written: &str) -> Result<(), Error> {
    if !written.trim().is_empty() && clean(written) == written {
        return Ok(());
    }
    Err(wrong(
        format!("{} is not a profile", quoted(written)),
        "name one of ~/.aws/config; leave it out for the default chain",
    ))
}

/// A pattern of cluster names.
pub(super) fn cluster(written: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
    if !written.is_empty() && written.chars().all(is_plain) {
        return Ok(());
    }
    let hint = "cluster names are letters, digits, hyphens and underscores; * stands for any of them";
    Err(wrong(format!("{} is not a pattern of cluster names", quoted(written)), hint))
}

/// A pattern of alarm names, which may hold anything that can be written (1 to 255 characters).
pub(super) fn alarm(written: &str) -> Result<(), Error> {
    if !written.trim().is_empty() && written.chars().count() <= 255 && !written.chars().any(char::is_control) {
        return Ok(());
    }
    let hint = "alarm names have 1 to 255 characters; * stands for any of them";
    Err(wrong(format!("{} is not a pattern of alarm names", quoted(written)), hint))
}

/// A file, relative to the directory `base` where there is one; `~/` is the home directory.
pub(super) fn file(written: &str, base: Option<&Path>) -> PathBuf {
    let home = written.strip_prefix("~/").and_then(|rest| Some(etcetera::home_dir().ok()?.join(rest)));
    let path = home.unwrap_or_else(|| PathBuf::from(written));
    base.map_or_else(|| path.clone(), |base| base.join(&path))
}

/// The id of an action there is.
pub(super) fn action(written: &str) -> Result<(), Error> {
    let known = ids();
    if known.contains(&written) {
        return Ok(());
    }
    let error = Error::usage(format!("unknown action {}", quoted(written)));
    Err(Error { hint: suggestion(written, &known), ..error })
}

/// The longest name of a person, in characters; it is in each record.
const MAX_OPERATOR: usize = 100;

/// The name of a person.
pub(super) fn operator(written: &str) -> Result<String, Error> {
    let name = written.trim();
    if name.contains(char::is_alphanumeric) && name.chars().count() <= MAX_OPERATOR {
        return Ok(clean(name).into_owned());
    }
    let hint = format!("such as ana or ana@example.com, of {MAX_OPERATOR} characters at most");
    Err(Error::usage(format!("{} is not the name of a person", quoted(written))).hint(hint))
}

/// The id of an action that is off unless it is named.
pub(super) fn opt_in(written: &str) -> Result<(), Error> {
    let known: Vec<&str> = ACTIONS.iter().filter(|spec| spec.opt_in).map(|spec| spec.id).collect();
    if known.contains(&written) {
        return Ok(());
    }
    let what = match action(written) {
        Ok(()) => format!("{} needs no opting in; allow of a stack and --allow are enough", quoted(written)),
        Err(error) => error.what,
    };
    Err(Error { hint: suggestion(written, &known), ..Error::usage(what) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_has_bounds() {
        assert_eq!(refresh("5s"), Ok(Duration::from_secs(5)));
        for bad in ["0s", "500ms", "2h", "soon", "-5s", &"1".repeat(1_000)] {
            assert!(refresh(bad).unwrap_err().what.len() < 120, "{bad}");
        }
    }

    #[test]
    fn names_patterns_and_actions_have_their_form() {
        assert!(stack_name("prod-ehr").is_ok() && stack_name("größe.2").is_ok());
        assert!(stack_name("").is_err() && stack_name("a b").is_err() && stack_name(&"x".repeat(41)).is_err());
        assert!(cluster("ehr-*").is_ok() && cluster("ehr-?").is_err() && cluster("").is_err());
        assert!(action("force-deploy").is_ok() && action("force-deply").is_err() && action("").is_err());
        assert!(profile("prod sso").is_ok() && profile(" ").is_err());
    }
}
