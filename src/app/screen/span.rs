//! Pieces of text with roles, and their widths on screen.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::theme::Role;

/// A run of text in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// What it means.
    pub role: Role,
}

impl Span {
    /// A run of text in one role.
    #[must_use]
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

/// A line of the screen.
pub type Line = Vec<Span>;

/// A line with something at its left and something at its right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// From the left; cut where the right begins.
    pub left: Line,
    /// To the right edge.
    pub right: Line,
}

/// Columns a text takes: those of its clusters, for they are drawn one after the other. As a whole it may be narrower: some
/// scripts join letters.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Cuts a text to `columns`, marking the cut.
#[must_use]
pub fn cut(text: &str, columns: usize, ascii: bool) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = if ascii { "~" } else { "…" };
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let next = used + cluster.width();
        if next + 1 > columns {
            break;
        }
        out.push_str(cluster);
        used = next;
    }
    if columns > 0 {
        out.push_str(mark);
    }
    out
}

/// Cuts a name to `columns` within, where names differ least: what it begins with and how it ends are left.
pub(super) fn cut_within(name: &str, columns: usize, ascii: bool) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let (mut tail, mut used) = (Vec::new(), 0);
    for cluster in name.graphemes(true).rev() {
        used += cluster.width();
        if used > columns / 3 {
            break;
        }
        tail.push(cluster);
    }
    let tail: String = tail.into_iter().rev().collect();
    cut(name, columns - width(&tail), ascii) + &tail
}

/// Cuts or fills a text to exactly `columns`.
#[must_use]
pub fn pad(text: &str, columns: usize, right: bool, ascii: bool) -> String {
    let cut = cut(text, columns, ascii);
    let fill = " ".repeat(columns.saturating_sub(width(&cut)));
    if right { fill + &cut } else { cut + &fill }
}

/// Breaks a text into lines of at most `columns`: at spaces, and within a word only where it is wider than a line, which then
/// begins one.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    let mut put = |piece: &str| {
        if used + width(piece.trim_end()) > columns && used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        if used > 0 || !piece.trim().is_empty() {
            line.push_str(piece);
            used += width(piece);
        }
    };
    for word in text.split_inclusive(' ') {
        if width(word.trim_end()) <= columns {
            put(word);
        } else {
            let mut taken = 0;
            let fits = |one: &&str| {
                taken += width(one);
                taken <= columns
            };
            let end = word.graphemes(true).take_while(fits).map(str::len).sum();
            put(&word[..end]);
            word[end..].graphemes(true).for_each(&mut put);
        }
    }
    if used > 0 || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// As much of a line as has room.
pub(super) fn shortened(line: Line, room: usize, ascii: bool) -> Line {
    let mut left = room;
    let mut out = Vec::new();
    for span in line {
        let text = cut(&span.text, left, ascii);
        left -= width(&text).min(left);
        out.push(Span { text, ..span });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_cut_with_a_mark_and_filled() {
        assert_eq!(cut("ehr-api", 4, false), "ehr…");
        assert_eq!(cut("ehr-api", 4, true), "ehr~");
        assert_eq!(cut_within("cpu-AlarmHigh-1", 10, false), "cpu-Al…h-1");
        assert_eq!([3, 1, 0].map(|columns| cut_within("日本語", columns, false)), ["日…", "…", ""]);
        assert_eq!(pad("ab", 4, true, false), "  ab");
        assert_eq!(pad("日本語", 4, false, false), "日… ");
        // Joined, the two letters would take one column; drawn they take two.
        assert_eq!(pad("لا", 4, false, false), "لا  ");
    }

    #[test]
    fn lines_break_at_spaces_alone() {
        assert_eq!(wrap("cluster full (asg-ehr 12/12, at max)", 28), ["cluster full (asg-ehr 12/12,", "at max)"]);
        assert_eq!(wrap("cluster full (asg-ehr 12/12, at max)", 27), ["cluster full (asg-ehr", "12/12, at max)"]);
        assert_eq!(wrap("cannot place 8 tasks", 12), ["cannot place", "8 tasks"]);
        assert_eq!(wrap("", 12), [""]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a bcdef gh", 3), ["a", "bcd", "ef", "gh"]);
    }

    proptest! {
        #[test]
        fn padded_text_is_exactly_as_wide_as_asked(text in ".{0,40}", columns in 1_usize..30, right: bool) {
            let clean = crate::text::clean(&text).into_owned();
            prop_assert_eq!(width(&pad(&clean, columns, right, false)), columns);
        }

        #[test]
        fn wrapped_lines_fit(text in ".{0,80}", columns in 2_usize..30) {
            let clean = crate::text::clean(&text).into_owned();
            prop_assert!(wrap(&clean, columns).iter().all(|line| width(line) <= columns));
        }
    }
}
