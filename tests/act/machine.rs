//! A caller that is a machine: refused as long as nobody says who acts, and noted with the operator then.

use serde_json::json;

use crate::binary::command;
use crate::opted;
use crate::stage::Stage;

const ORDER: &str = "act force-deploy ehr/api --confirm api --reason tired --allow force-deploy";

/// A stack whose caller is the role of an EC2 instance.
async fn stage() -> Stage {
    opted::stage(&opted::SCENARIO.replace("SRE/ana", "bastion/i-0123456789abcdef0")).await
}

async fn operators(stage: &Stage) -> Vec<serde_json::Value> {
    let shown = stage.run("audit show --json").await;
    let records = shown.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    records.map(|record| record["actor"]["operator"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_refused_until_an_operator_is_named_and_the_record_keeps_the_name() {
    let stage = stage().await;
    for words in [ORDER, "act force-deploy ehr/api --plan"] {
        let refused = stage.run(words).await;
        let told = format!("{}{}", refused.out, refused.err);
        let why = "the caller is the EC2 instance i-0123456789abcdef0, no person";
        assert!(refused.code == 2 && told.contains(why) && told.contains("--operator NAME"), "{refused:?}");
    }
    assert_eq!((stage.sent(), stage.records().await), ((0, 0), vec![]));
    let done = stage.run(&format!("{ORDER} --operator ana")).await;
    assert_eq!((done.code, stage.sent()), (0, (1, 1)), "{done:?}");
    assert_eq!(operators(&stage).await, [json!("ana"), json!("ana"), json!("ana")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_may_come_from_the_environment() {
    let stage = stage().await;
    let mut order = command(ORDER, &stage.server.endpoint_url(), stage.home.path());
    let done = order.env("ROUNDS_OPERATOR", "bo").output().await.expect("it runs");
    assert_eq!((done.status.code(), stage.sent()), (Some(0), (1, 1)), "{done:?}");
    assert_eq!(operators(&stage).await, [json!("bo"), json!("bo"), json!("bo")]);
}
