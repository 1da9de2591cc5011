#!/usr/bin/env python3
"""Make the picture at the top of the README: one moment of the sample drive, as `dms replay --overlay` draws it.

python scripts/make_overlay_picture.py docs/overlay.png
"""

import sys
import tempfile
from pathlib import Path

import cv2

from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.replay.drives import find_drives
from dms.replay.replay import jobs_for, run

AT_S = 21.6


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "seen.mp4"
        labels = SAMPLE_DRIVE.with_suffix(".events.csv")
        (job,) = jobs_for(find_drives([SAMPLE_DRIVE], Path(folder)).drives, Config(), Path(folder), seen, labels=labels)
        run(job)
        capture = cv2.VideoCapture(str(seen))
        capture.set(cv2.CAP_PROP_POS_MSEC, AT_S * 1000)
        found, picture = capture.read()
        if not (found and cv2.imwrite(str(out), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])):
            sys.exit(f"{out}: cannot be written")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
