//! What every backend owes the feed of databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rounds::backend::ports::{Backend, Page, limits};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::Fault;
use rounds::time::{Clock, ManualClock, SystemClock, Timestamp};

use crate::backend::{ANY, connect, stack};
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;
use crate::{Verdict, owed, refused};

/// Who is not as AWS is, in which rule, and how.
pub const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("moto", "foreign markers are refused", "they are refused in JSON, which no client of RDS can read"),
    ("moto", "pages of events are bounded", "events come in one page, whatever its size"),
    ("moto", "events are of the window", "it looks at no StartTime"),
    ("moto", "maintenance is listed", "DescribePendingMaintenanceActions is not implemented"),
    ("moto", "targets of no proxy are refused", "it crashes where the proxy is not there"),
    ("ministack", "pages of instances are bounded", "instances come in one page, whatever its size"),
    ("ministack", "foreign markers are refused", "it looks at no marker of instances"),
];

/// What is known to be there.
struct Known {
    instances: BTreeSet<String>,
    now: Timestamp,
}

/// All pages of a list.
pub async fn pages<T>(next: impl AsyncFn(Option<String>) -> Result<Page<T>, Fault>) -> Result<Vec<Vec<T>>, Fault> {
    let (mut pages, mut token) = (Vec::new(), None);
    while pages.len() < 100 {
        let page = patiently(async || next(token.clone()).await).await?;
        pages.push(page.items);
        token = page.next;
        if token.is_none() {
            return Ok(pages);
        }
    }
    panic!("the list does not end");
}

fn bounded<T>(pages: &[Vec<T>]) -> Verdict {
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    owed(sizes.iter().all(|size| *size <= limits::RDS_PAGE), sizes)
}

/// Holds a backend to every rule.
async fn hold(name: &str, aws: &Backend, known: &Known) {
    let instances = pages(async |token| aws.rds.instances(token.as_deref()).await).await.expect("instances");
    let names: Vec<String> = instances.iter().flatten().map(|instance| instance.id.to_string()).collect();
    let distinct: BTreeSet<String> = names.iter().cloned().collect();
    let clusters = pages(async |token| aws.rds.clusters(token.as_deref()).await).await.expect("clusters").concat();
    let stray = clusters.iter().flat_map(|c| &c.members).find(|member| !distinct.contains(&*member.instance));
    let since = known.now - Duration::from_hours(1);
    let events = pages(async |token| aws.rds.events(since, token.as_deref()).await).await.expect("events");
    let early = events.iter().flatten().find(|event| event.at.is_none_or(|at| at < since));
    let later = known.now + Duration::from_hours(1);
    let none = pages(async |token| aws.rds.events(later, token.as_deref()).await)
        .await
        .map_or(0, |pages| pages.concat().len());
    let marker = patiently(async || aws.rds.instances(Some("made up")).await).await;
    let maintenance = pages(async |token| aws.rds.maintenance(token.as_deref()).await).await;
    let nobody = patiently(async || aws.proxies.targets("nobody", None).await).await;
    let verdicts = BTreeMap::from([
        ("instances are listed, none twice", owed(distinct == known.instances && names.len() == distinct.len(), names)),
        ("pages of instances are bounded", bounded(&instances)),
        ("members of clusters are instances", owed(stray.is_none(), stray)),
        ("events are of the window", owed((early, none) == (None, 0), (early, none))),
        ("pages of events are bounded", bounded(&events)),
        ("foreign markers are refused", refused(marker.map(|page| page.items.len()), "InvalidParameterValue")),
        ("maintenance is listed", owed(maintenance.is_ok(), maintenance.err())),
        ("targets of no proxy are refused", refused(nobody.map(|page| page.items.len()), "DBProxyNotFoundFault")),
    ]);
    let told: BTreeSet<&str> = DEVIATIONS.iter().filter(|(who, ..)| *who == name).map(|(_, rule, _)| *rule).collect();
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert_eq!(broken.keys().copied().collect::<BTreeSet<_>>(), told, "{name}: {broken:#?}");
}

/// Databases of a simulated world, by the names it gives them; too few for a second page.
async fn simulated() -> (Sim, Arc<ManualClock>, Known) {
    let scenario = Scenario::named("ehr-aurora").expect("a scenario");
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let page = sim.backend().rds.instances(None).await.expect("instances");
    let instances: BTreeSet<String> = page.items.iter().map(|instance| instance.id.to_string()).collect();
    assert!(instances.len() > 1 && page.next.is_none(), "{instances:?}");
    let now = clock.now();
    (sim, clock, Known { instances, now })
}

#[tokio::test]
async fn databases_of_the_simulated_world() {
    let (sim, _, known) = simulated().await;
    hold("simulator", &sim.backend(), &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_the_strict_loopback() {
    let (sim, clock, known) = simulated().await;
    let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.expect("it listens");
    hold("loopback", &connect(&stack(&server.endpoint_url(), &[]), ANY).await, &known).await;
    assert_eq!(server.counters().strays, 0);
}

/// An emulator that boto3 has filled.
async fn emulated(name: &'static str) {
    let Some(testbed) = testbed() else { return };
    let server = Server::start(testbed, &format!("{name}_server.py"));
    let listed = second_opinion(testbed, &[&server.endpoint, "databases", "98"]);
    let listed = listed["instances"].as_array().expect("a list");
    let names = listed.iter().filter_map(|instance| Some(instance["DBInstanceIdentifier"].as_str()?.to_owned()));
    let known = Known { instances: names.collect(), now: SystemClock.now() };
    assert_eq!(known.instances.len(), 102);
    hold(name, &connect(&stack(&server.endpoint, &[]), ANY).await, &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_moto() {
    emulated("moto").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_ministack() {
    emulated("ministack").await;
}
