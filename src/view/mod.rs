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

pub use detail::{Detail, Line};
pub use domain::{DOMAINS, Domain};
pub use scaling::sentence as why_not_scaled;
pub use scene::{Judgement, Scene, StackScene, judge};

use crate::table::{Column, Row};
use crate::text::Text;

/// A view.
pub struct View {
    /// Its id, as `rounds export` and the command `view` take it.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
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
    &alarms::VIEW,
    &audit::VIEW,
];

/// The view with this id.
#[must_use]
pub fn view(id: &str) -> Option<&'static View> {
    VIEWS.iter().copied().find(|view| view.id == id)
}

impl View {
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
