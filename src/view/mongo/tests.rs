use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::health::{Level, Observed, Thresholds, evaluate};
use crate::model::mongo::*;
use crate::model::stack::Stack;
use crate::model::{Facts, Fault, FaultKind, Problem};
use crate::time::Timestamp;
use crate::view::Line;

fn now() -> Timestamp {
    Timestamp::from_secs(1_773_457_964)
}

fn host(n: usize) -> Text {
    Text::from(format!("m{n}:27017"))
}

/// Three members, the first of them the primary, the last in the zone of the second.
fn set() -> ReplicaSet {
    let peer = |p: usize, n: usize| Peer {
        host: host(p),
        is_healthy: Some(true),
        state: if p == 0 { MemberState::Primary } else { MemberState::Secondary },
        is_self: p == n,
        heartbeat_at: (p != n).then(|| now() - Duration::from_secs(1)),
        sync_source: (p > 0).then(|| host(0)),
        ..Peer::default()
    };
    let member = |n: usize| Member {
        host: host(n),
        asked_at: now(),
        answered_at: Some(now()),
        hello: Some(Hello {
            hosts: (0..3).map(host).collect(),
            role: if n == 0 { Role::Primary } else { Role::Secondary },
            tags: BTreeMap::from([(Text::from("az"), Text::from(["a", "b", "b"][n]))]),
            last_write_at: Some(now() - Duration::from_secs(n as u64)),
            is_protected: true,
            ..Hello::default()
        }),
        status: Some(Status {
            date: Some(now()),
            term: Some(41),
            members: (0..3).map(|p| peer(p, n)).collect(),
            ..Status::default()
        }),
        history: [(5, 15.0), (0, 1.0)]
            .map(|(ago, lag)| Sample { at: now() - Duration::from_secs(ago), lag: Some(lag), connections: Some(40) })
            .to_vec(),
        ..Member::default()
    };
    let config = |n: usize| MemberConfig {
        host: host(n),
        priority: Some(1.0),
        votes: Some(1),
        builds_indexes: true,
        ..MemberConfig::default()
    };
    ReplicaSet {
        name: Text::from("ehr"),
        members: (0..3).map(member).collect(),
        config: Some(SetConfig { members: (0..3).map(config).collect(), ..SetConfig::default() }),
        ..ReplicaSet::default()
    }
}

