import cv2
import numpy as np
import pytest

from dms.demo import SAMPLE_DRIVE


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """(360, 480) grey: the first frame of the sample drive, one face with open eyes and a closed smile."""
    video = cv2.VideoCapture(str(SAMPLE_DRIVE))
    read, frame = video.read()
    video.release()
    assert read
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
