#!/usr/bin/env python3
"""Measure what the limits of ``dms aim`` rest on, on real faces that are shrunk, dimmed, moved out and turned.

python studies/aim_limits.py dms/demo/sample_drive.mp4 ../shared/data/drives

Takes video files or folders of them. Of each, the first four seconds at 10 pictures a second; those in which a face is
seen in less than nine tenths are left out, and said. Prints how far a second look at a face moves its points when the
picture is turned, one look a second over all of them; then, for each change of the picture: in which share of the
pictures the face was seen and an eye could be read, how often the eyes are what they were in the picture as it is, and
how many clips have which verdict and problem.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.aim.limits import SETTLED, STEADY, TURNS
from dms.aim.scout import turned
from dms.aim.viewer import Viewer
from dms.config import CameraSettings, Config, PerceptionSettings
from dms.errors import UserError
from dms.frames import Frame, Image
from dms.frames.source import open_recording
from dms.models import load_verified
from dms.observation import Box, Observation
from dms.perception.face import FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet
from dms.perception.perception import Perception
from dms.perception.view import as_grey

FPS, LENGTH_S = 10.0, 4.0
SIZE = (640, 480)
settings = PerceptionSettings()
finder = FaceDetector(load_verified("face", None))
landmarks = LandmarkNet(load_verified("landmarks", None))
Change = Callable[[Image, Box, np.random.Generator], Image]


def frames_of(path: Path) -> list[Frame]:
    """The beginning of a drive in 640x480 with black borders, grey, 10 pictures a second."""
    out: list[Frame] = []
    for frame in open_recording(path, CameraSettings()).frames():
        if frame.t >= LENGTH_S:
            break
        if not out or frame.t - out[-1].t >= 0.95 / FPS:
            out.append(Frame(frame.t, fitted(as_grey(frame.image))))
    return out


def fitted(grey: Image) -> Image:
    scale = min(SIZE[0] / grey.shape[1], SIZE[1] / grey.shape[0])
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.full((SIZE[1], SIZE[0]), int(small.mean()), np.uint8)
    top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def noisy(picture: npt.NDArray[Any], random: np.random.Generator, sigma: float = 2.0) -> Image:
    noise = random.standard_normal(picture.shape, dtype=np.float32) * sigma
    return np.asarray((picture + noise).clip(0, 255), np.uint8)


def as_it_is(grey: Image, _box: Box, _random: np.random.Generator) -> Image:
    return grey


def high(pixels: float) -> Change:
    """The whole picture shrunk until the face is so high, before its own mean."""

    def change(grey: Image, box: Box, random: np.random.Generator) -> Image:
        scale = pixels / box.height
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[: SIZE[1], : SIZE[0]]
        canvas = np.full((SIZE[1], SIZE[0]), grey.mean(), np.float32)
        top, left = (SIZE[1] - small.shape[0]) // 2, (SIZE[0] - small.shape[1]) // 2
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        return noisy(canvas, random)

    return change


def light(mean: float) -> Change:
    """The whole picture dimmed until the face has such a mean, with a sensor's noise."""

    def change(grey: Image, box: Box, random: np.random.Generator) -> Image:
        return noisy(grey * np.float32(min(1.0, mean / face_mean(grey, box))), random)

    return change


def against(mean: float) -> Change:
    """The face that dim, all that is a face's width away from it as bright as a window."""

    def change(grey: Image, box: Box, random: np.random.Generator) -> Image:
        rows, columns = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]]
        away = np.hypot(columns - box.x - box.width / 2, (rows - box.y - box.height / 2) * 0.7) / box.width
        window = (np.clip(away - 0.8, 0.0, 0.3) / 0.3).astype(np.float32)
        dim = grey * np.float32(min(1.0, mean / face_mean(grey, box)))
        return noisy(dim * (1 - window) + np.minimum(255, grey * 1.5 + 60) * window, random)

    return change


