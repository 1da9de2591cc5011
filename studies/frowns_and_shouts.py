#!/usr/bin/env python3
"""Whether the emotion net tells frowns and angry shouts from other faces, on people who did not teach those outputs.

usage: frowns_and_shouts.py fer2013.csv fer2013new.csv cabin_yawn/ expressions/faces64.npz EXPRESSIONS

EXPRESSIONS is what `news_photographs.py` made of the .npz file. The photographs are divided into five parts by person,
and five times the outputs are taught as `dms train emotion` teaches those that ship, each time without one part, which
they are then asked about. The drivers are those of YawDD's validation and test scenes (see dms.training.faces.part_of),
who taught none of them. A face is asked as the daemon asks it, through its own crops: mouths that the mouth net calls
wide whether they yawn or shout, others whether they frown. Printed: how many, the mean probabilities, the share from a
limit on, and areas under the ROC curve, that of the FER+ head's anger beside them. The maps, the bands, the contrast,
the strengths of the regressions and the shares of the kinds were chosen by such figures, so that they are a validation
and no test. Needs the extra `train`.
"""

import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from news_photographs import photographs

from dms.datasets.expressions import read_expressions
from dms.datasets.fer import read_fer2013
from dms.datasets.split import Part, split
from dms.evaluate.metrics import auc
from dms.frames import Image
from dms.models import find_model
from dms.perception.emotion import EmotionNet, face_patch
from dms.perception.mouth import MouthNet, mouth_patch
from dms.training.band_heads import FaceSources
from dms.training.faces import read_pictures
from dms.training.recipes.emotion import add_heads

Points = npt.NDArray[np.float32]
Face = tuple[Image, Points]
WIDE = 0.5
FOLDS = 5
TOLD_BY = {"anger": ("shout", "frown", "FER+ anger"), "yawn": ("yawn",)}
"""Which probabilities are to tell a kind from the others."""
KINDS = ("anger", "disgust", "sadness", "surprise", "happiness", "neutral")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a group of faces, and shown of the answers.

    Attributes:
        wide: Whether of wide mouths or of the others.
        names: Of the probabilities, of which the last is the FER+ head's anger.
        limit: From which one counts as a yes.
        least: Of a kind's faces that are worth a row.
    """

    wide: bool
    names: tuple[str, ...]
    limit: float
    least: int = 15


WIDE_MOUTHS = Question(True, ("yawn", "shout", "FER+ anger"), 0.5)
FROWNS = Question(False, ("frown", "FER+ anger"), 0.4)


def fold_of(person: str) -> int:
    return zlib.crc32(person.encode()) % FOLDS


def drivers(folder: Path) -> Iterator[tuple[str, Face]]:
    """Drivers of scenes that taught nothing."""
    for picture in read_pictures([folder]):
        if picture.part is not Part.TRAIN and picture.yawn is not None:
            yield "yawn" if picture.yawn else "driver", (picture.levels[0], picture.points[0])


def answers(faces: Iterable[Face], emotion: EmotionNet, asked: Question) -> npt.NDArray[np.float64]:
    """(N, probabilities) of the faces that the question is about."""
    mouth = MouthNet(find_model("mouth"))
    rows: list[tuple[float, ...]] = []
    for grey, points in faces:
        yawn = mouth.yawn(mouth_patch(grey, points))
        patch = face_patch(grey, points)
        wide, shown = emotion.wide_mouth(patch), emotion.expression(patch)
        if yawn is None or wide is None or shown is None or (yawn >= WIDE) is not asked.wide:
            continue
        own = (wide.yawn, wide.shout) if asked.wide else (shown.frown,)
        rows.append((*own, shown.emotions.anger))
    return np.array(rows).reshape(-1, len(asked.names))


def area(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> str:
    """Area under the ROC curve."""
    truth = np.arange(len(positive) + len(negative)) < len(positive)
    return f"{auc(truth, np.concatenate([positive, negative])):.3f}"


def tell(asked: Question, groups: dict[str, npt.NDArray[np.float64]]) -> None:
    """Print the table of a question, and the areas of anger, and of yawns, against every other kind."""
    print("| kind | answers |", " | ".join(f"mean {name} | from {asked.limit}" for name in asked.names), "|")
    print("| --- | --- |", " | ".join("---" for _ in range(2 * len(asked.names))), "|")
    for kind, rows in groups.items():
        cells = [f"{v:.2f}" for k in range(len(asked.names)) for v in (rows[:, k].mean(), _share(rows[:, k], asked))]
        print(f"| {kind} | {len(rows)} | {' | '.join(cells)} |")
    print()
    for positive, telling in TOLD_BY.items():
        for kind, rows in groups.items():
            if positive in groups and kind != positive:
                areas = [
                    f"{name} {area(groups[positive][:, k], rows[:, k])}"
                    for k, name in enumerate(asked.names)
                    if name in telling
                ]
                print(f"{positive} against {kind}: {', '.join(areas)}")
    print()


def _share(values: npt.NDArray[np.float64], asked: Question) -> float:
    return float((values >= asked.limit).mean())


def main(fer2013: Path, ferplus: Path, cabin: Path, file: Path, expressions: Path) -> None:
    learn, _ = split(read_fer2013(fer2013, "Training", ferplus), one_in=20)
    taught = [picture for picture in read_pictures([cabin]) if picture.part is Part.TRAIN]
    labelled, seen, driving = read_expressions(expressions), list(photographs(file)), list(drivers(cabin))
    folds = np.array([fold_of(str(person)) for person in labelled.groups])
    parts: dict[Question, dict[str, list[npt.NDArray[np.float64]]]] = {WIDE_MOUTHS: {}, FROWNS: {}}
    for fold in range(FOLDS):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "emotion.tflite")
            add_heads(find_model("emotion").path, FaceSources(learn, taught, labelled.where(folds != fold)), made)
            net = EmotionNet(replace(find_model("emotion"), path=made))
        for asked, kinds in parts.items():
            for name in ("yawn", "driver"):
                faces = [face for kind, face in driving if kind == name]
                kinds.setdefault(name, []).append(answers(faces, net, asked))
            for name in KINDS:
                faces = [(one.grey, one.points) for one in seen if one.emotion == name and fold_of(one.person) == fold]
                kinds.setdefault(name, []).append(answers(faces, net, asked))
    for asked, kinds in parts.items():
        groups = {name: np.concatenate(rows) for name, rows in kinds.items()}
        tell(asked, {name: rows for name, rows in groups.items() if len(rows) >= asked.least})


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
