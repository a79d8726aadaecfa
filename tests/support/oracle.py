"""Holds an AWS endpoint to AWS's own API models, as botocore has them.

Usage: oracle.py ENDPOINT_URL REGION [TASK_DEFINITION ...]

Calls every operation the endpoint is to serve, well and badly, as raw HTTP signed by botocore, and checks of every answer: botocore's
parser of the protocol accepts the body; no member is unknown to the model; types are right; required members are there; enum values are
known; error codes are modelled for the operation or common to all of AWS; the envelope (status, type, request id) is right.

Prints findings as JSON lines and a summary as the last line; exits with 1 if there is any finding.
"""

import datetime
import io
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from botocore.parsers import RpcV2CBORParser, create_parser
from botocore.serialize import create_serializer

SERVED = {
    "ecs": [
        "ListClusters", "DescribeClusters", "ListServices", "DescribeServices", "ListTasks", "DescribeTasks",
        "ListContainerInstances", "DescribeContainerInstances", "DescribeCapacityProviders",
        "GetTaskProtection", "DescribeServiceRevisions", "DescribeTaskDefinition", "UpdateService",
        "ListServiceDeployments", "DescribeServiceDeployments", "StopServiceDeployment",
    ],
    "autoscaling": [
        "DescribeAutoScalingGroups", "DescribeScalingActivities", "DescribeInstanceRefreshes",
        "SetDesiredCapacity", "SuspendProcesses", "ResumeProcesses",
    ],
    "application-autoscaling": [
        "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScalingActivities", "RegisterScalableTarget",
    ],
    "guardduty": [
        "ListDetectors", "GetDetector", "GetAdministratorAccount", "ListFindings", "GetFindings",
        "ArchiveFindings", "UnarchiveFindings",
    ],
    "secretsmanager": ["ListSecrets", "DescribeSecret", "ListSecretVersionIds", "RotateSecret", "CancelRotateSecret"],
    "rds": [
        "DescribeDBInstances", "DescribeDBClusters", "DescribeEvents", "DescribePendingMaintenanceActions",
        "DescribeDBProxies", "DescribeDBProxyTargets", "DescribeDBProxyTargetGroups",
        "RebootDBInstance", "FailoverDBCluster",
    ],
    "cloudwatch": ["GetMetricData", "DescribeAlarms", "DescribeAlarmHistory"],
    "logs": ["CreateLogStream", "PutLogEvents"],
    "sts": ["GetCallerIdentity"],
}

# "Common errors" of the API references, in the spelling of awsJson and of query.
COMMON_ERRORS = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "IncompleteSignatureException", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
    "InvalidParameterCombination", "InvalidParameterValue", "InvalidSignatureException", "MalformedQueryString", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "SerializationException", "ServiceUnavailable",
    "ServiceUnavailableException", "SignatureDoesNotMatch", "Throttling", "ThrottlingException",
    "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
}

CBOR = "smithy-rpc-v2-cbor"
CONTENT_TYPES = {
    "json": "application/x-amz-json-1.1", "rest-json": "application/json", "query": "text/xml", CBOR: "application/cbor",
}
INTEGER = re.compile(r"-?\d+\Z")
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


