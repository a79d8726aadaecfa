//! What every backend owes its feeds: one suite of rules, held to the simulated world, to the same world over HTTP, to two
//! emulators, and, for replica sets, to `mongod`s as they are. Where an emulator is not as AWS is, [`DEVIATIONS`] says so, and
//! says it exactly: a rule that is kept after all fails the suite too.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

#[path = "support/backend.rs"]
mod backend;
#[path = "contract/databases.rs"]
mod databases;
#[path = "contract/findings.rs"]
mod findings;
#[path = "contract/mongo.rs"]
mod mongo;
#[path = "support/mongod.rs"]
mod mongod;
#[path = "support/patience.rs"]
mod patience;
#[path = "contract/scaling.rs"]
mod scaling;
#[path = "contract/secrets.rs"]
mod secrets;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backend::{ANY, connect, stack};
use patience::patiently;
use rounds::backend::ports::{Backend, Described, Listing, Page, limits};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::ecs::{Instance, Service, Task};
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;
use rounds::time::{ManualClock, Timestamp};
use support::opinion::second_opinion;
use support::python::{self, testbed};
use support::server::Server;

/// Who is not as AWS is, in which rule, and how.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("moto", "pages are bounded", "lists of ECS come in one page, whatever its size"),
    ("moto", "foreign tokens are refused", "it does not page, so it looks at no token"),
    ("moto", "too many are refused", "DescribeServices and DescribeTasks take any number"),
    ("moto", "unknown tasks are missing", "DescribeTasks says nothing of them"),
    ("moto", "unknown instances are missing", "the ARN it says is missing lacks the cluster"),
    ("moto", "services run what they want", "it starts no tasks for services"),
    ("moto", "services have their bounds", "it leaves deploymentConfiguration out"),
    ("ministack", "pages are bounded", "lists of ECS come in one page, whatever its size"),
    ("ministack", "foreign tokens are refused", "it does not page, so it looks at no token"),
    ("ministack", "too many are refused", "describe operations take any number"),
    ("ministack", "unknown instances are missing", "DescribeContainerInstances says nothing of them"),
    ("ministack", "unknown clusters are refused", "lists of a cluster that is not there are empty"),
    ("ministack", "instances are listed", "RegisterContainerInstance is not there, so there are none"),
];

/// What a world is known to hold in the cluster `scale`.
struct Known {
    /// Services by name, and how many tasks they want.
    services: BTreeMap<String, u32>,
    tasks: usize,
    instances: usize,
    /// Minimum and maximum healthy percent.
    bounds: (u32, u32),
}

type Verdict = Result<(), String>;

fn owed(kept: bool, found: impl std::fmt::Debug) -> Verdict {
    if kept { Ok(()) } else { Err(format!("{found:?}")) }
}

/// A backend and what it should hold.
struct Held<'a> {
    aws: &'a Backend,
    known: &'a Known,
    cluster: String,
}

/// Everything read in one go.
#[derive(Debug, PartialEq)]
struct Read {
    services: Vec<Service>,
    tasks: Vec<Task>,
    instances: Vec<Instance>,
}

