"""The 68 iBUG points of a face, with a confidence.

Takes a grey frame and a ``Crop`` (where the face is, from the detector's box or from the last frame's points), gives
``Landmarks``. Never searches: a face that left its crop has a low confidence. The points' numbers are those of iBUG
(Sagonas et al. 2013): 0-16 jaw, 17-26 brows, 27-35 nose, 36-41 the driver's right eye (on the image's left), 42-47
the left eye, 48-67 mouth.
"""

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.perception import Runtime
from dms.frames import Image
from dms.models import ModelFile
from dms.observation import Box
from dms.perception.engine import Model

FloatArray = npt.NDArray[np.float32]

SIZE = 96
"""Side of the net's input in pixels."""

POINTS = 68

CELLS = 12
"""Cells of the net's maps on either side; one is 8 pixels wide."""

MARGIN = 1.25
"""Side of a crop over the longer side of the face's box: a face that moved since the last frame is still in it."""

FOREHEAD = 0.52
"""How far the box reaches above the brows, in distances from the nose's base to between the eyes: median over the 876
frames of cabin_yawn that have both a box (forehead to chin) and points; quartiles 0.47 and 0.56."""


@dataclass(frozen=True, slots=True)
class Crop:
    """An upright square to cut from a frame.

    Attributes:
        x: Centre, pixels of the frame.
        y: Centre, pixels of the frame.
        side: Side, pixels of the frame.
        roll: Degrees that the face is tilted clockwise in the frame; the crop shows it upright.
    """

    x: float
    y: float
    side: float
    roll: float = 0.0

    @classmethod
    def around_box(cls, box: Box) -> Self:
        """The crop for a face that the detector found; its roll is not known."""
        return cls(box.x + box.width / 2, box.y + box.height / 2, max(1.0, MARGIN * max(box.width, box.height)))

    @classmethod
    def around_landmarks(cls, points: FloatArray) -> Self:
        """The crop for a face whose points are known, from this frame or the last one.

        Args:
            points: (68, 2), pixels of the frame.
        """
        roll = roll_of(points)
        turn = rotation(-roll)
        outline = face_outline(points) @ turn.T
        low, high = outline.min(0), outline.max(0)
        x, y = turn.T @ ((low + high) / 2)
        return cls(float(x), float(y), max(1.0, MARGIN * float((high - low).max())), roll)

    def matrix(self, size: int) -> npt.NDArray[np.float64]:
        """(2, 3) affine map from pixels of the frame to pixels of the crop scaled to ``size``."""
        linear = rotation(-self.roll) * (size / self.side)
        middle = (size - 1) / 2
        return np.column_stack([linear, middle - linear @ (self.x, self.y)])

    def to_frame(self, points: FloatArray) -> FloatArray:
        """Points in sides of the crop from its centre, (N, 2), to pixels of the frame."""
        turned: FloatArray = (points @ rotation(self.roll).T * self.side + (self.x, self.y)).astype(np.float32)
        return turned

    def from_frame(self, points: FloatArray) -> FloatArray:
        """The inverse of ``to_frame``."""
        turned: FloatArray = ((points - (self.x, self.y)) @ rotation(-self.roll).T / self.side).astype(np.float32)
        return turned


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """A face located to its points.

    Attributes:
        points: (68, 2) float32, pixels of the frame.
        confidence: Probability in 0..1 that these are the points of a face.
    """

    points: FloatArray
    confidence: float

    @property
    def box(self) -> Box:
        """The face from forehead to chin, upright in the frame."""
        return face_box(self.points)


