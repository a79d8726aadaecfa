//! Text from outside, made safe to show.
//!
//! Everything a person or a program elsewhere could have written (names, event messages, reasons, host names) enters the
//! program as a [`Text`]. Its only constructors clean the input, so no screen, export, log or error can carry a control
//! sequence, a direction override or an endless run of combining marks: the check is in the type, not at each sink.

use std::borrow::{Borrow, Cow};
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use unicode_width::UnicodeWidthChar;

/// The longest text kept, in characters; what is cut off is marked by `…`.
///
/// An ECS event or stop reason is below 1,024 characters (API model); 4,096 leaves room and bounds a hostile one.
pub const MAX_CHARS: usize = 4_096;

/// Texts that [`Text::shared`] remembers at a time.
const MAX_SHARED: usize = 8_192;

/// Combining marks allowed on one base character. Real scripts need at most three; stacks of dozens overwrite other rows.
pub const MAX_MARKS: usize = 4;

/// Cleaned, immutable, cheaply cloned text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Cleans `raw` (see [`clean`]) and keeps it.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(Arc::from(clean(raw).as_ref()))
    }

    /// As [`Text::new`], for what many things have in common: equal texts share one place in memory.
    #[must_use]
    pub fn shared(raw: &str) -> Self {
        static KNOWN: LazyLock<Mutex<HashSet<Text>>> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(raw) {
            return text.clone();
        }
        let text = Self::new(raw);
        if known.len() >= MAX_SHARED {
            // Nobody knows which of them are still of use.
            known.clear();
        }
        known.insert(text.clone());
        text
    }

    /// The cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl From<&String> for Text {
    fn from(raw: &String) -> Self {
        Self::new(raw)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Replaces whatever could act on a terminal or deceive a reader by something visible.
///
/// - C0 controls and DEL become their control pictures (`␛`, `␍`, `␡`), so every one is a single visible glyph;
/// - C1 controls, direction marks and overrides, zero-width and filler characters, line and paragraph separators, tag
///   characters, variation selectors and signs that span the digits after them become `⟨U+202E⟩`;
/// - in a word with Latin letters, letters of other scripts that look like Latin ones become `⟨U+043E⟩` too: `prоd` is not `prod`;
/// - more than [`MAX_MARKS`] combining marks on one character are cut, marked by `⟨…⟩`;
/// - text over [`MAX_CHARS`] characters is cut, marked by `…`.
///
/// Cleaning twice gives the same as cleaning once; clean text is borrowed, not copied.
#[must_use]
pub fn clean(raw: &str) -> Cow<'_, str> {
    if raw.len() <= MAX_CHARS && raw.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return Cow::Borrowed(raw);
    }
    let mut out = Cleaner::default();
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(if end > 0 { end } else { first.len_utf8() });
        out.disguised = word.bytes().any(|b| b.is_ascii_alphabetic());
        if !word.chars().all(|c| out.push(c)) {
            break;
        }
        rest = after;
    }
    Cow::Owned(out.text)
}

/// As [`clean`], line by line: for text of several lines that goes to a terminal as such.
#[must_use]
pub fn clean_lines(raw: &str) -> String {
    raw.split_inclusive('\n')
        .map(|line| line.strip_suffix('\n').map_or_else(|| clean(line).into_owned(), |l| clean(l).into_owned() + "\n"))
        .collect()
}

#[derive(Default)]
struct Cleaner {
    text: String,
    chars: usize,
    marks: usize,
    /// Whether a letter that looks like a Latin one would be taken for it here.
    disguised: bool,
}

impl Cleaner {
    /// Takes one character; false once the text is full.
    fn push(&mut self, c: char) -> bool {
        if let Some(picture) = control_picture(c) {
            self.marks = 0;
            return self.put(&[picture]);
        }
        if is_deceptive(c) || (self.disguised && looks_latin(c)) {
            self.marks = 0;
            let escape: Vec<char> = format!("⟨U+{:04X}⟩", u32::from(c)).chars().collect();
            return self.put(&escape);
        }
        if c.width() == Some(0) {
            self.marks += 1;
            return match self.marks {
                1..=MAX_MARKS => self.put(&[c]),
                n if n == MAX_MARKS + 1 => self.put(&['⟨', '…', '⟩']),
                _ => true,
            };
        }
        self.marks = 0;
        self.put(&[c])
    }

    /// Appends `chars` whole, or the mark of a cut if they no longer fit.
    fn put(&mut self, chars: &[char]) -> bool {
        if self.chars + chars.len() >= MAX_CHARS {
            if self.chars < MAX_CHARS && !self.text.ends_with('…') {
                self.text.push('…');
            }
            return false;
        }
        self.text.extend(chars);
        self.chars += chars.len();
        true
    }
}

