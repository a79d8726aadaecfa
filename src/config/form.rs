//! The forms values must have, wherever they were written. An error names the value; the caller adds where it was found.

use std::time::Duration;

use crate::document::quoted;
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

/// A region: `us-east-1`, `us-gov-west-1`.
pub(super) fn region(written: &str) -> Result<(), Error> {
    let is_region = |name: &str| {
        let parts: Vec<&str> = name.split('-').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return false };
        let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        (2..=4).contains(&first.len())
            && is_word(first)
            && !middle.is_empty()
            && middle.iter().all(is_word)
            && (1..=2).contains(&last.len())
            && last.bytes().all(|b| b.is_ascii_digit())
    };
    if is_region(written) {
        return Ok(());
    }
    let what = format!("{} is not a region", quoted(written));
    let lower = written.to_lowercase();
    let zoneless = lower.trim_end_matches(|c: char| c.is_ascii_lowercase());
    Err(match () {
        () if is_region(&lower) => wrong(what, &format!("did you mean \"{lower}\"?")),
        () if is_region(zoneless) => {
            wrong(what, &format!("that is an availability zone; its region is \"{zoneless}\""))
        }
        () => wrong(what, "write it like us-east-1"),
    })
}

/// An account id: twelve digits.
pub(super) fn account(written: &str) -> Result<(), Error> {
    if written.len() == 12 && written.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(wrong(format!("{} is not an account id", quoted(written)), "it has 12 digits, such as \"123456789012\""))
}

/// The ARN of a role; gives its account.
pub(super) fn role_arn(written: &str) -> Result<&str, Error> {
    let parts: Vec<&str> = written.splitn(6, ':').collect();
    if let ["arn", partition, "iam", "", id, resource] = parts.as_slice()
        && partition.starts_with("aws")
        && account(id).is_ok()
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        && written.bytes().all(|b| b.is_ascii_graphic())
    {
        return Ok(id);
    }
    Err(wrong(
        format!("{} is not the ARN of a role", quoted(written)),
        "write it like arn:aws:iam::123456789012:role/NAME",
    ))
}

/// The address of an endpoint.
pub(super) fn endpoint_url(written: &str) -> Result<(), Error> {
    let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.contains('@') {
        return Err(wrong(
            format!("{} holds a user name or password", quoted(&without_user(written))),
            "credentials come from the AWS chain, never from an address",
        ));
    }
    let is_host = !authority.is_empty() && !authority.starts_with(':') && written.bytes().all(|b| b.is_ascii_graphic());
    if is_host {
        return Ok(());
    }
    Err(wrong(
        format!("{} is not an address", quoted(&without_user(written))),
        "write it like https://ecs.example.com or http://127.0.0.1:5000",
    ))
}

/// An address as it may be shown: without user name and password.
pub(super) fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if scheme.is_empty() => format!("…{}", &rest[at..]),
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => url.to_owned(),
    }
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

/// The id of an action. Whether there is such an action is asked where the actions are known.
pub(super) fn action(written: &str) -> Result<(), Error> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if written.split('-').all(is_word) {
        return Ok(());
    }
    Err(wrong(format!("{} is not the id of an action", quoted(written)), "they are written like force-deploy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_their_form() {
        for good in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"] {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for (bad, hint) in [
            ("us-east-1a", "that is an availability zone; its region is \"us-east-1\""),
            ("US-East-1", "did you mean \"us-east-1\"?"),
            ("us-east", "write it like us-east-1"),
            ("us-1", "write it like us-east-1"),
            ("virginia", "write it like us-east-1"),
            ("", "write it like us-east-1"),
            ("us-east-1\u{1b}[2J", "write it like us-east-1"),
        ] {
            assert_eq!(region(bad).unwrap_err().hint.as_deref(), Some(hint), "{bad}");
        }
    }

    #[test]
    fn accounts_have_twelve_digits() {
        assert!(account("012345678901").is_ok());
        for bad in ["12345678901", "1234567890123", "12345678901x", "１２３４５６７８９０１２"] {
            assert!(account(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_name_their_account() {
        assert_eq!(role_arn("arn:aws-us-gov:iam::123456789012:role/path/SRE"), Ok("123456789012"));
        for bad in
            ["SRE", "arn:aws:iam::123456789012:user/ana", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:role/"]
        {
            assert!(role_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_hold_no_credentials_and_are_not_shown_with_them() {
        assert!(endpoint_url("http://127.0.0.1:5000").is_ok());
        assert!(endpoint_url("http://[::1]:5000/").is_ok());
        for bad in ["127.0.0.1:5000", "ftp://x", "http://", "http://:80", "http://a b"] {
            assert!(endpoint_url(bad).is_err(), "{bad}");
        }
        let e = endpoint_url("https://ana:hunter2@host/x").unwrap_err().to_string();
        assert!(e.contains("https://…@host/x") && !e.contains("hunter2"), "{e}");
        assert_eq!(without_user("ana:hunter2@host"), "…@host");
        assert_eq!(without_user("http://h/p@q"), "http://h/p@q");
    }

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
        assert!(action("force-deploy").is_ok() && action("Force").is_err() && action("a--b").is_err());
        assert!(profile("prod sso").is_ok() && profile(" ").is_err());
    }
}
