//! Replica sets: heartbeats, elections in their real time, partitions, and the incident of `ehr-mongo` second by second.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::backend::ports::Mongo;
use crate::backend::sim::Sim;
use crate::backend::sim::mongo::Set;
use crate::model::FaultKind;
use crate::model::mongo::{Hello, MemberState, Peer, Role};
use crate::time::{ManualClock, Timestamp};

const ZONES: [&str; 3] = ["za", "zb", "zc"];

/// A set of members `m0`, `m1` …, one a zone in turn, with these priorities, and further lines of the first table.
fn set(priorities: &[f64], more: &str) -> String {
    let members = priorities.iter().zip(0_usize..).map(|(priority, n)| {
        let zone = ZONES[n % 3];
        format!("[[replica-set.member]]\nhost = 'm{n}'\nzone = '{zone}'\npriority = {priority:?}\n")
    });
    format!("[[replica-set]]\nname = 's'\nterm = 5\n{more}\n{}", members.collect::<String>())
}

fn world(set: &str, seed: u64) -> World {
    World::new(&small(1, set), seed)
}

impl World {
    fn set(&self) -> &Set {
        &self.sets[0]
    }

    fn hello(&self, i: usize) -> Hello {
        self.set().hello(i)
    }

    fn seen(&self, by: usize, of: usize) -> Peer {
        self.set().status(by).members.swap_remove(of)
    }

    fn primaries(&self) -> Vec<usize> {
        let set = self.set();
        let answers = |i: &usize| set.asked(&set.members[*i].spec.host).is_ok();
        (0..set.members.len()).filter(|i| answers(i) && self.hello(*i).role == Role::Primary).collect()
    }

    /// Steps until there is exactly this primary; gives the seconds it took.
    fn until_primary(&mut self, wanted: impl Fn(usize) -> bool, most: u64) -> f64 {
        let from = self.now;
        while self.now.since(from) < Duration::from_secs(most) {
            if matches!(self.primaries()[..], [one] if wanted(one)) {
                break;
            }
            self.pass(Duration::from_millis(50));
        }
        self.now.since(from).as_secs_f64()
    }
}

#[test]
fn an_idle_set_has_no_lag_by_its_own_words_and_seems_to_by_heartbeats() {
    let mut world = world(&set(&[1.0, 1.0, 1.0], ""), 3);
    let (mut samples, mut late, mut early) = (0, 0, 0);
    for _ in 0..2_000 {
        world.pass(Duration::from_millis(500));
        let writes: BTreeSet<_> = (0..3).map(|i| world.hello(i).last_write_at).collect();
        let own = world.seen(0, 0).optime_at.unwrap();
        if writes.len() == 1 {
            samples += 1;
        }
        late += u32::from(own.since(world.seen(0, 1).optime_at.unwrap()) >= Duration::from_secs(9));
        let (of_secondary, of_primary) = (world.seen(1, 1).optime_at.unwrap(), world.seen(1, 0).optime_at.unwrap());
        early += u32::from(of_secondary > of_primary);
        assert_eq!(world.primaries(), [0]);
        assert_eq!(world.set().status(1).term, Some(5));
    }
    assert!(samples >= 1_995, "the same write within milliseconds: {samples}");
    assert!((20..400).contains(&late) && early > 20, "seems late {late} times, early {early} times, of 2000");
}

#[test]
fn a_killed_primary_is_followed_by_another_after_the_election_timeout() {
    for seed in 0..60 {
        let mut world = world(&set(&[2.0, 1.0, 1.0], ""), seed);
        world.pass(Duration::from_millis(7_300 + seed * 137));
        world.with_set(0, |set| set.kill(0));
        assert!(world.primaries().is_empty());
        world.pass(Duration::from_secs(2));
        let seen = world.seen(1, 0);
        assert_eq!((seen.is_healthy, seen.state, seen.optime_at), (Some(false), MemberState::Down, None));
        assert!(seen.applied_at.is_some() && seen.heartbeat_message.unwrap().contains("Connection refused"));
        let took = 2.0 + world.until_primary(|_| true, 30);
        assert!((10.0..=12.0).contains(&took), "seed {seed}: {took} s");
        let winner = world.primaries()[0];
        let status = world.set().status(winner);
        assert_eq!((status.term, status.election_reason.as_deref()), (Some(6), Some("electionTimeout")));
        assert_eq!(world.hello(3 - winner).primary.as_deref(), Some(world.set().members[winner].spec.host.as_str()));

        world.with_set(0, |set| set.restore(0));
        assert_eq!((world.hello(0).role, world.set().status(0).my_state), (Role::Other, MemberState::Startup2));
        let back = world.until_primary(|i| i == 0, 60);
        assert!((13.0..=30.0).contains(&back), "seed {seed}: {back} s");
        let status = world.set().status(0);
        assert_eq!((status.term, status.election_reason.as_deref()), (Some(7), Some("priorityTakeover")));
    }
}

