"""Finds faces in a whole frame, and says which of them is the driver's.

Takes a grey frame of any size and shape, gives ``Detection`` objects in its pixels. Remembers nothing: following a
face is the matter of ``landmarks`` and ``perception``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config import PerceptionSettings
from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.frames import Image
from dms.models import ModelFile
from dms.observation import Box
from dms.perception.engine import Model

FloatArray = npt.NDArray[np.float32]

WIDTH, HEIGHT = 160, 120
"""The net's input in pixels; a frame of another shape is letter-boxed in black."""

STRIDE = 8
"""Pixels of the input per cell of the net's maps."""

COLUMNS, ROWS = WIDTH // STRIDE, HEIGHT // STRIDE

UNIT_WIDTH: Annotated[float, Constant("px of the input", 14, 112, "the boxes that the net was trained on")] = 32.0
"""Width that the net's logarithm of a face's width is relative to."""

UNIT_HEIGHT: Annotated[float, Constant("px of the input", 14, 112, "the boxes that the net was trained on")] = 40.0
"""The same for the height: the middle of 14..112."""

LEAST_SCORE: Annotated[
    float, Constant("score of 1", 0.0, 0.5, "below perception.faint_score, whatever that is set to")
] = 0.2
"""Peaks below this are not reported at all; the limit for a face is a setting."""

SAME_FACE: Annotated[float, Constant("share of 1", 0.1, 0.9, "own: not measured")] = 0.4
"""Intersection over union from which two detections are one face."""

MOST_GROWTH: Annotated[float, Constant("1", 1.2, 5.0, "own: geometry")] = 2.0
"""How many times larger or smaller the driver's face may be than when last seen: leaning from the backrest to the wheel
halves the distance to a camera on the dashboard."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found in a frame.

    Attributes:
        box: In pixels of the frame.
        score: Confidence in 0..1.
    """

    box: Box
    score: float

    def before(self, scale: float, left: float, top: float) -> "Detection":
        """Return the face in the picture as it was before it was scaled, then moved by so many pixels."""
        box = self.box
        return Detection(
            Box((box.x - left) / scale, (box.y - top) / scale, box.width / scale, box.height / scale), self.score
        )


