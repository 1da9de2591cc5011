#!/usr/bin/env python3
"""How small, how dark and how flat an eye may be before the shipped model fails: the curves behind its limits.

usage: eye_limits.py FOLDER [--model FILE.tflite]

FOLDER holds closed/ and open/ with the eye about three quarters of the patch wide, as in CEW. Nothing is refused for
its size or light here, so that the curve shows what a limit spares.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from dms.datasets.layouts import EyePatches, read_eyes
from dms.evaluate.eyes import resize
from dms.models import ModelFile, find_model
from dms.perception.eyes import EyeNet, Picture, light

EYE_SHARE = 0.75


def shrunk(width: int) -> Callable[[Picture], Picture]:
    """Seen so small that the eye is ``width`` pixels wide."""
    side = round(width / EYE_SHARE)
    return lambda patch: resize(np.asarray(cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA), np.uint8))


def darkened(share: float, rng: np.random.Generator) -> Callable[[Picture], Picture]:
    """Seen with a share of the light, by a sensor with a noise of two grey levels."""

    def apply(patch: Picture) -> Picture:
        small = resize(patch).astype(float)
        return (small * share + rng.normal(1, 2, small.shape)).clip(0, 255).astype(np.uint8)

    return apply


def measure(name: str, change: Callable[[Picture], Picture], eyes: EyePatches, net: EyeNet) -> None:
    """Print one point of a curve."""
    patches = [change(image) for image in eyes.images]
    probabilities = np.array([net.probabilities(patch) for patch in patches])
    right = (probabilities[:, 1] > probabilities[:, 0]) == eyes.closed
    mean, deviation = np.mean([light(patch) for patch in patches], axis=0)
    unknown = (probabilities[:, 2] > net.max_unusable).mean()
    print(f"{name:>16} {mean:>8.1f} {deviation:>10.1f} {right.mean():>8.1%} {unknown:>9.1%}")


def main(folder: Path, model: ModelFile) -> None:
    eyes, net, rng = read_eyes(folder), EyeNet(model), np.random.default_rng(0)
    print(f"{'':>16} {'mean':>8} {'deviation':>10} {'right':>8} {'unusable':>9}")
    for width in (3, 4, 5, 6, 7, 8, 10, 12, 14, 18):
        measure(f"{width} px wide", shrunk(width), eyes, net)
    for share in (0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.5):
        measure(f"{share:.0%} light", darkened(share, rng), eyes, net)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    path = Path(sys.argv[3]) if len(sys.argv) == 4 else None
    main(Path(sys.argv[1]), find_model(path.stem, path.parent) if path else find_model("eyes"))
