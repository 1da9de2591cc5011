"""Bright spots over an eye: lamps and windows that glasses mirror.

Takes an eye patch, gives it with its spots filled from beside them. A bright spot looks like the white of an eye, so
that shut eyes behind one read as open; filled along the rows, as lids and lashes run, a lid goes on under it.
"""

from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant

Picture = npt.NDArray[np.uint8]

SPOT_LEVEL: Annotated[float, Constant("grey levels of 255", 200, 255, "own: CEW's validation part")] = 225.0
"""A spot is at least this bright."""
SPOT_ABOVE: Annotated[float, Constant("grey levels of 255", 10, 150, "own: CEW's validation part")] = 40.0
"""A spot is at least this much brighter than the mean of its patch, which skin in the sun is not."""
SPOT_LEAST: Annotated[int, Constant("px", 1, 100, "own: CEW's validation part")] = 4
"""Fewer bright pixels are the light that every open eye mirrors."""
_RIM = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)), np.uint8)
"""What around a spot is filled with it: its rim is blurred."""


def without_spots(patch: Picture, mean: float) -> Picture | None:
    """Return an eye patch with its bright spots filled from beside them, row by row.

    Args:
        patch: (height, width) uint8; it is not changed.
        mean: Of its grey levels.

    Returns:
        uint8 of the same shape; None where there is no spot.
    """
    level = max(SPOT_LEVEL, mean + SPOT_ABOVE)
    if cv2.minMaxLoc(patch)[1] < level:
        return None
    spots = _inside((patch >= level).view(np.uint8) * np.uint8(255))
    if cv2.countNonZero(spots) < SPOT_LEAST:
        return None
    hidden = cv2.dilate(spots, _RIM).astype(bool)
    filled, columns = patch.copy(), np.arange(patch.shape[1])
    for row in np.flatnonzero(hidden.any(axis=1) & ~hidden.all(axis=1)):
        seen = ~hidden[row]
        filled[row, hidden[row]] = np.interp(columns[hidden[row]], columns[seen], patch[row, seen])
    return filled


def _inside(bright: Picture) -> Picture:
    """Leave out what touches the edge: skin in the light, and the window behind a face in profile."""
    height, width = bright.shape
    framed = cv2.copyMakeBorder(bright, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(255,))
    cv2.floodFill(framed, None, (0, 0), (0,))
    return np.asarray(framed[1 : height + 1, 1 : width + 1], np.uint8)