class Checker:
    """Compares one answer with the model of its operation."""

    def __init__(self, cbor=False, rest=False):
        self.found, self.cbor, self.rest = [], cbor, rest

    def finding(self, where, what):
        self.found.append((where, what))

    def enum(self, where, shape, value):
        known = getattr(shape, "enum", None)
        if known and value not in known:
            self.finding(where, f"{value!r} is not one of {known}")

    def required(self, where, shape, names):
        for name in shape.required_members:
            if name not in names:
                self.finding(where, f"{shape.name} lacks its required member {name}")

    def called(self, shape, name):
        """What a member is called on the wire; only REST has other names there."""
        return shape.members[name].serialization.get("name", name) if self.rest else name

    def json(self, where, shape, value):
        """A tree of JSON, or of CBOR, where a time has a tag, so that botocore makes a date of it."""
        kind = shape.type_name
        if value is None:
            self.finding(where, "is null, where AWS leaves the member out")
        elif kind == "structure":
            if self.is_a(where, value, dict, kind):
                members = {self.called(shape, name): member for name, member in shape.members.items()}
                for name in shape.required_members:
                    if self.called(shape, name) not in value:
                        self.finding(where, f"{shape.name} lacks its required member {name}")
                for name, inner in value.items():
                    if name in members:
                        self.json(f"{where}.{name}", members[name], inner)
                    else:
                        self.finding(where, f"{shape.name} has no member {name}")
        elif kind == "list":
            if self.is_a(where, value, list, kind):
                for index, inner in enumerate(value):
                    self.json(f"{where}[{index}]", shape.member, inner)
        elif kind == "map":
            if self.is_a(where, value, dict, kind):
                for name, inner in value.items():
                    self.json(f"{where}.{name}", shape.value, inner)
        elif kind == "string":
            if self.is_a(where, value, str, kind):
                self.enum(where, shape, value)
        elif kind == "boolean":
            self.is_a(where, value, bool, kind)
        elif kind in ("integer", "long"):
            if isinstance(value, bool) or self.is_a(where, value, int, kind) and not self.in_range(kind, value):
                self.finding(where, f"{value!r} is no {kind}")
        elif kind == "timestamp" and self.cbor:
            self.is_a(where, value, datetime.datetime, kind)
        elif kind in ("float", "double", "timestamp"):
            if isinstance(value, bool):
                self.finding(where, f"{value!r} is no {kind}")
            self.is_a(where, value, (int, float), kind)
        else:
            self.finding(where, f"this script does not know the type {kind}")

    def is_a(self, where, value, types, kind):
        if isinstance(value, types):
            return True
        self.finding(where, f"{value!r} is no {kind}")
        return False

    @staticmethod
    def in_range(kind, value):
        bits = 31 if kind == "integer" else 63
        return -(2**bits) <= value < 2**bits

    def xml(self, where, shape, element):
        kind = shape.type_name
        text = element.text or ""
        if kind in ("structure", "list") and text.strip():
            self.finding(where, f"text {text!r} between elements")
        if kind == "structure":
            members = {m.serialization.get("name", name): m for name, m in shape.members.items()}
            names = [local(child) for child in element]
            self.required(where, shape, [n for n, m in shape.members.items() if m.serialization.get("name", n) in names])
            for name, count in Counter(names).items():
                if count > 1:
                    self.finding(where, f"{name} stands there {count} times")
            for child in element:
                if local(child) in members:
                    self.xml(f"{where}.{local(child)}", members[local(child)], child)
                else:
                    self.finding(where, f"{shape.name} has no member {local(child)}")
        elif kind == "list":
            item = shape.member.serialization.get("name", "member")
            for index, child in enumerate(element):
                if local(child) != item:
                    self.finding(where, f"a list of {item} holds {local(child)}")
                self.xml(f"{where}[{index}]", shape.member, child)
        elif len(element):
            self.finding(where, f"a {kind} holds elements")
        elif kind == "string":
            self.enum(where, shape, text)
        elif kind == "boolean" and text not in ("true", "false"):
            self.finding(where, f"{text!r} is no boolean")
        elif kind in ("integer", "long") and not (INTEGER.match(text) and self.in_range(kind, int(text))):
            self.finding(where, f"{text!r} is no {kind}")
        elif kind == "timestamp" and not ISO_8601.match(text):
            self.finding(where, f"{text!r} is no ISO 8601 time")


def local(element):
    return element.tag.rsplit("}", 1)[-1]


class Endpoint:
    """Sends calls and checks their answers."""

    def __init__(self, url, region):
        self.url, self.region = url, region
        self.models = {name: botocore.session.get_session().get_service_model(name) for name in SERVED}
        self.http = URLLib3Session()
        self.findings = 0
        self.answers = Counter()

    def report(self, call, where, what):
        self.findings += 1
        print(json.dumps({"call": call, "where": where, "what": what}))

    def protocol(self, service):
        """CloudWatch can be spoken to in several; the endpoint serves the one that AWS's SDK for Rust speaks."""
        return CBOR if service == "cloudwatch" else self.models[service].metadata["protocol"]

    def request(self, service, operation, params, signed=True, rename=None):
        model, protocol = self.models[service], self.protocol(service)
        raw = create_serializer(protocol, include_validation=False).serialize_to_request(
            params, model.operation_model(operation)
        )
        if rename and protocol == "json":
            raw["headers"]["X-Amz-Target"] = raw["headers"]["X-Amz-Target"].replace(operation, rename)
        elif rename and protocol in (CBOR, "rest-json"):
            raw["url_path"] = f"{raw['url_path']}/{rename}" if protocol != CBOR else raw["url_path"].replace(operation, rename)
        elif rename:
            raw["body"]["Action"] = rename
        prepare_request_dict(raw, endpoint_url=self.url)
        request = AWSRequest(method=raw["method"], url=raw["url"], data=raw["body"], headers=raw["headers"])
        if signed:
            SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), model.signing_name, self.region).add_auth(request)
        return self.http.send(request.prepare())

    def call(self, service, operation, params=None, refused=None, **odd):
        """Makes a call; `refused` is the code it must be refused with. Gives the parsed answer."""
        params = params or {}
        name = f"{service}:{operation} {json.dumps(params, default=str)[:120]}"
        operation_model = self.models[service].operation_model(operation)
        answer = self.request(service, operation, params, **odd)
        self.answers[f"{service}:{operation}"] += 1
        checker = Checker(self.protocol(service) == CBOR, self.protocol(service) == "rest-json")
        self.check_envelope(checker, service, answer)
        parsed = self.parse(checker, service, operation_model, answer)
        code = parsed.get("Error", {}).get("Code") if answer.status_code >= 300 else None
        if code != refused:
            checker.finding("", f"answered {answer.status_code} {code}, expected {refused or 'an answer'}")
        if answer.status_code >= 300:
            self.check_error(checker, operation_model, answer, parsed)
        else:
            self.check_output(checker, service, operation_model, answer)
        for where, what in checker.found:
            self.report(name, where, what)
        return parsed

    def check_envelope(self, checker, service, answer):
        expected = CONTENT_TYPES[self.protocol(service)]
        if self.protocol(service) == CBOR and answer.headers.get("smithy-protocol") != "rpc-v2-cbor":
            checker.finding("smithy-protocol", f"is {answer.headers.get('smithy-protocol')!r}")
        if answer.headers.get("content-type", "").split(";")[0] != expected:
            checker.finding("content-type", f"{answer.headers.get('content-type')!r}, expected {expected!r}")
        if not answer.headers.get("x-amzn-requestid"):
            checker.finding("x-amzn-requestid", "is absent")

    def parse(self, checker, service, operation_model, answer):
        parser = create_parser(self.protocol(service))
        raw = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content, "context": {}}
        try:
            parsed = parser.parse(raw, operation_model.output_shape)
        except Exception as error:  # whatever it is, the parser does not accept the answer
            checker.finding("", f"botocore cannot parse it: {error!r}")
            return {}
        if not parsed.get("ResponseMetadata", {}).get("RequestId"):
            checker.finding("ResponseMetadata", "has no request id")
        return parsed

    def check_error(self, checker, operation_model, answer, parsed):
        error = parsed.get("Error", {})
        code, message = error.get("Code"), error.get("Message")
        own = {shape.error_code for shape in operation_model.error_shapes}
        own |= {shape.name for shape in operation_model.error_shapes}
        if code not in own | COMMON_ERRORS:
            checker.finding("Error.Code", f"{code!r} is neither modelled for the operation nor common")
        if not message:
            checker.finding("Error.Message", "is absent")
        if not 400 <= answer.status_code < 600:
            checker.finding("status", f"{answer.status_code} with an error")

    def check_output(self, checker, service, operation_model, answer):
        shape = operation_model.output_shape
        if self.protocol(service) in ("json", "rest-json"):
            checker.json("", shape, json.loads(answer.content))
            return
        if self.protocol(service) == CBOR:
            stream = io.BufferedReader(io.BytesIO(answer.content))
            checker.json("", shape, RpcV2CBORParser().parse_data_item(stream))
            if stream.read(1):
                checker.finding("", "something follows the value")
            return
        root = ElementTree.fromstring(answer.content)
        namespace = self.models[service].metadata["xmlNamespace"]
        if root.tag != f"{{{namespace}}}{operation_model.name}Response":
            checker.finding("", f"the root is {root.tag}")
        wrapper = shape.serialization.get("resultWrapper", f"{operation_model.name}Result")
        if [local(child) for child in root] != [wrapper, "ResponseMetadata"]:
            checker.finding("", f"the root holds {[local(child) for child in root]}")
            return
        checker.xml("", shape, root[0])