fn control_picture(c: char) -> Option<char> {
    match u32::from(c) {
        n @ 0..=0x1f => char::from_u32(0x2400 + n),
        0x7f => Some('␡'),
        _ => None,
    }
}

/// Characters that change how their neighbours read, or that cannot be seen.
fn is_deceptive(c: char) -> bool {
    matches!(
        u32::from(c),
        0x80..=0x9f
            | 0xad
            | 0x34f
            | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x890..=0x891
            | 0x8e2
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffb
            | 0x1_10bd
            | 0x1_10cd
            | 0x1_d173..=0x1_d17a
            | 0xe_0000..=0xe_0fff
    )
}

/// What a word is made of.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c.width() == Some(0)
}

/// Cyrillic, Greek and Armenian letters that are drawn like Latin ones (Unicode's `confusables.txt`, UTS #39).
fn looks_latin(c: char) -> bool {
    const ALIKE: &str = "асԁегһіјӏорԛѕѵԝхуүАВСЕԌНІЈКМОРЅТѴԜХУҮЬαγινορσυϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոռզգցհքաԼՕՍ";
    matches!(c, '\u{370}'..='\u{58f}') && ALIKE.contains(c)
}

/// A word as a POSIX shell takes it literally.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shared_text_is_the_same_text_in_one_place() {
        for raw in ["RUNNING", "", "a\u{1b}[31mb", "日本"] {
            let (one, other) = (Text::shared(raw), Text::shared(raw));
            assert_eq!(one, Text::new(raw));
            assert!(Arc::ptr_eq(&one.0, &other.0) || raw != clean(raw), "{raw:?}");
        }
        (0..=MAX_SHARED).for_each(|n| assert_eq!(Text::shared(&n.to_string()), *n.to_string()));
    }

    #[test]
    fn controls_become_one_visible_glyph_each() {
        assert_eq!(clean("a\x1b]52;c;AA\x07b\r\n\t\x08\x7f"), "a␛]52;c;AA␇b␍␊␉␈␡");
        assert_eq!(clean("\u{9b}2J"), "⟨U+009B⟩2J");
    }

    #[test]
    fn direction_and_zero_width_characters_are_spelled_out() {
        assert_eq!(clean("x\u{202e}y\u{200b}\u{2066}\u{feff}"), "x⟨U+202E⟩y⟨U+200B⟩⟨U+2066⟩⟨U+FEFF⟩");
        assert_eq!(clean("\u{3164}\u{ad}\u{e0041}\u{2028}"), "⟨U+3164⟩⟨U+00AD⟩⟨U+E0041⟩⟨U+2028⟩");
        // It has no width, and belongs to what comes after it: a terminal puts it on what stands before.
        assert_eq!(clean("ل\u{605}1"), "ل⟨U+0605⟩1");
    }

    #[test]
    fn stacks_of_marks_are_cut_and_said() {
        let hostile = format!("e{}x", "\u{301}".repeat(1_000));
        assert_eq!(clean(&hostile), format!("e{}⟨…⟩x", "\u{301}".repeat(MAX_MARKS)));
        assert_eq!(clean("é e\u{301}"), "é e\u{301}");
    }

    #[test]
    fn long_text_is_cut_and_said() {
        let cut = clean(&"a".repeat(10_000)).into_owned();
        assert_eq!(cut.chars().count(), MAX_CHARS);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn c6_a_letter_that_passes_for_a_latin_one_is_spelled_out() {
        assert_eq!(clean("prоd"), "pr⟨U+043E⟩d");
        assert_eq!(clean("рrod-ehr аpi"), "⟨U+0440⟩rod-ehr ⟨U+0430⟩pi");
        assert_eq!(clean("r\u{301}ο\u{301}x"), "r\u{301}⟨U+03BF⟩\u{301}x");
        // Words of one script are words.
        assert_eq!(clean("сервер prod Ωμέγα 5μm größe"), "сервер prod Ωμέγα 5μm größe");
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(clean("arn:aws:ecs:us-east-1:123456789012:cluster/ehr"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent_and_leaves_nothing_harmful(raw in "(?s).{0,200}") {
            let once = clean(&raw).into_owned();
            prop_assert_eq!(clean(&once).into_owned(), once.clone());
            prop_assert!(once.chars().all(|c| !c.is_control() && !is_deceptive(c)));
            prop_assert!(once.chars().count() <= MAX_CHARS);
        }
    }
}
