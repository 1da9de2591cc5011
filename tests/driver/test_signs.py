"""The second signs of drowsiness by their names."""

import pytest

from dms.config.driver import DriverSettings
from dms.driver.baseline import Baseline, BaselineLearner
from dms.driver.closures import Closure
from dms.driver.signs import Signs

LIMITS = DriverSettings()
KNOWN = Baseline(0.04, 1.0, 0.2, 1.0, 0.03, 1.0)
T = 100.0


def signs() -> Signs:
    return Signs(LIMITS, BaselineLearner(LIMITS, KNOWN))


def blinks(seen: Signs, seconds: float) -> None:
    """As many blinks of a length as it takes for them to say something, seen well."""
    for number in range(LIMITS.signs.min_blinks):
        seen.closure(Closure(T - number, seconds, LIMITS.signs.blink_interval_s, trusted=True, nod=False))


def test_none_is_found_where_nothing_was_seen() -> None:
    assert signs().found(T) is None
    assert signs().blink_ratio(T) is None


def test_blinks_are_slow_against_this_driver_s_own() -> None:
    usual, slow = signs(), signs()
    blinks(usual, KNOWN.blink_s)
    blinks(slow, KNOWN.blink_s * LIMITS.signs.slow_blink_ratio * 1.01)
    assert usual.found(T) is None
    assert slow.found(T) == "slow_blinks"
    assert slow.blink_ratio(T) == pytest.approx(LIMITS.signs.slow_blink_ratio * 1.01)


def test_all_that_were_found_are_named_with_commas_between() -> None:
    seen = signs()
    blinks(seen, KNOWN.blink_s * LIMITS.signs.slow_blink_ratio * 1.01)
    for _ in range(LIMITS.signs.min_yawns):
        seen.yawn(T)
    for _ in range(max(LIMITS.signs.min_nods, LIMITS.signs.min_slow_closures)):
        seen.closure(Closure(T, 0.8, 0.1, trusted=True, nod=True))
    assert str(seen.found(T)).split(",")[1:] == ["slow_closures", "yawns", "nods"]
    assert str(seen.found(T)).startswith("slow_blinks,")
