"""Asks a broker what the daemon will ask of it, and leaves behind what a daemon that has stopped leaves.

Takes the settings and what the daemon would say first, gives what the broker made of it. It has the daemon's client id:
only for use while no daemon runs. ``greet_broker`` asks less, with an id of its own, and disturbs none.
"""

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from dms.alerts.delivery.connection import WHOLE_WILL, Connection, Will
from dms.alerts.delivery.limits import packet_bytes
from dms.alerts.delivery.publication import Publication
from dms.alerts.messages import OFFLINE
from dms.alerts.reasons import QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, UNSUPPORTED_VERSION
from dms.alerts.topics import Topics
from dms.alerts.version import Version, VersionChoice
from dms.config.alerts import MqttSettings
from dms.driver.state import AlertKind
from dms.errors import WorldError

_PATIENCE_S = 5.0
_ATTEMPTS = 6
"""Both versions twice without an answer, and a last will that is refused for two reasons."""
_STATE_BYTES = 1200
_ALERT_BYTES = 900
"""Above the payloads that the daemon makes; they are only weighed, nobody must hear of an alert."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a broker made of it.

    Attributes:
        protocol: The version of MQTT that it accepted.
        problems: What it does not take, in words; empty when it takes all.
    """

    protocol: Version
    problems: tuple[str, ...] = ()


def ask_broker(settings: MqttSettings, topics: Topics, retained: Sequence[tuple[str, str]]) -> Answer:
    """Connect as the daemon does, publish what is retained and ``offline``, listen to the inputs, and leave.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
        WorldError: The broker cannot be reached, does not answer, or refuses.
    """
    connection, version = _connect(settings, settings.client_id or f"dms-{topics.vehicle_id}", topics)
    with closing(connection):
        problems = _weigh(connection, version, topics)
        flying: dict[int, str] = {}
        for topic, payload in (*retained, (topics.availability, OFFLINE)):
            sizes = {bare: packet_bytes(topic, payload, version == "5", bare=bare) for bare in (False, True)}
            bare = not connection.limits.takes(sizes[False])
            if not connection.limits.takes(sizes[bare]):
                problems.append(f"{topic} is left out: {sizes[bare]} bytes, it takes {connection.limits.packet_bytes}")
                continue
            mid = connection.publish(
                Publication(topic, payload, connection.limits.maximum_qos, connection.limits.retain, bare=bare)
            )
            if connection.limits.maximum_qos:
                flying[mid] = topic
        connection.subscribe(topics.inputs)
        problems += _answers(connection, flying)
        connection.disconnect()
    return Answer(version, tuple(problems))


def greet_broker(settings: MqttSettings, topics: Topics) -> Answer:
    """Connect with an id of its own and leave: the login is good, and no more is known.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
        WorldError: The broker cannot be reached, does not answer, or refuses.
    """
    connection, version = _connect(settings, f"dms-check-{topics.vehicle_id}", topics, will=None)
    with closing(connection):
        connection.disconnect()
    return Answer(version)


def _connect(
    settings: MqttSettings, client_id: str, topics: Topics, will: Will | None = WHOLE_WILL
) -> tuple[Connection, Version]:
    choice = VersionChoice(settings.protocol)
    error = "does not answer as an MQTT broker"
    for _ in range(_ATTEMPTS):
        connection = Connection(settings, client_id, topics.availability, choice.version, will)
        try:
            connection.connect(_PATIENCE_S)
            _step_until(connection, lambda one: one.accepted)
        except OSError as problem:
            connection.close()
            raise WorldError(f"cannot be reached ({problem.strerror or problem})") from problem
        except ValueError as problem:
            raise WorldError("is not the name or address of a machine: set mqtt.host") from problem
        if connection.accepted and connection.closed is None:
            return connection, choice.version
        connection.close()
        if connection.code == UNSUPPORTED_VERSION:
            choice.refuse()
        elif will is not None and connection.code in (RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED):
            will = replace(will, retain=False) if connection.code == RETAIN_NOT_SUPPORTED else replace(will, qos=0)
        elif connection.refused:
            raise WorldError(f"refuses this vehicle ({connection.closed}): check mqtt.login_file")
        else:
            before = choice.version
            choice.end_silently()
            if settings.protocol != "auto" and choice.version == before:
                break
        error = connection.closed or error
    raise WorldError(error)


def _weigh(connection: Connection, version: Version, topics: Topics) -> list[str]:
    """Return what the broker states that it will not take of states and alerts."""
    problems = []
    limits = connection.limits
    weighed = ((topics.state, _STATE_BYTES), *((topics.alert(kind), _ALERT_BYTES) for kind in AlertKind))
    for topic, payload_bytes in weighed:
        size = packet_bytes(topic, "{" + " " * (payload_bytes - 1), version == "5", bare=True)
        if not limits.takes(size):
            problems.append(f"{topic} may be left out: up to {size} bytes, it takes {limits.packet_bytes}")
    if not limits.maximum_qos:
        problems.append("alerts would stay on disk: it takes QoS 0 only and acknowledges nothing")
    if not limits.retain:
        problems.append("it keeps no retained messages: who comes late sees nothing until the next state")
    if limits.server_reference is not None:
        problems.append(f"it names {limits.server_reference}, which is not followed: set mqtt.host")
    return problems


def _answers(connection: Connection, flying: dict[int, str]) -> list[str]:
    """Return what it says of what was published and of what is listened to."""
    problems = []

    def is_answered(_: Connection) -> bool:
        for answer in connection.take_acknowledged():
            topic = flying.pop(answer.mid, None)
            if topic is not None and answer.refusal is not None:
                problems.append(f"{topic} refused: {answer.refusal}")
        problems.extend(f"an input may not be heard: {refusal}" for refusal in connection.take_denied())
        return not flying and connection.subscribed

    _step_until(connection, is_answered)
    if connection.closed is not None:
        problems.append(f"it closed the connection: {connection.closed}")
    problems += [f"{topic} is not acknowledged" for topic in flying.values()]
    return problems


def _step_until(connection: Connection, is_done: Callable[[Connection], bool]) -> None:
    """Move bytes until something is so, the connection is over, or patience is."""
    wake, other = socket.socketpair()
    with wake, other:
        deadline = time.monotonic() + _PATIENCE_S
        while connection.closed is None and not is_done(connection) and time.monotonic() < deadline:
            connection.step(wake, 0.1)
