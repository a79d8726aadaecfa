//! Reading a keymap file.

use std::str::FromStr;

use super::chord::key_names;
use super::{Binding, Chord, Entry, Key, Keymap, Scope, Sequence, names};
use crate::document::{Document, Key as Name, Value, ordered, quoted, suggestion};
use crate::error::{Error, nearest};

/// The word that takes an inherited key away.
const NONE: &str = "none";

/// One line of one file: what it binds, or that it takes a key away.
struct Draft {
    at: usize,
    scope: Scope,
    sequence: Sequence,
    binding: Option<Binding>,
}

pub(super) fn load(
    text: &str,
    origin: &str,
    known: &[&str],
    find: fn(&str) -> Option<&'static str>,
) -> (Keymap, Vec<Error>) {
    let mut wrong = Vec::new();
    let mut seen = vec![origin.to_owned()];
    let entries = match layer(text, origin, known, find, &mut seen, &mut wrong) {
        Ok(entries) => entries,
        Err(e) => {
            wrong.push(e);
            let fallback = find("default").unwrap_or_default();
            layer(fallback, "default", known, find, &mut Vec::new(), &mut wrong).unwrap_or_default()
        }
    };
    (Keymap::from_entries(with_exit(entries, origin, known, &mut wrong)), wrong)
}

/// The entries of a file on top of those it inherits.
fn layer(
    text: &str,
    origin: &str,
    known: &[&str],
    find: fn(&str) -> Option<&'static str>,
    seen: &mut Vec<String>,
    wrong: &mut Vec<Error>,
) -> Result<Vec<Entry>, Error> {
    let (mut document, root) = Document::parse(origin, text)?;
    let mut entries = Vec::new();
    let mut drafts = Vec::new();
    for (key, value) in ordered(&root) {
        let name = key.get_ref().as_ref();
        if name == "inherits" {
            if let Some((parent, text)) = document.parent(value, "keymap", &names(), find, seen) {
                entries = layer(text, parent, known, find, seen, wrong)?;
            }
        } else if let Some(scope) = Scope::ALL.into_iter().find(|scope| scope.name() == name) {
            for (chord, command) in document.table(name, value, "[global]").unwrap_or_default() {
                drafts.extend(draft(&mut document, scope, chord, command, known));
            }
        } else if value.get_ref().is_table() {
            document.unknown(key.span().start, "scope", name, &Scope::ALL.map(Scope::name));
        } else {
            let hint = format!("keys go into one of: {}", Scope::ALL.map(Scope::name).join(", "));
            document.mistake(key.span().start, format!("{} stands outside a scope", quoted(name)), hint);
        }
    }
    apply(&mut document, &mut entries, drafts);
    wrong.extend(document.into_mistakes());
    Ok(entries)
}

/// Reads one line, or notes what is wrong with it.
fn draft(
    document: &mut Document<'_>,
    scope: Scope,
    chord: &Name<'_>,
    value: &Value<'_>,
    known: &[&str],
) -> Option<Draft> {
    let written = chord.get_ref();
    let sequence = match Sequence::from_str(written) {
        Ok(sequence) => Some(sequence),
        Err(e) => {
            document.mistake(chord.span().start, e, key_hint(written));
            None
        }
    };
    let what = document.string(written, value, "next-row")?;
    let binding = Binding::parse(what);
    let is_known = known.contains(&binding.to_string().as_str()) || known.contains(&binding.command.as_str());
    let binding = match () {
        () if what == NONE => None,
        () if is_known => Some(binding),
        () => {
            document.mistake(value.span().start, format!("unknown command {}", quoted(what)), suggestion(what, known));
            return None;
        }
    };
    Some(Draft { at: chord.span().start, scope, sequence: sequence?, binding })
}

/// What was probably meant by a key that is none.
fn key_hint(written: &str) -> String {
    let word = written.rsplit([' ', '-']).next().unwrap_or(written);
    match nearest(&word.to_lowercase(), key_names()) {
        Some(name) if word.chars().count() > 1 => format!("did you mean \"{name}\"?"),
        _ => "write keys like j, G, ctrl-l, pgdn, esc, space, f5 or : and one after the other like g g".to_owned(),
    }
}

