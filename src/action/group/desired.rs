//! `group-desired`: how many instances an Auto Scaling group wants.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{KIND, REFRESHES, RESOURCE, ROWS, Standing, WANTED, in_service, names, of_row, parted, state};
use crate::action::plan::{Check, Level, State, Target, Tier};
use crate::action::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::Change;
use crate::document::quoted;
use crate::error::Error;
use crate::health::words::count;
use crate::model::scaling::Group;
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass, Warn};

/// `group-desired`.
pub const DESIRED: ActionSpec = ActionSpec {
    id: "group-desired",
    title: "set how many instances a group wants",
    doc: "Sets the desired capacity of an Auto Scaling group within its bounds, where no managed scaling of ECS does. Fewer end \
          instances with whatever runs there.",
    kind: KIND,
    also: ROWS,
    target: SHAPE,
    asks: Some("instances wanted"),
    opt_in: true,
    reads: &[REFRESHES],
    actions: &[Change::GROUP_DESIRED],
    resource: RESOURCE,
    aim,
    plan: boxed,
};

const SHAPE: &str = "GROUP=INSTANCES";
/// How long it is looked for.
const PATIENCE: Duration = Duration::from_mins(15);

fn aim(facts: &Facts, id: &str) -> Option<Text> {
    let group = of_row(facts, id)?;
    Some(Text::from(format!("{}={}", group.name, group.desired?)))
}

fn boxed<'a>(bench: &'a Bench, target: &'a str) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target))
}

async fn plan(bench: &Bench, target: &str) -> Result<Plan, Error> {
    let (group, value) = parted(target, SHAPE)?;
    let wanted: u32 = value.parse().map_err(|_| {
        Error::usage(format!("{} is not a number of instances", quoted(value))).hint(format!("write it: {SHAPE}"))
    })?;
    let standing = Standing::read(bench, group).await?;
    let (group, asked) = (&standing.group, Asked { standing: &standing, wanted });
    let undo = match group.desired {
        Some(old) => format!("rounds act {} {}", DESIRED.id, shell_word(&format!("{}={old}", group.name))),
        None => "how many it wants now is not known".to_owned(),
    };
    Ok(Plan {
        action: &DESIRED,
        target: Target {
            name: group.name.clone(),
            label: Text::from(format!("{}={wanted}", group.name)),
            arn: standing.arn(),
        },
        tier: Tier::NameAndAccount,
        identity: standing.identity.clone(),
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: asked.checks(),
        radius: asked.radius(),
        undo: format!("{undo}; an instance that has ended does not come back, others do"),
        state: state(Some(group)),
        taken_at: standing.taken_at,
        change: Change::GroupDesired { group: group.name.clone(), desired: wanted },
        deed: Arc::new(Resized { group: group.name.clone(), wanted }),
    }
    .void_if(&["desired", "bounds"]))
}

/// What is asked for, and of what.
struct Asked<'a> {
    standing: &'a Standing,
    wanted: u32,
}

