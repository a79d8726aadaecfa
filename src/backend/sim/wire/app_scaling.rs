//! Application Auto Scaling on the wire: targets, policies and activities of ECS.

use serde_json::{Value, json};

use super::app_scaling_shapes as shapes;
use super::buckets::Class;
use super::changes;
use super::object::Object;
use super::paging::{Bounds, every, newest_first};
use super::refusal::{Common, Failure};
use super::service::{Call, Handler, Operation, Protocol, Service};
use crate::backend::change::Change;
use crate::backend::ports::limits;
use crate::model::scaling::Target;
use crate::text::Text;

/// The service.
pub const SERVICE: Service = Service {
    name: "application-autoscaling",
    iam: "application-autoscaling",
    protocol: Protocol::Json { target: "AnyScaleFrontendService" },
    operations: &[
        read("DescribeScalableTargets", |c| Box::pin(async { targets(c).await.map_err(own) })),
        read("DescribeScalingPolicies", |c| Box::pin(async { policies(c).await.map_err(own) })),
        read("DescribeScalingActivities", |c| Box::pin(async { activities(c).await.map_err(own) })),
        Operation {
            name: "RegisterScalableTarget",
            class: Class::ScalingModify,
            handler: |c| Box::pin(async { register(c).await.map_err(own) }),
        },
    ],
};

const fn read(name: &'static str, handler: Handler) -> Operation {
    Operation { name, class: Class::ScalingRead, handler }
}

/// Every `ServiceNamespace` (API model). Only the first has anything here.
const NAMESPACES: &[&str] = &[
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
];

/// Pages of targets and activities (API reference).
const PAGE: Bounds =
    Bounds { token: "NextToken", size: "MaxResults", least: 1, default: 50, most: limits::SCALING_PAGE };
/// Policies come in smaller ones.
const POLICIES_PAGE: Bounds = Bounds { default: 10, most: limits::SCALING_POLICIES_PAGE, ..PAGE };

/// The names this service has for what is wrong with a parameter or a token.
fn own(failure: Failure) -> Failure {
    match failure {
        Failure::Common(Common::Invalid, message) => Failure::Own("ValidationException", message),
        Failure::Common(Common::Token, message) => Failure::Own("InvalidNextTokenException", message),
        other => other,
    }
}

/// What of the account is asked for.
struct Wanted<'a> {
    /// Whether of ECS.
    is_ecs: bool,
    resources: Option<Vec<&'a str>>,
    dimension: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(call: &'a Call<'_>, others: &[&str]) -> Result<Self, Failure> {
        let own = ["ServiceNamespace", "ScalableDimension", "MaxResults", "NextToken"];
        call.params.refuse_all_but(&[&own, others].concat())?;
        let namespace = call.params.choice("ServiceNamespace", NAMESPACES)?;
        let Some(namespace) = namespace else { return Err(Failure::invalid("serviceNamespace must not be null")) };
        let resources = match call.params.text("ResourceId")? {
            Some(one) => Some(vec![one]),
            None => call.params.texts("ResourceIds")?,
        };
        let dimension = call.params.text("ScalableDimension")?;
        if dimension.is_some() && resources.is_none() {
            return Err(Failure::invalid("A scalable dimension needs a resource id"));
        }
        Ok(Self { is_ecs: namespace == NAMESPACES[0], resources, dimension })
    }

    fn is(&self, resource: &str, dimension: &str) -> bool {
        let among = self.resources.as_ref().is_none_or(|resources| resources.contains(&resource));
        self.is_ecs && among && self.dimension.is_none_or(|wanted| wanted == dimension)
    }
}

/// The page that is asked for, as the list `name`.
fn page<T>(
    call: &Call<'_>,
    name: &str,
    keyed: Vec<(String, T)>,
    bounds: &Bounds,
    mut shape: impl FnMut(&T) -> Value,
) -> Result<Value, Failure> {
    let (page, next) = call.pages.cut(keyed, |(key, _)| key, bounds)?;
    let answer = Object::default().list(name, &page, |(_, item)| shape(item));
    Ok(answer.maybe("NextToken", next.as_deref()).done())
}

