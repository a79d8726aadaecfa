//! The regions of the screen.

mod ascii;
mod bar;
mod cluster;
mod frame;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::style::style;
use crate::app::Screen;
use crate::theme::{Role, Theme};

/// The whole screen. Whatever its size, nothing is written outside of the buffer.
pub fn screen(screen: &Screen, theme: &Theme, buffer: &mut Buffer) {
    regions(screen, theme, buffer);
    cluster::fit(buffer);
    if screen.ascii {
        ascii::replace(buffer);
    }
}

fn regions(screen: &Screen, theme: &Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.is_empty() {
        return;
    }
    if let Some(words) = &screen.too_small {
        buffer.set_stringn(area.x, area.y, words, usize::from(area.width), style(theme, Role::Warn));
        return;
    }
    let mut rest = Rows(area);
    if let Some(line) = rest.top(1) {
        let base = screen.header_role.map_or_else(Style::new, |role| style(theme, role));
        buffer.set_style(line, base);
        bar::bar(&screen.header, theme, line, buffer);
    }
    if let Some(line) = rest.top(1) {
        bar::bar(&screen.tabs, theme, line, buffer);
    }
    if let Some(banner) = &screen.banner
        && let Some(line) = rest.top(1)
    {
        bar::line(banner, theme, line, buffer);
    }
    if let Some(line) = rest.bottom() {
        bar::bar(&screen.footer, theme, line, buffer);
    }
    frame::frame(rest.0, &screen.pane.title, Role::Border, screen.ascii, theme, buffer);
    let mut inside = Rows(frame::inside(rest.0));
    if let Some(line) = inside.top(1) {
        bar::line(&screen.pane.heading, theme, line, buffer);
    }
    for spans in screen.pane.below.iter().rev() {
        let Some(line) = inside.bottom() else { break };
        bar::line(spans, theme, line, buffer);
    }
    for spans in &screen.pane.lines {
        let Some(line) = inside.top(1) else { break };
        bar::line(spans, theme, line, buffer);
    }
    if let Some(panel) = &screen.panel {
        frame::panel(panel, area, screen.ascii, theme, buffer);
    }
}

/// Rows that are still free.
struct Rows(Rect);

impl Rows {
    fn top(&mut self, height: u16) -> Option<Rect> {
        let free = self.0;
        if free.height < height || free.width == 0 {
            return None;
        }
        self.0 = Rect { y: free.y + height, height: free.height - height, ..free };
        Some(Rect { height, ..free })
    }

    fn bottom(&mut self) -> Option<Rect> {
        let free = self.0;
        let height = free.height.checked_sub(1).filter(|_| free.width > 0)?;
        self.0 = Rect { height, ..free };
        Some(Rect { y: free.y + height, height: 1, ..free })
    }
}
