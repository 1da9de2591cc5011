#!/usr/bin/env python3
"""Whether the emotion net tells a yawn, an angry shout and other wide mouths apart, on people who did not teach it.

usage: wide_mouths.py cabin_yawn/ expressions/faces64.npz

The yawns are those of YawDD's validation and test scenes (see dms.training.faces.part_of), the rest news photographs
with one rater each, of which the recipe reads none. Only mouths count that the mouth net calls wide, through the
daemon's own crops. Printed: how many, the mean probabilities, the share from 0.5 on, and areas under the ROC curve,
that of the FER+ head's anger beside them. The maps, the bands, the contrast and the strength of the regression were
chosen by such figures, so that they are a validation and no test.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.split import Part
from dms.evaluate.metrics import auc
from dms.frames import Image
from dms.models import find_model
from dms.observation import Box
from dms.perception.emotion import EmotionNet, face_patch
from dms.perception.landmarks import Crop, LandmarkNet
from dms.perception.mouth import MouthNet, mouth_patch
from dms.training.faces import read_pictures

Points = npt.NDArray[np.float32]
WIDE = 0.5
SIDE, EDGE = 128, 48
"""Of an enlarged photograph, and what its edge is repeated for, in pixels."""
KINDS = {"anger": 0, "happiness": 3, "surprise": 5}


def drivers(folder: Path) -> Iterator[tuple[Image, Points]]:
    """Yawning drivers of scenes that taught nothing."""
    for picture in read_pictures([folder]):
        if picture.yawn and picture.part is not Part.TRAIN:
            yield picture.levels[0], picture.points[0]


def photographs(file: Path, emotion: int) -> Iterator[tuple[Image, Points]]:
    """News photographs of one emotion, with landmarks as the daemon finds them on the second of two frames."""
    locator = LandmarkNet(find_model("landmarks"))
    with np.load(file) as data:
        images = data["images"][data["emotion"] == emotion]
    for image in images:
        grey = cv2.copyMakeBorder(cv2.resize(image, (SIDE, SIDE)), EDGE, EDGE, EDGE, EDGE, cv2.BORDER_REPLICATE)
        first = locator.locate(grey, Crop.around_box(Box(EDGE + 14, EDGE + 10, 100, 112)))
        yield grey, locator.locate(grey, Crop.around_landmarks(first.points)).points


def answers(faces: Iterator[tuple[Image, Points]]) -> npt.NDArray[np.float64]:
    """(N, 3) for the wide mouths: yawn, shout; the FER+ head's anger."""
    mouth, emotion = MouthNet(find_model("mouth")), EmotionNet(find_model("emotion"))
    rows = []
    for grey, points in faces:
        yawn = mouth.yawn(mouth_patch(grey, points))
        patch = face_patch(grey, points)
        wide, emotions = emotion.wide_mouth(patch), emotion.emotions(patch)
        if yawn is not None and yawn >= WIDE and wide is not None and emotions is not None:
            rows.append((wide.yawn, wide.shout, emotions.anger))
    return np.array(rows)


def area(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> str:
    """Area under the ROC curve."""
    truth = np.arange(len(positive) + len(negative)) < len(positive)
    return f"{auc(truth, np.concatenate([positive, negative])):.3f}"


def main(folder: Path, file: Path) -> None:
    yawns = answers(drivers(folder))
    groups = {"yawn": yawns} | {name: answers(photographs(file, kind)) for name, kind in KINDS.items()}
    print("| wide mouths | faces | mean yawn | from 0.5 | mean shout | from 0.5 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rows in groups.items():
        values = [f"{v:.2f}" for k in (0, 1) for v in (rows[:, k].mean(), (rows[:, k] >= WIDE).mean())]
        print(f"| {name} | {len(rows)} | {' | '.join(values)} |")
    print()
    anger = groups["anger"]
    for name, rows in groups.items():
        if name != "anger":
            print(f"shout against {name}: {area(anger[:, 1], rows[:, 1])}, FER+ anger {area(anger[:, 2], rows[:, 2])}")
        if name != "yawn":
            print(f"yawn against {name}: {area(yawns[:, 0], rows[:, 0])}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
