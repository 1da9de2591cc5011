"""What a camera's pictures and their times say about it."""

import numpy as np
import pytest

from dms.frames import Frame, Image
from dms.frames.fault import CameraError, CameraFault, PictureWatch, check_size

NOISE = np.random.default_rng(0).integers(90, 110, (40, 120, 160), dtype=np.uint8)
LIMIT_S = 1.0


def see(watch: PictureWatch, pictures: list[Image], start: float = 0.0, fps: float = 10.0) -> tuple[list[bool], float]:
    """Show pictures at a rate; gives which were new, and the time of the last."""
    times = [start + index / fps for index in range(len(pictures))]
    return [watch.accept(Frame(t, picture)) for t, picture in zip(times, pictures, strict=True)], times[-1]


@pytest.mark.parametrize("fps", [5.0, 15.0, 30.0])
def test_a_camera_that_works_has_no_fault(fps: float) -> None:
    watch = PictureWatch(LIMIT_S, 0.0)
    new, end = see(watch, list(NOISE), fps=fps)
    assert all(new)
    assert watch.fault(end) is None


@pytest.mark.parametrize("fps", [5.0, 15.0, 30.0])
def test_the_same_picture_is_not_new_and_after_the_limit_the_camera_is_frozen(fps: float) -> None:
    watch = PictureWatch(LIMIT_S, 0.0)
    new, end = see(watch, [NOISE[0]] * round(fps * LIMIT_S), fps=fps)
    assert new == [True] + [False] * (len(new) - 1)
    assert watch.fault(end) is None
    assert watch.fault(LIMIT_S) is CameraFault.FROZEN
    assert watch.accept(Frame(2.0, NOISE[1]))
    assert watch.fault(2.0) is None


def test_a_camera_that_gives_nothing_has_stalled_from_the_start_or_later() -> None:
    watch = PictureWatch(LIMIT_S, 5.0)
    assert watch.fault(5.9) is None
    assert watch.fault(6.0) is CameraFault.STALLED
    watch.accept(Frame(7.0, NOISE[0]))
    assert watch.fault(7.9) is None
    assert watch.fault(8.0) is CameraFault.STALLED


def test_one_pixel_in_a_changed_place_is_enough() -> None:
    watch = PictureWatch(LIMIT_S, 0.0)
    other = NOISE[0].copy()
    other[:8, :8] ^= 1
    assert see(watch, [NOISE[0], other, NOISE[0]])[0] == [True, True, True]


@pytest.mark.parametrize("level", [0, 16, 255])
def test_an_empty_picture_may_repeat_itself(level: int) -> None:
    watch = PictureWatch(LIMIT_S, 0.0)
    new, end = see(watch, [np.full((480, 640, 3), level, np.uint8)] * 30)
    assert all(new)
    assert watch.fault(end) is None


def test_another_size_is_another_picture() -> None:
    watch = PictureWatch(LIMIT_S, 0.0)
    assert see(watch, [NOISE[0], NOISE[0][:, :80], NOISE[0]])[0] == [True, True, True]


def test_a_watch_keeps_no_picture_alive_that_its_source_writes_over() -> None:
    picture = NOISE[0].copy()
    watch = PictureWatch(LIMIT_S, 0.0)
    watch.accept(Frame(0.0, picture))
    picture[:] = NOISE[1]
    assert watch.accept(Frame(0.1, picture))


def test_a_size_that_was_not_agreed_is_a_fault() -> None:
    check_size("camera 0", np.zeros((480, 640, 3), np.uint8), (640, 480))
    with pytest.raises(CameraError, match="camera 0 gives 320x240 where 640x480 was agreed") as raised:
        check_size("camera 0", np.zeros((240, 320), np.uint8), (640, 480))
    assert raised.value.fault is CameraFault.WRONG_SIZE


def test_a_size_at_which_eyes_cannot_be_told_is_a_fault_even_when_agreed() -> None:
    with pytest.raises(CameraError, match="too small: 160x120 is the least"):
        check_size("camera 0", np.zeros((72, 96), np.uint8), (96, 72))
