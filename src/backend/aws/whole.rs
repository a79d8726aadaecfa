//! Whether an XML answer came whole.
//!
//! The SDK reads XML as far as it goes: of a body that ends in the middle, in a message that is itself intact (a proxy or a
//! server that broke off), it makes a shorter list and no error. What is missing would then look as if it were gone.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Makes a fault of a successful answer whose outermost element is not closed.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An error says what it says, however much of it came.
        let is_whole = context.output_or_error().is_err() || context.response().body().bytes().is_none_or(is_closed);
        if is_whole { Ok(()) } else { Err("the answer breaks off before its end".into()) }
    }
}

/// Whether this ends with the end of the element it begins with. What is no XML is not judged here.
fn is_closed(body: &[u8]) -> bool {
    let mut rest = body.trim_ascii();
    // The declaration and comments before the element.
    while let Some(inner) = rest.strip_prefix(b"<?").or_else(|| rest.strip_prefix(b"<!")) {
        let Some(end) = inner.iter().position(|byte| *byte == b'>') else { return false };
        rest = inner[end + 1..].trim_ascii_start();
    }
    let Some(inner) = rest.strip_prefix(b"<") else { return !rest.is_empty() || body.trim_ascii().is_empty() };
    let Some(end) = inner.iter().position(|byte| *byte == b'>') else { return false };
    let tag = &inner[..end];
    if tag.ends_with(b"/") {
        return inner.len() == end + 1;
    }
    let name = tag.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let close = rest.strip_suffix(b">").map(<[u8]>::trim_ascii_end).and_then(|rest| rest.strip_suffix(name));
    close.is_some_and(|rest| rest.ends_with(b"</"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::groups::AwsGroups;
    use crate::backend::aws::rds::AwsRds;
    use crate::backend::aws::replay::{self, xml};
    use crate::backend::aws::sts::AwsSts;
    use crate::backend::ports::{Groups, Rds, Sts};
    use crate::model::FaultKind;

    #[test]
    fn what_ends_with_its_own_end_is_whole() {
        for whole in [
            "<a/>",
            "<a></a>",
            "<?xml version=\"1.0\"?>\n<!-- x --><a xmlns=\"u\"><b/></a >\n",
            "<a><a></a></a>",
            "",
            "no XML",
            "{\"json\":",
        ] {
            assert!(is_closed(whole.as_bytes()), "{whole}");
        }
        for cut in ["<", "<a", "<a>", "<a><b></b>", "<a></b></a", "<a></ba>", "<?xml version", "<?xml?>", "<a><b/>"] {
            assert!(!is_closed(cut.as_bytes()), "{cut}");
        }
    }

    const INSTANCES: &str = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
        <DBInstanceIdentifier>a</DBInstanceIdentifier></DBInstance><DBInstance><DBInstanceIdentifier>b\
        </DBInstanceIdentifier></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";

    #[tokio::test]
    async fn no_list_that_broke_off_is_taken_for_a_shorter_one() {
        for end in 1..INSTANCES.len() {
            let (config, access, _) = replay::of([xml(200, &INSTANCES[..end])]);
            let fault = AwsRds::new(&config, access).instances(None).await.expect_err(&INSTANCES[..end]);
            assert_eq!(fault.kind, FaultKind::Malformed, "{end}: {fault}");
        }
        let (config, access, _) = replay::of([xml(200, INSTANCES)]);
        assert_eq!(AwsRds::new(&config, access).instances(None).await.unwrap().items.len(), 2);
    }

    #[tokio::test]
    async fn groups_and_the_caller_are_held_to_it_too_and_errors_are_not() {
        let cut = "<R><DescribeAutoScalingGroupsResult><AutoScalingGroups></AutoScalingGroups>";
        let (config, access, _) = replay::of([xml(200, cut)]);
        let fault = AwsGroups::new(&config, access).groups(&[], None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
        let cut = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>";
        let (config, access, _) = replay::of([xml(200, cut)]);
        let fault = AwsSts::new(&config, access).caller().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed, "{fault}");
        let error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        let (config, access, _) = replay::of([xml(403, error)]);
        let fault = AwsSts::new(&config, access).caller().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
    }
}
