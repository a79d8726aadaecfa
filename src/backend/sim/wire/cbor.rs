//! CBOR of Smithy's RPC v2, as far as the operations here need it: no blobs, and times as seconds with tag 1.

use std::convert::Infallible;

use minicbor::data::{IanaTag, Tag, Type};
use minicbor::decode::{Decoder, Error};
use minicbor::encode;
use serde_json::{Map, Value};

/// `smithy-protocol` of requests and answers.
pub const PROTOCOL: &str = "rpc-v2-cbor";

/// `Content-Type` of requests and answers.
pub const CONTENT_TYPE: &str = "application/cbor";

/// How deep a request may be nested; the deepest one here has six levels.
const DEPTH: u8 = 16;

/// Reads one value, and nothing may follow it; an empty body is an empty map.
///
/// # Errors
/// Why it cannot be read.
pub fn read(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut input = Decoder::new(body);
    let value = value(&mut input, DEPTH).map_err(|error| error.to_string())?;
    if input.position() == body.len() { Ok(value) } else { Err("something follows the value".to_owned()) }
}

fn value(input: &mut Decoder<'_>, depth: u8) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::message("too deep"))?;
    Ok(match input.datatype()? {
        Type::Null | Type::Undefined => {
            input.skip()?;
            Value::Null
        }
        Type::Bool => input.bool()?.into(),
        Type::F16 | Type::F32 | Type::F64 => input.f64()?.into(),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => input.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => input.i64()?.into(),
        Type::String | Type::StringIndef => text(input)?.into(),
        Type::Array | Type::ArrayIndef => {
            let mut left = input.array()?;
            let mut items = Vec::new();
            while goes_on(input, &mut left)? {
                items.push(value(input, depth)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut left = input.map()?;
            let mut members = Map::new();
            while goes_on(input, &mut left)? {
                let name = text(input)?;
                members.insert(name, value(input, depth)?);
            }
            Value::Object(members)
        }
        Type::Tag if input.tag()? == Tag::from(IanaTag::Timestamp) => value(input, depth)?,
        other => return Err(Error::message(format!("{other} is not read here"))),
    })
}

/// Text, which may come in pieces.
fn text(input: &mut Decoder<'_>) -> Result<String, Error> {
    input.str_iter()?.collect()
}

/// Whether there is another item: `left` of a known number, or none of them the end of an unknown one.
fn goes_on(input: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, Error> {
    if let Some(left) = left {
        let more = *left > 0;
        *left = left.saturating_sub(1);
        return Ok(more);
    }
    let ends = input.datatype()? == Type::Break;
    if ends {
        input.skip()?;
    }
    Ok(!ends)
}

/// Writes a value; members that are null are left out. The numbers of the members named `times` are times.
pub fn write(value: &Value, times: &[&str]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    // Writing to a vector cannot fail.
    let _ = put(&mut out, value, false, times);
    out.into_writer()
}

type Encoder = encode::Encoder<Vec<u8>>;

fn put(out: &mut Encoder, value: &Value, is_time: bool, times: &[&str]) -> Result<(), encode::Error<Infallible>> {
    match value {
        Value::Null => drop(out.null()?),
        Value::Bool(flag) => drop(out.bool(*flag)?),
        Value::String(text) => drop(out.str(text)?),
        Value::Number(number) => {
            if is_time {
                out.tag(Tag::from(IanaTag::Timestamp))?;
            }
            match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(whole), ..) => drop(out.u64(whole)?),
                (_, Some(whole), _) => drop(out.i64(whole)?),
                (_, _, fraction) => drop(out.f64(fraction.unwrap_or_default())?),
            }
        }
        Value::Array(items) => {
            out.begin_array()?;
            items.iter().try_for_each(|item| put(out, item, is_time, times))?;
            out.end()?;
        }
        Value::Object(members) => {
            out.begin_map()?;
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                out.str(name)?;
                put(out, value, times.contains(&name.as_str()), times)?;
            }
            out.end()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read() {
        let tree = json!({"a": "ü\u{1b}", "n": -7, "u": u64::MAX, "f": 1.5, "w": 2.0, "b": true, "l": [{"k": []}, {}]});
        assert_eq!(read(&write(&tree, &[])), Ok(tree));
        assert_eq!(read(&write(&json!({"gone": null, "here": 1}), &[])), Ok(json!({"here": 1})));
        assert_eq!(read(b""), Ok(json!({})));
    }

    #[test]
    fn times_have_their_tag_and_are_numbers_again() {
        let tree = json!({"At": [1.25], "Values": [1.25]});
        let bytes = write(&tree, &["At"]);
        assert_eq!(bytes.split(|byte| *byte == 0xc1).count(), 2);
        assert_eq!(read(&bytes), Ok(tree));
    }

    #[test]
    fn text_may_come_in_pieces_and_lists_with_a_length() {
        assert_eq!(read(b"\xa1\x7f\x61a\x61b\xff\x82\x01\xf9\x3c\x00"), Ok(json!({"ab": [1, 1.0]})));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let deep = [&[0x81; 40][..], &[0x01]].concat();
        let bodies: [&[u8]; 7] =
            [b"{}", b"\xa1", b"\xa1\x01\x01", b"\x01\x01", b"\x41x", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", &deep];
        for body in bodies {
            assert!(read(body).is_err(), "{body:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_a_panic(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = read(&noise);
        }
    }
}