async fn targets(call: &Call<'_>) -> Result<Value, Failure> {
    let wanted = Wanted::of(call, &["ResourceIds"])?;
    let port = &call.backend.app_scaling;
    let all = every(|token| Box::pin(async move { port.targets(token.as_deref()).await })).await?;
    let found = all.into_iter().filter(|target| wanted.is(&target.resource, &target.dimension));
    let keyed = found.map(|target| (format!("{}|{}", target.resource, target.dimension), target)).collect();
    let place = shapes::Place::of(call).await?;
    page(call, "ScalableTargets", keyed, &PAGE, |target| shapes::target(target, &place))
}

/// Of all that registering can do, suspending and resuming a target there is.
async fn register(call: &Call<'_>) -> Result<Value, Failure> {
    call.params.refuse_all_but(&["ServiceNamespace", "ResourceId", "ScalableDimension", "SuspendedState"])?;
    let named = |name: &str| call.params.text(name).map(|given| given.filter(|given| !given.is_empty()));
    if call.params.choice("ServiceNamespace", NAMESPACES)? != Some(NAMESPACES[0]) {
        return Err(Failure::invalid("only the service namespace ecs is supported by this endpoint"));
    }
    let (Some(resource), Some(dimension)) = (named("ResourceId")?, named("ScalableDimension")?) else {
        return Err(Failure::invalid("a resource id and a scalable dimension are needed"));
    };
    let flags = ["DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"];
    let Some(state) = call.params.structure("SuspendedState")? else {
        return Err(Failure::invalid("only SuspendedState is supported by this endpoint"));
    };
    state.refuse_all_but(&flags)?;
    let [one, two, three] = flags.map(|flag| state.flag(flag));
    let suspended = match (one?, two?, three?) {
        (Some(one), Some(two), Some(three)) if one == two && two == three => one,
        _ => return Err(Failure::invalid("only all three sorts of scaling, alike, are supported by this endpoint")),
    };
    let port = &call.backend.app_scaling;
    let all = every(|token| Box::pin(async move { port.targets(token.as_deref()).await })).await?;
    let is_it = |target: &Target| target.resource == resource && target.dimension == dimension;
    if !all.iter().any(is_it) {
        return Err(Failure::invalid("Min capacity and max capacity are required to register a new scalable target."));
    }
    changes::send(call, &Change::SuspendScaling { resource: Text::from(resource), suspended }).await?;
    let place = shapes::Place::of(call).await?;
    Ok(json!({ "ScalableTargetARN": place.target(resource) }))
}

async fn policies(call: &Call<'_>) -> Result<Value, Failure> {
    let wanted = Wanted::of(call, &["ResourceId", "PolicyNames"])?;
    let names = call.params.texts("PolicyNames")?;
    let port = &call.backend.app_scaling;
    let all = every(|token| Box::pin(async move { port.policies(token.as_deref()).await })).await?;
    let found = all.into_iter().filter(|policy| {
        let is_named = names.as_ref().is_none_or(|names| names.contains(&policy.name.as_str()));
        is_named && wanted.is(&policy.resource, &policy.dimension)
    });
    let keyed = found.map(|policy| (format!("{}|{}|{}", policy.resource, policy.name, policy.arn), policy)).collect();
    let place = shapes::Place::of(call).await?;
    page(call, "ScalingPolicies", keyed, &POLICIES_PAGE, |policy| shapes::policy(policy, &place))
}

async fn activities(call: &Call<'_>) -> Result<Value, Failure> {
    let wanted = Wanted::of(call, &["ResourceId", "IncludeNotScaledActivities"])?;
    let with_idle = call.params.flag("IncludeNotScaledActivities")?.unwrap_or(false);
    let port = &call.backend.app_scaling;
    let all = every(|token| Box::pin(async move { port.activities(token.as_deref()).await })).await?;
    let found = all.into_iter().filter(|activity| {
        wanted.is(&activity.resource, &activity.dimension) && (with_idle || activity.not_scaled.is_empty())
    });
    let keyed = found.map(|activity| (newest_first(activity.started_at, &activity.id), activity)).collect();
    page(call, "ScalingActivities", keyed, &PAGE, shapes::activity)
}
