"""V4L2 cameras: OpenCV's own code against a driver played by fake_v4l2.c, since no test can pull a real plug."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings
from dms.frames.camera import open_source
from dms.frames.fault import FIRST_S, CameraError
from dms.frames.frame import taken_at
from dms.frames.v4l2 import formats
from tests.conftest import until

from .fake_v4l2 import FakeV4l2, build

SHOW = """
import json, sys, time
from dms.config import CameraSettings
import dms.frames.v4l2
from dms.frames.camera import open_source
from dms.frames.fault import CameraError
settings, count = json.loads(sys.argv[1]), int(sys.argv[2])
dms.frames.v4l2.FIRST_S = float(sys.argv[3])
try:
    for index, frame in enumerate(open_source(CameraSettings(**settings)).frames()):
        now = time.monotonic()
        shown = {"shape": frame.picture.shape, "grey": frame.image.ndim == 2, "t": frame.t, "age": now - frame.t}
        print(json.dumps({**shown, "at": now}), flush=True)
        if index + 1 == count:
            break
except CameraError as error:
    print(json.dumps({"fault": error.fault, "text": str(error), "at": time.monotonic()}), flush=True)
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("fake_v4l2"))


@pytest.fixture
def camera(library: Path) -> Iterator[FakeV4l2]:
    fake = FakeV4l2(Path(f"/dev/shm/dms-test-{os.getpid()}"), library)
    fake.do()
    yield fake
    fake.close()


class Watching:
    """A process that prints what the camera gives."""

    def __init__(self, camera: FakeV4l2, count: int, first_s: float = FIRST_S, **settings: Any) -> None:
        given = json.dumps({"source": str(camera.device), "fps": 30, **settings})
        self._process = subprocess.Popen(
            [sys.executable, "-c", SHOW, given, str(count), str(first_s)],
            env={**os.environ, **camera.environment},
            stdout=subprocess.PIPE,
            text=True,
        )

    def next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        shown: dict[str, Any] = json.loads(self._process.stdout.readline())
        return shown

    def rest(self) -> list[dict[str, Any]]:
        assert self._process.stdout is not None
        shown = [json.loads(line) for line in self._process.stdout]
        self._process.wait(60)
        return shown


def streams(camera: FakeV4l2) -> list[str]:
    return [line for line in camera.asked if line.startswith("stream")]


def test_what_is_asked_is_agreed_and_pictures_carry_the_drivers_time(camera: FakeV4l2) -> None:
    frames = Watching(camera, 10, fps=15).rest()
    assert streams(camera)[-1] == "stream YUYV 640x480 15"
    assert {(tuple(frame["shape"]), frame["grey"]) for frame in frames} == {((480, 640, 3), True)}
    # the driver says that each was taken 40 ms before it gave it
    assert statistics.median(frame["age"] for frame in frames) >= 0.04
    assert [frame["t"] for frame in frames] == sorted(frame["t"] for frame in frames)


@pytest.mark.parametrize("clock", ["realtime", "none"])
def test_a_driver_without_monotonic_times_leaves_the_time_of_reading(camera: FakeV4l2, clock: str) -> None:
    camera.do(clock=clock)
    frames = Watching(camera, 5).rest()
    assert min(frame["age"] for frame in frames) < 0.04


@pytest.mark.parametrize(
    ("abilities", "settings", "stream"),
    [
        ({"formats": "YUYV,MJPG"}, {}, "YUYV 640x480 30"),
        ({"formats": "YUYV,MJPG"}, {"width": 1280, "height": 720}, "MJPG 1280x720 30"),
        ({"formats": "YUYV,MJPG"}, {"format": "mjpeg"}, "MJPG 640x480 30"),
        ({"formats": "GREY"}, {}, "GREY 640x480 30"),
        ({"formats": "GREY,YUYV"}, {"format": "grey"}, "GREY 640x480 30"),
        ({"formats": "YUYV", "sizes": "1280x720"}, {}, "YUYV 1280x720 30"),
        ({"formats": "YUYV"}, {"format": "grey"}, "YUYV 640x480 30"),
        ({"formats": "YUYV", "fps": "10"}, {}, "YUYV 640x480 10"),
    ],
)
def test_format_size_and_rate_are_agreed_with_the_driver(
    camera: FakeV4l2, tmp_path: Path, abilities: dict[str, str], settings: dict[str, Any], stream: str
) -> None:
    width, height = map(int, stream.split()[1].split("x"))
    jpeg = tmp_path / "picture.jpg"
    cv2.imwrite(str(jpeg), np.full((height, width, 3), 99, np.uint8))
    camera.do(**{**abilities, "jpeg": str(jpeg)})
    frames = Watching(camera, 2, **settings).rest()
    assert streams(camera)[-1] == f"stream {stream}"
    assert [(tuple(frame["shape"]), frame["grey"]) for frame in frames] == [((height, width, 3), True)] * 2


