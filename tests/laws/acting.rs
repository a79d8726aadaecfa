//! Laws of acting: whatever is pressed, pasted or read, nothing is done that was not asked for, on nothing but what was meant.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rounds::action::policy::Rules;
use rounds::action::{Bench, Plan, action};
use rounds::app::screen::Line;
use rounds::app::{Attempt, Effect, Msg, Press, Prompt, PromptKind, State, screen, update};
use rounds::backend::sim::{Scenario, Sim};
use rounds::feed::Budgets;
use rounds::keymap::Chord;
use rounds::model::Facts;
use rounds::model::ecs::EcsFacts;
use rounds::model::stack::Stack;
use rounds::time::{Clock, ManualClock};

use crate::happening::{Happening, any_happening, any_news};
use crate::world::{console, everything};

/// A plan of each service of the simulated stack, before anything has happened to it.
fn plans() -> &'static HashMap<String, Arc<Plan>> {
    static PLANS: OnceLock<HashMap<String, Arc<Plan>>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let scenario = Scenario::named("ehr-mongo").expect("it is built in");
            let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(scenario.start()));
            let sim = Sim::new(&scenario, 1, Arc::clone(&clock));
            let bench = Bench::new(Stack::default(), sim.backend(), clock, Arc::new(Budgets::unlimited()));
            let reading = bench.cluster("ehr").await.expect("it answers");
            let spec = action("force-deploy").expect("there is one");
            let mut plans = HashMap::new();
            for label in labels(&reading.facts) {
                let plan = (spec.plan)(&bench, &label).await.expect("a plan");
                plans.insert(label, Arc::new(plan));
            }
            plans
        })
    })
}

fn labels(facts: &Facts) -> Vec<String> {
    let services = facts.get::<EcsFacts>().map_or(&[][..], |ecs| &ecs.services);
    services.iter().map(|seen| seen.item.label().to_string()).collect()
}

/// A console on the services that may act, everything read.
fn services() -> State {
    let mut state = console(false);
    state.options.rules = Rules { allow: vec!["force-deploy".to_owned()], ..Rules::default() };
    for happening in everything() {
        let (after, msg) = happening.msg();
        let now = state.clock + after;
        update(&mut state, now, msg);
    }
    press(&mut state, "2", true);
    state
}

/// The same, armed.
fn armed() -> State {
    let mut state = services();
    press(&mut state, ": a r m enter w h y enter", true);
    assert!(is_armed(&state), "{:?}", state.prompt);
    state
}

fn is_armed(state: &State) -> bool {
    state.rules().arming.holds(state.clock)
}

/// Presses keys one after the other; plans that are wanted are there at once. Gives everything else that is to be done.
fn press(state: &mut State, keys: &str, deliberate: bool) -> Vec<Effect> {
    let mut done = Vec::new();
    for key in keys.split_whitespace() {
        let chord: Chord = key.parse().expect("a key");
        done.extend(step(state, Msg::Key(Press { chord, deliberate, pasted: !deliberate })));
    }
    done
}

fn step(state: &mut State, msg: Msg) -> Vec<Effect> {
    let now = state.clock;
    let mut effects = update(state, now, msg);
    for effect in &effects {
        if let Effect::Plan { attempt, target, .. } = effect
            && let Some(plan) = plans().get(target)
        {
            update(state, now, Msg::Planned { attempt: *attempt, result: Ok(Arc::clone(plan)) });
        }
    }
    effects.retain(|effect| !matches!(effect, Effect::Plan { .. }));
    effects
}

/// The keys that type a word.
fn typed(word: &str) -> String {
    word.chars().flat_map(|c| [c, ' ']).collect()
}

/// The service under the cursor, as actions write it.
fn target(state: &State) -> Option<String> {
    let id = &state.place.cursor.entry.as_ref()?.1;
    let ecs = state.world.facts(0).get::<EcsFacts>()?;
    ecs.services.iter().find(|seen| seen.item.arn == *id).map(|seen| seen.item.label().to_string())
}

