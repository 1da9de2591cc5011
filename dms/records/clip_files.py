"""Writes clips: ``000007.avi`` (Motion JPEG) and ``000007.json``, the alert and the time of each picture.

Takes compressed pictures and the alert that they surround, gives the video's path. Keeps the limits on number and
size; whoever calls it has the time.
"""

import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dms.alerts.messages import AlertMessage
from dms.config import RecordSettings
from dms.records.folder import check_free, make_room, private_folder

JPEG_QUALITY = 80
STOPPED = "the daemon stopped meanwhile"
"""Why a clip was given up."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A compressed picture and its time on the frames' clock."""

    t: float
    jpeg: bytes


class ClipFiles:
    """Writes clips into one folder.

    Args:
        folder: Where they are; made when absent.
        settings: The ``[records]`` table.
        hurry: Set when a clip that is not whole yet is to be given up.
    """

    def __init__(self, folder: Path, settings: RecordSettings, hurry: threading.Event) -> None:
        self._folder = folder
        self._settings = settings
        self._hurry = hurry

    def write(self, pictures: Sequence[Picture], t: float, message: AlertMessage) -> Path:
        """Write one clip; returns its video.

        Args:
            pictures: Around the alert, in order of time.
            t: When the alert started, on the frames' clock.
            message: The alert.

        Raises:
            OSError: There are no pictures, the disk does not take them, or there is no time left.
        """
        s = self._settings
        if not pictures:
            raise OSError("there were no pictures around the alert")
        private_folder(self._folder)
        clips = self._clips()
        number = int(clips[-1].stem) + 1 if clips else 1
        expected = sum(len(picture.jpeg) for picture in pictures) * 1.5
        check_free(self._folder, expected)
        for clip in clips[: max(0, len(clips) + 1 - s.clips)]:
            clip.unlink()
        make_room(self._clips(), s.clips_mb * 1e6 - expected)
        path = self._folder / f"{number:06d}.avi"
        partial = path.with_name(f"{path.stem}.partial.avi")
        try:
            with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600)):
                pass  # OpenCV would make it readable for everybody
            written = self._write_video(partial, pictures)
            about: dict[str, Any] = {
                "upright": True,
                "alert": message.model_dump(mode="json"),
                "t": [round(picture.t - t, 3) for picture in written],
            }
            beside = path.with_suffix(".json")
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                json.dump(about, file)
            self._check_time()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
            self._tidy()
        return path

    def _write_video(self, path: Path, pictures: Sequence[Picture]) -> list[Picture]:
        """Write pictures at their mean rate; returns those that are in it, which are all of the first one's size.

        Raises:
            OSError: OpenCV did not write them, without saying why; or there is no time left.
        """
        span_s = pictures[-1].t - pictures[0].t
        # OpenCV writes none below one a second; the file beside has the times
        rate = max(1.0, (len(pictures) - 1) / span_s) if span_s > 0 else 1.0
        first = _decoded(pictures[0])
        size = (first.shape[1], first.shape[0])
        writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        writer.set(cv2.VIDEOWRITER_PROP_QUALITY, JPEG_QUALITY)
        written: list[Picture] = []
        try:
            for picture in pictures:
                self._check_time()
                image = _decoded(picture)
                if image.shape == first.shape:
                    writer.write(image)
                    written.append(picture)
        finally:
            writer.release()
        if path.stat().st_size < len(written) * 100:
            raise OSError("the video could not be written")
        return written

    def _check_time(self) -> None:
        if self._hurry.is_set():
            raise OSError(STOPPED)

    def _clips(self) -> list[Path]:
        """Return the clips from the oldest on."""
        return sorted((clip for clip in self._folder.glob("*.avi") if clip.stem.isdigit()), key=lambda c: int(c.stem))

    def _tidy(self) -> None:
        """Remove what belongs to no clip: the rest of one that was removed, or cut off by a power cut."""
        whole = {clip.stem for clip in self._clips()}
        for file in self._folder.iterdir():
            if file.stem not in whole and file.suffix in (".json", ".avi"):
                with suppress(OSError):
                    file.unlink()


def _decoded(picture: Picture) -> cv2.typing.MatLike:
    return cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
