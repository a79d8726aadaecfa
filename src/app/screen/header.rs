//! The first line: who, where, when.

use super::span::shortened;
use super::{Bar, Line, Span, cut, width};
use crate::action::arming::Armed;
use crate::action::audit::Outcome;
use crate::action::executor::Ended;
use crate::app::State;
use crate::keymap::Scope;
use crate::model::identity::Identity;
use crate::model::{FaultKind, Severity};
use crate::theme::Role;
use crate::time::human;

/// Fewer characters of a stack's name tell nothing.
const SHORTEST_NAME: usize = 6;

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
    let ascii = state.options.ascii;
    let (sep, tag) = (if ascii { ">" } else { "▸" }, if protected { " PROTECTED" } else { "" });
    let who = who(state, index, base);
    let total = |line: &Line| line.iter().map(|s| width(&s.text)).sum::<usize>();
    let headed = |name: &str, who: &Line| {
        let head = match (name, tag) {
            ("", "") => " ".to_owned(),
            // The word stays where the name has no room.
            ("", tag) => format!("{tag} {sep} "),
            (name, tag) => format!(" {name}{tag} {sep} "),
        };
        [vec![Span::new(head, base)], who.clone()].concat()
    };
    // A long name is cut before the account and the word PROTECTED give way, and left out where little of it would be left.
    let rest = room.saturating_sub(total(&headed("x", &who.bare)));
    let short_name = if rest > SHORTEST_NAME { cut(&name, rest, ascii) } else { String::new() };
    let mut forms = vec![
        headed(&format!("rounds  {name}"), &who.full),
        headed(&name, &who.full),
        headed(&name, &who.named),
        headed(&name, &who.short),
        headed(&name, &who.bare),
        headed(&short_name, &who.bare),
    ];
    // The account is the last thing to give way.
    let fitting = forms.iter().position(|line| total(line) < room).unwrap_or(forms.len() - 1);
    let left = shortened(forms.swap_remove(fitting), room.saturating_sub(1), ascii);
    (Bar { left, right }, base)
}

struct Who {
    full: Line,
    /// Without the lifetime of the credentials.
    named: Line,
    /// Without the caller.
    short: Line,
    /// Without the address of what answers instead of AWS; that something does stays.
    bare: Line,
}

fn who(state: &State, index: usize, base: Role) -> Who {
    let lost = state.world.store.slot(index, "identity").fault().is_some_and(|fault| fault.kind.is_about_credentials());
    let Some(identity) = state.world.identity(index).filter(|_| !lost) else {
        return unknown_identity(state, index);
    };
    let wrong = state.world.stacks.get(index).and_then(|s| s.account.as_ref()).is_some_and(|a| identity.account != **a);
    let account = if wrong {
        Span::new(format!("WRONG ACCOUNT {}", identity.account), Role::Crit)
    } else {
        Span::new(identity.account.to_string(), base)
    };
    let sep = if state.options.ascii { ">" } else { "▸" };
    let region = identity.region.as_deref().unwrap_or("no region");
    let mut least = vec![account, Span::new(format!(" {region}"), base)];
    let mut short = least.clone();
    if let Some(endpoint) = &identity.endpoint {
        short.push(Span::new(format!(" via {endpoint}"), Role::Warn));
        least.push(Span::new(" not AWS", Role::Warn));
    }
    let mut full = short.clone();
    full.push(Span::new(format!(" {sep} {}", identity.caller()), base));
    let named = full.clone();
    full.extend(lifetime(state, identity, base));
    Who { full, named, short, bare: least }
}

fn lifetime(state: &State, identity: &Identity, base: Role) -> Option<Span> {
    let until = identity.expires_at?;
    if until <= state.clock {
        return Some(Span::new(" (credentials expired)", Role::Crit));
    }
    let left = until.since(state.clock);
    let role = if left.as_secs() < 600 { Role::Warn } else { base };
    let words = if state.options.clock {
        format!("{} left", brief(left))
    } else {
        format!("until {}", until.brief(state.clock))
    };
    Some(Span::new(format!(" ({words})"), role))
}

/// Minutes are enough for a lifetime; a count of seconds would redraw the line every second.
fn brief(left: std::time::Duration) -> String {
    if left.as_secs() < 3_600 { format!("{}m", left.as_secs() / 60) } else { human(left) }
}

/// Nothing is guessed about identity: until STS has answered, the header says why it has not.
fn unknown_identity(state: &State, index: usize) -> Who {
    let errors = state.key(Scope::Table, "errors");
    let (words, more, role) = match state.world.store.slot(index, "identity").fault().map(|fault| fault.kind) {
        None => ("identity: asking STS".to_owned(), String::new(), Role::Dim),
        Some(FaultKind::NoCredentials) => {
            ("NO CREDENTIALS".to_owned(), format!(" ({errors} tells the sources tried)"), Role::Crit)
        }
        Some(FaultKind::Expired) => ("CREDENTIALS EXPIRED".to_owned(), ": log in again".to_owned(), Role::Crit),
        Some(kind) => (format!("identity unknown: {}", kind.word()), String::new(), Role::Unknown),
    };
    let bare = vec![Span::new(words.clone(), role)];
    Who { full: vec![Span::new(format!("{words}{more}"), role)], named: bare.clone(), short: bare.clone(), bare }
}

