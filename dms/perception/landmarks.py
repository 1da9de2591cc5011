"""The 68 iBUG points of a face, with a confidence.

Takes a grey frame and a ``Crop`` (where the face is, from the detector's box or from the last frame's points), gives
``Landmarks``. Never searches: a face that left its crop has a low confidence. The points' numbers are those of iBUG
(Sagonas et al. 2013): 0-16 jaw, 17-26 brows, 27-35 nose, 36-41 the driver's right eye (on the image's left), 42-47
the left eye, 48-67 mouth.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.frames import Image
from dms.models import ModelFile
from dms.observation import Box
from dms.perception.engine import Model, Numbers, Quantisation

FloatArray = npt.NDArray[np.float32]

SIZE = 96
"""Side of the net's input in pixels."""

POINTS = 68

CELLS = 12
"""Cells of the net's maps on either side; one is 8 pixels wide."""

MARGIN: Annotated[float, Constant("1", 1.0, 2.0, "the crops that the net was trained on")] = 1.25
"""Side of a crop over the longer side of the face's box: a face that moved since the last frame is still in it."""

FOREHEAD: Annotated[float, Constant("nose lengths", 0.2, 1.5, "own: cabin_yawn")] = 0.52
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
        """Return the crop for a face that the detector found; its roll is not known."""
        return cls(box.x + box.width / 2, box.y + box.height / 2, max(1.0, MARGIN * max(box.width, box.height)))

    @classmethod
    def around_landmarks(cls, points: FloatArray) -> Self:
        """Return the crop for a face whose points are known, from this frame or the last one.

        Args:
            points: (68, 2), pixels of the frame.
        """
        roll = roll_of(points)
        left, top, right, bottom = _bounds(face_outline(points) @ rotation(roll))
        x, y = turned((left + right) / 2, (top + bottom) / 2, roll)
        return cls(x, y, max(1.0, MARGIN * max(right - left, bottom - top)), roll)

    def matrix(self, size: int) -> npt.NDArray[np.float64]:
        """(2, 3) affine map from pixels of the frame to pixels of the crop scaled to ``size``."""
        scale, middle = size / self.side, (size - 1) / 2
        cos, sin = scale * math.cos(math.radians(self.roll)), scale * math.sin(math.radians(self.roll))
        x, y = self.x, self.y
        return np.array([(cos, sin, middle - cos * x - sin * y), (-sin, cos, middle + sin * x - cos * y)])

    def to_frame(self, points: FloatArray) -> FloatArray:
        """Points in sides of the crop from its centre, (N, 2), to pixels of the frame."""
        in_frame: FloatArray = (points @ rotation(self.roll).T * self.side + (self.x, self.y)).astype(np.float32)
        return in_frame

    def from_frame(self, points: FloatArray) -> FloatArray:
        """Return the inverse of ``to_frame``."""
        in_crop: FloatArray = ((points - (self.x, self.y)) @ rotation(-self.roll).T / self.side).astype(np.float32)
        return in_crop


@dataclass(frozen=True, eq=False)
class Landmarks:
    """A face located to its points.

    Attributes:
        points: (68, 2) float32, pixels of the frame.
        confidence: Probability in 0..1 that these are the points of a face.
    """

    points: FloatArray
    confidence: float

    @cached_property
    def box(self) -> Box:
        """The face from forehead to chin, upright in the frame."""
        return face_box(self.points)


@dataclass(frozen=True, slots=True)
class Confidences:
    """Limits on the net's confidence that belong to its weights, 0..1; they stand in the model's card.

    Attributes:
        sure_again: Least confidence at the second look, from the points of the first, at which a faint face counts.
        sure_turned: Least confidence in the points of a turned picture; lower ones say nothing.
        turned_again: Confidence from which a turned face is looked at again, from its own points.
    """

    sure_again: float
    sure_turned: float
    turned_again: float

    @classmethod
    def of(cls, file: ModelFile) -> Self:
        """Read them from a card.

        Raises:
            UserError: The card lacks one.
        """
        return cls(file.limit("sure_again"), file.limit("sure_turned"), file.limit("turned_again"))


