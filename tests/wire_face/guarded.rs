//! Findings, secrets and task definitions of the small world: full ones with every member set, and bare ones with a name alone.

use async_trait::async_trait;
use rounds::backend::ports::{GuardDuty, Page, Secrets, TaskDefinitions, limits};
use rounds::model::finding::{Concerned, Detector, Feature, Finding};
use rounds::model::secret::{Handed, Secret, TaskDefinition, Version};
use rounds::model::{Fault, FaultKind};
use rounds::text::Text;

use crate::databases::HOSTILE;
use crate::world::{ACCOUNT, REGION, arn, later, paged, some, text};

#[derive(Clone)]
pub struct Guarded {
    pub detectors: Vec<Detector>,
    /// The most severe first.
    pub findings: Vec<Finding>,
    pub secrets: Vec<Secret>,
    /// Of the first secret.
    pub versions: Vec<Version>,
    pub definitions: Vec<TaskDefinition>,
}

/// The detector that has the findings.
pub const DETECTOR: &str = "d0000000000000000000000000000000";

/// Two detectors, 124 findings, some of them archived, 103 secrets, 105 versions, 2 task definitions.
pub fn guarded() -> Guarded {
    let mut findings: Vec<Finding> = (0..122).map(finding).collect();
    let bare = Finding { id: text("f-bare"), arn: text("arn:bare"), kind: text("New:Odd/Thing"), ..finding(200) };
    let bare = Finding { title: None, description: None, count: None, resource: Concerned::default(), ..bare };
    let sample = Finding { id: text("f-sample"), sample: true, severity: Some(10.0), ..finding(0) };
    findings.extend([bare, sample]);
    findings.sort_by(|a, b| b.severity.unwrap().total_cmp(&a.severity.unwrap()));
    let mut secrets: Vec<Secret> = (0..102).map(secret).collect();
    let bare = Secret { name: text("zz-bare"), arn: secret_arn("zz-bare"), ..Secret::default() };
    secrets.push(bare);
    let version = |n: u32| Version {
        id: text(format!("v{n:03}-0123456789-0123456789-012345")),
        stages: if n == 3 { vec![text(Secret::CURRENT), text(HOSTILE)] } else { Vec::new() },
        created_at: later(-1_000 * i64::from(n)),
    };
    let definitions = vec![definition(), TaskDefinition { arn: arn("task-definition", "bare:1"), secrets: vec![] }];
    Guarded { detectors: detectors(), findings, secrets, versions: (0..105).map(version).collect(), definitions }
}

fn detectors() -> Vec<Detector> {
    let feature = |name, status| Feature { name: text(name), status: some(status) };
    let features = vec![
        feature("CLOUD_TRAIL", "ENABLED"),
        feature("RUNTIME_MONITORING", "ENABLED"),
        feature("RUNTIME_MONITORING/ECS_FARGATE_AGENT_MANAGEMENT", "DISABLED"),
        feature("RUNTIME_MONITORING/EC2_AGENT_MANAGEMENT", "ENABLED"),
        feature("S3_DATA_EVENTS", "DISABLED"),
    ];
    let full = Detector {
        id: text(DETECTOR),
        status: some("ENABLED"),
        frequency: some("SIX_HOURS"),
        features,
        administrator: Some(some("210987654321")),
    };
    let off = Detector { id: text("d1"), status: some("DISABLED"), administrator: Some(None), ..Detector::default() };
    vec![full, off]
}

fn finding(n: u32) -> Finding {
    let on_task = n.is_multiple_of(3);
    Finding {
        id: text(format!("f{n:03}")),
        arn: text(format!("arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/{DETECTOR}/finding/f{n:03}")),
        detector: text(DETECTOR),
        kind: text("CryptoCurrency:Runtime/BitcoinTool.B"),
        title: some(HOSTILE),
        description: some("somebody <script>mines</script>"),
        severity: Some(1.0 + f64::from(n % 90) / 10.0),
        count: Some(u64::from(n)),
        created_at: later(-100_000),
        updated_at: later(-1_000 * i64::from(n)),
        first_seen_at: later(-200_000),
        last_seen_at: later(-500),
        archived: Some(n % 5 == 1),
        account: some("210987654321"),
        region: some(REGION),
        sample: false,
        resource: Concerned {
            kind: some(if on_task { "ECSCluster" } else { "Instance" }),
            instance: (!on_task).then(|| text(format!("i-{n:017x}"))),
            cluster: on_task.then(|| arn("cluster", "ehr")),
            task: on_task.then(|| arn("task", "ehr/0")),
            container: some("app"),
            database: (n == 7).then(|| text("db-001")),
            other: (n == 8).then(|| text("ana")),
        },
    }
}

