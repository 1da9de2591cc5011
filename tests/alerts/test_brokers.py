"""Brokers that know MQTT 3.1.1 only: the version is found, alerts arrive, what is kept is kept.

amqtt comes with the test extra, nats-server from apt; aedes needs ``npm install aedes`` in the folder that AEDES names.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def process(command: list[Any], port: int, **more: Any) -> Iterator[int]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    try:
        until(lambda: answers(port))
        yield port
    finally:
        started.terminate()
        started.wait(60.0)


@contextmanager
def run_aedes(folder: Path) -> Iterator[int]:
    where = os.environ.get("AEDES")
    if where is None or shutil.which("node") is None:
        pytest.skip("AEDES does not name a folder with aedes (npm install aedes@0.51), or node is not installed")
    port = free_port()
    with process(["node", "-e", AEDES, str(port)], port, cwd=where):
        yield port


@contextmanager
def run_nats(folder: Path) -> Iterator[int]:
    server = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if server is None:
        pytest.skip("nats-server is not installed: apt-get install nats-server")
    port = free_port()
    config = folder / "nats.conf"
    config.write_text(NATS.format(nats=free_port(), port=port, folder=folder))
    with process([server, "-c", config], port):
        yield port


@contextmanager
def run_amqtt(folder: Path) -> Iterator[int]:
    pytest.importorskip("amqtt", reason="amqtt is not installed: pip install '.[demo]'")
    from dms.demo.broker import _amqtt  # noqa: PLC0415

    with _amqtt() as port:
        yield port


@pytest.fixture(params=[run_amqtt, run_aedes, run_nats], ids=["amqtt", "aedes", "nats"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with request.param(tmp_path) as port:
        yield port


class Old:
    """A subscriber that speaks 3.1.1."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[tuple[str, str]] = []
        self._ready = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "old", protocol=mqtt.MQTTv311)
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
