//! What CloudWatch says of a state.

use super::board::State;
use super::watch::Metric;
use crate::time::Timestamp;

/// The reason of an alarm that nothing has changed yet.
pub(super) const NEW: &str = "Unchecked: Initial alarm creation";

/// A period's begin and what was measured in it.
pub(super) type Point = (Timestamp, f64);

/// Why an alarm with these points, the newest first, is in this state.
pub(super) fn crossed(metric: &Metric, points: &[Point], to: State, from: State) -> String {
    let is_alarm = to == State::Alarm;
    let told: Vec<&Point> = points.iter().filter(|(_, value)| metric.is_beyond(*value) == is_alarm).collect();
    let list: Vec<String> = told.iter().map(|(at, value)| format!("{value:?} ({})", time(*at))).collect();
    let (count, periods) = (told.len(), metric.periods);
    let verb = if count == 1 { "was" } else { "were" };
    let not = if is_alarm { "" } else { "not " };
    let than = if metric.is_above { "greater than" } else { "less than" };
    let needed = if is_alarm { metric.needed } else { metric.periods - metric.needed + 1 };
    let datapoints = if needed == 1 { "datapoint" } else { "datapoints" };
    format!(
        "Threshold Crossed: {count} out of the last {periods} datapoints [{}] {verb} {not}{than} the threshold ({:?}) \
         (minimum {needed} {datapoints} for {} -> {} transition).",
        list.join(", "),
        metric.threshold,
        from.word(),
        to.word()
    )
}

/// Why an alarm without points is in the state it is in.
pub(super) fn unknown(metric: &Metric) -> String {
    let (verb, datapoints) = if metric.periods == 1 { ("was", "datapoint") } else { ("were", "datapoints") };
    match metric.missing.as_str() {
        "missing" => format!("Insufficient Data: {} {datapoints} {verb} unknown.", metric.periods),
        other => {
            let word = if other == "breaching" { "Breaching" } else { "NonBreaching" };
            let periods = metric.periods;
            format!(
                "Threshold Crossed: no datapoints were received for {periods} period and {periods} missing datapoint {verb} \
                 treated as [{word}]."
            )
        }
    }
}

/// Why a composite alarm changed: the alarm that changed, and when.
pub(super) fn composite(arn: &str, to: State, at: Timestamp) -> String {
    format!("{arn} transitioned to {} at {}", to.word(), at.date_time())
}

/// A reason with the begin of the period before the last one for `{period}`, which is what an alarm was judged by.
pub(super) fn dated(reason: &str, now: Timestamp) -> String {
    reason.replace("{period}", &time(Timestamp::from_secs((now.secs().div_euclid(60) - 1) * 60)))
}

/// `14/03/26 03:10:00`.
fn time(at: Timestamp) -> String {
    let text = at.rfc3339();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}/{}/{} {}", part(8..10), part(5..7), part(2..4), part(11..19))
}
