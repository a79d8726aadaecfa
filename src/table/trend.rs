//! Numbers over time, and the line of bars that shows them.

use crate::table::Cell;
use crate::time::Timestamp;

/// A series of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// Time and value, the oldest first.
    pub points: Vec<(Timestamp, f64)>,
    /// What the numbers count.
    pub unit: Unit,
    /// The value from which on it is worth a warning, if there is one; below it, where [`Trend::falling`] is set.
    pub limit: Option<f64>,
    /// Whether small numbers are the bad ones.
    pub falling: bool,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    #[default]
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share between 0 and 1.
    Share,
}

/// One column of the bars: how high, of eight, and whether it is past the limit. `None`: nothing is known of that time.
pub type Bar = Option<(usize, bool)>;

/// How wide the short form is, in cells.
pub const SHORT: u16 = 8;

const BLOCKS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const LETTERS: [&str; 9] = [" ", "_", ".", "-", "=", "+", "*", "#", "@"];

impl Unit {
    /// A number of these as a cell.
    #[must_use]
    pub fn cell(self, value: f64) -> Cell {
        match self {
            Self::Count => Cell::Number(value),
            Self::Seconds => Cell::Seconds(value),
            Self::Bytes => Cell::Bytes(value),
            Self::Share => Cell::Share(value),
        }
    }
}

impl Trend {
    /// The newest point.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, f64)> {
        self.points.last().copied()
    }

    /// The least and the most of all points.
    #[must_use]
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let values = || self.points.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
        Some((values().reduce(f64::min)?, values().reduce(f64::max)?))
    }

    /// Whether a value is worth a warning.
    #[must_use]
    pub fn is_past(&self, value: f64) -> bool {
        self.limit.is_some_and(|limit| if self.falling { value < limit } else { value > limit })
    }

    /// The largest value the bars have room for.
    fn top(&self) -> Option<f64> {
        let (_, most) = self.bounds()?;
        Some(if self.unit == Unit::Share { 1.0_f64.max(most) } else { most })
    }

    /// How high a bar is, of eight, that reaches the limit; none where there is no limit. One beyond eight: the limit lies above
    /// the scale.
    #[must_use]
    pub fn limit_height(&self) -> Option<usize> {
        let (limit, top) = (self.limit?, self.top()?);
        Some(if limit > top { 9 } else { height(limit, top) })
    }

    /// As many bars as there are `columns`, the newest at the right. Each stands for an equal span of time and shows the worst
    /// point in it; the scale begins at zero and ends at the largest value, a share at 1.
    #[must_use]
    pub fn bars(&self, columns: usize) -> Vec<Bar> {
        self.top().map_or_else(Vec::new, |top| self.bars_up_to(top, columns))
    }

    /// A short form for a row, the newest at the right: [`SHORT`] cells at most. The scale ends at the limit at least, so that
    /// small numbers stay small and rows compare. Nothing at all is a line at the bottom, what is not known a blank.
    #[must_use]
    pub fn short(&self, ascii: bool) -> String {
        let Some((_, most)) = self.bounds() else { return "–".to_owned() };
        let least = if self.unit == Unit::Share { 1.0 } else { self.limit.unwrap_or(0.0) };
        let (top, columns) = (most.max(least), usize::from(SHORT));
        let bars: Vec<Bar> = if self.points.len() > columns {
            self.bars_up_to(top, columns)
        } else {
            // So few are drawn one by one: polls are not quite as regular as equal spans of time.
            let bar = |value: f64| value.is_finite().then(|| (height(value, top), false));
            self.points.iter().map(|(_, value)| bar(*value)).collect()
        };
        let drawn: String =
            bars.iter().map(|bar| bar.map_or(" ", |(eighths, _)| sign(eighths.max(1), ascii))).collect();
        format!("{}{drawn}", " ".repeat(columns.saturating_sub(bars.len())))
    }

    /// The newest number; missing where there is none.
    #[must_use]
    pub fn newest(&self) -> Cell {
        self.last().map_or(Cell::Missing, |(_, value)| self.unit.cell(value))
    }

    fn bars_up_to(&self, top: f64, columns: usize) -> Vec<Bar> {
        let (Some((first, _)), Some((last, _))) = (self.points.first(), self.last()) else { return Vec::new() };
        let whole = (last.millis() - first.millis()).max(1);
        let mut bars: Vec<Option<f64>> = vec![None; columns];
        for (at, value) in self.points.iter().filter(|(_, value)| value.is_finite()) {
            let part = i128::from(at.millis() - first.millis()) * columns.saturating_sub(1) as i128 / i128::from(whole);
            let Some(place) = usize::try_from(part).ok().and_then(|i| bars.get_mut(i)) else { continue };
            let worse = |old: f64| if self.falling { old.min(*value) } else { old.max(*value) };
            *place = Some(place.map_or(*value, worse));
        }
        bars.into_iter().map(|value| value.map(|value| (height(value, top), self.is_past(value)))).collect()
    }
}

