//! Flag beats environment beats file beats default; every value keeps where it came from.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::choice::{Choice, Kind};
use super::file::FileConfig;
use super::flags::Flags;
use super::form;
use super::mongo::{self, Places};
use super::origin::{Origin, Placed};
use super::secrets;
use super::select;
use super::settings::{Explained, Settings};
use crate::error::Error;
use crate::file::shown;
use crate::health::Thresholds;
use crate::model::form::without_user;
use crate::model::stack::Stack;
use crate::text::clean;
use crate::theme::Depth;
use crate::time::human;

/// How often the focused view is read unless configured.
const REFRESH: Duration = Duration::from_secs(5);

/// Settles what flags, environment and file mean together. `env` is the environment as it was at the start.
///
/// # Errors
/// Every value that is impossible or unknown, with where it was written.
pub fn resolve(
    file: Option<FileConfig>,
    env: &BTreeMap<String, String>,
    flags: &Flags,
) -> Result<Settings, Vec<Error>> {
    let mut resolver = Resolver { env, flags, wrong: Vec::new(), rows: Vec::new() };
    let path = file.as_ref().map(|file| file.path.clone());
    resolver.config_row(path.as_deref());
    let file = file.unwrap_or_default();

    let depth = resolver.depth();
    let plain = if depth == Depth::Mono { "mono" } else { "dark" };
    let theme = resolver.choice(Kind::Theme, flags.theme.as_deref(), file.theme, plain);
    let keymap = resolver.choice(Kind::Keymap, flags.keymap.as_deref(), file.keymap, "default");
    let refresh = resolver.refresh(file.refresh);
    let ascii = resolver.ascii();
    let (read_only, allow) = resolver.actions();
    let named = file.opt_in.unwrap_or(Placed::new(Vec::new(), Origin::Default));
    resolver.row("opt_in", list(&named.value), named.origin);
    let opt_in = named.value;
    let operator = resolver.operator();
    let log = flags.log.clone();
    let origin = if log.is_some() { Origin::Flag("--log") } else { Origin::Default };
    resolver.row("log", log.as_deref().map(shown), origin);
    let stacks = select::stacks(&mut resolver, file.stacks, path.as_deref());
    let mut thresholds = Thresholds::default();
    for Placed { value, origin } in file.thresholds {
        resolver.row(&format!("thresholds.{}.{}", value.rule, value.name), Some(value.level.to_string()), origin);
        thresholds.set(value.rule, value.name, value.level);
    }
    let Resolver { wrong, rows: origins, .. } = resolver;
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Settings {
        stacks,
        theme,
        keymap,
        refresh,
        thresholds,
        depth,
        ascii,
        read_only,
        allow,
        opt_in,
        operator,
        log,
        origins,
    })
}

/// What is being settled.
pub(super) struct Resolver<'a> {
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) flags: &'a Flags,
    pub(super) wrong: Vec<Error>,
    rows: Vec<Explained>,
}

