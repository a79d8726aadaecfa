//! Amazon CloudWatch metrics.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;

use super::access::Access;
use super::values::{text, token};
use crate::backend::ports::{Metrics, Page};
use crate::model::Fault;
use crate::model::metric::{Query, Series};
use crate::text::Text;
use crate::time::Timestamp;

/// The adapter.
pub(super) struct AwsMetrics {
    client: Client,
    access: Access,
}

impl AwsMetrics {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::new(config), access }
    }
}

#[async_trait]
impl Metrics for AwsMetrics {
    async fn data(
        &self,
        queries: &[Query],
        from: Timestamp,
        until: Timestamp,
        at: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        let request = self
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().enumerate().map(query).collect()))
            .start_time(DateTime::from_millis(from.millis()))
            .end_time(DateTime::from_millis(until.millis()))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(at.map(str::to_owned));
        let page = self.access.ask("cloudwatch:GetMetricData", request.send()).await?;
        let next = token(page.next_token());
        let remark = said(page.messages());
        // An id that was not asked for belongs to no query, so there is nothing it could be an answer to.
        let known = page.metric_data_results().iter().filter_map(|raw| Some((place(raw, queries.len())?, raw)));
        let items = known.map(|(place, raw)| (place, series(raw, next.is_some(), remark.as_ref()))).collect();
        Ok(Page { items, next })
    }
}

/// A query's id is its place; ids begin with a small letter.
fn query((place, query): (usize, &Query)) -> MetricDataQuery {
    let dimensions =
        query.dimensions.iter().map(|(name, value)| Dimension::builder().name(*name).value(value).build()).collect();
    let metric =
        Metric::builder().namespace(query.namespace).metric_name(query.name).set_dimensions(Some(dimensions)).build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(query.period.as_secs()).unwrap_or(i32::MAX))
        .stat(query.statistic.word())
        .build();
    MetricDataQuery::builder().id(format!("q{place}")).metric_stat(stat).return_data(true).build()
}

/// The place that the id of a result names.
fn place(raw: &MetricDataResult, count: usize) -> Option<usize> {
    raw.id()?.strip_prefix('q')?.parse().ok().filter(|place| *place < count)
}

/// The points with a time and a finite value, the oldest first whatever the service thinks of `ScanBy`.
fn series(raw: &MetricDataResult, more: bool, remark: Option<&Text>) -> Series {
    let pairs = raw.timestamps().iter().zip(raw.values());
    let timed = pairs.filter_map(|(at, value)| Some((Timestamp::from_millis(at.to_millis().ok()?), *value)));
    let mut points: Vec<(Timestamp, f64)> = timed.filter(|(_, value)| value.is_finite()).collect();
    points.sort_by_key(|(at, _)| *at);
    Series { points, problem: problem(raw, more).or_else(|| remark.cloned()) }
}

/// Why a series is not complete. Where another page follows, partial data are no more than its first piece.
fn problem(raw: &MetricDataResult, more: bool) -> Option<Text> {
    let (times, values) = (raw.timestamps().len(), raw.values().len());
    if times != values {
        return Some(Text::from(format!("{times} times for {values} values")));
    }
    match raw.status_code() {
        None | Some(StatusCode::Complete) => said(raw.messages()),
        Some(StatusCode::PartialData) if more => None,
        Some(code) => Some(match said(raw.messages()) {
            Some(said) => Text::from(format!("{}: {said}", code.as_str())),
            None => Text::new(code.as_str()),
        }),
    }
}

/// What the service remarks, code and words.
fn said(messages: &[MessageData]) -> Option<Text> {
    let both =
        |message: &MessageData| [message.code(), message.value()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    text(Some(messages.iter().map(both).collect::<Vec<_>>().join("; ")))
}

#[cfg(test)]
mod tests;
