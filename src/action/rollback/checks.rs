//! What is looked at before a deployment is stopped and what ran before it comes back.

use crate::action::plan::{Check, Level};
use crate::backend::ports::Described;
use crate::health::words::count;
use crate::model::Fault;
use crate::model::ecs::{Image, Revision, ServiceDeployment};
use crate::text::Text;

use Level::{Block, Pass, Warn};

/// What is known of the revisions of a deployment.
pub(super) struct Revisions {
    /// Those that were found.
    pub known: Vec<Revision>,
    /// Those that ECS says it does not have.
    pub missing: Vec<Text>,
    /// What could not be read, in words.
    pub gap: Option<String>,
}

impl Revisions {
    /// From an answer of ECS.
    pub fn of(answer: Result<Described<Revision>, Fault>) -> Self {
        match answer {
            Ok(Described { items, failures }) => {
                let is_gone = |why: &Text| why == "MISSING";
                let other = failures.iter().find(|(_, why)| !is_gone(why));
                let gap = other.map(|(arn, why)| format!("ecs:DescribeServiceRevisions: {arn}: {why}"));
                let missing = failures.into_iter().filter(|(_, why)| is_gone(why)).map(|(arn, _)| arn).collect();
                Self { known: items, missing, gap }
            }
            Err(fault) => {
                let gap = fault.hint().map_or_else(|| fault.to_string(), |hint| format!("{fault}; {hint}"));
                Self { known: Vec::new(), missing: Vec::new(), gap: Some(gap) }
            }
        }
    }

    /// The revision of this ARN.
    pub fn get(&self, arn: &str) -> Option<&Revision> {
        self.known.iter().find(|revision| revision.arn == arn)
    }
}

pub(super) fn status(deployment: &ServiceDeployment) -> Check {
    let id = "status";
    match deployment.status.as_deref() {
        Some(status) if deployment.is_under_way() => Check::new(id, Pass, format!("the deployment is {status}")),
        Some(status) => {
            let what = format!("the newest deployment is {status}: only one under way is rolled back");
            Check::new(id, Block, what)
        }
        None => Check::new(id, Block, "whether the deployment is under way is not known"),
    }
}

/// What it goes back to has to be there.
pub(super) fn previous(deployment: &ServiceDeployment, revisions: &Revisions) -> Check {
    let id = "previous";
    let sources: Vec<&Text> = deployment.sources.iter().map(|source| &source.arn).collect();
    match sources.as_slice() {
        [] => Check::new(id, Block, "no revision ran before it: there is nothing to go back to"),
        sources if sources.iter().all(|arn| revisions.missing.contains(arn)) => {
            Check::new(id, Block, "ECS does not keep the revision before it (it keeps those since 2024-10-25)")
        }
        [one] if revisions.get(one).is_some() => Check::new(id, Pass, format!("it goes back to {one}")),
        [one] => Check::new(id, Warn, format!("it goes back to {one}, of which nothing more is known")),
        several => {
            let what = count(several.len(), "revision");
            Check::new(id, Warn, format!("{what} ran before it: which of them it goes back to is for ECS to say"))
        }
    }
}

/// Whether the images that come back are known to the digest.
pub(super) fn images(deployment: &ServiceDeployment, revisions: &Revisions) -> Check {
    let id = "image";
    let sources = deployment.sources.iter().map(|source| revisions.get(&source.arn));
    let images: Option<Vec<&Image>> = sources
        .map(|revision| Some(&revision?.images))
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().flatten().collect());
    match images {
        Some(images) if !images.is_empty() && images.iter().all(|image| image.digest.is_some()) => {
            Check::new(id, Pass, "each image that comes back is known by its digest")
        }
        _ => Check::new(id, Warn, "which images come back is not known to the digest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;
    use crate::model::ecs::RevisionTasks;

    fn deployment(status: Option<&str>, sources: &[&str]) -> ServiceDeployment {
        let source = |arn: &&str| RevisionTasks { arn: Text::from(*arn), ..RevisionTasks::default() };
        ServiceDeployment {
            status: status.map(Text::from),
            sources: sources.iter().map(source).collect(),
            ..ServiceDeployment::default()
        }
    }

    fn revision(arn: &str, digests: &[Option<&str>]) -> Revision {
        let image = |digest: Option<&str>| Image { digest: digest.map(Text::from), ..Image::default() };
        Revision { arn: Text::from(arn), images: digests.iter().copied().map(image).collect(), ..Revision::default() }
    }

    fn found(items: Vec<Revision>, failures: &[(&str, &str)]) -> Revisions {
        let failures = failures.iter().map(|(arn, why)| (Text::from(*arn), Text::from(*why))).collect();
        Revisions::of(Ok(Described { items, failures }))
    }

    #[test]
    fn only_what_is_under_way_is_stopped() {
        for (word, level) in [
            (Some("PENDING"), Pass),
            (Some("IN_PROGRESS"), Pass),
            (Some("SUCCESSFUL"), Block),
            (Some("STOP_REQUESTED"), Block),
            (Some("ROLLBACK_IN_PROGRESS"), Block),
            (None, Block),
        ] {
            assert_eq!(status(&deployment(word, &[])).level, level, "{word:?}");
        }
    }

    #[test]
    fn what_it_goes_back_to_has_to_be_there() {
        let known = || vec![revision("r1", &[Some("sha256:1")])];
        let denied = || Revisions::of(Err(Fault::new(FaultKind::Denied, "ecs:DescribeServiceRevisions", "no")));
        for (sources, revisions, level) in [
            (&["r1"][..], found(known(), &[]), Pass),
            (&[], found(known(), &[]), Block),
            (&["r1"], found(vec![], &[("r1", "MISSING")]), Block),
            (&["r1"], found(vec![], &[("r1", "OTHER")]), Warn),
            (&["r1"], denied(), Warn),
            (&["r1", "r2"], found(known(), &[("r2", "MISSING")]), Warn),
            (&["r1", "r2"], found(vec![], &[("r1", "MISSING"), ("r2", "MISSING")]), Block),
        ] {
            let check = previous(&deployment(None, sources), &revisions);
            assert_eq!(check.level, level, "{sources:?} {}", check.text);
        }
        assert!(denied().gap.is_some_and(|gap| gap.contains("allow ecs:DescribeServiceRevisions")));
        assert!(found(vec![], &[("r1", "MISSING")]).gap.is_none());
    }

    #[test]
    fn an_image_without_a_digest_is_not_known() {
        let of = |digests: &[Option<&str>]| {
            images(&deployment(None, &["r1"]), &found(vec![revision("r1", digests)], &[])).level
        };
        assert_eq!(of(&[Some("sha256:1"), Some("sha256:2")]), Pass);
        assert_eq!((of(&[Some("sha256:1"), None]), of(&[])), (Warn, Warn));
        assert_eq!(images(&deployment(None, &["r1"]), &found(vec![], &[])).level, Warn);
    }
}
