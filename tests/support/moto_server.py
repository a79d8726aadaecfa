"""moto on a free port of the loopback, with keep-alive, with typed errors where moto itself answers HTML, and with the CBOR that
CloudWatch is spoken to in.

Prints the port once it listens; ends when its standard input does, so it cannot outlive the test that started it."""

import asyncio
import datetime
import io
import json
import os
import re
import socket
import sys
import threading
from html import escape

import botocore.session
import cbor2
from hypercorn.asyncio import serve
from hypercorn.config import Config
from moto.backends import get_backend
from moto.moto_api import state_manager
from moto.server import DomainDispatcherApplication, create_backend_app


class TypedErrors:
    """Errors in AWS's form: 501 for what moto does not implement, 500 where it crashes (it answers both with a debugger's
    page), and its refusals, which it writes in EC2's XML whatever the service speaks."""

    def __init__(self, app):
        self.app = app
        self.one_at_a_time = threading.Lock()

    def __call__(self, env, start):
        answer = {}

        def collect(status, headers, exc_info=None):
            answer.update(status=status, headers=headers)

        try:
            with self.one_at_a_time:  # moto walks through dictionaries that other requests change
                body = b"".join(self.app(env, collect))
            status, page = answer["status"], body.decode(errors="replace")
            refusal = re.search("<Errors><Error><Code>(.*?)</Code><Message>(.*?)</Message>", page)
            if status.startswith("403") and refusal:
                code, message = refusal.groups()
            elif status >= "4" and page.lower().startswith("<!doctype html>"):
                raise NotImplementedError
            else:
                start(status, answer["headers"])
                return [body]
        except NotImplementedError:
            status, code, message = "501 Not Implemented", "NotImplemented", "not in moto"
        except Exception as crash:
            status, code, message = "500 Internal Server Error", "InternalFailure", repr(crash)
        if "x-www-form-urlencoded" in env.get("CONTENT_TYPE", ""):
            error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            kind, body = "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
        else:
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body.encode())))])
        return [body.encode()]


class SpeaksCbor:
    """RPC v2 with CBOR, which moto does not know, put into the awsJson that it does, and its answer back."""

    PATH = re.compile("/service/([^/]+)/operation/([^/]+)")

    def __init__(self, app):
        self.app = app
        self.model = botocore.session.get_session().get_service_model("cloudwatch")

    def __call__(self, env, start):
        asked = self.PATH.fullmatch(env["PATH_INFO"])
        if env.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor" or not asked:
            return self.app(env, start)
        answer = {}

        def collect(status, headers, exc_info=None):
            answer.update(status=status, headers=headers)

        params = cbor2.loads(env["wsgi.input"].read(int(env.get("CONTENT_LENGTH") or 0)) or b"\xa0")
        sent = json.dumps(params, default=lambda at: at.timestamp()).encode()
        inner = {name: value for name, value in env.items() if name != "HTTP_SMITHY_PROTOCOL"}
        inner.update({
            "PATH_INFO": "/",
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "CONTENT_LENGTH": str(len(sent)),
            "HTTP_X_AMZ_TARGET": ".".join(asked.groups()),
            "wsgi.input": io.BytesIO(sent),
        })
        body = json.loads(b"".join(self.app(inner, collect)) or b"{}")
        if answer["status"] < "3":
            body = typed(body, self.model.operation_model(asked[2]).output_shape)
        else:
            body = {"__type": body.get("__type"), "message": body.get("message") or body.get("Message")}
        packed = cbor2.dumps(body, datetime_as_timestamp=True)
        kept = [(name, value) for name, value in answer["headers"] if name.lower().startswith("x-amz")]
        kind = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        start(answer["status"], [*kept, *kind, ("Content-Length", str(len(packed)))])
        return [packed]


def typed(value, shape):
    """A tree of JSON with the types of its shape: fractions, and dates for times."""
    kind = shape.type_name
    if kind == "structure":
        known = {name: inner for name, inner in value.items() if name in shape.members and inner is not None}
        return {name: typed(inner, shape.members[name]) for name, inner in known.items()}
    if kind == "list":
        return [typed(inner, shape.member) for inner in value]
    if kind in ("float", "double"):
        return float(value)
    if kind == "timestamp" and isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value


# By itself a task of moto goes one state on with every look at it; here it stays where it began.
state_manager.set_transition("ecs::task", {"progression": "time", "seconds": 86_400})
# Loaded now, not by the first request: that takes seconds where the machine is busy.
for service in ("applicationautoscaling", "autoscaling", "cloudwatch", "ec2", "ecs", "iam", "rds", "secretsmanager", "sts"):
    get_backend(service)
app = SpeaksCbor(TypedErrors(DomainDispatcherApplication(create_backend_app)))
# Not by werkzeug's own server: it closes every connection.
listener = socket.create_server(("127.0.0.1", 0))
config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.keep_alive_timeout = 60
config.wsgi_max_body_size = 16 * 1024 * 1024
config.loglevel = "WARNING"
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(listener.getsockname()[1], flush=True)
asyncio.run(serve(app, config, mode="wsgi"))
