#!/usr/bin/env python3
"""How many faces the emotion net knows that are dark or flat, with their contrast as it is and evened out.

usage: faint_faces.py fer2013.csv fer2013new.csv

The faces are the twentieth of FER2013's Training part that was held out when the net that ships was trained. A face is
known to FER2013 when the first output says its original label, to FER+ when the second says what most of the ten raters
do. `below N` evens out the contrast of faces with a standard deviation below N only.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.fer import majority, read_fer2013
from dms.datasets.split import split
from dms.models import find_model
from dms.perception.emotion import EmotionNet, Picture
from dms.perception.eyes import light, normalise

LIGHT: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "as they are": lambda grey: grey,
    "half the light": lambda grey: grey / 2,
    "a quarter": lambda grey: grey / 4,
    "half the contrast": lambda grey: grey / 2 + 60,
    "a third of it": lambda grey: grey * 0.35 + 90,
    "gamma 2": lambda grey: 255 * (grey / 255) ** 2,
}
LIMITS = (20, 25, 30, 35, 256)


def main(fer2013: Path, ferplus: Path) -> None:
    _, faces = split(read_fer2013(fer2013, "Training", ferplus), one_in=20)
    assert faces.votes is not None
    net, voted = EmotionNet(find_model("emotion")), majority(faces.votes)

    def right(pictures: list[Picture]) -> npt.NDArray[np.bool_]:
        said = np.array([[head.argmax() for head in net.heads(picture)[:2]] for picture in pictures])
        return np.asarray(said == np.stack([faces.labels, voted], axis=1))

    def shares(known: npt.NDArray[np.bool_]) -> str:
        return f"{known[:, 0].mean():.1%}, {known[voted >= 0, 1].mean():.1%}"

    limits = " | ".join(f"below {limit}" for limit in LIMITS[:-1])
    print(f"| {len(faces.labels):,} faces: FER2013, FER+ | as it is | {limits} | always |")
    print("| --- | --- |" + " --- |" * len(LIMITS))
    for name, change in LIGHT.items():
        pictures = [change(image.astype(np.float64)).astype(np.uint8) for image in faces.images]
        plain, even = right(pictures), right([normalise(picture) for picture in pictures])
        deviation = np.array([light(picture)[1] for picture in pictures])
        cells = [shares(np.where((deviation < limit)[:, None], even, plain)) for limit in LIMITS]
        print(f"| {name} | {shares(plain)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
