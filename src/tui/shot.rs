//! A picture of the screen as SVG, for the documentation: the same cells a terminal would show.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::render;
use crate::app::Screen;
use crate::theme::{Color as ThemeColor, Theme};

/// Size of a cell in pixels: a common monospaced font at 14 px.
const CELL: (f32, f32) = (8.4, 18.0);
/// Around the cells, pixels.
const MARGIN: f32 = 8.0;
/// What a terminal that says nothing about its colours is taken to have.
const PLAIN: ([u8; 3], [u8; 3]) = ([0xd8, 0xdc, 0xe4], [0x1e, 0x21, 0x28]);

/// A picture of the console as an SVG document.
#[must_use]
pub fn svg(screen: &Screen, theme: &Theme) -> String {
    let buffer = render(screen, theme);
    let (columns, rows) = screen.size;
    let background = theme.background().and_then(ThemeColor::rgb).unwrap_or(PLAIN.1);
    let (width, height) = (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        hex(background)
    );
    for y in 0..rows {
        row(&buffer, y, columns, background, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Cells of one row that look alike are one run, placed by its own x so that no font can shift what follows.
fn row(buffer: &Buffer, y: u16, columns: u16, background: [u8; 3], out: &mut String) {
    let mut x = 0;
    while x < columns {
        let cell = &buffer[(x, y)];
        let (mut text, mut end) = (String::new(), x);
        while end < columns && alike(&buffer[(end, y)], cell) && (text.is_ascii() || text.is_empty()) {
            let symbol = buffer[(end, y)].symbol();
            if !text.is_empty() && !symbol.is_ascii() {
                break;
            }
            text.push_str(symbol);
            end += u16::try_from(symbol.width().max(1)).unwrap_or(1);
        }
        run(&text, cell, (x, end, y), background, out);
        x = end.max(x + 1);
    }
}

fn alike(a: &Cell, b: &Cell) -> bool {
    (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

fn run(text: &str, cell: &Cell, (from, to, y): (u16, u16, u16), background: [u8; 3], out: &mut String) {
    let mut fg = rgb(cell.fg).unwrap_or(if bright(background) { [0x20, 0x24, 0x2c] } else { PLAIN.0 });
    let mut bg = rgb(cell.bg).unwrap_or(background);
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let (left, top) = (MARGIN + f32::from(from) * CELL.0, MARGIN + f32::from(y) * CELL.1);
    let width = f32::from(to - from) * CELL.0;
    if bg != background {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{}\"/>",
            CELL.1,
            hex(bg)
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if cell.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    if cell.modifier.contains(Modifier::DIM) {
        style.push_str(" opacity=\"0.65\"");
    }
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        top + 13.5,
        hex(fg),
        escape(text)
    );
}

fn bright([r, g, b]: [u8; 3]) -> bool {
    u32::from(r) + u32::from(g) + u32::from(b) > 384
}

fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(n) => ThemeColor::number(n).rgb(),
        _ => None,
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
