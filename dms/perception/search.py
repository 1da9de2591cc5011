"""Searches a whole picture for the driver's face: the face net proposes, the landmark net decides.

Takes a grey frame and where the driver was last, gives a ``Sighting``. Where nobody is found it looks again at the
picture with room around it: a face so near that it fills the picture, or one that the picture's edge cuts, looks more
like those the net has learned. Remembers nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from dms.config import PerceptionSettings
from dms.config.constant import Constant
from dms.frames import Image
from dms.observation import Box
from dms.perception.face import WIDTH, Detection, faint, select_driver
from dms.perception.landmarks import Crop, Landmarks

Find = Callable[[Image], list[Detection]]
"""Finds all faces, best first, as ``FaceDetector.find`` does."""
Locate = Callable[[Image, Crop], Landmarks]
"""Locates the points of the face in a crop, as ``LandmarkNet.locate`` does."""
ROOM: Annotated[float, Constant("1", 0.1, 1.0, "own: studies/harder_clips.py")] = 0.25
"""Room on each side of a picture in which nobody was found, over its height or width, at the second look."""
WIDEST = 2 * WIDTH
"""Pixels across that a picture is shrunk to for that: twice what the net sees."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a search came to.

    Attributes:
        face: True found, False nobody is there, None unknown: the face net is sure of one and the landmark net is not.
        landmarks: Of the face found, else None.
    """

    face: bool | None
    landmarks: Landmarks | None = None


class FaceSearch:
    """Searches whole pictures.

    Args:
        find: The face net.
        locate: The landmark net.
        settings: The least scores, and the region that holds the driver's face.
        sure_again: ``Confidences.sure_again`` of the landmark net.
    """

    def __init__(self, find: Find, locate: Locate, settings: PerceptionSettings, sure_again: float) -> None:
        self._find = find
        self._locate = locate
        self._settings = settings
        self._sure_again = sure_again

    def search(self, grey: Image, last: Box | None) -> Sighting:
        """Search a picture.

        A face that the face net is sure of is taken, as ``select_driver`` says, when the landmark net confirms it;
        where there is none, the ``best`` of the faint ones. If that is nobody, so with what a picture with room around
        it shows.

        Args:
            grey: (height, width) uint8.
            last: The driver's box when last seen, None when nobody is remembered.
        """
        first = self._look(grey, self._find(grey), last)
        if first.face is not False:
            return first
        second = self._look(grey, self._find_with_room(grey), last)
        return second if second.face else first

    def _look(self, grey: Image, detections: list[Detection], last: Box | None) -> Sighting:
        sure = select_driver(detections, grey.shape, self._settings, last)
        if sure is not None:
            landmarks = self._locate(grey, Crop.around_box(sure.box))
            # when one net says face and the other does not, it is unknown
            return Sighting(True, landmarks) if self.confirms(landmarks) else Sighting(None)
        found = self.best(grey, faint(detections, grey.shape, self._settings, last))
        return Sighting(False) if found is None else Sighting(True, found[1])

    def _find_with_room(self, grey: Image) -> list[Detection]:
        """Return what the face net finds when there is room around the picture, in the picture's pixels."""
        scale = min(1.0, WIDEST / grey.shape[1])
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1.0 else grey
        down, aside = round(ROOM * small.shape[0]), round(ROOM * small.shape[1])
        wide = cv2.copyMakeBorder(small, down, down, aside, aside, cv2.BORDER_REPLICATE)
        return [found.before(scale, aside, down) for found in self._find(np.asarray(wide, np.uint8))]

    def best(self, grey: Image, candidates: Sequence[Detection]) -> tuple[Detection, Landmarks] | None:
        """Return the best of some faint candidates by what both nets say, that the landmark net confirms twice.

        Args:
            grey: (height, width) uint8.
            candidates: As ``faint`` gives them.

        Returns:
            It and its landmarks, None when there is no such one.
        """
        located = [(candidate, self._locate(grey, Crop.around_box(candidate.box))) for candidate in candidates]
        confirmed = [(candidate, found) for candidate, found in located if self.confirms(found)]
        if not confirmed:
            return None
        candidate, found = max(confirmed, key=lambda one: one[0].score * one[1].confidence)
        again = self._locate(grey, Crop.around_landmarks(found.points))
        return (candidate, again) if again.confidence >= self._sure_again else None

    def confirms(self, landmarks: Landmarks) -> bool:
        """Return whether the landmark net, too, says that there is a face."""
        return landmarks.confidence >= self._settings.track_score
