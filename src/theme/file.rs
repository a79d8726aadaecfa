//! Reading a theme file.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::{ANSI_NAMES, Color, Role, Style, Theme, names};
use crate::document::{Document, Key, Value, ordered, quoted, suggestion};
use crate::error::Error;

/// What a role may say.
const STYLE_KEYS: [&str; 6] = ["fg", "bg", "bold", "dim", "underline", "reverse"];

/// What stands at the top of a theme.
const TOP_KEYS: [&str; 4] = ["inherits", "background", "palette", "roles"];

/// A colour as written: fixed, or a name that the palette of the whole theme decides.
#[derive(Clone, Debug)]
enum Paint {
    Fixed(Color),
    Named { name: String, place: String },
}

/// A role as written.
#[derive(Clone, Debug, Default)]
struct Sketch {
    fg: Option<Paint>,
    bg: Option<Paint>,
    style: Style,
}

/// A theme as written, together with what it inherits.
#[derive(Clone, Debug, Default)]
struct Draft {
    background: Option<Paint>,
    palette: BTreeMap<String, Color>,
    roles: BTreeMap<Role, Sketch>,
}

pub(super) fn load(text: &str, origin: &str, find: fn(&str) -> Option<&'static str>) -> (Theme, Vec<Error>) {
    let mut wrong = Vec::new();
    let mut seen = vec![origin.to_owned()];
    let draft = match layer(text, origin, find, &mut seen, &mut wrong) {
        Ok(draft) => draft,
        Err(e) => {
            wrong.push(e);
            let fallback = find("dark").unwrap_or_default();
            layer(fallback, "dark", find, &mut Vec::new(), &mut wrong).unwrap_or_default()
        }
    };
    let theme = draft.resolve(&mut wrong);
    let missing: Vec<&str> = Role::ALL.iter().filter(|r| !theme.styles.contains_key(r)).map(|r| r.name()).collect();
    if !missing.is_empty() {
        let hint = "set them, or begin with: inherits = \"dark\"";
        wrong.push(Error::usage(format!("roles not set: {}", missing.join(", "))).from(origin).hint(hint));
    }
    (theme, wrong)
}

/// A file on top of what it inherits.
fn layer(
    text: &str,
    origin: &str,
    find: fn(&str) -> Option<&'static str>,
    seen: &mut Vec<String>,
    wrong: &mut Vec<Error>,
) -> Result<Draft, Error> {
    let (mut document, root) = Document::parse(origin, text)?;
    let mut draft = Draft::default();
    let entries = ordered(&root);
    if let Some((_, value)) = entries.iter().find(|(key, _)| key.get_ref() == "inherits")
        && let Some((parent, text)) = document.parent(value, "theme", &names(), find, seen)
    {
        draft = layer(text, parent, find, seen, wrong)?;
    }
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        match name {
            "inherits" => {}
            "background" => draft.background = paint(&mut document, name, value).or(draft.background),
            "palette" => {
                for (name, value) in document.table(name, value, "[palette]").unwrap_or_default() {
                    palette(&mut document, &mut draft.palette, name, value);
                }
            }
            "roles" => {
                for (name, value) in document.table(name, value, "[roles]").unwrap_or_default() {
                    role(&mut document, &mut draft.roles, name, value);
                }
            }
            _ => document.unknown(key.span().start, "key", name, &TOP_KEYS),
        }
    }
    wrong.extend(document.into_mistakes());
    Ok(draft)
}

/// Reads one colour of the palette.
fn palette(document: &mut Document<'_>, palette: &mut BTreeMap<String, Color>, name: &Key<'_>, value: &Value<'_>) {
    let name = name.get_ref().as_ref();
    let color = match paint(document, name, value) {
        Some(Paint::Fixed(color)) => Some(color),
        Some(Paint::Named { name: written, .. }) => {
            let color = Color::parse(&written);
            if color.is_none() {
                bad_color(document, value.span().start, &written, &ANSI_NAMES);
            }
            color
        }
        None => None,
    };
    if let Some(color) = color {
        palette.insert(name.to_owned(), color);
    }
}

/// Reads one role.
fn role(document: &mut Document<'_>, roles: &mut BTreeMap<Role, Sketch>, name: &Key<'_>, value: &Value<'_>) {
    let written = name.get_ref().as_ref();
    let known = Role::named(written);
    if known.is_none() {
        document.mistake(name.span().start, format!("unknown role {}", quoted(written)), role_hint(written));
    }
    let Some(entries) = document.table(written, value, "{ fg = \"red\", bold = true }") else { return };
    let mut sketch = Sketch::default();
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        match name {
            "fg" => sketch.fg = paint(document, name, value),
            "bg" => sketch.bg = paint(document, name, value),
            "bold" => sketch.style.bold = document.boolean(name, value).unwrap_or_default(),
            "dim" => sketch.style.dim = document.boolean(name, value).unwrap_or_default(),
            "underline" => sketch.style.underline = document.boolean(name, value).unwrap_or_default(),
            "reverse" => sketch.style.reverse = document.boolean(name, value).unwrap_or_default(),
            _ => document.unknown(key.span().start, "key", name, &STYLE_KEYS),
        }
    }
    if let Some(role) = known {
        roles.insert(role, sketch);
    }
}

/// The nearest role, or all of them: they are too many for the usual list, and a theme is written beside it.
fn role_hint(written: &str) -> String {
    suggestion(written, &Role::names()).unwrap_or_else(|| format!("valid: {}", Role::names().join(", ")))
}

