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
from dms.frames.fault import CameraError, CameraFault, check_size
from dms.frames.frame import Frame
from dms.frames.upright import upright

_OPEN_MS = 10_000
"""Longest wait for a stream to begin, milliseconds: FFmpeg looks at up to 5 s of it; its own limit is 30 s."""


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
            agreed: tuple[int, int] | None = None
            last = time.monotonic()
            while True:
                ok, image = capture.read()
                now = time.monotonic()
                if not ok and now - last >= s.stall_s:
                    raise CameraError(CameraFault.STALLED, f"{self.name} stopped giving pictures")
                if not ok:
                    raise CameraError(CameraFault.UNPLUGGED, f"{self.name} broke off")
                last = now
                agreed = agreed or (image.shape[1], image.shape[0])
                check_size(self.name, np.asarray(image), agreed)
                yield Frame(now, upright(np.asarray(image, np.uint8), s))
        finally:
            capture.release()