def chunks(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def pages(endpoint, service, operation, member, params, token="nextToken"):
    """All items of a list, page by page; every page is checked."""
    items, seen = [], set()
    params = dict(params)
    while True:
        answer = endpoint.call(service, operation, params)
        items += answer.get(member, [])
        following = answer.get(token)
        if not following:
            return items
        if following in seen:
            endpoint.report(f"{service}:{operation}", token, "comes again")
            return items
        seen.add(following)
        params[token] = following


def walk_ecs(endpoint):
    def ecs(operation, params=None, refused=None, **odd):
        return endpoint.call("ecs", operation, params, refused, **odd)

    clusters = pages(endpoint, "ecs", "ListClusters", "clusterArns", {})
    for some in chunks(clusters, 100):
        ecs("DescribeClusters", {"clusters": some})
        ecs("DescribeClusters", {"clusters": some, "include": ["ATTACHMENTS", "SETTINGS", "STATISTICS", "TAGS"]})
    in_use = [arn for arn in clusters if ecs("ListServices", {"cluster": arn}).get("serviceArns")]
    for cluster in in_use:
        services = pages(endpoint, "ecs", "ListServices", "serviceArns", {"cluster": cluster, "maxResults": 7})
        for some in chunks(services, 10):
            found = ecs("DescribeServices", {"cluster": cluster, "services": some, "include": ["TAGS"]})
            revisions = [r["arn"] for s in found["services"] for r in s["currentServiceRevisions"]]
            ecs("DescribeServiceRevisions", {"serviceRevisionArns": revisions})
            for service in some:
                own = {"cluster": cluster, "service": service}
                listed = pages(endpoint, "ecs", "ListServiceDeployments", "serviceDeployments", {**own, "maxResults": 1})
                arns = [deployment["serviceDeploymentArn"] for deployment in listed]
                if arns:
                    ecs("DescribeServiceDeployments", {"serviceDeploymentArns": arns[:20]})
                ecs("ListServiceDeployments", {**own, "status": ["PENDING", "IN_PROGRESS"]})
                if listed and listed[0]["status"] == "SUCCESSFUL":
                    ecs("StopServiceDeployment", {"serviceDeploymentArn": arns[0], "stopType": "ROLLBACK"}, "ConflictException")
        for status in ("RUNNING", "STOPPED", "PENDING"):
            tasks = pages(endpoint, "ecs", "ListTasks", "taskArns", {"cluster": cluster, "desiredStatus": status})
            for some in chunks(tasks, 100):
                ecs("DescribeTasks", {"cluster": cluster, "tasks": some})
                ecs("GetTaskProtection", {"cluster": cluster, "tasks": some})
        instances = pages(endpoint, "ecs", "ListContainerInstances", "containerInstanceArns", {"cluster": cluster})
        for some in chunks(instances, 100):
            both = {"cluster": cluster, "containerInstances": some}
            ecs("DescribeContainerInstances", both)
            ecs("DescribeContainerInstances", {**both, "include": ["CONTAINER_INSTANCE_HEALTH", "TAGS"]})
        for strategy in ("REPLICA", "DAEMON"):
            ecs("ListServices", {"cluster": cluster, "schedulingStrategy": strategy})
        ecs("ListTasks", {"cluster": cluster, "serviceName": services[0].rsplit("/", 1)[1]})
        pages(endpoint, "ecs", "DescribeCapacityProviders", "capacityProviders", {"cluster": cluster})
    pages(endpoint, "ecs", "DescribeCapacityProviders", "capacityProviders", {"maxResults": 3})
    refuse_ecs(ecs, in_use[0])


def refuse_ecs(ecs, cluster):
    many = [f"n{number}" for number in range(101)]
    wrong = "InvalidParameterException"
    ecs("DescribeClusters", {"clusters": many}, wrong)
    ecs("DescribeServices", {"cluster": cluster, "services": many[:11]}, wrong)
    ecs("DescribeServices", {"cluster": cluster, "services": []}, wrong)
    ecs("DescribeTasks", {"cluster": cluster, "tasks": many}, wrong)
    ecs("GetTaskProtection", {"cluster": cluster, "tasks": many}, wrong)
    ecs("GetTaskProtection", {"cluster": cluster, "tasks": []}, wrong)
    ecs("GetTaskProtection", {"tasks": many[:1]}, wrong)
    ecs("DescribeServiceRevisions", {"serviceRevisionArns": [cluster.replace(":cluster/", ":service-revision/") + f"/s/{n}" for n in range(21)]}, wrong)
    ecs("DescribeServiceRevisions", {"serviceRevisionArns": ["no ARN"]}, wrong)
    ecs("DescribeServiceRevisions", {"serviceRevisionArns": []}, wrong)
    ecs("DescribeContainerInstances", {"cluster": cluster, "containerInstances": many}, wrong)
    ecs("DescribeCapacityProviders", {"capacityProviders": many}, wrong)
    ecs("ListTasks", {"cluster": cluster, "serviceName": "no-such-service"}, "ServiceNotFoundException")
    for operation, member in (
        ("DescribeServices", "services"), ("DescribeTasks", "tasks"), ("DescribeContainerInstances", "containerInstances"),
        ("GetTaskProtection", "tasks"),
    ):
        failures = ecs(operation, {"cluster": cluster, member: ["no-such-thing"]}).get("failures", [])
        assert [f["reason"] for f in failures] == ["MISSING"], failures
        ecs(operation, {"cluster": "no-such-cluster", member: ["x"]}, "ClusterNotFoundException")
    for operation in ("ListServices", "ListTasks", "ListContainerInstances"):
        ecs(operation, {"cluster": cluster, "nextToken": "made up"}, wrong)
        ecs(operation, {"cluster": cluster, "maxResults": 101}, wrong)
        ecs(operation, {"cluster": cluster, "maxResults": "many"}, "SerializationException")
        ecs(operation, {"cluster": "no-such-cluster"}, "ClusterNotFoundException")
    update = {"cluster": cluster, "service": "no-such-service", "forceNewDeployment": True}
    ecs("UpdateService", update, "ServiceNotFoundException")
    ecs("UpdateService", {**update, "cluster": "no-such-cluster"}, "ClusterNotFoundException")
    ecs("UpdateService", {**update, "desiredCount": 1}, wrong)
    ecs("UpdateService", {**update, "forceNewDeployment": False}, wrong)
    count = {"cluster": cluster, "service": "no-such-service", "desiredCount": 1}
    ecs("UpdateService", count, "ServiceNotFoundException")
    ecs("UpdateService", {**count, "desiredCount": -1}, wrong)
    ecs("UpdateService", {**count, "desiredCount": "many"}, "SerializationException")
    ecs("ListServiceDeployments", {"cluster": cluster, "service": "no-such-service"}, "ServiceNotFoundException")
    ecs("ListServiceDeployments", {"cluster": cluster, "service": "x", "status": ["ODD"]}, wrong)
    none = cluster.replace(":cluster/", ":service-deployment/") + "/no-such-service/1"
    failures = ecs("DescribeServiceDeployments", {"serviceDeploymentArns": [none]})["failures"]
    assert [f["reason"] for f in failures] == ["MISSING"], failures
    for arns in ([], ["no ARN"], [f"{none}{n}" for n in range(21)]):
        ecs("DescribeServiceDeployments", {"serviceDeploymentArns": arns}, wrong)
    ecs("StopServiceDeployment", {"serviceDeploymentArn": none}, "ServiceDeploymentNotFoundException")
    ecs("StopServiceDeployment", {"serviceDeploymentArn": none, "stopType": "ABORT"}, wrong)
    ecs("StopServiceDeployment", {"serviceDeploymentArn": "no ARN"}, wrong)
    ecs("ListClusters", {"nextToken": "made up"}, wrong)
    ecs("ListClusters", {}, "UnknownOperationException", rename="ListNothings")
    ecs("ListClusters", {}, "MissingAuthenticationTokenException", signed=False)


def walk_others(endpoint):
    def groups(params, refused=None, **odd):
        return endpoint.call("autoscaling", "DescribeAutoScalingGroups", params, refused, **odd)

    found = pages(endpoint, "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", {}, "NextToken")
    names = [group["AutoScalingGroupName"] for group in found]
    groups({"AutoScalingGroupNames": names[:3], "IncludeInstances": False})
    groups({"AutoScalingGroupNames": names[:100], "MaxRecords": 100})
    groups({"AutoScalingGroupNames": ["no such group"]})
    groups({"MaxRecords": 101}, "ValidationError")
    groups({"NextToken": "made up"}, "InvalidNextToken")
    groups({}, "InvalidAction", rename="DescribeNothings")
    groups({}, "MissingAuthenticationToken", signed=False)
    walk_history(endpoint, names)
    wrong, one = "ValidationError", {"AutoScalingGroupName": "no such group"}
    endpoint.call("autoscaling", "SetDesiredCapacity", {**one, "DesiredCapacity": -1}, wrong)
    endpoint.call("autoscaling", "SetDesiredCapacity", {**one, "DesiredCapacity": 1, "HonorCooldown": True}, wrong)
    for operation in ("SuspendProcesses", "ResumeProcesses"):
        endpoint.call("autoscaling", operation, one, wrong)
        endpoint.call("autoscaling", operation, {**one, "ScalingProcesses": ["Lunch"]}, wrong)
    endpoint.call("sts", "GetCallerIdentity")
    endpoint.call("sts", "GetCallerIdentity", {}, "InvalidAction", rename="GetNothing")


def walk_history(endpoint, names):
    """What the first groups did; where there is no group, the calls are refused."""

    def history(operation, params, refused=None):
        return endpoint.call("autoscaling", operation, params, refused)

    wrong, activities, refreshes = "ValidationError", "DescribeScalingActivities", "DescribeInstanceRefreshes"
    found = pages(endpoint, "autoscaling", activities, "Activities", {}, "NextToken")
    ids = [activity["ActivityId"] for activity in found]
    history(activities, {"ActivityIds": ids[:5]})
    for name in names[:3]:
        for operation, member in ((activities, "Activities"), (refreshes, "InstanceRefreshes")):
            params = {"AutoScalingGroupName": name, "MaxRecords": 30}
            pages(endpoint, "autoscaling", operation, member, params, "NextToken")
            history(operation, {"AutoScalingGroupName": name, "MaxRecords": 101}, wrong)
            history(operation, {"AutoScalingGroupName": name, "MaxRecords": "many"}, "MalformedQueryString")
            history(operation, {"AutoScalingGroupName": name, "NextToken": "made up"}, "InvalidNextToken")
    for operation in (activities, refreshes):
        history(operation, {"AutoScalingGroupName": "no such group"}, wrong)
    history(refreshes, {}, wrong)
    history(activities, {"Filters": [{"Name": "Status", "Values": ["Failed"]}]}, wrong)


def walk_scaling(endpoint):
    def scaling(operation, params=None, refused=None, **odd):
        return endpoint.call("application-autoscaling", operation, {"ServiceNamespace": "ecs", **(params or {})}, refused, **odd)

    wrong, token = "ValidationException", "InvalidNextTokenException"
    flags = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True, "ScheduledScalingSuspended": True}
    none = {"ResourceId": "service/no/such", "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": flags}
    for odd in ({}, {"SuspendedState": {}}, {"SuspendedState": {**flags, "ScheduledScalingSuspended": False}}, {"MinCapacity": 1}):
        scaling("RegisterScalableTarget", {**none, **odd}, wrong)
    members = {"DescribeScalableTargets": "ScalableTargets", "DescribeScalingPolicies": "ScalingPolicies"}
    members["DescribeScalingActivities"] = "ScalingActivities"
    for operation, member in members.items():
        for size in (None, 3):
            params = {"ServiceNamespace": "ecs", **({"MaxResults": size} if size else {})}
            found = pages(endpoint, "application-autoscaling", operation, member, params, "NextToken")
        resources = [item["ResourceId"] for item in found[:1]]
        one = {"ResourceIds": resources} if member == "ScalableTargets" else {"ResourceId": "".join(resources) or "x"}
        scaling(operation, {**one, "ScalableDimension": "ecs:service:DesiredCount"})
        scaling(operation, {"ScalableDimension": "ecs:service:DesiredCount"}, wrong)
        scaling(operation, {"ServiceNamespace": "rds"})
        scaling(operation, {"ServiceNamespace": "starships"}, wrong)
        scaling(operation, {"ServiceNamespace": None}, wrong)
        scaling(operation, {"MaxResults": 0}, wrong)
        scaling(operation, {"MaxResults": 11 if member == "ScalingPolicies" else 51}, wrong)
        scaling(operation, {"MaxResults": "many"}, "SerializationException")
        scaling(operation, {"NextToken": "made up"}, token)
    pages(endpoint, "application-autoscaling", "DescribeScalingActivities", "ScalingActivities",
          {"ServiceNamespace": "ecs", "IncludeNotScaledActivities": True}, "NextToken")
    scaling("DescribeScalingPolicies", {"PolicyNames": ["no such policy"]})
    scaling("DescribeScalableTargets", {}, "UnknownOperationException", rename="DescribeNothings")
    scaling("DescribeScalableTargets", {}, "MissingAuthenticationTokenException", signed=False)


