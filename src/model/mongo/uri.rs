//! The address of a replica set: `mongodb://HOST,…/DATABASE?OPTION=…` or `mongodb+srv://NAME/…`.
//!
//! A user name and a password have no place in it. What is told of an address is therefore never more than its hosts: once
//! there is an `@`, nobody can say where a password ends that was not encoded.

use std::collections::BTreeSet;

use crate::document::{quoted, suggestion};
use crate::error::Error;

/// The port of a member that names none.
const PORT: u16 = 27017;

/// The options that are heeded.
const HEEDED: [&str; 6] = ["replicaSet", "authSource", "authMechanism", "tls", "ssl", "srvServiceName"];

/// The options that every other client of the set may want, and that make no difference to one that asks each member by itself
/// with limits of its own (connection string reference of the driver).
const WITHOUT_EFFECT: [&str; 27] = [
    "appName",
    "compressors",
    "connectTimeoutMS",
    "directConnection",
    "heartbeatFrequencyMS",
    "journal",
    "localThresholdMS",
    "maxConnecting",
    "maxIdleTimeMS",
    "maxPoolSize",
    "maxStalenessSeconds",
    "minPoolSize",
    "readConcernLevel",
    "readPreference",
    "readPreferenceTags",
    "retryReads",
    "retryWrites",
    "serverMonitoringMode",
    "serverSelectionTimeoutMS",
    "socketTimeoutMS",
    "srvMaxHosts",
    "timeoutMS",
    "uuidRepresentation",
    "w",
    "waitQueueTimeoutMS",
    "wtimeoutMS",
    "zlibCompressionLevel",
];

/// The options that are refused, and what to do instead.
const REFUSED: [(&str, &str); 8] = [
    ("loadBalanced", "behind a load balancer no member can be asked by itself; name the members"),
    ("tlsCAFile", "write tls_ca_file = \"ehr-ca.pem\" beside the address"),
    ("tlsCertificateKeyFile", "write tls_certificate_key_file = \"monitor.pem\" beside the address"),
    ("tlsCertificateKeyFilePassword", "use a key without a password that only its owner may read"),
    ("tlsInsecure", "certificates are always checked; name who vouches for them with tls_ca_file"),
    ("tlsAllowInvalidCertificates", "certificates are always checked; name who vouches for them with tls_ca_file"),
    ("tlsAllowInvalidHostnames", "the names in certificates are always checked; use the names they are for"),
    ("authMechanismProperties", "credentials never stand in an address"),
];

/// An address taken apart. It holds no user and no password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Whether the one host is a name whose SRV record lists the members.
    pub is_srv: bool,
    /// The hosts as `host:port`; the bare name for SRV.
    pub hosts: Vec<String>,
    /// What stands after the hosts: the database that knows the user.
    pub database: Option<String>,
    options: Vec<(String, String)>,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(written: &str) -> Result<Self, Error> {
        if written.contains('@') {
            return Err(Error::usage("the address holds a user name or password").hint(
                "write username = \"…\" beside it, and password = { env = \"…\" } for where the password is found",
            ));
        }
        let (place, options) = written.split_once('?').unwrap_or((written, ""));
        let (is_srv, rest) = match (place.strip_prefix("mongodb://"), place.strip_prefix("mongodb+srv://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(wrong(place, "an address of a replica set")),
        };
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts = if is_srv { vec![srv_name(hosts)?] } else { members(hosts)? };
        let mut address = Self { is_srv, hosts, database: None, options: Vec::new() };
        address.database = (!database.is_empty()).then(|| database.to_owned());
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            address.take(name, value)?;
        }
        if address.option("tls").is_some_and(|tls| tls != address.option("ssl").unwrap_or(tls)) {
            return Err(Error::usage("the options tls and ssl of the address contradict each other"));
        }
        Ok(address)
    }

    /// The value of an option that is heeded.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the connection is encrypted, where the address says so; an SRV name says yes.
    #[must_use]
    pub fn tls(&self) -> Option<bool> {
        let said = self.option("tls").or_else(|| self.option("ssl")).map(|value| value == "true");
        said.or_else(|| self.is_srv.then_some(true))
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Error> {
        // MongoDB reads the names of options whatever their case.
        let same = |known: &&str| known.eq_ignore_ascii_case(name);
        if let Some((known, hint)) = REFUSED.iter().find(|(known, _)| same(known)) {
            return Err(Error::usage(format!("the option {known} has no place in the address")).hint(*hint));
        }
        if WITHOUT_EFFECT.iter().any(same) {
            return Ok(());
        }
        let Some(known) = HEEDED.iter().find(|known| same(known)) else {
            let all: Vec<&str> = HEEDED.iter().chain(&WITHOUT_EFFECT).copied().collect();
            let error = Error::usage(format!("unknown option {} of the address", quoted(name)));
            return Err(Error { hint: suggestion(name, &all).or_else(|| suggestion(name, &HEEDED)), ..error });
        };
        if value.is_empty() {
            return Err(Error::usage(format!("the option {known} of the address is empty")));
        }
        if matches!(*known, "tls" | "ssl") && !matches!(value, "true" | "false") {
            return Err(Error::usage(format!("the option {known} of the address must be true or false")));
        }
        if self.option(known).is_some() {
            return Err(Error::usage(format!("the option {known} stands twice in the address")));
        }
        self.options.push(((*known).to_owned(), value.to_owned()));
        Ok(())
    }
}

