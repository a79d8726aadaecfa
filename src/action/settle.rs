//! Settles by reading what was left open: an action that nobody saw the end of, or whose outcome is unknown. Nothing is sent.

use std::time::Duration;

use serde_json::Value;

use super::audit::{Audit, Outcome, Written, settled};
use super::copy::Copier;
use super::executor::{UNSEEN, WATCH, found_unseen};
use super::plan::State;
use super::{Actor, Bench, Look, Stage, action};
use crate::error::ErrorKind;
use crate::model::identity::Identity;
use crate::text::Text;
use crate::time::{Timestamp, human};

/// An action whose end is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// Its intent, as it was noted.
    pub intent: Value,
    /// What was answered, if that was noted.
    pub answer: Option<Value>,
}

impl Open {
    /// Which it is: `record 4: force-deploy of ehr/web`.
    #[must_use]
    pub fn name(&self) -> Text {
        let text = |field: &str| self.text(field);
        Text::from(format!("record {}: {} of {}", self.intent["seq"], text("action"), text("target")))
    }

    /// The name of its stack.
    #[must_use]
    pub fn stack(&self) -> &str {
        self.text("stack")
    }

    fn text(&self, field: &str) -> &str {
        self.intent[field].as_str().unwrap_or("?")
    }

    fn arn(&self) -> &str {
        self.intent["target_arns"][0].as_str().unwrap_or_default()
    }

    fn answered(&self) -> Option<&str> {
        self.answer.as_ref()?["outcome"].as_str()
    }

    fn is_accepted(&self) -> bool {
        self.answered() == Some("applied")
    }

    fn since(&self) -> Option<Timestamp> {
        Timestamp::parse(self.intent["ts"].as_str()?).ok()
    }

    /// The same by the clock of the services, as far as it was known.
    fn since_there(&self) -> Option<Timestamp> {
        let ahead = self.intent["clock_skew_ms"].as_i64().unwrap_or_default();
        Some(Timestamp::from_millis(self.since()?.millis() - ahead))
    }
}

/// What came of settling one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is known now, and noted.
    Known(Outcome, String),
    /// It stays open: why.
    Stays(String),
}

impl Settled {
    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Known(outcome, text) => format!("{}: {text}", outcome.word()),
            Self::Stays(why) => format!("stays open: {why}"),
        }
    }
}

/// Reads what became of it and notes that. Whoever has its target in hand settles it otherwise.
pub async fn settle(open: &Open, bench: &Bench, audit: &Audit, actor: &Actor) -> Settled {
    match read(open, bench, audit, actor).await {
        Ok((outcome, text)) => Settled::Known(outcome, text),
        Err(why) => Settled::Stays(why),
    }
}

async fn read(open: &Open, bench: &Bench, audit: &Audit, actor: &Actor) -> Result<(Outcome, String), String> {
    // Held until it is noted.
    let claim = audit.claim(open.arn()).map_err(|error| format!("the audit cannot be written: {error}"))?;
    let claim = claim.ok_or("it is under way")?;
    let still = audit.open().map_err(|error| format!("the audit cannot be read: {error}"))?;
    if !still.iter().any(|other| other.intent["action_id"] == open.intent["action_id"]) {
        return Err("somebody else has settled it meanwhile".to_owned());
    }
    let identity = bench.identity().await.map_err(|fault| format!("who asks cannot be read: {fault}"))?;
    same_place(open, &identity)?;
    let age = open.since().map_or(Duration::ZERO, |since| bench.clock.now().since(since));
    let (outcome, text, after) = if open.answered() == Some("refused") {
        (Outcome::Failed, "nothing was changed: it was refused".to_owned(), None)
    } else {
        match seen(open, bench).await? {
            Seen::Look(look, patience) => {
                let (outcome, text) = judge(open, &look, age, patience)?;
                (outcome, text, Some(look.state))
            }
            Seen::Another(look, why) => {
                let what = format!("whether it was carried out can be told no more, for another came since: {why}");
                (Outcome::Unknown, what, Some(look.state))
            }
            Seen::Nothing(why) if age >= WATCH => {
                (Outcome::Unknown, format!("what became of it cannot be read any more: {why}"), None)
            }
            Seen::Nothing(why) => return Err(format!("it cannot be read: {why}")),
        }
    };
    let record = settled(&open.intent, (actor, &identity), outcome, &text, after.as_ref(), age.as_secs());
    let noted = audit.append(|| bench.clock.now(), record).await;
    let written =
        noted.map_err(|error| format!("{}: {text}; but the audit cannot be written: {error}", outcome.word()))?;
    // Nobody else has to wait for the copy.
    drop(claim);
    Ok((outcome, text + &copied(bench, actor, written).await))
}

