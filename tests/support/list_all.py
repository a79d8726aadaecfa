"""Lists everything an AWS endpoint has with boto3's own paginators, as one JSON object of sorted names.

Usage: list_all.py ENDPOINT_URL REGION
"""

import json
import sys

import boto3


def main(url, region):
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    session = boto3.Session(region_name=region, **keys)
    ecs, groups, rds, sts = (session.client(name, endpoint_url=url) for name in ("ecs", "autoscaling", "rds", "sts"))

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
