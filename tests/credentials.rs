//! Where credentials, profile, region and trust come from, in an environment made for each test: the test binary runs itself
//! again for every case, with nothing but the variables the case is about.

#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rounds::backend::aws::Connector;
use rounds::backend::ports::Backend;
use rounds::error::Error;
use rounds::model::identity::Identity;
use rounds::model::stack::Stack;
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;
use rounds::time::{SystemClock, Timestamp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Runs `body` in a process that has these variables, a home of its own, and no metadata service.
fn alone(test: &str, vars: &[(&str, &str)], body: impl AsyncFnOnce(Home)) {
    if std::env::var("ROUNDS_ALONE").is_ok_and(|name| name == test) {
        let home = Home(PathBuf::from(std::env::var_os("HOME").expect("given")));
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(body(home));
        return;
    }
    let home = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(std::env::current_exe().expect("this binary"));
    child
        .args([test, "--exact", "--nocapture"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("ROUNDS_ALONE", test)
        .env("AWS_CONFIG_FILE", home.path().join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.path().join("credentials"))
        .envs(HashMap::from([("AWS_EC2_METADATA_DISABLED", "true")]))
        .envs(vars.iter().copied());
    let output = child.output().expect("this binary runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The directory with the AWS files of a case.
struct Home(PathBuf);

impl Home {
    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("below home")).expect("a directory");
        fs::write(path, text).expect("written");
    }
}

/// An STS that says the caller's key is its user id, and calls keys expired whose name begins with `OLD`.
fn sts() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    endpoint
}

/// The same over TLS, with the certificate and the key in these PEM files.
fn sts_over_tls(certificate: &Path, key: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
    let chain = vec![CertificateDer::from_pem_file(certificate).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).expect("they belong together"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).expect("a connection"), stream));
        }
    });
    endpoint
}

/// Writes `certificate.pem` for localhost, signed by itself, and `key.pem`. False, after saying so, without openssl.
fn certificate(home: &Home) -> bool {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=rounds \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
        -keyout key.pem -out certificate.pem";
    match Command::new("openssl").args(words.split_whitespace()).current_dir(&home.0).output() {
        Ok(made) => assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr)),
        Err(why) => {
            assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "openssl is needed in CI: {why}");
            writeln!(std::io::stderr(), "skipped: openssl: {why}").expect("stderr");
            return false;
        }
    }
    true
}

fn answer(mut stream: impl Read + Write) {
    let mut buffer = [0; 16_384];
    let read = stream.read(&mut buffer).unwrap_or(0);
    let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
    let key = request.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("none");
    let (status, body) = if key.starts_with("OLD") {
        (
            "403 Forbidden",
            "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>late</Message></Error></ErrorResponse>".to_owned(),
        )
    } else {
        (
            "200 OK",
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><UserId>{key}</UserId><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        )
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.flush();
}

fn stack(profile: Option<&str>) -> Stack {
    Stack {
        name: Text::from("prod"),
        profile: profile.map(str::to_owned),
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(sts()),
        ..Stack::default()
    }
}

async fn connect(stack: &Stack) -> Result<Backend, Error> {
    Connector::new(Arc::new(SystemClock)).connect(stack).await
}

async fn caller(stack: &Stack) -> Result<Identity, Fault> {
    connect(stack).await.expect("nothing is wrong with the stack").sts.caller().await
}

fn error(result: Result<Backend, Error>) -> String {
    result.err().expect("a mistake").to_string()
}

#[test]
fn nothing_anywhere_names_every_source_and_is_said_quickly() {
    // Takes connections and never answers, as the metadata service does behind a container's bridge.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("bound"));
    let vars = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*address)];
    alone("nothing_anywhere_names_every_source_and_is_said_quickly", &vars, async |_| {
        let started = Instant::now();
        let fault = caller(&stack(None)).await.expect_err("there are none");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!((fault.kind, fault.action), (FaultKind::NoCredentials, "sts:GetCallerIdentity"), "{fault}");
        for source in ["environment:", "profile \"default\":", "web identity:", "container:", "instance metadata:"] {
            assert!(fault.message.contains(source), "{source}: {fault}");
        }
    });
}

#[test]
fn a_named_profile_goes_before_keys_of_the_environment() {
    let vars = [("AWS_ACCESS_KEY_ID", "FROMENV"), ("AWS_SECRET_ACCESS_KEY", "x")];
    alone("a_named_profile_goes_before_keys_of_the_environment", &vars, async |home| {
        home.write("credentials", "[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=x\n[sre]\naws_access_key_id=SRE\naws_secret_access_key=x\n");
        assert_eq!(caller(&stack(Some("sre"))).await.expect("an identity").user_id, "SRE");
        assert_eq!(caller(&stack(None)).await.expect("an identity").user_id, "FROMENV");
    });
}