class LandmarkNet:
    """The landmark model, loaded and ready.

    Args:
        file: The model.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file is not such a model, or its card lacks a limit.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        shapes = [(CELLS, CELLS, POINTS), (CELLS, CELLS, 2 * POINTS), (1,)]
        self._model = Model(file.path, (SIZE, SIZE, 1), shapes, threads, runtime)
        self.confidences = Confidences.of(file)
        """How sure the net must be."""

    def locate(self, grey: Image, crop: Crop) -> Landmarks:
        """Locate the points of the face in a crop.

        Args:
            grey: The frame, (height, width) uint8.
            crop: Where the face is; may be off by a fifth of its side and 30 degrees of roll.
        """
        cells, offsets, confidence = self._model.run_quantised(cut(grey, crop.matrix(SIZE), SIZE))
        in_logits, in_cells, in_probability = self._model.quantisations
        points = decode(cells, offsets, in_logits, in_cells)
        return Landmarks(crop.to_frame(points), float(in_probability.real(confidence)[0]))

    def warm_up(self) -> None:
        """Run once on an empty picture."""
        self._model.run(np.zeros((SIZE, SIZE), np.uint8))


def decode(
    cells: Numbers,
    offsets: Numbers,
    in_logits: Quantisation = Quantisation(),  # noqa: B008  # frozen
    in_cells: Quantisation = Quantisation(),  # noqa: B008
) -> FloatArray:
    """Return the points from the net's maps.

    Args:
        cells: (CELLS, CELLS, 68) logits of the cell that each point is in.
        offsets: (CELLS, CELLS, 136) x, y of each point from the cell's centre, in cells.
        in_logits: What the numbers of ``cells`` stand for.
        in_cells: What the numbers of ``offsets`` stand for.

    Returns:
        (68, 2) in sides of the crop from its centre: the mean of what the best cell and its eight neighbours say,
        weighted by their probabilities.
    """
    # integers are compared as they are: only the nine cells around the best of each point become real values
    # turned first: along rows the best is found in two thirds of the time
    best = cv2.transpose(cells.reshape(-1, POINTS)).argmax(1)
    places = _AROUND.take(best, 1) + _COLUMNS
    logits = in_logits.real(cells.reshape(-1).take(places)) + _OUTSIDE.take(best, 1)
    # the middle one of the nine is the best
    weights = np.exp(logits - logits[4])
    weights /= weights.sum(0)
    said = _CENTRES.take(best, 1) + in_cells.real(offsets.reshape(-1, 2).take(places, 0))
    decoded: FloatArray = (((weights[..., None] * said).sum(0) + 0.5) / CELLS - 0.5).astype(np.float32)
    return decoded


def _neighbours() -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], FloatArray]:
    """Of each cell by its number, (9, CELLS * CELLS), itself and the eight around it.

    Returns:
        Where they begin in a map of all points; their column and row; 0 or, outside the map, -inf.
    """
    row, column = np.divmod(np.arange(CELLS * CELLS), CELLS)
    around = np.array([(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)])
    rows, columns = row + around[:, :1], column + around[:, 1:]
    inside = (rows >= 0) & (rows < CELLS) & (columns >= 0) & (columns < CELLS)
    rows, columns = rows.clip(0, CELLS - 1), columns.clip(0, CELLS - 1)
    return (
        (rows * CELLS + columns) * POINTS,
        np.stack([columns, rows], -1).astype(np.float64),
        np.where(inside, 0, -np.inf).astype(np.float32),
    )


# looked up instead of worked out for 68 points in every frame
_AROUND, _CENTRES, _OUTSIDE = _neighbours()
_COLUMNS = np.arange(POINTS)


def cut(grey: Image, matrix: npt.NDArray[np.float64], size: int) -> Image:
    """Cut a square patch; what lies outside the frame is black.

    Args:
        grey: (height, width) uint8.
        matrix: (2, 3) affine map from pixels of the frame to pixels of the patch.
        size: Side of the patch in pixels.

    Returns:
        (size, size) uint8.
    """
    # closed forms: for a 2x2 matrix numpy's linear algebra is mostly overhead
    (a, b, dx), (c, d, dy) = matrix.tolist()
    determinant = a * d - b * c
    scale = math.sqrt(abs(determinant))
    shrink = int(1 / scale) if scale > 0 else 1
    if shrink > 1:
        # bilinear warping alone would skip pixels: average blocks of them first, only where the patch lies
        corners = [(x - dx, y - dy) for x in (0, size) for y in (0, size)]
        xs = [(d * x - b * y) / determinant for x, y in corners]
        ys = [(a * y - c * x) / determinant for x, y in corners]
        height, width = grey.shape
        left, top = _within(min(xs) - shrink, 0, width), _within(min(ys) - shrink, 0, height)
        right, bottom = _within(max(xs) + shrink, left, width) + 1, _within(max(ys) + shrink, top, height) + 1
        columns, rows = max(1, (right - left) // shrink), max(1, (bottom - top) // shrink)
        part = grey[top : top + rows * shrink, left : left + columns * shrink]
        grey = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
        # centre of pixel i of the smaller picture: shrink * i + (shrink - 1) / 2 of the part
        x, y = left + (shrink - 1) / 2, top + (shrink - 1) / 2
        matrix = np.array([(a * shrink, b * shrink, a * x + b * y + dx), (c * shrink, d * shrink, c * x + d * y + dy)])
    return np.asarray(cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def _within(place: float, first: int, count: int) -> int:
    """Return the row or column at a place, from ``first`` to the last of ``count``."""
    return int(max(first, min(place, count - 1)))


def turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    """Return a point turned by ``rotation``."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return c * x - s * y, s * x + c * y


