"""Writes pictures into a video that browsers and players open.

Takes pictures of one size, gives an .mp4. With the extra ``replay`` it is H.264, or VP9 where FFmpeg was built without
x264; OpenCV alone writes MPEG-4, which no browser plays, and says so.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2

from dms.errors import WorldError
from dms.frames import Image

try:
    import av
    import av.codec
    import av.error
except ImportError:  # the extra is not installed
    AVAILABLE = False
else:
    AVAILABLE = True

CODECS = {
    # a third of the time of the default preset, for files a little larger
    "libx264": {"preset": "veryfast", "crf": "23"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0"},
}
"""Encoders, the first one that there is, with their options."""
PLAIN = (
    "the overlay is MPEG-4, which browsers do not play: with the extra replay it is H.264 (pip install 'dms[replay]')"
)


class Film(Protocol):
    """A video that is being written.

    Attributes:
        note: What a person should know of it; None for nothing.
    """

    note: str | None

    def add(self, picture: Image) -> None:
        """Write the next picture: (height, width, 3) BGR, both even."""
        ...

    def close(self) -> None:
        """Write the end of the file."""
        ...


def open_film(path: Path, width: int, height: int, fps: int) -> Film:
    """Begin a video.

    Args:
        path: The .mp4 file; an existing one is replaced.
        width: Of the pictures, even.
        height: The same.
        fps: Pictures a second.

    Raises:
        WorldError: It cannot be written.
    """
    if AVAILABLE:
        for codec, options in CODECS.items():
            if codec in av.codec.codecs_available:
                return _PyAvFilm(path, width, height, fps, codec, options)
    return _OpenCvFilm(path, width, height, fps)


class _PyAvFilm:
    """Through FFmpeg's libraries."""

    note: str | None = None

    def __init__(self, path: Path, width: int, height: int, fps: int, codec: str, options: dict[str, str]) -> None:
        self._path = path
        try:
            # the index first: a browser shows the beginning before it has the end
            self._file: Any = av.open(str(path.absolute()), "w", options={"movflags": "+faststart"})
            self._stream = self._file.add_stream(codec, rate=Fraction(fps), options=options)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            # now, not with the first picture: a file that cannot be written is reported at once
            self._file.start_encoding()
        except (av.error.FFmpegError, OSError) as error:
            raise WorldError(f"{path}: cannot be written ({error.strerror})") from error

    def add(self, picture: Image) -> None:
        """Write the next picture."""
        self._write(av.VideoFrame.from_ndarray(picture, "bgr24"))

    def close(self) -> None:
        """Write what the encoder still holds."""
        self._write(None)
        self._file.close()

    def _write(self, frame: Any) -> None:
        try:
            self._file.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise WorldError(f"{self._path}: cannot be written ({error.strerror})") from error


class _OpenCvFilm:
    """Through OpenCV."""

    note: str | None = PLAIN

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), float(fps), (width, height))
        if not self._writer.isOpened():
            raise WorldError(f"{path}: cannot be written")

    def add(self, picture: Image) -> None:
        """Write the next picture."""
        self._writer.write(picture)

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.release()
