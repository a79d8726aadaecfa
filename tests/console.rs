//! What keys do to a console and what it says of it, without a terminal: the simulated stack read once, then keys.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

#[path = "support/console.rs"]
mod console;

use std::sync::Arc;
use std::time::Duration;

use rounds::app::{Effect, Msg, command, screen, update};
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::Budgets;
use rounds::keymap::{Keymap, Sequence};
use rounds::model::stack::Stack;
use rounds::model::{Fault, FaultKind, Severity};
use rounds::store::Fetched;
use rounds::table::Row;
use rounds::text::Text;
use rounds::theme::Theme;
use rounds::time::{Clock, ManualClock};
use rounds::tui;

use console::Console;

/// The console on services.
async fn services() -> Console {
    let scenario = Scenario::named("ehr-mongo").unwrap();
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let shared: Arc<dyn Clock> = clock;
    let stack = Stack { name: Text::from("ehr-mongo"), mongo: scenario.mongo_sets(), ..Stack::default() };
    let mut console = Console::new(&stack, &sim.backend(), shared, Budgets::unlimited());
    console.poll(Duration::from_secs(20)).await;
    resize(&mut console, 80);
    console.screen('2');
    console
}

#[tokio::test]
async fn which_columns_of_databases_are_on_screen_does_not_depend_on_what_is_in_them() {
    let scenario = Scenario::named("telehealth-fargate").unwrap();
    let mut headings = Vec::new();
    for at in [scenario.start(), scenario.opens()] {
        let clock = Arc::new(ManualClock::at(at));
        let sim = Sim::new(&scenario, 1, clock.clone());
        let stack = Stack { name: Text::from("tele"), ..Stack::default() };
        let mut console = Console::new(&stack, &sim.backend(), clock, Budgets::unlimited());
        console.poll(Duration::from_secs(20)).await;
        headings.push([80, 120].map(|columns| {
            resize(&mut console, columns);
            let text = console.screen('6');
            let heading = text.lines().find(|line| line.contains("identifier")).unwrap().to_owned();
            heading.replace('│', " ").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        }));
    }
    assert_eq!(headings[0], headings[1], "all well, and a pool that is used up after a failover");
    assert_eq!(headings[0][0], ["identifier", "role", "status", "zone", "problem"]);
    assert!(["lag", "conns"].iter().all(|title| headings[0][1].iter().any(|heading| heading == title)));
}

fn resize(console: &mut Console, columns: u16) {
    let now = console.state.now;
    update(&mut console.state, now, Msg::Resize(columns, 24));
}

/// Presses keys, in the notation of keymaps; gives the text of the screen and what is to be done for the last one.
fn press(console: &mut Console, keys: &str) -> (String, Vec<Effect>) {
    let now = console.state.now;
    let mut effects = Vec::new();
    for word in keys.split(' ') {
        for chord in word.parse::<Sequence>().unwrap().chords() {
            effects = update(&mut console.state, now, Msg::Key((*chord).into()));
        }
    }
    let (theme, _) = Theme::named("mono").unwrap();
    (tui::text(&screen(&console.state), &theme), effects)
}

/// Presses keys; what is shown must contain all of these words, whatever lines they are broken into.
fn sees(console: &mut Console, keys: &str, words: &[&str]) -> String {
    let (text, _) = press(console, keys);
    let flat = text.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for words in words {
        assert!(flat.contains(words), "{keys}: no {words:?} in\n{text}");
    }
    text
}

