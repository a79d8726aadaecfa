//! The file of an audit as anyone may have left it: it can be read, and no record of it can be changed unseen.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, OnceLock, PoisonError};

use rounds::action::audit::{Audit, Verified};
use rounds::action::plan::Target;
use rounds::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Bytes;

/// An audit of one day, and what was first written there.
struct Rig {
    audit: Audit,
    file: File,
    whole: Vec<u8>,
    sound: Verified,
    _dir: TempDir,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let audit = Audit::at(dir.path().join("audit"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        for n in 1..=4 {
            let body = json!({
                "phase": "intent", "action_id": format!("a{n}"), "action": "force-deploy", "target": "ehr/web",
                "actor": { "sts_arn": "arn:me" }, "target_arns": ["arn:web"], "reason": format!("größe {n}"),
            });
            let Value::Object(body) = body else { return Self::new() };
            runtime.block_on(audit.append(|| Timestamp::from_secs(1_773_457_200), body)).expect("it is written");
        }
        let path = dir.path().join("audit/2026-03-14.jsonl");
        let whole = fs::read(&path).expect("it is there");
        let file = OpenOptions::new().write(true).mode(0o600).open(path).expect("it is there");
        let sound = audit.verify().expect("it can be read");
        assert_eq!((sound.records, &sound.broken), (4, &None));
        Self { audit, file, whole, sound, _dir: dir }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.file.set_len(0).expect("it can be cut");
        self.file.seek(SeekFrom::Start(0)).expect("it can be sought");
        self.file.write_all(bytes).expect("it can be written");
    }
}

/// If the first byte is odd, the others are the file; else they say what is changed in a sound one.
pub fn run(bytes: &[u8]) {
    static RIG: OnceLock<Mutex<Rig>> = OnceLock::new();
    let mut rig = RIG.get_or_init(|| Mutex::new(Rig::new())).lock().unwrap_or_else(PoisonError::into_inner);
    let mut bytes = Bytes(bytes);
    if bytes.byte() % 2 == 1 {
        rig.write(bytes.0);
        read(&rig.audit);
        return;
    }
    let mut changed = rig.whole.clone();
    while !bytes.is_empty() && changed.len() < 1 << 16 {
        change(&mut changed, &mut bytes);
    }
    rig.write(&changed);
    let told = read(&rig.audit);
    if records(&changed) != records(&rig.whole) {
        assert_ne!(told, Verified { torn: told.torn.clone(), ..rig.sound.clone() }, "a change was not seen");
    }
}

/// Reads in every way there is.
fn read(audit: &Audit) -> Verified {
    let entries = audit.entries().expect("it can be read");
    for entry in &entries {
        assert!(entry.ascii().bytes().all(|b| matches!(b, b' '..=b'~')));
        if let Some(record) = &entry.record {
            assert_eq!(serde_json::from_str::<Value>(&entry.ascii()).ok().as_ref(), Some(record));
        }
    }
    let _ = audit.unfinished().expect("it can be read");
    let target = Target { name: "web".into(), label: "c/web".into(), arn: "arn:web".into() };
    let _ = audit.last_sent("force-deploy", &target).expect("it can be read");
    let told = audit.verify().expect("it can be read");
    let there = entries.iter().filter(|entry| entry.record.is_some()).count();
    assert!(told.records <= there as u64 && (told.broken.is_some() || told.records == there as u64));
    told
}

/// One change: bytes put in, taken out or written over, a line moved or doubled.
fn change(text: &mut Vec<u8>, bytes: &mut Bytes<'_>) {
    let (kind, at) = (bytes.byte(), usize::from(bytes.number()));
    let at = at % (text.len() + 1);
    match kind % 5 {
        0 => {
            let put: Vec<u8> = bytes.take(usize::from(kind >> 4) + 1).to_vec();
            text.splice(at..at, put);
        }
        1 => {
            let end = (at + usize::from(bytes.byte())).min(text.len());
            text.drain(at..end);
        }
        2 => {
            let byte = bytes.byte();
            if let Some(old) = text.get_mut(at) {
                *old = byte;
            }
        }
        kind => {
            let mut lines: Vec<Vec<u8>> = text.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            if let Some(line) = lines.get(usize::from(bytes.byte()) % lines.len().max(1)).cloned() {
                let to = at % (lines.len() + 1);
                lines.insert(to, line);
                if kind == 4 {
                    lines.swap_remove(at % lines.len());
                }
                *text = lines.concat();
            }
        }
    }
}

/// The lines that are records.
fn records(text: &[u8]) -> Vec<&[u8]> {
    let lines = text.split_inclusive(|b| *b == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line));
    let is_record = |line: &&[u8]| {
        let value = serde_json::from_slice::<Value>(line).ok();
        value.and_then(|value| value.get("seq")?.as_u64()).is_some_and(|seq| seq > 0)
    };
    lines.filter(is_record).collect()
}
