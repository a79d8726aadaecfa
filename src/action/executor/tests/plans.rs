//! What a plan finds in the simulated world, and what becomes of it there.

use tokio::time::Instant;

use super::*;
use crate::action::planned;

const PROTECTED: &str = "
    [[at]]
    time = '1s'
    do = 'protect-task'
    service = 'web'
    lasts = '12m'
";

#[tokio::test(start_paused = true)]
async fn a_protected_task_is_told_before_and_holds_the_rollout_until_its_protection_ends() {
    let rig = Rig::on(&scenario("rollback", PROTECTED));
    sleep(Duration::from_secs(2)).await;
    let plan = rig.plan().await;
    let check =
        |id: &str| plan.checks.iter().find(|check| check.id == id).map(|c| (c.level, c.text.to_string())).unwrap();
    let told = "1 task is protected from scale-in until 2026-03-14 03:12:01Z (11m59s): ECS does not stop it before";
    assert_eq!(check("protected"), (Level::Warn, told.to_owned()));
    let (level, image) = check("image");
    assert!(level == Level::Warn && image.starts_with("web: tag 1 is sha256:"), "{image}");
    let began = Instant::now();
    let ended = rig.execute(&plan).await;
    assert_eq!(outcome(&ended).0, Outcome::Done, "{ended:?}");
    assert!(began.elapsed() > Duration::from_secs(12 * 60 - 5), "{:?}", began.elapsed());
    assert!(rig.told("not done after 10m00s"));
}

#[tokio::test(start_paused = true)]
async fn what_a_plan_may_not_read_is_named_and_blocks_nothing() {
    let rig = Rig::new();
    let (protection, revisions) = ("ecs:GetTaskProtection", "ecs:DescribeServiceRevisions");
    for (kind, words) in [(FaultKind::Denied, "to this role"), (FaultKind::Unsupported, "not supported here")] {
        rig.sim.faults().clear();
        rig.sim.faults().fail(protection, kind);
        rig.sim.faults().fail(revisions, kind);
        let plan = rig.plan().await;
        let warned: Vec<&str> = plan.checks(Level::Warn).map(|check| check.id).collect();
        assert_eq!((warned, plan.level()), (vec!["image", "protected", "unread"], Level::Warn));
        let unread = plan.checks.iter().find(|check| check.id == "unread").unwrap();
        assert!([protection, revisions, words].iter().all(|part| unread.text.contains(part)), "{}", unread.text);
        let image = plan.checks.iter().find(|check| check.id == "image").unwrap();
        assert!(image.text.starts_with("web: tag 1 is sha256:"), "the tasks know it too: {}", image.text);
    }
    assert_eq!(outcome(&rig.execute(&rig.plan().await).await).0, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn f8_a_full_cluster_whose_group_may_not_launch_blocks() {
    // Four tasks that fill four instances.
    let full =
        SCENARIO.replace("BREAKER", "off").replace("minimum = 50", "minimum = 100").replace("cpu = 256", "cpu = 4096");
    for (suspended, level) in [("Terminate", Level::Warn), ("Launch", Level::Block)] {
        let group = format!("zones = ['za'], suspended = ['{suspended}'] }}]");
        let rig = Rig::on(&Scenario::parse(&full.replace("zones = ['za'] }]", &group), "test").unwrap());
        let plan = rig.plan().await;
        let room = plan.checks.iter().find(|check| check.id == "room").unwrap();
        assert!(room.level == level && room.text.contains("none may stop first"), "{}", room.text);
        if level == Level::Block {
            assert!(
                room.text.ends_with("g cannot add instances (Launch suspended); instances must come first"),
                "{}",
                room.text
            );
            assert_eq!((refused(&rig.execute(&plan).await).0, rig.sent().0), (vec!["room"], 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f4_a_plan_that_has_waited_is_checked_anew() {
    let rig = Rig::on(&scenario("rollback", &PROTECTED.replace("'1s'", "'4s'")));
    sleep(Duration::from_secs(2)).await;
    let plan = rig.plan().await;
    sleep(Duration::from_secs(10)).await;
    let ended = rig.execute(&plan).await;
    let (ids, words) = refused(&ended);
    assert!(ids == ["changed"] && words.contains("since it was planned: warn: 1 task is protected"), "{words}");
    assert_eq!((rig.sent().0, rig.records()), (0, vec![]));
    // What is no worse than it was does not stand in the way, however old the plan is.
    let plan = rig.plan().await;
    sleep(Duration::from_mins(20)).await;
    assert_eq!(outcome(&rig.execute(&plan).await).0, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_what_cannot_be_tells_no_effect_and_no_undo() {
    let rig = Rig::new();
    let spec = action("desired-count").unwrap();
    for (target, is_void) in [("c/web=4", true), ("c/web=5", false)] {
        let plan = (spec.plan)(&rig.bench, target).await.unwrap();
        assert_eq!((plan.radius.is_empty(), plan.undo == "nothing: it cannot be done"), (is_void, is_void), "{plan:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn f2_a_plan_says_that_its_target_is_in_hand_before_anybody_confirms() {
    let rig = Rig::new();
    let spec = action("force-deploy").unwrap();
    let plan = rig.plan().await;
    let blocked = async || {
        let plan = planned(spec, &rig.bench, "c/web", &rig.audit).await.unwrap();
        plan.checks(Level::Block).map(|check| check.text.to_string()).collect::<Vec<_>>()
    };
    let claim = rig.audit.claim(&plan.target.arn).unwrap().unwrap();
    assert_eq!(blocked().await, ["an action on c/web is under way already; wait until it has ended"]);
    drop(claim);
    assert_eq!(blocked().await, [""; 0]);
}
