//! Views: projections of what is known. A view is one file and one line in [`VIEWS`].

mod alarms;
mod audit;
mod databases;
mod detail;
mod domain;
mod findings;
mod instances;
mod mongo;
mod overview;
mod scaling;
mod scene;
mod secrets;
mod services;
mod tasks;
mod timeline;

pub use detail::{Detail, Line};
pub use domain::{DOMAINS, Domain};
pub use scaling::sentence as why_not_scaled;
pub use scene::{Judgement, Scene, StackScene, judge};
pub use timeline::of_row as timeline_of;

use crate::table::{Column, Order, Row};
use crate::text::Text;

/// A view.
pub struct View {
    /// Its id, as `rounds export` and the command `view` take it.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// The heading where there is no room for it, five letters at most.
    pub short: &'static str,
    /// What it shows, in one sentence.
    pub doc: &'static str,
    /// What one of its rows is, as [`crate::model::Subject::kind`] names it; empty where rows are of several kinds.
    pub kind: &'static str,
    /// The feeds it shows; the first is the one its age is told by.
    pub feeds: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    /// Whether `rounds export` offers it.
    pub exported: bool,
    /// All its rows.
    pub rows: fn(&Scene<'_>) -> Vec<Row>,
    /// Everything known of one row.
    pub detail: fn(&StackScene<'_>, &Row) -> Detail,
    /// Where `enter` leads.
    pub open: fn(&Row) -> Option<Drill>,
    /// The AWS CLI call that shows the same.
    pub aws: fn(&StackScene<'_>, &Row) -> Option<String>,
}

/// A way from a row into another view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drill {
    /// The view's id.
    pub view: &'static str,
    /// The filter it opens with.
    pub filter: String,
    /// The row to stand on.
    pub select: Option<Text>,
}

/// Every view, in the order of the number keys.
pub const VIEWS: &[&View] = &[
    &overview::VIEW,
    &services::VIEW,
    &instances::VIEW,
    &tasks::VIEW,
    &mongo::VIEW,
    &databases::VIEW,
    &scaling::VIEW,
    &findings::VIEW,
    &secrets::VIEW,
    &timeline::VIEW,
    &alarms::VIEW,
    &audit::VIEW,
];

/// The view with this id.
#[must_use]
pub fn view(id: &str) -> Option<&'static View> {
    VIEWS.iter().copied().find(|view| view.id == id)
}

impl View {
    /// The order it opens in: what happened is read by time, the newest first, everything else worst first.
    #[must_use]
    pub fn order(&self) -> Order {
        let is_by_time = self.is_of_events();
        Order { column: is_by_time.then_some(0), reverse: is_by_time }
    }

    /// Whether its rows are what happened.
    #[must_use]
    pub fn is_of_events(&self) -> bool {
        self.kind == timeline::KIND
    }

    /// Whether its rows are sentences, for which a column takes all the room, so that there is none for problems beside.
    #[must_use]
    pub fn is_of_sentences(&self) -> bool {
        self.kind.is_empty() || self.is_of_events()
    }

    /// Whether its columns say what is the case: problems beside them are told only where there is room to spare.
    #[must_use]
    pub fn tells_in_columns(&self) -> bool {
        self.kind == "finding"
    }

    /// Whether what it shows lacks something where things of this kind could not be read: its own rows, the lines above them,
    /// and whatever is listed cluster by cluster.
    #[must_use]
    pub fn also(&self, kind: &str) -> bool {
        let above = match self.kind {
            "instance" | "scaling-target" => matches!(kind, "provider" | "group"),
            "member" => kind == "replica-set",
            _ => false,
        };
        kind == self.kind || kind == "cluster" || above
    }
}

/// The view whose rows are of this kind.
#[must_use]
pub fn view_of_kind(kind: &str) -> Option<&'static View> {
    VIEWS.iter().copied().find(|view| view.kind == kind)
}
