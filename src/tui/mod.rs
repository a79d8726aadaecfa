//! Draws a [`Screen`]: the only place that knows ratatui's buffer. It decides nothing.

mod shot;
mod style;
mod widget;

pub use shot::svg;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Screen;
use crate::theme::Theme;

/// The cells a picture of the console fills.
#[must_use]
pub fn render(screen: &Screen, theme: &Theme) -> Buffer {
    let (width, height) = screen.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    widget::screen(screen, theme, &mut buffer);
    buffer
}

/// Where the cursor stands, while something is typed.
#[must_use]
pub fn caret(screen: &Screen) -> Option<(u16, u16)> {
    let (width, height) = screen.size;
    let x = screen.caret?.min(width.checked_sub(1)?);
    Some((x, height.checked_sub(1)?))
}

/// The text of a picture, a line a row, without trailing spaces.
#[must_use]
pub fn text(screen: &Screen, theme: &Theme) -> String {
    let buffer = render(screen, theme);
    let (width, height) = screen.size;
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
