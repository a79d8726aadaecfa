//! The real binary in a pseudo-terminal: what a person at a keyboard does and sees, without a person.
//!
//! Every byte the program writes is kept and held against an allow-list (see [`super::stream`]), and feeds an emulated screen.
//! Nothing waits for a fixed time: conditions are looked at whenever the program has written, until [`PATIENCE`] is over.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{
    Child, ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, SlavePty, native_pty_system,
};
use tempfile::TempDir;
use vt100::{Parser, Screen};

use super::stream::{self, Heard};

/// The longest a condition may take to come true; an idle machine needs a fraction of a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the program did.
enum Event {
    Wrote(Vec<u8>),
    Ended(ExitStatus),
}

/// How the program is to be started.
pub struct Launch {
    home: TempDir,
    command: CommandBuilder,
    size: (u16, u16),
}

impl Launch {
    /// `rounds` with these arguments, in a clean environment with a home of its own, in a terminal of 120x40.
    pub fn new(args: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_rounds"));
        command.args(args);
        command.env_clear();
        command.cwd(home.path());
        let launch = Self { home, command, size: (120, 40) };
        let home = launch.home.path().display().to_string();
        let path = std::env::var("PATH").expect("PATH");
        let clean = [("HOME", &*home), ("PATH", &path), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];
        clean.into_iter().fold(launch, |launch, (name, value)| launch.env(name, value))
    }