def walk_alarms(endpoint):
    def alarms(operation, params=None, refused=None, **odd):
        return endpoint.call("cloudwatch", operation, params, refused, **odd)

    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    wrong, describe, history = "ValidationError", "DescribeAlarms", "DescribeAlarmHistory"
    for types in (both, {}, {"AlarmTypes": ["LogAlarm"]}):
        found = pages(endpoint, "cloudwatch", describe, "MetricAlarms", {**types, "MaxRecords": 30}, "NextToken")
        pages(endpoint, "cloudwatch", history, "AlarmHistoryItems", dict(types), "NextToken")
        for alarm in found[:1]:
            alarms(describe, {**types, "AlarmNames": [alarm["AlarmName"]]})
            alarms(history, {**types, "AlarmName": alarm["AlarmName"], "HistoryItemType": "StateUpdate"})
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        alarms(describe, {**both, "StateValue": state, "ActionPrefix": "arn:"})
    for order in ("TimestampAscending", "TimestampDescending"):
        alarms(history, {**both, "ScanBy": order, "StartDate": now - day, "EndDate": now})
    for operation in (describe, history):
        alarms(operation, {"MaxRecords": 0}, wrong)
        alarms(operation, {"MaxRecords": 101}, wrong)
        alarms(operation, {"AlarmTypes": ["Odd"]}, wrong)
        alarms(operation, {"NextToken": "made up"}, "InvalidNextToken")
    alarms(describe, {"ParentsOfAlarmName": "x"}, wrong)
    alarms(history, {"ScanBy": "Sideways"}, wrong)
    alarms(describe, {}, "InvalidAction", rename="DescribeNothings")
    alarms(describe, {}, "MissingAuthenticationToken", signed=False)


