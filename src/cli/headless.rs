//! `rounds check`, `rounds export` and `rounds doctor`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr, stdout};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::args::{Check, Doctor, Export, FailOn, Format, Global, UnknownIs};
use super::console::{audit, unconnected};
use super::{Outcome, block_on};
use crate::backend::aws::Connector;
use crate::backend::ports::{Backend, Journal};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::model::Fault;
use crate::report;
use crate::text::clean;
use crate::time::{Clock, SystemClock, parse_span};

/// Judges once.
pub(super) fn check(global: &Global, check: &Check, env: &BTreeMap<String, String>) -> Outcome {
    let run = Run::new(global, env)?;
    let options = report::CheckOptions {
        json: check.json,
        only: check.only.clone(),
        fail_on: match check.fail_on {
            FailOn::Warn => report::FailOn::Warn,
            FailOn::Crit => report::FailOn::Crit,
        },
        unknown_is: match check.unknown_is {
            None => report::UnknownIs::Unknown,
            Some(UnknownIs::Critical) => report::UnknownIs::Critical,
            Some(UnknownIs::Warning) => report::UnknownIs::Warning,
        },
        timeout: span("--timeout", &check.timeout)?,
        report: check.report.clone(),
    };
    block_on(async {
        let (backends, mut out, mut err) = (run.backends().await?, stdout().lock(), stderr());
        let Run { settings: Settings { stacks, thresholds, .. }, clock } = &run;
        let done = report::check(stacks, backends, clock, thresholds, &options, &mut out, &mut err).await;
        done.map_err(|e| vec![e])
    })?
}

/// Prints one table.
pub(super) fn export(global: &Global, export: &Export, env: &BTreeMap<String, String>) -> Outcome {
    let run = Run::new(global, env)?;
    let options = report::ExportOptions {
        view: export.view.clone(),
        format: match export.format {
            Format::Json => report::Format::Json,
            Format::Csv => report::Format::Csv,
            Format::Markdown => report::Format::Markdown,
            Format::Text => report::Format::Text,
        },
        columns: export.columns,
        timeout: span("--timeout", &export.timeout)?,
    };
    block_on(async {
        let backends = if export.columns { Vec::new() } else { run.backends().await? };
        let (mut out, mut err) = (stdout().lock(), stderr());
        let Run { settings: Settings { stacks, thresholds, .. }, clock } = &run;
        let done = report::export(stacks, backends, clock, thresholds, &options, &mut out, &mut err).await;
        done.map_err(|e| vec![e])
    })?
}

/// Tells who asks, and what can be read.
pub(super) fn doctor(global: &Global, doctor: &Doctor, env: &BTreeMap<String, String>) -> Outcome {
    let run = Run::new(global, env)?;
    let options = report::DoctorOptions {
        json: doctor.json,
        timeout: span("--timeout", &doctor.timeout)?,
        here: vec![("terminal", terminal(&run.settings, env))],
        rules: super::console::rules(global, &run.settings, env),
    };
    block_on(async {
        let (backends, mut out) = (run.backends().await?, stdout().lock());
        let done = report::doctor(&run.settings.stacks, backends, &run.clock, &options, &mut out).await;
        done.map_err(|e| vec![e])
    })?
}

/// The terminal as the console would take it.
fn terminal(settings: &Settings, env: &BTreeMap<String, String>) -> String {
    let name = env.get("TERM").map_or_else(|| "TERM is not set".to_owned(), |name| format!("TERM {}", clean(name)));
    let signs = if settings.ascii { "ASCII" } else { "UTF-8" };
    let here = if stdout().is_terminal() { "" } else { ", standard output is none" };
    format!("{name}, colours {}, {signs}{here}", settings.depth.word())
}

/// What every run needs.
struct Run {
    settings: Settings,
    clock: Arc<dyn Clock>,
}

impl Run {
    fn new(global: &Global, env: &BTreeMap<String, String>) -> Result<Self, Vec<Error>> {
        let settings = config::load(env, &global.flags())?;
        super::print::log(settings.log.as_deref())?;
        Ok(Self { settings, clock: Arc::new(SystemClock) })
    }

    /// The ports of every stack. One that cannot be connected to fails by itself; if none can, it is the configuration.
    async fn backends(&self) -> Result<Vec<Result<Backend, Fault>>, Vec<Error>> {
        let connector = Connector::new(Arc::clone(&self.clock));
        let results = join_all(self.settings.stacks.iter().map(|stack| connector.connect(stack))).await;
        if results.iter().all(Result::is_err) {
            return Err(results.into_iter().filter_map(Result::err).collect());
        }
        let journal: Arc<dyn Journal> = Arc::new(audit());
        let noted = |backend| Backend { journal: Arc::clone(&journal), ..backend };
        let results = results.into_iter().map(|result| result.map(noted).map_err(|error| unconnected(&error)));
        Ok(results.collect())
    }
}

pub(super) fn span(flag: &str, value: &str) -> Result<Duration, Vec<Error>> {
    parse_span(value).map_err(|wrong| vec![Error::usage(wrong).from(flag)])
}
