"""Pictures that can be judged, and pictures that cannot: by day, at night, and with something on the lens."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings, PerceptionSettings
from dms.demo import SAMPLE_DRIVE
from dms.frames import Image
from dms.frames.source import open_recording
from dms.observation import View
from dms.perception.view import ViewJudge, as_grey

SETTINGS = PerceptionSettings()
FPS = 10.0
GRAIN = np.random.default_rng(0).standard_normal((8, 480, 640), dtype=np.float32)


@pytest.fixture(scope="module")
def cabin() -> Image:
    """A picture with a person in it, 640x480 grey."""
    frame = next(open_recording(SAMPLE_DRIVE, CameraSettings()).frames())
    return np.asarray(cv2.resize(as_grey(frame.image), (640, 480)), np.uint8)


def plain_room() -> Image:
    """A smooth wall with a door and a shelf: about as little detail as the plainest room of the development clips."""
    room = np.tile(np.linspace(110, 160, 640, dtype=np.float32), (480, 1))
    room[60:, 400:560] -= 60
    room[100:130, 60:300] += 70
    room[220:250, 60:300] -= 50
    return room.astype(np.uint8)


def on_the_lens(picture: Image) -> Image:
    """What is left of a picture behind a hand on the lens: light and shade."""
    return np.asarray(cv2.resize(cv2.blur(cv2.resize(picture, (80, 60)), (61, 61)), (640, 480)), np.uint8)


def filmed(picture: Image, brightness: float, noise: float, seconds: float = 3.0) -> Iterator[tuple[float, Image]]:
    """A picture as a camera gives it at a mean brightness, with noise that differs from picture to picture."""
    lit = picture.astype(np.float32) * (brightness / picture.mean())
    for index in range(round(seconds * FPS)):
        grain = np.roll(GRAIN[index % len(GRAIN)], 61 * index)
        yield index / FPS, np.clip(lit + noise * grain, 0, 255).astype(np.uint8)


def views(picture: Image, brightness: float, noise: float) -> list[View]:
    judge = ViewJudge(SETTINGS)
    return [judge.judge(image, t) for t, image in filmed(picture, brightness, noise)]


@pytest.mark.parametrize(("brightness", "noise"), [(110, 2), (40, 0), (40, 6), (20, 0), (20, 10), (14, 0), (14, 10)])
def test_a_night_drive_is_not_covered(cabin: Image, brightness: float, noise: float) -> None:
    assert set(views(cabin, brightness, noise)) == {View.CLEAR}
    assert set(views(plain_room(), brightness, noise)) == {View.CLEAR}


@pytest.mark.parametrize(("brightness", "noise"), [(200, 2), (110, 2), (60, 6), (40, 0), (40, 10)])
def test_a_hand_on_the_lens_is_told_by_day_and_by_night(cabin: Image, brightness: float, noise: float) -> None:
    assert set(views(on_the_lens(cabin), brightness, noise)[round(2 * FPS) :]) == {View.COVERED}


@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_black_is_dark_and_not_covered(cabin: Image, noise: float) -> None:
    assert set(views(cabin, 3, noise)) == {View.DARK}


def test_covering_and_uncovering_are_seen_in_time(cabin: Image) -> None:
    judge = ViewJudge(SETTINGS)
    covered = on_the_lens(cabin)
    seen = [(t, judge.judge(image, t)) for t, image in filmed(cabin, 90, 3)]
    seen += [(3 + t, judge.judge(image, 3 + t)) for t, image in filmed(covered, 90, 3)]
    seen += [(6 + t, judge.judge(image, 6 + t)) for t, image in filmed(cabin, 90, 3)]
    assert {view for t, view in seen if t < 3} == {View.CLEAR}
    assert {view for t, view in seen if 5.5 <= t < 6} == {View.COVERED}
    assert {view for t, view in seen if t >= 6.5} == {View.CLEAR}


@pytest.mark.parametrize("t", [-100.0, 1.0, 1e6])
def test_a_clock_that_jumps_begins_the_mean_anew(cabin: Image, t: float) -> None:
    judge = ViewJudge(SETTINGS)
    assert [judge.judge(cabin, at / FPS) for at in range(20)][-1] is View.CLEAR
    assert judge.judge(on_the_lens(cabin), t) is View.COVERED


def test_one_picture_alone_can_be_judged(cabin: Image) -> None:
    assert ViewJudge(SETTINGS).judge(cabin, 0.0) is View.CLEAR
    assert ViewJudge(SETTINGS).judge(on_the_lens(cabin), 0.0) is View.COVERED
    assert ViewJudge(SETTINGS).judge(np.zeros((480, 640), np.uint8), 0.0) is View.DARK
