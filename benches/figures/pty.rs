//! A program in a pseudo-terminal, with the time of every piece it writes.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// The end of a frame (DEC mode 2026).
pub const END: &[u8] = b"\x1b[?2026l";
/// The longest anything may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Something to be started.
#[derive(Clone)]
pub struct Program {
    line: Vec<String>,
    env: Vec<(String, String)>,
    size: (u16, u16),
}

impl Program {
    /// `rounds` with these arguments, in 120x40.
    pub fn rounds(args: &[&str]) -> Self {
        Self::of([&[env!("CARGO_BIN_EXE_rounds")], args].concat().into_iter().map(str::to_owned).collect())
    }

    /// `rounds` on what answers at `url`.
    pub fn at(url: &str, args: &[&str]) -> Self {
        let mut program = Self::rounds(&[args, &["--endpoint-url", url]].concat());
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            program.env.push((name.to_owned(), value.to_owned()));
        }
        program
    }

    /// The floor: a program that draws one line a key and nothing else.
    pub fn floor() -> Self {
        let own = std::env::current_exe().expect("this program").display().to_string();
        Self::of(vec![own, "child-floor".to_owned()])
    }

    /// taws as `$TAWS` tells to start it.
    pub fn taws() -> Option<Self> {
        let line = std::env::var("TAWS").ok()?;
        Some(Self::of(line.split_whitespace().map(str::to_owned).collect()))
    }

    /// In a terminal of this many columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// The same behind another program.
    pub fn under(mut self, line: &[&str]) -> Self {
        self.line = line.iter().map(|word| (*word).to_owned()).chain(self.line).collect();
        self
    }

    fn of(line: Vec<String>) -> Self {
        Self { line, env: Vec::new(), size: (120, 40) }
    }

    /// Starts it.
    pub fn start(&self) -> Running {
        let home = tempfile::tempdir().expect("a directory");
        let mut command = CommandBuilder::new(&self.line[0]);
        command.args(&self.line[1..]);
        command.env_clear();
        command.cwd(home.path());
        command.env("HOME", home.path());
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        self.env.iter().for_each(|(name, value)| command.env(name, value));
        let (cols, rows) = self.size;
        let pair =
            native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).expect("a pseudo-terminal");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keyboard = pair.master.take_writer().expect("its input");
        let (send, pieces) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if send.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).expect("it starts");
        let size = |n| NonZeroU16::new(n).expect("not zero");
        Running {
            child,
            keyboard,
            pieces,
            began,
            screen: Parser::new(size(rows), size(cols), 0),
            written: Vec::new(),
            _master: pair.master,
            _home: home,
        }
    }
}

/// It runs; it is killed when this is dropped.
pub struct Running {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    pieces: Receiver<(Instant, Vec<u8>)>,
    /// Just before it was started.
    pub began: Instant,
    screen: Parser,
    /// Everything it wrote.
    pub written: Vec<u8>,
    _master: Box<dyn MasterPty + Send>,
    _home: tempfile::TempDir,
}

impl Running {
    /// Presses keys; gives the time just before.
    pub fn press(&mut self, keys: &str) -> Instant {
        let at = Instant::now();
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("it takes keys");
        at
    }

    /// Waits for the next piece; gives the time it came.
    fn next(&mut self) -> Instant {
        let (at, bytes) = self.pieces.recv_timeout(PATIENCE).unwrap_or_else(|why| {
            panic!("it writes nothing more ({why}); on the screen:\n{}", self.text());
        });
        self.screen.process(&bytes);
        self.written.extend(bytes);
        at
    }

    /// Waits until a frame is complete after which the screen is as wanted; gives the time of its last byte.
    pub fn frame(&mut self, is_so: impl Fn(&Self) -> bool) -> Instant {
        loop {
            let at = self.next();
            if self.written.ends_with(END) && is_so(self) {
                return at;
            }
        }
    }

    /// Waits until these words are on the screen.
    pub fn sees(&mut self, words: &str) -> &mut Self {
        if !self.text().contains(words) {
            self.frame(|running| running.text().contains(words));
        }
        self
    }

    /// Takes what it writes for this long; gives the time of the last piece, if there was one.
    pub fn listen(&mut self, time: Duration) -> Option<Instant> {
        let (until, mut last) = (Instant::now() + time, None);
        loop {
            match self.pieces.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((at, bytes)) => {
                    self.screen.process(&bytes);
                    self.written.extend(bytes);
                    last = Some(at);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return last,
            }
        }
    }

    /// Waits until it has been silent for a while, for a program that marks no frames; gives the time of its last byte.
    pub fn settles(&mut self) -> Instant {
        let mut last = self.next();
        while let Some(at) = self.listen(Duration::from_millis(100)) {
            last = at;
        }
        last
    }

    /// Waits for so many bytes, which is when something is to be seen of a program that marks no frames.
    pub fn shows(&mut self, bytes: usize) -> Instant {
        loop {
            let at = self.next();
            if self.written.len() >= bytes {
                return at;
            }
        }
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// The line the cursor of the table stands on.
    pub fn cursor(&self) -> Option<u16> {
        let at = |row: &u16| self.screen.screen().cell(*row, 3).is_some_and(|cell| cell.contents() == "▌");
        (0..40).find(at)
    }

    /// Ends it by a key; its exit code must be 0.
    pub fn quit(mut self) {
        self.press("q");
        let code = self.child.wait().expect("it ends").exit_code();
        assert_eq!(code, 0, "its exit code");
    }

    /// A number from a line of its status, such as `VmRSS`.
    pub fn status(&self, name: &str) -> u64 {
        let pid = self.child.process_id().expect("it runs");
        number(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), name)
    }

    /// How often its threads have gone to sleep of themselves, and their processor time.
    pub fn cost(&self) -> (u64, Duration) {
        let pid = self.child.process_id().expect("it runs");
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
        let (mut sleeps, mut nanos) = (0, 0);
        for task in tasks {
            let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
            sleeps += number(&read("status"), "voluntary_ctxt_switches");
            nanos += read("schedstat").split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        }
        (sleeps, Duration::from_nanos(nanos))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number on the line of this name, as in /proc.
pub fn number(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The least a program in a terminal can do: raw mode, one frame at the start and one for every key.
pub fn floor() {
    crossterm::terminal::enable_raw_mode().expect("a terminal");
    let frame = |n: usize| {
        let text = format!("\x1b[?2026h\x1b[{};4H\x1b[1m{n}\x1b[m\x1b[?2026l", n % 40 + 1);
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
    };
    let mut keys = std::io::stdin().lock().bytes();
    for n in 1.. {
        if !frame(n) || !matches!(keys.next(), Some(Ok(key)) if key != b'q') {
            break;
        }
    }
    let _ = crossterm::terminal::disable_raw_mode();
}
