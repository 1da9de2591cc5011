"""What stands in a message."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.messages import AlertMessage, InfoMessage, StateMessage, rfc3339
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind, AngerLevel, Condition, Degraded, DriverState, Eyes, FatigueLevel, Phase
from dms.errors import UserError
from dms.observation import Emotions

from .make import ANGER, FATIGUE, GOOD_UTC, VEHICLE, alert, life, state

ALERT = TypeAdapter(AlertMessage)


def encoder(session: str = "drive") -> Encoder:
    return Encoder(VEHICLE, session, lambda t: Stamp(GOOD_UTC + t))


def test_an_alert_carries_what_the_contract_names() -> None:
    message = json.loads(encoder().alert(alert(closed_s=1.5, perclos=None, trigger="closure")).to_json())
    assert message.pop("event_id") == str(encoder().event_id(AlertKind.FATIGUE, 1))
    assert message == {
        "schema_version": 1,
        "session": "drive",
        "kind": "fatigue",
        "phase": "start",
        "level": "microsleep",
        "started_at": "2027-01-15T08:01:40.500Z",
        "at": "2027-01-15T08:01:42.000Z",
        "clock": "synchronised",
        "sequence": 1,
        "evidence": {"closed_s": 1.5, "perclos": None, "trigger": "closure"},
        "test": False,
        "late_s": 0.0,
    }


def test_start_updates_and_end_share_an_id_and_count_on() -> None:
    made = encoder()
    first, second = ([made.alert(step) for step in life(episode, 10.0)] for episode in (1, 2))
    assert len({message.event_id for message in first}) == 1
    assert first[0].event_id != second[0].event_id
    assert [message.sequence for message in (*first, *second)] == [1, 2, 3, 4, 5, 6]


def test_each_topic_counts_for_itself_from_where_it_was() -> None:
    made = Encoder(VEHICLE, "drive", Stamp, {FATIGUE: 7})
    assert made.alert(alert()).sequence == 8
    assert made.alert(alert(kind=AlertKind.ANGER)).sequence == 1
    assert made.topic(alert(kind=AlertKind.ANGER)) == ANGER


def test_a_replay_makes_the_same_bytes_and_another_session_other_ids() -> None:
    drive = [*life(1, 10.0), *life(2, 20.0)]
    first, again = encoder(), encoder()
    assert [first.alert(step).to_json() for step in drive] == [again.alert(step).to_json() for step in drive]
    assert encoder("other").event_id(AlertKind.FATIGUE, 1) != encoder().event_id(AlertKind.FATIGUE, 1)


def test_only_an_open_alert_is_found_by_its_id() -> None:
    made = encoder()
    start, _, end = life(3, 10.0)
    event_id = made.alert(start).event_id
    assert made.open_alert(event_id) == (AlertKind.FATIGUE, 3)
    made.alert(end)
    assert made.open_alert(event_id) is None


def test_the_state_message_has_every_field_of_the_state() -> None:
    envelope = {"schema_version", "at", "clock", "sequence", "session", "open_alerts"}
    assert set(StateMessage.model_fields) == {field.name for field in fields(DriverState)} - {"t"} | envelope


def test_unknown_stays_unknown() -> None:
    unknown = state(
        condition=Condition.DEGRADED,
        degraded=Degraded.DARK,
        face=None,
        eyes=Eyes.UNKNOWN,
        closed_s=None,
        perclos=float("nan"),
        anger_score=None,
    )
    message = json.loads(encoder().state(unknown).to_json())
    assert {name: message[name] for name in ("degraded", "face", "eyes", "closed_s", "perclos", "anger_score")} == {
        "degraded": "dark",
        "face": None,
        "eyes": "unknown",
        "closed_s": None,
        "perclos": None,
        "anger_score": None,
    }


shares = st.none() | st.floats(0, 1)


@settings(max_examples=100)
@given(
    perclos=shares,
    anger_score=shares,
    valid_share=st.floats(0, 1),
    closed_s=st.none() | st.floats(0, 1e5),
    fatigue=st.none() | st.sampled_from(FatigueLevel),
    anger=st.none() | st.sampled_from(AngerLevel),
    emotions=st.none() | st.builds(Emotions, *[st.floats(0, 1)] * 8),
)
def test_a_state_reads_back_within_half_a_unit_of_the_last_decimal(**values: Any) -> None:
    given_state = state(**values)
    read = StateMessage.model_validate_json(encoder().state(given_state).to_json())
    for name in ("perclos", "anger_score", "valid_share", "closed_s"):
        value = getattr(given_state, name)
        assert getattr(read, name) == (None if value is None else pytest.approx(value, abs=5.1e-5))
    assert (read.fatigue, read.anger) == (given_state.fatigue, given_state.anger)
    assert (read.emotions is None) == (given_state.emotions is None)


def test_a_reader_of_version_1_ignores_added_fields_and_refuses_version_2() -> None:
    fields_ = json.loads(encoder().alert(alert()).to_json())
    assert ALERT.validate_python({**fields_, "added": {"later": 1}}).phase is Phase.START
    with pytest.raises(ValidationError, match="schema_version"):
        ALERT.validate_python({**fields_, "schema_version": 2})


def test_a_level_belongs_to_its_kind() -> None:
    fields_ = json.loads(encoder().alert(alert()).to_json())
    with pytest.raises(ValidationError):
        ALERT.validate_python({**fields_, "kind": "anger"})


def test_times_are_utc_with_milliseconds() -> None:
    moment = datetime(2026, 5, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-05-01T12:00:00.123Z"
    assert rfc3339(datetime(2026, 5, 1, tzinfo=UTC)) == "2026-05-01T00:00:00.000Z"


def test_a_doubtful_clock_is_said_in_the_message() -> None:
    made = Encoder(VEHICLE, "drive", lambda t: Stamp(t, ClockQuality.UNSYNCHRONISED))
    assert made.alert(alert()).clock is ClockQuality.UNSYNCHRONISED


@pytest.mark.parametrize("vehicle_id", ["", "a/b", "#", "a+", "ä", "a b", "x" * 65, "a\n", "$SYS", "a\0"])
def test_a_vehicle_id_is_one_plain_topic_level(vehicle_id: str) -> None:
    with pytest.raises(UserError, match="vehicle id"):
        Topics(vehicle_id)


def test_an_address_in_info_has_no_login_no_path_and_no_query() -> None:
    config = {"camera": {"source": "rtsp://user:p%40ss@cam.local/stream", "all": ["http://c/a?pwd=b", "plain@text"]}}
    message = InfoMessage(
        at=datetime.now(UTC), clock=ClockQuality.SYNCHRONISED, version="1", session="s", models={}, config=config
    )
    assert message.config == {"camera": {"source": "rtsp://cam.local/...", "all": ["http://c/...", "plain@text"]}}
