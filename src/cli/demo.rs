//! `rounds demo`: the console on a simulated stack, a picture of it, or the stack behind AWS's formats.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Demo, Global};
use super::console::{appearance, gone, needs_terminal};
use super::shot::{Shot, shot};
use super::{Outcome, block_on, print};
use crate::action::audit::Audit;
use crate::action::policy::Rules;
use crate::action::{Actor, ids};
use crate::app::Options;
use crate::app::screen::SMALLEST;
use crate::backend::ports::{Backend, Journal};
use crate::backend::sim::{Known, Scenario, Sim, SimClock, Speed, scenarios, wire};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::model::stack::Stack;
use crate::runtime::{self, Connect, Launch};
use crate::text::Text;
use crate::time::{Clock, SystemClock, Timestamp};

/// The largest picture, in columns and rows.
const LARGEST: (u16, u16) = (500, 200);

/// Runs the demo.
pub(super) fn run(global: &Global, demo: &Demo, env: &BTreeMap<String, String>) -> Outcome {
    refuse_stacks(global)?;
    if demo.list {
        return list();
    }
    let scenario = Scenario::named(&demo.scenario).map_err(|e| vec![e])?;
    let from = beginning(&scenario, demo.at.as_deref())?;
    if let Some(file) = &demo.screenshot {
        // A picture has every colour, whatever the terminal it is ordered from; NO_COLOR still counts.
        let colours = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        let env = env.iter().map(|(k, v)| (k.as_str(), v.as_str())).chain(colours);
        let env = env.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        return picture(global, demo, &scenario, from, &settings(global, &env)?, file);
    }
    let settings = settings(global, env)?;
    print::log(settings.log.as_deref())?;
    let speed = Speed::parse(&demo.speed).map_err(|wrong| vec![Error::usage(wrong).from("--speed")])?;
    if let Some(address) = &demo.listen {
        return block_on(listen(scenario, from, speed, demo.seed, address))?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Arc::new(SystemClock), from, speed));
    let sim = Sim::new(&scenario, demo.seed, Arc::clone(&clock));
    needs_terminal(env)?;
    let (keymap, theme) = appearance(&settings)?;
    let kept = Scratch::new();
    let backend = Backend { journal: kept.journal(), ..sim.backend() };
    let connect: Connect = Arc::new(move |_| {
        let backend = backend.clone();
        Box::pin(async move { Ok(backend) })
    });
    let launch = Launch {
        stacks: vec![stack(&demo.scenario, &scenario)],
        thresholds: settings.thresholds,
        keymap,
        theme,
        options: Options {
            rules: rules(global, &settings.allow),
            ..options(&demo.scenario, &scenario, settings.ascii, !global.no_clock)
        },
        audit: Ok(kept.audit()),
        actor: Actor::here(env),
        connect,
        clock,
        refresh: Some(settings.refresh),
        env: env.clone(),
    };
    block_on(runtime::run(launch))?.map_err(|error| gone(&error))
}

fn list() -> Outcome {
    let line = |known: &Known| known.title().map(|title| format!("{:<20} {title}", known.name));
    let lines: Vec<String> = scenarios().iter().map(line).collect::<Result<_, _>>().map_err(|e| vec![e])?;
    print::print(&(lines.join("\n") + "\n"))
}

