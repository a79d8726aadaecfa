//! The services and their operations: what the shared path needs to know of them.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::buckets::Class;
use super::paging::Pages;
use super::params::Params;
use super::refusal::Failure;
use super::rest::Route;
use super::{app_scaling, autoscaling, ecs, guardduty, logs, monitoring, rds, secrets, sts};
use crate::backend::ports::Backend;

/// Every service there is.
pub const SERVICES: &[&Service] = &[
    &ecs::SERVICE,
    &autoscaling::SERVICE,
    &app_scaling::SERVICE,
    &guardduty::SERVICE,
    &secrets::SERVICE,
    &rds::SERVICE,
    &monitoring::SERVICE,
    &logs::SERVICE,
    &sts::SERVICE,
];

/// How a service puts requests and answers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// awsJson 1.1; `X-Amz-Target` is this prefix, a dot and the operation.
    Json {
        /// The prefix of `X-Amz-Target`.
        target: &'static str,
    },
    /// AWS query: a form in, XML out.
    Query {
        /// `Version` of the form.
        version: &'static str,
        /// Namespace of the XML.
        namespace: &'static str,
        /// Lists, and what an item of each is called; items of all others are called `member`.
        items: &'static [(&'static str, &'static str)],
    },
    /// Smithy's RPC v2 with CBOR.
    Cbor {
        /// The service's name in the path.
        path: &'static str,
        /// Members of answers whose numbers are times, seconds since the epoch.
        times: &'static [&'static str],
    },
    /// restJson 1: the operation stands in method and path.
    Rest {
        /// Its paths.
        routes: &'static [Route],
    },
}

/// One service.
pub struct Service {
    /// Its name in the credential scope of a signature.
    pub name: &'static str,
    /// Its name before the colon of an IAM action.
    pub iam: &'static str,
    /// Its wire format.
    pub protocol: Protocol,
    /// What it can do.
    pub operations: &'static [Operation],
}

impl Service {
    /// The operation with this name.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }
}

/// What carries out an operation.
pub type Handler = for<'a> fn(&'a Call<'a>) -> BoxFuture<'a, Result<Value, Failure>>;

/// One operation.
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// The bucket its calls are taken from.
    pub class: Class,
    /// Carries it out: the members of its output, whatever the protocol.
    pub handler: Handler,
}

/// One call of an operation.
pub struct Call<'a> {
    /// What it is answered from.
    pub backend: &'a Backend,
    /// What was asked.
    pub params: &'a Params,
    /// Cuts lists into pages.
    pub pages: Pages<'a>,
    /// The region of the signature's scope.
    pub region: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let services: BTreeSet<&str> = SERVICES.iter().map(|s| s.name).collect();
        assert_eq!(services.len(), SERVICES.len());
        for service in SERVICES {
            let names: BTreeSet<&str> = service.operations.iter().map(|o| o.name).collect();
            assert_eq!(names.len(), service.operations.len(), "{}", service.name);
            assert!(service.operations.iter().all(|o| service.operation(o.name).is_some()));
        }
    }
}
