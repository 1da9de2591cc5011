"""Nothing that comes in can do harm."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from dms.alerts.inputs import DriverNamed, Input, InputError, InputReader
from dms.alerts.topics import Topics
from dms.driver.inputs import Acknowledgement, VehicleSpeed
from dms.driver.state import AlertKind, Phase
from tests.conftest import until

from .make import FATIGUE, VEHICLE, Vehicle

TOPICS = Topics(VEHICLE)
KNOWN = UUID("6d8f0b0e-4a43-5b7e-9a53-0f7d3b2a9c12")
MALFORMED = 10_000


def reader(rate_hz: float = 100.0) -> InputReader:
    return InputReader(TOPICS, rate_hz, lambda event_id: (AlertKind.FATIGUE, 3) if event_id == KNOWN else None)


def read(topic: str, payload: str | bytes, retained: bool = False) -> Input:
    return reader().read(topic, payload.encode() if isinstance(payload, str) else payload, retained, 5.0)


@pytest.mark.parametrize(
    ("topic", "payload", "value"),
    [
        (TOPICS.speed, '{"kmh": 50}', VehicleSpeed(5.0, 50.0)),
        (TOPICS.speed, '{"kmh": 0.5, "source": "can"}', VehicleSpeed(5.0, 0.5)),
        (TOPICS.speed, '{"kmh": null}', VehicleSpeed(5.0, None)),
        (TOPICS.driver, '{"driver_id": "anna-1"}', DriverNamed(5.0, "anna-1")),
        (TOPICS.driver, '{"driver_id": null}', DriverNamed(5.0, None)),
        (TOPICS.acknowledge, "{}", Acknowledgement(5.0)),
        (TOPICS.acknowledge, '{"kind": "anger"}', Acknowledgement(5.0, AlertKind.ANGER)),
        (TOPICS.acknowledge, json.dumps({"event_id": str(KNOWN)}), Acknowledgement(5.0, AlertKind.FATIGUE, 3)),
    ],
)
def test_a_valid_input_is_taken(topic: str, payload: str, value: Input) -> None:
    assert read(topic, payload) == value


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        (TOPICS.speed, "", "payload"),
        (TOPICS.speed, "50", "payload"),
        (TOPICS.speed, "{}", "kmh"),
        (TOPICS.speed, '{"kmh": "50"}', "kmh"),
        (TOPICS.speed, '{"kmh": true}', "kmh"),
        (TOPICS.speed, '{"kmh": -0.1}', "kmh"),
        (TOPICS.speed, '{"kmh": 501}', "kmh"),
        (TOPICS.speed, '{"kmh": NaN}', "kmh"),
        (TOPICS.speed, '{"kmh": 1e999}', "kmh"),
        (TOPICS.speed, b"\xff\xfe", "payload"),
        (TOPICS.speed, "[" * 1000, "payload"),
        (TOPICS.driver, '{"driver_id": "../../etc/passwd"}', "driver_id"),
        (TOPICS.driver, '{"driver_id": ""}', "driver_id"),
        (TOPICS.driver, '{"driver_id": "a\\n"}', "driver_id"),
        (TOPICS.driver, json.dumps({"driver_id": "x" * 65}), "driver_id"),
        (TOPICS.acknowledge, '{"kind": "sleep"}', "kind"),
        (TOPICS.acknowledge, '{"event_id": "1"}', "event_id"),
        (TOPICS.acknowledge, json.dumps({"event_id": str(UUID(int=5))}), "no such open alert"),
        (TOPICS.acknowledge, "{}" + " " * 1024, "longer than 1024 bytes"),
        (TOPICS.state, "{}", "not an input topic"),
        ("dms/other/cmd/ack", "{}", "not an input topic"),
    ],
)
def test_an_invalid_input_is_refused_with_a_reason(topic: str, payload: str | bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read(topic, payload)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(InputError) as refusal:
        read(TOPICS.driver, '{"driver_id": "\\u001b[31m secret"}')
    assert "secret" not in str(refusal.value)


def test_what_the_broker_had_kept_is_not_fresh() -> None:
    with pytest.raises(InputError, match="retained"):
        read(TOPICS.acknowledge, "{}", retained=True)


def test_each_topic_has_its_own_pace() -> None:
    inputs = reader(rate_hz=2.0)

    def taken(topic: str, t: float) -> bool:
        try:
            inputs.read(topic, b'{"kmh": 1, "driver_id": null}', False, t)
        except InputError:
            return False
        return True

    assert [taken(TOPICS.speed, 10.0) for _ in range(4)] == [True, True, False, False]
    assert taken(TOPICS.driver, 10.0)
    assert [taken(TOPICS.speed, 10.5) for _ in range(2)] == [True, False]
    assert [taken(TOPICS.speed, 99.0) for _ in range(3)] == [True, True, False]


def malformed(chance: random.Random) -> tuple[str, bytes]:
    """A message that was valid once: cut, flipped, doubled, filled with noise, or with odd values."""
    topic = chance.choice(TOPICS.inputs)
    values: list[Any] = [None, -1, 1e308, "x" * 80, [], {}, True, "\ud800", -(10**40), "0", 0.1, "\0"]
    odd = chance.choice(values)
    name = chance.choice(["kmh", "driver_id", "event_id", "kind", "nothing"])
    payload = bytearray(json.dumps({name: odd}).encode())
    match chance.randrange(5):
        case 0:
            del payload[chance.randrange(len(payload)) :]
        case 1:
            for _ in range(chance.randrange(1, 8)):
                payload[chance.randrange(len(payload))] = chance.randrange(256)
        case 2:
            payload *= chance.randrange(2, 200)
        case 3:
            payload = bytearray(chance.randbytes(chance.randrange(2000)))
    return topic, bytes(payload)


def test_of_ten_thousand_malformed_messages_each_is_refused_or_a_valid_value() -> None:
    chance = random.Random(6)
    inputs = reader()
    outcomes = {"refused": 0, "taken": 0}
    for number in range(MALFORMED):
        topic, payload = malformed(chance)
        try:
            value = inputs.read(topic, payload, False, float(number))
        except InputError:
            outcomes["refused"] += 1
        else:
            outcomes["taken"] += 1
            assert isinstance(value, VehicleSpeed | Acknowledgement | DriverNamed)
            if isinstance(value, VehicleSpeed):
                assert value.kmh is None or 0 <= value.kmh <= 500
    assert outcomes["refused"] > MALFORMED / 2


@pytest.fixture
def van(mosquitto: Any, tmp_path: Path) -> Iterator[Vehicle]:
    made = Vehicle(tmp_path / "vehicle", mosquitto.port, input_rate_hz=100.0).start()
    yield made
    made.stop()


def test_ten_thousand_malformed_messages_through_the_broker_disturb_nothing(mosquitto: Any, van: Vehicle) -> None:
    listener = mosquitto.listen("dms/+/alert/#")
    van.tell_state()
    until(lambda: van.publisher.status.connected)
    chance = random.Random(7)
    flood: Callable[[str, bytes], Any] = listener._client.publish
    for _ in range(MALFORMED):
        flood(*malformed(chance))

    def last_one_came() -> bool:
        listener.publish(TOPICS.driver, '{"driver_id": "the-last-one"}')
        return DriverNamed in map(type, van.inputs) and "the-last-one" in repr(van.inputs[-1])

    until(last_one_came)
    # the others were longer than the largest packet that the daemon lets the broker send
    assert van.publisher.status.inputs_rejected > MALFORMED / 2
    van.raise_alert(Phase.START, 1)
    until(lambda: listener.on(FATIGUE))
    assert van.publisher.status.connects == 1
    assert van.publisher.status.error is None
