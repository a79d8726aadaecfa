//! The HTTP clients: one for all stacks and services, one for the addresses of this machine.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A connection pool for each pair of timeouts asked for; in practice one.
///
/// The SDK by itself makes a pool, and reads the trust store, once for every service of every stack.
#[derive(Debug)]
struct Pools {
    proxied: bool,
    made: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

/// Connect and read timeout.
type Timeouts = (Option<Duration>, Option<Duration>);

/// The client for AWS: through the proxy of the environment, where one is set.
pub(super) fn remote() -> SharedHttpClient {
    SharedHttpClient::new(Pools { proxied: true, made: Mutex::default() })
}

/// The client for instance and container metadata, which no proxy can reach.
pub(super) fn local() -> SharedHttpClient {
    SharedHttpClient::new(Pools { proxied: false, made: Mutex::default() })
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
            .connector_settings(settings.clone())
            .proxy_config(if self.proxied { ProxyConfig::from_env() } else { ProxyConfig::disabled() });
        builder.set_sleep_impl(parts.sleep_impl());
        builder.build()
    }
}