#[test]
fn a_clean_step_down_takes_no_time_and_its_priority_waits_a_minute() {
    for seed in 0..30 {
        let mut world = world(&set(&[2.0, 1.0, 1.0], "writes = 20"), seed);
        world.pass(Duration::from_secs(33));
        world.with_set(0, Set::step_down);
        assert!(world.primaries().is_empty());
        let took = world.until_primary(|_| true, 30);
        assert!(took < 0.5, "seed {seed}: {took} s");
        let winner = world.primaries()[0];
        assert_eq!(world.set().status(winner).election_reason.as_deref(), Some("stepUpRequestSkipDryRun"));
        let back = world.until_primary(|i| i == 0, 120);
        assert!((59.0..90.0).contains(&back), "seed {seed}: {back} s");
    }
}

#[test]
fn a_frozen_primary_is_seen_by_heartbeat_age_first_and_thaws_into_a_stale_one() {
    for seed in 0..30 {
        let mut world = world(&set(&[1.0, 1.0, 1.0], ""), seed);
        world.pass(Duration::from_secs(20));
        world.with_set(0, |set| set.freeze(0));
        world.pass(Duration::from_secs(8));
        let seen = world.seen(1, 0);
        let age = world.now.since(seen.heartbeat_at.unwrap());
        assert!(seen.is_healthy == Some(true) && age > Duration::from_secs(6), "{age:?}");
        assert_eq!(world.set().asked("m0"), Err(super::super::mongo::Silence::Lost));
        world.pass(Duration::from_millis(4_100));
        assert_eq!(world.seen(1, 0).state, MemberState::Down);
        world.until_primary(|i| i != 0, 30);
        world.pass(Duration::from_secs(30));
        world.with_set(0, |set| set.restore(0));
        assert_eq!(world.primaries().len(), 2, "it does not know yet");
        world.pass(Duration::from_secs(2));
        assert_eq!(world.primaries().len(), 1);
        world.pass(Duration::from_secs(60));
        assert_eq!(world.hello(0).role, Role::Secondary);
    }
}

#[test]
fn a_partition_makes_both_sides_see_the_other_down_and_the_smaller_give_up() {
    for seed in 0..40 {
        let mut world = world(&set(&[1.0, 1.0, 1.0], "writes = 10"), seed);
        world.pass(Duration::from_secs(20));
        world.with_set(0, |set| set.cut_zone("za", true));
        let mut both = Duration::ZERO;
        for _ in 0..300 {
            world.pass(Duration::from_millis(100));
            if let [old, new] = world.primaries()[..] {
                both += Duration::from_millis(100);
                assert!(world.set().status(old).term < world.set().status(new).term);
            }
        }
        assert!(both <= Duration::from_secs(10), "seed {seed}: {both:?}");
        assert_eq!((world.seen(0, 1).state, world.seen(1, 0).state), (MemberState::Down, MemberState::Down));
        assert_eq!(world.hello(0).role, Role::Secondary);
        assert_eq!(world.hello(0).primary, None);
        assert_eq!(world.primaries().len(), 1);
        world.with_set(0, |set| set.cut_zone("za", false));
        world.pass(Duration::from_millis(100));
        assert_eq!(world.set().status(0).my_state, MemberState::Rollback, "it wrote what nobody else has");
        world.pass(Duration::from_secs(60));
        assert_eq!(world.hello(0).role, Role::Secondary);
        let [own, of_primary] = [0, world.primaries()[0]].map(|i| world.hello(i).last_write_at.unwrap());
        assert!(of_primary.since(own) <= Duration::from_secs(1));
    }
}

