//! XML of the query protocol: a structure's members are elements, a list's items are `member` elements.

use std::fmt::Write;

use serde_json::Value;

/// Renders `value` as the element `name`; members that are null are left out.
pub fn element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    wrapped(out, name, "", |out| match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| element(out, name, value)),
        Value::Array(items) => items.iter().for_each(|item| element(out, "member", item)),
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
        element(&mut out, "R", &json!({"a": "x<&>\"\u{1b}\n", "n": 7, "b": true, "l": [{"k": "v"}, {}], "gone": null}));
        assert_eq!(
            out,
            "<R><a>x&lt;&amp;&gt;&quot;\u{fffd}&#10;</a><n>7</n><b>true</b>\
             <l><member><k>v</k></member><member></member></l></R>"
        );
    }
}
