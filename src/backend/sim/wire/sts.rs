//! AWS Security Token Service on the wire.

use serde_json::Value;

use super::buckets::Class;
use super::object::Object;
use super::refusal::Failure;
use super::service::{Call, Operation, Protocol, Service};

/// The service.
pub const SERVICE: Service = Service {
    name: "sts",
    iam: "sts",
    protocol: Protocol::Query {
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        items: &[],
    },
    operations: &[Operation { name: "GetCallerIdentity", class: Class::Identity, handler: |c| Box::pin(caller(c)) }],
};

async fn caller(call: &Call<'_>) -> Result<Value, Failure> {
    let identity = call.backend.sts.caller().await?;
    Ok(Object::default()
        .put("Arn", &identity.arn)
        .put("UserId", &identity.user_id)
        .put("Account", &identity.account)
        .done())
}
