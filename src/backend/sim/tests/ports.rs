//! The ports: strict as AWS is.

use std::sync::Arc;

use super::*;
use crate::backend::ports::{Ecs, EcsPreflight, Groups, Listing, Sts, limits};
use crate::backend::sim::{ANY, Sim};
use crate::model::FaultKind;
use crate::time::{ManualClock, Timestamp};

const START: Timestamp = Timestamp::from_secs(1_773_457_200);

fn sim(scenario: &Scenario) -> (Sim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START));
    (Sim::new(scenario, 1, clock.clone()), clock)
}

async fn all(sim: &Sim, what: &Listing) -> Vec<String> {
    let (mut items, mut token) = (Vec::new(), None);
    loop {
        let page = sim.list(what, token.as_deref()).await.unwrap();
        assert!(page.items.len() <= limits::ECS_PAGE);
        items.extend(page.items);
        token = page.next;
        if token.is_none() {
            return items;
        }
    }
}

#[tokio::test]
async fn lists_page_by_a_hundred_and_refuse_foreign_tokens() {
    let (sim, _) = sim(&Scenario::sized(101, 1_001, 11));
    let cluster = all(&sim, &Listing::Clusters).await.remove(0);
    assert_eq!(cluster, "arn:aws:ecs:us-east-1:123456789012:cluster/scale");
    for (what, count) in [
        (Listing::Services(cluster.clone()), 101),
        (Listing::Tasks(cluster.clone()), 1_001),
        (Listing::Instances(cluster.clone()), 11),
        (Listing::StoppedTasks(cluster.clone()), 0),
    ] {
        let items = all(&sim, &what).await;
        let distinct: std::collections::BTreeSet<_> = items.iter().collect();
        assert_eq!((items.len(), distinct.len()), (count, count), "{what:?}");
        assert_eq!(sim.list(&what, Some("bogus")).await.unwrap_err().kind, FaultKind::Rejected);
    }
    let token = sim.list(&Listing::Services(cluster.clone()), None).await.unwrap().next.unwrap();
    let foreign = sim.list(&Listing::Tasks(cluster), Some(&token)).await.unwrap_err();
    assert_eq!(foreign.code.as_deref(), Some("InvalidParameterException"));
    let calls = sim.calls();
    assert_eq!(calls["ecs:ListServices"], 4);
}

#[tokio::test]
async fn describe_calls_keep_their_limits_and_report_what_is_missing() {
    let (sim, _) = sim(&Scenario::sized(11, 101, 3));
    let cluster = "scale";
    let services = all(&sim, &Listing::Services(cluster.to_owned())).await;
    let tasks = all(&sim, &Listing::Tasks(cluster.to_owned())).await;
    assert_eq!(sim.services(cluster, &services).await.unwrap_err().kind, FaultKind::Rejected);
    assert_eq!(sim.tasks(cluster, &tasks).await.unwrap_err().kind, FaultKind::Rejected);
    assert_eq!(sim.services(cluster, &[]).await.unwrap_err().kind, FaultKind::Rejected);
    let ten = sim.services(cluster, &services[..10]).await.unwrap();
    let names: Vec<_> = ten.items.iter().map(|s| s.arn.to_string()).collect();
    assert_eq!((names.as_slice(), ten.failures.len()), (&services[..10], 0));

    let gone = "arn:aws:ecs:us-east-1:123456789012:task/scale/0123".to_owned();
    let two = sim.tasks(cluster, &[gone.clone(), tasks[0].clone()]).await.unwrap();
    assert_eq!(two.items[0].arn, tasks[0].as_str());
    assert_eq!((two.failures[0].0.as_str(), two.failures[0].1.as_str()), (gone.as_str(), "MISSING"));
    let by_name = sim.services(cluster, &["service-0003".to_owned(), "nope".to_owned()]).await.unwrap();
    assert_eq!(by_name.items[0].name, "service-0003");
    assert_eq!(by_name.failures[0].0, "arn:aws:ecs:us-east-1:123456789012:service/scale/nope");
    let unknown = sim.instances("nowhere", &["x".to_owned()]).await.unwrap_err();
    assert_eq!(unknown.code.as_deref(), Some("ClusterNotFoundException"));
    let none = sim.clusters(&[]).await.unwrap();
    assert_eq!(none.failures[0].0, "arn:aws:ecs:us-east-1:123456789012:cluster/default");
    let providers = sim.providers(&["scale-ec2".to_owned(), "nope".to_owned()]).await.unwrap();
    assert_eq!(providers.items[0].group_name().as_deref(), Some("asg-scale"));
    assert_eq!(providers.failures.len(), 1);
}

