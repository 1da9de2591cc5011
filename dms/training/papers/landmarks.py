"""Landmarks of FER2013's faces as features, for ``svm``.

Takes 48x48 faces, gives for each the 68 points that the shipped landmark model sees, freed of place, size and tilt.
Runs as a process of its own where PyTorch is loaded, because the TFLite runtime cannot be loaded beside it.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.models import load_verified
from dms.perception.landmarks import Crop, LandmarkNet, rotation
from dms.training.apart import run_apart

Features = npt.NDArray[np.float32]

FIRST_CROP = 1.15
"""Side of the crop in which a face is first looked for, over the picture's: FER2013's faces fill their pictures."""


def features(faces: Sequence[npt.NDArray[np.uint8]]) -> Features:
    """Features of faces, (N, 136): x and y of each point, centred, upright, with a mean distance of 1 to the centre.

    Args:
        faces: (48, 48) uint8 each, or any other size.
    """
    net = LandmarkNet(load_verified("landmarks", None))
    return np.stack([_features(net, face) for face in faces])


def features_apart(faces: npt.NDArray[np.uint8]) -> Features:
    """Return the same, worked out in another process.

    Raises:
        WorldError: That process failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "faces.npy"), Path(folder, "features.npy")
        np.save(given, faces)
        run_apart("dms.training.papers.landmarks", given, made, failed="finding landmarks failed")
        found: Features = np.load(made)
    return found


def _features(net: LandmarkNet, face: npt.NDArray[np.uint8]) -> Features:
    height, width = face.shape
    crop = Crop((width - 1) / 2, (height - 1) / 2, FIRST_CROP * max(height, width))
    # once more around what was found, as the daemon follows a face
    points = net.locate(face, Crop.around_landmarks(net.locate(face, crop).points)).points
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    roll = float(np.degrees(np.arctan2(*(left - right)[::-1])))
    upright = (points - points.mean(0)) @ rotation(-roll).T
    size = max(float(np.linalg.norm(upright, axis=1).mean()), 1e-6)
    return np.asarray(upright / size, np.float32).reshape(-1)


if __name__ == "__main__":
    np.save(sys.argv[2], features(np.load(sys.argv[1])))