#[test]
fn an_unknown_profile_is_named_with_its_origin_and_the_nearest_known_one() {
    let vars = [("AWS_PROFILE", "gone")];
    alone("an_unknown_profile_is_named_with_its_origin_and_the_nearest_known_one", &vars, async |home| {
        let unknown = error(connect(&stack(None)).await);
        assert!(unknown.contains("AWS_PROFILE: there is no profile \"gone\""), "{unknown}");
        home.write("config", "[profile sre-prod]\nregion=us-east-1\n");
        let unknown = error(connect(&stack(Some("sre-prd"))).await);
        assert_eq!(
            unknown,
            "stack prod, profile: there is no profile \"sre-prd\" in the AWS config files\n  did you mean \"sre-prod\"?"
        );
        home.write("config", "[profile sre-prod\n");
        let broken = error(connect(&stack(Some("sre-prod"))).await);
        assert!(broken.contains("cannot be read") && broken.contains("config"), "{broken}");
    });
}

#[test]
fn a_region_must_be_set_and_look_like_one() {
    alone("a_region_must_be_set_and_look_like_one", &[], async |home| {
        let none = Stack { region: None, ..stack(None) };
        let missing = error(connect(&none).await);
        assert!(missing.contains("stack prod: no region is set") && missing.contains("AWS_REGION"), "{missing}");
        let wrong = error(connect(&Stack { region: Some("us-esat".to_owned()), ..stack(None) }).await);
        assert!(wrong.contains("stack prod, region: \"us-esat\" is not a region"), "{wrong}");
        home.write("config", "[default]\nregion=eu-wets-3\n");
        let wrong = error(connect(&none).await);
        assert!(wrong.contains("the profile's region: \"eu-wets-3\" is not a region"), "{wrong}");
        home.write("config", "[default]\nregion=eu-west-3\n");
        home.write("credentials", "[default]\naws_access_key_id=A\naws_secret_access_key=x\n");
        assert_eq!(caller(&none).await.expect("an identity").region.as_deref(), Some("eu-west-3"));
    });
}

#[test]
fn a_mistyped_region_is_told_with_where_it_was_read() {
    let test = "a_mistyped_region_is_told_with_where_it_was_read";
    alone(test, &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "us-esat-1")], async |home| {
        let none = Stack { region: None, ..stack(None) };
        let wrong = error(connect(&none).await);
        let right = "AWS_DEFAULT_REGION: \"us-esat-1\" is not a region\n  did you mean \"us-east-1\"?";
        assert_eq!(wrong, format!("stack prod, {right}"));
        home.write("config", "[default]\nendpoint_url = localhost:4566\n");
        let set = Stack { region: Some("eu-west-3".to_owned()), endpoint_url: None, ..none };
        let wrong = error(connect(&set).await);
        assert!(wrong.contains("endpoint_url: \"localhost:4566\" is not an address"), "{wrong}");
    });
}

#[test]
fn endpoints_and_roles_are_checked_before_anything_is_sent() {
    alone("endpoints_and_roles_are_checked_before_anything_is_sent", &[], async |_| {
        for endpoint in ["localhost:4566", "http://", "ftp://x", "http://a b"] {
            let wrong = error(connect(&Stack { endpoint_url: Some(endpoint.to_owned()), ..stack(None) }).await);
            assert!(wrong.contains(endpoint) && wrong.contains("endpoint_url"), "{wrong}");
        }
        let wrong = error(connect(&Stack { role_arn: Some("SRE".to_owned()), ..stack(None) }).await);
        assert!(wrong.contains("role_arn: \"SRE\" is not the ARN of a role"), "{wrong}");
    });
}

/// What `rounds doctor` says of the endpoint, with what is set here and in the AWS files of this home.
fn doctor(vars: &[(&str, &str)]) -> String {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_rounds"));
    let output =
        doctor.args(["doctor", "--region", "us-east-1", "--timeout", "5s"]).envs(vars.iter().copied()).output();
    let said = String::from_utf8(output.expect("it runs").stdout).expect("text");
    let line = said.lines().find_map(|line| line.trim_start().strip_prefix("endpoint "));
    line.expect(&said).trim().to_owned()
}

#[test]
fn the_doctor_names_an_endpoint_wherever_it_comes_from() {
    alone("the_doctor_names_an_endpoint_wherever_it_comes_from", &KEYS, async |home| {
        let [variable, profile] = [sts(), sts()];
        home.write("config", &format!("[profile else]\nendpoint_url = {profile}\n"));
        assert_eq!(doctor(&[("AWS_ENDPOINT_URL", &variable)]), format!("{variable}, not AWS's own"));
        assert_eq!(doctor(&[("AWS_PROFILE", "else")]), format!("{profile}, not AWS's own"));
    });
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "x")];

