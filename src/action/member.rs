//! What actions on a thing of an ECS cluster share: how the target is written, and the reading of its cluster.

use std::sync::Arc;

use super::Bench;
use super::bench::Reading;
use crate::document::{quoted, suggestion};
use crate::error::Error;
use crate::model::Fault;
use crate::model::ecs::{EcsFacts, Instance, Kind, Seen, Service};
use crate::model::identity::Identity;
use crate::text::Text;
use crate::time::Timestamp;

/// A sort of things in a cluster.
pub(super) struct Sort<T: 'static> {
    /// What it is.
    kind: Kind,
    /// How a person writes one.
    shape: &'static str,
    /// What comes before cluster and name in its ARN.
    path: &'static str,
    /// All of them.
    all: fn(&EcsFacts) -> &[Seen<T>],
    /// Its ARN.
    arn: fn(&T) -> &Text,
    /// The names it goes by, the one people know first.
    names: fn(&T) -> Vec<Text>,
}

/// Services.
pub(super) const SERVICE: Sort<Service> = Sort {
    kind: Kind::Service,
    shape: "CLUSTER/SERVICE",
    path: "service/",
    all: |ecs| &ecs.services,
    arn: |service| &service.arn,
    names: |service| vec![service.name.clone()],
};

/// Container instances.
pub(super) const INSTANCE: Sort<Instance> = Sort {
    kind: Kind::Instance,
    shape: "CLUSTER/INSTANCE-ID",
    path: "container-instance/",
    all: |ecs| &ecs.instances,
    arn: |instance| &instance.arn,
    names: |instance| instance.ec2_id.iter().cloned().chain([instance.id()]).collect(),
};

/// A thing that was found, and all that was read of its cluster.
pub(super) struct Member<T> {
    /// The thing.
    pub item: Arc<T>,
    /// Who asks.
    pub identity: Identity,
    /// Its cluster.
    pub reading: Reading,
    /// When that was read.
    pub taken_at: Timestamp,
}

impl<T> Sort<T> {
    /// Reads the cluster of the target that is written so, and finds it there.
    ///
    /// # Errors
    /// It is written in another way, is not where the stack is, is not there, or cannot be read.
    pub async fn find(&self, bench: &Bench, target: &str) -> Result<Member<T>, Error> {
        let Aim { cluster, name, home } = self.parse(target)?;
        let identity = bench.identity().await.map_err(|fault| unread(&fault))?;
        if let Some(home) = home {
            at_home(bench, &identity, target, home)?;
        }
        if !bench.stack.watches(cluster) {
            let what = format!("the stack {} does not watch the cluster {}", bench.stack.name, quoted(cluster));
            let hint = format!("name another stack with --stack, or widen clusters in {}", bench.stack.place());
            return Err(Error::usage(what).hint(meant(bench, cluster).await + &hint));
        }
        let reading = bench.cluster(cluster).await.map_err(|fault| unread(&fault))?;
        let ecs = reading.facts.get::<EcsFacts>().cloned().unwrap_or_default();
        if reading.gaps.is_empty() && ecs.clusters.is_empty() && ecs.services.is_empty() && ecs.missing.is_empty() {
            let hint = meant(bench, cluster).await + "check the name, the region and the account: ";
            let hint = format!("{hint}rounds export {}s", self.kind.word());
            return Err(Error::absent(format!("there is no cluster {}", quoted(cluster))).hint(hint));
        }
        let item = self.among(&ecs, cluster, name, &reading.gaps)?;
        if home.is_some() && (self.arn)(&item) != target {
            let what = format!("{} is not what is there: {}", quoted(target), (self.arn)(&item));
            return Err(Error::usage(what).hint("look at its partition, such as aws or aws-us-gov"));
        }
        let taken_at = reading.facts.taken_at::<EcsFacts>().unwrap_or_else(|| bench.clock.now());
        Ok(Member { item, identity, reading, taken_at })
    }

    fn parse<'a>(&self, target: &'a str) -> Result<Aim<'a>, Error> {
        let wrong = |what: String| {
            let hint = format!("write it as in the table: {}", self.shape);
            Err(Error::usage(format!("{} {what}", quoted(target))).hint(hint))
        };
        let parts: Vec<&str> = target.splitn(6, ':').collect();
        let (home, path) = match parts.as_slice() {
            ["arn", _, "ecs", region, account, path] => (Some((*region, *account)), path.strip_prefix(self.path)),
            _ => (None, Some(target)),
        };
        let path: Vec<&str> = path.unwrap_or_default().split('/').collect();
        match path.as_slice() {
            // What stands for any characters in a configuration is no name.
            [cluster, name] if !cluster.is_empty() && !name.is_empty() && !cluster.contains('*') => {
                Ok(Aim { cluster, name, home })
            }
            [name] if home.is_some() && !name.is_empty() => {
                wrong("is an ARN of the old form, which does not name the cluster".to_owned())
            }
            _ => wrong(format!("is not {} {}", self.article(), self.kind.word())),
        }
    }

    const fn article(&self) -> &'static str {
        match self.kind {
            Kind::Instance => "an",
            _ => "a",
        }
    }

    fn among(&self, ecs: &EcsFacts, cluster: &str, name: &str, gaps: &[String]) -> Result<Arc<T>, Error> {
        if let Some(seen) = (self.all)(ecs).iter().find(|seen| (self.names)(&seen.item).iter().any(|n| n == name)) {
            return Ok(Arc::clone(&seen.item));
        }
        let is_it = |arn: &Text| arn.ends_with(&format!("/{name}"));
        let unread = ecs.missing.iter().find(|missing| missing.kind == self.kind && is_it(&missing.arn));
        if let Some(missing) = unread {
            return Err(Error::unavailable(format!("{cluster}/{name} cannot be read: {}", missing.reason)));
        }
        if let Some(gap) = gaps.first() {
            return Err(Error::unavailable(format!("whether there is {cluster}/{name} is not known: {gap}")));
        }
        let known: Vec<Text> =
            (self.all)(ecs).iter().filter_map(|seen| (self.names)(&seen.item).into_iter().next()).collect();
        let known: Vec<&str> = known.iter().map(Text::as_str).collect();
        let error = Error::absent(format!("there is no {} {} in {cluster}", self.kind.word(), quoted(name)));
        let hint = suggestion(name, &known);
        Err(error.hint(hint.unwrap_or_else(|| format!("see what there is: rounds export {}s", self.kind.word()))))
    }
}

