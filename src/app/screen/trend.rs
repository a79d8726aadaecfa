//! A series of numbers as two lines: what it is now and was at most, and bars.

use std::time::Duration;

use super::panels::field;
use super::span::{Line, Span};
use crate::app::State;
use crate::table::{Bar, Trend, Unit, sign};
use crate::theme::Role;
use crate::time::human;

/// The newest point is one of now for as long as three points take, and for these seconds at least.
const NOW: Duration = Duration::from_secs(15);

/// Adds the lines of a series. Bars past the limit are in the colour of a warning, and words say how many there are; behind the
/// bars stands how high the limit lies.
pub(super) fn lines(lines: &mut Vec<Line>, name: &str, trend: &Trend, state: &State, columns: usize) {
    let (Some((at, newest)), Some((least, most))) = (trend.last(), trend.bounds()) else {
        return field(lines, name, "nothing measured yet", columns);
    };
    let written = |value| trend.unit.cell(value).human(state.now);
    let first = trend.points.first().map_or(at, |(at, _)| *at);
    let age = state.now.since(at);
    let steps = u32::try_from(trend.points.len() - 1).unwrap_or(u32::MAX).max(1);
    let when =
        if age <= NOW.max(at.since(first) / steps * 3) { "now".to_owned() } else { format!("{} ago", human(age)) };
    let (least, most, span) = (written(least), written(most), human(at.since(first)));
    let mut words = format!("{} {when}, {least} to {most} in {span}", written(newest));
    let limit = trend.limit.map(|limit| if trend.unit == Unit::Count { limit.round() } else { limit });
    if let Some(limit) = limit {
        let past = trend.points.iter().filter(|(_, value)| trend.is_past(*value)).count();
        let beyond = if trend.falling { "below" } else { "above" };
        words = format!("{words}; {past} of {} {beyond} {}", trend.points.len(), written(limit));
    }
    field(lines, name, &words, columns);
    let ascii = state.options.ascii;
    let mark = limit.zip(trend.limit_height()).map(|(limit, height)| mark(height, &written(limit), ascii));
    let mark = mark.unwrap_or_default();
    let room = columns.saturating_sub(super::width(&mark)).min(trend.points.len().max(1));
    let mut line = bars(&trend.bars(room), ascii);
    line.push(Span::new(mark, Role::Dim));
    lines.push(line);
}

/// A bar as high as the limit, and the limit.
fn mark(height: usize, limit: &str, ascii: bool) -> String {
    let bar = match (height, ascii) {
        (..=8, _) => sign(height, ascii),
        (_, false) => "↑",
        (_, true) => "^",
    };
    format!(" {bar} limit {limit}")
}

fn bars(bars: &[Bar], ascii: bool) -> Line {
    let mut line: Line = Vec::new();
    for bar in bars {
        let (text, role) = match bar {
            Some((eighths, is_past)) => (sign(*eighths, ascii), if *is_past { Role::Warn } else { Role::Dialog }),
            None => (" ", Role::Dim),
        };
        match line.last_mut().filter(|span| span.role == role) {
            Some(span) => span.text.push_str(text),
            None => line.push(Span::new(text, role)),
        }
    }
    line
}
