"""What boto3 makes of a server: fills it with objects, and lists what is on it then as JSON.

usage: second_opinion.py ENDPOINT fill CLUSTER SERVICES TASKS INSTANCES
       second_opinion.py ENDPOINT staff CLUSTER SERVICE TASKS
       second_opinion.py ENDPOINT list CLUSTER
       second_opinion.py ENDPOINT deployments CLUSTER SERVICE
       second_opinion.py ENDPOINT trail EVENT
       second_opinion.py ENDPOINT databases COUNT
       second_opinion.py ENDPOINT proxy NAME DATABASE
       second_opinion.py ENDPOINT reboot DATABASE
       second_opinion.py ENDPOINT measure DATABASE
       second_opinion.py ENDPOINT powerless"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

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


commands = (databases, proxy, reboot, measure)
result = {**{command.__name__: command for command in commands}, "fill": fill, "staff": staff, "list": list_all, "deployments": deployments, "trail": trail, "powerless": powerless}[sys.argv[2]](*sys.argv[3:])
json.dump(result, sys.stdout)
