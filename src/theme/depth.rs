//! How many colours the terminal has, and what becomes of a style that asks for more.

use std::collections::BTreeMap;

use super::{Color, Style};

/// How many colours there are. The order is from fewest to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None: bold, dim, underline and reverse only.
    Mono,
    /// The sixteen of the terminal's own theme.
    Ansi16,
    /// The fixed palette of 256.
    Ansi256,
    /// Red, green and blue.
    TrueColor,
}

impl Depth {
    /// All depths, fewest colours first.
    pub const ALL: [Self; 4] = [Self::Mono, Self::Ansi16, Self::Ansi256, Self::TrueColor];

    /// The depth in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mono => "none",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::TrueColor => "rgb",
        }
    }

    /// What the environment says, and the variable that says it (none: nothing does).
    ///
    /// `NO_COLOR`, set to anything, counts before all else (no-color.org). `COLORTERM` travels through SSH and su into
    /// terminals it was not meant for, so it cannot lift `linux`, `screen`, `vt…` and `dumb` beyond what they can do.
    #[must_use]
    pub fn detect(env: &BTreeMap<String, String>) -> (Self, Option<&'static str>) {
        let get = |name: &str| env.get(name).map(String::as_str).filter(|value| !value.is_empty());
        if get("NO_COLOR").is_some() {
            return (Self::Mono, Some("NO_COLOR"));
        }
        let Some(term) = get("TERM") else { return (Self::Mono, None) };
        if term == "dumb" || term.starts_with("vt") {
            return (Self::Mono, Some("TERM"));
        }
        let named = if term.ends_with("-direct") {
            Self::TrueColor
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        };
        let is_capped = term == "linux" || term.starts_with("screen");
        if matches!(get("COLORTERM"), Some("truecolor" | "24bit")) && !is_capped {
            return (Self::TrueColor, Some("COLORTERM"));
        }
        (named, Some("TERM"))
    }
}

impl Color {
    /// The nearest colour there is at this depth.
    #[must_use]
    pub fn at(self, depth: Depth) -> Self {
        match (depth, self) {
            (Depth::Mono, _) => Self::Default,
            (Depth::Ansi16, Self::Rgb(..) | Self::Indexed(_)) => {
                self.rgb().map_or(self, |rgb| Self::Ansi(nearest_16(rgb)))
            }
            (Depth::Ansi256, Self::Rgb(r, g, b)) => Self::Indexed(nearest_256([r, g, b])),
            _ => self,
        }
    }
}

impl Style {
    /// The style as it can be drawn at this depth on `background`.
    ///
    /// A background that is lost becomes reverse video, for it marks something: always without colours, and with sixteen where
    /// no foreground goes with it (a selected row), because no one knows which of the sixteen can be read on which.
    #[must_use]
    pub fn at(self, depth: Depth, background: Option<Color>) -> Self {
        let marks = self.bg.is_some_and(|bg| bg != Color::Default && Some(bg) != background);
        match depth {
            Depth::Mono => Self { fg: None, bg: None, reverse: self.reverse || marks, ..self },
            Depth::Ansi16 if marks && self.fg.is_none() => Self { bg: None, reverse: true, ..self },
            _ => Self { fg: self.fg.map(|c| c.at(depth)), bg: self.bg.map(|c| c.at(depth)), ..self },
        }
    }
}

