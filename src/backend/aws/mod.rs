//! AWS behind the ports: the only place that knows the AWS SDK.
//!
//! A [`Connector`] makes the ports of one stack. Credentials are found and kept by `credentials` (before a request, so that
//! slow sources are not cut off by a request's deadline), every request goes through `access`, every error through `fault`.

mod access;
mod alarms;
mod app_scaling;
mod changes;
mod connect;
mod credentials;
mod ecs;
mod fault;
mod group_activities;
mod groups;
mod guardduty;
mod http;
mod logs;
mod metrics;
mod proxies;
mod rds;
mod region;
mod secrets;
mod skew;
mod sources;
mod sts;
pub(in crate::backend) mod trust;
mod values;
mod whole;

#[cfg(test)]
mod replay;

pub use connect::{Connector, Keys};
