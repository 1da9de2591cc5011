"""The emotion net's third output: whether a wide mouth yawns, shouts in anger or does something else.

Takes faces of FER2013 with votes, photographs of expressions and drivers who yawn or do not, gives what the output
learns from. Angry faces, of which many shout, are the shouts; other faces, and drivers who do not yawn, are the rest.
Photographs and drivers are few and taught in the mirror too. It is asked, and taught, with even contrast.
"""

import numpy as np

from dms.datasets.fer import FERPLUS, Expressions
from dms.perception.eyes import normalise
from dms.training.band_heads import ANGER, DISGUST, LEAST_OF_A_CLASS, Examples, FaceSources, Kind, classes

LABELS = ("yawn", "shout", "other")
YAWN, SHOUT, OTHER = range(len(LABELS))

MOST_OF_A_CLASS = 1000
"""Faces of one of FER+'s classes that are no anger: the kinds of expression count alike."""

STRENGTH = 0.3
"""Of the regression. From 0.03, 0.1, 0.3 and 1; ``models/emotion.md`` says by what."""

SHARES = {
    "yawn": 2.0,
    "shout": 2.0,
    "face": 1.0,
    "disgust": 0.6,
    "driver": 0.2,
    "photographed shout": 2.0,
    "photographed face": 0.25,
    "photographed disgust": 0.6,
}
"""What yawns, shouts, other faces, disgust and drivers who do not yawn count for, each kind together, and of the other
faces in photographs each class. Every mouth that is asked about is wide, most others here are not. Disgust is close to
anger, and rare: by itself it would not count."""


def examples(sources: FaceSources) -> Examples:
    """Return what is learned from.

    Raises:
        UserError: A kind of face is missing.
    """
    drivers = {
        name: Kind(answer, SHARES[name], sources.driving(yawn))
        for name, answer, yawn in (("yawn", YAWN, True), ("driver", OTHER, False))
    }
    return Examples.of({**_of_votes(sources.faces), **drivers, **_of_photographs(sources)}, normalise)


def _of_votes(faces: Expressions) -> dict[str, Kind]:
    kinds, rng = classes(faces), np.random.default_rng(0)
    kept = [
        np.sort(rng.permutation(np.flatnonzero(kinds == index))[:MOST_OF_A_CLASS])
        for index in range(len(FERPLUS))
        if index not in (ANGER, DISGUST)
    ]
    return {
        "shout": Kind(SHOUT, SHARES["shout"], faces.images[kinds == ANGER]),
        "face": Kind(OTHER, SHARES["face"], faces.images[np.concatenate(kept)]),
        "disgust": Kind(OTHER, SHARES["disgust"], faces.images[kinds == DISGUST]),
    }


def _of_photographs(sources: FaceSources) -> dict[str, Kind]:
    kinds = {}
    for index, name in enumerate(FERPLUS):
        faces = sources.photographed(index)
        if index == ANGER:
            kinds["photographed shout"] = Kind(SHOUT, SHARES["photographed shout"], faces)
        elif index == DISGUST:
            kinds["photographed disgust"] = Kind(OTHER, SHARES["photographed disgust"], faces)
        elif len(faces) // 2 >= LEAST_OF_A_CLASS:
            kinds[f"photographed {name}"] = Kind(OTHER, SHARES["photographed face"], faces)
    return kinds