#[test]
fn a_bundle_vouches_for_a_server_that_the_system_does_not_know() {
    let [id, secret] = KEYS;
    let test = "a_bundle_vouches_for_a_server_that_the_system_does_not_know";
    alone(test, &[id, secret, ("AWS_CA_BUNDLE", "~/bundle.pem")], async |home| {
        if !certificate(&home) {
            return;
        }
        let url = sts_over_tls(&home.0.join("certificate.pem"), &home.0.join("key.pem"));
        let stack = Stack { endpoint_url: Some(url), ..stack(None) };
        let bundle = home.0.join("bundle.pem");
        let named = "\n  named by AWS_CA_BUNDLE";
        let missing = error(connect(&stack).await);
        assert_eq!(missing, format!("stack prod, {}: no such file{named}", bundle.display()));
        home.write("bundle.pem", "");
        let empty = error(connect(&stack).await);
        assert!(empty.contains("bundle.pem: no certificate in PEM form is in it") && empty.ends_with(named), "{empty}");
        fs::copy(home.0.join("certificate.pem"), &bundle).expect("copied");
        assert_eq!(caller(&stack).await.expect("it is trusted").user_id, "AKID");
    });
}

#[test]
fn a_profile_may_name_the_bundle_and_without_one_the_system_vouches() {
    let test = "a_profile_may_name_the_bundle_and_without_one_the_system_vouches";
    alone(test, &KEYS, async |home| {
        if !certificate(&home) {
            return;
        }
        let url = sts_over_tls(&home.0.join("certificate.pem"), &home.0.join("key.pem"));
        let stack = Stack { endpoint_url: Some(url), ..stack(None) };
        let fault = caller(&stack).await.expect_err("nobody vouches for it");
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(fault.message.contains("certificate"), "{fault}");
        home.write("config", "[default]\nca_bundle = ~/certificate.pem\n");
        assert_eq!(caller(&stack).await.expect("it is trusted").user_id, "AKID");
    });
}

#[test]
fn what_would_never_end_is_not_opened() {
    alone("what_would_never_end_is_not_opened", &[], async |home| {
        let made = Command::new("mkfifo").arg(home.0.join("credentials")).status().expect("mkfifo");
        assert!(made.success());
        let told = error(connect(&stack(None)).await);
        let path = home.0.join("credentials");
        assert_eq!(told, format!("stack prod, {}: a FIFO, not a regular file", path.display()));
    });
}

#[test]
fn a_new_login_is_picked_up_without_a_restart() {
    alone("a_new_login_is_picked_up_without_a_restart", &[], async |home| {
        let aws = connect(&stack(None)).await.expect("nothing is wrong with the stack");
        assert_eq!(aws.sts.caller().await.expect_err("no login").kind, FaultKind::NoCredentials);
        home.write("credentials", "[default]\naws_access_key_id=OLD\naws_secret_access_key=x\n");
        let expired = aws.sts.caller().await.expect_err("an old login");
        assert_eq!((expired.kind, expired.code.as_deref()), (FaultKind::Expired, Some("ExpiredToken")), "{expired}");
        home.write("credentials", "[default]\naws_access_key_id=NEW\naws_secret_access_key=x\n");
        assert_eq!(aws.sts.caller().await.expect("a new login").user_id, "NEW");
    });
}

#[test]
fn a_credential_process_says_when_its_credentials_end_or_why_it_failed() {
    alone("a_credential_process_says_when_its_credentials_end_or_why_it_failed", &[], async |home| {
        home.write("keys.json", r#"{"Version":1,"AccessKeyId":"PROC","SecretAccessKey":"hunter2","SessionToken":"t","Expiration":"2037-01-01T00:00:00Z"}"#);
        let cat = format!("cat {}", home.0.join("keys.json").display());
        home.write(
            "config",
            &format!("[profile p]\ncredential_process = {cat}\n[profile q]\ncredential_process = sh -c 'exit 3'\n"),
        );
        let caller_of = async |profile| caller(&stack(Some(profile))).await;
        let identity = caller_of("p").await.expect("an identity");
        assert_eq!((&*identity.user_id, identity.expires_at), ("PROC", Timestamp::parse("2037-01-01T00:00:00Z").ok()));
        assert!(!format!("{identity:?}").contains("hunter2"));
        let fault = caller_of("q").await.expect_err("the process fails");
        assert_eq!(fault.kind, FaultKind::NoCredentials, "{fault}");
        assert!(fault.message.starts_with("profile \"q\": "), "{fault}");
    });
}

#[test]
fn an_sso_login_that_ended_is_expired_and_one_that_never_was_is_missing() {
    alone("an_sso_login_that_ended_is_expired_and_one_that_never_was_is_missing", &[], async |home| {
        home.write(
            "config",
            "[profile sso]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=SRE\n\
             [sso-session corp]\nsso_region=us-east-1\nsso_start_url=https://corp.awsapps.com/start\n",
        );
        let never = caller(&stack(Some("sso"))).await.expect_err("no login");
        assert_eq!(never.kind, FaultKind::NoCredentials, "{never}");
        // The file is named after the SHA-1 of the session's name.
        home.write(
            ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
            r#"{"accessToken":"secret","expiresAt":"2020-01-01T00:00:00Z","region":"us-east-1","startUrl":"https://corp.awsapps.com/start"}"#,
        );
        let ended = caller(&stack(Some("sso"))).await.expect_err("an old login");
        assert_eq!(ended.kind, FaultKind::Expired, "{ended}");
        assert!(ended.message.contains("expired"), "{ended}");
    });
}
