use proptest::prelude::*;

use super::*;
use crate::backend::aws::replay::{self, xml};
use crate::model::FaultKind;
use crate::model::rds::{ClusterMember, PendingChange, ReplicaState};
use crate::text::Text;

/// An answer of `operation` that holds `inner` and a marker.
fn answer(operation: &str, inner: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{operation}Result>{inner}\
         <Marker>n</Marker></{operation}Result></{operation}Response>"
    )
}

#[expect(clippy::unnecessary_wraps, reason = "most members of a model are optional")]
fn some(value: &str) -> Option<Text> {
    Some(Text::from(value))
}

fn at(value: &str) -> Option<Timestamp> {
    Timestamp::parse(value).ok()
}

async fn instances(inner: &str) -> Page<DbInstance> {
    let body = answer("DescribeDBInstances", &format!("<DBInstances>{inner}</DBInstances>"));
    let (config, access, sent) = replay::of([xml(200, &body)]);
    let page = AwsRds::new(&config, access).instances(Some("m")).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    assert_eq!(asked, "Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=100&Marker=m");
    page
}

async fn clusters(inner: &str) -> Page<DbCluster> {
    let body = answer("DescribeDBClusters", &format!("<DBClusters>{inner}</DBClusters>"));
    let (config, access, sent) = replay::of([xml(200, &body)]);
    let page = AwsRds::new(&config, access).clusters(None).await.unwrap();
    assert_eq!(sent.lock().unwrap()[0], "Action=DescribeDBClusters&Version=2014-10-31&MaxRecords=100");
    page
}

const INSTANCE: &str = "<DBInstance>\
    <DBInstanceIdentifier>ehr-1</DBInstanceIdentifier><DBInstanceArn>arn:aws:rds:eu-west-1:1:db:ehr-1</DBInstanceArn>\
    <DBInstanceStatus>configuring-warp-drive</DBInstanceStatus><DBInstanceClass>db.r6g.large</DBInstanceClass>\
    <Engine>postgres</Engine><EngineVersion>16.4</EngineVersion>\
    <Endpoint><Address>ehr-1.example</Address><Port>5432</Port></Endpoint>\
    <AvailabilityZone>eu-west-1a</AvailabilityZone><SecondaryAvailabilityZone>eu-west-1b</SecondaryAvailabilityZone>\
    <MultiAZ>true</MultiAZ><DBClusterIdentifier>ehr</DBClusterIdentifier><PromotionTier>2</PromotionTier>\
    <ReadReplicaSourceDBInstanceIdentifier>ehr-0</ReadReplicaSourceDBInstanceIdentifier>\
    <StatusInfos><DBInstanceStatusInfo><StatusType>read replication</StatusType><Normal>false</Normal>\
    <Status>error</Status><Message>no such slot &lt;x&gt;\u{9b}2J</Message></DBInstanceStatusInfo></StatusInfos>\
    <AllocatedStorage>100</AllocatedStorage><MaxAllocatedStorage>1000</MaxAllocatedStorage>\
    <StorageEncrypted>false</StorageEncrypted><StorageEncryptionType>sse-rds</StorageEncryptionType>\
    <PubliclyAccessible>false</PubliclyAccessible><DeletionProtection>true</DeletionProtection>\
    <EnabledCloudwatchLogsExports><member>postgresql</member></EnabledCloudwatchLogsExports>\
    <IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
    <AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade><BackupRetentionPeriod>7</BackupRetentionPeriod>\
    <LatestRestorableTime>2026-03-14T03:12:44Z</LatestRestorableTime>\
    <CACertificateIdentifier>rds-ca-rsa2048-g1</CACertificateIdentifier>\
    <CertificateDetails><CAIdentifier>rds-ca-rsa2048-g1</CAIdentifier><ValidTill>2027-01-01T00:00:00Z</ValidTill>\
    </CertificateDetails>\
    <PendingModifiedValues><MultiAZ>false</MultiAZ><MasterUserPassword>hunter2</MasterUserPassword>\
    <AllocatedStorage>200</AllocatedStorage><PendingCloudwatchLogsExports>\
    <LogTypesToEnable><member>upgrade</member></LogTypesToEnable><LogTypesToDisable><member>postgresql</member>\
    </LogTypesToDisable></PendingCloudwatchLogsExports><ProcessorFeatures><ProcessorFeature><Name>coreCount</Name>\
    <Value>4</Value></ProcessorFeature></ProcessorFeatures></PendingModifiedValues>\
    <PreferredMaintenanceWindow>sun:05:00-sun:06:00</PreferredMaintenanceWindow>\
    <MasterUserSecret><SecretArn>arn:s</SecretArn><SecretStatus>impaired</SecretStatus></MasterUserSecret>\
    <InstanceCreateTime>2024-03-14T03:12:44.123Z</InstanceCreateTime></DBInstance>";

