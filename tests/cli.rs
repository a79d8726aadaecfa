//! The command line as scripts and people with no terminal at hand meet it: what is wrong is said with the value, where it came
//! from and what would be right; the exit code says of which kind it was; and nothing is written over.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says why it fails")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// The longest a command may take that reads nothing; an idle machine needs some milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A home directory that holds one of every mistake.
fn home() -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let put = |name: &str, text: &str, mode: u32| {
        let path = home.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("its mode");
    };
    for directory in [".aws", "directory"] {
        fs::create_dir(home.path().join(directory)).expect("a directory");
    }
    put(".aws/config", "[profile prod]\nregion = us-east-1\n", 0o600);
    put("good.toml", "[[stack]]\nname = \"prod-ehr\"\nregion = \"us-east-1\"\n", 0o600);
    put("keys.toml", "refrsh = \"5s\"\n[[stack]]\nname = \"prod-ehr\"\ncolour = \"red\"\n", 0o600);
    put("looks.toml", "theme = \"mine.toml\"\nkeymap = \"absent.toml\"\n", 0o600);
    put("mine.toml", "[roles]\ncrt = {}\n", 0o600);
    put("broken.toml", "not toml [", 0o600);
    put("shared.toml", "", 0o666);
    put("kept.svg", "kept", 0o600);
    let made = Command::new("mkfifo").arg(home.path().join("fifo")).status().expect("mkfifo runs");
    assert!(made.success());
    home
}

/// `rounds` in a clean environment, with `home` as its home and the place it is started in.
fn rounds(home: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command.args(args).current_dir(home).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").expect("PATH")).env("HOME", home).env("LANG", "C.UTF-8");
    // Nothing listens there, so that nothing can be sent by mistake.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_REGION", "us-east-1").env("TERM", "xterm");
    command
}

