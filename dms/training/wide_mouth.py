"""Gives the emotion net its third output: whether a wide mouth yawns, shouts in anger or does something else.

Takes the net's INT8 file, faces of FER2013 with votes, photographs of expressions and drivers who yawn or do not, gives
the file with the output. A logistic regression on the frozen net's own maps: what the net answered before stays as it
was, to the bit. Angry faces, of which many shout, are the shouts; other faces, and drivers who do not yawn, are the
rest. Photographs and drivers are few and taught in the mirror too. Runs scikit-learn, and the net in a process of its
own, because PyTorch and the TFLite runtime do not load together.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.expressions import ExpressionFaces
from dms.datasets.fer import FER2013, FERPLUS, Expressions, majority
from dms.errors import UserError
from dms.evaluate.emotion import face_picture
from dms.perception.emotion import SIZE, face_patch
from dms.perception.eyes import normalise
from dms.training.apart import run_apart
from dms.training.augment import Picture
from dms.training.bands import BANDS, with_head, with_means
from dms.training.faces import FacePicture

LABELS = ("yawn", "shout", "other")
YAWN, SHOUT, OTHER = range(len(LABELS))
ANGER, DISGUST = FERPLUS.index("anger"), FERPLUS.index("disgust")

MOST_OF_A_CLASS = 1000
"""Faces of one of FER+'s classes that are no anger: the kinds of expression count alike."""

LEAST_OF_A_CLASS = 50
"""Photographs of a class; of fewer each one would count for too much, and they are left out."""

STRENGTH = 0.3
"""Of the regression (scikit-learn's C). From 0.03, 0.1, 0.3 and 1; ``models/emotion.md`` says by what."""

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

CHANNELS = 160
"""Of the emotion net's maps before its last block."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Faces that are answered alike.

    Attributes:
        answer: Index into ``LABELS``.
        share: What they count for together.
        faces: (N, 48, 48) uint8.
    """

    answer: int
    share: float
    faces: Picture


def add_wide_mouth(
    file: Path, faces: Expressions, drivers: Sequence[FacePicture], photographs: ExpressionFaces, out: Path
) -> Path:
    """Write the net with its third output.

    Args:
        file: The emotion net without it.
        faces: Faces with FER+'s votes, to learn from.
        drivers: Pictures of drivers, labelled yawn or not, to learn from.
        photographs: Faces of one expression each, cut as FER2013 cuts them, to learn from.
        out: The ``.tflite`` file to write.

    Raises:
        UserError: The file is of another net, or a kind of face is missing.
        WorldError: A runtime or TensorFlow is missing.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the recipes import quickly

    pictures, kinds, weights = examples(faces, drivers, photographs)
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    model.fit(band_means(file, pictures), kinds, sample_weight=weights)
    return with_head(file, out, model.coef_.astype(np.float32), model.intercept_.astype(np.float32))


def examples(
    faces: Expressions, drivers: Sequence[FacePicture], photographs: ExpressionFaces
) -> tuple[Picture, npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """What is learned from: (N, 48, 48) uint8 as the net is asked, their classes, and weights with a mean of 1.

    Raises:
        UserError: A kind of face is missing.
    """
    kinds = {**_of_votes(faces), **_of_drivers(drivers), **_of_photographs(photographs)}
    if missing := [name for name, kind in kinds.items() if not len(kind.faces)]:
        raise UserError(f"the output for wide mouths has nothing to learn from: no {', no '.join(missing)}")
    weights = np.concatenate([np.full(len(kind.faces), kind.share / len(kind.faces)) for kind in kinds.values()])
    return (
        np.stack([normalise(picture) for kind in kinds.values() for picture in kind.faces]),
        np.concatenate([np.full(len(kind.faces), kind.answer) for kind in kinds.values()]),
        weights / weights.mean(),
    )


def _of_votes(faces: Expressions) -> dict[str, Kind]:
    if faces.votes is None:
        raise UserError("emotion needs fer2013new.csv for the FER+ votes")
    top, rng = majority(faces.votes), np.random.default_rng(0)
    disgust = (faces.labels == FER2013.index("disgust")) | (top == DISGUST)
    kept = [
        np.sort(rng.permutation(np.flatnonzero((top == index) & ~disgust))[:MOST_OF_A_CLASS])
        for index in range(len(FERPLUS))
        if index not in (ANGER, DISGUST)
    ]
    return {
        "shout": Kind(SHOUT, SHARES["shout"], faces.images[(top == ANGER) & ~disgust]),
        "face": Kind(OTHER, SHARES["face"], faces.images[np.concatenate(kept)]),
        "disgust": Kind(OTHER, SHARES["disgust"], faces.images[disgust]),
    }


def _of_drivers(drivers: Sequence[FacePicture]) -> dict[str, Kind]:
    kinds = {}
    for name, answer, yawn in (("yawn", YAWN, True), ("driver", OTHER, False)):
        cut = [face_patch(each.levels[0], each.points[0]) for each in drivers if each.yawn is yawn]
        faces = _with_mirrored([face for face in cut if face is not None])
        kinds[name] = Kind(answer, SHARES[name], faces)
    return kinds


def _of_photographs(photographs: ExpressionFaces) -> dict[str, Kind]:
    kinds = {}
    for index, name in enumerate(FERPLUS):
        chosen = photographs.where(photographs.classes == index).images
        cut = _with_mirrored([face_picture(each) for each in chosen])
        if index == ANGER:
            kinds["photographed shout"] = Kind(SHOUT, SHARES["photographed shout"], cut)
        elif index == DISGUST:
            kinds["photographed disgust"] = Kind(OTHER, SHARES["photographed disgust"], cut)
        elif len(chosen) >= LEAST_OF_A_CLASS:
            kinds[f"photographed {name}"] = Kind(OTHER, SHARES["photographed face"], cut)
    return kinds


def _with_mirrored(faces: Sequence[Picture]) -> Picture:
    """(2 N, 48, 48) uint8: the faces and their mirror images."""
    upright = np.array(faces, np.uint8).reshape(-1, SIZE, SIZE)
    return np.concatenate([upright, upright[:, :, ::-1]])


def band_means(file: Path, pictures: Picture) -> FloatArray:
    """(N, BANDS * channels) means of the net's maps.

    Args:
        file: The emotion net without its third output.
        pictures: (N, 48, 48) uint8.

    Raises:
        UserError: The file is of another net.
        WorldError: No TFLite runtime can run it, or TensorFlow is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        net, given, out = (Path(folder, name) for name in ("means.tflite", "pictures.npy", "means.npy"))
        with_means(file, net)
        np.save(given, pictures)
        run_apart("dms.training.wide_mouth", net, given, out, failed=f"{file} cannot be run")
        return np.asarray(np.load(out), np.float32)


def _run(net: Path, given: Path, out: Path) -> None:
    """Runs in the subprocess."""
    from dms.perception.engine import Model  # noqa: PLC0415

    pictures = np.load(given)
    model = Model(net, (SIZE, SIZE, 1), [(7,), (8,), (BANDS, 1, CHANNELS)])
    np.save(out, np.stack([model.run(picture)[-1].ravel() for picture in pictures]))


if __name__ == "__main__":
    _run(*map(Path, sys.argv[1:4]))