#[test]
fn without_a_majority_nobody_is_primary() {
    let mut world = world(&set(&[1.0, 1.0, 1.0], ""), 4);
    world.pass(Duration::from_secs(20));
    world.with_set(0, |set| set.kill(1));
    world.with_set(0, |set| set.kill(2));
    world.pass(Duration::from_secs(9));
    assert_eq!(world.primaries(), [0]);
    world.pass(Duration::from_secs(2));
    assert!(world.primaries().is_empty());
    world.pass(minutes(10));
    assert!(world.primaries().is_empty());
    assert_eq!(world.set().status(0).my_state, MemberState::Secondary);
    world.with_set(0, |set| set.restore(2));
    assert!(world.until_primary(|_| true, 60) < 30.0);
}

#[test]
fn a_member_held_back_lags_and_is_not_elected() {
    let mut world = world(&set(&[1.0, 1.0, 1.0], "writes = 20"), 4);
    world.with_set(0, |set| set.hold_back(1, Duration::from_secs(40), None));
    let lag = |world: &World| world.hello(0).last_write_at.unwrap().since(world.hello(1).last_write_at.unwrap());
    world.pass(Duration::from_secs(15));
    assert!((14..=16).contains(&lag(&world).as_secs()), "{:?}", lag(&world));
    world.pass(Duration::from_secs(60));
    assert!((39..=41).contains(&lag(&world).as_secs()), "{:?}", lag(&world));
    assert_eq!(world.set().server(0).flow_control.is_lagged, Some(true));
    world.with_set(0, |set| set.kill(0));
    world.until_primary(|_| true, 60);
    assert_eq!(world.primaries(), [2]);
    world.with_set(0, |set| set.hold_back(1, Duration::ZERO, None));
    world.pass(Duration::from_secs(30));
    assert!(world.hello(2).last_write_at.unwrap().since(world.hello(1).last_write_at.unwrap()).as_secs() <= 1);
}

#[test]
fn arbiters_hidden_and_delayed_members_are_what_they_are() {
    let toml = "[[replica-set]]\nname = 's'\nmember = [
        { host = 'a', zone = 'za' }, { host = 'b', zone = 'zb', priority = 0.5 }, { host = 'c', zone = 'zc', arbiter = true },
        { host = 'd', zone = 'zc', priority = 0.0, votes = 0, hidden = true, delay = '1h' } ]";
    let mut world = world(toml, 1);
    world.pass(minutes(5));
    let status = world.set().status(0);
    let counts = (status.majority_vote_count, status.write_majority_count, status.writable_voting_members);
    assert_eq!((status.voting_members, counts), (Some(3), (Some(2), Some(2), Some(2))));
    let hello = world.hello(2);
    assert_eq!((hello.role, hello.last_write_at, hello.hosts.len()), (Role::Arbiter, None, 3));
    let delayed = world.hello(3);
    assert_eq!((delayed.is_hidden, delayed.is_passive, delayed.delay), (true, true, Some(3_600)));
    let lag = world.hello(0).last_write_at.unwrap().since(delayed.last_write_at.unwrap()).as_secs();
    assert!((3_580..=3_620).contains(&lag), "{lag}");
    world.with_set(0, |set| set.kill(0));
    world.until_primary(|_| true, 60);
    assert_eq!(world.primaries(), [1]);
    let left = world.hello(1);
    assert!(left.majority_write_at < left.last_write_at, "one of two that hold data is no majority");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_term_has_two_primaries_whatever_happens(
        seed in 0_u64..10_000,
        priorities in prop::collection::vec(prop::sample::select(vec![0.5, 1.0, 1.0, 2.0]), 3..6),
        writes in prop::sample::select(vec![0_u32, 10]),
        acts in prop::collection::vec((0_u8..8, 0_usize..6, 1_u64..40), 1..14),
    ) {
        let count = priorities.len();
        let toml = set(&priorities, &format!("writes = {writes}"));
        let (mut often, mut once) = (world(&toml, seed), world(&toml, seed));
        let mut led = BTreeMap::new();
        for (act, n, seconds) in acts {
            let (zone, member) = (ZONES[n % 3], n % count);
            let meet = |world: &mut World| world.with_set(0, |set| match act {
                0 => set.lose_zone(zone, true),
                1 => set.lose_zone(zone, false),
                2 => set.cut_zone(zone, true),
                3 => set.cut_zone(zone, false),
                4 => set.kill(member),
                5 => set.freeze(member),
                6 => set.step_down(),
                _ => set.restore(member),
            });
            meet(&mut often);
            meet(&mut once);
            once.pass(Duration::from_secs(seconds));
            for _ in 0..seconds * 4 {
                often.pass(Duration::from_millis(250));
                for (i, member) in often.set().members.iter().enumerate() {
                    if member.state == MemberState::Primary {
                        let first = *led.entry(member.term).or_insert(i);
                        prop_assert_eq!(first, i, "two primaries of term {}", member.term);
                    }
                }
            }
            prop_assert!(once == often, "time in one step and in many");
        }
        often.with_set(0, |set| {
            for zone in ZONES {
                set.lose_zone(zone, false);
                set.cut_zone(zone, false);
            }
            (0..count).for_each(|i| set.restore(i));
        });
        often.pass(minutes(6));
        let writes: BTreeSet<_> = (0..count).map(|i| often.hello(i).last_write_at.map(|at| at.secs() / 2)).collect();
        prop_assert!(often.primaries().len() == 1 && writes.len() <= 2, "it heals: {:?} {writes:?}", often.primaries());
        let best = priorities.iter().copied().fold(0.0, f64::max);
        let led = priorities[often.primaries()[0]];
        prop_assert!((led - best).abs() < 0.01, "the highest priority leads in the end: {led} of {priorities:?}");
    }
}

