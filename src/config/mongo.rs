//! The replica sets of a stack: `[stack.mongo]`, or several `[[stack.mongo]]`.
//!
//! A password is nowhere in the file. Whoever writes one there all the same is told so without the password being repeated:
//! messages end up in scrollback and in tickets. So nothing is echoed of `password`, and of an address only its hosts.

mod quiet;

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeValue;

use quiet::{may_be_secret, silenced, told, unknown, wrong_type};

use super::file::{place, placed};
use super::form;
use super::origin::Origin;
use crate::document::{Document, Key, Value, ordered, quoted};
use crate::error::Error;
use crate::model::mongo::uri::{Address, host};
use crate::model::mongo::{Mechanism, MongoSet, Password, Tls};
use crate::text::{Text, clean};

/// What a replica set may say.
const KEYS: [&str; 10] = [
    "name",
    "uri",
    "username",
    "password",
    "mechanism",
    "auth_source",
    "tls",
    "tls_ca_file",
    "tls_certificate_key_file",
    "zones",
];

/// How a password is named.
const NAMED: &str = "write password = { env = \"EHR_MONGO_PASSWORD\" }, { file = \"ehr.password\" } or { command = [\"pass\", \"ehr/mongo\"] }";

const EXAMPLE: &str = "mongodb://m0:27017,m1:27017,m2:27017/?replicaSet=ehr";

/// Where the values of one set stand.
pub type Places = BTreeMap<&'static str, Origin>;

/// Reads the sets of a stack, and notes names that come twice. `base` is the directory that files are relative to.
pub(super) fn sets(document: &mut Document<'_>, value: &Value<'_>, base: Option<&Path>) -> Vec<(MongoSet, Places)> {
    let items: Vec<&Value<'_>> = match value.get_ref() {
        DeValue::Table(_) => vec![value],
        DeValue::Array(items) => items.iter().collect(),
        _ => {
            let right = "a table headed by [stack.mongo], or several headed by [[stack.mongo]]";
            wrong_type(document, "mongo", value, right);
            return Vec::new();
        }
    };
    let mut lines: BTreeMap<Text, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for item in items {
        let Some(reading) = set(document, item, base) else { continue };
        let (name, at) = (reading.set.name.clone(), reading.at("name").unwrap_or(item.span().start));
        if let Some(line) = lines.get(&name) {
            let what = format!("the name {} is taken by the replica set on line {line}", quoted(&name));
            document.mistake(at, what, format!("give every replica set a name of its own: name = \"{name}-2\""));
        } else if !name.is_empty() {
            lines.insert(name, document.line(at));
        }
        let places = reading.at.iter().map(|(key, at)| (*key, place(document, *at))).collect();
        found.push((reading.set, places));
    }
    found
}

/// A set being read.
#[derive(Default)]
struct Reading {
    set: MongoSet,
    address: Option<Address>,
    tls: Option<bool>,
    /// Where each key stands.
    at: BTreeMap<&'static str, usize>,
}

fn set(document: &mut Document<'_>, item: &Value<'_>, base: Option<&Path>) -> Option<Reading> {
    let DeValue::Table(table) = item.get_ref() else {
        wrong_type(document, "mongo", item, "a table, headed by [[stack.mongo]]");
        return None;
    };
    let mut reading = Reading::default();
    for (key, value) in ordered(table) {
        reading.take(document, key, value, base);
    }
    if reading.at("uri").is_none() {
        document.mistake(item.span().start, "a replica set without an address", format!("add: uri = \"{EXAMPLE}\""));
    }
    reading.complete();
    reading.check_user(document);
    reading.check_tls(document);
    Some(reading)
}

impl Reading {
    fn at(&self, key: &str) -> Option<usize> {
        self.at.get(key).copied()
    }

