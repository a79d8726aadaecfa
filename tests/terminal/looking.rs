//! Looking around in the demo with the keys the screen names.

use crate::demo;

#[test]
fn the_cause_is_found_with_the_keys_the_banner_names() {
    let mut console = demo();
    console.sees("w why, enter open").sees("zone 1b").stands_on("ECS");
    console.press("w").sees("cluster full (asg-ehr 12/12, at max)").sees("ecs-capacity-full").sees("0 more tasks");
    console.sees("raise the maximum of asg-ehr").sees("esc close");
    console.press("\x1b").sees_no("esc close");
    console.press("\r").sees("services 8").stands_on("ehr-api").sees("cannot place 8 tasks");
    console.press("w").sees("why: ehr/ehr-api").sees("crit 10m00s").sees("(default)").press("q").sees_no("why:");
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn every_view_has_its_number_and_esc_leads_back() {
    let mut console = demo();
    for (key, seen) in [("2", "services 8"), ("3", "instances 12"), ("4", "tasks "), ("1", "problems ")] {
        console.press(key).sees(&format!("┌ {}", if key == "1" { "overview" } else { seen })).sees(seen);
    }
    console.press("\t").sees("┌ services 8").press("\x1b[Z").sees("┌ overview");
    console.press("2").sees("┌ services 8").stands_on("ehr-api");
    console.press("jj").stands_on("documents").press("\r").sees("/cluster=ehr service=documents");
    console.press("/ zzz\r").sees("esc undoes it").press("\x1b").sees_no("zzz").sees("/cluster=ehr service=documents");
    console.press("\r").sees("┌ instances 1 of 12").press("\x1b").sees("/cluster=ehr service=documents");
    console.press("\x1b").sees("┌ services 8").stands_on("documents");
    console.press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_filter_narrows_with_every_key_and_esc_undoes_it() {
    let mut console = demo();
    console.press("2").sees("services 8");
    console.press("/fhir").sees("services 1 of 8 /fhir").sees_no("ehr-web").sees("enter keeps, esc undoes");
    console.press("\x1b").sees("services 8 ").sees("ehr-web").sees_no("esc undoes");
    console.press("/web\r").sees("services 1 of 8 /web").stands_on("ehr-web").sees_no("esc undoes");
    console.press("\x1b").sees("┌ services 8 ").stands_on("ehr-web");
    console.press("/nowhere\r").sees("none of 8 rows matches /nowhere; esc undoes it");
    console.press("\x1b").sees("┌ services 8 ").sees("ehr-web");
    console.press("f").sees("faults only").sees_no("orders-worker").sees("ehr-api");
    console.press("f").sees("orders-worker").sees_no("faults only");
    console.press("f").sees("faults only").press("\x1b").sees("┌ services 8 ").sees("orders-worker");
    console.press("\x1b").sees("┌ overview").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn sorting_keeps_the_cursor_on_its_row() {
    let mut console = demo();
    console.press("2").sees("services 8").press("j").stands_on("scheduler");
    console.press("ss").sees("by service ascending").sees("sorted by service").stands_on("scheduler");
    let first = |text: &str, a: &str, b: &str| text.find(a).zip(text.find(b)).is_some_and(|(a, b)| a < b);
    console.until("ascending names", |c| first(&c.text(), " audit-writer", " scheduler"));
    console.press("S").sees("by service descending").stands_on("scheduler");
    console.until("descending names", |c| first(&c.text(), " scheduler", " audit-writer"));
    console.press("G").stands_on("audit-writer").press("g").stands_on("scheduler").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn the_palette_finds_a_service_by_some_of_its_letters() {
    let mut console = demo();
    console.press(":").sees("commands, views, resources").sees("> filter");
    console.press("fhrgw").sees("> fhir-gateway").press("\r").sees("┌ services 8").stands_on("fhir-gateway");
    console
        .press(":view tasks\r")
        .sees("┌ tasks")
        .press(":qiut\r")
        .sees("there is no command qiut; did you mean quit?");
    console.press(":\x1b[B").sees("enter does it").press("\x1b").sees_no("commands, views, resources");
    console.press(":quit\r");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn help_lists_the_keys_and_the_columns_of_the_view() {
    let mut console = demo();
    console.press("2").sees("services 8").press("?").sees("help: services");
    console.sees("w                Show why the row is judged as it is").sees("ECS services: tasks, rollout");
    console.press("G").sees("headroom").sees("How many more of its tasks fit now").press("q").sees_no("help: services");
    console.press("!").sees("errors").press("\x1b").sees_no("esc close").press("d").sees("arn:aws:ecs").sees("events");
    console.press("q").sees_no("esc close").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn freezing_is_told_as_long_as_it_lasts() {
    let mut console = demo();
    console.press("p").sees("FROZEN").press("r").sees("frozen, p lets the screen go on").press("2").sees("services 8");
    console.press("p").sees_no("FROZEN").press("r").sees("reading again").press("\x0c").sees("services 8").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn a_flood_of_keys_is_taken_to_the_last_one() {
    let mut console = demo();
    console.press(&"jk".repeat(5_000)).press("2").sees("┌ services 8").paste(&"q".repeat(50_000));
    console.sees("paste ignored (50000 bytes)").press(":").sees("> filter").paste(&"q".repeat(50_000));
    console.sees("nothing fits").press("\x1b").sees_no("nothing fits").press("q");
    assert_eq!(console.ends().code, 0);
}

#[test]
fn what_is_pasted_never_acts() {
    let mut console = demo();
    console.paste("q\n:quit\n2").sees("paste ignored (9 bytes)").sees("┌ overview");
    console.press("w").sees("why: ").paste("q\x1b").sees("paste ignored (2 bytes)").press("\x1b").sees_no("why: ");
    console.press("2").sees("┌ services 8").press("/").sees("esc undoes").paste("web\n\x1b2q\n");
    console.sees("services 1 of 8 /web").press("\x1b").sees("┌ services 8 ");
    console
        .press(":")
        .sees("commands, views")
        .paste("quit\rquit\r\n")
        .sees("> quit")
        .press("\x1b")
        .sees_no("commands, views");
    let stack = format!("z{}", "\u{301}".repeat(100));
    console.press("/").sees("esc undoes").paste(&stack).press(&stack).sees(" /z").press("\x1b").sees("┌ services 8 ");
    console.press("q");
    assert_eq!(console.ends().code, 0);
}
