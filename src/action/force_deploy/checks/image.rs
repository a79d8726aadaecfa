//! What the images of a service are, and what their tags were resolved to.

use std::collections::{BTreeMap, BTreeSet};

use super::Details;
use crate::action::plan::{Check, Level};
use crate::model::ecs::{EcsIndex, Image, Service};
use crate::text::Text;

use Level::{Pass, Warn};

/// Most images a sentence names.
const NAMED: usize = 3;

/// A container and its image by tag.
type Tagged = (Text, Text);

/// ECS resolves a tag once for a revision of a service, and each new deployment is a new revision.
pub(super) fn image(service: &Service, index: &EcsIndex, details: &Details) -> Check {
    let id = "image";
    let images = images(service, index, details);
    if images.iter().all(|image| image.name.is_none()) {
        return Check::new(id, Warn, "no task shows its image: a tag may mean another image by now");
    }
    let mut tagged: BTreeMap<Tagged, BTreeSet<Text>> = BTreeMap::new();
    for Image { container, name, digest } in images {
        if let Some(name) = name.filter(|name| !name.contains("@sha256:")) {
            tagged.entry((container, name)).or_default().extend(digest);
        }
    }
    if tagged.is_empty() {
        return Check::new(id, Pass, "its images are named by digest");
    }
    let more = tagged.len().saturating_sub(NAMED);
    let mut told: Vec<String> = tagged.iter().take(NAMED).map(|(of, digests)| told(of, digests)).collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    let them = if tagged.len() == 1 { "it" } else { "them" };
    Check::new(id, Warn, format!("{}; forcing resolves {them} anew", told.join(", ")))
}

/// The images of the revisions made of the primary deployment's task definition. Where ECS keeps no revision, those of the
/// running tasks, which may know their digests too.
fn images(service: &Service, index: &EcsIndex, details: &Details) -> Vec<Image> {
    let current = service.primary().and_then(|primary| primary.task_definition.as_ref());
    let is_current = |definition: Option<&Text>| current.is_none_or(|current| definition == Some(current));
    let revisions = details.revisions.iter().filter(|revision| is_current(revision.task_definition.as_ref()));
    let resolved: Vec<Image> = revisions.flat_map(|revision| revision.images.iter().cloned()).collect();
    if !resolved.is_empty() {
        return resolved;
    }
    let containers = index.tasks(service).iter().flat_map(|task| &task.containers);
    let image = |container: &crate::model::ecs::Container| Image {
        container: container.name.clone(),
        name: container.image.clone(),
        digest: container.digest.clone(),
    };
    containers.map(image).collect()
}

/// `api: tag 2.4 is sha256:… as it runs now`.
fn told((container, image): &Tagged, digests: &BTreeSet<Text>) -> String {
    // The registry before the last slash may have a port.
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("latest", |(_, tag)| tag);
    let digests: Vec<&str> = digests.iter().map(Text::as_str).collect();
    match digests.as_slice() {
        [] => format!("{container}: what tag {tag} is now is not known ({image})"),
        digests => format!("{container}: tag {tag} is {} as it runs now", digests.join(" and ")),
    }
}
