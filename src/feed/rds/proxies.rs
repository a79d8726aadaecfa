//! Proxies, their targets and the share of connections they may take.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::join;

use super::super::Context;
use super::super::budget::RDS;
use super::super::pages::all_pages;
use super::super::setback::Unread;
use super::part::{Part, when};
use crate::model::Fault;
use crate::model::rds::{Proxy, Target};
use crate::store::Gap;
use crate::text::Text;
use crate::time::Timestamp;

pub(super) const LIST: &str = "rds:DescribeDBProxies";
pub(super) const TARGETS: &str = "rds:DescribeDBProxyTargets";
pub(super) const GROUPS: &str = "rds:DescribeDBProxyTargetGroups";

/// Proxies asked for one by one in a poll, beside those that were never read: each is a request, and RDS slows down early.
const AT_A_TIME: usize = 10;
/// How long a setting is believed; a person changes it once in months.
const SETTING: Duration = Duration::from_mins(10);

/// What is known of proxies.
#[derive(Default)]
pub(super) struct Proxies {
    list: Part<Proxy>,
    targets: Each<Vec<Target>>,
    percents: Each<Option<u32>>,
}

/// What is read of each proxy by itself.
struct Each<T> {
    known: HashMap<String, (Timestamp, T)>,
    unread: Unread,
}

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), unread: Unread::default() }
    }
}

impl Proxies {
    /// Lists them and reads what is due of each; whether it brought anything.
    pub async fn read(&mut self, context: &Context) -> bool {
        let (now, ports) = (context.clock.now(), &context.backend.proxies);
        let page = |token: Option<String>| async move {
            context.gate.read(&RDS, LIST, || ports.proxies(token.as_deref())).await
        };
        let due = self.list.is_due(now, Duration::ZERO, context.asked);
        let listed = when(due, all_pages(LIST, |p: &Proxy| p.name.to_string(), page)).await;
        let brought = self.list.take(listed, |p| p.name.to_string(), now);
        let names: Vec<String> = self.list.items().iter().map(|p| p.name.to_string()).collect();
        let targets = |name: String| async move { targets(context, &name).await };
        let percent = |name: String| async move {
            context.gate.read(&RDS, GROUPS, || ports.max_connections_percent(&name)).await
        };
        let each = join!(
            self.targets.read(context, &names, Duration::ZERO, targets),
            self.percents.read(context, &names, SETTING, percent),
        );
        brought || each.0 || each.1
    }

    /// All of them with what is known of each.
    pub fn known(&self) -> Vec<Proxy> {
        let whole = |proxy: &Proxy| {
            let mut proxy = proxy.clone();
            if let Some((at, targets)) = self.targets.known.get(proxy.name.as_str()) {
                (proxy.targets, proxy.targets_at) = (targets.clone(), Some(*at));
            }
            if let Some((_, percent)) = self.percents.known.get(proxy.name.as_str()) {
                proxy.max_connections_percent = *percent;
            }
            if proxy.arn.is_empty() {
                proxy.arn = proxy.name.clone();
            }
            proxy
        };
        let mut all: Vec<Proxy> = self.list.items().iter().map(whole).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// When they were listed last.
    pub const fn read_at(&self) -> Option<Timestamp> {
        self.list.read_at()
    }

    /// What is missing.
    pub fn gaps(&self) -> Vec<Gap> {
        let names: Vec<String> = self.list.items().iter().map(|p| p.name.to_string()).collect();
        let each = [self.targets.gap(&names, "targets of proxies"), self.percents.gap(&names, "limits of proxies")];
        self.list.gap("RDS proxies").into_iter().chain(each.into_iter().flatten()).collect()
    }
}

impl<T> Each<T> {
    /// Reads it of those that are due, the longest unread first; whether any was read.
    async fn read<F>(&mut self, context: &Context, names: &[String], every: Duration, one: impl Fn(String) -> F) -> bool
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let now = context.clock.now();
        self.known.retain(|name, _| names.contains(name));
        let old = |name: &String| self.known.get(name).is_none_or(|(at, _)| now.since(*at) >= every);
        let mut due: Vec<String> = self.unread.due(names, now, context.asked).into_iter().filter(old).collect();
        due.sort_by_key(|name| self.known.get(name).map(|(at, _)| *at));
        let never = due.iter().filter(|name| !self.known.contains_key(*name)).count();
        due.truncate(never.max(AT_A_TIME));
        let answers = join_all(due.iter().map(|name| one(name.clone()))).await;
        let (mut unread, mut read) = (Vec::new(), false);
        for (name, answer) in due.iter().zip(answers) {
            match answer {
                Ok(value) => {
                    self.known.insert(name.clone(), (now, value));
                    read = true;
                }
                Err(fault) => unread.push((name.clone(), fault)),
            }
        }
        self.unread.note(names, &due, unread, context.clock.now());
        read
    }

    fn gap(&self, names: &[String], what: &str) -> Option<Gap> {
        let faults: Vec<&Fault> = names.iter().filter_map(|name| self.unread.fault(name)).collect();
        let fault = (*faults.first()?).clone();
        let (read, known) = (names.len() - faults.len(), names.len());
        Some(Gap { kind: "database", what: Text::from(what), read, known, fault })
    }
}

async fn targets(context: &Context, name: &str) -> Result<Vec<Target>, Fault> {
    let ports = &context.backend.proxies;
    // A target has no id of its own: what is told of it must do.
    let page = |token: Option<String>| async move {
        context.gate.read(&RDS, TARGETS, || ports.targets(name, token.as_deref())).await
    };
    let listed = all_pages(TARGETS, |t: &Target| format!("{t:?}"), page).await;
    listed.fault.map_or(Ok(listed.items), Err)
}
