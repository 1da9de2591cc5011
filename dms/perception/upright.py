"""Says whether a face stands upright in the picture, so that a camera that hangs upside down or on its side is noticed.

Takes the grey frames of a followed face with its landmarks and pose, in order of time, gives True or False. The nets
know upright faces only and see one in turned faces as well: a nose for an eye, a brow for a mouth. So from time to time
the landmark net is shown the same place turned by 90, 180 and 270 degrees; the way up in which its points fit a head
best is the right one.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from dms.config.constant import Constant
from dms.frames import Image
from dms.observation import HeadPose
from dms.perception.landmarks import Confidences, Crop, Landmarks
from dms.perception.pose import misfit, possible

TURNS = (180.0, 90.0, -90.0)
"""Other ways up, degrees; a camera that hangs upside down is the likeliest."""

GOOD_FIT: Annotated[float, Constant("eye distances", 0.0, 0.1, "own: studies/upright.py")] = 0.015
"""Misfit below which no other way up is tried: more than half of the upright faces have it, and no turned face that was
refused without this limit passes because of it."""

BETTER: Annotated[float, Constant("1", 0.3, 1.0, "own: studies/upright.py")] = 0.8
"""Most of the present misfit at which a turned fit is the better one: with ``BETTER_AGAIN`` one of 425 upright faces,
judged twice, is refused once; docs/models.md has the others."""

BETTER_AGAIN: Annotated[float, Constant("1", 0.3, 1.0, "own: studies/upright.py")] = 0.65
"""The same at a second look."""

UNSETTLED_S: Annotated[float, Constant("s", 0.1, 10, "own: cost")] = 1.0
"""Least seconds between two tries while the answer is new, or the face, or the face is not upright."""

SETTLED_S: Annotated[float, Constant("s", 1, 60, "own: cost")] = 5.0
"""The same once ``AGREED`` tries in a row have found the face upright: at 10 fps that adds 4 % to the cost
of the landmarks."""

AGREED: Annotated[int, Constant("tries", 1, 10, "own: not measured")] = 3
"""Tries in a row after which an answer is settled."""

BACK: Annotated[int, Constant("tries", 1, 10, "own: not measured")] = 2
"""Tries in a row that take back that a face is not upright: single ones may be wrong."""


class UprightJudge:
    """Judges one face after another by occasional tries.

    Args:
        locate: Locates the points of the face in a crop, as ``LandmarkNet.locate`` does.
        confidences: How sure it must be of a turned face.
    """

    def __init__(self, locate: Callable[[Image, Crop], Landmarks], confidences: Confidences) -> None:
        self._locate = locate
        self._confidences = confidences
        self._upright = True
        self._agreed = 0
        self._tried_t = -math.inf

    def judge(self, grey: Image, t: float, landmarks: Landmarks, pose: HeadPose, *, new: bool) -> bool:
        """Judge the next frame of a face.

        Args:
            grey: (height, width) uint8.
            t: When it was taken, seconds.
            landmarks: Of the face in it.
            pose: Of its head, as ``head_pose`` returns it.
            new: Whether the face was found just now, and not followed from the frame before.

        Returns:
            False as well for a pose that no driver's head can have.
        """
        rest_s = SETTLED_S if self._upright and self._agreed >= AGREED and not new else UNSETTLED_S
        if not 0.0 <= t - self._tried_t < rest_s:
            self._tried_t = t
            fits = self._fits_best(grey, landmarks)
            self._agreed = self._agreed + 1 if fits else 0
            self._upright = fits and (self._upright or self._agreed >= BACK)
        return self._upright and possible(pose)

    def _fits_best(self, grey: Image, landmarks: Landmarks) -> bool:
        """Return whether no other way up fits better than the one that is followed."""
        present = misfit(landmarks.points)
        return present < GOOD_FIT or not any(self._fits_better(grey, landmarks, turn, present) for turn in TURNS)

    def _fits_better(self, grey: Image, landmarks: Landmarks, turn: float, present: float) -> bool:
        crop = Crop.around_landmarks(landmarks.points)
        turned = self._locate(grey, replace(crop, roll=crop.roll + turn))
        if self._fits(turned, BETTER * present):
            return True
        if turned.confidence < self._confidences.turned_again:
            return False
        return self._fits(self._locate(grey, Crop.around_landmarks(turned.points)), BETTER_AGAIN * present)

    def _fits(self, landmarks: Landmarks, limit: float) -> bool:
        return landmarks.confidence >= self._confidences.sure_turned and misfit(landmarks.points) < limit
