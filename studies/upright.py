#!/usr/bin/env python3
"""Measure how often a turned camera is noticed, and how often an upright face is refused.

python studies/upright.py ../shared/data/drives

Takes a folder of videos, prints a row for each way up. A moment every 1.7 s is searched for a face; each face is judged
where it was found, and once more after it was followed through three frames.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dms.config import CameraSettings, PerceptionSettings
from dms.frames import Image
from dms.frames.source import open_recording
from dms.models import find_model
from dms.perception.face import FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet, Landmarks
from dms.perception.pose import head_pose
from dms.perception.search import FaceSearch
from dms.perception.upright import UprightJudge
from dms.perception.view import as_grey

EVERY_S = 1.7
VIDEOS = frozenset({".mp4", ".mov", ".avi"})


def moments(drive: Path) -> Iterator[Image]:
    """A grey picture every so often, the first after half that time."""
    next_t = EVERY_S / 2
    for frame in open_recording(drive, CameraSettings()).frames():
        if frame.t >= next_t:
            next_t += EVERY_S
            yield as_grey(frame.image)


def main(folder: Path) -> None:
    net = LandmarkNet(find_model("landmarks"))
    search = FaceSearch(
        FaceDetector(find_model("face")).find, net.locate, PerceptionSettings(), net.confidences.sure_again
    )

    def refused(picture: Image, face: Landmarks) -> bool:
        return not UprightJudge(net.locate, net.confidences).judge(picture, 0.0, face, head_pose(face.points), new=True)

    counts = {quarter: Counter[str]() for quarter in range(4)}
    for drive in sorted(path for path in folder.iterdir() if path.suffix in VIDEOS):
        for picture in moments(drive):
            for quarter, count in counts.items():
                turned = np.ascontiguousarray(np.rot90(picture, quarter))
                count["moments"] += 1
                face = search.search(turned, None).landmarks
                if face is None:
                    continue
                count.update(found=1, found_refused=refused(turned, face))
                for _ in range(3):
                    face = net.locate(turned, Crop.around_landmarks(face.points))
                if search.confirms(face):
                    count.update(followed=1, followed_refused=refused(turned, face))
    for quarter, count in counts.items():
        print(f"{90 * quarter:4} degrees: " + ", ".join(f"{name} {number}" for name, number in count.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
