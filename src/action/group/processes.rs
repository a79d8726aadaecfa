//! `suspend-processes` and `resume-processes`: what an Auto Scaling group does by itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{KIND, REFRESHES, RESOURCE, ROWS, Standing, in_service, names, of_row, parted, state};
use crate::action::plan::{Check, Level, State, Target, Tier};
use crate::action::{ActionSpec, Bench, Deed, Look, Plan, Stage};
use crate::backend::change::{Change, Process, Processes};
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::health::words::count;
use crate::model::scaling::Group;
use crate::model::{Facts, Fault};
use crate::text::{Text, shell_word};

use Level::{Block, Pass, Warn};

/// `suspend-processes`.
pub const SUSPEND: ActionSpec = ActionSpec {
    id: "suspend-processes",
    title: "suspend processes of a group",
    doc: "Has an Auto Scaling group stop doing by itself what is named: launch, terminate, replace … Nothing resumes them but \
          somebody.",
    kind: KIND,
    also: ROWS,
    target: SHAPE,
    asks: Some("processes"),
    opt_in: true,
    reads: &[REFRESHES],
    actions: &[Change::SUSPEND],
    resource: RESOURCE,
    aim: aim_suspend,
    plan: |bench, target| boxed(bench, target, true),
};

/// `resume-processes`.
pub const RESUME: ActionSpec = ActionSpec {
    id: "resume-processes",
    title: "resume processes of a group",
    doc: "Has an Auto Scaling group do by itself again what was suspended. It is the undo of suspend-processes.",
    actions: &[Change::RESUME],
    aim: aim_resume,
    plan: |bench, target| boxed(bench, target, false),
    ..SUSPEND
};

const SHAPE: &str = "GROUP=Launch,Terminate";
/// How long it is looked for.
const SOON: Duration = Duration::from_mins(1);
/// Without these a refresh of instances waits.
const OF_REFRESH: &[Process] = &[Process::Launch, Process::Terminate, Process::InstanceRefresh];
/// Without these an instance that is unhealthy stays.
const OF_HEALTH: &[Process] = &[Process::Launch, Process::Terminate, Process::HealthCheck, Process::ReplaceUnhealthy];
/// Without these managed scaling of ECS comes to nothing.
const OF_MANAGED: &[Process] = &[Process::Launch, Process::Terminate, Process::AlarmNotification];

/// One that runs, to begin with: which are meant is for a person to say.
fn aim_suspend(facts: &Facts, id: &str) -> Option<Text> {
    let group = of_row(facts, id)?;
    let runs = Process::ALL.into_iter().find(|process| !group.suspends(process.word()))?;
    Some(Text::from(format!("{}={}", group.name, runs.word())))
}

/// What is suspended is what can be resumed.
fn aim_resume(facts: &Facts, id: &str) -> Option<Text> {
    let group = of_row(facts, id).filter(|group| !group.suspended.is_empty())?;
    Some(Text::from(format!("{}={}", group.name, super::suspended(group))))
}

fn boxed<'a>(bench: &'a Bench, target: &'a str, suspend: bool) -> BoxFuture<'a, Result<Plan, Error>> {
    Box::pin(plan(bench, target, suspend))
}

async fn plan(bench: &Bench, target: &str, suspend: bool) -> Result<Plan, Error> {
    let (group, value) = parted(target, SHAPE)?;
    let processes = parse(value)?;
    let standing = Standing::read(bench, group).await?;
    let group = &standing.group;
    let asked = Asked { standing: &standing, processes: &processes, suspend };
    let (spec, other) = if suspend { (&SUSPEND, &RESUME) } else { (&RESUME, &SUSPEND) };
    let label = format!("{}={processes}", group.name);
    Ok(Plan {
        action: spec,
        target: Target { name: group.name.clone(), label: Text::from(&label), arn: standing.arn() },
        tier: Tier::NameAndAccount,
        identity: standing.identity.clone(),
        stack: bench.stack.name.clone(),
        is_protected: bench.stack.protected,
        checks: asked.checks(),
        radius: asked.radius(),
        undo: format!("rounds act {} {}", other.id, shell_word(&label)),
        state: state(Some(group)),
        taken_at: standing.taken_at,
        deed: Arc::new(Switched { group: group.name.clone(), processes: processes.clone(), suspend }),
        change: Change::GroupProcesses { group: group.name.clone(), processes, suspended: suspend },
    }
    .void_if(&["suspended"]))
}