def walk_rds(endpoint):
    def rds(operation, params=None, refused=None, **odd):
        return endpoint.call("rds", operation, params, refused, **odd)

    def every(operation, member, **params):
        return pages(endpoint, "rds", operation, member, {"MaxRecords": 20, **params}, "Marker")

    wrong = "InvalidParameterValue"
    instances = every("DescribeDBInstances", "DBInstances")
    clusters = every("DescribeDBClusters", "DBClusters")
    events = every("DescribeEvents", "Events", Duration=14 * 24 * 60)
    every("DescribePendingMaintenanceActions", "PendingMaintenanceActions")
    proxies = every("DescribeDBProxies", "DBProxies")
    for instance in instances[:3]:
        rds("DescribeDBInstances", {"DBInstanceIdentifier": instance["DBInstanceIdentifier"]})
        rds("DescribePendingMaintenanceActions", {"ResourceIdentifier": instance["DBInstanceArn"]})
        rds("DescribeEvents", {"SourceIdentifier": instance["DBInstanceIdentifier"], "SourceType": "db-instance"})
    for cluster in clusters[:3]:
        rds("DescribeDBClusters", {"DBClusterIdentifier": cluster["DBClusterArn"]})
    for event in events[:1]:
        rds("DescribeEvents", {"StartTime": event["Date"], "EventCategories": ["failover", "failure"]})
    for proxy in proxies:
        name = proxy["DBProxyName"]
        rds("DescribeDBProxies", {"DBProxyName": name})
        every("DescribeDBProxyTargets", "Targets", DBProxyName=name)
        rds("DescribeDBProxyTargetGroups", {"DBProxyName": name})
        other = {"DBProxyName": name, "TargetGroupName": "other"}
        rds("DescribeDBProxyTargets", other, "DBProxyTargetGroupNotFoundFault")
    for operation in (name for name in SERVED["rds"] if name.startswith("Describe")):
        proxy = {"DBProxyName": proxies[0]["DBProxyName"]} if proxies and "Proxy" in operation else {}
        if proxy or "ProxyTarget" not in operation:
            rds(operation, {**proxy, "MaxRecords": 19}, wrong)
            rds(operation, {**proxy, "MaxRecords": 101}, wrong)
            rds(operation, {**proxy, "MaxRecords": "many"}, "MalformedQueryString")
            rds(operation, {**proxy, "Marker": "made up"}, wrong)
        rds(operation, {**proxy, "Filters": [{"Name": "engine", "Values": ["postgres"]}]}, wrong)
    rds("DescribeDBInstances", {"DBInstanceIdentifier": "no-such"}, "DBInstanceNotFound")
    rds("DescribeDBClusters", {"DBClusterIdentifier": "no-such"}, "DBClusterNotFoundFault")
    for operation in ("DescribeDBProxies", "DescribeDBProxyTargets", "DescribeDBProxyTargetGroups"):
        rds(operation, {"DBProxyName": "no-such"}, "DBProxyNotFoundFault")
    rds("DescribeEvents", {"SourceIdentifier": "x"}, "InvalidParameterCombination")
    rds("DescribeEvents", {"SourceType": "db-starship"}, wrong)
    reboot = {"DBInstanceIdentifier": "no-such", "ForceFailover": True}
    rds("RebootDBInstance", reboot, "DBInstanceNotFound")
    rds("RebootDBInstance", {**reboot, "ForceFailover": False}, wrong)
    rds("RebootDBInstance", {"DBInstanceIdentifier": "no-such"}, wrong)
    failover = {"DBClusterIdentifier": "no-such", "TargetDBInstanceIdentifier": "no-such"}
    rds("FailoverDBCluster", failover, "DBClusterNotFoundFault")
    rds("FailoverDBCluster", {"DBClusterIdentifier": "no-such"}, wrong)
    rds("DescribeDBInstances", {}, "InvalidAction", rename="DescribeNothings")
    rds("DescribeDBInstances", {}, "MissingAuthenticationToken", signed=False)
    return [instance["DBInstanceIdentifier"] for instance in instances]


