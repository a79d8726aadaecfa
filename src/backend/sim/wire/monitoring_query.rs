//! The queries of `GetMetricData`, read and checked.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::params::Params;
use super::refusal::Failure;
use crate::backend::ports::limits;
use crate::model::metric::{Query, Statistic};

/// Most names that are kept; a console asks for a few dozen.
const MOST_NAMES: usize = 1_000;

/// The longest name of a namespace, a metric or a dimension (API model).
const LONGEST_NAME: usize = 255;

const STATISTICS: [Statistic; 4] = [Statistic::Average, Statistic::Maximum, Statistic::Minimum, Statistic::Sum];

/// A query as it was asked.
pub struct Asked {
    /// Its id.
    pub id: String,
    /// What it asks.
    pub query: Query,
}

/// All queries of a call.
pub fn all(params: &Params) -> Result<Vec<Asked>, Failure> {
    let raw = params.structures("MetricDataQueries")?.filter(|all| !all.is_empty());
    let raw = raw.ok_or_else(|| Failure::invalid("The parameter MetricDataQueries is required."))?;
    if raw.len() > limits::METRIC_QUERIES {
        let most = limits::METRIC_QUERIES;
        return Err(Failure::invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {most}."
        )));
    }
    let asked = raw.iter().map(asked).collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeSet::new();
    match asked.iter().find(|asked| !ids.insert(&asked.id)) {
        Some(twice) => Err(Failure::invalid(format!("The id \"{}\" is not unique.", twice.id))),
        None => Ok(asked),
    }
}

fn asked(raw: &Params) -> Result<Asked, Failure> {
    raw.refuse_all_but(&["Id", "MetricStat", "ReturnData"])?;
    let id = raw.text("Id")?.filter(|id| is_id(id));
    let id =
        id.ok_or_else(|| Failure::invalid("Id must begin with a small letter and hold letters, digits and _ only."))?;
    if raw.flag("ReturnData")? == Some(false) {
        return Err(Failure::invalid("ReturnData=false is not supported by this endpoint"));
    }
    let stat = required(raw.structure("MetricStat")?, "MetricStat")?;
    stat.refuse_all_but(&["Metric", "Period", "Stat"])?;
    let metric = required(stat.structure("Metric")?, "Metric")?;
    metric.refuse_all_but(&["Namespace", "MetricName", "Dimensions"])?;
    let dimensions = metric.structures("Dimensions")?.unwrap_or_default();
    let query = Query {
        namespace: kept(required(metric.text("Namespace")?, "Namespace")?)?,
        name: kept(required(metric.text("MetricName")?, "MetricName")?)?,
        dimensions: dimensions.iter().map(dimension).collect::<Result<_, _>>()?,
        statistic: statistic(required(stat.text("Stat")?, "Stat")?)?,
        period: period(required(stat.number("Period")?, "Period")?)?,
    };
    Ok(Asked { id: id.to_owned(), query })
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::invalid(format!("The parameter {name} is required.")))
}

fn is_id(id: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    id.len() <= LONGEST_NAME && id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(rest)
}

fn dimension(raw: &Params) -> Result<(&'static str, String), Failure> {
    let name = kept(required(raw.text("Name")?, "Name")?)?;
    Ok((name, required(raw.text("Value")?, "Value")?.to_owned()))
}

fn statistic(word: &str) -> Result<Statistic, Failure> {
    let known = STATISTICS.into_iter().find(|statistic| statistic.word() == word);
    known.ok_or_else(|| Failure::invalid(format!("The statistic {word} is not supported by this endpoint")))
}

/// Spans below a minute are for metrics of high resolution, which none of AWS's own are.
fn period(seconds: i64) -> Result<Duration, Failure> {
    let whole = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0 && seconds.is_multiple_of(60));
    whole.map(Duration::from_secs).ok_or_else(|| Failure::invalid("Period must be a multiple of 60."))
}

/// The name, kept for good. A query's names are those of a table, so they have no owner; here they come over the wire, and each
/// of them is kept once.
fn kept(name: &str) -> Result<&'static str, Failure> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(Failure::invalid(format!("A name must have 1 to {LONGEST_NAME} characters.")));
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Ok(known);
    }
    if names.len() == MOST_NAMES {
        return Err(Failure::invalid("There are too many names for this endpoint."));
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    Ok(kept)
}
