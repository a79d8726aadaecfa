//! Amazon CloudWatch metrics of a simulated world.

use async_trait::async_trait;

use super::Sim;
use super::actions::refused;
use super::paging::page;
use super::rds::{Minute, points};
use super::world::World;
use crate::backend::ports::{Metrics, Page, limits};
use crate::model::Fault;
use crate::model::metric::{Query, Series};
use crate::model::scaling::ReservationFacts;
use crate::time::Timestamp;

const ACTION: &str = "cloudwatch:GetMetricData";
/// Series of one page. CloudWatch counts points, so that the last series of a page may be cut; here each is whole.
const PAGE: usize = 100;

#[async_trait]
impl Metrics for Sim {
    async fn data(
        &self,
        queries: &[Query],
        from: Timestamp,
        until: Timestamp,
        token: Option<&str>,
    ) -> Result<Page<(usize, Series)>, Fault> {
        let wrong = |code, why| Err(refused(ACTION, code, why));
        if queries.is_empty() || queries.len() > limits::METRIC_QUERIES {
            return wrong("ValidationError", "The collection MetricDataQueries must have from 1 to 500 members.");
        }
        if from >= until {
            return wrong("ValidationError", "The parameter StartTime must be less than the parameter EndTime.");
        }
        if queries.iter().any(|q| q.period.is_zero() || !q.period.as_secs().is_multiple_of(60)) {
            return wrong("ValidationError", "The value for parameter Period must be a multiple of 60.");
        }
        self.call(ACTION, |world| {
            let keys = (0_u64..).zip(queries).map(|(key, _)| key);
            let page = page(&format!("{ACTION} {queries:?}"), keys, token, PAGE)
                .map_err(|_| refused(ACTION, "InvalidNextToken", "The NextToken value is not valid."))?;
            let places = page.keys.into_iter().filter_map(|key| usize::try_from(key).ok());
            let items = places.map(|place| (place, world.points_of(&queries[place], from, until))).collect();
            Ok(Page { items, next: page.next })
        })
        .await
    }
}

impl World {
    /// The points of a query, whatever it is about.
    pub(super) fn points_of(&self, query: &Query, from: Timestamp, until: Timestamp) -> Series {
        let dimension = |name: &str| query.dimensions.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
        let one = |value: f64| Minute { value, samples: 1.0 };
        match (query.namespace, query.name) {
            (ReservationFacts::NAMESPACE, ReservationFacts::METRIC) => {
                let cluster = dimension("ClusterName").and_then(|name| self.clusters.iter().find(|c| c.name == name));
                let named = |p: &str| self.providers.iter().position(|known| known.spec.name == p);
                let provider = dimension("CapacityProviderName").and_then(named);
                let joined = cluster.zip(provider).filter(|(c, p)| c.providers.contains(&self.providers[*p].spec.name));
                points(query, self.now, (from, until), |at| self.reservation_at(joined?.1, at).map(one))
            }
            ("AWS/ECS", "CPUUtilization") => {
                let cluster = dimension("ClusterName").and_then(|name| self.cluster(name));
                let service = cluster.zip(dimension("ServiceName")).and_then(|(c, name)| self.service(c, name));
                points(query, self.now, (from, until), |at| self.cpu_of(service?, at).map(one))
            }
            _ => self.fleet.data(query, from, until),
        }
    }
}
