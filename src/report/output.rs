//! Writing: to a pipe whose reader may have gone, and to a file that is whole or not there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::Error;
use crate::text::clean;

/// Writes to standard output or what stands for it. A reader that has gone away is nobody's mistake: the rest is dropped.
///
/// # Errors
/// Anything else that kept the text from being written, such as a full disk.
pub(super) fn deliver(out: &mut dyn Write, text: &str) -> Result<(), Error> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::unavailable(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can read. It appears under its name whole or not at all.
///
/// # Errors
/// What kept it from being written, naming the file as `flag` gave it.
pub(super) fn keep(path: &Path, text: &str, flag: &str) -> Result<(), Error> {
    replace(path, text.as_bytes()).map_err(|error| {
        Error::unavailable(format!("cannot write {}: {error}", clean(&path.to_string_lossy())))
            .from(flag)
            .hint("name a file in a directory you can write to")
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(ErrorKind::IsADirectory.into());
    }
    // In the same directory, because a file is only renamed in one step within a file system.
    let new = path.with_file_name(format!(".rounds-{:016x}.tmp", fastrand::u64(..)));
    let written = write_new(&new, bytes).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&new);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind as Kind;
    use std::os::unix::fs::PermissionsExt;

    struct Refusing(ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_silent_and_a_full_disk_is_not() {
        assert_eq!(deliver(&mut Refusing(ErrorKind::BrokenPipe), "x"), Ok(()));
        let full = deliver(&mut Refusing(ErrorKind::StorageFull), "x").unwrap_err();
        assert_eq!(full.kind, Kind::Unavailable);
        assert!(full.what.contains("no storage space"), "{}", full.what);
    }

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("check.json");
        fs::write(&path, "what was there before, and longer").unwrap();
        keep(&path, "{}\n", "--report").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_cleanly_and_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("no\x1b[31m").join("check.json");
        let error = keep(&missing, "{}", "--report").unwrap_err();
        assert!(error.to_string().starts_with("--report: cannot write "), "{error}");
        assert!(error.what.contains("no␛[31m/check.json"), "{error}");
        fs::create_dir(dir.path().join("taken")).unwrap();
        assert!(keep(&dir.path().join("taken"), "{}", "--report").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(keep(Path::new("/"), "{}", "--report").is_err());
    }
}
