//! `rounds audit`: what was done, whether the record of it is whole, and what became of what was left open.

use std::collections::{BTreeMap, HashMap};
use std::io::{Write, stderr};
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::{AuditCommand, Global};
use super::{Outcome, block_on, print};
use crate::action::audit::{Audit, Entry, Verified, place};
use crate::action::settle::{Open, Settled, settle};
use crate::action::{Actor, Bench};
use crate::backend::aws::Connector;
use crate::config::{self, Settings};
use crate::document::quoted;
use crate::error::Error;
use crate::feed::Budgets;
use crate::text::clean;
use crate::time::{Clock, SystemClock};

/// Shows, verifies or settles.
pub(super) fn run(global: &Global, command: AuditCommand, env: &BTreeMap<String, String>) -> Outcome {
    let audit = super::console::audit().map_err(|e| vec![e])?;
    match command {
        AuditCommand::Show { json } => {
            let entries = audit.entries().map_err(|e| vec![e])?;
            show(&wanted(global, entries, env)?, json)
        }
        AuditCommand::Verify { json } => {
            if !global.stack.is_empty() || global.region.is_some() {
                let error = Error::usage("the chain of the audit is one for all stacks and regions");
                return Err(vec![error.hint("leave --stack and --region out; rounds audit show takes them")]);
            }
            verified(&audit.verify().map_err(|e| vec![e])?, json)
        }
        AuditCommand::Settle => settled(global, &audit, env),
    }
}

/// The records of the stacks and the region that were named. A stack that has none has to be one that is configured.
fn wanted(global: &Global, entries: Vec<Entry>, env: &BTreeMap<String, String>) -> Result<Vec<Entry>, Vec<Error>> {
    let is = |entry: &Entry, key: &str, name: &str| entry.record.as_ref().is_some_and(|record| record[key] == name);
    let is_known = |name: &String| entries.iter().any(|entry| is(entry, "stack", name));
    if !global.stack.iter().all(is_known) {
        config::load(env, &global.flags())?;
    }
    let of_stack = |entry: &Entry| global.stack.is_empty() || global.stack.iter().any(|name| is(entry, "stack", name));
    let of_region = |entry: &Entry| global.region.as_ref().is_none_or(|region| is(entry, "region", region));
    // Whose a line is that cannot be read is not known, and it is never hidden.
    let is_wanted = |entry: &Entry| entry.record.is_none() || (of_stack(entry) && of_region(entry));
    Ok(entries.into_iter().filter(is_wanted).collect())
}

/// Settles what is open of the configured stacks, or of those that were named.
fn settled(global: &Global, audit: &Audit, env: &BTreeMap<String, String>) -> Outcome {
    let settings = config::load(env, &global.flags())?;
    print::log(settings.log.as_deref())?;
    let open = audit.open().map_err(|e| vec![e])?;
    let is_wanted = |open: &&Open| global.stack.is_empty() || global.stack.iter().any(|name| name == open.stack());
    let open: Vec<&Open> = open.iter().filter(is_wanted).collect();
    if open.is_empty() {
        return print::print("nothing is open\n");
    }
    let actor = Actor::here(env).operated_by(settings.operator.as_deref());
    block_on(async {
        let mut benches = Benches { settings: &settings, made: HashMap::new() };
        let mut stays = false;
        for open in open {
            let how = match benches.of(open.stack()).await {
                Ok(bench) => settle(open, &bench, audit, &actor).await,
                Err(why) => Settled::Stays(why),
            };
            stays |= matches!(how, Settled::Stays(_));
            print::print(&format!("{}: {}\n", open.name(), clean(&how.text())))?;
        }
        Ok(u8::from(stays))
    })?
}

/// What is read with, each stack connected to once.
struct Benches<'a> {
    settings: &'a Settings,
    made: HashMap<String, Arc<Bench>>,
}

impl Benches<'_> {
    async fn of(&mut self, name: &str) -> Result<Arc<Bench>, String> {
        if let Some(bench) = self.made.get(name) {
            return Ok(Arc::clone(bench));
        }
        let stack = self.settings.stacks.iter().find(|stack| stack.name == name);
        let stack = stack.ok_or_else(|| format!("the stack {} is not configured", quoted(name)))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let connected = Connector::new(Arc::clone(&clock)).connect(stack).await;
        let backend = connected.map_err(|error| error.to_string().replace("\n  ", "; "))?;
        let bench = Arc::new(Bench::new(stack.clone(), backend, clock, Arc::new(Budgets::default())));
        self.made.insert(name.to_owned(), Arc::clone(&bench));
        Ok(bench)
    }
}

fn show(entries: &[Entry], json: bool) -> Outcome {
    let mut out = if entries.is_empty() && !json { "no record yet\n".to_owned() } else { String::new() };
    for entry in entries {
        match &entry.record {
            Some(_) if json => out.push_str(&(entry.ascii() + "\n")),
            Some(record) => out.push_str(&(line(entry.seq, record) + "\n")),
            None => drop(writeln!(stderr(), "{}: no whole record, as a crash leaves it", entry.place)),
        }
    }
    print::print(&out)
}

/// A record in one line.
fn line(seq: u64, record: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), |text| clean(text).into_owned());
    let actor = &record["actor"];
    let role = text(&actor["sts_arn"]);
    let role = role.rsplit(':').next().unwrap_or_default();
    let outcome = match record["phase"].as_str() {
        Some("intent") => format!("\"{}\"", text(&record["reason"])),
        _ => format!("{}: {}", text(&record["outcome"]), text(&record["message"])),
    };
    let [at, user, action, target, phase] =
        [&record["ts"], &actor["os_user"], &record["action"], &record["target"], &record["phase"]].map(text);
    let request = match record["aws_request_id"].as_str() {
        Some(id) => format!(" (request {})", clean(id)),
        None => String::new(),
    };
    let ticket = record["ticket"].as_str().map(|ticket| format!(" (ticket {})", clean(ticket))).unwrap_or_default();
    let place = place(record);
    format!("{seq:>5}  {at}  {user} as {role}  {place}  {action} {target}{ticket}  {phase:<7}  {outcome}{request}")
}

fn verified(told: &Verified, json: bool) -> Outcome {
    let broken = told.broken.as_ref();
    let code = u8::from(broken.is_some());
    if json {
        let broken = broken.map(|(place, why)| json!({ "place": place, "why": why }));
        let document = json!({
            "schema": "rounds.audit/1",
            "intact": broken.is_none(),
            "records": told.records,
            "first": told.first,
            "last_sha256": told.last,
            "torn": told.torn,
            "broken": broken,
        });
        print::print(&format!("{document:#}\n"))?;
        return Ok(code);
    }
    let torn = told.torn.iter().map(|place| format!("{place}: no whole record, as a crash leaves it\n"));
    let verdict = match (broken, &told.last) {
        (Some((place, why)), _) => {
            format!("BROKEN at {place}: {}\n{} records before it are intact\n", clean(why), told.records)
        }
        (None, None) => "no record yet\n".to_owned(),
        (None, Some(last)) => {
            let from = if told.first > 1 { format!(", from record {} on", told.first) } else { String::new() };
            format!("intact: {} records{from}; the last has SHA-256 {last}\n", told.records)
        }
    };
    print::print(&torn.chain([verdict]).collect::<String>())?;
    Ok(code)
}
