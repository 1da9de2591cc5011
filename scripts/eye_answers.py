#!/usr/bin/env python3
"""What the daemon says of the eyes in single in-car pictures: how often unknown, closed or open.

usage: eye_answers.py FOLDER [HIDDEN.csv]

FOLDER is in the layout of `dms evaluate mouth` (pictures and labels.csv). HIDDEN.csv has a column `file` with the
pictures whose eyes nobody can see, such as those of drivers in sunglasses; they are counted apart. Each picture is
shown to a fresh Perception twice, as a face that was found and then followed. "Closed" and "open" are its answers, not
labels: what is right is that hidden eyes are unknown and that others are not.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from dms.config import PerceptionSettings
from dms.datasets.layouts import read_frames, read_grey
from dms.frames import Frame
from dms.observation import Observation
from dms.perception.perception import Perception

FRAME_S = 0.1


def answer(seen: Observation) -> str:
    """Closed when every eye that is known is."""
    if not seen.face:
        return "no face"
    eyes = [eye for eye in (seen.left_eye, seen.right_eye) if eye is not None]
    if not eyes:
        return "unknown"
    return "closed" if min(eyes) > 0.5 else "open"


def look(file: Path) -> str:
    """The answer for one picture."""
    perception, picture = Perception(PerceptionSettings()), read_grey(file)
    perception.observe(Frame(0.0, picture))
    return answer(perception.observe(Frame(FRAME_S, picture)))


def main(folder: Path, hidden: Path | None) -> None:
    names: set[str] = set()
    if hidden is not None:
        with hidden.open(newline="") as file:
            names = {row["file"] for row in csv.DictReader(file)}
    counts: dict[str, Counter[str]] = {"hidden": Counter(), "others": Counter()}
    for frame in read_frames(folder):
        counts["hidden" if frame.file.name in names else "others"][look(frame.file)] += 1
    for what, answers in counts.items():
        total = answers.total()
        shares = ", ".join(f"{name} {n} ({n / total:.1%})" for name, n in answers.most_common())
        print(f"{what}: {total} pictures: {shares}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None)
