//! The one door through which every change passes. Nothing is allowed unless everything here speaks for it; every refusal gives
//! its reason and what would lift it.

use super::ActionSpec;
use super::arming::{Arming, lasts};
use super::plan::{Level, Plan, Tier};
use crate::backend::change::Permit;
use crate::document::quoted;
use crate::model::identity::Identity;
use crate::model::stack::Stack;
use crate::text::clean;
use crate::time::Timestamp;

/// The refusal that arming lifts.
const UNARMED: &str = "arming";

/// How a confirmation was given, where it was on a command line.
pub const FLAG: &str = "flag";

/// The longest reason that is kept, in characters.
const MOST_REASON: usize = 500;

/// What the command line and the configuration allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Nothing at all, whatever else allows it.
    pub read_only: bool,
    /// These actions, by id, on the command line.
    pub allow: Vec<String>,
    /// These of the actions that are off otherwise, by id, in the configuration.
    pub opt_in: Vec<String>,
    /// Whether the console is armed.
    pub arming: Arming,
    /// Who the operator is, as they say.
    pub operator: Option<String>,
    /// What the program itself runs in, where that is something nobody sits before.
    pub inside: Option<&'static str>,
}

impl Rules {
    /// Whether they, and the stack, allow this action at all; a plan may still be refused.
    #[must_use]
    pub fn allows(&self, action: &ActionSpec, stack: &Stack) -> bool {
        self.forbid(action, stack).is_empty()
    }

    /// Why they, or the stack, never allow it.
    #[must_use]
    pub fn forbid(&self, action: &ActionSpec, stack: &Stack) -> Vec<Refusal> {
        let mut told = Vec::new();
        let ActionSpec { id, opt_in, .. } = *action;
        let mut refuse = |id, why: String, lift: String| told.push(Refusal { id, why, lift });
        if self.read_only {
            refuse("read-only", "--read-only was given".to_owned(), "leave it out".to_owned());
        } else if !self.allow.iter().any(|allowed| allowed == id) {
            let why = format!("the command line does not allow {id}; without --allow nothing is changed");
            refuse("read-only", why, format!("add: --allow {id}"));
        }
        if opt_in && !self.opt_in.iter().any(|named| named == id) {
            let why = format!("{id} is off unless the configuration turns it on");
            refuse("opt-in", why, format!("if it should be possible, add to {}: opt_in = [\"{id}\"]", stack.place()));
        }
        let is_named = stack.allow.iter().any(|allowed| allowed == id);
        if !is_named && (opt_in || stack.protected || !stack.allow.is_empty()) {
            let what = if stack.protected { "is protected and does not allow" } else { "does not allow" };
            let lift = format!("if it should, add \"{id}\" to allow of that stack in {}", stack.place());
            refuse("stack-allow", format!("the stack {} {what} {id}", stack.name), lift);
        }
        told
    }
}

/// What a person gave to confirm a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// What [`Plan::confirm`] asks for.
    pub name: String,
    /// Why it is done.
    pub reason: String,
    /// The ticket it is done for.
    pub ticket: Option<String>,
    /// How it was given: `typed` on a screen, [`FLAG`] on a command line.
    pub mode: &'static str,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its id: `read-only`.
    pub id: &'static str,
    /// The reason.
    pub why: String,
    /// What would lift it.
    pub lift: String,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(id: &'static str, why: impl Into<String>, lift: impl Into<String>) -> Self {
        Self { id, why: why.into(), lift: lift.into() }
    }

    /// Whether arming the console lifts it.
    #[must_use]
    pub fn is_unarmed(&self) -> bool {
        self.id == UNARMED
    }
}

