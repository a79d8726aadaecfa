//! Findings, secrets and task definitions over the wire: what the adapters read through the loopback is what the world behind it
//! has, member by member, and nothing of what AWS's answers hold beside it.

use std::collections::BTreeMap;

use aws_sdk_guardduty::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use rounds::backend::ports::limits;
use rounds::backend::sim::wire::{CANARY, Class, Fault, Options, Rate, Rates, serve};
use rounds::model::FaultKind;
use rounds::model::finding::Detector;

use crate::guarded::{DETECTOR, guarded};
use crate::rds::{all, through};
use crate::{clients, quiet, world};

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().unwrap_or("none").to_owned()
    };
}

#[tokio::test]
async fn detectors_tell_what_they_watch_and_who_administers_them() {
    let (server, world) = (quiet().await, guarded());
    let aws = through(&server).await;
    let ids = all(async |token| aws.guardduty.detectors(token.as_deref()).await).await;
    let mut read = Vec::new();
    for id in &ids {
        let administrator = Some(aws.guardduty.administrator(id).await.unwrap());
        read.push(Detector { administrator, ..aws.guardduty.detector(id).await.unwrap() });
    }
    assert_eq!(read, world.detectors);
    let stranger = aws.guardduty.detector("nobody").await.unwrap_err();
    assert_eq!((stranger.kind, stranger.code.as_deref()), (FaultKind::Rejected, Some("BadRequestException")));
    assert!(stranger.message.contains("not owned by the current account"), "{stranger}");
    assert_eq!(server.counters().strays, 0);
}

#[tokio::test]
async fn findings_of_all_pages_come_the_most_severe_first_with_every_member_and_hostile_words() {
    let (server, world) = (quiet().await, guarded());
    let aws = through(&server).await;
    for archived in [false, true] {
        let list = async |token: Option<String>| aws.guardduty.finding_ids(DETECTOR, archived, token.as_deref()).await;
        let ids = all(list).await;
        let mut read = Vec::new();
        for batch in ids.chunks(limits::FINDINGS_PAGE) {
            read.extend(aws.guardduty.findings(DETECTOR, batch).await.unwrap());
        }
        assert!(read.is_sorted_by(|a, b| a.severity >= b.severity));
        assert!(ids.iter().eq(read.iter().map(|finding| finding.id.as_str())));
        assert!(!format!("{read:?}").contains(CANARY));
        let by_id = |findings: Vec<rounds::model::finding::Finding>| -> BTreeMap<_, _> {
            findings.into_iter().map(|finding| (finding.id.clone(), finding)).collect()
        };
        let expected = world.findings.iter().filter(|f| f.archived == Some(archived)).cloned().collect();
        assert_eq!(by_id(read), by_id(expected), "archived: {archived}");
    }
    let counters = server.counters();
    assert_eq!((counters.calls("guardduty:ListFindings"), counters.calls("guardduty:GetFindings")), (3, 3));
    let none = aws.guardduty.finding_ids("d1", false, None).await.unwrap();
    assert_eq!((none.items.len(), none.next), (0, None));
}

#[tokio::test]
async fn guardduty_refuses_in_the_words_of_its_protocol() {
    let server = quiet().await;
    let guardduty = clients::guardduty(&server);
    let list = || guardduty.list_findings().detector_id(DETECTOR);
    assert_eq!(code!(list().max_results(51)), "BadRequestException");
    assert_eq!(code!(list().next_token("made up")), "BadRequestException");
    assert_eq!(code!(guardduty.list_detectors().next_token("made up")), "BadRequestException");
    let many = || (0..51).map(|n| format!("f{n}")).collect();
    assert_eq!(
        code!(guardduty.get_findings().detector_id(DETECTOR).set_finding_ids(Some(many()))),
        "BadRequestException"
    );
    let pages = guardduty.list_findings().detector_id(DETECTOR).max_results(20).into_paginator().items().send();
    let ids: Vec<String> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(ids.len(), guarded().findings.len(), "archived and not");
}

#[tokio::test]
async fn faults_of_guardduty_are_told_by_their_kind() {
    let server = quiet().await;
    let aws = through(&server).await;
    for (fault, kind) in [
        (Fault::Throttle, FaultKind::Throttled),
        (Fault::Deny, FaultKind::Denied),
        (Fault::Garbage, FaultKind::Malformed),
        (Fault::Html, FaultKind::Malformed),
        (Fault::CutOff, FaultKind::Unreachable),
    ] {
        server.faults().set("guardduty:ListDetectors", fault.clone(), Some(1));
        let told = aws.guardduty.detectors(None).await.unwrap_err();
        assert_eq!(told.kind, kind, "{fault:?}: {told}");
    }
    server.faults().set("guardduty:GetFindings", Fault::EmptyObjects, Some(1));
    let hollow = aws.guardduty.findings(DETECTOR, &["f001".to_owned()]).await.unwrap();
    assert_eq!((hollow.len(), hollow[0].severity, hollow[0].archived), (1, None, None));
}

