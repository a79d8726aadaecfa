//! Names and ids as AWS forms them.

use fastrand::Rng;

use crate::time::Timestamp;

/// The account and region a world lives in, and who looks at it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Home {
    pub account: String,
    pub region: String,
    pub caller: String,
    /// When the caller's credentials end.
    pub expires_at: Option<Timestamp>,
}

impl Home {
    /// The ARN of an ECS resource: `cluster/ehr`.
    pub(super) fn ecs(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }

    pub(super) fn group(&self, name: &str, rng: &mut Rng) -> String {
        let id = uuid(rng.u128(..));
        format!(
            "arn:aws:autoscaling:{}:{}:autoScalingGroup:{id}:autoScalingGroupName/{name}",
            self.region, self.account
        )
    }

    pub(super) fn alarm(&self, name: &str) -> String {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", self.region, self.account)
    }

    /// The ARN of a secret. Its last six characters are made of its name, so that whoever names it means the same one.
    pub(super) fn secret(&self, name: &str) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut suffix = String::new();
        for _ in 0..6 {
            let at = usize::try_from(hash % 62).unwrap_or(0);
            suffix.push(char::from(letters[at]));
            hash = (hash / 62) ^ (hash >> 40);
        }
        format!("arn:aws:secretsmanager:{}:{}:secret:{name}-{suffix}", self.region, self.account)
    }

    pub(super) fn target_group(&self, name: &str, rng: &mut Rng) -> String {
        let (region, account) = (&self.region, &self.account);
        format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{:016x}", rng.u64(..))
    }
}

/// The id of a task or a container instance.
pub(super) fn ecs_id(rng: &mut Rng) -> String {
    format!("{:032x}", rng.u128(..))
}

pub(super) fn ec2_id(rng: &mut Rng) -> String {
    format!("i-0{:016x}", rng.u64(..))
}

pub(super) fn deployment_id(rng: &mut Rng) -> String {
    format!("ecs-svc/{}", rng.u64(1_000_000_000_000_000_000..9_000_000_000_000_000_000))
}

/// A time as Auto Scaling writes it in its sentences: `2026-04-08T14:01:40Z`.
pub(super) fn second(at: Timestamp) -> String {
    format!("{}Z", at.rfc3339().get(..19).unwrap_or_default())
}

/// What an image is resolved to: the same name gives the same digest.
pub(super) fn digest(image: &str) -> String {
    // FNV-1a, once for each half.
    let half = |basis: u128| {
        image.bytes().fold(basis, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b))
    };
    let basis = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    format!("sha256:{:032x}{:032x}", half(basis), half(!basis))
}

/// 128 bits in the form of a UUID.
pub(super) fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
