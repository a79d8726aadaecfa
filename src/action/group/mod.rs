//! Actions on an Auto Scaling group behind a capacity provider: its size (`desired`), its processes (`processes`).

mod desired;
mod processes;

pub use desired::DESIRED;
pub use processes::{RESUME, SUSPEND};

use super::Bench;
use super::member::{at_home, unread};
use super::plan::{Check, Level, State};
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::health::words::count;
use crate::model::ecs::{EcsFacts, Provider};
use crate::model::identity::Identity;
use crate::model::scaling::{Group, GroupFacts, Refresh};
use crate::model::{Facts, Fault};
use crate::text::Text;
use crate::time::Timestamp;

use Level::{Pass, Warn};

/// What is acted on.
const KIND: &str = "group";
/// The rows that lead to a group: those of its scaling, and of the capacity provider on it, which stand above the instances.
const ROWS: &[&str] = &["scaling-target", "provider", "instance"];
/// What is told in one plan of the groups there are.
const NAMED: usize = 10;
/// The IAM action that tells of instance refreshes.
const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
/// The resource of a group, as a policy names it.
const RESOURCE: &str = "arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:*:autoScalingGroupName/GROUP";

/// A group and what stands on it, read now.
struct Standing {
    identity: Identity,
    group: Group,
    /// The capacity providers on it.
    providers: Vec<Provider>,
    /// What of the clusters and providers could not be read: another provider may stand on it.
    gaps: Vec<String>,
    refreshes: Result<Vec<Refresh>, Fault>,
    taken_at: Timestamp,
}

/// The group that a row of this id is of, as rules and views name it or the capacity provider on it.
fn of_row<'a>(facts: &'a Facts, id: &str) -> Option<&'a Group> {
    let known = facts.get::<GroupFacts>()?;
    let named = || known.groups.iter().find(|group| **group.arn.as_ref().unwrap_or(&group.name) == *id);
    let is_it =
        |provider: &&Provider| provider.line() == id || **provider.arn.as_ref().unwrap_or(&provider.name) == *id;
    let provider = || facts.get::<EcsFacts>()?.providers.iter().map(|seen| seen.item.as_ref()).find(is_it);
    named().or_else(|| known.group(&provider()?.group_name()?))
}

/// What stands before and behind the last `=` of a target.
fn parted<'a>(target: &'a str, shape: &str) -> Result<(&'a str, &'a str), Error> {
    let parted = target.rsplit_once('=').filter(|(group, value)| !group.is_empty() && !value.trim().is_empty());
    parted.map(|(group, value)| (group, value.trim())).ok_or_else(|| {
        Error::usage(format!("{} does not say what is wanted", quoted(target))).hint(format!("write it: {shape}"))
    })
}

impl Standing {
    /// Reads the group of this name or ARN, if a cluster that the stack watches stands on it.
    async fn read(bench: &Bench, target: &str) -> Result<Self, Error> {
        let (name, home) = named(target)?;
        let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
        if let Some(home) = home {
            at_home(bench, &identity, target, home)?;
        }
        let taken_at = bench.clock.now();
        let (known, gaps) = providers(bench).await.map_err(|fault| unread(&fault))?;
        let providers: Vec<Provider> =
            known.iter().filter(|p| p.group_name().is_some_and(|own| *own == *name)).cloned().collect();
        if providers.is_empty() {
            return Err(unknown(bench, name, &known, &gaps));
        }
        let group = bench.group(name).await.map_err(|fault| unread(&fault))?;
        let group = group.ok_or_else(|| Error::absent(format!("there is no Auto Scaling group {}", quoted(name))))?;
        if home.is_some() && group.arn.as_deref() != Some(target) {
            let what = format!("{} is not what is there: {}", quoted(target), group.arn.unwrap_or_default());
            return Err(Error::usage(what).hint("copy it anew: a group of this name may have been made again"));
        }
        let refreshes = bench.refreshes(name).await;
        Ok(Self { identity, group, providers, gaps, refreshes, taken_at })
    }

    /// Its ARN; its name where it has none.
    fn arn(&self) -> Text {
        self.group.arn.clone().unwrap_or_else(|| self.group.name.clone())
    }

    /// The providers whose managed scaling changes the group; `None` where that is not known of all of them.
    fn managed(&self) -> Option<Vec<&Text>> {
        let is = |provider: &&Provider| provider.managed_scaling.as_deref() == Some("ENABLED");
        let managing: Vec<&Text> = self.providers.iter().filter(is).map(|provider| &provider.name).collect();
        let known = self.gaps.is_empty() && self.providers.iter().all(|provider| provider.managed_scaling.is_some());
        (known || !managing.is_empty()).then_some(managing)
    }

