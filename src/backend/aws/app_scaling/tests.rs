use super::*;
use crate::backend::aws::replay::{self, json};
use crate::model::FaultKind;
use crate::time::Timestamp;

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

const TARGET: &str = r#"{"ServiceNamespace": "ecs", "ResourceId": "service/ehr/ehr-api\u001b[2J",
    "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 28, "RoleARN": "arn:r",
    "CreationTime": 1773450000.5, "PredictedCapacity": 7,
    "SuspendedState": {"DynamicScalingInSuspended": true, "ScheduledScalingSuspended": false}}"#;

const TRACKING: &str = r#"{"PolicyARN": "arn:p", "PolicyName": "cpu", "ServiceNamespace": "ecs",
    "ResourceId": "service/ehr/ehr-api", "ScalableDimension": "ecs:service:DesiredCount",
    "PolicyType": "TargetTrackingScaling", "CreationTime": 1773450000,
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 62.5, "ScaleOutCooldown": 60, "ScaleInCooldown": 300,
        "DisableScaleIn": true,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}},
    "Alarms": [{"AlarmName": "high", "AlarmARN": "arn:high"}, {"AlarmName": "low", "AlarmARN": "arn:low"}]}"#;

const STEPS: &str = r#"{"PolicyName": "steps", "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "Cooldown": 120, "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}, {"ScalingAdjustment": -3}, {"ScalingAdjustment": 4}]}}"#;

const ACTIVITY: &str = r#"{"ActivityId": "a-1", "ServiceNamespace": "ecs", "ResourceId": "service/ehr/ehr-api",
    "ScalableDimension": "ecs:service:DesiredCount", "Description": "Attempting to scale due to alarm triggered",
    "Cause": "monitor alarm high in state ALARM triggered policy cpu", "StartTime": 1773457964.12,
    "EndTime": 1773457965, "StatusCode": "Warping", "StatusMessage": "no\u009b31m", "Details": "{}",
    "NotScaledReasons": [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 28, "CurrentCapacity": 28}, {}]}"#;

/// An answer with this list of structures, and a token.
fn answer(list: &str, items: &[&str]) -> String {
    format!("{{\"{list}\": [{}], \"NextToken\": \"n\"}}", items.join(","))
}

async fn targets(items: &[&str]) -> Vec<Target> {
    let (config, access, sent) = replay::of([json(200, &answer("ScalableTargets", items))]);
    let page = AwsAppScaling::new(&config, access).targets(Some("m")).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("n"));
    assert_eq!(sent.lock().unwrap()[0], r#"{"ServiceNamespace":"ecs","MaxResults":50,"NextToken":"m"}"#);
    page.items
}

