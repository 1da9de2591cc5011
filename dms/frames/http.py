"""Cameras at an ``http://`` or ``https://`` address: a stream, or a picture for each request.

Takes an address, gives frames. Its answer says which of the two it is; its name only says what to try first.
"""

from collections.abc import Generator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from dms.config import CameraSettings
from dms.frames.fault import CameraError
from dms.frames.frame import Frame
from dms.frames.snapshot import NoSnapshotError, SnapshotCamera
from dms.frames.stream import StreamCamera

_SINGLE = frozenset({".jpg", ".jpeg"})


class HttpCamera:
    """A network camera; each call of ``frames`` opens it anew.

    Args:
        settings: The address, and how long to wait for pictures.
    """

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._stream, self._snapshots = StreamCamera(settings), SnapshotCamera(settings)
        self.name = self._stream.name
        self._is_single = PurePosixPath(urlsplit(settings.source).path).suffix.lower() in _SINGLE

    def frames(self) -> Generator[Frame, None, None]:
        """Give pictures as they come, until the camera fails."""
        if self._is_single:
            try:
                yield from self._snapshots.frames()
            except NoSnapshotError:
                self._is_single = False
        given = 0
        try:
            for frame in self._stream.frames():
                given += 1
                yield frame
        except CameraError:
            # FFmpeg takes a single picture for a stream of one
            if given > 1 or not self._snapshots.is_one():
                raise
        self._is_single = True
        yield from self._snapshots.frames()
