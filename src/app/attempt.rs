//! Actions of this session, each from the wish to its outcome.

use std::sync::Arc;

use crate::action::audit::Outcome;
use crate::action::executor::{Ended, Progress};
use crate::action::policy::{Refusal, refusals};
use crate::action::{ActionSpec, Next, Plan};
use crate::error::{Error, ErrorKind};
use crate::text::Text;
use crate::time::Timestamp;

/// Attempts kept after their end; the oldest go first.
const KEPT: usize = 20;

/// An action somebody may want, on a target that was on the screen when they asked.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The index of the stack.
    pub stack: usize,
    /// The action.
    pub action: &'static ActionSpec,
    /// The target, as the action takes it.
    pub target: Text,
}

/// One action on one target.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Its number in this session.
    pub id: u64,
    /// What is wanted.
    pub wish: Wish,
    /// When its stage began.
    pub since: Timestamp,
    /// How far it has come.
    pub stage: AttemptStage,
    /// Whether how it ended was looked at.
    pub is_told: bool,
}

/// How far an attempt has come.
#[derive(Clone, Debug)]
pub enum AttemptStage {
    /// What there is is being read.
    Planning,
    /// It cannot be planned.
    Unplanned(Error),
    /// It waits for a reason and the name of its target.
    Planned(Planned),
    /// It was confirmed: what has happened since, and when.
    UnderWay(Arc<Plan>, Vec<(Timestamp, Progress)>),
    /// It is over.
    Ended(Arc<Plan>, Vec<(Timestamp, Progress)>, Ended),
}

/// A plan on the screen.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Arc<Plan>,
    /// What stands against it.
    pub refusals: Vec<Refusal>,
    /// The reason given so far.
    pub reason: String,
}

/// The attempts of this session, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    all: Vec<Attempt>,
    made: u64,
}

impl Attempts {
    /// Begins one; gives its number. Where the same is under way already, that one.
    pub fn begin(&mut self, wish: Wish, now: Timestamp) -> (u64, bool) {
        if let Some(same) = self.under_way_for(&wish) {
            return (same.id, false);
        }
        self.made += 1;
        self.all.push(Attempt { id: self.made, wish, since: now, stage: AttemptStage::Planning, is_told: false });
        (self.made, true)
    }

    /// What is wished, if it is under way.
    #[must_use]
    pub fn under_way_for(&self, wish: &Wish) -> Option<&Attempt> {
        let is = |wish: &Wish| (wish.stack, wish.action.id, wish.target.clone());
        self.all.iter().find(|old| matches!(old.stage, AttemptStage::UnderWay(..)) && is(&old.wish) == is(wish))
    }

    /// The attempt with this number.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Attempt> {
        self.all.iter().find(|attempt| attempt.id == id)
    }

    /// The attempt with this number, to go on with.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Attempt> {
        self.all.iter_mut().find(|attempt| attempt.id == id)
    }

    /// Those that were confirmed, the newest first.
    pub fn confirmed(&self) -> impl Iterator<Item = &Attempt> {
        self.all.iter().rev().filter(|attempt| attempt.plan().is_some() && attempt.planned().is_none())
    }

    /// The plans that wait to be confirmed, with the index of their stack.
    pub fn planned(&mut self) -> impl Iterator<Item = (usize, &mut Planned)> {
        self.all.iter_mut().filter_map(|attempt| match &mut attempt.stage {
            AttemptStage::Planned(planned) => Some((attempt.wish.stack, planned)),
            _ => None,
        })
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.all.iter().filter(|attempt| matches!(attempt.stage, AttemptStage::UnderWay(..))).count()
    }

    /// How those ended that nobody has looked at since.
    pub fn untold(&self) -> impl Iterator<Item = &Ended> {
        self.all.iter().filter(|attempt| !attempt.is_told).filter_map(|attempt| match &attempt.stage {
            AttemptStage::Ended(.., ended) => Some(ended),
            _ => None,
        })
    }

    /// Forgets plans nobody looks at any more, and what ended long ago.
    pub fn tidy(&mut self, open: Option<u64>) {
        for attempt in self.all.iter_mut().filter(|attempt| open == Some(attempt.id)) {
            attempt.is_told = matches!(attempt.stage, AttemptStage::Ended(..));
        }
        self.all.retain(|attempt| {
            open == Some(attempt.id) || matches!(attempt.stage, AttemptStage::UnderWay(..) | AttemptStage::Ended(..))
        });
        let ended = |attempt: &Attempt| matches!(attempt.stage, AttemptStage::Ended(..)) && open != Some(attempt.id);
        while self.all.len() > KEPT
            && let Some(oldest) = self.all.iter().position(ended)
        {
            self.all.remove(oldest);
        }
    }
}

impl Planned {
    /// Whether nothing but arming the console is missing.
    #[must_use]
    pub fn waits_for_arming(&self) -> bool {
        !self.refusals.is_empty() && self.refusals.iter().all(Refusal::is_unarmed)
    }
}

