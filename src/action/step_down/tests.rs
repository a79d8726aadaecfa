use super::*;
use crate::model::mongo::{Hello, Member, MemberConfig, MemberState, Peer, Role, SetConfig, Status};
use crate::model::{Fault, FaultKind};

use Level::{Block, Pass, Warn};

const NOW: i64 = 1_773_457_964;

fn host(n: usize) -> Text {
    Text::from(format!("m{n}:27017"))
}

/// Three members, the first of which leads and has the highest priority.
fn set() -> ReplicaSet {
    let member = |n: usize| {
        let peer = |p: usize| Peer { host: host(p), is_self: p == n, is_healthy: Some(true), ..Peer::default() };
        let state = if n == 0 { MemberState::Primary } else { MemberState::Secondary };
        Member {
            host: host(n),
            hello: Some(Hello {
                role: if n == 0 { Role::Primary } else { Role::Secondary },
                hosts: (0..3).map(host).collect(),
                last_write_at: Some(Timestamp::from_secs(NOW)),
                ..Hello::default()
            }),
            status: Some(Status {
                term: Some(41),
                my_state: state,
                members: (0..3).map(peer).collect(),
                ..Status::default()
            }),
            ..Member::default()
        }
    };
    let config = |n: usize| MemberConfig {
        host: host(n),
        priority: Some(if n == 0 { 2.0 } else { 1.0 }),
        votes: Some(1),
        ..MemberConfig::default()
    };
    ReplicaSet {
        name: Text::from("ehr"),
        members: (0..3).map(member).collect(),
        config: Some(SetConfig { version: Some(5), members: (0..3).map(config).collect(), ..SetConfig::default() }),
        ..ReplicaSet::default()
    }
}

fn behind(set: &mut ReplicaSet, n: usize, secs: i64) {
    set.members[n].hello.as_mut().unwrap().last_write_at = Some(Timestamp::from_secs(NOW - secs));
}

fn priority(set: &mut ReplicaSet, n: usize, priority: f64) {
    set.config.as_mut().unwrap().members[n].priority = Some(priority);
}

fn silent(set: &mut ReplicaSet, n: usize) {
    set.members[n].fault = Some(Fault::new(FaultKind::Timeout, "hello", "no answer"));
    set.members[n].status = None;
}

fn role(set: &mut ReplicaSet, n: usize, role: Role, state: MemberState) {
    set.members[n].hello.as_mut().unwrap().role = role;
    set.members[n].status.as_mut().unwrap().my_state = state;
}

/// The check of this id of a set after this change.
fn check(id: &str, change: impl Fn(&mut ReplicaSet)) -> (Level, String) {
    let mut set = set();
    change(&mut set);
    let sight = Sight::of(&set);
    let scene = Scene { sight: &sight, seat: &sight.seats[0] };
    let found = scene.checks().into_iter().find(|check| check.id == id).unwrap();
    (found.level, found.text.to_string())
}

#[test]
fn what_is_not_known_speaks_against_it() {
    type Change = fn(&mut ReplicaSet);
    let cases: [(&str, Level, Change); 21] = [
        ("primary", Pass, |_| {}),
        ("primary", Block, |s| role(s, 0, Role::Secondary, MemberState::Secondary)),
        ("primary", Block, |s| s.members.iter_mut().for_each(|m| m.status = None)),
        ("primary", Block, |s| role(s, 1, Role::Primary, MemberState::Primary)),
        ("margin", Pass, |_| {}),
        ("margin", Block, |s| silent(s, 1)),
        ("margin", Block, |s| s.config = None),
        ("heir", Pass, |_| {}),
        ("heir", Pass, |s| behind(s, 1, 11)),
        ("heir", Block, |s| (1..3).for_each(|n| behind(s, n, 11))),
        ("heir", Block, |s| (1..3).for_each(|n| priority(s, n, 0.0))),
        ("heir", Block, |s| s.config = None),
        ("heir", Block, |s| s.members[0].hello.as_mut().unwrap().last_write_at = None),
        ("syncing", Pass, |_| {}),
        ("syncing", Block, |s| role(s, 2, Role::Other, MemberState::Startup2)),
        ("syncing", Block, |s| role(s, 2, Role::Other, MemberState::Rollback)),
        ("members", Pass, |_| {}),
        ("members", Warn, |s| silent(s, 2)),
        ("takeover", Warn, |_| {}),
        ("takeover", Warn, |s| s.config = None),
        ("takeover", Pass, |s| priority(s, 0, 1.0)),
    ];
    for (n, (id, level, change)) in cases.into_iter().enumerate() {
        let (found, text) = check(id, change);
        assert_eq!(found, level, "{n}: {id}: {text}");
    }
}

