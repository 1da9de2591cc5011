"""Drawn eyes."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.perception.eyes import SIZE


def eye(opening: float) -> npt.NDArray[Any]:
    """A drawn eye: skin with the shadow of the brow, a lid line, and as much white and iris as the opening leaves."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    picture = 170 - 35 * np.exp(-(((y + 9) / 4) ** 2)) * (np.abs(x) < 14) - 12 * np.exp(-((y / 7) ** 2))
    almond = np.abs(y) < 5.5 * opening * (1 - (x / 11) ** 2)
    picture[almond] = 200
    picture[almond & (x**2 + y**2 < 25)] = 60
    picture[almond & (x**2 + y**2 < 5)] = 25
    lid = (np.abs(y - (-5.5 if opening else 1.5) * (opening or 1) * (1 - (x / 11) ** 2)) < 1) & (np.abs(x) < 11)
    picture[lid] = 60
    # no camera is as sharp as a drawing
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7)).astype(np.uint8)
