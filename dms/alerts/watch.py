"""A subscriber that prints states and alerts live and marks stale ones: the example of how to read them.

Takes the ``[mqtt]`` table, gives lines. An alert counts once by (event_id, sequence), a state while it is young.
"""

import sys
import time
import uuid
from collections.abc import Iterable

import paho.mqtt.client as mqtt
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.text import Text

from dms.alerts.clock import ClockQuality
from dms.alerts.console import alert_in_words, state_in_words
from dms.alerts.health import HealthMessage
from dms.alerts.listen import NAME, listen
from dms.alerts.messages import OFFLINE, AlertMessage, InfoMessage, StateMessage
from dms.alerts.reasons import UNSUPPORTED_VERSION, connack_in_words
from dms.alerts.topics import EVERY_VEHICLE, Topics
from dms.alerts.version import VersionChoice
from dms.config.alerts import MqttSettings
from dms.errors import WorldError

_ALERT: TypeAdapter[AlertMessage] = TypeAdapter(AlertMessage)
_ATTEMPTS = 4
"""Both versions of MQTT are tried twice."""
LEAST_S, INTERVALS, LONGEST_S = 10.0, 2.5, 60.0
"""A state is stale 2.5 times ``service.state_interval_s`` after it, but not before 10 s. That interval is a minute at
the most, and taken for that until ``info`` says."""


class Watch:
    """Turns messages into lines. ``now`` is UTC, seconds since 1970, everywhere."""

    def __init__(self) -> None:
        self._stopped: dict[str, bool] = {}
        self._offline: dict[str, bool] = {}
        self._interval_s: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._seen: set[tuple[uuid.UUID, int]] = set()

    def line(self, topic: str, payload: bytes, retained: bool, now: float) -> Text | None:
        """Return one message in words; None for one that says nothing new."""
        _, vehicle, name = topic.split("/", 2)
        try:
            words = self._words(vehicle, name, payload, retained, now)
        except (ValidationError, UnicodeDecodeError):
            words = Text("not a message that version 1 can read", "dim")
        return None if words is None else _line(now, vehicle, name, words)

    def silent(self, now: float) -> list[Text]:
        """Return a line for each vehicle that is not offline and has just been silent for too long."""
        ages = {vehicle: now - heard for vehicle, heard in self._heard.items() if not self._offline.get(vehicle)}
        stale = {vehicle: age for vehicle, age in ages.items() if age > self._stale_s(vehicle)}
        for vehicle in stale:
            del self._heard[vehicle]
        return [
            _line(now, v, "state", Text(f"stale: nothing heard for {age:.0f} s", "dim")) for v, age in stale.items()
        ]

    def _stale_s(self, vehicle: str) -> float:
        return max(LEAST_S, INTERVALS * self._interval_s.get(vehicle, LONGEST_S))

    def _words(self, vehicle: str, name: str, payload: bytes, retained: bool, now: float) -> Text | None:
        if name == "info":
            service = InfoMessage.model_validate_json(payload).config.get("service")
            told = service.get("state_interval_s") if isinstance(service, dict) else None
            self._interval_s[vehicle] = told if isinstance(told, int | float) else LONGEST_S
            return None
        if name == "health":
            self._stopped[vehicle] = HealthMessage.model_validate_json(payload).status == "stopped"
            return None
        self._heard[vehicle] = now
        if name == "availability":
            self._offline[vehicle] = payload == OFFLINE.encode()
            why = ": stopped" if self._stopped.get(vehicle) else ": lost, what it said last is stale"
            return Text(payload.decode() + (why if self._offline[vehicle] else ""), "bold")
        if name == "state":
            return self._state(vehicle, StateMessage.model_validate_json(payload), retained, now)
        return self._alert(_ALERT.validate_json(payload))

    def _state(self, vehicle: str, state: StateMessage, retained: bool, now: float) -> Text:
        old = now - state.at.timestamp() > self._stale_s(vehicle)
        stale = retained if state.clock is ClockQuality.UNSYNCHRONISED else old
        return Text(f"stale {state_in_words(state)}", "dim") if stale else Text(state_in_words(state))

    def _alert(self, alert: AlertMessage) -> Text | None:
        if (alert.event_id, alert.sequence) in self._seen:
            return None
        self._seen.add((alert.event_id, alert.sequence))
        late = "unknown" if alert.late_s is None else alert.late_s
        return alert_in_words(alert.phase, alert.level, alert.evidence, alert.test).append(f", late_s {late}", "dim")


def _line(now: float, vehicle: str, name: str, words: Text) -> Text:
    return Text(f"{time.strftime('%H:%M:%S', time.gmtime(now))} {vehicle:<12} {name:<15} ").append_text(words)


def watch(settings: MqttSettings, vehicle_id: str = EVERY_VEHICLE, console: Console | None = None) -> None:
    """Print what one vehicle, or every one, says until interrupted. WorldError: the broker is away or refuses."""
    lines, topics, choice = Watch(), Topics(vehicle_id, settings.prefix), VersionChoice(settings.protocol)
    screen, broker, unanswered = console or Console(highlight=False), f"{settings.host}:{settings.broker_port}", 0

    def show(told: Iterable[Text | None]) -> None:
        for line in filter(None, told):
            screen.print(line, soft_wrap=True)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        show([lines.line(message.topic, bytes(message.payload), bool(message.retain), time.time())])

    while True:
        answer = None
        try:
            answer = listen(settings, choice.version, topics, on_message, lambda: show(lines.silent(time.time())))
        except (OSError, ValueError) as error:
            if not choice.accepted:
                raise WorldError(f"broker {broker} cannot be reached: {error}") from error
        if answer is not None and not answer.is_failure:
            choice.accept()
            print("connection lost, trying again", file=sys.stderr)
        elif answer is not None and (answer.value != UNSUPPORTED_VERSION or settings.protocol != "auto"):
            raise WorldError(f"broker {broker} refuses: {connack_in_words(answer, NAME, None)}")
        elif not choice.accepted:
            choice.end_silently() if answer is None else choice.refuse()
            unanswered += 1
            if unanswered == _ATTEMPTS:
                raise WorldError(f"broker {broker} does not answer as an MQTT broker")
        show(lines.silent(time.time()))
        time.sleep(1.0)
