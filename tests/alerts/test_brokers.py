"""Brokers that know MQTT 3.1.1 only: the version is found, alerts arrive, what is kept is kept.

amqtt comes with the extra demo, nats-server and rabbitmq-server from apt; aedes needs ``npm install aedes`` in the
folder that AEDES names.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from dms.alerts.topics import Topics
from dms.driver.state import Phase
from tests.conftest import answers, free_port, until

from .make import FATIGUE, VEHICLE, Vehicle, steps

TOPICS = Topics(VEHICLE)
AEDES = """
const aedes = require('aedes')();
require('net').createServer(aedes.handle).listen(Number(process.argv[1]), '127.0.0.1');
"""
NATS = """
listen: 127.0.0.1:{nats}
server_name: test
jetstream {{ store_dir: "{folder}/store" }}
mqtt {{ listen: "127.0.0.1:{port}" }}
"""
RABBITMQ = """
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:{port}
mqtt.allow_anonymous = true
"""
WATCH = """
import sys
from dms.alerts.watch import watch
from dms.config import MqttSettings
watch(MqttSettings(host="127.0.0.1", port=int(sys.argv[1])))
"""
RABBITMQ_PATH = "/usr/lib/rabbitmq/bin"
"""Debian's; what is on the PATH there changes the user and the folders."""


@contextlib.contextmanager
def process(command: list[Any], port: int, is_ready: Callable[[int], bool] = answers, **more: Any) -> Iterator[int]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    try:
        until(lambda: is_ready(port))
        yield port
    finally:
        started.terminate()
        started.wait(60.0)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5.0):
        return True
    return False


@contextlib.contextmanager
def run_aedes(folder: Path) -> Iterator[int]:
    where = os.environ.get("AEDES")
    if where is None or shutil.which("node") is None:
        pytest.skip("AEDES does not name a folder with aedes (npm install aedes@0.51), or node is not installed")
    port = free_port()
    with process(["node", "-e", AEDES, str(port)], port, cwd=where):
        yield port


@contextlib.contextmanager
def run_nats(folder: Path) -> Iterator[int]:
    server = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if server is None:
        pytest.skip("nats-server is not installed: apt-get install nats-server")
    port = free_port()
    config = folder / "nats.conf"
    config.write_text(NATS.format(nats=free_port(), port=port, folder=folder))
    with process([server, "-c", config], port):
        yield port


@contextlib.contextmanager
def run_amqtt(folder: Path) -> Iterator[int]:
    pytest.importorskip("amqtt", reason="amqtt is not installed: pip install '.[demo]'")
    from dms.demo.broker import _amqtt  # noqa: PLC0415

    with _amqtt() as port:
        yield port


@contextlib.contextmanager
def run_rabbitmq(folder: Path) -> Iterator[int]:
    server, epmd = shutil.which("rabbitmq-server", path=RABBITMQ_PATH), shutil.which("epmd")
    if server is None or epmd is None:
        pytest.skip("rabbitmq-server is not installed: apt-get install rabbitmq-server")
    port, names = free_port(), free_port()
    (folder / "rabbitmq.conf").write_text(RABBITMQ.format(port=port))
    (folder / "plugins").write_text("[rabbitmq_mqtt].")
    # all of it in this folder and on ports of its own: another RabbitMQ may run on this machine
    own: dict[str, Any] = {
        "HOME": folder,
        "ERL_EPMD_PORT": names,
        "RABBITMQ_NODENAME": "dms@localhost",
        "RABBITMQ_DIST_PORT": free_port(),
        "RABBITMQ_MNESIA_BASE": folder / "database",
        "RABBITMQ_LOG_BASE": folder / "log",
        "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "plugins",
        "RABBITMQ_CONFIG_FILE": folder / "rabbitmq.conf",
        "RABBITMQ_CONF_ENV_FILE": folder / "none",
        "RABBITMQ_PID_FILE": folder / "pid",
    }
    environment = os.environ | {name: str(value) for name, value in own.items()}
    # started before it, or it would leave one behind
    with process([epmd, "-port", str(names)], names, listens), process([server], port, listens, env=environment):
        yield port


BROKERS = [
    pytest.param(run_amqtt, id="amqtt"),
    pytest.param(run_aedes, id="aedes"),
    pytest.param(run_nats, id="nats"),
    pytest.param(run_rabbitmq, id="rabbitmq", marks=pytest.mark.slow),
]


@pytest.fixture(params=BROKERS)
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with request.param(tmp_path) as port:
        yield port


class Old:
    """A subscriber that speaks 3.1.1."""

    def __init__(self, port: int, topic: str, client_id: str = "old") -> None:
        self.heard: list[tuple[str, str]] = []
        self._ready = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv311)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: setattr(self, "_ready", True)
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload.decode()))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until(lambda: self._ready)

    def on(self, topic: str) -> list[str]:
        return [payload for where, payload in list(self.heard) if where == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_the_version_is_found_and_every_alert_arrives_in_order(port: int, tmp_path: Path) -> None:
    listener = Old(port, "dms/#")
    van = Vehicle(tmp_path / "van", port, protocol="auto", acknowledge_s=2.0)
    van.tell_state()
    for phase in Phase:
        van.raise_alert(phase, 1)
    van.start()
    until(van.is_delivered)
    until(lambda: len(steps(listener.on(FATIGUE))) == 3)
    assert [json.loads(payload)["phase"] for payload in listener.on(FATIGUE)] == ["start", "update", "end"]
    assert van.publisher.status.protocol == "3.1.1"
    assert listener.on(TOPICS.availability) == ["online"]
    order = [topic for topic, _ in listener.heard]
    assert order.index(TOPICS.availability) < order.index(FATIGUE)
    van.stop()
    until(lambda: listener.on(TOPICS.availability) == ["online", "offline"])
    listener.close()


@pytest.mark.parametrize("port", BROKERS[:3], indirect=True)
def test_watch_finds_the_version_too(port: int, tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    with printed.open("w") as screen:
        watching = subprocess.Popen([sys.executable, "-c", WATCH, str(port)], stderr=screen)
    try:
        until(lambda: f"connected to 127.0.0.1:{port}" in printed.read_text())
    finally:
        watching.kill()
        watching.wait()


@pytest.mark.parametrize("port", [BROKERS[-1]], indirect=True)
def test_rabbitmq_gives_what_it_keeps_to_exact_topics_only(port: int, tmp_path: Path) -> None:
    van = Vehicle(tmp_path / "van", port)
    van.tell_state()
    van.start()
    until(lambda: van.publisher.status.connected)
    van.stop()
    wildcard, exact = Old(port, "dms/+/availability", "wildcard"), Old(port, TOPICS.availability, "exact")
    until(lambda: exact.on(TOPICS.availability) == ["offline"])
    again = Vehicle(tmp_path / "again", port)
    again.tell_state()
    again.start()
    until(lambda: wildcard.heard)
    assert wildcard.on(TOPICS.availability) == ["online"]
    again.stop()
    wildcard.close()
    exact.close()
