"""Runs the demonstration and prints what a subscriber hears.

Takes the sample drive, gives lines on a terminal.
"""

import json
import logging
import tempfile
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.text import Text

from dms.alerts.console import alert_in_words
from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings, VehicleSettings
from dms.demo import SAMPLE_DRIVE
from dms.demo.broker import HOST, Protocol, broker
from dms.service.daemon import Daemon
from dms.wording import counted

_VEHICLE = "demo"
_COLOURS = {"attentive": "green", "fatigued": "red", "degraded": "yellow", "unknown": "dim"}


def run_demo() -> None:
    """Play the sample drive in real time through daemon and broker.

    Raises:
        UserError: Neither Mosquitto nor the extra ``demo`` is installed.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print("A sample drive of 40 s plays in real time: daemon -> MQTT broker -> this subscriber.\n")
    # the subscriber's lines say what the daemon's log would
    logging.getLogger("dms").addHandler(logging.NullHandler())
    with broker() as (port, protocol), tempfile.TemporaryDirectory(prefix="dms-demo-") as folder:
        listener = _Listener(console, port, protocol)
        Daemon(
            Config(
                vehicle=VehicleSettings(id=_VEHICLE),
                camera=CameraSettings(source=str(SAMPLE_DRIVE)),
                mqtt=MqttSettings(host=HOST, port=port, protocol=protocol, trust_clock=True),
                service=ServiceSettings(state_dir=Path(folder)),
            )
        ).run()
        listener.close()
    console.print(f"\n{listener.summary()} Next: [bold]dms check[/], [bold]dms run --source 0[/], [bold]dms --help[/].")


class _Listener:
    """A subscriber to everything of the demo vehicle, which prints as messages come."""

    def __init__(self, console: Console, port: int, protocol: Protocol) -> None:
        self._console = console
        self._condition: str | None = None
        self._ended: list[dict[str, Any]] = []
        self._alerts = self._states = 0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5 if protocol == "5" else mqtt.MQTTv311
        )
        self._client.on_message = self._hear
        self._client.on_connect = self._subscribe
        self._offline = threading.Event()
        self._client.connect(HOST, port)
        self._client.loop_start()

    def close(self) -> None:
        """Wait for the daemon's last word, then leave."""
        self._offline.wait(2.0)
        self._client.disconnect()
        self._client.loop_stop()

    def summary(self) -> str:
        """Return what happened, in one line."""
        seen = " and ".join(_in_words(alert) for alert in self._ended)
        found = f"{counted(len(self._ended), 'alert')}: {seen}" if seen else "No alert"
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
