"""Turns a camera's picture the way people look at it."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.frames.frame import Frame, Image

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def upright_frame(t: float, image: Image, colours: Callable[[], Image] | None, settings: CameraSettings) -> Frame:
    """A frame as the configuration says, of a picture and what makes its colours, None where it has all of them."""
    if settings.rotate or settings.mirror:
        turned = None if colours is None else partial(_turned, colours, settings)
        return Frame(t, upright(image, settings), turned)
    return Frame(t, image, colours)


def _turned(colours: Callable[[], Image], settings: CameraSettings) -> Image:
    return upright(colours(), settings)


def upright(image: Image, settings: CameraSettings) -> Image:
    """Rotate and un-mirror a picture as the configuration says."""
    if settings.rotate:
        image = np.asarray(cv2.rotate(image, _ROTATIONS[settings.rotate]), np.uint8)
    return np.ascontiguousarray(image[:, ::-1]) if settings.mirror else image