    /// Reads one key.
    fn take(&mut self, document: &mut Document<'_>, key: &Key<'_>, value: &Value<'_>, base: Option<&Path>) {
        let name = key.get_ref().as_ref();
        let Some(known) = KEYS.into_iter().find(|known| *known == name) else {
            return unknown(document, key.span().start, "key of a replica set", name, &KEYS);
        };
        let mut text = |example: &str, form: &dyn Fn(&str) -> Result<(), Error>| {
            placed(document, known, value, example, |written| {
                silenced(written, form(written)).map(|()| written.to_owned())
            })
            .map(|p| p.value)
        };
        let set = &mut self.set;
        let is_secret = value.get_ref().as_str().is_some_and(may_be_secret);
        match known {
            "tls" if is_secret => wrong_type(document, known, value, "true or false"),
            "zones" if is_secret => wrong_type(document, known, value, "a table"),
            "name" => set.name = text("ehr", &form::stack_name).map(Text::from).unwrap_or_default(),
            "uri" => {
                self.address = address(document, value);
                set.uri = value.get_ref().as_str().filter(|_| self.address.is_some()).unwrap_or_default().to_owned();
            }
            "username" => set.username = text("monitor", &one_line),
            "password" => set.password = password(document, value, base),
            "mechanism" => set.mechanism = mechanism(document, value),
            "auth_source" => set.auth_source = text("admin", &one_line),
            "tls" => self.tls = document.boolean(known, value),
            "tls_ca_file" => {
                let file = text("ehr-ca.pem", &one_line).map(|written| form::file(&written, base));
                set.tls.get_or_insert_with(Tls::default).ca_file = file;
            }
            "tls_certificate_key_file" => {
                let file = text("monitor.pem", &one_line).map(|written| form::file(&written, base));
                set.tls.get_or_insert_with(Tls::default).certificate_key_file = file;
            }
            _ => set.zones = zones(document, value),
        }
        self.at.insert(known, value.span().start);
    }

    /// Takes from the address what no key says.
    fn complete(&mut self) {
        if self.tls == Some(true) {
            self.set.tls.get_or_insert_with(Tls::default);
        }
        let Some(address) = &self.address else { return };
        if self.set.name.is_empty() && self.at("name").is_none() {
            let named = address.option("replicaSet").or_else(|| address.hosts.first().map(String::as_str));
            self.set.name = named.map(Text::from).unwrap_or_default();
        }
        let source = address.option("authSource").or(address.database.as_deref()).map(str::to_owned);
        if self.set.username.is_some() && self.set.auth_source.is_none() {
            self.set.auth_source = source;
        }
        if self.set.mechanism.is_none() && self.at("mechanism").is_none() {
            self.set.mechanism = address.option("authMechanism").and_then(known_mechanism);
        }
    }

    /// Who asks, and how it is proved.
    fn check_user(&self, document: &mut Document<'_>) {
        let (username, password) = (self.at("username"), self.at("password"));
        let mechanism = self.set.mechanism;
        let word = mechanism.map_or("SCRAM", Mechanism::word);
        match mechanism {
            Some(Mechanism::X509) => {
                if let Some(at) = password {
                    let hint = "the certificate in tls_certificate_key_file proves who asks; leave password out";
                    document.mistake(at, format!("{word} takes no password"), hint.to_owned());
                }
                if self.at("tls_certificate_key_file").is_none() {
                    let at = self.at("mechanism").or(self.at("uri")).unwrap_or_default();
                    let hint = "add: tls_certificate_key_file = \"monitor.pem\"";
                    document.mistake(at, format!("{word} without a certificate"), hint.to_owned());
                }
            }
            Some(Mechanism::Aws) => {
                for (key, at) in [("username", username), ("password", password)] {
                    let hint = format!("the AWS credentials of the stack prove who asks; leave {key} out");
                    if let Some(at) = at {
                        document.mistake(at, format!("{word} takes no {key}"), hint);
                    }
                }
            }
            _ => match (username, password, self.at("mechanism")) {
                (None, Some(at), _) => {
                    document.mistake(at, "password without username", "add: username = \"monitor\"".to_owned());
                }
                (Some(at), None, _) => document.mistake(at, "username without password", NAMED.to_owned()),
                (None, None, Some(at)) if mechanism.is_some() => {
                    let hint = format!("add username and password, or leave mechanism out; {NAMED}");
                    document.mistake(at, format!("{word} without username"), hint);
                }
                _ => {}
            },
        }
        let Some(at) = self.at("auth_source") else { return };
        match (mechanism, self.set.auth_source.as_deref()) {
            (Some(Mechanism::X509 | Mechanism::Aws), Some(source)) if source != "$external" => {
                let what = format!("auth_source {} where {word} needs \"$external\"", told(source));
                document.mistake(at, what, "leave auth_source out".to_owned());
            }
            (None | Some(Mechanism::ScramSha256 | Mechanism::ScramSha1), _) if username.is_none() => {
                document.mistake(
                    at,
                    "auth_source without username",
                    "add username, or leave auth_source out".to_owned(),
                );
            }
            _ => {}
        }
    }

