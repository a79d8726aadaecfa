//! How ECS addresses things: by name or by ARN, and always in a cluster.

use super::refusal::{Common, Failure};
use super::service::Call;
use crate::backend::ports::Listing;
use crate::model::FaultKind;

/// The cluster that is meant where none is named.
const DEFAULT_CLUSTER: &str = "default";

/// A cluster there is.
pub struct ClusterRef {
    /// Its ARN.
    pub arn: String,
}

impl ClusterRef {
    /// The ARN of a thing of this cluster, such as a `task`, given by id, name or ARN.
    ///
    /// # Errors
    /// If it is the ARN of another cluster's thing.
    pub fn member(&self, kind: &str, wanted: &str) -> Result<String, Failure> {
        let name = tail(&self.arn);
        if !is_arn(wanted) {
            let prefix = self.arn.split(":cluster/").next().unwrap_or_default();
            return Ok(format!("{prefix}:{kind}/{name}/{wanted}"));
        }
        match wanted.split('/').collect::<Vec<_>>().as_slice() {
            [_, cluster, _] if *cluster != name => {
                let message =
                    format!("Invalid identifier: Identifier is for cluster {cluster}. Your cluster is {name}");
                Err(Failure::invalid(message))
            }
            _ => Ok(wanted.to_owned()),
        }
    }
}

/// Whether it is an ARN rather than a name.
pub fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

/// The part after the last slash.
pub fn tail(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Everything listed, all pages of it.
pub async fn list(call: &Call<'_>, what: &Listing) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = call.backend.ecs.list(what, token.as_deref()).await?;
        all.extend(page.items);
        if page.next.is_some() && page.next == token {
            return Err(Failure::Common(Common::Internal, "the backend repeats its page token".to_owned()));
        }
        token = page.next;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// The cluster the call names, or the default one.
///
/// # Errors
/// If there is none of that name.
pub async fn cluster(call: &Call<'_>) -> Result<ClusterRef, Failure> {
    let wanted = call.params.text("cluster")?.unwrap_or(DEFAULT_CLUSTER);
    let arns = match list(call, &Listing::Clusters).await {
        Ok(arns) => arns,
        // Whoever may not list clusters may still read in one whose ARN is known.
        Err(Failure::Backend(fault)) if fault.kind == FaultKind::Denied && is_arn(wanted) => vec![wanted.to_owned()],
        Err(failure) => return Err(failure),
    };
    let meant = |arn: &String| *arn == wanted || !is_arn(wanted) && tail(arn) == wanted;
    let found = arns.into_iter().find(meant).map(|arn| ClusterRef { arn });
    found.ok_or_else(|| Failure::Own("ClusterNotFoundException", "Cluster not found.".to_owned()))
}

/// ARNs of the clusters in `wanted` (the default one if it is empty), whether or not they exist.
pub async fn clusters(call: &Call<'_>, wanted: &[&str]) -> Result<Vec<String>, Failure> {
    let wanted = if wanted.is_empty() { &[DEFAULT_CLUSTER] } else { wanted };
    if wanted.iter().all(|name| is_arn(name)) {
        return Ok(wanted.iter().map(|&arn| arn.to_owned()).collect());
    }
    let known = list(call, &Listing::Clusters).await?;
    let mut arns = Vec::with_capacity(wanted.len());
    for name in wanted {
        let found = known.iter().find(|arn| is_arn(name) && arn == name || tail(arn) == *name);
        arns.push(match found {
            Some(arn) => arn.clone(),
            None if is_arn(name) => (*name).to_owned(),
            None => account_arn(call, "cluster", name).await?,
        });
    }
    Ok(arns)
}

/// The ARN of a thing of the account that is in no cluster.
pub async fn account_arn(call: &Call<'_>, kind: &str, name: &str) -> Result<String, Failure> {
    let identity = call.backend.sts.caller().await?;
    let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
    Ok(format!("arn:{partition}:ecs:{}:{}:{kind}/{name}", call.region, identity.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_id_and_by_arn_of_the_same_cluster_only() {
        let cluster = ClusterRef { arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/ehr".to_owned() };
        let task = "arn:aws:ecs:eu-west-1:123456789012:task/ehr/0af";
        assert_eq!(cluster.member("task", "0af"), Ok(task.to_owned()));
        assert_eq!(cluster.member("task", task), Ok(task.to_owned()));
        assert!(cluster.member("task", &task.replace("ehr", "rx")).is_err());
    }
}
