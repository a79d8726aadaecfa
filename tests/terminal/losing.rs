//! A terminal that goes away, gets stuck, is slow, or is somebody else's for a while. The ids are those of docs/faults.md.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::pty::BINARY;
use crate::{Launch, demo, read};

/// The end after a hang-up comes within this, and costs at most this much processor time.
const END: Duration = Duration::from_secs(2);
const COST: Duration = Duration::from_millis(100);

/// Waits until something is so that no byte on the terminal tells of.
fn soon(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < END + END, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// A1: whether SIGHUP is sent or not, and whether it was ignored before.
#[test]
fn a1_a_hang_up_ends_it_soon_and_cheaply() {
    let launches = [
        ("as ever", Launch::new(&["demo"])),
        ("SIGHUP ignored", Launch::through(&["sh", "-c", "trap '' HUP; exec \"$0\" demo", BINARY])),
        ("no controlling terminal", Launch::new(&["demo"]).uncontrolled()),
        ("neither", Launch::through(&["sh", "-c", "trap '' HUP; exec \"$0\" demo", BINARY]).uncontrolled()),
        ("a session of its own", Launch::through(&["setsid", "--wait", BINARY, "demo"])),
        ("under a shell", Launch::through(&["sh", "-c", "\"$0\" demo; exit $?", BINARY])),
    ];
    for (how, launch) in launches {
        let (_, took, cost) = read(launch).hang_up();
        assert!(took <= END && cost <= COST, "{how}: ended after {took:?} and {cost:?} of processor time");
    }
}

/// A2: what holds the terminal is ended.
#[test]
fn a2_it_ends_with_tmux_and_with_script() {
    let session = ["tmux", "-L", "rounds-test", "-f", "/dev/null", "new-session", BINARY, "demo"];
    let recorded = format!("{BINARY} demo");
    for line in [&session[..], &["script", "-qfc", &recorded, "/dev/null"]] {
        let installed = std::process::Command::new(line[0]).arg("-V").output().is_ok();
        if !installed {
            let _ = writeln!(std::io::stderr(), "not tried: {} is not installed", line[0]);
            continue;
        }
        let mut console = Launch::through(line).start();
        console.sees("fresh, oldest");
        let process = console.process();
        if line[0] == "tmux" {
            let ended = std::process::Command::new("tmux").args(["-L", "rounds-test", "kill-server"]).status();
            assert!(ended.is_ok_and(|status| status.success()));
        } else {
            // It does not end by itself when its own terminal goes away.
            console.signal("KILL");
        }
        soon(&format!("{} is gone, and so is it", line[0]), || !process.is_running());
    }
}

/// A3: whoever shares the terminal shares its flags, and reads away what poll(2) told of.
#[test]
fn a3_a_terminal_that_was_made_non_blocking_costs_next_to_nothing() {
    let flags = "import fcntl, os; fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK | fcntl.fcntl(0, fcntl.F_GETFL))";
    let line = "python3 -c \"$1\" && exec \"$0\" demo";
    if std::process::Command::new("python3").arg("-V").output().is_err() {
        let _ = writeln!(std::io::stderr(), "not tried: python3 is not installed");
        return;
    }
    let mut console = read(Launch::through(&["sh", "-c", line, BINARY, flags]));
    let process = console.process();
    let (start, before) = (Instant::now(), process.cpu());
    for _ in 0..4 {
        // It draws once a second, for ages are shown.
        let written = console.written();
        console.until("another frame", |c| c.written() > written);
    }
    let (cost, took) = (process.cpu().saturating_sub(before), start.elapsed());
    assert!(cost * 4 <= took, "{cost:?} of processor time in {took:?}");
    // More than a terminal holds: writing meets a full one.
    console.reads(Some(0));
    for _ in 0..100 {
        console.press("4G2g");
    }
    console.press("3").reads(None).sees("┌ instances").press("q");
    assert_eq!(console.ends().code, 0);
}

/// A4: keys and signals are taken while the terminal takes nothing, and nothing piles up.
#[test]
fn a4_a_stuck_terminal_holds_up_neither_signals_nor_memory() {
    let mut console = demo();
    let process = console.process();
    console.stop_reading();
    let before = process.resident();
    for _ in 0..2_000 {
        console.press("2jkGg1G");
    }
    let grown = process.resident().saturating_sub(before);
    assert!(grown <= 1_024, "{grown} KiB more");
    let start = Instant::now();
    console.signal("TERM");
    assert_eq!(console.ends_somehow(), 143);
    assert!(start.elapsed() <= END, "{:?}", start.elapsed());
}

/// A5: what a slow terminal is late for is skipped; no key is.
#[test]
fn a5_a_slow_terminal_gets_the_newest_frame_and_every_key_is_taken() {
    let mut console = demo();
    console.press("4").sees("┌ tasks").reads(Some(0));
    for _ in 0..50 {
        console.press("Gg").reads(Some(1_024));
    }
    let before = console.written();
    console.press("2").reads(None).sees("┌ services");
    let late = console.written() - before;
    // What was on its way, one frame that was begun, and the newest.
    assert!(late <= 128 * 1_024, "{late} bytes until the last key was seen");
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

/// A6: wherever a signal meets it, the terminal is given back.
#[test]
fn a6_signals_at_any_point_give_the_terminal_back() {
    for seed in 0_usize..200 {
        let (name, number) = [("TERM", 15), ("INT", 2), ("QUIT", 3), ("HUP", 1)][seed % 4];
        let mut console = Launch::new(&["demo"]).size(80, 24).start();
        // So much has been written, from the first byte to a few frames.
        let written = 1 + seed * 37 % 6_000;
        let keys = ["", "2", "2w", ":ab", "/x", "3d?"][seed % 6];
        console.press(keys).until("some bytes", |console| console.written() >= written.min(1_200)).signal(name);
        assert_eq!(console.ends().code, 128 + number, "seed {seed}");
    }
}

/// A8: while it is stopped the terminal is the shell's, and afterwards the picture is whole.
#[test]
fn a8_it_can_be_stopped_and_goes_on() {
    let mut console = demo();
    let process = console.process();
    for round in 0_u16..100 {
        console.signal("TSTP").until("the shell's screen", |c| !c.screen().alternate_screen());
        soon("it is stopped", || process.is_stopped());
        console.signal("CONT").resize(100 + round % 2 * 10, 40).sees("fresh, oldest").sees("cannot place");
        console.until("its own screen", |c| c.screen().alternate_screen() && c.screen().hide_cursor());
    }
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

/// A9: a storm of sizes ends with the last one.
#[test]
fn a9_a_thousand_sizes_end_with_the_last() {
    let mut console = demo();
    for n in 0_u16..1_000 {
        console.resize(40 + n * 7 % 160, 8 + n * 3 % 50);
    }
    console.resize(120, 40).sees("cannot place").until("40 rows", |c| c.text().lines().count() == 40).press("q");
    assert_eq!(console.ends().code, 0);
}

/// A size that went and came back before it was looked at is none that has changed, and yet nothing is left of the picture.
#[test]
fn a9_a_size_that_is_the_old_one_again_is_drawn_anew() {
    let mut console = demo();
    console.sees("cannot place").loses_all().signal("WINCH").sees("cannot place").sees("┌ overview").press("q");
    assert_eq!(console.ends().code, 0);
}

/// B2: what a terminal answers, late and unasked, changes nothing.
#[test]
fn b2_answers_nobody_asked_for_are_swallowed() {
    let mut console = demo();
    for answer in
        ["\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b[?62;22c", "\x1bP>|XTerm(330)\x1b\\", "\x1b[12;40R", "\x1b[?2026;2$y"]
    {
        console.press(answer);
    }
    // A `/` or `:` among them that counted as a key would take what is pressed now.
    console.press("2").sees("┌ services").press("1").sees("┌ overview");
    let text = console.text();
    for rest in ["rgb", "0000/", "XTerm", "62;22", "2026;2", "copied", "works in"] {
        assert!(!text.contains(rest), "{rest} in\n{text}");
    }
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

/// B3: a paste of any size costs next to nothing, and acts on nothing.
#[test]
fn b3_ten_megabytes_pasted_cost_little() {
    let mut console = demo();
    let process = console.process();
    let before = process.resident();
    console.press("\x1b[200~");
    let piece = "yes\r\x1b[200~y\x1b".repeat(1_000);
    for _ in 0..10 * 1_048_576 / piece.len() {
        console.press(&piece);
    }
    console.press("\x1b[201~").sees("paste ignored (");
    let grown = process.resident().saturating_sub(before);
    assert!(grown <= 12 * 1_024, "{grown} KiB more");
    console.sees("┌ overview").press("q");
    assert_eq!(console.ends().code, 0);
}