#[test]
fn who_cannot_take_over_is_named_with_the_reason() {
    let (_, text) = check("heir", |s| {
        behind(s, 1, 30);
        priority(s, 2, 0.0);
    });
    assert_eq!(text, "nobody can take over: m1 30 s behind; m2 priority 0");
}

#[test]
fn the_takeover_is_forecast_by_priority() {
    let forecast = |change: fn(&mut ReplicaSet)| {
        let mut set = set();
        change(&mut set);
        let sight = Sight::of(&set);
        Scene { sight: &sight, seat: &sight.seats[0] }.takeover()
    };
    assert_eq!(forecast(|_| {}), Some(Takeover::Back("m0".to_owned())));
    assert_eq!(forecast(|s| priority(s, 0, 1.0)), None);
    assert_eq!(forecast(|s| priority(s, 2, 3.0)), Some(Takeover::Perhaps("m2".to_owned())));
    // Who lags takes over once it has caught up.
    assert_eq!(forecast(|s| (priority(s, 2, 3.0), behind(s, 2, 60)).0), Some(Takeover::Later("m2".to_owned())));
    assert_eq!(forecast(|s| (1..3).for_each(|n| behind(s, n, 60))), None, "nobody takes over");
    let set = set();
    let sight = Sight::of(&set);
    let scene = Scene { sight: &sight, seat: &sight.seats[0] };
    let told = radius(&scene, Some("ops"));
    assert_eq!(told[0], "asks m0:27017 as ops, without force; m1 or m2 takes over ehr");
    assert_eq!(told[3], "m0 takes back about 60 to 70 s after: writes stop again");
}

/// What a look at the set says, so long after the first one.
fn seen(set: &ReplicaSet, secs: u64, heir: &mut Option<Text>) -> (Stage, String) {
    let before = State(vec![("primary", host(0)), ("term", Text::from("41"))]);
    let sight = Sight::of(set);
    let (elapsed, rests) = (Duration::from_secs(secs), Duration::from_secs(60));
    watch::Seen { sight: &sight, host: &host(0), elapsed, rests }.stage(&before, heir)
}

/// The set once a member leads in this term.
fn led_by(n: usize, term: i64) -> ReplicaSet {
    let mut set = set();
    role(&mut set, 0, Role::Secondary, MemberState::Secondary);
    role(&mut set, n, Role::Primary, MemberState::Primary);
    set.members.iter_mut().for_each(|member| member.status.as_mut().unwrap().term = Some(term));
    set
}

#[test]
fn it_is_done_once_the_lead_is_where_the_priorities_want_it() {
    let mut heir = None;
    let mut leaderless = led_by(0, 41);
    role(&mut leaderless, 0, Role::Secondary, MemberState::Secondary);
    let mut lagging = led_by(1, 42);
    behind(&mut lagging, 0, 30);
    let steps = [
        (set(), 0, Stage::Unseen, "m0 is the primary in term 41"),
        (leaderless.clone(), 5, Stage::Going, "no primary in sight yet"),
        (leaderless, 120, Stage::Failed, "no primary in sight yet, after 2m00s"),
        (lagging, 5, Stage::Going, "m1 leads in term 42; m0 is 30 s behind"),
        (
            led_by(1, 42),
            10,
            Stage::Going,
            "m1 leads in term 42; m0 follows, 0 s behind; m0 is to take back by priority",
        ),
        (led_by(0, 43), 70, Stage::Done, "m1 took over, and m0 has taken back in term 43, as was to be expected"),
    ];
    for (set, secs, stage, text) in steps {
        assert_eq!(seen(&set, secs, &mut heir), (stage, text.to_owned()));
    }
    // The takeover that was forecast never comes.
    assert_eq!(seen(&led_by(1, 42), 180, &mut heir).0, Stage::Failed);
    // Of a set that cannot be read nothing is known, however long.
    let mut silent = led_by(1, 42);
    silent
        .members
        .iter_mut()
        .for_each(|member| member.fault = Some(Fault::new(FaultKind::Unreachable, "hello", "gone")));
    assert_eq!(seen(&silent, 600, &mut heir), (Stage::Going, "no member answers".to_owned()));
    // Of equal priorities nobody takes back.
    let mut equal = led_by(1, 42);
    priority(&mut equal, 0, 1.0);
    let told = (Stage::Done, "m1 leads in term 42; m0 follows, 0 s behind".to_owned());
    assert_eq!(seen(&equal, 5, &mut None), told);
}

