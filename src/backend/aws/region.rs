//! Which region a stack is in: its own setting, the environment, the profile, the instance.

use aws_config::Region;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileSet;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::sources;
use crate::error::Error;

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
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
        return checked(region.as_ref(), "AWS_REGION");
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

/// Regions cannot be listed offline, so only the form is checked: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn checked(region: &str, origin: &str) -> Result<Region, Error> {
    let labels: Vec<&str> = region.split('-').collect();
    let formed = match labels.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            let is = |label: &str, of: fn(&u8) -> bool| !label.is_empty() && label.bytes().all(|b| of(&b));
            words.iter().all(|word| is(word, u8::is_ascii_lowercase)) && is(number, u8::is_ascii_digit)
        }
        _ => false,
    };
    if formed {
        return Ok(Region::new(region.to_owned()));
    }
    Err(Error::usage(format!("\"{region}\" is not a region")).from(origin).hint("a region is written like us-east-1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_region_is_checked() {
        for region in ["us-east-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-12", "us-iso-east-1"] {
            assert_eq!(checked(region, "x").unwrap().as_ref(), region);
        }
        for region in ["", "us-east", "useast1", "us-east-1a", "US-EAST-1", "us--1", "us-east-", "us-east-1\n", "1-2-3"]
        {
            let error = checked(region, "AWS_REGION").unwrap_err().to_string();
            assert!(error.contains("AWS_REGION") && error.contains("us-east-1"), "{region}: {error}");
        }
    }
}
