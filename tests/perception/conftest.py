from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.demo import SAMPLE_DRIVE


@pytest.fixture(scope="session")
def portrait() -> npt.NDArray[Any]:
    """(360, 480) grey: the first frame of the sample drive, one face with open eyes and a closed smile."""
    video = cv2.VideoCapture(str(SAMPLE_DRIVE))
    read, frame = video.read()
    video.release()
    assert read
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


@pytest.fixture(scope="session")
def drawn() -> npt.NDArray[Any]:
    """(480, 640) grey: a face drawn from a few shapes, the same on every machine but for the last bit of a division."""
    y, x = np.mgrid[:480, :640].astype(np.float64)
    picture = 60 + 60 * x / 640 + 20 * np.sin(y / 40)

    def ellipse(cx: float, cy: float, rx: float, ry: float, grey: float) -> None:
        picture[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = grey

    ellipse(320, 235, 95, 130, 40)
    ellipse(320, 250, 80, 105, 170)
    for side in (-1, 1):
        ellipse(320 + side * 34, 205, 22, 4, 90)
        ellipse(320 + side * 34, 225, 17, 8, 220)
        ellipse(320 + side * 34, 225, 7, 7, 40)
    ellipse(320, 262, 12, 18, 150)
    ellipse(320, 278, 14, 4, 110)
    ellipse(320, 308, 28, 14, 60)
    return np.asarray(picture.round(), np.uint8)
