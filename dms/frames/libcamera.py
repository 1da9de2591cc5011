"""Raspberry Pi camera modules through picamera2, an optional system package (``apt install python3-picamera2``).

Takes the ``[camera]`` settings, gives frames stamped with the sensor's own time.
"""

import threading
import time
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import numpy as np

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames.fault import FIRST_S, CameraError, CameraFault, check_size
from dms.frames.frame import Frame, taken_at
from dms.frames.upright import upright


class LibcameraCamera:
    """A camera module.

    Args:
        settings: Which camera (``libcamera``, ``libcamera:1``), and what to ask of it.

    Raises:
        UserError: What follows ``libcamera:`` is no number.
    """

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        _, colon, number = settings.source.partition(":")
        if colon and not number.isdecimal():
            raise UserError(
                f"camera.source: {settings.source!r} given; write 'libcamera', or 'libcamera:1' for the second"
            )
        self._number = int(number or 0)
        self.name = f"libcamera {self._number}"

    def frames(self) -> Generator[Frame, None, None]:
        """Give pictures as they come, stamped with monotonic time, until the camera fails."""
        with ExitStack() as opened:
            camera = self._open(opened)
            width, height = camera.stream_configuration("main")["size"]
            last = time.monotonic()
            limit_s = max(self._settings.stall_s, FIRST_S)
            while True:
                image, metadata = self._take(camera, limit_s)
                limit_s = self._settings.stall_s
                check_size(self.name, image, (width, height))
                last = max(last, taken_at(_monotonic(metadata), time.monotonic()))
                yield Frame(last, upright(np.asarray(image, np.uint8), self._settings))

    def _open(self, opened: ExitStack) -> Any:
        try:
            from picamera2 import Picamera2  # noqa: PLC0415  # an optional system package
        except ImportError as error:
            problem = "libcamera needs picamera2: apt install python3-picamera2, and a venv made with"
            raise CameraError(CameraFault.UNPLUGGED, f"{problem} --system-site-packages") from error
        s = self._settings
        controls: dict[str, float] = {"FrameRate": s.fps}
        if s.exposure_ms is not None:
            controls["ExposureTime"] = round(s.exposure_ms * 1000)
        if s.gain is not None:
            controls["AnalogueGain"] = s.gain
        try:
            camera = Picamera2(self._number)
            # a camera that is left open cannot be opened again
            opened.callback(camera.close)
            # libcamera names the byte order the other way round: "RGB888" is BGR in memory
            main = {"size": (s.width, s.height), "format": "RGB888"}
            camera.configure(camera.create_video_configuration(main=main, controls=controls))
            camera.start()
            opened.callback(camera.stop)
        except (RuntimeError, IndexError) as error:
            raise CameraError(CameraFault.UNPLUGGED, f"{self.name} cannot be opened ({error})") from error
        return camera

    def _take(self, camera: Any, limit_s: float) -> tuple[Any, dict[str, Any]]:
        """Return the next picture and what libcamera knows of it; a sensor that hangs is not waited for without end."""
        taken = threading.Event()
        job = camera.capture_arrays(["main"], signal_function=lambda _job: taken.set())
        if not taken.wait(limit_s):
            raise CameraError(CameraFault.STALLED, f"{self.name} stopped giving pictures: is its ribbon cable firm?")
        (image,), metadata = camera.wait(job)
        return image, metadata


def _monotonic(metadata: dict[str, Any]) -> float:
    """Return the sensor's time of a picture in monotonic seconds; libcamera counts from boot, with time asleep."""
    asleep_s = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    return float(metadata.get("SensorTimestamp", 0)) / 1e9 - asleep_s