/// What stands against a plan, whoever confirms it: all of it, so that it is told at once.
#[must_use]
pub fn refusals(plan: &Plan, rules: &Rules, stack: &Stack, identity: &Identity, now: Timestamp) -> Vec<Refusal> {
    let mut told = rules.forbid(plan.action, stack);
    // Where nothing is ever allowed, arming lifts nothing.
    let unarmed = told.is_empty() && !rules.arming.holds(now);
    let mut refuse = |id, why: String, lift: String| told.push(Refusal { id, why, lift });
    if unarmed {
        let lift = format!("arm the console with :arm and a reason; that lasts {}", lasts());
        refuse(UNARMED, "not armed".to_owned(), lift);
    }
    let machine = identity.machine().or_else(|| rules.inside.map(str::to_owned));
    if let Some(machine) = machine.filter(|_| rules.operator.is_none()) {
        let why = format!("the caller is {machine}, no person: nobody could tell later who it was");
        refuse("operator", why, "say who you are: --operator NAME, or ROUNDS_OPERATOR; the audit keeps it".to_owned());
    }
    if let Some(account) = stack.account.as_deref().filter(|account| *identity.account != **account) {
        let why = format!(
            "WRONG ACCOUNT: STS says {}, the stack {} is configured for {account}",
            identity.account, stack.name
        );
        refuse("account", why, "log in to the account you mean, or name its profile".to_owned());
    }
    if let Some(freeze) = stack.freeze.iter().find(|freeze| freeze.holds(now)) {
        let why = format!("a freeze is in force: {freeze}; it is {}", now.date_time());
        let lift = format!("wait until it ends, or change freeze of that stack in {}", stack.place());
        refuse("freeze", why, lift);
    }
    for check in plan.checks(Level::Block) {
        refuse(check.id, check.text.to_string(), "mend that first; a block cannot be overridden".to_owned());
    }
    told
}

/// Lets a plan through, if everything speaks for it.
///
/// # Errors
/// Everything that stands against it.
pub fn permit(
    plan: &Plan,
    confirmation: &Confirmation,
    rules: &Rules,
    stack: &Stack,
    identity: &Identity,
    now: Timestamp,
) -> Result<Permit, Vec<Refusal>> {
    let mut told = refusals(plan, rules, stack, identity, now);
    let (name, wanted) = (&plan.target.name, plan.confirm());
    if confirmation.name != wanted {
        let (what, with) = match (plan.tier, confirmation.mode) {
            (Tier::Name, _) => ("the name of the target", "its name"),
            (Tier::NameAndAccount, FLAG) => ("the name of the target and its account", "--confirm NAME --account ID"),
            (Tier::NameAndAccount, _) => ("the name of the target and its account", "both"),
        };
        let why = format!("\"{}\" is not {what}", clean(&confirmation.name));
        told.push(Refusal::new("confirm", why, format!("confirm with {with}, exactly: {wanted}")));
    }
    let reason = confirmation.reason.trim();
    if !says_something(reason) {
        let why = if reason.is_empty() {
            "there is no reason".to_owned()
        } else {
            format!("{} is not a reason: it has no letter and no digit", quoted(reason))
        };
        // On a screen the question stands where the answer goes; a command line has to be told.
        let how = if confirmation.mode == FLAG { ": --reason TEXT" } else { "" };
        told.push(Refusal::new("reason", why, format!("say why it is done, for those who read the audit later{how}")));
    } else if reason == name.as_str() {
        let lift = "say why it is done; the name comes for itself";
        told.push(Refusal::new("reason", "the name of the target is no reason", lift));
    } else if reason.chars().count() > MOST_REASON {
        let lift = format!("{MOST_REASON} characters at most; the rest belongs into the ticket");
        told.push(Refusal::new("reason", "the reason is too long", lift));
    }
    if told.is_empty() { Ok(Permit::granted()) } else { Err(told) }
}

