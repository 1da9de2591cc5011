#!/usr/bin/env python3
"""Write eye patches from an .npz file as a folder with closed/ and open/, the layout of `dms train eyes`.

usage: export_eye_folders.py PATCHES.npz OUT_DIR

The .npz holds ``images`` (N, height, width) uint8, ``closed`` (N,) bool, and ``person`` or ``subject`` (N,) names. A
file is called PERSON-NUMBER.png, so that training can split by person.
"""

import sys
from pathlib import Path

import cv2
import numpy as np


def main(patches: str, out_dir: str) -> None:
    data = np.load(patches)
    people = data["person" if "person" in data.files else "subject"]
    for name in ("closed", "open"):
        Path(out_dir, name).mkdir(parents=True, exist_ok=True)
    for number, (image, closed, person) in enumerate(zip(data["images"], data["closed"], people, strict=True)):
        # the separators end the person's name in the layout
        group = str(person).replace("_", ".").replace("-", ".")
        cv2.imwrite(str(Path(out_dir, "closed" if closed else "open", f"{group}-{number:05d}.png")), image)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
