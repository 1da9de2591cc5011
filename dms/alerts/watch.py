"""A subscriber that prints states and alerts live and tells stale from fresh: the example of how to read them.

Takes the ``[mqtt]`` table, gives lines. An alert counts once by (event_id, sequence), a state while it is young.
"""

import contextlib
import time
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.text import Text

from dms.alerts.client import new_client
from dms.alerts.clock import ClockQuality
from dms.alerts.messages import OFFLINE, AlertMessage, HealthMessage, StateMessage
from dms.alerts.topics import EVERY_VEHICLE, Topics
from dms.config.alerts import MqttSettings
from dms.errors import WorldError

_ALERT: TypeAdapter[AlertMessage] = TypeAdapter(AlertMessage)
_STYLES = {"start": "bold red", "update": "red", "end": "green"}
STALE_S = 10.0  # a daemon sends a state every second unless told otherwise (service.state_interval_s)


class Watch:
    """Turns messages into lines. ``now`` is UTC, seconds since 1970, everywhere."""

    def __init__(self) -> None:
        self._stopped: dict[str, bool] = {}
        self._heard: dict[str, float] = {}
        self._seen: set[tuple[uuid.UUID, int]] = set()

    def line(self, topic: str, payload: bytes, retained: bool, now: float) -> Text | None:
        """One message in words; None for one that says nothing new."""
        _, vehicle, name = topic.split("/", 2)
        try:
            if name == "availability":
                why = ": stopped" if self._stopped.get(vehicle) else ": lost, what it said last is stale"
                return _line(now, vehicle, payload.decode() + (why if payload == OFFLINE.encode() else ""), "bold")
            if name == "health":
                self._stopped[vehicle] = HealthMessage.model_validate_json(payload).status == "stopped"
                return None
            if name == "state":
                return self._state(vehicle, StateMessage.model_validate_json(payload), retained, now)
            return self._alert(vehicle, _ALERT.validate_json(payload), now)
        except (ValidationError, UnicodeDecodeError):
            return _line(now, vehicle, f"{name}: not a message that version 1 can read", "dim")

    def silent(self, now: float) -> list[Text]:
        """A line for each vehicle whose last state has just become stale."""
        stale = [vehicle for vehicle, heard in self._heard.items() if now - heard > STALE_S]
        return [_line(now, v, f"stale: no state for {now - self._heard.pop(v):.0f} s", "dim") for v in stale]

    def _state(self, vehicle: str, state: StateMessage, retained: bool, now: float) -> Text:
        stale = retained if state.clock is ClockQuality.UNSYNCHRONISED else now - state.at.timestamp() > STALE_S
        self._heard[vehicle] = now
        text = f"{state.condition} {state.degraded or ''} eyes {state.eyes} PERCLOS {state.perclos}"
        return _line(now, vehicle, f"{'stale' if stale else 'fresh'} {text}", "dim" if stale else "")

    def _alert(self, vehicle: str, alert: AlertMessage, now: float) -> Text | None:
        if (alert.event_id, alert.sequence) in self._seen:
            return None
        self._seen.add((alert.event_id, alert.sequence))
        text = f"{alert.kind} {alert.phase}: {alert.level}, late_s {alert.late_s}, {alert.evidence}"
        return _line(now, vehicle, text, _STYLES[alert.phase])


def _line(now: float, vehicle: str, text: str, style: str) -> Text:
    return Text(f"{time.strftime('%H:%M:%S', time.gmtime(now))} {vehicle:<12} {text}", style)


def watch(settings: MqttSettings, vehicle_id: str = EVERY_VEHICLE, console: Console | None = None) -> None:
    """Print what one vehicle, or every one, says until interrupted. WorldError: the broker is away or refuses."""
    lines, refusals, topics, console = Watch(), list[str](), Topics(vehicle_id), console or Console()

    def on_connect(client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        refusals.extend([str(reason)] if reason.is_failure else [])
        client.subscribe([(name, 1) for name in (topics.health, topics.availability, topics.state, topics.every_alert)])

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if line := lines.line(message.topic, bytes(message.payload), bool(message.retain), time.time()):
            console.print(line)

    client = new_client(settings, f"dms-watch-{uuid.uuid4().hex[:8]}")
    client.on_connect, client.on_message = on_connect, on_message
    try:
        client.connect(settings.host, settings.broker_port, settings.keepalive_s)
    except (OSError, ValueError) as error:
        raise WorldError(f"broker {settings.host}:{settings.broker_port} cannot be reached: {error}") from error
    while not refusals:
        if client.loop(timeout=1.0) != mqtt.MQTT_ERR_SUCCESS and not refusals:
            time.sleep(1.0)
            with contextlib.suppress(OSError):
                client.reconnect()
        for line in lines.silent(time.time()):
            console.print(line)
    raise WorldError(f"broker {settings.host}:{settings.broker_port} refuses: {refusals[0]}")
