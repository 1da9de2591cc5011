"""Frames for a program that runs in real time: one slot between capture and perception, never a queue.

Takes a ``Source``, gives the newest frame. A camera that fails is opened again, at a pace, and pictures that it repeats
are not given; a recording plays at its own pace and then ends. Time in ``Frame.t`` is monotonic time for both.
"""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from dms.frames.fault import CameraError, CameraFault, PictureWatch
from dms.frames.frame import Frame

if TYPE_CHECKING:
    from dms.frames.source import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """How the capture is doing.

    Attributes:
        frames: Frames captured since the start.
        dropped: Frames that a newer one replaced before they were taken.
        reconnects: Times that the camera was opened again.
        size: Width and height of the newest frame in pixels, None before the first.
        fault: What is wrong with the camera now, None when nothing is; a recording has none.
        error: The same for people, None when nothing is wrong.
    """

    frames: int
    dropped: int
    reconnects: int
    size: tuple[int, int] | None
    fault: CameraFault | None
    error: str | None


class LiveCapture:
    """Reads a source in a thread of its own and keeps the newest frame.

    Args:
        source: Where frames come from.
        retry_s: Pause in seconds before a camera is opened again.
        stall_s: Seconds without a new picture after which a camera has a fault.
    """

    def __init__(self, source: "Source", retry_s: float, stall_s: float) -> None:
        self._source = source
        self._retry_s = retry_s
        self._stall_s = stall_s
        self._watch = PictureWatch(stall_s, time.monotonic())
        self._lock = threading.Lock()
        # holds the newest frame, and None behind the last; a condition would take some fifty calls of Python a frame
        self._slot: SimpleQueue[Frame | None] = SimpleQueue()
        self._ended = False
        self._stop = threading.Event()
        self._frames = self._dropped = self._opened = 0
        self._size: tuple[int, int] | None = None
        self._fault: CameraFault | None = None
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
        with self._lock:
            return self._ended and self._slot.qsize() <= 1

    @property
    def status(self) -> CaptureStatus:
        """How the capture is doing."""
        with self._lock:
            fault, error = self._fault, self._error
            if error is None and self._source.live and not self._ended:
                fault = self._watch.fault(time.monotonic())
                error = None if fault is None else self._described(fault)
            return CaptureStatus(self._frames, self._dropped, max(0, self._opened - 1), self._size, fault, error)

    def take(self, timeout_s: float) -> Frame | None:
        """Take the newest frame; None when none came in time, or the recording has ended."""
        try:
            frame = self._slot.get(timeout=timeout_s)
        except Empty:
            return None
        if frame is None:
            self._slot.put(None)
        return frame

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._opened += 1
                try:
                    self._read()
                except CameraError as error:
                    self._report(error.fault, str(error))
                except Exception as error:
                    if not self._source.live:
                        raise
                    # camera libraries raise all sorts of things; a camera that fails is tried again, whatever it was
                    if self._report(CameraFault.UNPLUGGED, f"{self._source.name}: {type(error).__name__}: {error}"):
                        log.debug("the camera failed", exc_info=True)
                if not self._source.live:
                    break
                self._stop.wait(self._retry_s)
        except Exception as error:
            self.failure = error
        finally:
            with self._lock:
                self._ended = True
                self._slot.put(None)

    def _read(self) -> None:
        frames = self._source.frames() if self._source.live else paced(self._source, self._stop)
        first_t = math.inf
        with contextlib.closing(frames):
            for frame in frames:
                if self._stop.is_set():
                    return
                first_t = min(first_t, frame.t)
                # a camera that was opened again may begin with an old picture
                if not self._keep(frame) and frame.t - first_t >= self._stall_s:
                    raise CameraError(CameraFault.FROZEN, self._described(CameraFault.FROZEN))

    def _keep(self, frame: Frame) -> bool:
        """Put a frame into the slot; returns False when a camera has repeated itself for too long."""
        with self._lock:
            self._frames += 1
            if self._source.live and not self._watch.accept(frame):
                return self._watch.fault(frame.t) is None
            recovered = self._error is not None
            self._fault = self._error = None
            self._size = (frame.image.shape[1], frame.image.shape[0])
            try:
                self._slot.get_nowait()
                self._dropped += 1
            except Empty:
                pass
            self._slot.put(frame)
        if recovered:
            log.info("%s gives pictures again", self._source.name)
        return True

    def _described(self, fault: CameraFault) -> str:
        what = "the same picture again and again" if fault is CameraFault.FROZEN else "no pictures"
        return f"{self._source.name} gives {what}"

    def _report(self, fault: CameraFault, error: str) -> bool:
        """Keep why there are no pictures, and log it once; returns whether it is news."""
        with self._lock:
            news = self._error != error
            self._fault, self._error = fault, error
        if news:
            log.warning("%s", error)
        return news


def paced(source: "Source", stop: threading.Event) -> Generator[Frame, None, None]:
    """Play a recording at its own pace, its times moved onto the monotonic clock."""
    start: float | None = None
    for frame in source.frames():
        if start is None:
            start = time.monotonic() - frame.t
        t = start + frame.t
        if stop.wait(max(0.0, t - time.monotonic())):
            return
        yield replace(frame, t=t)  # with its colours, for a clip
