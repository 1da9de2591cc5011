"""Runs the demonstration and prints what a subscriber hears.

Takes the sample drive, gives lines on a terminal. The broker is amqtt, in this process, on a free port of loopback.
"""

import asyncio
import json
import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.text import Text

from dms.alerts.words import alert_in_words
from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings, VehicleSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.service.daemon import Daemon

_HOST = "127.0.0.1"
_VEHICLE = "demo"
_COLOURS = {"attentive": "green", "fatigued": "red", "degraded": "yellow", "unknown": "dim"}


def run_demo() -> None:
    """Play the sample drive in real time through daemon and broker.

    Raises:
        UserError: The extra ``demo`` is not installed.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print("A sample drive of 40 s plays in real time: daemon -> MQTT broker -> this subscriber.\n")
    # the subscriber's lines tell what the daemon's log would
    logging.getLogger("dms").addHandler(logging.NullHandler())
    with _broker() as port, tempfile.TemporaryDirectory(prefix="dms-demo-") as folder:
        listener = _Listener(console, port)
        Daemon(
            Config(
                vehicle=VehicleSettings(id=_VEHICLE),
                camera=CameraSettings(source=str(SAMPLE_DRIVE)),
                mqtt=MqttSettings(host=_HOST, port=port, protocol="3.1.1", trust_clock=True),
                service=ServiceSettings(state_dir=Path(folder)),
            )
        ).run()
        listener.close()
    console.print(f"\n{listener.summary()} Next: [bold]dms check[/], [bold]dms run --source 0[/], [bold]dms --help[/].")


class _Listener:
    """A subscriber to everything of the demo vehicle, which prints as messages come."""

    def __init__(self, console: Console, port: int) -> None:
        self._console = console
        self._condition: str | None = None
        self._ended: list[dict[str, Any]] = []
        self._alerts = self._states = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.on_message = self._hear
        self._client.on_connect = self._subscribe
        self._offline = threading.Event()
        self._client.connect(_HOST, port)
        self._client.loop_start()

    def close(self) -> None:
        """Wait for the daemon's last word, then leave."""
        self._offline.wait(2.0)
        self._client.disconnect()
        self._client.loop_stop()

    def summary(self) -> str:
        """What happened, in one line."""
        seen = " and ".join(_in_words(alert) for alert in self._ended)
        found = f"{len(self._ended)} alerts: {seen}" if seen else "No alert"
        return f"{found}; {self._alerts} alert messages and {self._states} states arrived."

    @staticmethod
    def _subscribe(client: mqtt.Client, *_: Any) -> None:
        client.subscribe(f"dms/{_VEHICLE}/#", qos=1)

    def _hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"dms/{_VEHICLE}/")
        if topic == "availability":
            text = message.payload.decode()
            self._console.print(f"[bold]{topic:<15}[/] {text}")
            if text == "offline":
                self._offline.set()
        elif topic == "state":
            self._states += 1
            self._state(json.loads(message.payload))
        elif topic.startswith("alert/"):
            self._alerts += 1
            self._alert(topic, json.loads(message.payload))

    def _state(self, state: dict[str, Any]) -> None:
        condition = " ".join(str(state[key]) for key in ("condition", "fatigue", "degraded") if state[key])
        if condition != self._condition:
            self._condition = condition
            self._console.print(
                f"[bold]{'state':<15}[/] {_clock(state)} [{_COLOURS[state['condition']]}]{condition}[/]"
            )

    def _alert(self, topic: str, alert: dict[str, Any]) -> None:
        if alert["phase"] == "end":
            self._ended.append(alert)
        words = alert_in_words(alert["phase"], alert["level"], alert["evidence"])
        self._console.print(Text.assemble((f"{topic:<15}", "bold"), f" {_clock(alert)} ", words))


def _in_words(alert: dict[str, Any]) -> str:
    closed_s = alert["evidence"].get("longest_closed_s")  # anger has none
    return str(alert["level"]) if closed_s is None else f"{alert['level']} (eyes closed for {closed_s:.1f} s)"


def _clock(message: dict[str, Any]) -> str:
    return str(message["at"])[11:21]


@contextmanager
def _broker() -> Iterator[int]:
    """Start a broker on a free port of loopback, in a thread with an event loop of its own."""
    try:
        from amqtt.broker import Broker  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise UserError("the demo needs an embedded broker: pip install '.[demo]' in a checkout of DMS") from error
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"{_HOST}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }

    async def make() -> Any:
        return Broker(settings, loop=loop)

    broker = asyncio.run_coroutine_threadsafe(make(), loop).result(10)
    asyncio.run_coroutine_threadsafe(broker.start(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
