//! What is read of services and tasks beside the facts of its cluster, only to plan: which tasks are protected, and what its images
//! were resolved to. None of it keeps a plan from being made: what cannot be read is told.

use std::collections::BTreeMap;

use super::Bench;
use super::plan::{Check, Level};
use crate::backend::ports::Described;
use crate::health::words::count;
use crate::model::Fault;
use crate::model::ecs::{EcsIndex, Protection, Revision, Service};
use crate::text::Text;
use crate::time::{Timestamp, human};

/// The IAM action that tells which tasks are protected.
pub(super) const PROTECTION: &str = "ecs:GetTaskProtection";
/// The IAM action that tells what a deployment was made of.
pub(super) const REVISIONS: &str = "ecs:DescribeServiceRevisions";

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// The protection of its tasks.
    pub protection: Vec<Protection>,
    /// Tasks of which it is not known whether they are protected.
    pub unknown: usize,
    /// The revisions it runs; empty where ECS has none, or they could not be read.
    pub revisions: Vec<Revision>,
    /// What could not be read, in words.
    pub gaps: Vec<String>,
}

impl Details {
    pub async fn read(bench: &Bench, service: &Service, index: &EcsIndex) -> Self {
        let tasks: Vec<String> = index.tasks(service).iter().map(|task| task.arn.to_string()).collect();
        let arns: Vec<String> = service.revisions.iter().map(Text::to_string).collect();
        let (protection, revisions) =
            tokio::join!(bench.protection(&service.cluster_arn, &tasks), bench.revisions(&arns));
        let mut details = Self::default();
        (details.protection, details.unknown) = details.take(PROTECTION, "task", &tasks, protection, |p| &p.task);
        (details.revisions, _) = details.take(REVISIONS, "revision", &arns, revisions, |r| &r.arn);
        details
    }

    /// What is known of the protection of these tasks of a cluster.
    pub async fn of_tasks(bench: &Bench, cluster: &str, tasks: &[String]) -> Self {
        let mut details = Self::default();
        let answer = bench.protection(cluster, tasks).await;
        (details.protection, details.unknown) = details.take(PROTECTION, "task", tasks, answer, |p| &p.task);
        details
    }

    /// ECS does not stop a protected task, not for a deployment either.
    pub fn protected(&self, now: Timestamp) -> Check {
        let id = "protected";
        let held: Vec<_> = self.protection.iter().filter(|task| task.enabled).collect();
        let unknown = match self.unknown {
            0 => None,
            n => Some(format!("whether {} protected from scale-in is not known", are(n, "task"))),
        };
        if held.is_empty() {
            let text = unknown.clone().unwrap_or_else(|| "no task is protected from scale-in".to_owned());
            return Check::new(id, if unknown.is_some() { Level::Warn } else { Level::Pass }, text);
        }
        let until = held.iter().filter_map(|task| task.expires_at).max();
        let until =
            until.map_or("an unknown time".to_owned(), |at| format!("{} ({})", at.date_time(), human(at.since(now))));
        let them = if held.len() == 1 { "it" } else { "them" };
        let what = format!(
            "{} protected from scale-in until {until}: ECS does not stop {them} before",
            are(held.len(), "task")
        );
        Check::new(id, Level::Warn, std::iter::once(what).chain(unknown).collect::<Vec<_>>().join("; "))
    }

    /// What is in the answer, and how much of what was asked for is not known. What ECS calls missing is gone, or (a
    /// revision) older than those it keeps, which the check of the images tells.
    fn take<T>(
        &mut self,
        action: &str,
        what: &str,
        asked: &[String],
        answer: Result<Described<T>, Fault>,
        arn: impl Fn(&T) -> &Text,
    ) -> (Vec<T>, usize) {
        let Described { items, failures } = match answer {
            Ok(described) => described,
            Err(fault) => {
                self.gaps.push(fault.hint().map_or_else(|| fault.to_string(), |hint| format!("{fault}; {hint}")));
                return (Vec::new(), asked.len());
            }
        };
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for asked in asked.iter().filter(|asked| !items.iter().any(|item| *arn(item) == asked.as_str())) {
            let why = failures.iter().find(|(arn, _)| *arn == asked.as_str()).map(|(_, why)| why.as_str());
            *reasons.entry(why.unwrap_or("absent from the answer")).or_default() += 1;
        }
        reasons.remove("MISSING");
        self.gaps.extend(reasons.iter().map(|(why, n)| format!("{action}: {}: {why}", count(*n, what))));
        (items, reasons.values().sum())
    }
}

