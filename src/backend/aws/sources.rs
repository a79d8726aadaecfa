//! Where credentials come from: the order and the providers of the SDK's default chain, with three differences.
//!
//! - A profile named by the stack means that profile: keys in the environment do not go before it, as they do in the SDK's
//!   own chain (where every stack would then quietly be the same account). The AWS CLI does the same with `--profile`.
//! - The providers are made anew for every search, because the SDK's keep the files they have read, and even a failure to
//!   read them, for as long as they live.
//! - Instance metadata is asked once and briefly: away from EC2 nothing answers there.

use std::env;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};

use super::access::CREDENTIALS;
use super::connect::timeouts;
use super::fault;
use crate::error::{Error, nearest};
use crate::file::refuse_special;
use crate::model::{Fault, FaultKind};

/// Time to connect to the metadata service; on EC2 it answers within a few milliseconds.
const METADATA_CONNECT: Duration = Duration::from_millis(300);
/// Time for one answer of it. Behind a container's bridge the answer is lost (hop limit 1), so this is waited out in full.
const METADATA_READ: Duration = Duration::from_millis(700);
/// The fault's action for the calls that make credentials.
const ASSUME_ROLE: &str = "sts:AssumeRole";
const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const SSO_ROLE: &str = "sso:GetRoleCredentials";

/// What a search needs to know.
pub(super) struct Origin {
    /// The profile the stack names.
    pub profile: Option<String>,
    /// Keys that replace the search.
    pub fixed: Option<Credentials>,
    /// A role to assume with what was found.
    pub role: Option<Role>,
    /// Region, clients and retries of the calls that make credentials.
    pub config: SdkConfig,
    /// The client for metadata services.
    pub local: SharedHttpClient,
}

/// A role on top of the credentials found.
pub(super) struct Role {
    /// Its ARN.
    pub arn: String,
    /// The name of the session, as CloudTrail shows it.
    pub session: String,
}

/// The metadata client: one short attempt.
pub(super) fn metadata(local: &SharedHttpClient) -> imds::Client {
    imds::Client::builder()
        .configure(&ProviderConfig::default().with_http_client(local.clone()))
        .connect_timeout(METADATA_CONNECT)
        .read_timeout(METADATA_READ)
        .max_attempts(1)
        .build()
}

/// The profiles of the AWS config files, and among them the one that `named`, or else the environment, selects.
///
/// # Errors
/// A file that cannot be read, or a selected profile that is in none.
#[expect(clippy::default_trait_access, reason = "the types are of a crate that is not a direct dependency")]
pub(super) async fn profiles(named: Option<&str>) -> Result<ProfileSet, Error> {
    // The SDK opens whatever is there, and opening a FIFO waits for ever.
    for (variable, default) in
        [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")]
    {
        refuse_special(&path_of(&env::var(variable).unwrap_or_else(|_| default.to_owned())))?;
    }
    let profile = named.map(|name| name.to_owned().into());
    let set = profile::load(&Default::default(), &Default::default(), &Default::default(), profile)
        .await
        .map_err(|error| Error::usage(format!("the AWS config files cannot be read: {}", fault::causes(&error))))?;
    let selected = set.selected_profile();
    let chosen = named.is_some() || selected != "default";
    if !chosen || set.get_profile(selected).is_some() {
        return Ok(set);
    }
    let origin = if named.is_some() { "profile" } else { "AWS_PROFILE" };
    let unknown = Error::usage(format!("there is no profile \"{selected}\" in the AWS config files")).from(origin);
    let known: Vec<&str> = set.profiles().collect();
    Err(match (nearest(selected, known.iter().copied()), known.is_empty()) {
        (Some(near), _) => unknown.hint(format!("did you mean \"{near}\"?")),
        (None, true) => {
            unknown.hint("no profile is there at all; AWS_CONFIG_FILE names the file where it is not ~/.aws/config")
        }
        (None, false) => unknown.hint(format!("profiles there: {}", known.join(", "))),
    })
}

/// The path of a file of AWS's: `~` is the home, as the SDK has it.
pub(super) fn path_of(written: &str) -> PathBuf {
    match (written.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(written),
    }
}

/// Looks for credentials, and assumes the role with them.
pub(super) async fn find(origin: &Origin) -> Result<Credentials, Fault> {
    let base = match &origin.fixed {
        Some(fixed) => fixed.clone(),
        None => find_base(origin).await?,
    };
    let Some(role) = &origin.role else { return Ok(base) };
    AssumeRoleProvider::builder(&role.arn)
        .session_name(&role.session)
        .configure(&origin.config)
        .build_from_provider(base)
        .await
        .provide_credentials()
        .await
        .map_err(|error| failed(&format!("role {}", role.arn), &error))
}

async fn find_base(origin: &Origin) -> Result<Credentials, Fault> {
    let set = profiles(origin.profile.as_deref())
        .await
        .map_err(|error| Fault::new(FaultKind::NoCredentials, CREDENTIALS, error.to_string()))?;
    let mut tried = Vec::new();
    for (name, provider) in providers(origin, set.selected_profile()) {
        match provider.provide_credentials().await {
            Ok(found) => return Ok(found),
            Err(CredentialsError::CredentialsNotLoaded(_)) if name == ENVIRONMENT => {
                tried.push(format!("{name}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set"));
            }
            Err(error @ CredentialsError::CredentialsNotLoaded(_)) => tried.push(format!("{name}: {}", reason(&error))),
            Err(error) if name == METADATA => tried.push(format!("{name}: {}", fault::causes(&error))),
            Err(error) => return Err(failed(&name, &error)),
        }
    }
    Err(Fault::new(FaultKind::NoCredentials, CREDENTIALS, format!("tried {}", tried.join("; "))))
}

const ENVIRONMENT: &str = "environment";
const METADATA: &str = "instance metadata";

/// The sources in their order, by the names an operator knows.
fn providers(origin: &Origin, profile: &str) -> Vec<(String, Box<dyn ProvideCredentials>)> {
    let config = ProviderConfig::default()
        .with_region(origin.config.region().cloned())
        .with_behavior_version(origin.config.behavior_version())
        .with_use_fips(origin.config.use_fips())
        .with_use_dual_stack(origin.config.use_dual_stack())
        .with_retry_config(RetryConfig::standard().with_max_attempts(2))
        .with_timeout_config(timeouts());
    let config = match origin.config.http_client() {
        Some(client) => config.with_http_client(client),
        None => config,
    };
    let local = config.clone().with_http_client(origin.local.clone());
    let profiled = ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile)
        .with_custom_provider("Ec2InstanceMetadata", instance(origin))
        .with_custom_provider("EcsContainer", EcsCredentialsProvider::builder().configure(&local).build())
        .build();
    let container = EcsCredentialsProvider::builder().configure(&local).build();
    let mut all: Vec<(String, Box<dyn ProvideCredentials>)> = Vec::new();
    if origin.profile.is_none() {
        all.push((ENVIRONMENT.to_owned(), Box::new(EnvironmentVariableCredentialsProvider::new())));
    }
    all.push((format!("profile \"{profile}\""), Box::new(profiled)));
    if origin.profile.is_none() {
        let web = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
        all.push(("web identity".to_owned(), Box::new(web)));
    }
    all.push(("container".to_owned(), Box::new(container)));
    all.push((METADATA.to_owned(), Box::new(instance(origin))));
    all
}

