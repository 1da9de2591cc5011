"""Which parts of a face an answer rests on.

Takes faces and anything that answers for them, gives a map of each: how much probability the answer loses when a black
square hides that part (Zeiler & Fergus 2014; the zero square of Sharma & Tiwari). Says what a model looks at, never
whether it is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.datasets.expressions import LABELS
from dms.datasets.pictures import picture_files
from dms.datasets.reading import Reading
from dms.errors import UserError
from dms.evaluate.emotion import Classifier, answer_all, face_picture
from dms.perception.emotion import SIZE, Picture

STRIDE = 2
"""Pixels from one place of the square to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class OcclusionMap:
    """How an answer for one face depends on its parts.

    Attributes:
        file: The picture.
        face: (48, 48) uint8, as the model saw it.
        label: The answer for the whole face.
        probability: Of that answer, 0..1.
        loss: (48, 48) float32: mean probability that the answer loses to the squares that cover a pixel; negative where
            hiding it makes the model surer.
        broken: Share 0..1 of the squares under which the answer becomes another.
    """

    file: Path
    face: Picture
    label: str
    probability: float
    loss: npt.NDArray[np.float32]
    broken: float


@dataclass(frozen=True, slots=True, eq=False)
class OcclusionReport:
    """Maps of several faces.

    Attributes:
        model: The model file.
        label_set: In which it was asked.
        square: Side of the square in pixels of the 48.
        maps: One per face.
        left_out: Pictures that could not be read.
        warnings: Which they are.
    """

    model: str
    label_set: str
    square: int
    maps: tuple[OcclusionMap, ...]
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything but the pictures as plain data."""
        faces = [
            {"file": str(m.file), "label": m.label, "probability": m.probability, "broken": m.broken} for m in self.maps
        ]
        return {
            "model": self.model,
            "label_set": self.label_set,
            "square": self.square,
            "faces": faces,
            "left_out": self.left_out,
            "warnings": self.warnings,
        }

    def text(self) -> str:
        """Return one line per face."""
        lines = [f"{self.model}, label set {self.label_set}, black square of {self.square} pixels"]
        for m in self.maps:
            y, x = np.unravel_index(int(m.loss.argmax()), m.loss.shape)
            lines.append(
                f"{m.file}: {m.label} {m.probability:.0%}; another answer under {m.broken:.0%} of the squares; "
                f"rests most on x {x} y {y} of {SIZE}"
            )
        return "\n".join(lines)


def occlude(data: Path, classifier: Classifier, square: int = 10) -> OcclusionReport:
    """Map the faces of a picture or of a folder of pictures.

    Args:
        data: A picture of one face, cropped as in FER2013, or a folder of them.
        classifier: What answers; its last label set is asked.
        square: Side of the square in pixels of the 48, 1 to 47.

    Raises:
        UserError: No picture can be read.
    """
    if not 1 <= square < SIZE:
        raise UserError(f"a square of {square} pixels does not fit: 1 to {SIZE - 1}")
    files = picture_files(data) if data.is_dir() else [data]
    label_set, reading = classifier.label_sets[-1], Reading()
    pictures = reading.pictures([(file, file) for file in files], "faces")
    maps = tuple(_map(file, face_picture(grey), classifier, label_set, square) for grey, file in pictures)
    return OcclusionReport(classifier.name, label_set, square, maps, reading.left_out, reading.warnings)


def _map(file: Path, face: Picture, classifier: Classifier, label_set: str, square: int) -> OcclusionMap:
    places = _places(square)
    hidden = [_hide(face, y, x, square) for y, x in places]
    answers = answer_all(classifier, [face, *hidden], None)[label_set]
    whole, others = answers[0], answers[1:]
    top = int(whole.argmax())
    total, covered = np.zeros((2, SIZE, SIZE), np.float32)
    for (y, x), answer in zip(places, others, strict=True):
        total[y : y + square, x : x + square] += whole[top] - answer[top]
        covered[y : y + square, x : x + square] += 1
    return OcclusionMap(
        file=file,
        face=face,
        label=LABELS[label_set][top],
        probability=float(whole[top]),
        loss=total / covered,
        broken=float((others.argmax(1) != top).mean()),
    )


def _places(square: int) -> Sequence[tuple[int, int]]:
    """Upper left corners of the squares, up to the picture's last row and column."""
    last = SIZE - square
    steps = sorted({*range(0, last, STRIDE), last})
    return [(y, x) for y in steps for x in steps]


def _hide(face: Picture, y: int, x: int, square: int) -> Picture:
    hidden = face.copy()
    hidden[y : y + square, x : x + square] = 0
    return hidden