def cut_off(share: float, edge: str) -> Change:
    """Moved until that share of the face is beyond an edge."""

    def change(grey: Image, box: Box, _random: np.random.Generator) -> Image:
        x, y = 0.0, 0.0
        if edge == "left":
            x = -(box.x + share * box.width)
        elif edge == "right":
            x = SIZE[0] - box.x - (1 - share) * box.width
        elif edge == "top":
            y = -(box.y + share * box.height)
        else:
            y = SIZE[1] - box.y - (1 - share) * box.height
        moved = cv2.warpAffine(grey, np.array([[1.0, 0, x], [0, 1.0, y]]), SIZE, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    return change


def turn(degrees: int) -> Change:
    return lambda grey, _box, _random: np.ascontiguousarray(turned(grey, degrees))


def face_mean(grey: Image, box: Box) -> float:
    x, y = max(0, int(box.x)), max(0, int(box.y))
    return max(1.0, float(grey[y : int(box.y + box.height), x : int(box.x + box.width)].mean()))


CHANGES: dict[str, Change] = {
    "as it is": as_it_is,
    **{f"face {px} px high": high(px) for px in (100, 75, 60, 50, 40)},
    **{f"face's light {mean}": light(mean) for mean in (60, 30, 20, 12, 8)},
    **{f"light {mean}, bright behind": against(mean) for mean in (60, 30, 20, 12)},
    **{
        f"{share:.0%} beyond {edge}": cut_off(share, edge)
        for edge in ("left", "top", "bottom")
        for share in (0.15, 0.35, 0.5)
    },
    **{f"turned by {degrees}": turn(degrees) for degrees in (90, 180, 270)},
}


@dataclass
class Row:
    pictures: int = 0
    faces: int = 0
    eyes: int = 0
    agree: int = 0
    known: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        clips = sum(self.verdicts.values())
        told = ", ".join(f"{problem} {count}" for problem, count in self.problems.most_common(4)) or "none"
        agree = f"{self.agree / self.known:.1%}" if self.known else "-"
        return (
            f"| {name} | {self.faces / self.pictures:.0%} | {self.eyes / self.pictures:.0%} | {agree} | "
            f"{self.verdicts['good']}, {self.verdicts['usable']}, {self.verdicts['not_usable']} of {clips} | {told} |"
        )


def closed(seen: Observation) -> bool | None:
    known = [eye for eye in (seen.left_eye, seen.right_eye) if eye is not None]
    return min(known) > 0.5 if known else None


def clips(names: list[str]) -> Iterator[Path]:
    for name in map(Path, names):
        yield from (
            sorted(p for p in name.iterdir() if p.suffix in {".mp4", ".mov", ".avi"}) if name.is_dir() else [name]
        )


def movements(grey: Image) -> list[tuple[float, float]]:
    """Of the likeliest face: how far its points move at a second look and from there at a third, in its heights.

    Empty where a net has doubts.
    """
    for found in finder.find(grey)[:1]:
        looks = [landmarks.locate(grey, Crop.around_box(found.box))]
        for _ in range(2):
            looks.append(landmarks.locate(grey, Crop.around_landmarks(looks[-1].points)))
        second = settings.track_score if found.score >= settings.face_score else landmarks.confidences.sure_again
        sure = looks[0].confidence >= settings.track_score and looks[1].confidence >= second
        if sure and found.score >= settings.faint_score:
            moved = [float(np.abs(after.points - before.points).mean()) for before, after in pairwise(looks)]
            return [(moved[0] / found.box.height, moved[1] / found.box.height)]
    return []


def print_turns(names: list[str]) -> None:
    """How a second and a third look tell a face that is turned."""
    looks, moved = 0, {degrees: list[tuple[float, float]]() for degrees in TURNS}
    for path in clips(names):
        try:
            for frame in frames_of(path)[:: int(FPS)]:
                looks += 1
                for degrees in TURNS:
                    moved[degrees] += movements(np.ascontiguousarray(turned(frame.image, degrees)))
        except UserError:
            continue
    print("| the picture | confirmed by both nets | second look, 5th to 95th percentile | third | counted |")
    print("| --- | --- | --- | --- | --- |")
    for degrees, values in moved.items():
        (low, low_third), (high, high_third) = np.percentile(values, [5, 95], axis=0)
        held = sum(second <= STEADY or third <= SETTLED for second, third in values) / looks
        name = f"turned by {degrees}" if degrees else "upright"
        print(
            f"| {name} | {len(values) / looks:.1%} | {low:.4f} to {high:.4f} | {low_third:.4f} to {high_third:.4f} | "
            f"{held:.1%} |"
        )
    print(f"{looks} looks")


def main() -> None:
    print_turns(sys.argv[1:])
    rows = {name: Row() for name in CHANGES}
    left_out = []
    for path in clips(sys.argv[1:]):
        try:
            frames = frames_of(path)
        except UserError as error:
            print(error, file=sys.stderr)
            continue
        perception = Perception()
        plain = [perception.observe(frame) for frame in frames]
        if sum(seen.box is not None for seen in plain) < 0.9 * len(plain):
            left_out.append(path.stem)
            continue
        boxes: list[Box] = []
        for seen in plain:
            boxes.append(seen.box or (boxes[-1] if boxes else next(s.box for s in plain if s.box)))
        for name, change in CHANGES.items():
            measure(rows[name], frames, plain, boxes, change)
    print("| change | face seen | an eye read | agree | good, usable, not usable | problems, clips |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, row in rows.items():
        print(row.line(name))
    print(f"left out, a face in less than nine tenths: {', '.join(left_out)}")


def measure(row: Row, frames: list[Frame], plain: list[Observation], boxes: list[Box], change: Change) -> None:
    random, perception, viewer = np.random.default_rng(0), Perception(), Viewer(Config())
    for frame, before, box in zip(frames, plain, boxes, strict=True):
        image = change(frame.image, box, random)
        changed = Frame(frame.t, np.ascontiguousarray(image))
        seen = perception.observe(changed)
        viewer.take(changed, seen, perception.landmarks)
        row.pictures += 1
        row.faces += seen.box is not None
        now, was = closed(seen), closed(before)
        row.eyes += now is not None
        if now is not None and was is not None:
            row.known += 1
            row.agree += now == was
    aim = viewer.aim()
    row.verdicts[aim.verdict.value] += 1
    row.problems.update(problem.value for problem in aim.problems)


if __name__ == "__main__":
    main()
