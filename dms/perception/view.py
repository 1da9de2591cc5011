"""Whether a picture can be judged at all: too dark, or a lens that sees nothing.

Takes grey pictures with their times, gives a ``View`` for each. Never looks for a face.
"""

import math
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config import PerceptionSettings
from dms.config.constant import Constant
from dms.frames import Image
from dms.observation import View

_THUMBNAIL = (80, 60)
_AVERAGE_S: Annotated[float, Constant("s", 0.2, 5.0, "own: noise of a night picture averages out")] = 1.0
"""Time over which the thumbnails are averaged."""
_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}


def as_grey(image: Image) -> Image:
    """Return the (height, width) grey picture that all of perception works on, from grey, BGR or BGRA."""
    if image.ndim == 2:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    return np.asarray(cv2.cvtColor(image, _TO_GREY[image.shape[2]]), np.uint8)


class ViewJudge:
    """Judges pictures by their light and their detail, each on a thumbnail of 80x60.

    Detail is measured on the mean of the last second and against its brightness: noise, which is strong at night,
    averages out over time, while the cabin stands still; and a night picture has as much of it as one by day.

    Args:
        settings: Holds the limits.
    """

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._mean: npt.NDArray[np.float32] | None = None
        self._t = 0.0
        self.detail: float | None = None
        """Detail of the last pictures as a share of their brightness, None in the dark."""

    def judge(self, grey: Image, t: float) -> View:
        """Judge the next picture.

        Args:
            grey: (height, width) uint8.
            t: When it was taken, seconds.

        Returns:
            ``DARK`` below the limit of mean brightness, ``COVERED`` when neighbouring pixels hardly differ, else
            ``CLEAR``.
        """
        thumbnail = _thumbnail(grey)
        brightness = cv2.mean(thumbnail)[0]
        if brightness < self._settings.dark_level:
            self._mean = self.detail = None
            return View.DARK
        mean = self._average(thumbnail, t)
        steps = _mean_step(mean[1:], mean[:-1]) + _mean_step(mean[:, 1:], mean[:, :-1])
        self.detail = steps / 2 / brightness
        return View.COVERED if self.detail < self._settings.covered_detail else View.CLEAR

    def _average(self, thumbnail: Image, t: float) -> npt.NDArray[np.float32]:
        """Return the exponentially weighted mean of the thumbnails so far, by time."""
        gap_s = t - self._t
        self._t = t
        if self._mean is None or not 0.0 <= gap_s < _AVERAGE_S:
            self._mean = thumbnail.astype(np.float32)
        else:
            cv2.accumulateWeighted(thumbnail, self._mean, 1.0 - math.exp(-gap_s / _AVERAGE_S))
        return self._mean


def _thumbnail(grey: Image) -> Image:
    """Return the picture in 80x60, each pixel the mean of those it stands for."""
    height, width = grey.shape
    if width >= 4 * _THUMBNAIL[0] and height >= 4 * _THUMBNAIL[1]:
        # OpenCV halves a picture with vector instructions, so that two steps take half the time of one
        grey = np.asarray(cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)


def _mean_step(after: npt.NDArray[np.float32], before: npt.NDArray[np.float32]) -> float:
    """Return the mean difference of neighbours; OpenCV sums it in one pass, without an array between."""
    return cv2.norm(after, before, cv2.NORM_L1) / after.size
