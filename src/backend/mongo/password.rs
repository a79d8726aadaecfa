//! The password of a replica set: read from where it is found when it is first needed, and shown to nobody.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::{oneshot, watch};
use tokio::time::{interval, timeout};

use super::set::REST;
use crate::error::Error;
use crate::file::{Trust, read};
use crate::model::mongo::Password;
use crate::model::{Fault, FaultKind};
use crate::text::{Text, clean};
use crate::time::{Clock, Timestamp};

/// The most that is read of a file or of what a program prints, in bytes; a password has a line.
const MAX: u64 = 16 * 1024;

/// How long the program may take, its own questions included.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked whether the program has ended, once it has closed its output.
const LOOK: Duration = Duration::from_millis(10);

/// A password. It has no form in which it could be shown.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// The password itself, for the driver.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What came of looking, and when; absent: it goes on.
type Found = Option<(Timestamp, Result<Secret, Fault>)>;

/// The password of a set. It is looked up by a task of its own, once for all members: a program that prints it may take longer
/// than a command, and would be ended and started anew with each.
pub(super) struct Lookup {
    source: Password,
    clock: Arc<dyn Clock>,
    found: Mutex<Option<watch::Receiver<Found>>>,
}

impl Lookup {
    /// Nothing is looked up before it is needed.
    pub fn of(source: Password, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, found: Mutex::default() }
    }

    /// The password; it is waited for so long, and looked for on afterwards.
    ///
    /// # Errors
    /// It is not there yet, or there is none.
    pub async fn get(&self, wait: Duration) -> Result<Secret, Fault> {
        let mut coming = self.coming();
        let found = match timeout(wait, coming.wait_for(Option::is_some)).await {
            Ok(Ok(found)) => found.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        let late = || {
            let what =
                if matches!(self.source, Password::Command(_)) { "the password command" } else { "the password" };
            Err(Fault::new(FaultKind::Timeout, "password", format!("{what} has not answered yet")))
        };
        found.map_or_else(late, |(_, found)| found)
    }

    /// Waits until it was found or not; a program that prints it is ended after [`PATIENCE`].
    pub async fn settled(&self) {
        // Where the task is gone, there is nothing to wait for.
        let _ = self.coming().wait_for(Option::is_some).await;
    }

    /// It may have been changed since it was read.
    pub fn forget(&self) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.take_if(|found| matches!(&*found.borrow(), Some((_, Ok(_)))));
    }

    /// What is being found; begun where nothing is, or where it failed a while ago.
    fn coming(&self) -> watch::Receiver<Found> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |found: &watch::Receiver<Found>| match &*found.borrow() {
            Some((at, Err(_))) => self.clock.now().since(*at) < REST,
            Some((_, Ok(_))) => true,
            None => found.has_changed().is_ok(),
        };
        if let Some(found) = found.as_ref().filter(|found| holds(found)) {
            return found.clone();
        }
        let (tell, told) = watch::channel(None);
        let (source, clock) = (self.source.clone(), Arc::clone(&self.clock));
        tokio::spawn(async move {
            let found = find(&source).await;
            tell.send_replace(Some((clock.now(), found)));
        });
        found.insert(told).clone()
    }
}

/// Looks the password up.
///
/// # Errors
/// What is wrong with its source; never what was found there.
async fn find(source: &Password) -> Result<Secret, Fault> {
    let found = match source {
        Password::Env(name) => variable(name)?,
        Password::File(path) => first_line_of(path)?,
        Password::Command(words) => printed(words).await?,
    };
    let line = found.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(wrong(format!("the password from {source} is empty"), None));
    }
    Ok(Secret(line.to_owned()))
}

fn wrong(what: String, remedy: Option<String>) -> Fault {
    Fault::misconfigured(what, remedy)
}

fn variable(name: &str) -> Result<String, Fault> {
    match std::env::var(name) {
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => Err(wrong(
            format!("the variable {} is not set", clean(name)),
            Some("it holds the password of MongoDB".to_owned()),
        )),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(wrong(format!("the variable {} is not UTF-8", clean(name)), None))
        }
    }
}

fn first_line_of(path: &Path) -> Result<String, Fault> {
    read(path, MAX, Trust::Private).map_err(|error| {
        let Error { what, origin, hint, .. } = error;
        wrong(format!("password file {}: {what}", origin.unwrap_or_default()), hint)
    })
}

