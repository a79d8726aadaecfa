//! The forms that values of AWS must have, wherever they were written. An error names the value; the caller adds where it was
//! found.

use crate::document::quoted;
use crate::error::{Error, nearest};

fn wrong(what: String, hint: &str) -> Error {
    Error::usage(what).hint(hint)
}

/// Where a region lies in its area: the word before the number.
const DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// A region: an area and what sets it apart, a direction, a number: `us-east-1`, `us-gov-west-1`. Regions cannot be listed
/// offline, but one that is mistyped would be found out late, as a name that does not resolve.
pub fn region(written: &str) -> Result<(), Error> {
    if is_region(written) {
        return Ok(());
    }
    let lower = written.to_lowercase();
    let zoneless = lower.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let hint = match near_region(&lower) {
        _ if is_region(&lower) => format!("did you mean \"{lower}\"?"),
        _ if is_region(zoneless) => format!("that is an availability zone; its region is \"{zoneless}\""),
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "write it like us-east-1".to_owned(),
    };
    Err(wrong(format!("{} is not a region", quoted(written)), &hint))
}

fn is_region(name: &str) -> bool {
    parts(name).is_some_and(|(_, direction, _)| DIRECTIONS.contains(&direction))
}

/// The region with the nearest direction.
fn near_region(name: &str) -> Option<String> {
    let (area, direction, number) = parts(name)?;
    Some(format!("{area}-{}-{number}", nearest(direction, DIRECTIONS)?))
}

/// Area, direction and number of what is built like the name of a region.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (rest, number) = name.rsplit_once('-')?;
    let (area, direction) = rest.rsplit_once('-')?;
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let formed = rest.split('-').all(is_word)
        && area.split('-').next().is_some_and(|first| (2..=4).contains(&first.len()))
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit());
    formed.then_some((area, direction, number))
}

/// An account id: twelve digits.
pub fn account(written: &str) -> Result<(), Error> {
    if written.len() == 12 && written.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(wrong(format!("{} is not an account id", quoted(written)), "it has 12 digits, such as \"123456789012\""))
}

/// The name of a log group (API model of CloudWatch Logs).
pub fn log_group(written: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    if (1..=512).contains(&written.len()) && written.chars().all(is_plain) {
        return Ok(());
    }
    let hint = match written.strip_prefix("arn:").and_then(|arn| arn.split_once(":log-group:")) {
        Some((_, name)) => format!("write its name: \"{}\"", name.trim_end_matches(":*")),
        None => "1 to 512 letters, digits and . - _ / #, such as \"rounds/audit\"".to_owned(),
    };
    Err(wrong(format!("{} is not the name of a log group", quoted(written)), &hint))
}

/// The ARN of a role; gives its account.
pub fn role_arn(written: &str) -> Result<&str, Error> {
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
pub fn endpoint_url(written: &str) -> Result<(), Error> {
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
#[must_use]
pub fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if scheme.is_empty() => format!("…{}", &rest[at..]),
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_their_form() {
        for good in [
            "us-east-1",
            "ap-southeast-7",
            "mx-central-1",
            "il-central-1",
            "cn-northwest-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "us-isof-south-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ] {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for (bad, hint) in [
            ("us-east-1a", "that is an availability zone; its region is \"us-east-1\""),
            ("US-East-1", "did you mean \"us-east-1\"?"),
            ("us-esat-1", "did you mean \"us-east-1\"?"),
            ("ap-southest-1", "did you mean \"ap-southeast-1\"?"),
            ("us-gov-wset-1", "did you mean \"us-gov-west-1\"?"),
            ("us-middle-1", "write it like us-east-1"),
            ("us--1", "write it like us-east-1"),
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
}
