//! The real binary in a pseudo-terminal: what a person at a keyboard does and sees, without a person.
//!
//! Every byte the program writes is kept and held against an allow-list (see [`super::stream`]), and feeds an emulated screen.
//! Nothing waits for a fixed time: conditions are looked at whenever the program has written, until [`PATIENCE`] is over.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
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
        Self::through(&[&[BINARY], args].concat())
    }

    /// As [`Self::new`], started by another program: this command line starts it.
    pub fn through(line: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let mut command = CommandBuilder::new(line[0]);
        command.args(&line[1..]);
        command.env_clear();
        command.cwd(home.path());
        let launch = Self { home, command, size: (120, 40) };
        let home = launch.home.path().display().to_string();
        let path = std::env::var("PATH").expect("PATH");
        let clean =
            [("HOME", &*home), ("TMPDIR", &*home), ("PATH", &path), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];
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

    /// With a terminal that is not its controlling one: nobody sends it SIGHUP.
    pub fn uncontrolled(mut self) -> Self {
        self.command.set_controlling_tty(false);
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
        let reading = Arc::new(Reading::default());
        read(master.try_clone_reader().expect("its output"), send.clone(), Arc::clone(&reading));
        let keyboard = master.take_writer().expect("its input");
        let (pid, killer) = (child.process_id().expect("a process id"), child.clone_killer());
        await_end(child, send);
        Console {
            home: self.home,
            pid,
            killer: Some(killer),
            reading,
            keyboard,
            events,
            parser: Parser::new(non_zero(rows, 24), non_zero(columns, 80), 0),
            bytes: Vec::new(),
            terminal: Some((slave, master)),
            cooked,
        }
    }
}

