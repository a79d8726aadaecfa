//! Lines of spans.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::screen::{Bar, Line, width};
use crate::theme::Theme;
use crate::tui::style::style;

/// A line, cut at the end of its area.
pub(super) fn line(spans: &Line, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let end = area.x.saturating_add(area.width);
    let mut x = area.x;
    for span in spans {
        if x >= end {
            return;
        }
        let (next, _) = buffer.set_stringn(x, area.y, &span.text, usize::from(end - x), style(theme, span.role));
        x = next;
    }
}

/// A bar: the right part whole where it fits, the left one in what remains.
pub(super) fn bar(bar: &Bar, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let wide: usize = bar.right.iter().map(|span| width(&span.text)).sum();
    let wide = u16::try_from(wide).unwrap_or(u16::MAX);
    let left: usize = bar.left.iter().map(|span| width(&span.text)).sum();
    let fits = usize::from(wide) + left <= usize::from(area.width);
    let room = if fits || wide <= area.width / 2 { area.width.saturating_sub(wide) } else { area.width };
    line(&bar.left, theme, Rect { width: room, ..area }, buffer);
    if room < area.width {
        line(&bar.right, theme, Rect { x: area.x + room, width: area.width - room, ..area }, buffer);
    }
}
