//! XML of the query protocol: a structure's members are elements, a list's items are elements with a name of their own.

use std::fmt::Write;

use serde_json::Value;

/// Lists, and what an item of each is called; items of all others are called `member`.
pub type Items = [(&'static str, &'static str)];

/// What an item of the list `name` is called.
pub fn item_of(name: &str, items: &Items) -> &'static str {
    items.iter().find(|(list, _)| *list == name).map_or("member", |(_, item)| item)
}

/// Renders `value` as the element `name`; members that are null are left out.
pub fn element(out: &mut String, name: &str, value: &Value, items: &Items) {
    if value.is_null() {
        return;
    }
    wrapped(out, name, "", |out| match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| element(out, name, value, items)),
        Value::Array(all) => all.iter().for_each(|one| element(out, item_of(name, items), one, items)),
        Value::String(text) => escaped(out, text),
        scalar => out.push_str(&scalar.to_string()),
    });
}

/// Puts an element with `attributes` (none, or a leading space and escaped pairs) around what `inner` writes.
pub fn wrapped(out: &mut String, name: &str, attributes: &str, inner: impl FnOnce(&mut String)) {
    for part in ["<", name, attributes, ">"] {
        out.push_str(part);
    }
    inner(out);
    for part in ["</", name, ">"] {
        out.push_str(part);
    }
}

/// Escapes what has a meaning in XML; what XML 1.0 cannot hold at all becomes U+FFFD.
fn escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trees_become_elements() {
        let mut out = String::new();
        let tree = json!({"a": "x<&>\"\u{1b}\n", "n": 7, "b": true, "l": [{"k": "v"}, {}], "Is": [1], "gone": null});
        element(&mut out, "R", &tree, &[("Is", "I")]);
        assert_eq!(
            out,
            "<R><a>x&lt;&amp;&gt;&quot;\u{fffd}&#10;</a><n>7</n><b>true</b>\
             <l><member><k>v</k></member><member></member></l><Is><I>1</I></Is></R>"
        );
    }
}
