"""How a container says its pictures are to be shown: turned, mirrored and stretched.

Takes a display matrix (ISO/IEC 14496-12, 8.5.2, ``tkhd``; FFmpeg keeps it as nine 32-bit numbers, the first four at
16.16 fixed point) and the shape of a pixel, returns pictures as a player shows them.
"""

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import cv2
import numpy as np

from dms.frames.frame import Image

_SQUARE = 0.01
"""Pixels whose width and height differ by no more count as square: sizes rounded to even numbers make such ones."""
_STRAIGHT_DEG = 1.0
"""Turns are rounded to quarters within this, as FFmpeg's own tools do."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """What is done to a decoded picture, in this order.

    Attributes:
        stretch: Width of a pixel over its height, 1 for square ones.
        transpose: Whether rows and columns change places.
        flip_x: Whether left and right then change places.
        flip_y: Whether top and bottom then change places.
        turn_deg: Counter-clockwise turn that is left, degrees; 0 for all that stand in quarters.
    """

    stretch: float = 1.0
    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False
    turn_deg: float = 0.0

    @classmethod
    def of(cls, matrix: bytes | None, pixel: Fraction | None) -> Self:
        """Read a display matrix, None for none, and a pixel's aspect ratio, None or 0 where it is not known."""
        stretch = float(pixel) if pixel else 1.0
        if abs(stretch - 1.0) <= _SQUARE:
            stretch = 1.0
        if matrix is None:
            return cls(stretch)
        # a point (x, y) is shown at (a x + c y, b x + d y)
        a, b, _, c, d = struct.unpack("=5i", matrix[:20])
        if not (a or b) or not (c or d):
            return cls(stretch)
        turn_deg = math.degrees(math.atan2(-b, a)) if a * d - b * c > 0 else 0.0
        if abs(turn_deg - 90.0 * round(turn_deg / 90.0)) > _STRAIGHT_DEG:
            return cls(stretch, turn_deg=turn_deg)
        transpose = abs(b) > abs(a)
        return cls(stretch, transpose, (c if transpose else a) < 0, (b if transpose else d) < 0)

    def apply(self, image: Image) -> Image:
        """Show a picture, (height, width[, 3]), as it is meant to be."""
        if self.stretch != 1.0:
            size = (max(1, round(image.shape[1] * self.stretch)), image.shape[0])
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        if self.turn_deg:
            height, width = image.shape[:2]
            turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.turn_deg, 1.0)
            image = np.asarray(cv2.warpAffine(image, turn, (width, height)), np.uint8)
        if self.transpose:
            image = image.swapaxes(0, 1)
        if self.flip_x:
            image = image[:, ::-1]
        if self.flip_y:
            image = image[::-1]
        return np.ascontiguousarray(image)
