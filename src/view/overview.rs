//! The overview: one line a domain and stack, then every problem, worst first.

use std::collections::{BTreeMap, HashMap};

use super::domain::DOMAINS;
use super::{Detail, Drill, Line, Scene, StackScene, View, view_of_kind};
use crate::feed::FEEDS;
use crate::model::ecs::Provider;
use crate::model::{Check, Problem, Severity, Subject};
use crate::table::{Cell, Column, Row, Section};
use crate::text::Text;
use crate::time::Timestamp;

/// `overview`.
pub const VIEW: View = View {
    id: "overview",
    title: "overview",
    short: "all",
    doc: "One line for each domain of each stack, then all problems, worst first",
    kind: "",
    feeds: &[
        "ecs",
        "groups",
        "scaling",
        "group-activities",
        "alarms",
        "stopped-tasks",
        "identity",
        "mongo",
        "rds",
        "guardduty",
        "secrets",
        "task-definitions",
        "audit",
    ],
    columns: COLUMNS,
    exported: false,
    rows,
    detail,
    open,
    aws: |_, _| None,
};

const COLUMNS: &[Column] = &[
    Column::words("what", "what", 1, 28, "The domain, or the thing that has the problem"),
    Column::words("state", "state", 1, 200, "What is the case"),
    Column::number("since", "since", 1, "For how long"),
];

const BY_DOMAIN: Section = Section { order: 0, title: "" };
const PROBLEMS: Section = Section { order: 1, title: "problems" };

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let domains = scene.stacks.iter().flat_map(domain_rows);
    let mut problems: Vec<&Problem> = scene.stacks.iter().flat_map(|s| s.problems).collect();
    problems.retain(|p| p.check.severity > Severity::Info);
    // Whatever is said of a wrong account misleads, whichever stack it is of.
    problems.sort_by_key(|p| (std::cmp::Reverse(p.check.severity), p.check.domain != "identity"));
    domains.chain(folded(&problems)).collect()
}

/// The problems that follow from no other, each with those that follow from it right behind it. One of these that is worse
/// lifts the sign of the first, and the first of all of them its place.
fn folded(problems: &[&Problem]) -> Vec<Row> {
    let place = |p: &Problem| (p.stack.clone(), p.check.rule, p.check.subject.id.clone());
    let places: HashMap<_, usize> = problems.iter().enumerate().rev().map(|(i, p)| (place(p), i)).collect();
    let next = |i: usize| {
        let root = problems[i].check.follows.as_ref()?;
        places.get(&(problems[i].stack.clone(), root.rule, root.id.clone())).copied()
    };
    let mut led: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut first: Vec<usize> = Vec::new();
    for i in 0..problems.len() {
        // No chain is longer than there are problems.
        let top = std::iter::successors(Some(i), |at| next(*at)).take(problems.len()).last().unwrap_or(i);
        let group = led.entry(top).or_default();
        if group.is_empty() {
            first.push(top);
        }
        group.push(i);
    }
    let mut rows = Vec::with_capacity(problems.len());
    for top in first {
        let others: Vec<usize> = led.remove(&top).unwrap_or_default().into_iter().filter(|i| *i != top).collect();
        let mut leader = problem_row(problems[top]);
        leader.folds = others.len();
        let id = leader.id.clone();
        let followers = others.iter().map(|i| Row { under: Some(id.clone()), ..problem_row(problems[*i]) });
        let followers: Vec<Row> = followers.collect();
        lift(&mut leader, &followers);
        rows.push(leader);
        rows.extend(followers);
    }
    rows
}

/// Where one that follows is worse, its sign is that of all, and its sentence is told with it.
fn lift(leader: &mut Row, followers: &[Row]) {
    // Of equally bad ones the first.
    let worst = followers.iter().rev().max_by_key(|row| row.severity).filter(|row| row.severity > leader.severity);
    let Some((worst, said)) = worst.and_then(|row| Some((row.severity, row.sentence()?))) else { return };
    leader.severity = worst;
    if let Some(Cell::State(severity, words)) = leader.cells.get_mut(1) {
        (*severity, *words) = (worst, Text::from(format!("{words}; {said}")));
    }
}

fn domain_rows<'a>(scene: &'a StackScene<'a>) -> impl Iterator<Item = Row> + 'a {
    DOMAINS.iter().map(|domain| {
        let of_domain: Vec<Problem> = scene
            .problems
            .iter()
            .filter(|p| p.check.domain == domain.id && p.check.severity > Severity::Info)
            .cloned()
            .collect();
        let worst = of_domain.first();
        let known = (domain.summary)(scene);
        let severity = match (worst, &known) {
            (Some(problem), _) => problem.check.severity,
            (None, None) => Severity::Unknown,
            (None, Some((severity, _))) => *severity,
        };
        let more = of_domain.len().saturating_sub(1);
        let words = match worst {
            Some(problem) if more > 0 => format!("{} (+{more} more)", problem.check.message),
            Some(problem) => problem.check.message.to_string(),
            None => known.map_or_else(|| not_read(domain.id), |(_, words)| words),
        };
        Row {
            stack: scene.stack.name.clone(),
            id: Text::from(format!("domain:{}", domain.id)),
            severity,
            cells: vec![
                Cell::Text(Text::from(domain.label)),
                Cell::State(severity, Text::from(words)),
                worst.map_or(Cell::Missing, |p| since(&p.check)),
            ],
            read_at: worst.map_or_else(Timestamp::default, |p| p.check.taken_at),
            problems: of_domain,
            section: BY_DOMAIN,
            ..Row::default()
        }
    })
}

