"""The short form of an alert, and a prefix of one's own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dms.alerts.brief import brief
from dms.alerts.clock import Stamp
from dms.alerts.delivery.limits import packet_bytes
from dms.alerts.delivery.publication import Publication
from dms.alerts.encoder import Encoder
from dms.alerts.topics import Topics
from dms.driver.state import Alert, AlertKind, FatigueLevel, Phase
from tests.conftest import until

from .make import FATIGUE, GOOD_UTC, VEHICLE, Vehicle


@pytest.fixture
def van(mosquitto: Any, tmp_path: Path) -> Iterator[Vehicle]:
    made = Vehicle(tmp_path, mosquitto.port, brief=True)
    yield made
    made.stop(1.0)


def test_the_short_form_follows_its_alert_and_is_not_kept(mosquitto: Any, van: Vehicle) -> None:
    listener = mosquitto.listen("dms/+/alert/#")
    van.tell_state()
    for phase in Phase:
        van.raise_alert(phase, 1)
    van.start()
    until(lambda: len(listener.on(f"{FATIGUE}/brief")) == 3)
    until(van.is_delivered)
    assert [heard.topic for heard in listener.heard] == [FATIGUE, f"{FATIGUE}/brief"] * 3
    for long, short in zip(listener.on(FATIGUE), listener.on(f"{FATIGUE}/brief"), strict=True):
        said = json.loads(long)
        assert json.loads(short) == {name: said[name] for name in ("event_id", "phase", "level", "sequence")}


@pytest.mark.parametrize("version_5", [True, False])
def test_the_short_form_takes_200_bytes_at_most_with_24_characters_of_names(version_5: bool) -> None:
    topics = Topics("v" * 20, "pppp")
    encoder = Encoder(
        topics.vehicle_id, "session", lambda t: Stamp(GOOD_UTC + t), {topics.alert(AlertKind.FATIGUE): 2**40}
    )
    raised = Alert(AlertKind.FATIGUE, Phase.UPDATE, FatigueLevel.UNRESPONSIVE, 1, 1.0, 2.0, {})
    topic = topics.alert(AlertKind.FATIGUE)
    for message in (encoder.alert(raised), encoder.trial(raised, uuid4())):
        short = brief(topics, Publication(topic, message.to_json(), 1, False))
        assert packet_bytes(short.topic, short.payload, version_5, bare=True) <= 200
        assert short.qos == 0
        assert json.loads(short.payload).get("test", False) is message.test


def test_a_prefix_of_ones_own_is_the_first_part_of_every_topic(mosquitto: Any) -> None:
    topics = Topics(VEHICLE, "fleet7")
    assert {topic.split("/")[0] for topic in (topics.state, topics.availability, *topics.inputs)} == {"fleet7"}
    assert Encoder(VEHICLE, "session", Stamp, prefix="fleet7").topics == topics