fn right(state: &State, base: Role) -> Line {
    let mut line = Vec::new();
    if state.live.is_some() {
        line.push(Span::new(format!(" FROZEN {} ", state.now.time_of_day()), Role::Warn));
    }
    let under_way = state.attempts.under_way();
    if under_way > 0 {
        line.push(Span::new(format!(" {under_way} UNDER WAY "), Role::Warn));
    }
    let ended = state.attempts.untold().map(outcome).max();
    if let Some((severity, word)) = ended {
        let key = state.key(Scope::Table, "actions");
        line.push(Span::new(format!(" ENDED: {word} ({key}) "), Role::of(severity)));
    }
    match state.arming.armed() {
        _ if !state.can_act(current(state)) => line.push(Span::new(" READ-ONLY ", base)),
        Some(armed) => line.push(Span::new(format!(" ARMED {} ", armed_for(state, armed)), Role::Warn)),
        None => line.push(Span::new(" DISARMED ", base)),
    }
    if state.options.clock {
        line.push(Span::new(format!(" {} ", state.clock.time_of_day()), base));
    }
    line
}

/// How long it is still armed. In the last minute, which begins sooner where no key is pressed, in seconds.
fn armed_for(state: &State, armed: &Armed) -> String {
    let left = armed.left(state.clock);
    match () {
        () if !state.options.clock => format!("until {}", armed.until().brief(state.clock)),
        () if left.as_secs() < 60 => human(left),
        () => brief(armed.until().since(state.clock)),
    }
}

/// How something ended, in a word; the worst is the greatest.
fn outcome(ended: &Ended) -> (Severity, &'static str) {
    match ended {
        Ended::Sent(Outcome::Done, _) => (Severity::Ok, Outcome::Done.word()),
        Ended::Sent(Outcome::Unknown, _) => (Severity::Unknown, Outcome::Unknown.word()),
        Ended::Sent(Outcome::Failed, _) => (Severity::Crit, Outcome::Failed.word()),
        Ended::Refused(_) => (Severity::Warn, "refused"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::{Msg, Options, update};
    use crate::health::Thresholds;
    use crate::keymap::Keymap;
    use crate::model::Fault;
    use crate::model::stack::Stack;
    use crate::store::{Fetched, Snapshot};
    use crate::text::Text;
    use crate::time::Timestamp;

    fn console(name: &str) -> State {
        let stack = Stack { name: Text::from(name), protected: true, ..Stack::default() };
        let options = Options { clock: true, ..Options::default() };
        State::new(vec![stack], Thresholds::default(), Keymap::default(), options, Timestamp::default())
    }

    /// STS has answered, and something else than AWS did.
    fn read(state: &mut State) {
        let identity = Identity {
            account: Text::from("123456789012"),
            arn: Text::from("arn:aws:sts::123456789012:assumed-role/SiteReliability/anastasia"),
            user_id: Text::default(),
            region: Some(Text::from("us-east-1")),
            expires_at: None,
            endpoint: Some(Text::from("http://127.0.0.1:5055")),
            skew_ms: None,
        };
        let at = Timestamp::default();
        let snapshot = Snapshot { taken_at: at, data: Arc::new(identity), gaps: Vec::new(), slowed: false };
        let fetched = Fetched { stack: 0, feed: "identity", at, next: at, result: Ok(snapshot) };
        update(state, at, Msg::from(fetched));
    }

    fn left(state: &State) -> String {
        header(state).0.left.iter().map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn the_stack_and_its_protection_are_named_from_the_first_frame() {
        let mut state = console("prod-ehr");
        assert_eq!(left(&state), " rounds  prod-ehr PROTECTED ▸ identity: asking STS");
        for (kind, words) in [(FaultKind::NoCredentials, "NO CREDENTIALS"), (FaultKind::Expired, "CREDENTIALS EXPIRED")]
        {
            let fault = Fault::new(kind, "sts:GetCallerIdentity", "");
            update(&mut state, Timestamp::default(), Msg::Unconnected { stack: 0, fault });
            let line = left(&state);
            assert!(line.starts_with(" prod-ehr PROTECTED ▸ ") && line.contains(words), "{line}");
        }
    }

    #[test]
    fn a_long_name_is_cut_before_its_protection_and_who_is_asked() {
        let mut state = console(&"x".repeat(40));
        let line = left(&state);
        assert!(
            line.starts_with(" xxxxxxxxxxxxxxxxxx") && line.ends_with("… PROTECTED ▸ identity: asking STS"),
            "{line}"
        );
        state.size = (40, 24);
        assert_eq!(left(&state), " PROTECTED ▸ ide…");
        read(&mut state);
        state.size = (80, 24);
        assert_eq!(left(&state), " xxxxxxxxxxxx… PROTECTED ▸ 123456789012 us-east-1 not AWS");
        state = console("prod-ehr");
        read(&mut state);
        for (columns, words) in [(80, " not AWS"), (110, " via http://127.0.0.1:5055")] {
            state.size = (columns, 24);
            assert_eq!(left(&state), format!(" prod-ehr PROTECTED ▸ 123456789012 us-east-1{words}"));
        }
        for columns in 40..140 {
            state.size = (columns, 24);
            let bar = header(&state).0;
            let total: usize = bar.left.iter().chain(&bar.right).map(|span| width(&span.text)).sum();
            assert!(total <= usize::from(columns), "{columns}");
        }
    }
}