/// Why nothing is known of a domain, where nothing has failed.
fn not_read(domain: &str) -> String {
    let first = FEEDS.iter().find(|spec| spec.domain == domain).and_then(|spec| spec.after);
    first.map_or_else(|| "not read yet".to_owned(), |first| format!("not read yet, waits for {first}"))
}

/// Since when it has been so, or at least.
fn since(check: &Check) -> Cell {
    let cell = if check.is_first_seen() { Cell::SinceAtLeast } else { Cell::Since };
    check.since.map_or(Cell::Missing, cell)
}

fn problem_row(problem: &Problem) -> Row {
    let check = &problem.check;
    Row {
        stack: problem.stack.clone(),
        id: Text::from(format!("{}|{}", check.rule, check.subject.id)),
        cells: vec![
            Cell::Text(check.subject.name.clone()),
            Cell::State(check.severity, check.message.clone()),
            since(check),
        ],
        read_at: check.taken_at,
        section: PROBLEMS,
        ..Row::default()
    }
    .judged(vec![problem.clone()])
}

fn open(row: &Row) -> Option<Drill> {
    if let Some(domain) = row.id.strip_prefix("domain:") {
        let domain = DOMAINS.iter().find(|d| d.id == domain)?;
        return Some(Drill { view: domain.view, ..Drill::default() });
    }
    lead(&row.problems.first()?.check.subject)
}

/// Where the row of a thing is.
pub(super) fn lead(subject: &Subject) -> Option<Drill> {
    match subject.kind {
        // Capacity is looked at where the instances are.
        "provider" => {
            Some(Drill { view: "instances", select: Some(Provider::line_of(&subject.name)), ..Drill::default() })
        }
        "group" => Some(Drill { view: "scaling", select: Some(subject.id.clone()), ..Drill::default() }),
        "cluster" => Some(Drill { view: "instances", filter: format!("cluster={}", subject.name), select: None }),
        "replica-set" => Some(Drill { view: "mongo", select: Some(subject.id.clone()), ..Drill::default() }),
        kind => Some(Drill { view: view_of_kind(kind)?.id, select: Some(subject.id.clone()), ..Drill::default() }),
    }
}

