//! `rounds`: the console.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::args::Global;
use super::{Outcome, block_on};
use crate::action::Actor;
use crate::action::audit::Audit;
use crate::action::policy::Rules;
use crate::app::{Options, command};
use crate::backend::aws::Connector;
use crate::backend::ports::{Backend, Journal};
use crate::config::{self, Settings};
use crate::error::Error;
use crate::keymap::Keymap;
use crate::model::Fault;
use crate::model::stack::Stack;
use crate::runtime::{self, Connect, Launch};
use crate::term;
use crate::theme::Theme;
use crate::time::{Clock, SystemClock};

/// How long the first frame may wait for a mistake in the configuration of a stack to show itself. Nothing is sent in this
/// time, unless the region must be asked of the instance the program runs on.
const PATIENCE: Duration = Duration::from_millis(250);

/// Opens the console on the configured stacks.
pub(super) fn run(global: &Global, env: &BTreeMap<String, String>) -> Outcome {
    let settings = config::load(env, &global.flags())?;
    let (keymap, theme) = appearance(&settings)?;
    needs_terminal(env)?;
    super::print::log(settings.log.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let actor = Actor::here(env).operated_by(settings.operator.as_deref());
    // CloudTrail then names the person too, where a role is assumed.
    let connector = Connector::new(Arc::clone(&clock)).with_session(&actor.user);
    block_on(async {
        mistakes(&connector, &settings.stacks).await?;
        let audit = audit();
        let journal: Arc<dyn Journal> = Arc::new(audit.clone());
        let connect: Connect = Arc::new(move |stack: Stack| {
            let (connector, journal) = (connector.clone(), Arc::clone(&journal));
            Box::pin(async move {
                let backend = connector.connect(&stack).await.map_err(|error| unconnected(&error))?;
                Ok(Backend { journal, ..backend })
            })
        });
        let rules =
            Rules { read_only: global.read_only, allow: settings.allow, opt_in: settings.opt_in, ..Rules::default() };
        let options = Options { ascii: settings.ascii, banner: None, clock: !global.no_clock, rules };
        let launch = Launch {
            stacks: settings.stacks,
            thresholds: settings.thresholds,
            keymap,
            theme,
            options,
            audit,
            actor,
            connect,
            clock,
            refresh: Some(settings.refresh),
            env: env.clone(),
        };
        runtime::run(launch).await.map_err(|error| gone(&error))
    })?
}

/// What the command line and the configuration allow.
pub(super) fn rules(global: &Global, settings: &Settings, env: &BTreeMap<String, String>) -> Rules {
    // Where nobody sits before it, whatever name the session of its role has.
    let inside = [("AWS_LAMBDA_FUNCTION_NAME", "a Lambda function"), ("CODEBUILD_BUILD_ID", "a CodeBuild build")];
    Rules {
        read_only: global.read_only,
        allow: settings.allow.clone(),
        opt_in: settings.opt_in.clone(),
        operator: settings.operator.clone(),
        inside: inside.iter().find(|(name, _)| env.contains_key(*name)).map(|(_, what)| *what),
        ..Rules::default()
    }
}

/// The audit of this user.
pub(super) fn audit() -> Result<Audit, Error> {
    Ok(Audit::at(config::state_dir()?.join("audit")))
}

/// The keymap and the theme in force; what is wrong with either is a mistake to be told before the screen is taken, with what
/// named it.
pub(super) fn appearance(settings: &Settings) -> Result<(Keymap, Theme), Vec<Error>> {
    let known = command::known();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let (keymap, wrong_keys) = settings.keymap.keymap(&known).unwrap_or_else(|e| (Keymap::default(), vec![e]));
    let (theme, wrong_roles) = settings.theme.theme().unwrap_or_else(|e| (Theme::default(), vec![e]));
    let named = |key: &str, error: Error| {
        let by = settings.origin(key).map(|origin| format!("named by {origin}"));
        let hint = error.hint.iter().cloned().chain(by).collect::<Vec<_>>().join("; ");
        error.hint(hint)
    };
    let wrong_keys = wrong_keys.into_iter().map(|error| named("keymap", error));
    let wrong_roles = wrong_roles.into_iter().map(|error| named("theme", error));
    let wrong: Vec<Error> = wrong_keys.chain(wrong_roles).collect();
    if wrong.is_empty() { Ok((keymap, theme.at(settings.depth))) } else { Err(wrong) }
}

/// The console needs a terminal at both ends, and one that can place its cursor.
pub(super) fn needs_terminal(env: &BTreeMap<String, String>) -> Result<(), Vec<Error>> {
    for (name, is) in
        [("standard input", std::io::stdin().is_terminal()), ("standard output", std::io::stdout().is_terminal())]
    {
        if !is {
            let hint = "for scripts there are: rounds check --json, rounds export VIEW --format json";
            return Err(vec![Error::usage(format!("{name} is not a terminal")).hint(hint)]);
        }
    }
    match env.get("TERM").map(String::as_str) {
        None | Some("" | "dumb") => {
            let hint = "set TERM to what the terminal is, such as xterm-256color";
            Err(vec![Error::usage("the terminal cannot place its cursor").from("TERM").hint(hint)])
        }
        Some(_) => Ok(()),
    }
}

/// Mistakes in how the stacks are configured (profile, region), told before the screen is taken.
async fn mistakes(connector: &Connector, stacks: &[Stack]) -> Result<(), Vec<Error>> {
    let checks = stacks.iter().map(|stack| timeout(PATIENCE, connector.connect(stack)));
    let results = futures_util::future::join_all(checks).await;
    let wrong: Vec<Error> = results.into_iter().filter_map(|result| result.ok()?.err()).collect();
    // Where others can be looked at, their console opens, and what is wrong is told in the panes of the stack it is wrong of.
    if wrong.len() < stacks.len() { Ok(()) } else { Err(wrong) }
}

/// A stack that cannot be connected to, as its panels tell it.
pub(super) fn unconnected(error: &Error) -> Fault {
    Fault::misconfigured(Error { hint: None, ..error.clone() }.to_string(), error.hint.as_deref())
}

/// The terminal could not be taken, or it is gone.
pub(super) fn gone(error: &std::io::Error) -> Vec<Error> {
    term::restore();
    vec![Error::unavailable(format!("the terminal: {error}"))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    #[test]
    fn what_is_configured_wrong_is_no_refusal_and_keeps_its_hint() {
        let error = Error::usage("there is no profile \"prodd\"").from("--profile").hint("did you mean \"prod\"?");
        let fault = unconnected(&error);
        assert_eq!((fault.kind, fault.action), (FaultKind::Misconfigured, ""));
        assert_eq!(fault.message, "--profile: there is no profile \"prodd\"");
        assert_eq!(fault.hint(), error.hint);
    }
}
