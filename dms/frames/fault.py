"""What is wrong with a camera, judged by its pictures and their times.

Takes pictures with their times, gives which of them are new, and a fault or none. Pure: it reads no clock. Whether a
picture that is new shows anything (darkness, a covered lens) is for perception to say.
"""

from enum import StrEnum

import numpy as np

from dms.errors import WorldError
from dms.frames.frame import Frame, Image

_EVERY = 8
"""Pixels from one that is compared to the next: 80x60 of them at 640x480."""
FLAT = 2.0
"""Grey levels 0..255 of spread below which a picture is empty, and may repeat itself with nothing broken."""
_LEAST = (160, 120)
"""Width and height below which eyes cannot be judged, pixels: the least that can be asked of a camera."""
FIRST_S = 5.0
"""Seconds that a camera has for its first picture before it is opened again; some take two to find their exposure."""


class CameraFault(StrEnum):
    """Why there are no pictures that could be judged."""

    UNPLUGGED = "unplugged"
    """It cannot be opened, or broke off."""
    STALLED = "stalled"
    """It is open and gives no pictures."""
    FROZEN = "frozen"
    """It gives the same picture again and again."""
    WRONG_SIZE = "wrong_size"
    """Its pictures are not of the size that was agreed, or too small."""


class CameraError(WorldError):
    """A camera cannot be used, for now.

    Attributes:
        fault: In which way.
    """

    def __init__(self, fault: CameraFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class PictureWatch:
    """Tells new pictures from repeated ones, and a camera that gives none.

    Noise makes any two pictures of a working sensor differ, so a picture that is the same bit for bit tells nothing
    new: it is no reason to believe that eyes which were closed are closed still. Of 3,526 pairs in the development
    clips one was the same at every eighth pixel; the others' mean difference goes down to 0.003 grey levels after video
    compression (``studies/camera_limits.py``), so nothing less strict than equality would do. A picture without any
    content, black or blown out, does repeat itself when nothing is broken, and counts as new.

    Args:
        limit_s: Seconds without a new picture after which something is wrong.
        start_t: When the camera was asked for the first one, seconds on the frames' clock.
    """

    def __init__(self, limit_s: float, start_t: float) -> None:
        self._limit_s = limit_s
        self._new_t = self._seen_t = start_t
        self._sample: Image | None = None

    def accept(self, frame: Frame) -> bool:
        """Take the next picture; returns whether it is new."""
        self._seen_t = frame.t
        # copied before it is compared: the picture is gone over once, a line of the cache for every pixel
        sample = frame.image[::_EVERY, ::_EVERY].copy()
        if self._sample is not None and np.array_equal(sample, self._sample) and sample.std() >= FLAT:
            return False
        self._sample = sample
        self._new_t = frame.t
        return True

    def fault(self, now: float) -> CameraFault | None:
        """Return what is wrong at a moment, in seconds on the frames' clock; None while new pictures come."""
        if now - self._new_t < self._limit_s:
            return None
        return CameraFault.FROZEN if now - self._seen_t < self._limit_s else CameraFault.STALLED


def check_size(name: str, image: Image, agreed: tuple[int, int]) -> None:
    """Make sure that a picture has the size that was agreed when the camera was opened.

    Args:
        name: The camera's, for the error.
        image: As it came, not yet turned upright.
        agreed: Width and height in pixels.

    Raises:
        CameraError: It has another size, or one at which eyes cannot be judged.
    """
    height, width = image.shape[:2]
    if (width, height) != agreed:
        expected = f"{agreed[0]}x{agreed[1]}"
        raise CameraError(CameraFault.WRONG_SIZE, f"{name} gives {width}x{height} where {expected} was agreed")
    if width < _LEAST[0] or height < _LEAST[1]:
        least = f"{_LEAST[0]}x{_LEAST[1]}"
        raise CameraError(CameraFault.WRONG_SIZE, f"{name} gives {width}x{height}, too small: {least} is the least")