/// Runs to the end, or fails when that does not come.
fn run(mut command: Command) -> Said {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let pid = child.id();
    let (send, ended) = channel();
    thread::spawn(move || send.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
        panic!("it does not end: {command:?}");
    };
    let output = output.expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn said(args: &[&str]) -> Said {
    run(rounds(home().path(), args))
}

/// Every line is: what was typed, the exit code, and what the message must say.
fn each(cases: &[(&[&str], i32, &[&str])]) {
    let home = home();
    for (args, code, told) in cases {
        let said = run(rounds(home.path(), args));
        assert_eq!(said.code, Some(*code), "{args:?}: {}", said.err);
        assert_eq!(said.out, "", "{args:?}");
        for words in *told {
            assert!(said.err.contains(words), "{args:?}: {words:?} is missing in\n{}", said.err);
        }
    }
    assert_eq!(fs::read_to_string(home.path().join("kept.svg")).expect("it is there"), "kept");
}

#[test]
fn an_unknown_name_is_answered_with_what_is_known() {
    each(&[
        (&["export", "services", "--profile", "prodd"], 2, &["no profile \"prodd\"", "did you mean \"prod\"?"]),
        (
            &["export", "services", "--region", "us-east-1a"],
            2,
            &["--region: \"us-east-1a\"", "its region is \"us-east-1\""],
        ),
        (
            &["export", "services", "--region", "virginia"],
            2,
            &["\"virginia\" is not a region", "write it like us-east-1"],
        ),
        (
            &["export", "services", "--region", "us-esat-1"],
            2,
            &["--region: \"us-esat-1\" is not a region", "did you mean \"us-east-1\"?"],
        ),
        (
            &["--config", "good.toml", "--stack", "prod-er", "config"],
            2,
            &["--stack: unknown stack", "did you mean \"prod-ehr\""],
        ),
        (&["--stack", "prod", "config"], 2, &["\"prod\"", "the only stack is \"default\""]),
        (&["export", "servces"], 2, &["no view \"servces\"", "did you mean \"services\"?", "instances, tasks"]),
        (&["config", "--theme", "drak"], 2, &["--theme: unknown theme \"drak\"", "did you mean \"dark\"?", "light"]),
        (&["config", "--keymap", "vmi"], 2, &["--keymap: unknown keymap \"vmi\"", "did you mean \"vim\"?", "emacs"]),
        (&["demo", "ehr-mong"], 2, &["unknown scenario \"ehr-mong\"", "did you mean \"ehr-mongo\"?"]),
        (&["demo", "zzz"], 2, &["unknown scenario \"zzz\"", "ehr-mongo"]),
        (&["expotr"], 2, &["'expotr'", "'export'"]),
        (&["export", "services", "--format", "yaml"], 2, &["'yaml'", "json, csv, markdown, text"]),
        (&["completions", "tcsh"], 2, &["'tcsh'", "bash"]),
    ]);
}

#[test]
fn a_value_that_cannot_be_is_answered_with_its_form() {
    each(&[
        (&["demo", "--at", "nonsense"], 2, &["--at: \"nonsense\" is not a time of day", "03:12"]),
        (&["demo", "--at", "24:00"], 2, &["--at: \"24:00\" is not a time of day"]),
        (&["demo", "--at", "00:01"], 2, &["--at: \"00:01\" is before the scenario begins", "03:00:00Z"]),
        (&["demo", "--speed", "nonsense"], 2, &["--speed: \"nonsense\" is not a speed", "10x"]),
        (&["demo", "--speed", "0x"], 2, &["--speed: \"0x\"", "0.01x to 1000x"]),
        (&["demo", "--listen", "0.0.0.0:1"], 2, &["--listen: 0.0.0.0 is not a loopback address", "127.0.0.1"]),
        (&["demo", "--listen", "nonsense"], 2, &["--listen: \"nonsense\" is not an address", "127.0.0.1:4600"]),
        (&["demo", "--screenshot", "kept.svg", "--size", "wide"], 2, &["--size: \"wide\" is not a size", "120x40"]),
        (&["demo", "--screenshot", "kept.svg", "--size", "9999x1"], 2, &["--size: \"9999x1\"", "to 500x200"]),
        (&["demo", "--screenshot", "kept.svg", "--size", "0x0"], 2, &["--size: \"0x0\"", "from 40x8"]),
        (&["demo", "--screenshot", "kept.svg", "--size", "80x7"], 2, &["--size: \"80x7\"", "from 40x8"]),
        (&["demo", "--screenshot", "kept.svg", "--keys", "2 nokey"], 2, &["--keys: \"nokey\" is not a key"]),
        (&["demo", "--screenshot", "kept.svg", "--keys", "2 +9999h"], 2, &["--keys: \"+9999h\" is too long", "24h"]),
        (&["demo", "--screenshot", "directory"], 3, &["--screenshot: cannot write directory"]),
        (&["demo", "--size", "80x24"], 2, &["--screenshot"]),
        (&["config", "--refresh", "0s"], 2, &["--refresh: \"0s\" is not between 1s and 1h00m"]),
        (
            &["config", "--endpoint-url", "127.0.0.1:9"],
            2,
            &["--endpoint-url: \"127.0.0.1:9\"", "write it like https://"],
        ),
        (&["export", "services", "--timeout", "soon"], 2, &["--timeout: \"soon\" is not a duration", "90s"]),
        (&["export", "services", "--log", "directory"], 2, &["--log: cannot write directory"]),
    ]);
}

#[test]
fn the_demo_refuses_what_chooses_stacks_and_minds_no_variable_that_does() {
    let own = "the demo has a stack of its own";
    each(&[
        (&["demo", "--stack", "x"], 2, &["--stack: ", own]),
        (&["--profile", "x", "demo", "--list"], 2, &["--profile: ", own]),
        (&["demo", "--region", "eu-west-1", "--screenshot", "kept.svg"], 2, &["--region: ", own]),
        (&["demo", "--endpoint-url", "http://127.0.0.1:9", "--stack", "x"], 2, &["--endpoint-url: ", "--stack: "]),
    ]);
    let home = home();
    let mut command = rounds(home.path(), &["demo", "--screenshot", "new.svg", "--size", "40x8"]);
    command.env("ROUNDS_STACK", "x").env("AWS_PROFILE", "x").env("AWS_REGION", "x").env("AWS_ENDPOINT_URL", "x");
    let said = run(command);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(fs::read_to_string(home.path().join("new.svg")).expect("a picture").contains("123456789012"));
}

#[test]
fn a_configuration_that_cannot_be_read_says_why() {
    each(&[
        (&["config", "--config", "directory"], 2, &["directory: a directory, not a regular file", "named by --config"]),
        (&["config", "--config", "absent.toml"], 2, &["absent.toml: no such file", "named by --config"]),
        (&["config", "--config", "fifo"], 2, &["fifo: a FIFO, not a regular file"]),
        (&["config", "--config", "/dev/zero"], 2, &["/dev/zero: a device, not a regular file"]),
        (&["config", "--config", "shared.toml"], 2, &["shared.toml: anyone can write it (mode 0666)", "chmod go-w"]),
        (&["config", "--config", "broken.toml"], 2, &["broken.toml:1: not TOML"]),
        (
            &["config", "--config", "keys.toml"],
            2,
            &[
                "keys.toml:1: unknown key \"refrsh\"",
                "did you mean \"refresh\"?",
                "keys.toml:4: unknown key of a stack \"colour\"",
            ],
        ),
        (
            &["config", "--config", "looks.toml"],
            2,
            &[
                "absent.toml: no such file\n  named by looks.toml:2",
                "mine.toml:2: unknown role \"crt\"\n  did you mean \"crit\"?; named by looks.toml:1",
            ],
        ),
        (&["config", "--explain", "--theme", "./mine.toml"], 2, &["mine.toml:2: ", "named by --theme"]),
    ]);
    let home = home();
    fs::create_dir_all(home.path().join(".config/rounds/rounds.toml")).expect("a directory");
    let said = run(rounds(home.path(), &["config"]));
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains(".config/rounds/rounds.toml: a directory, not a regular file"), "{}", said.err);
}

