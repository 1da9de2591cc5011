"""Video files through PyAV (FFmpeg's libraries): the extra ``replay``.

Takes a file, returns every picture as a player shows it, with its presentation time. Needs PyAV 17: it follows the
colours that a file states (BT.709).
"""

from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dms.errors import UserError
from dms.frames.decoded import Decoded
from dms.frames.frame import Image
from dms.frames.luma import full_range
from dms.frames.orientation import Orientation

try:
    import av
    from av.sidedata.sidedata import Type
    from av.stream import Disposition
except ImportError:  # the extra is not installed
    AVAILABLE = False
else:
    AVAILABLE = True

_NO_TIMES = 0x80
"""FFmpeg's ``AVFMT_NOTIMESTAMPS``: a raw stream, whose demuxer makes times up."""
_LUMA = ("yuv", "nv")
_FULL_RANGE = 2
_SMALL = 640 * 480
"""Pixels up to which a picture is decoded faster than it is judged: handing it from thread to thread costs a third more
processor time, for little."""


class ContainerDecoder:
    """A video file.

    Args:
        path: The file.
        track: Which picture track, counted from 1; the largest without.
        threads: Threads that decode; 0 for one a core where pictures are large, and one where they are small.

    Raises:
        UserError: It is no video, or has no such track.
    """

    timed: bool
    undecodable = 0
    reached_s = 0.0

    def __init__(self, path: Path, track: int | None = None, threads: int = 0) -> None:
        self.name = path.name
        self._path = path
        self._threads = threads
        with closing(self._open()) as container:
            tracks = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
            if not tracks:
                raise UserError(f"{path}: holds no picture track")
            stream = self._choose(tracks, track)
            self._index: int = stream.index
            self._start_s = (container.start_time or 0) / av.time_base
            # AVI counts pictures in the order of decoding: FFmpeg's presentation times go to and fro with B-frames
            self._counts = container.format.name == "avi"
            self._tick: int | None = None
            self._delay = 0
            self.timed = not int(container.format.flags) & _NO_TIMES
            stated = stream.guessed_rate if self.timed else stream.codec_context.framerate and stream.guessed_rate
            self.rate: float | None = float(stated) if stated else None
            self.duration_s: float | None = container.duration / av.time_base if container.duration else None
            self.notes: tuple[str, ...] = ()
            if len(tracks) > 1:
                sizes = ", ".join(f"{n}: {t.width}x{t.height}" for n, t in enumerate(tracks, 1))
                read = tracks.index(stream) + 1
                self.notes = (f"{len(tracks)} picture tracks ({sizes}): track {read} is read, --track reads another",)

    def _choose(self, tracks: list[Any], track: int | None) -> Any:
        if track is None:
            # the first of the largest: FFmpeg's own choice is the one marked as default, which need not show most
            return max(tracks, key=lambda stream: stream.width * stream.height)
        if track > len(tracks):
            raise UserError(f"{self._path}: has {len(tracks)} picture tracks, there is no track {track}")
        return tracks[track - 1]

    def _open(self) -> Any:
        try:
            # an absolute path: what stands before a colon in a name would be taken for a protocol
            return av.open(str(self._path.absolute()))
        except (av.error.FFmpegError, OSError) as error:
            raise UserError(f"{self._path}: not a video that can be decoded (truncated, or another format?)") from error

    def pictures(self) -> Generator[Decoded, None, None]:
        """Decode every picture."""
        self.undecodable, self.reached_s = 0, 0.0
        self._tick, self._delay = None, 0
        with closing(self._open()) as container:
            stream = container.streams[self._index]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads or (0 if stream.width * stream.height > _SMALL else 1)
            shown = _Shown(stream.sample_aspect_ratio)
            for packet in self._packets(container):
                if packet.stream_index != self._index:
                    continue
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    self.undecodable += 1
                    continue
                for frame in frames:
                    yield Decoded(self._time(frame, stream), *shown.show(frame))

    def _packets(self, container: Any) -> Generator[Any, None, None]:
        """Yield every packet of every track, so that how far the file goes is known; one that is broken ends it."""
        packets = container.demux()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                # what follows cannot be found; FFmpeg's own tools end here too
                self.undecodable += 1
                return
            end = packet.pts if packet.pts is not None else packet.dts
            if end is not None:
                end_s = _seconds(end + (packet.duration or 0), packet.time_base) - self._start_s
                self.reached_s = max(self.reached_s, end_s)
            yield packet

    def _time(self, frame: Any, stream: Any) -> float | None:
        pts = self._counted(frame) if self._counts else frame.pts if frame.pts is not None else frame.dts
        return None if pts is None else _seconds(pts, frame.time_base or stream.time_base) - self._start_s

    def _counted(self, frame: Any) -> int | None:
        """The place of an AVI's picture: it counts them as they are decoded, and names none for the last ones."""
        if frame.dts is None:
            self._tick = frame.pts if self._tick is None else self._tick + 1
        else:
            if self._tick is None:
                self._delay = frame.dts - (frame.pts or 0)
            self._tick = frame.dts - self._delay
        return self._tick


def created(path: Path) -> datetime | None:
    """Return when a file says that it was taken; None where it says nothing, or is no video."""
    try:
        with closing(av.open(str(path.absolute()))) as file:
            told = file.metadata.get("creation_time")
    except (av.error.FFmpegError, OSError):
        return None
    try:
        time = datetime.fromisoformat(told) if told else None
    except ValueError:
        return None
    return time if time is None or time.tzinfo is not None else time.replace(tzinfo=UTC)


def _seconds(ticks: int, unit: Fraction) -> float:
    """Ticks in seconds, rounded once as by ``float(ticks * unit)``, without the reduction of fractions."""
    return ticks * unit.numerator / unit.denominator


class _Shown:
    """Shows decoded frames as the container says."""

    def __init__(self, pixel: Any) -> None:
        self._pixel = pixel
        self._begun = False
        self._matrix: bytes | None = None
        self._orientation = Orientation.of(None, pixel)

    def show(self, frame: Any) -> tuple[Image, Callable[[], Image] | None]:
        """The picture's brightness and what makes its colours; or the picture alone where it has no brightness."""
        # the turn changes at key frames at most. Looked at in every frame, PyAV would keep the memory of each until
        # Python's collector of cycles comes by
        if frame.key_frame or not self._begun:
            self._begun = True
            side = frame.side_data.get(Type.DISPLAYMATRIX)
            matrix = None if side is None else bytes(side)
            if matrix != self._matrix:
                self._matrix, self._orientation = matrix, Orientation.of(matrix, self._pixel)
        colours = partial(_colours, frame, self._orientation)
        luma = _luma(frame)
        return (colours(), None) if luma is None else (self._orientation.apply(luma), colours)


def _colours(frame: Any, orientation: Orientation) -> Image:
    return orientation.apply(frame.to_ndarray(format="bgr24"))


def _luma(frame: Any) -> Image | None:
    """Return the brightness plane as (height, width), 0..255; None where a frame has none of eight bits."""
    layout = frame.format
    if not layout.name.startswith(_LUMA) or not layout.is_planar or layout.components[0].bits != 8:
        return None
    plane = frame.planes[0]
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    if layout.name.startswith("yuvj") or frame.color_range == _FULL_RANGE:
        return luma.copy()
    return full_range(luma)
