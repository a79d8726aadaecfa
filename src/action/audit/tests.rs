use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::*;

/// 2026-03-14T03:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_773_457_200);
const DAY: Duration = Duration::from_hours(24);

struct Rig {
    dir: tempfile::TempDir,
    audit: Audit,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { audit: Audit::at(dir.path().join("rounds/audit")), dir }
    }

    async fn add(&self, at: Timestamp, body: &Value) -> u64 {
        self.audit.append(|| at, body.as_object().unwrap().clone()).await.unwrap().seq
    }

    /// An audit of these many records, all of one day.
    async fn of(count: u64) -> Self {
        let rig = Self::new();
        for n in 1..=count {
            assert_eq!(rig.add(START, &json!({ "phase": "intent", "reason": format!("größe {n}") })).await, n);
        }
        rig
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("rounds/audit/2026-03-14.jsonl")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    fn verify(&self) -> Verified {
        self.audit.verify().unwrap()
    }
}

#[tokio::test]
async fn records_are_chained_across_days_and_a_clock_that_was_set_back_breaks_nothing() {
    let rig = Rig::new();
    assert_eq!(rig.verify(), Verified::default());
    for (seq, at) in [(1, START), (2, START), (3, START + DAY + DAY), (4, START + DAY), (5, START + DAY * 3)] {
        assert_eq!(rig.add(at, &json!({})).await, seq);
    }
    let told = rig.verify();
    assert_eq!((told.records, told.first, told.broken, told.torn), (5, 1, None, vec![]));
    let days = rig.audit.0.days().unwrap();
    assert_eq!(days, ["2026-03-14.jsonl", "2026-03-16.jsonl", "2026-03-17.jsonl"]);
    let dir = rig.path().parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    for day in &days {
        assert_eq!(fs::metadata(dir.join(day)).unwrap().mode() & 0o777, 0o600);
    }
    // Older files may be kept elsewhere; one that is missing in between may not.
    fs::rename(dir.join(&days[1]), rig.dir.path().join("away")).unwrap();
    let (place, why) = rig.verify().broken.unwrap();
    assert!(place.ends_with("2026-03-17.jsonl:1") && why == "record 5 follows record 2", "{place} {why}");
    fs::remove_file(dir.join(&days[0])).unwrap();
    assert_eq!((rig.verify().first, rig.verify().broken), (5, None));
}

#[tokio::test]
async fn f12_a_crash_at_any_byte_of_a_record_leaves_the_others_readable_and_the_chain_goes_on() {
    let rig = Rig::of(3).await;
    let whole = rig.bytes();
    let begins = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for cut in begins..=whole.len() {
        fs::write(rig.path(), &whole[..cut]).unwrap();
        let told = rig.verify();
        // Without its line end a record is whole all the same.
        let kept = if cut >= whole.len() - 1 { 3 } else { 2 };
        let torn = usize::from(cut > begins && kept == 2);
        assert_eq!((told.records, told.torn.len(), told.broken), (kept, torn, None), "cut at {cut}");
        assert_eq!(rig.add(START, &json!({ "phase": "intent" })).await, kept + 1);
        let told = rig.verify();
        assert_eq!((told.records, told.torn.len(), told.broken), (kept + 1, torn, None), "cut at {cut}");
    }
}

#[tokio::test]
async fn a7_cut_off_at_200_random_places_it_is_readable_and_goes_on() {
    let rig = Rig::of(9).await;
    let whole = rig.bytes();
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let cut = rng.usize(..=whole.len());
        fs::write(rig.path(), &whole[..cut]).unwrap();
        let before = rig.verify();
        assert!(before.broken.is_none() && before.torn.len() <= 1, "cut at {cut}: {before:?}");
        let seq = rig.add(START, &json!({ "reason": "after" })).await;
        let after = rig.verify();
        assert_eq!((seq, after.records, after.broken), (before.records + 1, before.records + 1, None), "cut at {cut}");
    }
}