/// `1 task is`, `2 tasks are`.
fn are(n: usize, noun: &str) -> String {
    format!("{} {}", count(n, noun), if n == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::sim::{Scenario, Sim};
    use crate::feed::Budgets;
    use crate::model::FaultKind;
    use crate::model::ecs::EcsFacts;
    use crate::model::stack::Stack;
    use crate::time::ManualClock;

    /// What was found, and what was not and why.
    type Answer<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

    fn taken(answer: Result<Answer<'_>, FaultKind>) -> (usize, usize, Vec<String>) {
        let described = |(items, failures): Answer<'_>| Described {
            items: items.iter().map(|task| Protection { task: Text::from(*task), ..Protection::default() }).collect(),
            failures: failures.iter().map(|(arn, why)| (Text::from(*arn), Text::from(*why))).collect(),
        };
        let answer = answer.map(described).map_err(|kind| Fault::new(kind, PROTECTION, "why"));
        let asked = ["t/1", "t/2", "t/3"].map(str::to_owned);
        let mut details = Details::default();
        let (items, unknown) = details.take(PROTECTION, "task", &asked, answer, |p: &Protection| &p.task);
        (items.len(), unknown, details.gaps)
    }

    #[test]
    fn what_an_answer_lacks_is_not_known_and_told_with_its_reason() {
        let gap = |told: &str| vec![format!("ecs:GetTaskProtection: {told}")];
        for (answer, items, unknown, gaps) in [
            (Ok((&["t/1", "t/2", "t/3"][..], &[][..])), 3, 0, vec![]),
            (Ok((&["t/1"], &[("t/2", "MISSING"), ("t/3", "MISSING")])), 1, 0, vec![]),
            (Ok((&["t/1"], &[("t/2", "ODD"), ("t/3", "ODD")])), 1, 2, gap("2 tasks: ODD")),
            (Ok((&["t/1"], &[("t/2", "MISSING")])), 1, 1, gap("1 task: absent from the answer")),
            (Err(FaultKind::Denied), 0, 3, gap("denied: why; allow ecs:GetTaskProtection to this role")),
            (Err(FaultKind::Unsupported), 0, 3, gap("not supported here: why")),
        ] {
            assert_eq!(taken(answer), (items, unknown, gaps));
        }
    }
    #[tokio::test(start_paused = true)]
    async fn a_hundred_tasks_are_asked_for_at_a_time_and_nothing_where_there_is_nothing() {
        let scenario = Scenario::sized(1, 250, 9);
        let clock = Arc::new(ManualClock::at(scenario.opens()));
        let sim = Sim::new(&scenario, 1, clock.clone());
        let bench = Bench::new(Stack::default(), sim.backend(), clock, Arc::new(Budgets::default()));
        let reading = bench.cluster("scale").await.unwrap();
        let service = Arc::clone(&reading.facts.get::<EcsFacts>().unwrap().services[0].item);
        let details = Details::read(&bench, &service, &reading.facts.derived::<EcsIndex>()).await;
        assert_eq!((details.protection.len(), details.revisions.len(), details.unknown), (250, 1, 0));
        assert_eq!((sim.calls()[PROTECTION], sim.calls()[REVISIONS], details.gaps), (3, 1, vec![]));
        let nothing = Details::read(&bench, &Service::default(), &EcsIndex::default()).await;
        assert_eq!((sim.calls()[PROTECTION], sim.calls()[REVISIONS], nothing), (3, 1, Details::default()));
    }
}