    /// With an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without an environment variable.
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// On AWS as it answers at `url`, with keys any emulator takes.
    pub fn on(self, url: &str) -> Self {
        self.at(url).env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET)
    }

    /// As [`Self::on`], without credentials.
    pub fn at(mut self, url: &str) -> Self {
        self.command.args(["--endpoint-url", url]);
        self.env("AWS_REGION", "us-east-1").env("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// In a terminal of this many columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// The home of the program, which is also where it is started.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts it.
    pub fn start(self) -> Console {
        let (columns, rows) = self.size;
        let PtyPair { slave, master } =
            native_pty_system().openpty(pty_size(columns, rows)).expect("a pseudo-terminal");
        let cooked = settings(&*master);
        let child = slave.spawn_command(self.command).expect("the binary starts");
        let (send, events) = channel();
        let hung_up = Arc::new(AtomicBool::new(false));
        read(master.try_clone_reader().expect("its output"), send.clone(), Arc::clone(&hung_up));
        let keyboard = master.take_writer().expect("its input");
        let (pid, killer) = (child.process_id().expect("a process id"), child.clone_killer());
        await_end(child, send);
        Console {
            home: self.home,
            pid,
            killer: Some(killer),
            hung_up,
            keyboard,
            events,
            parser: Parser::new(non_zero(rows, 24), non_zero(columns, 80), 0),
            bytes: Vec::new(),
            terminal: Some((slave, master)),
            cooked,
        }
    }
}

/// The secret key every console here is started with; it must be seen nowhere.
pub const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";

/// What is left when the program has ended.
pub struct End {
    /// Its exit code.
    pub code: u32,
    /// What it wrote, sorted.
    pub heard: Heard,
    /// The text on the terminal.
    pub text: String,
    /// Its home, for what it wrote there.
    pub home: TempDir,
}

/// The running program.
pub struct Console {
    home: TempDir,
    pid: u32,
    killer: Option<Box<dyn ChildKiller + Send + Sync>>,
    hung_up: Arc<AtomicBool>,
    keyboard: Box<dyn Write + Send>,
    events: Receiver<Event>,
    parser: Parser,
    bytes: Vec<u8>,
    // Open until the program has ended: with its last user a pseudo-terminal forgets its settings.
    terminal: Option<(Box<dyn SlavePty + Send>, Box<dyn MasterPty + Send>)>,
    cooked: String,
}

impl Console {
    /// The screen as it is now.
    pub fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen has these words.
    pub fn sees(&mut self, words: &str) -> &mut Self {
        self.until(&format!("{words:?} on the screen"), |console| console.text().contains(words))
    }

    /// Waits until the screen no longer has these words.
    pub fn sees_no(&mut self, words: &str) -> &mut Self {
        self.until(&format!("no {words:?} on the screen"), |console| !console.text().contains(words))
    }

    /// Waits until the line with the cursor has these words.
    pub fn stands_on(&mut self, words: &str) -> &mut Self {
        let selected = |line: &str| (line.contains('▌') || line.contains("|>")) && line.contains(words);
        self.until(&format!("the cursor on {words:?}"), |console| console.text().lines().any(selected))
    }

    /// Waits until something is so.
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Wrote(bytes)) => self.take(&bytes),
                Ok(Event::Ended(status)) => {
                    self.killer = None;
                    panic!("waiting for {what}: ended, {status:?}\n{}", self.text());
                }
                Err(why) => panic!("waited in vain for {what}: {why}; on the screen:\n{}", self.text()),
            }
        }
        self
    }

    /// Presses keys: what a keyboard would send.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes keys");
        self
    }

    /// Pastes, as a terminal that was asked for bracketed paste does.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.press(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        self.parser.screen_mut().set_size(non_zero(rows, 24), non_zero(columns, 80));
        let (_, master) = self.terminal.as_ref().expect("it is running");
        master.resize(pty_size(columns, rows)).expect("a new size");
        self
    }

    /// Sends a signal by name.
    pub fn signal(&mut self, name: &str) -> &mut Self {
        let sent = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status().expect("kill runs");
        assert!(sent.success(), "kill -s {name}");
        self
    }

    /// Closes the terminal, as when a connection breaks, and waits for the end; gives the exit code. The reader's end of it
    /// closes with the next thing the program writes.
    pub fn hang_up(mut self) -> u32 {
        self.hung_up.store(true, Ordering::SeqCst);
        self.terminal = None;
        self.keyboard = Box::new(std::io::sink());
        self.wait().exit_code()
    }

    /// Waits for the end, and holds every byte against the allow-list and the terminal against how it was.
    pub fn ends(mut self) -> End {
        let status = self.wait();
        assert_eq!(status.signal(), None, "ended by a signal");
        let (slave, master) = self.terminal.take().expect("it was running");
        assert_eq!(settings(&*master), self.cooked, "the terminal's settings are as they were");
        // Without a user the terminal ends, and with it the reader, once all is read.
        drop(slave);
        while let Ok(event) = self.events.recv_timeout(PATIENCE) {
            if let Event::Wrote(bytes) = event {
                self.take(&bytes);
            }
        }
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        let heard = stream::listen(&self.bytes).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(!heard.text.contains(SECRET), "a credential was shown");
        let home = std::mem::replace(&mut self.home, tempfile::tempdir().expect("a directory"));
        End { code: status.exit_code(), text: self.text(), heard, home }
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Wrote(bytes)) => self.take(&bytes),
                Ok(Event::Ended(status)) => {
                    self.killer = None;
                    return status;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it does not end; on the screen:\n{}", self.text())
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if let Some(killer) = &mut self.killer {
            let _ = killer.kill();
        }
    }
}

fn read(mut output: Box<dyn Read + Send>, send: Sender<Event>, hung_up: Arc<AtomicBool>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(n @ 1..) = output.read(&mut buffer) {
            if send.send(Event::Wrote(buffer[..n].to_vec())).is_err() || hung_up.load(Ordering::SeqCst) {
                return;
            }
        }
    });
}

fn await_end(mut child: Box<dyn Child + Send + Sync>, send: Sender<Event>) {
    thread::spawn(move || {
        let _ = send.send(Event::Ended(child.wait().expect("it was started")));
    });
}

/// The settings of a terminal, to be compared.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("settings"))
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A terminal that does not say its size is emulated with the usual one.
fn non_zero(n: u16, otherwise: u16) -> NonZeroU16 {
    NonZeroU16::new(n).or(NonZeroU16::new(otherwise)).expect("not zero")
}
