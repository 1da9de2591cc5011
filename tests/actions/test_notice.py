"""What actions hear besides alerts."""

import json

from dms.actions.notice import ConditionMessage, Conditions
from dms.driver.state import Condition, Degraded, Phase
from tests.alerts.make import state

from .make import stamp


def told(*states: tuple[Condition, Degraded | None]) -> list[ConditionMessage]:
    """All notices of a row of states, a second apart."""
    conditions = Conditions(stamp)
    found: list[ConditionMessage] = []
    for t, (condition, degraded) in enumerate(states):
        found += conditions.update(state(t=float(t), condition=condition, degraded=degraded))
    return found


UNKNOWN = (Condition.UNKNOWN, None)
ATTENTIVE = (Condition.ATTENTIVE, None)
FATIGUED = (Condition.FATIGUED, None)
DARK = (Condition.DEGRADED, Degraded.DARK)
COVERED = (Condition.DEGRADED, Degraded.COVERED)


def test_a_time_without_judgement_starts_gets_another_reason_and_ends() -> None:
    steps = [notice for notice in told(ATTENTIVE, DARK, DARK, COVERED, ATTENTIVE) if notice.kind == "degraded"]
    assert [(step.phase, step.level) for step in steps] == [
        (Phase.START, "dark"),
        (Phase.UPDATE, "covered"),
        (Phase.END, "covered"),
    ]
    assert len({(step.event_id, step.started_at) for step in steps}) == 1
    assert [(step.at - step.started_at).total_seconds() for step in steps] == [0.0, 2.0, 3.0]


def test_another_time_has_another_name() -> None:
    starts = [n for n in told(DARK, ATTENTIVE, DARK) if n.kind == "degraded" and n.phase is Phase.START]
    assert len({start.event_id for start in starts}) == 2


def test_the_driver_is_watched_from_the_first_word_on_him_until_he_cannot_be_judged() -> None:
    steps = [n for n in told(UNKNOWN, ATTENTIVE, UNKNOWN, FATIGUED, DARK, UNKNOWN, ATTENTIVE) if n.kind == "watching"]
    assert [(step.phase, int((step.at.timestamp()) % 10)) for step in steps] == [
        (Phase.START, 1),
        (Phase.END, 4),
        (Phase.START, 6),
    ]


def test_it_has_the_shape_of_an_alert() -> None:
    (start,) = told(DARK)
    payload = json.loads(start.to_json())
    assert payload.keys() >= {
        "schema_version",
        "at",
        "clock",
        "kind",
        "level",
        "event_id",
        "phase",
        "started_at",
        "test",
    }
    assert (payload["kind"], payload["level"], payload["phase"]) == ("degraded", "dark", "start")
