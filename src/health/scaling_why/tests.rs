use super::super::fixture::*;
use super::*;
use crate::model::alarm::Alarm;
use crate::model::ecs::Instance;
use crate::model::scaling::{Suspended, Target};

fn target_says(world: &World) -> Why {
    let facts = world.facts(now());
    facts.derived::<ScalingWhy>().of_target(&target().resource).cloned().unwrap()
}

fn group_says(world: &World) -> String {
    facts_group(world).sentence
}

fn facts_group(world: &World) -> Why {
    let facts = world.facts(now());
    facts.derived::<ScalingWhy>().of_group(&Text::from("asg-ehr")).cloned().unwrap()
}

fn asking(desired: u32) -> World {
    with(service(desired, desired)).with_target(28).alarms([cpu_high("ALARM")])
}

/// What stands in the way of `ehr-api` after this change to its target.
fn held_by(change: fn(&mut World)) -> Option<Held> {
    let mut world = asking(20);
    change(&mut world);
    target_says(&world).held
}

#[test]
fn one_sentence_joins_alarm_policy_bounds_room_and_the_last_activity() {
    let hosts: Vec<Instance> = ["us-east-1a", "us-east-1c"].map(|zone| instance(zone, zone, 0)).to_vec();
    let on = |n: usize| task(&n.to_string(), &hosts[n % 2]);
    let unable = event(
        4,
        "was unable to place a task because no container instance met all of its requirements: insufficient CPU",
    );
    let mut world = with(service(20, 28))
        .tasks((0..20).map(on))
        .instances(hosts.clone())
        .scaled(group(5, 12, 12))
        .reserved(&[(30, 100.0), (5, 125.0)])
        .with_target(28)
        .alarms([cpu_high("ALARM")])
        .did([activity(5, "Successful", 28)]);
    world.services[0].events = vec![unable];
    let why = target_says(&world);
    assert_eq!(
        why.sentence,
        "ehr-api 20/28, 4 to 28 allowed: ehr-api-cpu-high is in ALARM and asks for more by policy cpu-out, but it is at its \
         maximum of 28; no room for 8 tasks (asg-ehr 12/12, at max), headroom 0, reservation 125% of 100%; last: Setting \
         desired count to 28 at 03:07:44Z (Successful)"
    );
    assert_eq!(
        (why.wish, why.held),
        (Wish::Change(Direction::Out, "ehr-api-cpu-high".to_owned()), Some(Held::AtMaximum(28)))
    );
    assert_eq!(
        group_says(&world),
        "asg-ehr 12, 5 to 12 allowed: reservation 125% of 100% asks for more, but it is at its maximum of 12; last: not known"
    );
}

fn shrinks(world: &mut World) {
    world.scaling.get_or_insert_default().policies[0].steps = Some((-2, -1));
}

fn bound(world: &mut World) -> &mut Target {
    &mut world.scaling.get_or_insert_default().targets[0]
}

#[test]
fn what_stands_in_the_way_is_named_the_first_cause_first() {
    assert_eq!(held_by(|_| {}), None);
    let off =
        |world: &mut World| bound(world).suspended = Some(Suspended { scaling_out: true, ..Suspended::default() });
    assert_eq!(held_by(off), Some(Held::Suspended(Direction::Out)));
    let muted = |world: &mut World| {
        *world = world.clone().alarms([Alarm { actions_enabled: Some(false), ..cpu_high("ALARM") }]);
    };
    assert_eq!(held_by(muted), Some(Held::NotCalled));
    assert_eq!(held_by(|world| bound(world).maximum = Some(20)), Some(Held::AtMaximum(20)));
    let failed = |world: &mut World| *world = world.clone().did([activity(1, "Failed", 22)]);
    assert_eq!(held_by(failed), Some(Held::Failed(String::new())));
    let refused = |world: &mut World| {
        let reason = NotScaled { code: Text::from("AutoScalingAnticipatedFlapping"), ..NotScaled::default() };
        *world = world.clone().did([Activity { not_scaled: vec![reason], ..activity(1, "Successful", 22) }]);
    };
    assert_eq!(held_by(refused), Some(Held::Reason(Text::from("AutoScalingAnticipatedFlapping"))));
    assert_eq!(held_by(shrinks), None);
    let deploys = |world: &mut World| {
        shrinks(world);
        world.services[0].deployments = vec![deployment("IN_PROGRESS", 1, 2)];
    };
    assert_eq!(held_by(deploys), Some(Held::Deployment));
    let never = |world: &mut World| {
        shrinks(world);
        world.scaling.get_or_insert_default().policies[0].scale_in_disabled = Some(true);
    };
    assert_eq!(held_by(never), Some(Held::NeverIn));
    let least = |world: &mut World| {
        shrinks(world);
        bound(world).minimum = Some(20);
    };
    assert_eq!(held_by(least), Some(Held::AtMinimum(20)));
}

#[test]
fn what_is_not_known_is_said_to_be_not_known() {
    let says = |world: &World| target_says(world).sentence;
    let quiet = asking(20).alarms([cpu_high("OK")]);
    let head = "ehr-api 20/20, 4 to 28 allowed:";
    assert_eq!(says(&quiet), format!("{head} no alarm asks for a change; last: no activity known"));
    let unread = World { alarms: None, ..quiet.clone() };
    assert_eq!(says(&unread), format!("{head} what its alarms ask for is not known; last: no activity known"));
    let mut free = quiet.clone();
    free.scaling.get_or_insert_default().policies.clear();
    assert_eq!(says(&free), format!("{head} no policy scales it; last: no activity known"));
    let gone = World { services: vec![], ..quiet };
    assert!(says(&gone).starts_with("ehr-api, 4 to 28 allowed: no alarm"), "{}", says(&gone));
    let known = with(service(2, 2)).scaled(group(5, 6, 12));
    assert_eq!(
        group_says(&known),
        "asg-ehr 6, 5 to 12 allowed: what its capacity provider asks for is not known; last: not known"
    );
    let stale = known.reserved(&[(5, 125.0)]);
    let later = stale.facts(now() + std::time::Duration::from_secs(600));
    let why = later.derived::<ScalingWhy>().of_group(&Text::from("asg-ehr")).cloned().unwrap();
    assert_eq!(why.wish, Wish::Unknown, "a point of ten minutes ago says nothing of now");
}

#[test]
fn a_group_says_what_it_launches_and_what_failed() {
    let asked = with(service(2, 2)).scaled(group(5, 6, 12)).reserved(&[(5, 125.0)]);
    let mut failed = launch(3, "Failed");
    failed.message = text("no capacity.");
    assert_eq!(facts_group(&asked.clone().group_did([failed])).held, Some(Held::Failed("no capacity".to_owned())));
    let mut starting = asked.group_did([launch(1, "InProgress")]);
    starting.groups.get_or_insert_default().groups[0].instances[0].lifecycle = text("Pending");
    assert_eq!(
        group_says(&starting),
        "asg-ehr 6, 5 to 12 allowed: reservation 125% of 100% asks for more; 1 instance starting; last: Launching a new EC2 \
         instance at 03:11:44Z (InProgress)"
    );
}
