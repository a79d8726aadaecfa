use super::*;
use crate::backend::aws::replay::{self, xml};
use crate::model::FaultKind;
use crate::text::Text;
use crate::time::Timestamp;

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

fn at(value: &str) -> Option<Timestamp> {
    Timestamp::parse(value).ok()
}

/// An answer of `operation` that holds `inner` and a token.
fn answer(operation: &str, inner: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><{operation}Result>{inner}\
         <NextToken>n</NextToken></{operation}Result></{operation}Response>"
    )
}

async fn activities(items: &str) -> Vec<GroupActivity> {
    let body = answer("DescribeScalingActivities", &format!("<Activities>{items}</Activities>"));
    let (config, access, sent) = replay::of([xml(200, &body)]);
    let page = AwsGroupActivities::new(&config, access).activities("web&x", Some("m")).await.unwrap();
    assert_eq!(page.next.as_deref(), Some("n"));
    let asked = sent.lock().unwrap()[0].clone();
    assert_eq!(
        asked,
        "Action=DescribeScalingActivities&Version=2011-01-01&AutoScalingGroupName=web%26x&MaxRecords=100&NextToken=m"
    );
    page.items
}

async fn refreshes(items: &str) -> Vec<Refresh> {
    let body = answer("DescribeInstanceRefreshes", &format!("<InstanceRefreshes>{items}</InstanceRefreshes>"));
    let (config, access, sent) = replay::of([xml(200, &body)]);
    let page = AwsGroupActivities::new(&config, access).refreshes("web", None).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    assert_eq!(asked, "Action=DescribeInstanceRefreshes&Version=2011-01-01&AutoScalingGroupName=web&MaxRecords=100");
    page.items
}

const ACTIVITY: &str = "<member><ActivityId>a-1</ActivityId><AutoScalingGroupName>web</AutoScalingGroupName>\
    <Description>Launching a new EC2 instance: i-1</Description><Cause>At 2026-03-14T03:12:44Z \u{9d}0;x</Cause>\
    <StartTime>2026-03-14T03:12:44.120Z</StartTime><EndTime>2026-03-14T03:13:00Z</EndTime>\
    <StatusCode>Levitating</StatusCode><StatusMessage>InsufficientInstanceCapacity &lt;b&gt;</StatusMessage>\
    <Progress>50</Progress><Details>{}</Details></member>";

const REFRESH: &str = "<member><InstanceRefreshId>r-1</InstanceRefreshId>\
    <AutoScalingGroupName>web</AutoScalingGroupName><Status>Sideways</Status>\
    <StatusReason>health\u{202e} checks</StatusReason><StartTime>2026-03-14T03:12:44Z</StartTime>\
    <EndTime>2026-03-14T04:12:44Z</EndTime><PercentageComplete>40</PercentageComplete>\
    <InstancesToUpdate>3</InstancesToUpdate>\
    <Preferences><MinHealthyPercentage>80</MinHealthyPercentage></Preferences></member>";

#[tokio::test]
async fn an_activity_keeps_every_field() {
    let expected = GroupActivity {
        id: "a-1".into(),
        group: "web".into(),
        description: some("Launching a new EC2 instance: i-1"),
        cause: some("At 2026-03-14T03:12:44Z \u{9d}0;x"),
        started_at: at("2026-03-14T03:12:44.120Z"),
        ended_at: at("2026-03-14T03:13:00Z"),
        status: some("Levitating"),
        message: some("InsufficientInstanceCapacity <b>"),
        progress: Some(50),
    };
    let read = activities(ACTIVITY).await;
    assert_eq!(read, [expected]);
    assert!(!read[0].cause.as_deref().unwrap().contains('\u{9d}'));
}

#[tokio::test]
async fn a_refresh_keeps_every_field() {
    let expected = Refresh {
        id: "r-1".into(),
        group: "web".into(),
        status: some("Sideways"),
        reason: some("health\u{202e} checks"),
        started_at: at("2026-03-14T03:12:44Z"),
        ended_at: at("2026-03-14T04:12:44Z"),
        percent: Some(40),
        left: Some(3),
        least_healthy: Some(80),
    };
    let read = refreshes(REFRESH).await;
    assert_eq!(read, [expected]);
    assert!(!read[0].reason.as_deref().unwrap().contains('\u{202e}'));
}

#[tokio::test]
async fn what_is_absent_stays_absent() {
    assert_eq!(activities("<member/>").await, [GroupActivity::default()]);
    assert_eq!(activities("<member><Cause></Cause><StatusCode/></member>").await, [GroupActivity::default()]);
    assert_eq!(refreshes("<member/>").await, [Refresh::default()]);
}

/// What both lists make of the same answer.
async fn both(status: u16, body: &str) -> [Result<usize, (FaultKind, &'static str)>; 2] {
    let (config, access, _) = replay::of([xml(status, body), xml(status, body)]);
    let groups = AwsGroupActivities::new(&config, access);
    let told = |fault: Fault| (fault.kind, fault.action);
    [
        groups.activities("web", None).await.map(|page| page.items.len()).map_err(told),
        groups.refreshes("web", None).await.map(|page| page.items.len()).map_err(told),
    ]
}

#[tokio::test]
async fn refusals_are_told_by_their_codes_and_calls() {
    for (status, code, kind) in [
        (400, "Throttling", FaultKind::Throttled),
        (403, "AccessDenied", FaultKind::Denied),
        (400, "ValidationError", FaultKind::Rejected),
        (501, "NotImplemented", FaultKind::Unsupported),
    ] {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>because</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        );
        let expected = ["autoscaling:DescribeScalingActivities", "autoscaling:DescribeInstanceRefreshes"];
        assert_eq!(both(status, &body).await, expected.map(|action| Err((kind, action))), "{code}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_of_another_form_is_no_shorter_list() {
    let whole = [
        answer("DescribeScalingActivities", &format!("<Activities>{ACTIVITY}{ACTIVITY}</Activities>")),
        answer("DescribeInstanceRefreshes", &format!("<InstanceRefreshes>{REFRESH}{REFRESH}</InstanceRefreshes>")),
    ];
    for (place, whole) in whole.iter().enumerate() {
        assert_eq!(both(200, whole).await[place], Ok(2));
        for end in (1..whole.len()).filter(|end| end % 7 == 1 && whole.is_char_boundary(*end)) {
            let told = both(200, &whole[..end]).await;
            assert!(matches!(told[place], Err((FaultKind::Malformed, _))), "{}: {told:?}", &whole[..end]);
        }
    }
    for body in ["", "{}", "<html><body>hi</body></html>"] {
        assert!(both(200, body).await.iter().all(|told| matches!(told, Err((FaultKind::Malformed, _)))), "{body}");
        assert!(both(500, body).await.iter().all(|told| matches!(told, Err((FaultKind::Server, _)))), "{body}");
    }
}
