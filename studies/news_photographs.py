#!/usr/bin/env python3
"""Cut news photographs of expressions as FER2013 cuts faces, into the folder that `dms train emotion` takes.

usage: news_photographs.py expressions/faces64.npz OUT_DIR

The file holds ``images`` (N, 64, 64) uint8, ``emotion`` (N,) into ``names``, and ``person`` (N,). A picture comes to
OUT_DIR/CLASS/PERSON-NUMBER.png, 48x48, as the daemon would cut it: around the landmarks that its own net finds.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.frames import Image
from dms.models import find_model
from dms.observation import Box
from dms.perception.emotion import face_patch
from dms.perception.landmarks import Crop, LandmarkNet

SIDE, EDGE = 128, 48
"""Of an enlarged photograph, and what its edge is repeated for, in pixels."""
AROUND = Crop.around_box(Box(EDGE + 14, EDGE + 10, 100, 112))
"""Where the face is in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """One face.

    Attributes:
        grey: (height, width) uint8, enlarged, with room around it.
        points: (68, 2) float32 in its pixels, as the daemon finds them on the second of two frames.
        emotion: Its class, as FER+ names it.
        person: Who it is.
    """

    grey: Image
    points: npt.NDArray[np.float32]
    emotion: str
    person: str


def enlarged(face: Image) -> Image:
    """A small face, large, with room around it."""
    large = cv2.resize(face, (SIDE, SIDE))
    return np.asarray(cv2.copyMakeBorder(large, EDGE, EDGE, EDGE, EDGE, cv2.BORDER_REPLICATE), np.uint8)


def photographs(file: Path) -> Iterator[Photograph]:
    """Read all of them, in the file's order."""
    locator = LandmarkNet(find_model("landmarks"))
    with np.load(file) as data:
        names = [str(name) for name in data["names"]]
        for image, emotion, person in zip(data["images"], data["emotion"], data["person"], strict=True):
            grey = enlarged(image)
            first = locator.locate(grey, AROUND)
            points = locator.locate(grey, Crop.around_landmarks(first.points)).points
            # the separators end the person's name in the layout
            yield Photograph(grey, points, names[emotion], str(person).replace("_", ".").replace("-", "."))


def main(file: Path, out: Path) -> None:
    for number, each in enumerate(photographs(file)):
        patch = face_patch(each.grey, each.points)
        if patch is not None:
            folder = out / each.emotion
            folder.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / f"{each.person}-{number:05d}.png"), patch)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
