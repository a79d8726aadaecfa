//! AWS Secrets Manager on the wire. It has no operation that gives a value.

use serde_json::{Map, Value, json};

use super::buckets::Class;
use super::object::{Object, Wire};
use super::paging::{Bounds, every};
use super::refusal::{Common, Failure};
use super::service::{Call, Operation, Protocol, Service};
use super::{CANARY, changes};
use crate::backend::change::Change;
use crate::backend::ports::limits;
use crate::model::FaultKind;
use crate::model::secret::{Secret, Version};
use crate::text::Text;

/// The service.
pub const SERVICE: Service = Service {
    name: "secretsmanager",
    iam: "secretsmanager",
    protocol: Protocol::Json { target: "secretsmanager" },
    operations: &[
        Operation {
            name: "ListSecrets",
            class: Class::SecretList,
            handler: |c| Box::pin(async { list_secrets(c).await.map_err(own) }),
        },
        Operation {
            name: "DescribeSecret",
            class: Class::SecretRead,
            handler: |c| Box::pin(async { describe_secret(c).await.map_err(own) }),
        },
        Operation {
            name: "ListSecretVersionIds",
            class: Class::SecretVersions,
            handler: |c| Box::pin(async { list_versions(c).await.map_err(own) }),
        },
        Operation { name: "RotateSecret", class: Class::SecretRotate, handler: |c| Box::pin(rotate(c)) },
        Operation { name: "CancelRotateSecret", class: Class::SecretRotate, handler: |c| Box::pin(cancel(c)) },
    ],
};

/// Most of `MaxResults` (API model), and what a page holds unless it is given.
const PAGE: Bounds =
    Bounds { token: "NextToken", size: "MaxResults", least: 1, default: 100, most: limits::SECRETS_PAGE };

/// The name this service has for a token that is wrong.
fn own(failure: Failure) -> Failure {
    match failure {
        Failure::Common(Common::Token, message) => Failure::Own("InvalidNextTokenException", message),
        other => other,
    }
}

async fn list_secrets(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["IncludePlannedDeletion", "MaxResults", "NextToken"])?;
    let doomed = call.params.flag("IncludePlannedDeletion")?.unwrap_or(false);
    let found = all(call).await?.into_iter().filter(|secret| doomed || secret.deleted_at.is_none());
    let keyed = found.map(|secret| (format!("{}|{}", secret.name, secret.arn), secret)).collect();
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, &PAGE)?;
    let answer = Object::default().list("SecretList", &page, |(_, secret)| shape(secret, "SecretVersionsToStages"));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

async fn all(call: &Call<'_>) -> Result<Vec<Secret>, Failure> {
    let port = &call.backend.secrets;
    every(|token| Box::pin(async move { port.secrets(token.as_deref()).await })).await
}

async fn describe_secret(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["SecretId"])?;
    Ok(shape(&asked(call).await?, "VersionIdsToStages"))
}

async fn list_versions(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["SecretId", "MaxResults", "NextToken", "IncludeDeprecated"])?;
    let unlabelled = call.params.flag("IncludeDeprecated")?.unwrap_or(false);
    let secret = asked(call).await?;
    let (port, arn) = (&call.backend.secrets, secret.arn.as_str());
    let versions = every(|token| Box::pin(async move { port.versions(arn, token.as_deref()).await })).await?;
    let versions = versions.into_iter().filter(|version| unlabelled || !version.stages.is_empty()).collect();
    let (page, next) = call.pages.cut(versions, |version: &Version| &version.id, &PAGE)?;
    let answer = Object::default().put("ARN", &secret.arn).put("Name", &secret.name);
    Ok(answer.list("Versions", &page, version).maybe("NextToken", next.as_deref()).done())
}

/// Lengths of a `ClientRequestToken`, from the API model.
const TOKEN: std::ops::RangeInclusive<usize> = 32..=64;

