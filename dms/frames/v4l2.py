"""V4L2 cameras (USB, and whatever else is a /dev/video) through OpenCV.

Takes the ``[camera]`` settings, gives frames stamped with the driver's own time. Agrees on format, size and rate with
the driver, and takes the nearest where it cannot have what was asked.
"""

import fcntl
import logging
import math
import os
import stat
import struct
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.frames import luma
from dms.frames.devices import DeviceFinder
from dms.frames.fault import FIRST_S, CameraError, CameraFault, check_size
from dms.frames.frame import Frame, Image, taken_at
from dms.frames.luma import Colours
from dms.frames.upright import upright_frame

log = logging.getLogger(__name__)

_FOURCC = {"yuyv": "YUYV", "mjpeg": "MJPG", "grey": "GREY"}
_USB2_BITS_S = 196.608e6
"""What one camera can send over USB 2.0 at best: 3 x 1,024 bytes each 125 us (USB 2.0 specification, 5.6.3)."""
_BUFFERS = 2
"""One is filled while the other is read: a queue would make pictures old."""
_RETRY_S = 0.02
_SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"
# linux/v4l2-controls.h and linux/videodev2.h
_CID_EXPOSURE_AUTO_PRIORITY = 0x009A0903
_VIDIOC_S_CTRL = 0xC008561C
_VIDEO_MAJOR = 81
"""The kernel's number for video devices (Documentation/admin-guide/devices.txt)."""
_EXPOSURE_MANUAL, _EXPOSURE_APERTURE_PRIORITY = 1, 3


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the driver will give.

    Attributes:
        width: Pixels.
        height: Pixels.
        fourcc: Pixel format, for example ``YUYV``.
        fps: Frames per second, 0 where the driver does not say.
    """

    width: int
    height: int
    fourcc: str
    fps: float

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.fourcc} at {self.fps:.4g} fps"


class V4l2Camera:
    """A V4L2 device; each call of ``frames`` opens it anew.

    Args:
        settings: Which device, and what to ask of it.
    """

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        source = settings.source
        self._device = Path(f"/dev/video{source}" if source.isdigit() else source)
        self._finder = DeviceFinder(self._device)
        self.name = f"camera {source}" if source.isdigit() else source

    def frames(self) -> Generator[Frame, None, None]:
        """Give pictures as they come, stamped with monotonic time, until the camera fails.

        A picture that cannot be decoded (a USB packet was lost) is left out; none for ``stall_s`` is a failure, but
        that the first one may take longer.
        """
        capture = self._open()
        try:
            agreed = self._negotiate(capture)
            self._expose(capture)
            decode = _decoder(capture, agreed)
            known = False
            last = time.monotonic()
            limit_s = max(self._settings.stall_s, FIRST_S)
            while True:
                ok, image = capture.read()
                now = time.monotonic()
                picture = decode(np.asarray(image, np.uint8)) if ok else None
                if picture is not None:
                    if not known:
                        self._finder.remember(self._device)
                        known = True
                    limit_s = self._settings.stall_s
                    check_size(self.name, picture[0], (agreed.width, agreed.height))
                    last = max(last, taken_at(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0, now))
                    yield upright_frame(last, *picture, self._settings)
                elif not self._device.exists():
                    raise CameraError(CameraFault.UNPLUGGED, f"{self.name} is gone: is it still plugged in?")
                elif now - last >= limit_s:
                    raise CameraError(CameraFault.STALLED, f"{self.name} stopped giving pictures")
                else:
                    time.sleep(_RETRY_S)
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        found = self._finder.find()
        if found is None:
            raise CameraError(CameraFault.UNPLUGGED, f"{self.name} is gone: at {self._device} is another of its like")
        device = self._device = found
        if not device.exists():
            problem = f"{device} does not exist: is the camera plugged in? (cameras here: {_cameras()})"
            raise CameraError(CameraFault.UNPLUGGED, problem)
        if not _may_be_camera(device):
            # not even opened: a FIFO would wait for its other end, and a watchdog restart the machine
            raise CameraError(CameraFault.UNPLUGGED, f"{device} is no camera (cameras here: {_cameras()})")
        if not os.access(device, os.R_OK | os.W_OK):
            problem = f"{device} may not be opened by this user: add it to the group 'video'"
            raise CameraError(CameraFault.UNPLUGGED, problem)
        # OpenCV waits 10 s for a camera that has stalled, unless it is set otherwise before it first waits
        os.environ.setdefault(_SELECT_TIMEOUT, "1")
        capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            problem = f"{device} cannot be opened: is another program using it, and is it a camera?"
            raise CameraError(CameraFault.UNPLUGGED, problem)
        return capture

    def _negotiate(self, capture: cv2.VideoCapture) -> Agreed:
        """Ask for what the settings say, in the formats that suit it; the first that fits is taken, or the nearest."""
        s = self._settings
        offers: dict[str, Agreed] = {}
        for fourcc in formats(s):
            offer = self._ask(capture, fourcc)
            if offer.fourcc == fourcc:
                offers[fourcc] = offer
                if (offer.width, offer.height) == (s.width, s.height):
                    break
        else:
            if offers:
                nearest = min(offers.values(), key=lambda o: abs(o.width - s.width) + abs(o.height - s.height))
                self._ask(capture, nearest.fourcc)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        agreed = _state(capture)
        asked = Agreed(s.width, s.height, _FOURCC.get(s.format, agreed.fourcc), s.fps)
        as_asked = (agreed.width, agreed.height, agreed.fourcc) == (asked.width, asked.height, asked.fourcc)
        if as_asked and not 0 < agreed.fps < 0.9 * s.fps:
            log.info("%s gives %s", self.name, agreed)
        else:
            log.warning("%s gives %s, asked for was %s", self.name, agreed, asked)
        return agreed

    def _ask(self, capture: cv2.VideoCapture, fourcc: str) -> Agreed:
        # the order matters: a driver offers sizes by format and rates by size
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings.height)
        capture.set(cv2.CAP_PROP_FPS, self._settings.fps)
        return _state(capture)

    def _expose(self, capture: cv2.VideoCapture) -> None:
        """Set exposure and gain; they are hints, since few cameras know all of them."""
        s = self._settings
        unknown = [] if self._keep_rate() else ["a steady frame rate"]
        if s.exposure_ms is None:
            # not a hint of the owner's: a camera without the control has nothing to go back to
            capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _EXPOSURE_APERTURE_PRIORITY)
        else:
            manual = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _EXPOSURE_MANUAL)
            # V4L2 counts in 100 us
            if not capture.set(cv2.CAP_PROP_EXPOSURE, max(1, round(s.exposure_ms * 10))) or not manual:
                unknown.append("camera.exposure_ms")
        if s.gain is not None and not capture.set(cv2.CAP_PROP_GAIN, s.gain):
            unknown.append("camera.gain")
        if unknown:
            log.info("%s does not know: %s", self.name, ", ".join(unknown))

    def _keep_rate(self) -> bool:
        """Forbid the camera to lengthen its exposure beyond the frame interval, as many do in the dark.

        A dark cabin must not slow the pictures to a rate at which closures cannot be measured. OpenCV has no name for
        this control.
        """
        try:
            device = os.open(self._device, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.ioctl(device, _VIDIOC_S_CTRL, struct.pack("Ii", _CID_EXPOSURE_AUTO_PRIORITY, 0))
        except OSError:
            return False
        finally:
            os.close(device)
        return True


def _decoder(capture: cv2.VideoCapture, agreed: Agreed) -> Callable[[Image], tuple[Image, Colours | None] | None]:
    """What makes a picture of what the driver gives: its brightness, and its colours when they are asked for.

    OpenCV would make colours of every picture. What it gives instead is shaped since version 5 only.
    """
    shape = (agreed.height, agreed.width)
    decoders: dict[str, Callable[[Image], tuple[Image, Colours | None] | None]] = {
        "MJPG": luma.of_jpeg,
        "YUYV": lambda sent: None if (whole := _shaped(sent, (*shape, 2))) is None else luma.of_yuyv(whole),
        "GREY": lambda sent: None if (whole := _shaped(sent, shape)) is None else (whole, None),
    }
    if agreed.fourcc in decoders and capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        return decoders[agreed.fourcc]
    return lambda image: (image, None)


def _shaped(sent: Image, shape: tuple[int, ...]) -> Image | None:
    """Bytes as a picture; None where some are missing."""
    size = math.prod(shape)
    return None if sent.size < size else sent.reshape(-1)[:size].reshape(shape)


def formats(settings: CameraSettings) -> list[str]:
    """Pixel formats to ask for, best first, as FourCC.

    Uncompressed pictures cost nothing to decode and have no artefacts; where they do not fit through USB 2.0, MJPEG
    comes first.
    """
    if settings.format != "auto":
        return [_FOURCC[settings.format]]
    bits_s = settings.width * settings.height * 16 * settings.fps
    return ["YUYV", "MJPG", "GREY"] if bits_s <= _USB2_BITS_S else ["MJPG", "GREY", "YUYV"]


def _state(capture: cv2.VideoCapture) -> Agreed:
    width, height = (int(capture.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    fourcc = code.to_bytes(4, "little").decode("ascii", "replace")
    return Agreed(width, height, fourcc, max(0.0, capture.get(cv2.CAP_PROP_FPS)))


def _may_be_camera(device: Path) -> bool:
    """Return whether it is a video device, as far as its kind says."""
    status = device.stat()
    if stat.S_ISCHR(status.st_mode):
        return os.major(status.st_rdev) == _VIDEO_MAJOR
    return not stat.S_ISFIFO(status.st_mode)


def _cameras() -> str:
    return ", ".join(sorted(str(p) for p in Path("/dev").glob("video*"))) or "none"
