"""Two probabilities to open, closed, unknown."""

from math import nan

import pytest

from dms.config.driver import EyesSettings
from dms.driver.eyes import EyeReader
from dms.driver.state import Eyes

LIMITS = EyesSettings()


@pytest.mark.parametrize(
    ("left", "right", "eyes", "single"),
    [
        (0.0, 0.0, Eyes.OPEN, False),
        (1.0, 1.0, Eyes.CLOSED, False),
        (1.0, 0.0, Eyes.OPEN, False),
        (0.0, 1.0, Eyes.OPEN, False),
        (1.0, None, Eyes.CLOSED, True),
        (None, 1.0, Eyes.CLOSED, True),
        (None, 0.0, Eyes.OPEN, True),
        (None, None, Eyes.UNKNOWN, True),
        (nan, nan, Eyes.UNKNOWN, True),
        (nan, 1.0, Eyes.CLOSED, True),
        (0.5, 0.5, Eyes.UNKNOWN, False),
    ],
)
def test_the_driver_is_as_awake_as_the_more_open_known_eye(
    left: float | None, right: float | None, eyes: Eyes, single: bool
) -> None:
    reader = EyeReader(LIMITS, open_level=0.0)
    assert reader.read(10.0, left, right) is eyes
    assert reader.single is single


@pytest.mark.parametrize(("first", "eyes"), [(0.0, Eyes.OPEN), (1.0, Eyes.CLOSED)])
def test_between_the_limits_the_eyes_stay_what_they_were_for_a_moment(first: float, eyes: Eyes) -> None:
    reader = EyeReader(LIMITS, open_level=0.0)
    reader.read(0.0, first, first)
    assert reader.read(LIMITS.hold_s, 0.5, 0.5) is eyes
    assert reader.read(LIMITS.hold_s + 0.01, 0.5, 0.5) is Eyes.UNKNOWN
    assert reader.read(LIMITS.hold_s + 0.02, 0.5, 0.5) is Eyes.UNKNOWN


def shut_for(seconds: float) -> EyeReader:
    """A reader of eyes that have been shut for so long at time 0."""
    reader = EyeReader(LIMITS, open_level=0.0)
    for number in range(11):
        assert reader.read((number - 10) / 10 * seconds, 0.95, 0.9) is Eyes.CLOSED
    return reader


def test_one_eye_that_seems_to_open_does_not_open_eyes_that_were_shut_together() -> None:
    reader = shut_for(LIMITS.together_s)
    assert reader.read(0.03, 0.95, 0.3) is Eyes.CLOSED
    assert reader.read(0.06, 0.25, 0.95) is Eyes.CLOSED
    assert reader.closedness() > 0.5


def test_eyes_that_were_shut_together_open_together() -> None:
    reader = shut_for(LIMITS.together_s)
    assert reader.read(0.03, 0.05, 0.3) is Eyes.OPEN
    assert reader.read(0.06, 0.05, 0.05) is Eyes.OPEN


def test_one_eye_opens_after_a_blink() -> None:
    assert shut_for(LIMITS.together_s - 0.1).read(0.03, 0.95, 0.3) is Eyes.OPEN


def test_a_glimpse_of_open_eyes_does_not_end_that_they_were_shut_together() -> None:
    reader = shut_for(LIMITS.together_s)
    assert reader.read(0.03, 0.6, 0.1) is Eyes.OPEN
    assert reader.read(0.06, 0.95, 0.3) is Eyes.CLOSED


def test_eyes_that_stay_open_are_read_by_the_more_open_one_again() -> None:
    reader = shut_for(LIMITS.together_s)
    for number in range(1, 11):
        assert reader.read(number * LIMITS.hold_s / 8, 0.1, 0.1) is Eyes.OPEN
    assert reader.read(2 * LIMITS.hold_s, 0.95, 0.3) is Eyes.OPEN


def test_one_eye_that_stays_shut_beside_a_plainly_open_one_does_not_hold_both_shut() -> None:
    reader = shut_for(LIMITS.together_s)
    said = [reader.read(number * 0.1, 0.98, 0.02) for number in range(1, 8)]
    assert said[-1] is Eyes.OPEN


def test_one_eye_alone_was_not_shut_together_with_the_other() -> None:
    reader = EyeReader(LIMITS, open_level=0.0)
    for number in range(20):
        reader.read(number / 10, 0.95, None)
    assert reader.read(2.0, 0.95, 0.3) is Eyes.OPEN


def test_narrow_eyes_are_open_above_their_own_level() -> None:
    reader = EyeReader(LIMITS, open_level=0.5)
    assert reader.read(0.0, 0.6, 0.65) is Eyes.OPEN
    assert reader.read(0.1, 0.95, 0.95) is Eyes.CLOSED
    assert reader.closedness() == pytest.approx(0.9)
    reader.adapt(0.0)
    assert reader.read(0.2, 0.65, 0.65) is Eyes.CLOSED


def test_unknown_eyes_leave_nothing_to_hold() -> None:
    reader = EyeReader(LIMITS, open_level=0.0)
    reader.read(0.0, 1.0, 1.0)
    reader.read(0.01, None, None)
    assert reader.read(0.15, 0.5, 0.5) is Eyes.UNKNOWN
    reader.read(0.2, 1.0, 1.0)
    reader.reset()
    assert reader.read(0.25, 0.5, 0.5) is Eyes.UNKNOWN


@pytest.mark.parametrize(
    ("left", "right", "eyes"),
    [
        (0.01, 0.06, Eyes.OPEN),
        (0.01, 0.2, Eyes.UNKNOWN),
        (0.1, None, Eyes.UNKNOWN),
        (None, 0.01, Eyes.UNKNOWN),
        (nan, 0.01, Eyes.UNKNOWN),
        (1.0, 1.0, Eyes.UNKNOWN),
    ],
)
def test_of_a_profile_only_plainly_open_eyes_are_believed_and_only_both(
    left: float | None, right: float | None, eyes: Eyes
) -> None:
    reader = EyeReader(LIMITS, open_level=0.0)
    assert reader.read_profile(left, right) is eyes
    assert reader.raw is None, "what is seen at such an angle teaches nothing"
