//! `rounds audit`: what was done, and whether the record of it is whole.

use std::io::{Write, stderr};

use serde_json::{Value, json};

use super::args::AuditCommand;
use super::{Outcome, print};
use crate::action::audit::{Entry, Verified, place};
use crate::text::clean;

/// Shows or verifies.
pub(super) fn run(command: AuditCommand) -> Outcome {
    let audit = super::console::audit().map_err(|e| vec![e])?;
    let json = match command {
        AuditCommand::Show { json } | AuditCommand::Verify { json } => json,
    };
    match command {
        AuditCommand::Show { .. } => show(&audit.entries().map_err(|e| vec![e])?, json),
        AuditCommand::Verify { .. } => verified(&audit.verify().map_err(|e| vec![e])?, json),
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
