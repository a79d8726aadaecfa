//! ASCII alone: a terminal that knows no more draws anything else as noise, and loses its columns over it.

use ratatui::buffer::Buffer;

/// Replaces every character beyond ASCII by the nearest there is, or by `?`.
pub(super) fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let nearest = cell.symbol().chars().next().map_or('?', nearest);
            cell.set_char(nearest);
        }
    }
}

const fn nearest(c: char) -> char {
    match c {
        '…' => '~',
        '–' | '—' | '−' => '-',
        '×' => 'x',
        '±' => '+',
        '≥' | '›' | '→' | '▸' | '⟩' => '>',
        '≤' | '‹' | '←' | '⟨' => '<',
        '•' | '·' | '▪' => '*',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn columns_keep_their_places() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a…日本⟨U⟩é|", Style::new());
        replace(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "a~? ? <U>?| ");
    }
}