/// The processes that are named, with commas between.
fn parse(value: &str) -> Result<Processes, Error> {
    let words: Vec<&str> = Process::ALL.into_iter().map(Process::word).collect();
    let known = |word: &str| {
        let word = word.trim();
        Process::of(word).ok_or_else(|| {
            let what = format!("{} is no process of an Auto Scaling group", quoted(word));
            let hint = suggestion(word, &words).unwrap_or_else(|| format!("valid: {}", words.join(", ")));
            Error::usage(what).hint(hint)
        })
    };
    let named = value.split(',').map(known).collect::<Result<Vec<_>, _>>()?;
    Processes::of(named).ok_or_else(|| Error::usage("no process is named").hint(format!("write it: {SHAPE}")))
}

/// What is asked for, and of what.
struct Asked<'a> {
    standing: &'a Standing,
    processes: &'a Processes,
    suspend: bool,
}

impl Asked<'_> {
    fn checks(&self) -> Vec<Check> {
        let mut all = vec![self.suspended()];
        if self.suspend {
            all.extend([self.managed(), self.refresh(), self.health(), self.short()]);
        } else {
            all.push(self.catches_up());
        }
        all.extend(self.standing.unread());
        all
    }

    /// Of these, what is named.
    fn named(&self, of: &[Process]) -> Vec<&'static str> {
        self.processes.iter().filter(|process| of.contains(process)).map(Process::word).collect()
    }

    fn suspended(&self) -> Check {
        let (id, group) = ("suspended", &self.standing.group);
        let wrong = |process: &Process| group.suspends(process.word()) == self.suspend;
        let odd: Vec<&str> = self.processes.iter().filter(wrong).map(Process::word).collect();
        let (is, are) =
            if self.suspend { ("suspended already", "not suspended") } else { ("not suspended", "suspended") };
        if odd.is_empty() {
            return Check::new(id, Pass, format!("{} now: {}", are, self.processes));
        }
        Check::new(id, Block, format!("{is}: {}; leave that out", odd.join(", ")))
    }

    fn managed(&self) -> Check {
        let (id, named) = ("managed", self.named(OF_MANAGED).join(", "));
        match self.standing.managed() {
            _ if named.is_empty() => Check::new(id, Pass, "managed scaling of ECS does without them"),
            Some(by) if by.is_empty() => Check::new(id, Pass, "no managed scaling of ECS relies on them"),
            Some(by) => {
                let what = format!("managed scaling of the capacity provider {} relies on {named}", names(by));
                Check::new(id, Warn, format!("{what}: tasks that find no room wait until it is resumed"))
            }
            None => Check::new(id, Warn, format!("whether managed scaling of ECS relies on {named} is not known")),
        }
    }

    fn refresh(&self) -> Check {
        match self.named(OF_REFRESH).as_slice() {
            [] => Check::new("refresh", Pass, "an instance refresh does without them"),
            named => self.standing.refreshing(&format!("it relies on {} and stands still", named.join(", "))),
        }
    }

    fn health(&self) -> Check {
        let (id, named) = ("health", self.named(OF_HEALTH).join(", "));
        if named.is_empty() {
            return Check::new(id, Pass, "unhealthy instances are replaced without them");
        }
        let is = |health: &Option<Text>| health.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("unhealthy"));
        let now = self.standing.group.instances.iter().filter(|instance| is(&instance.health)).count();
        let now = if now > 0 { format!("; {} now", count(now, "instance")) } else { String::new() };
        Check::new(id, Warn, format!("unhealthy instances are not replaced without {named}{now}"))
    }

    /// A group that is not at its size stays as it is.
    fn short(&self) -> Check {
        let (id, group) = ("size", &self.standing.group);
        let named = self.named(&[Process::Launch, Process::Terminate]).join(", ");
        match (group.desired, group.is_short()) {
            _ if named.is_empty() => Check::new(id, Pass, "it comes to its size without them"),
            (Some(wanted), Some(false)) if group.in_service() == wanted as usize => {
                Check::new(id, Pass, format!("it is at its size: {}", in_service(group, wanted)))
            }
            (Some(wanted), Some(_)) => {
                let what = format!("it is not at its size: {}", in_service(group, wanted));
                Check::new(id, Warn, format!("{what}, and may stay so without {named}"))
            }
            _ => Check::new(id, Warn, "whether it is at its size is not known"),
        }
    }

    /// What waited happens at once.
    fn catches_up(&self) -> Check {
        let (id, group) = ("catches-up", &self.standing.group);
        let moves = !self.named(&[Process::Launch, Process::Terminate]).is_empty();
        match (group.desired, group.is_short()) {
            _ if !moves => Check::new(id, Pass, "they launch and end nothing by themselves"),
            (Some(wanted), Some(false)) if group.in_service() == wanted as usize => {
                Check::new(id, Pass, format!("it is at its size: {}", in_service(group, wanted)))
            }
            (Some(wanted), Some(_)) => {
                let there = u32::try_from(group.in_service()).unwrap_or(u32::MAX);
                let (verb, n) = if there < wanted { ("launches", wanted - there) } else { ("ends", there - wanted) };
                let what = format!("{}: it {verb} {} at once", in_service(group, wanted), count(n, "instance"));
                Check::new(id, Warn, what)
            }
            _ => Check::new(id, Warn, "what it launches or ends at once is not known"),
        }
    }

    fn radius(&self) -> Vec<String> {
        let name = &self.standing.group.name;
        let how = if self.suspend { "no longer" } else { "again" };
        let line = |process: Process| format!("{}: {name} {how} {}", process.word(), does(process));
        let mut told: Vec<String> = self.processes.iter().map(line).collect();
        if self.suspend {
            told.push("until they are resumed: nothing does that by itself, and it is a problem until then".to_owned());
        }
        told
    }
}

