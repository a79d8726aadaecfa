"""What boto3 makes of a server: fills it with objects, and lists what is on it then as JSON.

usage: second_opinion.py ENDPOINT fill CLUSTER SERVICES TASKS INSTANCES
       second_opinion.py ENDPOINT staff CLUSTER SERVICE TASKS
       second_opinion.py ENDPOINT list CLUSTER
       second_opinion.py ENDPOINT deployments CLUSTER SERVICE
       second_opinion.py ENDPOINT trail EVENT
       second_opinion.py ENDPOINT databases COUNT
       second_opinion.py ENDPOINT proxy NAME DATABASE
       second_opinion.py ENDPOINT reboot DATABASE
       second_opinion.py ENDPOINT status DATABASE
       second_opinion.py ENDPOINT writers CLUSTER
       second_opinion.py ENDPOINT whoami
       second_opinion.py ENDPOINT measure DATABASE
       second_opinion.py ENDPOINT scaling CLUSTER
       second_opinion.py ENDPOINT targets
       second_opinion.py ENDPOINT groups suspend|refresh
       second_opinion.py ENDPOINT alarms METRIC COMPOSITE
       second_opinion.py ENDPOINT refused SERVICE OPERATION PARAMETERS
       second_opinion.py ENDPOINT secrets COUNT
       second_opinion.py ENDPOINT secret NAME fill|list
       second_opinion.py ENDPOINT logged GROUP make|list
       second_opinion.py ENDPOINT findings
       second_opinion.py ENDPOINT found
       second_opinion.py ENDPOINT stand CLUSTER GROUP
       second_opinion.py ENDPOINT standing GROUP
       second_opinion.py ENDPOINT powerless"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]


def client(service):
    config = Config(retries={"max_attempts": 1}, max_pool_connections=16)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1", config=config, **keys)


ecs = client("ecs")


def fill(cluster, services, tasks, instances):
    """Creates a cluster with that many services, Fargate tasks and container instances; gives what is then on it."""
    ecs.create_cluster(clusterName=cluster)
    container = {"name": "app", "image": "repo/app:1", "cpu": 64, "memory": 128}
    ecs.register_task_definition(family="app", containerDefinitions=[container], cpu="256", memory="512")
    create = lambda n: ecs.create_service(  # noqa: E731
        cluster=cluster,
        serviceName=f"service-{n:04}",
        taskDefinition="app",
        desiredCount=n % 4,
        launchType="FARGATE" if n % 2 else "EC2",
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(int(services))))
    batch = 10  # the most RunTask starts at once
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    for done in range(0, int(tasks), batch):
        count = min(batch, int(tasks) - done)
        ecs.run_task(
            cluster=cluster, taskDefinition="app", count=count, launchType="FARGATE", networkConfiguration=network
        )
    if int(instances):
        register_instances(cluster, int(instances))
    return list_all(cluster)


def staff(cluster, service, tasks):
    """Runs tasks that count as the service's, for an emulator whose services start none."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    ecs.run_task(
        cluster=cluster, taskDefinition="app", count=int(tasks), launchType="FARGATE", networkConfiguration=network,
        group=f"service:{service}",
    )


def register_instances(cluster, count):
    """Starts EC2 instances and registers them as an agent would, with their identity documents."""
    ec2 = client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count)["Instances"]

    def register(instance):
        document = {
            "instanceId": instance["InstanceId"],
            "accountId": "123456789012",
            "region": "us-east-1",
            "availabilityZone": instance["Placement"]["AvailabilityZone"],
        }
        ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=json.dumps(document))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, started))


def pages(operation, key, **arguments):
    paginator = ecs.get_paginator(operation)
    return [item for page in paginator.paginate(**arguments) for item in page[key]]


