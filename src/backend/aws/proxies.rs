//! RDS Proxy.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;
use aws_sdk_rds::types::{
    DbProxy, DbProxyStatus, DbProxyTarget, TargetHealth, TargetHealthReason, TargetRole, TargetState, TargetType,
    UserAuthConfigInfo,
};

use super::access::Access;
use super::rds::page_size;
use super::values::{number, shared, text, text_or_empty, texts, token};
use super::whole::Whole;
use crate::backend::ports::{Page, RdsProxies};
use crate::model::Fault;
use crate::model::rds::{Proxy, Target};

/// The adapter.
pub(super) struct AwsProxies {
    client: Client,
    access: Access,
}

impl AwsProxies {
    pub fn new(config: &SdkConfig, access: Access) -> Self {
        Self { client: Client::from_conf(Builder::from(config).interceptor(Whole).build()), access }
    }
}

#[async_trait]
impl RdsProxies for AwsProxies {
    async fn proxies(&self, from: Option<&str>) -> Result<Page<Proxy>, Fault> {
        let request = self.client.describe_db_proxies().max_records(page_size()).set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribeDBProxies", request.send()).await?;
        Ok(Page { items: page.db_proxies().iter().map(proxy).collect(), next: token(page.marker()) })
    }

    async fn targets(&self, proxy: &str, from: Option<&str>) -> Result<Page<Target>, Fault> {
        let request = self
            .client
            .describe_db_proxy_targets()
            .db_proxy_name(proxy)
            .max_records(page_size())
            .set_marker(from.map(str::to_owned));
        let page = self.access.ask("rds:DescribeDBProxyTargets", request.send()).await?;
        Ok(Page { items: page.targets().iter().map(target).collect(), next: token(page.marker()) })
    }

    /// RDS has one target group a proxy, the default one; so one page is all there is.
    async fn max_connections_percent(&self, proxy: &str) -> Result<Option<u32>, Fault> {
        let request = self.client.describe_db_proxy_target_groups().db_proxy_name(proxy).max_records(page_size());
        let page = self.access.ask("rds:DescribeDBProxyTargetGroups", request.send()).await?;
        let default = page.target_groups().iter().find(|group| group.is_default() == Some(true));
        Ok(number(default.and_then(|group| group.connection_pool_config()?.max_connections_percent())))
    }
}

fn proxy(raw: &DbProxy) -> Proxy {
    Proxy {
        name: text_or_empty(raw.db_proxy_name()),
        arn: text_or_empty(raw.db_proxy_arn()),
        status: shared(raw.status().map(DbProxyStatus::as_str)),
        engine: shared(raw.engine_family()),
        requires_tls: raw.require_tls(),
        endpoint: text(raw.endpoint()),
        secrets: texts(raw.auth().iter().filter_map(UserAuthConfigInfo::secret_arn)),
        ..Proxy::default()
    }
}

fn target(raw: &DbProxyTarget) -> Target {
    let health = raw.target_health();
    Target {
        id: text(raw.rds_resource_id()),
        cluster: text(raw.tracked_cluster_id()),
        kind: shared(raw.r#type().map(TargetType::as_str)),
        role: shared(raw.role().map(TargetRole::as_str)),
        state: shared(health.and_then(TargetHealth::state).map(TargetState::as_str)),
        reason: shared(health.and_then(TargetHealth::reason).map(TargetHealthReason::as_str)),
        description: text(health.and_then(TargetHealth::description)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::aws::replay::{self, xml};
    use crate::text::Text;

    /// An adapter that gets this for the next `operation`, and what it sends.
    fn answered(operation: &str, inner: &str) -> (AwsProxies, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
        let body = format!(
            "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{inner}\
             <Marker></Marker></{operation}Result></{operation}Response>"
        );
        let (config, access, sent) = replay::of([xml(200, &body)]);
        (AwsProxies::new(&config, access), sent)
    }

    #[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
    fn some(value: &str) -> Option<Text> {
        Some(Text::from(value))
    }

    #[tokio::test]
    async fn proxies_keep_every_field_and_their_secrets_arns() {
        let (proxies, sent) = answered(
            "DescribeDBProxies",
            "<DBProxies><member><DBProxyName>ehr</DBProxyName><DBProxyArn>arn:p</DBProxyArn>\
             <Status>insufficient-everything</Status><EngineFamily>POSTGRESQL</EngineFamily>\
             <RequireTLS>true</RequireTLS><Endpoint>ehr.proxy.example</Endpoint>\
             <Auth><member><AuthScheme>SECRETS</AuthScheme><SecretArn>arn:s</SecretArn></member><member/></Auth></member>\
             <member/></DBProxies>",
        );
        let page = proxies.proxies(Some("m")).await.unwrap();
        assert_eq!(sent.lock().unwrap()[0], "Action=DescribeDBProxies&Version=2014-10-31&Marker=m&MaxRecords=100");
        let full = Proxy {
            name: "ehr".into(),
            arn: "arn:p".into(),
            status: some("insufficient-everything"),
            engine: some("POSTGRESQL"),
            requires_tls: Some(true),
            endpoint: some("ehr.proxy.example"),
            secrets: vec!["arn:s".into()],
            ..Proxy::default()
        };
        assert_eq!((page.items, page.next), (vec![full, Proxy::default()], None));
    }

    #[tokio::test]
    async fn targets_say_how_they_are() {
        let (proxies, sent) = answered(
            "DescribeDBProxyTargets",
            "<Targets><member><RdsResourceId>ehr-1</RdsResourceId><TrackedClusterId>ehr</TrackedClusterId>\
             <Type>RDS_INSTANCE</Type><Role>READ_WRITE</Role><TargetHealth><State>UNAVAILABLE</State>\
             <Reason>AUTH_FAILURE</Reason><Description>no\u{9}way</Description></TargetHealth></member><member/></Targets>",
        );
        let page = proxies.targets("ehr", None).await.unwrap();
        let asked = sent.lock().unwrap()[0].clone();
        assert_eq!(asked, "Action=DescribeDBProxyTargets&Version=2014-10-31&DBProxyName=ehr&MaxRecords=100");
        let full = Target {
            id: some("ehr-1"),
            cluster: some("ehr"),
            kind: some("RDS_INSTANCE"),
            role: some("READ_WRITE"),
            state: some("UNAVAILABLE"),
            reason: some("AUTH_FAILURE"),
            description: some("no\u{9}way"),
        };
        assert_eq!(page.items, [full, Target::default()]);
    }

    #[tokio::test]
    async fn the_share_of_connections_is_the_default_group_s() {
        let group = |default, percent| {
            format!(
                "<member><IsDefault>{default}</IsDefault><ConnectionPoolConfig><MaxConnectionsPercent>{percent}\
                 </MaxConnectionsPercent></ConnectionPoolConfig></member>"
            )
        };
        for (groups, expected) in [
            (group(false, 10) + &group(true, 80), Some(80)),
            (group(false, 10), None),
            ("<member><IsDefault>true</IsDefault></member>".to_owned(), None),
            (String::new(), None),
        ] {
            let (proxies, _) =
                answered("DescribeDBProxyTargetGroups", &format!("<TargetGroups>{groups}</TargetGroups>"));
            assert_eq!(proxies.max_connections_percent("ehr").await, Ok(expected), "{groups}");
        }
    }
}
