"""The emotion net's fourth output: whether a face whose mouth is not wide open frowns in anger.

Takes faces of FER2013 with votes, photographs of expressions and drivers, gives what the output learns from. The FER+
head knows how rare anger is among the pictures of the web, and calls a frown neutral or sad; here the classes of
expression count alike, but for faces at rest, which are what a driver's mostly are, and count for more.
"""

from dms.datasets.fer import FERPLUS
from dms.perception.emotion import lit
from dms.training.augment import Picture
from dms.training.band_heads import ANGER, DISGUST, LEAST_OF_A_CLASS, Examples, FaceSources, Kind, classes

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


def examples(sources: FaceSources) -> Examples:
    """Return what is learned from.

    Raises:
        UserError: A kind of face is missing.
    """
    voted, kinds = classes(sources.faces), {}
    for index, name in enumerate(FERPLUS):
        for source, share, found in (
            (name, 1.0, sources.faces.images[voted == index]),
            (f"photographed {name}", PHOTOGRAPHED, sources.photographed(index)),
        ):
            if index in (ANGER, DISGUST) or len(found) >= LEAST_OF_A_CLASS:
                kinds[source] = _kind(index, share, found)
    return Examples.of({**kinds, "driver": Kind(OTHER, SHARES["driver"], sources.driving(yawn=False))}, lit)


def _kind(index: int, share: float, faces: Picture) -> Kind:
    name = {ANGER: "anger", NEUTRAL: "neutral", DISGUST: "disgust"}.get(index, "face")
    return Kind(FROWN if index == ANGER else OTHER, share * SHARES[name], faces)