fn instance(origin: &Origin) -> ImdsCredentialsProvider {
    ImdsCredentialsProvider::builder().imds_client(metadata(&origin.local)).build()
}

/// Why a source has nothing to offer.
fn reason(error: &CredentialsError) -> String {
    match error.source() {
        Some(source) => fault::causes(source),
        None => "there are no credentials in it".to_owned(),
    }
}

/// A source that should have had credentials and failed.
fn failed(source: &str, error: &CredentialsError) -> Fault {
    let said = |what: &str| format!("{source}: {what}");
    for cause in fault::chain(error) {
        if let Some(error) = cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>() {
            return named(source, fault::of(ASSUME_ROLE, "sts", error));
        }
        if let Some(error) = cause.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>() {
            return named(source, fault::of(WEB_IDENTITY, "sts", error));
        }
        if let Some(error) = cause.downcast_ref::<ConnectorError>() {
            let kind = if error.is_timeout() { FaultKind::Timeout } else { FaultKind::Unreachable };
            return Fault::new(kind, CREDENTIALS, said(&fault::causes(error)));
        }
    }
    let causes = fault::causes(error);
    let kind = match error {
        CredentialsError::ProviderTimedOut(_) => FaultKind::Timeout,
        _ => kind_of_words(&causes),
    };
    let action = if kind == FaultKind::Denied { SSO_ROLE } else { CREDENTIALS };
    Fault::new(kind, action, said(&causes))
}

/// Puts the source before what its service said.
fn named(source: &str, fault: Fault) -> Fault {
    let message = format!("{source}: {}", fault.message).into();
    Fault { message, ..fault }
}

/// The kind by the error names within a text; the SSO errors are of types this crate cannot name.
fn kind_of_words(causes: &str) -> FaultKind {
    let mut words = causes.split(|c: char| !c.is_ascii_alphanumeric());
    match words.find_map(fault::kind_of_code) {
        Some(kind) => kind,
        None if causes.contains("expired") => FaultKind::Expired,
        None => FaultKind::NoCredentials,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sso_failures_are_told_apart_by_their_words() {
        let kind = |words: &'static str| failed("profile \"sre\"", &CredentialsError::provider_error(words)).kind;
        assert_eq!(kind("the SSO token has expired and cannot be refreshed"), FaultKind::Expired);
        assert_eq!(kind("UnauthorizedException: Session token not found or invalid"), FaultKind::Expired);
        assert_eq!(kind("failed to load the cached SSO token"), FaultKind::NoCredentials);
        let denied = failed("profile \"sre\"", &CredentialsError::provider_error("ForbiddenException: No access"));
        assert_eq!((denied.kind, denied.action), (FaultKind::Denied, "sso:GetRoleCredentials"));
        assert_eq!(denied.message, "profile \"sre\": ForbiddenException: No access");
    }
}
