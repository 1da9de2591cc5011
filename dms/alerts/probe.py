"""Asks a broker whether it would take this vehicle, without disturbing a daemon that is connected.

Takes the settings, gives nothing when all is well. Publishes nothing, leaves no will, and has a client id of its own.
"""

import threading
from typing import Any

import paho.mqtt.client as mqtt

from dms.alerts.client import new_client
from dms.config.alerts import MqttSettings
from dms.errors import WorldError

_PATIENCE_S = 5.0


def probe_broker(settings: MqttSettings, vehicle_id: str) -> None:
    """Connect, wait for the broker's answer, and leave.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
        WorldError: The broker cannot be reached, does not answer within 5 s, or refuses.
    """
    client = new_client(settings, f"dms-check-{vehicle_id}")
    answered = threading.Event()
    answers: list[str | None] = []

    def on_connect(_client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        answers.append(str(reason) if reason.is_failure else None)
        answered.set()

    client.on_connect = on_connect
    client.connect_timeout = _PATIENCE_S
    try:
        client.connect(settings.host, settings.broker_port, settings.keepalive_s)
    except OSError as error:
        raise WorldError(f"cannot be reached ({error.strerror or error})") from error
    except ValueError as error:
        raise WorldError("is not the name or address of a machine: set mqtt.host") from error
    client.loop_start()
    try:
        if not answered.wait(_PATIENCE_S):
            raise WorldError("does not answer as an MQTT broker")
        if answers[0] is not None:
            raise WorldError(f"refuses this vehicle ({answers[0]}): check mqtt.login_file")
    finally:
        client.disconnect()
        client.loop_stop()
