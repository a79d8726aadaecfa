//! Amazon CloudWatch on the wire: `GetMetricData`; alarms and their history have files of their own.

use serde_json::{Value, json};

use super::buckets::Class;
use super::monitoring_query::{self, Asked};
use super::object::Object;
use super::paging::Bounds;
use super::refusal::{Common, Failure};
use super::service::{Call, Operation, Protocol, Service};
use super::{monitoring_alarms as alarms, monitoring_history as history};
use crate::model::metric::{Query, Series};
use crate::time::Timestamp;

/// The service.
pub const SERVICE: Service = Service {
    name: "monitoring",
    iam: "cloudwatch",
    protocol: Protocol::Cbor {
        path: "GraniteServiceVersion20100801",
        times: &["Timestamp", "Timestamps", "StateTransitionedTimestamp", "StateUpdatedTimestamp"],
    },
    operations: &[
        Operation { name: "GetMetricData", class: Class::MetricRead, handler: |c| Box::pin(get_metric_data(c)) },
        Operation { name: "DescribeAlarms", class: Class::AlarmRead, handler: |c| Box::pin(alarms::describe(c)) },
        Operation {
            name: "DescribeAlarmHistory",
            class: Class::AlarmHistoryRead,
            handler: |c| Box::pin(history::describe(c)),
        },
    ],
};

/// A page is full when it has so many points (API reference of `GetMetricData`).
const PAGE: Bounds = Bounds { token: "NextToken", size: "MaxDatapoints", least: 1, default: 100_800, most: 100_800 };

const KNOWN: &[&str] = &["MetricDataQueries", "StartTime", "EndTime", "NextToken", "ScanBy", "MaxDatapoints"];

/// `StatusCode` of what is not complete.
const INCOMPLETE: [&str; 3] = ["PartialData", "Forbidden", "InternalError"];

async fn get_metric_data(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(KNOWN)?;
    let (from, until) = (call.params.time("StartTime")?, call.params.time("EndTime")?);
    let (Some(from), Some(until)) = (from, until) else {
        return Err(Failure::invalid("The parameters StartTime and EndTime are required."));
    };
    if from >= until {
        return Err(Failure::invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let order = call.params.choice("ScanBy", &["TimestampAscending", "TimestampDescending"])?;
    let most = call.params.page_size(&PAGE)?;
    let asked = monitoring_query::all(call.params)?;
    let mut series = everything(call, &asked, (from, until)).await?;
    // The newest come first unless it is said otherwise.
    if order != Some("TimestampAscending") {
        for series in &mut series {
            series.points.reverse();
        }
    }
    let numbered = pages(&series, most).into_iter().enumerate();
    let all = numbered.map(|(number, page)| (format!("{number:06}"), page)).collect();
    let (page, next) = call.pages.cut_to(1, all, |(number, _)| number, &PAGE)?;
    let pieces = page.iter().flat_map(|(_, pieces)| pieces);
    Ok(Object::default()
        .list("MetricDataResults", pieces, |piece| result(&asked[piece.place], &series[piece.place], piece))
        .maybe("NextToken", next.as_deref())
        .done())
}

/// The data of every query, in the order of the queries.
async fn everything(
    call: &Call<'_>,
    asked: &[Asked],
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Series>, Failure> {
    let queries: Vec<Query> = asked.iter().map(|asked| asked.query.clone()).collect();
    let mut all = vec![Series::default(); queries.len()];
    let mut token: Option<String> = None;
    loop {
        let page = call.backend.metrics.data(&queries, from, until, token.as_deref()).await?;
        for (place, series) in page.items {
            if let Some(own) = all.get_mut(place) {
                own.points.extend(series.points);
                own.problem = series.problem.or(own.problem.take());
            }
        }
        if page.next.is_some() && page.next == token {
            return Err(Failure::Common(Common::Internal, "the backend repeats its page token".to_owned()));
        }
        token = page.next;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// Part of a series on one page.
#[derive(Debug, PartialEq)]
struct Piece {
    /// The place of its query.
    place: usize,
    /// The points from here …
    from: usize,
    /// … to before here.
    to: usize,
    /// Whether the series goes on on the next page.
    more: bool,
}

/// Cuts series into pages of `most` points. A series may begin on one page and end on another; one without points takes no room.
fn pages(series: &[Series], most: usize) -> Vec<Vec<Piece>> {
    let mut full = Vec::new();
    let (mut page, mut room) = (Vec::new(), most);
    for (place, series) in series.iter().enumerate() {
        let mut from = 0;
        loop {
            let left = series.points.len() - from;
            if room == 0 && left > 0 {
                full.push(std::mem::take(&mut page));
                room = most;
            }
            let taken = left.min(room);
            page.push(Piece { place, from, to: from + taken, more: taken < left });
            (from, room) = (from + taken, room - taken);
            if taken == left {
                break;
            }
        }
    }
    full.push(page);
    full
}

fn result(asked: &Asked, series: &Series, piece: &Piece) -> Value {
    let points = &series.points[piece.from..piece.to];
    let times: Vec<Timestamp> = points.iter().map(|(at, _)| *at).collect();
    let values: Vec<Value> = points.iter().map(|(_, value)| Value::from(*value)).collect();
    let (status, message) = match (&series.problem, piece.more) {
        (_, true) => ("PartialData", None),
        (None, false) => ("Complete", None),
        (Some(problem), false) => status(problem),
    };
    Object::default()
        .put("Id", asked.id.as_str())
        .put("Label", asked.query.name)
        .put("Timestamps", &times)
        .put("Values", &values)
        .put("StatusCode", status)
        .list("Messages", message, |(code, value)| json!({ "Code": code, "Value": value }))
        .done()
}

/// Status, and code and words of the message: the model has the three in one sentence.
fn status(problem: &str) -> (&'static str, Option<(&str, &str)>) {
    let (word, rest) = problem.split_once(": ").map_or((problem, None), |(word, rest)| (word, Some(rest)));
    match INCOMPLETE.into_iter().find(|known| *known == word) {
        Some(known) => (known, rest.map(|rest| rest.split_once(": ").unwrap_or(("Note", rest)))),
        None => ("PartialData", Some(problem.split_once(": ").unwrap_or(("Note", problem)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_so_many_points_and_no_more() {
        let series =
            |count: i64| Series { points: (0..count).map(|n| (Timestamp::from_secs(n), 0.0)).collect(), problem: None };
        let all = [series(3), series(0), series(5), series(0)];
        let piece = |place, from, to, more| Piece { place, from, to, more };
        let expected = vec![
            vec![piece(0, 0, 3, false), piece(1, 0, 0, false)],
            vec![piece(2, 0, 3, true)],
            vec![piece(2, 3, 5, false), piece(3, 0, 0, false)],
        ];
        assert_eq!(pages(&all, 3), expected);
        assert_eq!(pages(&all, 100).len(), 1);
        assert_eq!(pages(&[], 3), [vec![]]);
    }

    #[test]
    fn a_problem_is_a_status_and_a_message() {
        assert_eq!(status("Forbidden"), ("Forbidden", None));
        assert_eq!(status("InternalError: x"), ("InternalError", Some(("Note", "x"))));
        assert_eq!(status("PartialData: Code: words: more"), ("PartialData", Some(("Code", "words: more"))));
        assert_eq!(status("3 times for 4 values"), ("PartialData", Some(("Note", "3 times for 4 values"))));
    }
}
