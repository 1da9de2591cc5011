"""The brightness of a camera's picture, without its colours: these are made only when somebody looks.

Takes a picture as a camera sends it (a JPEG file, packed YUYV, grey), gives its brightness and what makes its colours.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from dms.frames.frame import Image

_AS_IT_IS = cv2.IMREAD_IGNORE_ORIENTATION
"""``camera.rotate`` turns the picture, and nothing beside it."""
_STUDIO_GAIN, _STUDIO_BLACK = 255 / 219, 16
"""Brightness 16..235, as video has it, to 0..255 (ITU-R BT.601)."""

Colours = Callable[[], Image]
"""Makes a picture in BGR."""


def of_jpeg(file: Image) -> tuple[Image, Colours] | None:
    """The brightness of a JPEG file, decoded without its colours, and these.

    Args:
        file: Its bytes, uint8.

    Returns:
        None for what cannot be decoded.
    """
    grey = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE | _AS_IT_IS) if file.size else None
    return None if grey is None else (np.asarray(grey, np.uint8), partial(_jpeg_colours, file))


def of_yuyv(image: Image) -> tuple[Image, Colours]:
    """The brightness of a packed YUYV picture, (height, width, 2), and its colours."""
    return full_range(np.asarray(cv2.extractChannel(image, 0), np.uint8)), partial(_yuyv_colours, image)


def full_range(luma: Image) -> Image:
    """Brightness 16..235, as video has it, as 0..255."""
    # a quarter of the time of a look-up table, and the same for every level: a weighted sum with nothing
    scaled = cv2.addWeighted(luma, _STUDIO_GAIN, luma, 0.0, -_STUDIO_BLACK * _STUDIO_GAIN)
    return np.asarray(scaled, np.uint8)


def _jpeg_colours(file: Image) -> Image:
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR | _AS_IT_IS), np.uint8)


def _yuyv_colours(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_YUV2BGR_YUYV), np.uint8)
