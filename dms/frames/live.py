"""Frames for a program that runs in real time: one slot between capture and perception, never a queue.

Takes a ``Source``, gives the newest frame. A camera that fails is opened again, at a pace; a recording plays at
its own pace and then ends. Time in ``Frame.t`` is monotonic time for both.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass

from dms.errors import WorldError
from dms.frames.frame import Frame
from dms.frames.source import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """How the capture is doing.

    Attributes:
        frames: Frames captured since the start.
        dropped: Frames that a newer one replaced before they were taken.
        reconnects: Times that the camera was opened again.
        error: Why there are no pictures now, None while there are.
    """

    frames: int
    dropped: int
    reconnects: int
    error: str | None


class LiveCapture:
    """Reads a source in a thread of its own and keeps the newest frame.

    Args:
        source: Where frames come from.
        retry_s: Pause in seconds before a camera is opened again.
    """

    def __init__(self, source: Source, retry_s: float) -> None:
        self._source = source
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._ended = False
        self._stop = threading.Event()
        self._frames = self._dropped = self._opened = 0
        self._error: str | None = None
        self.failure: Exception | None = None
        """Why a recording could not be played; None when it could."""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to capture."""
        self._thread.start()

    def stop(self) -> None:
        """Stop capturing; a read that hangs in a driver is left behind rather than waited for."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    @property
    def ended(self) -> bool:
        """True when a recording has been played and its last frame taken."""
        with self._changed:
            return self._ended and self._newest is None

    @property
    def status(self) -> CaptureStatus:
        """How the capture is doing."""
        with self._changed:
            return CaptureStatus(self._frames, self._dropped, max(0, self._opened - 1), self._error)

    def take(self, timeout_s: float) -> Frame | None:
        """Take the newest frame; None when none came in time, or the recording has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._ended, timeout_s)
            frame, self._newest = self._newest, None
            return frame

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._opened += 1
                try:
                    self._read()
                except WorldError as error:
                    self._report(str(error))
                except Exception as error:
                    if not self._source.live:
                        raise
                    # camera libraries raise all sorts of things; a camera that fails is tried again, whatever it was
                    if self._report(f"{self._source.name}: {type(error).__name__}: {error}"):
                        log.debug("the camera failed", exc_info=True)
                if not self._source.live:
                    break
                self._stop.wait(self._retry_s)
        except Exception as error:
            self.failure = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _read(self) -> None:
        frames = self._source.frames() if self._source.live else paced(self._source, self._stop)
        with contextlib.closing(frames):
            for frame in frames:
                if self._stop.is_set():
                    return
                with self._changed:
                    self._dropped += self._newest is not None
                    self._frames += 1
                    self._newest, self._error = frame, None
                    self._changed.notify_all()

    def _report(self, error: str) -> bool:
        """Keep why there are no pictures, and log it once; gives whether it is news."""
        with self._changed:
            news, self._error = self._error != error, error
        if news:
            log.warning("%s", error)
        return news


def paced(source: Source, stop: threading.Event) -> Generator[Frame, None, None]:
    """Play a recording at its own pace, its times moved onto the monotonic clock."""
    start: float | None = None
    for frame in source.frames():
        if start is None:
            start = time.monotonic() - frame.t
        t = start + frame.t
        if stop.wait(max(0.0, t - time.monotonic())):
            return
        yield Frame(t, frame.image)