/// A program that runs, and all that it started; it ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// The first line that a program prints. It gets no input and no terminal: its group is in the background, so what asks there
/// is stopped rather than mixed up with the keys of the console. What it complains about is not shown, for nobody knows what
/// is in it.
async fn printed(words: &[String]) -> Result<String, Fault> {
    let [program, arguments @ ..] = words else { return Err(wrong("an empty password command".to_owned(), None)) };
    let shown = clean(program);
    let broken = |what: &dyn fmt::Display| wrong(format!("password command {shown}: {what}"), None);
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut running = command.spawn().map(Running).map_err(|error| {
        let why = error.to_string();
        let remedy = Some("name a program on the PATH, or its whole path".to_owned());
        Fault { remedy: remedy.map(Text::from), ..broken(&why.split(" (os error ").next().unwrap_or_default()) }
    })?;
    let (tell, told) = oneshot::channel();
    let output = running.0.stdout.take();
    // A thread of its own, which nobody waits for at the end: the runtime would.
    std::thread::spawn(move || tell.send(output.map_or_else(|| Ok(Vec::new()), first_line)));
    let run = async {
        let line = told.await.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))?;
        let mut look = interval(LOOK);
        loop {
            if let Some(status) = running.0.try_wait()? {
                return io::Result::Ok((line, status));
            }
            look.tick().await;
        }
    };
    let late = |_| broken(&format_args!("not done within {} s", PATIENCE.as_secs()));
    let (line, status) = timeout(PATIENCE, run).await.map_err(late)?.map_err(|error| broken(&error))?;
    if !status.success() {
        let remedy = Some(Text::from("run it yourself to see what it says"));
        return Err(Fault { remedy, ..broken(&status) });
    }
    String::from_utf8(line).map_err(|_| broken(&"it does not print UTF-8"))
}

/// The first line; the rest is read too, so that the program is not stopped by a pipe that nobody empties.
fn first_line(output: impl Read) -> io::Result<Vec<u8>> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    output.by_ref().take(MAX).read_until(b'\n', &mut line)?;
    io::copy(&mut output, &mut io::sink())?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::time::ManualClock;

    fn command(script: &str) -> Password {
        Password::Command(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    async fn told(source: Password) -> String {
        let fault = find(&source).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Misconfigured);
        format!("{fault:?} {fault}")
    }

    #[tokio::test]
    async fn the_first_line_of_a_file_that_is_ones_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ehr.password");
        fs::write(&path, "hunter2\nnot this\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let found = find(&Password::File(path.clone())).await.unwrap();
        assert_eq!((found.reveal(), format!("{found:?}").as_str()), ("hunter2", "Secret"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let said = told(Password::File(path.clone())).await;
        assert!(
            said.contains("ehr.password: its group can use it (mode 0640)") && said.contains("chmod 600"),
            "{said}"
        );
        fs::write(&path, "\nhunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let said = told(Password::File(path)).await;
        assert!(said.contains("ehr.password is empty") && !said.contains("hunter2"), "{said}");
        assert!(told(Password::File(dir.path().join("absent"))).await.contains("no such file"));
    }

    #[tokio::test]
    async fn a_variable_that_is_not_set_is_named() {
        let said = told(Password::Env("ROUNDS_TEST_NO_SUCH_VARIABLE".to_owned())).await;
        assert!(said.contains("the variable ROUNDS_TEST_NO_SUCH_VARIABLE is not set"), "{said}");
        assert!(!find(&Password::Env("PATH".to_owned())).await.unwrap().reveal().is_empty());
    }

    #[tokio::test]
    async fn the_first_line_that_a_program_prints() {
        assert_eq!(find(&command("echo hunter2; seq 100000")).await.unwrap().reveal(), "hunter2");
        let said = told(command("echo hunter2; echo hunter2 >&2; exit 3")).await;
        assert!(said.contains("password command sh: exit status: 3") && !said.contains("hunter2"), "{said}");
        assert!(told(command("cat")).await.contains("the password from command sh is empty"), "no input");
        let said = told(Password::Command(vec!["/nonexistent/pass".to_owned(), "hunter2".to_owned()])).await;
        assert!(said.contains("/nonexistent/pass: No such file or directory") && !said.contains("hunter2"), "{said}");
    }

    #[tokio::test]
    async fn a_program_that_takes_longer_than_a_command_is_asked_once_for_all() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_000)));
        let of = |script: String| Lookup::of(command(&script), Arc::clone(&clock) as Arc<dyn Clock>);
        let runs = || fs::read_to_string(at("runs")).unwrap_or_default().lines().count();

        let slow =
            of(format!("echo 1 >> {}; until test -e {}; do sleep 0.01; done; echo hunter2", at("runs"), at("go")));
        for _ in 0..3 {
            let fault = slow.get(Duration::ZERO).await.unwrap_err();
            assert_eq!(
                (fault.kind, fault.message.as_str()),
                (FaultKind::Timeout, "the password command has not answered yet")
            );
        }
        fs::write(at("go"), "").unwrap();
        for _ in 0..2 {
            assert_eq!(slow.get(PATIENCE).await.unwrap().reveal(), "hunter2");
        }
        assert_eq!(runs(), 1);
        slow.forget();
        assert_eq!((slow.get(PATIENCE).await.unwrap().reveal(), runs()), ("hunter2", 2));

        let failing = of(format!("echo 1 >> {}; exit 1", at("runs")));
        for _ in 0..3 {
            assert_eq!(failing.get(PATIENCE).await.unwrap_err().kind, FaultKind::Misconfigured);
        }
        assert_eq!(runs(), 3);
        clock.set(Timestamp::from_secs(1_000) + REST);
        assert!(failing.get(PATIENCE).await.is_err());
        assert_eq!(runs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_does_not_end_is_not_waited_for() {
        let said = told(command("sleep 60; echo hunter2")).await;
        assert!(said.contains("password command sh: not done within 10 s"), "{said}");
    }
}