class LandmarkNet:
    """The landmark model, loaded and ready.

    Args:
        file: The model.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file is not such a model.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        shapes = [(CELLS, CELLS, POINTS), (CELLS, CELLS, 2 * POINTS), (1,)]
        self._model = Model(file.path, (SIZE, SIZE, 1), shapes, threads, runtime)

    def locate(self, grey: Image, crop: Crop) -> Landmarks:
        """Locate the points of the face in a crop.

        Args:
            grey: The frame, (height, width) uint8.
            crop: Where the face is; may be off by a fifth of its side and 30 degrees of roll.
        """
        cells, offsets, confidence = self._model.run(cut(grey, crop.matrix(SIZE), SIZE))
        return Landmarks(crop.to_frame(decode(cells, offsets)), float(confidence[0]))

    def warm_up(self) -> None:
        """Run once on an empty picture."""
        self._model.run(np.zeros((SIZE, SIZE), np.uint8))


def decode(cells: FloatArray, offsets: FloatArray) -> FloatArray:
    """Points from the net's maps.

    Args:
        cells: (CELLS, CELLS, 68) logits of the cell that each point is in.
        offsets: (CELLS, CELLS, 136) x, y of each point from the cell's centre, in cells.

    Returns:
        (68, 2) in sides of the crop from its centre: the mean of what the best cell and its eight neighbours say,
        weighted by their probabilities.
    """
    point = np.arange(POINTS)
    best_row, best_column = np.divmod(cells.reshape(-1, POINTS).argmax(0), CELLS)
    rows, columns = best_row + _AROUND[:, :1], best_column + _AROUND[:, 1:]
    inside = (rows >= 0) & (rows < CELLS) & (columns >= 0) & (columns < CELLS)
    rows, columns = rows.clip(0, CELLS - 1), columns.clip(0, CELLS - 1)
    logits = np.where(inside, cells[rows, columns, point], -np.inf)
    weights = np.exp(logits - logits.max(0))
    weights /= weights.sum(0)
    x = (weights * (columns + offsets[rows, columns, 2 * point])).sum(0)
    y = (weights * (rows + offsets[rows, columns, 2 * point + 1])).sum(0)
    decoded: FloatArray = ((np.stack([x, y], -1) + 0.5) / CELLS - 0.5).astype(np.float32)
    return decoded


_AROUND = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)])


def cut(grey: Image, matrix: npt.NDArray[np.float64], size: int) -> Image:
    """Cut a square patch; what lies outside the frame is black.

    Args:
        grey: (height, width) uint8.
        matrix: (2, 3) affine map from pixels of the frame to pixels of the patch.
        size: Side of the patch in pixels.

    Returns:
        (size, size) uint8.
    """
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    shrink = int(1 / scale) if scale > 0 else 1
    if shrink > 1:
        # bilinear warping alone would skip pixels: average blocks of them first, only where the patch lies
        corners = np.array([(0, 0), (size, 0), (0, size), (size, size)], np.float64)
        inside = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        height, width = grey.shape
        left, top = (int(v) for v in np.clip(inside.min(0) - shrink, 0, (width - 1, height - 1)))
        right, bottom = (int(v) + 1 for v in np.clip(inside.max(0) + shrink, (left, top), (width - 1, height - 1)))
        columns, rows = max(1, (right - left) // shrink), max(1, (bottom - top) // shrink)
        part = grey[top : top + rows * shrink, left : left + columns * shrink]
        grey = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        # centre of pixel i of the smaller picture: shrink * i + (shrink - 1) / 2 of the part
        offset = np.array([left, top]) + (shrink - 1) / 2
        matrix = np.column_stack([matrix[:, :2] * shrink, matrix[:, :2] @ offset + matrix[:, 2]])
    return np.asarray(cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def rotation(degrees: float) -> npt.NDArray[np.float64]:
    """(2, 2) rotation, clockwise in the image for positive degrees."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


def roll_of(points: FloatArray) -> float:
    """Degrees that a face is tilted clockwise in the frame.

    The line between the eyes says it for a frontal face and shrinks as the head turns; the line from eyes to mouth
    does not. Their sum weighs each by its length.
    """
    right, left, mouth = points[36:42].mean(0), points[42:48].mean(0), points[48:68].mean(0)
    across, down = left - right, mouth - (left + right) / 2
    return math.degrees(math.atan2(across[1] - down[0], across[0] + down[1]))


def face_outline(points: FloatArray) -> FloatArray:
    """The 68 points and ten more along the forehead, (78, 2)."""
    up = points[36:48].mean(0) - points[33]
    return np.vstack([points, points[17:27] + np.float32(FOREHEAD) * up])


def face_box(points: FloatArray) -> Box:
    """The face from forehead to chin, upright in the frame, from its 68 points."""
    outline = face_outline(points)
    x, y = (float(v) for v in outline.min(0))
    width, height = (float(v) for v in np.ptp(outline, axis=0))
    return Box(x, y, width, height)
