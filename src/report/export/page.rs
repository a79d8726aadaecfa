//! Rows for people: what the screen says of them, as aligned columns or as a Markdown table.

use unicode_width::UnicodeWidthStr;

use super::record::columns;
use crate::health::words::whole;
use crate::table::{Align, Cell, Row};
use crate::time::Timestamp;
use crate::view::View;

/// Blanks between columns.
const GAP: usize = 2;
/// A column is as wide as its widest cell, unless that is wider than this and than twice what three in four take: what such a
/// cell adds moves its own line only, and one long sentence does not tear the table apart.
const WIDE: usize = 60;

struct Page {
    heads: Vec<(&'static str, Align)>,
    lines: Vec<Vec<String>>,
}

impl Page {
    fn of(view: &View, rows: &[&Row], now: Timestamp) -> Self {
        let titles = columns(view).map(|(_, column)| (column.title, column.align));
        let first = [("stack", Align::Left), ("severity", Align::Left)];
        let heads = first.into_iter().chain(titles).chain([("problems", Align::Left)]).collect();
        let line = |row: &&Row| {
            let cells = row.exported().unwrap_or_default();
            let cells = columns(view).map(|(i, _)| cells.get(i).unwrap_or(&Cell::Missing).human(now));
            let problems: Vec<String> = row.problems.iter().map(|problem| whole(&problem.check)).collect();
            let first = [row.stack.to_string(), row.severity.word().to_owned()];
            first.into_iter().chain(cells).chain([problems.join("; ")]).collect()
        };
        Self { heads, lines: rows.iter().filter(|row| row.exported().is_some()).map(line).collect() }
    }
}

/// Columns aligned by the cells their text takes on a terminal. Nothing is cut.
pub(super) fn aligned(view: &View, rows: &[&Row], now: Timestamp) -> String {
    let Page { heads, lines } = Page::of(view, rows, now);
    let head: Vec<String> = heads.iter().map(|(title, _)| (*title).to_owned()).collect();
    let all = || std::iter::once(&head).chain(&lines);
    let widths =
        (0..heads.len()).map(|i| wide(all().filter_map(|line| line.get(i)).map(|cell| cell.width()).collect()));
    let widths: Vec<usize> = widths.collect();
    let mut text = String::new();
    for line in all() {
        let mut written = String::new();
        for ((cell, width), (_, align)) in line.iter().zip(&widths).zip(&heads) {
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) = if *align == Align::Right { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            written.extend([before, cell, after, &" ".repeat(GAP)]);
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

/// How wide a column with cells of these widths is.
fn wide(mut cells: Vec<usize>) -> usize {
    cells.sort_unstable();
    let usual = cells.get(cells.len().saturating_sub(1) * 3 / 4).copied().unwrap_or(0);
    cells.last().copied().unwrap_or(0).min(WIDE.max(2 * usual))
}

/// A table in GitHub's Markdown.
pub(super) fn markdown(view: &View, rows: &[&Row], now: Timestamp) -> String {
    let Page { heads, lines } = Page::of(view, rows, now);
    let head: Vec<String> = heads.iter().map(|(title, _)| escaped(title)).collect();
    let rules: Vec<String> =
        heads.iter().map(|(_, align)| if *align == Align::Right { "---:" } else { "---" }.to_owned()).collect();
    let body = lines.iter().map(|line| line.iter().map(|cell| escaped(cell)).collect());
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    [head, rules].into_iter().chain(body).map(line).collect()
}

/// Text that ends no cell and makes no link, image, code or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '`' | '*' | '[' | ']' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[test]
    fn a_long_cell_moves_its_own_line_only() {
        let view = crate::view::view("services").unwrap();
        let row = |service: String, problem: &str| {
            let mut cells = vec![Cell::Missing; view.columns.len()];
            cells[1] = Cell::Text(Text::from(service));
            cells[14] = Cell::Text(Text::from(problem));
            Row { cells, ..Row::default() }
        };
        let (short, long) = (row("a".to_owned(), "last"), row("b".repeat(100), "last"));
        let text = aligned(view, &[&short, &long], Timestamp::default());
        let at: Vec<_> = text.lines().map(|line| line.split("last").next().unwrap().width()).collect();
        assert_eq!(at[1], at[0], "under its heading");
        assert_eq!(at[2] - at[1], 100 - WIDE);
    }

    #[test]
    fn columns_of_long_cells_stand_under_each_other() {
        let view = crate::view::view("services").unwrap();
        let row = |service: String| {
            let mut cells = vec![Cell::Missing; view.columns.len()];
            cells[1] = Cell::Text(Text::from(service));
            cells[14] = Cell::Text(Text::from("last"));
            Row { cells, ..Row::default() }
        };
        let rows = [40, 90, 100, 110].map(|n| row("本".repeat(n / 2)));
        let text = aligned(view, &rows.each_ref(), Timestamp::default());
        let mut at: Vec<_> = text.lines().map(|line| line.split("last").next().unwrap().width()).collect();
        at.dedup();
        assert_eq!(at.len(), 1, "by cells of the terminal:\n{text}");
    }

    #[test]
    fn markdown_of_others_stays_text() {
        assert_eq!(escaped(r"a|b \| `x` *y*"), r"a\|b \\\| \`x\` \*y\*");
        assert_eq!(escaped("![](http://h/p)<img src=x> &lt;"), r"!\[\](http://h/p)&lt;img src=x> &amp;lt;");
    }
}