#[tokio::test]
async fn a_full_instance_keeps_every_field_but_a_password() {
    let page = instances(INSTANCE).await;
    assert_eq!(page.next.as_deref(), Some("n"));
    let change = |name, value: &str| PendingChange { name, value: Text::from(value) };
    let expected = DbInstance {
        id: "ehr-1".into(),
        arn: "arn:aws:rds:eu-west-1:1:db:ehr-1".into(),
        status: some("configuring-warp-drive"),
        class: some("db.r6g.large"),
        engine: some("postgres"),
        version: some("16.4"),
        endpoint: some("ehr-1.example"),
        az: some("eu-west-1a"),
        standby_az: some("eu-west-1b"),
        multi_az: Some(true),
        cluster: some("ehr"),
        promotion_tier: Some(2),
        replica_of: some("ehr-0"),
        replication: vec![ReplicaState {
            normal: Some(false),
            status: some("error"),
            message: some("no such slot <x>\u{9b}2J"),
        }],
        allocated: Some(100),
        max_allocated: Some(1_000),
        encrypted: Some(false),
        encryption_type: some("sse-rds"),
        public: Some(false),
        deletion_protection: Some(true),
        log_exports: vec!["postgresql".into()],
        iam_auth: Some(true),
        auto_minor_upgrade: Some(true),
        backup_days: Some(7),
        restorable_at: at("2026-03-14T03:12:44Z"),
        ca: some("rds-ca-rsa2048-g1"),
        certificate_until: at("2027-01-01T00:00:00Z"),
        pending: vec![
            change("MultiAZ", "false"),
            change("AllocatedStorage", "200"),
            change("MasterUserPassword", "new"),
            change("ProcessorFeatures", "coreCount=4"),
            change("PendingCloudwatchLogsExports", "upgrade, -postgresql"),
        ],
        maintenance_window: some("sun:05:00-sun:06:00"),
        master_secret: Some(MasterSecret { arn: some("arn:s"), status: some("impaired") }),
        created_at: at("2024-03-14T03:12:44.123Z"),
    };
    assert_eq!(page.items, [expected]);
    assert!(!page.items[0].replication[0].message.as_deref().unwrap().contains('\u{9b}'));
    assert!(!format!("{page:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_is_absent_stays_absent() {
    assert_eq!(instances("<DBInstance/>").await.items, [DbInstance::default()]);
    assert_eq!(clusters("<DBCluster/>").await.items, [DbCluster::default()]);
    let empty = "<DBInstance><DBInstanceStatus></DBInstanceStatus><PendingModifiedValues/><StatusInfos/></DBInstance>";
    assert_eq!(instances(empty).await.items, [DbInstance::default()]);
}

#[tokio::test]
async fn databases_of_other_services_are_left_out_and_unknown_engines_kept() {
    let of = |kind: &str| {
        ["docdb", "neptune", "aurora-postgresql", "custom-oracle-ee", "hyperdrive"]
            .map(|engine| format!("<{kind}><Engine>{engine}</Engine></{kind}>"))
            .concat()
    };
    let expected = ["aurora-postgresql", "custom-oracle-ee", "hyperdrive"].map(Some);
    let page = instances(&of("DBInstance")).await;
    assert_eq!(page.items.iter().map(|i| i.engine.as_deref()).collect::<Vec<_>>(), expected);
    let page = clusters(&of("DBCluster")).await;
    assert_eq!(page.items.iter().map(|c| c.engine.as_deref()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_full_cluster_keeps_its_members_and_zones() {
    let page = clusters(
        "<DBCluster><DBClusterIdentifier>ehr</DBClusterIdentifier><DBClusterArn>arn:c</DBClusterArn>\
         <Status>failing-over</Status><Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion>\
         <Endpoint>ehr.cluster.example</Endpoint><MultiAZ>true</MultiAZ>\
         <AvailabilityZones><AvailabilityZone>eu-west-1a</AvailabilityZone>\
         <AvailabilityZone>eu-west-1b</AvailabilityZone></AvailabilityZones>\
         <DBClusterMembers><DBClusterMember><DBInstanceIdentifier>ehr-1</DBInstanceIdentifier>\
         <IsClusterWriter>true</IsClusterWriter><PromotionTier>0</PromotionTier>\
         <DBClusterParameterGroupStatus>pending-reboot</DBClusterParameterGroupStatus></DBClusterMember>\
         <DBClusterMember/></DBClusterMembers><AllocatedStorage>1</AllocatedStorage>\
         <StorageEncrypted>true</StorageEncrypted><StorageEncryptionType>sse-quantum</StorageEncryptionType>\
         <ReplicationSourceIdentifier>arn:other</ReplicationSourceIdentifier>\
         <PendingModifiedValues><MasterUserPassword>hunter2</MasterUserPassword><EngineVersion>17.1</EngineVersion>\
         <CertificateDetails><CAIdentifier>rds-ca-ecc384-g1</CAIdentifier></CertificateDetails>\
         </PendingModifiedValues><CertificateDetails><CAIdentifier>rds-ca-rsa2048-g1</CAIdentifier>\
         <ValidTill>2027-01-01T00:00:00Z</ValidTill></CertificateDetails>\
         <ClusterCreateTime>2024-03-14T03:12:44Z</ClusterCreateTime></DBCluster>",
    )
    .await;
    let change = |name, value: &str| PendingChange { name, value: Text::from(value) };
    let writer = ClusterMember {
        instance: "ehr-1".into(),
        is_writer: Some(true),
        promotion_tier: Some(0),
        parameters: some("pending-reboot"),
    };
    let expected = DbCluster {
        id: "ehr".into(),
        arn: "arn:c".into(),
        status: some("failing-over"),
        engine: some("aurora-postgresql"),
        version: some("16.4"),
        endpoint: some("ehr.cluster.example"),
        multi_az: Some(true),
        zones: vec!["eu-west-1a".into(), "eu-west-1b".into()],
        members: vec![writer, ClusterMember::default()],
        allocated: Some(1),
        encrypted: Some(true),
        encryption_type: some("sse-quantum"),
        ca: some("rds-ca-rsa2048-g1"),
        certificate_until: at("2027-01-01T00:00:00Z"),
        pending: vec![
            change("EngineVersion", "17.1"),
            change("MasterUserPassword", "new"),
            change("CertificateDetails", "rds-ca-ecc384-g1"),
        ],
        replica_of: some("arn:other"),
        created_at: at("2024-03-14T03:12:44Z"),
        ..DbCluster::default()
    };
    assert_eq!(page.items, [expected]);
    assert!(!format!("{page:?}").contains("hunter2"));
}

#[tokio::test]
async fn events_are_asked_for_since_a_time_and_until_now() {
    let body = answer(
        "DescribeEvents",
        "<Events><Event><SourceIdentifier>ehr-1</SourceIdentifier><SourceType>db-starship</SourceType>\
         <Message>Multi-AZ instance failover started.\u{9d}0;x\u{202e}</Message>\
         <EventCategories><EventCategory>failover</EventCategory></EventCategories>\
         <Date>2026-03-14T03:12:44.500Z</Date><SourceArn>arn:i</SourceArn></Event><Event/></Events>",
    );
    let (config, access, sent) = replay::of([xml(200, &body)]);
    let since = Timestamp::parse("2026-03-14T02:00:00.250Z").unwrap();
    let page = AwsRds::new(&config, access).events(since, Some("m")).await.unwrap();
    let asked = sent.lock().unwrap()[0].clone();
    assert_eq!(
        asked,
        "Action=DescribeEvents&Version=2014-10-31&StartTime=2026-03-14T02%3A00%3A00.25Z&MaxRecords=100&Marker=m"
    );
    assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("n")));
    let event = &page.items[0];
    assert_eq!(
        (event.at, &*event.source, event.arn.as_deref()),
        (at("2026-03-14T03:12:44.5Z"), "ehr-1", Some("arn:i"))
    );
    assert_eq!((event.source_type.as_deref(), &*event.categories[0]), (Some("db-starship"), "failover"));
    assert!(
        event.message.starts_with("Multi-AZ instance failover started.")
            && !event.message.contains(['\u{9d}', '\u{202e}'])
    );
    assert_eq!(page.items[1], Event::default());
}

#[tokio::test]
async fn maintenance_is_one_action_each() {
    let body = answer(
        "DescribePendingMaintenanceActions",
        "<PendingMaintenanceActions><ResourcePendingMaintenanceActions><ResourceIdentifier>arn:i</ResourceIdentifier>\
         <PendingMaintenanceActionDetails><PendingMaintenanceAction><Action>system-update</Action>\
         <AutoAppliedAfterDate>2026-03-20T00:00:00Z</AutoAppliedAfterDate>\
         <ForcedApplyDate>2026-04-01T00:00:00Z</ForcedApplyDate><OptInStatus>next-maintenance</OptInStatus>\
         <CurrentApplyDate>2026-03-21T00:00:00Z</CurrentApplyDate><Description>New OS</Description>\
         </PendingMaintenanceAction><PendingMaintenanceAction/></PendingMaintenanceActionDetails>\
         </ResourcePendingMaintenanceActions><ResourcePendingMaintenanceActions/></PendingMaintenanceActions>",
    );
    let (config, access, _) = replay::of([xml(200, &body)]);
    let page = AwsRds::new(&config, access).maintenance(None).await.unwrap();
    let full = Maintenance {
        arn: "arn:i".into(),
        action: "system-update".into(),
        description: some("New OS"),
        auto_at: at("2026-03-20T00:00:00Z"),
        forced_at: at("2026-04-01T00:00:00Z"),
        current_at: at("2026-03-21T00:00:00Z"),
        opt_in: some("next-maintenance"),
    };
    assert_eq!(page.items, [full, Maintenance { arn: "arn:i".into(), ..Maintenance::default() }]);
}

#[tokio::test]
async fn refusals_are_told_by_their_codes() {
    for (status, code, kind) in [
        (400, "Throttling", FaultKind::Throttled),
        (503, "RequestLimitExceeded", FaultKind::Throttled),
        (403, "AccessDenied", FaultKind::Denied),
        (403, "ExpiredToken", FaultKind::Expired),
        (501, "NotImplemented", FaultKind::Unsupported),
        (400, "InvalidParameterValue", FaultKind::Rejected),
        (500, "InternalFailure", FaultKind::Server),
    ] {
        let body = format!(
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>because</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        let (config, access, _) = replay::of([xml(status, &body)]);
        let fault = AwsRds::new(&config, access).instances(None).await.unwrap_err();
        assert_eq!((fault.kind, fault.action), (kind, "rds:DescribeDBInstances"), "{fault}");
        assert_eq!((fault.code.as_deref(), &*fault.message), (Some(code), "because"));
    }
}

/// What every list makes of the same answer.
async fn all_lists(status: u16, body: &str) -> Vec<Result<usize, FaultKind>> {
    let (config, access, _) = replay::of(std::iter::repeat_with(|| xml(status, body)).take(4));
    let rds = AwsRds::new(&config, access);
    let since = Timestamp::from_secs(1);
    vec![
        rds.instances(None).await.map(|page| page.items.len()).map_err(|fault| fault.kind),
        rds.clusters(None).await.map(|page| page.items.len()).map_err(|fault| fault.kind),
        rds.events(since, None).await.map(|page| page.items.len()).map_err(|fault| fault.kind),
        rds.maintenance(None).await.map(|page| page.items.len()).map_err(|fault| fault.kind),
    ]
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_of_another_form_cannot_be_read() {
    let whole = answer("DescribeDBInstances", &format!("<DBInstances>{INSTANCE}</DBInstances>"));
    let texts = ["", "{}", "<html><body>hi</body></html>", "\u{0}\u{1}", &whole[..20]];
    for text in texts {
        assert_eq!(all_lists(200, text).await, [Err(FaultKind::Malformed); 4], "{text}");
        assert_eq!(all_lists(500, text).await, [Err(FaultKind::Server); 4], "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, it is a page or a fault.
    #[test]
    fn no_answer_is_a_panic(noise in "\\PC{0,60}", cut in 0_usize..4_000, status in prop::sample::select(vec![200_u16, 400, 403, 503])) {
        let mut body = answer("DescribeDBInstances", &format!("<DBInstances>{INSTANCE}</DBInstances>"));
        let cut = (0..=cut.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
        body.insert_str(cut, &noise);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(all_lists(status, &body));
        runtime.block_on(all_lists(status, &body[cut..]));
    }
}
