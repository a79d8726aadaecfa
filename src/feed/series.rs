//! Reading series of CloudWatch: pages put together, and what is no number left out.

use super::Context;
use super::budget::METRICS;
use super::pages::all_pages;
use crate::model::Fault;
use crate::model::metric::{Query, Series};
use crate::text::Text;
use crate::time::Timestamp;

/// What it needs.
pub const ACTION: &str = "cloudwatch:GetMetricData";

/// The series of these queries ([`crate::backend::ports::limits::METRIC_QUERIES`] at most) between two times, in their order.
///
/// # Errors
/// The fault that ended the list early: one that was cut short may lack points of any of its metrics.
pub async fn read(
    context: &Context,
    queries: &[Query],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Series>, Fault> {
    let ports = &context.backend.metrics;
    let key = |(at, series): &(usize, Series)| format!("{at} {:?}", series.points.first());
    let page = |token: Option<String>| async move {
        context.gate.read(&METRICS, ACTION, || ports.data(queries, from, until, token.as_deref())).await
    };
    let listed = all_pages(ACTION, key, page).await;
    match listed.fault {
        Some(fault) => Err(fault),
        None => Ok(together(queries.len(), listed.items)),
    }
}

/// The pieces of each query in one, the oldest point first.
fn together(queries: usize, pieces: Vec<(usize, Series)>) -> Vec<Series> {
    let mut all = vec![None; queries];
    for (place, piece) in pieces {
        let Some(whole) = all.get_mut(place) else { continue };
        let whole: &mut Series = whole.get_or_insert_with(Series::default);
        whole.points.extend(piece.points);
        whole.problem = whole.problem.take().or(piece.problem);
    }
    let absent = || Series { points: Vec::new(), problem: Some(Text::from("absent from the answer")) };
    let mut all: Vec<Series> = all.into_iter().map(|series| series.unwrap_or_else(absent)).collect();
    for series in &mut all {
        series.points.retain(|(_, value)| value.is_finite());
        series.points.sort_by_key(|(at, _)| *at);
        series.points.dedup_by_key(|(at, _)| *at);
    }
    all
}