/// What is to be said of the copy of a record: nothing, unless it failed.
async fn copied(bench: &Bench, actor: &Actor, written: Written) -> String {
    let Some(copier) = Copier::of(bench, actor) else { return String::new() };
    let failed = copier.write(&[written.into()]).await.err();
    failed.map(|fault| format!("; not copied to its log group: {fault}")).unwrap_or_default()
}

/// Whether what is asked now is what was acted on.
fn same_place(open: &Open, identity: &Identity) -> Result<(), String> {
    let then = [&open.intent["actor"]["account"], &open.intent["region"], &open.intent["endpoint"]].map(Value::as_str);
    let now = [Some(&*identity.account), identity.region.as_deref(), identity.endpoint.as_deref()];
    for ((what, then), now) in ["account", "region", "endpoint"].into_iter().zip(then).zip(now) {
        if then != now {
            let or_none = |value: Option<&str>| Text::from(value.unwrap_or("none"));
            return Err(format!("its {what} was {}, asked is {}", or_none(then), or_none(now)));
        }
    }
    Ok(())
}

/// What there is to see of it.
enum Seen {
    /// A look at it, and how long such a thing is watched.
    Look(Look, Duration),
    /// A look that sees somebody else's: why it cannot be this one.
    Another(Look, String),
    /// Nothing that it could be told by, and that will stay so.
    Nothing(String),
}

/// Plans the same anew, for that knows where to look, and looks from what there was before.
async fn seen(open: &Open, bench: &Bench) -> Result<Seen, String> {
    let id = open.text("action");
    let Some(spec) = action(id) else {
        return Ok(Seen::Nothing(format!("there is no action {} any more", Text::from(id))));
    };
    let plan = match (spec.plan)(bench, open.text("target")).await {
        Ok(plan) => plan,
        Err(error) if error.kind == ErrorKind::Absent => return Ok(Seen::Nothing(error.what)),
        Err(error) => return Err(format!("it cannot be read: {}", error.to_string().replace("\n  ", "; "))),
    };
    if plan.target.arn != open.arn() {
        return Ok(Seen::Nothing(format!("{} is another one now ({})", plan.target.label, plan.target.arn)));
    }
    let recorded = |name: &'static str| Some((name, Text::from(open.intent["before"][name].as_str()?)));
    let before: Vec<_> = plan.state.0.iter().filter_map(|(name, _)| recorded(name)).collect();
    if before.len() != plan.state.0.len() {
        return Ok(Seen::Nothing("its record lacks some of what this version compares with".to_owned()));
    }
    let told = open.answer.as_ref().and_then(|answer| answer["message"].as_str()?.strip_prefix("made "));
    // Where the answer was lost, the request itself may have named what it makes.
    let named = told.or_else(|| open.intent["params"]["ClientRequestToken"].as_str()).map(Text::from);
    let unread = |fault| format!("it cannot be read: {fault}");
    let mut made = named.clone();
    let mut look = plan.deed.look(bench, &State(before), &mut made).await.map_err(unread)?;
    // What nobody said it made may be anybody's.
    if let (None, Some(then), false) = (named, open.since_there(), open.is_accepted() || look.stage == Stage::Unseen) {
        if let Some(why) = plan.deed.is_later(bench, made.as_ref(), then).await.map_err(unread)? {
            return Ok(Seen::Another(look, why));
        }
        if look.stage == Stage::Done {
            let known =
                if open.answer.is_some() { "its answer was lost" } else { "whether it was sent is not recorded" };
            look.text = format!("{}; {known}, so this is taken to be its doing", look.text);
        }
    }
    Ok(Seen::Look(look, plan.deed.patience()))
}

fn judge(open: &Open, look: &Look, age: Duration, patience: Duration) -> Result<(Outcome, String), String> {
    let text = || look.text.clone();
    match look.stage {
        Stage::Done => Ok((Outcome::Done, text())),
        Stage::Failed => Ok((Outcome::Failed, text())),
        Stage::Unseen if !open.is_accepted() && age >= UNSEEN => Ok((Outcome::Failed, found_unseen(look, age))),
        Stage::Unseen if open.is_accepted() && age >= patience => {
            let what = format!("it was accepted, and after {} nothing of it is left: {}", human(age), text());
            Ok((Outcome::Failed, what))
        }
        Stage::Unseen => Err(format!("nothing of it is to be seen yet, after {}: {}", human(age), text())),
        Stage::Going => Err(format!("it goes on: {}", text())),
    }
}
