//! How completely a stack was read, as both documents tell it.

use serde_json::{Value, json};

use crate::feed::feed;
use crate::model::identity::Identity;
use crate::model::stack::Stack;
use crate::model::{Fault, FaultKind};
use crate::store::{Freshness, Store};
use crate::text::Text;

/// How much of a stack could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All of it.
    Fresh,
    /// Some of it.
    Partial,
    /// None of it.
    Failing,
}

impl State {
    /// The word of the documents.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Partial => "partial",
            Self::Failing => "failing",
        }
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The feed's id.
    pub(super) feed: &'static str,
    /// What of it, how many of how many were read; `None`: nothing of the feed was read.
    pub(super) part: Option<(Text, usize, usize)>,
    /// Why.
    pub(super) fault: Fault,
}

/// Why something could not be read, and what.
pub(super) struct Cause<'a> {
    /// The first thing that it kept from being read.
    pub(super) first: &'a Trouble,
    /// The feeds that it hit.
    pub(super) feeds: Vec<&'static str>,
}

/// How one stack was read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) state: State,
    account: Option<Text>,
    region: Option<Text>,
    /// What could not be read, causes before what follows from them: whole feeds before parts of them, and last what ran out
    /// of time, the first to do so first.
    pub(super) troubles: Vec<Trouble>,
}

impl Reading {
    /// How the stack with this index was read, as far as these feeds tell.
    pub(super) fn of(store: &Store, index: usize, feeds: &[&'static str]) -> Self {
        let identity = store.facts(index).and_then(|facts| facts.get::<Identity>());
        let mut troubles: Vec<Trouble> = feeds.iter().flat_map(|feed| troubles(store, index, feed)).collect();
        // Stable: what ran out of time keeps the order it was polled in, for it was the first that used the time up.
        troubles.sort_by_key(|trouble| {
            let late = trouble.fault.kind == FaultKind::Timeout;
            (late, !late && trouble.part.is_some())
        });
        // Knowing who asks is not knowing anything of the stack.
        let mut read = feeds.iter().filter(|feed| **feed != "identity" || feeds.len() == 1);
        let state = if !read.any(|feed| store.slot(index, feed).snapshot.is_some()) {
            State::Failing
        } else if troubles.is_empty() {
            State::Fresh
        } else {
            State::Partial
        };
        Self {
            state,
            account: identity.map(|i| i.account.clone()),
            region: identity.and_then(|i| i.region.clone()),
            troubles,
        }
    }

    /// What could not be read by its cause, for people: each cause is told once.
    pub(super) fn causes(&self) -> Vec<Cause<'_>> {
        let mut causes: Vec<Cause<'_>> = Vec::new();
        for trouble in &self.troubles {
            match causes.iter_mut().find(|cause| cause.first.fault.is_same_cause(&trouble.fault)) {
                Some(cause) if cause.feeds.contains(&trouble.feed) => {}
                Some(cause) => cause.feeds.push(trouble.feed),
                None => causes.push(Cause { first: trouble, feeds: vec![trouble.feed] }),
            }
        }
        causes
    }

    /// The stack's entry in `stacks`.
    pub(super) fn document(&self, stack: &Stack) -> Value {
        json!({
            "stack": stack.name.as_str(),
            "account": self.account.as_deref(),
            "region": self.region.as_deref(),
            "state": self.state.word(),
            "error": self.troubles.first().map(|trouble| fault_document(&trouble.fault)),
        })
    }
}

fn troubles(store: &Store, index: usize, feed_id: &'static str) -> Vec<Trouble> {
    let slot = store.slot(index, feed_id);
    let whole = |fault| vec![Trouble { feed: feed_id, part: None, fault }];
    match &slot.freshness {
        Freshness::Failing { fault, .. } => whole(fault.clone()),
        Freshness::Never => {
            let action = feed(feed_id).and_then(|spec| spec.actions.first()).copied().unwrap_or_default();
            whole(Fault::new(FaultKind::Timeout, action, "not read"))
        }
        Freshness::Fresh => {
            let part = |gap: &crate::store::Gap| Trouble {
                feed: feed_id,
                part: Some((gap.what.clone(), gap.read, gap.known)),
                fault: gap.fault.clone(),
            };
            slot.gaps().iter().map(part).collect()
        }
    }
}

/// A fault as the documents tell it.
pub(super) fn fault_document(fault: &Fault) -> Value {
    json!({
        "kind": kind_id(fault.kind),
        "action": Some(fault.action).filter(|action| !action.is_empty()),
        "code": fault.code.as_deref(),
        "message": Some(fault.message.as_str()).filter(|message| !message.is_empty()),
        "hint": fault.hint(),
    })
}