/// The problems themselves are told by every detail; beside them that of the thing in trouble, or what the check rests on
/// where the thing has no row of its own.
fn detail(scene: &StackScene<'_>, row: &Row) -> Detail {
    let title = || Detail::of(row.cells.first().map(Cell::searchable).unwrap_or_default());
    let Some(problem) = row.problems.first().filter(|_| row.section == PROBLEMS) else { return title() };
    let Check { subject, evidence, next, .. } = &problem.check;
    let (kind, id) = match subject.kind {
        "provider" => ("instance", Provider::line_of(&subject.name)),
        "replica-set" => ("member", subject.id.clone()),
        "group" => ("scaling-target", subject.id.clone()),
        kind => (kind, subject.id.clone()),
    };
    let there = |view: &View| (view.detail)(scene, &Row { stack: row.stack.clone(), id, ..Row::default() });
    let known = view_of_kind(kind).map(there).filter(|detail| !detail.lines.is_empty());
    known.unwrap_or_else(|| {
        let fields = evidence.iter().map(|(name, value)| Line::Field(Text::from(*name), Cell::Text(value.clone())));
        title().lines(fields).lines(next.iter().cloned().map(Line::Words))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::health::{Observed, Thresholds};
    use crate::model::audit::{Acted, AuditFacts};
    use crate::model::stack::Stack;
    use crate::model::{Facts, Fault, FaultKind};
    use crate::store::{Fetched, Store};
    use crate::time::Timestamp;
    use crate::view::judge;

    /// The rows of a stack nothing has been read of, and how many problems there are.
    fn rows_of(store: &Store) -> (Vec<String>, usize) {
        let stack = Stack::default();
        let (thresholds, observed) = (Thresholds::default(), Observed::default());
        let judgement = judge(0, &stack, store, &thresholds, &observed, Timestamp::default(), false);
        let of = |check| Problem { stack: stack.name.clone(), check };
        let problems: Vec<Problem> = judgement.checks.into_iter().map(of).collect();
        let facts = Facts::default();
        let scene = Scene { stacks: vec![StackScene::new(&stack, &facts, &problems)] };
        let words = |row: Row| format!("{}: {}", row.cells[0].searchable(), row.cells[1].searchable());
        (rows(&scene).into_iter().filter(|row| row.under.is_none()).map(words).collect(), problems.len())
    }

    #[test]
    fn a_last_action_that_is_not_known_to_be_done_has_no_tick_and_is_told_in_words() {
        let line = |outcome: Option<&str>, message: Option<&str>| {
            let acted = Acted {
                action: "force-deploy".into(),
                target: "c/web".into(),
                outcome: outcome.map(Text::from),
                message: message.map(Text::from),
                ..Acted::default()
            };
            let mut facts = Facts::default();
            facts.put(Timestamp::default(), Arc::new(AuditFacts { acted: vec![acted] }));
            let stack = Stack::default();
            let scene = Scene { stacks: vec![StackScene::new(&stack, &facts, &[])] };
            let row = rows(&scene).into_iter().find(|row| row.id == "domain:audit").unwrap();
            (row.severity, row.cells[1].clone())
        };
        for (outcome, message, severity, words) in [
            (Some("done"), Some("completed"), Severity::Ok, "last force-deploy c/web: done"),
            (Some("failed"), Some("it rolled back"), Severity::Info, "last force-deploy c/web: failed: it rolled back"),
            (Some("unknown"), Some("no answer"), Severity::Info, "last force-deploy c/web: unknown: no answer"),
            (None, None, Severity::Info, "last force-deploy c/web: unfinished"),
        ] {
            assert_eq!(line(outcome, message), (severity, Cell::State(severity, Text::from(words))));
        }
    }

    #[test]
    fn what_follows_stands_under_its_end_and_lifts_its_sign_and_its_place() {
        let of = |rule: &'static str, severity, follows: Option<&'static str>| Problem {
            stack: Text::default(),
            check: Check {
                rule,
                domain: "ecs",
                severity,
                subject: Subject { kind: "service", name: rule.into(), id: rule.into() },
                message: rule.into(),
                since: None,
                evidence: Vec::new(),
                next: Vec::new(),
                taken_at: Timestamp::default(),
                cause: None,
                follows: follows.map(|rule| crate::model::Follows { rule, id: rule.into() }),
            },
        };
        let (crit, warn) = (Severity::Crit, Severity::Warn);
        let problems = [
            of("felt", crit, Some("between")),
            of("other", crit, None),
            of("between", warn, Some("cause")),
            of("cause", warn, None),
            of("alone", warn, Some("nothing that is there")),
        ];
        let (stack, facts) = (Stack::default(), Facts::default());
        let rows = rows(&Scene { stacks: vec![StackScene::new(&stack, &facts, &problems)] });
        let of_problems = rows.iter().filter(|row| row.section == PROBLEMS);
        let told: Vec<_> =
            of_problems.map(|r| (r.cells[0].searchable(), r.severity, r.folds, r.under.is_some())).collect();
        let row = |name: &str, severity, folds, under| (name.to_owned(), severity, folds, under);
        assert_eq!(
            told,
            [
                row("cause", crit, 2, false),
                row("felt", crit, 0, true),
                row("between", warn, 0, true),
                row("other", crit, 0, false),
                row("alone", warn, 0, false),
            ]
        );
        let first = rows.iter().find(|row| row.section == PROBLEMS).unwrap();
        assert_eq!(first.cells[1], Cell::State(crit, Text::from("cause; felt")), "the sign is that of what is said");
    }

    #[test]
    fn what_was_never_read_says_what_it_waits_for_or_why_not() {
        let mut store = Store::new(1);
        let (told, problems) = rows_of(&store);
        assert_eq!((told[0].as_str(), problems), ("ECS: not read yet", 0));
        assert_eq!(told[1..4], ["MongoDB: not read yet", "RDS: not read yet", "Scaling: not read yet, waits for ecs"]);
        for (feed, action) in
            [("identity", "sts:GetCallerIdentity"), ("ecs", "ecs:ListClusters"), ("rds", "rds:DescribeDBInstances")]
        {
            let at = Timestamp::default();
            let fault = Fault::new(FaultKind::NoCredentials, action, "tried all");
            store.adopt(Fetched { stack: 0, feed, at, next: at, result: Err(fault) });
        }
        let (told, problems) = rows_of(&store);
        let words = "ecs:ListClusters: no credentials: tried all";
        assert_eq!([&told[0], &told[3]], [&format!("ECS: {words} (+1 more)"), &format!("Scaling: {words} (+2 more)")]);
        assert_eq!(told[2], "RDS: rds:DescribeDBInstances: no credentials: tried all (+1 more)");
        assert_eq!(told[4], "Alarms: not read yet");
        assert_eq!(told[5..7], ["GuardDuty: not read yet".to_owned(), format!("Secrets: {words}")]);
        assert_eq!(told[7..], ["Actions: not read yet", "identity: sts:GetCallerIdentity: no credentials: tried all"]);
        let failed = ["identity", "ecs", "rds"];
        let first = |spec: &crate::feed::FeedSpec| spec.after.and_then(crate::feed::feed);
        let fails = |spec: &&&crate::feed::FeedSpec| {
            std::iter::successors(Some(**spec), |spec| first(spec)).any(|spec| failed.contains(&spec.id))
        };
        assert_eq!(problems, FEEDS.iter().filter(fails).count(), "as many as check counts");
    }
}