#[test]
fn a_check_that_cannot_run_is_unknown() {
    each(&[
        (&["check", "--bogus"], 3, &["'--bogus'"]),
        (&["--region", "us-east-1", "check", "--bogus"], 3, &["'--bogus'"]),
        (&["check", "--fail-on", "never"], 3, &["'never'", "warn, crit"]),
        (&["check", "--timeout", "soon"], 3, &["--timeout: \"soon\" is not a duration"]),
        (&["check", "--only", "esc"], 3, &["--only: no domain \"esc\"", "did you mean \"ecs\"?"]),
        (&["check", "--profile", "prodd"], 3, &["no profile \"prodd\""]),
        (&["check", "--region", "virginia"], 3, &["\"virginia\" is not a region"]),
        (&["check", "--config", "absent.toml"], 3, &["absent.toml: no such file"]),
        (&["--bogus"], 2, &["'--bogus'"]),
        (&["export"], 2, &["<VIEW>"]),
    ]);
}

#[test]
fn without_a_terminal_the_commands_for_scripts_are_named() {
    for args in [&[][..], &["demo"], &["--theme", "light"]] {
        let said = said(args);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{args:?}");
        for words in ["standard input is not a terminal", "rounds check --json", "rounds export VIEW --format json"] {
            assert!(said.err.contains(words), "{}", said.err);
        }
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    let help = said(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for words in ["rounds demo", "check", "export", "--endpoint-url", "exit 0 ok, 1 warning, 2 critical, 3 unknown"] {
        assert!(help.out.contains(words), "{words}: {}", help.out);
    }
    for args in [["demo", "--help"], ["check", "--help"], ["export", "--help"], ["config", "--help"]] {
        assert_eq!(said(&args).code, Some(0), "{args:?}");
    }
    assert!(help.out.contains("2 refused, 3 not planned"), "{}", help.out);
    let export: Vec<String> = said(&["export", "--help"]).out.split_whitespace().map(str::to_owned).collect();
    let views = "services, instances, tasks, mongo, databases, scaling, findings, secrets, timeline, alarms, audit";
    assert!(export.join(" ").contains(&format!("One of: {views}")), "{export:?}");
    let version = said(&["--version"]);
    assert_eq!((version.code, version.out), (Some(0), format!("rounds {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let explained = said(&["config", "--explain", "--config", "good.toml", "--theme", "light"]);
    assert_eq!(explained.code, Some(0), "{}", explained.err);
    let line = |key: &str| explained.out.lines().find(|line| line.starts_with(key)).expect(key).to_owned();
    assert!(line("theme ").contains("light") && line("theme ").ends_with("--theme"));
    assert!(
        line("stack.prod-ehr.region ").contains("us-east-1") && line("stack.prod-ehr.region ").ends_with("good.toml:3")
    );
    assert!(line("stack.prod-ehr.endpoint_url ").contains("AWS_ENDPOINT_URL"));
    assert!(said(&["config"]).out.contains("keymap = default\n"));
}

#[test]
fn scripts_and_the_manual_are_printed() {
    for (shell, words) in [("bash", "complete -F"), ("zsh", "#compdef rounds"), ("fish", "complete -c rounds")] {
        let said = said(&["completions", shell]);
        assert!(said.code == Some(0) && said.out.contains(words) && said.out.contains("endpoint-url"), "{shell}");
    }
    let man = said(&["man"]);
    assert!(man.code == Some(0) && man.out.contains(".TH rounds 1") && man.out.contains("demo"), "{}", man.out);
    for words in ["ROUNDS_STACK", "rounds/rounds.toml", r"rounds\-audit(1)"] {
        assert!(man.out.contains(words), "{words}: {}", man.out);
    }
    for (of, words) in [
        (&["man", "audit"][..], ".TH rounds-audit 1"),
        (&["man", "audit", "show"], ".TH rounds-audit-show 1  \"rounds "),
    ] {
        let page = said(of);
        assert!(page.code == Some(0) && page.out.contains(words), "{}", page.out);
    }
    each(&[(&["man", "adit"], 2, &["rounds has no command \"adit\"", "did you mean \"audit\"?"])]);
    let list = said(&["demo", "--list"]);
    assert!(list.code == Some(0) && list.out.starts_with("ehr-mongo "), "{}", list.out);
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let home = home();
    let mut command = rounds(home.path(), &["completions", "bash"]);
    let mut child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut first = String::new();
    // As `head -1` does: one line, and gone.
    BufReader::with_capacity(1, child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{first}");
    let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let mut command = rounds(home.path(), &["completions", "bash"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("it ends");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"));
}

#[test]
fn a16_nobody_who_reads_the_json_is_no_mistake_either() {
    let home = home();
    let mut command = rounds(home.path(), &["check", "--json"]);
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(3), ""));
}

#[test]
fn what_was_typed_is_shown_without_acting_on_the_terminal() {
    let home = home();
    let evil = "x\u{1b}[31m\u{1b}]0;t\u{7}\u{202e}";
    for args in [
        &[evil][..],
        &["export", evil],
        &["demo", evil],
        &["check", "--only", evil],
        &["config", "--theme", evil],
        &["config", "--config", evil],
        &["config", "--stack", evil],
        &["demo", "--at", evil],
        &["export", "services", "--profile", evil],
        &["completions", evil],
    ] {
        let said = run(rounds(home.path(), args));
        let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.err.is_empty() && !said.err.contains(is_harmful), "{args:?}: {:?}", said.err);
    }
    let said = run(rounds(home.path(), &[OsStr::from_bytes(b"\xff")]));
    assert_eq!(said.code, Some(2));
    for address in ["https://ana:hunter2@host", "ana:hunter2@host", "ftp://ana:hunter2@host"] {
        let said = run(rounds(home.path(), &["config", "--endpoint-url", address]));
        assert!(said.code == Some(2) && said.err.contains("host") && !said.err.contains("hunter2"), "{}", said.err);
    }
}