/// The program.
pub const BINARY: &str = env!("CARGO_BIN_EXE_rounds");

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
    reading: Arc<Reading>,
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

    /// The home it was started with.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// How many bytes it has written.
    pub const fn written(&self) -> usize {
        self.bytes.len()
    }

    /// Whether these bytes are among all that it has written.
    pub fn wrote(&self, bytes: &[u8]) -> bool {
        self.bytes.windows(bytes.len()).any(|window| window == bytes)
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
        let selected = |line: &str| (line.contains('▌') || line.contains("]>")) && line.contains(words);
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

    /// Types as a hand does, one key after the other: how fast keys come is part of what the program looks at.
    pub fn types(&mut self, text: &str) -> &mut Self {
        const APART: Duration = Duration::from_millis(40);
        for key in text.chars() {
            self.press(key.encode_utf8(&mut [0; 4]));
            let next = Instant::now() + APART;
            while let Ok(Event::Wrote(bytes)) = self.events.recv_timeout(next.saturating_duration_since(Instant::now()))
            {
                self.take(&bytes);
            }
        }
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

    /// Loses what is on the screen, as a terminal does that is smaller for a moment.
    pub fn loses_all(&mut self) -> &mut Self {
        self.parser.process(b"\x1b[2J");
        self
    }

    /// Sends a signal by name.
    pub fn signal(&mut self, name: &str) -> &mut Self {
        let sent = Command::new("kill").args(["-s", name, &self.pid.to_string()]).status().expect("kill runs");
        assert!(sent.success(), "kill -s {name}");
        self
    }

    /// Closes the terminal, as when a connection breaks, and waits for the end; gives the exit code, how long it took and how
    /// much processor time it cost.
    pub fn hang_up(mut self) -> (u32, Duration, Duration) {
        self.reading.closed.store(true, Ordering::SeqCst);
        // Its answer lets go of the last hold on the terminal.
        self.press("?");
        let before = self.process().cpu();
        let process = self.process();
        self.terminal = None;
        self.keyboard = Box::new(std::io::sink());
        let start = Instant::now();
        let mut after = before;
        while process.is_running() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            after = process.cpu().max(after);
            thread::yield_now();
        }
        let took = start.elapsed();
        (self.wait().exit_code(), took, after.saturating_sub(before))
    }

    /// The program itself, whatever started it.
    pub fn process(&self) -> Process {
        let home = format!("TMPDIR={}", self.home.path().display());
        let is_it = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            exe == Path::new(BINARY) && environment.split(|b| *b == 0).any(|variable| variable == home.as_bytes())
        };
        let all = fs::read_dir("/proc").expect("/proc").flatten();
        let mut pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Process(pids.find(is_it).expect("it is running"))
    }

    /// Takes nothing of what it writes any more, as a connection that is stuck.
    pub fn stop_reading(&mut self) -> &mut Self {
        self.reading.stuck.store(true, Ordering::SeqCst);
        self
    }

    /// Takes so many bytes more of what it writes, as a slow connection; `None`: whatever comes.
    pub fn reads(&mut self, bytes: Option<usize>) -> &mut Self {
        let mut room = self.reading.room.lock().expect("nobody panicked");
        *room = bytes.map(|bytes| room.unwrap_or(0) + bytes);
        self.reading.more.notify_all();
        drop(room);
        self
    }

    /// Waits for its end, whatever it leaves behind; gives the exit code.
    pub fn ends_somehow(mut self) -> u32 {
        self.wait().exit_code()
    }

    /// Waits for the end, and holds every byte against the allow-list and the terminal against how it was.
    pub fn ends(self) -> End {
        let (signal, end) = self.gives_back();
        assert_eq!(signal, None, "ended by a signal");
        end
    }

    /// As [`Self::ends`], where it does not end by itself; also the signal that ended it.
    pub fn gives_back(mut self) -> (Option<String>, End) {
        let status = self.wait();
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
        (status.signal().map(str::to_owned), End { code: status.exit_code(), text: self.text(), heard, home })
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

/// Whether anybody looks at the terminal.
#[derive(Default)]
struct Reading {
    closed: AtomicBool,
    stuck: AtomicBool,
    /// How much more is taken, if not everything.
    room: Mutex<Option<usize>>,
    more: Condvar,
}

impl Reading {
    /// Waits until something is to be taken, and gives how much.
    fn most(&self) -> usize {
        let room = self.room.lock().expect("nobody panicked");
        let room = self.more.wait_while(room, |room| *room == Some(0)).expect("nobody panicked");
        room.unwrap_or(usize::MAX)
    }

    fn taken(&self, bytes: usize) {
        if let Some(room) = &mut *self.room.lock().expect("nobody panicked") {
            *room = room.saturating_sub(bytes);
        }
    }
}

fn read(mut output: Box<dyn Read + Send>, send: Sender<Event>, reading: Arc<Reading>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        loop {
            let most = reading.most().min(buffer.len());
            let Ok(n @ 1..) = output.read(&mut buffer[..most]) else { return };
            reading.taken(n);
            let told = send.send(Event::Wrote(buffer[..n].to_vec()));
            if told.is_err() || reading.closed.load(Ordering::SeqCst) {
                return;
            }
            if reading.stuck.load(Ordering::SeqCst) {
                // It is held open and never read again.
                std::mem::forget(output);
                return;
            }
        }
    });
}

/// A process, as /proc tells of it.
#[derive(Clone, Copy)]
pub struct Process(u32);

impl Process {
    /// Processor time used so far, in and for it.
    pub fn cpu(self) -> Duration {
        /// Ticks a second, as Linux has it for user space everywhere.
        const TICKS: u64 = 100;
        let ticks = self.stat().iter().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
        Duration::from_millis(ticks * 1_000 / TICKS)
    }

    /// Whether it is there and not only waited for.
    pub fn is_running(self) -> bool {
        self.stat().first().is_some_and(|state| !matches!(state.as_str(), "Z" | "X"))
    }

    /// Whether it was stopped.
    pub fn is_stopped(self) -> bool {
        self.stat().first().is_some_and(|state| state == "T")
    }

    /// Memory it holds, in KiB.
    pub fn resident(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("it is running")
    }

    /// The fields after the name: state first.
    fn stat(self) -> Vec<String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        let rest = stat.rsplit(')').next().unwrap_or_default();
        rest.split_whitespace().map(str::to_owned).collect()
    }
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
