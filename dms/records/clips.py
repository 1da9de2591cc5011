"""Keeps the newest pictures in memory and decides when they become the clip of an alert.

Takes frames and alert messages, gives ``clips/000007.avi`` (Motion JPEG) with ``000007.json`` beside it: the alert, and
the time of each picture. Pictures wait in memory as JPEG, within a bound of time and of bytes; a thread of its own
compresses and writes them. Never blocks the road: there is one slot for the newest frame, as in front of perception.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import cv2

from dms.alerts.messages import AlertMessage
from dms.config import RecordSettings
from dms.frames import Frame
from dms.records.clip_files import JPEG_QUALITY, STOPPED, ClipFiles, Picture

log = logging.getLogger(__name__)

_PICTURE_S = 0.05
"""What compressing one picture takes, after which a clip that is given up is tidied away."""


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
        self._pictures: deque[Picture] = deque()
        self._bytes = 0

    def add(self, frame: Frame) -> None:
        """Compress a frame, unless the one before was a moment ago."""
        s, pictures = self._settings, self._pictures
        # a tenth of slack, so that frames at the very rate are all kept
        if pictures and 0 <= frame.t - pictures[-1].t < 0.9 / s.video_fps:
            return
        ok, jpeg = cv2.imencode(".jpg", frame.picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not ok:
            return
        pictures.append(Picture(frame.t, jpeg.tobytes()))
        self._bytes += len(pictures[-1].jpeg)
        span_s = s.video_before_s + s.video_after_s
        while self._bytes > s.video_memory_mb * 1e6 or frame.t - pictures[0].t > span_s:
            self._bytes -= len(pictures.popleft().jpeg)

    def between(self, first_t: float, last_t: float) -> list[Picture]:
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
        self._files = ClipFiles(folder, settings, self._hurry)
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
                self._fail(STOPPED)
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
                self._fail(STOPPED)

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
            name = self._files.write(pictures, wanted.t, wanted.message)
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
