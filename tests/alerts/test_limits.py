"""A broker's limits are obeyed, stated or not: with a real Mosquitto that has them."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from dms.alerts.delivery.connection import Connection
from dms.alerts.delivery.limits import packet_bytes
from dms.alerts.delivery.waker import Waker
from dms.alerts.messages import InfoMessage
from dms.alerts.topics import Topics
from dms.config.alerts import MqttSettings
from dms.driver.state import Phase
from tests.conftest import until

from .make import FATIGUE, VEHICLE, Vehicle, steps
from .odd import Odd

TOPICS = Topics(VEHICLE)


def large_info() -> InfoMessage:
    config = {"filler": "x" * 3500}
    return InfoMessage(at=datetime.now(UTC), clock="synchronised", version="1", session="s", models={}, config=config)


@pytest.mark.parametrize("protocol", ["auto", "5", "3.1.1"])
def test_a_message_that_the_broker_does_not_take_costs_no_alert(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle], protocol: str
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_packet_size 2000")
    broker.start()
    listener = broker.listen("dms/#")
    van = vehicle(broker.port, protocol=protocol)
    van.publisher.info(large_info())
    van.tell_state()
    for episode in range(1, 6):
        van.raise_alert(Phase.START, episode)
    van.start()
    until(lambda: len(steps(listener.on(FATIGUE))) == 5)
    until(van.is_delivered)
    if protocol != "3.1.1":
        assert f"{TOPICS.info} is left out: " in str(van.publisher.status.error)
        assert "bytes, the broker takes 2000" in str(van.publisher.status.error)
        assert van.publisher.status.connects == 1
    else:
        until(lambda: "rests: the broker closed 3 connections" in str(van.publisher.status.error))
    assert van.publisher.status.protocol == ("3.1.1" if protocol == "3.1.1" else "5")


def test_the_size_that_is_calculated_is_the_size_that_the_broker_takes(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    payload = large_info().to_json()
    # the properties of a connection that states a limit are left off where they alone are too much
    size = packet_bytes(TOPICS.info, payload, version_5=True, bare=True)
    for limit, arrives in ((size, True), (size - 1, False)):
        broker = mosquitto_factory(config=f"allow_anonymous true\nmax_packet_size {limit}")
        broker.start()
        listener = broker.listen("dms/#")
        van = vehicle(broker.port, folder=str(limit))
        van.publisher.info(large_info())
        van.tell_state()
        van.start()
        until(partial(listener.on, TOPICS.availability))
        assert bool(listener.on(TOPICS.info)) == arrives
        assert van.publisher.status.connects == 1


def test_a_broker_that_keeps_nothing_is_served_without_retain(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nretain_available false")
    broker.start()
    listener = broker.listen("dms/#")
    van = vehicle(broker.port)
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    van.start()
    until(lambda: listener.on(FATIGUE) and listener.on(TOPICS.availability) == ["online"])
    assert van.publisher.status.error is None


def test_with_a_broker_of_qos_0_only_alerts_stay_on_disk_and_the_status_says_so(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_qos 0")
    broker.start()
    listener = broker.listen("dms/#")
    van = vehicle(broker.port)
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    van.start()
    until(lambda: listener.on(TOPICS.availability) == ["online"])
    until(lambda: "alerts stay on disk" in str(van.publisher.status.error))
    assert len(van.outbox) == 1
    assert listener.on(FATIGUE) == []


def test_a_small_window_and_a_short_keep_alive_are_obeyed(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_inflight_messages 1\nmax_keepalive 10")
    broker.start()
    listener = broker.listen("dms/#")
    van = vehicle(broker.port, keepalive_s=3600)
    van.tell_state()
    for episode in range(1, 31):
        van.raise_alert(Phase.START, episode)
    van.start()
    until(lambda: len(steps(listener.on(FATIGUE))) == 30)
    assert van.publisher.status.connects == 1


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_two_vehicles_with_one_id_are_told_of_each_other(
    mosquitto: Any, vehicle: Callable[..., Vehicle], protocol: str
) -> None:
    one, other = (vehicle(mosquitto.port, folder=name, protocol=protocol) for name in ("one", "other"))
    for van in (one, other):
        van.tell_state()
        van.start()
    # Mosquitto 2.0.11 closes without a word where later ones say which client came
    words = (f"another client uses the id dms-{VEHICLE}", f"another client has connected with the id dms-{VEHICLE}")
    until(lambda: any(word in str(van.publisher.status.error) for van in (one, other) for word in words))


def test_what_is_on_the_wire_says_what_it_is(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    listener = mosquitto.listen("dms/#")
    van = vehicle(mosquitto.port)
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    van.start()
    until(lambda: listener.on(FATIGUE))
    kinds = {heard.topic: heard.properties.ContentType for heard in listener.heard}
    assert kinds.pop(TOPICS.availability) == "text/plain"
    assert set(kinds.values()) == {"application/json"}
    assert json.loads(listener.on(FATIGUE)[0])


def connack(reason: int, properties: bytes = b"") -> bytes:
    """A broker's answer to a connection (MQTT 5, 3.2)."""
    return bytes([0x20, 3 + len(properties), 0, reason, len(properties)]) + properties


