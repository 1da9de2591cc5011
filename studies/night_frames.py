#!/usr/bin/env python3
"""Whether the driver's face and eyes are still found when in-car frames are darkened, or look like near-infrared.

usage: night_frames.py FOLDER

FOLDER holds labels.csv (file,scene_group,x,y,w,h: one driver each) and landmarks68_*.csv; only scenes that taught no
net are seen (the validation and test parts, `dms.datasets.split`). Darkness is made: a share of the light and a sensor
noise of two grey levels. "Infrared" is made too: an even, bright face before a background that a lamp beside the camera
does not reach.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.layouts import read_frames, read_landmarks
from dms.datasets.pictures import read_grey
from dms.datasets.split import SCENES, Part
from dms.models import find_model
from dms.perception.face import FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet

Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
Change = Callable[[Picture, Box, np.random.Generator], Picture]
SCORE = 0.8
"""Confidence of the landmarks from which the daemon takes a face for one (`perception.track_score`)."""


def light(share: float) -> Change:
    """A share of the light, with the sensor's noise."""
    return lambda grey, _, rng: (grey * share + rng.normal(1, 2, grey.shape)).clip(0, 255).astype(np.uint8)


def lamp(background: float) -> Change:
    """The face evenly bright, and so much of the light behind it."""

    def apply(grey: Picture, box: Box, rng: np.random.Generator) -> Picture:
        x, y, width, height = box
        mask = np.zeros(grey.shape, np.uint8)
        cv2.ellipse(mask, ((x + width / 2, y + height / 2), (1.3 * width, 1.5 * height), 0.0), (255,), -1)
        near = cv2.GaussianBlur(mask, (0, 0), width / 8) / 255
        flat = grey / (cv2.GaussianBlur(grey, (0, 0), width / 3).astype(float) + 20) * 130
        made = flat * near + grey * background * (1 - near)
        return (made + rng.normal(0, 3, grey.shape)).clip(0, 255).astype(np.uint8)

    return apply


CHANGES: dict[str, Change] = {
    "as recorded": lambda grey, *_: grey,
    "20 % of the light": light(0.2),
    "10 %": light(0.1),
    "5 %": light(0.05),
    "3 %": light(0.03),
    "infrared, background 10 %": lamp(0.1),
    "infrared, background 2 %": lamp(0.02),
}


def main(folder: Path) -> None:
    found = read_landmarks(sorted(folder.glob("landmarks68_*.csv"))[0])
    points = dict(zip(found.files, found.points, strict=True))
    unseen = [frame for frame in read_frames(folder) if SCENES.part_of(frame.group) is not Part.TRAIN]
    frames = [frame for frame in unseen if frame.box and frame.file in points]
    finder, net = FaceDetector(find_model("face")), LandmarkNet(find_model("landmarks"))
    print(f"{len(frames)} frames of {folder.name}")
    for name, change in CHANGES.items():
        rng, seen, errors = np.random.default_rng(0), 0, []
        for frame in frames:
            assert frame.box is not None
            truth = points[frame.file]
            grey = change(read_grey(frame.file), frame.box, rng)
            faces = finder.find(grey)
            if not faces:
                continue
            best = max(faces, key=lambda face: face.score).box
            landmarks = net.locate(grey, Crop.around_box(best))
            apart = np.linalg.norm(truth[36:42].mean(0) - truth[42:48].mean(0))
            off = landmarks.points - truth
            error = np.mean([np.linalg.norm(off[first : first + 6].mean(0)) for first in (36, 42)])
            if landmarks.confidence >= SCORE and error < apart / 2:
                seen += 1
                errors.append(error / apart)
        eyes = f"{np.median(errors):.1%}" if errors else "-"
        print(f"{name:>26}  driver found {seen / len(frames):6.1%}  eyes off by {eyes}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
