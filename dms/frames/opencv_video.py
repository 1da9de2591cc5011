"""Video files through OpenCV, for an installation without the extra ``replay``.

Takes a file, returns its pictures where OpenCV is known to read it rightly, and refuses it where it is not: OpenCV
decodes raw streams without times, drops what follows a join, and shows odd sizes as rubbish, all without an error.
"""

import mmap
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from dms.errors import UserError
from dms.frames.decoded import Decoded
from dms.frames.orientation import Orientation

INSTALL = "pip install 'dms[replay]'"
_QUARTERS = {0: (False, False, False), 90: (True, True, False), 180: (False, True, True), 270: (True, False, True)}
"""Clockwise turn: transpose, then left and right, then top and bottom change places."""
_VIDEO_HANDLERS = (b"hdlr\0\0\0\0\0\0\0\0vide", b"hdlr\0\0\0\0mhlrvide")
_EMPTY_EDIT = b"\xff\xff\xff\xff\x00\x01\x00\x00"
"""End of an ``elst`` entry that shows nothing: media time -1, rate 1."""
_BACK_S = 1.0


class PlainVideoDecoder:
    """A video file that OpenCV reads rightly: MP4, MOV or AVI with one track, even size and times that go forward.

    Args:
        path: The file.

    Raises:
        UserError: It is no video, or needs the extra ``replay``.
    """

    timed = True
    notes: tuple[str, ...] = ()
    undecodable = 0
    reached_s = 0.0

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        _check_container(path)
        capture = self._open()
        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        pixel = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
        turn = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        capture.release()
        if width % 2 or height % 2 or turn not in _QUARTERS:
            raise refused(path, "its size is odd" if turn in _QUARTERS else "it is turned by no quarter")
        self._orientation = Orientation(
            Orientation.of(None, Fraction(pixel[0] / pixel[1]) if pixel[1] > 0 else None).stretch, *_QUARTERS[turn]
        )
        self.rate: float | None = rate if rate > 0 else None
        self.duration_s: float | None = count / rate if rate > 0 and count > 0 else None

    def _open(self) -> cv2.VideoCapture:
        # an absolute path: what stands before a colon in a name would be taken for a protocol
        capture = cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise UserError(f"{self._path}: not a video that can be decoded (truncated, or another format?)")
        # some versions of OpenCV turn pictures by themselves and some do not
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        return capture

    def pictures(self) -> Generator[Decoded, None, None]:
        """Decode every picture."""
        self.reached_s = 0.0
        capture = self._open()
        try:
            while True:
                ok, image = capture.read()
                if not ok:
                    return
                t = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
                if t < self.reached_s - _BACK_S:
                    raise refused(self._path, f"its times begin anew after {self.reached_s:.1f} s")
                self.reached_s = max(self.reached_s, t + 1.0 / (self.rate or 1.0))
                yield Decoded(t, self._orientation.apply(np.asarray(image, np.uint8)))
        finally:
            capture.release()


def refused(path: Path, why: str) -> UserError:
    """Return the error for a file that only PyAV reads rightly."""
    return UserError(f"{path}: {why}, which OpenCV does not read rightly: install the extra 'replay' ({INSTALL})")


def _check_container(path: Path) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
            tracks = data[: 1 << 16].count(b"strh") and data[: 1 << 16].count(b"vids")
        elif data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            moov = _moov(data)
            tracks = sum(moov.count(handler) for handler in _VIDEO_HANDLERS)
            if _EMPTY_EDIT in moov:
                raise refused(path, "its picture begins later than the file")
        elif _is_known_stream(data):
            raise refused(path, "it is neither MP4, MOV nor AVI")
        else:
            return
        if tracks > 1:
            raise refused(path, f"it has {tracks} picture tracks")


def _is_known_stream(data: mmap.mmap) -> bool:
    """Return whether this is another kind of video: a raw or transport stream, Matroska."""
    starts = (
        b"\x00\x00\x00\x01",
        b"\x00\x00\x01",
        b"\xff\xd8\xff",
        b"\x1aE\xdf\xa3",
        b"\x47",
        b"OggS",
        b"FLV",
        b"0&\xb2u",
    )
    return any(data[: len(start)] == start for start in starts)


def _moov(data: mmap.mmap) -> bytes:
    """Return the box that describes an MP4 or MOV, empty where it is missing (ISO/IEC 14496-12, 4.2)."""
    place = 0
    while place + 16 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if size == 1:
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        if data[place + 4 : place + 8] == b"moov":
            return data[place : place + size]
        if size < 8:
            break
        place += size
    return b""
