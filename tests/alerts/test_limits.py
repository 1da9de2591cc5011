"""A broker's limits are obeyed, stated or not: with a real Mosquitto that has them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dms.alerts.delivery.limits import packet_bytes
from dms.alerts.messages import InfoMessage
from dms.alerts.topics import Topics
from dms.driver.state import Phase
from tests.conftest import until

from .make import FATIGUE, VEHICLE, Vehicle, steps

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


def test_the_size_that_is_reckoned_is_the_size_that_the_broker_takes(
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
        until(lambda heard=listener: heard.on(TOPICS.availability))
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
