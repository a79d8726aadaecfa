//! The HTTP clients: one for all stacks and services that trust the same authorities, one for the addresses of this machine.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::error::Error;

/// A connection pool for each pair of timeouts asked for; in practice one.
///
/// The SDK by itself makes a pool, and reads the trust store, once for every service of every stack.
#[derive(Debug)]
struct Pools {
    proxied: bool,
    trusted: TlsContext,
    made: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

/// Connect and read timeout.
type Timeouts = (Option<Duration>, Option<Duration>);

/// The clients that trust the same authorities.
#[derive(Clone)]
pub(super) struct Clients {
    /// For AWS: through the proxy of the environment, where one is set.
    pub remote: SharedHttpClient,
    /// For instance and container metadata and what else is on this machine, which no proxy can reach.
    pub local: SharedHttpClient,
}

impl Clients {
    /// Clients that trust the certificates of this PEM, or else the system's.
    pub fn new(bundle: Option<&str>) -> Result<Self, Error> {
        let store = bundle.map_or_else(TrustStore::default, |pem| TrustStore::empty().with_pem_certificate(pem));
        let trusted = TlsContext::builder().with_trust_store(store).build();
        let trusted = trusted.map_err(|error| Error::unavailable(format!("no TLS: {error}")))?;
        let client =
            |proxied| SharedHttpClient::new(Pools { proxied, trusted: trusted.clone(), made: Mutex::default() });
        Ok(Self { remote: client(true), local: client(false) })
    }
}

impl HttpClient for Pools {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pool)) = made.iter().find(|(k, _)| *k == key) {
            return pool.clone();
        }
        let pool = SharedHttpConnector::new(self.build(settings, parts));
        made.push((key, pool.clone()));
        pool
    }
}

impl Pools {
    fn build(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> impl HttpConnector + use<> {
        let mut builder: ConnectorBuilder<_> = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(self.trusted.clone())
            .connector_settings(settings.clone())
            .proxy_config(if self.proxied { ProxyConfig::from_env() } else { ProxyConfig::disabled() });
        builder.set_sleep_impl(parts.sleep_impl());
        builder.build()
    }
}
