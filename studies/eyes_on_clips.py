#!/usr/bin/env python3
"""Say how well eye nets part shut eyes from open ones in labelled clips, whatever limit is set on their answers.

usage: eyes_on_clips.py DRIVES FILE.tflite...

Each FILE has its card beside it. A frame counts where the labels of DRIVES, or `lowered_lids.csv` beside this script,
say that the eyes are open or shut; blinks, lids that look down and 0.15 s around each change are left out. A frame's
answer is that of the more open eye, as the driver room takes it. Most clips have no labels of blinks: what the first
FILE calls closed of the open frames is left out for all. A net is the better the more of the shut frames lie above a
level that only so many of the open ones reach: the last columns say which share does. Clips with shut eyes of which
the first FILE is not sure have lines of their own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from lowered_lids import judged, labelled

from dms.config import CameraSettings
from dms.frames.source import open_recording
from dms.models import find_model
from dms.perception import Perception
from dms.perception.eyes import EyeNet, Picture, Side, eye_patch
from dms.perception.pose import far_eye, head_pose, turned_to_camera
from dms.perception.view import as_grey
from dms.replay.label_files import read_labels

EDGE_S = 0.15
CLOSED = 0.6
"""What the driver room takes as closed (`eyes.closed_limit`)."""
REACHED = (0.03, 0.01, 0.005)
"""Shares of the open frames that reach the level."""
UNSURE = 0.98
"""A clip has a line of its own when fewer of its shut frames stand above the strictest level."""
SILENT = {"blink", "lids_down_uncertain", "face_away", "face_missing"}
FloatArray = npt.NDArray[np.float64]


class Eyes(NamedTuple):
    """Both eyes of one frame."""

    clip: str
    shut: bool
    left: Picture | None
    right: Picture | None
    far: Side | None


def state(t: float, spans: list[tuple[float, float, str]]) -> bool | None:
    """Whether the eyes are shut at a time; None where the labels do not say."""
    near = [(start_s <= t <= end_s, what) for start_s, end_s, what in spans if start_s - EDGE_S <= t <= end_s + EDGE_S]
    if (True, "closed") in near:
        return True
    return None if near else False


def frames(drive: Path) -> Iterator[Eyes]:
    """The frames of a clip that count."""
    lids, table = judged(), drive.with_suffix(".events.csv")
    if not table.is_file():
        return
    spans = [(one.start_s, one.end_s, one.event) for one in read_labels(table) if one.event in SILENT]
    spans += labelled(drive, lids)
    perception = Perception()
    for frame in open_recording(drive, CameraSettings()).frames():
        seen, points, shut = perception.observe(frame), perception.landmarks, state(frame.t, spans)
        if points is None or not seen.upright or shut is None:
            continue
        pose, grey = head_pose(points), as_grey(frame.image)
        if turned_to_camera(pose):
            left, right = (eye_patch(grey, points, side) for side in (Side.LEFT, Side.RIGHT))
            yield Eyes(drive.stem, shut, left, right, far_eye(pose))


def answers(file: Path, eyes: list[Eyes]) -> FloatArray:
    """What a net says of each frame: closed probability of the more open eye, NaN unknown."""
    net = EyeNet(find_model(file.stem, file.parent))
    said = []
    for one in eyes:
        both = net.look(one.left, one.right, one.far)
        said.append(min((closed for closed in both[:2] if closed is not None), default=np.nan))
    return np.array(said)


def line(name: str, said: FloatArray, opened: npt.NDArray[np.bool_], shut: npt.NDArray[np.bool_]) -> list[float]:
    """Print a net's columns; gives the shares above the levels."""
    known = ~np.isnan(said)
    levels = [float(np.quantile(said[opened & known], 1 - share)) for share in REACHED]
    above = [float((said[shut & known] >= level).mean()) for level in levels]
    closed, wrong, unknown = (said[shut] >= CLOSED).mean(), (said[opened] >= CLOSED).mean(), (~known[opened]).mean()
    print(f"{name:<28}{shut.sum():>6}{closed:>9.1%}{wrong:>9.2%}{unknown:>9.1%}" + "".join(f"{a:>9.1%}" for a in above))
    return above


def main(drives: Path, files: list[Path]) -> None:
    videos = sorted(path for path in drives.iterdir() if path.suffix != ".csv")
    eyes = [one for drive in videos for one in frames(drive)]
    clips, shut = np.array([one.clip for one in eyes]), np.array([one.shut for one in eyes])
    said = [answers(file, eyes) for file in files]
    opened = ~shut & ~(said[0] >= CLOSED)
    print(f"{opened.sum()} open frames")
    heads = ("closed", "wrong", "unknown", *(f"at {share:.1%}" for share in REACHED))
    print(f"{'':<28}{'shut':>6}" + "".join(f"{head:>9}" for head in heads))
    for file, one in zip(files, said, strict=True):
        line(str(file)[-27:], one, opened, shut)
    for clip in np.unique(clips[shut]):
        here = shut & (clips == clip)
        level = np.nanquantile(said[0][opened], 1 - REACHED[-1])
        if (said[0][here] >= level).mean() < UNSURE:
            for one in said:
                line(clip, one, opened, here)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [Path(file) for file in sys.argv[2:]])
