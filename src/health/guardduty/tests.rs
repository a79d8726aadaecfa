//! What the rules say of small worlds.

use std::sync::Arc;
use std::time::Duration;

use crate::health::fixture::{ago, instance, now, service, task, text, with as with_service};
use crate::health::{Evaluation, Observed, RULES, Thresholds, evaluate};
use crate::model::ecs::{EcsFacts, Seen};
use crate::model::finding::{Concerned, Detector, Feature, Finding, FindingFacts, FindingsRead};
use crate::model::{Facts, Severity};
use crate::text::Text;

/// The tests with tables of rules.
pub(in crate::health) const TABLES: &[fn()] = &[
    a_detector_is_there_and_on,
    protections_that_are_off_are_named_together,
    updates_that_go_out_late_are_worth_knowing,
    a_finding_counts_by_its_score_and_by_how_long_it_lies,
    what_a_finding_names_shows_it_and_it_is_said_once,
    findings_that_could_not_be_listed_again_grow_no_older,
];

const DAY: u64 = 24 * 60;

/// What GuardDuty knows, on a container instance `i-1` with a task `060c1a87`.
pub(super) fn evaluation(found: &FindingFacts) -> Evaluation {
    let host = instance("i-1", "a", 1);
    let task = task("060c1a87", &host);
    let ecs = EcsFacts {
        tasks: vec![Seen { at: now(), item: Arc::new(task) }],
        instances: vec![Seen { at: now(), item: Arc::new(host) }],
        ..EcsFacts::default()
    };
    let mut facts = Facts::default();
    facts.put(now(), Arc::new(ecs));
    facts.put(now(), Arc::new(found.clone()));
    evaluate(&facts, &Thresholds::default(), &Observed::default(), true)
}

fn says(found: &FindingFacts, rule: &str) -> Vec<String> {
    let say = |severity: Severity, message: &Text| match severity {
        Severity::Ok => "ok".to_owned(),
        bad => format!("{} {message}", bad.word()),
    };
    evaluation(found)
        .checks
        .iter()
        .filter(|c| c.rule == rule)
        .inspect(|c| crate::health::rows::note(rule, c.severity))
        .map(|c| say(c.severity, &c.message))
        .collect()
}

#[track_caller]
fn table(rule: &str, rows: &[(FindingFacts, &[&str])]) {
    assert!(RULES.iter().any(|known| known.id == rule), "no rule {rule}");
    for (n, (found, expected)) in rows.iter().enumerate() {
        assert_eq!(says(found, rule), *expected, "{rule}, row {n}");
    }
}

/// A detector as it should be.
pub(super) fn detector() -> Detector {
    let names = [
        "CLOUD_TRAIL",
        "DNS_LOGS",
        "FLOW_LOGS",
        "S3_DATA_EVENTS",
        "RDS_LOGIN_EVENTS",
        "RUNTIME_MONITORING",
        "RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT",
        "RUNTIME_MONITORING/EC2_AGENT_MANAGEMENT",
        "EBS_MALWARE_PROTECTION",
        "LAMBDA_NETWORK_LOGS",
    ];
    let feature = |name: &str| Feature { name: Text::from(name), status: text("ENABLED") };
    Detector {
        id: Text::from("d"),
        status: text("ENABLED"),
        frequency: text("FIFTEEN_MINUTES"),
        features: names.map(feature).to_vec(),
        administrator: Some(None),
    }
}

fn world(detectors: &[Detector], findings: &[Finding]) -> FindingFacts {
    FindingFacts {
        detectors: detectors.to_vec(),
        findings: findings.to_vec(),
        read_at: FindingsRead { detectors: Some(now()), findings: Some(now()) },
        ..FindingFacts::default()
    }
}

fn with(detector: Detector) -> FindingFacts {
    world(&[detector], &[])
}

fn protected(found: FindingFacts) -> FindingFacts {
    FindingFacts { protected: true, ..found }
}