#[tokio::test]
async fn what_was_changed_taken_out_or_put_in_is_found_and_the_first_bad_line_named() {
    let rig = Rig::of(5).await;
    let whole = String::from_utf8(rig.bytes()).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let changed = whole.replacen("größe 2", "größe 9", 1);
    let without = |n: usize| {
        let mut kept = lines.clone();
        kept.remove(n);
        kept.join("\n") + "\n"
    };
    let twice = format!("{}\n{whole}", lines[0]);
    let blotted = whole.replacen("\"größe 3\"", "größe 3", 1);
    for (text, line, words) in [
        (changed, 3, "does not carry the hash of record 2"),
        (without(0), 1, ""),
        (without(2), 3, "record 4 follows record 2"),
        (twice, 2, "record 1 follows record 1"),
        (blotted, 4, "record 4 follows record 2"),
        (whole.replacen("\"seq\":1", "\"seq\":2", 1), 1, "record 2 does not name the one before"),
    ] {
        fs::write(rig.path(), text).unwrap();
        let told = rig.verify();
        if words.is_empty() {
            // What stands before may be kept elsewhere.
            assert_eq!((told.first, told.broken), (2, None));
            continue;
        }
        let (place, why) = told.broken.expect(words);
        assert!(place.ends_with(&format!(".jsonl:{line}")) && why.contains(words), "{place}: {why}");
    }
}

