use super::super::fixture::*;
use super::super::{RULES, Thresholds};
use super::*;
use crate::health::Observed;
use crate::model::Subject;
use crate::model::ecs::{Instance, Task};
use crate::text::Text;
use crate::time::Timestamp;

fn check(rule: &'static str, severity: Severity, kind: &'static str, id: &str) -> Check {
    Check {
        rule,
        domain: "ecs",
        severity,
        subject: Subject { kind, name: Text::from(id), id: Text::from(id) },
        message: Text::from(rule),
        since: None,
        evidence: Vec::new(),
        next: Vec::new(),
        taken_at: Timestamp::default(),
        cause: None,
        follows: None,
    }
}

/// What each check follows from, by rule.
fn folded(mut checks: Vec<Check>, facts: &Facts) -> Vec<(&'static str, Option<&'static str>)> {
    fold(&mut checks, facts);
    checks.iter().map(|check| (check.rule, check.follows.as_ref().map(|follows| follows.rule))).collect()
}

#[test]
fn what_waits_for_room_follows_from_the_group_that_brings_none() {
    let full = Instance { arn: Text::from("i-1"), ..instance("i-1", "us-east-1a", 0) };
    let tasks: Vec<Task> = (0..20).map(|n| task(&n.to_string(), &full)).collect();
    let world = with(service(20, 28)).tasks(tasks).instances([full]).scaled(group(5, 12, 12)).lasting(5);
    let mut checks = world.evaluate().checks;
    fold(&mut checks, &world.facts(now()));
    let capacity = checks.iter().find(|check| check.rule == "ecs-capacity-full").unwrap();
    let root = capacity.follows.as_ref().unwrap();
    assert_eq!(root.rule, "scaling-group-at-maximum");
    let root = checks.iter().find(|check| root.names(check)).unwrap();
    assert_eq!(root.message, "asg-ehr 12/12: at its maximum, ehr-api waits for room for 8 tasks");
    assert_eq!(root.follows, None);

    let roomy = with(service(28, 28)).scaled(group(5, 12, 12));
    let alone = vec![
        check("scaling-group-at-maximum", Severity::Crit, "group", "asg-ehr"),
        check("ecs-service-event", Severity::Warn, "service", &service(28, 28).arn),
    ];
    assert_eq!(folded(alone, &roomy.facts(now()))[1].1, None, "it waits for no room");
}

#[test]
fn a_zone_is_only_lost_where_no_agent_of_it_answers() {
    use Severity::{Crit, Warn};
    let sick = |agents: Vec<Instance>| {
        let there = instance("i-9", "us-east-1a", 4);
        let world = with(service(2, 2)).tasks([task("t", &there)]).instances(agents);
        let told = vec![
            check("ecs-agent-disconnected", Crit, "cluster", &cluster().arn),
            check("ecs-task-unhealthy", Warn, "task", "arn:aws:ecs:us-east-1:1:task/ehr/t"),
        ];
        folded(told, &world.facts(now()))[1].1
    };
    let two = || vec![lost("i-1", "us-east-1a"), lost("i-2", "us-east-1a"), instance("i-4", "us-east-1b", 4)];
    assert_eq!(sick(two()), Some("ecs-agent-disconnected"));
    let by_chance = two().into_iter().chain([instance("i-3", "us-east-1a", 4)]).collect();
    assert_eq!(sick(by_chance), None, "another agent of the zone answers");
}

#[test]
fn chains_lead_to_one_end_and_never_in_a_circle() {
    use Severity::{Crit, Info, Warn};
    let facts = Facts::default();
    let told = folded(
        vec![
            check("mongo-member-state", Warn, "member", "ehr/m1"),
            check("mongo-majority", Crit, "replica-set", "ehr"),
            check("mongo-majority", Crit, "replica-set", "other"),
            check("mongo-election", Info, "replica-set", "ehr"),
        ],
        &facts,
    );
    let expected = [
        ("mongo-member-state", None),
        ("mongo-majority", Some("mongo-member-state")),
        ("mongo-majority", None),
        ("mongo-election", None),
    ];
    assert_eq!(told, expected, "of the same set only, and what is only worth knowing stays by itself");
    let circle = vec![
        check("secret-rotation-overdue", Crit, "secret", "s"),
        check("secret-rotation-stuck", Warn, "secret", "s"),
        check("secret-age", Crit, "secret", "s"),
    ];
    for (rule, follows) in folded(circle, &facts) {
        assert_eq!(follows, (rule != "secret-rotation-stuck").then_some("secret-rotation-stuck"), "{rule}");
    }
}

#[test]
fn failures_of_one_cause_follow_from_the_first() {
    let failing = |id: &str, cause: &str| Check {
        cause: Some(Text::from(cause)),
        ..check("feed-failing", Severity::Unknown, "feed", id)
    };
    let mut checks = vec![failing("identity", "lost"), failing("ecs", "denied"), failing("groups", "lost")];
    fold(&mut checks, &Facts::default());
    let roots: Vec<_> = checks.iter().map(|c| c.follows.as_ref().map(|f| f.id.as_str())).collect();
    assert_eq!(roots, [None, None, Some("identity")]);
}

#[test]
fn what_is_well_hangs_on_nothing() {
    let world = with(service(2, 2)).instances([instance("i-1", "us-east-1a", 4)]);
    let facts = world.facts(now());
    let mut checks = crate::health::evaluate(&facts, &Thresholds::default(), &Observed::default(), true).checks;
    fold(&mut checks, &facts);
    assert!(checks.iter().filter(|check| check.severity <= Severity::Info).all(|check| check.follows.is_none()));
}

#[test]
fn relations_name_rules_that_there_are() {
    let known = |rule: &&&str| RULES.iter().any(|known| known.id == **rule);
    let named = RELATIONS.iter().flat_map(|relation| relation.follows.iter().chain(relation.of));
    let strangers: Vec<&&str> = named.filter(|rule| !known(rule)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}