impl Held<'_> {
    async fn page(&self, what: &Listing, token: Option<&str>) -> Result<Page<String>, Fault> {
        patiently(async || self.aws.ecs.list(what, token).await).await
    }

    /// All pages.
    async fn pages(&self, what: Listing) -> Vec<Vec<String>> {
        let (mut pages, mut token) = (Vec::new(), None);
        while pages.len() < 100 {
            let page = self.page(&what, token.as_deref()).await.expect("a page");
            pages.push(page.items);
            token = page.next;
            if token.is_none() {
                return pages;
            }
        }
        panic!("{what:?} does not end");
    }

    fn lists(&self) -> [Listing; 4] {
        let cluster = || self.cluster.clone();
        [Listing::Clusters, Listing::Services(cluster()), Listing::Tasks(cluster()), Listing::Instances(cluster())]
    }

    async fn read(&self) -> Read {
        let [_, services, tasks, instances] = self.lists();
        let mut read = Read { services: vec![], tasks: vec![], instances: vec![] };
        for batch in self.pages(services).await.concat().chunks(limits::ECS_DESCRIBE_SERVICES) {
            read.services.extend(whole(patiently(async || self.aws.ecs.services(&self.cluster, batch).await).await));
        }
        for batch in self.pages(tasks).await.concat().chunks(limits::ECS_DESCRIBE) {
            read.tasks.extend(whole(patiently(async || self.aws.ecs.tasks(&self.cluster, batch).await).await));
        }
        for batch in self.pages(instances).await.concat().chunks(limits::ECS_DESCRIBE) {
            read.instances.extend(whole(patiently(async || self.aws.ecs.instances(&self.cluster, batch).await).await));
        }
        read
    }

    async fn complete(&self) -> Verdict {
        let mut counts = Vec::new();
        for what in self.lists() {
            let all = self.pages(what).await.concat();
            let distinct: BTreeSet<&String> = all.iter().collect();
            if distinct.len() != all.len() {
                return Err(format!("repeats among {}", all.len()));
            }
            counts.push(all.len());
        }
        owed(counts[1..3] == [self.known.services.len(), self.known.tasks], counts)
    }

    async fn instances_listed(&self) -> Verdict {
        let count = self.pages(Listing::Instances(self.cluster.clone())).await.concat().len();
        owed(count == self.known.instances, count)
    }

    async fn paged(&self) -> Verdict {
        let pages = self.pages(Listing::Services(self.cluster.clone())).await;
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        owed(sizes.len() > 1 && sizes.iter().all(|size| *size <= limits::ECS_PAGE), sizes)
    }

    async fn token(&self) -> Verdict {
        let answer = self.page(&Listing::Services(self.cluster.clone()), Some("made up")).await;
        refused(answer.map(|page| page.items.len()), "InvalidParameterException")
    }

    async fn unknown_cluster(&self) -> Verdict {
        let answer = self.page(&Listing::Services("nowhere".to_owned()), None).await;
        refused(answer.map(|page| page.items.len()), "ClusterNotFoundException")
    }

    /// An ARN as those of this cluster are, of something that is not there.
    fn nobody(&self, kind: &str) -> String {
        format!("{}/00000000000000000000000000000000", self.cluster.replace(":cluster/", &format!(":{kind}/")))
    }

    async fn unknown_service(&self) -> Verdict {
        let asked = [self.nobody("service")];
        missing(&asked[0], patiently(async || self.aws.ecs.services(&self.cluster, &asked).await).await)
    }

    async fn unknown_task(&self) -> Verdict {
        let asked = [self.nobody("task")];
        missing(&asked[0], patiently(async || self.aws.ecs.tasks(&self.cluster, &asked).await).await)
    }

    async fn unknown_instance(&self) -> Verdict {
        let asked = [self.nobody("container-instance")];
        missing(&asked[0], patiently(async || self.aws.ecs.instances(&self.cluster, &asked).await).await)
    }

    async fn unknown_described_cluster(&self) -> Verdict {
        let asked = [self.cluster.replace("scale", "nowhere")];
        missing(&asked[0], patiently(async || self.aws.ecs.clusters(&asked).await).await)
    }

    async fn too_many(&self) -> Verdict {
        let of = |count: usize| vec![self.nobody("task"); count];
        let (services, tasks) = (of(limits::ECS_DESCRIBE_SERVICES + 1), of(limits::ECS_DESCRIBE + 1));
        let answer = patiently(async || self.aws.ecs.services(&self.cluster, &services).await).await;
        refused(answer.map(|found| found.items.len()), "InvalidParameterException")?;
        let answer = patiently(async || self.aws.ecs.tasks(&self.cluster, &tasks).await).await;
        refused(answer.map(|found| found.items.len()), "InvalidParameterException")
    }

    async fn caller(&self) -> Verdict {
        let caller = patiently(async || self.aws.sts.caller().await).await.expect("an identity");
        let digits = caller.account.chars().filter(char::is_ascii_digit).count();
        let of_account = self.cluster.contains(&format!(":{}:", caller.account));
        owed((digits, caller.account.len(), of_account) == (12, 12, true), caller)
    }

    async fn named_groups(&self) -> Verdict {
        let names = ["no such group".to_owned()];
        let page = patiently(async || self.aws.groups.groups(&names, None).await).await.expect("an answer");
        owed((page.items.len(), &page.next) == (0, &None), page)
    }
}

/// The items of an answer without failures.
fn whole<T>(answer: Result<Described<T>, Fault>) -> Vec<T> {
    let answer = answer.expect("an answer");
    assert_eq!(answer.failures, []);
    answer.items
}

fn refused(answer: Result<usize, Fault>, code: &str) -> Verdict {
    match answer {
        Err(fault) => owed(fault.kind == FaultKind::Rejected && fault.code.as_deref() == Some(code), fault),
        Ok(found) => Err(format!("answered with {found}")),
    }
}

fn missing<T: std::fmt::Debug>(asked: &str, answer: Result<Described<T>, Fault>) -> Verdict {
    let expected = [(Text::from(asked), Text::from("MISSING"))];
    owed(answer.as_ref().is_ok_and(|found| found.items.is_empty() && found.failures == expected), answer)
}

