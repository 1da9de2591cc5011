"""The one door to all pictures: cameras, network streams, recordings."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dms.config import CameraSettings
from dms.config.frames import without_secrets
from dms.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from dms.frames.source import Source

_SCHEMES = ("rtsp", "rtsps", "http", "https")


def open_source(source: CameraSettings | str | Path) -> "Source":
    """Open a camera, a stream, a video or a folder of images.

    Args:
        source: The ``[camera]`` table, or its ``source`` alone: an index, a device, an address, a file or a folder.

    Returns:
        What gives frames, once they are asked for.

    Raises:
        UserError: A file or folder cannot be used, an address cannot be one, or there is no such name. (A camera is
            opened later, by ``frames``.)
    """
    settings = source if isinstance(source, CameraSettings) else CameraSettings(source=str(source))
    name = settings.source
    if name.partition(":")[0] == "libcamera":
        from dms.frames.libcamera import LibcameraCamera  # noqa: PLC0415  # each kind is loaded where it is used

        return LibcameraCamera(settings)
    if "://" in name:
        _check_address(name)
        return _network_camera(settings)
    if name.isdigit() or name.startswith("/dev/"):
        from dms.frames.v4l2 import V4l2Camera  # noqa: PLC0415

        return V4l2Camera(settings)
    path = Path(name)
    if not path.exists() and (hint := did_you_mean(name.partition(":")[0].lower(), ["libcamera"])):
        raise UserError(f"{name}: no such file{hint}")
    from dms.frames.source import open_recording  # noqa: PLC0415

    return open_recording(path, settings)


def _network_camera(settings: CameraSettings) -> "Source":
    if settings.source.lower().startswith("http"):
        from dms.frames.http import HttpCamera  # noqa: PLC0415

        return HttpCamera(settings)
    from dms.frames.stream import StreamCamera  # noqa: PLC0415

    return StreamCamera(settings)


def _check_address(source: str) -> None:
    """Tell an address that can never give pictures apart from a camera that does not answer.

    Raises:
        UserError: It has another scheme, or no host.
    """
    scheme, _, rest = source.partition("://")
    shown = without_secrets(source)
    if scheme.lower() not in _SCHEMES:
        allowed = ", ".join(f"{known}://" for known in _SCHEMES)
        raise UserError(f"{shown}: no address of a camera; a stream begins with {allowed}")
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not host.strip() or host.startswith(":"):
        raise UserError(f"{shown}: the address names no host; it is {scheme}://HOST/PATH")