#[tokio::test]
async fn a_deleted_cluster_is_described_as_inactive_and_not_listed() {
    let toml = "title = 't'\nabout = 'a'\nhint = 'h'\nstart = '2026-03-14T03:00:00Z'\n\
                caller = { account = '1', region = 'r', arn = 'x' }\n\
                cluster = [{ name = 'old', status = 'INACTIVE' }, { name = 'new' }]\n";
    let (sim, _) = sim(&Scenario::parse(toml, "t").unwrap());
    assert_eq!(all(&sim, &Listing::Clusters).await, ["arn:aws:ecs:r:1:cluster/new"]);
    let described = sim.clusters(&["old".to_owned()]).await.unwrap();
    assert_eq!(described.items[0].status.as_deref(), Some("INACTIVE"));
    let listed = sim.list(&Listing::Services("old".to_owned()), None).await.unwrap_err();
    assert_eq!(listed.code.as_deref(), Some("ClusterNotFoundException"));
}

#[tokio::test]
async fn tasks_are_complete_and_stopping_ones_leave_the_running_list() {
    let (sim, clock) = sim(&Scenario::named("ehr-mongo").unwrap());
    let running = all(&sim, &Listing::Tasks("ehr".to_owned())).await;
    assert_eq!(running.len(), 49);
    for task in sim.tasks("ehr", &running).await.unwrap().items {
        assert!(task.az.is_some() && task.instance_arn.is_some() && task.started_at.is_some() && task.size.is_some());
        assert_eq!((task.status.as_deref(), task.connectivity.as_deref()), (Some("RUNNING"), Some("CONNECTED")));
        assert!(task.containers.iter().all(|c| c.image.as_ref().is_some_and(|i| i.contains(':'))));
        assert!(task.stop_code.is_none() && task.stopped_at.is_none());
        assert_eq!(task.provider.is_some(), task.service().is_some());
    }
    let stopped = all(&sim, &Listing::StoppedTasks("ehr".to_owned())).await;
    assert_eq!(stopped.len(), 2);
    for task in sim.tasks("ehr", &stopped).await.unwrap().items {
        assert_eq!((task.status.as_deref(), task.desired_status.as_deref()), (Some("STOPPED"), Some("STOPPED")));
        assert!(task.stop_code.is_some() && task.stopped_reason.is_some() && task.stopped_at.is_some());
    }
    sim.with(|world| world.set_desired("ehr", "ehr-api", 19)).unwrap();
    clock.set(START + Duration::from_secs(1));
    let stopping = all(&sim, &Listing::StoppedTasks("ehr".to_owned())).await;
    assert_eq!(stopping.len(), 3);
    let statuses: Vec<_> =
        sim.tasks("ehr", &stopping).await.unwrap().items.into_iter().filter_map(|t| t.status).collect();
    assert!(statuses.iter().any(|s| *s == "DEACTIVATING"), "{statuses:?}");
}

#[tokio::test]
async fn the_world_follows_the_clock_and_the_caller_is_known() {
    let (sim, clock) = sim(&Scenario::named("ehr-mongo").unwrap());
    let group = |sim: Sim| async move { sim.groups(&["asg-ehr".to_owned()], None).await.unwrap().items.remove(0) };
    let before = group(sim.clone()).await;
    assert_eq!((before.desired, before.maximum, before.minimum), (Some(12), Some(12), Some(5)));
    assert!(before.instances.iter().all(|i| i.lifecycle.as_deref() == Some("InService")));
    clock.set(START + Duration::from_secs(764));
    let api = sim.services("ehr", &["ehr-api".to_owned()]).await.unwrap().items.remove(0);
    assert_eq!((api.running, api.pending), (20, 8));
    assert_eq!(group(sim.clone()).await, before, "nothing scales and nothing says so");
    assert!(sim.groups(&["other".to_owned()], None).await.unwrap().items.is_empty());
    assert_eq!(sim.groups(&[], Some("bogus")).await.unwrap_err().code.as_deref(), Some("InvalidNextToken"));

    let identity = sim.caller().await.unwrap();
    assert_eq!((identity.caller().as_str(), identity.account.as_str()), ("ana@SRE", "123456789012"));
    assert_eq!(identity.expires_at, Some(START + Duration::from_secs(3_884)));
    assert_eq!(identity.region.as_deref(), Some("us-east-1"));
}

