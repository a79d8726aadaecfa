//! What a request asks, with the types AWS insists on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::cbor;
use super::paging::Bounds;
use super::refusal::{Common, Failure};
use super::rest::Labels;
use super::xml::{Items, item_of};
use crate::time::Timestamp;

/// The members of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    members: Map<String, Value>,
    typed: bool,
}

impl Params {
    /// From the body of an awsJson request.
    ///
    /// # Errors
    /// If it is not a JSON object.
    pub fn json(body: &[u8]) -> Result<Self, Failure> {
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self { members, typed: true }),
            Ok(_) => Err(unreadable("the body is not an object")),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }

    /// From the body of an RPC v2 request.
    ///
    /// # Errors
    /// If it is not a map in CBOR.
    pub fn cbor(body: &[u8]) -> Result<Self, Failure> {
        match cbor::read(body) {
            Ok(Value::Object(members)) => Ok(Self { members, typed: true }),
            Ok(_) => Err(unreadable("the body is not a map")),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// From the path, the query and the body of a restJson request. Only a body has types, and none of the operations here takes
    /// both a body and a query (API models).
    ///
    /// # Errors
    /// If the body is not a JSON object, or a percent-encoding is broken.
    pub fn rest(labels: Labels, query: &str, body: &[u8]) -> Result<Self, Failure> {
        let mut params = if body.is_empty() { Self::form(query.as_bytes(), &[])? } else { Self::json(body)? };
        params.members.extend(labels.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))));
        Ok(params)
    }

    /// From the body of a query request; `Name.member.1` … become the list `Name`, with the name that `items` says instead of
    /// `member`.
    ///
    /// # Errors
    /// If a percent-encoding is broken.
    pub fn form(body: &[u8], items: &Items) -> Result<Self, Failure> {
        let mut members = Map::new();
        let mut lists: BTreeMap<(String, u32), String> = BTreeMap::new();
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let name = decoded(&pair[..at])?;
            let value = decoded(pair.get(at + 1..).unwrap_or_default())?;
            match listed(&name, items) {
                Some(place) => drop(lists.insert(place, value)),
                None => drop(members.insert(name, Value::from(value))),
            }
        }
        for ((list, _), value) in lists {
            if let Value::Array(items) = members.entry(list).or_insert_with(|| Value::Array(Vec::new())) {
                items.push(Value::from(value));
            }
        }
        Ok(Self { members, typed: false })
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        self.member(name).map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string"))).transpose()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        let read = |value: &Value| if self.typed { value.as_i64() } else { value.as_str()?.parse().ok() };
        self.member(name).map(|value| read(value).ok_or_else(|| wrong_type(name, "a whole number"))).transpose()
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        let read = |value: &Value| if self.typed { value.as_bool() } else { value.as_str()?.parse().ok() };
        self.member(name).map(|value| read(value).ok_or_else(|| wrong_type(name, "a boolean"))).transpose()
    }

    /// A list of texts; `None` where the member is absent.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, Failure> {
        let Some(value) = self.member(name) else { return Ok(None) };
        if !self.typed && value.as_str() == Some("") {
            return Ok(Some(Vec::new()));
        }
        let wrong = || wrong_type(name, "a list of strings");
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
    }

    /// A text out of `known`.
    pub fn choice(&self, name: &str, known: &[&str]) -> Result<Option<&str>, Failure> {
        let value = self.text(name)?;
        value.map_or(Ok(()), |value| known_or_refused(name, value, known)).map(|()| value)
    }

    /// Whether the list `name`, all of whose items must be `known`, holds `wanted`.
    pub fn asks_for(&self, name: &str, wanted: &str, known: &[&str]) -> Result<bool, Failure> {
        let items = self.texts(name)?.unwrap_or_default();
        items.iter().try_for_each(|item| known_or_refused(name, item, known))?;
        Ok(items.contains(&wanted))
    }

    /// A page size within bounds; the default one where the member is absent.
    pub fn page_size(&self, bounds: &Bounds) -> Result<usize, Failure> {
        let Bounds { size: name, least, default, most, .. } = *bounds;
        let Some(asked) = self.number(name)? else { return Ok(default) };
        usize::try_from(asked)
            .ok()
            .filter(|size| (least..=most).contains(size))
            .ok_or_else(|| Failure::invalid(format!("{name} must be between {least} and {most}, not {asked}")))
    }

    /// A list of structures; `None` where the member is absent.
    pub fn structures(&self, name: &str) -> Result<Option<Vec<Self>>, Failure> {
        let Some(value) = self.member(name) else { return Ok(None) };
        let wrong = || wrong_type(name, "a list of structures");
        let one = |item: &Value| Some(Self { members: item.as_object()?.clone(), typed: self.typed });
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| one(item).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
    }

    /// A structure.
    pub fn structure(&self, name: &str) -> Result<Option<Self>, Failure> {
        let Some(value) = self.member(name) else { return Ok(None) };
        let members = value.as_object().ok_or_else(|| wrong_type(name, "a structure"))?;
        Ok(Some(Self { members: members.clone(), typed: self.typed }))
    }

    /// A time: seconds since the epoch where there are types, else ISO 8601.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let read = |value: &Value| match value.as_f64() {
            Some(seconds) if self.typed => from_seconds(seconds),
            _ => Timestamp::parse(value.as_str().filter(|_| !self.typed)?).ok(),
        };
        self.member(name).map(|value| read(value).ok_or_else(|| wrong_type(name, "a time"))).transpose()
    }

    /// Refuses members that would filter by something no model holds, rather than pretend to filter.
    pub fn refuse(&self, names: &[&str]) -> Result<(), Failure> {
        let prefixed = |name: &str, key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        match names.iter().find(|name| self.members.keys().any(|key| key == **name || prefixed(name, key))) {
            Some(name) => Err(Failure::invalid(format!("{name} is not supported by this endpoint"))),
            None => Ok(()),
        }
    }

    /// Refuses every member but these, rather than pretend to heed it.
    pub fn refuse_all_but(&self, known: &[&str]) -> Result<(), Failure> {
        match self.members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Failure::invalid(format!("{key} is not supported by this endpoint"))),
            None => Ok(()),
        }
    }

    /// All members but `without`, in one canonical text.
    pub fn canonical(&self, without: &[&str]) -> String {
        let sorted: BTreeMap<&str, &Value> =
            self.members.iter().map(|(k, v)| (k.as_str(), v)).filter(|(k, _)| !without.contains(k)).collect();
        let pairs: Vec<String> = sorted.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }
}

