//! Many consoles on one account: what an incident brings.

use std::io::Write as _;
use std::time::Duration;

use rounds::backend::sim::{ANY, Scenario};
use rounds::model::FaultKind;

use crate::crowded::Crowd;

const CONSOLES: usize = 20;
const MINUTE: Duration = Duration::from_mins(1);

/// How many there are now that were not there before, and what part of the first the second are, in per mille.
fn since(before: (u64, u64), now: (u64, u64)) -> (u64, u64) {
    let calls = now.0 - before.0;
    (calls, (now.1 - before.1) * 1_000 / calls.max(1))
}

#[tokio::test(start_paused = true)]
async fn twenty_consoles_on_one_account_leave_room_for_each_other_and_for_an_action() {
    fastrand::seed(7);
    let crowd = Crowd::on(&Scenario::sized(25, 120, 17), CONSOLES);
    let mut acks = Vec::new();
    let mut marks = vec![crowd.calls()];
    for minute in 0..5 {
        tokio::time::sleep(MINUTE / 2).await;
        acks.push(crowd.act(minute * 4).await);
        tokio::time::sleep(MINUTE / 2).await;
        marks.push(crowd.calls());
    }
    let minutes: Vec<(u64, u64)> = marks.windows(2).map(|pair| since(pair[0], pair[1])).collect();
    writeln!(std::io::stderr(), "calls and throttled per mille, by the minute: {minutes:?}; actions: {acks:?}")
        .unwrap();
    // They begin in the same second; from then on they share.
    let (_, throttled) = since(marks[1], marks[5]);
    assert!(throttled <= 10, "{minutes:?} {:?}", crowd.sim.throttled());
    assert!(acks.iter().all(|took| *took <= Duration::from_secs(3)), "{acks:?}");
    assert!(minutes.iter().all(|(calls, _)| *calls > 20 * 60), "each of them still reads: {minutes:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_storm_of_throttling_they_come_back_and_not_together() {
    fastrand::seed(8);
    let crowd = Crowd::on(&Scenario::sized(8, 40, 5), CONSOLES);
    tokio::time::sleep(MINUTE).await;
    let start = crowd.calls();
    tokio::time::sleep(MINUTE).await;
    let (usual, _) = since(start, crowd.calls());
    crowd.sim.faults().fail(ANY, FaultKind::Throttled);
    tokio::time::sleep(MINUTE * 2).await;
    crowd.sim.faults().clear();
    let over = crowd.clock.now();
    let (mut most, mut before) = (0, crowd.calls());
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = crowd.calls();
        most = most.max(now.0 - before.0);
        before = now;
    }
    let start = crowd.calls();
    tokio::time::sleep(MINUTE).await;
    let (calls, throttled) = since(start, crowd.calls());
    writeln!(std::io::stderr(), "a minute before {usual} calls, after {calls}; most in a second {most}").unwrap();
    for member in &crowd.members {
        let read_at = member.read_at.lock().unwrap();
        assert!(read_at.get("ecs").is_some_and(|times| times.iter().any(|at| *at > over)), "everybody reads again");
    }
    assert!(calls * 10 >= usual * 6 && throttled <= 10, "{usual} calls a minute before, {calls} after, {throttled}");
    // Were all twenty to come in one second, it would be a minute's calls of each at once.
    assert!(most * 8 <= usual, "{most} calls in one second, {usual} in a usual minute");
}
