"""Turns a camera's picture the way people look at it."""

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.frames.frame import Image

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def upright(image: Image, settings: CameraSettings) -> Image:
    """Rotate and un-mirror a picture as the configuration says."""
    if settings.rotate:
        image = np.asarray(cv2.rotate(image, _ROTATIONS[settings.rotate]), np.uint8)
    return np.ascontiguousarray(image[:, ::-1]) if settings.mirror else image
