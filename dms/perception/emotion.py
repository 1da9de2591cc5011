"""Facial expression of an aligned face.

Takes a grey picture with 68 landmarks, gives the probabilities of FER+'s eight classes, of a frown, and of what a wide
mouth does.
The face is turned upright and framed the way FER2013 frames faces. It sees an expression, not a feeling, and never
looks at time.
"""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.models import ModelFile
from dms.observation import Emotions, WideMouth
from dms.perception.engine import FloatArray, Model
from dms.perception.eyes import MIN_DEVIATION, MIN_MEAN, light, normalise
from dms.perception.landmarks import LEFT_EYE, MOUTH, RIGHT_EYE, centre

Picture = npt.NDArray[np.uint8]

SIZE = 48
"""Side of a face patch in pixels, as in FER2013."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How large a face stands in its patch, and where.

    Attributes:
        eye_line: Height of the eyes, as a share of the patch's side.
        eyes_to_mouth: Distance from between the eyes to the mouth, as a share of the patch's side.
    """

    eye_line: float
    eyes_to_mouth: float


FRAMING = Framing(eye_line=0.40, eyes_to_mouth=0.39)
"""As FER2013 frames its faces: here the mean of 500 HELEN and AFW faces correlates best (0.94) with the mean FER2013
training face, over a grid with steps of 0.03. On in-car frames and clips no framing near it does better by more than
1.3 points (``studies/emotion_framing.py``; docs/models.md has the table)."""

EYES_APART: Annotated[float, Constant("1", 0.8, 2.0, "own: HELEN and AFW")] = 1.09
"""Greatest usual distance of the eyes over that from between them to the mouth: 95th percentile of HELEN's and AFW's
1,207 faces. A ratio above it means a nod, and the eyes give the scale."""

MOST_ENLARGED: Annotated[float, Constant("1", 1.0, 4.0, "own: the sizes that the net was trained on")] = 2.0
"""A face of fewer than half the pixels across that the net was trained on is not judged."""


FAINT: Annotated[float, Constant("grey levels of 255", 5, 60, "own: studies/faint_faces.py")] = 25.0
"""Standard deviation of a patch below which its contrast is evened out before the net sees it. Fewer than one in a
hundred of the faces that the net learned from have less; of such faces it knows two in a hundred fewer."""


def face_patch(grey: Picture, landmarks: npt.NDArray[np.float32], framing: Framing = FRAMING) -> Picture | None:
    """Cut the face, turned upright, framed as in FER2013.

    Args:
        grey: (height, width) uint8.
        landmarks: (68, 2) iBUG points in pixels.
        framing: Where the face stands in the patch.

    Returns:
        (48, 48) uint8; what lies outside the picture repeats its edge. None for a face so small that it would be
        enlarged more than twice: its expression was not recorded.
    """
    right_eye, left_eye, mouth = (centre(landmarks, part) for part in (RIGHT_EYE, LEFT_EYE, MOUTH))
    eyes = (right_eye + left_eye) / 2
    apart = left_eye - right_eye
    distance = max(float(np.hypot(*apart)), 1e-6)
    cos, sin = apart / distance
    turn = np.array([[cos, sin], [-sin, cos]])
    # a nod brings eyes and mouth together: then the eyes give the scale
    length = max(float((turn @ (mouth - eyes))[1]), distance / EYES_APART)
    enlarged = framing.eyes_to_mouth * SIZE / length
    if enlarged > MOST_ENLARGED:
        return None
    turn *= enlarged
    middle = np.array([(SIZE - 1) / 2, (framing.eye_line + framing.eyes_to_mouth / 2) * SIZE - 0.5])
    matrix = np.column_stack([turn, middle - turn @ ((eyes + mouth) / 2)])
    patch = cv2.warpAffine(grey, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.uint8)


@dataclass(frozen=True, slots=True)
class Expression:
    """What a face shows, read in one run of the net.

    Attributes:
        emotions: Probabilities of FER+'s classes.
        frown: Probability in 0..1 of an angry frown, with the classes counted alike; of a wide mouth it says nothing.
    """

    emotions: Emotions
    frown: float


class EmotionNet:
    """The INT8 net behind the emotions, with four heads on one trunk.

    Args:
        file: The shipped model ``emotion`` or one with the same shapes.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file cannot be run or has other shapes.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        self._model = Model(file.path, (SIZE, SIZE, 1), [(7,), (8,), (3,), (2,)], threads, runtime)

    def warm_up(self) -> None:
        """Run once on an empty patch."""
        self.heads(np.zeros((SIZE, SIZE), np.uint8))

    def expression(self, patch: Picture | None) -> Expression | None:
        """Return what a face shows.

        Args:
            patch: (48, 48) uint8 as ``face_patch`` returns it.

        Returns:
            None without a patch, or when it is too dark or flat to show an expression.
        """
        if patch is None or _shows_nothing(patch):
            return None
        _, ferplus, _, frown = self.heads(lit(patch))
        return Expression(Emotions(*_shares(ferplus)), _shares(frown)[1])

    def wide_mouth(self, patch: Picture | None) -> WideMouth | None:
        """Return what a mouth does that is wide open, with the contrast of the pictures that this was learned from.

        Args:
            patch: (48, 48) uint8 as ``face_patch`` gives it.

        Returns:
            None without a patch, or when it is too dark or flat to show an expression.
        """
        if patch is None or _shows_nothing(patch):
            return None
        _, _, wide, _ = self.heads(normalise(patch))
        return WideMouth(*_shares(wide))

    def heads(self, patch: Picture) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return (7,) of FER2013's labels, (8,) of FER+'s classes, (3,) of wide mouths, (2,) of frowns, as the card."""
        fer2013, ferplus, wide, frown = self._model.run(patch)
        return fer2013, ferplus, wide, frown


def lit(patch: Picture) -> Picture:
    """Return a face patch as it is, or with even contrast (mean 128, deviation 48) where it is faint."""
    return normalise(patch) if light(patch)[1] < FAINT else patch


def _shows_nothing(patch: Picture) -> bool:
    mean, deviation = light(patch)
    return mean < MIN_MEAN or deviation < MIN_DEVIATION


def _shares(probabilities: FloatArray) -> list[float]:
    """INT8 steps of 1/256 need not add up to 1."""
    return [float(p) for p in probabilities / max(float(probabilities.sum()), 1e-6)]
