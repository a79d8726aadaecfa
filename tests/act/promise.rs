//! What a plan promises is what is sent, whatever things are called.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rounds::action::audit::Audit;
use rounds::action::executor::{Ended, Order, Progress, WATCH, execute};
use rounds::action::policy::{Confirmation, Rules};
use rounds::action::{Actor, Bench, action};
use rounds::backend::sim::wire::{Options, serve};
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::Budgets;
use rounds::time::ManualClock;
use serde_json::Value;

use crate::backend::{ANY, connect, stack};

/// As ECS has them: letters, digits, underscores and hyphens, 255 at most.
const NAME: &str = "[A-Za-z0-9][A-Za-z0-9_-]{0,254}";

/// Two clusters that have a service of the same name.
fn scenario(clusters: [&str; 2], service: &str) -> Scenario {
    let head = "
        title = 't'
        about = 'a'
        hint = 'h'
        start = '2026-03-14T03:00:00Z'
        caller = { account = '123456789012', region = 'us-east-1', arn = 'arn:aws:sts::123456789012:assumed-role/SRE/ana' }
        group = [{ name = 'g', minimum = 1, maximum = 9, zones = ['za'] }]
        provider = [{ name = 'p', group = 'g' }]
    ";
    let part = |cluster: &str| {
        format!(
            "[[cluster]]\nname = '{cluster}'\nproviders = ['p']\n\
             [[instances]]\ncluster = '{cluster}'\ngroup = 'g'\nzone = 'za'\ncount = 1\ncpu = 4096\nmemory = 8192\n\
             [[service]]\nname = '{service}'\ncluster = '{cluster}'\nprovider = 'p'\ndesired = 1\n\
             task = {{ cpu = 256, memory = 512, image = 'i:1' }}\nrollout = {{ minimum = 50, maximum = 200 }}\n"
        )
    };
    Scenario::parse(&(head.to_owned() + &part(clusters[0]) + &part(clusters[1])), "test").expect("a scenario")
}

/// What a plan for the first of two clusters says is sent, in its text, in its document and in the audit; and what is sent.
struct Promise {
    text: String,
    document: Value,
    noted: Value,
    bodies: Vec<Value>,
}

async fn carried_out(clusters: [&str; 2], service: &str) -> Promise {
    let scenario = scenario(clusters, service);
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let server = serve(sim.backend(), Options { clock: clock.clone(), ..Options::default() }).await.expect("a port");
    let stack = stack(&server.endpoint_url(), &[]);
    let bench = Bench::new(stack.clone(), connect(&stack, ANY).await, clock, Arc::new(Budgets::default()));
    let spec = action("force-deploy").expect("it is there");
    let plan = (spec.plan)(&bench, &format!("{}/{service}", clusters[0])).await.expect("a plan");
    let dir = tempfile::tempdir().expect("a directory");
    let order = Order {
        bench: &bench,
        audit: &Audit::at(dir.path().join("audit")),
        rules: &Rules { allow: vec![spec.id.to_owned()], ..Rules::default() },
        confirmation: &Confirmation { name: service.to_owned(), reason: "why".to_owned(), ticket: None, mode: "flag" },
        actor: &Actor::here(&BTreeMap::new()),
        watch: WATCH,
        grace: None,
    };
    // Once it is sent nothing more is to be seen.
    let sent = tokio::sync::Notify::new();
    let tell = |progress| {
        if matches!(progress, Progress::Sent(_)) {
            sent.notify_one();
        }
    };
    let stop = async {
        sent.notified().await;
        "enough".to_owned()
    };
    let ended = execute(&plan, &order, &tell, stop).await;
    assert!(matches!(ended, Ended::Sent(..)), "{ended:?}");
    let intent = order.audit.entries().expect("records").swap_remove(0).record.expect("JSON");
    let sent = server.counters().mutations;
    assert!(sent.iter().all(|sent| sent.action == "ecs:UpdateService"), "{sent:?}");
    Promise {
        text: plan.call(),
        document: plan.to_json()["call"]["parameters"].clone(),
        noted: intent["params"].clone(),
        bodies: sent.iter().map(|sent| serde_json::from_slice(&sent.body).expect("JSON")).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f14_what_a_plan_shows_is_what_the_wire_receives_and_the_audit_keeps(
        cluster in NAME, other in NAME, service in NAME
    ) {
        prop_assume!(cluster != other);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let promise = runtime.block_on(carried_out([&cluster, &other], &service));
        let [body] = promise.bodies.as_slice() else { panic!("one request: {:?}", promise.bodies) };
        let body = body.as_object().expect("an object");
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shown: Vec<String> =
            ["cluster", "service", "forceNewDeployment"].map(|name| format!("{name}={}", plain(&body[name]))).to_vec();
        prop_assert_eq!(format!("ecs:UpdateService {}", shown.join(" ")), promise.text);
        let sent: BTreeMap<String, Value> = body.iter().map(|(name, value)| (name.clone(), plain(value).into())).collect();
        prop_assert_eq!(serde_json::json!(sent), promise.document.clone());
        prop_assert_eq!(promise.document, promise.noted);
        let arn = |kind: &str, rest: String| format!("arn:aws:ecs:us-east-1:123456789012:{kind}/{rest}");
        prop_assert_eq!(plain(&body["cluster"]), arn("cluster", cluster.clone()));
        prop_assert_eq!(plain(&body["service"]), arn("service", format!("{cluster}/{service}")));
    }
}
