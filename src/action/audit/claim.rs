//! One action at a time on one target.

use std::fmt::Write;
use std::fs::File;

use sha2::{Digest, Sha256};

/// A target taken in hand. The system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub struct Claim {
    _held: File,
}

impl Claim {
    /// Takes it, unless somebody has it.
    pub(super) fn take(file: File) -> Option<Self> {
        file.try_lock().is_ok().then_some(Self { _held: file })
    }
}

/// The name of a target's file. An ARN has signs that a name cannot have.
pub(super) fn name(arn: &str) -> String {
    let digest = Sha256::digest(arn.as_bytes());
    digest.iter().take(16).fold("target-".to_owned(), |mut name, byte| {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    }) + ".lock"
}