def walk_cloudwatch(endpoint, databases):
    def data(queries, refused=None, more=None, **odd):
        params = {"MetricDataQueries": queries, "StartTime": until - hour, "EndTime": until, **(more or {})}
        return endpoint.call("cloudwatch", "GetMetricData", params, refused, **odd)

    def query(number, name="CPUUtilization", **stat):
        dimensions = [{"Name": "DBInstanceIdentifier", "Value": databases[number % len(databases)]}]
        metric = {"Namespace": "AWS/RDS", "MetricName": name, "Dimensions": dimensions}
        return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average", **stat}}

    databases = databases or ["no-such"]
    until, hour = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(hours=1)
    wrong = "ValidationError"
    for name in ("CPUUtilization", "FreeStorageSpace", "Nothing", "Forbidden", "Partial"):
        data([query(number, name) for number in range(3)])
        data([query(0, name)], more={"ScanBy": "TimestampAscending"})
    data([query(number) for number in range(500)])
    params = {"MetricDataQueries": [query(0), query(1)], "StartTime": until - hour, "EndTime": until, "MaxDatapoints": 25}
    results = pages(endpoint, "cloudwatch", "GetMetricData", "MetricDataResults", params, "NextToken")
    assert {result["Id"] for result in results} == {"q0", "q1"}, results
    data([query(number) for number in range(501)], wrong)
    data([], wrong)
    data([query(0), query(0)], wrong)
    data([query(0, Period=61)], wrong)
    data([query(0, Stat="p99")], wrong)
    data([{"Id": "e1", "Expression": "q0 * 2"}], wrong)
    data([query(0)], wrong, {"StartTime": until, "EndTime": until - hour})
    data([query(0)], "InvalidNextToken", {"NextToken": "made up"})
    data([query(0)], "InvalidAction", rename="GetMetricNothing")
    data([query(0)], "MissingAuthenticationToken", signed=False)


