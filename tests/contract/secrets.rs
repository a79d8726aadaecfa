//! What every backend owes the feeds of secrets and of task definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rounds::backend::ports::{Backend, limits};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::model::secret::Secret;
use rounds::time::ManualClock;

use crate::backend::{ANY, connect, stack};
use crate::databases::pages;
use crate::patience::patiently;
use crate::support::opinion::second_opinion;
use crate::support::python::testbed;
use crate::support::server::Server;
use crate::{Verdict, owed, refused};

/// Who is not as AWS is, in which rule, and how.
pub const DEVIATIONS: &[(&str, &str, &str)] =
    &[("moto", "foreign tokens of secrets are refused", "it crashes where a token is no number")];

/// What is known to be there.
struct Known {
    secrets: BTreeSet<String>,
    /// Those of them that are to be deleted.
    doomed: BTreeSet<String>,
}

fn names<'a>(secrets: impl Iterator<Item = &'a Secret>) -> BTreeSet<String> {
    secrets.map(|secret| secret.name.to_string()).collect()
}

/// Whether a secret by itself is what the list says of it, and has one version in use.
async fn by_itself(aws: &Backend, listed: &Secret) -> Verdict {
    let alone = patiently(async || aws.secrets.secret(&listed.arn).await).await.map_err(|fault| fault.to_string())?;
    let same = (&alone.arn, &alone.name, &alone.versions, alone.deleted_at)
        == (&listed.arn, &listed.name, &listed.versions, listed.deleted_at);
    owed(same && alone.version(Secret::CURRENT).is_some(), (alone, listed))
}

/// Whether the versions of a secret are those with labels, and perhaps others.
async fn versions(aws: &Backend, listed: &Secret) -> Verdict {
    let all = pages(async |token| aws.secrets.versions(&listed.arn, token.as_deref()).await).await;
    let all = all.map_err(|fault| fault.to_string())?.concat();
    let ids: BTreeSet<&str> = all.iter().map(|version| version.id.as_str()).collect();
    owed(ids.len() == all.len() && listed.versions.keys().all(|id| ids.contains(id.as_str())), (&all, listed))
}

/// Holds a backend to every rule.
async fn hold(name: &str, aws: &Backend, known: &Known) {
    let listed = pages(async |token| aws.secrets.secrets(token.as_deref()).await).await.expect("secrets");
    let sizes: Vec<usize> = listed.iter().map(Vec::len).collect();
    let all = listed.concat();
    let found = names(all.iter());
    let doomed = names(all.iter().filter(|secret| secret.deleted_at.is_some()));
    let kept = all.iter().find(|secret| secret.deleted_at.is_none()).expect("a secret");
    let token = patiently(async || aws.secrets.secrets(Some("made up")).await).await;
    let nobody = patiently(async || aws.secrets.secret("nobody").await).await;
    let none = patiently(async || aws.task_definitions.task_definition("nobody:1").await).await;
    let verdicts = BTreeMap::from([
        ("secrets are listed, none twice", owed(found == known.secrets && found.len() == all.len(), found)),
        ("pages of secrets are bounded", owed(sizes.iter().all(|size| *size <= limits::SECRETS_PAGE), sizes)),
        ("secrets to be deleted are listed", owed(doomed == known.doomed, doomed)),
        ("a secret is what the list says of it", by_itself(aws, kept).await),
        ("versions with labels are listed", versions(aws, kept).await),
        (
            "foreign tokens of secrets are refused",
            refused(token.map(|page| page.items.len()), "InvalidNextTokenException"),
        ),
        ("no secret is refused", refused(nobody.map(|_| 1), "ResourceNotFoundException")),
        ("no task definition is refused", refused(none.map(|_| 1), "ClientException")),
    ]);
    let told: BTreeSet<&str> = DEVIATIONS.iter().filter(|(who, ..)| *who == name).map(|(_, rule, _)| *rule).collect();
    let broken: BTreeMap<_, _> = verdicts.iter().filter_map(|(rule, v)| Some((*rule, v.as_ref().err()?))).collect();
    assert_eq!(broken.keys().copied().collect::<BTreeSet<_>>(), told, "{name}: {broken:#?}");
}

/// Secrets of a simulated world, by the names it gives them.
async fn simulated() -> (Sim, Arc<ManualClock>, Known) {
    let scenario = Scenario::named("ehr-mongo").expect("a scenario");
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let page = sim.backend().secrets.secrets(None).await.expect("secrets");
    assert!(page.items.len() > 1 && page.next.is_none(), "{page:?}");
    let doomed = names(page.items.iter().filter(|secret| secret.deleted_at.is_some()));
    let known = Known { secrets: names(page.items.iter()), doomed };
    (sim, clock, known)
}

#[tokio::test]
async fn secrets_of_the_simulated_world() {
    let (sim, _, known) = simulated().await;
    hold("simulator", &sim.backend(), &known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_the_strict_loopback() {
    let (sim, clock, known) = simulated().await;
    let server = serve(sim.backend(), Options { clock, ..Options::default() }).await.expect("it listens");
    hold("loopback", &connect(&stack(&server.endpoint_url(), &[]), ANY).await, &known).await;
    assert_eq!(server.counters().strays, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_moto() {
    let Some(testbed) = testbed() else { return };
    let server = Server::start(testbed, "moto_server.py");
    let listed = second_opinion(testbed, &[&server.endpoint, "secrets", "101"]);
    let listed = listed["secrets"].as_array().expect("a list");
    let name = |secret: &serde_json::Value| Some(secret["Name"].as_str()?.to_owned());
    let doomed = listed.iter().filter(|secret| !secret["DeletedDate"].is_null()).filter_map(name).collect();
    let known = Known { secrets: listed.iter().filter_map(name).collect(), doomed };
    assert_eq!((known.secrets.len(), known.doomed.len()), (101, 1));
    hold("moto", &connect(&stack(&server.endpoint, &[]), ANY).await, &known).await;
}
