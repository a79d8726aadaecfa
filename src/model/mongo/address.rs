//! How a replica set is reached, as configured. A password is named here, never held.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::file::shown;
use crate::text::{Text, clean};

/// One configured replica set (`[[stack.mongo]]`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MongoSet {
    /// What it is called on screen: `name`, else the set's own name from the address, else its first host.
    pub name: Text,
    /// The address, without user and password: `mongodb://…` or `mongodb+srv://…`.
    pub uri: String,
    /// Who asks; absent: nobody, which gives what `hello` tells.
    pub username: Option<String>,
    /// Where the password is found.
    pub password: Option<Password>,
    /// How it is proved who asks; absent: as the driver and the server agree (SCRAM).
    pub mechanism: Option<Mechanism>,
    /// The database that knows the user; absent: `admin`, or `$external` where the mechanism needs it.
    pub auth_source: Option<String>,
    /// Transport encryption; absent: as the address says.
    pub tls: Option<Tls>,
    /// Zones by host, where the members' tags say none.
    pub zones: BTreeMap<Text, Text>,
}

/// Where a password is found when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// An environment variable of this name.
    Env(String),
    /// The first line of this file, which only its owner may read.
    File(PathBuf),
    /// The first line that this program prints; its words, no shell.
    Command(Vec<String>),
}

/// How it is proved who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// `SCRAM-SHA-256`.
    ScramSha256,
    /// `SCRAM-SHA-1`.
    ScramSha1,
    /// `MONGODB-X509`: by the client's certificate.
    X509,
    /// `MONGODB-AWS`: by the AWS credentials of the stack.
    Aws,
}

impl Mechanism {
    /// All of them, with the names that MongoDB gives them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("SCRAM-SHA-256", Self::ScramSha256),
        ("SCRAM-SHA-1", Self::ScramSha1),
        ("MONGODB-X509", Self::X509),
        ("MONGODB-AWS", Self::Aws),
    ];

    /// The name that MongoDB gives it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, mechanism)| *mechanism == self).map_or("", |(word, _)| word)
    }
}

/// Where it is found; of a command only the program, for its words may tell too much.
impl fmt::Display for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {}", shown(path)),
            Self::Command(words) => write!(f, "command {}", clean(words.first().map_or("", String::as_str))),
        }
    }
}

/// Transport encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The authorities to trust, PEM; absent: the usual ones.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate and key, PEM, which only its owner may read.
    pub certificate_key_file: Option<PathBuf>,
}
