#!/bin/sh
# PyAV: asking a decoded frame for its side_data ties the frame and the container of its side data into a reference
# circle. The frame's picture is then not freed with its last name, as it is otherwise, but only when Python's collector of
# cycles comes by: a reader that looks for a turned picture in every frame holds hundreds of frames.
#
#   sh findings/pyav_side_data.sh      needs python3 with venv and a network for pip
#
# Prints the version and what was seen. Exit code 1 when it is no longer so, 2 when it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'av==18.1.0' || exit 2
"$work/venv/bin/python" - <<'PYTHON'
import gc
import sys

import av



left = {}
gc.disable()
for asked in (False, True):
    gc.collect()
    frames = (av.VideoFrame(64, 48, "yuv420p") for _ in range(100))
    for frame in frames:
        if asked:
            frame.side_data.get("DISPLAYMATRIX")
    del frame
    left[asked] = gc.collect()
print("PyAV", av.__version__)
print(f"objects in circles after 100 frames: {left[False]}, with side_data asked for: {left[True]}")
sys.exit(not (left[False] < 10 and left[True] >= 100))
PYTHON
