//! Figures that go up and down a little: the same for the same name and minute, in whatever order they are asked for.

use crate::time::Timestamp;

/// Between -1 and 1, smooth from one minute to the next.
pub(super) fn noise(name: &str, at: Timestamp) -> f64 {
    let (minute, second) = (at.secs().div_euclid(60), at.secs().rem_euclid(60));
    let share = f64::from(u8::try_from(second).unwrap_or(0)) / 60.0;
    let (here, there) = (dice(name, minute), dice(name, minute + 1));
    here + (there - here) * share
}

/// FNV-1a of name and minute, with its bits mixed once more so that neighbours differ, as a number between -1 and 1.
fn dice(name: &str, minute: i64) -> f64 {
    let bytes = name.bytes().chain(minute.to_be_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let top = u32::try_from((mixed ^ (mixed >> 33)) >> 32).unwrap_or(0);
    f64::from(top) / f64::from(u32::MAX) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bounds_and_goes_both_ways() {
        let all: Vec<f64> = (0..5_000).map(|n| noise("cpu", Timestamp::from_secs(n * 20))).collect();
        assert!(all.iter().all(|value| (-1.0..=1.0).contains(value)));
        assert!(all.iter().any(|value| *value > 0.8) && all.iter().any(|value| *value < -0.8));
        assert_ne!(noise("a", Timestamp::from_secs(0)).to_bits(), noise("b", Timestamp::from_secs(0)).to_bits());
    }
}
