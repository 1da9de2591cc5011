"""One picture with its time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A picture: (height, width, 3) in BGR order or (height, width) grey, values 0..255."""

_OLDEST_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture and when it was taken.

    Attributes:
        t: Seconds on the source's own clock: since the start of the file for a recording, monotonic time for a camera.
            Never decreases within one source.
        image: (height, width, 3) BGR or (height, width) grey, uint8: what is judged.
        colours: Makes the same picture in BGR where ``image`` is only its brightness: decoding colours costs time, and
            only people look at them. May be called later and in another thread: it holds what it decodes. None where
            there is no more than ``image``.
    """

    t: float
    image: Image
    colours: Callable[[], Image] | None = None

    @property
    def picture(self) -> Image:
        """The picture for people, (height, width, 3) BGR."""
        if self.colours is not None:
            return self.colours()
        if self.image.ndim == 3:
            return self.image
        import cv2  # noqa: PLC0415  # whoever walks a trace has no picture

        return np.asarray(cv2.cvtColor(self.image, cv2.COLOR_GRAY2BGR), np.uint8)


def taken_at(device_s: float, now: float) -> float:
    """Return when a camera's picture was taken, in monotonic seconds.

    Args:
        device_s: The driver's or the sensor's own time of the picture, in seconds. Most drivers count on the monotonic
            clock (V4L2's buffer flag ``TIMESTAMP_MONOTONIC``); old ones use the time of day, some give none.
        now: Monotonic seconds when it was read.

    Returns:
        The device's time where it can be one of the monotonic clock: within the last two seconds; else ``now``.
    """
    return device_s if 0.0 <= now - device_s <= _OLDEST_S else now
