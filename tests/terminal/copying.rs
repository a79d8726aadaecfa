//! The clipboard through the terminal.

use crate::{Launch, read};

const ARN: &str = "arn:aws:ecs:us-east-1:123456789012:service/ehr/ehr-api";

/// What is copied in this environment, with the bytes of every sequence that was sent for it.
fn copied(launch: Launch) -> Vec<String> {
    let mut console = read(launch);
    console
        .press("2")
        .sees("services 8")
        .press("y")
        .sees("copied")
        .sees(ARN)
        .sees("OSC 52")
        .press("q")
        .sees_no("copied");
    console.press("Y").sees("aws --region us-east-1 ecs describe-services --cluster").press("q").sees_no("copied");
    console.press("  ").stands_on("documents").press("y").sees("service/ehr/scheduler").press("q").sees_no("copied");
    console.press("q");
    console.ends().heard.copied
}

fn expected() -> [String; 3] {
    let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/ehr";
    [
        ARN.to_owned(),
        format!("aws --region us-east-1 ecs describe-services --cluster {cluster} --services ehr-api"),
        format!("{ARN}\narn:aws:ecs:us-east-1:123456789012:service/ehr/scheduler"),
    ]
}

#[test]
fn ids_and_calls_reach_the_clipboard() {
    assert_eq!(copied(Launch::new(&["demo"])), expected());
}

#[test]
fn tmux_gets_them_as_it_takes_them_and_as_it_passes_them_on() {
    let twice: Vec<String> = expected().into_iter().flat_map(|text| [text.clone(), text]).collect();
    assert_eq!(copied(Launch::new(&["demo"]).env("TMUX", "/tmp/tmux-0/default,1,0").env("TERM", "tmux")), twice);
}

#[test]
fn they_pass_through_screen() {
    assert_eq!(copied(Launch::new(&["demo"]).env("STY", "1.pts-0.host").env("TERM", "screen")), expected());
}
