"""State of each eye: a patch aligned to the eye's corners, and the net that says open, closed or unusable.

Takes a grey picture with 68 landmarks, gives the probability that an eye is closed; or None when it cannot be judged:
too small, outside the picture, too dark, too flat, unusable to the net (covered, sunglasses, blurred, no eye in the
patch), or closed in a patch too blurred to show it. Never judges from the landmarks' lid opening, and never looks at
time. Whether lids that are down are lowered to look down is told by ``lids``.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.models import ModelFile
from dms.perception.engine import Model
from dms.perception.glare import without_spots

Picture = npt.NDArray[np.uint8]

SIZE = 32
"""Side of an eye patch in pixels."""

FRAMING: Annotated[float, Constant("eye widths", 1.0, 2.5, "the crops that the net was trained on")] = 1.5
"""Side of the patch over the distance of the eye's corners, between CEW's framing (1.3) and MRL's (1.4 to 2.2)."""

LABELS = ("open", "closed", "unusable")
"""The net's outputs in order."""

OPEN, CLOSED, UNUSABLE = range(len(LABELS))

MIN_WIDTH: Annotated[float, Constant("px", 4, 32, "own: studies/eye_limits.py, docs/models.md")] = 8.0
"""Least distance of the corners of the wider eye, in pixels of the picture: down to it 95 % of eyes are judged right
on CEW's validation part."""

MIN_MEAN: Annotated[float, Constant("grey levels of 255", 2, 64, "own: studies/eye_limits.py, docs/models.md")] = 8.0
"""Least mean grey level of a patch; under sensor noise of 2 levels the net fails below it."""

MIN_DEVIATION: Annotated[
    float, Constant("grey levels of 255", 0.5, 20, "own: studies/eye_limits.py, docs/models.md")
] = 3.5
"""Least standard deviation of a patch's grey levels; a flatter patch is mostly noise."""

MIN_DETAIL: Annotated[
    float, Constant("grey levels of 255", 0.5, 10, "own: studies/harder_clips.py, docs/models.md")
] = 2.8
"""Least standard deviation, in the middle of a patch whose light is brought to the net's, of what a blur of
``DETAIL_PX`` takes away, at which an eye is believed to be closed: below it nothing of an eye is left, which the net
reads as closed."""

DETAIL_PX: Annotated[float, Constant("px", 0.5, 4, "own: not measured")] = 1.5
"""Deviation of that blur: lids and lashes are finer, brows and shadows are not."""


class Side(StrEnum):
    """An eye of the driver; the driver's left eye is on the image's right."""

    LEFT = "left"
    RIGHT = "right"


_MIDDLE = slice(6, 26)
"""Of a patch: the eye without what surrounds it."""
_CORNERS = slice(36, 46, 3)
"""Of the right eye, then of the left one, each from the image's left."""

Answer = Sequence[float]
"""The net's three probabilities of ``LABELS``."""


def eye_patch(grey: Picture, landmarks: npt.NDArray[np.float32], side: Side) -> Picture | None:
    """Cut one eye, turned upright, at the scale of the wider of the two eyes.

    Args:
        grey: (height, width) uint8.
        landmarks: (68, 2) iBUG points in pixels.
        side: Which of the driver's eyes.

    Returns:
        (32, 32) uint8, or None when the wider eye is under ``MIN_WIDTH`` pixels or the centre is outside the picture.
    """
    right_first, right_last, left_first, left_last = landmarks[_CORNERS].tolist()
    (first_x, first_y), (last_x, last_y) = first, last = (
        (left_first, left_last) if side is Side.LEFT else (right_first, right_last)
    )
    # a turned head foreshortens the far eye in width only, so the nearer one gives the scale
    width = max(math.dist(right_first, right_last), math.dist(left_first, left_last))
    x, y = (first_x + last_x) / 2, (first_y + last_y) / 2
    height_px, width_px = grey.shape
    if width < MIN_WIDTH or not (0 <= x < width_px and 0 <= y < height_px):
        return None
    scale, middle = SIZE / (FRAMING * width) / max(math.dist(first, last), 1e-6), (SIZE - 1) / 2
    cos, sin = scale * (last_x - first_x), scale * (last_y - first_y)
    matrix = np.array([(cos, sin, middle - cos * x - sin * y), (-sin, cos, middle + sin * x - cos * y)])
    patch = cv2.warpAffine(grey, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.uint8)


def normalise(patch: Picture) -> Picture:
    """Bring a patch to the mean (128) and standard deviation (48) that the net was trained on, uint8."""
    return _normalised(patch, *light(patch))


def _normalised(patch: Picture, mean: float, deviation: float) -> Picture:
    return np.asarray(((patch - mean) * (48 / max(deviation, 1.0)) + 128).clip(0, 255), np.uint8)


def light(patch: Picture) -> tuple[float, float]:
    """Return the mean and standard deviation of the grey levels, 0..255."""
    mean, deviation = cv2.meanStdDev(patch)
    return float(mean[0, 0]), float(deviation[0, 0])


def detail(normalised: Picture) -> float:
    """Return how much of a (32, 32) patch as from ``normalise`` is finer than a shadow, in grey levels."""
    fine = cv2.subtract(normalised, cv2.GaussianBlur(normalised, (0, 0), DETAIL_PX), dtype=cv2.CV_16S)
    return float(cv2.meanStdDev(fine[_MIDDLE, _MIDDLE])[1][0, 0])