/// A finding of an hour ago on the container instance.
pub(super) fn finding(severity: f64) -> Finding {
    Finding {
        id: Text::from("f"),
        arn: Text::from("arn:f"),
        detector: Text::from("d"),
        kind: Text::from("Recon:EC2/Portscan"),
        severity: Some(severity),
        count: Some(1),
        created_at: ago(60),
        archived: Some(false),
        resource: Concerned { instance: text("i-1"), ..Concerned::default() },
        ..Finding::default()
    }
}

fn of(finding: Finding) -> FindingFacts {
    world(&[detector()], &[finding])
}

fn aged(severity: f64, days: u64, minutes: u64) -> FindingFacts {
    of(Finding { created_at: ago(days * DAY + minutes), ..finding(severity) })
}

#[test]
fn a_detector_is_there_and_on() {
    let status = |status: Option<&str>| with(Detector { status: status.map(Text::from), ..detector() });
    let off = "GuardDuty is off: there is no detector in this region";
    let unread = FindingFacts { read_at: FindingsRead::default(), ..world(&[], &[]) };
    table(
        "guardduty-detector",
        &[
            (with(detector()), &["ok"]),
            (world(&[], &[]), &[&format!("warn {off}")]),
            (protected(world(&[], &[])), &[&format!("crit {off}")]),
            (status(Some("DISABLED")), &["warn GuardDuty is suspended: it looks at nothing"]),
            (protected(status(Some("DISABLED"))), &["crit GuardDuty is suspended: it looks at nothing"]),
            (status(Some("ODD")), &["unknown GuardDuty is ODD, which these rules do not know"]),
            (status(None), &["unknown GuardDuty does not say whether it is on"]),
            (unread, &[]),
        ],
    );
}

#[test]
fn protections_that_are_off_are_named_together() {
    let without = |names: &[&str], status: Option<&str>| {
        let mut detector = detector();
        for feature in detector.features.iter_mut().filter(|f| names.contains(&f.name.as_str())) {
            feature.status = status.map(Text::from);
        }
        with(detector)
    };
    let lacking = |names: &[&str]| {
        let mut detector = detector();
        detector.features.retain(|f| !names.contains(&f.name.as_str()));
        with(detector)
    };
    let agent = "RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT";
    let off = Some("DISABLED");
    table(
        "guardduty-features",
        &[
            (with(detector()), &["ok"]),
            (
                without(&["RDS_LOGIN_EVENTS", "RUNTIME_MONITORING"], off),
                &["warn GuardDuty: off: RDS_LOGIN_EVENTS, RUNTIME_MONITORING"],
            ),
            (without(&["DNS_LOGS"], None), &["unknown GuardDuty: not told whether on: DNS_LOGS"]),
            (
                lacking(&["LAMBDA_NETWORK_LOGS"]),
                &["info GuardDuty: not told of, perhaps not in this region: LAMBDA_NETWORK_LOGS"],
            ),
            (
                with(Detector { features: vec![], ..detector() }),
                &[
                    "unknown GuardDuty: not told whether on: CLOUD_TRAIL, DNS_LOGS, FLOW_LOGS, S3_DATA_EVENTS and 4 more",
                ],
            ),
            (without(&["DNS_LOGS"], Some("ODD")), &["unknown GuardDuty: not told whether on: DNS_LOGS"]),
            (without(&[agent], off), &["info GuardDuty: agents are not installed by it: ECS_FARGATE_AGENT_MANAGEMENT"]),
            (with(Detector { status: off.map(Text::from), ..detector() }), &[]),
        ],
    );
}

#[test]
fn updates_that_go_out_late_are_worth_knowing() {
    let frequency = |f: Option<&str>| with(Detector { frequency: f.map(Text::from), ..detector() });
    let late = "info GuardDuty: EventBridge hears of updates every six hours; what is read here is current";
    table(
        "guardduty-frequency",
        &[
            (frequency(Some("ONE_HOUR")), &["ok"]),
            (frequency(Some("SIX_HOURS")), &[late]),
            (frequency(Some("ODD")), &["unknown GuardDuty: updates go out ODD, which these rules do not know"]),
            (frequency(None), &["unknown GuardDuty: how often updates go out was not told"]),
        ],
    );
}

