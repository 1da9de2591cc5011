"""How the time between two observations is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.config.driver import TimeSettings
from dms.driver.span import Reading, cut
from dms.driver.state import Degraded, Eyes

LIMITS = TimeSettings()
OPEN, SHUT = Reading(Eyes.OPEN), Reading(Eyes.CLOSED, 0.9)
HIDDEN = Reading(Eyes.UNKNOWN, obstacle=Degraded.EYES_UNKNOWN)
READINGS = (OPEN, SHUT, HIDDEN)


@given(st.sampled_from(READINGS), st.sampled_from(READINGS), st.floats(0.001, 59.0))
def test_no_time_is_lost_or_made(before: Reading, after: Reading, interval_s: float) -> None:
    spans = cut(before, after, 100.0, interval_s, LIMITS)
    assert sum(span.seconds for span in spans) == pytest.approx(interval_s)
    assert [span.end_t for span in spans] == sorted(span.end_t for span in spans)
    assert spans[-1].end_t == 100.0
    assert all(span.interval_s == interval_s for span in spans)


def test_two_that_agree_make_one_span_as_the_later_one_says() -> None:
    half = SHUT._replace(closedness=0.5)
    (span,) = cut(SHUT, half, 10.0, LIMITS.max_gap_s, LIMITS)
    assert (span.seconds, span.reading) == (LIMITS.max_gap_s, half)


def test_a_change_lies_half_way() -> None:
    first, last = cut(SHUT, OPEN, 10.0, 0.1, LIMITS)
    assert (first.reading, last.reading) == (SHUT, OPEN)
    assert first.end_t == pytest.approx(9.95)


@pytest.mark.parametrize(("after", "side_s"), [(SHUT, LIMITS.max_gap_s / 2), (OPEN, LIMITS.edge_s)])
def test_what_nobody_looked_at_is_unknown_and_says_nothing_about_the_driver(after: Reading, side_s: float) -> None:
    first, middle, last = cut(SHUT, after, 10.0, 3.0, LIMITS)
    assert (first.seconds, last.seconds) == pytest.approx((side_s, side_s))
    assert middle.reading.eyes is Eyes.UNKNOWN
    assert (middle.reading.obstacle, middle.reading.in_view) == (Degraded.CAMERA_LOST, False)


def test_each_reading_keeps_its_own_reason() -> None:
    missing = HIDDEN._replace(obstacle=Degraded.FACE_MISSING)
    first, last = cut(missing, HIDDEN, 10.0, LIMITS.max_gap_s + 0.01, LIMITS)[::2]
    assert (first.reading.obstacle, last.reading.obstacle) == (Degraded.FACE_MISSING, Degraded.EYES_UNKNOWN)
