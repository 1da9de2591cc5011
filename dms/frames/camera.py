"""The one door to all pictures: cameras, network streams, recordings."""

from pathlib import Path

from dms.config import CameraSettings
from dms.frames.libcamera import LibcameraCamera
from dms.frames.source import Source, open_recording
from dms.frames.stream import StreamCamera
from dms.frames.v4l2 import V4l2Camera


def open_source(settings: CameraSettings) -> Source:
    """Open what ``camera.source`` names.

    Raises:
        UserError: A file or folder cannot be used, or there is no such name. (A camera is opened later, by ``frames``.)
    """
    source = settings.source
    if source.partition(":")[0] == "libcamera":
        return LibcameraCamera(settings)
    if "://" in source:
        return StreamCamera(settings)
    if source.isdigit() or source.startswith("/dev/"):
        return V4l2Camera(settings)
    return open_recording(Path(source), settings)