#[tokio::test]
async fn a_plan_is_told_whether_the_chain_it_would_continue_is_intact() {
    let rig = Rig::of(3).await;
    let check = rig.audit.check().await;
    assert_eq!((check.level, check.text.as_str()), (Level::Pass, "the chain of the audit is intact, 3 records"));
    let text = String::from_utf8(rig.bytes()).unwrap();
    fs::write(rig.path(), text.replacen("\"seq\":2", "garbage", 1)).unwrap();
    let check = rig.audit.check().await;
    let told = format!("the chain of the audit is broken at {}:3: record 3 follows record 1", rig.path().display());
    assert_eq!((check.id, check.level, check.text.as_str()), ("audit", Level::Warn, &*told));
    fs::set_permissions(rig.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let check = rig.audit.check().await;
    assert!(check.level == Level::Warn && check.text.starts_with("the audit cannot be read: "), "{}", check.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_at_once_keep_one_chain() {
    let rig = Rig::new();
    let writers = ["a", "b", "c", "d"].map(|who| {
        // Each opens its own files, as another process would.
        let audit = rig.audit.clone();
        tokio::spawn(async move {
            for n in 0..25 {
                let body = json!({ "reason": format!("{who}{n}") });
                audit.append(|| START, body.as_object().unwrap().clone()).await.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let told = rig.verify();
    assert_eq!((told.records, told.torn.len(), told.broken), (100, 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_does_not_let_go_is_told_after_five_seconds() {
    let rig = Rig::of(1).await;
    let lock = fs::File::open(rig.path().with_file_name("chain.lock")).unwrap();
    lock.lock().unwrap();
    let error = rig.audit.append(|| START, Map::new()).await.unwrap_err();
    assert!(error.to_string().contains("another process has been writing for 5 s"), "{error}");
    drop(lock);
    assert_eq!(rig.add(START, &json!({})).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_has_the_time_at_which_its_turn_comes() {
    let rig = Rig::of(1).await;
    let lock = fs::File::open(rig.path().with_file_name("chain.lock")).unwrap();
    lock.lock().unwrap();
    let began = tokio::time::Instant::now();
    let waits = rig.audit.append(|| START + began.elapsed(), Map::new());
    let other = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(lock);
    };
    assert_eq!(tokio::join!(waits, other).0.unwrap().seq, 2);
    let last = rig.audit.entries().unwrap().pop().unwrap().record.unwrap();
    let at = Timestamp::parse(last["ts"].as_str().unwrap()).unwrap();
    assert!(at.since(START).as_secs() == 2, "{last}");
}

#[tokio::test]
async fn what_is_not_this_user_s_alone_is_not_read_either() {
    let rig = Rig::of(1).await;
    let dir = rig.path().parent().unwrap().to_owned();
    for (path, mode, words) in [
        (rig.path(), 0o644, "2026-03-14.jsonl: others may read or write it (mode 0644)"),
        (dir.clone(), 0o750, "audit: others may read or write it (mode 0750)"),
    ] {
        let was = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = rig.audit.verify().unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        fs::set_permissions(&path, was).unwrap();
    }
    fs::rename(rig.path(), dir.join("real")).unwrap();
    std::os::unix::fs::symlink("real", rig.path()).unwrap();
    let error = rig.audit.verify().unwrap_err();
    assert!(error.to_string().contains("a symbolic link, not a regular file"), "{error}");
    fs::remove_file(rig.path()).unwrap();
    let moved = dir.with_file_name("moved");
    fs::rename(&dir, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &dir).unwrap();
    let error = rig.audit.append(|| START, Map::new()).await.unwrap_err();
    assert!(error.to_string().contains("not a directory of its own"), "{error}");
}

#[tokio::test]
async fn f12_an_intent_without_an_outcome_is_told_unless_it_is_under_way() {
    let rig = Rig::new();
    let record = |id: &str, phase: &str, outcome: &str| {
        json!({
            "phase": phase, "action_id": id, "actor": { "sts_arn": "arn:me", "account": "1234" }, "action": "force-deploy",
            "target": "c/web", "stack": "prod", "region": "eu-west-1", "ticket": "OPS-7",
            "target_arns": [format!("arn:{id}")], "outcome": outcome, "ts": START.rfc3339(),
        })
    };
    for (id, phase, outcome) in [
        ("a", "intent", ""),
        ("b", "intent", ""),
        ("a", "result", "applied"),
        ("a", "outcome", "done"),
        ("c", "intent", ""),
        ("c", "result", "applied"),
        ("d", "intent", ""),
        ("d", "result", "refused"),
    ] {
        rig.add(START, &record(id, phase, outcome)).await;
    }
    let held = rig.audit.claim("arn:d").unwrap().unwrap();
    assert!(rig.audit.claim("arn:d").unwrap().is_none());
    let told: Vec<String> = rig.audit.unfinished().unwrap().into_iter().map(|left| left.text.to_string()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    let words = "record 2: force-deploy of c/web by arn:me at 2026-03-14T03:00:00.000Z (prod, 1234/eu-west-1, ticket OPS-7): \
                 whether it was sent";
    assert!(told[0].starts_with(words), "{told:?}");
    assert!(told[1].ends_with("it was accepted, and nobody saw how it ended"));
    drop(held);
    assert_eq!(rig.audit.unfinished().unwrap().len(), 3);
    let target = |arn: &str, label: &str| Target { name: "web".into(), label: label.into(), arn: arn.into() };
    let last = |arn: &str| rig.audit.last_sent("force-deploy", &target(arn, "c/web")).unwrap();
    assert_eq!(rig.audit.last_sent("force-deploy", &target("arn:b", "c/web=2")).unwrap(), None, "another value");
    assert_eq!((last("arn:b"), last("arn:c"), last("arn:d"), last("arn:e")), (Some(START), Some(START), None, None));
}

#[tokio::test]
async fn what_is_shown_of_a_line_is_ascii_and_the_same_json() {
    let rig = Rig::of(1).await;
    let line = String::from_utf8(rig.bytes()).unwrap().replace("größe 1", "gr\u{202e}ö\u{9b}2J😀\u{7f}");
    let line = line.replacen(',', "\t,\r", 1);
    fs::write(rig.path(), &line).unwrap();
    let entry = rig.audit.entries().unwrap().remove(0);
    assert!(entry.ascii().bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", entry.ascii());
    assert_eq!(serde_json::from_str::<Value>(&entry.ascii()).unwrap(), entry.record.unwrap());
}
