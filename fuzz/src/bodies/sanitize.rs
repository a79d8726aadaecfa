//! Text from outside: cleaned once and for all, and as wide as it is said to be.

use rounds::app::screen::{cut, pad, width};
use rounds::text::{MAX_CHARS, MAX_MARKS, Text, clean, clean_lines};
use unicode_width::UnicodeWidthChar;

/// The first byte is a number of columns, the others are text.
pub fn run(bytes: &[u8]) {
    let Some((columns, raw)) = bytes.split_first() else { return };
    let (columns, raw) = (usize::from(*columns), String::from_utf8_lossy(raw));
    let once = clean(&raw);
    assert_eq!(clean(&once), once, "cleaning twice gives the same");
    assert_eq!(*Text::new(&raw), *once);
    harmless(&once);
    let lines = clean_lines(&raw);
    lines.split('\n').for_each(harmless);
    assert_eq!(lines.matches('\n').count(), raw.matches('\n').count());
    assert!(once.chars().count() <= MAX_CHARS);
    if raw.len() <= MAX_CHARS && raw.bytes().all(|b| matches!(b, b' '..=b'~')) {
        assert_eq!(once, raw, "what is harmless stays");
    }
    for ascii in [false, true] {
        assert!(width(&cut(&once, columns, ascii)) <= columns);
        assert_eq!(width(&pad(&once, columns, false, ascii)), columns);
        assert_eq!(width(&pad(&once, columns, true, ascii)), columns);
    }
}

/// No control, nothing that turns the direction of reading, nothing invisible, no stack of marks.
fn harmless(text: &str) {
    let mut marks = 0;
    for c in text.chars() {
        let hides = matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
                | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe_0000..=0xe_0fff);
        assert!(!c.is_control() && !hides, "U+{:04X} in {text:?}", u32::from(c));
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        assert!(marks <= MAX_MARKS, "a stack of marks in {text:?}");
    }
}
