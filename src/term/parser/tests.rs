use super::*;
use proptest::prelude::*;

/// How long one waits for the rest of a sequence over SSH.
const ESCAPE: Duration = Duration::from_millis(150);

/// What is typed by these bytes with these pauses before each of them, and by nothing after them.
fn typed(parts: &[(Duration, &[u8])]) -> Vec<Typed> {
    let mut parser = Parser::new(ESCAPE);
    let mut typed = Vec::new();
    for (gap, bytes) in parts.iter().chain([&(Duration::MAX, [].as_slice())]) {
        let mut left = *gap;
        while let Some(patience) = parser.patience().filter(|patience| *patience <= left) {
            left -= patience;
            parser.idle(&mut typed);
        }
        parser.feed(bytes, &mut typed);
    }
    typed
}

fn words(typed: &[Typed]) -> Vec<String> {
    let word = |t: &Typed| match t {
        Typed::Key(chord) => chord.to_string(),
        Typed::Paste(text, length) => format!("<{text}|{length}>"),
    };
    typed.iter().map(word).collect()
}

fn keys(bytes: &[u8]) -> String {
    words(&typed(&[(Duration::ZERO, bytes)])).join(" ")
}

/// What terminals send for keys: xterm, VT220, rxvt, the Linux console, SCO, kitty; and what they are.
const SEQUENCES: &[(&str, &str)] = &[
    ("\x1b[A", "up"),
    ("\x1b[B", "down"),
    ("\x1b[C", "right"),
    ("\x1b[D", "left"),
    ("\x1bOA", "up"),
    ("\x1bOD", "left"),
    ("\x1b[H", "home"),
    ("\x1b[F", "end"),
    ("\x1bOH", "home"),
    ("\x1b[1~", "home"),
    ("\x1b[2~", "insert"),
    ("\x1b[3~", "delete"),
    ("\x1b[4~", "end"),
    ("\x1b[5~", "pgup"),
    ("\x1b[6~", "pgdn"),
    ("\x1b[7~", "home"),
    ("\x1b[8~", "end"),
    ("\x1b[Z", "backtab"),
    ("\x1bOP", "f1"),
    ("\x1bOQ", "f2"),
    ("\x1bOR", "f3"),
    ("\x1bOS", "f4"),
    ("\x1b[11~", "f1"),
    ("\x1b[15~", "f5"),
    ("\x1b[17~", "f6"),
    ("\x1b[21~", "f10"),
    ("\x1b[23~", "f11"),
    ("\x1b[24~", "f12"),
    ("\x1b[34~", "f20"),
    ("\x1b[[A", "f1"),
    ("\x1b[[E", "f5"),
    ("\x1b[1;5A", "ctrl-up"),
    ("\x1b[1;2B", "shift-down"),
    ("\x1b[1;3C", "alt-right"),
    ("\x1b[5;5~", "ctrl-pgup"),
    ("\x1b[15;2~", "shift-f5"),
    ("\x1b[1;2P", "shift-f1"),
    ("\x1b[3$", "shift-delete"),
    ("\x1b[3^", "ctrl-delete"),
    ("\x1b[a", "shift-up"),
    ("\x1bOa", "ctrl-up"),
    ("\x1bO5P", "ctrl-f1"),
    ("\x1bOM", "enter"),
    ("\x1bOq", "1"),
    ("\x1b[97;5u", "ctrl-a"),
    ("\x1b[27u", "esc"),
    ("\x1b[13u", "enter"),
    ("\x1b[106;1:1u", "j"),
    ("\x1b[106;1:3u", ""),
    ("\x1b[27;5;106~", "ctrl-j"),
    ("\x1bx", "alt-x"),
    ("\x1b\x7f", "alt-backspace"),
    ("\x1b\u{e9}", "alt-é"),
];

/// What terminals answer and report, asked or not.
const ANSWERS: &[&str] = &[
    "\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    "\x1b]52;c;eWVzCg==\x07",
    "\x1b[?62;22c",
    "\x1b[>41;330;0c",
    "\x1bP!|00000000\x1b\\",
    "\x1bP>|XTerm(330)\x1b\\",
    "\x1b[12;40R",
    "\x1b[?12;40R",
    "\x1b[?2026;2$y",
    "\x1b[4;2$y",
    "\x1b[?1u",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[I",
    "\x1b[O",
    "\x1b[<0;65535;65535M",
    "\x1b[<0;0;0m",
    "\x1b[M\x20\x21\x21",
    "\x1b[M\x20\x7f\x7f",
    "\x1b[8;40;120t",
    "\x1b[0n",
    "\x1b[201~",
];

#[test]
fn sequences_are_keys() {
    for (bytes, key) in SEQUENCES {
        assert_eq!(keys(bytes.as_bytes()), *key, "{bytes:?}");
    }
}

#[test]
fn typed_bytes_are_keys() {
    for (bytes, named) in [
        (&b"jG"[..], "j G"),
        (b"\r\n\t", "enter ctrl-j tab"),
        (b"\x03\x1a\x08\x7f", "ctrl-c ctrl-z ctrl-h backspace"),
        (b"\x00\x1c\x1f", "ctrl-space ctrl-\\ ctrl-_"),
        ("é日🚑".as_bytes(), "é 日 🚑"),
        (b"\x1b", "esc"),
        (b"\x1b\x1b[A", "esc up"),
        (b"\xff\xfea\x80", "a"),
        (b"\xc3a", "a"),
    ] {
        assert_eq!(keys(bytes), named, "{bytes:?}");
    }
}

