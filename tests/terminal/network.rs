//! A network that does not answer, and an account nobody has a key to.

use crate::Launch;
use crate::canned::Canned;

#[test]
fn the_first_frame_and_every_key_come_before_any_answer() {
    let aws = Canned::silent();
    let mut console = Launch::new(&[]).on(&aws.url).start();
    console.sees("identity: asking STS").sees("not read yet").sees("overview");
    console.press("2").sees("┌ services 0").sees("nothing read yet").press("?").sees("help: services");
    console.press("q").sees_no("help: services").press("1").sees("┌ overview").sees_no("all well");
    console.sees("no answer").press("!").sees("errors").sees("no answer within 3 s").press("q").sees_no("esc close");
    console.sees("never read").sees_no("all well").press("q");
    let end = console.ends();
    assert_eq!(end.code, 0);
    let frame = end.heard.text.find("asking STS").zip(end.heard.text.find("no answer"));
    assert!(frame.is_some_and(|(first, then)| first < then));
}

#[test]
fn without_credentials_it_says_where_it_looked() {
    let aws = Canned::silent();
    let mut console = Launch::new(&[]).at(&aws.url).start();
    console.sees("NO CREDENTIALS (! tells the sources tried)").sees("no credentials").press("!").sees("errors");
    for source in ["environment", "profile", "aws sso login", "rounds demo"] {
        console.sees(source);
    }
    console.press("q").sees_no("esc close").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_stack_that_cannot_be_connected_to_says_so_in_its_panes() {
    // Without a region the instance it runs on is asked for it; here that takes longer than the first frame may wait.
    let metadata = Canned::silent();
    let mut console = Launch::new(&[]).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url).start();
    console
        .sees("identity unknown: not configured")
        .sees("never read")
        .sees_no("all well")
        .press("!")
        .sees("no region");
    console.press("q").sees_no("esc close").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_log_holds_no_credentials() {
    let aws = Canned::answering(|operation| {
        (403, format!("{{\"__type\":\"AccessDeniedException\",\"message\":\"{operation}\"}}"))
    });
    let mut console = Launch::new(&["--log", "log.json"]).on(&aws.url).start();
    console.sees("denied").press("q");
    let end = console.ends();
    assert_eq!(end.code, 0);
    let log = std::fs::read_to_string(end.home.path().join("log.json")).expect("a log");
    assert!(!log.contains(crate::pty::SECRET) && !log.contains("AKIDEXAMPLE"), "{log}");
}
