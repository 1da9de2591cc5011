"""Camera modules: what is asked of picamera2, and what is made of its answers. No camera module was there to try."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames.camera import open_source
from dms.frames.fault import CameraError, CameraFault

PICTURE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)


class FakePicamera2:
    """Picamera2 as its documentation describes it, as far as it is used."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.controls: dict[str, Any] = {}
        self.calls: list[str] = []
        self.image = PICTURE
        self.age_s: float | None = 0.05
        self.hangs = self.busy = False

    def create_video_configuration(self, main: dict[str, Any], controls: dict[str, Any]) -> dict[str, Any]:
        self.controls = controls
        return {"main": main}

    def configure(self, configuration: dict[str, Any]) -> None:
        self._main: dict[str, Any] = configuration["main"]

    def stream_configuration(self, name: str) -> dict[str, Any]:
        assert name == "main"
        return self._main

    def start(self) -> None:
        if self.busy:
            raise RuntimeError("busy")
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")

    def capture_arrays(self, names: list[str], signal_function: Callable[[Any], None]) -> str:
        assert names == ["main"]
        if not self.hangs:
            signal_function("job")
        return "job"

    def wait(self, job: str) -> tuple[list[Any], dict[str, Any]]:
        assert job == "job"
        boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return [self.image], {} if self.age_s is None else {"SensorTimestamp": boot_ns - round(self.age_s * 1e9)}


class FakeModule:
    def __init__(self, camera: FakePicamera2) -> None:
        self._camera = camera

    def Picamera2(self, number: int) -> FakePicamera2:  # noqa: N802
        self._camera.number = number
        return self._camera


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> FakePicamera2:
    fake = FakePicamera2(0)
    monkeypatch.setitem(sys.modules, "picamera2", FakeModule(fake))
    return fake


def test_without_picamera2_it_says_what_to_install() -> None:
    with pytest.raises(CameraError, match="apt install python3-picamera2"):
        next(open_source(CameraSettings(source="libcamera")).frames())


def test_a_number_that_is_none_is_told() -> None:
    with pytest.raises(UserError, match="'libcamera:abc' given"):
        open_source(CameraSettings(source="libcamera:abc"))


def test_a_camera_that_does_not_start_is_closed_again(camera: FakePicamera2) -> None:
    camera.busy = True
    with pytest.raises(CameraError, match="busy"):
        next(open_source(CameraSettings(source="libcamera")).frames())
    assert camera.calls == ["close"]


@pytest.mark.parametrize(("age_s", "older_s"), [(0.05, 0.05), (None, 0.0), (-5.0, 0.0)])
def test_pictures_carry_the_sensors_time_where_there_is_one(
    camera: FakePicamera2, age_s: float | None, older_s: float
) -> None:
    camera.age_s = age_s
    frames = open_source(CameraSettings(source="libcamera:1")).frames()
    # the first may have been exposed before the camera was asked for it
    next(frames)
    time.sleep(0.1)
    asked = time.monotonic()
    frame = next(frames)
    assert camera.number == 1
    # the two clocks are read one after the other: a millisecond for rounding
    assert asked - 0.001 <= frame.t + older_s <= time.monotonic() + 0.001
    assert np.array_equal(frame.image, PICTURE)
    frames.close()
    assert camera.calls == ["start", "stop", "close"]


def test_exposure_gain_and_rate_are_asked_for(camera: FakePicamera2) -> None:
    next(open_source(CameraSettings(source="libcamera", fps=20)).frames())
    assert camera.controls == {"FrameRate": 20}
    next(open_source(CameraSettings(source="libcamera", fps=20, exposure_ms=8, gain=4)).frames())
    assert camera.controls == {"FrameRate": 20, "ExposureTime": 8000, "AnalogueGain": 4}


def test_a_sensor_that_hangs_is_not_waited_for(camera: FakePicamera2) -> None:
    frames = open_source(CameraSettings(source="libcamera", stall_s=0.5)).frames()
    next(frames)
    camera.hangs = True
    asked = time.monotonic()
    with pytest.raises(CameraError, match="stopped giving pictures") as raised:
        next(frames)
    assert time.monotonic() - asked >= 0.5
    assert raised.value.fault is CameraFault.STALLED
    assert camera.calls == ["start", "stop", "close"]


def test_a_picture_of_another_size_is_told(camera: FakePicamera2) -> None:
    camera.image = PICTURE[:240, :320]
    with pytest.raises(CameraError) as raised:
        next(open_source(CameraSettings(source="libcamera")).frames())
    assert raised.value.fault is CameraFault.WRONG_SIZE
