//! The program itself, run for its output and exit code, with nothing of this machine's environment.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::Command;

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Run {
    /// The document on standard output.
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program with these words (separated by blanks), against an endpoint, at home in a directory.
pub fn command(words: &str, endpoint: &str, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command
        .args(words.split_whitespace())
        .args(["--endpoint-url", endpoint])
        .env_clear()
        .env("HOME", home)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs `rounds` with these words (separated by blanks) against an endpoint.
pub async fn rounds(words: &str, endpoint: &str) -> Run {
    let home = tempfile::tempdir().expect("a directory");
    run(words, endpoint, home.path()).await
}

/// As [`rounds`], at home in a directory that stays.
pub async fn run(words: &str, endpoint: &str, home: &Path) -> Run {
    let began = Instant::now();
    let output = command(words, endpoint, home).output().await.expect("the program runs");
    Run {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
        took: began.elapsed(),
    }
}