fn ehr(seed: u64) -> World {
    World::new(&Scenario::named("ehr-mongo").unwrap(), seed)
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-03-14T{time}Z")).unwrap()
}

#[test]
fn the_incident_of_ehr_mongo_goes_as_it_was_measured() {
    for seed in 0..40 {
        let mut world = ehr(seed);
        world.advance_to(at("03:09:59"));
        assert_eq!(world.primaries(), [1]);
        assert_eq!(world.set().status(1).term, Some(41));
        // Until ten seconds after the loss the others only hear nothing.
        for second in 1..=9 {
            world.advance_to(at("03:10:00") + Duration::from_secs(second));
            let seen = world.seen(0, 1);
            let age = world.now.since(seen.heartbeat_at.unwrap()).as_millis();
            let least = u128::from(second) * 1_000;
            assert!((least..=least + 2_000).contains(&age), "seed {seed}, {second} s: {age} ms");
            assert_eq!((seen.is_healthy, seen.heartbeat_message), (Some(true), None));
            assert!(world.primaries().is_empty());
        }
        world.advance_to(at("03:10:12"));
        let seen = world.seen(0, 1);
        assert_eq!((seen.is_healthy, seen.state, seen.optime_at), (Some(false), MemberState::Down, None));
        assert!(seen.heartbeat_message.unwrap().starts_with("Request "));
        world.until_primary(|_| true, 5);
        assert_eq!(world.primaries(), [0], "the fresher one");
        let status = world.set().status(0);
        assert_eq!((status.term, status.election_reason.as_deref()), (Some(42), Some("electionTimeout")));
        let elected = status.members[0].elected_at.unwrap().since(at("03:10:00")).as_secs_f64();
        assert!((10.0..=12.0).contains(&elected), "{elected}");
        assert_eq!(world.seen(2, 0).elected_at, status.members[0].elected_at);

        world.advance_to(at("03:25:00") + Duration::from_secs(1));
        assert_eq!(world.set().status(1).my_state, MemberState::Rollback);
        world.advance_to(at("03:25:20"));
        assert_eq!(world.hello(1).role, Role::Secondary);
        let lag = world.hello(0).last_write_at.unwrap().since(world.hello(1).last_write_at.unwrap());
        assert!(lag > minutes(10), "it catches up: {lag:?}");
        let took = world.until_primary(|i| i == 1, 240);
        assert!((60.0..=140.0).contains(&took), "seed {seed}: {took} s");
        let status = world.set().status(1);
        assert_eq!((status.term, status.election_reason.as_deref()), (Some(43), Some("priorityTakeover")));
        world.pass(minutes(5));
        assert_eq!(world.primaries(), [1]);
    }
}

