"""Yawns and words."""

import pytest

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.mouth import MouthReader

SIGNS = SignsSettings()


def yawns(seconds: float, rate: float, readings_apart: int = 1) -> int:
    mouth = MouthReader(ClosureSettings(), SIGNS, hold_s=0.5)
    count = 0
    for frame in range(int((seconds + 2) * rate)):
        t = frame / rate
        wide = 0.9 if 1.0 <= t < 1.0 + seconds else 0.1
        if frame % readings_apart == 0:
            count += mouth.read(t, wide)
    return count


@pytest.mark.parametrize("rate", [5, 10, 30])
@pytest.mark.parametrize(("seconds", "count"), [(1.0, 0), (2.0, 0), (4.0, 1), (8.0, 1)])
def test_a_yawn_lasts_and_counts_once(seconds: float, count: int, rate: float) -> None:
    assert yawns(seconds, rate) == count


def test_the_mouth_may_be_read_less_often_than_the_eyes() -> None:
    assert yawns(4.0, 30, readings_apart=6) == 1


def test_a_reading_holds_for_a_while_only() -> None:
    mouth = MouthReader(ClosureSettings(), SIGNS, hold_s=0.5)
    assert not mouth.wide(0.0)
    mouth.read(1.0, 0.9)
    assert mouth.wide(1.4)
    assert not mouth.wide(1.6)


def test_two_words_with_a_hand_between_are_no_yawn() -> None:
    mouth = MouthReader(ClosureSettings(), SIGNS, hold_s=0.5)
    times = [frame / 10 for frame in range(50) if not 15 <= frame < 35]
    assert not any(mouth.read(t, 0.9) for t in times)