fn secret_arn(name: &str) -> Text {
    text(format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"))
}

/// Every tenth is to be deleted.
fn secret(n: u32) -> Secret {
    let name = format!("prod/db/{n:03}");
    let labels = |labels: &[&str]| labels.iter().map(|l| text(*l)).collect();
    Secret {
        arn: secret_arn(&name),
        name: text(name),
        key: some("alias/own"),
        rotation_enabled: Some(n.is_multiple_of(2)),
        lambda: some("arn:aws:lambda:::function:rotate"),
        rotates_after_days: Some(30),
        schedule: some("cron(0 16 1,15 * ? *)"),
        window: some("3h"),
        rotated_at: later(-2_000),
        rotates_at: later(2_000),
        changed_at: later(-1_500),
        accessed_at: later(-86_400_000),
        deleted_at: if n % 10 == 9 { later(604_800_000) } else { None },
        created_at: later(-5_000_000),
        owner: some("rds"),
        primary_region: some(REGION),
        versions: [
            (text("v002-0123456789-0123456789-012345"), labels(&["AWSPREVIOUS"])),
            (text("v003-0123456789-0123456789-012345"), labels(&["AWSCURRENT", "AWSPENDING"])),
        ]
        .into(),
        tags: vec![(text("rotation"), text("30")), (text("note"), text(HOSTILE))],
        ..Secret::default()
    }
}

fn definition() -> TaskDefinition {
    let handed = |container: &str, name: &str, from: &str| Handed {
        container: text(container),
        name: text(name),
        from: text(from),
    };
    let password = format!("{}:password::", secret_arn("prod/db/000"));
    TaskDefinition {
        arn: arn("task-definition", "api:7"),
        secrets: vec![
            handed("api", "DB_PASSWORD", &password),
            handed("api", "FEATURES", "arn:aws:ssm:::parameter/features"),
            handed("api", "repositoryCredentials", &secret_arn("registry")),
            handed("log", "TOKEN", &secret_arn("log")),
            handed("log", "logConfiguration/splunk-token", &secret_arn("splunk")),
        ],
    }
}

fn rejected(action: &'static str, what: &str) -> Fault {
    Fault::new(FaultKind::Rejected, action, format!("there is no {what}"))
}

#[async_trait]
impl GuardDuty for Guarded {
    async fn detectors(&self, token: Option<&str>) -> Result<Page<String>, Fault> {
        let ids: Vec<String> = self.detectors.iter().map(|d| d.id.to_string()).collect();
        Ok(paged(&ids, token))
    }
    async fn detector(&self, id: &str) -> Result<Detector, Fault> {
        let found = self.detectors.iter().find(|d| d.id == *id).cloned();
        let found = found.map(|detector| Detector { administrator: None, ..detector });
        found.ok_or_else(|| rejected("guardduty:GetDetector", id))
    }
    async fn administrator(&self, detector: &str) -> Result<Option<Text>, Fault> {
        let found = self.detectors.iter().find(|d| d.id == *detector);
        Ok(found.and_then(|d| d.administrator.clone().flatten()))
    }
    async fn finding_ids(&self, detector: &str, archived: bool, token: Option<&str>) -> Result<Page<String>, Fault> {
        let own = self.findings.iter().filter(|f| f.detector == *detector && f.archived == Some(archived));
        let ids: Vec<String> = own.map(|f| f.id.to_string()).collect();
        Ok(paged(&ids, token))
    }
    async fn findings(&self, detector: &str, ids: &[String]) -> Result<Vec<Finding>, Fault> {
        assert!(ids.len() <= limits::FINDINGS_PAGE);
        let own = self.findings.iter().filter(|f| f.detector == *detector);
        Ok(own.filter(|f| ids.iter().any(|id| f.id == id.as_str())).cloned().collect())
    }
}

#[async_trait]
impl Secrets for Guarded {
    async fn secrets(&self, token: Option<&str>) -> Result<Page<Secret>, Fault> {
        Ok(paged(&self.secrets, token))
    }
    async fn secret(&self, arn: &str) -> Result<Secret, Fault> {
        let found = self.secrets.iter().find(|s| s.arn == *arn).cloned();
        found.ok_or_else(|| rejected("secretsmanager:DescribeSecret", arn))
    }
    async fn versions(&self, arn: &str, token: Option<&str>) -> Result<Page<Version>, Fault> {
        let own: &[Version] = if self.secrets[0].arn == *arn { &self.versions } else { &[] };
        Ok(paged(own, token))
    }
}

#[async_trait]
impl TaskDefinitions for Guarded {
    async fn task_definition(&self, arn: &str) -> Result<TaskDefinition, Fault> {
        let found = self.definitions.iter().find(|d| d.arn == *arn).cloned();
        found.ok_or_else(|| rejected("ecs:DescribeTaskDefinition", arn))
    }
}