#[tokio::test]
async fn secrets_keep_every_member_but_the_description_those_to_be_deleted_among_them() {
    let (server, world) = (quiet().await, guarded());
    let aws = through(&server).await;
    let read = all(async |token| aws.secrets.secrets(token.as_deref()).await).await;
    assert_eq!(read, world.secrets);
    assert_eq!(server.counters().calls("secretsmanager:ListSecrets"), 2);
    for secret in &world.secrets[..3] {
        assert_eq!(aws.secrets.secret(&secret.arn).await.unwrap(), *secret);
    }
    assert!(!format!("{read:?}").contains(CANARY));
    let secrets = clients::secrets(&server);
    let pages = secrets.list_secrets().into_paginator().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let listed: Vec<_> = pages.iter().flat_map(ListSecretsOutput::secret_list).collect();
    let kept = world.secrets.iter().filter(|s| s.deleted_at.is_none()).count();
    assert_eq!((listed.len(), kept), (93, 93), "unless asked for, what is to be deleted is left out");
    let described = secrets.describe_secret().secret_id("prod/db/001").send().await.unwrap();
    assert!(described.description().unwrap().contains(CANARY), "it was there to be read");
}

#[tokio::test]
async fn versions_are_listed_with_and_without_labels() {
    let (server, world) = (quiet().await, guarded());
    let aws = through(&server).await;
    let first = world.secrets[0].arn.to_string();
    let read = all(async |token| aws.secrets.versions(&first, token.as_deref()).await).await;
    assert_eq!(read, world.versions);
    let secrets = clients::secrets(&server);
    let labelled = secrets.list_secret_version_ids().secret_id(&first).send().await.unwrap();
    assert_eq!((labelled.versions().len(), labelled.next_token()), (1, None));
    assert_eq!(code!(secrets.list_secret_version_ids().secret_id("nobody")), "ResourceNotFoundException");
    assert_eq!(code!(secrets.describe_secret().secret_id("nobody")), "ResourceNotFoundException");
    assert_eq!(code!(secrets.list_secrets().next_token("made up")), "InvalidNextTokenException");
    assert_eq!(code!(secrets.list_secrets().max_results(101)), "InvalidParameterException");
}

#[tokio::test]
async fn task_definitions_give_what_they_hand_out_and_no_environment() {
    let (server, world) = (quiet().await, guarded());
    let aws = through(&server).await;
    for expected in &world.definitions {
        let read = aws.task_definitions.task_definition(&expected.arn).await.unwrap();
        assert_eq!(read, *expected);
        assert!(!format!("{read:?}").contains(CANARY));
    }
    let ecs = clients::ecs(&server);
    let answer = ecs.describe_task_definition().task_definition("api:7").send().await.unwrap();
    let container = &answer.task_definition().unwrap().container_definitions()[0];
    assert_eq!(container.environment()[0].value(), Some(CANARY), "it was there to be read");
    let gone = aws.task_definitions.task_definition(&world::arn("task-definition", "gone:1")).await.unwrap_err();
    assert_eq!((gone.kind, gone.code.as_deref()), (FaultKind::Rejected, Some("ClientException")), "{gone}");
}

#[tokio::test]
async fn task_definitions_have_a_bucket_of_their_own() {
    let documented = |class| Rates::Documented.of(class);
    assert_eq!(documented(Class::DefinitionRead), Some(Rate { burst: 50, per_second: 20 }));
    assert_eq!(documented(Class::FindingRead), None);
    let one = Rates::Custom(BTreeMap::from([(Class::DefinitionRead, Rate { burst: 1, per_second: 0 })]));
    let server = serve(world::backend(world::world()), Options { rates: one, ..Options::default() }).await.unwrap();
    let aws = through(&server).await;
    let arn = world::arn("task-definition", "api:7");
    assert!(aws.task_definitions.task_definition(&arn).await.is_ok());
    let fault = aws.task_definitions.task_definition(&arn).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Throttled, "{fault}");
    assert!(aws.ecs.list(&rounds::backend::ports::Listing::Clusters, None).await.is_ok());
}
