//! The Python environment: `target/testbed/venv`, or under the directory that `ROUNDS_TESTBED` names.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A Python interpreter with everything in `requirements.txt`.
pub struct Testbed {
    python: PathBuf,
}

/// The environment, made if it is not there yet; `None`, after saying so, where that is not possible.
pub fn testbed() -> Option<&'static Testbed> {
    static MADE: OnceLock<Result<Testbed, String>> = OnceLock::new();
    or_skip(MADE.get_or_init(make))
}

/// What was made; `None`, after saying so, where that was not possible. In CI that is a failure.
pub fn or_skip<T>(made: &Result<T, String>) -> Option<&T> {
    match made {
        Ok(made) => Some(made),
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("the testbed is needed in CI: {why}"),
        Err(why) => {
            let name = std::thread::current().name().unwrap_or("test").to_owned();
            // Past the capture of the test harness, so that it is seen.
            writeln!(std::io::stderr(), "skipped: {name}: {why}").expect("stderr");
            None
        }
    }
}

/// The directory of everything that is fetched for tests.
pub fn root() -> PathBuf {
    match std::env::var_os("ROUNDS_TESTBED") {
        Some(named) => PathBuf::from(named),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("testbed"),
    }
}

impl Testbed {
    /// A command that runs one of the scripts in `tests/support`, with nothing of this machine's AWS settings.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(script_path(name))
            .env("TMPDIR", std::env::temp_dir())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_PROXY", "127.0.0.1")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
        command
    }
}

fn script_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name)
}

fn make() -> Result<Testbed, String> {
    let root = root();
    fs::create_dir_all(&root).map_err(|e| format!("{}: {e}", root.display()))?;
    // Test binaries run one after another, but several cargo processes may not: only one of them sets up.
    let lock = File::create(root.join("lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    let venv = root.join("venv");
    let testbed = Testbed { python: venv.join("bin/python") };
    let (stamp, wanted) = (root.join("installed.txt"), script_path("requirements.txt"));
    let wanted_text = fs::read_to_string(&wanted).map_err(|e| e.to_string())?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted_text) {
        return Ok(testbed);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), "python3 -m venv")?;
    let mut install = Command::new(&testbed.python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted);
    run(&mut install, "pip install")?;
    fs::write(&stamp, wanted_text).map_err(|e| e.to_string())?;
    Ok(testbed)
}

/// Runs a command; gives the last line of its complaint if it fails.
fn run(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{what}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{what}: {}", said.lines().last().unwrap_or("failed without a word")))
}