    /// Whether the address and the keys agree about encryption.
    fn check_tls(&self, document: &mut Document<'_>) {
        let said = self.address.as_ref().and_then(Address::tls);
        if let (Some(false), Some(at)) = (self.tls, self.at("tls")) {
            for key in ["tls_ca_file", "tls_certificate_key_file"].into_iter().filter(|key| self.at(key).is_some()) {
                let hint = format!("leave {key} out, or write tls = true");
                document.mistake(at, format!("tls = false with {key}"), hint);
            }
            if said == Some(true) {
                let hint = "the address asks for encryption; end it with ?tls=false, or leave tls out".to_owned();
                document.mistake(at, "tls = false contradicts the address", hint);
            }
        } else if said == Some(false) {
            let of = |key| self.at(key).map(|at| (key, at));
            if let Some((key, at)) = of("tls").or_else(|| of("tls_ca_file")).or_else(|| of("tls_certificate_key_file"))
            {
                document.mistake(at, format!("{key} where the address says tls=false"), "keep one of them".to_owned());
            }
        }
    }
}

/// A text that is no more than it looks.
fn one_line(written: &str) -> Result<(), Error> {
    if !written.trim().is_empty() && clean(written) == written {
        return Ok(());
    }
    Err(Error::usage(format!("{} is empty, or holds what cannot be seen", quoted(written))))
}

fn address(document: &mut Document<'_>, value: &Value<'_>) -> Option<Address> {
    let address = placed(document, "uri", value, EXAMPLE, Address::parse)?.value;
    let named = address.option("authMechanism");
    if let Some(named) = named.filter(|named| known_mechanism(named).is_none()) {
        unknown(
            document,
            value.span().start,
            "authMechanism of the address",
            named,
            &Mechanism::ALL.map(|(word, _)| word),
        );
        return None;
    }
    Some(address)
}

fn known_mechanism(word: &str) -> Option<Mechanism> {
    Mechanism::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, mechanism)| mechanism)
}

fn mechanism(document: &mut Document<'_>, value: &Value<'_>) -> Option<Mechanism> {
    let written = document.string("mechanism", value, "SCRAM-SHA-256")?;
    let known = known_mechanism(written);
    if known.is_none() {
        unknown(document, value.span().start, "mechanism", written, &Mechanism::ALL.map(|(word, _)| word));
    }
    known
}

/// Where the password is found. Nothing of what stands here is repeated.
fn password(document: &mut Document<'_>, value: &Value<'_>, base: Option<&Path>) -> Option<Password> {
    let at = value.span().start;
    let Some(entries) = value.get_ref().as_table().map(ordered) else {
        document.mistake(at, "a password never stands in this file, only where it is found", NAMED.to_owned());
        return None;
    };
    let [(key, source)] = entries.as_slice() else {
        document.mistake(at, "password must name one place where it is found", NAMED.to_owned());
        return None;
    };
    let at = source.span().start;
    let text = source.get_ref().as_str().filter(|text| !text.is_empty());
    let (found, right) = match key.get_ref().as_ref() {
        "env" => (
            text.filter(|t| is_variable(t)).map(|t| Password::Env(t.to_owned())),
            "the name of a variable, such as \"EHR_MONGO_PASSWORD\"",
        ),
        "file" => (text.map(|t| Password::File(form::file(t, base))), "a file, such as \"ehr.password\""),
        "command" => (
            command(source).map(Password::Command),
            "a program and its words, such as [\"pass\", \"ehr/mongo\"]; no shell splits them",
        ),
        // It may be the password.
        _ => {
            document.mistake(
                key.span().start,
                "a password is found by env, file or command and nothing else",
                NAMED.to_owned(),
            );
            return None;
        }
    };
    if found.is_none() {
        document.mistake(at, format!("password: {} must be {right}", key.get_ref()), None);
    }
    found
}

