//! The ports of what watches a world: strict as AWS is.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::backend::ports::{Alarms, AppScaling, GroupActivities, GuardDuty, Page, Secrets, TaskDefinitions, limits};
use crate::backend::sim::Sim;
use crate::model::{Fault, FaultKind};
use crate::time::{Clock, ManualClock, Timestamp};

fn sim(scenario: &Scenario) -> (Sim, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    (Sim::new(scenario, 1, clock.clone()), clock)
}

/// Everything of a list by its pages, and how many those were.
async fn all<T>(most: usize, ask: impl AsyncFn(Option<&str>) -> Result<Page<T>, Fault>) -> (Vec<T>, usize) {
    let (mut items, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = ask(token.as_deref()).await.unwrap();
        assert!(page.items.len() <= most);
        items.extend(page.items);
        (token, pages) = (page.next, pages + 1);
        if token.is_none() {
            return (items, pages);
        }
    }
}

fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

#[tokio::test]
async fn lists_page_as_their_services_do_and_refuse_tokens_they_never_gave() {
    let services = many(51, |n| service(&format!("s{n}"), 0, 16, (0, 200), ""));
    let rest = many(51, |n| {
        format!(
            "[[target]]\nservice = 's{n}'\nminimum = 0\nmaximum = 2\n[[target.step]]\nname = 'p{n}'\nalarm = 'a{n}'\nchange = 1\n"
        )
    }) + &many(101, |n| {
        format!("[[alarm]]\nname = 'a{n}'\nnamespace = 'N'\nabove = 1.0\nmissing = 'ignore'\n")
    }) + &many(101, |n| format!("[[secret]]\nname = 'x{n}'\n"))
        + "[detector]\n"
        + &many(51, |n| {
            let severity = 1 + n % 9;
            format!(
                "[[finding]]\nname = 'f{n}'\nkind = 'K'\ntitle = 't'\ndescription = 'd'\nseverity = {severity}.0\nago = '{}m'\n\
                 resource = {{ instance = 'za#1' }}\n",
                n + 1
            )
        })
        + &many(101, |n| {
            format!("[[at]]\ntime = '{}s'\ndo = 'set-alarm'\nalarm = 'a{n}'\nstate = 'alarm'\nreason = 'r'\n", n + 1)
        });
    let (sim, clock) = sim(&small(1, &(services + &rest)));
    let start = clock.now();
    clock.set(start + minutes(5));

    let (targets, pages) = all(limits::SCALING_PAGE, async |t: Option<&str>| AppScaling::targets(&sim, t).await).await;
    assert_eq!((targets.len(), pages), (51, 2));
    let (policies, pages) = all(limits::SCALING_POLICIES_PAGE, async |t: Option<&str>| sim.policies(t).await).await;
    assert_eq!((policies.len(), pages), (51, 6));
    assert_eq!((policies[7].kind.as_deref(), policies[7].steps), (Some("StepScaling"), Some((1, 1))));
    let (alarms, pages) = all(limits::ALARMS_PAGE, async |t: Option<&str>| sim.alarms(t).await).await;
    assert_eq!((alarms.len(), pages), (101, 2));
    let driving = alarms.iter().find(|a| a.name == "a7").unwrap();
    assert_eq!(driving.actions, [policies[7].arn.clone()]);
    let (changes, pages) = all(limits::ALARMS_PAGE, async |t: Option<&str>| sim.transitions(start, t).await).await;
    assert_eq!((changes.len(), pages), (101, 2));
    assert!(changes.is_sorted_by_key(|c| std::cmp::Reverse(c.at)), "the newest first");
    assert_eq!(sim.transitions(start + Duration::from_secs(100), None).await.unwrap().items.len(), 2);
    let (secrets, pages) = all(limits::SECRETS_PAGE, async |t: Option<&str>| sim.secrets(t).await).await;
    assert_eq!((secrets.len(), pages), (101, 2));
    let distinct: BTreeSet<_> = secrets.iter().map(|s| &s.arn).collect();
    assert_eq!(distinct.len(), 101);

    let detector = sim.detectors(None).await.unwrap().items.remove(0);
    let (ids, pages) =
        all(limits::FINDINGS_PAGE, async |t: Option<&str>| sim.finding_ids(&detector, false, t).await).await;
    assert_eq!((ids.len(), pages), (51, 2));
    let found = sim.findings(&detector, &ids[..50]).await.unwrap();
    assert!(found.is_sorted_by(|a, b| a.severity >= b.severity));
    assert_eq!(sim.findings(&detector, &ids).await.unwrap_err().code.as_deref(), Some("BadRequestException"));
    assert!(sim.finding_ids(&detector, true, None).await.unwrap().items.is_empty());

    let bogus = Some("bogus");
    let refusals = [
        (AppScaling::targets(&sim, bogus).await.err(), "InvalidNextTokenException"),
        (AppScaling::activities(&sim, bogus).await.err(), "InvalidNextTokenException"),
        (sim.alarms(bogus).await.err(), "InvalidNextToken"),
        (sim.secrets(bogus).await.err(), "InvalidNextTokenException"),
        (sim.finding_ids(&detector, false, bogus).await.err(), "BadRequestException"),
        (GroupActivities::activities(&sim, "g", bogus).await.err(), "InvalidNextToken"),
        (GroupActivities::activities(&sim, "other", None).await.err(), "ValidationError"),
        (sim.refreshes("other", None).await.err(), "ValidationError"),
        (sim.detector("0123").await.err(), "BadRequestException"),
        (sim.secret("arn:none").await.err(), "ResourceNotFoundException"),
        (sim.task_definition("none:1").await.err(), "ClientException"),
    ];
    for (fault, code) in refusals {
        let fault = fault.unwrap();
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Rejected, Some(code)), "{fault:?}");
    }
    let token = AppScaling::targets(&sim, None).await.unwrap().next;
    assert!(sim.policies(token.as_deref()).await.is_err(), "a token of another list");
}

