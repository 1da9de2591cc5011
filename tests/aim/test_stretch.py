"""A recording is judged by its best five seconds."""

from collections.abc import Generator, Sequence

import numpy as np
import pytest

from dms.aim.stretch import best_stretch
from dms.aim.verdict import Problem, Verdict
from dms.config import Config
from dms.errors import WorldError
from dms.frames import Frame
from tests.aim.scenes import FPS, Picture, frames, moved, sample, turned


class Drive:
    """A recording made of pictures; counts those that were read."""

    live = False
    name = "drive"
    duration_s: float | None = None

    def __init__(self, pictures: Sequence[Picture], interrupted_at: int | None = None) -> None:
        self._pictures, self._interrupted_at = pictures, interrupted_at
        self.read = 0

    def frames(self) -> Generator[Frame, None, None]:
        for frame in frames(self._pictures):
            if self.read == self._interrupted_at:
                raise KeyboardInterrupt
            self.read += 1
            yield frame


def seconds(count: float, of: Picture | None = None) -> list[Picture]:
    """The sample again and again, or one picture with a sensor's noise."""
    if of is None:
        pictures = sample()
        return [pictures[index % len(pictures)] for index in range(int(count * FPS))]
    noise = np.random.default_rng(1).integers(-2, 3, of.shape, dtype=np.int16)
    return [np.asarray((of + np.roll(noise, i)).clip(0, 255), np.uint8) for i in range(int(count * FPS))]


@pytest.fixture(scope="module")
def empty_seat() -> Picture:
    return moved(right=-330)(sample()[0])


def test_somebody_who_gets_in_late_is_judged_from_then_on(empty_seat: Picture) -> None:
    judged = best_stretch(Drive([*seconds(7.0, empty_seat), *seconds(6.5)]), Config())
    assert judged.aim.verdict is Verdict.GOOD
    assert judged.aim.measured.start_t >= 6.0
    assert judged.sight.box is not None


def test_a_camera_on_its_side_is_told_where_nobody_sat_there_at_first(empty_seat: Picture) -> None:
    on_its_side = [turned(90)(picture) for picture in [*seconds(7.0, empty_seat), *seconds(6.5)]]
    assert best_stretch(Drive(on_its_side), Config()).aim.problems == (Problem.SIDEWAYS,)


def test_a_recording_without_a_driver_is_read_to_its_end(empty_seat: Picture) -> None:
    drive = Drive(seconds(8.0, empty_seat))
    judged = best_stretch(drive, Config())
    assert drive.read == 80
    assert judged.aim.problems == (Problem.NO_FACE,)


def test_a_good_stretch_needs_no_better_one() -> None:
    drive = Drive(seconds(30.0))
    assert best_stretch(drive, Config()).aim.verdict is Verdict.GOOD
    assert drive.read < 70


def test_a_recording_shorter_than_a_stretch_is_judged_whole() -> None:
    aim = best_stretch(Drive(seconds(1.5)), Config()).aim
    assert (aim.verdict, aim.measured.pictures) == (Verdict.GOOD, 15)


def test_no_more_is_read_than_asked_for(empty_seat: Picture) -> None:
    drive = Drive([*seconds(7.0, empty_seat), *seconds(6.0)])
    assert best_stretch(drive, Config(), seconds=6.0).aim.verdict is Verdict.NOT_USABLE
    assert drive.read <= 62


def test_what_was_seen_until_ctrl_c_is_judged(empty_seat: Picture) -> None:
    drive = Drive(seconds(20.0, empty_seat), interrupted_at=70)
    assert best_stretch(drive, Config()).aim.problems == (Problem.NO_FACE,)


def test_ctrl_c_before_the_first_picture_is_no_verdict() -> None:
    with pytest.raises(KeyboardInterrupt):
        best_stretch(Drive(seconds(1.0), interrupted_at=0), Config())


def test_a_recording_without_pictures_is_told() -> None:
    with pytest.raises(WorldError, match="drive gives no picture"):
        best_stretch(Drive([]), Config())
