//! From the SDK's values to the model's: every one may be absent, empty, negative or strange.

use aws_smithy_types::DateTime;

use crate::text::Text;
use crate::time::Timestamp;

/// Text that is there and not empty; an emulator sends empty strings for what AWS leaves out.
pub(super) fn text(raw: Option<impl AsRef<str>>) -> Option<Text> {
    raw.filter(|raw| !raw.as_ref().is_empty()).map(|raw| Text::new(raw.as_ref()))
}

/// As [`text`], for what many things have in common.
pub(super) fn shared(raw: Option<impl AsRef<str>>) -> Option<Text> {
    raw.filter(|raw| !raw.as_ref().is_empty()).map(|raw| Text::shared(raw.as_ref()))
}

/// Text, empty where absent.
pub(super) fn text_or_empty(raw: Option<&str>) -> Text {
    Text::new(raw.unwrap_or_default())
}

/// Texts that are not empty.
pub(super) fn texts(raw: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Text> {
    raw.into_iter().filter_map(|item| text(Some(item))).collect()
}

/// What the SDK puts where a required word is absent.
const NO_WORD: &str = "no value was set";

/// A word that AWS chooses from a list; many things have the same.
pub(super) fn word(raw: Option<impl AsRef<str>>) -> Option<Text> {
    shared(raw.filter(|raw| raw.as_ref() != NO_WORD))
}

/// A count; a negative one is 0.
pub(super) fn count(raw: i32) -> u32 {
    u32::try_from(raw).unwrap_or(0)
}

/// A number that may be absent; a negative one is 0.
pub(super) fn number(raw: Option<i32>) -> Option<u32> {
    raw.map(count)
}

/// A time, to the nearest millisecond: what comes as a fraction of seconds is a little less or more than was meant. The SDK
/// fills in 1970 for a required one that is absent; that, and what milliseconds cannot say, is no time.
pub(super) fn time(raw: Option<&DateTime>) -> Option<Timestamp> {
    let at = raw?;
    let nearest = at.to_millis().ok()? + i64::from(at.subsec_nanos() % 1_000_000 >= 500_000);
    Some(nearest).filter(|millis| *millis > 0).map(Timestamp::from_millis)
}

/// The next page's token; an empty one ends the list.
pub(super) fn token(raw: Option<&str>) -> Option<String> {
    raw.filter(|token| !token.is_empty()).map(str::to_owned)
}

/// CPU units: `256`, or `0.5 vCPU` of 1,024 units each.
pub(super) fn cpu_units(raw: Option<&str>) -> Option<u32> {
    amount(raw?, &[("vcpu", 1_024.0), ("", 1.0)])
}

/// MiB: `512`, `512 MiB`, or `2 GB` of 1,024 MiB each.
pub(super) fn mebibytes(raw: Option<&str>) -> Option<u32> {
    amount(raw?, &[("gib", 1_024.0), ("gb", 1_024.0), ("mib", 1.0), ("mb", 1.0), ("", 1.0)])
}

fn amount(raw: &str, units: &[(&str, f64)]) -> Option<u32> {
    let lower = raw.trim().to_ascii_lowercase();
    let (digits, factor) = units.iter().find_map(|(unit, factor)| Some((lower.strip_suffix(unit)?, factor)))?;
    let value = digits.trim().parse::<f64>().ok()? * factor;
    format!("{value:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_form_and_nonsense_is_absent() {
        for (raw, expected) in [
            ("256", Some(256)),
            ("0.5 vCPU", Some(512)),
            (".25 vcpu", Some(256)),
            (" 1024 ", Some(1_024)),
            ("-1", None),
            ("", None),
            ("NaN", None),
            ("99999999999999", None),
            ("lots", None),
        ] {
            assert_eq!(cpu_units(Some(raw)), expected, "{raw}");
        }
        for (raw, expected) in [("512", 512), ("2 GB", 2_048), ("0.5GB", 512), ("3GiB", 3_072), ("512 MiB", 512)] {
            assert_eq!(mebibytes(Some(raw)), Some(expected), "{raw}");
        }
        assert_eq!(mebibytes(None), None);
    }

    #[test]
    fn strange_values_become_absent_or_zero() {
        assert_eq!(text(Some("")), None);
        assert_eq!(text(Some("a\u{1b}[2J")).as_deref(), Some("a␛[2J"));
        assert_eq!((word(Some("no value was set")), word(Some("")), word(None::<&str>)), (None, None, None));
        assert_eq!(word(Some("Warping")).as_deref(), Some("Warping"));
        assert_eq!((count(-3), count(i32::MAX)), (0, 2_147_483_647));
        assert_eq!(number(Some(-1)), Some(0));
        assert_eq!(time(Some(&DateTime::from_secs(i64::MAX))), None);
        assert_eq!(time(Some(&DateTime::from_secs(0))), None);
        assert_eq!(time(Some(&DateTime::from_millis(1_500))), Some(Timestamp::from_millis(1_500)));
        let fraction = DateTime::from_fractional_secs(1_773_457_964, 0.12);
        assert_eq!(time(Some(&fraction)), Some(Timestamp::from_millis(1_773_457_964_120)));
        assert_eq!((token(Some("")), token(Some("x"))), (None, Some("x".to_owned())));
    }
}
