"""What the monitor takes, refuses and keeps."""

import tracemalloc
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from pydantic import ValidationError

from dms.config.driver import DriverSettings
from dms.driver import Acknowledgement, DriverChange, DriverMonitor, VehicleSpeed
from dms.driver.state import AlertKind, Phase
from dms.observation import Emotions, HeadPose, Observation, View

LIMITS = DriverSettings()
CALM = Emotions(0.9, 0.02, 0.02, 0.02, 0.02, 0.01, 0.005, 0.005)


def look(t: float, closed: float = 0.03, emotions: Emotions | None = None) -> Observation:
    return Observation(t, View.CLEAR, True, left_eye=closed, right_eye=closed, emotions=emotions)


@pytest.mark.parametrize("t", [nan, inf, -inf])
def test_refuses_a_time_that_is_no_number(t: float) -> None:
    monitor = DriverMonitor(LIMITS)
    with pytest.raises(ValueError, match="finite time"):
        monitor.step(look(t))
    monitor.step(look(1.0))
    with pytest.raises(ValueError, match="finite time"):
        monitor.step(look(t))
    with pytest.raises(ValueError, match="finite time"):
        monitor.receive(VehicleSpeed(t, 10.0))


@pytest.mark.parametrize("kmh", [-1.0, nan, inf])
def test_refuses_an_impossible_speed(kmh: float) -> None:
    with pytest.raises(ValueError, match="km/h"):
        DriverMonitor(LIMITS).receive(VehicleSpeed(0.0, kmh))


def test_inputs_before_the_first_observation_tell_nothing() -> None:
    monitor = DriverMonitor(LIMITS)
    for event in (VehicleSpeed(0.0, 30.0), Acknowledgement(0.0), DriverChange(0.0)):
        assert monitor.receive(event) is None
    assert monitor.finish("end_of_drive") == ()


def test_probabilities_that_are_no_numbers_are_unknown() -> None:
    monitor = DriverMonitor(LIMITS)
    broken = Emotions(nan, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0)
    for frame in range(200):
        state = monitor.step(
            Observation(frame / 10, View.CLEAR, True, left_eye=nan, right_eye=nan, emotions=broken)
        ).state
    assert (state.closed_s, state.emotions, state.perclos) == (None, None, None)


@pytest.mark.parametrize("down", [{"looking_down": 0.9}, {"pose": HeadPose(0.0, -20.0, 0.0)}], ids=["eyes", "head"])
def test_eyes_that_look_down_teach_no_baseline(down: dict[str, Any]) -> None:
    monitor = DriverMonitor(LIMITS)
    ahead: dict[str, Any] = {"looking_down": 0.05, "pose": HeadPose(0.0, 0.0, 0.0)}
    for frame in range(200):
        monitor.step(replace(look(frame / 10), **ahead))
    learned = monitor.baseline
    for frame in range(200, 250):
        monitor.step(replace(look(frame / 10, closed=0.42), **{**ahead, **down}))
    assert (monitor.baseline.open_level, monitor.baseline.open_learned) == (learned.open_level, learned.open_learned)
    for frame in range(250, 300):
        monitor.step(replace(look(frame / 10, closed=0.42), **ahead))
    assert monitor.baseline.open_learned > learned.open_learned


def test_finish_ends_what_is_open_with_its_reason() -> None:
    monitor = DriverMonitor(LIMITS)
    for frame in range(40):
        monitor.step(look(frame / 10, closed=0.97))
    (alert,) = monitor.finish("service_stop")
    assert (alert.kind, alert.phase, alert.evidence["cause"]) == (AlertKind.FATIGUE, Phase.END, "service_stop")
    assert alert.t == 3.9


def test_a_new_driver_is_learned_anew_and_the_old_alert_ends() -> None:
    monitor = DriverMonitor(LIMITS)
    for frame in range(700):
        monitor.step(look(frame / 10))
    assert monitor.baseline.open_learned == 1.0
    for frame in range(700, 720):
        monitor.step(look(frame / 10, closed=0.97))
    told = monitor.receive(DriverChange(72.0))
    assert told is not None
    assert [alert.phase for alert in told.alerts] == [Phase.END]
    assert told.state.fatigue is None
    assert monitor.baseline.open_learned == 0.0


def test_what_held_the_driver_before_back_does_not_hold_back_a_new_one() -> None:
    def drowsy(monitor: DriverMonitor, start_s: int) -> list[float]:
        frames = range(start_s * 10, (start_s + 70) * 10)
        judged = [monitor.step(look(frame / 10, closed=0.97 if frame % 60 < 9 else 0.03)) for frame in frames]
        return [alert.t - start_s for one in judged for alert in one.alerts if alert.phase is Phase.START]

    monitor = DriverMonitor(LIMITS)
    assert len(drowsy(monitor, 0)) == 1
    monitor.receive(DriverChange(70.0))
    assert drowsy(monitor, 70) == drowsy(DriverMonitor(LIMITS), 70) != []


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_the_first_observation_after_a_jump_of_the_clock_stands_for_no_time(jump_s: float) -> None:
    monitor = DriverMonitor(LIMITS)
    for frame in range(100):
        monitor.step(look(frame / 10, 0.03))
    assert monitor.step(look(10.0 + jump_s, 0.97)).state.closed_s == 0.0
    assert monitor.step(look(10.1 + jump_s, 0.97)).state.closed_s == pytest.approx(0.1)


def test_memory_stays_constant() -> None:
    monitor = DriverMonitor(LIMITS)

    def parts(start: int, count: int) -> None:
        for frame in range(start * 6_000, (start + count) * 6_000):
            # eyes, gaps and faces that never come to rest
            closed = 0.97 if frame % 23 < 3 or frame % 4000 < 30 else 0.03
            t = frame / 5
            monitor.step(Observation(t) if frame % 31 == 0 else look(t, closed, CALM if frame % 2 else None))

    parts(0, 1)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    parts(1, 2)
    growth = sum(s.size_diff for s in tracemalloc.take_snapshot().compare_to(before, "filename") if s.size_diff > 0)
    tracemalloc.stop()
    assert growth < 50_000


@pytest.mark.parametrize(
    ("table", "values", "message"),
    [
        ("closure", {"microsleep_s": 1.8, "asleep_s": 1.6}, "microsleep_s (1.8) must be below asleep_s (1.6)"),
        ("closure", {"half_shut_microsleep_s": 0.8}, "half_shut_microsleep_s must lie between"),
        ("eyes", {"open_limit": 0.5, "closed_limit": 0.5}, "open_limit (0.5) must be below closed_limit (0.5)"),
        ("perclos", {"warning": 0.07}, "advisory (0.08) must be below warning (0.07)"),
        ("anger", {"clear": 0.45}, "clear (0.45) must be below irritated (0.3)"),
        ("life", {"asleep_recover_s": 30.0}, "asleep_recover_s (30) must be below unresponsive_recover_s (20)"),
        ("baseline", {"blink_min_s": 0.4}, "blink_min_s (0.4) must be below blink_max_s (0.3)"),
        ("degraded", {"after_s": 11.0}, "less than or equal to 10"),
        ("closure", {"no_such_limit": 1.0}, "Extra inputs"),
    ],
)
def test_limits_that_make_no_sense_are_refused(table: str, values: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        DriverSettings.model_validate({table: values})
    assert message in str(error.value)
