//! From a theme's styles to ratatui's.

use ratatui::style::{Color as Shown, Modifier, Style as Drawn};

use crate::theme::{Color, Role, Style, Theme};

/// How a role is drawn.
pub fn style(theme: &Theme, role: Role) -> Drawn {
    let style = theme.style(role);
    match role {
        // In the colour of the text it was, so that moving the cursor changes no more than what marks it.
        Role::Selected => drawn(Style { fg: style.fg.or(theme.style(Role::Text).fg), ..style }),
        _ => drawn(style),
    }
}

fn drawn(style: Style) -> Drawn {
    let mut out = Drawn::new();
    if let Some(fg) = style.fg {
        out = out.fg(color(fg));
    }
    if let Some(bg) = style.bg {
        out = out.bg(color(bg));
    }
    let modifiers = [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.underline, Modifier::UNDERLINED),
        (style.reverse, Modifier::REVERSED),
    ];
    modifiers.into_iter().filter(|(on, _)| *on).fold(out, |out, (_, modifier)| out.add_modifier(modifier))
}

const fn color(color: Color) -> Shown {
    match color {
        Color::Default => Shown::Reset,
        Color::Ansi(n) | Color::Indexed(n) => Shown::Indexed(n),
        Color::Rgb(r, g, b) => Shown::Rgb(r, g, b),
    }
}
