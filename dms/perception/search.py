"""Searches a whole picture for the driver's face: the face net proposes, the landmark net decides.

Takes a grey frame and where the driver was last, gives a ``Sighting``. Remembers nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from dms.config import PerceptionSettings
from dms.config.constant import Constant
from dms.frames import Image
from dms.observation import Box
from dms.perception.face import Detection, faint, select_driver
from dms.perception.landmarks import Crop, Landmarks

Find = Callable[[Image], list[Detection]]
"""Finds all faces, best first, as ``FaceDetector.find`` does."""
Locate = Callable[[Image, Crop], Landmarks]
"""Locates the points of the face in a crop, as ``LandmarkNet.locate`` does."""

SURE_AGAIN: Annotated[float, Constant("confidence of 1", 0.5, 1.0, "own: five clips")] = 0.98
"""Least confidence at the second look, from the points of the first, at which a faint face counts: of the faint faces
of five clips 99 % have it, of the letters of a film's title none."""


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
    """

    def __init__(self, find: Find, locate: Locate, settings: PerceptionSettings) -> None:
        self._find = find
        self._locate = locate
        self._settings = settings

    def search(self, grey: Image, last: Box | None) -> Sighting:
        """Search a picture.

        A face that the face net is sure of is taken, as ``select_driver`` says, when the landmark net confirms it;
        where there is none, the ``best`` of the faint ones.

        Args:
            grey: (height, width) uint8.
            last: The driver's box when last seen, None when nobody is remembered.
        """
        detections = self._find(grey)
        sure = select_driver(detections, grey.shape, self._settings, last)
        if sure is not None:
            landmarks = self._locate(grey, Crop.around_box(sure.box))
            # when one net says face and the other does not, it is unknown
            return Sighting(True, landmarks) if self.confirms(landmarks) else Sighting(None)
        found = self.best(grey, faint(detections, grey.shape, self._settings, last))
        return Sighting(False) if found is None else Sighting(True, found[1])

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
        return (candidate, again) if again.confidence >= SURE_AGAIN else None

    def confirms(self, landmarks: Landmarks) -> bool:
        """Return whether the landmark net, too, says that there is a face."""
        return landmarks.confidence >= self._settings.track_score
