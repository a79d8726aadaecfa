//! One frame.

use ratatui::Frame;
use ratatui::layout::Position;

use super::widget;
use crate::app::Screen;
use crate::theme::Theme;

/// Draws a picture into a frame.
pub fn draw(screen: &Screen, theme: &Theme, frame: &mut Frame<'_>) {
    widget::screen(screen, theme, frame.buffer_mut());
    if let Some(x) = screen.caret {
        let area = frame.area();
        let bottom = area.height.saturating_sub(1);
        frame.set_cursor_position(Position::new(x.min(area.width.saturating_sub(1)), bottom));
    }
}