def test_pictures_that_do_not_fit_through_usb_2_are_asked_for_as_mjpeg() -> None:
    assert formats(CameraSettings(width=640, height=480, fps=30))[0] == "YUYV"
    assert formats(CameraSettings(width=1280, height=720, fps=15))[0] == "MJPG"


def test_exposure_is_set_and_the_camera_may_not_slow_down_in_the_dark(camera: FakeV4l2) -> None:
    Watching(camera, 1).rest()
    # linux/v4l2-controls.h: 9a0901 exposure_auto, 9a0902 exposure_absolute in 100 us, 9a0903 exposure_auto_priority
    assert camera.asked[:2] == ["9a0903=0", "9a0901=3"]
    Watching(camera, 1, exposure_ms=8.0, gain=4.0).rest()
    assert {"9a0901=1", "9a0902=80"} <= set(camera.asked)


def test_a_pulled_camera_is_told_at_once(camera: FakeV4l2) -> None:
    watching = Watching(camera, 10_000)
    watching.next()
    camera.pull()
    pulled = time.monotonic()
    fault = watching.rest()[-1]
    assert fault["fault"] == "unplugged"
    assert "is it still plugged in" in fault["text"]
    assert fault["at"] - pulled < 8.0


def test_a_camera_that_stalls_is_told_and_not_waited_for(camera: FakeV4l2) -> None:
    watching = Watching(camera, 10_000)
    watching.next()
    camera.do("stall")
    stalled = time.monotonic()
    fault = watching.rest()[-1]
    assert fault["fault"] == "stalled"
    assert fault["at"] - stalled < 8.0, "OpenCV's own limit is 10 s"


def test_a_camera_may_take_longer_for_its_first_picture(camera: FakeV4l2) -> None:
    camera.do("stall")
    watching = Watching(camera, 1, first_s=60.0, stall_s=0.5)
    until(lambda: streams(camera))
    time.sleep(1.5)
    camera.do()
    assert "shape" in watching.next()


def test_pictures_of_another_size_than_agreed_are_told(camera: FakeV4l2, tmp_path: Path) -> None:
    small = tmp_path / "small.jpg"
    cv2.imwrite(str(small), np.full((240, 320, 3), 99, np.uint8))
    camera.do(formats="MJPG", jpeg=str(small))
    fault = Watching(camera, 10).rest()[-1]
    assert (fault["fault"], fault["text"]) == (
        "wrong_size",
        f"{camera.device} gives 320x240 where 640x480 was agreed",
    )


@pytest.mark.slow
def test_a_picture_that_cannot_be_decoded_is_left_out(camera: FakeV4l2, tmp_path: Path) -> None:
    jpeg, broken = tmp_path / "picture.jpg", tmp_path / "broken.jpg"
    cv2.imwrite(str(jpeg), np.full((480, 640, 3), 99, np.uint8))
    broken.write_bytes(b"\xff\xd8 lost on the bus")
    camera.do(formats="MJPG", jpeg=str(jpeg))
    watching = Watching(camera, 100, stall_s=10)
    watching.next()
    camera.do(formats="MJPG", jpeg=str(broken))
    time.sleep(0.3)
    camera.do(formats="MJPG", jpeg=str(jpeg))
    shown = watching.rest()
    assert len(shown) == 99
    assert all("shape" in frame for frame in shown)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "does not exist: is the camera plugged in"),
        (lambda path: path.write_text("not a camera"), "cannot be opened: is another program using it"),
    ],
)
def test_a_device_that_is_no_camera_is_told_with_what_to_do(make: Callable[[Path], Any], words: str) -> None:
    path = Path(f"/dev/shm/dms-test-none-{os.getpid()}")
    make(path)
    try:
        with pytest.raises(CameraError, match=words) as raised:
            next(open_source(CameraSettings(source=str(path))).frames())
        assert raised.value.fault == "unplugged"
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("driver_s", "taken"), [(99.96, 99.96), (100.0, 100.0), (97.0, 100.0), (100.5, 100.0), (0.0, 100.0), (1.7e9, 100.0)]
)
def test_a_drivers_time_is_believed_where_it_can_be_true(driver_s: float, taken: float) -> None:
    assert taken_at(driver_s, now=100.0) == taken