def reference(name: str) -> bytes:
    """The property that names another broker (MQTT 5, 3.2.2.3.16)."""
    return bytes([0x1C, 0, len(name)]) + name.encode()


@pytest.mark.parametrize(
    ("reason", "properties", "words"),
    [
        (0x9C, reference("other:1883"), "it names another broker: set mqtt.host (it names other:1883"),
        (0x9D, reference("other:1883"), "it has moved: set mqtt.host (it names other:1883, which is not followed)"),
        (0x85, b"", f"it does not allow the client id dms-{VEHICLE}: set mqtt.client_id"),
        (0x86, b"", "user or password is wrong: check mqtt.login_file"),
        (0x97, b"", "a quota of this user is used up"),
    ],
)
def test_a_refusal_is_told_in_words_and_another_broker_is_never_followed(
    vehicle: Callable[..., Vehicle], reason: int, properties: bytes, words: str
) -> None:
    odd = Odd(connack(reason, properties))
    van = vehicle(odd.port, protocol="5")
    van.start()
    until(lambda: len(odd.connections) >= 2)  # it comes back to the one that was set
    odd.close()
    assert van.publisher.status.refused
    assert words in str(van.publisher.status.error)


def test_the_brokers_keep_alive_counts(mosquitto_factory: Callable[..., Any]) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_keepalive 10")
    broker.start()
    connection = Connection(MqttSettings(host="127.0.0.1", port=broker.port, keepalive_s=3600), "one", "nowhere")
    connection.connect()
    waker = Waker()
    waker.open()
    deadline = time.monotonic() + 60.0
    while not connection.accepted and time.monotonic() < deadline:
        connection.step(waker.socket, 0.1)
    assert connection._client.keepalive == 10
    connection.close()
    waker.close()


def test_mosquitto_acknowledges_what_its_full_queue_then_drops_the_newest_first(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    """The broker's behaviour, not ours: the reason why the shipped files set a longer queue."""
    broker = mosquitto_factory(max_queued_messages=5)
    broker.start()
    broker.listen(FATIGUE, client_id="away").close()
    van = vehicle(broker.port)
    van.tell_state()
    for episode in range(1, 101):
        van.raise_alert(Phase.START, episode)
    van.start()
    until(van.is_delivered)
    back = broker.listen(FATIGUE, client_id="away")
    van.raise_alert(Phase.START, 101)
    until(lambda: steps(back.on(FATIGUE))[-1:] and steps(back.on(FATIGUE))[-1][0] == 101)
    kept = [number for number, _, _ in steps(back.on(FATIGUE))][:-1]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) < 100
