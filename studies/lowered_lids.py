#!/usr/bin/env python3
"""Cut the patches that teach lids lowered to look down from shut ones, a folder for `dms train lids`.

usage: lowered_lids.py DATA OUT

DATA is the folder of the reference data, OUT gets ``closed/`` and ``down/`` with PERSON-NUMBER.png. What the lids do
was judged by eye, face by face: of pictures that the eye net calls closed, in ``lowered_lids.csv`` beside this script
(item, and of a clip from when to when). Labels of the clips say the rest: ``look_down`` and ``eyes_closed``, a tenth of
a second left out at both ends. A clip is a person, but all clips whose name begins with ``student`` are one, and so are
two others (``SAME``).
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from news_photographs import AROUND, enlarged, photographs

from dms.config import CameraSettings
from dms.datasets.layouts import read_landmarks
from dms.datasets.pictures import read_grey
from dms.frames.source import open_recording
from dms.models import find_model
from dms.observation import Box
from dms.perception import Perception
from dms.perception.eyes import Picture, Side, eye_patch
from dms.perception.landmarks import Crop, LandmarkNet
from dms.perception.view import as_grey
from dms.replay.label_files import read_labels

TABLES = (
    "landmarks/landmarks68_helen_afw.csv",
    "landmarks/landmarks68_youtube_faces.csv",
    "cabin_yawn/landmarks68_pseudo.csv",
)
MOST_OF_A_CLIP = 400
"""Frames of one clip and state at most."""
SAME = {"webcam_proctor_d": "webcam_proctor_e"}
"""Clips that show the person of another."""
Row = tuple[float, float, str]
Points = npt.NDArray[np.float32]


class Folder:
    """Writes patches, a right eye mirrored to look like a left one."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._number = 0
        for state in ("closed", "down"):
            (out / state).mkdir(parents=True, exist_ok=True)

    def put(self, grey: Picture, points: Points, state: str, person: str) -> None:
        """Write both eyes of a face."""
        for side in Side:
            patch = eye_patch(grey, points, side)
            if patch is not None:
                self._number += 1
                name = f"{person.replace('_', '.').replace('-', '.')}-{self._number:05d}.png"
                cv2.imwrite(str(self._out / state / name), patch if side is Side.LEFT else patch[:, ::-1])


def judged() -> dict[str, list[Row]]:
    """What the table beside this script says of each item."""
    found: dict[str, list[Row]] = defaultdict(list)
    with Path(__file__).with_suffix(".csv").open() as file:
        for row in csv.DictReader(file):
            found[row["item"]].append((float(row["start_s"] or 0), float(row["end_s"] or 0), row["lids"]))
    return found


def person_of_clip(drive: Path) -> str:
    """The person of a clip, as the names of the patches say it."""
    name = "student" if drive.stem.startswith("student") else SAME.get(drive.stem, drive.stem)
    return name.replace("_", ".")


def person_of(file: Path) -> str:
    """The person of a picture: YouTube Faces has several of one."""
    return re.sub(r"_\d+_t[er]$", "", file.stem)


def stills(data: Path, lids: dict[str, list[Row]], folder: Folder) -> None:
    """Faces of the landmark tables, by the table's points and, closed or lowered, by the landmark net's."""
    landmarks = LandmarkNet(find_model("landmarks"))
    for table in TABLES:
        faces = read_landmarks(data / table)
        for file, points in zip(faces.files, faces.points, strict=True):
            if file.name in lids:
                grey, state, person = read_grey(file), lids[file.name][0][2], person_of(file)
                folder.put(grey, points, state, person)
                for found in looked_at(landmarks, grey, Crop.around_landmarks(points)):
                    folder.put(grey, found, state, person)


def looked_at(net: LandmarkNet, grey: Picture, crop: Crop) -> Iterator[Points]:
    """The points of a face at the first look and the second."""
    for _ in range(2):
        found = net.locate(grey, crop)
        if found.confidence < 0.5:
            return
        yield found.points
        crop = Crop.around_landmarks(found.points)


