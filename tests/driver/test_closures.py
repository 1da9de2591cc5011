"""One closure from its first moment to its last."""

import pytest

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.closures import ClosureTracker

LIMITS = ClosureSettings()
SHUT = (0.95, 1.0, (), 0.0)


def tracker(*spans: float) -> ClosureTracker:
    """Spans of closed (positive) and open (negative) time."""
    closures = ClosureTracker(LIMITS, SignsSettings())
    closures.see(*SHUT)
    t = 100.0
    for span_s in spans:
        t += abs(span_s)
        if span_s > 0:
            closures.closed(t, span_s, span_s)
        else:
            closures.opened(t, -span_s, -span_s)
    return closures


def test_counts_known_closed_time_from_its_start() -> None:
    closures = tracker(0.05, 0.1, 0.1)
    assert (closures.start_t, closures.closed_s) == (pytest.approx(100.0), pytest.approx(0.25))


def test_a_glimpse_does_not_end_it_and_does_not_count() -> None:
    closures = tracker(0.5, -0.1, 0.5)
    assert (closures.start_t, closures.closed_s) == (pytest.approx(100.0), pytest.approx(1.0))


def test_open_eyes_end_it_at_the_moment_they_opened() -> None:
    closures = tracker(0.5, -0.1)
    ended = closures.opened(100.7, 0.1, 0.1)
    assert ended is not None
    assert (ended.end_t, ended.closed_s) == (pytest.approx(100.5), pytest.approx(0.5))
    assert closures.closed_s == 0.0


def test_unknown_eyes_stop_its_clock_and_end_it_after_a_while() -> None:
    closures = tracker(0.5)
    closures.unknown(LIMITS.bridge_s)
    assert closures.closed_s == 0.5
    closures.unknown(0.01)
    assert closures.closed_s == 0.0


def test_one_eye_counts_less() -> None:
    closures = ClosureTracker(LIMITS, SignsSettings())
    closures.see(0.95, LIMITS.one_eye_weight, (), None)
    closures.closed(1.0, 1.0, 0.1)
    assert (closures.closed_s, closures.counted_s) == (1.0, LIMITS.one_eye_weight)


def test_an_explanation_holds_from_half_of_the_closure() -> None:
    closures = tracker(0.5)
    closures.see(0.95, 1.0, ("laughing",), 0.0)
    closures.closed(101.0, 0.4, 0.1)
    assert closures.explanation() is None
    closures.closed(101.2, 0.2, 0.1)
    assert closures.explanation() == "laughing"


def test_the_mean_tells_lids_that_are_not_quite_shut() -> None:
    closures = tracker(0.5)
    assert not closures.half_shut()
    closures.see(LIMITS.half_shut - 0.1, 1.0, (), 0.0)
    closures.closed(102.0, 1.5, 0.1)
    assert closures.half_shut()


@pytest.mark.parametrize(("sinks_after_s", "nod"), [(0.0, False), (0.4, True)])
def test_a_nod_is_a_head_that_sinks_after_the_lids(sinks_after_s: float, nod: bool) -> None:
    closures = ClosureTracker(LIMITS, SignsSettings())
    for frame in range(10):
        closures.see(0.95, 1.0, (), -20.0 if frame * 0.1 >= sinks_after_s else 0.0)
        closures.closed(100 + frame * 0.1, 0.1, 0.1)
    ended = closures.opened(102.0, 0.5, 0.1)
    assert ended is not None
    assert ended.nod is nod


def test_its_duration_is_known_no_better_than_the_interval_around_it() -> None:
    closures = tracker(0.1, 0.3, 0.1)
    ended = closures.opened(101.0, 0.2, 0.4)
    assert ended is not None
    assert ended.coarsest_s == 0.4
