"""What an alert says of itself: what made each step, and the numbers behind it, as a person who watches has them."""

from dataclasses import replace
from pathlib import Path

import pytest

from dms.alerts.schema import messages_schema
from dms.driver import VehicleSpeed
from dms.driver.state import Alert, AlertKind, AngerLevel, FatigueLevel, Phase
from dms.observation import WideMouth

from .drives import LIMITS, SHUT, Camera, Drive, drive, ride

CAMERA = Camera(10)
ANGER, CLOSURE, PERCLOS = LIMITS.anger, LIMITS.closure, LIMITS.perclos
INTERVAL_S = 1 / CAMERA.rate
WITH_DISTRACTION = LIMITS.model_copy(
    update={"distraction": LIMITS.distraction.model_copy(update={"enabled": True, "without_speed": True})}
)


def alerts(told: Drive) -> list[Alert]:
    return [alert for _, alert in ride(told, CAMERA).alerts()]


def made(told: list[Alert]) -> list[tuple[object, object]]:
    """Level and cause of each step; repeats in a row count once."""
    steps = [(alert.level, alert.evidence["cause"]) for alert in told]
    return [step for number, step in enumerate(steps) if step[1] != "repeat" or steps[number - 1] != step]


def test_rage_that_passes() -> None:
    told = alerts(drive().awake(120).open(30, anger=0.9).awake(60))
    assert made(told) == [
        (AngerLevel.IRRITATED, "anger"),
        (AngerLevel.ANGRY, "anger"),
        (AngerLevel.ANGRY, "repeat"),
        (AngerLevel.ANGRY, "recovered"),
    ]
    start, rise, *_, end = told
    assert start.evidence["irritated_s"] == pytest.approx(ANGER.irritated_s, abs=0.4)
    assert rise.evidence["angry_s"] == pytest.approx(ANGER.angry_s, abs=0.4)
    for alert in (start, rise):
        assert alert.evidence["resting_anger"] == pytest.approx(0.03, abs=0.01)
        assert alert.evidence["valid_share"] == pytest.approx(1.0, abs=0.01)
        anger, score = alert.evidence["anger"], alert.evidence["anger_score"]
        assert isinstance(anger, float)
        assert isinstance(score, float)
        assert ANGER.irritated <= score < anger < 0.9, "the mean comes near what the face shows, above the resting face"
    assert (end.evidence["irritated_s"], end.evidence["angry_s"]) == (0.0, 0.0)


def test_rage_that_is_lost_from_view() -> None:
    told = alerts(drive().awake(120).open(15, anger=0.9).away(LIMITS.life.lost_s + 20))
    assert made(told)[-1] == (AngerLevel.ANGRY, "lost")
    assert (told[-1].evidence["anger_score"], told[-1].evidence["anger"]) == (None, None)
    assert told[-1].evidence["valid_share"] == pytest.approx(0.0, abs=0.01)


def test_a_closure_of_one_known_eye_at_speed() -> None:
    told = alerts(drive().awake(65).hear(VehicleSpeed(0.0, 83.0)).show(2.6, replace(SHUT, left=None)).awake(30))
    assert made(told) == [(FatigueLevel.MICROSLEEP, "closure"), (FatigueLevel.MICROSLEEP, "recovered")]
    start, end = (alert.evidence for alert in told)
    assert start["closed_s"] == start["longest_closed_s"] == pytest.approx(2 * CLOSURE.microsleep_s, abs=INTERVAL_S)
    assert start["counted_s"] == pytest.approx(CLOSURE.one_eye_weight * 2 * CLOSURE.microsleep_s, abs=INTERVAL_S)
    assert (start["explanation"], start["signs"], start["open_s"], start["speed_kmh"]) == (None, None, 0.0, 83.0)
    assert (end["closed_s"], end["counted_s"]) == (0.0, 0.0)
    assert end["longest_closed_s"] == pytest.approx(2.6, abs=INTERVAL_S)
    assert end["open_s"] == pytest.approx(LIMITS.life.microsleep_recover_s, abs=INTERVAL_S)
    assert (end["droops"], end["slow_closures"]) == (1.0, 1.0)
    assert end["perclos"] == pytest.approx(2.6 / PERCLOS.window_s, abs=0.012)


