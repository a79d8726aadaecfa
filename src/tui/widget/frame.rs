//! Frames with a title, and panels over everything else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bar;
use crate::app::screen::{Bar, PanelPicture};
use crate::theme::{Role, Theme};
use crate::tui::style::style;

/// What a frame encloses.
pub(super) const fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// A frame with a bar in its upper border.
pub(super) fn frame(area: Rect, title: &Bar, role: Role, ascii: bool, theme: &Theme, buffer: &mut Buffer) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let [across, down, corners] = if ascii { ["-", "|", "++++"] } else { ["─", "│", "┌┐└┘"] };
    let corner: Vec<String> = corners.chars().map(String::from).collect();
    let drawn = style(theme, role);
    let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
    for x in area.x..=right {
        buffer.set_string(x, area.y, across, drawn);
        buffer.set_string(x, bottom, across, drawn);
    }
    for y in area.y..=bottom {
        buffer.set_string(area.x, y, down, drawn);
        buffer.set_string(right, y, down, drawn);
    }
    for (symbol, (x, y)) in corner.iter().zip([(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)]) {
        buffer.set_string(x, y, symbol, drawn);
    }
    if area.width > 4 {
        let upper = Rect { x: area.x + 1, y: area.y, width: area.width - 2, height: 1 };
        bar::bar(title, theme, upper, buffer);
    }
}

/// Lines above the pane.
const HEAD: u16 = 3;

/// A panel in the middle of `area`; what lies under it is cleared.
pub(super) fn panel(panel: &PanelPicture, area: Rect, ascii: bool, theme: &Theme, buffer: &mut Buffer) {
    let width = panel.size.0.min(area.width);
    let height = panel.size.1.min(area.height.saturating_sub(2));
    // In the middle, but below the header, the views and what is to be told, where it fits there.
    let below = area.height.saturating_sub(1 + height).min(HEAD);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height.saturating_sub(height) / 2).max(below),
        width,
        height,
    };
    for y in place.y..place.y + place.height {
        // A column at either side, too: single letters of what is below would stand there.
        for x in place.x.saturating_sub(1)..=place.x + place.width {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    frame(place, &panel.title, Role::BorderFocused, ascii, theme, buffer);
    let text = inside(place);
    let text = Rect { x: text.x + 1, width: text.width.saturating_sub(2), ..text };
    for (spans, y) in panel.lines.iter().zip(text.y..text.y + text.height) {
        bar::line(spans, theme, Rect { y, height: 1, ..text }, buffer);
    }
}
