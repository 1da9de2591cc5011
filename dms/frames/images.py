"""Folders of pictures as recordings: the pictures in natural order of their names, at a fixed rate."""

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from dms.errors import UserError
from dms.frames.decoded import Decoded
from dms.frames.frame import Image
from dms.frames.names import IMAGE_SUFFIXES, natural


class ImageDecoder:
    """A folder of images in natural order of their names (``2.jpg`` before ``10.jpg``).

    A picture that cannot be decoded leaves a gap in its place. Hidden files (``._0001.jpg``, which macOS writes beside
    each picture on foreign disks) are no pictures and take none.

    Args:
        path: The folder.
        fps: Pictures per second at which they were taken.

    Raises:
        UserError: The folder holds no images.
    """

    timed = True
    undecodable = 0
    reached_s = 0.0

    def __init__(self, path: Path, fps: float) -> None:
        files = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
        shown = [file for file in files if not file.name.startswith(".")]
        hidden = len(files) - len(shown)
        self._files = sorted(shown, key=lambda file: natural(file.name))
        if not self._files:
            raise UserError(f"{path}: no images in this folder ({', '.join(sorted(IMAGE_SUFFIXES))})")
        self._fps = fps
        self.name = path.name
        self.rate: float | None = fps
        self.duration_s: float | None = len(self._files) / fps
        self.notes: tuple[str, ...] = (
            (f"{hidden} hidden files (._*) are no pictures and are left out",) if hidden else ()
        )

    def pictures(self) -> Generator[Decoded, None, None]:
        """Read every picture.

        Raises:
            UserError: Not one of them can be decoded.
        """
        self.undecodable = 0
        self.reached_s = len(self._files) / self._fps
        for index, file in enumerate(self._files):
            try:
                image = read_image(file)
            except UserError:
                self.undecodable += 1
                if self.undecodable == len(self._files):
                    raise
            else:
                yield Decoded(index / self._fps, image)


def read_image(path: Path) -> Image:
    """Read a picture as BGR.

    Raises:
        UserError: The file is no picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise UserError(f"{path}: not a picture that can be decoded")
    return np.asarray(image, np.uint8)
