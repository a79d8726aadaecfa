use super::watch::Seen;
use super::*;
use crate::action::Stage;
use crate::model::ecs::{Rollout, Service, Task};

fn running(status: &str, running_tasks: u32) -> Instance {
    Instance { status: Some(Text::from(status)), running_tasks, ..Instance::default() }
}

fn task(group: &str) -> Task {
    Task { group: Some(Text::from(group)), ..Task::default() }
}

fn web(running: u32, pending: u32, minimum: u32) -> Service {
    Service {
        name: Text::from("web"),
        desired: 4,
        running,
        pending,
        rollout: Rollout { minimum_percent: Some(minimum), maximum_percent: Some(200), ..Rollout::default() },
        ..Service::default()
    }
}

fn look(instance: Option<Instance>, tasks: &[&str], service: Service) -> (Stage, String) {
    let tasks = tasks.iter().map(|group| task(group)).collect();
    let seen = Seen { instance, tasks, services: vec![service], daemons: vec![Text::from("log")] };
    let look = seen.judge(&state(Some(&running("ACTIVE", 3))));
    (look.stage, look.text)
}

#[test]
fn it_is_done_once_nothing_is_left_to_move_and_all_run_elsewhere() {
    let draining = |tasks| Some(running("DRAINING", tasks));
    for (told, stage, words) in [
        (look(Some(running("ACTIVE", 3)), &["service:web"], web(4, 0, 100)), Stage::Unseen, "it is ACTIVE"),
        (
            look(draining(3), &["service:web", "service:web", "service:log"], web(4, 1, 100)),
            Stage::Going,
            "left: web 2 (waits for 1 new task to start)",
        ),
        (
            look(draining(3), &["service:web"], web(4, 0, 100)),
            Stage::Going,
            "left: web 1 (4 of 4 run, none may stop before another starts)",
        ),
        (look(draining(3), &["service:web"], web(4, 0, 50)), Stage::Going, "left: web 1 (being moved)"),
        (
            look(draining(2), &["service:log"], web(4, 0, 100)),
            Stage::Going,
            "all tasks of services are told to stop, 1 still run",
        ),
        (
            look(draining(1), &["service:log"], web(3, 1, 100)),
            Stage::Going,
            "nothing left to move; not all run elsewhere yet: web 3 of 4",
        ),
        (
            look(draining(1), &["service:log"], web(4, 0, 100)),
            Stage::Done,
            "it is DRAINING and nothing is left to move",
        ),
        (
            look(draining(1), &["family:migrate"], web(4, 0, 100)),
            Stage::Done,
            "it is DRAINING and nothing is left to move, 1 task of no service stay until they end",
        ),
        (
            look(None, &[], web(4, 0, 100)),
            Stage::Done,
            "it is gone from its cluster, and what ran on it runs elsewhere",
        ),
        (
            look(None, &[], web(3, 1, 100)),
            Stage::Going,
            "it is gone from its cluster; not all run elsewhere yet: web 3 of 4",
        ),
        (
            look(Some(running("INACTIVE", 0)), &[], web(4, 0, 100)),
            Stage::Done,
            "it is gone from its cluster, and what ran on it runs elsewhere",
        ),
        (
            look(Some(running("DEREGISTERING", 0)), &[], web(4, 0, 100)),
            Stage::Going,
            "it is being taken out of its cluster",
        ),
        (
            look(Some(running("REGISTRATION_FAILED", 0)), &[], web(4, 0, 100)),
            Stage::Failed,
            "it is REGISTRATION_FAILED now",
        ),
    ] {
        assert_eq!(told, (stage, words.to_owned()));
    }
}

#[test]
fn one_that_is_active_again_was_taken_back_by_somebody() {
    let seen = Seen { instance: Some(running("ACTIVE", 3)), tasks: vec![], services: vec![], daemons: vec![] };
    assert_eq!(seen.judge(&state(Some(&running("DRAINING", 3)))).stage, Stage::Failed);
}