#[test]
fn a_plan_a_reason_and_the_name_confirm() {
    let mut state = armed();
    press(&mut state, "/ f h i r enter", true);
    assert_eq!(target(&state).as_deref(), Some("ehr/fhir-gateway"));
    // The reason it was armed for is offered.
    let until_name = format!("a enter G enter ctrl-u {} enter", typed("stuck"));
    let whole = format!("{until_name} {}", typed("fhir-gateway"));
    // The name is no reason.
    press(&mut state, &format!("a enter G enter ctrl-u {} enter", typed("fhir-gateway")), true);
    assert_eq!(state.prompt.as_ref().map(|prompt| prompt.kind), Some(PromptKind::Reason));
    press(&mut state, "ctrl-u esc esc", true);
    for (keys, deliberate) in [
        (format!("{until_name} {} enter", typed("fhir-gatewa")), true),
        (format!("a enter G enter ctrl-u enter {} enter", typed("fhir-gateway")), true),
        (format!("{whole} enter"), false),
    ] {
        assert_eq!(press(&mut state, &keys, deliberate), [], "{keys} {deliberate}");
        // What was typed stays, and what would be right is told.
        if keys.ends_with("g a t e w a  enter") {
            assert_eq!(state.prompt.as_ref().map(Prompt::text), Some("fhir-gatewa"));
            assert_eq!(state.notice.as_ref().map(|(words, _)| words.as_str()), Some("not fhir-gateway"));
        }
        press(&mut state, "ctrl-u esc esc esc", true);
        press(&mut state, "2 / f h i r enter", true);
    }
    let done = press(&mut state, &format!("{whole} enter"), true);
    let [Effect::Act { attempt, confirmation }] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!((confirmation.name.as_str(), confirmation.reason.as_str()), ("fhir-gateway", "stuck"));
    assert_eq!(state.attempts.get(*attempt).map(Attempt::name).as_deref(), Some("force-deploy ehr/fhir-gateway"));
    // What is under way is not offered anew.
    press(&mut state, "esc a", true);
    let offered: Vec<String> = screen(&state).panel.expect("the offers").lines.iter().map(words).collect();
    let acts = offered.iter().filter(|line| line.contains("force-deploy")).collect::<Vec<_>>();
    assert!(acts.len() == 1 && acts[0].contains("under way"), "{offered:?}");
    press(&mut state, "enter", true);
    // It is not closed by an impatient key.
    assert_eq!((press(&mut state, "enter enter", true), state.open_attempt()), (vec![], Some(*attempt)));
    // The same again leads back to what is under way.
    assert_eq!(press(&mut state, "esc a enter", true), []);
    assert_eq!((state.open_attempt(), state.attempts.under_way()), (Some(*attempt), 1));
    assert_eq!(press(&mut state, "esc q", true), []);
    assert_eq!(press(&mut state, "q", true), [Effect::Quit]);
}

