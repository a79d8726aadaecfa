//! Which stacks are looked at, and what the command line changes about them.

use super::form;
use super::origin::Origin;
use super::resolve::Resolver;
use super::stack::FileStack;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::model::form as aws;
use crate::model::stack::Stack;
use crate::text::Text;

/// The variable that names the stacks to look at, separated by commas.
pub const STACK_VARIABLE: &str = "ROUNDS_STACK";

/// The name of the stack that is made of the AWS environment where no file names any.
const DEFAULT: &str = "default";

/// The stacks to look at: those of the file, or the one of the environment; narrowed and changed by what was typed.
pub(super) fn stacks(resolver: &mut Resolver<'_>, file: Vec<FileStack>, path: Option<&str>) -> Vec<Stack> {
    let configured = !file.is_empty();
    let mut all = if configured { file } else { vec![from_environment()] };
    narrow(resolver, &mut all, configured, path);
    let changes = changes(resolver);
    all.into_iter()
        .map(|FileStack { mut stack, mut places, mongo, secrets }| {
            for (key, value) in &changes {
                let value = Some(value.clone());
                let flag = match *key {
                    "profile" => (stack.profile = value, "--profile").1,
                    "region" => (stack.region = value, "--region").1,
                    _ => (stack.endpoint_url = value, "--endpoint-url").1,
                };
                places.insert(key, Origin::Flag(flag));
            }
            resolver.stack_rows(&stack, &places);
            resolver.mongo_rows(&stack, &mongo);
            resolver.secret_rows(&stack, &secrets);
            stack
        })
        .collect()
}

/// One stack that says nothing: the SDK finds profile, region and endpoint as it always does.
fn from_environment() -> FileStack {
    FileStack { stack: Stack { name: Text::from(DEFAULT), ..Stack::default() }, ..FileStack::default() }
}

/// Keeps the stacks that were asked for, in the order of the file.
fn narrow(resolver: &mut Resolver<'_>, all: &mut Vec<FileStack>, configured: bool, path: Option<&str>) {
    let (wanted, origin) = if resolver.flags.stack.is_empty() {
        let listed = resolver.variable(STACK_VARIABLE).unwrap_or_default();
        let names = listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        (names, Origin::Variable(STACK_VARIABLE))
    } else {
        (resolver.flags.stack.clone(), Origin::Flag("--stack"))
    };
    let known: Vec<&str> = all.iter().map(|found| found.stack.name.as_str()).collect();
    for name in wanted.iter().filter(|name| !known.contains(&name.as_str())) {
        let hint = match path {
            _ if configured => suggestion(name, &known),
            Some(path) => Some(format!("{path} configures no stack; the only one is \"{DEFAULT}\"")),
            None => Some(format!("there is no configuration file; the only stack is \"{DEFAULT}\"")),
        };
        let e = Error::usage(format!("unknown stack {}", quoted(name))).from(origin.to_string());
        resolver.wrong.push(Error { hint, ..e });
    }
    if !wanted.is_empty() {
        all.retain(|found| wanted.iter().any(|name| found.stack.name == name.as_str()));
    }
}

/// What the command line changes about every stack.
fn changes(resolver: &mut Resolver<'_>) -> Vec<(&'static str, String)> {
    let flags = resolver.flags;
    let mut changes = Vec::new();
    for (key, flag, typed, form) in [
        ("profile", "--profile", &flags.profile, form::profile as fn(&str) -> Result<(), Error>),
        ("region", "--region", &flags.region, aws::region),
        ("endpoint_url", "--endpoint-url", &flags.endpoint_url, aws::endpoint_url),
    ] {
        if let Some(value) = typed
            && resolver.checked(&Origin::Flag(flag), form(value)).is_some()
        {
            changes.push((key, value.clone()));
        }
    }
    changes
}