/// The demo has one stack of its own: flags that choose or change stacks are mistakes.
fn refuse_stacks(global: &Global) -> Result<(), Vec<Error>> {
    let typed = [
        ("--stack", !global.stack.is_empty()),
        ("--profile", global.profile.is_some()),
        ("--region", global.region.is_some()),
        ("--endpoint-url", global.endpoint_url.is_some()),
    ];
    let refused = |flag| Error::usage("the demo has a stack of its own and asks nobody else").from(flag);
    let wrong: Vec<Error> =
        typed.into_iter().filter(|(_, is)| *is).map(|(flag, _)| refused(flag).hint("leave it out")).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// How the demo looks is configured as for the console; which stacks there are is not, whatever the environment selects.
fn settings(global: &Global, env: &BTreeMap<String, String>) -> Result<Settings, Vec<Error>> {
    let env =
        env.iter().filter(|(name, _)| *name != config::STACK_VARIABLE).map(|(k, v)| (k.clone(), v.clone())).collect();
    config::load(&env, &global.flags())
}

/// The demo's one stack.
pub(super) fn stack(name: &str, scenario: &Scenario) -> Stack {
    Stack { name: Text::from(name), mongo: scenario.mongo_sets(), allow: every_action(), ..Stack::default() }
}

/// What the demo is, and which key to press next, in one line.
pub(super) fn options(name: &str, scenario: &Scenario, ascii: bool, clock: bool) -> Options {
    Options { ascii, banner: Some(format!("demo {name}: {}", scenario.hint)), clock, ..Options::default() }
}

/// In a world of its own everything may be tried, unless the command line says otherwise.
pub(super) fn rules(global: &Global, allow: &[String]) -> Rules {
    let allow = if allow.is_empty() { every_action() } else { allow.to_vec() };
    Rules { read_only: global.read_only, allow, opt_in: every_action(), ..Rules::default() }
}

fn every_action() -> Vec<String> {
    ids().into_iter().map(str::to_owned).collect()
}

/// A directory for the audit of a simulated world, gone when that is.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("rounds-demo-{}-{:08x}", std::process::id(), fastrand::u32(..))))
    }

    pub(super) fn audit(&self) -> Audit {
        Audit::at(self.0.clone())
    }

    pub(super) fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(Ok::<_, Error>(self.audit()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is there only if something was done.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The time the demo begins at: as asked for, or where the scenario is worth looking at.
fn beginning(scenario: &Scenario, at: Option<&str>) -> Result<Timestamp, Vec<Error>> {
    let Some(at) = at else { return Ok(scenario.opens()) };
    let wrong = || {
        let hint = format!("the scenario begins at {}", scenario.start().date_time());
        vec![
            Error::usage(format!("\"{at}\" is not a time of day; write it like 03:12 or 03:12:44"))
                .from("--at")
                .hint(hint),
        ]
    };
    let numbers: Vec<u32> = at.split(':').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let (h, m, s) = match numbers[..] {
        [h, m] => (h, m, 0),
        [h, m, s] => (h, m, s),
        _ => return Err(wrong()),
    };
    if h > 23 || m > 59 || s > 59 {
        return Err(wrong());
    }
    let day = scenario.start().secs().div_euclid(86_400) * 86_400;
    let time = Timestamp::from_secs(day + i64::from(h * 3_600 + m * 60 + s));
    if time < scenario.start() {
        let what = format!("\"{at}\" is before the scenario begins");
        let hint = format!("it begins at {}", scenario.start().time_of_day());
        return Err(vec![Error::usage(what).from("--at").hint(hint)]);
    }
    Ok(time)
}

/// Serves the simulated stack until the process is ended. Whoever asks has a clock of today, so the scenario is moved to where
/// `from` is now.
async fn listen(scenario: Scenario, from: Timestamp, speed: Speed, dice: u64, address: &str) -> Outcome {
    let now = SystemClock.now();
    let start = now - from.since(scenario.start());
    let scenario = scenario.moved_to(start);
    let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Arc::new(SystemClock), now, speed));
    let sim = Sim::new(&scenario, dice, Arc::clone(&clock));
    let listen = address.parse().map_err(|_| {
        let words = format!("\"{address}\" is not an address; write it like 127.0.0.1:4600, port 0 takes a free one");
        vec![Error::usage(words).from("--listen")]
    })?;
    let options = wire::Options { listen, clock, ..wire::Options::default() };
    let server = wire::serve(sim.backend(), options).await.map_err(|e| vec![e.from("--listen")])?;
    let url = server.endpoint_url();
    print::print(&format!(
        "listening on {url}\ntry: AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_REGION=us-east-1 rounds --endpoint-url {url}\n"
    ))?;
    tokio::signal::ctrl_c().await.map_err(|error| vec![Error::unavailable(error.to_string())])?;
    Ok(0)
}

fn picture(
    global: &Global,
    demo: &Demo,
    scenario: &Scenario,
    at: Timestamp,
    settings: &Settings,
    file: &std::path::Path,
) -> Outcome {
    let size = demo.size.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let ((least_w, least_h), (most_w, most_h)) = (SMALLEST, LARGEST);
    let fits = |(w, h): &(u16, u16)| (least_w..=most_w).contains(w) && (least_h..=most_h).contains(h);
    let size = size.filter(fits).ok_or_else(|| {
        let form = format!("write it like 120x40, from {least_w}x{least_h} to {most_w}x{most_h}");
        vec![Error::usage(format!("\"{}\" is not a size; {form}", demo.size)).from("--size")]
    })?;
    let (keymap, theme) = appearance(settings)?;
    let taken = Shot {
        scenario,
        name: &demo.scenario,
        seed: demo.seed,
        at,
        keys: &demo.keys,
        size,
        keymap,
        thresholds: settings.thresholds.clone(),
        ascii: settings.ascii,
        clock: !global.no_clock,
        rules: rules(global, &settings.allow),
    };
    let screen = block_on(shot(taken))?.map_err(|e| vec![e])?;
    let written = std::fs::write(file, crate::tui::svg(&screen, &theme));
    written.map_err(|error| {
        vec![Error::unavailable(format!("cannot write {}: {error}", file.display())).from("--screenshot")]
    })?;
    Ok(0)
}
