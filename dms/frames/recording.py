"""A recorded drive: what a decoder returns, in order of time, without repeats, and an account of every picture.

Takes a ``Decoder``, yields ``Frame``. Pictures yielded and pictures left out add up to the pictures decoded.
"""

from collections.abc import Generator

import numpy as np

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames.decoded import Decoder
from dms.frames.fault import FLAT
from dms.frames.frame import Frame, Image
from dms.frames.report import LeftOut, RecordingReport
from dms.frames.timeline import Timeline
from dms.frames.upright import upright_frame

_FASTEST = 240.0
"""Pictures per second above which a stated rate is doubted: the fastest that phones film at."""
_SLOWEST = 0.1
_LATE_S = 0.5
"""A first picture that comes later is reported: nothing before it could be seen."""
_SHORT_S = 1.0
"""Containers round their length; a second less is no cut."""
_SAMPLE = 8


_WORDS = {
    LeftOut.REPEATED: "the same as the one before",
    LeftOut.FROZEN: "standing still for longer than camera.stall_s",
    LeftOut.TIME: "with a time that does not go forward",
}


class Recording:
    """A video or a folder of images.

    Args:
        decoder: Reads it.
        settings: The ``[camera]`` table: rate where none is stated, turn and mirror, stall limit.
        fps: Pictures per second instead of the file's own times.
        turned: Whether ``camera.rotate`` and ``camera.mirror`` hold; not for pictures that are upright already.
    """

    live = False

    def __init__(
        self, decoder: Decoder, settings: CameraSettings, fps: float | None = None, *, turned: bool = True
    ) -> None:
        self._decoder = decoder
        self._settings = settings
        self._fps = fps
        self._turned = turned and (settings.rotate != 0 or settings.mirror)
        self.name = decoder.name
        self.duration_s = decoder.duration_s if fps is None else None
        self.report = RecordingReport()
        """What became of its pictures, once they are read."""

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the pictures that are new, in order of time.

        Raises:
            UserError: There is none that can be decoded.
        """
        rate, timed = self._rate()
        timeline = Timeline(1.0 / rate, timed)
        left_out: dict[LeftOut, int] = {}
        decoded, shown_t, end_t = 0, 0.0, 0.0
        first_t: float | None = None
        shown: Image | None = None
        for t, picture in timeline.place(self._decoder.pictures()):
            decoded += 1
            end_t = t
            if shown is not None and _same(picture.image, shown):
                why = LeftOut.FROZEN if t - shown_t >= self._settings.stall_s else LeftOut.REPEATED
                left_out[why] = left_out.get(why, 0) + 1
                continue
            if first_t is None:
                first_t = t
            shown, shown_t = picture.image, t
            if self._turned:
                yield upright_frame(t, picture.image, picture.colours, self._settings)
            else:
                yield Frame(t, picture.image, picture.colours)
        faults = timeline.faults
        if faults.late or faults.astray:
            left_out[LeftOut.TIME] = faults.late + faults.astray
        if first_t is None:
            raise UserError(f"{self.name}: the video holds no frame that can be decoded")
        decoded += faults.late + faults.astray
        promised_s = self._decoder.duration_s or 0.0
        # sound may go on after the last picture: only a file that ends before its promise was cut short
        missing_s = promised_s - end_t if promised_s - self._decoder.reached_s > _SHORT_S else 0.0
        self.report = RecordingReport(
            decoded,
            left_out,
            self._decoder.undecodable,
            end_t,
            round(missing_s, 3),
            self._notes(timeline, first_t, decoded, left_out),
        )

    def _rate(self) -> tuple[float, bool]:
        """Pictures per second where the file's times do not say, and whether they do."""
        if self._fps is not None:
            return self._fps, False
        stated = self._decoder.rate
        if stated is not None and not stated >= _SLOWEST:
            stated = None
        return stated or self._settings.fps, self._decoder.timed

    def _notes(self, timeline: Timeline, first_t: float, decoded: int, left_out: dict[LeftOut, int]) -> tuple[str, ...]:
        notes = [*self._decoder.notes, *self._time_notes(timeline)]
        if first_t >= _LATE_S:
            lost = self._decoder.undecodable or self._decoder.timed
            notes.append(
                f"the first {first_t:.1f} s cannot be decoded" if lost else f"the picture begins at {first_t:.1f} s"
            )
        if left_out:
            reasons = ", ".join(f"{count} {_WORDS[why]}" for why, count in left_out.items())
            notes.append(f"{sum(left_out.values())} of {decoded} pictures left out: {reasons}")
        if self._decoder.undecodable:
            notes.append(f"{self._decoder.undecodable} more could not be decoded")
        return tuple(notes)

    def _time_notes(self, timeline: Timeline) -> Generator[str, None, None]:
        rate, timed = self._rate()
        stated = self._decoder.rate
        if self._fps is not None:
            yield f"times are calculated at {rate:g} pictures a second, as --fps says"
        elif not timed:
            whence = "as the stream states" if stated else "camera.fps: give the right rate with --fps"
            yield f"the file has no times: they are calculated at {rate:g} pictures a second ({whence})"
        elif stated is not None and stated > _FASTEST:
            yield f"the file states {stated:g} pictures a second: if that is wrong, give the right rate with --fps"
        faults = timeline.faults
        if faults.restarts_s:
            count = len(faults.restarts_s)
            times = "once" if count == 1 else f"{count} times"
            yield f"its times begin anew {times}, first at {faults.restarts_s[0]:.1f} s: the parts follow each other"
        if faults.placed:
            yield f"{faults.placed} pictures carry no time and follow the one before"


def _same(image: Image, before: Image) -> bool:
    """Whether a picture repeats the one before bit for bit; one without content may do so with nothing broken."""
    sample, earlier = image[::_SAMPLE, ::_SAMPLE], before[::_SAMPLE, ::_SAMPLE]
    return np.array_equal(sample, earlier) and bool(sample.std() >= FLAT) and np.array_equal(image, before)