#[test]
fn a_finding_counts_by_its_score_and_by_how_long_it_lies() {
    let name = "Recon:EC2/Portscan on instance i-1";
    let says_of = |found: &FindingFacts| says(found, "guardduty-finding");
    let says = |severity: &str, rest: &str| format!("{severity} {name}: {rest}");
    let score = |score: f64, severity: &str, rest: &str| (of(finding(score)), vec![says(severity, rest)]);
    let untold = |severity| of(Finding { severity, ..finding(5.0) });
    let strange = "unknown Recon:EC2/Portscan on instance i-1: score 10.1, none of GuardDuty's";
    let rows = vec![
        score(1.0, "info", "low 1"),
        score(3.9, "info", "low 3.9"),
        score(4.0, "warn", "medium 4"),
        score(6.9, "warn", "medium 6.9"),
        score(7.0, "crit", "high 7"),
        score(8.9, "crit", "high 8.9"),
        score(9.0, "crit", "critical 9"),
        score(10.0, "crit", "critical 10"),
        (of(finding(10.1)), vec![strange.to_owned()]),
        (of(finding(0.9)), vec![strange.replace("10.1", "0.9")]),
        (untold(None), vec![says("unknown", "its severity was not told")]),
        (aged(2.0, 30, 0), vec![says("info", "low 2")]),
        (aged(2.0, 30, 1), vec![says("warn", "low 2, overdue")]),
        (aged(5.0, 7, 0), vec![says("warn", "medium 5")]),
        (aged(5.0, 7, 1), vec![says("crit", "medium 5, overdue")]),
        (aged(8.0, 1, 0), vec![says("crit", "high 8")]),
        (aged(8.0, 1, 1), vec![says("crit", "high 8, overdue")]),
        (aged(9.5, 60, 0), vec![says("crit", "critical 9.5")]),
        (of(Finding { created_at: None, ..finding(5.0) }), vec![says("warn", "medium 5")]),
        (of(Finding { count: Some(14), ..finding(5.0) }), vec![says("warn", "medium 5, 14 times")]),
        (of(Finding { archived: None, ..finding(5.0) }), vec![says("warn", "medium 5")]),
        (of(Finding { archived: Some(true), ..finding(9.0) }), vec![]),
        (of(Finding { sample: true, ..finding(9.0) }), vec![]),
    ];
    for (n, (found, expected)) in rows.iter().enumerate() {
        assert_eq!(says_of(found), *expected, "row {n}");
    }
}

#[test]
fn what_a_finding_names_shows_it_and_it_is_said_once() {
    let on_task = Concerned {
        task: text("arn:aws:ecs:us-east-1:1:task/ehr/060c1a87"),
        instance: text("i-1"),
        ..Concerned::default()
    };
    let worse = Finding { id: Text::from("g"), arn: Text::from("arn:g"), resource: on_task, ..finding(8.0) };
    let elsewhere = Concerned { instance: text("i-9"), ..Concerned::default() };
    let both = world(&[detector()], &[worse.clone(), finding(5.0)]);
    let task = "crit GuardDuty: Recon:EC2/Portscan, high 8";
    table(
        "guardduty-resource",
        &[
            (of(finding(5.0)), &["warn GuardDuty: Recon:EC2/Portscan, medium 5"]),
            (both.clone(), &["crit GuardDuty: Recon:EC2/Portscan, high 8 and 1 other finding", task]),
            (
                of(Finding { severity: None, ..finding(5.0) }),
                &["unknown GuardDuty: Recon:EC2/Portscan, its severity was not told"],
            ),
            (of(finding(2.0)), &["info GuardDuty: Recon:EC2/Portscan, low 2"]),
            (of(Finding { resource: elsewhere, ..finding(8.0) }), &[]),
            (of(Finding { archived: Some(true), ..worse.clone() }), &[]),
            (of(Finding { sample: true, ..worse }), &[]),
        ],
    );
    let checks = evaluation(&both).checks;
    let causes = |rule: &str| checks.iter().filter(|c| c.rule == rule).map(|c| c.cause.clone()).collect::<Vec<_>>();
    assert_eq!(causes("guardduty-finding"), [text("finding arn:g"), text("finding arn:f")]);
    assert_eq!(causes("guardduty-resource"), [text("finding arn:g"), text("finding arn:g")]);
}