impl Asked<'_> {
    fn checks(&self) -> Vec<Check> {
        let mut all = vec![self.bounds(), self.same(), self.managed(), self.none(), self.suspended()];
        all.push(self.standing.refreshing("it counts on the size that was wanted when it began"));
        if self.goes() != Some(0) {
            all.extend([self.protected(), self.drained()]);
        }
        all.extend(self.standing.unread());
        all
    }

    /// How many instances end by it; `None` where that is not known.
    fn goes(&self) -> Option<u32> {
        Some(self.standing.group.desired?.saturating_sub(self.wanted))
    }

    fn bounds(&self) -> Check {
        let (id, group, wanted) = ("bounds", &self.standing.group, self.wanted);
        match (group.minimum, group.maximum) {
            (Some(least), Some(most)) if (least..=most).contains(&wanted) => {
                Check::new(id, Pass, format!("{wanted} is within {least} to {most}"))
            }
            (Some(least), Some(most)) => {
                let what = format!("{wanted} is not within {least} to {most}, the bounds of the group");
                Check::new(id, Block, format!("{what}; they are changed where it is defined"))
            }
            _ => Check::new(id, Block, "the bounds of the group are not known"),
        }
    }

    fn same(&self) -> Check {
        let id = "desired";
        match self.standing.group.desired {
            Some(now) if now == self.wanted => Check::new(id, Block, format!("it wants {now} already")),
            Some(now) => Check::new(id, Pass, format!("it wants {now} now")),
            None => Check::new(id, Block, "how many it wants now is not known"),
        }
    }

    /// AWS says so: do not change by hand what cluster auto scaling changes.
    fn managed(&self) -> Check {
        let id = "managed";
        match self.standing.managed() {
            Some(by) if by.is_empty() => Check::new(id, Pass, "no managed scaling of ECS changes it"),
            Some(by) => {
                let what = format!("managed scaling of the capacity provider {} sets this number", names(by));
                Check::new(id, Block, format!("{what}, and would set it again; change what it scales by instead"))
            }
            None => Check::new(id, Block, "whether managed scaling of ECS sets this number is not known"),
        }
    }

    fn none(&self) -> Check {
        let id = "none";
        match self.wanted {
            0 => Check::new(id, Warn, "no instance would be left: every task on them ends"),
            _ => Check::new(id, Pass, "instances are left"),
        }
    }

    fn suspended(&self) -> Check {
        let (id, group) = ("processes", &self.standing.group);
        let needed = match self.goes() {
            Some(0) => "Launch",
            _ => "Terminate",
        };
        if group.suspends(needed) {
            let what =
                format!("{needed} is suspended: the number is set, and nothing comes of it until that is resumed");
            return Check::new(id, Warn, what);
        }
        Check::new(id, Pass, format!("{needed} is not suspended"))
    }

    /// Scale-in takes none that is protected, so that it may come to nothing.
    fn protected(&self) -> Check {
        // What is coming or going already is not there to be ended.
        let there: Vec<_> = self
            .standing
            .group
            .instances
            .iter()
            .filter(|i| i.lifecycle.as_deref().is_none_or(|is| is == "InService"))
            .collect();
        let id = "protected";
        let is = |wanted: Option<bool>| there.iter().filter(|i| i.protected == wanted).count();
        let (protected, unknown, free) = (is(Some(true)), is(None), is(Some(false)));
        match self.goes() {
            Some(goes) if free >= goes as usize => {
                Check::new(id, Pass, format!("{} of {} may be ended", free, count(there.len(), "instance")))
            }
            Some(_) if unknown == 0 => {
                let what = format!("{} protected from scale-in", count(protected, "instance"));
                Check::new(id, Warn, format!("{what}, {free} not: it may not come down to {}", self.wanted))
            }
            _ => Check::new(id, Warn, "how many instances are protected from scale-in is not known"),
        }
    }

    /// What becomes of tasks on instances that end.
    fn drained(&self) -> Check {
        let (id, providers) = ("drained", &self.standing.providers);
        if providers.iter().all(|provider| provider.managed_draining.as_deref() == Some("ENABLED")) {
            return Check::new(id, Pass, "managed draining moves tasks of services off an instance before it ends");
        }
        let off: Vec<&Text> = providers
            .iter()
            .filter(|provider| provider.managed_draining.as_deref() == Some("DISABLED"))
            .map(|provider| &provider.name)
            .collect();
        if off.is_empty() {
            return Check::new(id, Warn, "whether tasks are moved off an instance before it ends is not known");
        }
        let what = format!("{} has no managed draining: tasks are killed with their instance", names(off));
        Check::new(id, Warn, format!("{what}; drain instances first"))
    }

    fn radius(&self) -> Vec<String> {
        let (group, wanted) = (&self.standing.group, self.wanted);
        let Some(now) = group.desired else { return Vec::new() };
        if wanted >= now {
            let more = count(wanted - now, "instance");
            return vec![
                format!("launches {more}: {now} wanted now, {wanted} then; at once, whatever its cooldown"),
                "they are paid for from their launch, and take tasks once they have registered".to_owned(),
            ];
        }
        let fewer = count(now - wanted, "instance");
        let policies: Vec<&Text> = group.termination_policies.iter().collect();
        let by = if policies.is_empty() { "its termination policies".to_owned() } else { names(policies) };
        let protected = group.instances.iter().filter(|instance| instance.protected == Some(true)).count();
        let mut told = vec![
            format!("ends {fewer}: {now} wanted now, {wanted} then; at once, whatever its cooldown"),
            format!("which ones {by} says, after zones are balanced; what tasks run there is not looked at"),
        ];
        if protected > 0 {
            told.push(format!("{} protected from scale-in and stay", count(protected, "instance")));
        }
        told
    }
}