async fn policies(items: &[&str]) -> Vec<Policy> {
    let (config, access, sent) = replay::of([json(200, &answer("ScalingPolicies", items))]);
    let page = AwsAppScaling::new(&config, access).policies(None).await.unwrap();
    assert_eq!(sent.lock().unwrap()[0], r#"{"ServiceNamespace":"ecs","MaxResults":10}"#);
    page.items
}

async fn activities(items: &[&str]) -> Vec<Activity> {
    let (config, access, sent) = replay::of([json(200, &answer("ScalingActivities", items))]);
    let page = AwsAppScaling::new(&config, access).activities(Some("m")).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    assert_eq!(
        asked,
        r#"{"ServiceNamespace":"ecs","MaxResults":50,"NextToken":"m","IncludeNotScaledActivities":true}"#
    );
    page.items
}

#[tokio::test]
async fn a_full_target_keeps_every_field() {
    let expected = Target {
        resource: "service/ehr/ehr-api\u{1b}[2J".into(),
        dimension: "ecs:service:DesiredCount".into(),
        minimum: Some(2),
        maximum: Some(28),
        suspended: Some(Suspended { scaling_out: false, scaling_in: true, scheduled: false }),
        created_at: Some(Timestamp::from_millis(1_773_450_000_500)),
    };
    let read = targets(&[TARGET]).await;
    assert_eq!(read, [expected]);
    assert!(!read[0].resource.contains('\u{1b}'));
}

#[tokio::test]
async fn policies_of_every_kind_say_what_they_follow() {
    let read = policies(&[TRACKING, STEPS]).await;
    let expected = Policy {
        name: "cpu".into(),
        arn: "arn:p".into(),
        resource: "service/ehr/ehr-api".into(),
        dimension: "ecs:service:DesiredCount".into(),
        kind: some("TargetTrackingScaling"),
        metric: some("ECSServiceAverageCPUUtilization"),
        target: Some(62.5),
        scale_in_disabled: Some(true),
        cooldown: Some(60),
        steps: None,
        alarms: vec!["high".into(), "low".into()],
    };
    assert_eq!(read[0], expected);
    let steps = &read[1];
    assert_eq!((steps.kind.as_deref(), steps.cooldown, steps.steps), (Some("StepScaling"), Some(120), Some((-3, 4))));
    assert_eq!((&steps.metric, steps.target, steps.scale_in_disabled), (&None, None, None));
}

#[tokio::test]
async fn a_metric_of_ones_own_is_named_however_it_is_given() {
    for (specification, expected) in [
        (r#"{"MetricName": "Depth", "Namespace": "Own"}"#, Some("Depth")),
        (r#"{"Metrics": [{"Id": "m", "ReturnData": false, "Label": "no"}, {"Id": "e", "Label": "yes"}]}"#, Some("yes")),
        (r#"{"Metrics": [{"Id": "e", "Expression": "1"}]}"#, Some("e")),
        (
            r#"{"Metrics": [{"Id": "m", "MetricStat": {"Stat": "Sum", "Metric": {"MetricName": "Depth"}}}]}"#,
            Some("Depth"),
        ),
        (r#"{"Metrics": []}"#, None),
        ("{}", None),
    ] {
        let policy = format!(
            "{{\"TargetTrackingScalingPolicyConfiguration\": {{\"CustomizedMetricSpecification\": {specification}}}}}"
        );
        let read = policies(&[&policy]).await;
        assert_eq!((read[0].metric.as_deref(), read[0].target), (expected, None), "{specification}");
    }
}

#[tokio::test]
async fn an_activity_keeps_every_field_and_why_nothing_was_scaled() {
    let expected = Activity {
        id: "a-1".into(),
        resource: "service/ehr/ehr-api".into(),
        dimension: "ecs:service:DesiredCount".into(),
        description: some("Attempting to scale due to alarm triggered"),
        cause: some("monitor alarm high in state ALARM triggered policy cpu"),
        started_at: Some(Timestamp::from_millis(1_773_457_964_120)),
        ended_at: Some(Timestamp::from_secs(1_773_457_965)),
        status: some("Warping"),
        message: some("no\u{9b}31m"),
        not_scaled: vec![
            NotScaled { code: "AlreadyAtMaxCapacity".into(), maximum: Some(28), minimum: None, current: Some(28) },
            NotScaled::default(),
        ],
    };
    let read = activities(&[ACTIVITY]).await;
    assert_eq!(read, [expected]);
    assert!(!read[0].message.as_deref().unwrap().contains('\u{9b}'));
}

#[tokio::test]
async fn what_is_absent_stays_absent() {
    let read = targets(&["{}", r#"{"SuspendedState": {}}"#]).await;
    assert_eq!((&read[0], read[1].suspended), (&Target::default(), Some(Suspended::default())));
    assert_eq!(policies(&["{}"]).await, [Policy::default()]);
    assert_eq!(activities(&["{}"]).await, [Activity::default()]);
    let empty =
        r#"{"TargetTrackingScalingPolicyConfiguration": {}, "StepScalingPolicyConfiguration": {}, "Alarms": [{}]}"#;
    assert_eq!(policies(&[empty]).await, [Policy::default()]);
}

/// What every list makes of the same answer.
async fn all_lists(status: u16, body: &str) -> [Result<usize, (FaultKind, &'static str)>; 3] {
    let (config, access, _) = replay::of(std::iter::repeat_with(|| json(status, body)).take(3));
    let scaling = AwsAppScaling::new(&config, access);
    let told = |fault: Fault| (fault.kind, fault.action);
    [
        scaling.targets(None).await.map(|page| page.items.len()).map_err(told),
        scaling.policies(None).await.map(|page| page.items.len()).map_err(told),
        scaling.activities(None).await.map(|page| page.items.len()).map_err(told),
    ]
}

#[tokio::test]
async fn refusals_are_told_by_their_codes_and_calls() {
    for (status, code, kind) in [
        (400, "ThrottlingException", FaultKind::Throttled),
        (400, "AccessDeniedException", FaultKind::Denied),
        (400, "ExpiredTokenException", FaultKind::Expired),
        (400, "InvalidNextTokenException", FaultKind::Rejected),
        (501, "NotImplemented", FaultKind::Unsupported),
        (500, "InternalServiceException", FaultKind::Server),
    ] {
        let told = all_lists(status, &format!("{{\"__type\": \"{code}\", \"message\": \"because\"}}")).await;
        let actions = ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScalingActivities"];
        for (told, action) in told.into_iter().zip(actions) {
            let (told, named) = told.unwrap_err();
            assert_eq!((told, named.split_once(':')), (kind, Some(("application-autoscaling", action))), "{code}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_of_another_form_is_no_shorter_list() {
    let whole = ["ScalableTargets", "ScalingPolicies", "ScalingActivities"]
        .map(|list| answer(list, &[if list == "ScalableTargets" { TARGET } else { ACTIVITY }; 2]));
    for (place, whole) in whole.iter().enumerate() {
        assert_eq!(all_lists(200, whole).await[place], Ok(2));
        for end in (1..whole.len()).filter(|end| end % 7 == 1 && whole.is_char_boundary(*end)) {
            let told = all_lists(200, &whole[..end]).await;
            assert!(matches!(told[place], Err((FaultKind::Malformed, _))), "{}: {told:?}", &whole[..end]);
        }
    }
    for body in ["[]", "<html><body>hi</body></html>", "\u{0}\u{1}"] {
        assert!(all_lists(200, body).await.iter().all(|told| matches!(told, Err((FaultKind::Malformed, _)))), "{body}");
        assert!(all_lists(500, body).await.iter().all(|told| matches!(told, Err((FaultKind::Server, _)))), "{body}");
    }
}

#[tokio::test]
async fn suspending_sends_what_is_shown_once_and_nothing_that_would_change_the_bounds() {
    let answer = || json(200, r#"{"ScalableTargetARN":"arn:t/1"}"#);
    for suspended in [true, false] {
        let (config, access, sent) = replay::of([answer()]);
        let became = AwsAppScaling::new(&config, access).suspend("service/ehr/web", suspended).await;
        assert!(matches!(became, Sent::Applied { made: None, .. }), "{became:?}");
        let body: serde_json::Value = serde_json::from_str(&sent.lock().unwrap()[0]).unwrap();
        let flags = ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];
        let state: serde_json::Map<_, _> = flags.iter().map(|flag| ((*flag).to_owned(), suspended.into())).collect();
        let expected = serde_json::json!({
            "ServiceNamespace": "ecs",
            "ResourceId": "service/ehr/web",
            "ScalableDimension": "ecs:service:DesiredCount",
            "SuspendedState": state,
        });
        assert_eq!(body, expected);
        let change = Change::SuspendScaling { resource: Text::from("service/ehr/web"), suspended };
        for (name, shown) in change.parameters() {
            let sent =
                body[name].as_str().map_or_else(|| body[name].to_string().replace(['"', '{', '}'], ""), str::to_owned);
            assert_eq!(sent, shown.as_str(), "{name}");
        }
    }
    for (answer, refused) in [
        (json(400, r#"{"__type":"ValidationException","message":"no"}"#), true),
        (json(400, r#"{"__type":"ConcurrentUpdateException","message":"no"}"#), true),
        (json(500, "down"), false),
    ] {
        let (config, access, sent) = replay::of([answer]);
        let became = AwsAppScaling::new(&config, access).suspend("service/ehr/web", true).await;
        assert_eq!((matches!(became, Sent::Refused { .. }), sent.lock().unwrap().len()), (refused, 1), "{became:?}");
    }
}
