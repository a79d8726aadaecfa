//! One replica set over many polls: who belongs to it, by which address each member is reached, and what it said last.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;

use super::super::Context;
use super::super::budget::MONGO;
use super::ask::{self, Answer, Dues, LIMIT, ask};
use super::memory;
use crate::model::mongo::{Hello, Member, MongoSet, ReplicaSet, Status};
use crate::model::{Fault, FaultKind};
use crate::text::Text;
use crate::time::Timestamp;

/// How often the hosts an address stands for are looked up again: an SRV name may change.
const LOOK_UP: Duration = Duration::from_mins(5);
/// Members may tell of others, and those of others again (hidden ones are told by status only).
const ROUNDS: usize = 3;

/// A set and what is needed to go on reading it.
#[derive(Default)]
pub struct Watch {
    /// The set as it is told.
    pub set: ReplicaSet,
    seeds: Vec<String>,
    looked_up: Option<Timestamp>,
    /// Addresses of this console's configuration that the set knows by another name.
    aliases: HashMap<String, Text>,
    dues: Dues,
    config_from: Timestamp,
    term: Option<i64>,
}

impl Watch {
    /// Nothing known of it yet.
    pub fn of(configured: &MongoSet) -> Self {
        Self { set: ReplicaSet { name: configured.name.clone(), ..ReplicaSet::default() }, ..Self::default() }
    }

    /// Reads the set once. Gives the fault if nobody answered.
    pub async fn poll(&mut self, context: &Context, configured: &MongoSet) -> Option<Fault> {
        if let Err(fault) = self.look_up(context).await {
            self.set.unasked = Some(fault.clone());
            return Some(self.named("", fault));
        }
        let answers = self.ask_all(context).await;
        let silent = silence(&answers);
        self.set.unasked = silent.clone().filter(|fault| fault.kind == FaultKind::Misconfigured);
        let what = if self.set.unasked.is_none() { "no member answers; " } else { "" };
        let silent = silent.map(|fault| self.named(what, fault));
        self.adopt(answers, configured);
        if silent.is_none() {
            self.read_config(context).await;
        }
        let now = context.clock.now();
        memory::elections(&mut self.set, &mut self.term, now);
        memory::samples(&mut self.set, now);
        silent
    }

    /// A fault that is one of the whole set: the words of one member would name none but that one.
    fn named(&self, what: &str, fault: Fault) -> Fault {
        Fault { message: Text::from(format!("{}: {what}{}", self.set.name, fault.message)), ..fault }
    }

    /// Looks up which hosts the address stands for. What was found once stays where that cannot be repeated.
    async fn look_up(&mut self, context: &Context) -> Result<(), Fault> {
        let now = context.clock.now();
        if self.looked_up.is_some_and(|at| now < at + LOOK_UP) && !self.seeds.is_empty() {
            return Ok(());
        }
        let seeds = context.backend.mongo.seeds(&self.set.name);
        match context.gate.once(&MONGO, "srv lookup", LIMIT, seeds).await {
            Ok(seeds) if seeds.is_empty() && self.seeds.is_empty() => {
                Err(Fault::new(FaultKind::Misconfigured, "srv lookup", "the address names no host"))
            }
            Ok(seeds) => {
                self.looked_up = Some(now);
                if !seeds.is_empty() {
                    self.seeds = seeds;
                }
                Ok(())
            }
            Err(fault) if self.seeds.is_empty() => Err(fault),
            Err(_) => {
                self.looked_up = Some(now);
                Ok(())
            }
        }
    }

    /// Asks every member, those too that only the answers tell of.
    async fn ask_all(&mut self, context: &Context) -> HashMap<String, Answer> {
        let mut answers = HashMap::new();
        for _ in 0..ROUNDS {
            let next = self.unasked(&answers);
            if next.is_empty() {
                break;
            }
            let name = self.set.name.clone();
            let asked = next.iter().map(|address| ask(context, &name, address, self.dues.of(address, context.asked)));
            let told = join_all(asked).await;
            for (address, answer) in next.into_iter().zip(told) {
                self.dues.note(&address, &answer, context.clock.now());
                self.learn(&address, answer.hello.as_ref().ok());
                answers.insert(address, answer);
            }
        }
        answers
    }

    /// What a member calls itself is what the others call it.
    fn learn(&mut self, address: &str, hello: Option<&Hello>) {
        let Some(hello) = hello else { return };
        match &hello.me {
            Some(me) if *me != *address => self.aliases.insert(address.to_owned(), me.clone()),
            _ => self.aliases.remove(address),
        };
    }

    /// The addresses that are still to be asked.
    fn unasked(&self, answers: &HashMap<String, Answer>) -> Vec<String> {
        let speaking = || answers.values().filter_map(|answer| answer.hello.as_ref().ok());
        let is_covered = |host: &Text| speaking().any(|hello| hello.me.as_ref() == Some(host));
        let statuses = answers.values().filter_map(|answer| answer.status.as_ref()?.as_ref().ok());
        let hosts = self.hosts(speaking(), statuses);
        let addresses = hosts.iter().filter(|host| !is_covered(host)).map(|host| self.address(host));
        addresses.filter(|address| !answers.contains_key(address)).collect()
    }

