#!/usr/bin/env python3
"""Measure what the limits of camera faults rest on: detail by day, at night, behind a hand; pictures that repeat.

python studies/camera_limits.py ../shared/data/drives

Takes video files or folders of them, prints a row for each. Detail is what ``perception.covered_detail`` is compared
to: the least of a clip as it is and dimmed, the greatest where the lens is covered, after two seconds of light.
"""

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from dms.config import CameraSettings, PerceptionSettings
from dms.frames import Frame, Image
from dms.frames.fault import PictureWatch
from dms.frames.recording import Recording
from dms.frames.source import open_recording
from dms.perception.view import ViewJudge, as_grey

SIZE = (640, 480)
FPS = 10.0
LENGTH_S = 8.0
SETTLED_S = 2.0
# (mean grey level or None for as it is, standard deviation of noise in grey levels, blur in pixels or None)
LIGHTS: dict[str, tuple[float | None, float, float | None]] = {
    "as it is": (None, 0.0, None),
    "40, noise 6": (40.0, 6.0, None),
    "20": (20.0, 0.0, None),
    "14, noise 10": (14.0, 10.0, None),
    "hand 100, noise 5": (100.0, 5.0, 120.0),
    "hand 100, noise 10": (100.0, 10.0, 200.0),
    "hand 30, noise 10": (30.0, 10.0, 200.0),
}
NOISE = np.random.default_rng(0).standard_normal((8, SIZE[1], SIZE[0]), dtype=np.float32)


def thinned(drive: Recording) -> Iterator[Frame]:
    """The beginning of a drive as a camera of 10 fps would have given it, grey."""
    last = -1.0
    for frame in drive.frames():
        if frame.t >= LENGTH_S:
            return
        if frame.t - last >= 0.95 / FPS:
            last = frame.t
            yield Frame(frame.t, np.asarray(cv2.resize(as_grey(frame.image), SIZE), np.uint8))


def lit(image: Image, mean: float | None, noise: float, blur: float | None, random: np.random.Generator) -> Image:
    """A picture in another light; noise differs from picture to picture, as a sensor's does."""
    picture = image.astype(np.float32)
    if blur is not None:
        small = cv2.resize(picture, (80, 60), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(cv2.GaussianBlur(small, (0, 0), blur / 8), SIZE).astype(np.float32)
    if mean is not None:
        picture *= mean / max(float(picture.mean()), 1.0)
    if noise:
        grain = NOISE[random.integers(len(NOISE))]
        picture += noise * np.roll(grain, (random.integers(SIZE[1]), random.integers(SIZE[0])), (0, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def details(frames: list[Frame], light: tuple[float | None, float, float | None]) -> list[float]:
    """Detail of each picture, once the mean has settled; those that are dark are left out."""
    judge, random = ViewJudge(PerceptionSettings()), np.random.default_rng(1)
    found = []
    dark_t = frames[0].t
    for frame in frames:
        judge.judge(lit(frame.image, *light, random), frame.t)
        if judge.detail is None:
            dark_t = frame.t
        elif frame.t - dark_t >= SETTLED_S:
            found.append(judge.detail)
    return found


def repeats(drive: Recording) -> tuple[int, int, float]:
    """Pairs of pictures, those of them that count as the same, and the least mean difference of the others."""
    watch, pairs, same, least = PictureWatch(1.0, 0.0), 0, 0, 255.0
    frames = ((frame, watch.accept(frame)) for frame in drive.frames())
    for (before, _), (after, new) in pairwise(frames):
        pairs += 1
        same += not new
        if new:
            difference = cv2.absdiff(np.ascontiguousarray(before.image[::8, ::8]), after.image[::8, ::8])
            least = min(least, float(difference.mean()))
    return pairs, same, least


def main() -> None:
    named = [Path(argument) for argument in sys.argv[1:]]
    clips = [c for p in named for c in (sorted(p.iterdir()) if p.is_dir() else [p]) if c.suffix in {".mp4", ".mov"}]
    if not clips:
        sys.exit("usage: python studies/camera_limits.py VIDEO_OR_FOLDER...")
    print("clip", *LIGHTS, "pairs", "same", "least difference", sep=" | ")
    for clip in clips:
        drive = open_recording(clip, CameraSettings())
        frames = list(thinned(drive))
        row = []
        for light in LIGHTS.values():
            found = details(frames, light)
            worst = max if light[2] is not None else min
            row.append(f"{worst(found):.4f}" if found else "dark")
        pairs, same, least = repeats(drive)
        print(clip.stem, *row, pairs, same, f"{least:.3f}", sep=" | ", flush=True)


if __name__ == "__main__":
    main()