def test_a_long_yawn() -> None:
    told = alerts(drive().awake(65).open(0.5, yawn=0.9).closed(2.6, yawn=0.9).awake(30))
    start = told[0].evidence
    assert start["explanation"] == "yawning"
    assert (start["signs"], start["yawns"], start["nods"]) == ("yawns", 1.0, 0.0)
    assert start["perclos"] == 0.0, "closed eyes in a yawn are no droop"
    assert start["valid_share"] == pytest.approx(1 - CLOSURE.excused_s / PERCLOS.window_s, abs=0.01)


def test_a_long_shout_with_shut_eyes_is_no_yawn() -> None:
    shouts = WideMouth(yawn=0.05, shout=0.9, other=0.05)
    told = alerts(drive().awake(65).open(0.5, yawn=0.9, wide=shouts).closed(2.6, yawn=0.9, wide=shouts).awake(30))
    start = next(alert for alert in told if isinstance(alert.level, FatigueLevel)).evidence
    assert start["explanation"] == "mouth_wide"
    assert (start["signs"], start["yawns"]) == (None, 0.0)


def test_nodding_for_two_minutes() -> None:
    told = alerts(drive().awake(60).times(40, drive().open(2.4).closed(0.6)).awake(70))
    assert made(told) == [
        (FatigueLevel.DROWSY, "perclos"),
        (FatigueLevel.DROWSY, "repeat"),
        (FatigueLevel.DROWSY, "recovered"),
    ]
    assert [alert.phase for alert in told][:: len(told) - 1] == [Phase.START, Phase.END]
    start, end = told[0].evidence, told[-1].evidence
    assert start["signs"] == "slow_closures"
    assert start["perclos"] == pytest.approx(PERCLOS.advisory, abs=0.02)
    assert start["droops"] == start["slow_closures"] == pytest.approx(60 * PERCLOS.advisory / 0.6, abs=1)
    assert end["perclos"] == pytest.approx(PERCLOS.clear, abs=0.01)
    assert start["calibrated"] == 1.0


def test_a_look_into_the_lap_at_speed() -> None:
    told = drive().awake(20).hear(VehicleSpeed(0.0, 90.0)).open(5, pitch=-20.0).awake(20)
    start, end = (alert.evidence for _, alert in ride(told, CAMERA, WITH_DISTRACTION).alerts())
    fast_s = LIMITS.distraction.fast_s
    assert (start["cause"], start["limit_s"], start["looking"], start["speed_kmh"]) == (
        "eyes_off_road",
        fast_s,
        "down",
        90.0,
    )
    assert start["eyes_off_road_s"] == pytest.approx(fast_s, abs=INTERVAL_S)
    assert (end["cause"], end["looking"]) == ("recovered", "ahead")


def test_seconds_are_told_to_a_millisecond_and_shares_to_the_fourth_decimal() -> None:
    told = drive().awake(65).open(20, anger=0.9).closed(3.3).awake(20).open(5, pitch=-20.0).awake(20)
    found = [alert for _, alert in ride(told, Camera(10, jitter=0.5), WITH_DISTRACTION).alerts()]
    assert {alert.kind for alert in found} == set(AlertKind)
    for alert in found:
        for name, value in alert.evidence.items():
            if isinstance(value, float):
                assert value == round(value, 3 if name.endswith("_s") else 4), name


def test_what_an_alert_says_stands_in_the_docs_and_in_the_contract() -> None:
    told = drive().awake(65).open(20, anger=0.9).closed(3.3).awake(20).open(5, pitch=-20.0).awake(20)
    found = [alert for _, alert in ride(told, CAMERA, WITH_DISTRACTION).alerts()]
    page = Path(__file__).parents[2].joinpath("docs", "driver.md").read_text(encoding="utf-8")
    for kind in AlertKind:
        said = {name for alert in found if alert.kind is kind for name in alert.evidence}
        message = messages_schema()["$defs"][f"{kind.value.capitalize()}AlertMessage"]
        assert said, kind
        assert [name for name in said if f"`{name}`" not in page] == []
        assert said <= set(message["properties"]["evidence"]["properties"]), kind