def list_all(cluster):
    """Everything on the cluster, in the fields that are compared."""
    c = {"cluster": cluster}
    batches = lambda arns, size: (arns[at : at + size] for at in range(0, len(arns), size))  # noqa: E731
    services = [
        s
        for batch in batches(pages("list_services", "serviceArns", **c), 10)
        for s in ecs.describe_services(services=batch, **c)["services"]
    ]
    tasks = [
        t
        for status in ("RUNNING", "STOPPED")
        for batch in batches(pages("list_tasks", "taskArns", desiredStatus=status, **c), 100)
        for t in ecs.describe_tasks(tasks=batch, **c)["tasks"]
    ]
    instances = [
        i
        for batch in batches(pages("list_container_instances", "containerInstanceArns", **c), 100)
        for i in ecs.describe_container_instances(containerInstances=batch, **c)["containerInstances"]
    ]
    keep = lambda raw, *names: {name: raw[name] for name in names if raw.get(name) not in (None, "")}  # noqa: E731
    counts = ("desiredCount", "runningCount", "pendingCount")
    return {
        "clusters": pages("list_clusters", "clusterArns"),
        "services": [
            keep(s, "serviceArn", "serviceName", "status", "launchType", "taskDefinition", *counts) for s in services
        ],
        "tasks": [
            keep(t, "taskArn", "group", "lastStatus", "desiredStatus", "taskDefinitionArn")
            for t in tasks
        ],
        "instances": [
            keep(i, "containerInstanceArn", "ec2InstanceId", "status", "agentConnected", "runningTasksCount")
            for i in instances
        ],
    }


def powerless():
    """Keys of a user who may do nothing."""
    iam = client("iam")
    iam.create_user(UserName="powerless")
    key = iam.create_access_key(UserName="powerless")["AccessKey"]
    return {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def deployments(cluster, service):
    """The service's deployments: id, status and state of each, and how many tasks run."""
    found = ecs.describe_services(cluster=cluster, services=[service])["services"][0]
    keep = lambda d: {name: d.get(name) for name in ("id", "status", "rolloutState")}  # noqa: E731
    return {"deployments": [keep(d) for d in found["deployments"]], "running": found["runningCount"]}


def trail(event):
    """The parameters of every such call, as CloudTrail has them."""
    by = [{"AttributeKey": "EventName", "AttributeValue": event}]
    events = client("cloudtrail").lookup_events(LookupAttributes=by)["Events"]
    return [json.loads(e["CloudTrailEvent"]).get("requestParameters") for e in events]


def databases(count):
    """A Multi-AZ instance, one of a single zone, a cluster of two, and as many more as asked; gives all databases there are."""
    rds = client("rds")

    def create(name, **more):
        keys = {"MasterUsername": "admin1", "MasterUserPassword": "secretpw1", "AllocatedStorage": 20}
        more = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", **more}
        rds.create_db_instance(DBInstanceIdentifier=name, **more, **({} if "DBClusterIdentifier" in more else keys))

    create("multi", MultiAZ=True, BackupRetentionPeriod=7, StorageEncrypted=True, DeletionProtection=True)
    create("single", MultiAZ=False, BackupRetentionPeriod=0)
    aurora = {"Engine": "aurora-postgresql", "DBClusterIdentifier": "aurora"}
    rds.create_db_cluster(**aurora, MasterUsername="admin1", MasterUserPassword="secretpw1")
    for tier in (1, 2):
        create(f"aurora-{tier}", DBInstanceClass="db.r6g.large", PromotionTier=tier, **aurora)
    for number in range(int(count)):
        create(f"more-{number:03}")
    every = lambda operation, key: [  # noqa: E731
        item for page in rds.get_paginator(operation).paginate() for item in page[key]
    ]
    keep = lambda raw, *names: {name: raw[name] for name in names if raw.get(name) not in (None, "")}  # noqa: E731
    kept = ("DBInstanceIdentifier", "DBInstanceArn", "DBInstanceStatus", "DBInstanceClass", "Engine", "EngineVersion")
    flags = ("MultiAZ", "StorageEncrypted", "DeletionProtection", "BackupRetentionPeriod", "AllocatedStorage")
    members = ("DBInstanceIdentifier", "IsClusterWriter", "PromotionTier")
    return {
        "instances": [
            keep(i, *kept, *flags, "AvailabilityZone", "DBClusterIdentifier") for i in every("describe_db_instances", "DBInstances")
        ],
        "clusters": [
            {
                **keep(c, "DBClusterIdentifier", "DBClusterArn", "Status", "Engine", "EngineVersion", "MultiAZ"),
                **keep(c, "AvailabilityZones"),
                "members": [keep(m, *members) for m in c["DBClusterMembers"]],
            }
            for c in every("describe_db_clusters", "DBClusters")
        ],
    }


def proxy(name, database):
    """A proxy before a database."""
    rds, ec2 = client("rds"), client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    secret = {"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"}
    role = "arn:aws:iam::123456789012:role/proxy"
    rds.create_db_proxy(
        DBProxyName=name, EngineFamily="POSTGRESQL", Auth=[secret], RoleArn=role, VpcSubnetIds=subnets, RequireTLS=True
    )
    rds.register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=[database])
    return [target.get("RdsResourceId") for target in rds.describe_db_proxy_targets(DBProxyName=name)["Targets"]]


