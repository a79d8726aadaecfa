//! Little of everything: files, memory, room, and another console beside it. The ids are those of docs/faults.md.

use std::process::Command;

use serde_json::json;

use crate::canned::Canned;
use crate::pty::BINARY;
use crate::{Launch, read};

/// Starts the console with a limit set by the shell.
fn limited(limit: &str, command: &str) -> Launch {
    Launch::through(&["sh", "-c", &format!("{limit} && exec \"$0\" {command}"), BINARY])
}

/// A10: the longest and the widest there are.
#[test]
fn a10_the_longest_lines_and_the_widest_screens_are_drawn() {
    for (columns, rows, seen) in
        [(65_535, 1, "too small: 65535x1"), (1, 1_000, "t"), (500, 200, "cannot place"), (40, 8, "overview")]
    {
        let mut console = Launch::new(&["demo"]).size(columns, rows).start();
        console.sees(seen).press("2wq1?q").press("q");
        assert_eq!(console.ends().code, 0, "{columns}x{rows}");
    }
}

/// A18: 32 files and 128 MiB of addresses are enough, the network included.
#[test]
fn a18_few_files_and_little_memory_are_enough() {
    let mut console = read(limited("ulimit -n 32 && ulimit -v 131072", "demo"));
    console.press("2").sees("┌ services").press("q");
    assert_eq!(console.ends().code, 0);
    let aws = Canned::silent();
    let mut console = limited("ulimit -n 32 && ulimit -v 131072", "\"$@\"").on(&aws.url).start();
    console.sees("no answer").press("2").sees("┌ services").press("q");
    assert_eq!(console.ends().code, 0);
}

/// A18: where there is not enough it says so, and ends.
#[test]
fn a18_what_is_not_there_is_told() {
    let end = limited("ulimit -n 8", "demo").start().ends();
    assert!(end.code == 3 && end.text.contains("Too many open files"), "{}: {}", end.code, end.text);
    // No limit on processes holds for root.
    let nobody = ["setpriv", "--reuid", "54321", "--clear-groups", "prlimit", "--nproc=1", BINARY, "demo"];
    let may = Command::new("setpriv").args(&nobody[1..4]).args([BINARY, "--version"]).output();
    if may.is_ok_and(|output| output.status.success()) {
        let end = Launch::through(&nobody).start().ends();
        assert!(end.code == 3 && end.text.contains("no threads"), "{}: {}", end.code, end.text);
    }
}

/// A20: two consoles of one user do not know of one another.
#[test]
fn a20_two_consoles_of_one_user_are_independent() {
    let mut one = read(Launch::new(&["demo"]));
    let home = one.home().display().to_string();
    let mut other = read(Launch::new(&["demo"]).env("HOME", &home));
    for console in [&mut one, &mut other] {
        console.press("2").sees("┌ services").press("/web").sees("/web");
    }
    one.press("\x03");
    assert_eq!(one.ends().code, 0);
    other.press("\r3").sees("┌ instances").press("q");
    assert_eq!(other.ends().code, 0);
}

/// C7: a name of a megabyte, a hundred thousand of what nobody asked for, and lists in lists without end.
#[test]
fn c7_what_is_too_much_is_cut_before_it_is_drawn() {
    let name = "N".repeat(1 << 20);
    let tags: Vec<_> = (0..100_000).map(|n| json!({"key": format!("k{n}"), "value": "v"})).collect();
    let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/ehr";
    let clusters = json!({"clusters": [
        {"clusterArn": cluster, "clusterName": name, "status": name, "tags": tags, "runningTasksCount": 1},
    ]});
    let services = json!({"failures": [{"arn": name, "reason": name, "detail": name}]});
    let deep = format!("{{\"tasks\": [], \"unknown\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let aws = Canned::answering(move |operation| {
        let body = match operation {
            "ListClusters" => json!({"clusterArns": [cluster]}).to_string(),
            "DescribeClusters" => clusters.to_string(),
            "ListServices" => json!({"serviceArns": [format!("{cluster}/x")]}).to_string(),
            "DescribeServices" => services.to_string(),
            "ListTasks" => json!({"taskArns": [cluster]}).to_string(),
            "DescribeTasks" => deep.clone(),
            _ => "{}".to_owned(),
        };
        (200, body)
    });
    let mut console = Launch::new(&[]).on(&aws.url).start();
    console.sees("overview");
    let process = console.process();
    let before = process.resident();
    console.sees("NNNNNN").press("2").sees("┌ services").press("3").sees("┌ instances").press("4").sees("┌ tasks");
    console.press("!").sees("errors").press("G").press("q").sees_no("errors").press("?").sees("help: ").press("q");
    // The answers of one poll are some 12 MiB.
    let grown = process.resident().saturating_sub(before);
    assert!(grown <= 64 * 1_024, "{grown} KiB more");
    console.sees_no("help: ").press("q");
    let end = console.ends();
    assert_eq!(end.code, 0);
    assert!(end.heard.text.len() < 1 << 20, "{} bytes of text", end.heard.text.len());
}
