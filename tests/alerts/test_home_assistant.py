"""Home Assistant's own schemas and templates take the announcement.

Needs a Python with Home Assistant (docs/compatibility.md): ``HOME_ASSISTANT_PYTHON=... pytest -m home_assistant``.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dms.alerts.clock import Stamp
from dms.alerts.discovery import discovery
from dms.alerts.encoder import Encoder
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind, Condition, Degraded, DistractionLevel, FatigueLevel, Phase

from .make import VEHICLE, alert, state
from .test_publisher import health

TOPICS = Topics(VEHICLE)
ENCODER = Encoder(VEHICLE, "session", Stamp)


def shown(**samples: str) -> dict[str, str]:
    """What the parts of the announcement show after these messages."""
    python = os.environ.get("HOME_ASSISTANT_PYTHON")
    if python is None:
        pytest.skip("HOME_ASSISTANT_PYTHON names no Python with Home Assistant (docs/compatibility.md)")
    announced = json.loads(discovery(TOPICS, "homeassistant")[1])
    topics = {"state": TOPICS.state, "health": TOPICS.health, "fatigue": TOPICS.alert(AlertKind.FATIGUE)}
    given = {"announced": announced, "samples": {topics[name]: payload for name, payload in samples.items()}}
    script = Path(__file__).with_name("home_assistant.py")
    command = [python, str(script)]
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert answer["checked"] == list(announced["components"])
    told: dict[str, str] = answer["shown"]
    return told


@pytest.mark.home_assistant
def test_every_part_is_accepted_and_what_is_unknown_is_shown_as_unknown() -> None:
    unknown = state(condition=Condition.DEGRADED, degraded=Degraded.DARK, perclos=None, anger_score=None)
    told = shown(state=ENCODER.state(unknown).to_json(), health=health().to_json())
    assert {told[name] for name in ("fatigue", "anger", "perclos", "safety")} == {"None"}
    assert (told["condition"], told["camera"], told["models"]) == ("degraded", "ok", "ok")


@pytest.mark.home_assistant
def test_a_driver_who_is_judged_is_shown_as_judged() -> None:
    well = shown(state=ENCODER.state(state()).to_json())
    assert (well["fatigue"], well["anger"], well["safety"]) == ("none", "none", "OFF")
    asleep = state(condition=Condition.FATIGUED, fatigue=FatigueLevel.ASLEEP)
    told = shown(state=ENCODER.state(asleep).to_json())
    assert (told["fatigue"], told["safety"]) == ("asleep", "ON")


@pytest.mark.home_assistant
@pytest.mark.parametrize(
    ("phase", "kind"), [(Phase.START, "microsleep"), (Phase.UPDATE, "microsleep"), (Phase.END, "end")]
)
def test_an_events_type_is_the_level_or_the_end(phase: Phase, kind: str) -> None:
    event = json.loads(shown(fatigue=ENCODER.alert(alert(phase)).to_json())["fatigue_alert"])
    assert event["event_type"] == kind
    assert (event["late_s"], event["test"]) == (0.0, False)


@pytest.mark.home_assistant
@pytest.mark.parametrize(("phase", "kind"), [(Phase.START, "test"), (Phase.END, "end")])
def test_an_alert_that_is_tried_is_no_event_of_its_level(phase: Phase, kind: str) -> None:
    tried = ENCODER.trial(alert(phase, episode=0), uuid4()).to_json()
    told = shown(fatigue=tried)
    event = json.loads(told["fatigue_alert"])
    assert (event["event_type"], event["test"], event["level"]) == (kind, True, "microsleep")
    assert told["fatigue_microsleep_trigger"] == ("test" if phase is Phase.START else "over")


def test_the_announcement_names_each_level_that_there_is() -> None:
    parts = json.loads(discovery(TOPICS, "homeassistant")[1])["components"]
    assert parts["fatigue_alert"]["event_types"] == [*map(str, FatigueLevel), "end", "test"]
    assert parts["fatigue_test_trigger"]["payload"] == "test"
    assert parts["distraction_alert"]["event_types"] == [*map(str, DistractionLevel), "end", "test"]
    assert set(parts["condition"]["options"]) == set(map(str, Condition))
    assert parts["camera"]["options"][0] == "ok"
    assert parts["acknowledge"]["command_topic"] == TOPICS.acknowledge
