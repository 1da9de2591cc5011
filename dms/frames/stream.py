"""Network cameras (RTSP, or MJPEG over HTTP) through OpenCV's FFmpeg.

Takes an address, gives frames stamped with the time of their arrival: a stream's own times begin anywhere.
"""

import os
import time
from collections.abc import Generator

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.config.frames import without_secrets
from dms.frames import luma
from dms.frames.fault import CameraError, CameraFault, check_size
from dms.frames.frame import Frame, Image
from dms.frames.luma import Colours
from dms.frames.upright import upright_frame

_OPEN_MS = 10_000
"""Longest wait for a stream to begin, milliseconds: FFmpeg looks at up to 5 s of it; its own limit is 30 s."""


_AS_SENT = -1
"""Of ``CAP_PROP_FORMAT``: packets are given as they come, and not decoded."""


class StreamCamera:
    """A network stream; each call of ``frames`` opens it anew.

    Args:
        settings: The address, and how long to wait for pictures.
    """

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self.name = without_secrets(settings.source)

    def frames(self) -> Generator[Frame, None, None]:
        """Give pictures as they come, stamped with monotonic time, until the stream fails."""
        s = self._settings
        # over UDP a lost packet smears the picture until the next key frame; who wants that sets the variable
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(s.stall_s * 1000)]
        capture = cv2.VideoCapture(s.source, cv2.CAP_FFMPEG, limits)
        try:
            if not capture.isOpened():
                problem = f"{self.name} cannot be opened: is the address right, and does the camera answer?"
                raise CameraError(CameraFault.UNPLUGGED, problem)
            # the files of a stream of JPEGs as they are: FFmpeg would make colours of all of them
            files = _code(capture) == "MJPG" and capture.set(cv2.CAP_PROP_FORMAT, _AS_SENT)
            agreed: tuple[int, int] | None = None
            last = time.monotonic()
            while True:
                ok, image = capture.read()
                now = time.monotonic()
                if not ok and now - last >= s.stall_s:
                    raise CameraError(CameraFault.STALLED, f"{self.name} stopped giving pictures")
                if not ok:
                    raise CameraError(CameraFault.UNPLUGGED, f"{self.name} broke off")
                picture: tuple[Image, Colours | None] | None = (np.asarray(image, np.uint8), None)
                if files:
                    picture = luma.of_jpeg(np.asarray(image, np.uint8))
                if picture is None:
                    if now - last >= s.stall_s:
                        raise CameraError(CameraFault.STALLED, f"{self.name} gives no picture that can be decoded")
                    continue
                last = now
                agreed = agreed or (picture[0].shape[1], picture[0].shape[0])
                check_size(self.name, picture[0], agreed)
                yield upright_frame(now, *picture, s)
        finally:
            capture.release()


def _code(capture: cv2.VideoCapture) -> str:
    """How the stream is encoded, as FourCC."""
    return int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True).decode("ascii", "replace")
