//! The first two lines: who, where, when; the views and the totals.

use super::{Bar, Line, Span, width};
use crate::app::State;
use crate::keymap::Scope;
use crate::model::identity::Identity;
use crate::model::{FaultKind, Severity};
use crate::theme::Role;
use crate::time::human;
use crate::view::VIEWS;

/// The stack the header speaks of: that of the row under the cursor, else the first.
pub(super) fn current(state: &State) -> usize {
    state.selected().map_or(0, |row| state.world.index_of(&row.stack))
}

/// The header, and what it is drawn in.
pub(super) fn header(state: &State) -> (Bar, Role) {
    let index = current(state);
    let stack = state.world.stacks.get(index);
    let protected = stack.is_some_and(|s| s.protected);
    let base = if protected { Role::HeaderProtected } else { Role::Header };
    let right = right(state, base);
    let room = usize::from(state.size.0).saturating_sub(right.iter().map(|s| width(&s.text)).sum());
    let name = stack.map(|s| s.name.to_string()).unwrap_or_default();
    let more = state.world.stacks.len().saturating_sub(1);
    let name = if more > 0 { format!("{name} (+{more})") } else { name };
    let name = if protected { format!("{name} PROTECTED") } else { name };
    let who = who(state, index, base);
    let (sep, ascii) = (if state.options.ascii { ">" } else { "▸" }, state.options.ascii);
    // The account is the last thing to give way.
    let forms: [Line; 4] = [
        [vec![Span::new(format!(" rounds  {name} {sep} "), base)], who.full.clone()].concat(),
        [vec![Span::new(format!(" {name} {sep} "), base)], who.full].concat(),
        [vec![Span::new(format!(" {name} {sep} "), base)], who.short.clone()].concat(),
        [vec![Span::new(" ", base)], who.short].concat(),
    ];
    let total = |line: &Line| line.iter().map(|s| width(&s.text)).sum::<usize>();
    let fitting = forms.iter().position(|line| total(line) < room).unwrap_or(forms.len() - 1);
    let mut left = forms.into_iter().nth(fitting).unwrap_or_default();
    if let Some(last) = left.last_mut().filter(|_| fitting == 3) {
        last.text = super::cut(&last.text, room.saturating_sub(1), ascii);
    }
    (Bar { left, right }, base)
}

struct Who {
    full: Line,
    short: Line,
}

fn who(state: &State, index: usize, base: Role) -> Who {
    let lost = state.world.store.slot(index, "identity").fault().is_some_and(|fault| fault.kind.is_about_credentials());
    let Some(identity) = state.world.identity(index).filter(|_| !lost) else {
        let line = vec![unknown_identity(state, index)];
        return Who { full: line.clone(), short: line };
    };
    let wrong = state.world.stacks.get(index).and_then(|s| s.account.as_ref()).is_some_and(|a| identity.account != **a);
    let account = if wrong {
        Span::new(format!("WRONG ACCOUNT {}", identity.account), Role::Crit)
    } else {
        Span::new(identity.account.to_string(), base)
    };
    let sep = if state.options.ascii { ">" } else { "▸" };
    let region = identity.region.as_deref().unwrap_or("no region");
    let mut short = vec![account, Span::new(format!(" {region}"), base)];
    if let Some(endpoint) = &identity.endpoint {
        short.push(Span::new(format!(" via {endpoint}"), Role::Warn));
    }
    let mut full = short.clone();
    full.push(Span::new(format!(" {sep} {}", identity.caller()), base));
    full.extend(lifetime(state, identity, base));
    Who { full, short }
}

fn lifetime(state: &State, identity: &Identity, base: Role) -> Option<Span> {
    let until = identity.expires_at?;
    if until <= state.now {
        return Some(Span::new(" (credentials expired)", Role::Crit));
    }
    let left = until.since(state.now);
    let role = if left.as_secs() < 600 { Role::Warn } else { base };
    Some(Span::new(format!(" ({} left)", brief(left)), role))
}

/// Minutes are enough for a lifetime; a count of seconds would redraw the line every second.
fn brief(left: std::time::Duration) -> String {
    if left.as_secs() < 3_600 { format!("{}m", left.as_secs() / 60) } else { human(left) }
}

/// Nothing is guessed about identity: until STS has answered, the header says why it has not.
fn unknown_identity(state: &State, index: usize) -> Span {
    match state.world.store.slot(index, "identity").fault() {
        None => Span::new("identity: asking STS", Role::Dim),
        Some(fault) => match fault.kind {
            FaultKind::NoCredentials => {
                let errors = state.key(Scope::Table, "errors");
                Span::new(format!("NO CREDENTIALS ({errors} tells the sources tried)"), Role::Crit)
            }
            FaultKind::Expired => Span::new("CREDENTIALS EXPIRED: log in again", Role::Crit),
            kind => Span::new(format!("identity unknown: {}", kind.word()), Role::Unknown),
        },
    }
}

fn right(state: &State, base: Role) -> Line {
    let mut line = Vec::new();
    if let Some(since) = state.world.frozen {
        line.push(Span::new(format!(" FROZEN {} ", since.time_of_day()), Role::Warn));
    }
    line.push(Span::new(" READ-ONLY ", base));
    if state.options.clock {
        line.push(Span::new(format!(" {} ", state.now.time_of_day()), base));
    }
    line
}

/// The views, and how many problems there are of each severity.
pub(super) fn tabs(state: &State) -> Bar {
    let mut left = Vec::new();
    for view in VIEWS {
        let active = view.id == state.view().id;
        if let Some(key) = state.keymap.hint(Scope::Table, &format!("view {}", view.id)) {
            left.push(Span::new(format!(" {key}"), Role::KeyHint));
        }
        left.push(Span::new(" ", Role::Tab));
        left.push(Span::new(view.title, if active { Role::TabActive } else { Role::Tab }));
    }
    let mut right = Vec::new();
    for severity in [Severity::Crit, Severity::Warn, Severity::Unknown] {
        let n = state.world.problems().filter(|p| p.check.severity == severity).count();
        if n > 0 {
            right.push(Span::new(format!(" {}{n}", severity.glyph(state.options.ascii)), Role::of(severity)));
        }
    }
    if right.is_empty() && state.world.all_read() {
        right.push(Span::new(format!(" {} all well", Severity::Ok.glyph(state.options.ascii)), Role::Ok));
    }
    right.push(Span::new(" ", Role::Text));
    Bar { left, right }
}