def walk_guardduty(endpoint):
    def guardduty(operation, params=None, refused=None, **odd):
        return endpoint.call("guardduty", operation, params, refused, **odd)

    wrong = "BadRequestException"
    detectors = pages(endpoint, "guardduty", "ListDetectors", "DetectorIds", {}, "NextToken")
    for detector in detectors:
        own = {"DetectorId": detector}
        guardduty("GetDetector", own)
        guardduty("GetAdministratorAccount", own)
        worst = {"AttributeName": "severity", "OrderBy": "DESC"}
        for archived in ("true", "false"):
            chosen = {**own, "SortCriteria": worst, "MaxResults": 20}
            chosen["FindingCriteria"] = {"Criterion": {"service.archived": {"Equals": [archived]}}}
            ids = pages(endpoint, "guardduty", "ListFindings", "FindingIds", chosen, "NextToken")
            for some in chunks(ids, 50):
                guardduty("GetFindings", {**own, "FindingIds": some, "SortCriteria": worst})
        ids = pages(endpoint, "guardduty", "ListFindings", "FindingIds", own, "NextToken")
        guardduty("GetFindings", {**own, "FindingIds": ids[:1]})
        guardduty("GetFindings", {**own, "FindingIds": ["no-such"]})
        guardduty("GetFindings", {**own, "FindingIds": [f"f{number}" for number in range(51)]}, wrong)
        guardduty("GetFindings", own, wrong)
        for size in (0, 51, "many"):
            guardduty("ListFindings", {**own, "MaxResults": size}, wrong)
        guardduty("ListFindings", {**own, "NextToken": "made up"}, wrong)
        guardduty("ListFindings", {**own, "FindingCriteria": {"Criterion": {"severity": {"Gte": 4}}}}, wrong)
        guardduty("GetFindings", {**own, "FindingIds": ids[:1]}, "UnknownOperationException", rename="nothing")
        guardduty("ListFindings", own, "MissingAuthenticationTokenException", signed=False)
    stranger = {"DetectorId": "nobody"}
    for operation in ("GetDetector", "GetAdministratorAccount", "ListFindings"):
        guardduty(operation, stranger, wrong)
    for operation in ("GetFindings", "ArchiveFindings", "UnarchiveFindings"):
        guardduty(operation, {**stranger, "FindingIds": ["x"]}, wrong)
    guardduty("ArchiveFindings", {**stranger, "FindingIds": ["x", "y"]}, wrong)
    for odd in ({"MaxResults": 51}, {"MaxResults": "many"}, {"NextToken": "made up"}):
        guardduty("ListDetectors", odd, wrong)
    guardduty("ListDetectors", {}, "MissingAuthenticationTokenException", signed=False)


