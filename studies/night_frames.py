#!/usr/bin/env python3
"""Whether faces and eyes are still found when pictures are darkened, or look like near-infrared.

usage: night_frames.py FOLDER faces64.npz mrl_infrared.npz

FOLDER holds labels.csv (file,scene_group,x,y,w,h: one driver each) and landmarks68_*.csv; only scenes that taught
neither face, landmark nor mouth net are seen (the validation and test parts, `dms.datasets.split`). Darkness is made: a
share of the light and a sensor noise of two grey levels. "Infrared" is made too: an even, bright face before a
background that a lamp beside the camera does not reach. faces64.npz has news photographs, which taught neither the face
nor the landmark net; a face counts as found when the landmark net is sure of it, and its eyes are held against those
that it finds in the picture as it is. mrl_infrared.npz has single eyes in real near-infrared, of which the subjects who
taught the eye net nothing are darkened.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from news_photographs import photographs

from dms.datasets.layouts import read_frames, read_landmarks
from dms.datasets.pictures import read_grey
from dms.datasets.split import EYES, SCENES, Part
from dms.evaluate.eyes import resize
from dms.models import find_model
from dms.perception.eyes import EyeNet
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


DARKENED = {f"{share:.0%} of the light": light(share) for share in (1.0, 0.2, 0.1, 0.05, 0.03)}
NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)

CHANGES: dict[str, Change] = {
    "as recorded": lambda grey, *_: grey,
    "20 % of the light": light(0.2),
    "10 %": light(0.1),
    "5 %": light(0.05),
    "3 %": light(0.03),
    "infrared, background 10 %": lamp(0.1),
    "infrared, background 2 %": lamp(0.02),
}


def eyes_off(points: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> float:
    """How far the middles of the eyes are off, in shares of their distance."""
    apart = np.linalg.norm(truth[36:42].mean(0) - truth[42:48].mean(0))
    off = points - truth
    return float(np.mean([np.linalg.norm(off[first : first + 6].mean(0)) for first in (36, 42)]) / apart)


def tell(name: str, errors: list[float], count: int) -> None:
    """One line of a table."""
    eyes = f"{np.median(errors):.1%}" if errors else "-"
    print(f"{name:>26}  found {len(errors) / count:6.1%}  eyes off by {eyes}", flush=True)


def frames(folder: Path) -> None:
    """In-car frames of drivers."""
    found = read_landmarks(sorted(folder.glob("landmarks68_*.csv"))[0])
    points = dict(zip(found.files, found.points, strict=True))
    unseen = [frame for frame in read_frames(folder) if SCENES.part_of(frame.group) is not Part.TRAIN]
    drivers = [frame for frame in unseen if frame.box and frame.file in points]
    finder, net = FaceDetector(find_model("face")), LandmarkNet(find_model("landmarks"))
    print(f"{len(drivers)} frames of {folder.name}")
    for name, change in CHANGES.items():
        rng, errors = np.random.default_rng(0), []
        for frame in drivers:
            assert frame.box is not None
            truth = points[frame.file]
            grey = change(read_grey(frame.file), frame.box, rng)
            faces = finder.find(grey)
            if not faces:
                continue
            best = max(faces, key=lambda face: face.score).box
            landmarks = net.locate(grey, Crop.around_box(best))
            error = eyes_off(landmarks.points, truth)
            if landmarks.confidence >= SCORE and error < 0.5:
                errors.append(error)
        tell(name, errors, len(drivers))


def faces(file: Path) -> None:
    """News photographs."""
    net, everybody = LandmarkNet(find_model("landmarks")), list(photographs(file))
    print(f"{len(everybody)} photographs of {file.name}")
    for name, change in DARKENED.items():
        rng, errors = np.random.default_rng(0), []
        for each in everybody:
            found = net.locate(change(each.grey, NOWHERE, rng), Crop.around_landmarks(each.points))
            error = eyes_off(found.points, each.points)
            if found.confidence >= SCORE and error < 0.5:
                errors.append(error)
        tell(name, errors, len(everybody))


def infrared_eyes(file: Path) -> None:
    """Single eyes in near-infrared."""
    net = EyeNet(find_model("eyes"))
    with np.load(file) as data:
        images, shut, people = data["images"], data["closed"], data["subject"].astype(str)
    chosen = [number for number, person in enumerate(people) if EYES.part_of(person) is not Part.TRAIN]
    print(f"{len(chosen)} eyes of {file.name}, {shut[chosen].sum()} closed")
    for name, change in DARKENED.items():
        rng = np.random.default_rng(0)
        said = [net.closed(change(resize(images[number]), NOWHERE, rng)) for number in chosen]
        known = [
            (closed > 0.5) == shut[number] for closed, number in zip(said, chosen, strict=True) if closed is not None
        ]
        right = f"{np.mean(known):.1%}" if known else "-"
        print(f"{name:>26}  right {right} of the known, unknown {1 - len(known) / len(chosen):.1%}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    frames(Path(sys.argv[1]))
    faces(Path(sys.argv[2]))
    infrared_eyes(Path(sys.argv[3]))