/// Whether what an ARN names by region and account is where the stack is.
pub(super) fn at_home(
    bench: &Bench,
    identity: &Identity,
    target: &str,
    (region, account): (&str, &str),
) -> Result<(), Error> {
    let here = identity.region.as_deref().unwrap_or(region);
    if (region, account) == (here, &*identity.account) {
        return Ok(());
    }
    let stack = &bench.stack.name;
    let what = format!("{} is not where the stack {stack} is: {here}, {}", quoted(target), identity.account);
    Err(Error::usage(what).hint("name the stack, profile or region of that account with its flag"))
}

/// What cannot be read cannot be planned for.
pub(super) fn unread(fault: &Fault) -> Error {
    let error = Error::unavailable(format!("cannot plan, nothing was sent: {fault}"));
    Error { hint: fault.hint(), ..error }
}

/// Which cluster of the stack was probably meant; the hint goes on.
async fn meant(bench: &Bench, typed: &str) -> String {
    let known = bench.cluster_names().await;
    let known: Vec<&str> = known.iter().map(Text::as_str).filter(|name| bench.stack.watches(name)).collect();
    suggestion(typed, &known).map_or_else(String::new, |near| near + "; ")
}

/// What was aimed at.
#[derive(Debug, PartialEq)]
struct Aim<'a> {
    cluster: &'a str,
    name: &'a str,
    /// Region and account, where an ARN names them.
    home: Option<(&'a str, &'a str)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_written_as_in_the_table() {
        let aim = |home| Ok(Aim { cluster: "ehr", name: "web", home });
        assert_eq!(SERVICE.parse("ehr/web"), aim(None));
        assert_eq!(SERVICE.parse("arn:aws:ecs:r:1:service/ehr/web"), aim(Some(("r", "1"))));
        assert_eq!(INSTANCE.parse("arn:aws:ecs:r:1:container-instance/ehr/web"), aim(Some(("r", "1"))));
        let not = "is not a service\n  write it as in the table: CLUSTER/SERVICE";
        for (wrong, why) in [
            ("", not),
            ("web", not),
            ("/web", not),
            ("ehr/", not),
            ("a/b/c", not),
            ("e*/web", not),
            ("arn:aws:ecs:r:1:cluster/ehr", not),
            ("arn:aws:s3:r:1:service/ehr/web", not),
            ("arn:aws:ecs:r:1:service/web", "is an ARN of the old form, which does not name the cluster\n  write it"),
        ] {
            let told = SERVICE.parse(wrong).unwrap_err().to_string();
            assert!(told.contains(&format!("\"{wrong}\" {why}")), "{told}");
        }
        let told = INSTANCE.parse("i-1").unwrap_err().to_string();
        assert!(
            told.ends_with("\"i-1\" is not an instance\n  write it as in the table: CLUSTER/INSTANCE-ID"),
            "{told}"
        );
    }

    #[test]
    fn an_instance_goes_by_the_name_of_ec2_and_by_that_of_ecs() {
        let instance = Instance {
            arn: Text::from("arn:aws:ecs:r:1:container-instance/ehr/abc"),
            ec2_id: Some(Text::from("i-1")),
            ..Instance::default()
        };
        let seen = Seen { at: Timestamp::default(), item: Arc::new(instance) };
        let ecs = EcsFacts { instances: vec![seen], ..EcsFacts::default() };
        for name in ["i-1", "abc"] {
            assert_eq!(INSTANCE.among(&ecs, "ehr", name, &[]).unwrap().id(), "abc");
        }
        let told = INSTANCE.among(&ecs, "ehr", "i-2", &[]).unwrap_err().to_string();
        assert!(told.contains("there is no instance \"i-2\" in ehr") && told.contains("i-1"), "{told}");
        let told = INSTANCE.among(&ecs, "ehr", "i-2", &["denied".to_owned()]).unwrap_err().to_string();
        assert!(told.contains("whether there is ehr/i-2 is not known: denied"), "{told}");
    }
}