def reboot(database):
    """The status that the answer to a reboot tells."""
    return client("rds").reboot_db_instance(DBInstanceIdentifier=database)["DBInstance"]["DBInstanceStatus"]


def status(database):
    """The status of an instance."""
    return client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"][0]["DBInstanceStatus"]


def writers(cluster):
    """The members of a cluster that write."""
    found = client("rds").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
    return [member["DBInstanceIdentifier"] for member in found["DBClusterMembers"] if member["IsClusterWriter"]]


def whoami():
    """The account."""
    return client("sts").get_caller_identity()["Account"]


def measure(database):
    """Records 11, 12, 13 and 14 % one to four minutes ago; gives when that was, in seconds since the epoch."""
    now = int(time.time()) // 60 * 60
    data = [
        {
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": database}],
            "Timestamp": now - 60 * minute,
            "Value": 10.0 + minute,
        }
        for minute in range(1, 5)
    ]
    client("cloudwatch").put_metric_data(Namespace="AWS/RDS", MetricData=data)
    return now


def keep(raw, *names):
    return {name: raw[name] for name in names if raw.get(name) not in (None, "")}


def every(service, operation, key, **arguments):
    return [item for page in client(service).get_paginator(operation).paginate(**arguments) for item in page[key]]


def targets():
    """The scalable targets of services: bounds and what is suspended, by resource."""
    found = client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    keep = lambda t: {"bounds": [t["MinCapacity"], t["MaxCapacity"]], "suspended": t.get("SuspendedState")}  # noqa: E731
    return {t["ResourceId"]: keep(t) for t in found}


