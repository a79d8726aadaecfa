//! The directory of the audit. Nothing in it is followed, written or believed that is not this user's alone.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::file::shown;

/// The most that is read of one day. A record is some 2 KiB, so this is more than anyone does in a day.
const MOST: u64 = 256 << 20;

/// The directory.
#[derive(Clone, Debug)]
pub(super) struct Place {
    dir: PathBuf,
}

impl Place {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Makes the directory if it is not there, and looks whose it is.
    pub fn prepare(&self) -> Result<(), Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
        made.map_err(|e| self.failed("", &e))?;
        self.trusted("", &fs::symlink_metadata(&self.dir).map_err(|e| self.failed("", &e))?, true)
    }

    /// Opens a file to append to and read, making it if it is not there; also whether it was made.
    pub fn open(&self, name: &str) -> Result<(File, bool), Error> {
        let options = |new| {
            let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
            OpenOptions::new().read(true).append(true).create_new(new).mode(0o600).custom_flags(flags).clone()
        };
        let path = self.dir.join(name);
        let (file, is_new) = match options(true).open(&path) {
            Ok(file) => (file, true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                (options(false).open(&path).map_err(|e| self.failed(name, &e))?, false)
            }
            Err(e) => return Err(self.failed(name, &e)),
        };
        self.trusted(name, &file.metadata().map_err(|e| self.failed(name, &e))?, false)?;
        Ok((file, is_new))
    }

    /// Whether somebody has a file locked; nobody has one that is not there.
    pub fn is_locked(&self, name: &str) -> bool {
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(self.dir.join(name));
        opened.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits().cast_signed();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(self.dir.join(name));
        let file = opened.map_err(|e| self.failed(name, &e))?;
        let found = file.metadata().map_err(|e| self.failed(name, &e))?;
        self.trusted(name, &found, false)?;
        if found.len() > MOST {
            return Err(self.wrong_with(
                name,
                format!("{} bytes are more than the {} MiB that are read", found.len(), MOST >> 20),
            ));
        }
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(|e| self.failed(name, &e))?;
        Ok(bytes)
    }

    /// The files of records, oldest first; none where there is no directory.
    pub fn days(&self) -> Result<Vec<String>, Error> {
        let entries = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|e| self.failed("", &e))?,
        };
        self.trusted("", &fs::symlink_metadata(&self.dir).map_err(|e| self.failed("", &e))?, true)?;
        let mut days = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| self.failed("", &e))?.file_name();
            let is_day = Path::new(&name).extension().is_some_and(|extension| extension == "jsonl");
            days.extend(name.to_str().filter(|_| is_day).map(str::to_owned));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// Makes sure that what was made in the directory is still there after a power cut.
    pub fn sync(&self) -> Result<(), Error> {
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(|e| self.failed("", &e))
    }

    /// Where a line is, as it may be shown.
    pub fn line(&self, name: &str, line: usize) -> String {
        format!("{}:{line}", shown(&self.dir.join(name)))
    }

    fn trusted(&self, name: &str, found: &Metadata, is_dir: bool) -> Result<(), Error> {
        let mode = found.mode() & 0o7777;
        let wrong = match () {
            () if is_dir && !found.is_dir() => "not a directory of its own".to_owned(),
            () if !is_dir && !found.is_file() => "not a regular file".to_owned(),
            () if found.uid() != rustix::process::geteuid().as_raw() => {
                format!("it belongs to another user (uid {})", found.uid())
            }
            () if mode & 0o077 != 0 => format!("others may read or write it (mode {mode:04o})"),
            () => return Ok(()),
        };
        let right = if is_dir { "0700" } else { "0600" };
        Err(self
            .wrong_with(name, wrong)
            .hint(format!("the audit must be this user's alone, mode {right}; look who changed that")))
    }

    pub fn failed(&self, name: &str, e: &io::Error) -> Error {
        let is_link = e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        let what = match e.kind() {
            _ if is_link => "a symbolic link, not a regular file".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => {
                let said = e.to_string();
                said.split(" (os error").next().unwrap_or_default().to_owned()
            }
        };
        self.wrong_with(name, what)
    }

    pub fn wrong(&self, what: String) -> Error {
        self.wrong_with("", what)
    }

    fn wrong_with(&self, name: &str, what: String) -> Error {
        let path = if name.is_empty() { self.dir.clone() } else { self.dir.join(name) };
        Error::unavailable(what).from(shown(&path))
    }
}

/// Whether the last line of a file has no end.
pub(super) fn ends_torn(mut file: &File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
