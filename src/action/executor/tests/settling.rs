//! What was left open is settled by reading.

use super::*;
use crate::action::settle::{Settled, settle};

impl Rig {
    /// Carries it out until it has been told so often, as far as a program comes that is killed then.
    pub(super) async fn abandon(&self, told: usize) {
        let plan = self.plan().await;
        let done = async {
            let ended = self.execute(&plan).await;
            panic!("it ended: {ended:?}");
        };
        let killed = async {
            while self.told.lock().unwrap().len() < told {
                sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = done => {}
            () = killed => {}
        }
    }

    /// Settles the one that is open.
    async fn settle(&self) -> Settled {
        let open = self.audit.open().unwrap();
        let [open] = open.as_slice() else { panic!("{open:?}") };
        assert_eq!(open.name(), "record 1: force-deploy of c/web");
        settle(open, &self.bench, &self.audit, &Actor::named("ben", "elsewhere")).await
    }

    /// The last record.
    fn last(&self) -> serde_json::Value {
        self.audit.entries().unwrap().last().unwrap().record.clone().unwrap()
    }
}

fn stays(settled: &Settled, words: &str) {
    assert!(matches!(settled, Settled::Stays(why) if why.contains(words)), "{settled:?}");
}

#[tokio::test(start_paused = true)]
async fn killed_between_intent_and_result_what_became_of_it_is_read() {
    let rig = Rig::new();
    rig.sim.faults().delay(Change::FORCE_DEPLOYMENT, Duration::from_secs(5));
    rig.abandon(1).await;
    assert_eq!((rig.records(), rig.sent().1), (vec!["intent -".to_owned()], 0));
    rig.sim.faults().clear();
    // It may still be on its way.
    stays(&rig.settle().await, "nothing of it is to be seen yet");
    assert_eq!(rig.records(), ["intent -"]);
    sleep(UNSEEN).await;
    let told = rig.settle().await;
    assert!(
        matches!(&told, Settled::Known(Outcome::Failed, text) if text.starts_with("it was not carried out")),
        "{told:?}"
    );
    assert_eq!(rig.records(), ["intent -", "outcome failed"]);
    let last = rig.last();
    assert_eq!((&last["verify"]["state"], &last["actor"]["os_user"]), (&"settled by reading".into(), &"ben".into()));
    assert_eq!((&last["host"], &last["reason"]), (&"elsewhere".into(), &"stuck connections".into()));
    let sent = rig.sent().0;
    assert_eq!((rig.audit.open().unwrap(), rig.audit.unfinished().unwrap().len()), (vec![], 0));
    assert_eq!(rig.sent().0, sent, "nothing was sent for it");
}

#[tokio::test(start_paused = true)]
async fn killed_between_result_and_outcome_it_is_followed_to_its_end() {
    let rig = Rig::new();
    rig.abandon(2).await;
    assert_eq!(rig.records(), ["intent -", "result applied"]);
    stays(&rig.settle().await, "it goes on: ");
    sleep(WATCH).await;
    let told = rig.settle().await;
    assert!(matches!(&told, Settled::Known(Outcome::Done, text) if text.contains("completed")), "{told:?}");
    assert_eq!(
        (rig.records(), rig.sent()),
        (vec!["intent -".into(), "result applied".into(), "outcome done".into()], (1, 1))
    );
    let fields = |n: usize| {
        let record = rig.audit.entries().unwrap()[n].record.clone().unwrap();
        record.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(fields(0), fields(2), "every record has every field");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_settled_and_a_known_one_is_not_open() {
    let rig = Rig::new();
    rig.execute_until(&rig.plan().await, soon()).await;
    assert_eq!(rig.records().last().unwrap(), "outcome unknown");
    sleep(WATCH).await;
    assert!(matches!(rig.settle().await, Settled::Known(Outcome::Done, _)));
    assert_eq!(rig.records(), ["intent -", "result applied", "outcome unknown", "outcome done"]);
    assert_eq!(rig.audit.open(), Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_is_elsewhere_stays_open() {
    let mut rig = Rig::new();
    rig.abandon(2).await;
    sleep(WATCH).await;
    rig.sim.faults().fail("ecs:DescribeServices", FaultKind::Unreachable);
    stays(&rig.settle().await, "it cannot be read: ");
    rig.sim.faults().clear();
    rig.sim.faults().fail("sts:GetCallerIdentity", FaultKind::Expired);
    stays(&rig.settle().await, "who asks cannot be read");
    rig.sim.faults().clear();
    let claim = rig.audit.claim(&rig.plan().await.target.arn).unwrap();
    stays(&rig.settle().await, "it is under way");
    drop(claim);
    // Another account of the same name.
    let elsewhere = SCENARIO.replace("123456789012", "210987654321").replace("BREAKER", "rollback");
    let kept = std::mem::replace(&mut rig, Rig::on(&Scenario::parse(&elsewhere, "test").unwrap()));
    rig.audit = kept.audit.clone();
    stays(&rig.settle().await, "its account was 123456789012, asked is 210987654321");
    assert_eq!(kept.records(), ["intent -", "result applied"]);
}

fn failed(settled: &Settled, words: &str) {
    assert!(matches!(settled, Settled::Known(Outcome::Failed, text) if text.contains(words)), "{settled:?}");
}

#[tokio::test(start_paused = true)]
async fn a_later_deployment_is_not_taken_for_one_whose_answer_nobody_saw() {
    for (after, is_ours) in [(Duration::from_secs(30), true), (Duration::from_mins(10), false)] {
        let rig = Rig::new();
        rig.sim.faults().delay(Change::FORCE_DEPLOYMENT, Duration::from_secs(5));
        rig.abandon(1).await;
        rig.sim.faults().clear();
        sleep(after).await;
        // Somebody else has it deployed anew.
        let service = rig.sim.with(|world| world.service_facts(0));
        rig.sim.with(|world| world.force_deployment(&service.cluster_arn, &service.arn)).unwrap();
        sleep(WATCH).await;
        let told = rig.settle().await;
        if is_ours {
            let taken = "whether it was sent is not recorded, so this is taken to be its doing";
            assert!(matches!(&told, Settled::Known(Outcome::Done, text) if text.contains(taken)), "{told:?}");
        } else {
            let words = "can be told no more, for another came since: deployment ecs-svc/";
            assert!(matches!(&told, Settled::Known(Outcome::Unknown, text) if text.contains(words)), "{told:?}");
        }
        assert_eq!(rig.audit.open(), Ok(vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_and_undone_since_does_not_stay_open() {
    let mut rig = Rig::new();
    rig.rules.allow = vec!["drain".to_owned()];
    let index = rig.bench.cluster("c").await.unwrap().facts.derived::<crate::model::ecs::EcsIndex>();
    let cluster = rig.sim.with(|world| world.service_facts(0)).cluster_arn;
    let instance = index.instances(&cluster)[0].label().to_string();
    let plan = (action("drain").unwrap().plan)(&rig.bench, &instance).await.unwrap();
    rig.confirmation.name = plan.confirm();
    rig.execute_until(&plan, soon()).await;
    assert_eq!(rig.records().last().unwrap(), "outcome unknown");
    rig.sim
        .with(|world| world.set_instance_state(&cluster, &plan.target.arn, crate::backend::sim::State::Active))
        .unwrap();
    let settled = async || {
        let open = rig.audit.open().unwrap();
        settle(&open[0], &rig.bench, &rig.audit, &Actor::named("ben", "elsewhere")).await
    };
    stays(&settled().await, "nothing of it is to be seen yet");
    sleep(WATCH).await;
    failed(&settled().await, "nothing of it is left: it is ACTIVE");
    assert_eq!(rig.audit.open(), Ok(vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_can_be_told_no_more_and_does_not_stay_open() {
    let rig = Rig::new();
    rig.abandon(2).await;
    let without = SCENARIO.replace("'web'", "'api'").replace("BREAKER", "rollback");
    let later = Rig { audit: rig.audit.clone(), ..Rig::on(&Scenario::parse(&without, "test").unwrap()) };
    stays(&later.settle().await, "there is no service \"web\" in c");
    sleep(WATCH).await;
    let told = later.settle().await;
    let words = "what became of it cannot be read any more: there is no service \"web\" in c";
    assert!(matches!(&told, Settled::Known(Outcome::Unknown, text) if text == words), "{told:?}");
    assert_eq!(rig.last()["verify"]["state"], "nothing left to read");
    assert_eq!(rig.audit.open(), Ok(vec![]));
}