def cew_faces(file: Path, lids: dict[str, list[Row]], folder: Folder) -> None:
    """Faces of CEW with closed eyes, with a margin for the landmark net."""
    faces, landmarks = np.load(file), LandmarkNet(find_model("landmarks"))
    for face, number in zip(faces["images"], faces["person"], strict=True):
        person = f"cew{number}"
        if person in lids:
            grey = cv2.copyMakeBorder(face, 56, 56, 56, 56, cv2.BORDER_REPLICATE)
            *_, points = looked_at(landmarks, grey, Crop.around_box(Box(62, 56, 100, 112)))
            folder.put(grey, points, lids[person][0][2], person)


def news(file: Path, lids: dict[str, list[Row]], folder: Folder) -> None:
    """News photographs of expressions, of which many speak or weep with their lids down."""
    for number, each in enumerate(photographs(file)):
        item = f"news{number}"
        if item in lids:
            folder.put(each.grey, each.points, lids[item][0][2], f"news.{each.person}")


def small_faces(file: Path, lids: dict[str, list[Row]], folder: Folder) -> None:
    """FER2013's training part, by the row of the published table; faces of 48 pixels, as far off in a cabin."""
    landmarks = LandmarkNet(find_model("landmarks"))
    with np.load(file) as data:
        for face, row in zip(data["train_images"], data["train_row"], strict=True):
            item = f"fer2013.{row}"
            if item in lids:
                grey = enlarged(face)
                *_, points = looked_at(landmarks, grey, AROUND)
                folder.put(grey, points, lids[item][0][2], item)


def infrared(file: Path, out: Path) -> None:
    """Closed eyes of MRL, which come as patches."""
    with np.load(file) as mrl:
        images, shut, people = mrl["images"], mrl["closed"], mrl["subject"]
    for number in np.flatnonzero(shut):
        cv2.imwrite(
            str(out / "closed" / f"mrl.{str(people[number]).replace('_', '.')}-{number:05d}.png"), images[number]
        )


def clip(drive: Path, rows: list[Row], folder: Folder) -> None:
    """Frames of one clip."""
    perception = Perception()
    frames: dict[str, list[tuple[Picture, Points]]] = defaultdict(list)
    for frame in open_recording(drive, CameraSettings()).frames():
        seen, points = perception.observe(frame), perception.landmarks
        if points is None or seen.left_eye is None or seen.right_eye is None:
            continue
        states = [state for start_s, end_s, state in rows if start_s + 0.1 <= seen.t <= end_s - 0.1]
        for state in states[:1]:
            frames[state].append((as_grey(frame.image), points.copy()))
    person = person_of_clip(drive)
    for state, found in frames.items():
        for grey, points in found[:: max(1, len(found) // MOST_OF_A_CLIP)]:
            folder.put(grey, points, state, person)


def main(data: Path, out: Path) -> None:
    lids, folder = judged(), Folder(out)
    stills(data, lids, folder)
    cew_faces(data / "eyes" / "cew_closed_faces_112.npz", lids, folder)
    infrared(data / "eyes" / "mrl_infrared.npz", out)
    news(data / "expressions" / "faces64.npz", lids, folder)
    small_faces(data / "fer2013" / "fer2013_train_valid.npz", lids, folder)
    clips(data / "drives", lids, folder)


def labelled(drive: Path, lids: dict[str, list[Row]]) -> list[Row]:
    """When the lids of a clip are down, and how: what was judged here, and the clip's labels."""
    states = {"look_down": "down", "eyes_closed": "closed"}
    rows, table = list(lids.get(drive.stem, ())), drive.with_suffix(".events.csv")
    if table.is_file():
        rows += [(one.start_s, one.end_s, states[one.event]) for one in read_labels(table) if one.event in states]
    return sorted(rows)


def clips(drives: Path, lids: dict[str, list[Row]], folder: Folder) -> None:
    """Frames of the clips in which the lids are down at some time."""
    for drive in sorted(path for path in drives.iterdir() if path.suffix in {".mp4", ".mov"}):
        rows = labelled(drive, lids)
        if rows:
            clip(drive, rows, folder)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