#[test]
fn who_leads_again_without_an_heir_has_not_handed_over_unless_it_took_back() {
    for (reason, stage) in
        [(Some("priorityTakeover"), Stage::Done), (Some("electionTimeout"), Stage::Failed), (None, Stage::Going)]
    {
        let mut set = led_by(0, 42);
        set.members[0].status.as_mut().unwrap().election_reason = reason.map(Text::from);
        assert_eq!(seen(&set, 5, &mut None).0, stage, "{reason:?}");
    }
}

#[test]
fn members_are_written_as_in_the_table() {
    assert_eq!(parse("ehr/m0:27017").unwrap(), ("ehr", "m0:27017"));
    for wrong in ["", "ehr", "ehr/", "/m0:1", "ehr/m0", "ehr/a/m0:1"] {
        assert!(parse(wrong).unwrap_err().to_string().contains("SET/HOST:PORT"), "{wrong}");
    }
    let mut facts = Facts::default();
    facts.put(Timestamp::from_secs(NOW), Arc::new(MongoFacts { sets: vec![set()] }));
    assert_eq!(aim(&facts, "ehr/m0:27017"), Some(Text::from("ehr/m0:27017")));
    assert_eq!(aim(&facts, "ehr/m1:27017"), None, "it does not lead");
}

/// The whole way on a simulated set: planned, sent, handed over, taken back.
#[tokio::test(start_paused = true)]
async fn a_simulated_set_hands_over_and_takes_back() {
    use crate::action::policy::{Confirmation, FLAG, Rules, permit};
    use crate::backend::change::Sent;
    use crate::backend::sim::{Scenario, Sim};
    use crate::feed::Budgets;
    use crate::model::stack::Stack;
    use crate::time::{Clock, ManualClock};
    let scenario = Scenario::named("ehr-mongo").unwrap();
    let clock = Arc::new(ManualClock::at(scenario.start()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let named = vec![SPEC.id.to_owned()];
    let stack = Stack { mongo: scenario.mongo_sets(), allow: named.clone(), ..Stack::default() };
    let bench = Bench::new(stack, sim.backend(), clock.clone(), Arc::new(Budgets::unlimited()));
    let reading = bench.feeds(&["mongo"]).await.unwrap();
    let target = reading.facts.get::<MongoFacts>().unwrap().sets[0].primary().unwrap().host.clone();
    let plan = plan(&bench, &format!("ehr/{target}")).await.unwrap();
    assert!(plan.level() < Block, "{:?}", plan.checks);
    // The row of the set leads to its primary, that of a secondary to nothing.
    for (id, aimed) in [("ehr", true), (plan.target.label.as_str(), true), ("ehr/other:1", false)] {
        assert_eq!((SPEC.aim)(&reading.facts, id), aimed.then(|| plan.target.label.clone()), "{id}");
    }
    let mut heir = None;
    let look = async |heir: &mut Option<Text>| plan.deed.look(&bench, &plan.state, heir).await.unwrap();
    assert_eq!(look(&mut heir).await.stage, Stage::Unseen);
    let rules = Rules { allow: named.clone(), opt_in: named, ..Rules::default() };
    let confirmation = Confirmation { name: plan.confirm(), reason: "why".to_owned(), ticket: None, mode: FLAG };
    let leave = permit(&plan, &confirmation, &rules, &bench.stack, &plan.identity, clock.now()).unwrap();
    let sent = bench.backend.changes.send(leave, &plan.change).await;
    assert!(matches!(sent, Sent::Applied { .. }), "{sent:?}");
    let mut stages = Vec::new();
    for _ in 0..60 {
        clock.set(clock.now() + Duration::from_secs(5));
        let seen = look(&mut heir).await;
        if stages.last() != Some(&seen.stage) {
            stages.push(seen.stage);
        }
        if seen.stage == Stage::Done {
            break;
        }
    }
    assert!(heir.is_some_and(|heir| heir != target));
    assert_eq!(stages.last(), Some(&Stage::Done), "{stages:?}");
    for wrong in ["ehr/nobody:1", "other/m0:1"] {
        assert!(super::plan(&bench, wrong).await.is_err(), "{wrong}");
    }
}
