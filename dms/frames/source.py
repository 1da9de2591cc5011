"""Sources of frames that have an end: recorded drives and folders of images; and the door to all sources."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames.frame import Frame, Image

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class Source(Protocol):
    """Something that gives frames in order of time."""

    @property
    def name(self) -> str:
        """What a person calls it: the file's name or the camera."""
        ...

    @property
    def live(self) -> bool:
        """True when frames come at their own pace and are gone when not taken."""
        ...

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, None when there is no end or it is unknown."""
        ...

    def frames(self) -> Generator[Frame, None, None]:
        """Give the frames, once.

        Raises:
            UserError: A recording holds no frame that can be decoded.
            CameraError: A camera cannot be opened, or stopped giving frames that can be used.
        """
        ...


class RecordedDrive:
    """A video file, played by its presentation times (never by frame counts: phones record at a variable rate).

    Args:
        path: The file.

    Raises:
        UserError: The file is missing, empty or no video.
    """

    live = False

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty")
        self._path = path
        capture = self._open()
        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        self.name = path.name
        self.duration_s = count / rate if rate > 0 and count > 0 else None

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise UserError(f"{self._path}: not a video that can be decoded (truncated, or another format?)")
        return capture

    def frames(self) -> Generator[Frame, None, None]:
        """Give the frames in order of presentation time; frames whose time does not advance are left out."""
        capture = self._open()
        last = -np.inf
        try:
            while True:
                ok, image = capture.read()
                if not ok:
                    break
                # OpenCV gives the first frame of some files a time just below zero
                t = max(0.0, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0)
                if t > last:
                    last = t
                    yield Frame(round(t, 6), np.asarray(image, np.uint8))
        finally:
            capture.release()
        if last == -np.inf:
            raise UserError(f"{self._path}: the video holds no frame that can be decoded")


class ImageFolder:
    """A folder of images in natural order of their names (``2.jpg`` before ``10.jpg``), played at a fixed rate.

    Args:
        path: The folder.
        fps: Frames per second at which the images were taken.

    Raises:
        UserError: The folder holds no images.
    """

    live = False

    def __init__(self, path: Path, fps: float) -> None:
        files = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
        if not files:
            raise UserError(f"{path}: no images in this folder ({', '.join(sorted(IMAGE_SUFFIXES))})")
        self._files = sorted(files, key=_natural)
        self._fps = fps
        self.name = path.name
        self.duration_s: float | None = len(files) / fps

    def frames(self) -> Generator[Frame, None, None]:
        """Give the images; one that cannot be decoded is an error that names it."""
        for index, file in enumerate(self._files):
            yield Frame(round(index / self._fps, 6), read_image(file))


def read_image(path: Path) -> Image:
    """Read a picture as BGR.

    Raises:
        UserError: The file is no picture.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise UserError(f"{path}: not a picture that can be decoded")
    return np.asarray(image, np.uint8)


def open_recording(path: Path, settings: CameraSettings) -> Source:
    """Open a recorded drive or a folder of images.

    Raises:
        UserError: There is no such file or folder, or it cannot be used.
    """
    return ImageFolder(path, settings.fps) if path.is_dir() else RecordedDrive(path)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]
