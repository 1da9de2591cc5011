"""Whether the mouth is wide open as in a yawn: a patch of the lower face, and the net that judges it.

Takes a grey frame with 68 landmarks, gives a probability, or None when the mouth cannot be seen: outside the picture,
too small, too dark, or unusable to the net (a hand before it, turned away). Never looks at time: how long a yawn
lasts is the driver room's matter.
"""

import math
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.frames import Image
from dms.models import ModelFile
from dms.perception.engine import Model
from dms.perception.landmarks import EYES, Crop, centre, cut, roll_of, turned

FloatArray = npt.NDArray[np.float32]

SIZE = 48
"""Side of a mouth patch in pixels."""

LABELS = ("shut", "yawn", "unusable")
"""The net's outputs in order; ``shut`` is everything but a yawn: closed, talking, smiling."""

FRAMING: Annotated[float, Constant("face units", 0.8, 2.5, "the crops that the net was trained on")] = 1.3
"""Side of the patch over the face's unit, which is the distance between the outer corners of the eyes: from under the
nose to below the chin of a mouth wide open."""

BELOW_NOSE: Annotated[float, Constant("face units", 0.0, 1.0, "the crops that the net was trained on")] = 0.5
"""Centre of the patch below the nose's base."""

NOSE_LENGTH: Annotated[float, Constant("1", 1.0, 3.0, "own: mean shape of HELEN and AFW")] = 1.9
"""Distance of the outer corners of the eyes over that from between the eyes to the nose's base, on the mean shape.
The larger of the two stands for the face's unit, because the first shrinks with yaw and the second with pitch."""

MIN_UNIT: Annotated[float, Constant("px", 10, 100, "own: not measured")] = 20.0
"""Least unit in pixels of the frame: below it a mouth is a few pixels high."""

MIN_MEAN: Annotated[float, Constant("grey levels of 255", 1, 64, "own: not measured")] = 4.0
"""Least mean grey level of a patch; below it an 8-bit camera leaves only noise."""


def mouth_crop(points: FloatArray) -> Crop:
    """Return where the lower face is, whatever the mouth does: from the eyes and the nose alone.

    Args:
        points: (68, 2) iBUG points, pixels of the frame.
    """
    between, nose = centre(points, EYES).tolist(), points[33].tolist()
    across = math.dist(points[36].tolist(), points[45].tolist())
    unit = max(across, NOSE_LENGTH * math.dist(nose, between))
    roll = roll_of(points)
    x, y = turned(0.0, BELOW_NOSE * unit, roll)
    return Crop(nose[0] + x, nose[1] + y, max(1.0, FRAMING * unit), roll)


def mouth_patch(grey: Image, points: FloatArray) -> Image | None:
    """Cut the lower face, turned upright.

    Args:
        grey: (height, width) uint8.
        points: (68, 2) iBUG points, pixels of the frame.

    Returns:
        (48, 48) uint8, or None when the face is too small or the mouth's centre is outside the picture.
    """
    crop, (height, width) = mouth_crop(points), grey.shape
    if crop.side < FRAMING * MIN_UNIT or not (0 <= crop.x < width and 0 <= crop.y < height):
        return None
    return cut(grey, crop.matrix(SIZE), SIZE)


class MouthNet:
    """The mouth model, loaded and ready.

    Args:
        file: The model.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file is not such a model, or its card lacks a limit.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        self._model = Model(file.path, (SIZE, SIZE, 1), [(len(LABELS),)], threads, runtime)
        self._max_unusable = file.limit("max_unusable")

    def yawn(self, patch: Image | None) -> float | None:
        """Return the probability of a yawn.

        Args:
            patch: (48, 48) uint8 from ``mouth_patch``, or None.

        Returns:
            0..1 among the usable answers, None when the mouth cannot be judged.
        """
        if patch is None or cv2.mean(patch)[0] < MIN_MEAN:
            return None
        shut, yawn, unusable = self._model.run_few(patch)
        if unusable > self._max_unusable or shut + yawn <= 0:
            return None
        return float(np.float32(yawn / (shut + yawn)))

    def warm_up(self) -> None:
        """Run once on an empty picture."""
        self._model.run(np.zeros((SIZE, SIZE), np.uint8))
