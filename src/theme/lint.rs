//! What a theme that ships must also keep to.

use super::{Color, Depth, Legibility, Role, Style, Theme, contrast};
use crate::error::Error;

/// Everything [`Theme::load`] tells, and what would make the screen hard to read: severities that look alike at some depth,
/// too little contrast, characters in the colour they are drawn on.
#[must_use]
pub fn lint(text: &str, origin: &str) -> Vec<Error> {
    let (theme, mut wrong) = Theme::load(text, origin);
    let found = alike(&theme).into_iter().chain(invisible(&theme)).chain(faint(&theme));
    wrong.extend(found.map(|what| Error::usage(what).from(origin)));
    wrong
}

/// Whether the theme uses colours at all; one that does is not drawn without them unless the user insists.
fn has_colors(theme: &Theme) -> bool {
    theme.styles.values().any(|style| style.fg.is_some() || style.bg.is_some())
}

/// Severities that cannot be told from each other, at any depth the theme is made for.
fn alike(theme: &Theme) -> Vec<String> {
    let depths = if has_colors(theme) { &Depth::ALL[1..] } else { &Depth::ALL[..] };
    let set: Vec<Role> = Role::SEVERITIES.into_iter().filter(|role| theme.styles.contains_key(role)).collect();
    let mut found = Vec::new();
    for (i, a) in set.iter().enumerate() {
        for b in &set[i + 1..] {
            let same = |depth: Depth| {
                theme.style(*a).at(depth, theme.background) == theme.style(*b).at(depth, theme.background)
            };
            let what = format!("{} and {} look the same", a.name(), b.name());
            found.extend(at_depths(&what, depths, same));
        }
    }
    found
}

/// Roles drawn in the colour they are drawn on, at some depth.
fn invisible(theme: &Theme) -> Vec<String> {
    let hides = |role: Role, depth: Depth| {
        let Style { fg, bg, .. } = theme.style(role).at(depth, theme.background);
        fg.is_some() && fg == bg && fg != Some(Color::Default)
    };
    let told = |role: &Role| at_depths(&format!("{} is invisible", role.name()), &Depth::ALL[1..], |d| hides(*role, d));
    Role::ALL.iter().filter_map(told).collect()
}

/// Says at which of the depths something holds, if at any.
fn at_depths(what: &str, depths: &[Depth], holds: impl Fn(Depth) -> bool) -> Option<String> {
    let at: Vec<Depth> = depths.iter().copied().filter(|depth| holds(*depth)).collect();
    let words: Vec<&str> = at.iter().map(|depth| depth.word()).collect();
    match at.len() {
        0 => None,
        n if n == depths.len() => Some(what.to_owned()),
        _ => Some(format!("{what} with these colours: {}", words.join(", "))),
    }
}

/// Roles with too little contrast, as far as the theme and not the terminal decides the colours.
fn faint(theme: &Theme) -> Vec<String> {
    let paper = theme.background.and_then(Color::rgb);
    let mut found = Vec::new();
    if paper.is_none() && theme.styles.values().any(|style| style.fg.and_then(Color::rgb).is_some()) {
        found.push("no background of fixed colour is declared, so contrast cannot be checked".to_owned());
    }
    let text = theme.style(Role::Text).fg;
    for role in Role::ALL {
        let style = theme.style(*role);
        let behind = style.bg.map_or(paper, Color::rgb);
        too_faint(&mut found, role.name(), style.fg.or(text), behind, role.legibility());
    }
    let selected = theme.style(Role::Selected);
    if let (None, Some(behind)) = (selected.fg, selected.bg) {
        for role in Role::ALL.iter().filter(|role| role.legibility() == Legibility::Text) {
            let style = theme.style(*role);
            if style.bg.is_none() {
                let what = format!("{} on a selected row", role.name());
                too_faint(&mut found, &what, style.fg, behind.rgb(), Legibility::Text);
            }
        }
    }
    found
}

fn too_faint(found: &mut Vec<String>, what: &str, fg: Option<Color>, bg: Option<[u8; 3]>, wanted: Legibility) {
    let (Some(color), Some(bg)) = (fg, bg) else { return };
    let Some(rgb) = color.rgb() else { return };
    let (ratio, least) = (contrast(rgb, bg), wanted.contrast());
    if ratio < least {
        let [r, g, b] = bg;
        let behind = Color::Rgb(r, g, b);
        found.push(format!("{what}: contrast of {color} on {behind} is {ratio:.2}:1, below {least}:1"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(changes: &str) -> Vec<String> {
        lint(&format!("inherits = \"dark\"\n{changes}"), "t.toml").iter().map(|e| e.what.clone()).collect()
    }

    #[test]
    fn severities_must_not_look_alike() {
        let told = told("[roles]\nwarn = { fg = \"#ff8f86\", bold = true }\ncrit = { fg = \"#ff8f85\", bold = true }");
        assert_eq!(told, ["warn and crit look the same with these colours: 16, 256"]);
    }

    #[test]
    fn too_little_contrast_is_told_with_its_number() {
        let told = told("[roles]\ndim = { fg = \"#606060\" }");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("dim: contrast of #606060 on #"), "{told:?}");
        assert!(told[1].starts_with("dim on a selected row: "), "{told:?}");
    }

    #[test]
    fn graphics_need_less_contrast_than_text() {
        assert!(told("[roles]\nborder = { fg = \"#808890\" }").is_empty());
        assert_eq!(told("[roles]\ntitle = { fg = \"#808890\" }").len(), 2);
    }

    #[test]
    fn characters_must_differ_from_what_they_are_on() {
        let told = told("[roles]\nheader = { fg = \"#ff0000\", bg = \"#fe0000\" }");
        assert!(told.contains(&"header is invisible with these colours: 16, 256".to_owned()), "{told:?}");
        assert!(told.iter().any(|what| what.starts_with("header: contrast")), "{told:?}");
    }

    #[test]
    fn fixed_colours_need_a_declared_background() {
        let text = "[roles]\ntext = { fg = \"#ffffff\" }";
        assert!(lint(text, "t.toml").iter().any(|e| e.what.starts_with("no background")));
    }
}