    /// Whether the instances are being replaced, which `what` gets in the way of.
    fn refreshing(&self, what: &str) -> Check {
        let id = "refresh";
        match &self.refreshes {
            Err(fault) => {
                Check::new(id, Warn, format!("whether its instances are being refreshed is not known: {fault}"))
            }
            Ok(refreshes) => match refreshes.iter().find(|refresh| refresh.is_under_way() != Some(false)) {
                Some(refresh) if refresh.is_under_way() == Some(true) => {
                    Check::new(id, Warn, format!("an instance refresh is under way: {what}"))
                }
                Some(_) => Check::new(id, Warn, "whether its instances are being refreshed is not told"),
                None => Check::new(id, Pass, "its instances are not being refreshed"),
            },
        }
    }

    /// What could not be read, if anything.
    fn unread(&self) -> Option<Check> {
        let told = format!("not all could be read: {}", self.gaps.join("; "));
        (!self.gaps.is_empty()).then(|| Check::new("unread", Warn, told))
    }
}

/// Region and account, where an ARN names them.
type Home<'a> = (&'a str, &'a str);

/// The name that is meant; of an ARN region and account too.
fn named(target: &str) -> Result<(&str, Option<Home<'_>>), Error> {
    let parts: Vec<&str> = target.splitn(6, ':').collect();
    let wrong = || Error::usage(format!("{} is not an Auto Scaling group", quoted(target)));
    match parts.as_slice() {
        ["arn", _, "autoscaling", region, account, path] => match path.split_once(":autoScalingGroupName/") {
            Some((_, name)) if !name.is_empty() => Ok((name, Some((region, account)))),
            _ => Err(wrong()),
        },
        ["arn", ..] => Err(wrong()),
        _ => Ok((target, None)),
    }
}

/// The capacity providers of the clusters that the stack watches, and what of them could not be read.
async fn providers(bench: &Bench) -> Result<(Vec<Provider>, Vec<String>), Fault> {
    let clusters = bench.watched().await?;
    let mut names: Vec<String> =
        clusters.items.iter().flat_map(|cluster| &cluster.providers).map(ToString::to_string).collect();
    names.retain(|name| !name.starts_with("FARGATE"));
    names.sort();
    names.dedup();
    let found = bench.providers(&names).await?;
    let gap = |(what, why): &(Text, Text)| format!("{what}: {why}");
    let gaps = clusters.failures.iter().chain(&found.failures).map(gap).collect();
    Ok((found.items, gaps))
}

/// Why a group is not acted on that no known provider stands on.
fn unknown(bench: &Bench, name: &str, known: &[Provider], gaps: &[String]) -> Error {
    if let Some(gap) = gaps.first() {
        return Error::unavailable(format!("whether {} is one of this stack is not known: {gap}", quoted(name)));
    }
    let stack = &bench.stack.name;
    let what =
        format!("no capacity provider of the clusters that the stack {stack} watches stands on {}", quoted(name));
    let groups: Vec<Text> = known.iter().filter_map(Provider::group_name).take(NAMED).collect();
    let groups: Vec<&str> = groups.iter().map(Text::as_str).collect();
    Error { hint: suggestion(name, &groups), ..Error::usage(what) }
}

/// What a plan on a group rests on.
fn state(group: Option<&Group>) -> State {
    let Some(group) = group else { return State(vec![("group", Text::from("gone"))]) };
    let given = |value: Option<u32>| value.map_or_else(Text::default, |n| Text::from(n.to_string()));
    State(vec![
        ("minimum", given(group.minimum)),
        ("maximum", given(group.maximum)),
        (WANTED, given(group.desired)),
        ("suspended", Text::from(suspended(group))),
    ])
}

const WANTED: &str = "desired";

/// The processes that are suspended, in one order, as they are written.
fn suspended(group: &Group) -> String {
    let mut names: Vec<&str> = group.suspended.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.join(",")
}