impl Attempt {
    /// `force-deploy ehr/ehr-api`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.wish.action.id, self.wish.target)
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        match &self.stage {
            AttemptStage::Planning | AttemptStage::Unplanned(_) => None,
            AttemptStage::Planned(planned) => Some(&planned.plan),
            AttemptStage::UnderWay(plan, _) | AttemptStage::Ended(plan, ..) => Some(plan),
        }
    }

    /// The plan that waits to be confirmed.
    #[must_use]
    pub fn planned(&self) -> Option<&Planned> {
        if let AttemptStage::Planned(planned) = &self.stage { Some(planned) } else { None }
    }

    /// What was wished, where that is written so that it cannot be planned.
    #[must_use]
    pub fn mistaken(&self) -> Option<&Wish> {
        let is_mistake = matches!(&self.stage, AttemptStage::Unplanned(error) if error.kind != ErrorKind::Unavailable);
        is_mistake.then_some(&self.wish)
    }

    /// What is to be planned once it is done.
    #[must_use]
    pub fn next(&self) -> Option<Next> {
        match &self.stage {
            AttemptStage::Ended(plan, _, Ended::Sent(Outcome::Done, _)) => plan.deed.next(),
            _ => None,
        }
    }

    /// Goes on to this stage.
    pub fn enter(&mut self, stage: AttemptStage, now: Timestamp) {
        (self.stage, self.since) = (stage, now);
    }

    /// Something was told of it.
    pub fn told(&mut self, progress: Progress, now: Timestamp) {
        if let AttemptStage::UnderWay(_, trail) = &mut self.stage {
            trail.push((now, progress));
        }
    }

    /// It is over.
    pub fn ended(&mut self, ended: Ended, now: Timestamp) {
        if let AttemptStage::UnderWay(plan, trail) = &mut self.stage {
            let stage = AttemptStage::Ended(Arc::clone(plan), std::mem::take(trail), ended);
            self.enter(stage, now);
        }
    }
}

/// How something ended, in words.
#[must_use]
pub fn verdict(ended: &Ended) -> String {
    match ended {
        Ended::Refused(refusals) => {
            let why: Vec<&str> = refusals.iter().map(|refusal| refusal.why.as_str()).collect();
            format!("refused, nothing was sent: {}", why.join("; "))
        }
        Ended::Sent(outcome, text) => format!("{}: {text}", outcome.word()),
    }
}

impl super::State {
    /// The attempt whose panel is open.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.get(self.open_attempt()?)
    }

    /// The number of the attempt whose panel is open.
    #[must_use]
    pub fn open_attempt(&self) -> Option<u64> {
        match self.panel.as_ref()?.kind {
            super::PanelKind::Attempt(id) => Some(id),
            _ => None,
        }
    }

    /// The attempt whose confirmation is being typed: only a key that can be an answer to that may confirm it.
    #[must_use]
    pub fn asks(&self) -> Option<u64> {
        let is_asking = self.prompt.as_ref().is_some_and(|prompt| prompt.kind == super::PromptKind::Confirm);
        self.open_attempt().filter(|_| is_asking)
    }

    /// Notes what of the open panel is on the screen.
    pub(super) fn look(&mut self) {
        // While something is asked, the panel shows an extract.
        if self.prompt.is_some() || self.open_attempt().is_none() {
            return;
        }
        let (length, rows) = (super::screen::panel_length(self), super::screen::panel_rows(self));
        let Some(panel) = &mut self.panel else { return };
        let top = panel.scroll.min(length.saturating_sub(rows));
        if top <= panel.seen {
            panel.seen = panel.seen.max(top + rows);
        }
    }

    /// A plan has been made, or could not be. Nobody may be waiting for it any more.
    pub(super) fn planned(&mut self, id: u64, result: Result<Arc<Plan>, Error>) {
        let (now, rules) = (self.clock, self.rules());
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        let stage = match result {
            Err(error) => AttemptStage::Unplanned(error),
            Ok(plan) => {
                let Some(stack) = self.world.stacks.get(attempt.wish.stack) else { return };
                let refusals = refusals(&plan, &rules, stack, &plan.identity, now);
                AttemptStage::Planned(Planned { plan, refusals, reason: String::new() })
            }
        };
        attempt.enter(stage, now);
        let mistaken = attempt.mistaken().cloned();
        if let Some(panel) = self.panel.as_mut().filter(|panel| panel.kind == super::PanelKind::Attempt(id)) {
            *panel = super::Panel::new(super::PanelKind::Attempt(id));
            // What was typed is mended, not typed again.
            if self.prompt.is_none() {
                self.prompt = mistaken.and_then(super::Prompt::value);
            }
        }
    }

    /// An attempt is over; told where its panel is not open.
    pub(super) fn ended(&mut self, id: u64, ended: Ended) {
        let (now, is_open) = (self.clock, self.open_attempt() == Some(id));
        let Some(attempt) = self.attempts.get_mut(id) else { return };
        let words = format!("{}: {}", attempt.name(), verdict(&ended));
        attempt.ended(ended, now);
        if !is_open {
            self.tell(words);
        }
    }
}
