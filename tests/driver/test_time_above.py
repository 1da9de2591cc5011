"""How long anger has lasted, though it flickers."""

import pytest

from dms.driver.anger import TimeAbove


def above(*scores: float) -> TimeAbove:
    """One score a second, the first at 0 s; 0.3 counts, below 0.2 all is forgotten."""
    time = TimeAbove(0.3, 0.2)
    for t in range(1, len(scores)):
        time.add(float(t), 1.0, scores[t - 1], scores[t])
    return time


def test_it_counts_from_when_the_limit_was_crossed() -> None:
    time = above(0.2, 0.4, 0.4)
    assert time.seconds == pytest.approx(1.5)
    assert time.since_t == pytest.approx(0.5)


def test_it_stands_still_below_the_limit_and_knows_when_it_began() -> None:
    time = above(0.4, 0.4, 0.25, 0.25, 0.3, 0.3)
    # of the second in which it fell to 0.25 two thirds were above
    assert time.seconds == pytest.approx(1.0 + 2 / 3 + 0.0 + 0.0 + 1.0)
    assert time.since_t == 0.0


def test_it_begins_anew_below_the_lower_limit() -> None:
    time = above(0.4, 0.4, 0.4, 0.1, 0.5, 0.5)
    assert time.seconds == pytest.approx(1.5)
    assert time.since_t == pytest.approx(3.5)
    assert above(0.4, 0.4, 0.1).seconds == 0.0
