"""Yawns and words."""

from math import ceil

import pytest
from annotated_types import Ge

from dms.config import PerceptionSettings
from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.mouth import MouthReader

SIGNS = SignsSettings()


def yawns(seconds: float, rate: float, readings_apart: int = 1) -> int:
    mouth = MouthReader(ClosureSettings(), SIGNS)
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


def test_a_yawn_is_seen_at_the_lowest_rate_that_may_be_set() -> None:
    (lowest,) = (
        one.ge
        for one in PerceptionSettings.model_fields["mouth_hz"].metadata
        if isinstance(one, Ge) and isinstance(one.ge, float)
    )
    # by a camera of 15 frames a second, one of which is late each time
    assert yawns(4.0, 15, readings_apart=ceil(15 / lowest) + 1) == 1


def test_a_reading_holds_for_a_while_only() -> None:
    mouth = MouthReader(ClosureSettings(), SIGNS)
    assert not mouth.wide(0.0)
    mouth.read(1.0, 0.9)
    assert mouth.wide(1.4)
    assert not mouth.wide(1.6)


def test_two_words_with_a_hand_between_are_no_yawn() -> None:
    mouth = MouthReader(ClosureSettings(), SIGNS)
    times = [frame / 10 for frame in range(50) if not 15 <= frame < 35]
    assert not any(mouth.read(t, 0.9) for t in times)


def made_out(seconds: float, yawning: float | None, speech_hz: float = 0.0) -> int:
    """Yawns in a mouth that is wide for so long, or opens and shuts so often; the face says how likely a yawn is."""
    mouth, count = MouthReader(ClosureSettings(), SIGNS), 0
    for reading in range(int((seconds + 2) * 10)):
        t = reading / 10
        wide = 1.0 <= t < 1.0 + seconds and (not speech_hz or t * speech_hz % 1 < 0.6)
        count += mouth.read(t, 0.95 if wide else 0.1)
        if yawning is not None and reading % 2 == 0:
            mouth.read_face(t, yawning)
    return count


@pytest.mark.parametrize(
    ("seconds", "yawning", "count"),
    [(4.0, 0.9, 1), (4.0, None, 1), (6.0, 0.1, 0), (60.0, 0.3, 0), (2.0, 0.9, 0)],
    ids=["yawn", "face not read", "shout", "laugh without an end", "word"],
)
def test_a_yawn_is_seen_in_the_whole_face(seconds: float, yawning: float | None, count: int) -> None:
    assert made_out(seconds, yawning) == count


@pytest.mark.parametrize("speech_hz", [0.5, 2.0, 4.0])
def test_who_talks_for_a_minute_does_not_yawn(speech_hz: float) -> None:
    assert made_out(60.0, 0.8, speech_hz) == 0


def test_a_yawn_after_a_shout_is_told_by_its_own_faces() -> None:
    mouth, count = MouthReader(ClosureSettings(), SIGNS), 0
    for reading in range(120):
        t = reading / 10
        shouts, yawns = 1 <= t < 5, 6 <= t < 10
        count += mouth.read(t, 0.95 if shouts or yawns else 0.1)
        mouth.read_face(t, 0.1 if shouts else 0.9)
        assert count == 0 or yawns or t >= 10
    assert count == 1