/// B1.
#[test]
fn a_sequence_split_anywhere_is_the_same_key_or_no_letter_that_could_act() {
    for (bytes, key) in SEQUENCES {
        let bytes = bytes.as_bytes();
        for at in 1..bytes.len() {
            if !std::str::from_utf8(bytes).is_ok_and(|text| text.is_char_boundary(at)) {
                continue;
            }
            for gap in (0..=500).step_by(10).map(Duration::from_millis) {
                let told = words(&typed(&[(Duration::ZERO, &bytes[..at]), (gap, &bytes[at..])])).join(" ");
                let late = gap >= ESCAPE && at == 1;
                let alone = &bytes[1..];
                let meta = !matches!(bytes[1], b'[' | b'O');
                let expected = match (late, meta) {
                    (false, _) => (*key).to_owned(),
                    (true, false) => "esc".to_owned(),
                    (true, true) => format!("esc {}", keys(alone)),
                };
                assert_eq!(told, expected, "{bytes:?} at {at} after {gap:?}");
            }
        }
    }
}

/// B1: with every byte by itself a letter may appear, but only one that follows a lone Esc: what it may do is asked elsewhere.
#[test]
fn every_byte_by_itself_within_the_wait_is_the_same_key() {
    for (bytes, key) in SEQUENCES {
        for gap in [0, 50, 140].map(Duration::from_millis) {
            let parts: Vec<(Duration, &[u8])> = bytes.as_bytes().chunks(1).map(|byte| (gap, byte)).collect();
            assert_eq!(words(&typed(&parts)).join(" "), *key, "{bytes:?} with {gap:?}");
        }
    }
}

/// B2, B7.
#[test]
fn answers_and_reports_are_swallowed_wherever_they_are_split() {
    for answer in ANSWERS {
        let bytes = answer.as_bytes();
        for at in 1..=bytes.len() {
            for gap in [0, 100, 140].map(Duration::from_millis) {
                let told = typed(&[(Duration::ZERO, &bytes[..at]), (gap, &bytes[at..]), (gap, b"j")]);
                assert_eq!(words(&told), ["j"], "{answer:?} at {at} after {gap:?}");
            }
        }
    }
}

#[test]
fn an_answer_that_never_ends_does_not_lock_the_keyboard() {
    let endless = [b"\x1b]11;".as_slice(), &vec![b'x'; 100_000]].concat();
    assert_eq!(words(&typed(&[(Duration::ZERO, &endless), (STRAY, b"j")])), ["j"]);
    assert_eq!(keys(&[&endless, b"\rj".as_slice()].concat()), "j");
}

/// B3.
#[test]
fn a_paste_is_one_thing_cut_to_size_and_its_end_is_its_own() {
    assert_eq!(keys(b"\x1b[200~yes\r\x1b[20~\x1b\x1b[201~j"), "<yes\r\u{1b}[20~\u{1b}|10> j");
    let mut parser = Parser::new(ESCAPE);
    let mut typed = Vec::new();
    parser.feed(b"\x1b[200~", &mut typed);
    for _ in 0..10 << 10 {
        parser.feed(&[b'y'; 1 << 10], &mut typed);
    }
    parser.feed(PASTE_END, &mut typed);
    assert!(matches!(&typed[..], [Typed::Paste(text, length)] if text.len() == MOST_PASTED && *length == 10 << 20));
}

#[test]
fn a_paste_that_is_cut_off_ends_after_a_while() {
    assert_eq!(words(&typed(&[(Duration::ZERO, b"\x1b[200~y"), (CUT_OFF, b"j")])), ["<y|1>", "j"]);
}

#[test]
fn a_bracket_soon_after_esc_is_a_key_if_nothing_follows() {
    let slow = Duration::from_millis(300);
    assert_eq!(words(&typed(&[(Duration::ZERO, b"\x1b"), (slow, b"["), (slow, b"j")])), ["esc", "[", "j"]);
    assert_eq!(words(&typed(&[(Duration::ZERO, b"\x1b"), (slow, b"[D"), (slow, b"j")])), ["esc", "j"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// B6: whatever comes, the parser waits only for a time, and then takes keys again.
    #[test]
    fn random_bytes_neither_panic_nor_lock(
        chunks in proptest::collection::vec((0_u64..700, proptest::collection::vec(any::<u8>(), 0..24)), 0..12)
    ) {
        let mut parts: Vec<(Duration, &[u8])> =
            chunks.iter().map(|(gap, bytes)| (Duration::from_millis(*gap), bytes.as_slice())).collect();
        parts.push((CUT_OFF * 2, b"j"));
        let told = typed(&parts);
        prop_assert_eq!(told.last(), Some(&Typed::Key(Chord::plain(Key::Char('j')))));
    }

    /// How bytes are cut into reads changes nothing, as long as no time passes.
    #[test]
    fn chunks_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..64), at in 0_usize..64) {
        let at = at.min(bytes.len());
        let split = typed(&[(Duration::ZERO, &bytes[..at]), (Duration::ZERO, &bytes[at..])]);
        prop_assert_eq!(split, typed(&[(Duration::ZERO, &bytes)]));
    }
}
