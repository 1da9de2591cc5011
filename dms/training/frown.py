"""The emotion net's fourth output: whether a face whose mouth is not wide open frowns in anger.

Takes faces of FER2013 with votes, photographs of expressions and drivers, gives what the output learns from. The FER+
head knows how rare anger is among the pictures of the web, and calls a frown neutral or sad; here the classes of
expression count alike, but for faces at rest, which are what a driver's mostly are, and count for more.
"""

from collections.abc import Sequence

from dms.datasets.expressions import ExpressionFaces
from dms.datasets.fer import FERPLUS, Expressions
from dms.evaluate.emotion import face_picture
from dms.perception.emotion import lit
from dms.training.augment import Picture
from dms.training.band_heads import ANGER, DISGUST, LEAST_OF_A_CLASS, Examples, Kind, classes, cut, with_mirrored
from dms.training.faces import FacePicture

LABELS = ("other", "frown")
OTHER, FROWN = range(len(LABELS))
NEUTRAL = FERPLUS.index("neutral")

STRENGTH = 0.03
"""Of the regression. From 0.003, 0.01, 0.03, 0.1 and 0.3; ``models/emotion.md`` says by what."""

SHARES = {"anger": 1.0, "neutral": 0.5, "disgust": 0.1, "face": 1 / 6, "driver": 0.4}
"""What angry faces, those at rest, disgusted ones, each other class and drivers who do not yawn count for. Disgust
wrinkles the brow as a frown does: counted as the other classes are, it takes the frowns with it."""

PHOTOGRAPHED = 0.5
"""What photographs count for, of what as many kinds of FER2013's faces do."""


def examples(faces: Expressions, drivers: Sequence[FacePicture], photographs: ExpressionFaces) -> Examples:
    """What is learned from.

    Args:
        faces: Faces with FER+'s votes.
        drivers: Pictures of drivers, labelled yawn or not.
        photographs: Faces of one expression each, cut as FER2013 cuts them.

    Raises:
        UserError: A kind of face is missing.
    """
    voted, kinds = classes(faces), {}
    for index, name in enumerate(FERPLUS):
        chosen = photographs.where(photographs.classes == index).images
        for source, share, found in (
            (name, 1.0, faces.images[voted == index]),
            (f"photographed {name}", PHOTOGRAPHED, with_mirrored([face_picture(each) for each in chosen])),
        ):
            if index in (ANGER, DISGUST) or len(found) >= LEAST_OF_A_CLASS:
                kinds[source] = _kind(index, share, found)
    calm = with_mirrored(cut(each for each in drivers if not each.yawn))
    return Examples.of({**kinds, "driver": Kind(OTHER, SHARES["driver"], calm)}, lit)


def _kind(index: int, share: float, faces: Picture) -> Kind:
    name = {ANGER: "anger", NEUTRAL: "neutral", DISGUST: "disgust"}.get(index, "face")
    return Kind(FROWN if index == ANGER else OTHER, share * SHARES[name], faces)