/// What a group does by a process.
const fn does(process: Process) -> &'static str {
    match process {
        Process::Launch => "adds instances, whoever asks: ECS, a policy, a person",
        Process::Terminate => "ends instances, whoever asks",
        Process::AddToLoadBalancer => "registers new instances with its load balancers",
        Process::AlarmNotification => "changes its size on alarms, those of ECS managed scaling among them",
        Process::AzRebalance => "balances its zones",
        Process::HealthCheck => "marks instances unhealthy",
        Process::InstanceRefresh => "replaces instances by an instance refresh",
        Process::ReplaceUnhealthy => "replaces unhealthy instances",
        Process::ScheduledActions => "changes its size on schedule",
    }
}

/// The group, by its name, and what is to be of which processes.
#[derive(Debug)]
struct Switched {
    group: Text,
    processes: Processes,
    suspend: bool,
}

#[async_trait]
impl Deed for Switched {
    async fn state(&self, bench: &Bench) -> Result<State, Fault> {
        Ok(state(bench.group(&self.group).await?.as_ref()))
    }

    async fn look(&self, bench: &Bench, before: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
        Ok(self.seen(bench.group(&self.group).await?.as_ref(), before))
    }

    fn patience(&self) -> Duration {
        SOON
    }
}

impl Switched {
    fn seen(&self, group: Option<&Group>, before: &State) -> Look {
        let now = state(group);
        let Some(group) = group else {
            return Look { stage: Stage::Failed, text: "it is gone".to_owned(), state: now };
        };
        let is_done = self.processes.iter().all(|process| group.suspends(process.word()) == self.suspend);
        let stage = if is_done {
            Stage::Done
        } else if now.get("suspended") == before.get("suspended") {
            Stage::Unseen
        } else {
            Stage::Going
        };
        let suspended = super::suspended(group);
        let text =
            if suspended.is_empty() { "nothing is suspended".to_owned() } else { format!("suspended: {suspended}") };
        Look { stage, text, state: now }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{group, standing};
    use super::*;
    use crate::model::scaling::Refresh;

    fn of(words: &str) -> Processes {
        parse(words).unwrap()
    }

    fn suspends(words: &[&str]) -> Group {
        Group { suspended: words.iter().map(|word| (Text::from(*word), None)).collect(), ..group() }
    }

    /// The weight of one check.
    fn level(standing: &Standing, words: &str, suspend: bool, id: &str) -> Level {
        let (processes, checks) = (of(words), |processes: &Processes| Asked { standing, processes, suspend }.checks());
        let checks = checks(&processes);
        checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no {id}: {checks:?}")).level
    }

    fn alone(group: Group) -> Standing {
        standing(group, Some("DISABLED"), Some("ENABLED"))
    }

    #[test]
    fn processes_are_named_and_known_or_there_is_no_plan() {
        assert_eq!(of(" Launch , AZRebalance,Launch").to_string(), "Launch,AZRebalance");
        for (wrong, told) in [
            ("Lunch", "\"Lunch\" is no process of an Auto Scaling group\n  did you mean \"Launch\"?"),
            ("", "\"\" is no process"),
            ("Launch,", "\"\" is no process"),
            ("all", "\"all\" is no process"),
            ("launch", "\"launch\" is no process"),
        ] {
            let error = parse(wrong).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("Launch"), "{error}");
        }
    }

