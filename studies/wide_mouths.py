#!/usr/bin/env python3
"""Whether the emotion net tells a yawn, an angry shout and other wide mouths apart, on people who did not teach it.

usage: wide_mouths.py fer2013.csv fer2013new.csv cabin_yawn/ expressions/faces64.npz EXPRESSIONS

EXPRESSIONS is what `news_photographs.py` made of the .npz file. The photographs are divided into five parts by person,
and five outputs are taught as `dms train emotion` teaches the one that ships, each without one part, which it is then
asked about. The yawns are those of YawDD's validation and test scenes (see dms.training.faces.part_of), which taught
none of them. Only mouths count that the mouth net calls wide, through the daemon's own crops. Printed: how many, the
mean probabilities, the share from 0.5 on, and areas under the ROC curve, that of the FER+ head's anger beside them. The
maps, the bands, the contrast, the strength of the regression and the shares of the kinds were chosen by such figures,
so that they are a validation and no test. Needs the extra `train`.
"""

import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
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
from dms.training.faces import read_pictures
from dms.training.wide_mouth import add_wide_mouth

Points = npt.NDArray[np.float32]
Face = tuple[Image, Points]
WIDE = 0.5
FOLDS = 5
KINDS = ("anger", "happiness", "surprise", "disgust")


def fold_of(person: str) -> int:
    return zlib.crc32(person.encode()) % FOLDS


def drivers(folder: Path) -> Iterator[Face]:
    """Yawning drivers of scenes that taught nothing."""
    for picture in read_pictures([folder]):
        if picture.yawn and picture.part is not Part.TRAIN:
            yield picture.levels[0], picture.points[0]


def answers(faces: Iterable[Face], emotion: EmotionNet) -> npt.NDArray[np.float64]:
    """(N, 3) for the wide mouths: yawn, shout; the FER+ head's anger."""
    mouth = MouthNet(find_model("mouth"))
    rows = []
    for grey, points in faces:
        yawn = mouth.yawn(mouth_patch(grey, points))
        patch = face_patch(grey, points)
        wide, emotions = emotion.wide_mouth(patch), emotion.emotions(patch)
        if yawn is not None and yawn >= WIDE and wide is not None and emotions is not None:
            rows.append((wide.yawn, wide.shout, emotions.anger))
    return np.array(rows).reshape(-1, 3)


def area(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> str:
    """Area under the ROC curve."""
    truth = np.arange(len(positive) + len(negative)) < len(positive)
    return f"{auc(truth, np.concatenate([positive, negative])):.3f}"


def main(fer2013: Path, ferplus: Path, cabin: Path, file: Path, expressions: Path) -> None:
    learn, _ = split(read_fer2013(fer2013, "Training", ferplus), one_in=20)
    taught = [picture for picture in read_pictures([cabin]) if picture.part is Part.TRAIN]
    labelled, seen, yawning = read_expressions(expressions), list(photographs(file)), list(drivers(cabin))
    folds = np.array([fold_of(str(person)) for person in labelled.groups])
    parts: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in ("yawn", *KINDS)}
    for fold in range(FOLDS):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "emotion.tflite")
            add_wide_mouth(find_model("emotion").path, learn, taught, labelled.where(folds != fold), made)
            net = EmotionNet(replace(find_model("emotion"), path=made))
        parts["yawn"].append(answers(yawning, net))
        for name in KINDS:
            faces = [(one.grey, one.points) for one in seen if one.emotion == name and fold_of(one.person) == fold]
            parts[name].append(answers(faces, net))
    groups = {name: np.concatenate(rows) for name, rows in parts.items()}
    print("| wide mouths | answers | mean yawn | from 0.5 | mean shout | from 0.5 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rows in groups.items():
        values = [f"{v:.2f}" for k in (0, 1) for v in (rows[:, k].mean(), (rows[:, k] >= WIDE).mean())]
        print(f"| {name} | {len(rows)} | {' | '.join(values)} |")
    print()
    anger, yawns = groups["anger"], groups["yawn"]
    for name, rows in groups.items():
        if name != "anger":
            print(f"shout against {name}: {area(anger[:, 1], rows[:, 1])}, FER+ anger {area(anger[:, 2], rows[:, 2])}")
        if name != "yawn":
            print(f"yawn against {name}: {area(yawns[:, 0], rows[:, 0])}")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
