//! What is drawn, by its meaning: the words a theme gives colours to.

use crate::model::Severity;

/// How well a role must stand out from what it is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legibility {
    /// It is read: contrast 4.5 (WCAG 2.1, 1.4.3).
    Text,
    /// It is seen: contrast 3 (WCAG 2.1, 1.4.11).
    Graphic,
}

impl Legibility {
    /// The least contrast ratio.
    #[must_use]
    pub const fn contrast(self) -> f64 {
        match self {
            Self::Text => 4.5,
            Self::Graphic => 3.0,
        }
    }
}

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $legibility:ident,)+) => {
        /// A meaning that is drawn. Never the only carrier of it: every one also has a word, a glyph or a place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Role {
            /// All roles.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name in a theme.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How well it must stand out.
            #[must_use]
            pub const fn legibility(self) -> Legibility {
                match self { $(Self::$variant => Legibility::$legibility,)+ }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    Text "text" Text,
    /// What matters less: units, ages, separators.
    Dim "dim" Text,
    /// Lines around panels.
    Border "border" Graphic,
    /// Lines around the panel that has the focus.
    BorderFocused "border-focused" Graphic,
    /// The name of a panel.
    Title "title" Text,
    /// The line that says who and where.
    Header "header" Text,
    /// The same line where the stack is protected.
    HeaderProtected "header-protected" Text,
    /// A view that can be switched to.
    Tab "tab" Text,
    /// The view that is shown.
    TabActive "tab-active" Text,
    /// The names of columns.
    Column "column" Text,
    /// The row under the cursor.
    Selected "selected" Text,
    /// A marked row.
    Mark "mark" Text,
    /// All is well.
    Ok "ok" Text,
    /// Worth knowing.
    Info "info" Text,
    /// Could not be determined.
    Unknown "unknown" Text,
    /// Needs attention soon.
    Warn "warn" Text,
    /// Needs attention now.
    Crit "crit" Text,
    /// Read some time ago and not confirmed since.
    Stale "stale" Text,
    /// A key in a hint.
    KeyHint "key-hint" Text,
    /// The line being typed into.
    Prompt "prompt" Text,
    /// The text of a dialog.
    Dialog "dialog" Text,
    /// The characters a filter or the palette matched.
    Match "match" Text,
    /// The line of a chart.
    Chart "chart" Graphic,
    /// A threshold drawn into a chart.
    ChartThreshold "chart-threshold" Graphic,
}

impl Role {
    /// The roles of the severities, best first.
    pub const SEVERITIES: [Self; 5] = [Self::Ok, Self::Info, Self::Unknown, Self::Warn, Self::Crit];

    /// The role a severity is drawn in.
    #[must_use]
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Ok => Self::Ok,
            Severity::Info => Self::Info,
            Severity::Unknown => Self::Unknown,
            Severity::Warn => Self::Warn,
            Severity::Crit => Self::Crit,
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    /// The names of all roles.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|role| role.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_role() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(*role));
        }
    }

    #[test]
    fn severities_keep_their_words() {
        for severity in Severity::ALL {
            assert_eq!(Role::of(severity).name(), severity.word());
        }
    }
}