    #[test]
    fn only_what_runs_is_suspended_and_only_what_is_suspended_resumed() {
        for (words, suspended, suspend, expected) in [
            ("Launch", &[][..], true, Pass),
            ("Launch", &["Launch"], true, Block),
            ("Launch,Terminate", &["Launch"], true, Block),
            ("Launch", &["Launch"], false, Pass),
            ("Launch", &["Terminate"], false, Block),
            ("Launch,Terminate", &["Launch"], false, Block),
        ] {
            let at = alone(suspends(suspended));
            assert_eq!(level(&at, words, suspend, "suspended"), expected, "{words} {suspended:?} {suspend}");
        }
    }

    #[test]
    fn who_relies_on_what_stops_is_warned_of() {
        for (scaling, words, expected) in [
            (Some("ENABLED"), "Launch", Warn),
            (Some("ENABLED"), "AlarmNotification", Warn),
            (Some("ENABLED"), "AZRebalance", Pass),
            (Some("DISABLED"), "Launch", Pass),
            (None, "Launch", Warn),
            (None, "AZRebalance", Pass),
        ] {
            assert_eq!(
                level(&standing(group(), scaling, None), words, true, "managed"),
                expected,
                "{scaling:?} {words}"
            );
        }
        let under_way = Refresh { status: Some(Text::from("InProgress")), ..Refresh::default() };
        let refreshing = Standing { refreshes: Ok(vec![under_way]), ..alone(group()) };
        assert_eq!(level(&refreshing, "Terminate", true, "refresh"), Warn);
        assert_eq!(level(&refreshing, "ScheduledActions", true, "refresh"), Pass);
        assert_eq!(level(&alone(group()), "Terminate", true, "refresh"), Pass);
        for (words, expected) in [("ReplaceUnhealthy", Warn), ("HealthCheck", Warn), ("AlarmNotification", Pass)] {
            assert_eq!(level(&alone(group()), words, true, "health"), expected, "{words}");
        }
    }

    #[test]
    fn a_group_that_is_not_at_its_size_stays_so_or_catches_up() {
        let wants = |desired| alone(Group { desired, ..suspends(&["Launch", "AZRebalance"]) });
        for (desired, words, expected) in [
            (Some(3), "Launch", Pass),
            (Some(5), "Launch", Warn),
            (Some(1), "Launch", Warn),
            (None, "Launch", Warn),
            (Some(5), "AZRebalance", Pass),
        ] {
            assert_eq!(level(&wants(desired), words, false, "catches-up"), expected, "{desired:?} {words}");
            assert_eq!(level(&wants(desired), words, true, "size"), expected, "{desired:?} {words}");
        }
    }

    #[test]
    fn the_radius_says_of_each_what_stops_and_for_how_long() {
        let standing = alone(group());
        let processes = of("Launch,ReplaceUnhealthy");
        let told = |suspend| Asked { standing: &standing, processes: &processes, suspend }.radius();
        assert_eq!(told(true)[0], "Launch: asg no longer adds instances, whoever asks: ECS, a policy, a person");
        assert!(told(true)[2].starts_with("until they are resumed"));
        assert_eq!(told(false).len(), 2);
        assert_eq!(told(false)[1], "ReplaceUnhealthy: asg again replaces unhealthy instances");
        assert!(Process::ALL.into_iter().all(|process| !does(process).is_empty()));
    }

    #[test]
    fn it_is_done_once_all_of_them_are_so() {
        let deed = |suspend| Switched { group: Text::from("asg"), processes: of("Launch,Terminate"), suspend };
        let before = state(Some(&group()));
        for (now, stage) in [
            (Some(suspends(&["Terminate", "Launch", "AZRebalance"])), Stage::Done),
            (Some(suspends(&["Launch"])), Stage::Going),
            (Some(suspends(&[])), Stage::Unseen),
            (None, Stage::Failed),
        ] {
            assert_eq!(deed(true).seen(now.as_ref(), &before).stage, stage, "{now:?}");
        }
        let before = state(Some(&suspends(&["Launch", "Terminate"])));
        assert_eq!(deed(false).seen(Some(&suspends(&["AZRebalance"])), &before).stage, Stage::Done);
        assert_eq!(deed(false).seen(Some(&suspends(&["Terminate", "Launch"])), &before).stage, Stage::Unseen);
    }
}