/// Rules and a function, which would change the schedule, are not taken.
async fn rotate(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["SecretId", "ClientRequestToken"])?;
    let token = call.params.text("ClientRequestToken")?.unwrap_or_default();
    if !TOKEN.contains(&token.len()) {
        let message = "ClientRequestToken must be 32-64 characters long.";
        return Err(Failure::Own("InvalidParameterException", message.to_owned()));
    }
    let secret = asked(call).await?;
    let change = Change::RotateSecret { secret: secret.arn.clone(), token: Text::from(token) };
    let version = changes::send(call, &change).await?;
    let answer = Object::default().put("ARN", &secret.arn).put("Name", &secret.name);
    Ok(answer.maybe("VersionId", version.as_ref()).done())
}

async fn cancel(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["SecretId"])?;
    let secret = asked(call).await?;
    changes::send(call, &Change::CancelRotation { secret: secret.arn.clone() }).await?;
    let answer = Object::default().put("ARN", &secret.arn).put("Name", &secret.name);
    Ok(answer.maybe("VersionId", secret.version(Secret::CURRENT)).done())
}

/// The secret that is asked about, by its ARN, by that without the six letters at its end, or by its name.
async fn asked(call: &Call<'_>) -> Result<Secret, Failure> {
    let Some(wanted) = call.params.text("SecretId")?.filter(|id| !id.is_empty()) else {
        return Err(Failure::invalid("You must provide a value for the SecretId parameter."));
    };
    let missing = || {
        let message = "Secrets Manager can't find the specified secret.";
        Failure::Own("ResourceNotFoundException", message.to_owned())
    };
    let is_meant = |secret: &Secret| {
        let short = secret.arn.rsplit_once('-').map(|(short, _)| short);
        secret.name == *wanted || secret.arn == *wanted || short == Some(wanted)
    };
    let arn = match all(call).await?.into_iter().find(is_meant) {
        Some(secret) => secret.arn.to_string(),
        None => return Err(missing()),
    };
    match call.backend.secrets.secret(&arn).await {
        Err(fault) if fault.kind == FaultKind::Rejected => Err(missing()),
        answer => Ok(answer?),
    }
}

/// A secret, its labels under the name that the operation has for them, and a description such as people write.
fn shape(secret: &Secret, labels: &str) -> Value {
    let days = secret.rotates_after_days;
    let rules = Object::default()
        .maybe("AutomaticallyAfterDays", days.as_ref())
        .maybe("ScheduleExpression", secret.schedule.as_ref())
        .maybe("Duration", secret.window.as_ref());
    let rules = Some(rules.done()).filter(|rules| rules.as_object().is_some_and(|rules| !rules.is_empty()));
    let versions: Map<String, Value> =
        secret.versions.iter().map(|(id, labels)| (id.to_string(), labels.wire())).collect();
    Object::default()
        .put("ARN", &secret.arn)
        .put("Name", &secret.name)
        .put("Description", format!("password is {CANARY}").as_str())
        .maybe("KmsKeyId", secret.key.as_ref())
        .maybe("RotationEnabled", secret.rotation_enabled.as_ref())
        .maybe("RotationLambdaARN", secret.lambda.as_ref())
        .maybe("RotationRules", rules.as_ref())
        .maybe("LastRotatedDate", secret.rotated_at.as_ref())
        .maybe("LastChangedDate", secret.changed_at.as_ref())
        .maybe("LastAccessedDate", secret.accessed_at.as_ref())
        .maybe("DeletedDate", secret.deleted_at.as_ref())
        .maybe("NextRotationDate", secret.rotates_at.as_ref())
        .maybe("CreatedDate", secret.created_at.as_ref())
        .list("Tags", &secret.tags, |(key, value)| json!({ "Key": key.as_str(), "Value": value.as_str() }))
        .maybe("OwningService", secret.owner.as_ref())
        .maybe("PrimaryRegion", secret.primary_region.as_ref())
        .put(labels, &Value::Object(versions))
        .done()
}

fn version(version: &Version) -> Value {
    Object::default()
        .put("VersionId", &version.id)
        .put("VersionStages", &version.stages)
        .maybe("CreatedDate", version.created_at.as_ref())
        .done()
}
