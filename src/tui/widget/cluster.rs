//! Characters that belong together, where not every terminal knows that they do.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Leaves of each cell what takes its columns and no more on a terminal that draws character by character too: the thumb
/// without its colour, the letter without the one joined to it. The rest would move all that follows.
pub(super) fn fit(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let columns = symbol.width();
        let mut taken = 0;
        let over = |(_, c): &(usize, char)| {
            taken += c.width().unwrap_or(0);
            taken > columns
        };
        if let Some((at, _)) = symbol.char_indices().find(over) {
            let kept = symbol[..at].to_owned();
            cell.set_symbol(&kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn c5_nothing_of_a_cell_stands_beside_it() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 1));
        buffer.set_string(0, 0, "a👍🏽b🇩🇪e\u{301}ក្ក日กำ", Style::new());
        fit(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        let text: Vec<&str> = text.split(' ').filter(|text| !text.is_empty()).collect();
        assert_eq!(text.concat(), "a👍b🇩🇪e\u{301}ក្日กำ");
    }
}