class FaceDetector:
    """The face model, loaded and ready.

    Args:
        file: The model.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file is not such a model.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        self._model = Model(file.path, (HEIGHT, WIDTH, 1), [(ROWS, COLUMNS, 1), (ROWS, COLUMNS, 4)], threads, runtime)

    def find(self, grey: Image) -> list[Detection]:
        """Find all faces from about an eighth of the frame's height to all of it.

        Args:
            grey: (height, width) uint8.

        Returns:
            Best first; none of them overlap by more than ``SAME_FACE``.
        """
        picture, scale, left, top = letter_boxed(grey)
        heat, boxes = self._model.run(picture)
        return [found.before(scale, left, top) for found in decode(heat[..., 0], boxes)]


def letter_boxed(grey: Image) -> tuple[Image, float, int, int]:
    """Shrink or enlarge a frame to the net's input without changing its shape.

    Args:
        grey: (height, width) uint8.

    Returns:
        (HEIGHT, WIDTH) uint8, the scale, and where the frame's left and top are in it.
    """
    height, width = grey.shape
    scale = min(WIDTH / width, HEIGHT / height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(grey, (columns, rows), interpolation=method), np.uint8)
    if (rows, columns) == (HEIGHT, WIDTH):
        return resized, scale, 0, 0
    left, top = (WIDTH - columns) // 2, (HEIGHT - rows) // 2
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    picture[top : top + rows, left : left + columns] = resized
    return picture, scale, left, top


def decode(heat: FloatArray, boxes: FloatArray, least_score: float = LEAST_SCORE) -> list[Detection]:
    """Faces from the net's maps.

    Args:
        heat: (ROWS, COLUMNS) probability in 0..1 that a face's centre is in the cell.
        boxes: (ROWS, COLUMNS, 4): centre minus the cell's centre, x and y, in cells; logarithms of width over
            ``UNIT_WIDTH`` and height over ``UNIT_HEIGHT``.
        least_score: Peaks below it are left out.

    Returns:
        In pixels of the net's input, best first.
    """
    peaks = (heat >= cv2.dilate(heat, np.ones((3, 3), np.uint8))) & (heat >= least_score)
    rows, columns = np.nonzero(peaks)
    found: list[Detection] = []
    for i in np.argsort(-heat[rows, columns], kind="stable"):
        row, column = int(rows[i]), int(columns[i])
        dx, dy, log_width, log_height = (float(v) for v in boxes[row, column])
        width, height = UNIT_WIDTH * math.exp(log_width), UNIT_HEIGHT * math.exp(log_height)
        x, y = (column + 0.5 + dx) * STRIDE, (row + 0.5 + dy) * STRIDE
        box = Box(x - width / 2, y - height / 2, width, height)
        # neighbouring cells often share one INT8 value: both are peaks of one face
        if all(overlap(box, other.box) < SAME_FACE for other in found):
            found.append(Detection(box, float(heat[row, column])))
    return found


MOST_FAINT: Annotated[int, Constant("faces", 1, 20, "own: cost")] = 3
"""Most faint candidates that the landmark net is asked about: it costs about half a search each."""


def select_driver(
    detections: Sequence[Detection], shape: tuple[int, ...], settings: PerceptionSettings, last: Box | None
) -> Detection | None:
    """Return which of the faces is the driver's.

    Args:
        detections: Faces in one frame.
        shape: (height, width) of the frame in pixels.
        settings: Its ``face_score`` is the least score, its ``region`` holds the driver's face.
        last: The driver's box when last seen, None when nobody is remembered.

    Returns:
        Without ``last`` the largest face, which is nearest to the camera; with it the face that ``same_person`` takes
        for the driver, since a passenger who can be seen is not the driver come back. None when there is no such face
        in the region with that score.
    """
    candidates = _possible(detections, settings.face_score, shape, settings, last)
    if last is not None:
        return max(candidates, key=lambda d: overlap(d.box, last), default=None)
    return max(candidates, key=lambda d: d.box.width * d.box.height, default=None)


def faint(
    detections: Sequence[Detection], shape: tuple[int, ...], settings: PerceptionSettings, last: Box | None
) -> list[Detection]:
    """Return the faces worth a question to the landmark net where ``select_driver`` finds none; arguments as there.

    Returns:
        Those with ``faint_score`` and more that may be the driver's, best first, at most ``MOST_FAINT``.
    """
    candidates = _possible(detections, settings.faint_score, shape, settings, last)
    return sorted(candidates, key=lambda d: d.score, reverse=True)[:MOST_FAINT]


def _possible(
    detections: Sequence[Detection],
    least_score: float,
    shape: tuple[int, ...],
    settings: PerceptionSettings,
    last: Box | None,
) -> list[Detection]:
    """Return those with a score that are where the driver may be."""
    return [
        d
        for d in detections
        if d.score >= least_score and in_region(d.box, shape, settings) and (last is None or same_person(d.box, last))
    ]


def in_region(box: Box, shape: tuple[int, ...], settings: PerceptionSettings) -> bool:
    """Return whether a face's centre lies where the driver's face may be."""
    height, width = shape[:2]
    left, top, right, bottom = settings.region
    x, y = (box.x + box.width / 2) / width, (box.y + box.height / 2) / height
    return left <= x <= right and top <= y <= bottom


def same_person(box: Box, last: Box) -> bool:
    """Whether a face may be the one that was last seen at ``last``: within a face's size of it, and about as large.

    A driver who leans, ducks or turns stays within that while the face is lost; the next seat is further away.
    """
    away = math.hypot(
        box.x + box.width / 2 - last.x - last.width / 2, box.y + box.height / 2 - last.y - last.height / 2
    )
    ratio = box.height / max(last.height, 1e-6)
    return away <= max(last.width, last.height) and 1 / MOST_GROWTH <= ratio <= MOST_GROWTH


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0..1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a.width * a.height + b.width * b.height - common)
