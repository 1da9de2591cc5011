"""Closures of every length at every rate, wherever the frames fall: told within 0.2 s of the limit, never below it."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.driver import DriverMonitor
from dms.driver.state import FatigueLevel
from dms.observation import Observation, View

from .drives import LIMITS

TOLERANCE_S = 0.2
"""Euro NCAP's tolerance on closure times; a camera of 5 frames a second is just as fine."""
LADDER = {
    FatigueLevel.MICROSLEEP: LIMITS.closure.microsleep_s,
    FatigueLevel.ASLEEP: LIMITS.closure.asleep_s,
    FatigueLevel.UNRESPONSIVE: LIMITS.closure.unresponsive_s,
}


def observations(closed_s: float, rate: float, phase: float, jitter: list[float]) -> Iterator[Observation]:
    """Five seconds awake, a closure, three seconds awake; ``phase`` says where the frames fall.

    Intervals stay within those of 5 frames a second, so that no edge is wider than its tolerance.
    """
    spread = 0.3 if rate > 5 else 0.0
    for frame in range(int((5 + closed_s + 3) * rate)):
        t = (frame + phase + spread * jitter[frame % len(jitter)]) / rate
        closed = 0.95 if 5 <= t < 5 + closed_s else 0.04
        yield Observation(t, View.CLEAR, True, left_eye=closed, right_eye=closed)


@given(
    st.floats(0.3, 7.0),
    st.sampled_from([5.0, 10.0, 15.0, 30.0]),
    st.floats(0, 1),
    st.lists(st.floats(-1, 1), min_size=1, max_size=7),
)
@settings(max_examples=400)
def test_is_told_at_its_limit_and_not_below_it(closed_s: float, rate: float, phase: float, jitter: list[float]) -> None:
    monitor = DriverMonitor(LIMITS)
    told: dict[object, float] = {}
    for observation in observations(closed_s, rate, phase, jitter):
        for alert in monitor.step(observation).alerts:
            told.setdefault(alert.level, alert.t - 5)
            assert alert.started_t == pytest.approx(5.0, abs=TOLERANCE_S)
    for level, limit_s in LADDER.items():
        if closed_s <= limit_s - TOLERANCE_S:
            assert level not in told
        if closed_s >= limit_s + TOLERANCE_S:
            assert level in told
        if level in told:
            assert limit_s - 0.1 <= told[level] <= limit_s + 1.6 / rate + 0.1
