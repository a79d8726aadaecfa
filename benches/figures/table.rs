//! Tables of figures, and the little statistics they need.

use std::fmt::Display;
use std::fs;
use std::time::Duration;

/// A table: what was measured, how, and figure by figure.
pub struct Table {
    title: String,
    rows: Vec<[String; 4]>,
}

impl Table {
    /// An empty one.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), rows: Vec::new() }
    }

    /// A figure without a target: what it is to be compared with, or what it rests on.
    pub fn note(&mut self, what: &str, figure: impl Display) -> &mut Self {
        self.rows.push([what.to_owned(), figure.to_string(), String::new(), String::new()]);
        self
    }

    /// A figure that is to be at most `target`; `shown` is the figure in words, `of` the target.
    pub fn at_most(
        &mut self,
        what: &str,
        figure: f64,
        shown: impl Display,
        target: f64,
        of: impl Display,
    ) -> &mut Self {
        let verdict = if figure <= target { "ok" } else { "MISSED" };
        self.rows.push([what.to_owned(), shown.to_string(), format!("<= {of}"), verdict.to_owned()]);
        self
    }

    /// As [`Self::at_most`], in milliseconds.
    pub fn within(&mut self, what: &str, figure: Duration, target: Duration) -> &mut Self {
        self.at_most(what, figure.as_secs_f64(), ms(figure), target.as_secs_f64(), ms(target))
    }

    /// A whole number that is to be at least `target`.
    pub fn at_least(&mut self, what: &str, figure: u64, target: u64) -> &mut Self {
        let verdict = if figure >= target { "ok" } else { "MISSED" };
        self.rows.push([what.to_owned(), figure.to_string(), format!(">= {target}"), verdict.to_owned()]);
        self
    }

    /// As [`Self::at_most`], for whole numbers of something.
    pub fn count(&mut self, what: &str, figure: u64, target: u64, unit: &str) -> &mut Self {
        self.at_most(what, figure as f64, format!("{figure} {unit}"), target as f64, format!("{target} {unit}"))
    }
}

impl Drop for Table {
    /// Prints it, with the load of the machine meanwhile.
    fn drop(&mut self) {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<&str> = load.split(' ').take(3).collect();
        println!("\n{}  (load {})", self.title, load.join(" "));
        let heads = ["", "measured", "target", ""].map(str::to_owned);
        let all: Vec<&[String; 4]> = std::iter::once(&heads).chain(&self.rows).collect();
        let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [a, b, c] = [0, 1, 2].map(width);
        for [what, figure, target, verdict] in all {
            println!("  {what:<a$}  {figure:>b$}  {target:>c$}  {verdict}");
        }
    }
}

/// A time in milliseconds.
pub fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1_000.0)
}

/// The value below which this share of all lies.
pub fn quantile<T: Copy + PartialOrd>(values: &[T], share: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("comparable"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    *sorted.get(at).expect("something was measured")
}

/// The median of these, and where it lies with a certainty of 95 %, by bootstrap.
pub fn median_with_interval(values: &[f64]) -> (f64, [f64; 2]) {
    let mut dice = fastrand::Rng::with_seed(1);
    let again = |dice: &mut fastrand::Rng| {
        let drawn: Vec<f64> = values.iter().map(|_| values[dice.usize(..values.len())]).collect();
        quantile(&drawn, 0.5)
    };
    let medians: Vec<f64> = (0..2_000).map(|_| again(&mut dice)).collect();
    (quantile(values, 0.5), [quantile(&medians, 0.025), quantile(&medians, 0.975)])
}