/// Names with commas between.
fn names(all: Vec<&Text>) -> String {
    all.into_iter().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

/// `3 of 4 instances InService`.
fn in_service(group: &Group, wanted: u32) -> String {
    format!("{} of {} InService", group.in_service(), count(wanted, "instance"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    /// A group of 1 to 6 that wants 3 and has them.
    pub(super) fn group() -> Group {
        let member = |n| crate::model::scaling::GroupInstance {
            id: Text::from(format!("i-{n}")),
            lifecycle: Some(Text::from("InService")),
            health: Some(Text::from("Healthy")),
            protected: Some(false),
            ..Default::default()
        };
        Group {
            name: Text::from("asg"),
            arn: Some(Text::from("arn:aws:autoscaling:r:1:autoScalingGroup:u:autoScalingGroupName/asg")),
            minimum: Some(1),
            maximum: Some(6),
            desired: Some(3),
            instances: (1..=3).map(member).collect(),
            termination_policies: vec![Text::from("OldestInstance"), Text::from("Default")],
            ..Group::default()
        }
    }

    /// What stands on it: a provider whose managed scaling and draining are so.
    pub(super) fn standing(group: Group, scaling: Option<&str>, draining: Option<&str>) -> Standing {
        let provider = Provider {
            name: Text::from("cp"),
            managed_scaling: scaling.map(Text::from),
            managed_draining: draining.map(Text::from),
            ..Provider::default()
        };
        Standing {
            identity: Identity {
                account: Text::from("1"),
                arn: Text::from("arn:me"),
                user_id: Text::default(),
                region: None,
                expires_at: None,
                endpoint: None,
                skew_ms: None,
            },
            group,
            providers: vec![provider],
            gaps: Vec::new(),
            refreshes: Ok(Vec::new()),
            taken_at: Timestamp::from_secs(1_773_457_200),
        }
    }

    #[test]
    fn rows_of_scaling_and_of_a_capacity_provider_lead_to_a_group() {
        let group_arn = group().arn;
        let provider = Provider { name: Text::from("cp"), group_arn: group_arn.clone(), ..Provider::default() };
        let line = provider.line();
        let providers = vec![crate::model::ecs::Seen { at: Timestamp::default(), item: provider.into() }];
        let mut facts = Facts::default();
        let groups = GroupFacts { groups: vec![group()], ..GroupFacts::default() };
        facts.put(Timestamp::default(), std::sync::Arc::new(groups));
        facts.put(Timestamp::default(), std::sync::Arc::new(EcsFacts { providers, ..EcsFacts::default() }));
        for (id, is_found) in [(group_arn.as_deref().unwrap(), true), (&*line, true), ("cp", true), ("asg-2", false)] {
            assert_eq!(of_row(&facts, id).is_some(), is_found, "{id}");
        }
        for spec in [&DESIRED, &SUSPEND, &RESUME] {
            assert!(["group", "scaling-target", "provider", "instance"].into_iter().eq(spec.kinds()), "{spec:?}");
        }
    }

    #[test]
    fn a_group_goes_by_its_name_and_by_its_arn_and_says_what_is_wanted() {
        assert_eq!(named("a=b").unwrap(), ("a=b", None));
        let arn = "arn:aws:autoscaling:r:1:autoScalingGroup:u:autoScalingGroupName/a b";
        assert_eq!(named(arn).unwrap(), ("a b", Some(("r", "1"))));
        for wrong in ["arn:aws:ecs:r:1:cluster/a", "arn:aws:autoscaling:r:1:launchConfiguration:u", "arn:aws"] {
            assert!(named(wrong).unwrap_err().to_string().contains("is not an Auto Scaling group"), "{wrong}");
        }
        assert_eq!(parted("a=b= 4", "G=N").unwrap(), ("a=b", "4"));
        for wrong in ["a", "a=", "=4", "a= "] {
            assert!(parted(wrong, "G=N").unwrap_err().to_string().contains("write it: G=N"), "{wrong}");
        }
    }

    #[test]
    fn rows_of_groups_offer_their_size_and_what_runs_or_is_suspended() {
        let suspended = vec![(Text::from("Terminate"), None), (Text::from("Launch"), None)];
        let other = Group { name: Text::from("b"), arn: None, suspended, ..group() };
        let mut facts = Facts::default();
        let groups = GroupFacts { groups: vec![group(), other], ..GroupFacts::default() };
        facts.put(Timestamp::from_secs(1), std::sync::Arc::new(groups));
        let arn = group().arn.unwrap_or_default();
        let offered = |id: &str| [&DESIRED, &SUSPEND, &RESUME].map(|spec| (spec.aim)(&facts, id).unwrap_or_default());
        assert_eq!(offered(&arn), ["asg=3", "asg=Launch", ""].map(Text::from));
        assert_eq!(offered("b"), ["b=3", "b=AddToLoadBalancer", "b=Launch,Terminate"].map(Text::from));
        assert_eq!(offered("service/ehr/api"), [""; 3].map(Text::from));
    }

    #[test]
    fn whether_managed_scaling_has_it_is_known_or_not() {
        let of = |scaling| standing(group(), scaling, None);
        assert_eq!(of(Some("DISABLED")).managed().map(|all| all.len()), Some(0));
        assert_eq!(of(Some("ENABLED")).managed().map(|all| all.len()), Some(1));
        assert_eq!(of(None).managed(), None);
        let gaps = vec!["cp-2: MISSING".to_owned()];
        assert_eq!(Standing { gaps: gaps.clone(), ..of(Some("DISABLED")) }.managed(), None);
        let gap = Standing { gaps, ..of(Some("ENABLED")) };
        assert_eq!(gap.managed().map(|all| all.len()), Some(1), "one is enough");
        assert_eq!(gap.unread().map(|check| check.level), Some(Warn));
    }

    #[test]
    fn a_refresh_under_way_and_one_not_known_are_warned_of() {
        let of = |status: Option<&str>| Refresh { status: status.map(Text::from), ..Refresh::default() };
        for (refreshes, level) in [
            (Ok(vec![]), Pass),
            (Ok(vec![of(Some("Successful"))]), Pass),
            (Ok(vec![of(Some("InProgress"))]), Warn),
            (Ok(vec![of(None)]), Warn),
            (Err(Fault::new(FaultKind::Denied, REFRESHES, "no")), Warn),
        ] {
            let check = Standing { refreshes, ..standing(group(), None, None) }.refreshing("it waits");
            assert_eq!(check.level, level, "{check:?}");
        }
    }
}
