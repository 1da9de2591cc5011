"""What several rooms' tests share: a real broker."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.command import Commands, Run

# a slow example is a busy machine, not a fault
hypothesis.settings.register_profile("dms", deadline=None)
hypothesis.settings.load_profile("dms")

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A port below those that the kernel gives to clients: a broker that is down must find it free again."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def until(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Wait for something to become true, as long as a busy machine may take; gives its value, or fails."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s} s")
        time.sleep(0.01)
    return value


def answers(port: int) -> bool:
    """Whether a broker closes the connection of one who talks nonsense: it works, not only its kernel listens.

    Mosquitto listens before it takes signals: one that comes in between would end it, SIGHUP and SIGUSR1 too.
    """
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5.0) as client:
        client.sendall(b"nonsense, whatever it speaks")
        with contextlib.suppress(ConnectionError):
            client.recv(64)
        return True
    return False


@dataclass
class Heard:
    """A message that a listener got."""

    topic: str
    payload: str
    retained: bool
    properties: Any


class Listener:
    """A subscriber that keeps all it hears and never loses its session."""

    def __init__(self, port: int, topics: str, client_id: str, login: tuple[str, str] | None = None) -> None:
        self.heard: list[Heard] = []
        self.subscribed = threading.Event()
        self._topics = topics
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
        if login:
            self._client.username_pw_set(*login)
        self._client.reconnect_delay_set(0.05, 0.1)  # type: ignore[arg-type]
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, qos=1)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = lambda _c, _u, m: self.heard.append(
            Heard(m.topic, m.payload.decode(), bool(m.retain), m.properties)
        )
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho-mqtt has no types here
        properties.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=properties)
        self._client.loop_start()
        until(self.subscribed.is_set)

    def on(self, topic: str) -> list[str]:
        """Payloads on one topic, in the order in which they came."""
        return [heard.payload for heard in list(self.heard) if heard.topic == topic]

    def is_connected(self) -> bool:
        return bool(self._client.is_connected())

    def publish(self, topic: str, payload: str | bytes, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Mosquitto:
    """A real broker in a folder and on a port of its own; it keeps its sessions when it is killed and started."""

    folder: Path
    port: int = field(default_factory=free_port)
    config: str = "allow_anonymous true"
    max_queued_messages: int = 0
    """0 for no limit."""
    _process: subprocess.Popen[bytes] | None = None
    _listeners: list[Listener] = field(default_factory=list)

    def start(self) -> None:
        assert MOSQUITTO is not None
        config = self.folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(
            f"listener {self.port} 127.0.0.1\n{self.config}\n{user}max_queued_messages {self.max_queued_messages}\n"
            # written at an orderly end and by ``save``: at every change it would wait for this machine's disk
            f"persistence true\npersistence_location {self.folder}/\n"
        )
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=log, stderr=log)
        until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail(f"mosquitto ended: {(self.folder / 'mosquitto.log').read_text()}")
        return answers(self.port)

    def save(self) -> None:
        """Let the broker write its sessions to disk now."""
        assert self._process is not None
        saved = self.folder / "mosquitto.db"
        saved.unlink(missing_ok=True)  # it is renamed into place when it is whole
        self._process.send_signal(signal.SIGUSR1)
        until(saved.exists)

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60.0)
            self._process = None

    def listen(
        self,
        topics: str = "#",
        client_id: str = "listener",
        login: tuple[str, str] | None = None,
        port: int | None = None,
    ) -> Listener:
        listener = Listener(port or self.port, topics, client_id, login)
        self._listeners.append(listener)
        return listener

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        self.stop()


@pytest.fixture(scope="session")
def dms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a command: ``dms("score", ...)``."""
    commands = Commands(tmp_path_factory.mktemp("commands"))
    yield commands.run
    commands.close()


@pytest.fixture
def mosquitto_factory(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Makes brokers that are started and stopped by the test: ``mosquitto_factory(config="...")``."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    brokers: list[Mosquitto] = []

    def make(config: str = "allow_anonymous true", name: str = "broker", max_queued_messages: int = 0) -> Mosquitto:
        folder = tmp_path / f"{name}{len(brokers)}"
        folder.mkdir()
        brokers.append(Mosquitto(folder, config=config, max_queued_messages=max_queued_messages))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture
def mosquitto(mosquitto_factory: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker without login."""
    broker = mosquitto_factory()
    broker.start()
    return broker