    /// The address by which a member is reached: as configured, where that is known to be the same one, else its name.
    fn address(&self, host: &Text) -> String {
        let alias = self.seeds.iter().find(|seed| self.aliases.get(*seed) == Some(host));
        alias.cloned().unwrap_or_else(|| host.to_string())
    }

    /// The name by which the set knows an address.
    fn host(&self, address: &str) -> Text {
        self.aliases.get(address).cloned().unwrap_or_else(|| Text::from(address))
    }

    /// The hosts of the set: those of the configured address, and all that members and the set's configuration tell of; while
    /// nobody tells, those known before.
    fn hosts<'a>(
        &self,
        hellos: impl Iterator<Item = &'a Hello>,
        statuses: impl Iterator<Item = &'a Status>,
    ) -> BTreeSet<Text> {
        let mut told: BTreeSet<Text> = hellos.flat_map(|hello| hello.hosts.iter().cloned()).collect();
        told.extend(statuses.flat_map(|status| status.members.iter().map(|peer| peer.host.clone())));
        if told.is_empty() {
            told.extend(self.set.members.iter().map(|member| member.host.clone()).filter(|host| !self.is_alias(host)));
        } else {
            told.extend(self.set.config.iter().flat_map(|config| &config.members).map(|member| member.host.clone()));
        }
        told.extend(self.seeds.iter().map(|seed| self.host(seed)));
        told.remove("");
        told
    }

    fn is_alias(&self, host: &Text) -> bool {
        self.aliases.contains_key(host.as_str())
    }

    /// Takes the answers into the members; what did not answer keeps its last word.
    fn adopt(&mut self, answers: HashMap<String, Answer>, configured: &MongoSet) {
        let speaking = answers.values().filter_map(|answer| answer.hello.as_ref().ok());
        let statuses = answers.values().filter_map(|answer| answer.status.as_ref()?.as_ref().ok());
        let hosts = self.hosts(speaking, statuses);
        let mut by_host: HashMap<Text, Answer> = HashMap::new();
        for (address, answer) in answers {
            let host = self.host(&address);
            // Where two addresses lead to one member, one of them may not be reachable from here.
            if answer.hello.is_ok() || !by_host.contains_key(&host) {
                by_host.insert(host, answer);
            }
        }
        let mut known: HashMap<Text, Member> =
            std::mem::take(&mut self.set.members).into_iter().map(|member| (member.host.clone(), member)).collect();
        for host in hosts {
            let fresh = || Member { host: host.clone(), ..Member::default() };
            let mut member = known.remove(&host).unwrap_or_else(fresh);
            if let Some(answer) = by_host.remove(&host) {
                memory::take(&mut member, answer);
            }
            self.set.members.push(member);
        }
        let zone = |member: &Member| {
            let address = self.address(&member.host);
            let zone = configured.zones.get(&member.host).or_else(|| configured.zones.get(address.as_str()))?;
            Some((member.host.clone(), zone.clone()))
        };
        self.set.zones = self.set.members.iter().filter_map(zone).collect();
        let is_known =
            |host: &Text| self.set.members.iter().any(|m| m.host == *host || self.address(&m.host) == **host);
        self.set.strangers = configured.zones.keys().filter(|host| !is_known(host)).cloned().collect();
    }

    /// Asks one member for the configuration of the set, where a newer one is told of than is known.
    async fn read_config(&mut self, context: &Context) {
        let newest = |member: &&Member| {
            let own = member.status.as_ref().and_then(|status| status.members.iter().find(|peer| peer.is_self));
            (own.map(|own| (own.config_term, own.config_version)), member.is_primary())
        };
        let telling = self.set.members.iter().filter(|member| member.speaks().is_some() && member.status.is_some());
        let Some(member) = telling.max_by_key(newest) else { return };
        let told = newest(&member).0.unwrap_or_default();
        let now = context.clock.now();
        let is_known = self.set.config.as_ref().is_some_and(|config| (config.term, config.version) >= told);
        if is_known {
            self.set.config_fault = None;
            return;
        }
        if now < self.config_from && !context.asked {
            return;
        }
        let address = self.address(&member.host);
        let config = context.backend.mongo.config(&self.set.name, &address);
        match context.gate.once(&MONGO, "replSetGetConfig", LIMIT, config).await {
            Ok(config) => (self.set.config, self.set.config_fault) = (Some(config), None),
            Err(fault) => {
                if matches!(fault.kind, FaultKind::Denied | FaultKind::Unsupported) {
                    self.config_from = now + ask::DENIED_FOR;
                }
                self.set.config_fault = Some(fault);
            }
        }
    }
}

/// Why nobody answered; absent: somebody did.
fn silence(answers: &HashMap<String, Answer>) -> Option<Fault> {
    let mut faults: Vec<(&String, &Fault)> = Vec::with_capacity(answers.len());
    for (address, answer) in answers {
        match &answer.hello {
            Ok(_) => return None,
            Err(fault) => faults.push((address, fault)),
        }
    }
    // What is about all of them, such as a refused certificate, tells more than that one was too slow.
    let rank = |fault: &Fault| (matches!(fault.kind, FaultKind::Timeout), matches!(fault.kind, FaultKind::Unreachable));
    faults.sort_by_key(|(address, fault)| (rank(fault), (*address).clone()));
    faults.first().map(|(_, fault)| (*fault).clone())
}