/// The letters of a word as keys.
fn typed(word: &str) -> String {
    word.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_filter_on_a_column_that_is_not_there_says_so_while_typing_and_after() {
    let mut console = services().await;
    let told = "no column \"stauts\"; did you mean \"status\"?";
    let text = sees(&mut console, &format!("/ {}", typed("stauts:x")), &[told, "services 0 of 8"]);
    assert_eq!(text.matches(told).count(), 2, "in the table and beside the line:\n{text}");
    sees(&mut console, "enter", &[told, "text with a colon goes in quotes", "columns: cluster service status"]);
    sees(&mut console, "esc", &["┌ services 8 "]);
    sees(&mut console, &format!("/ {} enter", typed("service/ehr/ehr-api")), &["services 0 of 8"]);
    sees(&mut console, &format!("/ {} enter", typed("\"api:28\"")), &["none of 8 rows matches /\"api:28\""]);
}

#[tokio::test]
async fn sorting_goes_through_the_columns_on_screen_and_back_to_worst_first() {
    let mut console = services().await;
    for columns in [60, 80, 140] {
        resize(&mut console, columns);
        let heading = press(&mut console, "g").0.lines().nth(3).unwrap().to_owned();
        let mut seen = 0;
        loop {
            let (text, _) = press(&mut console, "s");
            let Some(column) = console.state.place.order.column else { break };
            seen += 1;
            let title = console.state.view().columns[column].title;
            let marked = text.lines().nth(3).unwrap();
            assert!(heading.contains(&format!(" {title} ")) && marked.contains(&format!("{title}↑")), "{marked}");
            assert_eq!(marked.replace('↑', " "), heading, "nothing gives way to the mark");
        }
        assert_eq!(seen, screen::columns_on_screen(&console.state).len());
        let first = console.state.listing.row(0).unwrap();
        assert!(first.id.ends_with("/ehr-api"), "worst first again: {}", first.id);
    }
    sees(&mut console, "s S", &["cluster↓", "by cluster descending", "W worst first"]);
    let text = sees(&mut console, "W", &["sorted worst first"]);
    assert!(!text.contains("descending"), "{text}");
    sees(&mut console, "S", &["best first"]);
    sees(&mut console, &format!(": {} space {} enter", typed("sort"), typed("worst")), &["sorted worst first"]);
    console.state.options.ascii = true;
    sees(&mut console, "s", &["cluster^"]);
    sees(&mut console, "S", &["clusterv"]);
}

#[tokio::test]
async fn the_mark_of_the_order_is_seen_at_any_width() {
    let mut console = services().await;
    for view in ["1", "2", "3", "4"] {
        press(&mut console, view);
        for columns in 64..=84 {
            resize(&mut console, columns);
            for column in screen::columns_on_screen(&console.state) {
                let (text, _) = press(&mut console, "s");
                assert_eq!(console.state.place.order.column, Some(column));
                assert_eq!(text.lines().nth(3).unwrap().matches('↑').count(), 1, "{columns}\n{text}");
            }
            press(&mut console, "s");
        }
    }
}

#[tokio::test]
async fn the_filter_line_opens_empty_and_narrows_what_the_place_opened_with() {
    let mut console = services().await;
    sees(&mut console, "/ w e b enter", &["services 1 of 8 /web"]);
    sees(&mut console, "/", &["┌ services 8 ", "enter keeps, esc undoes, up earlier"]);
    sees(&mut console, "a p i", &["services 1 of 8 /api "]);
    sees(&mut console, "esc", &["services 1 of 8 /web"]);
    sees(&mut console, "/ up", &["services 1 of 8 /web", " /web"]);
    sees(&mut console, "ctrl-u enter", &["┌ services 8 "]);
    sees(&mut console, "enter", &["/cluster=ehr service="]);
    let drilled = console.state.place.given.clone();
    sees(&mut console, "/ z z z enter", &[&format!("matches /{drilled} zzz; esc undoes it")]);
    sees(&mut console, "esc", &[&format!("/{drilled}")]);
    sees(&mut console, "esc", &["┌ services 8 "]);
}

#[tokio::test]
async fn an_empty_table_names_everything_that_hides_rows_and_the_keys_that_lift_it() {
    let mut console = services().await;
    let both = "none of 8 rows matches /zzz with faults only; f shows the others too, esc lifts both";
    sees(&mut console, "f / z z z enter", &[both]);
    sees(&mut console, "f", &["none of 8 rows matches /zzz; esc undoes it"]);
    sees(&mut console, "f esc", &["┌ services 8 "]);
}

#[tokio::test]
async fn a_key_of_the_table_says_so_over_a_panel() {
    let mut console = services().await;
    for panel in ["w", "d", "?"] {
        sees(&mut console, panel, &["esc close"]);
        for key in ["f", "s", "w"] {
            sees(&mut console, key, &[&format!("{key} works in the table; esc closes this panel"), "esc close"]);
        }
        let text = sees(&mut console, "j", &["esc close"]);
        assert!(!text.contains("works in the table"), "{text}");
        sees(&mut console, "esc", &["enter open"]);
        let text = sees(&mut console, &format!("{panel} 3"), &["┌ instances", "enter open"]);
        assert!(!text.contains("esc close"), "another view is wanted: the panel gives way\n{text}");
        sees(&mut console, "2", &["┌ services"]);
    }
}

/// The state of the data is what a title says last of all that may be cut.
#[tokio::test]
async fn a_long_filter_does_not_push_the_state_of_the_data_off_the_title() {
    let mut console = services().await;
    console.state.options.clock = true;
    let at = console.state.now;
    let fault = Fault::new(FaultKind::Unreachable, "ecs:DescribeClusters", "connection refused");
    let failed = Fetched { stack: 0, feed: "ecs", at, next: at + Duration::from_secs(9), result: Err(fault) };
    update(&mut console.state, at + Duration::from_secs(4), Msg::from(failed));
    for (columns, filter, words) in [
        (120, "", "ecs: offline (ecs:DescribeClusters), read 4s ago, next try in 5s, now with r"),
        (80, "", "ecs: offline (ecs:DescribeClusters), read 4s ago"),
        (80, "service:ehr-api", "ecs: offline, 4s old"),
        (80, "service:ehr-api cluster:ehr running:2 zone:us-east-1", "offline, 4s old"),
        (40, "service:ehr-api", "offline, 4s old"),
    ] {
        resize(&mut console, columns);
        console.state.place.filter = filter.to_owned();
        console.state.arrange();
        sees(&mut console, "j", &[&format!("─ {words} ┐").replace("─ ", " ")]);
    }
}

#[tokio::test]
async fn marks_are_counted_copied_and_taken_away() {
    let mut console = services().await;
    sees(&mut console, "space space j", &["services 8, 2 marked"]);
    sees(&mut console, "y", &["copied 2 marked ids; U takes the marks away", "esc close"]);
    sees(&mut console, "esc Y", &["copied the AWS CLI call of the selected row"]);
    sees(&mut console, "esc / w e b enter", &["2 marked"]);
    let text = sees(&mut console, "esc esc", &["┌ services 8 ", "2 marks taken away"]);
    assert!(!text.contains("2 marked"), "{text}");
    sees(&mut console, "space U", &["1 mark taken away"]);
    let (_, effects) = press(&mut console, "g y");
    let id = console.state.selected().unwrap().id.to_string();
    assert_eq!(effects, [Effect::Copy(id)]);
    sees(&mut console, "esc y", &["copied the id of the selected row"]);
}

/// The rows under the heading of the problems.
fn problems(console: &Console) -> Vec<Row> {
    let listing = &console.state.listing;
    let rows = listing.shown.iter().map(|&i| &listing.rows[i]);
    rows.filter(|row| row.section.title == "problems").cloned().collect()
}

#[tokio::test]
async fn few_problems_stand_for_all_of_the_incident_and_each_of_them_can_be_reached() {
    let mut console = services().await;
    console.screen('1');
    let (top, found) = (problems(&console), console.state.world.problems());
    let all = found.filter(|problem| problem.check.severity > Severity::Info).count();
    let names = top.iter().map(|row| row.cells[0].searchable()).collect::<Vec<_>>();
    assert!(top.len() <= 4 && all > top.len(), "{names:?} stand for {all}");
    assert_eq!(top.iter().map(|row| 1 + row.folds).sum::<usize>(), all, "each is counted once");
    assert_eq!(names[0], "asg-ehr");
    let first = "asg-ehr 12/12: at its maximum, ehr-api waits for room for 8 tasks";
    assert_eq!(top[0].problems[0].check.message, first);
    let text = sees(&mut console, "g", &["follow)"]);
    assert!(text.contains("ECS") && text.contains("Actions") && text.contains("asg-ehr"), "{text}");
    for leader in top.iter().filter(|row| row.folds > 0) {
        let cursor = &mut console.state.place.cursor;
        (cursor.entry, cursor.chosen) = (Some(leader.entry()), true);
        console.state.arrange();
        let before = problems(&console).len();
        press(&mut console, "u");
        assert_eq!(problems(&console).len(), before + leader.folds, "{:?}", leader.id);
    }
    assert_eq!(problems(&console).len(), all);
    // On a row that follows, its leader is folded again and stood on.
    press(&mut console, "j u");
    let leader = console.state.selected().unwrap();
    assert!(leader.folds > 0 && problems(&console).len() < all);
    // Whoever looks for something finds it, folded or not.
    sees(&mut console, &format!("u u / {} enter", typed("cannot")), &["ehr/ehr-api"]);
}

/// The overview of a scenario where its demo opens.
async fn overview(name: &str) -> Console {
    let scenario = Scenario::named(name).unwrap();
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let stack = Stack { name: Text::from(name), mongo: scenario.mongo_sets(), ..Stack::default() };
    let mut console = Console::new(&stack, &sim.backend(), clock, Budgets::unlimited());
    console.poll(Duration::from_secs(20)).await;
    resize(&mut console, 80);
    console.screen('1');
    console
}

#[tokio::test]
async fn in_every_incident_few_problems_stand_for_all_and_the_first_is_the_cause() {
    let aurora = "asg-ws 17/17: cut from 22 to 17 by a user request at 14:01:40Z";
    let tele = "tele-db: failed over at 02:01:31Z; DNS may lag";
    let spot = "asg-rx-spot: failed 12 times within 15 min: Could not launch Spot Instances.";
    for (name, first) in [("ehr-aurora", aurora), ("telehealth-fargate", tele), ("rx-spot", spot)] {
        let mut console = overview(name).await;
        let (top, found) = (problems(&console), console.state.world.problems());
        let all = found.filter(|problem| problem.check.severity > Severity::Info).count();
        let said: Vec<String> = top.iter().map(|row| row.cells[1].searchable()).collect();
        assert!(said[0].starts_with(first), "{name}: {said:#?}");
        // Of rx-spot some is older than what happens: what is critical counts.
        let critical = top.iter().filter(|row| name != "rx-spot" || row.severity == Severity::Crit).count();
        assert!(critical <= 4 && all > top.len(), "{name}: {said:#?} stand for {all}");
        assert_eq!(top.iter().map(|row| 1 + row.folds).sum::<usize>(), all, "{name}: each is counted once");
        for leader in top.iter().filter(|row| row.folds > 0) {
            let cursor = &mut console.state.place.cursor;
            (cursor.entry, cursor.chosen) = (Some(leader.entry()), true);
            console.state.arrange();
            let before = problems(&console).len();
            press(&mut console, "u");
            assert_eq!(problems(&console).len(), before + leader.folds, "{name}: {:?}", leader.id);
        }
        assert_eq!(problems(&console).len(), all, "{name}: each can be reached");
    }
}

/// What is said by a rule of the thing of this name: what it follows from, and what to do.
fn told(console: &Console, rule: &str, name: &str) -> (Option<&'static str>, String) {
    let found = console.state.world.problems().find(|p| p.check.rule == rule && p.check.subject.name == *name);
    let check = &found.expect(rule).check;
    let next = check.next.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (check.follows.as_ref().map(|root| root.rule), next)
}

#[tokio::test]
async fn what_is_advised_in_an_incident_leads_out_of_it() {
    let spot = overview("rx-spot").await;
    for problem in spot.state.world.problems() {
        let wrong = |step: &Text| step.contains("a forced deployment spreads") || step.starts_with("raise the maximum");
        assert!(!problem.check.next.iter().any(wrong), "{problem:?}");
    }
    let (_, next) = told(&spot, "guardduty-finding", "CryptoCurrency:Runtime/BitcoinTool.B");
    assert!(
        ["isolate instance i-", "from scale-in", "force no deployment of rx/dispatch-worker"]
            .iter()
            .all(|w| next.contains(w)),
        "{next}"
    );
    let (follows, next) = told(&spot, "scaling-group-at-maximum", "asg-rx-spot");
    assert_eq!(follows, Some("scaling-activities-failing"));
    assert!(next.contains("brings nothing") && next.contains("on-demand"), "{next}");
    assert_eq!(told(&spot, "ecs-service-below-minimum", "rx/rx-api").0, Some("scaling-activities-failing"));

    let tele = overview("telehealth-fargate").await;
    let (follows, next) = told(&tele, "alarm-active", "app-proxy-pool");
    assert_eq!((follows, next.as_str()), (Some("rds-proxy-pool"), "look at database app-proxy: view databases"));
    let (follows, next) = told(&tele, "rds-proxy-auth", "app-proxy");
    assert_eq!(follows, Some("secret-stale-tasks"));
    assert!(
        next.starts_with("first see the rotation of prod/db/app") && next.contains("telehealth/scheduler"),
        "{next}"
    );
    // While it is being rotated it is not overdue, too.
    assert!(tele.state.world.problems().all(|problem| problem.check.rule != "secret-rotation-overdue"));

    let aurora = overview("ehr-aurora").await;
    assert_eq!(told(&aurora, "ecs-rollout-deadlock", "ws/hl7-bridge").0, Some("scaling-group-resized"));
}

#[tokio::test]
async fn rows_tell_what_is_the_matter_with_what_they_rest_on() {
    let mut spot = overview("rx-spot").await;
    spot.screen('7');
    let scaled = spot.state.listing.rows.iter().find(|row| row.id == *"service/rx/rx-api").unwrap();
    let said = scaled.sentence().map(ToString::to_string);
    assert_eq!(
        (scaled.severity, said.as_deref()),
        (Severity::Crit, Some("rx-api 10/14: below its minimum of 14 tasks"))
    );
    let mut tele = overview("telehealth-fargate").await;
    tele.screen('2');
    let service = tele.state.listing.rows.iter().find(|row| row.id.ends_with("/scheduler")).unwrap();
    assert!(service.sentence().unwrap().contains("2 tasks hold the previous secret"), "{service:?}");
    let mut aurora = overview("ehr-aurora").await;
    aurora.screen('0');
    let happened = aurora.state.listing.rows.iter().filter_map(Row::sentence);
    let resized = happened.filter(|words| **words == *"a user request set min 15, max 17, desired 22 to 17");
    assert_eq!(resized.count(), 1, "once, however many instances went");
}

#[tokio::test]
async fn the_timeline_of_a_row_is_what_concerns_it_and_leads_back() {
    let mut console = services().await;
    press(&mut console, &format!("/ {} enter", typed("service=ehr-api")));
    let text = sees(&mut console, "t", &["/about=service/ehr/ehr-api", "unable to place", "event"]);
    assert!(text.contains("┌ timeline ") && !text.contains("ehr/ehr-web"), "{text}");
    let rows = &console.state.listing;
    let shown: Vec<&Row> = rows.shown.iter().map(|&i| &rows.rows[i]).collect();
    assert!(shown.iter().any(|row| row.cells[1].searchable() == "stop"), "its tasks, too");
    let times: Vec<_> = shown.iter().map(|row| row.cells[0].sort_key()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the newest first");
    sees(&mut console, "enter", &["┌ services "]);
    sees(&mut console, "esc", &["┌ timeline "]);
    sees(&mut console, "esc", &["┌ services "]);
    sees(&mut console, "0", &["┌ timeline "]);
    sees(&mut console, "5", &["┌ mongo "]);
    press(&mut console, "G t");
    sees(&mut console, "g", &["/about=member/ehr/m"]);
}

#[tokio::test]
async fn until_a_row_is_chosen_the_cursor_is_on_the_first_and_then_it_sticks() {
    let scenario = Scenario::named("telehealth-fargate").unwrap();
    let clock = Arc::new(ManualClock::at(scenario.opens()));
    let sim = Sim::new(&scenario, 1, clock.clone());
    let stack = Stack { name: Text::from("tele"), ..Stack::default() };
    let mut console = Console::new(&stack, &sim.backend(), clock, Budgets::unlimited());
    assert!(console.state.selected().is_some_and(|row| row.cells[0].searchable() == "ECS"), "nothing is read yet");
    console.poll(Duration::from_secs(20)).await;
    let worst = console.state.listing.rows.iter().map(|row| row.severity).max().unwrap();
    let first = console.state.selected().unwrap();
    assert_eq!((console.state.place.cursor.index, first.severity), (0, worst), "{:?}", first.id);
    let words = first.problems[0].check.message.to_string();
    sees(&mut console, "w", &["why: ", &words]);
    press(&mut console, "esc 6");
    assert_eq!(console.state.place.cursor.index, 0, "another view begins with its first row");
    press(&mut console, "j");
    let chosen = console.state.place.cursor.entry.clone();
    for keys in ["s", "s", "W", "S"] {
        press(&mut console, keys);
        assert_eq!(console.state.selected().map(Row::entry), chosen, "{keys}");
    }
    // The place that was left is as it was.
    press(&mut console, "0 esc");
    assert_eq!(console.state.selected().map(Row::entry), chosen);
}

#[tokio::test]
async fn what_happened_is_folded_where_it_is_alike_and_filtered_by_severity() {
    let mut console = services().await;
    let text = sees(&mut console, "0", &["at↓", "more below", "(×", "u unfold"]);
    assert!(!text.contains("└ "), "{text}");
    let (shown, all) = console.state.listing.counts;
    assert_eq!(shown, all, "what is folded is counted");
    let before = console.state.listing.shown.len();
    let folded: usize = console.state.listing.folded.values().sum();
    assert!(folded > 0 && before + folded == console.state.listing.rows.len());
    let at = (0..before).find(|i| console.state.listing.row(*i).is_some_and(|row| row.folds > 0)).unwrap();
    let folds = console.state.listing.row(at).unwrap().folds;
    sees(&mut console, &[vec!["j"; at], vec!["u"]].concat().join(" "), &["└ "]);
    assert_eq!(console.state.listing.shown.len(), before + folds);
    // Only what is worse than worth knowing is left.
    press(&mut console, "u f");
    let listing = &console.state.listing;
    assert!(!listing.shown.is_empty());
    assert!(listing.shown.iter().all(|&i| listing.rows[i].severity > Severity::Info));
    sees(&mut console, "esc S", &["at↑", "by at ascending"]);
}

#[tokio::test]
async fn an_empty_timeline_says_how_far_back_it_reaches() {
    let mut console = services().await;
    press(&mut console, &format!("2 0 {}", "esc"));
    let place = &mut console.state.place;
    (place.view, place.given) = (rounds::view::view("timeline").unwrap(), "about=service/none".to_owned());
    console.state.refresh();
    let words = "nothing of it since this console started at 03:12:44Z, and AWS tells nothing older; esc goes back";
    sees(&mut console, "j", &[words]);
}

#[tokio::test]
async fn what_a_demo_says_fits_a_narrow_screen() {
    for name in ["ehr-mongo", "ehr-aurora", "telehealth-fargate", "rx-spot"] {
        let scenario = Scenario::named(name).unwrap();
        let keys = |words: &str| words.replace("{why}", "w").replace("{open}", "enter");
        let banner = format!(" demo {name}: {}", keys(&scenario.hint));
        assert!(screen::width(&banner) <= 80, "{banner}");
    }
}

#[tokio::test]
async fn the_detail_of_a_problem_is_that_of_the_thing_in_trouble() {
    let mut console = services().await;
    let row = |console: &Console, name: &str| {
        let shown = (0..).map_while(|i| console.state.listing.row(i));
        shown.map(|row| row.id.to_string()).position(|id| id.contains(name)).unwrap()
    };
    press(&mut console, "1");
    // What follows from the full group is folded under it.
    let group = row(&console, "asg-ehr");
    press(&mut console, &[vec!["j"; group], vec!["u"]].concat().join(" "));
    for (subject, words) in
        [(":service/ehr/ehr-api", "minimum healthy"), (":cluster/ehr", "zones us-east-1b"), ("asg-ehr", "desired 12")]
    {
        press(&mut console, "g");
        let down = row(&console, subject);
        sees(&mut console, &[vec!["j"; down], vec!["d"]].concat().join(" "), &[words]);
        press(&mut console, "esc");
    }
}

#[tokio::test]
async fn why_names_a_task_as_people_do() {
    let mut console = services().await;
    press(&mut console, "4");
    let label = console.state.selected().unwrap().id.rsplit('/').next().unwrap().to_owned();
    let text = sees(&mut console, "w", &["why: ehr/", &label]);
    assert!(!text.contains("why: arn:"), "{text}");
}

#[tokio::test]
async fn hints_name_the_keys_of_the_keymap_in_force() {
    let mut console = services().await;
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let text = "inherits = \"default\"\n[global]\n\"esc\" = \"none\"\n\"b\" = \"back\"\n\"2\" = \"none\"\n\
                [table]\n\"f\" = \"none\"\n\"S\" = \"none\"\n[dialog]\n\"esc\" = \"none\"\n\"j\" = \"none\"\n\"k\" = \"none\"\n\
                [prompt]\n\"esc\" = \"none\"\n\"ctrl-o\" = \"cancel\"\n";
    let (keymap, wrong) = Keymap::load(text, "k.toml", &known);
    assert_eq!(wrong, []);
    console.state.keymap = keymap;
    console.state.options.banner = Some("what now? {why} why, {back} back".to_owned());
    sees(&mut console, "g", &["what now? w why, b back", "1 all services 3 inst"]);
    sees(&mut console, "w", &["q close down up scroll"]);
    sees(&mut console, "q s", &["sorted by", ":reverse-sort turns it around"]);
    sees(&mut console, "/ z z z", &["enter keeps, ctrl-o undoes", "/zzz; b undoes it"]);
    console.state.place.faults_only = true;
    sees(&mut console, "enter", &[":faults-only shows the others too, b lifts both"]);
    sees(&mut console, ": z z z", &["nothing fits; enter runs it", "enter does it, ctrl-o closes"]);
}
