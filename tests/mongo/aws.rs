//! `MONGODB-AWS`: the AWS credentials of a stack prove who asks. A member of our own plays the server, and checks the signature
//! as AWS would.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use rounds::backend::mongo::MongoDriver;
use rounds::backend::ports::Mongo;
use rounds::model::FaultKind;
use rounds::model::mongo::{Mechanism, MongoSet};
use rounds::time::{Clock, SystemClock};
use sha2::{Digest, Sha256};

use crate::configured;
use crate::mongo_wire::{Answer, Member};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
const STS: &str = "sts.eu-west-1.amazonaws.com";

/// The request that is signed and never sent (MONGODB-AWS in MongoDB's specification of authentication).
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const SIGNED: &str =
    "content-length;content-type;host;x-amz-date;x-amz-security-token;x-mongodb-gs2-cb-flag;x-mongodb-server-nonce";

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// HMAC-SHA256 (RFC 2104) with a key that is no longer than a block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// What `Authorization` must be for this time and nonce (Signature Version 4).
fn authorization(secret: &str, date: &str, nonce: &str) -> String {
    let scope = format!("{}/eu-west-1/sts/aws4_request", &date[..8]);
    let headers = format!(
        "content-length:{}\ncontent-type:application/x-www-form-urlencoded\nhost:{STS}\nx-amz-date:{date}\n\
         x-amz-security-token:{TOKEN}\nx-mongodb-gs2-cb-flag:n\nx-mongodb-server-nonce:{nonce}\n",
        BODY.len()
    );
    let request = format!("POST\n/\n\n{headers}\n{SIGNED}\n{}", hex(Sha256::digest(BODY)));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(Sha256::digest(request)));
    let first = format!("AWS4{secret}").into_bytes();
    let parts = [&date[..8], "eu-west-1", "sts", "aws4_request"];
    let key = parts.iter().fold(first, |key, part| hmac(&key, part.as_bytes()));
    format!(
        "AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={SIGNED}, Signature={}",
        hex(hmac(&key, text.as_bytes()))
    )
}

fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// The document that is wrapped in a step of the conversation.
fn payload(command: &Document) -> Document {
    Document::from_reader(&command.get_binary_generic("payload").expect("a payload")[..]).expect("BSON")
}

/// How a server makes its nonce of the client's.
type Nonce = fn(&[u8]) -> Vec<u8>;

fn refused() -> Answer {
    Answer::Whole(doc! { "ok": 0, "code": 18, "codeName": "AuthenticationFailed", "errmsg": "Authentication failed." })
}

/// A member that makes its nonce of the client's by `nonce`, and asks for what `secret` signs.
fn member(secret: &'static str, nonce: Nonce) -> Member {
    let given = Mutex::new(String::new());
    Member::answering(move |command| {
        let step = |payload: Vec<u8>, done: bool| {
            Answer::Whole(doc! { "ok": 1, "conversationId": 1, "done": done, "payload": binary(payload) })
        };
        match command.keys().next().map(String::as_str) {
            Some("saslStart") => {
                let nonce = nonce(payload(command).get_binary_generic("r").expect("a nonce"));
                *given.lock().expect("no panic") = base64(&nonce);
                step(doc! { "s": binary(nonce), "h": STS }.to_vec().expect("BSON"), false)
            }
            Some("saslContinue") => {
                let proof = payload(command);
                let nonce = given.lock().expect("no panic").clone();
                let right = authorization(secret, proof.get_str("d").expect("a date"), &nonce);
                if proof.get_str("a").expect("a signature") == right { step(Vec::new(), true) } else { refused() }
            }
            _ => Answer::Whole(doc! { "ok": 1, "set": "rounds" }),
        }
    })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A nonce as a server makes it: the client's, and 32 bytes more.
fn longer(client: &[u8]) -> Vec<u8> {
    [client, &[7; 32]].concat()
}

fn port(member: &Member) -> MongoDriver {
    let uri = format!("mongodb://{}", member.host);
    let set = MongoSet { mechanism: Some(Mechanism::Aws), ..configured(&uri) };
    let credentials = Credentials::new(KEY, SECRET, Some(TOKEN.to_owned()), None, "test");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    MongoDriver::new(&[set], &clock, Some(&SharedCredentialsProvider::new(credentials)))
}

fn steps(member: &Member, name: &str) -> Vec<Document> {
    member.received().into_iter().filter(|command| command.keys().next().is_some_and(|key| key == name)).collect()
}

#[tokio::test]
async fn the_credentials_of_the_stack_sign_and_are_never_sent() {
    let member = member(SECRET, longer);
    let port = port(&member);
    assert!(port.hello("rounds", &member.host).await.is_ok());
    assert_eq!(steps(&member, "saslStart").len(), 0, "hello is asked as nobody");
    assert_eq!(port.status("rounds", &member.host).await.unwrap().set.as_deref(), Some("rounds"));

    let start = &steps(&member, "saslStart")[0];
    assert_eq!([start.get_str("mechanism").unwrap(), start.get_str("$db").unwrap()], ["MONGODB-AWS", "$external"]);
    let first = payload(start);
    assert_eq!((first.get_binary_generic("r").unwrap().len(), first.get_i32("p").unwrap()), (32, 110));
    let proof = payload(&steps(&member, "saslContinue")[0]);
    assert_eq!(proof.keys().collect::<Vec<_>>(), ["a", "d", "t"]);
    assert_eq!(proof.get_str("t").unwrap(), TOKEN);
    let authorization = proof.get_str("a").unwrap();
    assert!(authorization.starts_with(&format!("AWS4-HMAC-SHA256 Credential={KEY}/")), "{authorization}");
    for command in member.received() {
        let bytes = command.to_vec().unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!holds(SECRET) && !holds(&base64(SECRET.as_bytes())), "{command}");
    }
}

#[tokio::test]
async fn a_signature_that_is_not_believed_is_told_without_the_key() {
    let member = member("another secret", longer);
    let fault = port(&member).status("rounds", &member.host).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
    assert!(fault.hint().unwrap().starts_with("check the AWS credentials of the stack"), "{fault:?}");
    assert_eq!(steps(&member, "saslContinue").len(), 1);
    let told = format!("{fault:?}");
    assert!(![KEY, SECRET, TOKEN].iter().any(|secret| told.contains(secret)), "{told}");
}

#[tokio::test]
async fn a_member_that_did_not_hear_the_question_gets_no_signature() {
    let strange: [Nonce; 3] = [|_| vec![7; 64], <[u8]>::to_vec, |client| [client, &[7; 33]].concat()];
    for nonce in strange {
        let member = member(SECRET, nonce);
        let fault = port(&member).status("rounds", &member.host).await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, Some("AuthenticationFailed")), "{fault}");
        assert_eq!(steps(&member, "saslContinue").len(), 0, "{fault}");
    }
}
