"""What the outputs that stand on the emotion net's band means have in common: kinds of faces, and a regression on them.

Takes kinds of faces, each with an answer and what it counts for, gives the weights that ``bands.with_heads`` puts into
a file. Runs scikit-learn, and the net in a process of its own, because PyTorch and the TFLite runtime do not load
together.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.expressions import ExpressionFaces
from dms.datasets.fer import FER2013, FERPLUS, Expressions, majority
from dms.errors import UserError
from dms.evaluate.emotion import face_picture
from dms.perception.emotion import SIZE, face_patch
from dms.training.apart import run_apart
from dms.training.augment import Picture
from dms.training.bands import BANDS, Head, with_means
from dms.training.faces import FacePicture

ANGER, DISGUST = FERPLUS.index("anger"), FERPLUS.index("disgust")

LEAST_OF_A_CLASS = 50
"""Faces of a class that is no anger or disgust; of fewer each one would count for too much, and they are left out."""

CHANNELS = 160
"""Of the emotion net's maps before its last block."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FaceSources:
    """Whom the outputs learn from.

    Attributes:
        faces: Faces with FER+'s votes.
        drivers: Pictures of drivers, labelled yawn or not.
        photographs: Faces of one expression each, cut as FER2013 cuts them.
    """

    faces: Expressions
    drivers: Sequence[FacePicture]
    photographs: ExpressionFaces

    def photographed(self, index: int) -> Picture:
        """(N, 48, 48) uint8: the photographs of one of ``FERPLUS``, and their mirror images."""
        return _with_mirrored(
            [face_picture(each) for each in self.photographs.where(self.photographs.classes == index).images]
        )

    def driving(self, yawn: bool) -> Picture:
        """(N, 48, 48) uint8: drivers who yawn or do not, and their mirror images; faces too small are left out."""
        patches = (face_patch(each.levels[0], each.points[0]) for each in self.drivers if each.yawn is yawn)
        return _with_mirrored([patch for patch in patches if patch is not None])


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Faces that are answered alike.

    Attributes:
        answer: Index into the output's labels.
        share: What they count for together.
        faces: (N, 48, 48) uint8.
    """

    answer: int
    share: float
    faces: Picture


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What is learned from.

    Attributes:
        pictures: (N, 48, 48) uint8 as the net is asked.
        answers: (N,) indices into the output's labels.
        weights: (N,) with a mean of 1.
    """

    pictures: Picture
    answers: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, kinds: Mapping[str, Kind], light: Callable[[Picture], Picture]) -> "Examples":
        """Return all kinds as one, each face in the light in which the net is asked.

        Raises:
            UserError: A kind has no face.
        """
        if missing := [name for name, kind in kinds.items() if not len(kind.faces)]:
            raise UserError(f"the emotion net's further outputs have nothing to learn from: no {', no '.join(missing)}")
        weights = np.concatenate([np.full(len(kind.faces), kind.share / len(kind.faces)) for kind in kinds.values()])
        return cls(
            np.stack([light(picture) for kind in kinds.values() for picture in kind.faces]),
            np.concatenate([np.full(len(kind.faces), kind.answer) for kind in kinds.values()]),
            weights / weights.mean(),
        )


def learn(file: Path, examples: Examples, strength: float) -> Head:
    """Return a logistic regression on the frozen net's band means.

    Args:
        file: The emotion net.
        examples: What to learn from.
        strength: Of the regression (scikit-learn's C).

    Raises:
        UserError: The file is of another net.
        WorldError: A runtime or TensorFlow is missing.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the recipes import quickly

    model = LogisticRegression(C=strength, max_iter=3000)
    model.fit(band_means(file, examples.pictures), examples.answers, sample_weight=examples.weights)
    weights, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    if len(weights) == 1:
        # of two answers scikit-learn gives the log-odds of the second
        weights, bias = (np.concatenate([np.zeros_like(of), of]) for of in (weights, bias))
    return Head(weights, bias)


def classes(faces: Expressions) -> npt.NDArray[np.int64]:
    """(N,) indices into ``FERPLUS`` as most raters say, -1 where they do not; disgust if either table says so.

    Raises:
        UserError: There are no votes.
    """
    if faces.votes is None:
        raise UserError("emotion needs fer2013new.csv for the FER+ votes")
    top = majority(faces.votes)
    return np.where((faces.labels == FER2013.index("disgust")) | (top == DISGUST), DISGUST, top)


def _with_mirrored(faces: Sequence[Picture]) -> Picture:
    upright = np.array(faces, np.uint8).reshape(-1, SIZE, SIZE)
    return np.concatenate([upright, upright[:, :, ::-1]])


def band_means(file: Path, pictures: Picture) -> FloatArray:
    """(N, BANDS * channels) means of the net's maps.

    Args:
        file: The emotion net.
        pictures: (N, 48, 48) uint8.

    Raises:
        UserError: The file is of another net.
        WorldError: No TFLite runtime can run it, or TensorFlow is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        net, given, out = (Path(folder, name) for name in ("means.tflite", "pictures.npy", "means.npy"))
        with_means(file, net)
        np.save(given, pictures)
        run_apart("dms.training.band_heads", net, given, out, failed=f"{file} cannot be run")
        return np.asarray(np.load(out), np.float32)


def _run(net: Path, given: Path, out: Path) -> None:
    """Runs in the subprocess."""
    from dms.perception.engine import Model  # noqa: PLC0415

    pictures = np.load(given)
    model = Model(net, (SIZE, SIZE, 1), [(7,), (8,), (BANDS, 1, CHANNELS)])
    np.save(out, np.stack([model.run(picture)[-1].ravel() for picture in pictures]))


if __name__ == "__main__":
    _run(*map(Path, sys.argv[1:4]))
