"""Whether a picture can be judged at all: too dark, or a lens that sees nothing.

Takes a grey picture, gives a ``View``. Never looks for a face.
"""

import cv2
import numpy as np

from dms.config import PerceptionSettings
from dms.frames import Image
from dms.observation import View

_THUMBNAIL = (80, 60)
_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}


def as_grey(image: Image) -> Image:
    """The (height, width) grey picture that all of perception works on, from grey, BGR or BGRA."""
    if image.ndim == 2:
        return image
    if image.shape[2] == 1:
        return image[..., 0]
    return np.asarray(cv2.cvtColor(image, _TO_GREY[image.shape[2]]), np.uint8)


def view_of(grey: Image, settings: PerceptionSettings) -> View:
    """Judge a picture by its light and its detail on a thumbnail of 80x60, so that sensor noise averages out.

    Args:
        grey: (height, width) uint8.
        settings: Holds both limits.

    Returns:
        ``DARK`` below the limit of mean brightness, ``COVERED`` when neighbouring pixels hardly differ, else ``CLEAR``.
    """
    thumbnail = cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
    if thumbnail.mean() < settings.dark_level:
        return View.DARK
    detail = (np.abs(np.diff(thumbnail, axis=0)).mean() + np.abs(np.diff(thumbnail, axis=1)).mean()) / 2
    return View.COVERED if detail < settings.covered_detail else View.CLEAR
