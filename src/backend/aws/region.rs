//! Which region a stack is in: its own setting, the environment, the profile, the instance.

use std::env;

use aws_config::Region;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileSet;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::sources;
use crate::error::Error;
use crate::model::form;

/// The region of a stack.
///
/// # Errors
/// None is set anywhere, or what is set cannot be a region's name.
pub(super) async fn find(
    set: Option<&str>,
    profiles: Option<&ProfileSet>,
    local: &SharedHttpClient,
) -> Result<Region, Error> {
    if let Some(region) = set {
        return checked(region, "region");
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Ok(region) = env::var(name)
            && !region.is_empty()
        {
            return checked(&region, name);
        }
    }
    if let Some(region) = profiles.and_then(|profiles| profiles.get("region")) {
        return checked(region, "the profile's region");
    }
    let instance = ImdsRegionProvider::builder().imds_client(sources::metadata(local)).build();
    match ProvideRegion::region(&instance).await {
        Some(region) => checked(region.as_ref(), "instance metadata"),
        None => Err(Error::usage("no region is set: not by the stack, AWS_REGION, the profile or instance metadata")
            .hint("set AWS_REGION, or region in the stack, such as us-east-1")),
    }
}

fn checked(region: &str, origin: &str) -> Result<Region, Error> {
    form::region(region).map(|()| Region::new(region.to_owned())).map_err(|error| error.from(origin))
}