#[tokio::test(start_paused = true)]
async fn faults_meet_the_calls_they_are_meant_for() {
    let (sim, clock) = sim(&Scenario::sized(3, 9, 3));
    let listing = Listing::Services("scale".to_owned());
    sim.faults().deny("ecs:ListServices");
    let denied = sim.list(&listing, None).await.unwrap_err();
    assert_eq!((denied.kind, denied.action), (FaultKind::Denied, "ecs:ListServices"));
    assert!(denied.message.contains("assumed-role/SRE/ana is not authorized to perform: ecs:ListServices"));
    assert!(sim.caller().await.is_ok());

    sim.faults().clear();
    sim.faults().delay(ANY, Duration::from_secs(3));
    let began = tokio::time::Instant::now();
    let arns = sim.list(&listing, None).await.unwrap().items;
    assert_eq!(began.elapsed(), Duration::from_secs(3));

    sim.faults().clear();
    sim.faults().hide(&arns[1]);
    let described = sim.services("scale", &arns).await.unwrap();
    assert_eq!((described.items.len(), described.failures[0].0.as_str()), (2, arns[1].as_str()));

    sim.faults().hang("sts:GetCallerIdentity");
    assert!(tokio::time::timeout(Duration::from_secs(60), sim.caller()).await.is_err());
    clock.set(START + Duration::from_secs(60));
    assert_eq!(sim.with(|world| world.now()), START + Duration::from_secs(60));
}

#[tokio::test]
async fn a_scenario_can_bring_its_own_faults() {
    let fault = "[[fault]]\naction = 'sts:GetCallerIdentity'\nwhat = 'expired'\nfrom = '10s'\nuntil = '20s'";
    let (sim, clock) = sim(&small(1, fault));
    let mut kinds = Vec::new();
    for second in [0, 10, 19, 20] {
        clock.set(START + Duration::from_secs(second));
        kinds.push(sim.caller().await.err().map(|fault| fault.kind));
    }
    assert_eq!(kinds, [None, Some(FaultKind::Expired), Some(FaultKind::Expired), None]);
}

#[tokio::test]
async fn a_plan_can_read_what_is_protected_and_what_a_deployment_was_made_of() {
    let script = "[[at]]\ntime = '1s'\ndo = 'protect-task'\nservice = 'web'\ncount = 2\n";
    let (sim, clock) = sim(&small(2, &(service("web", 3, 256, (50, 200), "") + JOB + script)));
    clock.set(START + Duration::from_secs(5));
    let tasks = all(&sim, &Listing::Tasks("c".to_owned())).await;
    let asked = [tasks.clone(), vec!["none".to_owned()]].concat();
    let found = sim.protection("c", &asked).await.unwrap();
    let until = Some(START + Duration::from_secs(1 + 2 * 3_600));
    assert_eq!(found.items.iter().filter(|p| p.enabled && p.expires_at == until).count(), 2);
    assert_eq!(found.items.iter().filter(|p| !p.enabled && p.expires_at.is_none()).count(), 1);
    let why: Vec<&str> = found.failures.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(why, ["TASK_NOT_VALID", "MISSING"]);
    clock.set(START + Duration::from_secs(2 + 2 * 3_600));
    assert!(sim.protection("c", &tasks).await.unwrap().items.iter().all(|p| !p.enabled && p.expires_at.is_none()));

    sim.with(|world| world.force_deployment("c", "web")).unwrap();
    let web = sim.services("c", &["web".to_owned()]).await.unwrap().items.remove(0);
    assert_eq!((web.revisions.len(), web.deployments.len()), (2, 2));
    let mut arns: Vec<String> = web.revisions.iter().map(ToString::to_string).collect();
    arns.push(arns[0].replace("/web/", "/gone/"));
    let found = sim.revisions(&arns).await.unwrap();
    assert_eq!((found.items.len(), &*found.failures[0].1), (2, "MISSING"));
    let image = &found.items[0].images[0];
    assert_eq!((&*image.container, image.name.as_deref()), ("web", Some("web:1")));
    let running = sim.tasks("c", &tasks[..1]).await.unwrap().items.remove(0);
    assert_eq!(running.containers[0].digest, image.digest);
    assert!(image.digest.as_ref().is_some_and(|digest| digest.len() == "sha256:".len() + 64));
    for (most, refused) in [(0, true), (100, false), (101, true)] {
        let tasks = vec!["t".to_owned(); most];
        assert_eq!(sim.protection("c", &tasks).await.is_err(), refused, "{most}");
    }
    assert_eq!(sim.revisions(&vec!["r".to_owned(); 21]).await.unwrap_err().kind, FaultKind::Rejected);
}