#[tokio::test]
async fn what_one_thing_is_made_of_can_be_asked_for() {
    let (sim, _) = sim(&Scenario::named("rx-spot").unwrap());
    let id = sim.detectors(None).await.unwrap().items.remove(0);
    let detector = sim.detector(&id).await.unwrap();
    let off: Vec<_> = detector.features.iter().filter(|f| f.status.as_deref() == Some("DISABLED")).collect();
    assert_eq!(
        (off.len(), &*off[0].name, detector.frequency.as_deref()),
        (1, "LAMBDA_NETWORK_LOGS", Some("SIX_HOURS"))
    );
    assert_eq!(
        (detector.administrator, sim.administrator(&id).await.unwrap().as_deref()),
        (None, Some("210987654321"))
    );

    let listed = sim.secrets(None).await.unwrap().items;
    let named = |name: &str| listed.iter().find(|s| s.name == *name).unwrap().clone();
    let described = sim.secret(&named("rx/prod/db").arn).await.unwrap();
    assert_eq!(described, named("rx/prod/db"), "nothing has changed lately");
    let versions = sim.versions(&described.arn, None).await.unwrap().items;
    assert_eq!(versions.iter().map(|v| &*v.stages[0]).collect::<Vec<_>>(), ["AWSPREVIOUS", "AWSCURRENT"]);
    assert!(named("rx/old/gateway").deleted_at.is_some(), "to be deleted, and listed");
    assert_eq!((named("rx/prod/partner-api").rotation_enabled, named("rx/prod/partner-api").key), (None, None));

    let definition = sim.with(|world| world.facts_of("dispatch-worker").task_definition).unwrap();
    let handed = sim.task_definition(&definition).await.unwrap().secrets;
    let from: Vec<(&str, &str)> = handed.iter().map(|h| (&*h.name, &*h.from)).collect();
    assert_eq!(from[0], ("PARTNER_KEY", &*named("rx/prod/partner-api").arn));
    assert_eq!(from[1], ("QUEUE_TOKEN", "arn:aws:ssm:us-east-1:123456789012:parameter/rx/prod/queue-token"));
    let api = sim.with(|world| world.facts_of("rx-api").task_definition).unwrap();
    let key = sim.task_definition(&api).await.unwrap().secrets.remove(0).from;
    assert_eq!(key, format!("{}:password::", named("rx/prod/db").arn).as_str());

    let told = GroupActivities::activities(&sim, "asg-rx-spot", None).await.unwrap().items;
    assert!(told.is_sorted_by_key(|a| std::cmp::Reverse(a.started_at)), "the newest first");
    assert!(sim.refreshes("asg-rx-spot", None).await.unwrap().items.is_empty());
    let calls = sim.calls();
    for action in ["guardduty:GetAdministratorAccount", "secretsmanager:DescribeSecret", "ecs:DescribeTaskDefinition"] {
        assert!(calls.contains_key(action), "{action}: {calls:?}");
    }
}

#[tokio::test]
async fn nothing_is_older_than_its_service_keeps_it() {
    let rest = service("web", 1, 64, (0, 200), "")
        + "[[target]]\nservice = 'web'\nminimum = 1\nmaximum = 2\n[[target.step]]\nname = 'p'\nalarm = 'a'\nchange = 1\n\
           [[target.past]]\nago = '1h'\ndesired = 1\npolicy = 'p'\n\
           [[alarm]]\nname = 'a'\nnamespace = 'N'\nabove = 1.0\nmuted = true\n\
           [[at]]\ntime = '1s'\ndo = 'set-alarm'\nalarm = 'a'\nstate = 'alarm'\nreason = 'r'\n";
    let (sim, clock) = sim(&small(1, &rest));
    let began = clock.now();
    let there = async || {
        let scaled = AppScaling::activities(&sim, None).await.unwrap().items.len();
        let changed = sim.transitions(Timestamp::from_secs(0), None).await.unwrap().items.len();
        (scaled, changed, GroupActivities::activities(&sim, "g", None).await.unwrap().items.len())
    };
    clock.set(began + minutes(1));
    assert_eq!(there().await, (1, 1, 3));
    clock.set(began + Duration::from_hours(13 * 24));
    assert_eq!(there().await, (1, 1, 0), "42 days, of which the instances had 30");
    clock.set(began + Duration::from_hours(31 * 24));
    assert_eq!(there().await, (1, 0, 0));
    clock.set(began + Duration::from_hours(42 * 24));
    assert_eq!(there().await, (0, 0, 0));
}