def scaling(cluster):
    """Makes every service of the cluster a scalable target, with a policy of one kind or the other on the first twelve."""
    scaling = client("application-autoscaling")
    services = sorted(arn.rsplit("/", 1)[1] for arn in pages("list_services", "serviceArns", cluster=cluster))
    cpu = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    tracking = {"TargetValue": 62.5, "PredefinedMetricSpecification": cpu, "ScaleOutCooldown": 60}
    steps = [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 4},
    ]
    step = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps, "Cooldown": 120}
    for number, service in enumerate(services):
        of = {"ServiceNamespace": "ecs", "ResourceId": f"service/{cluster}/{service}"}
        of["ScalableDimension"] = "ecs:service:DesiredCount"
        suspended = {"DynamicScalingInSuspended": number % 3 == 0, "DynamicScalingOutSuspended": False}
        bounds = {"MinCapacity": number % 2, "MaxCapacity": 4 + number}
        scaling.register_scalable_target(**of, **bounds, SuspendedState=suspended)
        if number < 6:
            tracked = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking}
            scaling.put_scaling_policy(PolicyName=f"cpu-{number}", **of, **tracked)
        elif number < 12:
            stepped = {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": step}
            scaling.put_scaling_policy(PolicyName=f"steps-{number}", **of, **stepped)

    def target(raw):
        state = raw.get("SuspendedState", {})
        told = keep(raw, "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity")
        told["scaling_in_suspended"] = state.get("DynamicScalingInSuspended", False)
        return {**told, "scaling_out_suspended": state.get("DynamicScalingOutSuspended", False)}

    def policy(raw):
        told = keep(raw, "PolicyARN", "PolicyName", "ResourceId", "PolicyType")
        told["alarms"] = [alarm["AlarmName"] for alarm in raw.get("Alarms", [])]
        tracked = raw.get("TargetTrackingScalingPolicyConfiguration")
        if tracked:
            metric = tracked["PredefinedMetricSpecification"]["PredefinedMetricType"]
            return {**told, "target": tracked["TargetValue"], "metric": metric, "cooldown": tracked["ScaleOutCooldown"]}
        stepped = raw["StepScalingPolicyConfiguration"]
        changes = [one["ScalingAdjustment"] for one in stepped["StepAdjustments"]]
        return {**told, "cooldown": stepped["Cooldown"], "steps": [min(changes), max(changes)]}

    targets = every("application-autoscaling", "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    policies = every("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs")
    return {"targets": [target(raw) for raw in targets], "policies": [policy(raw) for raw in policies]}


def groups(what):
    """A group at its maximum of three and an empty one; of the first, processes are suspended or the instances refreshed."""
    groups = client("autoscaling")
    image = client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    groups.create_launch_configuration(LaunchConfigurationName="lc", ImageId=image, InstanceType="t3.micro")
    for name, size in (("web", 3), ("idle", 0)):
        sizes = {"MinSize": 0, "MaxSize": 3, "DesiredCapacity": size}
        made = {"LaunchConfigurationName": "lc", "AvailabilityZones": ["us-east-1a"]}
        groups.create_auto_scaling_group(AutoScalingGroupName=name, **sizes, **made)
    if what == "suspend":
        groups.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch", "AZRebalance"])
    else:
        groups.start_instance_refresh(AutoScalingGroupName="web")

    def group(raw):
        told = keep(raw, "AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity")
        names = ("InstanceId", "AvailabilityZone", "LifecycleState", "HealthStatus")
        told["instances"] = [keep(instance, *names) for instance in raw.get("Instances", [])]
        return {**told, "suspended": [process["ProcessName"] for process in raw.get("SuspendedProcesses", [])]}

    return {"groups": [group(raw) for raw in every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")]}


def alarms(count, composite):
    """So many metric and composite alarms, with changes of state; gives all alarms, and the changes, the newest first."""
    cloudwatch = client("cloudwatch")
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60}
    limit = {"EvaluationPeriods": 3, "Threshold": 62.5, "ComparisonOperator": "GreaterThanThreshold"}
    for number in range(int(count)):
        actions = {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:pages"], "ActionsEnabled": number % 2 == 0}
        of = [{"Name": "ServiceName", "Value": f"service-{number:04}"}]
        cloudwatch.put_metric_alarm(AlarmName=f"alarm-{number:03}", Dimensions=of, **metric, **limit, **actions)
    states = {"alarm-000": ("OK", "ALARM", "OK", "ALARM"), "alarm-001": ("OK",)}
    for number in range(int(composite)):
        name = f"pages-{number}"
        rule = {"AlarmRule": "ALARM(alarm-000) OR ALARM(alarm-001)", "ActionsEnabled": True}
        cloudwatch.put_composite_alarm(AlarmName=name, **rule)
        states[name] = ("ALARM",)
    for name, changes in states.items():
        for state in changes:
            reason = "crossed 62 %" if state == "ALARM" else "below 62 %"
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)
    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    common = ("AlarmName", "AlarmArn", "StateValue", "StateReason", "ActionsEnabled", "AlarmActions", "AlarmRule")
    own = ("Namespace", "MetricName", "Statistic", "Threshold", "ComparisonOperator", "EvaluationPeriods", "Period")

    def change(raw):
        data = json.loads(raw["HistoryData"])
        old, new = data["oldState"], data["newState"]
        return [raw["AlarmName"], old["stateValue"], new["stateValue"], new["stateReason"]]

    listed = {
        "alarms": [
            {**keep(raw, *common, *own), "AlarmActions": raw.get("AlarmActions", [])}
            for kind in ("MetricAlarms", "CompositeAlarms")
            for raw in every("cloudwatch", "describe_alarms", kind, **both)
        ]
    }
    try:
        changes = every("cloudwatch", "describe_alarm_history", "AlarmHistoryItems", HistoryItemType="StateUpdate", **both)
        return {**listed, "history": [change(raw) for raw in changes]}
    except ClientError as refused:
        return {**listed, "history": refused.response["Error"]["Code"]}


def refused(service, operation, parameters):
    """The code that a call is refused with, and `null` if it is not."""
    try:
        getattr(client(service), operation)(**json.loads(parameters))
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def secrets(count):
    """So many secrets: one rotates, one is to be deleted; and task definitions that hand some to containers."""
    manager = client("secretsmanager")
    for number in range(int(count)):
        tags = [{"Key": "rotation", "Value": "30"}] if number % 2 else []
        manager.create_secret(Name=f"prod/db/{number:03}", SecretString="x", Description="not to be read", Tags=tags)
    rules = {"AutomaticallyAfterDays": 30}
    function = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
    try:
        manager.rotate_secret(SecretId="prod/db/000", RotationLambdaARN=function, RotationRules=rules)
    except ClientError:  # there is no such function to be called; that it rotates is noted all the same
        pass
    manager.delete_secret(SecretId="prod/db/001", RecoveryWindowInDays=7)
    found = every("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True)
    arns = {secret["Name"]: secret["ARN"] for secret in found}
    handed = [
        ["app", "DB_PASSWORD", f"{arns['prod/db/000']}:password::"],
        ["app", "repositoryCredentials", arns["prod/db/002"]],
        ["app", "logConfiguration/splunk-token", arns["prod/db/003"]],
    ]
    container = {
        "name": "app", "image": "repo/app:1", "cpu": 64, "memory": 128,
        "environment": [{"name": "PLAIN", "value": "not to be read"}],
        "secrets": [{"name": "DB_PASSWORD", "valueFrom": handed[0][2]}],
        "repositoryCredentials": {"credentialsParameter": handed[1][2]},
        "logConfiguration": {
            "logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": handed[2][2]}],
        },
    }
    define = lambda family, **more: ecs.register_task_definition(family=family, **more)["taskDefinition"]  # noqa: E731
    full = define("full", containerDefinitions=[container])
    plain = {name: container[name] for name in ("name", "image", "cpu", "memory", "environment")}
    bare = define("bare", containerDefinitions=[plain])

    def told(raw):
        times = {name: int(raw[name].timestamp()) for name in ("LastRotatedDate", "DeletedDate", "CreatedDate") if name in raw}
        kept = keep(raw, "ARN", "Name", "KmsKeyId", "RotationEnabled", "RotationLambdaARN")
        days = raw.get("RotationRules", {}).get("AutomaticallyAfterDays")
        return {
            **kept, **times, **({"days": days} if days else {}),
            "versions": {id: sorted(labels) for id, labels in raw.get("SecretVersionsToStages", {}).items()},
            "tags": [[tag["Key"], tag["Value"]] for tag in raw.get("Tags", [])],
        }

    definitions = [
        {"arn": full["taskDefinitionArn"], "handed": handed}, {"arn": bare["taskDefinitionArn"], "handed": []},
    ]
    return {"secrets": [told(raw) for raw in found], "definitions": definitions}


def secret(name, what):
    """A secret: the labels of its versions, and after how many days it rotates; `fill` makes it before, rotating every 30 days."""
    manager = client("secretsmanager")
    if what == "fill":
        manager.create_secret(Name=name, SecretString="x")
        manager.rotate_secret(SecretId=name, RotationRules={"AutomaticallyAfterDays": 30})
    told = manager.describe_secret(SecretId=name)
    versions = {id: sorted(labels) for id, labels in told["VersionIdsToStages"].items()}
    return {"versions": versions, "days": told.get("RotationRules", {}).get("AutomaticallyAfterDays")}


def logged(group, what):
    """What the streams of a log group hold, by name; `make` makes the group before."""
    logs = client("logs")
    if what == "make":
        logs.create_log_group(logGroupName=group)
    names = [stream["logStreamName"] for stream in every("logs", "describe_log_streams", "logStreams", logGroupName=group)]
    held = lambda name: logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)  # noqa: E731
    return {name: [event["message"] for event in held(name)["events"]] for name in names}


def findings():
    """More findings of a detector than a page holds, one of them archived."""
    guardduty = client("guardduty")
    detectors = guardduty.list_detectors()["DetectorIds"]
    if not detectors:
        made = guardduty.create_detector(Enable=True, FindingPublishingFrequency="SIX_HOURS")
        detectors = [made["DetectorId"]]
    own = {"DetectorId": detectors[0]}
    kinds = ["Backdoor:EC2/DenialOfService.Tcp", "UnauthorizedAccess:EC2/SSHBruteForce", "Recon:EC2/PortProbeUnprotectedPort"]
    for _ in range(18):
        guardduty.create_sample_findings(**own, FindingTypes=kinds)
    first = guardduty.list_findings(**own, FindingCriteria={"Criterion": {"service.archived": {"Eq": ["false"]}}})
    guardduty.archive_findings(**own, FindingIds=first["FindingIds"][:1])
    return found()


def found():
    """The findings of the first detector, archived or not."""
    guardduty = client("guardduty")
    detectors = guardduty.list_detectors()["DetectorIds"]
    own = {"DetectorId": detectors[0]}

    def listed(archived):
        chosen = {"Criterion": {"service.archived": {"Eq": [archived]}}}
        ids = every("guardduty", "list_findings", "FindingIds", **own, FindingCriteria=chosen)
        return [raw for at in range(0, len(ids), 50) for raw in guardduty.get_findings(**own, FindingIds=ids[at : at + 50])["Findings"]]

    def told(raw):
        kept = keep(raw, "Id", "Arn", "Type", "Severity", "Title", "AccountId")
        instance = keep(raw["Resource"].get("InstanceDetails", {}), "InstanceId")
        return {**kept, **keep(raw["Service"], "Count", "Archived"), **keep(raw["Resource"], "ResourceType"), **instance}

    parts = {"active": "false", "archived": "true"}
    return {"detector": detectors[0], **{part: [told(raw) for raw in listed(which)] for part, which in parts.items()}}


def stand(cluster, name):
    """A cluster that stands on a group of two instances, which no managed scaling changes."""
    groups = client("autoscaling")
    image = client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    groups.create_launch_configuration(LaunchConfigurationName="lc", ImageId=image, InstanceType="t3.micro")
    sizes = {"MinSize": 0, "MaxSize": 5, "DesiredCapacity": 2}
    made = {"LaunchConfigurationName": "lc", "AvailabilityZones": ["us-east-1a"]}
    groups.create_auto_scaling_group(AutoScalingGroupName=name, **sizes, **made)
    arn = groups.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
    scaled = {"autoScalingGroupArn": arn, "managedScaling": {"status": "DISABLED"}, "managedTerminationProtection": "DISABLED"}
    ecs.create_capacity_provider(name="own", autoScalingGroupProvider=scaled)
    ecs.create_cluster(clusterName=cluster, capacityProviders=["own"])
    return standing(name)


def standing(name):
    """The group's sizes, how many instances it has, and what is suspended."""
    raw = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    sizes = {size: raw[size] for size in ("MinSize", "MaxSize", "DesiredCapacity")}
    suspended = sorted(process["ProcessName"] for process in raw.get("SuspendedProcesses", []))
    return {**sizes, "instances": len(raw["Instances"]), "suspended": suspended}


commands = (found, logged, stand, standing, secrets, secret, findings, databases, proxy, reboot, status, writers, whoami, measure, scaling, targets, groups, alarms, refused)
result = {**{command.__name__: command for command in commands}, "fill": fill, "staff": staff, "list": list_all, "deployments": deployments, "trail": trail, "powerless": powerless}[sys.argv[2]](*sys.argv[3:])
json.dump(result, sys.stdout)
