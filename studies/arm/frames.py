"""Has perception see the first COUNT of the pictures in FILE.npy: frames.py FILE.npy COUNT RUNTIME.

What ``instructions.sh`` runs under qemu; ``frames.py FILE.npy COUNT`` makes the file, from the sample drive.
"""

import sys

import numpy as np

from dms.threads import one_thread_each

one_thread_each()

FIRST, FPS = 100, 20.0
"""The face is followed by then, with open eyes."""


def make(path: str, count: int) -> None:
    from dms.config import CameraSettings  # noqa: PLC0415  # reading videos takes more than seeing does
    from dms.demo import SAMPLE_DRIVE  # noqa: PLC0415
    from dms.frames.source import open_recording  # noqa: PLC0415

    images = [frame.image for frame in open_recording(SAMPLE_DRIVE, CameraSettings()).frames()]
    np.save(path, np.stack(images[FIRST : FIRST + count]))


def see(path: str, count: int, runtime: str) -> None:
    from dms.config import PerceptionSettings  # noqa: PLC0415
    from dms.frames import Frame  # noqa: PLC0415
    from dms.perception.perception import Perception  # noqa: PLC0415

    perception = Perception(PerceptionSettings(runtime=runtime))
    perception.warm_up()
    seen = [perception.observe(Frame(number / FPS, image)) for number, image in enumerate(np.load(path)[:count])]
    print(f"{sum(one.left_eye is not None for one in seen)} of {count} pictures with a known left eye")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        make(sys.argv[1], int(sys.argv[2]))
    else:
        see(sys.argv[1], int(sys.argv[2]), sys.argv[3])
