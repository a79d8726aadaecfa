//! Answers in the wire format of their protocol.

use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::service::Protocol;
use super::{cbor, xml};

/// An answer ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The header that names an error, in the protocols that have one.
    pub error: Option<(&'static str, String)>,
    /// The request id, also in the body where the protocol has it there.
    pub request_id: String,
    /// The body.
    pub body: Bytes,
}

/// The content type of a protocol.
pub const fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json { .. } => "application/x-amz-json-1.1",
        Protocol::Rest { .. } => "application/json",
        Protocol::Query { .. } => "text/xml",
        Protocol::Cbor { .. } => cbor::CONTENT_TYPE,
    }
}

/// The answer of an operation that went well.
pub fn good(protocol: Protocol, operation: &str, output: &Value, request_id: String) -> Answer {
    let body = match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } => output.to_string().into(),
        Protocol::Cbor { times, .. } => cbor::write(output, times),
        Protocol::Query { namespace, items, .. } => {
            let mut out = String::with_capacity(1_024);
            xml::wrapped(&mut out, &format!("{operation}Response"), &format!(" xmlns=\"{namespace}\""), |out| {
                // An operation that gives nothing has no result.
                if !output.is_null() {
                    xml::element(out, &format!("{operation}Result"), output, items);
                }
                xml::element(out, "ResponseMetadata", &json!({ "RequestId": request_id }), items);
            });
            out.into()
        }
    };
    let content_type = content_type(protocol);
    Answer { status: 200, content_type, error: None, request_id, body: Bytes::from(body) }
}

/// The answer of an operation that was refused.
pub fn refused(protocol: Protocol, refusal: Refusal, request_id: String) -> Answer {
    let Refusal { code, status, message } = refusal;
    let content_type = content_type(protocol);
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    match protocol {
        Protocol::Json { .. } | Protocol::Rest { .. } => {
            let body = Bytes::from(json!({ "__type": code, "message": message }).to_string());
            Answer { status, content_type, error: Some(("x-amzn-ErrorType", code)), request_id, body }
        }
        // Services that once spoke query name an error as they did then in a header of its own.
        Protocol::Cbor { .. } => {
            let body = Bytes::from(cbor::write(&json!({ "__type": code, "message": message }), &[]));
            let error = Some(("x-amzn-query-error", format!("{code};{fault}")));
            Answer { status, content_type, error, request_id, body }
        }
        Protocol::Query { namespace, .. } => {
            let mut out = String::new();
            xml::wrapped(&mut out, "ErrorResponse", &format!(" xmlns=\"{namespace}\""), |out| {
                xml::element(out, "Error", &json!({ "Type": fault, "Code": code, "Message": message }), &[]);
                xml::element(out, "RequestId", &Value::from(request_id.as_str()), &[]);
            });
            Answer { status, content_type, error: None, request_id, body: Bytes::from(out) }
        }
    }
}

/// Takes all members from the structures in the lists of an output.
pub fn hollow(output: &mut Value) {
    let lists = output.as_object_mut().into_iter().flat_map(|members| members.values_mut());
    for item in lists.filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
        item.clear();
    }
}

/// A request id in AWS's form.
pub fn request_id() -> String {
    let bits = format!("{:032x}", fastrand::u128(..));
    [&bits[..8], &bits[8..12], &bits[12..16], &bits[16..20], &bits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: Protocol = Protocol::Query { version: "1", namespace: "http://n/", items: &[] };

    fn body(answer: &Answer) -> &str {
        std::str::from_utf8(&answer.body).unwrap()
    }

    #[test]
    fn outputs_stand_in_the_envelope_of_their_protocol() {
        let output = json!({ "Arn": "a" });
        let json = good(Protocol::Json { target: "T" }, "Get", &output, "id".to_owned());
        assert_eq!((json.content_type, body(&json)), ("application/x-amz-json-1.1", r#"{"Arn":"a"}"#));
        let xml = good(QUERY, "Get", &output, "id".to_owned());
        let expected = "<GetResponse xmlns=\"http://n/\"><GetResult><Arn>a</Arn></GetResult>\
            <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetResponse>";
        assert_eq!((xml.content_type, body(&xml)), ("text/xml", expected));
    }

    #[test]
    fn refusals_name_code_and_request() {
        let refusal = Refusal { code: "Throttling".to_owned(), status: 400, message: "Rate exceeded".to_owned() };
        let json = refused(Protocol::Json { target: "T" }, refusal.clone(), "id".to_owned());
        assert_eq!(body(&json), r#"{"__type":"Throttling","message":"Rate exceeded"}"#);
        assert_eq!(json.error, Some(("x-amzn-ErrorType", "Throttling".to_owned())));
        let rest = refused(Protocol::Rest { routes: &[] }, refusal.clone(), "id".to_owned());
        assert_eq!((rest.content_type, &rest.body, &rest.error), ("application/json", &json.body, &json.error));
        let cbor = refused(Protocol::Cbor { path: "P", times: &[] }, refusal.clone(), "id".to_owned());
        assert_eq!(cbor.error, Some(("x-amzn-query-error", "Throttling;Sender".to_owned())));
        assert_eq!(cbor::read(&cbor.body), Ok(json!({"__type": "Throttling", "message": "Rate exceeded"})));
        let xml = refused(QUERY, refusal, "id".to_owned());
        let expected = "<ErrorResponse xmlns=\"http://n/\"><Error><Type>Sender</Type><Code>Throttling</Code>\
            <Message>Rate exceeded</Message></Error><RequestId>id</RequestId></ErrorResponse>";
        assert_eq!(body(&xml), expected);
    }

    #[test]
    fn hollow_answers_keep_their_lists_but_nothing_in_them() {
        let mut output = json!({"tasks": [{"a": 1}, {"b": {}}], "arns": ["x"], "n": 1});
        hollow(&mut output);
        assert_eq!(output, json!({"tasks": [{}, {}], "arns": ["x"], "n": 1}));
    }

    #[test]
    fn request_ids_look_like_aws_s() {
        let id = request_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
