//! Reading a file that someone else may have put there.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::error::Error;
use crate::text::clean;

/// Who may be able to write a file for it to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Anyone: it decides about looks only, or others decide who may.
    Anyone,
    /// Its owner alone: it decides which account is touched and what is allowed there.
    Owner,
    /// Its owner alone, who is the one who runs this, and nobody else may even read it: it is a secret.
    Private,
}

/// The text of a regular file of at most `limit` bytes.
///
/// # Errors
/// Anything that is no regular file (opening a FIFO would wait for ever), too large, unreadable, writable by others where
/// that matters, or not UTF-8; always with the path.
pub fn read(path: &Path, limit: u64, trust: Trust) -> Result<String, Error> {
    let wrong = |what: String| Error::usage(what).from(shown(path));
    let failed = |e: &io::Error| wrong(reason(e));
    accept(path, &fs::metadata(path).map_err(|e| failed(&e))?, limit, trust)?;
    let file = File::open(path).map_err(|e| failed(&e))?;
    // Asked again of what was opened: the name may point elsewhere by now.
    accept(path, &file.metadata().map_err(|e| failed(&e))?, limit, trust)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| failed(&e))?;
    if bytes.len() as u64 > limit {
        return Err(wrong(too_large(limit)));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]);
        let line = 1 + good.matches('\n').count();
        Error::usage("not UTF-8 text").from(format!("{}:{line}", shown(path)))
    })
}

/// Refuses what is there but no regular file, for readers that open whatever they find. `/dev/null` passes: it is how people
/// write "none". What is not there passes too, for it is the reader's to tell.
///
/// # Errors
/// What it is instead, with the path.
pub fn refuse_special(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() && path != Path::new("/dev/null") => Err(special(path, found.file_type())),
        _ => Ok(()),
    }
}

/// A path as it may be shown.
#[must_use]
pub fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy()).into_owned()
}

fn accept(path: &Path, found: &Metadata, limit: u64, trust: Trust) -> Result<(), Error> {
    let wrong = |what: String| Error::usage(what).from(shown(path));
    if !found.is_file() {
        return Err(special(path, found.file_type()));
    }
    if found.len() > limit {
        return Err(wrong(format!("{} bytes are {}", found.len(), too_large(limit))));
    }
    let mode = found.permissions().mode() & 0o7777;
    if trust == Trust::Owner && mode & 0o022 != 0 {
        let who = if mode & 0o002 != 0 { "anyone" } else { "its group" };
        let hint = format!("it decides what may be changed and where; run: chmod go-w {}", shown(path));
        return Err(wrong(format!("{who} can write it (mode {mode:04o})")).hint(hint));
    }
    let uid = rustix::process::geteuid().as_raw();
    if trust == Trust::Private && found.uid() != uid {
        let hint = format!("it must belong to the user with the number {uid}, who runs this");
        return Err(wrong(format!("it belongs to the user with the number {}", found.uid())).hint(hint));
    }
    if trust == Trust::Private && mode & 0o077 != 0 {
        let who = if mode & 0o007 != 0 { "anyone" } else { "its group" };
        let hint = format!("only its owner may; run: chmod 600 {}", shown(path));
        return Err(wrong(format!("{who} can use it (mode {mode:04o})")).hint(hint));
    }
    Ok(())
}

fn too_large(limit: u64) -> String {
    format!("more than the {} KiB that are read", limit / 1024)
}

fn special(path: &Path, file_type: FileType) -> Error {
    let kind = match () {
        () if file_type.is_dir() => "a directory",
        () if file_type.is_fifo() => "a FIFO",
        () if file_type.is_socket() => "a socket",
        () => "a device",
    };
    Error::usage(format!("{kind}, not a regular file")).from(shown(path))
}

/// What went wrong in the words of a user, without the number of the operating system.
fn reason(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => clean(&format!("cannot be read: {e}")).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn told(path: &Path, trust: Trust) -> String {
        let e = read(path, 64, trust).unwrap_err().to_string();
        e.strip_prefix(&format!("{}", path.display())).unwrap().to_owned()
    }

    fn file(dir: &Path, bytes: &[u8], mode: u32) -> std::path::PathBuf {
        let path = dir.join("rounds.toml");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let socket = dir.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        assert_eq!(told(dir.path(), Trust::Owner), ": a directory, not a regular file");
        assert_eq!(told(&fifo, Trust::Owner), ": a FIFO, not a regular file");
        assert_eq!(told(&socket, Trust::Owner), ": a socket, not a regular file");
        assert_eq!(told(Path::new("/dev/zero"), Trust::Owner), ": a device, not a regular file");
        assert_eq!(told(&dir.path().join("absent"), Trust::Owner), ": no such file");
        for harmless in [&dir.path().join("absent"), Path::new("/dev/null"), &file(dir.path(), b"", 0o600)] {
            assert_eq!(refuse_special(harmless), Ok(()), "{}", harmless.display());
        }
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&fifo, &link).unwrap();
        for special in [&fifo, &socket, &link, Path::new("/dev/zero"), dir.path()] {
            assert!(refuse_special(special).is_err(), "{}", special.display());
        }
    }

    #[test]
    fn large_files_are_refused_unread() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), b"", 0o600);
        File::options().write(true).open(&path).unwrap().set_len(100 << 20).unwrap();
        assert_eq!(told(&path, Trust::Owner), ": 104857600 bytes are more than the 0 KiB that are read");
    }

    #[test]
    fn what_decides_about_accounts_is_written_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, who) in [(0o664, "its group"), (0o646, "anyone"), (0o666, "anyone")] {
            let path = file(dir.path(), b"x", mode);
            assert!(told(&path, Trust::Owner).starts_with(&format!(": {who} can write it (mode {mode:04o})\n  ")));
            assert_eq!(read(&path, 64, Trust::Anyone).as_deref(), Ok("x"));
        }
        assert!(read(&file(dir.path(), b"x", 0o644), 64, Trust::Owner).is_ok());
    }

    #[test]
    fn a_secret_is_read_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, who) in [(0o640, "its group"), (0o604, "anyone"), (0o620, "its group")] {
            let path = file(dir.path(), b"x", mode);
            assert!(told(&path, Trust::Private).starts_with(&format!(": {who} can use it (mode {mode:04o})\n  ")));
        }
        for mode in [0o600, 0o400] {
            assert!(read(&file(dir.path(), b"x", mode), 64, Trust::Private).is_ok());
        }
        let foreign = Path::new("/proc/self/status");
        if rustix::process::geteuid().is_root() {
            assert!(told(foreign, Trust::Private).contains("can use it"));
        }
    }

    #[test]
    fn links_are_followed_to_what_they_point_at() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), b"x", 0o644);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 64, Trust::Owner).as_deref(), Ok("x"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(read(&link, 64, Trust::Owner).is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path(), b"a = 1\n\xff", 0o600);
        assert_eq!(told(&path, Trust::Owner), ":2: not UTF-8 text");
    }
}