class _Judged(NamedTuple):
    """What the net says of an eye that can be seen, and of which patches.

    Attributes:
        answer: Its outputs.
        upright: (32, 32) patches with even contrast that it was asked about; where there are bright spots a second one
            has them filled.
    """

    answer: Answer
    upright: tuple[Picture, ...]


class BothEyes(NamedTuple):
    """What both eyes of a face show.

    Attributes:
        left: Probability in 0..1 that the driver's left eye is closed, None unknown.
        right: The same for the right eye.
        upright: Of each eye whose state is known the (32, 32) patches with even contrast that the net was asked about;
            where there are bright spots a second one has them filled.
    """

    left: float | None
    right: float | None
    upright: tuple[tuple[Picture, ...], ...]


class EyeNet:
    """The INT8 net behind the state of an eye.

    Three limits belong to the weights and stand in the model's card: from which probability of "unusable" one eye is
    not judged, from which neither of two is, and below which answer the mirrored patch is asked about as well.

    Args:
        file: The shipped model ``eyes`` or one with the same shapes.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file cannot be run or has other shapes, or its card lacks a limit.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        self._model = Model(file.path, (SIZE, SIZE, 1), [(len(LABELS),)], threads, runtime)
        self.max_unusable = file.limit("max_unusable")
        """Most probability of "unusable" at which an eye is still judged."""
        self._max_unusable_both = file.limit("max_unusable_both")
        self._sure = file.limit("sure")

    def warm_up(self) -> None:
        """Run once on an empty patch."""
        self.probabilities(np.zeros((SIZE, SIZE), np.uint8))

    def look(self, left: Picture | None, right: Picture | None, far: Side | None = None) -> BothEyes:
        """Judge both eyes of a face, as far as they can be seen.

        Args:
            left: (32, 32) uint8 as ``eye_patch`` returns it, None for an eye that is not in view.
            right: The same.
            far: The eye that the nose may hide: one that is unusable then says nothing about the other.

        Returns:
            Closed as from ``closed`` for each, None for both when they are doubtful together.
        """
        of_left, of_right = self._judged(left), self._judged(right)
        if far is Side.LEFT and self._closed(of_left) is None:
            of_left = None
        elif far is Side.RIGHT and self._closed(of_right) is None:
            of_right = None
        doubts = [max(judged.answer[UNUSABLE], 1e-3) for judged in (of_left, of_right) if judged is not None]
        if doubts and math.prod(doubts) ** (1 / len(doubts)) > self._max_unusable_both:
            return BothEyes(None, None, ())
        states = self._closed(of_left), self._closed(of_right)
        seen = zip((of_left, of_right), states, strict=True)
        return BothEyes(*states, tuple(eye.upright for eye, closed in seen if eye is not None and closed is not None))

    def closed(self, patch: Picture | None) -> float | None:
        """Return the probability that the eye is closed, given that it can be seen.

        Args:
            patch: (32, 32) uint8 as ``eye_patch`` returns it.

        Returns:
            0..1, or None when there is no patch, it is too dark or flat, the net calls it unusable, or closed where it
            is too blurred to tell.
        """
        return self._closed(self._judged(patch))

    def _judged(self, patch: Picture | None) -> _Judged | None:
        if patch is None:
            return None
        mean, deviation = light(patch)
        if mean < MIN_MEAN or deviation < MIN_DEVIATION:
            return None
        upright: tuple[Picture, ...] = (_normalised(patch, mean, deviation),)
        answer = self._asked(upright[0])
        filled = without_spots(patch, mean)
        if filled is not None:
            upright = (*upright, normalise(filled))
            answer = _with_and_without(answer, self._asked(upright[1]))
        if answer[CLOSED] > answer[OPEN] and detail(upright[0]) < MIN_DETAIL:
            return None
        return _Judged(answer, upright)

    def probabilities(self, patch: Picture) -> npt.NDArray[np.float32]:
        """Return the net's (3,) probabilities of ``LABELS`` for a (32, 32) uint8 patch.

        Where the patch alone leaves it unsure, their mean over the patch and its mirror image.
        """
        return np.array(self._asked(normalise(patch)), np.float32)

    def _asked(self, upright: Picture) -> Answer:
        answer = self._model.run_few(upright)
        if max(answer[OPEN], answer[CLOSED]) >= self._sure:
            return answer
        mirrored = self._model.run_few(np.ascontiguousarray(upright[:, ::-1]))
        return [(one + other) / 2 for one, other in zip(answer, mirrored, strict=True)]

    def _closed(self, judged: _Judged | None) -> float | None:
        """Closed among the usable answers, None when the eye is not one of them."""
        if judged is None or judged.answer[UNUSABLE] > self.max_unusable:
            return None
        # in the net's own precision, so that it is the same number whatever computes it
        return float(np.float32(_share_closed(judged.answer)))


def _share_closed(answer: Answer) -> float:
    """Closed among open and closed."""
    return answer[CLOSED] / max(answer[OPEN] + answer[CLOSED], 1e-6)


def _with_and_without(spots: Answer, filled: Answer) -> Answer:
    """Return one answer for an eye with bright spots and with these filled: closed only if both are, by the less sure.

    Else it is the mean, and at most undecided: what hides an eye must not close it.
    """
    seen = _share_closed(spots), _share_closed(filled)
    closed = min(sum(seen) / 2, max(0.5, min(seen)))
    usable = spots[OPEN] + spots[CLOSED]
    return [usable * (1 - closed), usable * closed, spots[UNUSABLE]]