/// The kind of a fault for machines; part of the contract.
const fn kind_id(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "throttled",
        FaultKind::Denied => "denied",
        FaultKind::NoCredentials => "no-credentials",
        FaultKind::Expired => "expired",
        FaultKind::Timeout => "timeout",
        FaultKind::Unreachable => "unreachable",
        FaultKind::Server => "server",
        FaultKind::Malformed => "malformed",
        FaultKind::Rejected => "rejected",
        FaultKind::Unsupported => "unsupported",
        FaultKind::Misconfigured => "misconfigured",
        FaultKind::Unfinished => "unfinished",
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, MANY, clock, denied, stack};
    use super::super::gather::gather;
    use super::*;
    use crate::store::{Fetched, Gap, Snapshot};
    use crate::time::Timestamp;
    use std::sync::Arc;

    async fn reading(fake: Fake, feeds: &[&'static str]) -> Reading {
        let gathered = gather(&[stack("s")], vec![Ok(fake.backend())], &clock(), feeds, MANY).await;
        Reading::of(&gathered.store, 0, feeds)
    }

    #[tokio::test]
    async fn the_state_tells_all_some_or_nothing() {
        let feeds = ["identity", "ecs", "stopped-tasks"];
        let fresh = reading(Fake::healthy(), &feeds).await;
        assert_eq!((fresh.state, fresh.troubles.len()), (State::Fresh, 0));
        let partial = reading(Fake::healthy().refusing("ecs:DescribeServices"), &feeds).await;
        assert_eq!(partial.state, State::Partial);
        let failing = reading(Fake::healthy().refusing("ecs:ListClusters"), &feeds).await;
        assert_eq!((failing.state, failing.troubles.len()), (State::Failing, 2));
        let nameless = reading(Fake::healthy().refusing("sts:GetCallerIdentity"), &feeds).await;
        assert_eq!((nameless.state, nameless.account), (State::Partial, None));
        assert_eq!(reading(Fake::healthy(), &["identity"]).await.state, State::Fresh);
        assert_eq!(Reading::of(&Store::new(1), 0, &["ecs"]).state, State::Failing);
    }

    #[tokio::test]
    async fn a_part_that_was_not_read_is_told_after_whole_feeds() {
        let fake = Fake::healthy().refusing("ecs:DescribeServices").refusing("sts:GetCallerIdentity");
        let reading = reading(fake, &["ecs", "identity"]).await;
        let told: Vec<_> = reading.troubles.iter().map(|t| (t.feed, t.part.clone(), t.fault.action)).collect();
        let services = Some((Text::from("services of ehr"), 0, 3));
        assert_eq!(told, [("identity", None, "sts:GetCallerIdentity"), ("ecs", services, "ecs:DescribeServices")]);
    }

    #[test]
    fn what_ran_out_of_time_is_told_after_what_used_the_time_up() {
        let mut store = Store::new(1);
        let mut adopt = |feed, result| {
            let at = Timestamp::from_secs(60);
            store.adopt(Fetched { stack: 0, feed, at, next: at, result });
        };
        let late = |action| Fault::new(FaultKind::Timeout, action, "not done within the time allowed (--timeout)");
        let slowed = Fault::new(FaultKind::Throttled, "ecs:DescribeServices", "Rate exceeded");
        let gap = |what: &str, fault| Gap { kind: "service", what: Text::from(what), read: 0, known: 3, fault };
        let gaps = vec![gap("tasks of ehr", late("ecs:DescribeTasks")), gap("services of ehr", slowed.clone())];
        let taken_at = Timestamp::from_secs(60);
        adopt("ecs", Ok(Snapshot { taken_at, data: Arc::new(()), gaps, slowed: true }));
        adopt("stopped-tasks", Err(late("ecs:ListTasks")));
        let reading = Reading::of(&store, 0, &["ecs", "stopped-tasks"]);
        let told: Vec<_> = reading.troubles.iter().map(|trouble| trouble.fault.action).collect();
        assert_eq!(told, ["ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks"]);
        assert_eq!(reading.document(&stack("s"))["error"], fault_document(&slowed));
    }

    #[test]
    fn lost_credentials_are_one_cause_whatever_was_called() {
        let mut store = Store::new(1);
        let mut fail = |feed, kind, action| {
            let (at, result) = (Timestamp::from_secs(60), Err(Fault::new(kind, action, "why")));
            store.adopt(Fetched { stack: 0, feed, at, next: at, result });
        };
        fail("identity", FaultKind::NoCredentials, "sts:GetCallerIdentity");
        fail("ecs", FaultKind::NoCredentials, "ecs:ListClusters");
        fail("stopped-tasks", FaultKind::Denied, "ecs:ListTasks");
        fail("groups", FaultKind::Denied, "autoscaling:DescribeAutoScalingGroups");
        let reading = Reading::of(&store, 0, &["identity", "ecs", "stopped-tasks", "groups"]);
        let told: Vec<_> = reading.causes().into_iter().map(|cause| cause.feeds).collect();
        assert_eq!(told, [vec!["identity", "ecs"], vec!["stopped-tasks"], vec!["groups"]]);
    }

    #[test]
    fn a_fault_is_told_by_kind_action_and_remedy() {
        let fault = Fault { code: Some(Text::from("AccessDeniedException")), ..denied("ecs:ListClusters") };
        assert_eq!(
            fault_document(&fault),
            json!({
                "kind": "denied",
                "action": "ecs:ListClusters",
                "code": "AccessDeniedException",
                "message": "not authorised",
                "hint": "allow ecs:ListClusters to this role",
            })
        );
        let silent = fault_document(&Fault::new(FaultKind::Malformed, "ecs:ListClusters", ""));
        assert_eq!(silent["message"], Value::Null);
    }
}