#[test]
fn a_member_is_told_who_can_archive_and_that_evidence_is_to_be_kept() {
    let next = |administrator: Option<Option<Text>>| {
        let found = world(&[Detector { administrator, ..detector() }], &[finding(8.0)]);
        let checks = evaluation(&found).checks;
        let check = checks.iter().find(|c| c.rule == "guardduty-finding").unwrap();
        check.next.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let member = next(Some(text("999999999999")));
    let steps = [
        "isolate instance i-1: a security group that lets nothing in or out",
        "protect instance i-1 from scale-in and termination: managed scaling ends one that is drained within some 15 min",
        "do not stop, drain or replace it yet: that destroys evidence",
    ];
    assert_eq!(member[..3], steps);
    assert_eq!(member[3..], ["only account 999999999999, which administers GuardDuty here, can archive it"]);
    assert!(next(Some(None))[3].starts_with("archive it in GuardDuty"));
    assert_eq!(next(None).len(), 3, "it is not known whose it is");
}

#[test]
fn nothing_advises_to_replace_what_holds_the_evidence_of_a_grave_finding() {
    let hosts = ["a", "b", "c"].map(|zone| instance(&format!("i-{zone}"), zone, 1));
    let tasks = (0..4).map(|n| task(&n.to_string(), &hosts[usize::from(n == 3)]));
    let world = with_service(service(4, 4)).tasks(tasks.collect::<Vec<_>>()).instances(hosts);
    let advice = |found: &[Finding]| {
        let mut facts = world.facts(now());
        facts.put(now(), Arc::new(FindingFacts { findings: found.to_vec(), ..of(finding(1.0)) }));
        let checks = evaluate(&facts, &Thresholds::default(), &Observed::default(), false).checks;
        checks.into_iter().find(|check| check.rule == "ecs-service-zones").unwrap().next[0].to_string()
    };
    let on = |host: &str, severity| Finding {
        resource: Concerned { instance: text(host), ..Concerned::default() },
        ..finding(severity)
    };
    let kept = "do not force a deployment yet: that would destroy the evidence of Recon:EC2/Portscan (view findings)";
    let (archived, sample) = (Some(true), true);
    for (found, says) in [
        (on("i-a", 7.0), kept),
        (on("i-b", 9.5), kept),
        (on("i-c", 9.5), "a forced deployment"),
        (on("i-a", 6.9), "a forced deployment"),
        (Finding { archived, ..on("i-a", 8.0) }, "a forced deployment"),
        (Finding { sample, ..on("i-a", 8.0) }, "a forced deployment"),
    ] {
        let told = advice(&[found]);
        assert!(told.starts_with(says), "{told}");
    }
}

#[test]
fn findings_that_could_not_be_listed_again_grow_no_older() {
    let listed_at = now() - Duration::from_hours(2);
    let read_at = FindingsRead { detectors: Some(now()), findings: Some(listed_at) };
    let lying = FindingFacts { read_at, ..aged(5.0, 7, 60) };
    assert_eq!(says(&lying, "guardduty-finding"), ["warn Recon:EC2/Portscan on instance i-1: medium 5"]);
    let taken = evaluation(&lying).checks.into_iter().find(|c| c.rule == "guardduty-finding").unwrap().taken_at;
    assert_eq!(taken, listed_at);
}