def rotation(degrees: float) -> npt.NDArray[np.float64]:
    """(2, 2) rotation, clockwise in the image for positive degrees."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s], [s, c]])


def roll_of(points: FloatArray) -> float:
    """Return the degrees that a face is tilted clockwise in the frame.

    The line between the eyes says it for a frontal face and shrinks as the head turns; the line from eyes to mouth
    does not. Their sum weighs each by its length.
    """
    right, left, mouth = (centre(points, part) for part in (RIGHT_EYE, LEFT_EYE, MOUTH))
    across, down = left - right, mouth - (left + right) / 2
    return math.degrees(math.atan2(across[1] - down[0], across[0] + down[1]))


RIGHT_EYE, LEFT_EYE, EYES, MOUTH = slice(36, 42), slice(42, 48), slice(36, 48), slice(48, 68)


def centre(points: FloatArray, part: slice) -> FloatArray:
    """(2,) mean of some of the 68 points."""
    # what numpy's own mean does, which takes several times as long for so few
    mean: FloatArray = np.add.reduce(points[part]) / np.float32(part.stop - part.start)
    return mean


def face_outline(points: FloatArray) -> FloatArray:
    """Return the 68 points and ten more along the forehead, (78, 2)."""
    up = centre(points, EYES) - points[33]
    return np.concatenate((points, points[17:27] + np.float32(FOREHEAD) * up))


def face_box(points: FloatArray) -> Box:
    """Return the face from forehead to chin, upright in the frame, from its 68 points."""
    left, top, right, bottom = _bounds(face_outline(points))
    return Box(left, top, right - left, bottom - top)


def _bounds(points: npt.NDArray[Any]) -> list[float]:
    """Left, top, right and bottom of points, (N, 2)."""
    # along contiguous rows: numpy takes three times as long down columns of two
    axes = np.ascontiguousarray(points.T)
    return [*np.minimum.reduce(axes, 1).tolist(), *np.maximum.reduce(axes, 1).tolist()]
