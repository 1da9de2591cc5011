"""Keeps the pictures around the start of an alert: the only place of the program that writes any.

Takes frames and alert messages, gives ``clips/000007.avi`` (Motion JPEG) with ``000007.json`` beside it: the alert, and
the time of each picture. Pictures wait in memory as JPEG, within a bound of time and of bytes; a thread of its own
compresses and writes them. Never blocks the road: there is one slot for the newest frame, as in front of perception.
"""

import json
import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dms.alerts.messages import AlertMessage
from dms.config import RecordSettings
from dms.frames import Frame
from dms.records.folder import check_free, make_room, private_folder

log = logging.getLogger(__name__)

_JPEG_QUALITY = 80
_PICTURE_S = 0.05
"""What compressing one picture takes, after which a clip that is given up is tidied away."""
_STOPPED = "the daemon stopped meanwhile"


@dataclass(frozen=True, slots=True)
class _Picture:
    """A compressed picture and its time on the frames' clock."""

    t: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An alert whose pictures are kept once the time after it is over."""

    t: float
    message: AlertMessage


class _Ring:
    """The latest pictures, compressed, within a bound of time and of bytes.

    Args:
        settings: The ``[records]`` table.
    """

    def __init__(self, settings: RecordSettings) -> None:
        self._settings = settings
        self._pictures: deque[_Picture] = deque()
        self._bytes = 0

    def add(self, frame: Frame) -> None:
        """Compress a frame, unless the one before was a moment ago."""
        s, pictures = self._settings, self._pictures
        # a tenth of slack, so that frames at the very rate are all kept
        if pictures and 0 <= frame.t - pictures[-1].t < 0.9 / s.video_fps:
            return
        ok, jpeg = cv2.imencode(".jpg", frame.picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not ok:
            return
        pictures.append(_Picture(frame.t, jpeg.tobytes()))
        self._bytes += len(pictures[-1].jpeg)
        span_s = s.video_before_s + s.video_after_s
        while self._bytes > s.video_memory_mb * 1e6 or frame.t - pictures[0].t > span_s:
            self._bytes -= len(pictures.popleft().jpeg)

    def between(self, first_t: float, last_t: float) -> list[_Picture]:
        """Return the pictures of a time, both ends included."""
        return [picture for picture in self._pictures if first_t <= picture.t <= last_t]


class ClipRecorder:
    """Keeps clips.

    Args:
        folder: Where they are; made when absent.
        settings: The ``[records]`` table.
    """

    def __init__(self, folder: Path, settings: RecordSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._wanted: _Wanted | None = None
        self._writing = False
        self._stopping = False
        self._hurry = threading.Event()
        self._ring = _Ring(settings)
        self.clips = 0
        """Clips kept since the start."""
        self.error: str | None = None
        """Why the last clip was not kept; None when it was."""
        self._thread = threading.Thread(target=self._work, name="clips", daemon=True)
        self._thread.start()

    def add(self, frame: Frame) -> None:
        """Take a frame; a newer one replaces it while it waits."""
        with self._changed:
            self._newest = frame
            self._changed.notify()

    def alert(self, t: float, message: AlertMessage) -> None:
        """Keep the pictures around this moment; an alert within the time after an earlier one is in its clip."""
        with self._changed:
            if self._stopping:
                self._fail(_STOPPED)
            elif self._wanted is None:
                self._wanted = _Wanted(t, message)
                self._changed.notify()

    def begin_stop(self) -> None:
        """Begin to write the clip that is due with what there is of it; ``stop`` waits for it."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def stop(self, timeout_s: float) -> None:
        """Write what is due and end; what takes longer is given up, which costs a twentieth of a second more."""
        self.begin_stop()
        self._thread.join(timeout_s)
        self._hurry.set()
        self._thread.join(_PICTURE_S)
        with self._changed:
            # the process may end before a thread that is slow or hangs could say so itself
            if self._writing or self._wanted is not None:
                self._writing, self._wanted = False, None
                self._fail(_STOPPED)

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._newest is None and not self._stopping:
                    self._changed.wait(self._patience())
                frame, self._newest = self._newest, None
                stopping = self._stopping
            if frame is not None:
                self._ring.add(frame)
            wanted = self._due(stopping)
            if wanted is not None:
                self._write(wanted)
            if stopping:
                return

    def _due(self, stopping: bool) -> _Wanted | None:
        """Take the alert whose time is over, or cut short by a stop."""
        with self._changed:
            wanted = self._wanted
            if wanted is None or not (stopping or self._patience() == 0.0):
                return None
            self._wanted, self._writing = None, True
            return wanted

    def _patience(self) -> float | None:
        """Longest wait for a frame or an alert: a camera may be lost just after one."""
        if self._wanted is None:
            return None
        return max(0.0, self._wanted.t + self._settings.video_after_s - time.monotonic())

    def _write(self, wanted: _Wanted) -> None:
        first_t, last_t = wanted.t - self._settings.video_before_s, wanted.t + self._settings.video_after_s
        pictures = self._ring.between(first_t, last_t)
        problem: str | None = None
        name = self._folder
        try:
            name = self._write_files(pictures, wanted)
        except OSError as error:
            problem = error.strerror or str(error)
        with self._changed:
            if not self._writing:
                return  # given up, and reported
            # reported within the lock: whoever stops finds a clip either unfinished or reported
            self._writing = False
            if problem is not None:
                self._fail(problem)
                return
            self.clips += 1
            self.error = None
            log.info("clip %s: %d pictures around an alert", name, len(pictures))

    def _fail(self, problem: str) -> None:
        self.error = f"clip: {problem}"
        log.warning("a clip was not kept in %s: %s", self._folder, problem)

    def _write_files(self, pictures: list[_Picture], wanted: _Wanted) -> Path:
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
            self._write_video(partial, pictures)
            about: dict[str, Any] = {
                "upright": True,
                "alert": wanted.message.model_dump(mode="json"),
                "t": [round(picture.t - wanted.t, 3) for picture in pictures],
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

    def _write_video(self, path: Path, pictures: list[_Picture]) -> None:
        """Write pictures at their mean rate.

        Raises:
            OSError: OpenCV did not write them, without saying why; or there is no time left.
        """
        span_s = pictures[-1].t - pictures[0].t
        # OpenCV writes none below one a second; the file beside has the times
        rate = max(1.0, (len(pictures) - 1) / span_s) if span_s > 0 else 1.0
        first = _decoded(pictures[0])
        size = (first.shape[1], first.shape[0])
        writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        writer.set(cv2.VIDEOWRITER_PROP_QUALITY, _JPEG_QUALITY)
        try:
            for picture in pictures:
                self._check_time()
                image = _decoded(picture)
                if image.shape == first.shape:
                    writer.write(image)
        finally:
            writer.release()
        if path.stat().st_size < len(pictures) * 100:
            raise OSError("the video could not be written")

    def _check_time(self) -> None:
        if self._hurry.is_set():
            raise OSError(_STOPPED)

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


def _decoded(picture: _Picture) -> cv2.typing.MatLike:
    return cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