def walk_secrets(endpoint):
    def secrets(operation, params=None, refused=None, **odd):
        return endpoint.call("secretsmanager", operation, params, refused, **odd)

    wrong, token, absent = "InvalidParameterException", "InvalidNextTokenException", "ResourceNotFoundException"
    for choice in ({}, {"IncludePlannedDeletion": True}, {"IncludePlannedDeletion": True, "MaxResults": 7}):
        found = pages(endpoint, "secretsmanager", "ListSecrets", "SecretList", choice, "NextToken")
    for secret in found[:12]:
        for name in ("ARN", "Name"):
            secrets("DescribeSecret", {"SecretId": secret[name]})
        for choice in ({}, {"IncludeDeprecated": True}, {"IncludeDeprecated": True, "MaxResults": 20}):
            own = {"SecretId": secret["ARN"], **choice}
            pages(endpoint, "secretsmanager", "ListSecretVersionIds", "Versions", own, "NextToken")
    for operation in ("DescribeSecret", "ListSecretVersionIds"):
        secrets(operation, {"SecretId": "no-such"}, absent)
        secrets(operation, {}, wrong)
    known = {"SecretId": found[0]["ARN"]} if found else {}
    for operation, own in (("ListSecrets", {}), ("ListSecretVersionIds", known)):
        if operation == "ListSecrets" or known:
            secrets(operation, {**own, "MaxResults": 0}, wrong)
            secrets(operation, {**own, "MaxResults": 101}, wrong)
            secrets(operation, {**own, "MaxResults": "many"}, "SerializationException")
            secrets(operation, {**own, "NextToken": "made up"}, token)
    asked = {"SecretId": "no-such", "ClientRequestToken": "0123456789abcdef0123456789abcdef"}
    secrets("RotateSecret", asked, absent)
    secrets("RotateSecret", {**asked, "RotationRules": {"AutomaticallyAfterDays": 30}}, wrong)
    secrets("RotateSecret", {**asked, "ClientRequestToken": "short"}, wrong)
    secrets("CancelRotateSecret", {"SecretId": "no-such"}, absent)
    secrets("ListSecrets", {"Filters": [{"Key": "name", "Values": ["x"]}]}, wrong)
    secrets("ListSecrets", {}, "UnknownOperationException", rename="ListNothings")
    secrets("ListSecrets", {}, "MissingAuthenticationTokenException", signed=False)
    ecs = lambda params, refused=None: endpoint.call("ecs", "DescribeTaskDefinition", params, refused)  # noqa: E731
    for arn in sys.argv[3:]:
        ecs({"taskDefinition": arn})
        ecs({"taskDefinition": arn.rsplit("/", 1)[1], "include": ["TAGS"]})
    ecs({"taskDefinition": "no-such:1"}, "ClientException")
    ecs({"taskDefinition": ""}, "ClientException")


def walk_logs(endpoint):
    def logs(operation, params, refused=None, **odd):
        return endpoint.call("logs", operation, params, refused, **odd)

    absent, wrong = "ResourceNotFoundException", "InvalidParameterException"
    stream = {"logGroupName": "no-such", "logStreamName": "bastion/ana"}
    events = {**stream, "logEvents": [{"timestamp": 1, "message": "{}"}]}
    logs("CreateLogStream", stream, absent)
    logs("PutLogEvents", events, absent)
    for operation, whole in (("CreateLogStream", stream), ("PutLogEvents", events)):
        logs(operation, {**whole, "logStreamName": "a:b"}, wrong)
        logs(operation, {**whole, "logGroupName": "a b"}, wrong)
    logs("PutLogEvents", {**stream, "logEvents": []}, wrong)
    logs("PutLogEvents", {**stream, "logEvents": [{"timestamp": -1, "message": "{}"}]}, wrong)
    logs("PutLogEvents", events, "UnknownOperationException", rename="PutNothings")
    logs("PutLogEvents", events, "MissingAuthenticationTokenException", signed=False)


def main(url, region):
    endpoint = Endpoint(url, region)
    walk_ecs(endpoint)
    walk_cloudwatch(endpoint, walk_rds(endpoint))
    walk_others(endpoint)
    walk_scaling(endpoint)
    walk_alarms(endpoint)
    walk_guardduty(endpoint)
    walk_secrets(endpoint)
    walk_logs(endpoint)
    for service, operations in SERVED.items():
        for operation in operations:
            if not endpoint.answers[f"{service}:{operation}"]:
                endpoint.report(f"{service}:{operation}", "", "was never called")
    print(json.dumps({"answers": sum(endpoint.answers.values()), "findings": endpoint.findings}))
    return 1 if endpoint.findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
