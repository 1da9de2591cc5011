"""One closure from its first moment to its last."""

from typing import Any

import pytest

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.closures import ClosureTracker
from dms.driver.cues import LAUGHING, LOOKING_AWAY, YAWNING
from dms.driver.span import Reading, Span
from dms.driver.state import Degraded, Eyes

LIMITS = ClosureSettings()
SHUT = Reading(Eyes.CLOSED, 0.95, pitch=0.0)
OPEN = Reading(Eyes.OPEN)
UNKNOWN = Reading(Eyes.UNKNOWN, obstacle=Degraded.EYES_UNKNOWN)


def tracker(*spans: tuple[Reading, float]) -> ClosureTracker:
    """Spans of so many seconds, one after the other from 100 s on."""
    closures = ClosureTracker(LIMITS, SignsSettings())
    t = 100.0
    for reading, seconds in spans:
        t += seconds
        closures.add(Span(t, seconds, seconds, reading))
    return closures


def test_counts_known_closed_time_from_its_start() -> None:
    closures = tracker((SHUT, 0.05), (SHUT, 0.1), (SHUT, 0.1))
    assert (closures.start_t, closures.closed_s) == pytest.approx((100.0, 0.25))


def test_a_glimpse_does_not_end_it_and_does_not_count() -> None:
    closures = tracker((SHUT, 0.5), (OPEN, 0.1), (SHUT, 0.5))
    assert (closures.start_t, closures.closed_s) == pytest.approx((100.0, 1.0))


def test_open_eyes_end_it_at_the_moment_they_opened() -> None:
    closures = tracker((SHUT, 0.5), (OPEN, 0.1))
    ended = closures.add(Span(100.7, 0.1, 0.1, OPEN))
    assert ended is not None
    assert (ended.end_t, ended.closed_s) == pytest.approx((100.5, 0.5))
    assert closures.closed_s == 0.0


def test_unknown_eyes_stop_its_clock_and_end_it_after_a_while() -> None:
    closures = tracker((SHUT, 0.5), (UNKNOWN, LIMITS.bridge_s))
    assert closures.closed_s == 0.5
    closures.add(Span(102.0, 0.01, 0.01, UNKNOWN))
    assert closures.closed_s == 0.0


def test_one_eye_counts_less() -> None:
    closures = tracker((SHUT._replace(weight=LIMITS.one_eye_weight), 1.0))
    assert (closures.closed_s, closures.counted_s) == (1.0, LIMITS.one_eye_weight)


def test_an_explanation_holds_from_half_of_the_closure() -> None:
    laugh = SHUT._replace(explanations=(LAUGHING,))
    assert tracker((SHUT, 0.5), (laugh, 0.4)).explanation() is None
    assert tracker((SHUT, 0.5), (laugh, 0.6)).explanation() == LAUGHING


@pytest.mark.parametrize(
    ("doubts", "excused_s"),
    [
        ({}, LIMITS.microsleep_s),
        ({"weight": 0.5}, LIMITS.microsleep_s / 0.5),
        ({"closedness": LIMITS.half_shut - 0.1}, LIMITS.half_shut_microsleep_s),
        ({"explanations": (YAWNING,)}, LIMITS.excused_s),
        ({"explanations": (YAWNING, LAUGHING), "weight": 0.5, "closedness": 0.6}, LIMITS.excused_s),
        ({"explanations": (LOOKING_AWAY,), "weight": 0.5}, LIMITS.asleep_s),
    ],
)
def test_doubts_do_not_multiply(doubts: dict[str, Any], excused_s: float) -> None:
    reading = SHUT._replace(**doubts)
    assert tracker((reading, excused_s - 0.05)).rung() == 0
    assert tracker((reading, excused_s)).rung() >= 1


def test_time_that_nothing_explains_counts_by_itself() -> None:
    yawn = SHUT._replace(explanations=(YAWNING,))
    assert tracker((yawn, 0.9), (SHUT, 0.85)).rung() == 0
    assert tracker((yawn, 0.9), (SHUT, 1.0)).rung() == 1


def test_from_the_length_of_sleep_on_no_doubt_helps() -> None:
    doubtful = SHUT._replace(explanations=(LOOKING_AWAY, YAWNING), closedness=0.61)
    assert tracker((doubtful, LIMITS.asleep_s)).rung() == 2
    assert tracker((doubtful, LIMITS.unresponsive_s)).rung() == 3


def test_a_closure_that_ends_may_have_been_longer_by_half_an_interval() -> None:
    frames = [(SHUT, 0.1)] * 9 + [(SHUT, 0.05)]
    assert tracker(*frames).rung() == 0
    assert tracker(*frames, (OPEN, 0.05)).rung() == 1
    assert tracker(*frames[:-1], (OPEN, 0.05)).rung() == 0, "but not by a whole one"


def test_a_moment_that_is_explained_takes_nothing_of_what_the_end_may_have_hidden() -> None:
    laugh = SHUT._replace(explanations=(LAUGHING,))
    frames = [(laugh, 0.1)] + [(SHUT, 0.1)] * 8 + [(SHUT, 0.05)]
    assert tracker(*frames).rung() == 0
    assert tracker(*frames, (OPEN, 0.05)).rung() == 1


def test_the_mean_tells_lids_that_are_not_quite_shut() -> None:
    assert not tracker((SHUT, 0.5)).half_shut()
    assert tracker((SHUT, 0.5), (SHUT._replace(closedness=LIMITS.half_shut - 0.1), 1.5)).half_shut()


@pytest.mark.parametrize(("sinks_after_s", "nod"), [(0.0, False), (0.4, True)])
def test_a_nod_is_a_head_that_sinks_after_the_lids(sinks_after_s: float, nod: bool) -> None:
    frames = [(SHUT._replace(pitch=-20.0 if frame * 0.1 >= sinks_after_s else 0.0), 0.1) for frame in range(10)]
    ended = tracker(*frames).add(Span(102.0, 0.5, 0.1, OPEN))
    assert ended is not None
    assert ended.nod is nod


def test_a_head_that_sinks_over_lids_that_looked_down_is_no_nod() -> None:
    seen = tracker(*[(SHUT._replace(pitch=-20.0 if frame >= 4 else 0.0), 0.1) for frame in range(10)])
    seen.lowered = True
    ended = seen.add(Span(102.0, 0.5, 0.1, OPEN))
    assert ended is not None
    assert not ended.nod


def test_its_duration_is_known_no_better_than_the_interval_around_it() -> None:
    ended = tracker((SHUT, 0.1), (SHUT, 0.3), (SHUT, 0.1)).add(Span(101.0, 0.2, 0.4, OPEN))
    assert ended is not None
    assert ended.coarsest_s == 0.4
