//! The allow-list for everything that reaches a terminal.
//!
//! Whatever is not listed here is an error, so that nothing can be forgotten: text without anything that acts or hides, and the
//! few sequences the console has a use for. Anything that came from outside and got through would be none of these.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// What a program wrote, sorted.
#[derive(Debug, Default)]
pub struct Heard {
    /// Printed text; a sequence between two pieces is a line break.
    pub text: String,
    /// Parameters of every SGR sequence.
    pub styles: Vec<String>,
    /// What was put on the clipboard, decoded, each time.
    pub copied: Vec<String>,
}

/// Combining marks on one character that text from outside may keep.
const MAX_MARKS: usize = 4;

/// Sorts what was written, or says what is not allowed and where.
pub fn listen(bytes: &[u8]) -> Result<Heard, String> {
    let mut heard = Heard::default();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let taken = match rest {
            [0x1b, b'[', ..] => csi(rest, &mut heard),
            [0x1b, b']', ..] => osc(rest, &mut heard),
            [0x1b, b'P', ..] => envelope(rest, &mut heard),
            [b'\r' | b'\n', ..] => Ok(1),
            _ => text(rest, &mut heard),
        };
        at += taken.map_err(|wrong| {
            let (from, to) = (at.saturating_sub(40), bytes.len().min(at + 40));
            format!("byte {at} of {}: {wrong}, in {:?}", bytes.len(), String::from_utf8_lossy(&bytes[from..to]))
        })?;
    }
    match heard.text.graphemes(true).find(|cluster| marks(cluster) > MAX_MARKS) {
        Some(cluster) => Err(format!("a stack of marks: {}", cluster.escape_unicode())),
        None => Ok(heard),
    }
}

fn marks(cluster: &str) -> usize {
    cluster.chars().filter(|c| c.width() == Some(0)).count()
}

/// Styles, places, erasing, and the modes that are set and given back.
fn csi(rest: &[u8], heard: &mut Heard) -> Result<usize, String> {
    let end = rest.iter().skip(2).position(|b| (0x40..=0x7e).contains(b)).ok_or("an unfinished CSI sequence")? + 2;
    let params = std::str::from_utf8(&rest[2..end]).map_err(|e| e.to_string())?;
    let is_numbers = params.bytes().all(|b| b.is_ascii_digit() || b == b';');
    let allowed = match rest[end] {
        b'm' | b'H' | b'C' | b'L' | b'M' => is_numbers,
        b'J' | b'K' => matches!(params, "" | "0" | "1" | "2"),
        b'h' | b'l' => matches!(params, "?25" | "?1049" | "?2004" | "?2026"),
        _ => false,
    };
    if !allowed {
        return Err(format!("CSI {params}{}", char::from(rest[end])));
    }
    if rest[end] == b'm' {
        heard.styles.push(params.to_owned());
    } else {
        heard.text.push('\n');
    }
    Ok(end + 1)
}

/// The clipboard, and nothing else of the operating system commands.
fn osc(rest: &[u8], heard: &mut Heard) -> Result<usize, String> {
    let end = rest.iter().position(|b| *b == 0x07).ok_or("an unfinished OSC sequence")?;
    let encoded = rest[..end].strip_prefix(b"\x1b]52;c;").ok_or("an OSC sequence that is not the clipboard's")?;
    let decoded = STANDARD.decode(encoded).map_err(|e| e.to_string())?;
    let copied = String::from_utf8(decoded).map_err(|e| e.to_string())?;
    copied.lines().try_for_each(harmless)?;
    heard.copied.push(copied);
    Ok(end + 1)
}

/// The envelopes of tmux and GNU screen, with the clipboard's sequence in them.
fn envelope(rest: &[u8], heard: &mut Heard) -> Result<usize, String> {
    let (mut sequence, mut at) = (Vec::new(), 0);
    while let Some(inside) = rest[at..].strip_prefix(b"\x1bP") {
        let end = inside.windows(2).position(|w| w == b"\x1b\\").ok_or("an unfinished device control string")?;
        match inside[..end].strip_prefix(b"tmux;") {
            Some(inside) => sequence.extend(String::from_utf8_lossy(inside).replace("\x1b\x1b", "\x1b").bytes()),
            None => sequence.extend(&inside[..end]),
        }
        at += 2 + end + 2;
    }
    match osc(&sequence, heard)? {
        taken if taken == sequence.len() => Ok(at),
        _ => Err("something beside the clipboard in an envelope".to_owned()),
    }
}

fn text(rest: &[u8], heard: &mut Heard) -> Result<usize, String> {
    let end = rest.iter().position(|b| matches!(b, 0x1b | b'\r' | b'\n')).unwrap_or(rest.len());
    if end == 0 {
        return Err("an escape sequence of another kind".to_owned());
    }
    let printed = std::str::from_utf8(&rest[..end]).map_err(|e| e.to_string())?;
    harmless(printed)?;
    heard.text.push_str(printed);
    Ok(end)
}

/// No control character, nothing that turns the direction of reading, nothing invisible.
fn harmless(text: &str) -> Result<(), String> {
    let is_harmful = |c: &char| {
        c.is_control()
            || matches!(u32::from(*c),
                0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
                    | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe_0000..=0xe_0fff)
    };
    text.chars().find(is_harmful).map_or(Ok(()), |c| Err(format!("the character U+{:04X}", u32::from(c))))
}

#[test]
fn whatever_is_not_listed_is_told() {
    assert_eq!(listen(b"\x1b[1;2Hab\x1b[31mc\x1b]52;c;aGk=\x07").map(|heard| heard.copied), Ok(vec!["hi".to_owned()]));
    assert_eq!(listen(b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\").map(|heard| heard.copied), Ok(vec!["hi".to_owned()]));
    for wrong in [
        "\x1b[6n",
        "\x1b[c",
        "\x1b[?1000h",
        "\x1b[2t",
        "\x1bc",
        "\x1b]0;x\x07",
        "\x1b]52;c;?\x07",
        "a\x07",
        "a\tb",
        "\x1b[",
        "\u{9b}2J",
        "\u{202e}",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\x1bPq\x1b\\",
        "\x08",
    ] {
        assert!(listen(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert!(listen(b"\xff").is_err());
}