/// A host as `host:port`, with the port that MongoDB has by default.
///
/// # Errors
/// It is none.
pub fn host(written: &str) -> Result<String, Error> {
    let (name, port) = match written.rfind(']') {
        Some(end) => written.split_at(end + 1),
        None => written.split_at(written.find(':').unwrap_or(written.len())),
    };
    let number = if port.is_empty() { Some(PORT) } else { port[1..].parse().ok().filter(|port| *port > 0) };
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let is_address = name
        .strip_prefix('[')
        .and_then(|n| n.strip_suffix(']'))
        .is_some_and(|n| n.parse::<std::net::Ipv6Addr>().is_ok());
    match number {
        Some(number) if (is_name(name) || is_address) && !port.starts_with(|c| c != ':') => {
            Ok(format!("{name}:{number}"))
        }
        _ => Err(Error::usage(format!("{} is not a host", quoted(written))).hint("write it like m0.example.com:27017")),
    }
}

fn members(written: &str) -> Result<Vec<String>, Error> {
    if written.contains("%2F") || written.contains("%2f") {
        return Err(Error::usage("a socket is no member that a set can name").hint("write it like 127.0.0.1:27017"));
    }
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    for part in written.split(',') {
        let host = host(part)?;
        if !seen.insert(host.clone()) {
            return Err(Error::usage(format!("{} stands twice in the address", quoted(&host))));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn srv_name(written: &str) -> Result<String, Error> {
    let formed = host(written)?;
    if formed.strip_suffix(&format!(":{PORT}")) == Some(written) && !written.starts_with('[') {
        return Ok(written.to_owned());
    }
    let error = Error::usage(format!("{} is not a name to look up", quoted(written)));
    Err(error.hint("mongodb+srv:// takes one name, without a port; its SRV record lists the members"))
}

fn wrong(written: &str, what: &str) -> Error {
    Error::usage(format!("{} is not {what}", quoted(written)))
        .hint("write it like mongodb://m0:27017,m1:27017,m2:27017/?replicaSet=ehr")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address::parse("mongodb://m0,m1:27018,[::1]:9/app?replicaSet=ehr&TLS=true&w=majority").unwrap();
        assert_eq!(address.hosts, ["m0:27017", "m1:27018", "[::1]:9"]);
        assert_eq!((address.is_srv, address.database.as_deref(), address.tls()), (false, Some("app"), Some(true)));
        assert_eq!((address.option("replicaSet"), address.option("w")), (Some("ehr"), None));
        let address = Address::parse("mongodb+srv://ehr.example.com").unwrap();
        assert_eq!(
            (address.is_srv, address.hosts.as_slice(), address.tls()),
            (true, &["ehr.example.com".to_owned()][..], Some(true))
        );
        assert_eq!(Address::parse("mongodb+srv://ehr.example.com/?tls=false").unwrap().tls(), Some(false));
        assert_eq!(Address::parse("mongodb://m0").unwrap().tls(), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_would_be_right() {
        for (written, what, hint) in [
            ("mongo://m0", "\"mongo://m0\" is not an address of a replica set", "write it like mongodb://"),
            ("m0:27017", "\"m0:27017\" is not an address of a replica set", "write it like mongodb://"),
            ("mongodb://", "\"\" is not a host", "write it like m0.example.com:27017"),
            ("mongodb://m0:", "\"m0:\" is not a host", ""),
            ("mongodb://m0:0", "\"m0:0\" is not a host", ""),
            ("mongodb://m0:70000", "\"m0:70000\" is not a host", ""),
            ("mongodb://m0,m0:27017", "\"m0:27017\" stands twice", ""),
            ("mongodb://::1", "\"::1\" is not a host", ""),
            ("mongodb://[::1]27017", "\"[::1]27017\" is not a host", ""),
            ("mongodb://%2Ftmp%2Fmongodb-27017.sock", "a socket is no member", ""),
            ("mongodb+srv://a,b", "\"a,b\" is not a host", ""),
            ("mongodb+srv://a:27017", "\"a:27017\" is not a name to look up", "mongodb+srv:// takes one name"),
            ("mongodb://m0/?replicaset=a&replicaSet=b", "the option replicaSet stands twice", ""),
            (
                "mongodb://m0/?replicSet=a",
                "unknown option \"replicSet\" of the address",
                "did you mean \"replicaSet\"?",
            ),
            ("mongodb://m0/?zzz=a", "unknown option \"zzz\"", "valid: replicaSet, authSource"),
            ("mongodb://m0/?tls=yes", "the option tls of the address must be true or false", ""),
            ("mongodb://m0/?tls=true&ssl=false", "the options tls and ssl of the address contradict", ""),
            (
                "mongodb://m0/?tlsInsecure=true",
                "the option tlsInsecure has no place",
                "certificates are always checked",
            ),
            ("mongodb://m0/?loadBalanced=true", "the option loadBalanced has no place", "behind a load balancer"),
            ("mongodb://m0/?replicaSet=", "the option replicaSet of the address is empty", ""),
        ] {
            let error = Address::parse(written).unwrap_err();
            assert!(error.what.starts_with(what), "{written}: {error}");
            assert!(error.hint.unwrap_or_default().starts_with(hint), "{written}");
        }
    }

    #[test]
    fn no_message_holds_a_password() {
        for written in [
            "mongodb://ana:hunter2@m0:27017/?replicaSet=ehr",
            "mongo://ana:hunter2@m0",
            "mongodb://ana:hun/hunter2?hunter2#hunter2@m0",
            "mongodb://ana@hunter2",
            "mongodb://m0/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
            "mongodb://m0/?tlsCertificateKeyFilePassword=hunter2",
            "mongodb://m0/?tls=hunter2&unknown=hunter2",
        ] {
            let told = Address::parse(written).unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