#[tokio::test]
async fn members_answer_through_the_port_as_they_can() {
    let scenario = Scenario::named("ehr-mongo").unwrap();
    let clock = std::sync::Arc::new(ManualClock::at(at("03:12:44")));
    let sim = Sim::new(&scenario, 1, clock);
    let hosts = sim.seeds("ehr").await.unwrap();
    assert_eq!(hosts.len(), 3);
    assert_eq!(scenario.mongo_sets()[0].uri, format!("mongodb://{}/?replicaSet=ehr", hosts.join(",")));
    assert_eq!(sim.hello("ehr", &hosts[0]).await.unwrap().role, Role::Primary);
    assert_eq!(sim.hello("ehr", &hosts[1]).await.unwrap_err().kind, FaultKind::Timeout);
    let window = sim.oplog("ehr", &hosts[2]).await.unwrap();
    assert_eq!(window.last_at.unwrap().since(window.first_at.unwrap()), minutes(52 * 60));
    assert_eq!(sim.config("ehr", &hosts[0]).await.unwrap().term, Some(42));
    assert!(sim.server("ehr", &hosts[0]).await.unwrap().connections.current.unwrap() > 200);
    assert_eq!(sim.hello("ehr", "nowhere:1").await.unwrap_err().kind, FaultKind::Unreachable);
    assert_eq!(sim.calls()["hello"], 3);
}

#[test]
fn tickets_are_told_by_versions_that_have_them_outside_of_the_engine() {
    for (version, are_told) in [("6.0.14", false), ("7.0.9", false), ("8.0.4", true)] {
        let world = world(&set(&[1.0, 1.0, 1.0], &format!("version = '{version}'")), 1);
        let server = world.set().server(0);
        assert_eq!([server.read_tickets.is_some(), server.write_tickets.is_some()], [are_told; 2], "{version}");
    }
}

#[tokio::test]
async fn without_the_role_only_hello_is_answered() {
    for (access, code, words) in [
        ("no-credentials", "Unauthorized", "requires authentication"),
        ("no-role", "Unauthorized", "not authorized on admin"),
        ("wrong-password", "AuthenticationFailed", "Authentication failed"),
    ] {
        let scenario = small(1, &set(&[1.0, 1.0, 1.0], &format!("access = '{access}'")));
        let sim = Sim::new(&scenario, 1, std::sync::Arc::new(ManualClock::at(scenario.start())));
        assert!(sim.hello("s", "m0").await.is_ok());
        let fault = sim.status("s", "m0").await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some(code)));
        assert!(fault.message.contains(words), "{fault}");
    }
}

#[test]
fn the_verbs_of_the_script_reach_their_members() {
    let script = "
        [[at]]
        time = '1m'
        do = 'freeze-member'
        member = 'm0'
        [[at]]
        time = '2m'
        do = 'restore-member'
        member = 'm0'
        [[at]]
        time = '4m'
        do = 'step-down'
        set = 's'
        [[at]]
        time = '6m'
        do = 'kill-member'
        member = 'm2'
        [[at]]
        time = '7m'
        do = 'lag-member'
        member = 'm1'
        by = '20s'
        lasts = '1m'
        [[at]]
        time = '9m'
        do = 'partition-zone'
        zone = 'zb'
        [[at]]
        time = '10m'
        do = 'heal-partition'
        zone = 'zb'
    ";
    let mut world = world(&(set(&[1.0, 1.0, 1.0], "writes = 5") + script), 9);
    let terms = [6, 6, 7, 7].map(|term| {
        world.pass(Duration::from_secs(90));
        (term, world.set().status(1).term.unwrap())
    });
    assert!(terms.iter().all(|(expected, term)| expected == term), "{terms:?}");
    world.advance_to(world.now + minutes(1));
    assert_eq!(world.seen(1, 2).state, MemberState::Down);
    world.pass(minutes(6));
    assert_eq!(world.primaries().len(), 1);
    let unknown = "[[at]]\ntime = '1m'\ndo = 'kill-member'\nmember = 'm9'\n";
    let toml = format!(
        "title='t'\nabout='a'\nhint='h'\nstart='2026-03-14T03:00:00Z'\ncaller={{account='1',region='r',arn='x'}}\n{}{unknown}",
        set(&[1.0], "")
    );
    let error = Scenario::parse(&toml, "bad.toml").unwrap_err().to_string();
    assert!(error.contains("member in the script: unknown \"m9\""), "{error}");
}