/// Lets a look at the scene of a set.
fn look<T>(set: ReplicaSet, look: impl FnOnce(&StackScene<'_>) -> T) -> T {
    let (stack, mut facts) = (Stack::default(), Facts::default());
    facts.put(now(), Arc::new(MongoFacts { sets: vec![set] }));
    let evaluation = evaluate(&facts, &Thresholds::default(), &Observed::default(), false);
    let of = |check| Problem { stack: stack.name.clone(), check };
    let problems: Vec<Problem> = evaluation.worst_first().into_iter().cloned().map(of).collect();
    look(&StackScene::new(&stack, &facts, &problems))
}

fn told(row: &Row) -> String {
    let cells: Vec<String> = row.cells.iter().map(|cell| cell.human(now())).collect();
    format!("{} | {}", row.severity.word(), cells.join(" "))
}

#[test]
fn members_are_told_by_their_own_words_below_the_line_of_their_set() {
    let rows: Vec<String> = look(set(), |scene| of_stack(scene).iter().map(told).collect());
    assert_eq!(
        rows,
        [
            "warn | ehr majority 3 of 3, margin 1 primary m0 term 41 2 zones – – 2s – – – 1 – m0:27017 41",
            "ok | ehr m0:27017 PRIMARY answers a 1 1 – – 0s 1s 1 – – –",
            "ok | ehr m1:27017 SECONDARY answers b 1 1 1s m0:27017 1s 1s 1       ▄▁ – –",
            "ok | ehr m2:27017 SECONDARY answers b 1 1 2s m0:27017 2s 1s 1       ▄▁ – –",
        ]
    );
    assert!(look(set(), |scene| of_stack(scene).iter().map(|row| row.aside).eq([true, false, false, false])));
    let exported = look(set(), |scene| of_stack(scene).remove(0).record.unwrap_or_default());
    let exported: Vec<String> = exported.iter().map(|cell| cell.machine(now()).to_string()).collect();
    assert_eq!(exported.join(" "), "\"ehr\" null null null null null 3 2 null null null 1 null \"m0:27017\" 41");
}

#[test]
fn a_member_that_does_not_answer_stays_as_old_as_its_last_word_with_the_reason() {
    let mut silent = set();
    let heard = now() - Duration::from_secs(20);
    silent.members[1].fault = Some(Fault::new(FaultKind::Unreachable, "hello", "connection refused"));
    silent.members[1].answered_at = Some(heard);
    for observer in [0, 2] {
        let peer = &mut silent.members[observer].status.as_mut().unwrap().members[1];
        (peer.is_healthy, peer.state, peer.heartbeat_received_at) = (Some(false), MemberState::Down, Some(heard));
    }
    let (row, lines) = look(silent, |scene| {
        let row = of_stack(scene).remove(2);
        let lines = (VIEW.detail)(scene, &row).lines;
        (row, lines)
    });
    assert_eq!(told(&row), "crit | ehr m1:27017 DOWN offline b 1 1 – – 1s 20s 0       ▄▁ – –");
    assert_eq!(row.read_at, heard);
    let field = |name: &str| {
        let found = lines.iter().find_map(|line| match line {
            Line::Field(found, cell) if *found == *name => Some(cell.human(now())),
            _ => None,
        });
        found.unwrap_or_default()
    };
    assert_eq!(field("why it does not answer"), "hello: offline: connection refused");
    assert_eq!(field("m0"), "DOWN, down, last asked 1s ago");
    assert!(
        lines.iter().any(|line| matches!(line, Line::Trend(name, trend) if *name == "lag" && !trend.points.is_empty()))
    );
}

#[test]
fn charts_of_lag_have_the_limit_that_is_configured() {
    let limits = |thresholds: &Thresholds| {
        look(set(), |scene| {
            let configured = StackScene::new(scene.stack, scene.facts, scene.problems).configured(thresholds);
            let row = of_stack(&configured).remove(2);
            let drawn =
                row.cells.iter().find_map(|cell| if let Cell::Trend(trend) = cell { trend.limit } else { None });
            let detail = (VIEW.detail)(&configured, &row);
            let charted = detail.lines.iter().find_map(|line| match line {
                Line::Trend(name, trend) if *name == "lag" => trend.limit,
                _ => None,
            });
            [drawn, charted]
        })
    };
    let mut thresholds = Thresholds::default();
    assert_eq!(limits(&thresholds), [Some(30.0); 2]);
    thresholds.set("mongo-lag", "warn", Level::Span(Duration::from_secs(90)));
    assert_eq!(limits(&thresholds), [Some(90.0); 2]);
}

#[test]
fn a_set_that_cannot_be_asked_says_why_and_what_to_do() {
    let fault = Fault::new(FaultKind::Unreachable, "srv lookup", "there is no SRV record _mongodb._tcp.ehr");
    let lost = ReplicaSet { members: Vec::new(), config: None, unasked: Some(fault), ..set() };
    assert_eq!(look(lost.clone(), summary).map(|(_, words)| words).as_deref(), Some("ehr: cannot be asked"));
    let (row, detail) = look(lost, |scene| {
        let row = of_stack(scene).remove(0);
        let detail = (VIEW.detail)(scene, &row);
        (row, detail)
    });
    assert_eq!((row.severity, row.problems.len()), (Severity::Unknown, 1));
    let why = "srv lookup: offline: there is no SRV record _mongodb._tcp.ehr";
    let told = detail.lines.iter().any(|line| matches!(line, Line::Field(_, cell) if cell.human(now()) == why));
    assert!(told, "{:#?}", detail.lines);
}

#[test]
fn a_detail_leaves_out_what_holds_nothing_unless_that_is_news() {
    let names = |set: ReplicaSet, n: usize| -> Vec<String> {
        let lines = look(set, |scene| (VIEW.detail)(scene, &of_stack(scene)[n]).lines);
        lines
            .iter()
            .filter_map(|line| if let Line::Field(name, _) = line { Some(name.to_string()) } else { None })
            .collect()
    };
    let has = |names: &[String], name: &str| names.iter().any(|found| found == name);
    let fields =
        ["takeover", "why it does not answer", "beside a plain member", "copies from", "why it tells no more", "lag"];
    assert!(!has(&names(set(), 0), "takeover"));
    let primary = names(set(), 1);
    assert!(fields.iter().all(|field| !has(&primary, field)) && has(&primary, "zone"), "{primary:?}");
    let mut untold = set();
    untold.members[1].hello.as_mut().unwrap().last_write_at = None;
    untold.members[1].status.as_mut().unwrap().members[1].sync_source = None;
    let secondary = names(untold, 2);
    assert!(has(&secondary, "lag") && has(&secondary, "copies from"), "{secondary:?}");
}

#[test]
fn a_set_opens_its_members_and_a_detail_tells_what_the_loss_of_a_zone_does() {
    let (drill, detail) = look(set(), |scene| {
        let row = of_stack(scene).remove(0);
        ((VIEW.open)(&row), (VIEW.detail)(scene, &row))
    });
    assert_eq!(drill.map(|drill| drill.filter).as_deref(), Some("set=ehr"));
    let has = |name: &str, value: &str| {
        detail
            .lines
            .iter()
            .any(|line| matches!(line, Line::Field(n, cell) if *n == *name && cell.human(now()) == value))
    };
    assert!(has("zones", "losing b stops writes") && has("majority", "3 of 3, margin 1"), "{detail:#?}");
}

#[test]
fn without_the_role_no_margin_is_told_of_what_is_silent_here() {
    let mut alone = ReplicaSet { config: None, ..set() };
    for member in &mut alone.members {
        member.status = None;
    }
    for member in &mut alone.members[1..] {
        member.fault = Some(Fault::new(FaultKind::Timeout, "hello", "no answer within 2 s"));
    }
    let cell = look(alone.clone(), |scene| (VIEW.detail)(scene, &of_stack(scene)[0]).lines);
    let told = cell
        .iter()
        .any(|line| matches!(line, Line::Field(_, cell) if cell.human(now()) == "1 of 3 answer here, votes assumed"));
    assert!(told, "{cell:#?}");
    assert_eq!(look(alone, summary), Some((Severity::Ok, "ehr: 1 of 3 members, primary m0".to_owned())));
}

#[test]
fn the_overview_says_it_in_a_sentence_and_nothing_configured_is_no_alarm() {
    let said = look(set(), summary);
    assert_eq!(said, Some((Severity::Ok, "ehr: 3 of 3 members, primary m0, margin 1".to_owned())));
    let (stack, mut facts) = (Stack::default(), Facts::default());
    facts.put(now(), Arc::new(MongoFacts::default()));
    let said = summary(&StackScene::new(&stack, &facts, &[]));
    assert_eq!(said, Some((Severity::Ok, "no replica set configured".to_owned())));
}
