"""Looks for faces that perception does not look for: in a picture that is turned, and beside the driver.

Takes grey pictures with their times, gives a ``Scene`` now and then. Has nets of its own, so that it may run in another
thread than perception.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from dms.aim.limits import SETTLED, STEADY, TURNS
from dms.config import PerceptionSettings
from dms.frames import Image
from dms.models import load_verified
from dms.observation import Box
from dms.perception.face import Detection, FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet, Landmarks

SCOUT_HZ = 4.0
"""Scenes a second, each at one turn: one a second for every turn, at the cost of a search each. Source: own."""
_MOST = 3
"""Most faces of a picture that are looked at closely."""
_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, slots=True)
class Scene:
    """The faces that stand upright in a picture at one turn.

    Attributes:
        t: When it was taken, seconds.
        turn: Clockwise degrees by which it was turned.
        faces: In pixels of the picture as it was turned.
    """

    t: float
    turn: int
    faces: tuple[Box, ...]


class Scout:
    """Looks for faces at one turn after another.

    Args:
        settings: Least scores, and where the models are.

    Raises:
        UserError: A model cannot be used.
    """

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        threads, runtime, folder = settings.threads, settings.runtime, settings.models_dir
        self._finder = FaceDetector(load_verified("face", folder), threads, runtime)
        self._landmarks = LandmarkNet(load_verified("landmarks", folder), threads, runtime)
        self._next = 0
        self._t: float | None = None

    def look(self, grey: Image, t: float) -> Scene | None:
        """Look at the next turn, when it is time to.

        Args:
            grey: (height, width) uint8.
            t: When it was taken, seconds.

        Returns:
            None between two looks.
        """
        if self._t is not None and 0.0 <= t - self._t < 0.9 / SCOUT_HZ:
            return None
        self._t = t
        turn = TURNS[self._next % len(TURNS)]
        self._next += 1
        return Scene(t, turn, self.faces(turned(grey, turn)))

    def faces(self, grey: Image) -> tuple[Box, ...]:
        """Return the faces of a picture that stand upright in it, (height, width) uint8; faint ones too."""
        likely = [found for found in self._finder.find(grey) if found.score >= self._settings.faint_score]
        boxes = [self._upright(grey, found) for found in likely[:_MOST]]
        return tuple(box for box in boxes if box is not None)

    def _upright(self, grey: Image, found: Detection) -> Box | None:
        """Return a face that the landmark net sees in the same way again; one that is turned it sees anew each time."""
        first = self._landmarks.locate(grey, Crop.around_box(found.box))
        second = self._landmarks.locate(grey, Crop.around_landmarks(first.points))
        least = self._settings.track_score
        sure = least if found.score >= self._settings.face_score else max(least, self._landmarks.confidences.sure_again)
        if first.confidence < least or second.confidence < sure:
            return None
        height = max(found.box.height, 1e-6)
        if _moved(first, second) <= STEADY * height:
            return second.box
        # from the face net's box a head that looks aside, or fills the picture, is found only at the second look
        third = self._landmarks.locate(grey, Crop.around_landmarks(second.points))
        return third.box if _moved(second, third) <= SETTLED * height else None


def _moved(before: Landmarks, after: Landmarks) -> float:
    """Return how far the points lie apart on average, pixels."""
    return float(np.abs(after.points - before.points).mean())


def turned(grey: Image, turn: int) -> Image:
    """Return a picture turned clockwise by 0, 90, 180 or 270 degrees, (height, width[, 3]) uint8."""
    return grey if turn == 0 else np.asarray(cv2.rotate(grey, _ROTATIONS[turn]), np.uint8)