impl Resolver<'_> {
    /// Notes a value for the explanation.
    pub(super) fn row(&mut self, key: &str, value: Option<String>, origin: Origin) {
        let value = value.map_or_else(|| "-".to_owned(), |value| clean(&value).into_owned());
        self.rows.push(Explained { key: key.to_owned(), value, origin });
    }

    /// An environment variable; an empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        variable(self.env, name)
    }

    /// A value in the form it must have, or a mistake that names where it was written.
    pub(super) fn checked<T>(&mut self, origin: &Origin, value: Result<T, Error>) -> Option<T> {
        value.map_err(|e| self.wrong.push(e.from(origin.to_string()))).ok()
    }

    fn config_row(&mut self, path: Option<&str>) {
        let origin = match path {
            Some(_) if self.flags.config.is_some() => Origin::Flag("--config"),
            Some(_) if self.variable("ROUNDS_CONFIG").is_some() => Origin::Variable("ROUNDS_CONFIG"),
            _ => Origin::Default,
        };
        self.row("config", path.map(str::to_owned), origin);
    }

    fn depth(&mut self) -> Depth {
        let (depth, variable) = Depth::detect(self.env);
        let (depth, origin) = match variable {
            _ if self.flags.no_color => (Depth::Mono, Origin::Flag("--no-color")),
            Some(name) => (depth, Origin::Variable(name)),
            None => (depth, Origin::Default),
        };
        self.row("color", Some(depth.word().to_owned()), origin);
        depth
    }

    /// ASCII alone, unless the locale says UTF-8: a terminal that cannot draw a frame draws noise.
    fn ascii(&mut self) -> bool {
        let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| self.variable(name).is_some());
        let locale = named.and_then(|name| self.variable(name)).unwrap_or_default().to_ascii_lowercase();
        let (ascii, origin) = match named {
            _ if self.flags.ascii => (true, Origin::Flag("--ascii")),
            Some(name) => (!locale.contains("utf-8") && !locale.contains("utf8"), Origin::Variable(name)),
            None => (true, Origin::Default),
        };
        self.row("ascii", Some(ascii.to_string()), origin);
        ascii
    }

    fn choice(
        &mut self,
        kind: Kind,
        flag: Option<&str>,
        file: Option<Placed<Choice>>,
        default: &'static str,
    ) -> Choice {
        let (flag_name, variable_name) = match kind {
            Kind::Theme => ("--theme", "ROUNDS_THEME"),
            Kind::Keymap => ("--keymap", "ROUNDS_KEYMAP"),
        };
        let typed = flag.map(|written| (written, Origin::Flag(flag_name)));
        let typed = typed
            .or_else(|| variable(self.env, variable_name).map(|written| (written, Origin::Variable(variable_name))));
        let chosen = match typed {
            Some((written, origin)) => {
                let choice = self.checked(&origin, Choice::parse(kind, written, None));
                choice.map(|choice| Placed::new(choice, origin))
            }
            None => file,
        };
        let Placed { value, origin } = chosen.unwrap_or(Placed::new(Choice::BuiltIn(default), Origin::Default));
        self.row(kind.word(), Some(value.to_string()), origin);
        value
    }

    fn refresh(&mut self, file: Option<Placed<Duration>>) -> Duration {
        let flag = self.flags.refresh.as_deref().map(|written| {
            let origin = Origin::Flag("--refresh");
            (self.checked(&origin, form::refresh(written)), origin)
        });
        let Placed { value, origin } = match flag {
            Some((value, origin)) => Placed::new(value.unwrap_or(REFRESH), origin),
            None => file.unwrap_or(Placed::new(REFRESH, Origin::Default)),
        };
        self.row("refresh", Some(human(value)), origin);
        value
    }

    fn actions(&mut self) -> (bool, Vec<String>) {
        let (read_only, origin) = (self.flags.read_only, Origin::Flag("--allow"));
        let mut allow: Vec<String> = Vec::new();
        for name in &self.flags.allow {
            if self.checked(&origin, form::action(name)).is_some() && !allow.contains(name) {
                allow.push(name.clone());
            }
        }
        if read_only && !self.flags.allow.is_empty() {
            let e = Error::usage("--allow and --read-only contradict each other").hint("leave one of them out");
            self.wrong.push(e);
        }
        let set = match (read_only, allow.is_empty()) {
            (true, _) => Origin::Flag("--read-only"),
            (false, true) => Origin::Default,
            (false, false) => origin.clone(),
        };
        // Nothing is changed unless the command line allows something.
        let read_only = read_only || allow.is_empty();
        self.row("read-only", Some(read_only.to_string()), set);
        let origin = if allow.is_empty() { Origin::Default } else { origin };
        self.row("allow", list(&allow), origin);
        (read_only, allow)
    }

    /// Who the operator says to be.
    fn operator(&mut self) -> Option<String> {
        const VARIABLE: &str = "ROUNDS_OPERATOR";
        let typed = self.flags.operator.as_deref().map(|name| (name, Origin::Flag("--operator")));
        let said = typed.or_else(|| variable(self.env, VARIABLE).map(|name| (name, Origin::Variable(VARIABLE))));
        let Some((name, origin)) = said else {
            self.row("operator", None, Origin::Default);
            return None;
        };
        let name = self.checked(&origin, form::operator(name));
        self.row("operator", name.clone(), origin);
        name
    }

    /// Notes every value of a stack. What the SDK finds in the environment by itself is shown as that.
    pub(super) fn stack_rows(&mut self, stack: &Stack, places: &BTreeMap<&'static str, Origin>) {
        let sdk = |resolver: &Self, names: &[&'static str]| {
            let found = names.iter().find_map(|name| Some((resolver.variable(name)?.to_owned(), Origin::Sdk(name))));
            found.map_or((None, Origin::Default), |(value, origin)| (Some(without_user(&value)), origin))
        };
        let freeze: Vec<String> = stack.freeze.iter().map(ToString::to_string).collect();
        // A flag names the profile anew, whatever the file calls it.
        let is_source = places.contains_key("source_profile") && !places.contains_key("profile");
        for (key, value) in [
            (if is_source { "source_profile" } else { "profile" }, stack.profile.clone()),
            ("role_arn", stack.role_arn.clone()),
            ("region", stack.region.clone()),
            ("endpoint_url", stack.endpoint_url.clone()),
            ("account", stack.account.clone()),
            ("protected", Some(stack.protected.to_string())),
            ("clusters", list(&stack.clusters).or_else(|| Some("all".to_owned()))),
            ("allow", list(&stack.allow).or_else(|| Some(unlisted(stack).to_owned()))),
            ("freeze", list(&freeze)),
            ("audit_log_group", stack.audit_log_group.clone()),
            ("alarms", alarms(stack)),
        ] {
            let (value, origin) = match (places.get(key), key) {
                (Some(origin), _) => (value, origin.clone()),
                (None, "profile") => sdk(self, &["AWS_PROFILE"]),
                (None, "region") => sdk(self, &["AWS_REGION", "AWS_DEFAULT_REGION"]),
                (None, "endpoint_url") => sdk(self, &["AWS_ENDPOINT_URL"]),
                (None, _) => (value, Origin::Default),
            };
            self.row(&format!("stack.{}.{key}", stack.name), value, origin);
        }
    }

    /// Notes every value of a stack's policy for secrets.
    pub(super) fn secret_rows(&mut self, stack: &Stack, places: &Places) {
        for (key, value) in secrets::shown(stack) {
            let origin = places.get(key).cloned().unwrap_or(Origin::Default);
            self.row(&format!("stack.{}.secrets.{key}", stack.name), value, origin);
        }
    }

    /// Notes every value of a stack's replica sets.
    pub(super) fn mongo_rows(&mut self, stack: &Stack, places: &[Places]) {
        for (set, places) in stack.mongo.iter().zip(places) {
            for (key, value) in mongo::shown(set) {
                // What follows from the address stands where the address stands.
                let is_said = value.as_deref().is_some_and(|value| value != "false");
                let from_address =
                    || places.get("uri").filter(|_| is_said && ["auth_source", "mechanism", "tls"].contains(&key));
                let origin = places.get(key).or_else(from_address).cloned().unwrap_or(Origin::Default);
                self.row(&format!("stack.{}.mongo.{}.{key}", stack.name, set.name), value, origin);
            }
        }
    }
}

