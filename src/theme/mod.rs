//! Themes as data: which role is drawn in which colours.
//!
//! A theme is a TOML file of a palette and roles; a built-in one can be inherited and changed name by name:
//!
//! ```toml
//! inherits = "dark"
//! background = "#000000"      # what it is meant to be drawn on; never painted
//! [palette]
//! red = "#ff8f86"
//! [roles]
//! crit = { fg = "red", bold = true }
//! ```
//!
//! A colour is a name of the palette, one of the sixteen (`red`, `bright-red`), `default`, `#rrggbb`, or a number of the 256
//! palette.

mod color;
mod depth;
mod file;
mod lint;
mod role;

pub use color::{ANSI_NAMES, Color, contrast};
pub use depth::Depth;
pub use lint::lint;
pub use role::{Legibility, Role};

use std::collections::BTreeMap;

use crate::error::Error;

/// The themes compiled in, by name; the first is the default.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The names of the themes compiled in.
#[must_use]
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// The text of a theme compiled in.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// How something is drawn. What is not set is as in the style it is drawn over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "the attributes of a terminal cell are independent of one another")]
pub struct Style {
    /// The colour of the characters.
    pub fg: Option<Color>,
    /// The colour behind them.
    pub bg: Option<Color>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
}

/// How every role is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    background: Option<Color>,
    styles: BTreeMap<Role, Style>,
}

impl Theme {
    /// Reads a theme. `origin` is the file's name as the user knows it.
    ///
    /// What is wrong is left out and told; the default is inherited in place of an unknown theme, and text that is not TOML
    /// gives the default theme.
    #[must_use]
    pub fn load(text: &str, origin: &str) -> (Self, Vec<Error>) {
        file::load(text, origin, built_in)
    }

    /// A theme compiled in, and what is wrong with it (nothing).
    #[must_use]
    pub fn named(name: &str) -> Option<(Self, Vec<Error>)> {
        built_in(name).map(|text| Self::load(text, name))
    }

    /// How a role is drawn; a role the theme does not set is drawn plainly.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// The colour the theme is meant to be drawn on. It is not painted: the terminal's own background stays.
    #[must_use]
    pub const fn background(&self) -> Option<Color> {
        self.background
    }

    /// The theme as it can be drawn at this depth.
    #[must_use]
    pub fn at(&self, depth: Depth) -> Self {
        let styles = self.styles.iter().map(|(role, style)| (*role, style.at(depth, self.background))).collect();
        Self { background: self.background.map(|c| c.at(depth)), styles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_degraded_as_a_whole() {
        let (dark, wrong) = Theme::named("dark").unwrap();
        assert_eq!(wrong, []);
        for depth in Depth::ALL {
            let drawn = dark.at(depth);
            for role in Role::ALL {
                let style = drawn.style(*role);
                for color in [style.fg, style.bg].into_iter().flatten() {
                    assert_eq!(color.at(depth), color, "{} at {depth:?}", role.name());
                    assert_ne!(depth, Depth::Mono);
                }
            }
        }
    }
}
