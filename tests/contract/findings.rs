//! What every backend owes the feed of GuardDuty.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use rounds::backend::ports::{Backend, limits};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::finding::Finding;
use rounds::time::ManualClock;

use crate::backend::{ANY, connect, stack};
use crate::databases::pages;
use crate::owed;
use crate::patience::patiently;
use crate::refused;

/// The id of no finding: they are made of 32 digits.
const NOBODY: &str = "00000000000000000000000000000000";

/// The findings of one kind: the sizes of the pages they are listed in, and each as it describes itself, in the order of the list.
struct Listed {
    sizes: Vec<usize>,
    ids: Vec<String>,
    findings: Vec<Finding>,
}

async fn listed(aws: &Backend, detector: &str, archived: bool) -> Listed {
    let list = async |token: Option<String>| aws.guardduty.finding_ids(detector, archived, token.as_deref()).await;
    let all = pages(list).await.expect("ids");
    let (sizes, ids) = (all.iter().map(Vec::len).collect(), all.concat());
    let mut findings = Vec::new();
    for some in ids.chunks(limits::FINDINGS_PAGE) {
        findings.extend(patiently(async || aws.guardduty.findings(detector, some).await).await.expect("findings"));
    }
    // They are described in no promised order.
    let place = |finding: &Finding| ids.iter().position(|id| finding.id == id.as_str());
    findings.sort_by_key(place);
    Listed { sizes, ids, findings }
}

/// Holds a backend to every rule.
async fn hold(name: &str, aws: &Backend) {
    let detectors =
        pages(async |token| aws.guardduty.detectors(token.as_deref()).await).await.expect("detectors").concat();
    let id = detectors.first().expect("a detector");
    let detector = patiently(async || aws.guardduty.detector(id).await).await.expect("a detector");
    let administrator = patiently(async || aws.guardduty.administrator(id).await).await;
    let (active, archived) = (listed(aws, id, false).await, listed(aws, id, true).await);
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let described = |listed: &Listed| listed.findings.iter().map(|f| f.id.to_string()).collect::<BTreeSet<_>>();
    let scores: Vec<f64> = active.findings.iter().filter_map(|finding| finding.severity).collect();
    let nobody = patiently(async || aws.guardduty.findings(id, &[NOBODY.to_owned()]).await).await;
    let stranger = patiently(async || aws.guardduty.detector(NOBODY).await).await;
    let flags = |listed: &Listed, right| listed.findings.iter().all(|finding| finding.archived == Some(right));
    let sizes = [active.sizes.clone(), archived.sizes.clone()].concat();
    let verdicts = BTreeMap::from([
        (
            "a detector is what it was listed as",
            owed(detector.id == id.as_str() && detector.status.is_some(), &detector),
        ),
        ("a detector tells its parts", owed(!detector.features.is_empty(), &detector)),
        ("who administers it is told", owed(administrator.is_ok(), administrator)),
        ("findings are there", owed(!active.ids.is_empty(), &active.ids)),
        ("no finding is listed twice", owed(set(&active.ids).len() == active.ids.len(), &active.ids)),
        ("pages of findings are bounded", owed(sizes.iter().all(|n| *n <= limits::FINDINGS_PAGE), sizes)),
        (
            "what is listed is described",
            owed(
                described(&active) == set(&active.ids) && described(&archived) == set(&archived.ids),
                described(&active),
            ),
        ),
        (
            "the most severe come first",
            owed(scores.len() == active.ids.len() && scores.is_sorted_by(|a, b| a >= b), scores),
        ),
        ("archived findings are apart", owed(set(&active.ids).is_disjoint(&set(&archived.ids)), &archived.ids)),
        ("a finding says whether it is archived", owed(flags(&active, false) && flags(&archived, true), &archived.ids)),
        ("no finding is left out", owed(nobody.as_ref().is_ok_and(Vec::is_empty), nobody)),
        ("no detector is refused", refused(stranger.map(|_| 1), "BadRequestException")),
    ]);
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

fn world() -> (Sim, Arc<ManualClock>) {
    let scenario = Scenario::named("rx-spot").expect("a scenario");
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    (Sim::new(&scenario, 1, clock.clone()), clock)
}

#[tokio::test]
async fn findings_of_the_simulated_world() {
    hold("simulator", &world().0.backend()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_the_strict_loopback() {
    let (sim, clock) = world();
    let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.expect("it listens");
    hold("loopback", &connect(&stack(&server.endpoint_url(), &[]), ANY).await).await;
    assert_eq!(server.counters().strays, 0);
}

/// Needs a localemu that runs: `ROUNDS_TEST_LOCALEMU` is its endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn findings_of_localemu() {
    let Some(endpoint) = std::env::var("ROUNDS_TEST_LOCALEMU").ok().filter(|named| named.contains("://")) else {
        writeln!(std::io::stderr(), "skipped: ROUNDS_TEST_LOCALEMU names no localemu").expect("stderr");
        return;
    };
    hold("localemu", &connect(&stack(&endpoint, &[]), ANY).await).await;
}
