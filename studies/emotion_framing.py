#!/usr/bin/env python3
"""What the framing of the face does to the emotions of in-car frames and clips, for the model that ships.

usage: emotion_framing.py FRAMES [CLIPS]

FRAMES is in the layout of `dms evaluate mouth` (pictures and labels.csv with `yawn`), CLIPS a folder of recorded
drives, some with NAME.events.csv. There are no labels of expression, so that the table holds what should be so anyway:

    neutral    share of frames without a yawn whose likeliest class is neutral: people who drive about a car park
    calm       share of those frames with less than 0.5 of anger
    yawn calm  share of yawning frames with less than 0.5 of anger
    stable     share of every fourth frame's likeliest classes that stay under four small changes of the points
    sad, happy share of labelled time in the clips whose likeliest class it is
    clip calm  share of all time in the clips with less than 0.5 of anger
    mean       of the columns before it
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.config import CameraSettings, PerceptionSettings
from dms.datasets.layouts import read_frames
from dms.datasets.pictures import read_grey
from dms.frames import Frame
from dms.frames.source import open_recording
from dms.models import find_model
from dms.perception.emotion import FRAMING, EmotionNet, Framing, face_patch
from dms.perception.perception import Perception
from dms.perception.view import as_grey
from dms.replay.label_files import read_labels

Face = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]

FRAMINGS = [Framing(line, length) for length in (0.29, 0.34, 0.39, 0.44) for line in (0.36, 0.40)]
CLIP_HZ = 5.0
NEUTRAL, HAPPINESS, SADNESS, ANGER = 0, 1, 3, 4
LABELS = {"sad": SADNESS, "happy": HAPPINESS}


def frame_faces(folder: Path) -> Iterator[tuple[Face, bool]]:
    """Every frame's face, and whether it yawns. Each picture is shown twice: found, then followed."""
    for frame in read_frames(folder):
        perception, grey = Perception(PerceptionSettings()), read_grey(frame.file)
        for t in (0.0, 0.1):
            perception.observe(Frame(t, grey))
        if perception.landmarks is not None:
            yield (grey, perception.landmarks), bool(frame.yawn)


def clip_faces(folder: Path) -> Iterator[tuple[Face, int | None]]:
    """Faces at ``CLIP_HZ``, and the class that they are labelled with, if any."""
    for clip in sorted(file for file in folder.iterdir() if file.suffix in {".mp4", ".mov"}):
        perception, due = Perception(PerceptionSettings()), 0.0
        table = clip.with_suffix(".events.csv")
        labels = [label for label in read_labels(table) if label.event in LABELS] if table.is_file() else []
        for frame in open_recording(clip, CameraSettings()).frames():
            perception.observe(frame)
            if perception.landmarks is not None and frame.t >= due:
                due = frame.t + 1 / CLIP_HZ
                now = [LABELS[label.event] for label in labels if label.start_s <= frame.t <= label.end_s]
                yield (as_grey(frame.image), perception.landmarks), now[0] if now else None


def changed(points: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
    """The points as a net may give them on the next frame: 6 % larger or smaller, 5 degrees turned, 3 % lower."""
    middle, side = points.mean(0), float(np.ptp(points[:, 1]))
    cos, sin = np.cos(np.radians(5)), np.sin(np.radians(5))
    yield (points - middle) * np.float32(1.06) + middle
    yield (points - middle) / np.float32(1.06) + middle
    yield ((points - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle).astype(np.float32)
    yield points + np.array([0, 0.03 * side], np.float32)


def answers(net: EmotionNet, faces: list[Face], framing: Framing) -> npt.NDArray[np.float32]:
    """FER+ probabilities, (N, 8); all 0 for a face too small to judge, which then has no likeliest class."""
    patches = [face_patch(grey, points, framing) for grey, points in faces]
    return np.array([np.zeros(8) if patch is None else net.heads(patch)[1] for patch in patches], np.float32)


def main(frames: Path, clips: Path | None) -> None:
    net = EmotionNet(find_model("emotion"))
    seen = list(frame_faces(frames))
    filmed = list(clip_faces(clips)) if clips is not None else []
    faces, yawns = [face for face, _ in seen], np.array([yawn for _, yawn in seen])
    moving, labels = [face for face, _ in filmed], np.array([-1 if label is None else label for _, label in filmed])
    print(f"{len(faces)} frames, {yawns.sum()} of them yawns, and {len(moving)} moments of clips")
    columns = ["neutral", "calm", "yawn calm", "stable"] + (["sad", "happy", "clip calm"] if filmed else []) + ["mean"]
    print(f"{'eyes at':>8} {'to mouth':>9} " + " ".join(f"{name:>9}" for name in columns))
    for framing in FRAMINGS:
        found = answers(net, faces, framing)
        top, calm = found.argmax(1), found[:, ANGER] < 0.5
        shaken = answers(net, [(grey, moved) for grey, points in faces[::4] for moved in changed(points)], framing)
        values = [
            (top == NEUTRAL)[~yawns].mean(),
            calm[~yawns].mean(),
            calm[yawns].mean(),
            (shaken.argmax(1).reshape(-1, 4) == top[::4, None]).mean(),
        ]
        if filmed:
            film = answers(net, moving, framing)
            values += [(film.argmax(1) == label)[labels == label].mean() for label in LABELS.values()]
            values.append((film[:, ANGER] < 0.5).mean())
        row = " ".join(f"{value:>9.1%}" for value in [*values, np.mean(values)])
        print(f"{framing.eye_line:>8.2f} {framing.eyes_to_mouth:>9.2f} {row}{' shipped' if framing == FRAMING else ''}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None)
