//! The ports of a stack, through the AWS adapters.

use std::sync::Arc;

use rounds::backend::aws::{Connector, Keys};
use rounds::backend::ports::Backend;
use rounds::model::stack::Stack;
use rounds::text::Text;
use rounds::time::SystemClock;

/// A stack at an endpoint; these of its clusters are watched, all if none is named.
pub fn stack(endpoint: &str, clusters: &[&str]) -> Stack {
    Stack {
        name: Text::from("test"),
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(endpoint.to_owned()),
        clusters: clusters.iter().map(ToString::to_string).collect(),
        ..Stack::default()
    }
}

/// Connects a stack with these keys.
pub async fn connect(stack: &Stack, [id, secret]: [&str; 2]) -> Backend {
    let keys = Keys { id: id.to_owned(), secret: secret.to_owned() };
    Connector::new(Arc::new(SystemClock)).with_keys(keys).connect(stack).await.expect("nothing is wrong with the stack")
}

/// Keys that emulators take.
pub const ANY: [&str; 2] = ["test", "test"];