/// Reads a colour. A name is settled only once the whole palette is known.
fn paint(document: &mut Document<'_>, key: &str, value: &Value<'_>) -> Option<Paint> {
    let at = value.span().start;
    match value.get_ref() {
        DeValue::Integer(n) => {
            let number = u8::from_str_radix(n.as_str(), n.radix());
            if number.is_err() {
                let what = format!("{} is not a colour number", quoted(n.as_str()));
                document.mistake(at, what, "the 256 palette has 0 to 255".to_owned());
            }
            number.ok().map(|n| Paint::Fixed(Color::number(n)))
        }
        DeValue::String(name) if name.starts_with('#') => {
            let color = Color::parse(name);
            if color.is_none() {
                bad_color(document, at, name, &[]);
            }
            color.map(Paint::Fixed)
        }
        DeValue::String(name) => Some(Paint::Named { name: name.to_string(), place: document.place(at) }),
        _ => {
            document.wrong_type(key, value, "a colour such as \"red\", \"#ff8800\" or 203");
            None
        }
    }
}

fn bad_color(document: &mut Document<'_>, at: usize, written: &str, known: &[&str]) {
    let form = "write a colour like red, bright-red, default, #ff8800 or 203";
    let hint = suggestion(written, known).map_or_else(|| form.to_owned(), |near| format!("{near}; {form}"));
    document.mistake(at, format!("{} is not a colour", quoted(written)), hint);
}

impl Draft {
    /// Settles the names of colours.
    fn resolve(self, wrong: &mut Vec<Error>) -> Theme {
        let palette = self.palette;
        let mut color = |paint: Option<Paint>| match paint? {
            Paint::Fixed(color) => Some(color),
            Paint::Named { name, place } => {
                let color = palette.get(&name).copied().or_else(|| Color::parse(&name));
                if color.is_none() {
                    let mut known: Vec<&str> = palette.keys().map(String::as_str).collect();
                    known.extend(ANSI_NAMES);
                    let hint =
                        suggestion(&name, &known).unwrap_or_else(|| "the [palette] does not define it".to_owned());
                    wrong.push(Error::usage(format!("unknown colour {}", quoted(&name))).from(place).hint(hint));
                }
                color
            }
        };
        let background = color(self.background);
        let styles = self
            .roles
            .into_iter()
            .map(|(role, sketch)| (role, Style { fg: color(sketch.fg), bg: color(sketch.bg), ..sketch.style }));
        Theme { styles: styles.collect(), background }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Option<&'static str> {
        match name {
            "dark" => Some(
                "background = \"#000000\"\n[palette]\nred = \"#ff0000\"\n[roles]\ncrit = { fg = \"red\", bold = true }",
            ),
            "looped" => Some("inherits = \"looped\""),
            _ => None,
        }
    }

    fn told(text: &str) -> Vec<String> {
        let (_, wrong) = load(text, "t.toml", find);
        wrong.iter().map(ToString::to_string).filter(|e| !e.contains("roles not set")).collect()
    }

    #[test]
    fn a_new_palette_recolours_inherited_roles() {
        let (theme, _) = load("inherits = \"dark\"\n[palette]\nred = 160", "t.toml", find);
        let crit = theme.style(Role::Crit);
        assert_eq!((crit.fg, crit.bold), (Some(Color::Indexed(160)), true));
        assert_eq!(theme.background(), Some(Color::Rgb(0, 0, 0)));
    }

    #[test]
    fn names_are_settled_by_the_palette_then_by_the_sixteen() {
        let (theme, _) =
            load("[palette]\nred = \"#ff0001\"\n[roles]\ncrit = { fg = \"red\", bg = \"blue\" }", "t.toml", find);
        assert_eq!(theme.style(Role::Crit).fg, Some(Color::Rgb(255, 0, 1)));
        assert_eq!(theme.style(Role::Crit).bg, Some(Color::Ansi(4)));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "[palette]\nrde = \"#ff00\"\nx = \"grene\"\n[roles]\ncrt = { fg = \"red\" }\nok = { fg = 256, bg = \"blu\", blod = 1 }\n";
        let told = told(text);
        assert_eq!(told.len(), 6, "{told:#?}");
        assert!(told[0].starts_with("t.toml:2: \"#ff00\" is not a colour"));
        assert!(told[1].starts_with("t.toml:3: \"grene\" is not a colour\n  did you mean \"green\"?"));
        assert!(told[2].starts_with("t.toml:5: unknown role \"crt\"\n  did you mean \"crit\"?"));
        assert!(told[3].starts_with("t.toml:6: \"256\" is not a colour number"));
        assert!(told[4].contains("did you mean \"bold\"?"));
        assert!(told[5].contains("unknown colour \"blu\"\n  did you mean \"blue\"?"));
    }

    #[test]
    fn text_that_is_not_toml_gives_the_default_theme() {
        let (theme, wrong) = load("[roles", "t.toml", find);
        assert!(wrong[0].to_string().starts_with("t.toml:1: not TOML"), "{wrong:?}");
        assert!(theme.style(Role::Crit).bold);
    }

    #[test]
    fn a_loop_of_inheritance_is_told() {
        assert!(told("inherits = \"looped\"")[0].contains("unknown theme to inherit \"looped\""));
    }

    #[test]
    fn roles_left_out_are_told_together() {
        let (_, wrong) = load("[roles]\ntext = {}", "t.toml", find);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].what.contains("dim, border"));
        assert!(!wrong[0].what.contains("text"));
    }
}