/// An environment variable; an empty one counts as not set.
pub(super) fn variable<'e>(env: &'e BTreeMap<String, String>, name: &str) -> Option<&'e str> {
    env.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// What is said of alarms.
fn alarms(stack: &Stack) -> Option<String> {
    let of = |what: &str, patterns: &[String]| list(patterns).map(|patterns| format!("{what} {patterns}"));
    let said = [of("critical", &stack.alarms.critical), of("ignore", &stack.alarms.ignore)];
    list(&said.into_iter().flatten().collect::<Vec<_>>())
}

/// What a stack allows that has no list of it.
const fn unlisted(stack: &Stack) -> &'static str {
    if stack.protected { "nothing: it is protected" } else { "whatever --allow names" }
}

fn list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}

/// The configuration file to read, and what named it.
///
/// The one at `default` is read only if it is there; one that was named must be there.
pub(super) fn locate<'a>(
    env: &'a BTreeMap<String, String>,
    flags: &'a Flags,
    default: Option<&'a Path>,
) -> Option<Placed<&'a Path>> {
    if let Some(path) = &flags.config {
        return Some(Placed::new(path, Origin::Flag("--config")));
    }
    if let Some(path) = variable(env, "ROUNDS_CONFIG") {
        return Some(Placed::new(Path::new(path), Origin::Variable("ROUNDS_CONFIG")));
    }
    // A link that leads nowhere is there: it is told, not passed over.
    default.filter(|path| path.symlink_metadata().is_ok()).map(|path| Placed::new(path, Origin::Default))
}
