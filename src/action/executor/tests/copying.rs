//! The copy of the audit: what goes to the log group, and that nothing hangs on it.

use super::*;
use crate::action::settle::{Settled, settle};
use crate::backend::ports::LogStream;

const GROUP: &str = "rounds/audit";
const PUT: &str = "logs:PutLogEvents";

/// A world with this log group, on a stack that copies its audit to [`GROUP`].
fn rig(group: &str) -> Rig {
    let with_group =
        SCENARIO.replace("BREAKER", "rollback").replacen("hint", &format!("log_groups = ['{group}']\nhint"), 1);
    let mut rig = Rig::on(&Scenario::parse(&with_group, "test").unwrap());
    rig.bench.stack.audit_log_group = Some(GROUP.to_owned());
    rig
}

impl Rig {
    /// What the stream of this person at this machine holds.
    fn copied(&self, host: &str, user: &str) -> Vec<String> {
        let stream = LogStream { group: GROUP.to_owned(), name: format!("{host}/{user}") };
        self.sim.with(|world| {
            world.log_events(&stream).unwrap_or_default().iter().map(|event| event.line.clone()).collect()
        })
    }

    fn copied_here(&self) -> Vec<String> {
        let here = Actor::here(&BTreeMap::new());
        self.copied(&here.host, &here.user)
    }

    /// The lines on the disk.
    fn lines(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.dir.path().join("audit")).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
        files
            .flat_map(|path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    fn calls(&self, action: &str) -> u64 {
        self.sim.calls().get(action).copied().unwrap_or(0)
    }
}

fn is_done(ended: &Ended) -> bool {
    matches!(ended, Ended::Sent(Outcome::Done, _))
}

#[tokio::test(start_paused = true)]
async fn each_record_is_copied_as_it_stands_on_the_disk() {
    let rig = rig(GROUP);
    let ended = rig.execute(&rig.plan().await).await;
    assert!(is_done(&ended), "{ended:?}");
    assert_eq!(rig.records(), ["intent -", "result applied", "outcome done"]);
    assert_eq!(rig.copied_here(), rig.lines());
    assert_eq!((rig.calls("logs:CreateLogStream"), rig.lines().len()), (1, 3));
    assert!(!rig.told("log group"));
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_a_group_sends_nothing_there() {
    let mut rig = rig(GROUP);
    rig.bench.stack.audit_log_group = None;
    assert!(is_done(&rig.execute(&rig.plan().await).await));
    assert_eq!((rig.calls(PUT), rig.lines().len()), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_not_there_is_told_and_stops_nothing() {
    let rig = rig("another");
    assert!(is_done(&rig.execute(&rig.plan().await).await));
    assert_eq!((rig.records().len(), rig.sent()), (3, (1, 1)));
    assert!(rig.told("not copied to the log group rounds/audit yet: "));
    assert!(rig.told("the copy of the audit in the log group rounds/audit lacks 3 records: "));
    assert!(rig.told("The specified log group does not exist."));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_written_with_the_next_record() {
    let rig = rig(GROUP);
    rig.sim.faults().fail_times(PUT, FaultKind::Server, 2);
    assert!(is_done(&rig.execute(&rig.plan().await).await));
    assert!(rig.told("yet: ") && !rig.told("lacks"));
    assert_eq!(rig.copied_here(), rig.lines());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_delays_no_request() {
    let rig = rig(GROUP);
    rig.sim.faults().delay(PUT, Duration::from_hours(1));
    let plan = rig.plan().await;
    let began = rig.bench.clock.now();
    let sent = async {
        while rig.sent().1 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        rig.bench.clock.now().since(began)
    };
    let (ended, sent) = tokio::join!(rig.execute(&plan), sent);
    assert!(is_done(&ended) && sent < Duration::from_secs(1), "{ended:?} {sent:?}");
    assert!(rig.told("may lack 3 records: ") && rig.told("no answer within 5 s"));
}

#[tokio::test(start_paused = true)]
async fn what_settling_notes_is_copied_too_and_its_failure_told() {
    for fails in [false, true] {
        let rig = rig(GROUP);
        rig.sim.faults().delay(Change::FORCE_DEPLOYMENT, Duration::from_secs(5));
        rig.abandon(1).await;
        rig.sim.faults().clear();
        sleep(UNSEEN).await;
        if fails {
            rig.sim.faults().fail_times(PUT, FaultKind::Denied, 9);
        }
        let open = rig.audit.open().unwrap();
        let told = settle(&open[0], &rig.bench, &rig.audit, &Actor::named("ben:x", "elsewhere")).await;
        let Settled::Known(Outcome::Failed, text) = &told else { panic!("{told:?}") };
        assert_eq!(text.contains("; not copied to its log group: "), fails, "{text}");
        let copied = if fails { vec![] } else { vec![rig.lines().pop().unwrap()] };
        assert_eq!(rig.copied("elsewhere", "ben-x"), copied);
    }
}
