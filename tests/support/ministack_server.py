"""ministack on a free port of the loopback, without Docker.

Prints the port once it listens; ends when its standard input does, so it cannot outlive the test that started it."""

import asyncio
import os
import socket
import sys
import threading
import time

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
os.environ.update(
    BIND_HOST="127.0.0.1",
    GATEWAY_PORT=str(port),
    DOCKER_HOST="unix:///nonexistent",
    CLOUDTRAIL_RECORDING="1",
    LOG_LEVEL="WARNING",
)

from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402
from ministack.services import rds  # noqa: E402

finish_reboot = rds._finish_instance_reboot


def reboot_for_seconds(instance, cluster):
    """Without a container to restart, a reboot would be over before anybody looked."""
    time.sleep(5)
    finish_reboot(instance, cluster)


rds._finish_instance_reboot = reboot_for_seconds
lock = asyncio.Lock()


async def one_at_a_time(scope, receive, send):
    """ministack walks through dictionaries that other requests change."""
    if scope["type"] != "http":
        return await app(scope, receive, send)
    async with lock:
        await app(scope, receive, send)


config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.keep_alive_timeout = 60
config.loglevel = "WARNING"
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(port, flush=True)
asyncio.run(serve(one_at_a_time, config))