/// Eighths of `top`: nothing at all is no bar, anything more at least one.
fn height(value: f64, top: f64) -> usize {
    if value <= 0.0 || top <= 0.0 {
        return 0;
    }
    (1..=8_u8).rev().find(|n| value / top * 8.0 >= f64::from(*n)).map_or(1, usize::from)
}

/// The sign of a bar of this many eighths.
#[must_use]
pub fn sign(eighths: usize, ascii: bool) -> &'static str {
    let signs = if ascii { &LETTERS } else { &BLOCKS };
    signs[eighths.min(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(values: &[(i64, f64)]) -> Trend {
        let points = values.iter().map(|(at, value)| (Timestamp::from_secs(*at), *value)).collect();
        Trend { points, limit: Some(6.0), ..Trend::default() }
    }

    fn drawn(trend: &Trend, columns: usize) -> String {
        trend.bars(columns).into_iter().map(|bar| bar.map_or("?", |(n, _)| sign(n, false))).collect()
    }

    #[test]
    fn bars_stand_for_equal_spans_and_gaps_stay_gaps() {
        let trend = trend(&[(0, 0.0), (10, 4.0), (30, 8.0)]);
        assert_eq!(drawn(&trend, 4), " ▄?█");
        let past: Vec<bool> = trend.bars(4).into_iter().flatten().map(|(_, past)| past).collect();
        assert_eq!(past, [false, false, true]);
    }

    #[test]
    fn the_worst_of_a_span_is_shown() {
        let mut trend = trend(&[(0, 8.0), (1, 1.0), (100, 8.0)]);
        assert_eq!(drawn(&trend, 2), "██");
        trend.falling = true;
        assert_eq!(drawn(&trend, 2), "▁█");
    }

    #[test]
    fn a_limit_has_the_height_of_a_bar_that_reaches_it_or_lies_above_the_scale() {
        let height = |unit, limit, values: &[(i64, f64)]| Trend { unit, limit, ..trend(values) }.limit_height();
        assert_eq!(height(Unit::Count, Some(4.0), &[(0, 1.0), (1, 8.0)]), Some(4));
        assert_eq!(height(Unit::Count, Some(9.0), &[(0, 1.0), (1, 8.0)]), Some(9));
        assert_eq!(height(Unit::Share, Some(0.75), &[(0, 0.1)]), Some(6), "a share's scale ends at 1");
        assert_eq!(height(Unit::Count, Some(0.0), &[(0, 0.0)]), Some(0));
        assert_eq!((height(Unit::Count, None, &[(0, 1.0)]), height(Unit::Count, Some(1.0), &[])), (None, None));
    }

    #[test]
    fn a_short_form_ends_at_the_right_and_keeps_small_numbers_small() {
        let short = |values: &[(i64, f64)]| trend(values).short(false);
        assert_eq!(short(&[(0, 0.0), (1, 1.0), (2, 6.0)]), "     ▁▁█");
        assert_eq!(short(&[(0, 0.0), (1, 0.0), (3, 12.0)]), "     ▁▁█");
        assert_eq!(short(&[(0, 3.0), (7, 0.0)]), "      ▄▁");
        let long: Vec<(i64, f64)> = (0..60).map(|at| (at, if at < 30 { 0.0 } else { 3.0 })).collect();
        assert_eq!((short(&long).as_str(), trend(&long).short(true).as_str()), ("▁▁▁▄▄▄▄▄", "___====="));
        assert_eq!((Trend::default().short(false).as_str(), short(&[(0, f64::NAN)]).as_str()), ("–", "–"));
        assert_eq!(trend(&[(0, 3.0), (7, 5.0)]).newest(), Cell::Number(5.0));
    }

    #[test]
    fn nothing_and_one_point_and_no_room_are_drawn_too() {
        assert_eq!(drawn(&Trend::default(), 9), "");
        assert_eq!(drawn(&trend(&[(5, 3.0)]), 3), "█??");
        assert_eq!(drawn(&trend(&[(5, 3.0)]), 0), "");
        assert_eq!(drawn(&trend(&[(0, f64::NAN), (1, -1.0)]), 2), "? ");
    }
}
