//! Where the parts meet time and threads: connects, polls, draws, and ends.

mod acting;
mod boot;
mod event_loop;
mod interpret;
mod question;
mod signals;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use boot::run;

use crate::action::Actor;
use crate::action::audit::Audit;
use crate::app::Options;
use crate::backend::ports::Backend;
use crate::error::Error;
use crate::health::Thresholds;
use crate::keymap::Keymap;
use crate::model::Fault;
use crate::model::stack::Stack;
use crate::theme::Theme;
use crate::time::Clock;

/// Makes the ports of a stack. It is not called before the first frame is drawn.
pub type Connect = Arc<dyn Fn(Stack) -> Pin<Box<dyn Future<Output = Result<Backend, Fault>> + Send>> + Send + Sync>;

/// Everything the console starts with.
pub struct Launch {
    /// The stacks.
    pub stacks: Vec<Stack>,
    /// Thresholds of the rules.
    pub thresholds: Thresholds,
    /// Keys.
    pub keymap: Keymap,
    /// Colours, degraded to what the terminal has.
    pub theme: Theme,
    /// How the console behaves.
    pub options: Options,
    /// Where actions are noted; why it is nowhere, and nothing is changed.
    pub audit: Result<Audit, Error>,
    /// Who acts.
    pub actor: Actor,
    /// How a stack is reached.
    pub connect: Connect,
    /// The time everything is stamped with.
    pub clock: Arc<dyn Clock>,
    /// The shortest interval between polls of what is on screen.
    pub refresh: Option<Duration>,
    /// The environment, as far as the terminal's abilities follow from it.
    pub env: BTreeMap<String, String>,
}
