//! Colours, how they are written, and how far apart they look.

use std::fmt;

/// A colour a terminal can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Color {
    /// The terminal's own foreground or background.
    Default,
    /// One of the sixteen the user's terminal theme decides about: 0 to 15.
    Ansi(u8),
    /// One of the fixed colours of the 256 palette: 16 to 255.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// The words for the sixteen colours, in their order.
pub const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl Color {
    /// Reads `default`, one of the [`ANSI_NAMES`] or `#rrggbb`.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        if written == "default" {
            return Some(Self::Default);
        }
        if let Some(n) = ANSI_NAMES.iter().position(|name| *name == written) {
            return u8::try_from(n).ok().map(Self::Ansi);
        }
        let digits = written.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let n = u32::from_str_radix(digits, 16).ok()?;
        let [_, r, g, b] = n.to_be_bytes();
        Some(Self::Rgb(r, g, b))
    }

    /// The colour of this number in the 256 palette.
    #[must_use]
    pub const fn number(n: u8) -> Self {
        if n < 16 { Self::Ansi(n) } else { Self::Indexed(n) }
    }

    /// Red, green and blue, where the terminal has no say in them.
    #[must_use]
    pub fn rgb(self) -> Option<[u8; 3]> {
        match self {
            Self::Default | Self::Ansi(_) => None,
            Self::Indexed(n) => Some(palette_256(n)),
            Self::Rgb(r, g, b) => Some([r, g, b]),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Ansi(n) => f.write_str(ANSI_NAMES[usize::from(*n) % 16]),
            Self::Indexed(n) => write!(f, "{n}"),
            Self::Rgb(r, g, b) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

/// The steps of one side of the colour cube, as xterm draws it.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Colours 16 to 231 are a cube, 232 to 255 a ramp of greys (xterm's definition, which every other terminal follows).
fn palette_256(n: u8) -> [u8; 3] {
    if n >= 232 {
        return [8 + 10 * (n - 232); 3];
    }
    let cell = n.saturating_sub(16);
    [cell / 36, cell / 6 % 6, cell % 6].map(|step| STEPS[usize::from(step)])
}

/// How clearly two colours stand apart, 1 to 21 (WCAG 2.1, contrast ratio).
#[must_use]
pub fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// How much light a colour gives, 0 to 1 (WCAG 2.1, relative luminance).
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_written_alike() {
        for same in ["default", "red", "bright-black", "#01fe80"] {
            assert_eq!(Color::parse(same).unwrap().to_string(), same);
        }
        for wrong in ["", "#fff", "#12345g", "#+12345", "rde", "#é1234"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_fixed_palette_is_xterms() {
        assert_eq!(Color::number(196).rgb(), Some([255, 0, 0]));
        assert_eq!(Color::number(244).rgb(), Some([128, 128, 128]));
        assert_eq!(Color::number(9).rgb(), None);
    }

    #[test]
    fn contrast_is_wcags() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((contrast([118; 3], [255; 3]) - 4.54).abs() < 0.01);
    }
}
