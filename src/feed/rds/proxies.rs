//! Proxies, their targets and the share of connections they may take.

use std::time::Duration;

use futures_util::join;

use super::super::Context;
use super::super::budget::RDS;
use super::super::each::Each;
use super::super::pages::all_pages;
use super::super::part::{Part, when};
use crate::model::Fault;
use crate::model::rds::{Proxy, Target};
use crate::store::Gap;
use crate::time::Timestamp;

pub(super) const LIST: &str = "rds:DescribeDBProxies";
pub(super) const TARGETS: &str = "rds:DescribeDBProxyTargets";
pub(super) const GROUPS: &str = "rds:DescribeDBProxyTargetGroups";

/// How long a setting is believed; a person changes it once in months.
const SETTING: Duration = Duration::from_mins(10);

/// What is known of proxies.
#[derive(Default)]
pub(super) struct Proxies {
    list: Part<Proxy>,
    targets: Each<Vec<Target>>,
    percents: Each<Option<u32>>,
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
            if let Some((at, targets)) = self.targets.get(&proxy.name) {
                (proxy.targets, proxy.targets_at) = (targets.clone(), Some(*at));
            }
            if let Some((_, percent)) = self.percents.get(&proxy.name) {
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
        let each = [
            self.targets.gap("database", &names, "targets of proxies"),
            self.percents.gap("database", &names, "limits of proxies"),
        ];
        self.list.gap("database", "RDS proxies").into_iter().chain(each.into_iter().flatten()).collect()
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