fn is_variable(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn command(value: &Value<'_>) -> Option<Vec<String>> {
    let words: Option<Vec<String>> =
        value.get_ref().as_array()?.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
    words.filter(|words| {
        words.first().is_some_and(|program| !program.is_empty()) && !words.iter().any(|w| w.contains('\0'))
    })
}

fn zones(document: &mut Document<'_>, value: &Value<'_>) -> BTreeMap<Text, Text> {
    let example = "{ \"m0:27017\" = \"us-east-1a\" }";
    let mut zones = BTreeMap::new();
    for (key, value) in document.table("zones", value, example).unwrap_or_default() {
        let written = key.get_ref().as_ref();
        if may_be_secret(written) {
            let what = format!("zones: {} is not a host", told(written));
            document.mistake(key.span().start, what, "write it like m0.example.com:27017".to_owned());
            continue;
        }
        match host(written) {
            Ok(host) if host == written => {}
            Ok(host) => {
                let what = format!("zones: {} has no port", quoted(written));
                document.mistake(
                    key.span().start,
                    what,
                    format!("the set names its members by host and port: \"{host}\""),
                );
                continue;
            }
            Err(error) => {
                document.mistake(key.span().start, format!("zones: {}", error.what), error.hint);
                continue;
            }
        }
        if let Some(zone) = placed(document, "zones", value, "us-east-1a", |zone| {
            silenced(zone, one_line(zone)).map(|()| Text::from(zone))
        }) {
            zones.insert(Text::from(written), zone.value);
        }
    }
    zones
}

/// Every value of a set as it may be shown, by key.
pub(super) fn shown(set: &MongoSet) -> Vec<(&'static str, Option<String>)> {
    let file = |file: &Option<std::path::PathBuf>| file.as_deref().map(crate::file::shown);
    let tls = set.tls.as_ref();
    let is_encrypted = tls.is_some() || Address::parse(&set.uri).is_ok_and(|address| address.tls() == Some(true));
    let zones: Vec<String> = set.zones.iter().map(|(host, zone)| format!("{host} {zone}")).collect();
    vec![
        ("uri", Some(set.uri.clone())),
        ("username", set.username.clone()),
        ("password", set.password.as_ref().map(ToString::to_string)),
        ("mechanism", set.mechanism.map(|mechanism| mechanism.word().to_owned())),
        ("auth_source", set.auth_source.clone()),
        ("tls", Some(is_encrypted.to_string())),
        ("tls_ca_file", tls.and_then(|tls| file(&tls.ca_file))),
        ("tls_certificate_key_file", tls.and_then(|tls| file(&tls.certificate_key_file))),
        ("zones", (!zones.is_empty()).then(|| zones.join(", "))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FileConfig, Flags, explain, resolve};

    fn read(text: &str) -> Result<FileConfig, Vec<String>> {
        FileConfig::parse(&format!("[[stack]]\nname = \"a\"\n{text}"), Path::new("/etc/rounds/r.toml"), &[])
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    fn sets(text: &str) -> Vec<MongoSet> {
        read(text).unwrap().stacks.remove(0).stack.mongo
    }

    const WHOLE: &str = r#"
        [[stack.mongo]]
        name = "records"
        uri = "mongodb://m0:27017,m1:27017/app?replicaSet=ehr"
        username = "monitor"
        password = { command = ["pass", "ehr/mongo"] }
        mechanism = "SCRAM-SHA-256"
        auth_source = "admin"
        tls = true
        tls_ca_file = "ehr-ca.pem"
        tls_certificate_key_file = "/etc/ssl/monitor.pem"
        zones = { "m0:27017" = "us-east-1a" }
        [[stack.mongo]]
        uri = "mongodb+srv://ehr.example.com"
        username = "monitor"
        password = { file = "ehr.password" }
    "#;

    #[test]
    fn a_set_is_read_with_all_it_may_say() {
        let all = sets(WHOLE);
        let MongoSet { name, uri, username, password, mechanism, auth_source, tls, zones } = all[0].clone();
        assert_eq!((name.as_str(), uri.as_str()), ("records", "mongodb://m0:27017,m1:27017/app?replicaSet=ehr"));
        assert_eq!(username.as_deref(), Some("monitor"));
        assert_eq!(password, Some(Password::Command(vec!["pass".to_owned(), "ehr/mongo".to_owned()])));
        assert_eq!((mechanism, auth_source.as_deref()), (Some(Mechanism::ScramSha256), Some("admin")));
        let files = ("/etc/rounds/ehr-ca.pem".into(), "/etc/ssl/monitor.pem".into());
        assert_eq!(tls, Some(Tls { ca_file: Some(files.0), certificate_key_file: Some(files.1) }));
        assert_eq!(zones, BTreeMap::from([(Text::from("m0:27017"), Text::from("us-east-1a"))]));
        assert_eq!((all[1].name.as_str(), &all[1].tls), ("ehr.example.com", &None));
        assert_eq!(all[1].password, Some(Password::File("/etc/rounds/ehr.password".into())));
    }

    #[test]
    fn what_the_address_says_needs_no_key() {
        let text = "[stack.mongo]\nuri = \"mongodb://m0,m1/app?replicaSet=ehr&authMechanism=SCRAM-SHA-1\"\n\
            username = \"u\"\npassword = { env = \"P\" }\n";
        let set = sets(text).remove(0);
        assert_eq!((set.name.as_str(), set.auth_source.as_deref()), ("ehr", Some("app")));
        assert_eq!((set.mechanism, set.tls), (Some(Mechanism::ScramSha1), None));
        assert_eq!(sets("[stack.mongo]\nuri = \"mongodb://m0\"\n")[0].name, *"m0:27017");
        assert_eq!(sets("[stack.mongo]\nuri = \"mongodb://m0\"\ntls = true\n")[0].tls, Some(Tls::default()));
        let aws = sets("[stack.mongo]\nuri = \"mongodb+srv://e.example.com\"\nmechanism = \"MONGODB-AWS\"\n");
        assert_eq!(aws[0].mechanism, Some(Mechanism::Aws));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = r#"[[stack.mongo]]
uri = "mongodb://ana:hunter2@m0:27017"
password = "hunter2"
user = "ana"
tls = "yes"
[[stack.mongo]]
name = "ehr"
uri = "http://m0:27017"
password = { env = "P", file = "f" }
zones = { "m0" = "a", "m1:x" = "b", "m2:27017" = 3 }
[[stack.mongo]]
name = "ehr"
mechanism = "SCRAM"
password = { vault = "x" }
"#;
        let told = read(text).unwrap_err();
        let starts = [
            ":4: uri: the address holds a user name or password\n  write username",
            ":5: a password never stands in this file, only where it is found\n  write password = { env",
            ":6: unknown key of a replica set \"user\"\n  did you mean \"username\"?",
            ":7: \"tls\" must be true or false, not \"yes\"",
            ":10: uri: \"http://m0:27017\" is not an address of a replica set",
            ":11: password must name one place where it is found",
            ":12: zones: \"m0\" has no port\n  the set names its members by host and port: \"m0:27017\"",
            ":12: zones: \"m1:x\" is not a host",
            ":12: \"zones\" must be text such as \"us-east-1a\", not the number 3",
            ":13: a replica set without an address\n  add: uri = ",
            ":14: the name \"ehr\" is taken by the replica set on line 9",
            ":15: unknown mechanism \"SCRAM\"\n  ",
            ":16: a password is found by env, file or command and nothing else\n  write password = { env",
        ];
        let told: Vec<&String> = told.iter().filter(|told| !told.contains("without username")).collect();
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(&format!("/etc/rounds/r.toml{start}")), "{told}");
        }
    }

    #[test]
    fn keys_that_do_not_go_together_are_told() {
        for (keys, what) in [
            ("password = { env = \"P\" }", "password without username"),
            ("username = \"u\"", "username without password"),
            ("mechanism = \"SCRAM-SHA-256\"", "SCRAM-SHA-256 without username"),
            ("mechanism = \"MONGODB-X509\"", "MONGODB-X509 without a certificate"),
            (
                "mechanism = \"MONGODB-X509\"\ntls_certificate_key_file = \"f\"\npassword = { env = \"P\" }",
                "MONGODB-X509 takes no password",
            ),
            ("mechanism = \"MONGODB-AWS\"\nusername = \"u\"", "MONGODB-AWS takes no username"),
            ("mechanism = \"MONGODB-AWS\"\nauth_source = \"admin\"", "auth_source \"admin\" where MONGODB-AWS needs"),
            ("auth_source = \"admin\"", "auth_source without username"),
            ("tls = false\ntls_ca_file = \"f\"", "tls = false with tls_ca_file"),
            ("password = { command = [] }\nusername = \"u\"", "password: command must be a program and its words"),
            ("password = { command = \"pass ehr\" }\nusername = \"u\"", "password: command must be a program"),
            ("password = { env = \"p@ss\" }\nusername = \"u\"", "password: env must be the name of a variable"),
            ("password = { env = 12345 }\nusername = \"u\"", "password: env must be the name of a variable"),
            ("password = { file = \"\" }\nusername = \"u\"", "password: file must be a file"),
            ("username = \" \"\npassword = { env = \"P\" }", "username: \" \" is empty"),
        ] {
            let told = read(&format!("[stack.mongo]\nuri = \"mongodb://m0:27017\"\n{keys}\n")).unwrap_err();
            assert_eq!(told.len(), 1, "{told:#?}");
            assert!(told[0].contains(what), "{told:#?}");
            assert!(
                !told[0].contains("p@ss") && !told[0].contains("12345") && !told[0].contains("pass ehr\""),
                "{told:?}"
            );
        }
        for (option, keys, what) in [
            ("tls=true", "tls = false", "tls = false contradicts the address"),
            ("tls=false", "tls = true", "tls where the address says tls=false"),
            ("tls=false", "tls_ca_file = \"f\"", "tls_ca_file where the address says tls=false"),
            ("authMechanism=PLAIN", "", "unknown authMechanism of the address \"PLAIN\""),
        ] {
            let told = read(&format!("[stack.mongo]\nuri = \"mongodb://m0/?{option}\"\n{keys}\n")).unwrap_err();
            assert_eq!(told.len(), 1, "{told:#?}");
            assert!(told[0].contains(what), "{told:#?}");
        }
        let told = read("mongo = 3\n").unwrap_err();
        assert!(told[0].contains("\"mongo\" must be a table headed by [stack.mongo], or several"), "{told:?}");
    }

    #[test]
    fn what_may_be_a_password_is_never_repeated() {
        for keys in [
            "password = { hunter2 = \"x\" }",
            "password = { \"hunter2\" = \"x\", env = \"P\" }",
            "password = { hunter2 = { env = \"x\" } }",
            "password.hunter2 = 1",
            "password = [\"hunter2\"]",
            "password = { env = [\"hunter2\"] }",
            "password = { command = { hunter2 = 1 } }",
            "name = \"u:hunter2@host\"",
            "zones = { \"u:hunter2@host\" = \"a\" }",
            "zones = { \"u:hunter2@host:27017\" = \"a\" }",
            "zones = { \"m0:27017\" = \"u:hunter2@host\\u0007\" }",
            "mechanism = \"u:hunter2@host\"",
            "mechanism = \"MONGODB-AWS\"\nauth_source = \"u:hunter2@host\"",
            "username = \"u:hunter2@host\\u0007\"\npassword = { env = \"P\" }",
            "tls_ca_file = \"u:hunter2@host\\u0007\"",
            "tls = \"u:hunter2@host\"",
            "\"u:hunter2@host\" = 1",
            "zones = \"u:hunter2@host\"",
        ] {
            let told = read(&format!("[stack.mongo]\nuri = \"mongodb://m0:27017\"\n{keys}\n")).unwrap_err();
            assert!(!told.join("\n").contains("hunter2"), "{keys}: {told:#?}");
        }
        for mongo in ["\"mongodb://u:hunter2@m0\"", "[\"u:hunter2@m0\"]"] {
            let told = read(&format!("mongo = {mongo}\n")).unwrap_err();
            assert!(told[0].contains("\"mongo\" must be a table") && !told[0].contains("hunter2"), "{told:#?}");
        }
        for uri in ["mongodb://u:hunter2@m0", "u:hunter2@m0", "mongodb://m0/?authMechanism=u:hunter2@m0"] {
            let told = read(&format!("[stack.mongo]\nuri = \"{uri}\"\n")).unwrap_err();
            assert!(!told.join("\n").contains("hunter2"), "{uri}: {told:#?}");
        }
    }

    #[test]
    fn every_value_is_explained_and_no_password() {
        let settings = resolve(Some(read(WHOLE).unwrap()), &BTreeMap::new(), &Flags::default()).unwrap();
        let told = |key: &str| settings.origins.iter().find(|row| row.key == format!("stack.a.mongo.{key}")).unwrap();
        assert_eq!(told("records.uri").value, "mongodb://m0:27017,m1:27017/app?replicaSet=ehr");
        assert_eq!(
            (told("records.password").value.as_str(), told("records.tls").value.as_str()),
            ("command pass", "true")
        );
        assert_eq!(told("records.zones").value, "m0:27017 us-east-1a");
        assert_eq!(told("ehr.example.com.password").value, "file /etc/rounds/ehr.password");
        assert_eq!(told("ehr.example.com.tls").origin.to_string(), "/etc/rounds/r.toml:16");
        assert_eq!(told("ehr.example.com.mechanism").origin, Origin::Default);
        assert!(!explain(&settings).contains("ehr/mongo"));
    }
}