/// Puts the lines of one file on top of what it inherits, and notes the lines that exclude one another.
fn apply(document: &mut Document<'_>, entries: &mut Vec<Entry>, drafts: Vec<Draft>) {
    let inherited: Vec<(Scope, Sequence)> = entries.iter().map(|e| (e.scope, e.sequence.clone())).collect();
    let mut taken: Vec<Draft> = Vec::new();
    for draft in drafts {
        let rival = taken.iter().find(|t| {
            let both_bind = t.binding.is_some() && draft.binding.is_some();
            t.scope == draft.scope
                && (t.sequence == draft.sequence || (both_bind && t.sequence.overlaps(&draft.sequence)))
        });
        if let Some(rival) = rival {
            let (line, ours, theirs) = (document.line(rival.at), &draft.sequence, &rival.sequence);
            let what = match ours.chords().len().cmp(&theirs.chords().len()) {
                std::cmp::Ordering::Equal => format!("\"{ours}\" is bound already on line {line}"),
                std::cmp::Ordering::Less => format!("\"{ours}\" would hide \"{theirs}\" on line {line}"),
                std::cmp::Ordering::Greater => format!("\"{ours}\" is hidden by \"{theirs}\" on line {line}"),
            };
            document.mistake(draft.at, what, "this line is left out; take one of the two away".to_owned());
            continue;
        }
        let overlaps = |(scope, keys): &(Scope, Sequence)| *scope == draft.scope && keys.overlaps(&draft.sequence);
        entries.retain(|entry| {
            entry.scope != draft.scope
                || !entry.sequence.overlaps(&draft.sequence)
                || taken.iter().any(|t| t.scope == entry.scope && t.sequence == entry.sequence)
        });
        match &draft.binding {
            Some(binding) => entries.push(Entry {
                scope: draft.scope,
                sequence: draft.sequence.clone(),
                binding: binding.clone(),
                place: document.place(draft.at),
            }),
            None if !inherited.iter().any(overlaps) => {
                let what = format!("\"{}\" takes nothing away: no such key is inherited", draft.sequence);
                document.mistake(draft.at, what, None);
            }
            None => {}
        }
        taken.push(draft);
    }
}

/// Makes sure that some key quits, if there is such a command at all.
fn with_exit(mut entries: Vec<Entry>, origin: &str, known: &[&str], wrong: &mut Vec<Error>) -> Vec<Entry> {
    let quits = |entry: &Entry| entry.binding.command == "quit" && entry.scope == Scope::Global;
    if known.contains(&"quit") && !entries.iter().any(quits) {
        let Ok(sequence) = Chord::new(Key::Char('c'), true, false, false).to_string().parse::<Sequence>() else {
            return entries;
        };
        entries.retain(|entry| entry.scope != Scope::Global || !entry.sequence.overlaps(&sequence));
        let binding = Binding { command: "quit".to_owned(), arg: None };
        entries.push(Entry { scope: Scope::Global, sequence, binding, place: "built in".to_owned() });
        wrong.push(Error::usage("no key quits").from(origin).hint("ctrl-c does, until [global] binds one to \"quit\""));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Lookup;

    const KNOWN: [&str; 4] = ["view overview", "next-row", "first-row", "quit"];

    fn find(name: &str) -> Option<&'static str> {
        match name {
            "default" => Some("[global]\n\"q\" = \"quit\"\n[table]\n\"g\" = \"first-row\"\n\"j\" = \"next-row\""),
            "looped" => Some("inherits = \"looped\"\n[global]\n\"q\" = \"quit\""),
            _ => None,
        }
    }

    fn told(text: &str) -> Vec<String> {
        load(text, "k.toml", &KNOWN, find).1.iter().map(ToString::to_string).collect()
    }

    fn keys(text: &str) -> Vec<String> {
        let (keymap, _) = load(text, "k.toml", &KNOWN, find);
        keymap.entries().iter().map(|e| format!("{} {}={}", e.scope.name(), e.sequence, e.binding)).collect()
    }

    #[test]
    fn a_child_changes_takes_away_and_lengthens_what_it_inherits() {
        let text = "inherits = \"default\"\n[table]\n\"g g\" = \"first-row\"\n\"j\" = \"none\"\n";
        assert_eq!(told(text), [""; 0]);
        assert_eq!(keys(text), ["global q=quit", "table g g=first-row"]);
        let text = "inherits = \"default\"\n[table]\n\"g\" = \"none\"\n\"g g\" = \"first-row\"\n\"j\" = \"none\"\n";
        assert_eq!((told(text), keys(text)), (vec![], vec!["global q=quit".into(), "table g g=first-row".into()]));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = "\"q\" = \"quit\"\n[tabel]\n[global]\n\"escape\" = \"quit\"\n\"x\" = \"next-rwo\"\n\"y\" = 3\n";
        let told = told(text);
        assert_eq!(told.len(), 6, "{told:#?}");
        assert!(told[1].starts_with("k.toml:2: unknown scope \"tabel\"\n  did you mean \"table\"?"));
        assert_eq!(told[2], "k.toml:4: \"escape\" is not a key\n  did you mean \"esc\"?");
        assert!(told[5].contains("no key quits"));
    }

    #[test]
    fn an_argument_counts_where_the_command_is_known_with_it() {
        assert!(told("[global]\n\"q\" = \"quit\"\n\"1\" = \"view overview\"").is_empty());
        assert!(
            told("[global]\n\"q\" = \"quit\"\n\"1\" = \"view overviw\"")[0].contains("did you mean \"view overview\"?")
        );
    }

    #[test]
    fn text_that_is_not_toml_still_gives_keys_to_leave_by() {
        let (keymap, wrong) = load("[global\n", "k.toml", &KNOWN, find);
        assert_eq!(wrong.len(), 1);
        assert!(matches!(keymap.lookup(Scope::Table, &[Chord::plain(Key::Char('q'))]), Lookup::Matched(_)));
    }

    #[test]
    fn without_a_way_out_ctrl_c_is_one() {
        assert_eq!(keys("[global]\n\"ctrl-c\" = \"next-row\""), ["global ctrl-c=quit"]);
    }

    #[test]
    fn a_loop_of_inheritance_is_told() {
        assert!(told("inherits = \"looped\"")[0].contains("unknown keymap to inherit \"looped\""));
    }
}
