"""One connection of a subscriber, from the first byte to the last.

Takes the settings and who hears the messages, gives the broker's answer when the connection has ended. Keeps nothing.
"""

import sys
import time
import uuid
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from dms.alerts.client import new_client
from dms.alerts.topics import EVERY_VEHICLE, Topics
from dms.alerts.version import Version
from dms.config.alerts import MqttSettings

NAME = "dms-watch"
"""The client id begins with it."""
_PATIENCE_S = 5.0
"""How long a broker may take for its answer."""


def listen(
    settings: MqttSettings,
    version: Version,
    topics: Topics,
    on_message: Callable[[mqtt.Client, object, mqtt.MQTTMessage], None],
    each_second: Callable[[], None],
) -> ReasonCode | None:
    """Listen until the connection ends; returns the broker's answer to it, None where it gave none.

    Args:
        settings: The ``[mqtt]`` table.
        version: Of MQTT.
        topics: Of a vehicle, or of every one.
        on_message: Called with each message.
        each_second: Called about so often.

    Raises:
        OSError: The broker cannot be reached, or TLS failed.
        ValueError: The host is not the name or address of a machine.
    """
    answers: list[ReasonCode] = []

    def on_connect(client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        answers.append(reason)
        if not reason.is_failure:
            awaited = "every vehicle" if topics.vehicle_id == EVERY_VEHICLE else topics.vehicle_id
            print(f"connected to {settings.host}:{settings.broker_port}, waiting for {awaited}", file=sys.stderr)
            # info first: it says when a state is stale
            names = (topics.info, topics.health, topics.availability, topics.state, topics.every_alert)
            client.subscribe([(name, 1) for name in names])

    client = new_client(settings, f"{NAME}-{uuid.uuid4().hex[:8]}", version)
    client.on_connect, client.on_message = on_connect, on_message
    client.connect(settings.host, settings.broker_port, settings.keepalive_s)
    patience = time.monotonic() + _PATIENCE_S
    while client.loop(timeout=1.0) == mqtt.MQTT_ERR_SUCCESS and (answers or time.monotonic() < patience):
        each_second()
    if (sock := client.socket()) is not None:
        sock.close()
    return answers[0] if answers else None