/// Whether a reason has as much as a letter or a digit.
#[must_use]
pub fn says_something(reason: &str) -> bool {
    reason.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::action::arming::Armed;
    use crate::action::plan::{Check, State, Target};
    use crate::action::{Bench, Deed, Look, action};
    use crate::backend::change::Change;
    use crate::model::{Fault, Freeze};
    use crate::text::Text;

    #[derive(Debug)]
    struct Nothing;

    #[async_trait]
    impl Deed for Nothing {
        async fn state(&self, _: &Bench) -> Result<State, Fault> {
            unreachable!("the policy reads nothing")
        }
        async fn look(&self, _: &Bench, _: &State, _: &mut Option<Text>) -> Result<Look, Fault> {
            unreachable!("the policy reads nothing")
        }
    }

    /// A Saturday.
    fn now() -> Timestamp {
        Timestamp::parse("2026-03-14T03:00:00Z").unwrap()
    }

    /// Everything the policy looks at, all of it in favour.
    struct Case {
        plan: Plan,
        confirmation: Confirmation,
        rules: Rules,
        stack: Stack,
    }

    impl Case {
        fn with(change: impl FnOnce(&mut Self)) -> Self {
            let identity = Identity {
                account: Text::from("123456789012"),
                arn: Text::from("arn:me"),
                user_id: Text::default(),
                region: None,
                expires_at: None,
                endpoint: None,
                skew_ms: None,
            };
            let plan = Plan {
                action: action("force-deploy").unwrap(),
                target: Target { name: "web".into(), label: "ehr/web".into(), arn: "arn:web".into() },
                tier: Tier::Name,
                identity,
                stack: Text::from("prod"),
                is_protected: true,
                checks: vec![Check::new("status", Level::Pass, "fine"), Check::new("image", Level::Warn, "a tag")],
                radius: Vec::new(),
                undo: String::new(),
                state: State::default(),
                taken_at: now(),
                change: Change::ForceDeployment { cluster: "arn:ehr".into(), service: "arn:web".into() },
                deed: Arc::new(Nothing),
            };
            let mut case = Self {
                plan,
                confirmation: Confirmation {
                    name: "web".to_owned(),
                    reason: "why".to_owned(),
                    ticket: None,
                    mode: "flag",
                },
                rules: Rules { allow: vec!["drain".to_owned(), "force-deploy".to_owned()], ..Rules::default() },
                stack: Stack {
                    name: Text::from("prod"),
                    account: Some("123456789012".to_owned()),
                    protected: true,
                    allow: vec!["force-deploy".to_owned()],
                    freeze: vec![Freeze::parse("sun 17:00 – mon 06:00 UTC").unwrap()],
                    ..Stack::default()
                },
            };
            change(&mut case);
            case
        }

        fn refused(&self) -> Vec<Refusal> {
            let Self { plan, confirmation, rules, stack } = self;
            permit(plan, confirmation, rules, stack, &plan.identity, now()).err().unwrap_or_default()
        }
    }

    #[test]
    fn f11_only_if_everything_speaks_for_it_there_is_a_permit() {
        for case in [
            Case::with(|_| {}),
            Case::with(|c| (c.stack.protected, c.stack.allow) = (false, vec![])),
            Case::with(|c| c.stack.account = None),
            Case::with(|c| c.confirmation.reason = "x".repeat(MOST_REASON)),
            Case::with(|c| c.confirmation.reason = "証".into()),
            Case::with(|c| c.confirmation.reason = "#4711".into()),
        ] {
            assert_eq!(case.refused(), []);
        }
        let cases: [(Case, &str, &str, &str); 13] = [
            (
                Case::with(|c| c.rules.allow.clear()),
                "read-only",
                "without --allow nothing",
                "add: --allow force-deploy",
            ),
            (
                Case::with(|c| c.rules.allow = vec!["drain".into()]),
                "read-only",
                "does not allow force-deploy",
                "--allow",
            ),
            (Case::with(|c| c.rules.read_only = true), "read-only", "--read-only was given", "leave it out"),
            (
                Case::with(|c| c.stack.allow.clear()),
                "stack-allow",
                "prod is protected and does not",
                "allow of that stack",
            ),
            (
                Case::with(|c| (c.stack.protected, c.stack.allow) = (false, vec!["drain".into()])),
                "stack-allow",
                "the stack prod does not allow force-deploy",
                "allow of that stack in rounds.toml",
            ),
            (
                Case::with(|c| c.stack.account = Some("210987654321".into())),
                "account",
                "WRONG ACCOUNT: STS says 123456789012, the stack prod is configured for 210987654321",
                "log in",
            ),
            (
                Case::with(|c| c.stack.freeze.push(Freeze::parse("fri 17:00 – mon 06:00 UTC").unwrap())),
                "freeze",
                "fri 17:00 – mon 06:00 UTC; it is 2026-03-14 03:00:00Z",
                "wait until it ends",
            ),
            (
                Case::with(|c| c.plan.checks.push(Check::new("deadlock", Level::Block, "it would hang"))),
                "deadlock",
                "it would hang",
                "cannot be overridden",
            ),
            (Case::with(|c| c.confirmation.name.clear()), "confirm", "\"\" is not the name", "exactly: web"),
            (Case::with(|c| c.confirmation.name = "Web".into()), "confirm", "\"Web\" is not the name", "exactly: web"),
            (Case::with(|c| c.confirmation.name = "yes\u{1b}".into()), "confirm", "\"yes␛\"", "exactly: web"),
            (
                Case::with(|c| c.confirmation.reason = " \n".into()),
                "reason",
                "there is no reason",
                "later: --reason TEXT",
            ),
            (
                Case::with(|c| c.confirmation.reason = "x".repeat(MOST_REASON + 1)),
                "reason",
                "too long",
                "500 characters at most",
            ),
        ];
        for (case, id, why, lift) in cases {
            let told = case.refused();
            assert_eq!(told.len(), 1, "{told:?}");
            let told = &told[0];
            assert!(told.id == id && told.why.contains(why) && told.lift.contains(lift), "{told:?}");
        }
    }

    #[test]
    fn a_reason_says_something_and_who_types_it_into_a_shell_is_told_where() {
        for (reason, mode, why, lift) in [
            (" ...", FLAG, "\"...\" is not a reason: it has no letter and no digit", ": --reason TEXT"),
            ("…", "typed", "\"…\" is not a reason", "read the audit later"),
            ("", FLAG, "there is no reason", ": --reason TEXT"),
        ] {
            let told =
                Case::with(|c| (c.confirmation.reason, c.confirmation.mode) = (reason.to_owned(), mode)).refused();
            assert!(told.len() == 1 && told[0].why.starts_with(why) && told[0].lift.ends_with(lift), "{told:?}");
        }
    }

    /// What an action needs that is off unless three places name it.
    #[test]
    fn what_is_off_otherwise_needs_configuration_command_line_and_stack() {
        type Missing = fn(&mut Case);
        static OFF: ActionSpec = ActionSpec { id: "force-deploy", opt_in: true, ..crate::action::force_deploy::SPEC };
        let opted = |change: Missing| {
            Case::with(|c| {
                c.plan.action = &OFF;
                c.stack.protected = false;
                c.rules.opt_in = vec!["force-deploy".to_owned()];
                change(c);
            })
        };
        assert_eq!(opted(|_| {}).refused(), []);
        let cases: [(Missing, &str, &str); 3] = [
            (|c| c.rules.opt_in.clear(), "opt-in", "add to rounds.toml: opt_in = [\"force-deploy\"]"),
            (|c| c.rules.allow.clear(), "read-only", "add: --allow force-deploy"),
            (|c| c.stack.allow.clear(), "stack-allow", "add \"force-deploy\" to allow of that stack in rounds.toml"),
        ];
        for (change, id, lift) in cases {
            let told = opted(change).refused();
            assert!(told.len() == 1 && told[0].id == id && told[0].lift.contains(lift), "{told:?}");
        }
    }

    #[test]
    fn a_machine_acts_only_for_an_operator_who_says_so() {
        let machine = |operator: Option<&str>, inside| {
            Case::with(|c| {
                c.rules.operator = operator.map(str::to_owned);
                c.rules.inside = inside;
                c.plan.identity.user_id = if inside.is_some() { "AROA:ana" } else { "AROA:i-0123456789abcdef0" }.into();
            })
            .refused()
        };
        for (inside, what) in
            [(None, "the EC2 instance i-0123456789abcdef0"), (Some("a Lambda function"), "a Lambda function")]
        {
            let told = machine(None, inside);
            assert!(told.len() == 1 && told[0].id == "operator", "{told:?}");
            assert!(told[0].why.starts_with(&format!("the caller is {what}, no person")), "{told:?}");
            assert!(told[0].lift.contains("--operator NAME, or ROUNDS_OPERATOR"), "{told:?}");
            assert_eq!(machine(Some("ana"), inside), []);
        }
    }

    #[test]
    fn a_console_that_is_not_armed_gets_no_permit_and_is_told_how() {
        let armed = |minutes| Arming::Armed(Armed::now("why".to_owned(), now() - Duration::from_mins(minutes)));
        assert_eq!(Case::with(|c| c.rules.arming = armed(4)).refused(), []);
        for arming in [Arming::Disarmed, armed(5), armed(15)] {
            let told = Case::with(|c| c.rules.arming = arming.clone()).refused();
            assert!(told.len() == 1 && told[0].is_unarmed() && told[0].why == "not armed", "{told:?}");
            assert_eq!(told[0].lift, "arm the console with :arm and a reason; that lasts 15 min");
            // What is never allowed is not lifted by that.
            let told = Case::with(|c| (c.rules.arming, c.rules.read_only) = (arming, true)).refused();
            assert!(told.len() == 1 && told[0].id == "read-only", "{told:?}");
        }
    }

    /// What cannot be taken back is confirmed with the account, too.
    #[test]
    fn the_account_is_typed_where_the_plan_asks_for_it() {
        let typed = |name: &str, mode| {
            Case::with(|c| {
                c.plan.tier = Tier::NameAndAccount;
                (c.confirmation.name, c.confirmation.mode) = (name.to_owned(), mode);
            })
            .refused()
        };
        assert_eq!(typed("web 123456789012", FLAG), []);
        for (name, mode, lift) in [
            ("web", FLAG, "confirm with --confirm NAME --account ID, exactly: web 123456789012"),
            ("web 210987654321", "typed", "confirm with both, exactly: web 123456789012"),
            ("123456789012", "typed", "exactly: web 123456789012"),
        ] {
            let told = typed(name, mode);
            assert!(told.len() == 1 && told[0].id == "confirm" && told[0].lift.ends_with(lift), "{told:?}");
        }
    }

    #[test]
    fn the_file_to_change_is_named() {
        let told = Case::with(|c| {
            c.stack.file = Some("other.toml".into());
            c.stack.allow.clear();
            c.stack.freeze.push(Freeze::parse("fri 17:00 – mon 06:00 UTC").unwrap());
        })
        .refused();
        assert!(told.len() == 2 && told.iter().all(|r| r.lift.ends_with("of that stack in other.toml")), "{told:?}");
    }

    #[test]
    fn f11_of_all_that_may_be_wrong_together_nothing_gets_a_permit() {
        let wrong: [fn(&mut Case); 9] = [
            |c| c.rules.read_only = true,
            |c| c.rules.allow.clear(),
            |c| c.stack.allow = vec!["drain".to_owned()],
            |c| c.stack.account = Some("210987654321".to_owned()),
            |c| c.stack.freeze.push(Freeze::parse("fri 17:00 – mon 06:00 UTC").unwrap()),
            |c| c.plan.checks.push(Check::new("deadlock", Level::Block, "it would hang")),
            |c| c.confirmation.name.push('x'),
            |c| c.confirmation.reason.clear(),
            |c| c.rules.arming = Arming::Disarmed,
        ];
        for set in 0..1_u32 << wrong.len() {
            let is_wrong = |n: usize| set >> n & 1 == 1;
            let case = Case::with(|c| (0..wrong.len()).filter(|n| is_wrong(*n)).for_each(|n| wrong[n](c)));
            assert_eq!(case.refused().is_empty(), set == 0, "{set:09b}");
        }
    }

    #[test]
    fn everything_that_stands_against_it_is_told_at_once() {
        let case = Case::with(|c| {
            c.rules.allow.clear();
            c.stack.allow.clear();
            c.confirmation = Confirmation::default();
            c.plan.checks.push(Check::new("deadlock", Level::Block, "it would hang"));
        });
        let ids: Vec<&str> = case.refused().into_iter().map(|refusal| refusal.id).collect();
        assert_eq!(ids, ["read-only", "stack-allow", "deadlock", "confirm", "reason"]);
    }
}
