"""Cameras: V4L2 and network streams through OpenCV, Raspberry Pi camera modules through picamera2."""

import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.config.frames import without_secrets
from dms.errors import UserError, WorldError
from dms.frames.frame import Frame, Image
from dms.frames.source import Source, open_recording

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def open_source(settings: CameraSettings) -> Source:
    """Open what ``camera.source`` names: the one door to all pictures.

    Raises:
        UserError: A file or folder cannot be used, or there is no such name. (A camera is opened later, by ``frames``.)
    """
    source = settings.source
    if source.partition(":")[0] == "libcamera":
        return LibcameraCamera(settings)
    if source.isdigit() or source.startswith("/dev/") or "://" in source:
        return OpenCvCamera(settings)
    return open_recording(Path(source), settings)


class OpenCvCamera:
    """A V4L2 device or a network stream; each call of ``frames`` opens it anew."""

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self.name = f"camera {settings.source}" if settings.source.isdigit() else without_secrets(settings.source)

    def frames(self) -> Generator[Frame, None, None]:
        """Give pictures as they come, stamped with monotonic time, until the camera fails."""
        capture = self._open()
        try:
            while True:
                ok, image = capture.read()
                if not ok:
                    raise WorldError(f"{self.name} stopped giving pictures: is it still plugged in?")
                yield Frame(time.monotonic(), upright(np.asarray(image, np.uint8), self._settings))
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        s = self._settings
        if "://" in s.source:
            capture = cv2.VideoCapture(s.source, cv2.CAP_FFMPEG)
        else:
            device = f"/dev/video{s.source}" if s.source.isdigit() else s.source
            if not Path(device).exists():
                raise WorldError(f"{device} does not exist: is the camera plugged in? (cameras here: {_cameras()})")
            capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, s.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, s.height)
            capture.set(cv2.CAP_PROP_FPS, s.fps)
            # the newest picture, not one from a second ago
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if not capture.isOpened():
            capture.release()
            raise WorldError(f"{self.name} cannot be opened: is it in use, and is this user in the group 'video'?")
        return capture


class LibcameraCamera:
    """A Raspberry Pi camera module, through picamera2 (``apt install python3-picamera2``).

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
        try:
            from picamera2 import Picamera2  # noqa: PLC0415  # an optional system package
        except ImportError as error:
            raise WorldError(
                "libcamera needs picamera2: apt install python3-picamera2, and a venv made with --system-site-packages"
            ) from error
        s = self._settings
        with ExitStack() as opened:
            try:
                camera = Picamera2(self._number)
                # a camera that is left open cannot be opened again
                opened.callback(camera.close)
                # libcamera names the byte order the other way round: "RGB888" is BGR in memory
                main = {"size": (s.width, s.height), "format": "RGB888"}
                camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": s.fps}))
                camera.start()
                opened.callback(camera.stop)
            except (RuntimeError, IndexError) as error:
                raise WorldError(f"{self.name} cannot be opened ({error})") from error
            while True:
                yield Frame(time.monotonic(), upright(np.asarray(camera.capture_array("main"), np.uint8), s))


def upright(image: Image, settings: CameraSettings) -> Image:
    """Rotate and un-mirror a picture as the configuration says."""
    if settings.rotate:
        image = np.asarray(cv2.rotate(image, _ROTATIONS[settings.rotate]), np.uint8)
    return np.ascontiguousarray(image[:, ::-1]) if settings.mirror else image


def _cameras() -> str:
    return ", ".join(sorted(str(p) for p in Path("/dev").glob("video*"))) or "none"
