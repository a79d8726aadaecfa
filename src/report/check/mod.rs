//! `rounds check`: every rule once, without a screen, in the convention of monitoring plugins.

mod asked;
mod document;
mod lines;
mod verdict;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::gather::{Gathered, gather};
use super::output::{deliver, keep};
use super::reading::Reading;
use crate::backend::ports::Backend;
use crate::error::Error;
use crate::health::{Observed, Thresholds};
use crate::model::stack::Stack;
use crate::model::{Check, Fault};
use crate::text::{Text, clean};
use crate::time::{Clock, Timestamp};
use crate::view::judge;
use asked::Asked;
use verdict::{Tally, Verdict};

/// From which severity on the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// From warnings on.
    Warn,
    /// Only what is critical; warnings exit 0.
    Crit,
}

/// What counts for the exit code where something could not be determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownIs {
    /// Itself: 3.
    Unknown,
    /// 2.
    Critical,
    /// 1.
    Warning,
}

/// What to check, and how to tell.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// Write the document `rounds.check/1` instead of lines.
    pub json: bool,
    /// Domains to keep to; empty: all.
    pub only: Vec<String>,
    /// From which severity on the exit code tells.
    pub fail_on: FailOn,
    /// What counts where something could not be determined.
    pub unknown_is: UnknownIs,
    /// The longest the reading may take; what is not read by then is unknown.
    pub timeout: Duration,
    /// Also write the document to this file, for its owner alone.
    pub report: Option<PathBuf>,
}

/// A check and the stack it was made in.
struct Finding {
    stack: Text,
    check: Check,
}

/// Everything one run found.
struct Outcome<'a> {
    stacks: &'a [Stack],
    readings: Vec<Reading>,
    /// Worst first; equally bad ones stack by stack.
    findings: Vec<Finding>,
    tally: Tally,
    verdict: Verdict,
    started_at: Timestamp,
    finished_at: Timestamp,
}

/// Reads every stack once, judges, and writes lines or the document to `out`. Gives the exit code: 0 ok, 1 warning,
/// 2 critical, 3 unknown. What was asked for and could not be read is unknown and never gives 0.
///
/// Where a report is written, its SHA-256 follows the lines; with the document on `out` it goes to `err`.
///
/// # Errors
/// A domain that there is not (usage), or an output that cannot be written.
pub async fn check(
    stacks: &[Stack],
    backends: Vec<Result<Backend, Fault>>,
    clock: &Arc<dyn Clock>,
    thresholds: &Thresholds,
    options: &CheckOptions,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Error> {
    let asked = Asked::of(&options.only)?;
    let gathered = gather(stacks, backends, clock, &asked.polled(), options.timeout).await;
    let outcome = outcome(stacks, &asked, &gathered, thresholds, options);
    let mut text = if options.json { document::document(&outcome) } else { lines::lines(&outcome) };
    let kept = options.report.as_deref().map(|path| kept(path, &document::document(&outcome)));
    if let Some(Ok(sum)) = &kept {
        if options.json {
            // A terminal that does not take the sum takes nothing away from the document.
            let _ = err.write_all(sum.as_bytes());
        } else {
            text.push_str(sum);
        }
    }
    deliver(out, &text)?;
    match kept {
        // Bad news stays what it is; good news without the report that was asked for is none.
        Some(Err(error)) if outcome.verdict.exit == verdict::OK => Err(error),
        Some(Err(error)) => {
            let _ = writeln!(err, "{error}");
            Ok(outcome.verdict.exit)
        }
        _ => Ok(outcome.verdict.exit),
    }
}

/// Writes the report; gives the line that names its SHA-256, as `sha256sum --check` reads it.
fn kept(path: &Path, document: &str) -> Result<String, Error> {
    keep(path, document, "--report")?;
    let mut sum = String::new();
    for byte in Sha256::digest(document) {
        // Writing to a string never fails.
        let _ = write!(sum, "{byte:02x}");
    }
    Ok(format!("SHA256 ({}) = {sum}\n", clean(&path.to_string_lossy())))
}

fn outcome<'a>(
    stacks: &'a [Stack],
    asked: &Asked,
    gathered: &Gathered,
    thresholds: &Thresholds,
    options: &CheckOptions,
) -> Outcome<'a> {
    let (mut readings, mut findings) = (Vec::new(), Vec::new());
    for (index, stack) in stacks.iter().enumerate() {
        let feeds = asked.feeds(stack);
        let reading = Reading::of(&gathered.store, index, &feeds);
        // Judged as of the beginning: what was read since is never too old.
        let now = gathered.started_at;
        let judgement = judge(index, stack, &gathered.store, thresholds, &Observed::default(), now, true);
        let mut checks: Vec<Check> = judgement.checks.into_iter().filter(|check| asked.counts(check, &feeds)).collect();
        checks.extend(asked::well(index, stack, &feeds, gathered, &checks));
        findings.extend(checks.into_iter().map(|check| Finding { stack: stack.name.clone(), check }));
        readings.push(reading);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.check.severity));
    let tally = Tally::of(findings.iter().map(|finding| finding.check.severity));
    let verdict = Verdict::of(&tally, options.fail_on, options.unknown_is);
    let (started_at, finished_at) = (gathered.started_at, gathered.taken_at);
    Outcome { stacks, readings, findings, tally, verdict, started_at, finished_at }
}
