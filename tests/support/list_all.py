"""Lists everything an AWS endpoint has with boto3's own paginators, as one JSON object of sorted names.

Usage: list_all.py ENDPOINT_URL REGION
"""

import json
import sys

import boto3
import botocore.model


def described(guardduty, detector, ids):
    return guardduty.get_findings(DetectorId=detector, FindingIds=ids)["Findings"] if ids else []


def versions(secrets, of):
    """Ids of all versions of these secrets; botocore has no paginator for this operation."""
    found = []
    for secret in of:
        token = {}
        while True:
            page = secrets.list_secret_version_ids(SecretId=secret["ARN"], IncludeDeprecated=True, **token)
            found += [version["VersionId"] for version in page["Versions"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
    return sorted(found)


def main(url, region):
    # CloudWatch is served in CBOR alone, which botocore can speak and does not choose.
    known = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ("smithy-rpc-v2-cbor", *known)
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    session = boto3.Session(region_name=region, **keys)
    ecs, groups, rds, sts = (session.client(name, endpoint_url=url) for name in ("ecs", "autoscaling", "rds", "sts"))
    scaling, cloudwatch = (session.client(name, endpoint_url=url) for name in ("application-autoscaling", "cloudwatch"))

    guardduty, secrets = (session.client(name, endpoint_url=url) for name in ("guardduty", "secretsmanager"))

    def every(client, operation, member, **params):
        pages = client.get_paginator(operation).paginate(**params)
        return [item for page in pages for item in page[member]]

    def in_clusters(operation, member, **params):
        return sorted(item for arn in clusters for item in every(ecs, operation, member, cluster=arn, **params))

    clusters = every(ecs, "list_clusters", "clusterArns")
    providers, token = [], {}
    while True:  # botocore has no paginator for this operation
        page = ecs.describe_capacity_providers(**token)
        providers += [provider["name"] for provider in page["capacityProviders"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    proxies = [proxy["DBProxyName"] for proxy in every(rds, "describe_db_proxies", "DBProxies")]
    ecs_scaling = lambda operation, member, **more: every(scaling, operation, member, ServiceNamespace="ecs", **more)  # noqa: E731
    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    history = every(cloudwatch, "describe_alarm_history", "AlarmHistoryItems", **both)
    detectors = every(guardduty, "list_detectors", "DetectorIds")
    every_secret = every(secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True)
    every_group = every(groups, "describe_auto_scaling_groups", "AutoScalingGroups")
    everything = {
        "account": sts.get_caller_identity()["Account"],
        "clusters": sorted(clusters),
        "services": in_clusters("list_services", "serviceArns"),
        "tasks": in_clusters("list_tasks", "taskArns"),
        "stopped": in_clusters("list_tasks", "taskArns", desiredStatus="STOPPED"),
        "instances": in_clusters("list_container_instances", "containerInstanceArns"),
        "providers": sorted(providers),
        "groups": sorted(group["AutoScalingGroupName"] for group in every_group),
        "group_activities": sorted(a["ActivityId"] for a in every(groups, "describe_scaling_activities", "Activities")),
        "scaling_targets": sorted(t["ResourceId"] for t in ecs_scaling("describe_scalable_targets", "ScalableTargets")),
        "scaling_policies": sorted(p["PolicyName"] for p in ecs_scaling("describe_scaling_policies", "ScalingPolicies")),
        "scaling_activities": sorted(
            a["ActivityId"]
            for a in ecs_scaling("describe_scaling_activities", "ScalingActivities", IncludeNotScaledActivities=True)
        ),
        "alarms": sorted(
            alarm["AlarmName"]
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in every(cloudwatch, "describe_alarms", kind, **both)
        ),
        "alarm_changes": sorted(change["AlarmName"] for change in history),
        "detectors": sorted(detectors),
        "findings": sorted(
            finding["Id"]
            for detector in detectors
            for page in guardduty.get_paginator("list_findings").paginate(DetectorId=detector)
            for finding in described(guardduty, detector, page["FindingIds"])
        ),
        "secrets": sorted(secret["Name"] for secret in every_secret),
        "secret_versions": versions(secrets, every_secret[:1]),
        "db_instances": sorted(i["DBInstanceIdentifier"] for i in every(rds, "describe_db_instances", "DBInstances")),
        "db_clusters": sorted(c["DBClusterIdentifier"] for c in every(rds, "describe_db_clusters", "DBClusters")),
        "db_events": sorted(e["Message"] for e in every(rds, "describe_events", "Events", Duration=14 * 24 * 60)),
        "db_maintenance": sorted(
            f"{resource['ResourceIdentifier']} {action['Action']}"
            for resource in every(rds, "describe_pending_maintenance_actions", "PendingMaintenanceActions")
            for action in resource["PendingMaintenanceActionDetails"]
        ),
        "db_proxies": sorted(proxies),
        "db_targets": sorted(
            f"{proxy} {target.get('RdsResourceId')}"
            for proxy in proxies
            for target in every(rds, "describe_db_proxy_targets", "Targets", DBProxyName=proxy)
        ),
    }
    print(json.dumps(everything))


if __name__ == "__main__":
    main(*sys.argv[1:3])