fn known_or_refused(name: &str, value: &str, known: &[&str]) -> Result<(), Failure> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(Failure::invalid(format!("{name}: \"{value}\" is not one of {}", known.join(", "))))
}

fn unreadable(why: &str) -> Failure {
    Failure::Common(Common::BadBody, why.to_owned())
}

fn wrong_type(name: &str, wanted: &str) -> Failure {
    unreadable(&format!("{name} is not {wanted}"))
}

/// The time this many seconds after the epoch, to the millisecond.
fn from_seconds(seconds: f64) -> Option<Timestamp> {
    format!("{:.0}", seconds * 1_000.0).parse().ok().map(Timestamp::from_millis)
}

/// The list and the place in it that `Name.member.1` is, if it is one.
fn listed(name: &str, items: &Items) -> Option<(String, u32)> {
    let (list, rest) = name.split_once('.')?;
    let index = rest.strip_prefix(item_of(list, items))?.strip_prefix('.')?;
    Some((list.to_owned(), index.parse().ok()?))
}

/// Undoes the percent-encoding of a form.
pub fn decoded(raw: &[u8]) -> Result<String, Failure> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
                let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
                bytes.push(byte.ok_or_else(|| unreadable("broken percent-encoding"))?);
                rest = &tail[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| unreadable("the form is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(result: Result<impl std::fmt::Debug, Failure>) -> Common {
        match result.unwrap_err() {
            Failure::Common(common, _) => common,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_types_are_not_bent() {
        let params = Params::json(br#"{"a":"x","n":7,"l":["p","q"],"none":null,"s":"7"}"#).unwrap();
        assert_eq!(params.text("a"), Ok(Some("x")));
        assert_eq!(params.text("none"), Ok(None));
        assert_eq!(params.number("n"), Ok(Some(7)));
        assert_eq!(params.texts("l"), Ok(Some(vec!["p", "q"])));
        assert_eq!(refused(params.number("s")), Common::BadBody);
        assert_eq!(refused(params.text("n")), Common::BadBody);
        assert_eq!(refused(Params::json(b"[]")), Common::BadBody);
        assert_eq!(refused(Params::json(b"{")), Common::BadBody);
    }

    const FORM: &[u8] =
        b"N.member.10=c&N.member.2=b%2B&N.member.1=a+a&Max=5&On=true&E=&I.Item.1=x&I.member.1=y&At=2026-03-14T03:12:44Z";

    #[test]
    fn forms_are_decoded_and_their_lists_gathered_in_order() {
        let params = Params::form(FORM, &[("I", "Item")]).unwrap();
        assert_eq!(params.texts("N"), Ok(Some(vec!["a a", "b+", "c"])));
        assert_eq!(params.number("Max"), Ok(Some(5)));
        assert_eq!(params.flag("On"), Ok(Some(true)));
        assert_eq!(params.texts("E"), Ok(Some(vec![])));
        assert_eq!(params.texts("I"), Ok(Some(vec!["x"])));
        assert_eq!(params.time("At"), Ok(Timestamp::parse("2026-03-14T03:12:44Z").ok()));
        assert_eq!(refused(params.time("On")), Common::BadBody);
        assert_eq!(refused(Params::form(b"a=%zz", &[])), Common::BadBody);
        assert_eq!(refused(Params::form(b"a=%f", &[])), Common::BadBody);
    }

    #[test]
    fn sizes_and_choices_are_checked() {
        let params = Params::json(br#"{"m":0,"k":101,"low":19,"ok":100,"s":"ODD"}"#).unwrap();
        let size = |size, least| params.page_size(&Bounds { token: "t", size, least, default: 10, most: 100 });
        assert_eq!(refused(size("m", 1)), Common::Invalid);
        assert_eq!(refused(size("k", 1)), Common::Invalid);
        assert_eq!(refused(size("low", 20)), Common::Invalid);
        assert_eq!(size("low", 19), Ok(19));
        assert_eq!(size("ok", 1), Ok(100));
        assert_eq!(size("absent", 1), Ok(10));
        assert_eq!(refused(params.choice("s", &["EVEN"])), Common::Invalid);
        assert_eq!(params.choice("s", &["ODD"]), Ok(Some("ODD")));
    }

    #[test]
    fn what_cannot_be_filtered_by_is_refused() {
        let params = Params::form(b"Filters.member.1.Name=tag-key", &[]).unwrap();
        assert!(params.refuse(&["Filters"]).is_err());
        assert!(params.refuse(&["Filter"]).is_ok());
    }

    #[test]
    fn the_canonical_form_knows_no_order() {
        let one = Params::json(br#"{"a":1,"b":[2],"nextToken":"x"}"#).unwrap();
        let other = Params::json(br#"{"b":[2],"nextToken":"y","a":1}"#).unwrap();
        assert_eq!(one.canonical(&["nextToken"]), other.canonical(&["nextToken"]));
        assert_ne!(one.canonical(&[]), other.canonical(&[]));
    }
}