/// The nearest of the 240 fixed colours, by distance in the cube or on the ramp of greys.
fn nearest_256(rgb: [u8; 3]) -> u8 {
    let distance = |a: [u8; 3]| -> u32 { a.iter().zip(rgb).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    let fixed = (16..=255).filter_map(|n| Color::Indexed(n).rgb().map(|rgb| (distance(rgb), n)));
    fixed.min().map_or(16, |(_, n)| n)
}

/// The one of the sixteen with the same hue; greys by their lightness.
///
/// By hue and not by distance: pastel red is nearest to white, and would stop being red.
fn nearest_16(rgb: [u8; 3]) -> u8 {
    let [r, g, b] = rgb.map(i32::from);
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let spread = high - low;
    if spread * 4 <= high {
        return match i32::midpoint(high, low) {
            ..=47 => 0,
            48..=119 => 8,
            120..=223 => 7,
            _ => 15,
        };
    }
    let degrees = match high {
        _ if high == r => 60 * (g - b) / spread,
        _ if high == g => 120 + 60 * (b - r) / spread,
        _ => 240 + 60 * (r - g) / spread,
    };
    let dark = match degrees.rem_euclid(360) {
        20..70 => 3,
        70..165 => 2,
        165..200 => 6,
        200..260 => 4,
        260..340 => 5,
        _ => 1,
    };
    if high >= 200 { dark + 8 } else { dark }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(vars: &[(&str, &str)]) -> Depth {
        Depth::detect(&vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()).0
    }

    #[test]
    fn the_environment_says_how_many_colours() {
        assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(detect(&[("TERM", "xterm"), ("COLORTERM", "24bit")]), Depth::TrueColor);
        assert_eq!(detect(&[("TERM", "tmux-256color")]), Depth::Ansi256);
        assert_eq!(detect(&[("TERM", "xterm")]), Depth::Ansi16);
        assert_eq!(detect(&[("TERM", "linux"), ("COLORTERM", "truecolor")]), Depth::Ansi16);
        assert_eq!(detect(&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")]), Depth::Ansi256);
        assert_eq!(detect(&[("TERM", "vt100"), ("COLORTERM", "truecolor")]), Depth::Mono);
        assert_eq!(detect(&[("TERM", "dumb")]), Depth::Mono);
        assert_eq!(detect(&[]), Depth::Mono);
    }

    #[test]
    fn no_color_counts_before_all_else_unless_empty() {
        assert_eq!(detect(&[("NO_COLOR", "0"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::Mono);
        assert_eq!(detect(&[("NO_COLOR", ""), ("TERM", "xterm-256color")]), Depth::Ansi256);
    }

    #[test]
    fn colours_keep_their_hue_on_the_way_down() {
        let down = |hex: &str| {
            let rgb = Color::parse(hex).unwrap();
            (rgb.at(Depth::Ansi256).to_string(), rgb.at(Depth::Ansi16).to_string())
        };
        assert_eq!(down("#ff0000"), ("196".into(), "bright-red".into()));
        assert_eq!(down("#ff8f86").1, "bright-red");
        assert_eq!(down("#8b1a1a").1, "red");
        assert_eq!(down("#7ccf8a").1, "bright-green");
        assert_eq!(down("#f2c94c").1, "bright-yellow");
        assert_eq!(down("#7db8ff").1, "bright-blue");
        assert_eq!(down("#d9a0ff").1, "bright-magenta");
        assert_eq!(down("#0b6670").1, "cyan");
        assert_eq!(down("#ffffff"), ("231".into(), "bright-white".into()));
        assert_eq!(down("#808080"), ("244".into(), "white".into()));
        assert_eq!(down("#000000"), ("16".into(), "black".into()));
    }

    #[test]
    fn a_lost_background_becomes_reverse() {
        let (blue, paper) = (Color::Rgb(0x1f, 0x3f, 0x66), Color::Rgb(0, 0, 0));
        let row = Style { bg: Some(blue), ..Style::default() };
        assert!(row.at(Depth::Mono, Some(paper)).reverse);
        assert!(row.at(Depth::Ansi16, Some(paper)).reverse);
        assert_eq!(row.at(Depth::Ansi256, Some(paper)).bg, Some(Color::Indexed(nearest_256([0x1f, 0x3f, 0x66]))));
        let plain = Style { bg: Some(paper), ..Style::default() };
        assert!(!plain.at(Depth::Mono, Some(paper)).reverse);
    }
}