/// The group, by its name, and the size it is to have.
#[derive(Debug)]
struct Resized {
    group: Text,
    wanted: u32,
}

#[async_trait]
impl Deed for Resized {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(bench.group(&self.group).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(look(bench.group(&self.group).await?.as_ref(), before, self.wanted))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

fn look(group: Option<&Group>, before: &State, wanted: u32) -> Look {
    let seen = |stage, text: String| Look { stage, text, state: state(group) };
    let Some(found) = group else { return seen(Stage::Failed, "it is gone".to_owned()) };
    let untold = found.instances.iter().any(|instance| instance.lifecycle.is_none());
    match found.desired {
        None => seen(Stage::Going, "how many it wants is not told".to_owned()),
        Some(now) if now == wanted => {
            let there = in_service(found, wanted);
            let is_there = found.in_service() == wanted as usize && !untold;
            let leaving = found.instances.len().saturating_sub(found.in_service());
            match (is_there, leaving) {
                (true, 0) => seen(Stage::Done, there),
                (true, n) => seen(Stage::Done, format!("{there}; {} on the way out", count(n, "other"))),
                (false, _) => seen(Stage::Going, there),
            }
        }
        Some(now) if now.to_string() == before.get(WANTED) => seen(Stage::Unseen, format!("it wants {now}")),
        Some(now) => seen(Stage::Failed, format!("somebody else had it want {now}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{group, standing};
    use super::*;

    /// The weight of one check.
    fn level(standing: &Standing, wanted: u32, id: &str) -> Level {
        let asked = Asked { standing, wanted };
        let checks = asked.checks();
        checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no {id}: {checks:?}")).level
    }

    fn free(group: Group) -> Standing {
        standing(group, Some("DISABLED"), Some("ENABLED"))
    }

    #[test]
    fn it_stays_within_the_bounds_and_off_what_managed_scaling_sets() {
        for (wanted, expected) in [(0, Block), (1, Pass), (6, Pass), (7, Block)] {
            assert_eq!(level(&free(group()), wanted, "bounds"), expected, "{wanted}");
        }
        for unknown in [Group { minimum: None, ..group() }, Group { maximum: None, ..group() }] {
            assert_eq!(level(&free(unknown), 4, "bounds"), Block);
        }
        let desired = |desired| free(Group { desired, ..group() });
        for (now, expected) in [(Some(3), Pass), (Some(4), Block), (None, Block)] {
            assert_eq!(level(&desired(now), 4, "desired"), expected, "{now:?}");
        }
        for (scaling, expected) in [(Some("DISABLED"), Pass), (Some("ENABLED"), Block), (None, Block)] {
            assert_eq!(level(&standing(group(), scaling, None), 4, "managed"), expected, "{scaling:?}");
        }
        let unread = Standing { gaps: vec!["cp-2: MISSING".to_owned()], ..free(group()) };
        assert_eq!((level(&unread, 4, "managed"), level(&unread, 4, "unread")), (Block, Warn));
    }

    #[test]
    fn what_keeps_it_from_coming_about_is_warned_of() {
        let suspends = |name: &str| free(Group { suspended: vec![(Text::from(name), None)], ..group() });
        for (name, wanted, expected) in
            [("Launch", 4, Warn), ("Terminate", 2, Warn), ("Launch", 2, Pass), ("Terminate", 4, Pass)]
        {
            assert_eq!(level(&suspends(name), wanted, "processes"), expected, "{name} {wanted}");
        }
        let protects = |all: [Option<bool>; 3]| {
            let mut group = group();
            for (instance, is) in group.instances.iter_mut().zip(all) {
                instance.protected = is;
            }
            free(group)
        };
        let (yes, no) = (Some(true), Some(false));
        // What is on its way out is none of those that may be ended.
        let mut leaving = group();
        leaving.instances[0].lifecycle = Some(Text::from("Terminating:Wait"));
        let free_of = Asked { standing: &free(leaving), wanted: 1 }.protected();
        assert_eq!(&*free_of.text, "2 of 2 instances may be ended");
        for (all, expected) in
            [([no, no, no], Pass), ([yes, no, no], Pass), ([yes, yes, no], Warn), ([None, None, no], Warn)]
        {
            assert_eq!(level(&protects(all), 1, "protected"), expected, "{all:?}");
        }
        let zero = free(Group { minimum: Some(0), ..group() });
        assert_eq!((level(&zero, 0, "none"), level(&zero, 1, "none")), (Warn, Pass));
    }

    #[test]
    fn tasks_on_what_ends_are_moved_or_killed_or_that_is_not_known() {
        for (draining, expected) in [(Some("ENABLED"), Pass), (Some("DISABLED"), Warn), (None, Warn)] {
            assert_eq!(level(&standing(group(), Some("DISABLED"), draining), 2, "drained"), expected, "{draining:?}");
        }
        let growing = Asked { standing: &free(group()), wanted: 4 }.checks();
        assert!(growing.iter().all(|check| check.id != "drained" && check.id != "protected"), "{growing:?}");
    }

    #[test]
    fn the_radius_tells_what_comes_and_what_goes_and_by_whose_choice() {
        let told = |wanted| Asked { standing: &free(group()), wanted }.radius().join("; ");
        assert!(told(5).starts_with("launches 2 instances: 3 wanted now, 5 then"), "{}", told(5));
        let fewer = told(2);
        assert!(fewer.starts_with("ends 1 instance: 3 wanted now, 2 then"), "{fewer}");
        assert!(fewer.contains("OldestInstance, Default") && fewer.contains("is not looked at"), "{fewer}");
    }

    #[test]
    fn it_is_done_once_as_many_are_in_service() {
        let before = state(Some(&group()));
        let now = |desired, in_service: usize, pending: usize| {
            let mut group = Group { desired: Some(desired), ..group() };
            group.instances = group.instances.into_iter().cycle().take(in_service + pending).collect();
            for instance in &mut group.instances[in_service..] {
                instance.lifecycle = Some(Text::from("Pending"));
            }
            look(Some(&group), &before, 4)
        };
        for (seen, stage) in [
            (now(3, 3, 0), Stage::Unseen),
            (now(4, 3, 1), Stage::Going),
            (now(4, 4, 0), Stage::Done),
            (now(4, 4, 1), Stage::Done),
            (now(5, 4, 1), Stage::Failed),
            (look(None, &before, 4), Stage::Failed),
            (look(Some(&Group { desired: None, ..group() }), &before, 4), Stage::Going),
        ] {
            assert_eq!(seen.stage, stage, "{}", seen.text);
        }
        let untold = Group { desired: Some(2), ..group() };
        let untold = Group { instances: vec![crate::model::scaling::GroupInstance::default()], ..untold };
        assert_eq!(look(Some(&untold), &before, 2).stage, Stage::Going);
    }
}