/// Keys as people and pastes press them: whole ways to a confirmation among them.
fn any_keys() -> impl Strategy<Value = String> {
    let names: Vec<String> =
        plans().keys().map(|label| label.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    let way = select(names)
        .prop_map(|name| format!("esc esc 2 / {} enter a enter G enter x enter {} enter", typed(&name), typed(&name)));
    let one = select(vec![
        ": a r m enter x enter",
        ": d i s a r m enter",
        "a",
        "enter",
        "esc",
        "G",
        "x",
        "y",
        "2",
        "j",
        "r",
        "q",
        ":",
        "/",
        "ctrl-u",
        "ctrl-l",
        "A",
        "p",
        "up",
        "f5",
    ]);
    prop_oneof![1 => way, 4 => vec(one, 1..12).prop_map(|keys| keys.join(" "))]
}

/// Each of these cases is long; more of them with `PROPTEST_CASES`, as everywhere.
fn few() -> ProptestConfig {
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let all = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if asked { all } else { ProptestConfig { cases: 96, ..all } }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn f5_what_was_under_the_cursor_when_the_key_was_read_is_planned(
        before in vec(any_news(), 0..4), moves in 0_usize..9, during in vec(any_news(), 0..6)
    ) {
        let mut state = services();
        for happening in &before {
            step(&mut state, happening.msg().1);
        }
        press(&mut state, &"j ".repeat(moves), true);
        let meant = target(&state);
        press(&mut state, "a", true);
        for happening in &during {
            step(&mut state, happening.msg().1);
        }
        let now = state.clock;
        let wanted = update(&mut state, now, Msg::Key("enter".parse::<Chord>().expect("a key").into()));
        let planned = wanted.iter().find_map(|effect| match effect {
            Effect::Plan { target, .. } => Some(target.clone()),
            _ => None,
        });
        if state.open_attempt().is_some() {
            prop_assert_eq!(planned, meant);
        }
    }

    #[test]
    fn b4_b8_f11_only_a_typed_name_and_a_deliberate_key_act(
        from_armed in any::<bool>(), happenings in vec((any_keys(), any::<bool>(), any_happening()), 1..12)
    ) {
        let mut state = if from_armed { armed() } else { services() };
        for (keys, deliberate, between) in &happenings {
            for effect in press(&mut state, keys, *deliberate) {
                if let Effect::Act { attempt, confirmation } = effect {
                    let attempt = state.attempts.get(attempt).expect("it is known");
                    let plan = attempt.plan().expect("it was planned");
                    prop_assert!(*deliberate && is_armed(&state));
                    prop_assert_eq!(confirmation.name.as_str(), plan.target.name.as_str());
                    prop_assert!(!confirmation.reason.is_empty());
                    prop_assert_eq!(plan.target.label.as_str(), attempt.wish.target.as_str());
                }
            }
            if !matches!(between, Happening::Key(_)) {
                let acts = step(&mut state, between.msg().1);
                prop_assert!(!acts.iter().any(|effect| matches!(effect, Effect::Act { .. })), "{:?}", between);
            }
        }
        // Whatever is open can be left.
        press(&mut state, "ctrl-u esc esc esc", true);
        prop_assert!(state.prompt.is_none() && state.panel.is_none());
    }
}

/// A name that was pasted without brackets, and a key of its own later.
#[test]
fn b4_a_pasted_name_is_no_typed_name() {
    let mut state = armed();
    press(&mut state, "/ f h i r enter a enter G enter enter", true);
    let name = typed("fhir-gateway");
    assert_eq!(press(&mut state, &name, false), []);
    assert_eq!(press(&mut state, "enter", true), []);
    // Half of it typed, half of it pasted.
    press(&mut state, &typed("fhir-"), true);
    press(&mut state, &typed("gateway"), false);
    assert_eq!(press(&mut state, "enter", true), []);
    press(&mut state, "ctrl-u", true);
    assert_eq!(press(&mut state, &format!("{name} enter"), true).len(), 1);
}

/// The last line of the screen.
fn footer(state: &State) -> String {
    let bar = screen(state).footer;
    words(&[bar.left, bar.right].concat())
}

fn words(line: &Line) -> String {
    line.iter().map(|span| span.text.as_str()).collect()
}

#[test]
fn a_plan_is_seen_to_its_end_before_it_goes_on() {
    let mut state = armed();
    update(&mut state, crate::world::BEGIN, Msg::Resize(80, 20));
    press(&mut state, "/ f h i r enter a enter G enter", true);
    assert!(state.prompt.is_none(), "the middle was jumped over");
    assert!(state.notice.take().is_some_and(|(told, _)| told.ends_with("lines read")));
    assert!(footer(&state).contains("enter read on"), "{}", footer(&state));
    while footer(&state).contains("enter read on") {
        press(&mut state, "enter", true);
        state.notice = None;
    }
    assert!(footer(&state).contains("enter go on"), "{}", footer(&state));
    press(&mut state, "enter", true);
    assert!(state.prompt.is_some());
    press(&mut state, "esc esc", true);
    update(&mut state, crate::world::BEGIN, Msg::Resize(59, 14));
    press(&mut state, "a enter", true);
    for _ in 0..20 {
        press(&mut state, "enter", true);
    }
    assert!(!footer(&state).contains("enter"), "{}", footer(&state));
    assert!(state.prompt.is_none() && state.notice.as_ref().is_some_and(|(told, _)| told.contains("60x15")));
}

/// The first line of the screen, as far as it says what may be done.
fn mode(state: &State) -> String {
    words(&screen(state).header.right)
}

#[test]
fn a_console_acts_only_while_it_is_armed() {
    let mut state = services();
    assert!(mode(&state).starts_with(" DISARMED "), "{}", mode(&state));
    // A plan may be looked at all the same; it says what is missing, and leads there.
    press(&mut state, "/ f h i r enter a enter G", true);
    let shown: String = screen(&state).panel.expect("the plan").lines.iter().map(words).collect();
    assert!(footer(&state).contains("enter arm"), "{}", footer(&state));
    press(&mut state, "g", true);
    let plan: String = screen(&state).panel.expect("the plan").lines.iter().map(|line| words(line) + " ").collect();
    assert!(plan.contains("not armed; arm the console with :arm and a reason"), "{plan} {shown}");
    press(&mut state, "G enter", true);
    assert_eq!(state.prompt.as_ref().map(|prompt| prompt.kind), Some(PromptKind::Arm));
    // It takes a reason, and a key that was pressed by itself.
    for (keys, deliberate) in [("enter", true), (". . . enter", true), ("ctrl-u w h y enter", false)] {
        press(&mut state, keys, deliberate);
        assert!(!is_armed(&state), "{keys}");
    }
    press(&mut state, "enter", true);
    assert!(is_armed(&state) && mode(&state).starts_with(" ARMED 15m "), "{}", mode(&state));
    assert!(footer(&state).contains("enter go on"), "{}", footer(&state));
    // Its reason is that of the action, unless another is given.
    let done = press(&mut state, &format!("enter enter {} enter", typed("fhir-gateway")), true);
    let [Effect::Act { confirmation, .. }] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!(confirmation.reason, "why");
}

#[test]
fn it_disarms_itself_in_time_and_takes_what_is_being_confirmed_with_it() {
    let minutes = Duration::from_mins;
    let tick = |state: &mut State, then: Duration| {
        let now = state.clock + then;
        update(state, now, Msg::Tick);
    };
    let ways: [(&str, Duration, &str); 3] = [
        ("j", minutes(5), "no key was pressed for a while"),
        ("", minutes(5), "no key was pressed for a while"),
        ("esc esc esc : d i s a r m enter", Duration::ZERO, "disarmed"),
    ];
    for (keys, then, why) in ways {
        let mut state = armed();
        press(&mut state, &format!("/ f h i r enter a enter G enter enter {}", typed("fhir-gateway")), true);
        assert_eq!(state.prompt.as_ref().map(|prompt| prompt.kind), Some(PromptKind::Confirm));
        tick(&mut state, minutes(4) + Duration::from_secs(30));
        assert!(mode(&state).contains(" ARMED 30s "), "{}", mode(&state));
        press(&mut state, keys, true);
        if keys == "j" {
            assert!(mode(&state).contains(" ARMED 10m "), "{}", mode(&state));
        }
        tick(&mut state, then);
        assert!(!is_armed(&state) && mode(&state).contains(" DISARMED "), "{}", mode(&state));
        assert!(state.prompt.is_none(), "what would be refused is not typed on");
        assert!(state.notice.as_ref().is_some_and(|(told, _)| told.contains(why)), "{:?}", state.notice);
        let done = press(&mut state, "enter", true);
        assert!(!done.iter().any(|effect| matches!(effect, Effect::Act { .. })), "{done:?}");
    }
    // Keys make it last no longer than its time.
    let mut state = armed();
    for _ in 0..3 {
        tick(&mut state, minutes(4));
        press(&mut state, "j", true);
    }
    assert!(is_armed(&state));
    tick(&mut state, minutes(3));
    assert!(!is_armed(&state) && state.notice.is_some_and(|(told, _)| told.contains("its time is over")));
}

#[test]
fn there_is_nothing_to_arm_where_nothing_is_allowed() {
    let mut state = services();
    state.options.rules = Rules::default();
    press(&mut state, ": a r m enter", true);
    assert!(state.prompt.is_none() && mode(&state).contains("READ-ONLY"));
    assert!(state.notice.is_some_and(|(told, _)| told.contains("start with --allow ACTION")));
}