/// What the facts themselves owe.
fn facts(read: &Read, known: &Known) -> [(&'static str, Verdict); 4] {
    let wanted: BTreeMap<String, u32> = read.services.iter().map(|s| (s.name.to_string(), s.desired)).collect();
    let active = read.services.iter().all(|s| s.status.as_deref() == Some("ACTIVE") && s.cluster() == "scale");
    let short = read.services.iter().find(|s| s.running != s.desired).map(|s| (s.name.clone(), s.running, s.desired));
    let bounds = |s: &&Service| {
        let share = |percent: u32, round: u32| (s.desired * percent + round) / 100;
        (s.lower_bound(), s.upper_bound()) == (Some(share(known.bounds.0, 99)), Some(share(known.bounds.1, 0)))
    };
    let unbound = read.services.iter().find(|s| !bounds(s)).map(|s| (s.name.clone(), s.lower_bound(), s.upper_bound()));
    let placed = |i: &&Instance| {
        let fits = i.remaining.zip(i.total).is_some_and(|(left, all)| left.cpu <= all.cpu && left.memory <= all.memory);
        i.az.is_some() && i.ec2_id.is_some() && fits
    };
    [
        ("services are as they were made", owed(wanted == known.services && active, wanted)),
        ("services run what they want", owed(short.is_none(), short)),
        ("services have their bounds", owed(unbound.is_none(), unbound)),
        ("instances say where and how large they are", owed(read.instances.iter().all(|i| placed(&i)), "one does not")),
    ]
}

/// Holds a backend to every rule.
async fn hold(name: &str, aws: &Backend, known: &Known) {
    let clusters = patiently(async || aws.ecs.list(&Listing::Clusters, None).await).await.expect("clusters").items;
    let cluster = clusters.into_iter().find(|arn| arn.ends_with("/scale")).expect("the cluster is listed");
    let held = Held { aws, known, cluster };
    let read = held.read().await;
    let mut verdicts = BTreeMap::from(facts(&read, known));
    let again = held.read().await;
    verdicts.extend([
        ("a second reading gives the same", owed(read == again, "they differ")),
        ("lists are complete and without repeats", held.complete().await),
        ("instances are listed", held.instances_listed().await),
        ("pages are bounded", held.paged().await),
        ("foreign tokens are refused", held.token().await),
        ("unknown clusters are refused", held.unknown_cluster().await),
        ("unknown clusters are missing", held.unknown_described_cluster().await),
        ("unknown services are missing", held.unknown_service().await),
        ("unknown tasks are missing", held.unknown_task().await),
        ("unknown instances are missing", held.unknown_instance().await),
        ("too many are refused", held.too_many().await),
        ("the caller has an account, which owns the cluster", held.caller().await),
        ("groups that are not there are left out", held.named_groups().await),
    ]);
    let told: BTreeSet<&str> = DEVIATIONS.iter().filter(|(who, ..)| *who == name).map(|(_, rule, _)| *rule).collect();
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert_eq!(broken.keys().copied().collect::<BTreeSet<_>>(), told, "{name}: {broken:#?}");
}

const SERVICES: u32 = 101;

/// The simulated world, and what it is known to hold.
fn simulated() -> (Sim, Known) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_773_457_964)));
    let sim = Sim::new(&Scenario::sized(SERVICES, 205, 102), 1, clock);
    let services = (0..SERVICES).map(|n| (format!("service-{n:04}"), 2 + u32::from(n < 3))).collect();
    (sim, Known { services, tasks: 205, instances: 102, bounds: (50, 200) })
}

#[tokio::test]
async fn the_simulated_world() {
    let (sim, known) = simulated();
    hold("simulator", &sim.backend(), &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strict_loopback() {
    let (sim, known) = simulated();
    let server = serve(sim.backend(), Options::default()).await.unwrap();
    hold("loopback", &connect(&stack(&server.endpoint_url(), &[]), ANY).await, &known).await;
    assert_eq!(server.counters().strays, 0);
}

/// An emulator that boto3 has filled. Services want 0 to 3 tasks; of those they start, `started` of each wanted one.
async fn emulated(name: &'static str, started: usize) {
    let Some(testbed) = testbed() else { return };
    let server = Server::start(testbed, &format!("{name}_server.py"));
    let (many, instances) = (SERVICES.to_string(), if name == "moto" { "101" } else { "0" });
    second_opinion(testbed, &[&server.endpoint, "fill", "scale", &many, "11", instances]);
    let services: BTreeMap<_, _> = (0..SERVICES).map(|n| (format!("service-{n:04}"), n % 4)).collect();
    let wanted: usize = services.values().map(|n| *n as usize).sum();
    let known = Known { services, tasks: 11 + started * wanted, instances: 101, bounds: (100, 200) };
    hold(name, &connect(&stack(&server.endpoint, &[]), ANY).await, &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto() {
    emulated("moto", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack() {
    emulated("ministack", 1).await;
}

#[test]
fn every_deviation_is_of_someone_and_has_a_reason() {
    for (who, rule, why) in
        DEVIATIONS.iter().chain(databases::DEVIATIONS).chain(scaling::DEVIATIONS).chain(secrets::DEVIATIONS)
    {
        assert!(["moto", "ministack"].contains(who) && !rule.is_empty() && why.len() > 20, "{who}: {rule}: {why}");
    }
}
